"""The soundness of the flow: random problems against an own 200-bit Taylor integrator, value, derivative, 20 times."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

from flow_cases import ACTIVATIONS, Outcome, examine, graph_case, network_case, sharp_case


def report(outcomes: list[Outcome]) -> Counter[str]:
    """Fails with every violation; counts what was compared."""
    bad = [f"{o.case.name}, n = {o.case.graph.dim}, order {o.case.order}: {v}" for o in outcomes for v in o.violations]
    assert not bad, "\n".join(bad)
    return Counter("compared" if o.compared else "not compared" for o in outcomes) + Counter(
        str(o.result.verdict) for o in outcomes
    )


def run(seeds: range, make: Any) -> Counter[str]:
    outcomes = []
    for seed in seeds:
        rng = np.random.default_rng(seed)
        outcomes.append(examine(make(rng, seed), rng))
    return report(outcomes)


def test_points_through_every_activation(cases: int) -> None:
    count = 60 * cases
    found = run(range(count), lambda rng, seed: network_case(rng, seed))
    assert count >= len(ACTIVATIONS)
    assert found["compared"] >= 0.85 * count
    assert found["proved"] >= 0.7 * count  # the rest are blow-ups, or orders of 3 and 4 at a tolerance of 1e-15


def test_points_through_random_graphs(cases: int) -> None:
    found = run(range(10_000, 10_000 + 40 * cases), lambda rng, seed: graph_case(rng))
    assert found["compared"] >= 0.8 * 40 * cases


@pytest.mark.parametrize(("width", "weight_radius"), [(1e-8, 0.0), (1e-2, 0.0), (0.0, 1e-5), (1e-4, 1e-6)])
def test_members_of_sets(width: float, weight_radius: float, cases: int) -> None:
    """Boxes, uncertain parameters, sets of networks: a drawn member stays inside, its derivative too."""
    base = 20_000 + int(1e6 * width + 1e7 * weight_radius) * 100
    found = run(
        range(base, base + 8 * cases),
        lambda rng, seed: network_case(rng, seed, width=width, weight_radius=weight_radius),
    )
    found += run(
        range(base + 50_000, base + 50_000 + 6 * cases),
        lambda rng, seed: graph_case(rng, width=width, weight_radius=weight_radius),
    )
    assert found["compared"] >= 0.6 * 14 * cases


@pytest.mark.parametrize("kind", ["point", "segment", "parameter"])
def test_bounds_that_are_nearly_attained(kind: str, cases: int) -> None:
    """Low orders at loose tolerances; end points of segments of initial points and of parameters: leaving out the
    truncation of the series, the radius of the field or the spread of the step matrix makes these fail."""
    count = 25 * cases
    found = run(range(60_000, 60_000 + count), lambda rng, seed: sharp_case(rng, seed, kind))
    assert found["compared"] >= 0.75 * count


@pytest.mark.parametrize("kind", ["point", "segment", "parameter"])
def test_systems_that_go_by_norms(kind: str, cases: int) -> None:
    """More than 16 rows: logarithmic norms, tubes that are balls, ellipsoids."""

    def make(rng: np.random.Generator, seed: int) -> Any:
        case = sharp_case(rng, seed, kind, n=int(rng.integers(17, 21)))
        if case.segment is not None:
            case.segment = 0.1 * case.segment
        return case

    outcomes = []
    for seed in range(70_000, 70_000 + 12 * cases):
        rng = np.random.default_rng(seed)
        outcomes.append(examine(make(rng, seed), rng, derivative=seed % 6 == 0, times=6))
    assert report(outcomes)["compared"] >= 6 * cases
