"""The bulk kernels, in each instruction set of this machine: f and f' over balls hold Arb's values at the centre, at
both ends and inside, and their radii are neither zero nor idle."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from flint import arb

from capnode import _core
from number_oracle import NAMES, POSITIVE, FloatArray, derivatives, hard_points

KERNELS = ["tanh", "sigmoid", "softplus", "silu", "exp", "sin", "cos"]


@pytest.fixture(params=_core.instruction_sets())
def instruction_set(request: pytest.FixtureRequest) -> Iterator[str]:
    _core.use_instruction_set(request.param)
    assert _core.instruction_set() == request.param
    yield request.param
    _core.use_instruction_set("")


def draw(name: str, n: int, seed: int) -> tuple[FloatArray, FloatArray]:
    rng = np.random.default_rng(seed)
    mid = hard_points(rng, n, name)
    rad = np.abs(mid) * 10.0 ** rng.uniform(-18, -0.3, n) + (rng.random(n) < 0.3) * 10.0 ** rng.uniform(-14, 0.5, n)
    rad[: n // 3] = 0.0
    if name == "exp":
        mid = np.clip(mid, -600, 600)
    return mid, np.minimum(rad, mid / 2) if name in POSITIVE else rad


def contained(t: arb, mid: float, rad: float) -> bool:
    return not (rad < np.inf and abs(t - arb(float(mid))) > arb(float(rad)))


@pytest.mark.parametrize("name", KERNELS)
def test_kernels(name: str, instruction_set: str, cases: int) -> None:
    n = 2500 * cases
    mid, rad = draw(name, n, 31)
    alone = _core.apply_lanes(name, mid, rad)
    value_mid, value_rad, slope_mid, slope_rad = _core.derivative_lanes(name, mid, rad)
    inner = np.random.default_rng(32).uniform(-1, 1, n)
    noticed = 0
    for i in range(n):
        centre, radius = arb(float(mid[i])), arb(float(rad[i]))
        points = (
            [centre]
            if rad[i] == 0
            else [centre - radius, centre, centre + radius, centre + radius * arb(float(inner[i]))]
        )
        for x in points:
            t = derivatives(name, x)
            assert contained(t[0], alone[0][i], alone[1][i]), (instruction_set, mid[i].hex(), rad[i].hex())
            assert contained(t[0], value_mid[i], value_rad[i]), (instruction_set, mid[i].hex(), rad[i].hex())
            assert contained(t[1], slope_mid[i], slope_rad[i]), (instruction_set, mid[i].hex(), rad[i].hex())
        if rad[i] == 0 and 1e-290 < abs(float(t[0])) < 1e300:
            assert value_rad[i] <= 40 * 2.0**-53 * abs(float(t[0])) + (2.0**-90 if name in ("sin", "cos") else 0.0)
            # The error is within an order of magnitude of its bound: a radius shrunk tenfold would be noticed.
            noticed += not contained(t[0], value_mid[i], value_rad[i] / 12)
    assert noticed > n // 100


@pytest.mark.parametrize("name", NAMES)
def test_every_function_has_lanes(name: str, cases: int) -> None:
    n = 400 * cases
    mid, rad = draw(name, n, 33)
    value_mid, value_rad, slope_mid, slope_rad = _core.derivative_lanes(name, mid, rad)
    for i in range(n):
        for sign in (-1, 0, 1):
            t = derivatives(name, arb(float(mid[i])) + sign * arb(float(rad[i])))
            assert contained(t[0], value_mid[i], value_rad[i])
            assert contained(t[1], slope_mid[i], slope_rad[i])


@pytest.mark.parametrize("name", KERNELS)
def test_awkward_lanes(name: str, instruction_set: str) -> None:
    """Zero, subnormal, huge, infinite and NaN lanes, in one array with ordinary ones, in every position of a vector."""
    tiny, top = 5e-324, np.finfo(float).max
    special = [
        (0.0, 0.0),
        (tiny, 0.0),
        (-tiny, tiny),
        (1e-310, 0.0),
        (700.0, 0.0),
        (-700.0, 1.0),
        (1e5, 0.0),
        (1e300, 0.0),
    ]
    special += [(0.0, np.inf), (np.nan, 0.0), (0.0, np.nan), (np.inf, 0.0), (top, top), (0.5, 1e-320), (2.0, 1e-17)]
    for shift in range(9):
        lanes = [(0.3, 1e-3)] * shift + special
        mid, rad = (np.array(column) for column in zip(*lanes, strict=True))
        got = _core.derivative_lanes(name, mid, rad)
        for m, r, vm, vr, sm, sr in zip(mid, rad, *got, strict=True):
            assert vr >= 0
            assert np.isfinite(vm)
            if not (np.isfinite(m) and np.isfinite(r)):
                continue
            if abs(m) > 1e4 and name in ("sin", "cos", "exp"):
                continue
            for sign in (-1, 0, 1):
                t = derivatives(name, arb(float(m)) + sign * arb(float(r))) if abs(m) < 1e100 else None
                if t is not None:
                    assert contained(t[0], vm, vr), (name, m, r, sign)
                    assert contained(t[1], sm, sr), (name, m, r, sign)
    zero = _core.apply_lanes(name, np.zeros(1), np.zeros(1))
    if name in ("tanh", "silu", "sin"):
        assert (zero[0][0], zero[1][0]) == (0.0, 0.0)  # a fixed point at 0 stays exact


def test_instruction_sets_agree_as_enclosures() -> None:
    mid, rad = draw("tanh", 3000, 34)
    enclosures = []
    for name in _core.instruction_sets():
        _core.use_instruction_set(name)
        enclosures.append(_core.apply_lanes("tanh", mid, rad))
    _core.use_instruction_set("")
    for a_mid, a_rad in enclosures:
        for b_mid, b_rad in enclosures:
            assert np.all(np.abs(a_mid - b_mid) <= a_rad + b_rad)
    with pytest.raises(ValueError, match=r"sse9.*baseline"):
        _core.use_instruction_set("sse9")
