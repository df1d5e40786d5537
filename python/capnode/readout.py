"""Linear readouts: the last layer of a classifier, its scores and margins over enclosures, the classes a set can reach.

The class of x is the one with the largest score w_k . x + b_k; weights and biases are exact. A point where several
scores are largest lies on the decision boundary and belongs to all of these classes. Statement:
cpp/include/capnode/dynamics/readout.hpp.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from capnode import _core
from capnode.arguments import exact_numbers
from capnode.interval_array import IntervalArray, interval

FloatArray = NDArray[np.float64]


class Readout:
    """Scores w_k . x + b_k of k = 0, ..., classes - 1: `weight` (classes, dim) and `bias` (classes,), float64, exact.

    Points and enclosures have shape (dim,) or (lanes, dim); answers have the same leading axis.
    """

    __slots__ = ("bias", "core", "weight")

    def __init__(self, weight: ArrayLike, bias: ArrayLike | None = None) -> None:
        w = np.atleast_2d(exact_numbers(weight, "weight"))
        b = np.zeros(len(w)) if bias is None else np.atleast_1d(exact_numbers(bias, "bias"))
        if w.ndim != 2 or b.ndim != 1 or len(b) != len(w):
            raise ValueError(f"weight has shape {w.shape} and bias {b.shape}; (classes, dim) and (classes,) are needed")
        if len(w) == 1:  # one logit: class 1 where it is positive
            w, b = np.vstack([np.zeros_like(w), w]), np.array([0.0, b[0]])
        self.weight, self.bias = np.ascontiguousarray(w), np.ascontiguousarray(b)
        self.core = _core.Readout(self.weight, self.bias)
        self.weight.setflags(write=False)
        self.bias.setflags(write=False)

    @property
    def classes(self) -> int:
        return len(self.weight)

    @property
    def dim(self) -> int:
        return int(self.weight.shape[1])

    @property
    def ties(self) -> tuple[tuple[int, ...], ...]:
        """Classes with exactly the same row and bias: their scores are equal everywhere, so that where they are largest
        no class can be proved."""
        groups: dict[tuple[float, ...], list[int]] = {}
        for k, row in enumerate(np.column_stack([self.weight, self.bias]).tolist()):
            groups.setdefault(tuple(row), []).append(k)  # 0.0 == -0.0, and their hashes are equal
        return tuple(tuple(group) for group in groups.values() if len(group) > 1)

    def __call__(self, x: ArrayLike) -> FloatArray:
        """Scores in float64, for exploration."""
        return np.asarray(np.asarray(x, dtype=np.float64) @ self.weight.T + self.bias)

    def predict(self, x: ArrayLike) -> Any:
        """The class with the largest score in float64: an int, or int64 (lanes,). Exploration, nothing is proved."""
        found = np.argmax(self(x), axis=-1)
        return int(found) if found.ndim == 0 else found

    def scores(self, x: Any) -> IntervalArray:
        """Encloses the scores of every point of the set: (classes,) or (lanes, classes)."""
        lo, hi, single = self._ends(x)
        return _shaped(self.core.scores(lo, hi), single)

    def margins(self, x: Any, cls: Any) -> IntervalArray:
        """Encloses score(cls) - score(k) for every class k; `cls`: an int, or one a lane. Exactly 0 at k = cls."""
        lo, hi, single = self._ends(x)
        classes = np.broadcast_to(np.asarray(cls), (len(lo),))
        if classes.dtype.kind not in "iu" or ((classes < 0) | (classes >= self.classes)).any():
            raise ValueError(f"cls must be integers in 0, ..., {self.classes - 1}, not {cls!r}")
        return _shaped(self.core.margins(lo, hi, [int(c) for c in classes]), single)

    def possible(self, x: Any) -> NDArray[np.bool_]:
        """The classes that points of the set may belong to, (classes,) or (lanes, classes); the others are proved not
        to be reached. Where exactly one is possible, every point of the set belongs to it."""
        lo, hi, single = self._ends(x)
        found = self.core.possible(lo, hi)
        return np.asarray(found[0] if single else found)

    def class_of(self, x: Any) -> Any:
        """The class that every point of the set belongs to, or -1 where that is not proved: int, or int64 (lanes,)."""
        found = self.possible(x)
        one = np.where(found.sum(axis=-1) == 1, np.argmax(found, axis=-1), -1)
        return int(one) if one.ndim == 0 else one

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes `weight` and `bias` as an .npz file, bit for bit."""
        with open(path, "wb") as file:
            np.savez(file, weight=self.weight, bias=self.bias)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Readout:
        """What `save` wrote."""
        with np.load(path, allow_pickle=False) as file:
            missing = {"weight", "bias"} - set(file.files)
            if missing:
                raise ValueError(f"{os.fspath(path)} is no readout: it has no {', '.join(sorted(missing))}")
            return cls(file["weight"], file["bias"])

    def _ends(self, x: Any) -> tuple[FloatArray, FloatArray, bool]:
        box = interval(x)
        if box.ndim not in (1, 2) or box.shape[-1] != self.dim:
            raise ValueError(f"x has shape {box.shape}; the readout needs ({self.dim},) or (lanes, {self.dim})")
        return np.atleast_2d(box.lo), np.atleast_2d(box.hi), box.ndim == 1

    def __repr__(self) -> str:
        return f"<readout of {self.classes} classes in dimension {self.dim}>"


def _shaped(ends: tuple[FloatArray, FloatArray], single: bool) -> IntervalArray:
    both = IntervalArray(*ends)
    return both[0] if single else both


def readout(layer: Any, bias: ArrayLike | None = None) -> Readout:
    """The readout of a `torch.nn.Linear`, or of arrays: weight (classes, dim) and bias (classes,), taken exactly.

    One row is one logit: class 1 where it is positive, class 0 where it is negative. A `Readout` comes back as it is.
    """
    if isinstance(layer, Readout):
        if bias is not None:
            raise ValueError("a Readout has its own bias, and another one was given")
        return layer
    if hasattr(layer, "weight") and hasattr(layer, "in_features"):
        if bias is not None:
            raise ValueError("the layer has its own bias, and another one was given")
        own = getattr(layer, "bias", None)
        return Readout(_numbers(layer.weight), None if own is None else _numbers(own))
    return Readout(_numbers(layer), bias)


def _numbers(x: Any) -> Any:
    """A tensor as an array of the same numbers (bfloat16 and float16 widen exactly); anything else as it is."""
    if not hasattr(x, "detach"):
        return x
    plain = x.detach().cpu()
    return (plain.double() if plain.is_floating_point() else plain).numpy()
