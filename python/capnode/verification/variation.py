"""How far a field is from its linear part, in the 2-norm, over a ball about a point that is known to lie in a box.

With x any point of the box, e = y - x, |e|_2 <= radius, the same parameter, time and weights in both:

    q >= |f(y) - f(x) - f_x(x) e|_2,

node by node. Of a node v a box for v(x), beta_i >= |v_i(y) - v_i(x)|, b >= |v(y) - v(x)|_2 and a q of its own pass

    W v      beta_i = min(|W_i|_2 b, sum |W_ij| beta_j), b and q times |W|_2
    f(v)     q sup |f'| + the least of  max_i(sup |f''| beta_i) b / 2  and, where v = W u,  kappa b_u^2 / 2, with
             |sum_i a_i f''_i (W g)_i (W h)_i| <= kappa |a| |g| |h|
    u v      q_u |v| + |u| q_v + beta_u b_v (maxima of rows)

The referee's own code; the statement is that of jacobian_variation.hpp.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flint import arb, arb_mat

from capnode.verification.balls import symmetric
from capnode.verification.evaluate import tensor_entries
from capnode.verification.function_bounds import derivative_bounds
from capnode.verification.functions import power_derivatives
from capnode.verification.norms import bilinear, euclidean, size, spectral
from capnode.verification.program import Node, Program


@dataclass
class Spread:
    """What is known of a node: see the module."""

    box: list[arb]
    beta: list[arb]
    b: arb
    q: arb

    def range(self, i: int) -> arb:
        return self.box[i] + symmetric(self.beta[i])


@dataclass
class Weight:
    matrix: arb_mat
    sizes: arb_mat
    rows: list[arb]  # |W_i|_2
    norm: arb
    gram: arb_mat


class Variation:
    """Of one field; what it needs to know of the weights is computed once."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.entries = [tensor_entries(t) for t in program.tensors]
        self.weights: dict[int, Weight] = {}
        for node in program.nodes:
            if node.operation == "affine" and node.weight not in self.weights:
                self.weights[node.weight] = self._weight(node.weight)

    def _weight(self, tensor: int) -> Weight:
        t = self.program.tensors[tensor]
        m = arb_mat(t.rows, t.cols, self.entries[tensor])
        sizes = arb_mat(t.rows, t.cols, [size(z) for z in m.entries()])
        return Weight(m, sizes, [euclidean(row) for row in m.table()], spectral(m), m * m.transpose())

    def remainder(self, x: Sequence[arb], p: Sequence[arb], t: arb | None, radius: arb) -> arb:
        """q of the output; infinite where the field is undefined somewhere on the set."""
        known: list[Spread] = []
        for node in self.program.nodes:
            found = self._node(node, known, x, p, t, radius)
            found.b = _least(found.b, euclidean(found.beta))
            found.beta = [_least(z, found.b) for z in found.beta]
            known.append(found)
        q = known[self.program.output].q
        return q.upper() if q.is_finite() else arb("inf")

    def _node(
        self, node: Node, known: list[Spread], x: Sequence[arb], p: Sequence[arb], t: arb | None, radius: arb
    ) -> Spread:
        a = [known[i] for i in node.inputs]
        match node.operation:
            case "state":
                return Spread(list(x), [radius] * len(x), radius, arb(0))
            case "parameter":
                return _fixed(list(p))
            case "time":
                if t is None:
                    raise ValueError("the field depends on time; no time was given")
                return _fixed([t])
            case "constant":
                return _fixed(self.entries[node.weight])
            case "affine":
                return self._affine(node, a[0])
            case "add" | "subtract":
                minus = node.operation == "subtract"
                box = [u - v if minus else u + v for u, v in zip(a[0].box, a[1].box, strict=True)]
                beta = [u + v for u, v in zip(a[0].beta, a[1].beta, strict=True)]
                return Spread(box, beta, a[0].b + a[1].b, a[0].q + a[1].q)
            case "negate":
                return Spread([-z for z in a[0].box], a[0].beta, a[0].b, a[0].q)
            case "multiply":
                return _product(a[0], a[1])
            case "divide":
                return _product(a[0], self._through("reciprocal", 0, a[1], None))
            case "gather":
                most = max(node.indices.count(i) for i in set(node.indices))
                factor = arb(most).sqrt()
                box, beta = ([part[i] for i in node.indices] for part in (a[0].box, a[0].beta))
                return Spread(box, beta, factor * a[0].b, factor * a[0].q)
            case "concat":
                box, beta = [z for s in a for z in s.box], [z for s in a for z in s.beta]
                return Spread(box, beta, euclidean([s.b for s in a]), euclidean([s.q for s in a]))
            case "matvec":
                return _matvec(a[0], a[1], node.rows, node.cols)
            case "apply" | "power":
                source = self.program.nodes[node.inputs[0]]
                linear = None
                if source.operation == "affine":
                    linear = (self.weights[source.weight].gram, known[source.inputs[0]].b)
                return self._through(node.function, node.exponent, a[0], linear)
        raise ValueError(f"unknown operation {node.operation!r}")

    def _affine(self, node: Node, a: Spread) -> Spread:
        w = self.weights[node.weight]
        n = len(a.box)
        box = [row[0] for row in (w.matrix * arb_mat(n, 1, a.box)).table()]
        if node.bias >= 0:
            box = [u + v for u, v in zip(box, self.entries[node.bias], strict=True)]
        sums = [row[0] for row in (w.sizes * arb_mat(n, 1, a.beta)).table()]
        beta = [_least(u, r * a.b) for u, r in zip(sums, w.rows, strict=True)]
        return Spread(box, beta, w.norm * a.b, w.norm * a.q)

    @staticmethod
    def _through(function: str, exponent: int, a: Spread, linear: tuple[arb_mat, arb] | None) -> Spread:
        """f(v); `function` empty: the power."""
        box, beta, first, second = [], [], [], []
        for i in range(len(a.box)):
            wide = a.range(i)
            if function:
                value, slope, bend = derivative_bounds(function, a.box[i], wide)
            else:
                value = power_derivatives(a.box[i], exponent)[0]
                d = power_derivatives(wide, exponent)
                slope, bend = size(d[1]), size(d[2])
            box.append(value)
            beta.append(slope * a.beta[i])
            first.append(slope)
            second.append(bend)
        steepest = _largest(first)
        curved = _largest([u * v for u, v in zip(second, a.beta, strict=True)]) * a.b / 2
        if linear is not None:
            gram, b = linear
            curved = _least(curved, bilinear(gram, second) * b * b / 2)
        return Spread(box, beta, steepest * a.b, steepest * a.q + curved)


def _fixed(box: list[arb]) -> Spread:
    return Spread(box, [arb(0)] * len(box), arb(0), arb(0))


def _least(a: arb, b: arb) -> arb:
    """The lesser of two upper bounds, as a point; one that is not a number bounds nothing."""
    a, b = (z.upper() if z.is_finite() else arb("inf") for z in (a, b))
    return a if bool(a <= b) else b


def _largest(values: Sequence[arb]) -> arb:
    """The largest of upper bounds, as a point; infinite where one is not a number."""
    out = arb(0)
    for z in values:
        if not z.is_finite():
            return arb("inf")
        out = out.max(z.upper())
    return out


def _product(u: Spread, v: Spread) -> Spread:
    """(uv)(y) - (uv)(x) - its linear part = u(x) R_v + v(x) R_u + (u(y) - u(x)) (v(y) - v(x))."""
    box = [a * b for a, b in zip(u.box, v.box, strict=True)]
    beta = [
        size(u.box[i]) * v.beta[i] + u.beta[i] * size(v.range(i))
        for i in range(len(u.box))
    ]  # fmt: skip
    most_u, most_v = (_largest([size(z) for z in s.box]) for s in (u, v))
    return Spread(box, beta, arb("inf"), most_v * u.q + most_u * v.q + _largest(u.beta) * v.b)


def _matvec(m: Spread, x: Spread, rows: int, cols: int) -> Spread:
    """The same for a matrix times a vector, in Frobenius norms of the matrix."""
    box, beta = [], []
    for i in range(rows):
        total, moved = arb(0), arb(0)
        for j in range(cols):
            k = i * cols + j
            total += m.box[k] * x.box[j]
            moved += size(m.range(k)) * x.beta[j] + m.beta[k] * size(x.box[j])
        box.append(total)
        beta.append(moved)
    q = euclidean(m.box) * x.q + euclidean(x.box) * m.q + m.b * x.b
    return Spread(box, beta, arb("inf"), q)
