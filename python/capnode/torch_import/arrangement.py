"""Values of the graph as nodes of a FieldBuilder, and everything that only selects, repeats, joins or reshapes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from capnode.torch_import import constants
from capnode.torch_import.constants import Constant, constant
from capnode.torch_import.values import Indices, Layer, Node, ParameterAffine, Value

Array = npt.NDArray[np.float64]


class Arrangement:
    """What is not constant becomes nodes of `builder`; views are index arrays until a node is needed."""

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
            affine = [parameter_affine(part) for part in parts]
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


def _ravel(rad: Array | None) -> Array | None:
    return None if rad is None else rad.ravel()


def parameter_affine(value: Value) -> ParameterAffine:
    """A constant as one with no terms."""
    if isinstance(value, Constant):
        return ParameterAffine(value, {})
    assert isinstance(value, ParameterAffine)
    return value
