"""Fields that are piecewise constant in time: against one field, against the oracle layer by layer, seams, refusals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flint import arb, arb_mat

import flow_fields
import flow_oracle
from capnode.field import Field
from capnode.integrate import integrate
from capnode.interval_array import IntervalArray, interval
from capnode.layered import layered
from flow_cases import network_case
from oracle_field import Graph, outside


def networks(rng: np.random.Generator, n: int, count: int, *, time: bool = False) -> list[Graph]:
    graphs = []
    for _ in range(count):
        g = Graph(n, 1, time=time)
        parts = [g.push(n, "state"), g.push(1, "parameter")] + ([g.push(1, "time")] if time else [])
        both = g.push(n + 1 + time, "concat", parts)
        y = g.push(5, "affine", both, (rng.normal(size=(5, n + 1 + time)), None), (rng.normal(size=5), None))
        g.push(n, "affine", g.push(5, "apply", "tanh", y), (rng.normal(size=(n, 5)), None), None)
        graphs.append(g)
    return graphs


@pytest.mark.parametrize(("n", "time", "sign"), [(2, False, 1.0), (4, True, 1.0), (3, True, -1.0)])
def test_layers_against_the_oracle(n: int, time: bool, sign: float) -> None:
    rng = np.random.default_rng(90 + n)
    graphs, durations = networks(rng, n, 3, time=time), sign * np.array([0.5, 0.3, 0.75])
    x0, p, t0 = rng.normal(size=n), 0.25, 0.5
    field = layered([(Field(g.build()), d) for g, d in zip(graphs, durations, strict=True)])
    value = integrate(field, x0, None, p, t0=t0, derivative=True).require()
    x, Y, elapsed = [arb(float(v)) for v in x0], arb_mat(n, n, [int(i == j) for i in range(n) for j in range(n)]), t0
    for g, d in zip(graphs, durations, strict=True):
        weights = g.member(rng)
        truth = flow_oracle.solution(g, x, [arb(p)], weights, float(d), t0=elapsed, times=[d / 3], derivative=True)
        box = value.enclosure(interval(elapsed + d / 3 - 1e-15, elapsed + d / 3 + 1e-15))
        x = truth.final
        Y = arb_mat(truth.derivative) * Y
        for i in range(n):
            assert not outside(truth.at[0][i], box.lo[i], box.hi[i])
        elapsed += float(d)
    for i in range(n):
        assert not outside(x[i], value.final.lo[i], value.final.hi[i])
        for j in range(n):
            assert not outside(Y[i, j], value.derivative.lo[i, j], value.derivative.hi[i, j])
    assert value.width < 1e-11


def test_one_field_in_pieces(shared: Path) -> None:
    field = flow_fields.spiral(shared)
    whole = integrate(field, interval([1.99, -0.01], [2.01, 0.01]), 4.0).require()
    pieces = integrate(layered([(field, 1.0)] * 4), interval([1.99, -0.01], [2.01, 0.01])).require()
    assert not whole.final.disjoint(pieces.final).any()
    assert (pieces.final.width <= 1.1 * whole.final.width).all()  # nothing wraps at the seams
    assert pieces.times[0] == 0.0
    assert pieces.times[-1] == 4.0 == pieces.reached
    assert pieces.states.shape == (len(pieces.times), 2)
    for t in (0.0, 0.5, 1.0, 2.0, 3.999):
        assert not pieces.enclosure(t).disjoint(whole.enclosure(t)).any()
    across = pieces.enclosure(interval(0.9, 2.1))
    assert pieces.enclosure(np.linspace(0.9, 2.1, 50)).subset(across).all()


def test_lanes_times_and_cuts(shared: Path) -> None:
    a, b = flow_fields.spiral(shared), flow_fields.van_der_pol()
    field = layered([(a, 0.1), (b, 0.2), (a, 0.3)])
    x = np.random.default_rng(4).normal(size=(11, 2))
    batch = integrate(field, x, derivative=True).require()
    one = integrate(field, x[3], derivative=True).require()
    assert not batch.final[3].disjoint(one.final).any()
    assert not batch.derivative[3].disjoint(one.derivative).any()
    cut = integrate(field, x[3], 0.25).require()
    assert cut.reached == 0.25
    assert not cut.final.disjoint(one.enclosure(0.25)).any()
    asked = integrate(field, x[3], [0.05, 0.1, 0.2, 0.5]).require()
    assert not asked.states.disjoint(one.enclosure([0.05, 0.1, 0.2, 0.5])).any()
    between = integrate(field, x[3], 0.5, derivative=True).require()  # 0.5 - (0.1 + 0.2) is no double
    assert between.reached == 0.5
    assert not between.final.disjoint(one.enclosure(0.5)).any()
    rest = integrate(a, between.final, 0.1, derivative=True).require()
    chain = interval(np.zeros((2, 2)))
    for k in range(2):
        chain = chain + rest.derivative[:, k].reshape(2, 1) * between.derivative[k].reshape(1, 2)
    assert not chain.disjoint(one.derivative).any()
    several = integrate(field, x, [0.05, 0.5]).require()
    assert several.states.shape == (11, 2, 2)


def test_a_layer_that_fails_keeps_the_ones_before() -> None:
    square = flow_fields.scalar_field(1, 0, lambda x: [x * x])
    decay = flow_fields.scalar_field(1, 0, lambda x: [-1.0 * x])
    result = integrate(layered([(decay, 1.0), (square, 5.0), (decay, 1.0)]), [1.0])
    assert not result.proved
    assert 1.0 < result.value.reached < 1.0 + np.e
    assert "layer 1" in result.detail
    assert result.value.enclosure(1.0).contains(np.exp(-1.0)).all()
    lanes = integrate(layered([(decay, 1.0), (square, 5.0), (decay, 1.0)]), [[1.0], [0.01], [-1.0], [2.0]])
    assert lanes.value.proved.tolist() == [False, True, True, False]


def test_large_systems_stay_in_their_tube() -> None:
    rng = np.random.default_rng(8)
    n = 20
    fields = [flow_fields.network([(rng.normal(size=(n, n)) / np.sqrt(n), None, "tanh")]) for _ in range(3)]
    x = rng.normal(size=n)
    value = integrate(layered([(f, 0.25) for f in fields]), x).require()
    step = IntervalArray(x, x)
    for f in fields:
        step = integrate(f, step, 0.25).require().final
    assert not step.disjoint(value.final).any()
    assert value.width <= float(np.max(step.width)) * 1.5


def test_misuse() -> None:
    square = flow_fields.scalar_field(1, 0, lambda x: [x * x])
    for layers in ([], [(square, 0.0)], [(square, np.nan)], [(square, 1.0), (square, -1.0)],
                   [(square, 1.0), (flow_fields.van_der_pol(), 1.0)]):  # fmt: skip
        with pytest.raises(ValueError, match=r"layer|sign"):
            layered(layers)
    field = layered([(square, 1.0), (square, 1.0)])
    for t in (2.5, -1.0):
        with pytest.raises(ValueError, match="layers"):
            integrate(field, [0.1], t)
    with pytest.raises(ValueError, match="pass t"):
        integrate(square, [0.1])


def test_a_time_dependent_case_in_two_halves() -> None:
    """The clock runs on: two layers of one time-dependent field are that field."""
    rng = np.random.default_rng(321)
    case: Any = None
    while case is None or not case.graph.time:
        case = network_case(rng, 0)
    field, p = Field(case.graph.build()), (case.p if len(case.p) else None)
    whole = integrate(field, case.x, 1.5, p, t0=0.5).require()
    halves = integrate(layered([(field, 0.5), (field, 0.5)]), case.x, None, p, t0=0.5).require()
    assert not whole.final.disjoint(halves.final).any()
