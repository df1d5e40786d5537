"""Points in large systems travel in a tube while that loses little, in sets from then on: both sides of the switch."""

from __future__ import annotations

import numpy as np
import pytest
from flint import arb

import capnode as cn
from capnode import _core
from flow_fields import network


def layer(n: int) -> tuple[cn.Field, np.ndarray]:
    rng = np.random.default_rng(n)
    weight = 1.5 * rng.standard_normal((n, n)) / np.sqrt(n)
    return network([(weight, 0.1 * rng.standard_normal(n), "tanh")]), 0.3 * np.cos(np.arange(n) + 1)


@pytest.mark.parametrize("n", [17, 40])
@pytest.mark.parametrize("t", [0.5, 2.0, 8.0, -3.0])
def test_tubes_and_sets_enclose_the_same_solution(n: int, t: float) -> None:
    field, x0 = layer(n)
    alone = cn.integrate(field, x0, t, tolerance=1e-13).require().final
    # with the derivative, sets from the start
    carried = cn.integrate(field, x0, t, derivative=True, tolerance=1e-13).require().final
    assert (np.maximum(alone.lo, carried.lo) <= np.minimum(alone.hi, carried.hi)).all()
    # exp(4) is what a tube may lose against the sets before it is given up
    assert alone.rad.max() <= 200.0 * carried.rad.max() + 1e-15


def test_a_long_run_is_not_lost_in_its_tube() -> None:
    field, x0 = layer(100)
    short = cn.integrate(field, x0, 1.0, tolerance=1e-13).require().final
    assert (short.hi - short.lo).max() <= 1e-12
    long = cn.integrate(field, x0, 10.0, tolerance=1e-13).require().final
    assert (long.hi - long.lo).max() <= 1e-9


@pytest.mark.parametrize("radius", [0.3, 0.5, 0.56])
def test_a_tube_that_reaches_a_pole_proves_nothing(radius: float) -> None:
    """x' = -1/x, x(t)^2 = x(0)^2 - 2 t, wide in one of 20 rows: in a tube with 0 in it the Jacobian is unbounded, and
    0 times that in the rows that do not vary must not hide it."""
    n = 20
    builder = _core.FieldBuilder(n, 0, False)
    field = builder.build(builder.negate(builder.apply("reciprocal", builder.state())))
    spread = np.zeros(n)
    spread[0] = radius
    box = cn.IntervalArray(1.0 - spread, 1.0 + spread)
    ends = [arb(float(box.lo[0])), arb(float(box.hi[0]))]
    for derivative in (False, True):
        run = cn.integrate(field, box, 0.04, derivative=derivative, tolerance=0.1, set_degree=1).value
        for t in np.linspace(0.0, run.reached, 9)[1:]:
            x = run.enclosure(t)
            for end in ends:
                exact = (end * end - 2 * arb(float(t))).sqrt()
                assert arb(float(x.lo[0])) <= exact <= arb(float(x.hi[0])), (t, end)
