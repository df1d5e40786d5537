"""Random initial value problems for the flow, and the question whether its answer holds the oracle's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import arb

import flow_oracle
from capnode.field import Field
from capnode.integrate import integrate, parallelepiped
from capnode.interval_array import IntervalArray
from oracle_field import FUNCTIONS, POSITIVE_ONLY, Graph, outside, random_graph

ACTIVATIONS = (*FUNCTIONS, "2", "3", "-1", "-2")


@dataclass
class Case:
    """x' = graph(x, p, t) from the box x +- radius at t0, over `duration`, p in p +- p_radius."""

    graph: Graph
    x: np.ndarray[Any, Any]
    radius: np.ndarray[Any, Any]
    p: np.ndarray[Any, Any]
    p_radius: np.ndarray[Any, Any]
    t0: float
    duration: float
    order: int | None
    tolerance: float
    name: str
    segment: np.ndarray[Any, Any] | None = None  # the initial set is x + segment b, |b| <= 1

    def options(self) -> dict[str, Any]:
        p = None
        if self.graph.parameter_dim:
            p = IntervalArray(self.p - self.p_radius, self.p + self.p_radius) if self.p_radius.any() else self.p
        return {"p": p, "order": self.order, "tolerance": self.tolerance, "t0": self.t0}

    def start(self) -> Any:
        if self.segment is not None:
            return parallelepiped(self.x, self.segment[:, None], IntervalArray([-1.0], [1.0]))
        if not self.radius.any():
            return self.x
        return IntervalArray(self.x - self.radius, self.x + self.radius)


def network_case(
    rng: np.random.Generator, index: int, *, width: float = 0.0, weight_radius: float = 0.0, n: int | None = None
) -> Case:
    """V f(U (x, p, t) + c) - d x for the activation number `index`, sometimes two layers, a row of zeros, n = 1."""
    name = ACTIVATIONS[index % len(ACTIVATIONS)]
    drawn, hidden, m = int(rng.integers(1, 9)), int(rng.integers(2, 6)), int(rng.integers(0, 2))
    n = drawn if n is None else n
    time = bool(rng.random() < 0.3)
    g = Graph(n, m, time=time)

    def tensor(*shape: int, size: float = 1.0) -> tuple[Any, Any]:
        rad = weight_radius * rng.random(shape) if weight_radius and rng.random() < 0.7 else None
        return size * rng.normal(size=shape) / np.sqrt(shape[-1]), rad

    x = g.push(n, "state")
    parts = [x] + ([g.push(m, "parameter")] if m else []) + ([g.push(1, "time")] if time else [])
    y = g.push(n + m + time, "concat", parts) if len(parts) > 1 else x
    size = float(rng.choice([0.5, 1.0, 2.0]))
    y = g.push(hidden, "affine", y, tensor(hidden, g.sizes[y], size=size), tensor(hidden))
    if name in POSITIVE_ONLY or name.startswith("-"):
        y = g.push(hidden, "apply", "square", y)
        y = g.push(hidden, "affine", y, (np.eye(hidden), None), (np.full(hidden, 0.75), None))
    power = name.lstrip("-").isdigit()
    y = g.push(hidden, "power", y, int(name)) if power else g.push(hidden, "apply", name, y)
    if rng.random() < 0.3:
        y = g.push(hidden, "affine", y, tensor(hidden, hidden, size=1.5), None)
        y = g.push(hidden, "apply", str(rng.choice(["tanh", "sigmoid", "sin", "softplus"])), y)
    V = tensor(n, hidden, size=float(rng.choice([0.5, 1.5])))
    if rng.random() < 0.15:
        V[0][int(rng.integers(n))] = 0.0
    y = g.push(n, "affine", y, V, None)
    if rng.random() < 0.6:
        g.push(n, "subtract", y, x)
    duration = float(rng.uniform(0.1, 2.5) * rng.choice([-1.0, 1.0]))
    return _case(rng, g, duration, width, name)


def sharp_case(rng: np.random.Generator, index: int, kind: str, n: int | None = None) -> Case:
    """Low orders, loose tolerances, short times, sets with few extreme points: bounds that are nearly attained."""
    case = network_case(rng, index, n=n)
    case.order, case.tolerance = int(rng.choice([4, 5, 6, 8])), float(rng.choice([1e-1, 1e-3, 1e-5]))
    case.duration = float(np.sign(case.duration)) * float(rng.choice([0.125, 0.25, 0.5]))
    if kind == "segment":
        case.segment = float(rng.choice([0.3, 0.03])) * rng.normal(size=case.graph.dim)
    elif kind == "parameter":
        case.p_radius = np.full(case.graph.parameter_dim, float(rng.choice([0.3, 0.03])))
    return case


def graph_case(rng: np.random.Generator, *, width: float = 0.0, weight_radius: float = 0.0) -> Case:
    """A random graph of every operation."""
    g = random_graph(rng, radius=weight_radius)
    return _case(rng, g, float(rng.uniform(0.1, 1.0) * rng.choice([-1.0, 1.0])), width, "graph")


def _case(rng: np.random.Generator, g: Graph, duration: float, width: float, name: str) -> Case:
    n, m = g.dim, g.parameter_dim
    order = None if rng.random() < 0.5 else int(rng.choice([3, 4, 6, 10, 15, 25, 40, 60]))
    p_radius = width * rng.random(m) * (rng.random(m) < 0.5)
    t0 = float(rng.choice([0.0, 0.0, 0.5, -2.0]))
    duration = float(np.float64(np.ldexp(np.round(np.ldexp(duration, 30)), -30)))  # so that t0 + duration is exact
    return Case(
        g, rng.normal(size=n), width * rng.random(n), rng.normal(size=m), p_radius, t0, duration, order,
        float(rng.choice([1e-8, 1e-12, 1e-12, 1e-15])), name,
    )  # fmt: skip


@dataclass
class Outcome:
    case: Case
    result: Any
    violations: list[str]
    compared: bool


def examine(
    case: Case, rng: np.random.Generator, *, derivative: bool = True, times: int = 20, step: str = "polynomial",
    max_steps: int = 3000, set_degree: int | None = 1, **more: Any,
) -> Outcome:  # fmt: skip
    """Integrates, draws one member of every set, integrates that with the oracle to the time reached, compares."""
    result = integrate(
        Field(case.graph.build()), case.start(), case.t0 + case.duration, derivative=derivative, max_steps=max_steps,
        step=step, set_degree=set_degree, **case.options(), **more,
    )  # fmt: skip
    value = result.value
    offset = value.reached - case.t0
    if not result.proved and abs(offset) < 1e-3:
        return Outcome(case, result, [], False)
    if not result.proved:  # the steps' ends are what was proved
        offset = float(value.dense.offsets()[-1])
    corners = lambda size: np.where(rng.random(size) < 0.3, rng.choice([-1.0, 1.0], size), rng.uniform(-1, 1, size))  # noqa: E731
    box = case.start()
    x = case.x if not case.radius.any() else np.clip(case.x + corners(len(case.x)) * case.radius, box.lo, box.hi)
    start = [arb(float(v)) for v in x]
    if case.segment is not None:
        b = arb(float(rng.choice([-1.0, 1.0])))
        start = [v + b * arb(float(d)) for v, d in zip(start, case.segment, strict=True)]
    p = case.p + corners(len(case.p)) * case.p_radius
    if case.p_radius.any():
        p = np.clip(p, case.p - case.p_radius, case.p + case.p_radius)
    weights = case.graph.member(rng)
    at = np.concatenate([rng.uniform(0, 1, times - 2) * offset, [offset, 0.0]])
    try:
        truth = flow_oracle.solution(
            case.graph, start, [arb(float(v)) for v in p], weights, offset, t0=case.t0, times=at,
            derivative=derivative,
        )  # fmt: skip
    except flow_oracle.TooHard:
        return Outcome(case, result, [], False)
    violations: list[str] = []

    def compare(what: str, y: Any, lo: float, hi: float) -> None:
        if outside(y, lo, hi):
            violations.append(f"{what}: {y.str(25)} not in [{lo!r}, {hi!r}]")

    for i, y in enumerate(truth.final):
        compare(f"x[{i}] final", y, value.final.lo[i], value.final.hi[i])
    lo, hi = value.dense.enclosure(at, at, offsets=True)
    for k, y in enumerate(truth.at):
        for i in range(len(x)):
            compare(f"x[{i}]({at[k]})", y[i], lo[k, i], hi[k, i])
    if derivative:
        for i in range(len(x)):
            for j in range(len(x)):
                y = truth.derivative[i][j]
                compare(f"Y[{i},{j}]", y, value.derivative.lo[i, j], value.derivative.hi[i, j])
    return Outcome(case, result, violations, True)


__all__ = ["ACTIVATIONS", "Case", "Outcome", "examine", "graph_case", "network_case", "sharp_case"]
