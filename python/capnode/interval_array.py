"""Arrays of real intervals: enclosures as users see them, with numpy's shapes and the arithmetic of the C++ core.

`interval(lo, hi=None)` builds them from what is exact (exact_ends.py): floats are the binary numbers they are, a
decimal string is the tightest enclosure of the number it writes. NaN and lo > hi are refused. Operations give the
tightest enclosures in binary64 (IEEE 1788); there is no `<` and no `==` of sets: the questions are called `contains`,
`subset`, `interior`, `disjoint`. Everything is computed in the C++ core, under its own floating-point environment.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from capnode import _core
from capnode.exact_ends import checked, ends, exact

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


class IntervalArray:
    """Intervals [lo, hi] of any shape: lo <= hi entrywise, lo < +inf, hi > -inf, never empty, immutable.

    lo, hi: the ends, float64. mid, rad: a ball form, [lo, hi] is a subset of mid +- rad. Iteration and `len` go over
    the first axis; indexing, `reshape` and `T` are numpy's. `+ - * /`, unary minus, `abs` and `** int` broadcast
    against arrays, numbers and decimal strings. A quotient by an interval around 0 is the whole line, by one that ends
    in 0 a half line.
    """

    __slots__ = ("_hi", "_lo")
    __array_ufunc__ = None  # numpy arrays on the left leave the operation to us
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, lo: Any, hi: Any) -> None:
        low, high = exact(lo, "lo"), exact(hi, "hi")
        if low.shape != high.shape:
            raise ValueError(f"lo has the shape {low.shape}, hi has {high.shape}")
        self._lo, self._hi = checked(low, high)

    @classmethod
    def _trusted(cls, lo: FloatArray, hi: FloatArray) -> IntervalArray:
        """Ends that came out of the core."""
        made = cls.__new__(cls)
        lo.setflags(write=False)
        hi.setflags(write=False)
        made._lo, made._hi = lo, hi
        return made

    @classmethod
    def from_ball(cls, mid: Any, rad: Any) -> IntervalArray:
        """The balls mid +- rad, outward; rad = +inf gives the whole line."""
        m, r = np.broadcast_arrays(exact(mid, "mid"), exact(rad, "rad"))
        if not np.all(r >= 0):
            raise ValueError(f"a radius must be >= 0, got {np.min(r)} (NaN counts as negative)")
        return cls._trusted(*_core.ball_to_interval(np.ascontiguousarray(m), np.ascontiguousarray(r)))

    @classmethod
    def from_hex(cls, lo: Any, hi: Any) -> IntervalArray:
        """From nested lists of hexadecimal floats, as `hex()` writes them: exact."""
        return cls(_from_hex(lo), _from_hex(hi))

    # ---- the numbers -------------------------------------------------------------------------------------------------

    @property
    def lo(self) -> FloatArray:
        """Lower ends, float64, read-only."""
        return self._lo

    @property
    def hi(self) -> FloatArray:
        """Upper ends, float64, read-only."""
        return self._hi

    @property
    def mid(self) -> FloatArray:
        """A number inside each interval: the rounded middle."""
        return np.asarray(_core.ball_form(self._lo, self._hi)[0])

    @property
    def rad(self) -> FloatArray:
        """An upper bound of |x - mid| over each interval."""
        return np.asarray(_core.ball_form(self._lo, self._hi)[1])

    @property
    def width(self) -> FloatArray:
        """An upper bound of hi - lo."""
        return (self - self)._hi

    @property
    def magnitude(self) -> FloatArray:
        """max |x| over each interval."""
        return abs(self)._hi

    @property
    def mignitude(self) -> FloatArray:
        """min |x| over each interval."""
        return abs(self)._lo

    def hex(self) -> tuple[Any, Any]:
        """The ends as nested lists of hexadecimal floats (strings where the array has no axes): exact."""
        return _to_hex(self._lo), _to_hex(self._hi)

    # ---- shape -------------------------------------------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        return self._lo.shape

    @property
    def ndim(self) -> int:
        return self._lo.ndim

    @property
    def size(self) -> int:
        return self._lo.size

    @property
    def T(self) -> IntervalArray:
        return self._map(lambda a: a.T)

    def __len__(self) -> int:
        return len(self._lo)

    def __iter__(self) -> Iterator[IntervalArray]:
        if self.ndim == 0:
            raise TypeError("iteration over an IntervalArray without axes")
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index: Any) -> IntervalArray:
        return self._map(lambda a: a[index])

    def reshape(self, *shape: Any) -> IntervalArray:
        return self._map(lambda a: a.reshape(*shape))

    def ravel(self) -> IntervalArray:
        return self._map(np.ravel)

    def transpose(self, *axes: Any) -> IntervalArray:
        return self._map(lambda a: a.transpose(*axes))

    def _map(self, move: Callable[[FloatArray], Any]) -> IntervalArray:
        return self._trusted(np.array(move(self._lo)), np.array(move(self._hi)))

    # ---- questions: all answered entrywise ---------------------------------------------------------------------------

    def contains(self, x: Any) -> BoolArray:
        """Whether x (floats, integers, strings, or intervals: all of each) lies inside."""
        return interval(x).subset(self)

    def subset(self, other: Any) -> BoolArray:
        """Whether each interval lies in that of `other`."""
        return _question("subset", self, other)

    def interior(self, other: Any) -> BoolArray:
        """Whether each interval lies in the interior of that of `other` (an infinite end is no boundary)."""
        return _question("interior", self, other)

    def disjoint(self, other: Any) -> BoolArray:
        """Whether the intervals have no number in common."""
        return _question("disjoint", self, other)

    def certainly_less(self, other: Any) -> BoolArray:
        """Whether every number of the interval is less than every number of that of `other`."""
        return _question("certainly_less", self, other)

    def __bool__(self) -> bool:
        raise TypeError("an interval is neither true nor false")

    def _no_order(self, other: object) -> NoReturn:
        raise TypeError(
            "sets have no order and no equality: use contains, subset, interior, disjoint, or compare .lo and .hi"
        )

    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _no_order

    def __contains__(self, other: object) -> NoReturn:
        raise TypeError("`in` is ambiguous for an array of sets: use contains")

    # ---- sets --------------------------------------------------------------------------------------------------------

    def hull(self, other: Any) -> IntervalArray:
        """The smallest intervals around both."""
        return _binary("hull", self, other)

    def intersect(self, other: Any) -> IntervalArray:
        """The numbers in both; a ValueError where there are none."""
        apart = self.disjoint(other)
        if np.any(apart):
            a, b = _broadcast(self, interval(other))
            i = int(np.argmax(np.ravel(apart)))
            raise ValueError(f"{a.ravel()[i]} and {b.ravel()[i]} have no number in common")
        return _binary("intersect", self, other)

    # ---- arithmetic: the C++ core, tightest enclosures ---------------------------------------------------------------

    def __neg__(self) -> IntervalArray:
        return _unary("negate", self)

    def __pos__(self) -> IntervalArray:
        return self

    def __abs__(self) -> IntervalArray:
        return _unary("abs", self)

    def __add__(self, other: Any) -> IntervalArray:
        return _binary("add", self, other)

    def __radd__(self, other: Any) -> IntervalArray:
        return _binary("add", other, self)

    def __sub__(self, other: Any) -> IntervalArray:
        return _binary("subtract", self, other)

    def __rsub__(self, other: Any) -> IntervalArray:
        return _binary("subtract", other, self)

    def __mul__(self, other: Any) -> IntervalArray:
        return _binary("multiply", self, other)

    def __rmul__(self, other: Any) -> IntervalArray:
        return _binary("multiply", other, self)

    def __truediv__(self, other: Any) -> IntervalArray:
        return _binary("divide", self, other)

    def __rtruediv__(self, other: Any) -> IntervalArray:
        return _binary("divide", other, self)

    def __pow__(self, exponent: Any) -> IntervalArray:
        if isinstance(exponent, (bool, np.bool_)) or not isinstance(exponent, (int, np.integer)):
            raise TypeError(f"an interval takes integer powers, not {exponent!r}")
        if not -(2**31) <= int(exponent) < 2**31:
            raise ValueError(f"the exponent {exponent} lies outside of [{-(2**31)}, {2**31 - 1}]")
        return self._trusted(*_core.interval_power(self._lo, self._hi, int(exponent)))

    # ---- printing: outward -------------------------------------------------------------------------------------------

    def __str__(self) -> str:
        if self.ndim == 0:
            return _outward(float(self._lo), float(self._hi))
        texts = np.empty(self.shape, dtype=object)
        shown = _shown(self.shape)
        for index in np.ndindex(*self.shape) if self.size <= 1000 else shown:
            texts[index] = _outward(float(self._lo[index]), float(self._hi[index]))
        return np.array2string(texts, formatter={"object": str}, separator=", ", threshold=1000)

    def __repr__(self) -> str:
        return f"IntervalArray({self})"


def interval(lo: Any, hi: Any = None) -> IntervalArray:
    """Intervals from floats, integers, arrays, decimal strings, fractions, or (nested) lists of these.

    With one argument each entry becomes the tightest interval around it: a point for a float, the doubles around 1/10
    for `"0.1"`. With two, from the lower end of `lo` to the upper end of `hi`, broadcast against each other.
    ValueError for NaN, for lo > hi (with both numbers), for text that is no number, for complex and other types.
    """
    if hi is None:
        return lo if isinstance(lo, IntervalArray) else IntervalArray._trusted(*checked(*ends(lo)))
    low, high = np.broadcast_arrays(ends(lo)[0], ends(hi)[1])
    return IntervalArray._trusted(*checked(np.array(low), np.array(high)))


def _broadcast(a: IntervalArray, b: IntervalArray) -> tuple[IntervalArray, IntervalArray]:
    if a.shape == b.shape:
        return a, b
    shape = np.broadcast_shapes(a.shape, b.shape)
    return a._map(lambda x: np.broadcast_to(x, shape)), b._map(lambda x: np.broadcast_to(x, shape))


def _question(question: str, left: IntervalArray, right: Any) -> BoolArray:
    a, b = _broadcast(left, interval(right))
    return np.asarray(_core.interval_question(question, a.lo, a.hi, b.lo, b.hi))


def _unary(operation: str, a: IntervalArray) -> IntervalArray:
    return IntervalArray._trusted(*_core.interval_unary(operation, a.lo, a.hi))


def _binary(operation: str, left: Any, right: Any) -> IntervalArray:
    a, b = _broadcast(interval(left), interval(right))
    return IntervalArray._trusted(*_core.interval_binary(operation, a.lo, a.hi, b.lo, b.hi))


def _to_hex(array: FloatArray) -> Any:
    if array.ndim == 0:
        return float(array).hex()
    return [_to_hex(row) for row in array]


def _from_hex(text: Any) -> FloatArray:
    def convert(t: Any) -> Any:
        if isinstance(t, str):
            return float.fromhex(t)
        if isinstance(t, Sequence):
            return [convert(x) for x in t]
        raise ValueError(f"a hexadecimal float or a list of them is wanted, got {t!r}")

    return np.array(convert(text), dtype=np.float64)


def _outward(lo: float, hi: float) -> str:
    """Decimals certainly outside of [lo, hi]: as many digits as its width deserves, 17 for a point."""
    digits = 17
    size = max(abs(lo), abs(hi))
    if hi > lo and math.isfinite(hi - lo) and size > 0:
        digits = min(17, max(6, 4 - math.floor(math.log10((hi - lo) / size)))) if hi - lo > 0 else 17
    return f"[{_core.decimal_down(lo, digits)}, {_core.decimal_up(hi, digits)}]"


def _shown(shape: tuple[int, ...], edge: int = 3) -> Iterator[tuple[int, ...]]:
    """The indices that numpy prints of a long array: three from each end of each axis."""
    kept = [range(n) if n <= 2 * edge else [*range(edge), *range(n - edge, n)] for n in shape]
    for index in np.ndindex(*[len(k) for k in kept]):
        yield tuple(k[i] for k, i in zip(kept, index, strict=True))
