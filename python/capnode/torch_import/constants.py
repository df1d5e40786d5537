"""Numbers known at import time, as balls: constant subexpressions of a module are folded in enclosures, not in floats.

A constant is the array of all real numbers within `rad` of `mid` entrywise; `rad` is None where the numbers are exactly
`mid`. Every operation returns a constant that contains the exact result for every choice of numbers within its
arguments; operations whose exact result is representable stay exact (the interval core sees to that).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from capnode import _core

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Constant:
    """All real arrays within `rad` of `mid`. `kind` tells indices and masks from numbers."""

    mid: Array
    rad: Array | None = None
    kind: Literal["real", "integer", "bool"] = "real"

    @property
    def shape(self) -> tuple[int, ...]:
        return self.mid.shape

    @property
    def exact(self) -> bool:
        return self.rad is None

    def map(self, view: Callable[[Array], Array]) -> Constant:
        """The same numbers rearranged: `view` only selects, repeats and reshapes."""
        return Constant(view(self.mid), None if self.rad is None else view(self.rad), self.kind)

    def equals(self, number: float) -> bool:
        """Are all entries exactly this number?"""
        return self.rad is None and bool(np.all(self.mid == number))


def constant(values: npt.ArrayLike, rad: npt.ArrayLike | None = None) -> Constant:
    """Floats as the exact binary numbers they are; a radius that is zero everywhere is dropped."""
    mid = np.array(values, dtype=np.float64)
    radius = None if rad is None else np.broadcast_to(np.asarray(rad, dtype=np.float64), mid.shape)
    return Constant(mid, radius if radius is not None and np.any(radius != 0) else None)


def taking(key: Any) -> Callable[[Any], Any]:
    """The view `v -> v[key]`."""
    return lambda v: v[key]


def ends(c: Constant) -> tuple[Array, Array]:
    """Lower and upper ends of an enclosure of every entry."""
    if c.rad is None:
        return c.mid, c.mid
    lo, hi = _core.ball_to_interval(np.ascontiguousarray(c.mid), np.ascontiguousarray(c.rad))
    return lo.reshape(c.shape), hi.reshape(c.shape)


def from_ends(lo: Array, hi: Array) -> Constant:
    """The ball around an enclosure; an enclosure without bounds has no ball."""
    if not (np.all(np.isfinite(lo)) and np.all(np.isfinite(hi))):
        raise ValueError("a constant of the module is not finite: it overflows, or a function leaves its domain")
    if np.array_equal(lo, hi):
        return Constant(np.array(lo))
    mid, rad = _core.ball_form(lo, hi)
    return constant(mid, rad)


def negate(a: Constant) -> Constant:
    return Constant(-a.mid, a.rad, "real" if a.kind == "real" else "integer")


def _binary(operation: str, a: Constant, b: Constant) -> Constant:
    shape = np.broadcast_shapes(a.shape, b.shape)
    arrays = [np.ascontiguousarray(np.broadcast_to(end, shape)) for c in (a, b) for end in ends(c)]
    lo, hi = _core.interval_binary(operation, *arrays)
    return from_ends(lo.reshape(shape), hi.reshape(shape))


def add(a: Constant, b: Constant) -> Constant:
    return _binary("add", a, b)


def subtract(a: Constant, b: Constant) -> Constant:
    return _binary("subtract", a, b)


def multiply(a: Constant, b: Constant) -> Constant:
    return _binary("multiply", a, b)


def divide(a: Constant, b: Constant) -> Constant:
    return _binary("divide", a, b)


def apply(function: str, a: Constant) -> Constant:
    lo, hi = (np.ascontiguousarray(end) for end in ends(a))
    lo, hi = _core.interval_apply(function, lo, hi)
    return from_ends(lo.reshape(a.shape), hi.reshape(a.shape))


def power(a: Constant, exponent: int) -> Constant:
    lo, hi = (np.ascontiguousarray(end) for end in ends(a))
    lo, hi = _core.interval_power(lo, hi, exponent)
    return from_ends(lo.reshape(a.shape), hi.reshape(a.shape))


def concatenate(parts: Sequence[Constant], axis: int) -> Constant:
    mid = np.concatenate([part.mid for part in parts], axis=axis)
    if all(part.rad is None for part in parts):
        return Constant(mid)
    rads = [np.zeros(part.shape) if part.rad is None else part.rad for part in parts]
    return Constant(mid, np.concatenate(rads, axis=axis))


def total(a: Constant, axes: tuple[int, ...]) -> Constant:
    """The sum over the given axes (dropped)."""
    result = a
    for axis in sorted(axes, reverse=True):
        parts = [result.map(taking((slice(None),) * axis + (i,))) for i in range(result.shape[axis])]
        result = parts[0] if parts else constant(np.zeros(result.shape[:axis] + result.shape[axis + 1 :]))
        for part in parts[1:]:
            result = add(result, part)
    return result


def product(a: Constant, b: Constant) -> Constant:
    """The matrix product (m, k) times (k, n), as a sum of k rank-one products of intervals."""
    if a.shape[1] != b.shape[0]:
        raise ValueError(f"matrix product of shapes {a.shape} and {b.shape}")
    result = constant(np.zeros((a.shape[0], b.shape[1])))
    for j in range(a.shape[1]):
        column = a.map(taking((slice(None), j, None)))
        row = b.map(taking((None, j)))
        if not (column.equals(0.0) or row.equals(0.0)):
            result = add(result, multiply(column, row))
    return result
