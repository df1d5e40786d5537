"""Defects of large systems by norms. The 2-norm of integrals row by row is below the integral of the norm, and a flow
that rotates makes up the difference: here a quarter turn a step, with a constant defect (a radius of a bias or of a
weight) in one row and a truncated order, which comes at the end of the step, in another."""

from __future__ import annotations

from math import factorial
from typing import Any

import numpy as np
import pytest
from flint import acb, arb, arb_poly

import capnode as cn
from capnode import _core
from capnode.verification import flow_step
from capnode.verification.program import Node, Program, Tensor

N = 17  # the smallest system that goes by norms
TURN = float(np.pi / 2)


def rotation() -> np.ndarray[Any, Any]:
    a = np.zeros((N, N))
    a[0, 1], a[1, 0] = TURN, -TURN
    return a


def turned(constant: float) -> Any:
    """z(1) of z' = -i TURN z + constant, z(0) = 0."""
    turn = acb(0, TURN)
    return constant * (1 - (-turn).exp()) / turn


def largest_ratio(z: Any, lo: np.ndarray[Any, Any], hi: np.ndarray[Any, Any]) -> float:
    """Of the error against the radius, over both components; inside is at most 1."""
    ratios = []
    for y, a, b in zip((z.real, z.imag), lo, hi, strict=True):
        assert arb(float(a)) <= y <= arb(float(b))
        middle, radius = (arb(float(a)) + arb(float(b))) / 2, (arb(float(b)) - arb(float(a))) / 2
        ratios.append(float(abs(y - middle) / radius))
    return max(ratios)


@pytest.mark.parametrize("derivative", [False, True])
@pytest.mark.parametrize("order", [8, 9])
def test_a_bias_radius_and_a_truncated_order(order: int, derivative: bool) -> None:
    """Without the derivative a tube, with it the sets."""
    size = TURN ** (order + 1) / factorial(order + 1)
    spread = np.zeros(N)
    spread[0] = size
    builder = _core.FieldBuilder(N, 0, False)
    field = builder.build(builder.affine(builder.state(), rotation(), None, np.zeros(N), spread))
    x0 = np.zeros(N)
    x0[order % 2] = 1.0
    run = cn.integrate(field, x0, 1.0, order=order, tolerance=1e4, derivative=derivative, set_degree=1).require()
    assert run.steps == 1
    start = acb(float(x0[0]), float(x0[1])) * (-acb(0, TURN)).exp()
    lo, hi = run.final.lo[:2], run.final.hi[:2]
    assert max(largest_ratio(start + turned(s * float(size)), lo, hi) for s in (-1, 1)) > 0.6


@pytest.mark.parametrize("order", [8, 12])
def test_a_weight_radius_and_a_truncated_order_of_the_tangents(order: int) -> None:
    """x0' = w x1 + r x2, x1' = -w x0 + a x2 x3^order, x3' = 1, from 0: the derivative by x2."""
    a = 0.01
    radius, bias, into = np.zeros((N, N)), np.zeros(N), np.zeros((N, 1))
    radius[0, 2], bias[3], into[1, 0] = a / (order + 1), 1.0, a
    builder = _core.FieldBuilder(N, 0, False)
    x = builder.state()
    product = builder.multiply(builder.gather(x, [2]), builder.power(builder.gather(x, [3]), order))
    linear = builder.affine(x, rotation(), radius, bias, None)
    field = builder.build(builder.add(linear, builder.affine(product, into, None, None, None)))
    run = cn.integrate(field, np.zeros(N), 1.0, order=order, tolerance=1e4, derivative=True).require()
    assert run.steps == 1
    driven = acb.integral(lambda s, _: ((s - 1) * acb(0, TURN)).exp() * s**order, 0, 1) * acb(0, a)
    lo, hi = run.derivative.lo[:2, 2], run.derivative.hi[:2, 2]
    assert max(largest_ratio(driven + turned(s * float(radius[0, 2])), lo, hi) for s in (-1, 1)) > 0.5


@pytest.mark.parametrize("n", [2, N])
def test_a_radius_that_grows(n: int) -> None:
    """x0' = x0 + r x1 +- r, x1' = 0, from 0: x0 at time 1 and its derivative by x1 reach r (e - 1), the integral of
    the defect is r alone; by components too."""
    weight, radius, spread, r = np.zeros((n, n)), np.zeros((n, n)), np.zeros(n), 2.0**-20
    weight[0, 0], radius[0, 1], spread[0] = 1.0, r, r
    builder = _core.FieldBuilder(n, 0, False)
    field = builder.build(builder.affine(builder.state(), weight, radius, np.zeros(n), spread))
    run = cn.integrate(field, np.zeros(n), 1.0, order=20, tolerance=1e4, derivative=True).require()
    assert run.steps == 1
    exact = r * (arb(1).exp() - 1)
    for found in (run.derivative[0, 1], run.final[0]):
        assert arb(float(found.lo)) <= -exact
        assert exact <= arb(float(found.hi)) <= 2 * exact


def test_what_a_set_carries_is_in_the_next_tube() -> None:
    """x0' = 1 +- r, then nothing moves: all the tube holds is what the first layer left."""
    bias, spread = np.zeros(N), np.zeros(N)
    bias[0], spread[0] = 1.0, 2.0**-10
    fields = []
    for terms in ((bias, spread), (None, None)):
        builder = _core.FieldBuilder(N, 0, False)
        fields.append(builder.build(builder.affine(builder.state(), np.zeros((N, N)), None, *terms)))
    flow = cn.layered([(fields[0], 1.0), (fields[1], 1.0)])
    run = cn.integrate(flow, np.zeros(N), derivative=True).require()
    for t in (1.0, 1.25, 1.75, 2.0):
        x = run.enclosure(t)
        assert x.lo[0] <= 1.0 - spread[0]
        assert 1.0 + spread[0] <= x.hi[0] <= 1.0 + 1.01 * spread[0]


@pytest.mark.parametrize("derivative", [False, True])
@pytest.mark.parametrize(("coefficients", "t"), [((2.0, -4.0, 0.0), 1.5), ((1.0, -4.0, 4.0), 2.0)])
def test_a_growth_that_changes_within_a_step(coefficients: tuple[float, ...], t: float, derivative: bool) -> None:
    """|x0| <= r, then x0' = g(s) x0, s' = 1: no growth in the middle of the step, where the Jacobian is taken, but the
    integral of g is positive up to there, or at both ends."""
    spread, clock = np.zeros(N), np.zeros(N)
    spread[0], clock[1] = 2.0**-20, 1.0
    builder = _core.FieldBuilder(N, 0, False)
    first = builder.build(builder.affine(builder.state(), np.zeros((N, N)), None, np.zeros(N), spread))
    builder = _core.FieldBuilder(N, 0, False)
    x = builder.state()
    s = builder.gather(x, [1])
    powers = builder.concat([s, builder.power(s, 2)])
    g = builder.affine(powers, np.array([coefficients[1:]]), None, np.array(coefficients[:1]), None)
    into = np.zeros((N, 1))
    into[0, 0] = 1.0
    second = builder.build(builder.affine(builder.multiply(g, builder.gather(x, [0])), into, None, clock, None))
    flow = cn.layered([(first, 1.0), (second, 1.0)])
    run = cn.integrate(flow, np.zeros(N), order=20, tolerance=1e4, derivative=derivative).require()
    assert run.steps == 2
    at = t - 1.0
    exact = float(spread[0]) * arb(sum(c * at ** (k + 1) / (k + 1) for k, c in enumerate(coefficients))).exp()
    found = run.enclosure(t)
    assert arb(float(found.lo[0])) <= -exact
    assert exact <= arb(float(found.hi[0]))


def test_a_derivative_that_varies_over_a_box() -> None:
    """x0' = x0^2 from |x0| <= r: the derivative is 1 / (1 - x0)^2 at time 1, all from what the Jacobian varies over
    the tube."""
    r = 2.0**-10
    spread, into = np.zeros(N), np.zeros((N, 1))
    spread[0], into[0, 0] = r, 1.0
    builder = _core.FieldBuilder(N, 0, False)
    square = builder.power(builder.gather(builder.state(), [0]), 2)
    field = builder.build(builder.affine(square, into, None, None, None))
    box = cn.IntervalArray(-spread, spread)
    run = cn.integrate(field, box, 1.0, order=20, tolerance=1e4, derivative=True).require()
    assert run.steps == 1
    for x in (arb(-r), arb(r)):
        assert arb(float(run.derivative.lo[0, 0])) <= 1 / (1 - x) ** 2 <= arb(float(run.derivative.hi[0, 0]))
    assert run.derivative.hi[0, 0] <= 1.0 + 2.1 * r


def test_the_referee_integrates_the_norm_of_a_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    """x' = R x, R a rotation that turns with the defect d = (1, 2 s) of P = -R^-1 d - R^-2 d', in one piece: |x - P| at
    the end is more than |(1, 1)|, the norm of the integrals row by row."""
    monkeypatch.setattr(flow_step, "FIRST_PIECE", 1.0)
    nodes = (Node("state", 2), Node("affine", 2, inputs=(0,), weight=0))
    program = Program(2, 0, False, nodes, (Tensor(2, 2, (0.0, -1.0, 1.0, 0.0)),), 1)
    curve = [arb_poly([0, -2]), arb_poly([3])]
    step = flow_step.Step(arb(0), 1.0, curve, [2.0, 2.0])
    found = flow_step.StepProver(program).run_by_norm(step, arb(0))
    exact = abs(acb.integral(lambda s, _: (acb(0, 1) * (1 - s)).exp() * (1 + 2 * acb(0, 1) * s), 0, 1))
    assert arb(2).sqrt() < exact < found
    assert found < arb(1.4) * exact
