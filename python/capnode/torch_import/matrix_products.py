"""Matrix products of values: constants as enclosures, matrices affine in the parameter without a node for them."""

from __future__ import annotations

from itertools import product as cartesian

import numpy as np
import numpy.typing as npt

from capnode.torch_import import constants
from capnode.torch_import.algebra import Algebra
from capnode.torch_import.constants import Constant, constant, taking
from capnode.torch_import.values import Layer, Node, ParameterAffine, Value


def matmul(g: Algebra, a: Value, b: Value) -> Value:
    """numpy's `a @ b`: vectors, matrices, batches of matrices."""
    if not a.shape or not b.shape:
        raise ValueError(f"matrix product of shapes {a.shape} and {b.shape}")
    row, column = len(a.shape) == 1, len(b.shape) == 1
    a = g.rearrange(a, lambda v: v[None, :]) if row else a
    b = g.rearrange(b, lambda v: v[:, None]) if column else b
    if a.shape[-1] != b.shape[-2]:
        raise ValueError(f"matrix product of shapes {a.shape} and {b.shape}")
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    rows, cols = a.shape[-2], b.shape[-1]
    a = g.broadcast(a, batch + a.shape[-2:])
    b = g.broadcast(b, batch + b.shape[-2:])
    blocks = [
        _matrix_product(g, g.rearrange(a, taking(i)), g.rearrange(b, taking(i)))
        for i in cartesian(*(range(extent) for extent in batch))
    ]
    shape = batch + (() if row else (rows,)) + (() if column else (cols,))
    result = blocks[0] if len(blocks) == 1 else g.concatenate(blocks, 0)
    return g.reshape(result, shape)


def _matrix_product(g: Algebra, a: Value, b: Value) -> Value:
    if isinstance(a, Constant) and isinstance(b, Constant):
        return constants.product(a, b)
    if isinstance(a, Constant) and isinstance(b, ParameterAffine):
        terms = {k: constants.product(a, term) for k, term in b.terms.items()}
        return ParameterAffine(constants.product(a, b.base), terms)
    if (not isinstance(b, Node) and (isinstance(a, Node) or isinstance(b, Constant))) or (
        isinstance(a, Node) and a.shape[0] == 1 and b.shape[1] > 1
    ):
        transposed = _matrix_product(g, g.rearrange(b, np.transpose), g.rearrange(a, np.transpose))
        return g.rearrange(transposed, np.transpose)
    columns = [_matrix_vector(g, a, g.rearrange(b, taking((slice(None), j)))) for j in range(b.shape[1])]
    if len(columns) == 1:
        return g.rearrange(columns[0], lambda v: v[:, None])
    return g.concatenate([g.rearrange(column, lambda v: v[:, None]) for column in columns], 1)


def _matrix_vector(g: Algebra, a: Value, x: Value) -> Value:
    rows, cols = a.shape
    if isinstance(a, Constant):
        layer = Layer(g.flat(x), a)
        return g.node(g.emit(layer), (rows,), layer)
    if isinstance(a, ParameterAffine):
        return _parameter_matrix_vector(g, a, x)
    if rows == 1:
        products = g.multiply(g.rearrange(a, lambda v: v[0]), x)
        return g.reshape(g.total(products, (0,)), (1,))
    return g.node(int(g.builder.matvec(g.flat(a), g.flat(x), rows, cols)), (rows,))


def _parameter_matrix_vector(g: Algebra, a: ParameterAffine, x: Value) -> Value:
    """`(base + sum_k p_k D_k) x` without a node for the matrix."""
    rows, cols = a.shape
    zero = constant(np.zeros(rows))
    result: Value = zero if a.base.equals(0.0) else _matrix_vector(g, a.base, x)
    diagonal = {k: D for k, D in a.terms.items() if rows == cols and _is_diagonal(D)}
    if diagonal:
        coefficients = ParameterAffine(zero, {k: D.map(np.diagonal) for k, D in diagonal.items()})
        result = g.add(result, g.multiply(coefficients, x))
    for k, D in a.terms.items():
        if k not in diagonal:
            result = g.add(result, _moved_by(g, k, D, x))
    return result


def _moved_by(g: Algebra, k: int, D: Constant, x: Value) -> Value:
    """`p_k D x`, on the non-zero rows and columns of D only."""
    mask = _nonzero(D)
    where_rows, where_cols = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    rows, cols = D.shape
    if not len(where_rows):
        return constant(np.zeros(rows))
    sparse = len(where_rows) * len(where_cols) * 2 <= rows * cols
    if sparse:
        D = D.map(lambda v: v[np.ix_(where_rows, where_cols)])
        x = g.rearrange(x, lambda v: v[where_cols])
        mask = _nonzero(D)
    if np.all(mask.sum(axis=1) == 1):
        only = np.argmax(mask, axis=1)
        entries = np.arange(len(only))
        coefficients = D.map(lambda v: v[entries, only])
        moved = g.rearrange(x, lambda v: v[only])
    else:
        coefficients = constant(np.ones(D.shape[0]))
        moved = _matrix_vector(g, D, x)
    product = g.multiply(ParameterAffine(constant(np.zeros(D.shape[0])), {k: coefficients}), moved)
    return g.assign(constant(np.zeros(rows)), where_rows, product) if sparse else product


def _nonzero(D: Constant) -> npt.NDArray[np.bool_]:
    return np.asarray((D.mid != 0) if D.rad is None else (D.mid != 0) | (D.rad != 0))


def _is_diagonal(D: Constant) -> bool:
    return not np.any(_nonzero(D) & ~np.eye(D.shape[0], dtype=bool))
