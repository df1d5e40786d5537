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

from collections.abc import Callable

import numpy as np

from capnode.torch_import import constants
from capnode.torch_import.arrangement import Arrangement, parameter_affine
from capnode.torch_import.constants import Constant, constant, taking
from capnode.torch_import.values import Layer, Node, ParameterAffine, Value


class Algebra(Arrangement):
    """Entrywise operations on values with numpy's rules for shapes; what is not constant becomes nodes of `builder`."""

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
            a, b = parameter_affine(self.broadcast(a, shape)), parameter_affine(self.broadcast(b, shape))
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
            affine = parameter_affine(b)
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
