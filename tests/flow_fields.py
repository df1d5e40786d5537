"""Fields of the literature for the tests of the flow, built with the core's builder (no torch)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from capnode import _core
from capnode.field import Field


class Scalars:
    """Scalar expressions over a builder: components of the state, numbers, + - *."""

    def __init__(self, builder: Any, node: int) -> None:
        self.builder, self.node = builder, node

    def _other(self, other: Any) -> int:
        return other.node if isinstance(other, Scalars) else self.builder.constant(np.array([float(other)]))

    def _new(self, node: int) -> Scalars:
        return Scalars(self.builder, node)

    def __add__(self, other: Any) -> Scalars:
        return self._new(self.builder.add(self.node, self._other(other)))

    def __sub__(self, other: Any) -> Scalars:
        return self._new(self.builder.subtract(self.node, self._other(other)))

    def __mul__(self, other: Any) -> Scalars:
        return self._new(self.builder.multiply(self.node, self._other(other)))

    def __truediv__(self, other: Any) -> Scalars:
        return self._new(self.builder.divide(self.node, self._other(other)))

    def __neg__(self) -> Scalars:
        return self._new(self.builder.negate(self.node))

    def __rsub__(self, other: Any) -> Scalars:
        return self._new(self.builder.subtract(self._other(other), self.node))

    def __rtruediv__(self, other: Any) -> Scalars:
        return self._new(self.builder.divide(self._other(other), self.node))

    __radd__ = __add__
    __rmul__ = __mul__

    def apply(self, name: str) -> Scalars:
        return self._new(self.builder.apply(name, self.node))


def scalar_field(dim: int, parameters: int, f: Callable[..., list[Any]], *, time: bool = False) -> Field:
    """x' = f(x_1, ..., x_n, p_1, ..., p_m[, t]) from a Python function of scalar expressions."""
    b = _core.FieldBuilder(dim, parameters, time)
    state = b.state()
    arguments = [Scalars(b, b.gather(state, [i])) for i in range(dim)]
    if parameters:
        p = b.parameter()
        arguments += [Scalars(b, b.gather(p, [i])) for i in range(parameters)]
    if time:
        arguments.append(Scalars(b, b.time()))
    return Field(b.build(b.concat([e.node for e in f(*arguments)])))


def lorenz() -> Field:
    """(10, 28, 8/3), with 8/3 as the quotient of the field, so exactly."""
    return scalar_field(3, 0, lambda x, y, z: [10.0 * (y - x), x * (28.0 - z) - y, x * y - (z * 8.0) / 3.0])


def van_der_pol() -> Field:
    return scalar_field(2, 0, lambda x, y: [y + 0.0 * x, (1.0 - x * x) * y - x])


LAUB_LOOMIS_CENTRE = np.array([1.2, 1.05, 1.5, 2.4, 1.0, 0.1, 0.45])


def laub_loomis() -> Field:
    return scalar_field(
        7,
        0,
        lambda a, b, c, d, e, f, g: [
            1.4 * c - 0.9 * a,
            2.5 * e - 1.5 * b,
            0.6 * g - 0.8 * b * c,
            2.0 - 1.3 * c * d,
            0.7 * a - d * e,
            0.3 * a - 3.1 * f,
            1.8 * f - 1.6 * b * g,
        ],
    )


def roessler() -> Field:
    """Parameters (a, b): x' = -y - z, y' = x + b y, z' = b + z (x - a)."""
    return scalar_field(3, 2, lambda x, y, z, a, b: [-y - z, x + b * y, b + z * (x - a)])


def network(layers: list[tuple[Any, Any, str | None]], *, minus_state: float = 0.0) -> Field:
    """x' = -minus_state x + L_k ... L_1 (x), each layer `activation(W y + b)`."""
    dim = np.shape(layers[0][0])[1]
    b = _core.FieldBuilder(dim, 0, False)
    x = b.state()
    y = x
    for weight, bias, activation in layers:
        y = b.affine(y, np.asarray(weight, float), None, None if bias is None else np.asarray(bias, float))
        if activation:
            y = b.apply(activation, y)
    if minus_state:
        y = b.subtract(y, b.affine(x, minus_state * np.eye(dim)))
    return Field(b.build(y))


def spiral(shared: Path) -> Field:
    data = json.loads((shared / "data" / "spiral_nl.json").read_text())
    return network([(data["win"], data["bin"], "tanh"), (data["wout"], data["bout"], None)])


def fpa(shared: Path) -> tuple[Field, np.ndarray[Any, Any]]:
    """x' = -1e-6 x + [[0, A], [0, B A]] tanh(x); the product B A is of the field, so exact."""
    data = json.loads((shared / "data" / "fpa.json").read_text())
    A, B = np.array(data["A"]), np.array(data["B"])
    b = _core.FieldBuilder(5, 0, False)
    x = b.state()
    hidden = b.affine(b.gather(b.apply("tanh", x), [2, 3, 4]), A)
    drive = b.concat([hidden, b.affine(hidden, B)])
    return Field(b.build(b.subtract(drive, b.affine(x, data["tau_inv"] * np.eye(5))))), np.array(data["x0"])
