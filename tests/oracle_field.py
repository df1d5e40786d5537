"""An independent reading of fields in Arb: random graphs, members of their sets, values, jets and series of members.

A graph is a plain list of tuples; it is given to the builder under test on one side, and walked here in `arb`, `acb`
jets or `arb_series` on the other. Functions are written from their definitions with exp, log, erf, ... of Arb.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any

import flint
import numpy as np
from flint import acb, arb, arb_series

from capnode import _core

FUNCTIONS = (
    "tanh", "sigmoid", "softplus", "silu", "gelu", "gelu_tanh", "mish", "sin", "cos", "exp", "log", "sqrt", "atan",
    "erf", "reciprocal", "square",
)  # fmt: skip
POSITIVE_ONLY = ("log", "sqrt", "reciprocal")


def function(name: str, x: Any) -> Any:
    """f(x) for an arb or an arb_series."""
    if name == "tanh":
        return 1 - 2 / ((2 * x).exp() + 1)
    if name == "sigmoid":
        return 1 / (1 + (-x).exp())
    if name == "softplus":
        return (1 + x.exp()).log()
    if name == "silu":
        return x / (1 + (-x).exp())
    if name == "gelu":
        return x * (1 + (x / arb(2).sqrt()).erf()) / 2
    if name == "gelu_tanh":
        inner = (2 / arb.pi()).sqrt() * (x + arb(44715) / 1000000 * x * x * x)
        return x * (1 + function("tanh", inner)) / 2
    if name == "mish":
        return x * function("tanh", function("softplus", x))
    if name == "reciprocal":
        return 1 / x
    if name == "square":
        return x * x
    return getattr(x, name)()


class Jet:
    """Coefficients of the eight monomials in e1, e2, e3 (e_i^2 = 0), index = bits."""

    def __init__(self, c: list[Any]) -> None:
        self.c = c

    @staticmethod
    def of(x: Any) -> Jet:
        return x if isinstance(x, Jet) else Jet([acb(x)] + [acb(0)] * 7)

    def __add__(self, other: Any) -> Jet:
        return Jet([a + b for a, b in zip(self.c, Jet.of(other).c, strict=True)])

    def __sub__(self, other: Any) -> Jet:
        return Jet([a - b for a, b in zip(self.c, Jet.of(other).c, strict=True)])

    def __neg__(self) -> Jet:
        return Jet([-a for a in self.c])

    def __mul__(self, other: Any) -> Jet:
        b = Jet.of(other).c
        out = [acb(0)] * 8
        for s, t in itertools.product(range(8), range(8)):
            if s & t == 0:
                out[s | t] += self.c[s] * b[t]
        return Jet(out)

    __rmul__ = __mul__
    __radd__ = __add__

    def compose(self, taylor: list[Any]) -> Jet:
        nilpotent = Jet([acb(0), *self.c[1:]])
        out, power = Jet.of(taylor[0]), Jet.of(1)
        for c in taylor[1:]:
            power = power * nilpotent
            out = out + power * acb(c)
        return out

    def base_series(self) -> arb_series:
        return arb_series([self.c[0].real, arb(1)], 4)


def coefficients(series: Any, count: int) -> list[Any]:
    if not isinstance(series, arb_series):
        return [series] + [arb(0)] * (count - 1)
    return [series[k] for k in range(count)]


def apply(name: str, x: Any) -> Any:
    if isinstance(x, Jet):
        return x.compose(coefficients(function(name, x.base_series()), 4))
    return function(name, x)


def power(x: Any, n: int) -> Any:
    if isinstance(x, Jet):
        return x.compose(coefficients(power(x.base_series(), n), 4))
    out: Any = arb(1)
    for _ in range(abs(n)):
        out = out * x
    return 1 / out if n < 0 else out


def divide(a: Any, b: Any) -> Any:
    if isinstance(a, Jet) or isinstance(b, Jet):
        return Jet.of(a) * apply("reciprocal", Jet.of(b))
    return a / b


@dataclass
class Graph:
    """Nodes: ("state",), ("constant", tensor), ("affine", a, weight, bias | None), ("apply", name, a), ...; a tensor is
    a pair (mid, rad | None) of float64 arrays."""

    dim: int
    parameter_dim: int
    nodes: list[tuple[Any, ...]] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    time: bool = False

    def push(self, size: int, *node: Any) -> int:
        self.nodes.append(node)
        self.sizes.append(size)
        return len(self.nodes) - 1

    def build(self) -> Any:
        b = _core.FieldBuilder(self.dim, self.parameter_dim, self.time)
        ids: list[int] = []
        for kind, *args in self.nodes:
            if kind == "constant":
                ids.append(b.constant(*args[0]))
            elif kind == "affine":
                bias = args[2] or (None, None)
                ids.append(b.affine(ids[args[0]], *args[1], *bias))
            elif kind == "gather":
                ids.append(b.gather(ids[args[0]], args[1]))
            elif kind == "concat":
                ids.append(b.concat([ids[a] for a in args[0]]))
            elif kind == "matvec":
                ids.append(b.matvec(ids[args[0]], ids[args[1]], args[2], args[3]))
            elif kind == "apply":
                ids.append(b.apply(args[0], ids[args[1]]))
            elif kind == "power":
                ids.append(b.power(ids[args[0]], args[1]))
            else:
                ids.append(getattr(b, kind)(*[ids[a] for a in args]))
        return b.build(ids[-1])

    def member(self, rng: np.random.Generator) -> dict[int, Any]:
        """One member of the weights, as exact arb arrays by id of the tensor."""
        out: dict[int, Any] = {}
        for _, *args in self.nodes:
            for a in args:
                if isinstance(a, tuple) and isinstance(a[0], np.ndarray):
                    out[id(a)] = member(a, rng)
        return out

    def value(self, x: list[Any], p: list[Any], weights: dict[int, Any], t: Any = 0) -> list[Any]:
        """The output for a state and a parameter of arbs, Jets or series."""
        values: list[list[Any]] = []
        for kind, *args in self.nodes:
            if kind in ("state", "parameter", "time"):
                values.append({"state": x, "parameter": p, "time": [t]}[kind])
            elif kind == "constant":
                values.append(list(weights[id(args[0])]))
            elif kind == "affine":
                a, w = values[args[0]], weights[id(args[1])]
                out = [dot(row, a) for row in w]
                if args[2] is not None:
                    out = [o + b for o, b in zip(out, weights[id(args[2])], strict=True)]
                values.append(out)
            elif kind == "gather":
                values.append([values[args[0]][i] for i in args[1]])
            elif kind == "concat":
                values.append([v for a in args[0] for v in values[a]])
            elif kind == "matvec":
                m, a, rows, cols = values[args[0]], values[args[1]], args[2], args[3]
                values.append([dot(m[i * cols : (i + 1) * cols], a) for i in range(rows)])
            elif kind == "apply":
                values.append([apply(args[0], v) for v in values[args[1]]])
            elif kind == "power":
                values.append([power(v, args[1]) for v in values[args[0]]])
            elif kind == "negate":
                values.append([-v for v in values[args[0]]])
            else:
                values.append([binary(kind, a, b) for a, b in zip(values[args[0]], values[args[1]], strict=True)])
        return values[-1]


def member(tensor: tuple[np.ndarray, np.ndarray | None], rng: np.random.Generator) -> Any:
    mid, rad = tensor
    theta = np.where(rng.random(mid.shape) < 0.3, rng.choice([-1.0, 1.0], mid.shape), rng.uniform(-1, 1, mid.shape))
    out = np.empty(mid.shape, dtype=object)
    for k in np.ndindex(mid.shape):
        out[k] = arb(float(mid[k])) + (0 if rad is None else arb(float(theta[k])) * arb(float(rad[k])))
    return out


def dot(row: Any, a: Any) -> Any:
    total: Any = arb(0)
    for w, v in zip(row, a, strict=True):
        total = w * v + total if not isinstance(v, Jet) else v * w + total
    return total


def binary(kind: str, a: Any, b: Any) -> Any:
    if isinstance(b, Jet):
        a = Jet.of(a)
    if kind == "add":
        return a + b
    if kind == "subtract":
        return a - b
    return a * b if kind == "multiply" else divide(a, b)


# ---- random graphs


def random_graph(
    rng: np.random.Generator, *, radius: float = 0.0, functions: Any = FUNCTIONS, length: int = 9
) -> Graph:
    """A graph of a few nodes in which every operation may occur; arguments of functions are kept moderate and, for log,
    sqrt, reciprocal and quotients, mostly positive."""
    n, m = int(rng.integers(1, 5)), int(rng.integers(0, 3))
    g = Graph(n, m)
    g.push(n, "state")
    if m:
        g.push(m, "parameter")

    def tensor(*shape: int) -> tuple[np.ndarray, np.ndarray | None]:
        mid = rng.normal(size=shape) / np.sqrt(shape[-1])
        mid[rng.random(shape) < 0.1] = 0.0
        has_radius = radius > 0 and rng.random() < 0.7
        return mid, (radius * rng.random(shape) if has_radius else None)

    def affine(a: int, rows: int) -> int:
        bias = tensor(rows) if rng.random() < 0.6 else None
        return g.push(rows, "affine", a, tensor(rows, g.sizes[a]), bias)

    def positive(a: int) -> int:
        if rng.random() < 0.1:
            return a
        s = g.push(g.sizes[a], "apply", "square", a)
        c = g.push(g.sizes[a], "constant", (rng.uniform(0.5, 2.0, g.sizes[a]), None))
        return g.push(g.sizes[a], "add", s, c)

    def any_node() -> int:
        return int(rng.integers(len(g.nodes)))

    def partner(size: int) -> int:
        return affine(any_node(), size)

    while len(g.nodes) < length:
        kind = rng.choice(["affine", "add", "subtract", "multiply", "divide", "negate", "gather", "concat", "matvec",
                           "apply", "apply", "apply", "power"])  # fmt: skip
        a = any_node()
        size = g.sizes[a]
        if kind == "affine":
            affine(a, int(rng.integers(1, 5)))
        elif kind in ("add", "subtract", "multiply"):
            b = partner(size)
            g.push(size, kind, a, b) if rng.random() < 0.5 else g.push(size, kind, b, a)
        elif kind == "divide":
            b = positive(partner(size))
            g.push(size, kind, a, b)
        elif kind == "negate":
            g.push(size, kind, a)
        elif kind == "gather":
            indices = [int(i) for i in rng.integers(size, size=int(rng.integers(1, 5)))]
            g.push(len(indices), kind, a, indices)
        elif kind == "concat":
            b = any_node()
            g.push(size + g.sizes[b], kind, [a, b])
        elif kind == "matvec":
            rows = int(rng.integers(1, 4))
            source = any_node() if rng.random() < 0.5 else int(m > 0)
            matrix = affine(source, rows * size)
            g.push(rows, kind, matrix, a, rows, size)
        elif kind == "power":
            k = int(rng.choice([-3, -2, -1, 0, 1, 2, 3, 4, 5]))
            a = positive(affine(a, int(rng.integers(1, 4)))) if k < 0 else affine(a, int(rng.integers(1, 4)))
            g.push(g.sizes[a], kind, a, k)
        else:
            name = str(rng.choice(FUNCTIONS))
            inner = affine(a, int(rng.integers(1, 5)))
            g.push(g.sizes[inner], kind, name, positive(inner) if name in POSITIVE_ONLY else inner)
    affine(len(g.nodes) - 1, n)
    if rng.random() < 0.5:  # a skip connection from the state
        g.push(n, "add", len(g.nodes) - 1, 0)
    return g


def layered(rng: np.random.Generator, name: str, *, radius: float = 0.0) -> Graph:
    """V f(U x + d p + c) - x: one elementwise function, the state, a parameter."""
    n, h = 3, 4
    g = Graph(n, 1)
    x, p = g.push(n, "state"), g.push(1, "parameter")
    rad = (lambda *s: radius * rng.random(s)) if radius else (lambda *s: None)
    both = g.push(n + 1, "concat", [x, p])
    u = g.push(h, "affine", both, (rng.normal(size=(h, n + 1)), rad(h, n + 1)), (rng.normal(size=h), rad(h)))
    if name in POSITIVE_ONLY:
        u = g.push(h, "apply", "square", u)
        u = g.push(h, "affine", u, (np.eye(h), None), (np.full(h, 0.75), None))
    y = g.push(h, "apply", name, u) if name in FUNCTIONS else g.push(h, "power", u, int(name))
    z = g.push(n, "affine", y, (rng.normal(size=(n, h)), rad(n, h)), None)
    g.push(n, "subtract", z, x)
    return g


# ---- sets and questions


def box(rng: np.random.Generator, size: int, width: float) -> tuple[np.ndarray, np.ndarray]:
    mid = rng.normal(size=size)
    return mid - width * rng.random(size), mid + width * rng.random(size)


def inside(rng: np.random.Generator, lo: np.ndarray, hi: np.ndarray) -> list[Any]:
    """A point of the box (sometimes a corner), as exact arbs."""
    theta = np.where(rng.random(lo.shape) < 0.3, rng.integers(0, 2, lo.shape), rng.random(lo.shape))
    return [arb(float(v)) for v in np.clip(lo + theta * (hi - lo), lo, hi)]


def outside(y: Any, lo: float, hi: float) -> bool:
    """Is y (an arb, 200 bits) certainly not in [lo, hi]?"""
    return bool(not y.is_finite() and np.isfinite(lo) and np.isfinite(hi)) or bool(
        (np.isfinite(lo) and y < arb(float(lo))) or (np.isfinite(hi) and y > arb(float(hi)))
    )


def outside_disc(y: Any, mid: complex, rad: float) -> bool:
    if not np.isfinite(rad):
        return False
    difference = y - acb(mid.real, mid.imag)
    return bool(abs(difference) > arb(float(rad))) or not y.is_finite()


assert flint.ctx.prec >= 200, "the precision of the oracle is set in tests/python/conftest.py"
