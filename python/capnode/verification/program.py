"""The field as the referee holds it: a straight-line program over real vectors, read from the text of a .capnode file.

Nothing here is shared with the C++ core; the format is documented at the head of field_io.hpp.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Tensor:
    """A matrix of exactly stored numbers, row after row; `rad` empty means exact, else a radius for every entry."""

    rows: int
    cols: int
    mid: tuple[float, ...]
    rad: tuple[float, ...] = ()


@dataclass(frozen=True)
class Node:
    """One instruction. `inputs` are earlier nodes; the other members belong to the operations named beside them."""

    operation: str
    size: int
    inputs: tuple[int, ...] = ()
    weight: int = -1  # constant, affine: a tensor
    bias: int = -1  # affine: a tensor (size x 1), or -1
    indices: tuple[int, ...] = ()  # gather
    rows: int = 0  # matvec
    cols: int = 0
    function: str = ""  # apply
    exponent: int = 0  # power


@dataclass(frozen=True)
class Program:
    """x' = f(x, p) or f(x, p, t)."""

    dim: int
    parameter_dim: int
    has_time: bool
    nodes: tuple[Node, ...]
    tensors: tuple[Tensor, ...]
    output: int
    digest: str = ""
    depends_on_time: bool = field(default=False)

    @property
    def has_weight_radius(self) -> bool:
        return any(r != 0 for tensor in self.tensors for r in tensor.rad)
