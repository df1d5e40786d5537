"""Wide sets carried as polynomials in the initial point: members against the 200-bit oracle, at 20 times each."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

from flow_cases import Case, Outcome, examine, graph_case, network_case, sharp_case
from oracle_field import Graph


def run(seeds: range, make: Any, degrees: tuple[int, ...]) -> Counter[str]:
    outcomes: list[Outcome] = []
    for seed in seeds:
        rng = np.random.default_rng(seed)
        case: Case = make(rng, seed)
        degree = int(rng.choice(degrees))
        outcomes.append(examine(case, rng, derivative=False, set_degree=degree))
        bad = [f"{case.name}, n = {case.graph.dim}, degree {degree}: {v}" for v in outcomes[-1].violations]
        assert not bad, "\n".join(bad)
    return Counter("compared" if o.compared else "not compared" for o in outcomes) + Counter(
        str(o.result.verdict) for o in outcomes
    )


@pytest.mark.parametrize("width", [0.3, 0.03, 1e-4])
def test_members_of_boxes_through_every_activation(width: float, cases: int) -> None:
    def make(rng: np.random.Generator, seed: int) -> Case:
        return network_case(rng, seed, width=width, n=int(rng.integers(1, 5)))

    base = 80_000 + int(1e5 * width)
    count = 20 * cases
    found = run(range(base, base + count), make, (2, 3, 4))
    assert found["compared"] >= 0.7 * count


def test_members_of_boxes_through_random_graphs(cases: int) -> None:
    """Every operation, uncertain parameters and weights."""

    def make(rng: np.random.Generator, seed: int) -> Case:
        return graph_case(rng, width=0.05, weight_radius=1e-6 * (seed % 2))

    found = run(range(90_000, 90_000 + 25 * cases), make, (2, 3))
    assert found["compared"] >= 0.5 * 25 * cases


@pytest.mark.parametrize("kind", ["segment", "parameter"])
def test_bounds_that_are_nearly_attained(kind: str, cases: int) -> None:
    """Low orders, loose tolerances, end points of segments: leaving out the orders beyond the last in time or the
    degrees beyond the last in space makes these fail."""
    count = 25 * cases
    found = run(range(110_000, 110_000 + count), lambda rng, seed: sharp_case(rng, seed, kind), (2, 3))
    assert found["compared"] >= 0.7 * count


def test_rounding_is_counted(cases: int) -> None:
    """High orders and degrees of tiny segments: nothing but rounding is left of the error."""

    def make(rng: np.random.Generator, seed: int) -> Case:
        case = network_case(rng, seed, n=1)
        case.segment = 1e-5 * rng.normal(size=1)
        case.order, case.tolerance = 20, 1e-15
        case.duration = float(np.sign(case.duration)) * 2.0 ** -int(rng.integers(3, 6))
        return case

    count = 30 * cases
    found = run(range(120_000, 120_000 + count), make, (5,))
    assert found["compared"] >= 0.7 * count


def test_sets_of_networks(cases: int) -> None:
    """A point and many networks: all there is is the error set, from step to step."""

    def make(rng: np.random.Generator, seed: int) -> Case:
        case = network_case(rng, seed, weight_radius=1e-3, n=2)
        case.order, case.tolerance = 12, 1e-9
        return case

    found = run(range(130_000, 130_000 + 25 * cases), make, (2, 3))
    assert found["compared"] >= 0.7 * 25 * cases


def test_defects_grow_within_a_step() -> None:
    """x' = 0, y' = 4 y + x^3, of degree 2 in the initial point: the cubic term left out grows by e^(4h)."""
    g = Graph(2, 0)
    x = g.push(2, "state")
    cube = g.push(2, "power", x, 3)
    linear = g.push(2, "affine", x, (np.array([[0.0, 0.0], [0.0, 4.0]]), None), None)
    g.push(2, "add", linear, g.push(2, "affine", cube, (np.array([[0.0, 0.0], [1.0, 0.0]]), None), None))
    for end in (-0.25, 0.25):
        case = Case(
            g, np.array([0.5, 0.0]), np.zeros(2), np.zeros(0), np.zeros(0), 0.0, 1.0, 20, 1e-9, "growth",
            segment=np.array([end, 0.0]),
        )  # fmt: skip
        outcome = examine(case, np.random.default_rng(1), derivative=False, set_degree=2, max_steps=1)
        assert outcome.compared
        assert not outcome.violations
