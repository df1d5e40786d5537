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
from capnode.torch_import.constants import Constant, constant
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
