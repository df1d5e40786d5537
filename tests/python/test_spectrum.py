"""capnode.spectrum: enclosures and counts against 200 bits, honest refusals, misuse."""

from __future__ import annotations

import flint
import numpy as np
import pytest

from capnode.interval_array import IntervalArray
from capnode.result import Verdict
from capnode.spectrum import Spectrum, spectrum


def exact_eigenvalues(a: np.ndarray) -> list[flint.acb]:
    return flint.acb_mat(len(a), len(a), [flint.acb(float(x)) for x in a.ravel()]).eig(multiple=True)


def outside(z: flint.acb, centre: complex, radius: float) -> bool:
    return bool(abs(z - flint.acb(float(centre.real), float(centre.imag))) > flint.arb(float(radius)))


def components_hold_their_number(value: Spectrum, exact: list[flint.acb]) -> bool:
    for c in range(int(value.component.max()) + 1):
        discs = np.flatnonzero(value.component == c)
        inside = [
            z
            for z in exact
            if any(not outside(z, value.eigenvalues.center[i], value.eigenvalues.radius[i]) for i in discs)
        ]
        if len(inside) != len(discs):
            return False
    return True


def test_enclosures_and_counts(cases: int) -> None:
    rng = np.random.default_rng(0)
    for _ in range(15 * cases):
        n = int(rng.integers(1, 12))
        a = rng.normal(size=(n, n))
        result = spectrum(a)
        assert result.proved
        assert all(e.holds for e in result.evidence)
        value = result.require()
        exact = exact_eigenvalues(a)
        assert components_hold_their_number(value, exact)
        assert value.positive == sum(bool(z.real > 0) for z in exact)
        assert value.negative == sum(bool(z.real < 0) for z in exact)
        assert value.undecided == 0
        assert value.simple.all()
        assert (np.diff(value.eigenvalues.center.real) <= 0).all()
        assert value.eigenvalues.radius.max() < 1e-13 * max(1.0, np.abs(a).max())


@pytest.mark.parametrize("exponent", [-1060, -1000, 500, 1000])
def test_extreme_scaling(exponent: int) -> None:
    """Subnormal entries and entries near the largest: scaled exactly, enclosed exactly."""
    a = np.random.default_rng(1).integers(-1000, 1000, size=(5, 5)).astype(float)
    factor = 2.0 ** (exponent - 10)
    value = spectrum(a * factor).require()
    exact = [z * flint.arb(2) ** (exponent - 10) for z in exact_eigenvalues(a)]
    assert components_hold_their_number(value, exact)
    assert value.positive == sum(bool(z.real > 0) for z in exact)


def test_interval_matrices_hold_every_member() -> None:
    rng = np.random.default_rng(2)
    mid = rng.normal(size=(6, 6))
    for radius in (1e-12, 1e-4):
        box = IntervalArray(mid - radius, mid + radius)
        value = spectrum(box).require()
        for _ in range(5):
            member = np.where(rng.random(mid.shape) < 0.5, box.lo, box.hi)
            assert components_hold_their_number(value, exact_eigenvalues(member))


def test_integers_are_exact() -> None:
    value = spectrum(np.array([[0, 1], [-2, -3]])).require()  # -1 and -2
    assert value.negative == 2
    for z, c, r in zip((-1.0, -2.0), value.eigenvalues.center, value.eigenvalues.radius, strict=True):
        assert abs(c - z) <= r < 1e-14
    with pytest.raises(ValueError, match="9007199254740993"):
        spectrum(np.array([[2**53 + 1]]))
    float32 = np.array([[0.1]], dtype=np.float32)
    assert spectrum(float32).require().eigenvalues.center[0] == float(float32[0, 0])


def test_on_the_axis_is_undecided_and_proved() -> None:
    value = spectrum(np.array([[0.0, 1.0], [-1.0, 0.0]])).require()
    assert value.undecided == 2
    assert value.positive is None
    assert value.negative is None
    assert (value.certainly_positive, value.certainly_negative) == (0, 0)
    assert "2 undecided" in repr(value)


def test_clusters() -> None:
    rng = np.random.default_rng(3)
    v, u = rng.normal(size=(300, 40)) / 4, rng.normal(size=(40, 300)) / 17
    value = spectrum(-np.eye(300) + v @ u).require()
    assert value.undecided == 0
    assert int(value.simple.sum()) == 40


def test_a_large_jordan_block_is_counted_by_inertia() -> None:
    n = 80
    j = -np.eye(n) + 0.5 * np.eye(n, k=1)
    j[:30, :30] += 1.7 * np.eye(30)
    q, _ = np.linalg.qr(np.random.default_rng(4).normal(size=(n, n)))
    value = spectrum(q @ j @ q.T).require()
    assert (value.positive, value.negative) == (30, 50)


def test_what_cannot_be_separated_is_not_proved() -> None:
    n = 60
    q, _ = np.linalg.qr(np.random.default_rng(5).normal(size=(n, n)))
    a = q @ np.eye(n, k=1) @ q.T  # nilpotent, in exact arithmetic up to rounding
    result = spectrum(a)
    if not result.proved:
        assert result.verdict is Verdict.spectrum_not_separated
        assert "No eigenbasis" in result.detail
        assert result.value is None
    else:
        assert result.require().undecided > 0
    wide = spectrum(IntervalArray(np.full((3, 3), -1.0), np.full((3, 3), 1.0)))
    if wide.proved:
        assert wide.require().undecided == 3


@pytest.mark.parametrize(
    ("a", "message"),
    [
        (np.ones((2, 3)), r"\(2, 3\)"),
        (np.ones(4), r"\(4,\)"),
        (np.ones((0, 0)), r"\(0, 0\)"),
        (np.array([[1.0, np.nan], [0.0, 1.0]]), r"entry \(0, 1\)"),
        (np.array([[np.inf]]), "finite"),
        (np.array([[1j]]), "complex128"),
        (np.array([["1"]]), "dtype"),
        (np.array([[1.0]], dtype=np.longdouble), "dtype"),
    ],
)
def test_misuse(a: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        spectrum(a)


def test_eigenvalues_beyond_the_largest_double() -> None:
    # 3.4e308 is no double: a disc about infinity encloses nothing.
    result = spectrum(np.full((2, 2), 1.7e308))
    assert not result.proved
    assert result.verdict == "unbounded"
    assert spectrum(np.array([[1.7e308, 1.7e308], [-1.7e308, 1.7e308]])).proved
