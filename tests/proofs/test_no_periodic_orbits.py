"""Exclusion of periodic orbits: the networks of the literature, and systems that do have orbits."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flint import acb_mat, arb, arb_mat

from capnode import _core
from capnode.interval_array import IntervalArray
from capnode.periodic_exclusion import no_periodic_orbits
from capnode.result import Verdict


def diagonal_field(M: Any, b: Any, function: str = "tanh", radius: float = 0.0) -> Any:
    """x' = s((M + p I) x + b)."""
    n = len(M)
    build = _core.FieldBuilder(n, 1, False)
    spread = build.gather(build.parameter(), [0] * n)
    rad = np.full((n, n), radius) if radius else None
    affine = build.affine(build.state(), np.asarray(M, dtype=float), rad, np.asarray(b, dtype=float))
    return build.build(build.apply(function, build.add(affine, build.multiply(spread, build.state()))))


def damped_field(W: Any, b: Any) -> Any:
    """x' = -p x + W tanh(x) + b."""
    n = len(W)
    build = _core.FieldBuilder(n, 1, False)
    spread = build.gather(build.parameter(), [0] * n)
    drive = build.affine(
        build.apply("tanh", build.state()), np.asarray(W, dtype=float), None, np.asarray(b, dtype=float)
    )
    return build.build(build.subtract(drive, build.multiply(spread, build.state())))


def covered(intervals: Any, p: float) -> bool:
    return any(lo <= p <= hi for lo, hi in intervals)


def meets(bounds: tuple[float, float], printed: float, unit: float) -> bool:
    return bounds[0] <= printed + unit and printed - unit <= bounds[1]


def extremes(M: Any) -> tuple[arb, arb]:
    """The least and the largest eigenvalue of the symmetric part, at 200 bits."""
    exact = arb_mat([[arb(x) for x in row] for row in M.tolist()])
    values = [z.real for z in acb_mat((exact + exact.transpose()) / 2).eig()]
    values.sort(key=lambda z: float(z.mid()))
    return values[0], values[-1]


def test_trained_network(shared: Path) -> None:
    data = json.loads((shared / "data" / "trained10.json").read_text())
    W, b = np.array(data["W"]), np.array(data["b"])
    M = W - data["gamma"] * np.eye(len(W))
    for radius in (0.0, 1e-9):
        value = no_periodic_orbits(diagonal_field(M, b, radius=radius), (0.0, 0.06)).require()
        assert value.criterion == "diagonal family"
        for p in (0.0, 0.02, 0.029650391, 0.030283496, 0.05, 0.06):
            assert covered(value.intervals, p)
        # The five Hopf points are never excluded.
        for p in (0.0298234203759, 0.0298462351025, 0.0298470083048, 0.0299033280574, 0.0300265825715):
            assert covered(value.remaining, p)
            assert not covered(value.intervals, p)
        if radius == 0.0:
            assert value.symmetric_lower is not None
            assert value.symmetric_upper is not None
            # The printed interval [0.0296503918537, 0.0302834958989] is rounded outward, so it is only contained.
            assert 0.0296503918537 <= value.symmetric_lower[0] <= 0.0296503918537 + 2e-13
            assert 0.0302834958989 - 2e-13 <= value.symmetric_upper[1] <= 0.0302834958989
            least, largest = extremes(M)
            assert arb(value.symmetric_lower[0]) <= -largest <= arb(value.symmetric_lower[1])
            assert arb(value.symmetric_upper[0]) <= -least <= arb(value.symmetric_upper[1])
            assert value.symmetric_lower[1] - value.symmetric_lower[0] < 1e-14


def test_paper_network(shared: Path) -> None:
    data = json.loads((shared / "data" / "paper4d.json").read_text())
    R1, R2 = np.array(data["R1"]), np.array(data["R2"])
    value = no_periodic_orbits(diagonal_field(R1 - R1.T + R2, np.zeros(4)), (-1.0, 1.0)).require()
    assert value.symmetric_lower is not None
    assert value.symmetric_upper is not None
    assert meets(value.symmetric_lower, -0.19102708, 1e-8)
    assert meets(value.symmetric_upper, 0.11166167, 1e-8)
    for p in (-1.0, -0.19102709, 0.11166168, 1.0):
        assert covered(value.intervals, p)
    for p in (-0.032675841204022, -0.015074158795977):
        assert not covered(value.intervals, p)


def test_the_scaling_only_sharpens_and_is_true() -> None:
    rng = np.random.default_rng(1)
    sharper = 0
    for _ in range(10):
        n = int(rng.integers(2, 8))
        scale = np.exp(rng.normal(size=n))
        M = (scale[:, None] * (rng.normal(size=(n, n)))) / scale
        value = no_periodic_orbits(diagonal_field(M, rng.normal(size=n)), (-60.0, 60.0)).require()
        assert value.symmetric_lower is not None
        (_, lower), (upper, _) = value.intervals
        eigenvalues = np.linalg.eigvals(M)
        # D = I is never beaten by the answer's being worse, and no scaling passes the spectral abscissa.
        assert lower >= value.symmetric_lower[0]
        assert lower <= -np.max(eigenvalues.real)
        assert upper >= -np.min(eigenvalues.real)
        sharper += lower > value.symmetric_lower[1]
    assert sharper >= 5


def test_nothing_is_excluded_where_an_orbit_exists() -> None:
    # M skew plus a stabilising part; at p slightly beyond the Hopf value a small cycle exists on one side.
    M = np.array([[-0.1, -1.0], [1.0, -0.1]])
    value = no_periodic_orbits(diagonal_field(M, np.zeros(2)), (-1.0, 1.0)).require()
    assert not covered(value.intervals, 0.1)  # exactly: x' = tanh(skew x) at p = 0.1 is full of periodic orbits
    inside = no_periodic_orbits(diagonal_field(M, np.zeros(2)), (0.1, 0.1))
    assert not inside.proved
    assert inside.verdict is Verdict.not_definite
    # van der Pol has a cycle; the harmonic oscillator is full of them.
    for field in (van_der_pol(), rotation()):
        assert not no_periodic_orbits(field).proved


def van_der_pol() -> Any:
    b = _core.FieldBuilder(2, 0, False)
    x, y = b.gather(b.state(), [0]), b.gather(b.state(), [1])
    damping = b.multiply(b.affine(b.power(x, 2), np.array([[-1.0]]), None, np.array([1.0])), y)
    return b.build(b.concat([y, b.subtract(damping, x)]))


def rotation() -> Any:
    b = _core.FieldBuilder(2, 0, False)
    return b.build(b.affine(b.state(), np.array([[0.0, 1.0], [-1.0, 0.0]])))


def test_van_der_pol_inside_the_strip_where_the_divergence_is_positive() -> None:
    result = no_periodic_orbits(van_der_pol(), region=IntervalArray([-0.9, -50.0], [0.9, 50.0]))
    assert result.require().criterion == "divergence"
    assert not no_periodic_orbits(van_der_pol(), region=IntervalArray([-3.0, -5.0], [3.0, 5.0])).proved


def test_damped_networks() -> None:
    rng = np.random.default_rng(2)
    n = 6
    W = rng.normal(size=(n, n)) / np.sqrt(n)
    field = damped_field(W, rng.normal(size=n))
    value = no_periodic_orbits(field, (0.0, 6.0)).require()
    assert value.criterion == "quadratic form"
    assert covered(value.intervals, 6.0)
    # At p below the largest real part of an eigenvalue of W nothing of the kind can hold (the origin is unstable there
    # for b = 0, and the field expands and contracts).
    assert not covered(value.intervals, 0.5)
    # A cycle: W = [[2, -2], [2, 2]] at p = 1 rotates about an unstable origin and is bounded.
    cycle = damped_field([[2.0, -2.0], [2.0, 2.0]], [0.0, 0.0])
    value = no_periodic_orbits(cycle, (0.5, 10.0)).require()
    assert not covered(value.intervals, 1.0)
    assert covered(value.intervals, 8.0)


def test_hyperbolic_linear_fields_need_an_indefinite_form() -> None:
    b = _core.FieldBuilder(3, 0, False)
    field = b.build(b.affine(b.state(), np.array([[1.0, 5.0, 0.0], [0.0, -1.0, 3.0], [0.0, 0.0, -2.0]])))
    assert no_periodic_orbits(field).require().criterion == "quadratic form"


def test_scalar_fields_have_none() -> None:
    b = _core.FieldBuilder(1, 0, False)
    assert no_periodic_orbits(b.build(b.apply("sin", b.state()))).require().criterion == "dimension one"


@pytest.mark.parametrize(
    ("span", "words"),
    [((1.0, 0.5), r"1\.0.*0\.5"), ((0.0, float("nan")), "nan"), ((0.0, float("inf")), "inf"), (None, "1 parameters")],
)
def test_misuse(span: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        no_periodic_orbits(diagonal_field(np.eye(2), np.zeros(2)), span)


def test_region_of_the_wrong_length() -> None:
    with pytest.raises(ValueError, match=r"\(2,\).*\(1,\)"):
        no_periodic_orbits(rotation(), region=IntervalArray([0.0], [1.0]))


def test_a_signal_stops_a_long_exclusion() -> None:
    class Stop(Exception):
        pass

    def handler(number: int, frame: object) -> None:
        raise Stop

    rng = np.random.default_rng(3)
    n = 120
    field = damped_field(rng.normal(size=(n, n)), np.zeros(n))
    before = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    try:
        with pytest.raises(Stop):
            no_periodic_orbits(field, (0.0, 1.0), depth=20)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
