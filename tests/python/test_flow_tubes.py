"""Points in large systems travel in a tube while that loses little, in sets from then on: both sides of the switch."""

from __future__ import annotations

import numpy as np
import pytest

import capnode as cn
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
