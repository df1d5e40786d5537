"""`set_degree` as a user meets it: the choice, what every degree gives, refusals."""

from __future__ import annotations

import numpy as np
import pytest

import capnode as cn
from flow_fields import laub_loomis, lorenz, scalar_field, van_der_pol

CENTRE, RADIUS = np.array([1.4, 2.4]), 0.05
BOX = cn.IntervalArray(CENTRE - RADIUS, CENTRE + RADIUS)


def test_the_choice() -> None:
    assert cn.integrate(van_der_pol(), CENTRE, 2.0).value.set_degree == 1  # a point
    narrow = cn.integrate(van_der_pol(), cn.IntervalArray(CENTRE - 1e-8, CENTRE + 1e-8), 2.0).require()
    assert narrow.set_degree == 1
    wide = cn.integrate(van_der_pol(), BOX, 2.0).require()
    assert wide.set_degree > 1
    linear = cn.integrate(van_der_pol(), BOX, 2.0, set_degree=1).require()
    assert (wide.final.width < linear.final.width).all()
    # derivatives are carried by linear sets
    assert cn.integrate(van_der_pol(), BOX, 0.5, derivative=True).require().set_degree == 1


def test_degrees_agree_and_sharpen() -> None:
    runs = [cn.integrate(van_der_pol(), BOX, 3.0, set_degree=d).require() for d in (2, 3, 4, 6)]
    for a in runs:
        for b in runs:
            assert not a.final.disjoint(b.final).any()
    assert runs[-1].width < runs[0].width
    # there and back again
    back = cn.integrate(van_der_pol(), runs[-1].final, 2.5, t0=3.0).require()
    forth = cn.integrate(van_der_pol(), BOX, 2.5).require()
    assert back.reached == 2.5
    assert (back.final.lo <= forth.final.hi).all()
    assert (forth.final.lo <= back.final.hi).all()


def test_lanes_of_boxes_and_points() -> None:
    boxes = cn.IntervalArray(np.stack([CENTRE - 1e-9, CENTRE - RADIUS]), np.stack([CENTRE + 1e-9, CENTRE + RADIUS]))
    batch = cn.integrate(van_der_pol(), boxes, 2.0).require()
    assert batch.set_degree is not None
    assert batch.set_degree.tolist()[0] == 1
    assert batch.set_degree.tolist()[1] > 1
    alone = cn.integrate(van_der_pol(), BOX, 2.0).require()
    assert np.array_equal(batch.final.lo[1], alone.final.lo)


def test_times_asked_for_and_spans_of_time() -> None:
    times = [0.25, 0.5, 2.0]
    run = cn.integrate(van_der_pol(), BOX, times).require()
    assert run.states.shape == (3, 2)
    for t, lo, hi in zip(times, run.states.lo, run.states.hi, strict=True):
        alone = cn.integrate(van_der_pol(), BOX, t).require()
        assert ((hi - lo) <= 1.02 * alone.final.width).all()
    span = run.enclosure(cn.interval(0.25, 0.5))
    assert (span.lo <= run.states.lo[:2]).all()
    assert (run.states.hi[:2] <= span.hi).all()


def test_uncertain_parameters_are_coordinates() -> None:
    field = scalar_field(1, 1, lambda x, a: [a * x])
    run = cn.integrate(field, [1.0], 1.0, cn.interval([-1.0], [1.0])).require()
    assert run.final.lo[0] <= np.exp(-1.0) <= run.final.lo[0] + 0.12
    assert run.final.hi[0] - 0.12 <= np.exp(1.0) <= run.final.hi[0]
    # decimals, of rounding width, start in the error set
    thin = cn.integrate(field, cn.IntervalArray([0.5], [1.5]), 1.0, cn.interval(["0.1"]), set_degree=2).require()
    assert thin.final.lo[0] <= 0.5 * np.exp(0.1)
    assert 1.5 * np.exp(0.1) <= thin.final.hi[0]
    assert thin.width <= np.exp(0.1) * (1.0 + 1e-12)


def test_a_set_that_is_a_point() -> None:
    point = cn.integrate(lorenz(), [1.0, 1.0, 1.0], 1.0).require()
    model = cn.integrate(lorenz(), [1.0, 1.0, 1.0], 1.0, set_degree=2).require()
    assert not point.final.disjoint(model.final).any()
    assert model.width < 1e-10


def test_what_cannot_go_on_is_a_verdict() -> None:
    square = scalar_field(1, 0, lambda x: [x * x])
    for degree in (None, 2, 4):  # 1/x - t
        blow_up = cn.integrate(square, cn.IntervalArray([0.9], [1.1]), 2.0, set_degree=degree)
        assert not blow_up.proved
        assert 0.3 < blow_up.value.reached < 1.0 / 1.1
        x = blow_up.value.enclosure(0.3)
        assert x.lo[0] <= 1 / (1 / 0.9 - 0.3)
        assert x.hi[0] >= 1 / (1 / 1.1 - 0.3)
    short = cn.integrate(laub_loomis(), cn.interval([0.1] * 7, [3.0] * 7), 20.0, max_seconds=0.3)
    assert not short.proved
    steps = cn.integrate(van_der_pol(), BOX, 20.0, set_degree=3, max_steps=5)
    assert steps.value.steps == 5
    assert steps.verdict is cn.Verdict.too_wide
    assert steps.value.reached == float(steps.value.times[-1])


def test_refusals() -> None:
    with pytest.raises(ValueError, match="set_degree must lie between 1 and 20, not 0"):
        cn.integrate(van_der_pol(), BOX, 1.0, set_degree=0)
    with pytest.raises(ValueError, match="set_degree=2"):
        cn.integrate(van_der_pol(), BOX, 1.0, set_degree=2, derivative=True)
    with pytest.raises(ValueError, match="set_degree=2"):
        cn.integrate(van_der_pol(), BOX, 1.0, set_degree=2, step="classical")
    with pytest.raises(ValueError, match="degree 20 in 7 variables"):
        cn.integrate(laub_loomis(), cn.interval([0.1] * 7, [0.3] * 7), 1.0, set_degree=20)
    run = cn.integrate(van_der_pol(), BOX, 1.0, set_degree=2)
    with pytest.raises(ValueError, match="set_degree=1"):
        run.certificate()


def test_layers() -> None:
    """One field in pieces of time loses nothing at the seams; a change of field is held by linear sets too."""
    whole = cn.integrate(van_der_pol(), BOX, 4.0, set_degree=4).require()
    parts = cn.integrate(cn.layered([(van_der_pol(), 1.0)] * 4), BOX, set_degree=4).require()
    assert not whole.final.disjoint(parts.final).any()
    assert (parts.final.width <= 1.02 * whole.final.width).all()
    assert parts.set_degree == 4
    turn = scalar_field(2, 0, lambda x, y: [-y, x + 0.5 * (x * y)])
    mixed = cn.layered([(van_der_pol(), 0.5), (turn, 1.0), (van_der_pol(), 0.5)])
    chosen = cn.integrate(mixed, BOX).require()
    linear = cn.integrate(mixed, BOX, set_degree=1).require()
    assert chosen.set_degree > 1
    assert (chosen.final.width < linear.final.width).all()
    for t in (0.3, 0.5, 1.1, 2.0):
        a, b = chosen.enclosure(t), linear.enclosure(t)
        assert not a.disjoint(b).any()
        for corner in (CENTRE - RADIUS, CENTRE + RADIUS):
            point = cn.integrate(mixed, corner, t).require().final
            assert not a.disjoint(point).any()
            assert (a.lo <= point.hi).all()


def test_pieces_of_higher_degree() -> None:
    wide = cn.IntervalArray(CENTRE - 0.6, CENTRE + 0.6)
    pieces = cn.integrate_pieces(van_der_pol(), wide, 3.0, set_degree=3).require()
    linear = cn.integrate_pieces(van_der_pol(), wide, 3.0, set_degree=1).require()
    assert not pieces.final.disjoint(linear.final).any()
    assert pieces.pieces < linear.pieces
