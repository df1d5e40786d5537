"""Wide initial boxes: everything that starts in them is held, and the answer is not much wider than what is reached."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import capnode as cn
from capnode import _core
from flow_fields import LAUB_LOOMIS_CENTRE, fpa, laub_loomis, lorenz, roessler, scalar_field, spiral


def samples(x0: np.ndarray[Any, Any], radius: float, count: int) -> np.ndarray[Any, Any]:
    rng = np.random.default_rng(11)
    corners = np.array(list(itertools.product([-1.0, 1.0], repeat=x0.size)))
    return x0 + radius * np.vstack([rng.uniform(-1, 1, (count, x0.size)), corners])


def excess(found: cn.IntervalArray, field: cn.Field, points: np.ndarray[Any, Any], t: float, p: Any = None) -> float:
    """Holds the floating-point ends of all points; its width against that of their hull, the largest component."""
    ends = _core.plain_flow(field.core, points, parameter=p, duration=t)["final"]
    lo, hi = ends.min(axis=0), ends.max(axis=0)
    assert (found.lo <= lo + 1e-9).all()
    assert (hi <= found.hi + 1e-9).all()
    return float(((found.hi - found.lo) / (hi - lo)).max())


def check(field: cn.Field, x0: Any, radius: float, t: float, factor: float) -> cn.Trajectory:
    """The whole box at once: at the end, and at two times between."""
    x0 = np.array(x0, dtype=float)
    run = cn.integrate(field, cn.IntervalArray(x0 - radius, x0 + radius), t).require()
    assert excess(run.final, field, samples(x0, radius, 10_000), t) <= factor
    for s in (0.3 * t, 0.71 * t):
        assert excess(run.enclosure(s), field, samples(x0, radius, 1_000), s) <= factor
    return run


@pytest.mark.parametrize(("radius", "factor"), [(0.01, 1.02), (0.05, 1.1), (0.1, 1.1)])
def test_spiral_network(shared: Path, radius: float, factor: float) -> None:
    check(spiral(shared), [2.0, 0.0], radius, 10.0, factor)


def test_fixed_point_attractor_network(shared: Path) -> None:
    field, x0 = fpa(shared)
    check(field, x0, 0.01, 10.0, 1.02)


def test_lorenz() -> None:
    check(lorenz(), [1.0, 1.0, 1.0], 1e-3, 2.0, 1.02)


@pytest.mark.parametrize(("radius", "factor"), [(0.01, 1.1), (0.05, 1.1), (0.1, 1.3)])
def test_laub_loomis(radius: float, factor: float) -> None:
    run = check(laub_loomis(), LAUB_LOOMIS_CENTRE, radius, 20.0, factor)
    assert run.set_degree > 1


@pytest.mark.parametrize(("radius", "factor"), [(0.01, 1.5), (0.05, 1.5), (0.1, 2.0)])
def test_spiral_network_in_pieces(shared: Path, radius: float, factor: float) -> None:
    """Linear sets do as well, where the box is cut."""
    x0 = np.array([2.0, 0.0])
    box = cn.IntervalArray(x0 - radius, x0 + radius)
    found = cn.integrate_pieces(spiral(shared), box, 10.0, tolerance=1e-9, set_degree=1).require()
    assert found.pieces > 1
    assert excess(found.final, spiral(shared), samples(x0, radius, 10_000), 10.0) <= factor


def test_uncertain_parameters_are_cut_as_well() -> None:
    field = scalar_field(1, 1, lambda x, a: [a * x])
    found = cn.integrate_pieces(
        field, [1.0], 1.0, cn.IntervalArray([-1.0], [1.0]), max_pieces=500, set_degree=1
    ).require()
    assert found.final.lo[0] <= np.exp(-1.0)
    assert np.exp(1.0) <= found.final.hi[0]
    assert float(found.final.hi[0] - found.final.lo[0]) <= 1.4 * (np.exp(1.0) - np.exp(-1.0))
    assert found.pieces > 1


def test_one_return_of_roessler_with_interval_parameters() -> None:
    # the period-1 point +- 1e-3 in the section, over its period
    centre = np.array([0.0, -8.3809417428, 0.0295900606])
    radius = np.array([0.0, 1e-3, 1e-3])
    parameters = cn.interval(["5.7", "0.2"])
    box = cn.IntervalArray(centre - radius, centre + radius)
    whole = cn.integrate(roessler(), box, 5.8810884, parameters).require()
    pieces = cn.integrate_pieces(roessler(), box, 5.8810884, parameters).require()
    points = centre + radius * np.random.default_rng(2).uniform(-1, 1, (10_000, 3))
    # decimals become their nearest doubles: far inside of what is compared
    assert excess(whole.final, roessler(), points, 5.8810884, [5.7, 0.2]) <= 1.1
    assert excess(pieces.final, roessler(), points, 5.8810884, [5.7, 0.2]) <= 1.5


def test_a_budget_too_small_is_a_verdict() -> None:
    x0 = np.array([1.2, 1.05, 1.5, 2.4, 1.0, 0.1, 0.45])
    few = cn.integrate_pieces(laub_loomis(), cn.IntervalArray(x0 - 0.1, x0 + 0.1), 20.0, max_pieces=8, set_degree=1)
    assert not few.proved
    assert few.value.tried <= 8
    assert "pieces" in few.detail
    with pytest.raises(ValueError, match="max_pieces"):
        cn.integrate_pieces(laub_loomis(), cn.IntervalArray(x0, x0), 1.0, max_pieces=0)
