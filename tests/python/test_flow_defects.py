"""The defect of a single step against an exact quadrature: in one dimension, where the field falls, the tube of a step
is the bound of the integral of |P' - f(P)| itself. Low orders and long steps, so that the truncated orders, each with
its own bound, are what there is."""

from __future__ import annotations

from typing import Any

import flint
import numpy as np
import pytest
from flint import arb, arb_series

from capnode import _core
from capnode.field import Field
from capnode.integrate import integrate
from oracle_field import FUNCTIONS, POSITIVE_ONLY, Graph, function, power

CASES = [*FUNCTIONS, "3", "4", "5", "-1", "-2", "product", "quotient"]


def value(name: str, x: Any) -> Any:
    if name == "product":  # sin x times tanh x
        return x.sin() * function("tanh", x)
    if name == "quotient":
        return function("tanh", x) / (2 + x * x)
    return power(x, int(name)) if name.lstrip("-").isdigit() else function(name, x)


def slope_sign(name: str, x: float) -> float:
    h = arb("1e-20")
    return 1.0 if value(name, arb(x) + h) > value(name, arb(x) - h) else -1.0


def graph_of(name: str, sign: float, drift: float) -> Graph:
    """x' = sign f(x) + drift."""
    g = Graph(1, 0)
    x = g.push(1, "state")
    if name == "product":
        y = g.push(1, "multiply", g.push(1, "apply", "sin", x), g.push(1, "apply", "tanh", x))
    elif name == "quotient":
        two = g.push(1, "constant", (np.array([2.0]), None))
        below = g.push(1, "add", two, g.push(1, "apply", "square", x))
        y = g.push(1, "divide", g.push(1, "apply", "tanh", x), below)
    elif name.lstrip("-").isdigit():
        y = g.push(1, "power", x, int(name))
    else:
        y = g.push(1, "apply", name, x)
    g.push(1, "affine", y, (np.array([[sign]]), None), (np.array([drift]), None))
    return g


def integrated_defect(name: str, c: list[Any], scale: Any, sign: float, drift: float, end: Any) -> Any:
    """The integral of P' - scale f(P) over [0, end]: Taylor series of order 30 around the middles of 16 pieces."""
    cap = flint.ctx.cap
    flint.ctx.cap = 31
    try:
        total, half = arb(0), end / 32
        for q in range(16):
            shift = arb_series([(2 * q + 1) * half, 1], 31)
            x = arb_series([0], 31)
            for a in reversed(c):
                x = x * shift + a
            f = sign * value(name, x)
            total -= 2 * half * scale * drift
            total -= sum((scale * f[k] * 2 * half ** (k + 1) / (k + 1) for k in range(0, 31, 2)), arb(0))
        return total + _polynomial(c, end) - c[0]
    finally:
        flint.ctx.cap = cap


def _polynomial(c: list[Any], t: Any) -> Any:
    total = arb(0)
    for a in reversed(c):
        total = total * t + a
    return total


@pytest.mark.parametrize("name", CASES)
def test_defect_of_one_step(name: str, cases: int) -> None:
    rng = np.random.default_rng(CASES.index(name))
    ratios = []
    for _ in range(12 * cases):
        x0 = float(rng.uniform(0.3, 2.0) if name in POSITIVE_ONLY or name.startswith("-") else rng.normal())
        sign = -slope_sign(name, x0)
        drift = float(rng.normal())
        direction = 1.0
        field = Field(graph_of(name, sign, drift).build())
        order = int(rng.choice([3, 4, 5, 7, 12]))
        tolerance = float(10.0 ** rng.uniform(-4, 1))
        run = integrate(field, [x0], direction * 8.0, order=order, tolerance=tolerance, max_steps=1).value
        if run.steps == 0:
            continue
        step = run.dense.step(0)
        c, scale, tube = [arb(float(v)) for v in step["polynomial"][0]], arb(step["scale"]), float(step["tube"][0])
        theta = float(step["length"] / step["scale"])

        for part in (1.0, 0.7, 0.4):
            defect = abs(integrated_defect(name, c, scale, sign, drift, arb(theta) * arb(part)))
            if not defect.is_finite():
                continue
            assert not defect > arb(tube), (x0, order, tolerance, part, defect.str(10), tube)
            if part == 1.0:
                ratios.append(tube / max(float(defect.mid()), 1e-300))
    assert len(ratios) >= 6
    # Where the truncation is all there is, the bound is near: a test of bounds far off would be no test.
    assert min(ratios) < 3.0


@pytest.mark.parametrize("seed", range(8))
def test_a_weight_radius_costs_no_steps(seed: int) -> None:
    """What a weight radius adds to the defect is there for every length; steps must not shrink to avoid it."""
    rng = np.random.default_rng(seed)
    n = 2 + seed
    weight, bias = 1.5 * rng.standard_normal((n, n)) / np.sqrt(n), 0.1 * rng.standard_normal(n)
    steps = []
    for radius in (None, np.full((n, n), 1e-8)):
        builder = _core.FieldBuilder(n, 0, False)
        field = builder.build(builder.apply("tanh", builder.affine(builder.state(), weight, radius, bias, None)))
        answer = _core.integrate(field, np.full((1, n), 0.3), duration=5.0, max_steps=2000)
        assert answer["verdicts"] == ["proved"]
        steps.append(int(answer["steps"][0]))
    assert steps[1] <= 1.5 * steps[0] + 2
