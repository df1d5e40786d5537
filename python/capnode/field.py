"""The vector field of x' = f(x, p): what a network becomes, and what every theorem is about.

A field is the real-analytic function whose coefficients are exactly the stored binary numbers. Where it has a weight
radius it is the set of all fields within that radius, and every enclosure holds for each of them.

Points are float64 arrays: a state has shape (dim,), or (lanes, dim) for many states at once; a parameter has shape
(parameter_dim,) (a number where parameter_dim is 1), or (lanes, parameter_dim). Sets are `IntervalArray`s of the same
shapes; numbers stand for points. float32, float16 and integer arrays widen exactly; other dtypes, NaN and shapes that
do not fit are a ValueError.
"""

from __future__ import annotations

import os
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from capnode import _core
from capnode.arguments import box, exact_numbers, parameter_box
from capnode.errors import UnsupportedOperation
from capnode.interval_array import IntervalArray

FloatArray: TypeAlias = NDArray[np.float64]
Bounds: TypeAlias = tuple[FloatArray, FloatArray]


def _ends(value: Any, name: str) -> Bounds:
    """Lower and upper ends of a set; numbers are points."""
    if hasattr(value, "lo") and hasattr(value, "hi"):
        return exact_numbers(value.lo, name), exact_numbers(value.hi, name)
    array = exact_numbers(value, name)
    return array, array


class Field:
    """An immutable field; made by `from_torch`, `Field.load` or a builder of the core. Two fields are equal where their
    digests are."""

    __slots__ = ("core",)

    def __init__(self, core: _core.Field) -> None:
        if not isinstance(core, _core.Field):
            raise ValueError(f"a Field wraps a field of the core, not {type(core).__name__}")
        #: The field of the C++ core.
        self.core = core

    # ---- what it is
    @property
    def dim(self) -> int:
        """Dimension n of the state."""
        return int(self.core.dim)

    @property
    def parameter_dim(self) -> int:
        """Dimension m of the parameter, 0 where there is none."""
        return int(self.core.parameter_dim)

    @property
    def has_time(self) -> bool:
        """Whether the field was declared with a time argument."""
        return bool(self.core.has_time)

    @property
    def has_weight_radius(self) -> bool:
        """Whether this is a set of fields: some weight has a radius."""
        return bool(self.core.has_weight_radius)

    @property
    def digest(self) -> str:
        """SHA-256 of the field's canonical text, 64 hex digits."""
        return str(self.core.digest)

    def __eq__(self, other: object) -> bool:
        return self.digest == other.digest if isinstance(other, Field) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.digest)

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return Field.from_text, (self.to_text(),)

    def __repr__(self) -> str:
        counts = self.core.operation_counts
        steps = ", ".join(f"{count} {name}" for name, count in counts.items() if name not in _INPUTS)
        parameter = f", parameter_dim={self.parameter_dim}" if self.parameter_dim else ""
        time = ", time" if self.has_time else ""
        radius = ", with weight radius" if self.has_weight_radius else ""
        return (
            f"<Field dim={self.dim}{parameter}{time}: {steps or 'identity'}; "
            f"{self.core.weight_count} weights{radius}; digest {self.digest[:12]}>"
        )

    # ---- values
    def __call__(self, x: ArrayLike, p: ArrayLike | None = None, *, t: float = 0.0) -> FloatArray:
        """f(x, p) in float64 (weights at their midpoints), for exploration: shape (dim,) or (lanes, dim), as x."""
        state, lanes = self._state(exact_numbers(x, "x"), "x")
        value = self.core.evaluate(state, self._parameter(p, "p", lanes), _time(t))
        return _as_given(value, lanes)

    def enclose(self, X: Any, P: Any = None, *, t: Any = 0.0) -> IntervalArray:
        """An enclosure of { f(x, p) : x in X, p in P }, shaped as X. One box is enclosed in balls and in intervals, and
        the two are intersected; many lanes in balls."""
        (x_lo, lanes), (x_hi, _) = (self._state(end, "X") for end in _ends(X, "X"))
        p_lo, p_hi = self._parameter_ends(P, lanes)
        method = "both" if x_lo.shape[1] == 1 else "ball"
        lo, hi = self.core.enclose(x_lo, x_hi, p_lo, p_hi, *_time_ends(t), method)
        return IntervalArray(_as_given(lo, lanes), _as_given(hi, lanes))

    # ---- first derivatives
    def linearization(
        self, x: ArrayLike, p: ArrayLike | None = None, *, t: float = 0.0
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """f (dim,), f_x (dim, dim) and f_p (dim, parameter_dim) at one point, in float64."""
        state, lanes = self._state(exact_numbers(x, "x"), "x")
        _one_point(lanes, "x")
        value, dx, dp = self.core.jacobian(state, self._parameter(p, "p", None), _time(t))
        return value[:, 0], dx, dp

    def enclose_linearization(
        self, X: Any, P: Any = None, *, t: Any = 0.0
    ) -> tuple[IntervalArray, IntervalArray, IntervalArray]:
        """Enclosures of f (dim,), f_x (dim, dim) and f_p (dim, parameter_dim) over one box."""
        (x_lo, lanes), (x_hi, _) = (self._state(end, "X") for end in _ends(X, "X"))
        _one_point(lanes, "X")
        p_lo, p_hi = self._parameter_ends(P, None)
        value, dx, dp = self.core.enclose_jacobian(x_lo, x_hi, p_lo, p_hi, *_time_ends(t))
        return IntervalArray(value[0][:, 0], value[1][:, 0]), IntervalArray(*dx), IntervalArray(*dp)

    def jacobian(self, x: ArrayLike, p: ArrayLike | None = None, *, t: float = 0.0) -> FloatArray:
        """f_x in float64: (dim, dim), or (lanes, dim, dim) for x of shape (lanes, dim)."""
        state, lanes = self._state(exact_numbers(x, "x"), "x")
        parameter = self._parameter(p, "p", lanes)
        parts = [
            self.core.jacobian(state[:, j : j + 1], _lane(parameter, j), _time(t))[1] for j in range(state.shape[1])
        ]
        return parts[0] if lanes is None else np.stack(parts)

    def enclose_jacobian(self, X: Any, P: Any = None, *, t: Any = 0.0) -> IntervalArray:
        """An enclosure of f_x over the box: (dim, dim), or (lanes, dim, dim)."""
        return self._enclose_jacobian(X, P, t, 1)

    def enclose_parameter_jacobian(self, X: Any, P: Any = None, *, t: Any = 0.0) -> IntervalArray:
        """An enclosure of f_p over the box: (dim, parameter_dim), or (lanes, dim, parameter_dim)."""
        return self._enclose_jacobian(X, P, t, 2)

    def _enclose_jacobian(self, X: Any, P: Any, t: Any, which: int) -> IntervalArray:
        (x_lo, lanes), (x_hi, _) = (self._state(end, "X") for end in _ends(X, "X"))
        p_lo, p_hi = self._parameter_ends(P, lanes)
        lows, highs = [], []
        for j in range(x_lo.shape[1]):
            ends = (x_lo[:, j : j + 1], x_hi[:, j : j + 1], _lane(p_lo, j), _lane(p_hi, j))
            lo, hi = self.core.enclose_jacobian(*ends, *_time_ends(t))[which]
            lows.append(lo)
            highs.append(hi)
        if lanes is None:
            return IntervalArray(lows[0], highs[0])
        return IntervalArray(np.stack(lows), np.stack(highs))

    # ---- Taylor coefficients of solutions
    def taylor(self, x0: ArrayLike, p: ArrayLike | None = None, *, order: int, t0: float = 0.0) -> FloatArray:
        """Taylor coefficients 0..order of the solution with x(t0) = x0, in float64: (order + 1, dim), or
        (order + 1, lanes, dim)."""
        state, lanes = self._state(exact_numbers(x0, "x0"), "x0")
        series = self.core.solution(state, self._parameter(p, "p", lanes), _order(order), _time(t0))
        return _series(series, lanes)

    def enclose_taylor(self, X0: Any, P: Any = None, *, order: int, t0: Any = 0.0) -> IntervalArray:
        """Enclosures of the Taylor coefficients 0..order of every solution with x(t0) in X0: shaped as in `taylor`."""
        (x_lo, lanes), (x_hi, _) = (self._state(end, "X0") for end in _ends(X0, "X0"))
        p_lo, p_hi = self._parameter_ends(P, lanes)
        lo, hi = self.core.enclose_solution(x_lo, x_hi, p_lo, p_hi, _order(order), *_time_ends(t0))
        return IntervalArray(_series(lo, lanes), _series(hi, lanes))

    # ---- files
    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the field to one text file with its digest. The file appears whole or not at all."""
        self.core.save(os.fspath(path))

    @staticmethod
    def load(path: str | os.PathLike[str]) -> Field:
        """Reads a field file. ValueError where it is truncated, altered, of another version or no field file; nothing
        in it is executed."""
        return Field(_core.Field.load(os.fspath(path)))

    def to_text(self) -> str:
        """The text of the field file."""
        return str(self.core.to_text())

    @staticmethod
    def from_text(text: str) -> Field:
        """The field of a text made by `to_text`."""
        return Field(_core.Field.from_text(text))

    def to_capd(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        x0: Any = None,
        t: float = 1.0,
        p: Any = None,
        t0: float = 0.0,
        order: int = 20,
    ) -> str:
        """The field as a small stand-alone C++ program for users of CAPD::DynSys; written to `path` where given.

        The program holds the weights as hex floats, builds the field in CAPD's nodes and integrates x0 (a point or a
        box (dim,); 0 where None) from t0 to t with its derivative by the initial point; its command line takes another
        t, x0 and p. Weights with a radius and parameters become CAPD parameters with interval values (p is 0 where
        None). Nothing of CAPD is needed to write it.

        UnsupportedOperation where the field uses a function that CAPD cannot differentiate (erf, gelu).
        """
        if missing := ", ".join(self.core.capd_missing):
            raise UnsupportedOperation(
                f"CAPD cannot differentiate {missing}, which the field uses; it knows + - * /, powers, exp, log, sqrt, "
                "sin, cos, atan and what can be written through these"
            )
        start, end = exact_numbers(t0, "t0"), exact_numbers(t, "t")
        if start.shape != () or end.shape != () or not np.isfinite([start, end]).all() or start == end:
            raise ValueError(f"t and t0 must be two different finite times, not {t} and {t0}")
        x = box(np.zeros(self.dim) if x0 is None else x0, self.dim, "x0")
        q = parameter_box(self.core, np.zeros(self.parameter_dim) if p is None and self.parameter_dim else p)
        if not np.isfinite([*x[0], *x[1]]).all():
            raise ValueError("x0 must be bounded")
        text = str(self.core.capd_program(*x, *q, t0=float(start), t=float(end), order=int(order)))
        if path is not None:
            with open(path, "w", encoding="ascii") as file:
                file.write(text)
        return text

    # ---- shapes: (dim,) and (lanes, dim) of the user, (dim, lanes) of the core
    def _state(self, x: FloatArray, name: str) -> tuple[FloatArray, int | None]:
        if x.ndim not in (1, 2) or x.shape[-1] != self.dim or x.shape[0] == 0:
            raise ValueError(f"{name} has shape {x.shape}; the field needs ({self.dim},) or (lanes, {self.dim})")
        if x.ndim == 1:
            return x[:, None], None
        return np.ascontiguousarray(x.T), x.shape[0]

    def _parameter(self, p: ArrayLike | None, name: str, lanes: int | None) -> FloatArray:
        if p is None:
            if self.parameter_dim > 0:
                raise ValueError(f"the field has {self.parameter_dim} parameters and {name} gives 0: pass {name}")
            return np.zeros((0, 1))
        array = np.atleast_1d(exact_numbers(p, name))
        several = lanes is not None and array.shape == (lanes, self.parameter_dim)
        if self.parameter_dim == 0 or not (several or array.shape == (self.parameter_dim,)):
            more = "" if lanes is None else f" or ({lanes}, {self.parameter_dim})"
            raise ValueError(f"{name} has shape {array.shape}; the field needs ({self.parameter_dim},){more}")
        return np.ascontiguousarray(array.T) if several and array.ndim == 2 else array[:, None]

    def _parameter_ends(self, P: Any, lanes: int | None) -> Bounds:
        if P is None:
            empty = self._parameter(None, "P", lanes)
            return empty, empty
        lo, hi = _ends(P, "P")
        return self._parameter(lo, "P", lanes), self._parameter(hi, "P", lanes)


_INPUTS = ("state", "parameter", "time", "gather", "concat")


def _as_given(columns: FloatArray, lanes: int | None) -> FloatArray:
    return columns[:, 0] if lanes is None else np.ascontiguousarray(columns.T)


def _series(series: FloatArray, lanes: int | None) -> FloatArray:
    return series[:, :, 0] if lanes is None else np.ascontiguousarray(series.transpose(0, 2, 1))


def _lane(parameter: FloatArray, j: int) -> FloatArray:
    return parameter if parameter.shape[1] == 1 else parameter[:, j : j + 1]


def _one_point(lanes: int | None, name: str) -> None:
    if lanes is not None:
        raise ValueError(f"{name} has {lanes} lanes, one point of shape (dim,) is needed")


def _time(t: Any) -> float:
    lo, hi = _time_ends(t)
    if lo != hi:
        raise ValueError(f"a time is needed, not the interval [{lo}, {hi}]")
    return lo


def _time_ends(t: Any) -> tuple[float, float]:
    lo, hi = _ends(t, "t")
    if lo.shape != () or not (np.isfinite(lo) and np.isfinite(hi)):
        raise ValueError(f"t must be one finite time or interval of times, not {t}")
    return float(lo), float(hi)


def _order(order: int) -> int:
    if not 0 <= int(order) <= 10_000:
        raise ValueError(f"order must be between 0 and 10000, not {order}")
    return int(order)
