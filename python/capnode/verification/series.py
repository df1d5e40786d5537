"""The referee's Taylor series of a field along a curve, in Arb, with derivatives by the state.

Every entry of a node is a power series in s (arb_series, to the order of `flint.ctx.cap`), its derivatives by the
components of the state are series too (forward mode, one column a component). Coefficient K of f along a curve, taken
with base values that are balls, encloses coefficient K at every base point of the ball: Lagrange's remainder.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flint import arb, arb_mat, arb_series, ctx

from capnode.verification.evaluate import tensor_entries
from capnode.verification.program import Node, Program, Tensor

Series = list[arb_series]
Columns = list[Series] | None  # by entry, then by component of the state; None stands for zero
Pair = tuple[Series, Columns]
TwoSeries = tuple[arb_series, arb_series]


def _sigmoid(v: arb_series) -> arb_series:
    return 1 - 1 / (1 + v.exp())


def _tanh(v: arb_series) -> TwoSeries:
    t = 1 - 2 / ((2 * v).exp() + 1)
    return t, 1 - t * t


def _logistic(v: arb_series) -> TwoSeries:
    s = _sigmoid(v)
    return s, s * (1 - s)


def _silu(v: arb_series) -> TwoSeries:
    s = _sigmoid(v)
    return v * s, s + v * s * (1 - s)


def _gelu(v: arb_series) -> TwoSeries:
    normal = (v * (-1 / arb(2).sqrt())).erfc() / 2
    density = (v * v * arb(-0.5)).exp() * (1 / (2 * arb.pi()).sqrt())
    return v * normal, normal + v * density


def _gelu_tanh(v: arb_series) -> TwoSeries:
    c, k = 2 * (2 / arb.pi()).sqrt(), arb("0.044715")
    square = v * v
    s = _sigmoid(v * (1 + square * k) * c)
    return v * s, s + v * s * (1 - s) * (1 + square * (3 * k)) * c


def _mish(v: arb_series) -> TwoSeries:
    one = 1 + v.exp()
    square = one * one
    t = 1 - 2 / (square + 1)
    return v * t, t + v * (1 - t * t) * (1 - 1 / one)


def _sqrt(v: arb_series) -> TwoSeries:
    r = v.sqrt()
    return r, 1 / (2 * r)


def _power(v: arb_series, k: int) -> arb_series:
    if k < 0:
        return _power(1 / v, -k)
    out = arb_series([1])
    while k:
        if k & 1:
            out = out * v
        v, k = v * v, k >> 1
    return out


def _erf(v: arb_series) -> TwoSeries:
    return v.erf(), (-(v * v)).exp() * (2 / arb.pi().sqrt())


# name -> (f, f') of a series
TABLE: dict[str, Callable[[arb_series], TwoSeries]] = {
    "tanh": _tanh,
    "sigmoid": _logistic,
    "softplus": lambda v: ((1 + v.exp()).log(), _sigmoid(v)),
    "silu": _silu,
    "gelu": _gelu,
    "gelu_tanh": _gelu_tanh,
    "mish": _mish,
    "sin": lambda v: (v.sin(), v.cos()),
    "cos": lambda v: (v.cos(), -v.sin()),
    "exp": lambda v: (v.exp(), v.exp()),
    "log": lambda v: (v.log(), 1 / v),
    "sqrt": _sqrt,
    "atan": lambda v: (v.atan(), 1 / (1 + v * v)),
    "erf": _erf,
    "reciprocal": lambda v: (1 / v, -1 / (v * v)),
    "square": lambda v: (v * v, 2 * v),
}


def augmented(program: Program) -> Program:
    """(x, p)' = (f(x, p, t), 0): the parameters as components of the state that do not move."""
    n, m = program.dim, program.parameter_dim
    if m == 0:
        return program
    nodes = [Node("state", n + m)]
    for node in program.nodes:
        if node.operation in ("state", "parameter"):
            indices = tuple(range(n)) if node.operation == "state" else tuple(range(n, n + m))
            nodes.append(Node("gather", node.size, (0,), indices=indices))
        else:
            inputs = tuple(i + 1 for i in node.inputs)
            nodes.append(Node(node.operation, node.size, inputs, node.weight, node.bias, node.indices,
                              node.rows, node.cols, node.function, node.exponent))  # fmt: skip
    tensors = (*program.tensors, Tensor(m, 1, (0.0,) * m))
    nodes.append(Node("constant", m, weight=len(program.tensors)))
    nodes.append(Node("concat", n + m, (program.output + 1, len(nodes) - 1)))
    return Program(n + m, 0, program.has_time, tuple(nodes), tensors, len(nodes) - 1, program.digest,
                   program.depends_on_time)  # fmt: skip


class SeriesEvaluator:
    """Series of f(x(s), t(s)) and of f_x along it; a program without parameters (see `augmented`)."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._entries = [tensor_entries(t) for t in program.tensors]
        self._matrices = {
            node.weight: arb_mat(program.tensors[node.weight].rows, program.tensors[node.weight].cols,
                                 self._entries[node.weight])
            for node in program.nodes
            if node.operation == "affine"
        }  # fmt: skip

    def __call__(self, x: Series, t: arb_series | None, *, derivatives: bool) -> Pair:
        n = self.program.dim
        unit: Columns = [[arb_series([int(i == j)]) for j in range(n)] for i in range(n)] if derivatives else None
        values: list[Pair] = []
        for node in self.program.nodes:
            arguments = [values[i] for i in node.inputs]
            values.append(self._node(node, arguments, (x, unit), t))
        value, columns = values[self.program.output]
        if derivatives and columns is None:
            columns = [[arb_series([0])] * n for _ in range(n)]
        return value, columns

    def _node(self, node: Node, a: list[Pair], state: Pair, t: arb_series | None) -> Pair:
        match node.operation:
            case "state":
                return state
            case "time":
                if t is None:
                    raise ValueError("the field depends on time; no time was given")
                return [t], None
            case "constant":
                return [arb_series([z]) for z in self._entries[node.weight]], None
            case "affine":
                return self._affine(node, a[0])
            case "add":
                return _sum(a[0], a[1], lambda u, v: u + v, lambda v: v)
            case "subtract":
                return _sum(a[0], a[1], lambda u, v: u - v, lambda v: -v)
            case "negate":
                return [-u for u in a[0][0]], _map(a[0][1], lambda u: -u)
            case "multiply":
                return _product(a[0], a[1])
            case "divide":
                return _product(a[0], _through(a[1], lambda v: (1 / v, -1 / (v * v))))
            case "gather":
                value, columns = a[0]
                return [value[i] for i in node.indices], None if columns is None else [columns[i] for i in node.indices]
            case "concat":
                value = [u for part in a for u in part[0]]
                width = next((len(part[1][0]) for part in a if part[1]), None)
                if width is None:
                    return value, None
                zero = [arb_series([0])] * width
                return value, [row for part in a for row in (part[1] if part[1] else [zero] * len(part[0]))]
            case "matvec":
                return _matvec(a[0], a[1], node.rows, node.cols)
            case "apply":
                return _through(a[0], TABLE[node.function])
            case "power":
                k = node.exponent
                return _through(a[0], lambda v: (_power(v, k), k * _power(v, k - 1) if k else arb_series([0])))
        raise ValueError(f"unknown operation {node.operation!r}")

    def _affine(self, node: Node, a: Pair) -> Pair:
        """One product of matrices for the coefficients of the value and of all columns."""
        value, columns = a
        width, terms = (0 if columns is None else len(columns[0])), ctx.cap
        entries: list[arb] = []
        zero = arb(0)
        for i, u in enumerate(value):
            for s in (u, *(columns[i] if columns is not None else ())):
                c = s.coeffs()
                entries += c + [zero] * (terms - len(c))
        table = (self._matrices[node.weight] * arb_mat(len(value), terms * (1 + width), entries)).table()
        rows = [[arb_series(row[terms * j : terms * (j + 1)]) for j in range(1 + width)] for row in table]
        out = [row[0] for row in rows]
        if node.bias >= 0:
            out = [u + b for u, b in zip(out, self._entries[node.bias], strict=True)]
        return out, None if columns is None else [row[1:] for row in rows]


def _map(columns: Columns, f: Callable[[arb_series], arb_series]) -> Columns:
    return None if columns is None else [[f(u) for u in row] for row in columns]


def _sum(
    a: Pair,
    b: Pair,
    both: Callable[[arb_series, arb_series], arb_series],
    second: Callable[[arb_series], arb_series],
) -> Pair:
    value = [both(u, v) for u, v in zip(a[0], b[0], strict=True)]
    if a[1] is None or b[1] is None:
        return value, a[1] if b[1] is None else _map(b[1], second)
    return value, [[both(u, v) for u, v in zip(r, s, strict=True)] for r, s in zip(a[1], b[1], strict=True)]


def _scaled(columns: Columns, by: Sequence[arb_series]) -> Columns:
    return None if columns is None else [[c * u for u in row] for c, row in zip(by, columns, strict=True)]


def _added(a: Columns, b: Columns) -> Columns:
    if a is None or b is None:
        return a if b is None else b
    return [[u + v for u, v in zip(r, s, strict=True)] for r, s in zip(a, b, strict=True)]


def _product(a: Pair, b: Pair) -> Pair:
    value = [u * v for u, v in zip(a[0], b[0], strict=True)]
    return value, _added(_scaled(a[1], b[0]), _scaled(b[1], a[0]))


def _through(a: Pair, f: Callable[[arb_series], TwoSeries]) -> Pair:
    pairs = [f(v) for v in a[0]]
    return [u for u, _ in pairs], _scaled(a[1], [d for _, d in pairs])


def _matvec(a: Pair, b: Pair, rows: int, cols: int) -> Pair:
    value, columns = [], []
    for i in range(rows):
        span = slice(i * cols, (i + 1) * cols)
        row = _product((a[0][span], None if a[1] is None else a[1][span]), b)
        value.append(sum(row[0], arb_series([0])))
        if row[1] is not None:
            columns.append([sum(entries, arb_series([0])) for entries in zip(*row[1], strict=True)])
    return value, columns or None
