"""The flow where it is easiest to go wrong: groups of lanes, every instruction set, the caller's floating-point modes,
large weights, long chaotic times, high dimension, extreme orders; all against the 200-bit oracle."""

from __future__ import annotations

import ctypes
import ctypes.util
from collections.abc import Iterator
from typing import Any

import flint
import numpy as np
import pytest
from flint import arb

import flow_oracle
from capnode import _core
from capnode.field import Field
from capnode.integrate import integrate
from flow_cases import Case, examine, network_case
from oracle_field import Graph, outside

ARRAY = np.ndarray[Any, Any]


def lorenz() -> Graph:
    """x' = 10 (y - x), y' = x (28 - z) - y, z' = x y - 8/3 z, with the quotient 8/3 of the field."""
    g = Graph(3, 0)
    s = g.push(3, "state")
    linear = (np.array([[-10.0, 10.0, 0.0], [28.0, -1.0, 0.0], [0.0, 0.0, 0.0]]), None)
    a = g.push(3, "affine", s, linear, None)
    xs = g.push(2, "gather", s, [0, 0])
    zy = g.push(2, "gather", s, [2, 1])
    product = g.push(2, "multiply", xs, zy)
    signs = (np.array([[0.0, 0.0], [-1.0, 0.0], [0.0, 1.0]]), None)
    b = g.push(3, "affine", product, signs, None)
    eight_z = g.push(3, "affine", s, (np.array([[0.0, 0, 0], [0, 0, 0], [0, 0, 8.0]]), None), None)
    threes = g.push(3, "constant", (np.full(3, 3.0), None))
    c = g.push(3, "divide", eight_z, threes)
    g.push(3, "subtract", g.push(3, "add", a, b), c)
    return g


def tanh_network(rng: np.random.Generator, n: int, gain: float = 1.5) -> Graph:
    g = Graph(n, 0)
    x = g.push(n, "state")
    W = (gain * rng.normal(size=(n, n)) / np.sqrt(n), None)
    y = g.push(n, "affine", x, W, (0.1 * rng.normal(size=n), None))
    g.push(n, "apply", "tanh", y)
    return g


def case_of(g: Graph, x: ARRAY, duration: float, **changes: Any) -> Case:
    n = g.dim
    options: dict[str, Any] = {"order": None, "tolerance": 1e-12, "radius": np.zeros(n), "name": "fixed"} | changes
    return Case(graph=g, x=x, p=np.zeros(0), p_radius=np.zeros(0), t0=0.0, duration=duration, **options)


def assert_sound(case: Case, seed: int = 0, **options: Any) -> Any:
    outcome = examine(case, np.random.default_rng(seed), **options)
    assert outcome.compared
    assert not outcome.violations, outcome.violations
    return outcome.result


@pytest.fixture
def instruction_set(request: pytest.FixtureRequest) -> Iterator[str]:
    _core.use_instruction_set(request.param)
    yield request.param
    _core.use_instruction_set("")


def check_lanes(seed: int, lanes: int = 13) -> ARRAY:
    """A batch: lanes refill, end at different steps; each lane inside, and close to the lane run alone."""
    rng = np.random.default_rng(seed)
    case = network_case(rng, 0)
    n = case.graph.dim
    x = 2.0 * rng.normal(size=(lanes, n))
    field, p = Field(case.graph.build()), (case.p if len(case.p) else None)
    batch = integrate(field, x, case.t0 + case.duration, p, t0=case.t0, derivative=True).value
    assert batch.proved.all()
    weights = case.graph.member(rng)
    for lane in range(0, lanes, 3):
        truth = flow_oracle.solution(
            case.graph, [arb(float(v)) for v in x[lane]], [arb(float(v)) for v in case.p], weights, case.duration,
            t0=case.t0, derivative=True,
        )  # fmt: skip
        for i in range(n):
            assert not outside(truth.final[i], batch.final.lo[lane, i], batch.final.hi[lane, i])
            for j in range(n):
                y = batch.derivative[lane, i, j]
                assert not outside(truth.derivative[i][j], float(y.lo), float(y.hi))
    single = integrate(field, x[1], case.t0 + case.duration, p, t0=case.t0, derivative=True).value
    assert not single.final.disjoint(batch.final[1]).any()
    assert not single.derivative.disjoint(batch.derivative[1]).any()
    assert (batch.final.width[1] <= 3 * single.final.width + 1e-15).all()
    return batch.final.lo


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_groups_of_lanes(seed: int) -> None:
    check_lanes(seed)


@pytest.mark.parametrize("instruction_set", _core.instruction_sets(), indirect=True)
def test_every_instruction_set(instruction_set: str) -> None:
    check_lanes(5)
    for seed in range(300, 306):
        rng = np.random.default_rng(seed)
        outcome = examine(network_case(rng, seed), rng)
        assert not outcome.violations, (instruction_set, outcome.violations)


@pytest.mark.parametrize("mode", [0x400, 0x800, 0xC00])  # downward, upward, towards zero (x86)
def test_rounding_mode_of_the_caller(mode: int) -> None:
    libm = ctypes.CDLL(ctypes.util.find_library("m"))
    rng = np.random.default_rng(77)
    g = tanh_network(rng, 4)
    x, field = rng.normal(size=4), Field(g.build())
    clean = integrate(field, x, 2.0, derivative=True).value
    libm.fesetround(mode)
    try:
        answer = integrate(field, x, 2.0, derivative=True).value
        lo, hi = answer.dense.enclosure(np.array([0.7]), np.array([0.7]))
    finally:
        libm.fesetround(0)
    expected = clean.enclosure(0.7)
    assert answer.final.lo.tobytes() == clean.final.lo.tobytes()
    assert answer.derivative.hi.tobytes() == clean.derivative.hi.tobytes()
    assert lo.tobytes() == expected.lo.tobytes()
    assert hi.tobytes() == expected.hi.tobytes()


def test_flush_to_zero_of_the_caller() -> None:
    torch = pytest.importorskip("torch", reason="torch.set_flush_denormal is how a caller flushes to zero")
    rng = np.random.default_rng(78)
    g = tanh_network(rng, 3)
    x, field = 1e-310 * rng.normal(size=3), Field(g.build())
    clean = integrate(field, x, 1.0).value
    if not torch.set_flush_denormal(True):
        pytest.skip("this machine does not support flushing denormals")
    try:
        answer = integrate(field, x, 1.0).value
    finally:
        torch.set_flush_denormal(False)
    assert answer.final.lo.tobytes() == clean.final.lo.tobytes()


@pytest.mark.parametrize("size", [1e-300, 1e-160, 1e-30, 30.0, 1e5])
def test_small_and_large_numbers(size: float) -> None:
    """Around 0, where everything underflows, and in saturation."""
    rng = np.random.default_rng(79)
    g = Graph(3, 0)
    x = g.push(3, "state")
    y = g.push(3, "apply", "tanh", g.push(3, "affine", x, (rng.normal(size=(3, 3)), None), None))
    g.push(3, "subtract", y, x)
    precision = flint.ctx.prec
    flint.ctx.prec = 2200  # tanh of the oracle is 1 - 2 / (e^2x + 1), with absolute errors of 2^-prec
    try:
        result = assert_sound(case_of(g, size * rng.normal(size=3), 1.5))
    finally:
        flint.ctx.prec = precision
    assert result.proved


def test_dimension_five_at_the_origin() -> None:
    """The ellipsoid of a solution that is 0: nothing but underflow."""
    g = Graph(5, 0)
    x = g.push(5, "state")
    g.push(5, "apply", "tanh", g.push(5, "affine", x, (3.0 * np.eye(5), None), None))
    result = assert_sound(case_of(g, np.zeros(5), 3.0))
    assert result.proved


@pytest.mark.parametrize("seed", range(6))
def test_large_weights(seed: int) -> None:
    rng = np.random.default_rng(400 + seed)
    g = tanh_network(rng, int(rng.integers(1, 6)), gain=float(rng.choice([5.0, 12.0])))
    assert_sound(case_of(g, rng.normal(size=g.dim), 1.0, order=[None, 8, 40][seed % 3]), seed)


@pytest.mark.parametrize(("duration", "radius"), [(8.0, 0.0), (-0.3, 0.0), (1.5, 1e-3), (4.0, 1e-6)])
def test_lorenz(duration: float, radius: float) -> None:
    result = assert_sound(case_of(lorenz(), np.ones(3), duration, radius=np.full(3, radius)))
    assert result.proved or radius


@pytest.mark.parametrize("n", [20, 40])
def test_high_dimension(n: int) -> None:
    """Logarithmic norms in place of componentwise growth, ellipsoids."""
    rng = np.random.default_rng(500 + n)
    g = tanh_network(rng, n)
    duration, x = 1.0, 0.3 * rng.normal(size=n)
    result = assert_sound(case_of(g, x, duration, radius=np.full(n, 1e-8 if n == 20 else 0.0)), derivative=n == 20)
    assert result.proved


@pytest.mark.parametrize("order", [3, 4, 5, 30, 60])
def test_extreme_orders(order: int) -> None:
    rng = np.random.default_rng(600 + order)
    for index in range(3):
        case = network_case(rng, index * 5 + order)
        case.order, case.tolerance, case.duration = order, 1e-8, case.duration * 0.25
        outcome = examine(case, rng)
        assert not outcome.violations, outcome.violations
