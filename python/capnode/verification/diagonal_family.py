"""Is the field x' = c s(M x + p x + b), s an elementwise function? Read off the graph by exact arithmetic.

Each node up to the function is expanded as c0 + C x + d p + p (K x). Sums and products of stored binary numbers are
exact in Arb at the precision set here, so that "K is the identity" and "d is zero" are questions with exact answers;
weights with a radius are balls, and an entry of K or d that is a ball is never exact.
"""

from __future__ import annotations

from dataclasses import dataclass

from flint import arb, arb_mat, ctx

from capnode.verification.evaluate import tensor_entries
from capnode.verification.program import Node, Program

EXACT_BITS = 4400  # enough for sums of products of any two doubles

Rows = list[list[arb]]


class NotAffine(Exception):
    """A node is not of the form c0 + C x + d p + p (K x)."""


@dataclass
class Form:
    """c0 + C x + d p + p (K x); None stands for zero."""

    constant: list[arb]
    state: Rows | None = None
    parameter: list[arb] | None = None
    mixed: Rows | None = None

    @property
    def free_of_state(self) -> bool:
        return self.state is None and self.mixed is None

    @property
    def is_constant(self) -> bool:
        return self.free_of_state and self.parameter is None


@dataclass(frozen=True)
class Family:
    """x' = scale * function(M x + p x + b), entrywise; `matrix` is M."""

    function: str
    scale: arb
    matrix: arb_mat
    bias: list[arb]

    @property
    def slope(self) -> arb | None:
        """scale * function'(0) where the function is odd with the only zero 0 and third derivative -2 f'(0) there."""
        slopes = {"tanh": arb(1), "atan": arb(1), "erf": 2 / arb.pi().sqrt()}
        return self.scale * slopes[self.function] if self.function in slopes else None


def _rows(a: Rows | None, b: Rows | None, sign: int = 1) -> Rows | None:
    if b is not None and sign < 0:
        b = [[-z for z in row] for row in b]
    if a is None or b is None:
        return b if a is None else a
    return [[x + y for x, y in zip(r, s, strict=True)] for r, s in zip(a, b, strict=True)]


def _vector(a: list[arb] | None, b: list[arb] | None, sign: int = 1) -> list[arb] | None:
    if b is not None and sign < 0:
        b = [-z for z in b]
    if a is None or b is None:
        return b if a is None else a
    return [x + y for x, y in zip(a, b, strict=True)]


def _sum(a: Form, b: Form, sign: int) -> Form:
    constant = _vector(a.constant, b.constant, sign)
    assert constant is not None
    return Form(
        constant,
        _rows(a.state, b.state, sign),
        _vector(a.parameter, b.parameter, sign),
        _rows(a.mixed, b.mixed, sign),
    )


def _product(a: Form, b: Form) -> Form:
    """Entrywise; one factor must be free of x, and p may enter only once."""
    if not a.free_of_state:
        a, b = b, a
    if not a.free_of_state or (a.parameter is not None and (b.parameter is not None or b.mixed is not None)):
        raise NotAffine

    def scale(factors: list[arb], rows: Rows | None) -> Rows | None:
        return None if rows is None else [[f * z for z in row] for f, row in zip(factors, rows, strict=True)]

    def times(factors: list[arb], v: list[arb] | None) -> list[arb] | None:
        return None if v is None else [f * z for f, z in zip(factors, v, strict=True)]

    constant = times(a.constant, b.constant)
    assert constant is not None
    parameter, mixed = times(a.constant, b.parameter), scale(a.constant, b.mixed)
    if a.parameter is not None:
        parameter = _vector(parameter, times(a.parameter, b.constant))
        mixed = _rows(mixed, scale(a.parameter, b.state))
    return Form(constant, scale(a.constant, b.state), parameter, mixed)


def _map(matrix: arb_mat, form: Form) -> Form:
    def rows(part: Rows | None) -> Rows | None:
        return None if part is None else (matrix * arb_mat(part)).table()

    def vector(part: list[arb]) -> list[arb]:
        return [row[0] for row in (matrix * arb_mat(len(part), 1, part)).table()]

    parameter = None if form.parameter is None else vector(form.parameter)
    return Form(vector(form.constant), rows(form.state), parameter, rows(form.mixed))


def _pick(form: Form, indices: list[int]) -> Form:
    return Form(
        [form.constant[i] for i in indices],
        None if form.state is None else [form.state[i] for i in indices],
        None if form.parameter is None else [form.parameter[i] for i in indices],
        None if form.mixed is None else [form.mixed[i] for i in indices],
    )


def _matvec(a: Form, b: Form, rows: int, cols: int) -> Form:
    """(A0 + p A1) b with matrices free of x."""
    if not a.free_of_state or (a.parameter is not None and (b.parameter is not None or b.mixed is not None)):
        raise NotAffine
    out = _map(arb_mat(rows, cols, a.constant), b)
    if a.parameter is not None:
        more = _map(arb_mat(rows, cols, a.parameter), Form(b.constant, b.state))
        out = Form(out.constant, out.state, _vector(out.parameter, more.constant), _rows(out.mixed, more.state))
    return out


def _concat(parts: list[Form], dim: int) -> Form:
    def rows(pieces: list[Rows | None]) -> Rows | None:
        if all(piece is None for piece in pieces):
            return None
        zero = [arb(0)] * dim
        return [
            row for part, piece in zip(parts, pieces, strict=True) for row in (piece or [zero] * len(part.constant))
        ]

    parameter: list[arb] | None = None
    if any(part.parameter is not None for part in parts):
        parameter = [z for part in parts for z in (part.parameter or [arb(0)] * len(part.constant))]
    return Form(
        [z for part in parts for z in part.constant],
        rows([part.state for part in parts]),
        parameter,
        rows([part.mixed for part in parts]),
    )


def _form(program: Program, node: Node, forms: list[Form | None]) -> Form:
    inputs = []
    for i in node.inputs:
        form = forms[i]
        if form is None:
            raise NotAffine
        inputs.append(form)
    n = program.dim
    match node.operation:
        case "state":
            return Form([arb(0)] * n, [[arb(int(i == j)) for j in range(n)] for i in range(n)])
        case "parameter" if program.parameter_dim == 1:
            return Form([arb(0)], parameter=[arb(1)])
        case "constant":
            return Form(tensor_entries(program.tensors[node.weight]))
        case "affine":
            tensor = program.tensors[node.weight]
            out = _map(arb_mat(tensor.rows, tensor.cols, tensor_entries(tensor)), inputs[0])
            return out if node.bias < 0 else _sum(out, Form(tensor_entries(program.tensors[node.bias])), 1)
        case "add":
            return _sum(inputs[0], inputs[1], 1)
        case "subtract":
            return _sum(inputs[0], inputs[1], -1)
        case "negate":
            return _sum(Form([arb(0)] * node.size), inputs[0], -1)
        case "multiply":
            return _product(inputs[0], inputs[1])
        case "gather":
            return _pick(inputs[0], list(node.indices))
        case "concat":
            return _concat(inputs, n)
        case "matvec":
            return _matvec(inputs[0], inputs[1], node.rows, node.cols)
    raise NotAffine


def _exactly(z: arb, value: int) -> bool:
    return bool(z.is_exact()) and bool(z == value)


def _common_scale(program: Program, forms: list[Form | None], node: Node) -> tuple[Node, arb]:
    """Peels a constant factor off the output: (the node below, the factor)."""
    scale = arb(1)
    while node.operation in ("multiply", "negate", "affine"):
        if node.operation == "negate":
            scale, node = -scale, program.nodes[node.inputs[0]]
            continue
        if node.operation == "affine":
            tensor = program.tensors[node.weight]
            entries = tensor_entries(tensor)
            bias_ok = node.bias < 0 or all(_exactly(z, 0) for z in tensor_entries(program.tensors[node.bias]))
            square = tensor.rows == tensor.cols
            factor = entries[0]
            diagonal = square and all(
                (z.is_exact() and bool(z == factor)) if i % (tensor.cols + 1) == 0 else _exactly(z, 0)
                for i, z in enumerate(entries)
            )
            if not bias_ok or not diagonal:
                return node, scale
            scale, node = scale * factor, program.nodes[node.inputs[0]]
            continue
        left, right = node.inputs
        form = forms[left]
        if form is None or not form.is_constant:
            left, right = right, left
            form = forms[left]
        if form is None or not form.is_constant:
            return node, scale
        factor = form.constant[0]
        if not all(z.is_exact() and bool(z == factor) for z in form.constant):
            return node, scale
        scale, node = scale * factor, program.nodes[right]
    return node, scale


def _activated(program: Program) -> tuple[str, arb, Form] | None:
    """(s, c, the form of y) of a field x' = c s(y), y = C x + d p + p (K x) + b; the numbers are exact or balls."""
    if program.parameter_dim > 1 or program.depends_on_time:
        return None
    forms: list[Form | None] = []
    for node in program.nodes:
        try:
            forms.append(_form(program, node, forms))
        except NotAffine:
            forms.append(None)
    top, scale = _common_scale(program, forms, program.nodes[program.output])
    form = forms[top.inputs[0]] if top.operation == "apply" else None
    return None if form is None else (top.function, scale, form)


def linear_part(program: Program) -> tuple[arb_mat, arb_mat] | None:
    """(C, K) of a field x' = c s(A(p) x + b(p)), A(p) = C + p K, s any elementwise function; None for other fields."""
    with ctx.workprec(EXACT_BITS):
        found = _activated(program)
        if found is None:
            return None
        n, form = program.dim, found[2]
        if len(form.constant) != n:
            return None
        zero = [[arb(0)] * n] * n
        return arb_mat(form.state or zero), arb_mat(form.mixed or zero)


def recognise(program: Program) -> Family | None:
    """The family of the field, or None where it is not of this form."""
    if program.parameter_dim != 1:
        return None
    with ctx.workprec(EXACT_BITS):
        found = _activated(program)
        if found is None:
            return None
        function, scale, form = found
        if form.mixed is None or form.state is None:
            return None
        identity = all(_exactly(z, int(i == j)) for i, row in enumerate(form.mixed) for j, z in enumerate(row))
        still = form.parameter is None or all(_exactly(z, 0) for z in form.parameter)
        if not identity or not still or not bool(scale > 0):
            return None
        return Family(function, scale, arb_mat(form.state), form.constant)
