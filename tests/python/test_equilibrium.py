"""Equilibria: existence against Arb, isolation against other zeros, stability counts against known spectra."""

from __future__ import annotations

import ctypes
import ctypes.util
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flint import acb_mat

from capnode import _core
from capnode.equilibrium import equilibrium
from capnode.errors import NotProved
from capnode.interval_array import IntervalArray
from capnode.result import Verdict

sys.path.insert(0, str(Path(__file__).parent))
from zero_fields import arb_zero, lies_within, mixed_squares, network, polynomial


def random_network(rng: np.random.Generator, n: int, m: int, radius: float = 0.0) -> Any:
    return network(
        rng.normal(size=(m, n)),
        rng.normal(size=m),
        2 * rng.normal(size=(n, m)) / np.sqrt(m),
        rng.normal(size=n),
        radius,
    )


def linear(matrix: np.ndarray[Any, Any], offset: np.ndarray[Any, Any] | None = None) -> Any:
    b = _core.FieldBuilder(len(matrix), 0, False)
    return b.build(b.affine(b.state(), matrix, None, offset))


def test_networks_against_arb(cases: int) -> None:
    rng = np.random.default_rng(1)
    proofs = 0
    for _ in range(30 * cases):
        n, m = int(rng.integers(1, 8)), int(rng.integers(2, 12))
        known = random_network(rng, n, m)
        p = float(rng.normal())
        result = equilibrium(known.field, rng.normal(size=n), p)
        if not result.proved:
            assert result.verdict is Verdict.no_convergence
            continue
        proofs += 1
        value = result.require()
        truth = arb_zero(known, value.x_bar, [p])
        assert lies_within(truth, value.state.lo, value.state.hi)
        assert np.all(value.state.hi - value.state.lo <= 4 * np.spacing(np.abs(value.x_bar)) + 1e-17)
        assert np.all(value.isolation.lo < value.state.lo)
        assert np.all(value.state.hi < value.isolation.hi)
        # The discs hold the eigenvalues, and the counts are theirs.
        eigenvalues = acb_mat(known.derivative(truth, [p])).eig(algorithm="approx")
        positive = sum(1 for z in eigenvalues if float(z.real.mid()) > 0)
        for z in eigenvalues:
            w = complex(float(z.real.mid()), float(z.imag.mid()))
            assert np.any(np.abs(value.eigenvalues.center - w) <= value.eigenvalues.radius + 1e-13)
        if value.unstable_dimension is not None:
            assert value.unstable_dimension == positive
            assert value.stable_dimension == n - positive
            assert value.hyperbolic
            assert value.stable == (positive == 0)
        # Other equilibria, found from elsewhere, are outside the isolating box.
        for _ in range(6):
            other = equilibrium(known.field, 3 * rng.normal(size=n), p)
            if other.proved:
                z = other.require()
                apart = np.any((z.state.lo > value.state.hi) | (z.state.hi < value.state.lo))
                if apart:
                    assert np.any((z.state.hi < value.isolation.lo) | (value.isolation.hi < z.state.lo))
    assert proofs > 20


def test_isolation_is_large_and_true() -> None:
    value = equilibrium(polynomial([-1.0, 0.0, 1.0]), [0.7]).require()  # zeros +-1, f' = 0 at 0
    assert 0.4 < value.isolation_radius < 1.0
    roots = np.array([1.0, 0.5, 0.25])
    value = equilibrium(mixed_squares(np.eye(3), roots), roots + 0.01).require()
    assert (value.state.lo <= roots).all()
    assert (roots <= value.state.hi).all()
    assert value.isolation_radius < 0.5  # the neighbour is at distance 0.5
    assert value.isolation_radius > 0.05


def test_exact_zero_at_the_origin() -> None:
    value = equilibrium(linear(np.array([[0.0, 1.0], [-1.0, -0.5]])), [0.0, 0.0]).require()
    assert (value.state.lo <= 0).all()
    assert (value.state.hi >= 0).all()
    assert value.stable


def test_for_every_parameter_of_an_interval() -> None:
    rng = np.random.default_rng(2)
    known = random_network(rng, 3, 6)
    P = IntervalArray([0.1], [0.1001])
    value = equilibrium(known.field, np.zeros(3), P).require()
    spread = 0.0
    for p in rng.uniform(0.1, 0.1001, size=40):
        truth = arb_zero(known, value.x_bar, [float(p)])
        assert lies_within(truth, value.state.lo, value.state.hi)
        spread = max(spread, max(abs(float(t.mid()) - x) for t, x in zip(truth, value.x_bar, strict=True)))
    assert np.max(value.state.hi - value.state.lo) < 10 * spread


def test_for_every_member_of_a_weight_radius() -> None:
    rng = np.random.default_rng(3)
    n, m, radius = 3, 5, 1e-6
    parts = [rng.normal(size=(m, n)), rng.normal(size=m), rng.normal(size=(n, m)) / 2, rng.normal(size=n)]
    value = equilibrium(network(*parts, radius).field, np.zeros(n), 0.0).require()
    spread = 0.0
    for _ in range(40):
        member = network(*[a + radius * rng.choice([-1.0, 1.0], size=a.shape) for a in parts])
        truth = arb_zero(member, value.x_bar, [0.0])
        assert lies_within(truth, value.state.lo, value.state.hi)
        spread = max(spread, max(abs(float(t.mid()) - x) for t, x in zip(truth, value.x_bar, strict=True)))
    assert np.max(value.state.hi - value.state.lo) < 100 * spread


@pytest.mark.parametrize(
    ("matrix", "unstable"),
    [
        (np.diag([-1.0, -2.0, 3.0]), 1),
        (np.array([[0.0, 1.0], [-1.0, 0.0]]), None),  # a centre: existence, but no count
        (np.array([[1.0, 1.0], [0.0, 1.0]]), 2),  # a Jordan block
        (np.array([[-1.0, 1e-9], [0.0, -1.0]]), 0),
        (-np.eye(6), 0),  # one eigenvalue, six times
    ],
)
def test_stability_counts(matrix: np.ndarray[Any, Any], unstable: int | None) -> None:
    result = equilibrium(linear(matrix), np.full(len(matrix), 0.3))
    assert result.proved
    assert result.require().unstable_dimension == unstable
    assert result.require().hyperbolic == (True if unstable is not None else None)


def test_failures_have_their_own_reasons() -> None:
    none = equilibrium(polynomial([1.0, 0.0, 1.0]), [0.3])  # x^2 + 1
    assert none.verdict is Verdict.no_convergence
    double = equilibrium(polynomial([1.0, -2.0, 1.0]), [0.3])  # (x - 1)^2: exists, but is degenerate
    assert not double.proved
    singular = equilibrium(linear(np.array([[1.0, 1.0], [1.0, 1.0]])), [0.0, 0.0])  # a line of equilibria
    assert singular.verdict is Verdict.singular
    with pytest.raises(NotProved):
        singular.require()
    # A parameter interval across a fold: x^2 - p, p in [-0.01, 0.03].
    b = _core.FieldBuilder(1, 1, False)
    fold = b.build(b.subtract(b.power(b.state(), 2), b.parameter()))
    assert not equilibrium(fold, [0.1], IntervalArray([-0.01], [0.03])).proved
    assert equilibrium(fold, [0.1], 0.01).proved


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([0.0, 0.0, 0.0], 0.0), r"\(2,\).*\(3,\)"),
        (([0.0, np.nan], 0.0), "finite"),
        (([0.0, 0.0],), "1 parameters.*0"),
        (([0.0, 0.0], [0.0, 1.0]), r"\(1,\).*\(2,\)"),
        (([0.0, 0.0], np.inf), "finite"),
        ((["a", "b"], 0.0), "dtype"),
    ],
)
def test_misuse(arguments: tuple[Any, ...], words: str) -> None:
    known = random_network(np.random.default_rng(4), 2, 3)
    with pytest.raises(ValueError, match=words):
        equilibrium(known.field, *arguments)


def test_lower_end_above_upper_end() -> None:
    class Ends:
        lo, hi = np.array([1.0]), np.array([0.5])

    with pytest.raises(ValueError, match=r"1\.0.*0\.5"):
        equilibrium(random_network(np.random.default_rng(4), 2, 3).field, [0.0, 0.0], Ends())


def test_the_field_must_be_one() -> None:
    with pytest.raises(ValueError, match="int"):
        equilibrium(3, [0.0])


def test_callers_environment_and_threads_change_nothing() -> None:
    rng = np.random.default_rng(6)
    known = random_network(rng, 6, 9)
    start = np.zeros(6)
    plain = equilibrium(known.field, start, 0.1).require()
    libm = ctypes.CDLL(ctypes.util.find_library("m"))
    before = libm.fegetround()
    libm.fesetround(0x800)  # upward
    try:
        upward = equilibrium(known.field, start, 0.1)
        mode = libm.fegetround()
    finally:
        libm.fesetround(before)
    assert mode == 0x800
    with ThreadPoolExecutor(4) as pool:
        threaded = list(pool.map(lambda _: equilibrium(known.field, start, 0.1), range(16)))
    for result in (upward, *threaded):
        value = result.require()
        assert (value.state.lo == plain.state.lo).all()
        assert (value.state.hi == plain.state.hi).all()
        assert value.unstable_dimension == plain.unstable_dimension
