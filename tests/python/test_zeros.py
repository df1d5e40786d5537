"""Krawczyk, interval Newton and Newton-Kantorovich on fields whose zeros are known."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from capnode import _core
from capnode.interval_array import IntervalArray
from capnode.result import Verdict
from capnode.zeros import interval_newton, krawczyk, newton_kantorovich

sys.path.insert(0, str(Path(__file__).parent))
from zero_fields import arb_zero, lies_within, mixed_squares, network, polynomial

TESTS = [krawczyk, interval_newton]


def expand(roots: list[float]) -> list[float]:
    """Coefficients of prod (x - r) for dyadic roots: exact in float64."""
    c = [1.0]
    for r in roots:
        c = [(c[k - 1] if k > 0 else 0.0) - r * (c[k] if k < len(c) else 0.0) for k in range(len(c) + 1)]
    return c


@pytest.mark.parametrize("test", TESTS)
def test_random_polynomials(test: Any, cases: int) -> None:
    rng = np.random.default_rng(1)
    proofs = absences = 0
    for _ in range(120 * cases):
        roots = sorted(set((rng.integers(-64, 64, size=rng.integers(1, 6)) / 16.0).tolist()))
        field = polynomial(expand(roots))
        for _ in range(20):
            centre = rng.choice(roots) if rng.random() < 0.6 else rng.uniform(-4, 4)
            lo = centre - rng.uniform(0, 0.4)
            hi = lo + 10.0 ** rng.uniform(-3, 0.3)
            inside = [r for r in roots if lo <= r <= hi]
            result = test(field, IntervalArray([lo], [hi]))
            if result.proved:
                proofs += 1
                (root,) = inside
                zero = result.value
                assert zero.enclosure.lo[0] <= root <= zero.enclosure.hi[0]
                assert lo <= zero.enclosure.lo[0] <= zero.enclosure.hi[0] <= hi
                assert zero.enclosure.hi[0] - zero.enclosure.lo[0] <= 1e-12
            elif result.verdict is Verdict.no_zero:
                absences += 1
                assert not inside
    assert proofs > 150
    assert absences > 150


@pytest.mark.parametrize("test", TESTS)
def test_systems_with_many_zeros(test: Any) -> None:
    rng = np.random.default_rng(2)
    proofs = 0
    for _ in range(60):
        n = int(rng.integers(2, 5))
        A, roots = rng.normal(size=(n, n)), rng.integers(1, 16, size=n) / 8.0
        field = mixed_squares(A, roots)
        zeros = [np.array(s) * roots for s in itertools.product([-1, 1], repeat=n)]
        for _ in range(10):
            lo = zeros[rng.integers(len(zeros))] - rng.uniform(0, 0.3, n)
            hi = lo + rng.uniform(0, 0.6, n)
            inside = [z for z in zeros if (lo <= z).all() and (z <= hi).all()]
            result = test(field, IntervalArray(lo, hi))
            if result.proved:
                proofs += 1
                assert len(inside) == 1
                assert (result.value.enclosure.lo <= inside[0]).all()
                assert (inside[0] <= result.value.enclosure.hi).all()
            elif result.verdict is Verdict.no_zero:
                assert not inside
        whole = IntervalArray(-roots - 0.1, roots + 0.1)
        assert not test(field, whole).proved
    assert proofs > 20


def test_newton_kantorovich_radii_hold_one_zero() -> None:
    rng = np.random.default_rng(3)
    proofs = 0
    for _ in range(300):
        n = int(rng.integers(1, 4))
        A, roots = rng.normal(size=(n, n)), rng.integers(1, 16, size=n) / 8.0
        field = mixed_squares(A, roots)
        zeros = [np.array(s) * roots for s in itertools.product([-1, 1], repeat=n)]
        x_bar = zeros[rng.integers(len(zeros))] + 10.0 ** rng.uniform(-6, 0) * rng.normal(size=n)
        weights = rng.uniform(0.5, 2.0, n)
        result = newton_kantorovich(field, x_bar, 10.0 ** rng.uniform(-4, 1), weights=weights)
        if not result.proved:
            continue
        proofs += 1
        zero = result.require()
        distances = sorted(float(np.max(np.abs(z - x_bar) / weights)) for z in zeros)
        assert distances[0] <= zero.smallest_radius * (1 + 1e-12) + 1e-15
        assert zero.largest_radius <= distances[1] * (1 + 1e-12)
        assert any((zero.enclosure.lo <= z).all() and (z <= zero.enclosure.hi).all() for z in zeros)
    assert proofs > 60


def test_second_form_isolates_up_to_the_next_zero() -> None:
    field = polynomial([-2.0, 0.0, 1.0])
    zero = newton_kantorovich(field, [1.5], 10.0).require()
    assert zero.smallest_radius == pytest.approx((3 - np.sqrt(8)) / 2, rel=1e-9)
    assert zero.largest_radius == pytest.approx((3 + np.sqrt(8)) / 2, rel=1e-9)


@pytest.mark.parametrize("test", TESTS)
def test_networks_against_arb(test: Any, cases: int) -> None:
    rng = np.random.default_rng(4)
    proofs = 0
    for _ in range(25 * cases):
        n, m = int(rng.integers(1, 6)), int(rng.integers(2, 9))
        known = network(
            rng.normal(size=(m, n)), rng.normal(size=m), rng.normal(size=(n, m)) / np.sqrt(m), rng.normal(size=n)
        )
        p = float(rng.normal())
        x_bar = np.zeros(n)
        for _ in range(50):
            x_bar = _newton(known, x_bar, p)
        if not np.isfinite(x_bar).all():
            continue
        result = test(known.field, IntervalArray(x_bar - 1e-3, x_bar + 1e-3), p)
        if not result.proved:
            continue
        proofs += 1
        truth = arb_zero(known, x_bar, [p])
        assert lies_within(truth, result.value.enclosure.lo, result.value.enclosure.hi)
        assert np.all(result.value.enclosure.hi - result.value.enclosure.lo <= 8 * np.spacing(np.abs(x_bar) + 1e-3))
        # Every smaller parameter interval's zeros lie in the enclosure of the larger one.
        wide = test(known.field, IntervalArray(x_bar - 1e-2, x_bar + 1e-2), IntervalArray([p - 1e-4], [p + 1e-4]))
        if wide.proved:
            for q in rng.uniform(p - 1e-4, p + 1e-4, size=3):
                member = arb_zero(known, _newton(known, x_bar, q), [float(q)])
                assert lies_within(member, wide.value.enclosure.lo, wide.value.enclosure.hi)
    assert proofs > 10


def _newton(known: Any, x: Any, p: float) -> Any:
    from flint import arb

    q = [arb(p)]
    z = [arb(float(a)) for a in x]
    f = np.array([float(v.mid()) for v in known.value(z, q)])
    J = np.array([[float(v.mid()) for v in row] for row in known.derivative(z, q).table()])
    return x - np.clip(np.linalg.solve(J, f), -1.0, 1.0)


def refusal_field() -> Any:
    """0.2 + 0.1 x + 0.9 tanh(200 x)/200 with the decimals rounded to float64."""
    b = _core.FieldBuilder(1, 0, False)
    bend = b.apply("tanh", b.affine(b.state(), np.array([[200.0]])))
    straight = b.affine(b.state(), np.array([[0.1]]), None, np.array([0.2]))
    return b.build(b.add(straight, b.affine(bend, np.array([[0.9 / 200.0]]))))


@pytest.mark.parametrize("R", [0.1, 0.3, 0.5, 1.0, 1.2])
def test_newton_kantorovich_refuses_where_there_is_no_zero(R: float) -> None:
    result = newton_kantorovich(refusal_field(), [0.0], R, A_bar=[[1.0]])
    assert not result.proved
    assert result.verdict is Verdict.no_zero


def test_p_may_be_an_interval_and_a_weight_radius_counts() -> None:
    rng = np.random.default_rng(5)
    W1, b1, W2, b2 = rng.normal(size=(4, 2)), rng.normal(size=4), rng.normal(size=(2, 4)) / 2, rng.normal(size=2)
    radius = 1e-5
    known = network(W1, b1, W2, b2, radius)
    exact = network(W1, b1, W2, b2)
    x = np.zeros(2)
    for _ in range(60):
        x = _newton(exact, x, 0.3)
    result = krawczyk(known.field, IntervalArray(x - 0.01, x + 0.01), 0.3)
    assert result.proved
    lo, hi = result.require().enclosure.lo, result.require().enclosure.hi
    extreme = 0.0
    for _ in range(60):
        signs = [rng.choice([-1.0, 1.0], size=a.shape) * radius for a in (W1, b1, W2, b2)]
        member = network(*[a + s for a, s in zip((W1, b1, W2, b2), signs, strict=True)])
        truth = arb_zero(member, _newton(member, x, 0.3), [0.3])
        assert lies_within(truth, lo, hi)
        extreme = max(extreme, max(abs(float(t.mid()) - c) for t, c in zip(truth, x, strict=True)))
    assert np.max(hi - lo) < 100 * extreme  # not vacuous: the members do spread


BOX = IntervalArray([1.0], [2.0])


@pytest.mark.parametrize("test", TESTS)
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((IntervalArray([1.0, 0.0], [2.0, 1.0]),), r"\(1,\).*\(2,\)"),
        ((BOX, 0.5), "0 parameters"),
        ((BOX, None, [2.5]), r"2\.5"),
        ((BOX, None, [1.5, 1.5]), r"\(1,\).*\(2,\)"),
        ((BOX, None, [float("nan")]), "finite"),
        ((np.array([1 + 2j]),), "complex"),
    ],
)
def test_misuse(test: Any, arguments: tuple[Any, ...], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        test(polynomial([-2.0, 0.0, 1.0]), *arguments)


def test_unbounded_boxes_prove_nothing() -> None:
    for test in TESTS:
        result = test(polynomial([-2.0, 1.0]), IntervalArray([0.0], [np.inf]))
        assert result.verdict is Verdict.unbounded


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"R": 0.0}, "0.0"),
        ({"R": float("inf")}, "inf"),
        ({"R": 1.0, "weights": [1.0, 1.0]}, r"\(1,\).*\(2,\)"),
        ({"R": 1.0, "weights": [-1.0]}, "positive"),
        ({"R": 1.0, "A_bar": np.ones((2, 2))}, r"\(1, 1\).*\(2, 2\)"),
    ],
)
def test_newton_kantorovich_misuse(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        newton_kantorovich(polynomial([-2.0, 0.0, 1.0]), [1.5], **options)
