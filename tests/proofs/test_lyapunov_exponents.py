"""Finite-time exponents: values of the literature, the oracle, several times, layers, maps, boxes, and refusals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flint import arb, arb_mat

import capnode as cn
import flow_fields
import flow_oracle
from capnode import _core
from exponents_oracle import log_qr_diagonal, log_singular_values
from flow_cases import ACTIVATIONS, network_case
from oracle_field import outside


def meets(x: cn.IntervalArray, printed: list[str]) -> bool:
    unit = [10.0 ** -len(text.partition(".")[2]) for text in printed]
    value = cn.interval(printed)
    return not x.disjoint(cn.IntervalArray(value.lo - unit, value.hi + unit)).any()


def tanh_network(W: Any, b: Any, decay: float = 0.0) -> cn.Field:
    builder = _core.FieldBuilder(len(b), 0, False)
    x = builder.state()
    y = builder.apply("tanh", builder.affine(x, W, bias=b))
    if decay:
        y = builder.add(y, builder.affine(x, -decay * np.eye(len(b))))
    return cn.Field(builder.build(y))


def test_the_spiral_network(shared: Path) -> None:
    e = cn.lyapunov_exponents(flow_fields.spiral(shared), [2.0, 0.0], 10.0).require()
    assert meets(e.exponents, ["-0.0195639655", "-0.1708446743"])
    assert float(np.max(e.exponents.width)) <= 1e-11


def test_lorenz_up_to_20_and_another_number_by_qr() -> None:
    e = cn.lyapunov_exponents(flow_fields.lorenz(), [1.0, 1.0, 1.0], 20.0).require()
    assert meets(e.exponents, ["0.4444726", "0.1043989", "-14.2155382"])
    assert float(np.max(e.exponents.width)) <= 1e-6
    total = e.sum
    assert total is not None
    assert total.contains(-41 / 3).all()
    assert float(total.width) < 1e-9
    qr = cn.lyapunov_exponents(flow_fields.lorenz(), [1.0, 1.0, 1.0], 20.0, kind="qr").require()
    assert abs(float(qr.exponents.mid[0]) - 0.3415) < 1e-4


def test_lorenz_up_to_100_is_lost() -> None:
    result = cn.lyapunov_exponents(flow_fields.lorenz(), [1.0, 1.0, 1.0], [10.0, 100.0])
    assert result.verdict is cn.Verdict.lost
    value = result.value
    assert value is not None
    assert 33.0 < value.reached < 40.0
    assert f"{value.reached:.6g}" in result.detail
    assert value.times.tolist() == [10.0]
    assert value.at.shape == (1, 3)
    with pytest.raises(cn.NotProved):
        _ = value.exponents
    with pytest.raises(cn.NotProved):
        result.require()
    # what is given at 10 is what a run to 10 gives
    alone = cn.lyapunov_exponents(flow_fields.lorenz(), [1.0, 1.0, 1.0], 10.0).require()
    assert not alone.exponents.disjoint(value.at[0]).any()


def exponents_of(Y: Any, t: float, kind: str) -> list[Any]:
    return [v / abs(arb(t)) for v in (log_singular_values(Y) if kind == "singular" else log_qr_diagonal(Y))]


@pytest.mark.parametrize("index", range(len(ACTIVATIONS)), ids=ACTIVATIONS)
def test_networks_against_the_oracle(index: int) -> None:
    """Every activation, in fields with parameters and time, weights within a radius, forward and backward."""
    rng = np.random.default_rng(40 + index)
    case = network_case(rng, index, n=3, weight_radius=1e-11)
    field = cn.Field(case.graph.build())
    kind = "singular" if index % 2 else "qr"
    times = case.t0 + np.array([0.03, 0.08]) * case.duration
    options = {"p": case.p if case.graph.parameter_dim else None, "t0": case.t0, "kind": kind}
    e = cn.lyapunov_exponents(field, case.x, times, **options).require()
    weights = case.graph.member(rng)
    x, p = [arb(float(v)) for v in case.x], [arb(float(v)) for v in case.p]
    for k, t in enumerate(times):
        span = float(t) - case.t0
        truth = flow_oracle.solution(case.graph, x, p, weights, span, t0=case.t0, derivative=True)
        values = exponents_of(arb_mat(truth.derivative), span, kind)
        for i, value in enumerate(values):
            assert not outside(value, e.at.lo[k, i], e.at.hi[k, i])
        assert e.sums is not None
        assert not outside(sum(values, arb(0)), e.sums.lo[k], e.sums.hi[k])
    assert float(np.max(e.at.width)) < 1e-6


@pytest.mark.parametrize("family", ["contracting", "nearly neutral", "neutral"])
def test_forty_dimensions_for_300_units_of_time(family: str) -> None:
    rng, n = np.random.default_rng(1), 40
    W = rng.standard_normal((n, n)) / np.sqrt(n)
    b, x0 = 0.1 * rng.standard_normal(n), rng.standard_normal(n)
    skew = (W - W.T) / np.sqrt(2.0)
    if family == "contracting":
        field = tanh_network(0.8 * W, b, decay=1.0)
    elif family == "nearly neutral":
        field = tanh_network(skew - 0.05 * np.eye(n), b)
    else:  # sum log cosh of W x + b is conserved
        field, x0 = tanh_network(skew, b), 0.3 * x0
    e = cn.lyapunov_exponents(field, x0, 300.0).require()
    assert e.exponents.shape == (n,)
    assert float(e.exponents.width[0]) <= 1e-6
    assert float(np.max(e.exponents.width)) <= 1e-6
    assert e.sum is not None


def test_a_box_holds_the_exponents_of_its_points(shared: Path) -> None:
    field = flow_fields.spiral(shared)
    centre = np.array([2.0, 0.0])
    box = cn.lyapunov_exponents(field, cn.IntervalArray(centre - 1e-4, centre + 1e-4), 2.0).require()
    rng = np.random.default_rng(0)
    for _ in range(4):
        point = centre + 1e-4 * (2.0 * rng.random(2) - 1.0)
        inner = cn.lyapunov_exponents(field, np.clip(point, centre - 1e-4, centre + 1e-4), 2.0).require()
        assert inner.exponents.subset(box.exponents).all()
    assert float(np.max(box.exponents.width)) < 0.05


def test_short_times_agree_with_the_singular_values_of_the_derivative(shared: Path) -> None:
    """The derivative as `integrate` encloses it, a product of one factor: another way to the same numbers."""
    rng = np.random.default_rng(3)
    W = rng.standard_normal((20, 20)) / np.sqrt(20)
    for field, x0, t in (
        (flow_fields.spiral(shared), np.array([2.0, 0.0]), 1.0),
        (flow_fields.laub_loomis(), flow_fields.LAUB_LOOMIS_CENTRE, 0.5),
        (tanh_network(W, 0.1 * rng.standard_normal(20)), rng.standard_normal(20), 0.7),
    ):
        exponents = cn.lyapunov_exponents(field, x0, t).require().exponents
        Y = cn.integrate(field, x0, t, derivative=True).require().derivative
        direct = _core.product_exponents([(Y.mid, Y.rad, 0.0)])
        assert direct["proved"], direct["reason"]
        both = cn.IntervalArray(*direct["log"]) / cn.interval(t)
        assert not both.disjoint(exponents).any()
        assert float(np.max(exponents.width)) < 1e-9


def test_layers_and_one_field_in_pieces(shared: Path) -> None:
    field = flow_fields.spiral(shared)
    whole = cn.lyapunov_exponents(field, [2.0, 0.0], [1.0, 3.1, 4.0]).require()
    pieces = cn.layered([(field, 1.5), (field, 0.75), (field, 1.75)])
    parts = cn.lyapunov_exponents(pieces, [2.0, 0.0], [1.0, 3.1, 4.0]).require()
    ends = cn.lyapunov_exponents(pieces, [2.0, 0.0]).require()
    assert not whole.at.disjoint(parts.at).any()
    assert not whole.exponents.disjoint(ends.exponents).any()
    assert ends.times.tolist() == [4.0]
    other = cn.layered([(field, 2.0), (flow_fields.van_der_pol(), 1.0)])
    assert cn.lyapunov_exponents(other, [2.0, 0.0]).proved


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_time_just_behind_a_layer_belongs_to_the_next_one(sign: float) -> None:
    """A grid step of the first layer behind its end the second one has acted: it stretches by e in that time."""

    def linear(a: float) -> cn.Field:
        builder = _core.FieldBuilder(2, 0, False)
        return cn.Field(builder.build(builder.affine(builder.state(), a * np.eye(2))))

    layers = cn.layered([(linear(0.0), sign), (linear(sign * 2.0**50), sign)])
    for k in (1, 2, 3):
        t = 1.0 + k * 2.0**-50
        at = cn.lyapunov_exponents(layers, [1e-9, 1e-9], [sign * t]).require().exponents
        assert (at.lo <= k / t).all()
        assert (k / t <= at.hi).all()
    before = cn.lyapunov_exponents(layers, [1e-9, 1e-9], [sign * (1.0 - 2.0**-50), sign]).require().at
    assert before.contains(0.0).all()
    assert float(np.max(before.width)) < 1e-12


@pytest.mark.parametrize("kind", ["singular", "qr"])
def test_an_euler_network_against_the_oracle(kind: str) -> None:
    rng = np.random.default_rng(8)
    W, b, x0 = rng.standard_normal((3, 3)), rng.standard_normal(3), rng.standard_normal(3)
    network = cn.euler_map(tanh_network(W, b), 0.1)
    e = cn.lyapunov_exponents(network, x0, [7, 40], kind=kind).require()
    x, Y = arb_mat(3, 1, [arb(float(v)) for v in x0]), arb_mat(3, 3, [int(i == j) for i in range(3) for j in range(3)])
    w, bias = arb_mat(3, 3, [arb(float(v)) for v in W.ravel()]), arb_mat(3, 1, [arb(float(v)) for v in b])
    step = arb(0.1)
    for k in range(40):
        y = w * x + bias
        s = [1 - y[i, 0].tanh() ** 2 for i in range(3)]
        Y = Y + step * arb_mat(3, 3, [s[i] * w[i, j] for i in range(3) for j in range(3)]) * Y
        x = x + step * arb_mat(3, 1, [y[i, 0].tanh() for i in range(3)])
        if k + 1 in (7, 40):
            row = (7, 40).index(k + 1)
            logs = log_singular_values(Y) if kind == "singular" else log_qr_diagonal(Y)
            for i in range(3):
                assert not outside(logs[i] / ((k + 1) * step), e.at.lo[row, i], e.at.hi[row, i])
            total = abs(Y.det()).log() / ((k + 1) * step)
            assert not outside(total, e.sums.lo[row], e.sums.hi[row])
    assert float(np.max(e.at.width)) < 1e-11
    assert np.allclose(e.times, [0.7, 4.0])


def test_a_singular_map_is_refused() -> None:
    builder = _core.FieldBuilder(2, 0, False)
    projection = cn.Field(builder.build(builder.affine(builder.state(), np.array([[1.0, 0.0], [0.0, 0.0]]))))
    result = cn.lyapunov_exponents([(projection, 3)], [1.0, 1.0])
    assert result.verdict is cn.Verdict.singular


def test_a_blow_up_is_lost() -> None:
    builder = _core.FieldBuilder(1, 0, False)
    square = cn.Field(builder.build(builder.power(builder.state(), 2)))
    result = cn.lyapunov_exponents(square, [1.0], 2.0)
    assert result.verdict is cn.Verdict.lost
    assert result.value is not None
    assert 0.9 < result.value.reached <= 1.0


def test_misuse_is_refused_with_the_numbers() -> None:
    field = flow_fields.van_der_pol()
    with pytest.raises(ValueError, match="'largest'"):
        cn.lyapunov_exponents(field, [1.0, 1.0], 1.0, kind="largest")
    with pytest.raises(ValueError, match="zero length"):
        cn.lyapunov_exponents(field, [1.0, 1.0], 0.0)
    with pytest.raises(ValueError, match=r"2 lanes"):
        cn.lyapunov_exponents(field, [[1.0, 1.0], [0.0, 1.0]], 1.0)
    with pytest.raises(ValueError, match="monotone"):
        cn.lyapunov_exponents(field, [1.0, 1.0], [2.0, 1.0])
    with pytest.raises(ValueError, match="number of steps"):
        cn.lyapunov_exponents(cn.euler_map(field, 0.1), [1.0, 1.0], 1.5)
    with pytest.raises(ValueError, match="ascending"):
        cn.lyapunov_exponents(cn.euler_map(field, 0.1), [1.0, 1.0], [5, 5])
    with pytest.raises(ValueError, match=r"\(3,\)"):
        cn.lyapunov_exponents(field, [1.0, 1.0, 1.0], 1.0)
