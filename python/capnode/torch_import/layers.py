"""Sums, means, norms, and the layers with a meaning of their own: dropout, normalisations, recurrent cells."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from capnode.torch_import.algebra import Algebra
from capnode.torch_import.constants import constant, taking
from capnode.torch_import.contractions import linear
from capnode.torch_import.operations import Unsupported, axes_of, lowers, value
from capnode.torch_import.values import Value


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


@lowers("dropout", "feature_dropout", "alpha_dropout", "feature_alpha_dropout")
def _dropout(g: Algebra, a: Any, p: Any = 0.5, train: bool = True) -> Value:
    if train and p != 0:
        raise Unsupported("dropout in train mode: the module is random; call module.eval() first")
    return value(a)


@lowers("batch_norm")
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
    return g.apply("tanh", g.add(linear(g, x, w_ih, b_ih), linear(g, h, w_hh, b_hh)))


@lowers("gru_cell")
def _gru_cell(g: Algebra, x: Any, h: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None) -> Value:
    parts_x, parts_h = linear(g, x, w_ih, b_ih), linear(g, h, w_hh, b_hh)
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
