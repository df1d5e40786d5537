"""Discrete systems: orbits and derivatives of exact maps inside their enclosures, against Arb at 200 bits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flint import arb, arb_mat

import flow_fields
from capnode.discrete import euler_map, iterate
from capnode.field import Field
from capnode.integrate import parallelepiped
from capnode.interval_array import IntervalArray, interval
from flow_cases import network_case
from flow_oracle import Dual
from oracle_field import outside

ARRAY = np.ndarray[Any, Any]


def arb_orbit(graph: Any, x: list[Any], p: list[Any], weights: Any, h: float, steps: int, t0: float) -> Any:
    """All points, and the derivative of the last, of x -> x + h f(x, p, t)."""
    n = len(x)
    Y = arb_mat(n, n, [int(i == j) for i in range(n) for j in range(n)])
    points = [x]
    for k in range(steps):
        t = arb(t0) + k * arb(h)
        state = [Dual(v, [arb(int(i == j)) for j in range(n)]) for i, v in enumerate(x)]
        f = graph.value(state, [Dual(v, [arb(0)] * n) for v in p], weights, Dual(t, [arb(0)] * n))
        value = [g.value if isinstance(g, Dual) else g for g in f]
        slope = [g.slope if isinstance(g, Dual) else [arb(0)] * n for g in f]
        x = [v + arb(h) * g for v, g in zip(x, value, strict=True)]
        J = arb_mat(n, n, [arb(int(i == j)) + arb(h) * slope[i][j] for i in range(n) for j in range(n)])
        Y = J * Y
        points.append(x)
    return points, Y


@pytest.mark.parametrize(("width", "weight_radius"), [(0.0, 0.0), (1e-3, 0.0), (1e-8, 1e-7)])
def test_orbits_against_arb(width: float, weight_radius: float, cases: int) -> None:
    compared = 0
    for seed in range(25 * cases):
        rng = np.random.default_rng(40_000 + seed)
        case = network_case(rng, seed, width=width, weight_radius=weight_radius)
        h, steps = float(rng.choice([0.1, -0.05, 0.25])), int(rng.integers(1, 20))
        options = {k: v for k, v in case.options().items() if k in ("p", "t0")}
        result = iterate(euler_map(Field(case.graph.build()), h), case.start(), steps, derivative=True, **options)
        value = result.value
        assert value.steps == steps or not result.proved
        theta, phi = rng.uniform(-1, 1, len(case.x)), rng.uniform(-1, 1, len(case.p))
        x = [arb(float(v)) for v in case.x + theta * 0.999 * case.radius]
        p = [arb(float(v)) for v in case.p + phi * 0.999 * case.p_radius]
        points, Y = arb_orbit(case.graph, x, p, case.graph.member(rng), h, value.steps, case.t0)
        for k, point in enumerate(points):
            for i, y in enumerate(point):
                assert not outside(y, value.states.lo[k, i], value.states.hi[k, i]), (seed, case.name, k, i)
        for i in range(len(x)):
            assert not outside(points[-1][i], value.final.lo[i], value.final.hi[i])
            for j in range(len(x)):
                assert not outside(Y[i, j], value.derivative.lo[i, j], value.derivative.hi[i, j]), (seed, case.name)
        compared += result.proved
    assert compared >= 15 * cases


def test_euler_map_of_the_spiral(shared: Path) -> None:
    """100 steps of 0.1: width at most 1e-12, and the float orbit nearby."""
    step = euler_map(flow_fields.spiral(shared), 0.1)
    value = iterate(step, [2.0, 0.0], 100, derivative=True).require()
    x = np.array([2.0, 0.0])
    for _ in range(100):
        x = step(x)
    assert np.max(np.abs(value.final.mid - x)) < 1e-12
    assert float(np.max(value.final.width)) <= 1e-12
    assert float(np.max(value.derivative.width)) <= 1e-11
    assert value.states.shape == (101, 2)


def test_boxes_parallelepipeds_and_lanes(shared: Path) -> None:
    step = euler_map(flow_fields.spiral(shared), 0.1)
    box = interval([1.99, -0.01], [2.01, 0.01])
    whole = iterate(step, box, 50).require()
    rng = np.random.default_rng(2)
    lanes = iterate(step, rng.uniform(box.lo, box.hi, (20, 2)), 50, derivative=True).require()
    assert lanes.final.subset(whole.final).all()
    assert lanes.derivative.shape == (20, 2, 2)
    skew = iterate(step, parallelepiped([2.0, 0.0], [[1.0], [0.5]], interval([-0.01], [0.01])), 50).require()
    assert skew.final.subset(whole.final).all()


def test_a_field_as_a_map_and_stages() -> None:
    """The logistic map 4 x (1 - x), whose orbit through 3/4 is fixed; two maps one after another."""
    logistic = flow_fields.scalar_field(1, 1, lambda x, r: [r * x * (1.0 - x)])
    fixed = iterate(logistic, [0.75], 20, 4.0, derivative=True).require()
    assert fixed.final.contains(0.75).all()
    assert fixed.derivative.contains((-2.0) ** 20).all()
    double = flow_fields.scalar_field(1, 1, lambda x, r: [2.0 * x + 0.0 * r])
    value = iterate([(double, 3), (euler_map(double, 0.5), 2)], [1.0], p=1.0, derivative=True).require()
    assert value.final.contains(32.0).all()
    assert value.derivative.contains(32.0).all()


def test_divergence_keeps_what_was_proved() -> None:
    square = flow_fields.scalar_field(1, 0, lambda x: [x * x])
    result = iterate(square, [2.0], 20)
    assert not result.proved
    assert 5 < result.value.steps < 20
    assert result.value.states[3].contains(2.0**8).all()
    assert "of 20 steps" in result.detail


def test_misuse() -> None:
    square = flow_fields.scalar_field(1, 0, lambda x: [x * x])
    for steps in (-1, 2.5, True):
        with pytest.raises(ValueError, match="steps"):
            iterate(square, [1.0], steps)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="finite"):
        iterate(square, [np.nan], 3)
    with pytest.raises(ValueError, match="step"):
        euler_map(square, np.inf)
    with pytest.raises(ValueError, match="0 maps"):
        iterate([], [1.0])
    with pytest.raises(ValueError, match="dim"):
        iterate([(square, 1), (flow_fields.van_der_pol(), 1)], [1.0])


def test_zero_steps_give_the_initial_set() -> None:
    value = iterate(flow_fields.van_der_pol(), interval([0.0, 1.0], [1.0, 2.0]), 0).require()
    assert IntervalArray([0.0, 1.0], [1.0, 2.0]).subset(value.final).all()
    assert value.steps == 0
