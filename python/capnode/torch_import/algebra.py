"""Algebra of the values of the graph over a FieldBuilder: sums, products, functions, in one canonical form.

Canonical forms, which recognisers of special families may rely on (sizes: state x of n, parameter p of m):

* `s((M + p I) x + b)`, `s(fc(x) + p x)`, `s(F.linear(x, M + p I, b))` and the same with the parameter given as a
  direction in weight space all become

      state, parameter
      affine(state, M, bias b)                         # no bias where there is none
      gather(parameter, [k] * n)                       # only where n > 1 or m > 1
      multiply(gather, state)                          # the parameter stands first
      add(affine, multiply)                            # subtract for M - p I
      apply(s, add)

  With a coefficient c other than 1 or -1 (or different ones along the diagonal) the gather is replaced by
  `affine(parameter, C)`, C (n, m).
* A constant that is added to an affine node joins its bias; the affine node stands first in a sum.
* `-u + v` is `subtract(v, u)`; a factor -1 moves out of a product.
* A matrix affine in the parameter is never a node where a vector is multiplied by it: its constant part is one affine
  node, diagonal parts are `multiply(coefficients(p), x)`, sparse parts act on the gathered entries and are put back
  through a concat with zeros, dense parts D are `multiply(p, affine(x, D))`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product as cartesian
from typing import Any

import numpy as np
import numpy.typing as npt

from capnode.torch_import import constants
from capnode.torch_import.constants import Constant, constant, taking
from capnode.torch_import.values import Indices, Layer, Node, ParameterAffine, Value

Array = npt.NDArray[np.float64]


class Algebra:
    """Operations on values with numpy's rules for shapes; what is not constant becomes nodes of `builder`."""

    def __init__(self, builder: Any, parameter_dim: int) -> None:
        self.builder = builder
        self.parameter_dim = parameter_dim

    # --- nodes -------------------------------------------------------------------------------------------------

    def node(self, id: int, shape: tuple[int, ...], layer: Layer | None = None, negated: int | None = None) -> Node:
        return Node(id, np.arange(self.builder.size(id)).reshape(shape), layer, negated)

    def flat(self, value: Value) -> int:
        """The node that holds the entries of `value` one row after the other."""
        if isinstance(value, Constant):
            return int(self.builder.constant(value.mid.ravel(), _ravel(value.rad)))
        if isinstance(value, ParameterAffine):
            sign, id = self.parameter_node(value)
            return id if sign > 0 else int(self.builder.negate(id))
        index = value.index.ravel()
        if np.array_equal(index, np.arange(self.builder.size(value.id))):
            return value.id
        return int(self.builder.gather(value.id, index.tolist()))

    def parameter_node(self, value: ParameterAffine) -> tuple[int, int]:
        """(sign, node): entries that are each plus (or each minus) one parameter are a gather, others an affine map."""
        size = int(np.prod(value.shape))
        weight = np.zeros((size, self.parameter_dim))
        radius = np.zeros_like(weight)
        for k, term in value.terms.items():
            weight[:, k] = term.mid.ravel()
            if term.rad is not None:
                radius[:, k] = term.rad.ravel()
        parameter = self.builder.parameter()
        single = np.all(np.count_nonzero(weight, axis=1) == 1) and not np.any(radius) and value.base.equals(0.0)
        for sign in (1, -1):
            if single and np.all(weight[weight != 0] == sign):
                index = np.argmax(weight != 0, axis=1)
                return sign, self.flat(Node(parameter, index))
        bias = None if value.base.equals(0.0) else value.base.mid.ravel()
        bias_rad = None if bias is None else _ravel(value.base.rad)
        return 1, int(self.builder.affine(parameter, weight, radius if np.any(radius) else None, bias, bias_rad))

    def emit(self, layer: Layer) -> int:
        weight, bias = layer.weight, layer.bias
        mid, rad = (None, None) if bias is None else (bias.mid, bias.rad)
        id = int(self.builder.affine(layer.x, weight.mid, weight.rad, mid, rad))
        for sign, summand in layer.summands:
            id = int((self.builder.add if sign > 0 else self.builder.subtract)(id, summand))
        return id

    # --- rearranging -------------------------------------------------------------------------------------------

    def rearrange(self, value: Value, view: Callable[[Any], Any]) -> Value:
        """`view` selects, repeats, permutes or reshapes the entries of an array."""
        if isinstance(value, Constant):
            return value.map(view)
        if isinstance(value, ParameterAffine):
            return ParameterAffine(value.base.map(view), {k: term.map(view) for k, term in value.terms.items()})
        index: Indices = view(value.index)
        if np.array_equal(index.ravel(), value.index.ravel()):
            return Node(value.id, index, value.layer, value.negated)
        return Node(value.id, index)

    def broadcast(self, value: Value, shape: tuple[int, ...]) -> Value:
        if value.shape == shape:
            return value
        return self.rearrange(value, lambda v: np.broadcast_to(v, shape))

    def reshape(self, value: Value, shape: tuple[int, ...]) -> Value:
        return self.rearrange(value, lambda v: np.reshape(v, shape))

    def concatenate(self, parts: Sequence[Value], axis: int) -> Value:
        if all(isinstance(part, Constant) for part in parts):
            return constants.concatenate([part for part in parts if isinstance(part, Constant)], axis)
        if not any(isinstance(part, Node) for part in parts):
            affine = [_parameter_affine(part) for part in parts]
            keys = sorted({k for part in affine for k in part.terms})
            terms = {
                k: constants.concatenate([part.terms.get(k, constant(np.zeros(part.shape))) for part in affine], axis)
                for k in keys
            }
            return ParameterAffine(constants.concatenate([part.base for part in affine], axis), terms)
        id, indices = self._together(parts)
        return Node(id, np.concatenate(indices, axis=axis))

    def assign(self, target: Value, key: Any, value: Value) -> Value:
        """`target` after numpy's `target[key] = value`."""
        value = self.broadcast(value, np.zeros(target.shape)[key].shape)
        if isinstance(target, Node) or isinstance(value, Node):
            id, (base, new) = self._together([target, value])
            base = base.copy()
            base[key] = new
            return Node(id, base)
        both = self.concatenate([self.reshape(target, (-1,)), self.reshape(value, (-1,))], 0)
        size, count = int(np.prod(target.shape)), int(np.prod(value.shape))
        index = np.arange(size).reshape(target.shape)
        index[key] = np.arange(size, size + count).reshape(value.shape)
        return self.rearrange(both, lambda v: v[index])

    def _together(self, parts: Sequence[Value]) -> tuple[int, list[Indices]]:
        """One node that holds the entries of all parts, and where: parts of one node are not copied."""
        nodes = {part.id for part in parts if isinstance(part, Node)}
        if len(nodes) == 1 and all(isinstance(part, Node) for part in parts):
            return nodes.pop(), [part.index for part in parts if isinstance(part, Node)]
        ids, indices, offset = [], [], 0
        for part in parts:
            if part.shape and 0 in part.shape:
                indices.append(np.zeros(part.shape, dtype=np.int64))
                continue
            id = self.flat(part)
            ids.append(id)
            size = self.builder.size(id)
            indices.append(np.arange(offset, offset + size).reshape(part.shape))
            offset += size
        return int(self.builder.concat(ids)), indices

    # --- sums --------------------------------------------------------------------------------------------------

    def negate(self, a: Value) -> Value:
        if isinstance(a, Constant):
            return constants.negate(a)
        if isinstance(a, ParameterAffine):
            return ParameterAffine(constants.negate(a.base), {k: constants.negate(t) for k, t in a.terms.items()})
        if a.negated is not None:
            return self.node(a.negated, a.shape)
        id = self.flat(a)
        return self.node(int(self.builder.negate(id)), a.shape, negated=id)

    def add(self, a: Value, b: Value) -> Value:
        shape = np.broadcast_shapes(a.shape, b.shape)
        if isinstance(a, Constant) and isinstance(b, Constant):
            return constants.add(a, b)
        if isinstance(a, Constant) and a.equals(0.0):
            return self.broadcast(b, shape)
        if isinstance(b, Constant) and b.equals(0.0):
            return self.broadcast(a, shape)
        if not isinstance(a, Node) and not isinstance(b, Node):
            a, b = _parameter_affine(self.broadcast(a, shape)), _parameter_affine(self.broadcast(b, shape))
            terms = dict(a.terms)
            for k, term in b.terms.items():
                terms[k] = constants.add(terms[k], term) if k in terms else term
            return ParameterAffine(constants.add(a.base, b.base), terms)
        a, b = self.broadcast(a, shape), self.broadcast(b, shape)
        if not isinstance(a, Node) or (a.layer is None and isinstance(b, Node) and b.layer is not None):
            a, b = b, a
        assert isinstance(a, Node)
        return self._add_to_node(a, b)

    def _add_to_node(self, a: Node, b: Value) -> Node:
        if a.layer is not None and not isinstance(b, Node):
            affine = _parameter_affine(b)
            bias, summands = a.layer.bias, a.layer.summands
            if not affine.base.equals(0.0):
                column = affine.base.map(np.ravel)
                bias = column if bias is None else constants.add(bias, column)
            if affine.terms:
                linear = ParameterAffine(constant(np.zeros(affine.shape)), affine.terms)
                summands = (*summands, self.parameter_node(linear))
            layer = Layer(a.layer.x, a.layer.weight, bias, summands)
            return self.node(self.emit(layer), a.shape, layer)
        sign = 1
        if isinstance(b, Node) and b.negated is not None:
            sign, id = -1, b.negated
        elif isinstance(b, ParameterAffine):
            sign, id = self.parameter_node(b)
        else:
            id = self.flat(b)
        if a.layer is not None:
            layer = Layer(a.layer.x, a.layer.weight, a.layer.bias, (*a.layer.summands, (sign, id)))
            return self.node(self.emit(layer), a.shape, layer)
        if sign > 0 and a.negated is not None:
            return self.node(int(self.builder.subtract(id, a.negated)), a.shape)
        combine = self.builder.add if sign > 0 else self.builder.subtract
        return self.node(int(combine(self.flat(a), id)), a.shape)

    def subtract(self, a: Value, b: Value) -> Value:
        if isinstance(a, Constant) and isinstance(b, Constant):
            return constants.subtract(a, b)
        return self.add(a, self.negate(b))

    def total(self, a: Value, axes: tuple[int, ...]) -> Value:
        """The sum over the given axes (dropped)."""
        if isinstance(a, Constant):
            return constants.total(a, axes)
        if isinstance(a, ParameterAffine):
            return ParameterAffine(
                constants.total(a.base, axes), {k: constants.total(t, axes) for k, t in a.terms.items()}
            )
        kept = [axis for axis in range(a.index.ndim) if axis not in axes]
        shape = tuple(a.shape[axis] for axis in kept)
        count = int(np.prod([a.shape[axis] for axis in axes], dtype=np.int64))
        size = int(np.prod(shape, dtype=np.int64))
        if count == 0:
            return constant(np.zeros(shape))
        if count == 1:
            return self.reshape(a, shape)
        # one row of ones for each entry of the result, over the entries with the summed axes last
        moved = self.rearrange(a, lambda v: np.transpose(v, (*kept, *axes)).reshape(size, count))
        if size * size * count <= 1 << 22:
            ones = constant(np.kron(np.eye(size), np.ones((1, count))))
            layer = Layer(self.flat(moved), ones)
            return self.node(self.emit(layer), shape, layer)
        result = self.rearrange(moved, lambda v: v[:, 0])
        for j in range(1, count):
            result = self.add(result, self.rearrange(moved, taking((slice(None), j))))
        return self.reshape(result, shape)

    # --- products and functions --------------------------------------------------------------------------------

    def multiply(self, a: Value, b: Value) -> Value:
        shape = np.broadcast_shapes(a.shape, b.shape)
        if isinstance(a, Constant) and isinstance(b, Constant):
            return constants.multiply(a, b)
        if isinstance(b, Constant) or (isinstance(b, ParameterAffine) and isinstance(a, Node)):
            a, b = b, a
        if isinstance(a, Constant):
            if a.equals(1.0):
                return self.broadcast(b, shape)
            if a.equals(0.0):
                return constant(np.zeros(shape))
            if a.equals(-1.0):
                return self.negate(self.broadcast(b, shape))
            if isinstance(b, ParameterAffine):
                terms = {k: constants.multiply(a, term) for k, term in b.terms.items()}
                return ParameterAffine(constants.multiply(a, b.base), terms)
        a, b = self.broadcast(a, shape), self.broadcast(b, shape)
        sign_a, id_a = self._signed(a)
        sign_b, id_b = self._signed(b)
        if id_a == id_b:
            square = self.apply("square", self.node(id_a, shape))
            return square if sign_a * sign_b > 0 else self.negate(square)
        result = self.node(int(self.builder.multiply(id_a, id_b)), shape)
        return result if sign_a * sign_b > 0 else self.negate(result)

    def _signed(self, value: Value) -> tuple[int, int]:
        if isinstance(value, ParameterAffine):
            return self.parameter_node(value)
        if isinstance(value, Node) and value.negated is not None:
            return -1, value.negated
        return 1, self.flat(value)

    def divide(self, a: Value, b: Value) -> Value:
        shape = np.broadcast_shapes(a.shape, b.shape)
        if isinstance(b, Constant):
            if isinstance(a, Constant):
                return constants.divide(a, b)
            if isinstance(a, ParameterAffine):
                terms = {k: constants.divide(term, b) for k, term in a.terms.items()}
                return ParameterAffine(constants.divide(a.base, b), terms)
            if not np.all(b.mid != 0) or (b.rad is not None and not np.all(np.abs(b.mid) > b.rad)):
                raise ValueError("division by a constant that is, or may be, zero")
            mantissa, _ = np.frexp(b.mid)
            if b.exact and np.all(np.abs(mantissa) == 0.5):
                reciprocal = constants.divide(constant(1.0), b)
                if reciprocal.exact:
                    return self.multiply(reciprocal, a)
        if isinstance(a, Constant) and a.equals(1.0):
            return self.apply("reciprocal", self.broadcast(b, shape))
        a, b = self.broadcast(a, shape), self.broadcast(b, shape)
        return self.node(int(self.builder.divide(self.flat(a), self.flat(b))), shape)

    def _elementwise(self, a: Value, emit: Callable[[int], int]) -> Node:
        """A function of the distinct entries only: repeated entries (broadcasts) are not computed twice."""
        if isinstance(a, Node):
            entries, inverse = np.unique(a.index, return_inverse=True)
            if len(entries) < a.index.size:
                return Node(emit(self.flat(Node(a.id, entries))), inverse.reshape(a.shape))
        return self.node(emit(self.flat(a)), a.shape)

    def apply(self, function: str, a: Value) -> Value:
        """A function of the closed list, entry by entry."""
        if isinstance(a, Constant):
            return constants.apply(function, a)
        return self._elementwise(a, lambda id: int(self.builder.apply(function, id)))

    def power(self, a: Value, exponent: int) -> Value:
        if exponent == 0:
            return constant(np.ones(a.shape))
        if exponent == 1:
            return a
        if isinstance(a, Constant):
            return constants.power(a, exponent)
        if exponent in (2, -1):
            return self.apply("square" if exponent == 2 else "reciprocal", a)
        return self._elementwise(a, lambda id: int(self.builder.power(id, exponent)))

    # --- matrix products ---------------------------------------------------------------------------------------

    def matmul(self, a: Value, b: Value) -> Value:
        """numpy's `a @ b`: vectors, matrices, batches of matrices."""
        if not a.shape or not b.shape:
            raise ValueError(f"matrix product of shapes {a.shape} and {b.shape}")
        row, column = len(a.shape) == 1, len(b.shape) == 1
        a = self.rearrange(a, lambda v: v[None, :]) if row else a
        b = self.rearrange(b, lambda v: v[:, None]) if column else b
        if a.shape[-1] != b.shape[-2]:
            raise ValueError(f"matrix product of shapes {a.shape} and {b.shape}")
        batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        rows, cols = a.shape[-2], b.shape[-1]
        a = self.broadcast(a, batch + a.shape[-2:])
        b = self.broadcast(b, batch + b.shape[-2:])
        blocks = [
            self._matrix_product(self.rearrange(a, taking(i)), self.rearrange(b, taking(i)))
            for i in cartesian(*(range(extent) for extent in batch))
        ]
        shape = batch + (() if row else (rows,)) + (() if column else (cols,))
        result = blocks[0] if len(blocks) == 1 else self.concatenate(blocks, 0)
        return self.reshape(result, shape)

    def _matrix_product(self, a: Value, b: Value) -> Value:
        if isinstance(a, Constant) and isinstance(b, Constant):
            return constants.product(a, b)
        if isinstance(a, Constant) and isinstance(b, ParameterAffine):
            terms = {k: constants.product(a, term) for k, term in b.terms.items()}
            return ParameterAffine(constants.product(a, b.base), terms)
        if (not isinstance(b, Node) and (isinstance(a, Node) or isinstance(b, Constant))) or (
            isinstance(a, Node) and a.shape[0] == 1 and b.shape[1] > 1
        ):
            transposed = self._matrix_product(self.rearrange(b, np.transpose), self.rearrange(a, np.transpose))
            return self.rearrange(transposed, np.transpose)
        columns = [self._matrix_vector(a, self.rearrange(b, taking((slice(None), j)))) for j in range(b.shape[1])]
        if len(columns) == 1:
            return self.rearrange(columns[0], lambda v: v[:, None])
        return self.concatenate([self.rearrange(column, lambda v: v[:, None]) for column in columns], 1)

    def _matrix_vector(self, a: Value, x: Value) -> Value:
        rows, cols = a.shape
        if isinstance(a, Constant):
            layer = Layer(self.flat(x), a)
            return self.node(self.emit(layer), (rows,), layer)
        if isinstance(a, ParameterAffine):
            return self._parameter_matrix_vector(a, x)
        if rows == 1:
            products = self.multiply(self.rearrange(a, lambda v: v[0]), x)
            return self.reshape(self.total(products, (0,)), (1,))
        return self.node(int(self.builder.matvec(self.flat(a), self.flat(x), rows, cols)), (rows,))

    def _parameter_matrix_vector(self, a: ParameterAffine, x: Value) -> Value:
        """`(base + sum_k p_k D_k) x` without a node for the matrix."""
        rows, cols = a.shape
        zero = constant(np.zeros(rows))
        result: Value = zero if a.base.equals(0.0) else self._matrix_vector(a.base, x)
        diagonal = {k: D for k, D in a.terms.items() if rows == cols and _is_diagonal(D)}
        if diagonal:
            coefficients = ParameterAffine(zero, {k: D.map(np.diagonal) for k, D in diagonal.items()})
            result = self.add(result, self.multiply(coefficients, x))
        for k, D in a.terms.items():
            if k not in diagonal:
                result = self.add(result, self._moved_by(k, D, x))
        return result

    def _moved_by(self, k: int, D: Constant, x: Value) -> Value:
        """`p_k D x`, on the non-zero rows and columns of D only."""
        mask = _nonzero(D)
        where_rows, where_cols = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        rows, cols = D.shape
        if not len(where_rows):
            return constant(np.zeros(rows))
        sparse = len(where_rows) * len(where_cols) * 2 <= rows * cols
        if sparse:
            D = D.map(lambda v: v[np.ix_(where_rows, where_cols)])
            x = self.rearrange(x, lambda v: v[where_cols])
            mask = _nonzero(D)
        if np.all(mask.sum(axis=1) == 1):
            only = np.argmax(mask, axis=1)
            entries = np.arange(len(only))
            coefficients = D.map(lambda v: v[entries, only])
            moved = self.rearrange(x, lambda v: v[only])
        else:
            coefficients = constant(np.ones(D.shape[0]))
            moved = self._matrix_vector(D, x)
        product = self.multiply(ParameterAffine(constant(np.zeros(D.shape[0])), {k: coefficients}), moved)
        return self.assign(constant(np.zeros(rows)), where_rows, product) if sparse else product


def _ravel(rad: Array | None) -> Array | None:
    return None if rad is None else rad.ravel()


def _parameter_affine(value: Value) -> ParameterAffine:
    if isinstance(value, Constant):
        return ParameterAffine(value, {})
    assert isinstance(value, ParameterAffine)
    return value


def _nonzero(D: Constant) -> npt.NDArray[np.bool_]:
    return np.asarray((D.mid != 0) if D.rad is None else (D.mid != 0) | (D.rad != 0))


def _is_diagonal(D: Constant) -> bool:
    return not np.any(_nonzero(D) & ~np.eye(D.shape[0], dtype=bool))
