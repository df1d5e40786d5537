"""The tube that follows the tangents, inside a step: small systems whose solutions are polynomials, with every term of
the bound nearly attained: the chord, its curvature, the share of what is not linear, and the way back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from flint import arb

import capnode as cn
from capnode import _core


def chain() -> Any:
    """x0' = x1, x1' = x2, x2' = 0."""
    builder = _core.FieldBuilder(3, 0, False)
    return builder.build(builder.affine(builder.state(), np.diag([1.0, 1.0], 1), None, None, None))


def square() -> Any:
    """x0' = x1^2, x1' = 0."""
    builder = _core.FieldBuilder(2, 0, False)
    x = builder.state()
    into = np.array([[1.0], [0.0]])
    product = builder.power(builder.gather(x, [1]), 2)
    return builder.build(builder.affine(product, into, None, None, None))


def ratio(exact: Any, lo: float, hi: float) -> float:
    """The error against the radius; at most 1 inside."""
    middle, radius = (arb(float(lo)) + arb(float(hi))) / 2, (arb(float(hi)) - arb(float(lo))) / 2
    assert arb(float(lo)) <= exact <= arb(float(hi)), (exact, lo, hi)
    return float(abs(exact - middle) / radius)


@pytest.mark.parametrize(
    ("direction", "t"),
    [((0.0, 1.0, -2.0), 0.5), ((0.0, 1.0, 0.0), 0.9990234375), ((1.0, -1.0, 0.0), 0.0009765625)],
    ids=["curvature", "end", "start"],
)
def test_chord_and_curvature(direction: tuple[float, ...], t: float) -> None:
    """x0(t) = b (d0 + d1 t + d2 t^2 / 2), |b| <= 2^-10: a parabola over its chord, or the chord alone."""
    size = 2.0**-10
    start = cn.parallelepiped(np.zeros(3), size * np.array(direction)[:, None], cn.IntervalArray([-1.0], [1.0]))
    run = cn.integrate(chain(), start, 1.0, tolerance=1e4, set_degree=1).require()
    assert run.steps == 1
    x = run.enclosure(t)
    at = arb(t)
    exact = size * (direction[0] + direction[1] * at + direction[2] * at * at / 2)
    assert all(ratio(s * exact, x.lo[0], x.hi[0]) > 0.99 for s in (-1, 1))


@pytest.mark.parametrize(("size", "derivative"), [(4e-9, True), (1e-3, True), (1e-3, False), (0.1, False)])
def test_share_of_what_is_not_linear(size: float, derivative: bool) -> None:
    """x0(t) = x1^2 t, x1 in +-size: nothing of it is in the tangents. The first guess of the share is enough for the
    smallest set alone; later steps know better."""
    box = cn.IntervalArray([0.0, -size], [0.0, size])
    run = cn.integrate(square(), box, 0.5, derivative=derivative, tolerance=1e4, set_degree=1).require()
    for t in (0.125, 0.25, 0.4375, 0.5):
        x = run.enclosure(t)
        assert ratio(arb(size) * arb(size) * arb(t), x.lo[0], x.hi[0]) > 0.02


@pytest.mark.parametrize("n", [2, 17])
@pytest.mark.parametrize("derivative", [False, True])
def test_what_the_centre_rounds_off(n: int, derivative: bool) -> None:
    """x0' = 2^-60 from 1, then x1' = x0 - 1: the centre stays (1, 0), and what is below its last bit moves x1."""
    creep, into = np.zeros(n), np.zeros((n, 1))
    creep[0], into[1, 0] = 2.0**-60, 1.0
    builder = _core.FieldBuilder(n, 0, False)
    slow = builder.build(builder.affine(builder.state(), np.zeros((n, n)), None, creep, None))
    builder = _core.FieldBuilder(n, 0, False)
    difference = builder.subtract(builder.gather(builder.state(), [0]), builder.constant(np.ones(1)))
    fast = builder.build(builder.affine(difference, into, None, None, None))
    start = np.zeros(n)
    start[0] = 1.0
    run = cn.integrate(
        cn.layered([(slow, 0.5), (slow, 0.5), (fast, 1.0)]), start, tolerance=1e4, derivative=derivative
    ).require()
    for t in (1.0, 1.5, 1.9990234375, 2.0):
        assert run.enclosure(t).lo[1] <= 2.0**-60 * (t - 1.0) <= run.enclosure(t).hi[1] <= 2.0**-50
