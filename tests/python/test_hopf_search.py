"""The float search by itself: curves with folds, poles and closed loops, crossings that hide from a coarse step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from capnode.parallel import Stop
from capnode.search.candidates import Start, looks_same, refine
from capnode.search.continuation import BOUND, CLOSED, LEFT, POLE, Scale, trace
from capnode.search.equilibria import newton
from capnode.search.float_field import along
from capnode.search.hopf_search import SearchOptions, SearchReport, search_hopf
from capnode.search.linear_algebra import SingularMatrix, solve, spectrum


class Leaky:
    """`x' = -p x + W tanh x + b`."""

    def __init__(self, W: Any, b: Any) -> None:
        self.W, self.b, self.dim = W, b, len(b)

    def value(self, x: Any, p: float) -> Any:
        return -p * x + self.W @ np.tanh(x) + self.b

    def jacobian(self, x: Any, p: float) -> Any:
        return -p * np.eye(self.dim) + self.W / np.cosh(x) ** 2, -x


class Diagonal:
    """`x' = tanh((M + p I) x + b)`."""

    def __init__(self, M: Any, b: Any) -> None:
        self.M, self.b, self.dim = M, b, len(b)

    def value(self, x: Any, p: float) -> Any:
        return np.tanh(self.M @ x + p * x + self.b)

    def jacobian(self, x: Any, p: float) -> Any:
        d = 1.0 / np.cosh(self.M @ x + p * x + self.b) ** 2
        return d[:, None] * (self.M + p * np.eye(self.dim)), d * x


class Circle:
    """The equilibria are the circle x^2 + p^2 = 1 (and y = 0)."""

    dim = 2

    def value(self, x: Any, p: float) -> Any:
        return np.array([x[0] ** 2 + p**2 - 1.0, -x[1]])

    def jacobian(self, x: Any, p: float) -> Any:
        return np.array([[2.0 * x[0], 0.0], [0.0, -1.0]]), np.array([2.0 * p, 0.0])


def nearly_skew(rng: np.random.Generator, n: int) -> Any:
    R1, R2 = rng.standard_normal((n, n)), rng.standard_normal((n, n))
    return R1 - R1.T + 0.1 * R2


def leaky(n: int, seed: int) -> Leaky:
    rng = np.random.default_rng(seed)
    W = 0.5 * np.eye(n) + nearly_skew(rng, n) / np.sqrt(n)
    return Leaky(W, 0.2 * rng.standard_normal(n))


def diagonal(n: int, seed: int) -> tuple[Diagonal, Any]:
    rng = np.random.default_rng(seed)
    M = nearly_skew(rng, n)
    values = np.linalg.eigvals(M)
    return Diagonal(M, rng.standard_normal(n)), np.sort(-values[values.imag > 0].real)


def parameters(report: SearchReport) -> Any:
    return np.array([r.p for r in report.found])


@pytest.mark.parametrize(("n", "seed"), [(6, 0), (20, 1), (50, 2), (50, 80)])
def test_every_point_of_a_field_with_poles_is_found(n: int, seed: int) -> None:
    """The equilibrium goes through infinity wherever M + p I is singular; the points lie on all the pieces."""
    field, expected = diagonal(n, seed)
    report = search_hopf(field, (expected[0] - 0.05, expected[-1] + 0.05))
    assert len(report.found) == len(expected)
    assert np.max(np.abs(parameters(report) - expected)) < 1e-9
    assert not report.unbalanced


def test_two_pairs_that_change_places_within_one_step() -> None:
    """Near p = 0.3405 one pair goes up and another, a hundredth away, comes down: a wrong match would hide both."""
    report = search_hopf(leaky(100, 2), (0.1, 0.8))
    close = [r for r in report.found if abs(r.p - 0.3406) < 5e-4]
    assert len(close) == 2
    assert abs(close[0].p - close[1].p) > 4e-4
    assert abs(close[0].w - close[1].w) < 0.01
    coarse = search_hopf(leaky(100, 2), (0.1, 0.8), options=SearchOptions(grid=3, seed=9))
    assert len(coarse.found) == len(report.found)


def test_the_count_of_unstable_eigenvalues_balances_along_a_curve() -> None:
    """Independent of the matching: between the ends of the span, unstable eigenvalues change by two at every point."""
    field = leaky(20, 4)
    report = search_hopf(field, (0.15, 0.8))
    [curve] = report.curves[:1]
    ends = [np.linalg.eigvals(field.jacobian(node.x, node.p)[0]) for node in (curve.nodes[0], curve.nodes[-1])]
    change = np.count_nonzero(ends[1].real > 0) - np.count_nonzero(ends[0].real > 0)
    assert (change + 2 * len(report.found)) % 2 == 0
    assert abs(change) <= 2 * len(report.found)
    for r in report.found:
        assert np.max(np.abs(field.value(r.x, r.p))) < 1e-10
        assert np.max(np.abs(field.jacobian(r.x, r.p)[0] @ r.v - 1j * r.w * r.v)) < 1e-9


def test_a_closed_curve_is_followed_around_its_folds() -> None:
    curve = trace(Circle(), np.array([1.0, 0.0]), 0.0, (-2.0, 2.0), bound=1e3, cap=2000, stop=Stop())
    assert curve.ended == (CLOSED, CLOSED)
    angles = np.unwrap([np.arctan2(node.x[0], node.p) for node in curve.nodes])
    assert abs(abs(angles[-1] - angles[0]) - 2 * np.pi) < 0.5
    assert all(abs(node.x[0] ** 2 + node.p**2 - 1.0) < 1e-8 for node in curve.nodes)


def test_a_curve_ends_at_a_pole_and_comes_back_on_the_other_side() -> None:
    field = Diagonal(np.array([[0.3]]), np.array([1.0]))  # x = -1 / (0.3 + p)
    curve = trace(field, np.array([-1.0 / 1.3]), 1.0, (-2.0, 2.0), bound=1e5, cap=2000, stop=Stop())
    assert curve.ended[1] == LEFT
    assert curve.ended[0] in (POLE, BOUND)
    [(x, p)] = curve.beyond()
    assert p < -0.3
    assert newton(field, x, p, bound=1e6) is not None


def test_newton_gets_through_saturated_components() -> None:
    rng = np.random.default_rng(0)
    field = Diagonal(nearly_skew(rng, 100), 2.0 * rng.standard_normal(100))
    x = newton(field, np.zeros(100), 0.4, bound=1e5)
    assert x is not None
    assert np.max(np.abs(field.M @ x + 0.4 * x + field.b)) < 1e-8


def test_newton_gives_up_where_there_is_no_equilibrium() -> None:
    class Drift(Circle):
        def value(self, x: Any, p: float) -> Any:
            return np.array([x[0] ** 2 + 1.0, -x[1]])

    assert newton(Drift(), np.array([0.7, 0.3]), 0.0, bound=1e3) is None


def test_refinement_converges_quadratically_or_says_why() -> None:
    field = Leaky(np.array([[0.9, -1.4], [1.1, 0.7]]), np.array([0.3, -0.2]))
    start = Start(0.7, 1.2, np.array([0.0, 0.0]), np.array([1.0, -0.9j]), "test")
    found = refine(field, start, bound=1e3)
    assert found.converged
    assert found.iterations <= 8
    assert looks_same(found, refine(field, found, bound=1e3), 1.0)
    singular = refine(Leaky(np.zeros((2, 2)), np.zeros(2)), start, bound=1e3)
    assert not singular.converged
    assert singular.reason


def test_derivatives_of_eigenvalues_and_of_the_jacobian() -> None:
    rng = np.random.default_rng(3)
    A, dA = rng.standard_normal((12, 12)), rng.standard_normal((12, 12))
    values, rates, vectors = spectrum(A, dA)
    assert np.max(np.abs(A @ vectors - vectors * values)) < 1e-12
    h = 1e-6
    ahead, behind = np.linalg.eigvals(A + h * dA), np.linalg.eigvals(A - h * dA)
    for value, rate in zip(values, rates, strict=True):
        after = ahead[np.argmin(np.abs(ahead - value - h * rate))]
        before = behind[np.argmin(np.abs(behind - value + h * rate))]
        assert abs((after - before) / (2 * h) - rate) < 1e-5 * (1 + abs(rate))
    field = leaky(5, 0)
    x, dx = rng.standard_normal(5), rng.standard_normal(5)
    exact = -0.7 * np.eye(5) + field.W * (-2 * np.tanh(x) / np.cosh(x) ** 2 * dx)
    assert np.max(np.abs(along(field, x, 0.4, dx, 0.7) - exact)) < 1e-8


def test_singular_systems_are_said_to_be_singular() -> None:
    with pytest.raises(SingularMatrix):
        solve(np.zeros((2, 2)), np.ones(2))
    with pytest.raises(SingularMatrix):
        solve(np.array([[1.0, np.nan], [0.0, 1.0]]), np.ones(2))


def test_a_stop_ends_the_search() -> None:
    stop = Stop()

    def report(stage: str, done: int, total: int) -> None:
        if stage == "crossings":
            stop.request()

    found = search_hopf(leaky(20, 4), (0.1, 0.8), stop=stop, report=report)
    assert found.interrupted


def test_lengths_grow_with_the_state() -> None:
    assert Scale(4, 1.0).at(np.zeros(4)).unit == 4.0
    assert Scale(4, 1.0).at(np.full(4, 10.0)).unit == 40.0
