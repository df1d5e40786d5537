"""The referee's evaluator of a field, in Arb: nilpotent jets and Jacobians.

A jet carries a coefficient (a list of numbers, one for each entry of the vector) for each subset of the generators
e1, e2, e3 with e_i^2 = 0; subsets are bit masks, an absent mask is zero. Seeding e1 with u and e2 with v makes the
coefficient of e1 e2 the second directional derivative f_xx[u, v], and so on up to the third. Base values are real,
directions may be complex.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flint import acb, acb_mat, arb, arb_mat

from capnode.verification.functions import Quadruple, derivatives, power_derivatives
from capnode.verification.program import Node, Program, Tensor

Vector = list[arb] | list[acb]
Jet = dict[int, Vector]
Rows = list[list[arb]]

# the set partitions of the generators in a mask, as tuples of masks
PARTITIONS: dict[int, tuple[tuple[int, ...], ...]] = {
    1: ((1,),),
    2: ((2,),),
    4: ((4,),),
    3: ((3,), (1, 2)),
    5: ((5,), (1, 4)),
    6: ((6,), (2, 4)),
    7: ((7,), (1, 6), (2, 5), (4, 3), (1, 2, 4)),
}


def ball(mid: float, rad: float) -> arb:
    return arb(mid, rad) if rad else arb(mid)


def tensor_entries(tensor: Tensor) -> list[arb]:
    if not tensor.rad:
        return [arb(m) for m in tensor.mid]
    return [ball(m, r) for m, r in zip(tensor.mid, tensor.rad, strict=True)]


def _is_complex(vector: Vector) -> bool:
    return bool(vector) and isinstance(vector[0], acb)


def _plus(a: Vector | None, b: Vector) -> Vector:
    return b if a is None else [x + y for x, y in zip(a, b, strict=True)]


def _times(a: Vector, b: Vector) -> Vector:
    return [x * y for x, y in zip(a, b, strict=True)]


def columns_product(matrix: arb_mat, columns: Sequence[Vector]) -> list[Vector]:
    """matrix times each column; complex columns are multiplied as their two real parts."""
    real: list[list[arb]] = []
    for column in columns:
        if _is_complex(column):
            real.append([z.real for z in column])
            real.append([z.imag for z in column])
        else:
            real.append(list(column))
    size = matrix.ncols()
    stacked = arb_mat(size, len(real), [column[i] for i in range(size) for column in real])
    table = (matrix * stacked).table() if real else []
    out: list[Vector] = []
    j = 0
    for column in columns:
        if _is_complex(column):
            out.append([acb(row[j], row[j + 1]) for row in table])
            j += 2
        else:
            out.append([row[j] for row in table])
            j += 1
    return out


class Evaluator:
    """Evaluates one program; the tensors are converted to Arb once, at the precision of the moment."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._entries = [tensor_entries(t) for t in program.tensors]
        self._matrices: dict[int, arb_mat] = {}

    def matrix(self, tensor: int) -> arb_mat:
        if tensor not in self._matrices:
            t = self.program.tensors[tensor]
            self._matrices[tensor] = arb_mat(t.rows, t.cols, self._entries[tensor])
        return self._matrices[tensor]

    def column(self, tensor: int) -> list[arb]:
        return self._entries[tensor]

    # ---- jets -----------------------------------------------------------------------------------------------------

    def jet(self, x: Jet, p: Jet | None = None, t: arb | None = None) -> Jet:
        """All coefficients of f(x, p, t); the masks of x and p may use the bits 1, 2, 4."""
        p = p if p is not None else {0: []}
        masks = 0
        for seed in (x, p):
            for mask in seed:
                masks |= mask
        subsets = [s for s in range(1, masks + 1) if s & masks == s]
        values: list[Jet] = []
        for node in self.program.nodes:
            values.append(self._jet_node(node, values, x, p, t, subsets))
        return values[self.program.output]

    def _jet_node(self, node: Node, values: list[Jet], x: Jet, p: Jet, t: arb | None, subsets: list[int]) -> Jet:
        arguments = [values[i] for i in node.inputs]
        match node.operation:
            case "state":
                return x
            case "parameter":
                return p
            case "time":
                if t is None:
                    raise ValueError("the field depends on time; no time was given")
                return {0: [t]}
            case "constant":
                return {0: self.column(node.weight)}
            case "affine":
                a = arguments[0]
                out = dict(zip(a, columns_product(self.matrix(node.weight), list(a.values())), strict=True))
                if node.bias >= 0:
                    out[0] = _plus(self.column(node.bias), out[0])
                return out
            case "add" | "subtract":
                a, b = arguments
                if node.operation == "subtract":
                    b = {m: [-z for z in column] for m, column in b.items()}
                out = dict(a)
                for mask, column in b.items():
                    out[mask] = _plus(out.get(mask), column)
                return out
            case "negate":
                return {m: [-z for z in column] for m, column in arguments[0].items()}
            case "multiply":
                return self._product(arguments[0], arguments[1], subsets, _times)
            case "divide":
                inverse = self._compose(lambda z: power_derivatives(z, -1), arguments[1], subsets)
                return self._product(arguments[0], inverse, subsets, _times)
            case "gather":
                return {m: [column[i] for i in node.indices] for m, column in arguments[0].items()}
            case "concat":
                present = {m for a in arguments for m in a}
                sizes = [len(a[0]) for a in arguments]
                return {
                    m: [z for a, k in zip(arguments, sizes, strict=True) for z in a.get(m, [arb(0)] * k)]
                    if not any(_is_complex(a.get(m, [])) for a in arguments)
                    else [acb(z) for a, k in zip(arguments, sizes, strict=True) for z in a.get(m, [arb(0)] * k)]
                    for m in present
                }
            case "matvec":
                return self._product(
                    arguments[0], arguments[1], subsets, lambda a, b: _matvec(a, b, node.rows, node.cols)
                )
            case "apply":
                return self._compose(lambda z: derivatives(node.function, z), arguments[0], subsets)
            case "power":
                return self._compose(lambda z: power_derivatives(z, node.exponent), arguments[0], subsets)
        raise ValueError(f"unknown operation {node.operation!r}")

    @staticmethod
    def _product(a: Jet, b: Jet, subsets: list[int], times: Callable[[Vector, Vector], Vector]) -> Jet:
        """(ab)_S = sum over A in S of a_A b_(S - A)."""
        out: Jet = {0: times(a[0], b[0])}
        for s in subsets:
            total: Vector | None = None
            for left in a:
                if left & s == left and (s ^ left) in b:
                    total = _plus(total, times(a[left], b[s ^ left]))
            if total is not None:
                out[s] = total
        return out

    @staticmethod
    def _compose(f: Callable[[arb], Quadruple], a: Jet, subsets: list[int]) -> Jet:
        """f(a)_S = sum over the set partitions of S of f^(number of blocks) times the product of the blocks."""
        if len(a) == 1:
            return {0: [f(z)[0] for z in a[0]]}
        table = [f(z) for z in a[0]]
        out: Jet = {0: [d[0] for d in table]}
        for s in subsets:
            total: Vector | None = None
            for blocks in PARTITIONS[s]:
                if all(block in a for block in blocks):
                    term: Vector = [d[len(blocks)] for d in table]
                    for block in blocks:
                        term = _times(term, a[block])
                    total = _plus(total, term)
            if total is not None:
                out[s] = total
        return out

    # ---- Jacobians ------------------------------------------------------------------------------------------------

    def jacobian(
        self, x: Sequence[arb], p: Sequence[arb] = (), direction: Sequence[arb] | None = None, t: arb | None = None
    ) -> Derivatives:
        """f, f_x, f_p at (x, p), and with a `direction` v also f_x v, (f_x v)_x, (f_x v)_p; x and p may be balls."""
        values: list[Derivatives] = []
        for node in self.program.nodes:
            values.append(_derivatives_node(self, node, values, x, p, direction, t))
        out = values[self.program.output]
        n, m = self.program.dim, self.program.parameter_dim
        return Derivatives(
            out.value,
            out.dx or _zero_rows(n, n),
            out.dp or _zero_rows(n, m),
            out.along or [arb(0)] * n,
            out.along_dx or _zero_rows(n, n),
            out.along_dp or _zero_rows(n, m),
        )


def _zero_rows(rows: int, cols: int) -> Rows:
    return [[arb(0)] * cols for _ in range(rows)]


def _matvec(a: Vector, b: Vector, rows: int, cols: int) -> Vector:
    if _is_complex(a):
        table = (acb_mat(rows, cols, a) * acb_mat(cols, 1, b)).table()
        return [row[0] for row in table]
    return columns_product(arb_mat(rows, cols, a), [b])[0]


class Derivatives:
    """A value with its derivatives: lists of numbers (value, along) and of rows (the others); None stands for zero."""

    __slots__ = ("along", "along_dp", "along_dx", "dp", "dx", "value")

    def __init__(
        self,
        value: list[arb],
        dx: Rows | None = None,
        dp: Rows | None = None,
        along: list[arb] | None = None,
        along_dx: Rows | None = None,
        along_dp: Rows | None = None,
    ) -> None:
        self.value, self.dx, self.dp = value, dx, dp
        self.along, self.along_dx, self.along_dp = along, along_dx, along_dp

    def parts(self) -> tuple[Rows | None, Rows | None, list[arb] | None, Rows | None, Rows | None]:
        return (self.dx, self.dp, self.along, self.along_dx, self.along_dp)


def _scale(d: Sequence[arb], rows: Rows | None) -> Rows | None:
    return None if rows is None else [[c * z for z in row] for c, row in zip(d, rows, strict=True)]


def _add_rows(a: Rows | None, b: Rows | None) -> Rows | None:
    if a is None or b is None:
        return a if b is None else b
    return [[x + y for x, y in zip(r, s, strict=True)] for r, s in zip(a, b, strict=True)]


def _add_list(a: list[arb] | None, b: list[arb] | None) -> list[arb] | None:
    if a is None or b is None:
        return a if b is None else b
    return [x + y for x, y in zip(a, b, strict=True)]


def _mul_list(a: Sequence[arb], b: list[arb] | None) -> list[arb] | None:
    return None if b is None else [x * y for x, y in zip(a, b, strict=True)]


def _outer(along: list[arb] | None, rows: Rows | None) -> Rows | None:
    return None if along is None else _scale(along, rows)


def _through(f: Callable[[arb], Quadruple], a: Derivatives) -> Derivatives:
    """Chain rule: (f'(a) a_v)_x = f''(a) a_v a_x + f'(a) (a_v)_x."""
    table = [f(z) for z in a.value]
    first = [d[1] for d in table]
    bent = _mul_list([d[2] for d in table], a.along)
    return Derivatives(
        [d[0] for d in table],
        _scale(first, a.dx),
        _scale(first, a.dp),
        _mul_list(first, a.along),
        _add_rows(_outer(bent, a.dx), _scale(first, a.along_dx)),
        _add_rows(_outer(bent, a.dp), _scale(first, a.along_dp)),
    )


def _multiply(a: Derivatives, b: Derivatives) -> Derivatives:
    """Product rule, entrywise: (ab)_vx = a_vx b + a_v b_x + a_x b_v + a b_vx."""

    def mixed(da: Rows | None, db: Rows | None, dda: Rows | None, ddb: Rows | None) -> Rows | None:
        total = _add_rows(_scale(b.value, dda), _scale(a.value, ddb))
        return _add_rows(total, _add_rows(_outer(a.along, db), _outer(b.along, da)))

    value = [x * y for x, y in zip(a.value, b.value, strict=True)]
    return Derivatives(
        value,
        _add_rows(_scale(b.value, a.dx), _scale(a.value, b.dx)),
        _add_rows(_scale(b.value, a.dp), _scale(a.value, b.dp)),
        _add_list(_mul_list(b.value, a.along), _mul_list(a.value, b.along)),
        mixed(a.dx, b.dx, a.along_dx, b.along_dx),
        mixed(a.dp, b.dp, a.along_dp, b.along_dp),
    )


def _left_multiply(matrix: arb_mat, rows: Rows | None) -> Rows | None:
    if rows is None:
        return None
    cols = len(rows[0]) if rows else 0
    if cols == 0:
        return [[] for _ in range(matrix.nrows())]
    table: Rows = (matrix * arb_mat(len(rows), cols, [z for row in rows for z in row])).table()
    return table


def _matrix_times(entries: list[arb] | None, rows: Rows | None, shape: tuple[int, int]) -> Rows | None:
    return None if entries is None or rows is None else _left_multiply(arb_mat(*shape, entries), rows)


def _lanes_times(lanes: Rows | None, x: list[arb] | None, shape: tuple[int, int]) -> Rows | None:
    """Rows of a matrix-valued node (one row an entry of the matrix, one column a lane) applied to x, lane by lane."""
    if lanes is None or x is None:
        return None
    r, c = shape
    count = len(lanes[0]) if lanes else 0
    column = arb_mat(c, 1, x)
    results = [[row[0] for row in (arb_mat(r, c, [e[k] for e in lanes]) * column).table()] for k in range(count)]
    return [[results[k][i] for k in range(count)] for i in range(r)]


def _as_rows(v: list[arb] | None) -> Rows | None:
    return None if v is None else [[z] for z in v]


def _first_column(rows: Rows | None) -> list[arb] | None:
    return None if rows is None else [row[0] for row in rows]


def _matvec_derivatives(a: Derivatives, b: Derivatives, shape: tuple[int, int]) -> Derivatives:
    def apply_list(entries: list[arb] | None, x: list[arb] | None) -> list[arb] | None:
        return _first_column(_matrix_times(entries, _as_rows(x), shape))

    def first(da: Rows | None, db: Rows | None) -> Rows | None:
        return _add_rows(_lanes_times(da, b.value, shape), _matrix_times(a.value, db, shape))

    def mixed(da: Rows | None, db: Rows | None, dda: Rows | None, ddb: Rows | None) -> Rows | None:
        total = _add_rows(_lanes_times(dda, b.value, shape), _matrix_times(a.value, ddb, shape))
        return _add_rows(total, _add_rows(_matrix_times(a.along, db, shape), _lanes_times(da, b.along, shape)))

    value = apply_list(a.value, b.value)
    assert value is not None
    return Derivatives(
        value,
        first(a.dx, b.dx),
        first(a.dp, b.dp),
        _add_list(apply_list(a.along, b.value), apply_list(a.value, b.along)),
        mixed(a.dx, b.dx, a.along_dx, b.along_dx),
        mixed(a.dp, b.dp, a.along_dp, b.along_dp),
    )


def _combine(a: Derivatives, b: Derivatives, sign: int) -> Derivatives:
    def signed_rows(rows: Rows | None) -> Rows | None:
        return rows if sign > 0 or rows is None else [[-z for z in row] for row in rows]

    def signed(v: list[arb] | None) -> list[arb] | None:
        return v if sign > 0 or v is None else [-z for z in v]

    value = _add_list(a.value, signed(b.value))
    assert value is not None
    return Derivatives(
        value,
        _add_rows(a.dx, signed_rows(b.dx)),
        _add_rows(a.dp, signed_rows(b.dp)),
        _add_list(a.along, signed(b.along)),
        _add_rows(a.along_dx, signed_rows(b.along_dx)),
        _add_rows(a.along_dp, signed_rows(b.along_dp)),
    )


def _unit_rows(size: int) -> Rows:
    zero, one = arb(0), arb(1)
    return [[one if i == j else zero for j in range(size)] for i in range(size)]


def _gather(a: Derivatives, indices: Sequence[int]) -> Derivatives:
    value = [a.value[i] for i in indices]
    return Derivatives(value, *[None if part is None else [part[i] for i in indices] for part in a.parts()])


def _concat(parts: list[Derivatives]) -> Derivatives:
    def stack(pieces: list[Rows | None]) -> Rows | None:
        width = next((len(rows[0]) for rows in pieces if rows), None)
        if width is None:
            return None
        return [row for a, rows in zip(parts, pieces, strict=True) for row in (rows or _zero_rows(len(a.value), width))]

    along: list[arb] | None = None
    if any(a.along is not None for a in parts):
        along = [z for a in parts for z in (a.along or [arb(0)] * len(a.value))]
    return Derivatives(
        [z for a in parts for z in a.value],
        stack([a.dx for a in parts]),
        stack([a.dp for a in parts]),
        along,
        stack([a.along_dx for a in parts]),
        stack([a.along_dp for a in parts]),
    )


def _derivatives_node(
    evaluator: Evaluator,
    node: Node,
    values: list[Derivatives],
    x: Sequence[arb],
    p: Sequence[arb],
    direction: Sequence[arb] | None,
    t: arb | None,
) -> Derivatives:
    a = [values[i] for i in node.inputs]
    match node.operation:
        case "state":
            return Derivatives(list(x), dx=_unit_rows(len(x)), along=None if direction is None else list(direction))
        case "parameter":
            return Derivatives(list(p), dp=_unit_rows(len(p)))
        case "time":
            if t is None:
                raise ValueError("the field depends on time; no time was given")
            return Derivatives([t])
        case "constant":
            return Derivatives(evaluator.column(node.weight))
        case "affine":
            matrix = evaluator.matrix(node.weight)
            parts = [_left_multiply(matrix, rows) for rows in (a[0].dx, a[0].dp, a[0].along_dx, a[0].along_dp)]
            vectors = columns_product(matrix, [a[0].value] if a[0].along is None else [a[0].value, a[0].along])
            value = vectors[0] if node.bias < 0 else _plus(evaluator.column(node.bias), vectors[0])
            along = None if a[0].along is None else vectors[1]
            return Derivatives(value, parts[0], parts[1], along, parts[2], parts[3])
        case "add":
            return _combine(a[0], a[1], 1)
        case "subtract":
            return _combine(a[0], a[1], -1)
        case "negate":
            return _combine(Derivatives([arb(0)] * node.size), a[0], -1)
        case "multiply":
            return _multiply(a[0], a[1])
        case "divide":
            return _multiply(a[0], _through(lambda z: power_derivatives(z, -1), a[1]))
        case "gather":
            return _gather(a[0], node.indices)
        case "concat":
            return _concat(a)
        case "matvec":
            return _matvec_derivatives(a[0], a[1], (node.rows, node.cols))
        case "apply":
            return _through(lambda z: derivatives(node.function, z), a[0])
        case "power":
            return _through(lambda z: power_derivatives(z, node.exponent), a[0])
    raise ValueError(f"unknown operation {node.operation!r}")
