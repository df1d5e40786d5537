"""Fields for the tests of zeros and equilibria, each with the same function in Arb for the oracle."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import arb, arb_mat
from numpy.typing import NDArray

from capnode import _core

Function = Callable[[Sequence[Any], Sequence[Any]], list[Any]]


@dataclass(frozen=True)
class Known:
    """A core field and its function and derivative over Arb numbers."""

    field: Any
    value: Function
    derivative: Callable[[Sequence[Any], Sequence[Any]], arb_mat]


def network(
    W1: NDArray[np.float64],
    b1: NDArray[np.float64],
    W2: NDArray[np.float64],
    b2: NDArray[np.float64],
    radius: float = 0.0,
) -> Known:
    """x' = -x + p 1 + W2 tanh(W1 x + b1) + b2, p one number added to every component."""
    n, _ = W2.shape

    def rad(a: NDArray[np.float64]) -> NDArray[np.float64] | None:
        return np.full_like(a, radius) if radius > 0 else None

    b = _core.FieldBuilder(n, 1, False)
    hidden = b.apply("tanh", b.affine(b.state(), W1, rad(W1), b1, rad(b1)))
    out = b.affine(hidden, W2, rad(W2), b2, rad(b2))
    spread = b.gather(b.parameter(), [0] * n)
    field = b.build(b.add(b.subtract(out, b.state()), spread))

    def value(x: Sequence[Any], p: Sequence[Any]) -> list[Any]:
        h = [_tanh(arb(c) + _dot(row, x)) for row, c in zip(W1, b1, strict=True)]
        return [_dot(row, h) + arb(c) - x[i] + p[0] for i, (row, c) in enumerate(zip(W2, b2, strict=True))]

    def derivative(x: Sequence[Any], p: Sequence[Any]) -> arb_mat:
        s = [1 - _tanh(arb(c) + _dot(row, x)) ** 2 for row, c in zip(W1, b1, strict=True)]
        rows = []
        for i in range(n):
            row = [sum((arb(W2[i, k]) * s[k] * arb(W1[k, j]) for k in range(len(s))), arb(0)) for j in range(n)]
            row[i] -= 1
            rows.append(row)
        return arb_mat(rows)

    return Known(field, value, derivative)


def _dot(row: NDArray[np.float64], x: Sequence[Any]) -> Any:
    return sum((arb(float(w)) * z for w, z in zip(row, x, strict=True)), arb(0))


def _tanh(x: Any) -> Any:
    return x.tanh()


def polynomial(coefficients: Sequence[float]) -> Any:
    """x' = sum_k c_k x^k on the line; the coefficients are taken exactly."""
    b = _core.FieldBuilder(1, 0, False)
    out = b.affine(b.state(), np.array([[0.0]]), None, np.array([float(coefficients[0])]))
    for k, c in enumerate(coefficients[1:], start=1):
        out = b.add(out, b.affine(b.power(b.state(), k), np.array([[float(c)]])))
    return b.build(out)


def mixed_squares(A: NDArray[np.float64], roots: NDArray[np.float64]) -> Any:
    """f(x) = A (x_i^2 - roots_i^2)_i: zeros exactly at all sign patterns of the roots where A is nonsingular."""
    n = len(roots)
    b = _core.FieldBuilder(n, 0, False)
    return b.build(b.affine(b.subtract(b.power(b.state(), 2), b.constant(roots**2)), A))


def arb_zero(known: Known, start: NDArray[np.float64], p: Sequence[float]) -> list[arb]:
    """The zero near `start` to about 190 bits by Newton's iteration in Arb (midpoints), with a proof of its error.

    The last step's Krawczyk image must lie in the interior of its box, so the ball returned does hold a zero.
    """
    n = len(start)
    x = [arb(float(z)) for z in start]
    q = [arb(float(z)) for z in p]
    for _ in range(9):
        step = known.derivative(x, q).solve(arb_mat(n, 1, known.value(x, q)))
        x = [arb((a - step[i, 0]).mid()) for i, a in enumerate(x)]
    radius = arb(0, 2.0**-170)
    box = [a + radius for a in x]
    inverse = known.derivative(x, q).inv()
    move = inverse * arb_mat(n, 1, known.value(x, q))
    defect = arb_mat([[arb(int(i == j)) for j in range(n)] for i in range(n)]) - inverse * known.derivative(box, q)
    spread = defect * arb_mat(n, 1, [radius] * n)
    image = [x[i] - move[i, 0] + spread[i, 0] for i in range(n)]
    assert all(b.contains_interior(a) for a, b in zip(image, box, strict=True))
    return image


def lies_within(x: Sequence[arb], lo: NDArray[np.float64], hi: NDArray[np.float64]) -> bool:
    return all(arb(float(a)) <= z <= arb(float(b)) for z, a, b in zip(x, lo, hi, strict=True))
