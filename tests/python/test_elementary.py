"""Elementary functions and their derivatives: containment of Arb's value, tightness, a step less is noticed."""

from __future__ import annotations

import math

import numpy as np
import pytest
from flint import arb

from capnode import _core
from number_oracle import NAMES, POSITIVE, FloatArray, derivatives, hard_points, outside, value

CANCELLING = ("sin", "cos", "silu", "gelu", "gelu_tanh", "mish")


def units(lo: float, hi: float) -> float:
    """The width in units of the last place of the larger end."""
    size = max(abs(lo), abs(hi))
    return (hi - lo) / math.ulp(size) if size > 0 else 0.0


def test_the_table() -> None:
    assert _core.elementwise_functions() == NAMES
    with pytest.raises(ValueError, match=r"relu.*tanh, sigmoid"):
        _core.interval_apply("relu", np.zeros(1), np.zeros(1))


@pytest.mark.parametrize("name", NAMES)
def test_points(name: str, cases: int) -> None:
    x = hard_points(np.random.default_rng(21), 4000 * cases, name)
    lo, hi = _core.interval_derivatives(name, x, x)
    alone = _core.interval_apply(name, x, x)
    noticed = checked = 0
    for i in range(x.size):
        t = derivatives(name, arb(float(x[i])))
        assert not outside(t[0], alone[0][i], alone[1][i]), (name, x[i].hex())
        for k in range(4):
            a, b = float(lo[k, i]), float(hi[k, i])
            assert not outside(t[k], a, b), (name, k, x[i].hex(), a, b)
            if 1e-280 < abs(float(t[k])) < 1e300:
                checked += 1
                # Near a zero of a derivative its terms cancel: accurate to the size of the terms there.
                near_zero = k > 0 and abs(float(t[k])) < 1e-3 and abs(x[i]) < 3 and b - a < 1e-18
                assert near_zero or units(a, b) <= (3 if k == 0 else 16), (name, k, x[i].hex(), units(a, b))
                if b > a:  # one step less at both ends loses the value, or the enclosure was too wide
                    noticed += outside(t[k], math.nextafter(a, b), math.nextafter(b, a)) or units(a, b) <= 1
        assert units(*(float(e[i]) for e in alone)) <= 3 or abs(float(t[0])) < 1e-280
    assert checked > x.size  # and not vacuously
    assert noticed > 0 or name == "square"


@pytest.mark.parametrize("name", NAMES)
def test_sets(name: str, cases: int) -> None:
    """Sets from thin to wide around hard arguments; the ends and random points inside."""
    rng = np.random.default_rng(22)
    n = 1500 * cases
    centre = hard_points(rng, n, name)
    radius = np.abs(centre) * 10.0 ** rng.uniform(-17, 0.2, n) + (rng.random(n) < 0.3) * 10.0 ** rng.uniform(
        -12, 1.5, n
    )
    lo, hi = centre - radius, centre + radius
    if name in POSITIVE:
        lo = np.where(lo > 0, lo, centre)
    if name == "exp":
        lo, hi = np.clip(lo, -740, 700), np.clip(hi, -740, 700)
    dlo, dhi = _core.interval_derivatives(name, lo, hi)
    alo, ahi = _core.interval_apply(name, lo, hi)
    for i in range(n):
        inner = [float(lo[i]), float(hi[i]), float(np.clip(centre[i], lo[i], hi[i]))]
        inner += [min(max(float(lo[i] + s * (hi[i] - lo[i])), lo[i]), hi[i]) for s in rng.random(2)]
        for point in inner:
            t = derivatives(name, arb(point))
            assert not outside(t[0], alo[i], ahi[i]), (name, lo[i].hex(), hi[i].hex(), point.hex())
            for k in range(4):
                assert not outside(t[k], dlo[k, i], dhi[k, i]), (name, k, lo[i].hex(), hi[i].hex(), point.hex())


@pytest.mark.parametrize("name", NAMES)
def test_double_double(name: str, cases: int) -> None:
    rng = np.random.default_rng(23)
    n = 1500 * cases
    x = np.clip(hard_points(rng, n, name), -300, 300)
    low = x * 2.0**-53 * rng.uniform(-0.9, 0.9, n)
    rad = np.abs(x) * np.where(rng.random(n) < 0.5, 0.0, 10.0 ** rng.uniform(-31, -4, n))
    hi, lo, radius = _core.double_double_apply(name, x, low, rad)
    sharp = 0
    for i in range(n):
        centre = arb(float(x[i])) + arb(float(low[i]))
        points = [centre] if rad[i] == 0 else [centre - arb(float(rad[i])), centre, centre + arb(float(rad[i]))]
        for point in points:
            t = derivatives(name, point)
            for k in range(2):
                error = abs(arb(float(hi[k, i])) + arb(float(lo[k, i])) - t[k])
                assert not error > arb(float(radius[k, i])), (name, k, x[i].hex(), low[i].hex(), rad[i])
                if rad[i] == 0 and abs(float(t[k])) > 1e-270:
                    # Relative to the function, but near a zero of sin and the like to its argument's own accuracy.
                    size = (
                        max(abs(float(t[k])), 1e-6)
                        if name in ("sin", "cos", "silu", "gelu", "gelu_tanh", "mish")
                        else abs(float(t[k]))
                    )
                    assert radius[k, i] <= size * 2.0**-78
                    sharp += bool(error > 0) and float(error) > 0.002 * radius[k, i]
    assert sharp > 10 or name in ("square", "sqrt", "reciprocal", "log")  # a radius of zero would be noticed


@pytest.mark.parametrize("name", NAMES)
def test_double_precision_values_are_close(name: str) -> None:
    x = hard_points(np.random.default_rng(24), 200, name)
    got = _core.double_derivatives(name, x)
    for i in range(x.size):
        t = derivatives(name, arb(float(x[i])))
        for k in range(4):
            assert abs(got[k, i] - float(t[k])) <= 1e-9 * max(abs(float(t[k])), 1e-2 if abs(x[i]) < 1e4 else 1), (
                name,
                k,
                x[i],
            )


RANGES = {
    "tanh": (-1, 1), "sigmoid": (0, 1), "softplus": (0, math.inf), "sin": (-1, 1), "cos": (-1, 1), "exp": (0, math.inf),
    "erf": (-1, 1), "atan": (-1.5707963267948968, 1.5707963267948968), "square": (0, math.inf), "sqrt": (0, math.inf),
    "silu": (-0.27846454276107385, math.inf), "gelu": (-0.16997120747990385, math.inf),
    "gelu_tanh": (-0.1700407, math.inf), "mish": (-0.30884034, math.inf),
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_ends_of_the_line(name: str) -> None:
    """Huge, infinite, subnormal and zero arguments: total, inside the true range, containing what Arb computes."""
    tiny, top = 5e-324, np.finfo(float).max
    x = np.array([0.0, tiny, 1e-310, 1e-200, 1e-17, 1e17, 1e200, top, 800.0, 1e5])
    x = x if name in ("log", "sqrt", "reciprocal") else np.concatenate([x, -x])
    lo, hi = _core.interval_apply(name, x, x)
    for i in range(x.size):
        if name in ("log", "reciprocal") and x[i] == 0:
            assert (lo[i], hi[i]) == (-math.inf, math.inf)
            continue
        assert lo[i] <= hi[i]
        low, high = RANGES.get(name, (-math.inf, math.inf))
        assert lo[i] >= low and hi[i] <= high, (name, x[i], lo[i], hi[i])  # noqa: PT018
        if abs(x[i]) < 1e4 or name not in ("sin", "cos"):
            t = value(name, arb(float(x[i])))
            assert not outside(t, lo[i], hi[i]), (name, x[i], lo[i], hi[i])
    dlo, dhi = _core.interval_derivatives(name, np.array([-math.inf]), np.array([math.inf]))
    assert np.all(dlo <= dhi)
    if name in ("log", "sqrt", "reciprocal"):
        assert np.all(np.isinf(dlo)) and np.all(np.isinf(dhi))  # noqa: PT018


def test_domain_violations_give_the_whole_line() -> None:
    for name, lo, hi in [
        ("log", 0.0, 1.0),
        ("log", -1.0, 1.0),
        ("sqrt", -1e-300, 4.0),
        ("reciprocal", -1.0, 1.0),
        ("reciprocal", 0.0, 1.0),
    ]:
        for answer in (
            _core.interval_apply(name, np.array([lo]), np.array([hi])),
            _core.interval_derivatives(name, np.array([lo]), np.array([hi])),
        ):
            assert np.all(answer[0] == -math.inf)
            assert np.all(answer[1] == math.inf)
    hi, lo, rad = _core.double_double_apply("log", np.array([1.0]), np.array([0.0]), np.array([1.5]))
    assert np.all(np.isinf(rad))


def test_power_derivatives(cases: int) -> None:
    rng = np.random.default_rng(25)
    x = rng.normal(size=300 * cases) * 3
    wide = np.abs(x) * 10.0 ** rng.uniform(-16, -0.5, x.size)
    for n in (-3, -1, 0, 1, 2, 3, 6):
        lo, hi = _core.interval_power_derivatives(x - wide, x + wide, n)
        for i in range(0, x.size, 3):
            for point in (float(x[i] - wide[i]), float(x[i]), float(x[i] + wide[i])):
                factor = 1
                for k in range(4):
                    t = factor * arb(point) ** (n - k) if factor != 0 else arb(0)
                    assert not outside(t, lo[k, i], hi[k, i]), (n, k, point.hex())
                    factor *= n - k
    lo, hi = _core.interval_power_derivatives(np.array([-1.0]), np.array([1.0]), -1)
    assert np.all(np.isinf(lo)) and np.all(np.isinf(hi))  # noqa: PT018


def tight_width(name: str, lo: FloatArray, hi: FloatArray) -> FloatArray:
    dlo, dhi = _core.interval_derivatives(name, lo, hi)
    return dhi - dlo


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "softplus", "silu", "gelu", "gelu_tanh", "mish", "erf", "atan"])
def test_derivatives_do_not_blow_up(name: str) -> None:
    """Thin sets keep the first-order width; wide ones stay inside what the function does globally (all below 4)."""
    for lo, hi in [(-3.0, 3.0), (-100.0, 100.0), (-1e300, 1e300), (-math.inf, math.inf), (1.0, 1.5), (-2.0, 50.0)]:
        width = tight_width(name, np.array([lo]), np.array([hi]))[1:]
        assert np.all(width <= 4.5), (name, lo, hi, width.ravel())
    x = np.random.default_rng(26).normal(size=300) * 2
    for h in (1e-3, 1e-6, 1e-9):
        width = tight_width(name, x - h, x + h)
        assert np.all(width[1:3] <= 2 * h * 3 + 1e-14), (name, h)
        assert np.all(width[3] <= 2 * h * 40 + 1e-13), (name, h)
