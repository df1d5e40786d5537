"""The vector fields of the literature as torch modules. `capnode.networks` draws their weights.

Every module keeps its weights in float64 and has the signature `forward(x, p)` with a 0-d parameter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

Array = npt.NDArray[np.float64]

_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {"tanh": torch.tanh, "sin": torch.sin}


def _weight(values: npt.ArrayLike) -> nn.Parameter:
    return nn.Parameter(torch.tensor(np.asarray(values, dtype=np.float64)), requires_grad=False)


class DiagonalFamily(nn.Module):  # type: ignore[misc]
    """`h' = s((M + p I) h + b)`, the family of Kuehn and Queirolo (DCDS-B 30, 2025); `s` is `tanh` or `sin`."""

    def __init__(self, M: npt.ArrayLike, b: npt.ArrayLike | None = None, activation: str = "tanh") -> None:
        super().__init__()
        self.M = _weight(M)
        self.b = None if b is None else _weight(b)
        self.activation = activation

    def forward(self, h: Tensor, p: Tensor) -> Tensor:
        y = (self.M + p * torch.eye(self.M.shape[0], dtype=self.M.dtype)) @ h
        return _ACTIVATIONS[self.activation](y if self.b is None else y + self.b)


class EntryFamily(nn.Module):  # type: ignore[misc]
    """`h' = s((M + g I + p E) h + b)` with `E` zero but for the given entries, each `(row, column, coefficient)`."""

    def __init__(
        self,
        M: npt.ArrayLike,
        entries: Iterable[tuple[int, int, float]],
        *,
        g: float = 0.01,
        b: npt.ArrayLike | None = None,
        activation: str = "tanh",
    ) -> None:
        super().__init__()
        self.M = _weight(M)
        E = np.zeros(tuple(self.M.shape))
        for row, column, coefficient in entries:
            E[row, column] = coefficient
        self.register_buffer("E", torch.tensor(E))
        self.b = None if b is None else _weight(b)
        self.g = g
        self.activation = activation

    def forward(self, h: Tensor, p: Tensor) -> Tensor:
        A = self.M + self.g * torch.eye(self.M.shape[0], dtype=self.M.dtype) + p * self.E
        y = A @ h
        return _ACTIVATIONS[self.activation](y if self.b is None else y + self.b)


class LayeredDiagonalFamily(nn.Module):  # type: ignore[misc]
    """`h' = s(A_k(p) s(… s(A_1(p) h)))` with `A_i(p) = M_i + p I`: one parameter on the diagonals of all layers."""

    def __init__(self, matrices: Sequence[npt.ArrayLike], activation: str = "tanh") -> None:
        super().__init__()
        self.matrices = nn.ParameterList([_weight(M) for M in matrices])
        self.activation = activation

    def forward(self, h: Tensor, p: Tensor) -> Tensor:
        for M in self.matrices:
            h = _ACTIVATIONS[self.activation]((M + p * torch.eye(M.shape[0], dtype=M.dtype)) @ h)
        return h


class LeakyNetwork(nn.Module):  # type: ignore[misc]
    """`x' = -p x + W tanh(x) + b`: the parameter is the leak; the equilibrium moves with it and `B != 0` there."""

    def __init__(self, W: npt.ArrayLike, b: npt.ArrayLike) -> None:
        super().__init__()
        self.W = _weight(W)
        self.b = _weight(b)

    def forward(self, x: Tensor, p: Tensor) -> Tensor:
        return -p * x + self.W @ torch.tanh(x) + self.b


class LowRankNetwork(nn.Module):  # type: ignore[misc]
    """`x' = -x + V tanh(U x + c + p d) + e` with `m` hidden units: for m < n the eigenvalue -1 is (n - m)-fold."""

    def __init__(
        self, V: npt.ArrayLike, U: npt.ArrayLike, c: npt.ArrayLike, d: npt.ArrayLike, e: npt.ArrayLike
    ) -> None:
        super().__init__()
        self.V, self.U = _weight(V), _weight(U)
        self.c, self.d, self.e = _weight(c), _weight(d), _weight(e)

    def forward(self, x: Tensor, p: Tensor) -> Tensor:
        return -x + self.V @ torch.tanh(self.U @ x + self.c + p * self.d) + self.e


class ParameterMLP(nn.Module):  # type: ignore[misc]
    """`x' = N(x, p)`: a perceptron with tanh whose last input is the parameter, so that its influence is learnt too."""

    def __init__(self, widths: Sequence[int] = (4, 16, 16, 4)) -> None:
        super().__init__()
        sizes = [widths[0] + 1, *widths[1:]]
        layers: list[nn.Module] = []
        for fan_in, fan_out in pairwise(sizes):
            layers += [nn.Linear(fan_in, fan_out, dtype=torch.float64), nn.Tanh()]
        self.layers = nn.Sequential(*layers[:-1])

    def forward(self, x: Tensor, p: Tensor) -> Tensor:
        return self.layers(torch.cat([x, p.reshape(1)]))
