"""The derivative of a solution by the parameters, against the oracle with the parameters as rows of the state."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from flint import arb

import capnode as cn
import flow_oracle
from capnode.field import Field
from flow_cases import Case, network_case
from flow_fields import scalar_field
from oracle_field import Graph, outside


def with_parameters_as_state(graph: Graph) -> Graph:
    """(x, p)' = (f(x, p, t), 0)."""
    n, m = graph.dim, graph.parameter_dim
    wide = Graph(n + m, 0, time=graph.time)
    z = wide.push(n + m, "state")
    state = wide.push(n, "gather", z, list(range(n)))
    parameter = wide.push(m, "gather", z, list(range(n, n + m)))
    ids: list[int] = []
    two = ("add", "subtract", "multiply", "divide", "matvec")
    for size, (kind, *args) in zip(graph.sizes, graph.nodes, strict=True):
        if kind in ("state", "parameter"):
            ids.append(state if kind == "state" else parameter)
            continue
        if kind == "concat":
            args = [[ids[a] for a in args[0]], *args[1:]]
        elif kind == "apply":
            args = [args[0], ids[args[1]]]
        elif kind in two:
            args = [ids[args[0]], ids[args[1]], *args[2:]]
        elif kind not in ("constant", "time"):
            args = [ids[args[0]], *args[1:]]
        ids.append(wide.push(size, kind, *args))
    zero = wide.push(m, "constant", (np.zeros(m), None))
    wide.push(n + m, "concat", [ids[-1], zero])
    return wide


def solved(rng: np.random.Generator, index: int) -> tuple[Case, Any, flow_oracle.Solution]:
    """A problem with parameters that both solve; some drawn leave the domain of the field."""
    while True:
        case = network_case(rng, index, width=1e-4 if index % 3 == 0 else 0.0)
        if case.graph.parameter_dim == 0:
            continue
        result = cn.integrate(
            Field(case.graph.build()), case.start(), case.t0 + case.duration, derivative=True, max_steps=2000,
            **case.options(),
        )  # fmt: skip
        if not result.proved:
            continue
        graph = with_parameters_as_state(case.graph)
        start = [arb(float(v)) for v in [*case.x, *case.p]]
        try:
            truth = flow_oracle.solution(
                graph, start, [], graph.member(rng), case.duration, t0=case.t0, derivative=True
            )
        except flow_oracle.TooHard:
            continue
        return case, result.value, truth


@pytest.mark.parametrize("index", range(12))
def test_the_parameter_derivative_holds_the_oracles(index: int) -> None:
    case, value, truth = solved(np.random.default_rng(100 + index), index)
    n, m = case.graph.dim, case.graph.parameter_dim
    found = value.parameter_derivative
    assert found.shape == (n, m)
    for i in range(n):
        for j in range(m):
            y = truth.derivative[i][n + j]
            assert not outside(y, found.lo[i, j], found.hi[i, j]), (i, j, y.str(20), found[i, j])
    thin = not case.radius.any() and not case.p_radius.any()
    if thin and case.tolerance <= 1e-12 and case.order is None:
        assert float(found.width.max()) <= 1e-8 * max(1.0, float(found.magnitude.max()))


def test_the_parameter_derivative_is_a_derivative() -> None:
    # x' = a x + b: dx/da = t e^{at} x0 + b (a t e^{at} - e^{at} + 1) / a^2, dx/db = (e^{at} - 1) / a
    field = scalar_field(1, 2, lambda x, a, b: [a * x + b])
    a, b, x0, t = -0.5, 0.25, 2.0, 3.0
    for final in (t, math.nextafter(t, 4.0) + 0.1):
        value = cn.integrate(field, [x0], final, [a, b], derivative=True).require()
        e = math.exp(a * final)
        exact = [final * e * x0 + b * (a * final * e - e + 1) / a**2, (e - 1) / a]
        assert value.parameter_derivative.shape == (1, 2)
        assert np.abs(value.parameter_derivative.mid[0] - exact).max() < 1e-12
        assert float(value.parameter_derivative.width.max()) < 1e-11
    # with t0 and t whose distance is no double, the run ends behind t and is moved back
    moved = cn.integrate(field, [x0], 1.0, [a, b], t0=0.1, derivative=True).require()
    e = math.exp(a * 0.9)
    exact = [0.9 * e * x0 + b * (a * 0.9 * e - e + 1) / a**2, (e - 1) / a]
    assert np.abs(moved.parameter_derivative.mid[0] - exact).max() < 1e-12


def test_lanes_and_layers_have_it_too() -> None:
    field = scalar_field(1, 1, lambda x, a: [a * x])
    lanes = cn.integrate(field, np.array([[1.0], [2.0]]), 1.0, np.array([[0.5], [1.0]]), derivative=True).require()
    assert lanes.parameter_derivative.shape == (2, 1, 1)
    assert np.abs(lanes.parameter_derivative.mid[:, 0, 0] - [math.exp(0.5), 2 * math.e]).max() < 1e-12
    layered = cn.integrate(cn.layered([(field, 0.5), (field, 0.5)]), [1.0], p=[0.5], derivative=True).require()
    assert abs(float(layered.parameter_derivative.mid[0, 0]) - math.exp(0.5)) < 1e-12
    # a field without parameters has none, nor has a run that was not asked
    assert cn.integrate(field, [1.0], 1.0, [0.5]).require().parameter_derivative is None
    plain = scalar_field(1, 0, lambda x: [-x])
    assert cn.integrate(plain, [1.0], 1.0, derivative=True).require().parameter_derivative is None
