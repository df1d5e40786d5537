"""The operations of an exported graph that a field can hold: one function for each, by its ATen name.

`LOWERINGS` maps the name without overload (`aten::add.Tensor` is `add`) to a function of the algebra and the arguments;
operations written in place come without their underscore.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from capnode.torch_import import constants
from capnode.torch_import.algebra import Algebra
from capnode.torch_import.constants import Constant, constant, taking
from capnode.torch_import.refusals import DATA_DEPENDENT, NOT_SMOOTH
from capnode.torch_import.values import Node, ParameterAffine, Value

Lowering = Callable[..., Any]
F = TypeVar("F", bound=Lowering)
LOWERINGS: dict[str, Lowering] = {}


class Unsupported(Exception):
    """Raised inside a lowering; the reader adds the operation, the module path and the line."""


def lowers(*names: str) -> Callable[[F], F]:
    def register(function: F) -> F:
        for name in names:
            LOWERINGS[name] = function
        return function

    return register


def value(x: Any) -> Value:
    """An argument as a value: Python numbers are the doubles they are."""
    if isinstance(x, Constant | ParameterAffine | Node):
        return x
    if isinstance(x, bool | int | float):
        if not math.isfinite(x):
            raise ValueError(f"a number in the module is not finite: {x}")
        if isinstance(x, int) and int(float(x)) != x:
            raise Unsupported(f"the integer {x} is not a double")
        return Constant(np.array(float(x)), kind="integer" if isinstance(x, int) else "real")
    raise Unsupported(f"an argument of type {type(x).__name__} ({x!r})")


def integers(x: Any) -> Any:
    """An index tensor as numpy int64, a mask as numpy bool."""
    if not isinstance(x, Constant):
        raise Unsupported(DATA_DEPENDENT)
    if x.kind == "real":
        raise Unsupported("an index that is not made of integers")
    return x.mid.astype(np.bool_ if x.kind == "bool" else np.int64)


def axes_of(dims: Any, ndim: int) -> tuple[int, ...]:
    if dims is None or (isinstance(dims, Sequence) and not dims):
        return tuple(range(ndim))
    listed = [dims] if isinstance(dims, int) else list(dims)
    return tuple(sorted(d % ndim if ndim else 0 for d in listed))


# --- arithmetic ------------------------------------------------------------------------------------------------


@lowers("add")
def _add(g: Algebra, a: Any, b: Any, *, alpha: Any = 1) -> Value:
    return g.add(value(a), g.multiply(value(alpha), value(b)))


@lowers("sub", "subtract")
def _sub(g: Algebra, a: Any, b: Any, *, alpha: Any = 1) -> Value:
    return g.subtract(value(a), g.multiply(value(alpha), value(b)))


@lowers("rsub")
def _rsub(g: Algebra, a: Any, b: Any, alpha: Any = 1) -> Value:
    return g.subtract(value(b), g.multiply(value(alpha), value(a)))


@lowers("mul", "multiply")
def _mul(g: Algebra, a: Any, b: Any) -> Value:
    return g.multiply(value(a), value(b))


@lowers("div", "divide", "true_divide")
def _div(g: Algebra, a: Any, b: Any, *, rounding_mode: str | None = None) -> Value:
    if rounding_mode is not None:
        raise Unsupported(f"division with rounding_mode={rounding_mode!r}: {NOT_SMOOTH}")
    return g.divide(value(a), value(b))


@lowers("neg", "negative")
def _neg(g: Algebra, a: Any) -> Value:
    return g.negate(value(a))


@lowers(
    "positive", "clone", "contiguous", "detach", "alias", "lift_fresh_copy", "lift_fresh", "lift", "real", "identity"
)
def _identity(g: Algebra, a: Any, *_: Any, **__: Any) -> Value:
    return value(a)


@lowers("to", "_to_copy", "type_as", "float", "double")
def _to(g: Algebra, a: Any, *args: Any, **kwargs: Any) -> Value:
    """Another floating type: the numbers meant are the same, rounding to float32 is not part of the function."""
    for argument in (*args, *kwargs.values()):
        text = str(argument)
        if text.startswith("torch.") and any(kind in text for kind in ("int", "bool", "complex")):
            x = value(a)
            if not (isinstance(x, Constant) and x.kind != "real" and "complex" not in text):
                raise Unsupported(f"a conversion to {text}")
    return value(a)


@lowers("addcmul")
def _addcmul(g: Algebra, a: Any, b: Any, c: Any, **keywords: Any) -> Value:
    return _add(g, a, _mul(g, b, c), alpha=keywords.get("value", 1))


@lowers("addcdiv")
def _addcdiv(g: Algebra, a: Any, b: Any, c: Any, **keywords: Any) -> Value:
    return _add(g, a, _div(g, b, c), alpha=keywords.get("value", 1))


@lowers("lerp")
def _lerp(g: Algebra, a: Any, b: Any, weight: Any) -> Value:
    return _add(g, a, _mul(g, weight, _sub(g, b, a)))


# --- functions -------------------------------------------------------------------------------------------------


def _function(name: str) -> Lowering:
    return lambda g, a: g.apply(name, value(a))


_FUNCTIONS = "tanh sigmoid silu mish sin cos exp log sqrt atan erf reciprocal square"
for _name in _FUNCTIONS.split():
    LOWERINGS[_name] = _function(_name)
LOWERINGS["arctan"] = LOWERINGS["atan"]


@lowers("gelu")
def _gelu(g: Algebra, a: Any, *, approximate: str = "none") -> Value:
    return g.apply("gelu" if approximate == "none" else "gelu_tanh", value(a))


@lowers("softplus")
def _softplus(g: Algebra, a: Any, beta: Any = 1, threshold: Any = 20) -> Value:
    """The analytic function log(1 + exp(beta x)) / beta: torch's threshold is a rounding, not part of the meaning."""
    return g.divide(g.apply("softplus", g.multiply(value(beta), value(a))), value(beta))


@lowers("log_sigmoid")
def _log_sigmoid(g: Algebra, a: Any) -> Value:
    return g.negate(g.apply("softplus", g.negate(value(a))))


@lowers("rsqrt")
def _rsqrt(g: Algebra, a: Any) -> Value:
    return g.apply("reciprocal", g.apply("sqrt", value(a)))


@lowers("sinh")
def _sinh(g: Algebra, a: Any) -> Value:
    x = value(a)
    return g.multiply(constant(0.5), g.subtract(g.apply("exp", x), g.apply("exp", g.negate(x))))


@lowers("cosh")
def _cosh(g: Algebra, a: Any) -> Value:
    x = value(a)
    return g.multiply(constant(0.5), g.add(g.apply("exp", x), g.apply("exp", g.negate(x))))


@lowers("tan")
def _tan(g: Algebra, a: Any) -> Value:
    x = value(a)
    return g.divide(g.apply("sin", x), g.apply("cos", x))


@lowers("tanhshrink")
def _tanhshrink(g: Algebra, a: Any) -> Value:
    return g.subtract(value(a), g.apply("tanh", value(a)))


@lowers("erfc", "special_erfc")
def _erfc(g: Algebra, a: Any) -> Value:
    return g.subtract(constant(1.0), g.apply("erf", value(a)))


@lowers("log1p")
def _log1p(g: Algebra, a: Any) -> Value:
    return g.apply("log", g.add(constant(1.0), value(a)))


@lowers("expm1")
def _expm1(g: Algebra, a: Any) -> Value:
    return g.subtract(g.apply("exp", value(a)), constant(1.0))


@lowers("exp2")
def _exp2(g: Algebra, a: Any) -> Value:
    return g.apply("exp", g.multiply(constants.apply("log", constant(2.0)), value(a)))


@lowers("log2")
def _log2(g: Algebra, a: Any) -> Value:
    return g.divide(g.apply("log", value(a)), constants.apply("log", constant(2.0)))


@lowers("log10")
def _log10(g: Algebra, a: Any) -> Value:
    return g.divide(g.apply("log", value(a)), constants.apply("log", constant(10.0)))


@lowers("pow", "float_power")
def _pow(g: Algebra, a: Any, b: Any) -> Value:
    """Whole powers exactly, halves through sqrt, others as exp(b log a) (so for positive a)."""
    base, exponent = value(a), value(b)
    if isinstance(exponent, Constant) and exponent.exact and exponent.mid.size == 1:
        number = float(exponent.mid.ravel()[0])
        shape = np.broadcast_shapes(base.shape, exponent.shape)
        if number == int(number) and abs(number) < 1 << 20:
            return g.broadcast(g.power(base, int(number)), shape)
        if 2 * number == int(2 * number) and abs(number) < 1 << 20:
            return g.broadcast(g.power(g.apply("sqrt", base), int(2 * number)), shape)
    return g.apply("exp", g.multiply(exponent, g.apply("log", base)))


@lowers("softmax", "_softmax")
def _softmax(g: Algebra, a: Any, dim: int, *_: Any, **__: Any) -> Value:
    """1 / sum_j exp(x_j - x_i): invariant under shifts, so safe from overflow like torch's own."""
    x = value(a)
    axis = dim % len(x.shape)
    differences = g.subtract(
        g.rearrange(x, lambda v: np.expand_dims(v, axis)), g.rearrange(x, lambda v: np.expand_dims(v, axis + 1))
    )
    return g.apply("reciprocal", g.total(g.apply("exp", differences), (axis + 1,)))


# --- linear algebra --------------------------------------------------------------------------------------------


@lowers("linear")
def _linear(g: Algebra, x: Any, weight: Any, bias: Any = None) -> Value:
    x, weight = value(x), value(weight)
    product = g.matmul(x, g.rearrange(weight, np.transpose)) if len(x.shape) > 1 else g.matmul(weight, x)
    return product if bias is None else g.add(product, value(bias))


@lowers("matmul", "mm", "mv", "bmm", "dot", "vdot", "inner", "linalg_matmul", "linalg_vecdot")
def _matmul(g: Algebra, a: Any, b: Any) -> Value:
    return g.matmul(value(a), value(b))


@lowers("addmm", "addmv", "baddbmm")
def _addmm(g: Algebra, c: Any, a: Any, b: Any, *, beta: Any = 1, alpha: Any = 1) -> Value:
    product = g.multiply(value(alpha), g.matmul(value(a), value(b)))
    return g.add(product, g.multiply(value(beta), value(c)))


@lowers("outer", "ger")
def _outer(g: Algebra, a: Any, b: Any) -> Value:
    return g.multiply(g.rearrange(value(a), lambda v: v[:, None]), g.rearrange(value(b), lambda v: v[None, :]))


@lowers("bilinear")
def _bilinear(g: Algebra, a: Any, b: Any, weight: Any, bias: Any = None) -> Value:
    batch = "b" if len(value(a).shape) > 1 else ""
    result = _einsum(g, f"{batch}i,kij,{batch}j->{batch}k", [a, weight, b])
    return result if bias is None else g.add(result, value(bias))


@lowers("einsum")
def _einsum(g: Algebra, equation: str, operands: Sequence[Any], *_: Any, **__: Any) -> Value:
    """Operand by operand from the left; letters needed no more are summed as soon as they can be."""
    left, arrow, out = equation.replace(" ", "").partition("->")
    letters = left.split(",")
    if "." in equation:
        raise Unsupported("einsum with an ellipsis")
    if not arrow:
        joined = left.replace(",", "")
        out = "".join(sorted(letter for letter in set(joined) if joined.count(letter) == 1))
    result, have = _einsum_diagonal(g, value(operands[0]), letters[0])
    for k in range(1, len(operands)):
        needed = set(out).union(*letters[k + 1 :])
        b, other = _einsum_diagonal(g, value(operands[k]), letters[k])
        result, have = _einsum_pair(g, result, have, b, other, needed)
    summed = tuple(i for i, letter in enumerate(have) if letter not in out)
    result = g.total(result, summed) if summed else result
    have = "".join(letter for letter in have if letter in out)
    return g.rearrange(result, lambda v: np.transpose(v, [have.index(letter) for letter in out]))


def _einsum_diagonal(g: Algebra, a: Value, letters: str) -> tuple[Value, str]:
    kept = "".join(dict.fromkeys(letters))
    return g.rearrange(a, lambda v: np.einsum(v, [kept.index(x) for x in letters], list(range(len(kept))))), kept


def _einsum_pair(g: Algebra, a: Value, la: str, b: Value, lb: str, needed: set[str]) -> tuple[Value, str]:
    both = [x for x in la if x in lb and x in needed]
    contracted = [x for x in la if x in lb and x not in needed]
    free_a, free_b = [x for x in la if x not in lb], [x for x in lb if x not in la]
    sizes = {**dict(zip(la, a.shape, strict=True)), **dict(zip(lb, b.shape, strict=True))}

    def extent(group: list[str]) -> int:
        return math.prod(sizes[x] for x in group)

    def arrange(v: Value, own: str, *groups: list[str]) -> Value:
        order = [own.index(x) for group in groups for x in group]
        shape = (*(sizes[x] for x in groups[0]), *(extent(group) for group in groups[1:]))
        return g.rearrange(v, lambda w: np.transpose(w, order).reshape(shape))

    product = g.matmul(arrange(a, la, both, free_a, contracted), arrange(b, lb, both, contracted, free_b))
    letters = both + free_a + free_b
    return g.reshape(product, tuple(sizes[x] for x in letters)), "".join(letters)


# --- sums and norms --------------------------------------------------------------------------------------------


def _reduced(g: Algebra, x: Value, axes: tuple[int, ...], keepdim: bool) -> Value:
    result = g.total(x, axes)
    if keepdim:
        shape = tuple(1 if axis in axes else extent for axis, extent in enumerate(x.shape))
        return g.reshape(result, shape)
    return result


@lowers("sum")
def _sum(g: Algebra, a: Any, dim: Any = None, keepdim: bool = False, **_: Any) -> Value:
    return _reduced(g, value(a), axes_of(dim, len(value(a).shape)), keepdim)


@lowers("mean")
def _mean(g: Algebra, a: Any, dim: Any = None, keepdim: bool = False, **_: Any) -> Value:
    x = value(a)
    axes = axes_of(dim, len(x.shape))
    count = math.prod(x.shape[axis] for axis in axes)
    return g.divide(_reduced(g, x, axes, keepdim), constant(float(count)))


@lowers("var")
def _var(
    g: Algebra, a: Any, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: Any = None
) -> Value:
    if isinstance(dim, bool):  # var(x, unbiased)
        dim, unbiased = None, dim
    x = value(a)
    axes = axes_of(dim, len(x.shape))
    count = math.prod(x.shape[axis] for axis in axes)
    deviation = g.subtract(x, _mean(g, x, list(axes), True))
    squares = _reduced(g, g.apply("square", deviation), axes, keepdim)
    return g.divide(squares, constant(float(count - (int(unbiased) if correction is None else correction))))


@lowers("std")
def _std(g: Algebra, *args: Any, **kwargs: Any) -> Value:
    return g.apply("sqrt", _var(g, *args, **kwargs))


@lowers("linalg_vector_norm", "norm")
def _norm(g: Algebra, a: Any, ord: Any = 2, dim: Any = None, keepdim: bool = False, **_: Any) -> Value:
    if ord not in (None, 2, 2.0):
        raise Unsupported(f"the norm of order {ord}: only the Euclidean norm is supported")
    return g.apply("sqrt", _sum(g, g.apply("square", value(a)), dim, keepdim))


@lowers("linalg_norm", "linalg_matrix_norm")
def _linalg_norm(g: Algebra, a: Any, ord: Any = None, dim: Any = None, keepdim: bool = False, **_: Any) -> Value:
    matrix = len(value(a).shape) > 1 if dim is None else not isinstance(dim, int) and len(dim) > 1
    if matrix and ord not in (None, "fro"):
        raise Unsupported(f"the matrix norm of order {ord}: only the Euclidean (Frobenius) norm is supported")
    return _norm(g, a, None if ord == "fro" else ord, dim, keepdim)


@lowers("prod")
def _prod(g: Algebra, a: Any, dim: Any = None, keepdim: bool = False, **_: Any) -> Value:
    x = value(a)
    flat = g.reshape(x, (1, -1)) if dim is None else g.rearrange(x, lambda v: np.moveaxis(v, dim, -1))
    result = g.rearrange(flat, lambda v: v[..., 0])
    for j in range(1, flat.shape[-1]):
        result = g.multiply(result, g.rearrange(flat, taking((..., j))))
    if dim is None:
        return g.reshape(result, ())
    return g.rearrange(result, lambda v: np.expand_dims(v, dim)) if keepdim else result


# --- layers with a meaning of their own ------------------------------------------------------------------------


@lowers("dropout", "feature_dropout", "alpha_dropout", "feature_alpha_dropout", "native_dropout")
def _dropout(g: Algebra, a: Any, p: Any = 0.5, train: bool = True) -> Value:
    if train and p != 0:
        raise Unsupported("dropout in train mode: the module is random; call module.eval() first")
    return value(a)


@lowers("batch_norm", "_native_batch_norm_legit_no_training", "native_batch_norm")
def _batch_norm(
    g: Algebra, a: Any, weight: Any, bias: Any, mean: Any, var: Any, training: bool, _: Any, eps: float, *__: Any
) -> Value:
    """In eval mode an affine map, folded into one factor and one shift for each feature, as enclosures."""
    if training or mean is None:
        raise Unsupported("batch norm in train mode: its statistics depend on the batch; call module.eval() first")
    x = value(a)
    spread = g.apply("sqrt", g.add(value(var), value(eps)))
    factor = g.divide(constant(1.0) if weight is None else value(weight), spread)
    shift = g.subtract(constant(0.0) if bias is None else value(bias), g.multiply(value(mean), factor))
    axis = 1 if len(x.shape) > 1 else 0

    def feature(v: Any) -> Any:
        return v.reshape((-1,) + (1,) * (len(x.shape) - axis - 1))

    return g.add(g.multiply(g.rearrange(factor, feature), x), g.rearrange(shift, feature))


@lowers("layer_norm")
def _layer_norm(
    g: Algebra, a: Any, shape: Sequence[int], weight: Any = None, bias: Any = None, eps: float = 1e-5, *_: Any
) -> Value:
    x = value(a)
    axes = list(range(len(x.shape) - len(shape), len(x.shape)))
    deviation = g.subtract(x, _mean(g, x, axes, True))
    variance = _mean(g, g.apply("square", deviation), axes, True)
    result = g.divide(deviation, g.apply("sqrt", g.add(variance, value(eps))))
    result = result if weight is None else g.multiply(value(weight), result)
    return result if bias is None else g.add(result, value(bias))


@lowers("rms_norm")
def _rms_norm(g: Algebra, a: Any, shape: Sequence[int], weight: Any = None, eps: float | None = None) -> Value:
    x = value(a)
    if eps is None:
        raise Unsupported(
            "rms_norm without eps: torch takes the epsilon of the floating type, which has no fixed value"
        )
    axes = list(range(len(x.shape) - len(shape), len(x.shape)))
    square = _mean(g, g.apply("square", x), axes, True)
    result = g.divide(x, g.apply("sqrt", g.add(square, value(eps))))
    return result if weight is None else g.multiply(value(weight), result)


@lowers("rnn_tanh_cell")
def _rnn_tanh_cell(g: Algebra, x: Any, h: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None) -> Value:
    return g.apply("tanh", g.add(_linear(g, x, w_ih, b_ih), _linear(g, h, w_hh, b_hh)))


@lowers("gru_cell")
def _gru_cell(g: Algebra, x: Any, h: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None) -> Value:
    parts_x, parts_h = _linear(g, x, w_ih, b_ih), _linear(g, h, w_hh, b_hh)
    h, size = value(h), value(h).shape[-1]
    pieces = [
        (
            g.rearrange(parts_x, taking((..., slice(i * size, (i + 1) * size)))),
            g.rearrange(parts_h, taking((..., slice(i * size, (i + 1) * size)))),
        )
        for i in range(3)
    ]
    reset = g.apply("sigmoid", g.add(*pieces[0]))
    update = g.apply("sigmoid", g.add(*pieces[1]))
    new = g.apply("tanh", g.add(pieces[2][0], g.multiply(reset, pieces[2][1])))
    return g.add(new, g.multiply(update, g.subtract(h, new)))
