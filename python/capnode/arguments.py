"""What users may pass to a theorem, turned into what the core takes. Misuse is a ValueError with both numbers.

A set is an `IntervalArray`, or numbers, which are points; a parameter may be left out only where the field has none.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from capnode import _core

Bounds = tuple[NDArray[np.float64], NDArray[np.float64]]


def core_of(field: Any) -> _core.Field:
    """The core's field behind a `capnode.Field`."""
    from capnode import _core

    inner = field if isinstance(field, _core.Field) else getattr(field, "core", None)
    if not isinstance(inner, _core.Field):
        raise ValueError(f"a capnode field is needed, not {type(field).__name__}")
    return inner


def exact_numbers(x: ArrayLike, name: str) -> NDArray[np.float64]:
    """The same numbers as float64, of any shape; what a float64 may not hold exactly is refused."""
    from capnode import _core

    array = np.asarray(x)
    if array.dtype.kind not in "fiu" or array.dtype.itemsize > 8:
        raise ValueError(
            f"{name}: dtype {array.dtype} is not accepted; give float64 (float32 and integers widen exactly)"
        )
    if array.dtype.kind in "iu" and array.size and max(abs(int(array.max())), abs(int(array.min()))) > 2**53:
        raise ValueError(f"{name}: an integer above 2^53 = {2**53} may not be a double")
    with _core.FloatEnvironment():  # a caller's denormals-are-zero would widen small float32 numbers to 0
        return array.astype(np.float64)


def finite_numbers(x: ArrayLike, name: str) -> NDArray[np.float64]:
    """`exact_numbers` that are all finite; the first that is not is named."""
    array = exact_numbers(x, name)
    finite = np.isfinite(array)
    if not finite.all():
        index = np.unravel_index(int(np.argmin(finite)), array.shape)
        raise ValueError(f"{name} must be finite: entry {tuple(map(int, index))} is {array[index]}")
    return array


def check_run(
    order: int | None, tolerance: float, max_steps: int, max_seconds: float, *, least_order: int = 3, t0: float = 0.0
) -> None:
    """The options that every integration has; misuse is a ValueError."""
    if order is not None and not least_order <= order <= 60:
        raise ValueError(f"order must lie between {least_order} and 60, not {order}")
    if not (0.0 < tolerance < math.inf):
        raise ValueError(f"tolerance must be positive and finite, not {tolerance}")
    if max_steps < 1:
        raise ValueError(f"max_steps must be at least 1, not {max_steps}")
    if not max_seconds > 0.0:
        raise ValueError(f"max_seconds must be positive, not {max_seconds}")
    if not math.isfinite(t0):
        raise ValueError(f"t0 must be finite, not {t0!r}")


def point(x: ArrayLike, size: int, name: str) -> NDArray[np.float64]:
    """A finite float64 vector of the given length; a number stands for a vector of length 1."""
    array = np.atleast_1d(exact_numbers(x, name))
    if array.shape != (size,):
        raise ValueError(f"{name} must have shape ({size},), not {array.shape}")
    out = np.ascontiguousarray(array)
    if not np.isfinite(out).all():
        raise ValueError(f"{name} must be finite: entry {int(np.argmin(np.isfinite(out)))} is not")
    return out


def box(x: Any, size: int, name: str) -> Bounds:
    """Lower and upper ends of an enclosure of the given length; numbers are points."""
    if not (hasattr(x, "lo") and hasattr(x, "hi")):
        ends = point(x, size, name)
        return ends, ends
    lo, hi = (np.atleast_1d(exact_numbers(end, name)) for end in (x.lo, x.hi))
    if lo.shape != (size,) or hi.shape != (size,):
        raise ValueError(f"{name} must have shape ({size},), not {lo.shape}")
    if not (lo <= hi).all():
        worst = int(np.argmin(lo <= hi))
        raise ValueError(f"{name}: lower end {lo[worst]} is not at most upper end {hi[worst]} in entry {worst}")
    return np.ascontiguousarray(lo), np.ascontiguousarray(hi)


def parameter_box(field: _core.Field, p: Any) -> Bounds:
    """The parameter as a box of length parameter_dim; None only where that is 0."""
    size = field.parameter_dim
    if p is None:
        if size > 0:
            raise ValueError(f"the field has {size} parameters and p gives 0: pass p")
        return np.zeros(0), np.zeros(0)
    if size == 0:
        raise ValueError("the field has 0 parameters and p was given")
    lo, hi = box(p, size, "p")
    if not (np.isfinite(lo).all() and np.isfinite(hi).all()):
        raise ValueError(f"p must be bounded, not [{lo}, {hi}]")
    return lo, hi
