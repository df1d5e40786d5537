"""What a tensor of the exported graph can be while it is lowered: a constant, affine in the parameter, or a node."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from capnode.torch_import.constants import Constant

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class ParameterAffine:
    """`base + sum_k p_k terms[k]`, kept apart so that `(M + p I) x` becomes `M x + p x` and no n x n node."""

    base: Constant
    terms: dict[int, Constant]

    @property
    def shape(self) -> tuple[int, ...]:
        return self.base.shape


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """`weight x + bias ± summands`: remembered with the node that holds it, so that a later constant joins the bias."""

    x: int
    weight: Constant
    bias: Constant | None = None
    summands: tuple[tuple[int, int], ...] = ()  # (sign, node)


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """Entries of a node of the field: entry i of the tensor is entry `index[i]` of the flat vector `id`."""

    id: int
    index: Indices
    layer: Layer | None = field(default=None)
    negated: int | None = field(default=None)  # the node whose negative this one is

    @property
    def shape(self) -> tuple[int, ...]:
        return self.index.shape


Value = Constant | ParameterAffine | Node
