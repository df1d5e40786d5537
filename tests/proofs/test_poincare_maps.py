"""Return maps: Rössler's periodic orbits by Krawczyk's operator, first crossings against known times, refusals."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

import capnode as cn
from capnode import Verdict, _core
from flow_fields import lorenz, roessler, scalar_field

# (y, z) on the section x = 0, x' > 0, for a = 5.7, b = 0.2; printed to ten digits.
PERIODIC = [
    (1, -8.3809417428, 0.0295900606),
    (2, -5.4240738227, 0.0310812108),
    (3, -6.2331586285, 0.0306401116),
]
DECIMALS = cn.interval(["5.7", "0.2"])


def krawczyk_image(k: int, centre: np.ndarray, radii: np.ndarray) -> cn.IntervalArray:
    """K(X) of G = P^k - id over X = centre +- radii in the section x = 0."""
    plane = cn.section([1.0, 0.0, 0.0])
    point = np.array([0.0, *centre])
    margin = np.array([0.0, *radii])
    box = cn.IntervalArray(point - margin, point + margin)
    middle = cn.poincare_map(roessler(), plane, point, DECIMALS, returns=k, direction=1, derivative=True).require()
    whole = cn.poincare_map(roessler(), plane, box, DECIMALS, returns=k, direction=1, derivative=True).require()
    preconditioner = np.linalg.inv(middle.derivative.mid[1:, 1:] - np.eye(2))
    image = []
    for i in range(2):
        total = cn.interval(float(centre[i]))
        for j in range(2):
            total = total - cn.interval(preconditioner[i, j]) * (middle.point[1 + j] - cn.interval(float(centre[j])))
            entry = cn.interval(float(i == j))
            for m in range(2):
                slope = whole.derivative[1 + m, 1 + j] - cn.interval(float(m == j))
                entry = entry - cn.interval(preconditioner[i, m]) * slope
            total = total + entry * (box[1 + j] - cn.interval(float(centre[j])))
        image.append((float(total.lo), float(total.hi)))
    return cn.IntervalArray(np.array([a for a, _ in image]), np.array([b for _, b in image]))


@pytest.mark.parametrize(("k", "y", "z"), PERIODIC)
def test_roessler_has_a_periodic_point_of_each_period(k: int, y: float, z: float) -> None:
    centre, radii = np.array([y, z]), np.array([1e-7, 1e-9])
    image = krawczyk_image(k, centre, radii)
    assert (image.lo > centre - radii).all()
    assert (image.hi < centre + radii).all()
    # the printed digits are those of the orbit: one unit of the last
    assert np.abs(image.mid - centre).max() <= 1e-10 + np.abs(image.rad).max()


def test_a_box_maps_into_what_its_points_map_to() -> None:
    plane = cn.section([1.0, 0.0, 0.0])
    centre = np.array([0.0, -8.3809417428, 0.0295900606])
    radius = np.array([0.0, 1e-5, 1e-5])
    whole = cn.poincare_map(
        roessler(), plane, cn.IntervalArray(centre - radius, centre + radius), DECIMALS, direction=1
    ).require()
    rng = np.random.default_rng(5)
    reached = []
    for corner in [*rng.uniform(-1, 1, (6, 3)), [0, 1, 1], [0, 1, -1], [0, -1, 1], [0, -1, -1]]:
        one = cn.poincare_map(roessler(), plane, centre + radius * np.asarray(corner), DECIMALS, direction=1).require()
        assert (whole.point.lo <= one.point.lo).all()
        assert (one.point.hi <= whole.point.hi).all()
        assert whole.time.lo <= one.time.lo
        assert one.time.hi <= whole.time.hi
        reached.append(one.point.mid)
    spread = np.ptp(np.array(reached), axis=0)
    assert ((whole.point.hi - whole.point.lo)[1:] <= 1.5 * spread[1:]).all()


def test_lorenz_returns_to_the_usual_section_downward() -> None:
    found = cn.poincare_map(
        lorenz(), cn.section([0.0, 0.0, 1.0], 27.0), [1.0, 1.0, 1.0], direction=-1, derivative=True
    ).require()
    assert float(found.point.lo[2]) == float(found.point.hi[2]) == 27.0
    assert (found.point.hi - found.point.lo).max() < 1e-10
    assert found.speed.hi < 0.0
    # the trajectory itself is there at that time
    there = cn.integrate(lorenz(), [1.0, 1.0, 1.0], float(found.time.mid)).require()
    assert np.abs(there.final.mid - found.point.mid).max() < 1e-10
    # D P maps into the section, and kills the direction of the flow
    assert (found.derivative.lo[2] == 0.0).all()
    assert (found.derivative.hi[2] == 0.0).all()


def rotation() -> cn.Field:
    return scalar_field(2, 0, lambda x, y: [-y, 1.0 * x])


@pytest.mark.parametrize("backward", [False, True])
def test_first_crossings_of_a_rotation_are_at_known_times(backward: bool) -> None:
    start = [0.0, 1.0] if backward else [0.0, -1.0]
    for returns in (1, 2, 3, 6):
        found = cn.poincare_map(
            rotation(), cn.section([2.0, 0.0], 1.0), start, returns=returns, derivative=True, backward=backward
        ).require()
        turns, second = divmod(returns - 1, 2)
        exact = 2 * math.pi * turns + (5 * math.pi / 6 if second else math.pi / 6)
        exact = -exact if backward else exact
        assert found.time.lo <= exact + 1e-15 * abs(exact)
        assert exact - 1e-15 * abs(exact) <= found.time.hi
        assert float(found.time.hi - found.time.lo) < 1e-11
        assert found.point.lo[0] <= 0.5 <= found.point.hi[0]


def test_starting_on_the_section_is_no_crossing() -> None:
    found = cn.poincare_map(rotation(), cn.section([1.0, 0.0], 0.0), [0.0, -1.0]).require()
    assert found.time.lo <= math.pi <= found.time.hi
    again = cn.poincare_map(rotation(), cn.section([1.0, 0.0], 0.0), [0.0, -1.0], direction=1).require()
    assert again.time.lo <= 2 * math.pi <= again.time.hi


def test_sections_not_met_and_sections_touched_are_verdicts() -> None:
    missed = cn.poincare_map(rotation(), cn.section([1.0, 0.0], 1.5), [0.0, -1.0], max_time=20.0)
    assert missed.verdict is Verdict.section_not_reached
    assert "20" in missed.detail
    touched = cn.poincare_map(rotation(), cn.section([1.0, 0.0], 1.0), [0.0, -1.0], max_time=20.0)
    assert touched.verdict is Verdict.tangent
    wide = cn.IntervalArray([-0.3, -1.3], [0.3, -0.7])
    straddling = cn.poincare_map(rotation(), cn.section([1.0, 0.0], 1.0), wide, max_time=20.0)
    assert not straddling.proved
    equator = cn.poincare_map(rotation(), cn.section([0.0, 1.0], -1.0), [0.0, -1.0], max_time=20.0)
    assert equator.verdict is Verdict.tangent


def test_misuse_is_a_value_error_with_the_numbers() -> None:
    with pytest.raises(ValueError, match="zero"):
        cn.section([0.0, 0.0])
    with pytest.raises(ValueError, match="3 entries"):
        cn.poincare_map(rotation(), cn.section([1.0, 0.0, 0.0]), [0.0, -1.0])
    with pytest.raises(ValueError, match="direction"):
        cn.poincare_map(rotation(), cn.section([1.0, 0.0]), [0.0, -1.0], direction=2)
    with pytest.raises(ValueError, match="returns"):
        cn.poincare_map(rotation(), cn.section([1.0, 0.0]), [0.0, -1.0], returns=0)
    with pytest.raises(ValueError, match="max_pieces"):
        cn.poincare_map(rotation(), cn.section([1.0, 0.0]), [0.0, -1.0], max_pieces=0)
    with pytest.raises(ValueError, match="layer"):
        cn.poincare_map(cn.layered([(rotation(), 1.0)]), cn.section([1.0, 0.0]), [0.0, -1.0])


def roessler_speed(x: np.ndarray) -> np.ndarray:
    return np.stack([-x[:, 1] - x[:, 2], x[:, 0] + 0.2 * x[:, 1], 0.2 + x[:, 2] * (x[:, 0] - 5.7)], axis=1)


def floating_returns(points: np.ndarray) -> np.ndarray:
    """One return of Rössler to x = 0, x' > 0 near the period-1 orbit: its period in doubles, then along the flow."""
    x = _core.plain_flow(roessler().core, points, parameter=[5.7, 0.2], duration=5.8810884)["final"]
    for _ in range(5):
        h = (-x[:, 0] / roessler_speed(x)[:, 0])[:, None]
        k1 = roessler_speed(x)
        k2 = roessler_speed(x + h / 2 * k1)
        k3 = roessler_speed(x + h / 2 * k2)
        x = x + h / 6 * (k1 + 2 * k2 + 2 * k3 + roessler_speed(x + h * k3))
    return x


@pytest.mark.parametrize("radius", [(0.0, 1e-3, 1e-3), (1e-3, 1e-3, 1e-3), (0.0, 3e-2, 1e-2)])
def test_wide_sets_return_in_pieces(radius: tuple[float, float, float]) -> None:
    centre, r = np.array([0.0, -8.3809417428, 0.0295900606]), np.array(radius)
    found = cn.poincare_map(
        roessler(), cn.section([1.0, 0.0, 0.0]), cn.IntervalArray(centre - r, centre + r), DECIMALS, direction=1
    ).require()
    corners = np.array(list(itertools.product([-1.0, 1.0], repeat=3)))
    inner = np.random.default_rng(2).uniform(-1, 1, (10_000, 3))
    ends = floating_returns(centre + r * np.vstack([inner, corners]))[:, 1:]
    lo, hi = ends.min(axis=0), ends.max(axis=0)
    assert (found.point.lo[1:] <= lo + 1e-10).all()
    assert (hi <= found.point.hi[1:] + 1e-10).all()
    assert ((found.point.hi - found.point.lo)[1:] / (hi - lo)).max() <= 1.5


def test_pieces_bring_home_what_is_too_wide_as_one() -> None:
    # x rises from -0.4 ... 0.4 around the lowest point of the unit circle: whole, the set straddles the section
    box = cn.IntervalArray([-0.2, -1.2], [0.2, -0.8])
    whole = cn.poincare_map(rotation(), cn.section([1.0, 0.0], 0.75), box, max_pieces=1)
    pieces = cn.poincare_map(rotation(), cn.section([1.0, 0.0], 0.75), box, excess=0.01).require()
    assert pieces.pieces > 1
    # the circle of radius |x0| meets x = 0.75 in y = -sqrt(|x0|^2 - 0.75^2)
    exact = [-math.sqrt(1.48 - 0.5625), -math.sqrt(0.64 - 0.5625)]
    assert pieces.point.lo[1] <= exact[0]
    assert exact[1] <= pieces.point.hi[1]
    assert float(pieces.point.hi[1] - pieces.point.lo[1]) <= 1.5 * (exact[1] - exact[0])
    if whole.proved:
        assert (whole.point.hi - whole.point.lo)[1] >= (pieces.point.hi - pieces.point.lo)[1]


def test_a_field_that_depends_on_time_returns() -> None:
    # x' = cos t: x = x0 + sin t - sin t0 meets 1 from 1/2 at sin t = 1/2 + sin t0, and dt/dx0 = -1 / cos t
    driven = scalar_field(2, 0, lambda x, y, t: [t.apply("cos"), 0.0 * x + 1.0], time=True)
    t0 = -0.25
    found = cn.poincare_map(driven, cn.section([1.0, 0.0], 1.0), [0.5, 0.0], derivative=True, t0=t0).require()
    end = math.asin(0.5 + math.sin(t0))
    assert found.time.lo <= end - t0 + 1e-15
    assert end - t0 - 1e-15 <= found.time.hi
    assert float(found.time.hi - found.time.lo) < 1e-12
    assert np.abs(found.derivative.mid - [[0.0, 0.0], [-1.0 / math.cos(end), 1.0]]).max() < 1e-10
    box = cn.IntervalArray([0.45, -0.1], [0.55, 0.1])
    spread = cn.poincare_map(driven, cn.section([1.0, 0.0], 1.0), box, t0=t0).require()
    first, last = (math.asin(1.0 - x + math.sin(t0)) - t0 for x in (0.55, 0.45))
    assert spread.time.lo <= first
    assert last <= spread.time.hi
    assert float(spread.time.hi - spread.time.lo) <= 1.5 * (last - first)


def test_a_parameter_as_thin_as_rounding_is_not_cut() -> None:
    """What sticks out of the linear images there is rounding, however large it became: one piece, not hundreds."""
    field = scalar_field(3, 1, lambda x, y, z, q: [10.0 * (y - x), x * (28.0 - z) - y, x * y - q * z])
    q = cn.interval(8) / cn.interval(3)
    start = np.array([-2.1473674741633753, 2.0780481172873415, 27.0])
    plane = cn.section([0.0, 0.0, 1.0], 27.0)
    thin = cn.poincare_map(field, plane, start, q.reshape(1), returns=3, direction=-1, derivative=True).require()
    assert thin.pieces == 1
    exact = cn.poincare_map(lorenz(), plane, start, returns=3, direction=-1, derivative=True).require()
    assert not thin.point.disjoint(exact.point).any()
    assert not thin.derivative.disjoint(exact.derivative).any()
    # The derivative is taken over the box of the crossing itself, not over the span in which it was looked for.
    assert exact.derivative.width.max() < 1e-8
