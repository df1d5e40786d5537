"""Numbers as users give them, turned into the tightest float64 ends around them: nothing is rounded silently.

Floats are the binary numbers they are (float16 and float32 widen exactly, in the core, so that a flushed-to-zero caller
changes nothing). An int64 beyond 2**53, a longdouble, a Fraction, a Decimal or a decimal string that is no double
becomes the two doubles around it. NaN, complex numbers, booleans and other types are a ValueError.
"""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from capnode import _core

FloatArray = NDArray[np.float64]


def checked(lo: FloatArray, hi: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The ends as they are kept: contiguous, read-only, with the invariants of an interval."""
    good = (lo <= hi) & (lo < np.inf) & (hi > -np.inf)
    if not good.all():
        bad = ~good
        i = int(np.argmax(np.ravel(bad)))
        a, b = float(np.ravel(lo)[i]), float(np.ravel(hi)[i])
        where = "" if lo.ndim == 0 else f" at index {tuple(int(k) for k in np.unravel_index(i, lo.shape))}"
        if math.isnan(a) or math.isnan(b):
            raise ValueError(f"NaN is no end of an interval: lo = {a!r}, hi = {b!r}{where}")
        reason = "lo > hi" if a > b else "no real number lies between the ends"
        raise ValueError(f"{reason}: lo = {a!r}, hi = {b!r}{where}")
    lo, hi = np.asarray(lo, order="C"), np.asarray(hi, order="C")
    lo.setflags(write=False)
    hi.setflags(write=False)
    return lo, hi


def ends(value: Any) -> tuple[FloatArray, FloatArray]:
    """Tightest enclosures of the entries of `value`, in new arrays."""
    if hasattr(value, "lo") and hasattr(value, "hi"):  # an IntervalArray
        return np.array(value.lo), np.array(value.hi)
    if isinstance(value, (float, np.float64)):
        return np.array(float(value)), np.array(float(value))
    array = _as_array(value)
    if array.dtype.kind == "f" and array.dtype.itemsize <= 8:
        # float16 widens to float32 by bit operations; float32 to float64 in the core, where nothing is flushed to zero.
        wide = array if array.dtype.itemsize == 8 else _core.widen_float32(array.astype(np.float32))
        return np.array(wide, dtype=np.float64), np.array(wide, dtype=np.float64)
    if array.dtype.kind in "iuf":
        return _rounded_both_ways(array)
    if array.dtype.kind in "OU":
        pairs = [_ends_of_one(entry) for entry in array.ravel().tolist()]
        lo = np.array([pair[0] for pair in pairs], dtype=np.float64).reshape(array.shape)
        hi = np.array([pair[1] for pair in pairs], dtype=np.float64).reshape(array.shape)
        return lo, hi
    raise ValueError(f"no intervals from an array of {array.dtype}: floats, integers or decimal strings are wanted")


def _as_array(value: Any) -> NDArray[Any]:
    """An array that keeps every entry as given: lists mix integers, floats and strings without conversion."""
    if isinstance(value, (list, tuple)):
        return np.array(value, dtype=object)
    if isinstance(value, (int, str, Fraction, Decimal)):
        scalar = np.empty((), dtype=object)
        scalar[()] = value
        return scalar
    return np.asarray(value)


def _rounded_both_ways(array: NDArray[Any]) -> tuple[FloatArray, FloatArray]:
    """Integers and longdoubles: the nearest double and, where that is not the number itself, its neighbour."""
    with np.errstate(over="ignore"):
        near = array.astype(np.float64)
    lo, hi = near.copy(), near.copy()
    if array.dtype.kind == "f":
        below, above = near.astype(array.dtype) < array, near.astype(array.dtype) > array
    else:
        exact = near.astype(object)
        below = np.array([int(n) < int(x) for n, x in zip(exact.ravel(), array.ravel(), strict=True)], dtype=bool)
        above = np.array([int(n) > int(x) for n, x in zip(exact.ravel(), array.ravel(), strict=True)], dtype=bool)
        below, above = below.reshape(array.shape), above.reshape(array.shape)
    hi[below] = np.nextafter(near, np.inf)[below]
    lo[above] = np.nextafter(near, -np.inf)[above]
    return lo, hi


def _ends_of_one(x: Any) -> tuple[float, float]:
    """The tightest ends around one Python object."""
    if isinstance(x, (bool, np.bool_)) or x is None:
        raise ValueError(f"{x!r} is no number")
    if isinstance(x, float):
        return x, x
    if isinstance(x, (int, np.integer)):
        return _around(Fraction(int(x)))
    if isinstance(x, Fraction):
        return _around(x)
    if isinstance(x, np.floating):
        lo, hi = _rounded_both_ways(np.asarray(x))
        return float(lo), float(hi)
    if isinstance(x, (str, Decimal)):
        lows, highs = _core.interval_from_strings([str(x)])
        return float(lows[0]), float(highs[0])
    raise ValueError(f"no interval from {x!r} of type {type(x).__name__}")


def _around(x: Fraction) -> tuple[float, float]:
    try:
        near = x.numerator / x.denominator  # correctly rounded
    except OverflowError:
        top = math.nextafter(math.inf, 0.0)
        return (top, math.inf) if x > 0 else (-math.inf, -top)
    exact = Fraction(near)
    return (
        near if exact <= x else math.nextafter(near, -math.inf),
        near if exact >= x else math.nextafter(near, math.inf),
    )


def exact(value: Any, what: str) -> FloatArray:
    """float64 entries without any rounding, in a new array; ValueError where one would be needed."""
    if type(value) is np.ndarray and value.dtype == np.float64:
        return value.copy()
    lo, hi = ends(value)
    if not np.array_equal(lo, hi, equal_nan=True):
        i = int(np.argmax(np.ravel(lo != hi)))
        raise ValueError(
            f"{what} must be exact in binary64, but an entry lies between {lo.ravel()[i]!r} and {hi.ravel()[i]!r}"
        )
    return lo
