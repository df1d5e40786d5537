"""CAPD::DynSys under its own names: maps, solvers, sets, sections and operators, with enclosures as `IntervalArray`s.

For users who bring CAPD programs: each class is CAPD's and does what CAPD's manual says; docs/capd.md translates CAPD's
first examples line by line. The theorems of capnode take CAPD as an engine instead (`engine="capd"`).

Wherever an interval is wanted, a float (exactly that binary number), an integer, a decimal string (the tightest
interval around it) or an `IntervalArray` does; a vector is a sequence or array of these. What CAPD returns through
reference arguments is returned. Misuse is a ValueError, a computation that CAPD cannot finish a `CapdError` with CAPD's
message. CAPD switches the rounding mode of the processor; every call leaves it as it was. The GIL is released in calls;
two threads that use one map, or what is built on it, take turns.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from capnode.arguments import core_of
from capnode.engines import HOW_TO_GET_CAPD
from capnode.errors import CapdError
from capnode.field import Field
from capnode.interval_array import IntervalArray, interval

try:
    _capd: Any = importlib.import_module("capnode._capd")
except ImportError as error:
    raise ImportError(HOW_TO_GET_CAPD) from error

__all__ = [
    "C0HORect2Set",
    "C0HOTripletonSet",
    "C0Rect2Set",
    "C0TripletonSet",
    "C1HORect2Set",
    "C1Rect2Set",
    "CapdError",
    "IAffineSection",
    "ICoordinateSection",
    "IMap",
    "IMatrix",
    "IOdeSolver",
    "IPoincareMap",
    "ITimeMap",
    "IVector",
    "diam",
    "intersection",
    "interval",
    "leftVector",
    "matrixAlgorithms",
    "midVector",
    "newton",
    "poincare",
    "rightVector",
    "subset",
    "subsetInterior",
]


# ---- numbers ---------------------------------------------------------------------------------------------------------


def _numbers(value: Any, name: str, ndim: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Finite ends (lo, hi) of the wanted number of axes."""
    if _holds_intervals(value):
        value = _stacked(value)
    box = interval(value)
    if box.ndim != ndim:
        raise ValueError(f"{name} has shape {box.shape}; {('a number', 'a vector', 'a matrix')[ndim]} is needed")
    lo, hi = np.asarray(box.lo, order="C"), np.asarray(box.hi, order="C")
    if not (np.isfinite(lo).all() and np.isfinite(hi).all()):
        raise ValueError(f"{name} must be bounded, not {box}")
    return lo, hi


def _holds_intervals(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and any(isinstance(x, IntervalArray) or _holds_intervals(x) for x in value)


def _stacked(entries: Sequence[Any]) -> IntervalArray:
    parts = [_stacked(e) if isinstance(e, (list, tuple)) else interval(e) for e in entries]
    if len({part.shape for part in parts}) > 1:
        raise ValueError(f"rows of different shapes: {[part.shape for part in parts]}")
    return IntervalArray(np.array([part.lo for part in parts]), np.array([part.hi for part in parts]))


def _scalar(value: Any, name: str) -> tuple[float, float]:
    lo, hi = _numbers(value, name, 0)
    return float(lo), float(hi)


def IVector(value: Any) -> IntervalArray:
    """An interval vector from a sequence or array of intervals; of a set: its enclosure, CAPD's `(IVector)set`."""
    if isinstance(value, _Set):
        return IntervalArray(*value._core.vector())
    return IntervalArray(*_numbers(value, "the vector", 1))


def IMatrix(value: Any) -> IntervalArray:
    """An interval matrix from rows; of a C1 set: the enclosure of its derivative, CAPD's `(IMatrix)set`."""
    if isinstance(value, _Set):
        return IntervalArray(*value._core.matrix())
    return IntervalArray(*_numbers(value, "the matrix", 2))


def midVector(x: Any) -> IntervalArray:
    """The vector of the middles, as points."""
    return interval(IVector(x).mid)


def leftVector(x: Any) -> IntervalArray:
    """The vector of the left ends, as points."""
    return interval(IVector(x).lo)


def rightVector(x: Any) -> IntervalArray:
    """The vector of the right ends, as points."""
    return interval(IVector(x).hi)


def diam(x: Any) -> NDArray[np.float64]:
    """Upper bounds of the widths."""
    return interval(x).width


def subset(x: Any, y: Any) -> bool:
    """Whether x lies in y."""
    return bool(np.all(interval(x).subset(interval(y))))


def subsetInterior(x: Any, y: Any) -> bool:
    """Whether x lies in the interior of y."""
    return bool(np.all(interval(x).interior(interval(y))))


def intersection(x: Any, y: Any) -> IntervalArray:
    """The intersection; a ValueError where it is empty."""
    a, b = interval(x), interval(y)
    lo, hi = np.maximum(a.lo, b.lo), np.minimum(a.hi, b.hi)
    if not (lo <= hi).all():
        raise ValueError(f"the intersection of {a} and {b} is empty")
    return IntervalArray(lo, hi)


# ---- maps ------------------------------------------------------------------------------------------------------------


class IMap:
    """A map R^n -> R^m with interval parameters: from a CAPD formula, or a field of capnode.

    IMap("time:t;par:a,b;var:x,y;fun:1-a*x*x+y,b*x;") or IMap(field), where the parameters go by index. Decimal
    constants of a formula are rounded by CAPD to the nearest double: give numbers that are none, such as 0.1, as
    parameters. `f(x)`, or `f(t, x)`, encloses the value; `f.derivative(x)` = `f[x]` the derivative; `f(x,
    derivative=True)` returns both.
    """

    def __init__(self, formula: str | Field) -> None:
        if isinstance(formula, str):
            self._core = _capd.IMap(formula)
        else:
            self._core = _capd.IMap(core_of(formula))

    def dimension(self) -> int:
        """Number of variables."""
        return int(self._core.dimension())

    def imageDimension(self) -> int:
        """Number of components of the value."""
        return int(self._core.imageDimension())

    def setParameter(self, parameter: str | int, value: Any) -> None:
        """Sets a parameter, by its name in the formula or by its index from 0."""
        self._core.setParameter(self._index(parameter), *_scalar(value, "the parameter"))

    def setParameters(self, values: Sequence[Any]) -> None:
        """Sets all parameters."""
        if len(values) != self._core.parameter_count:
            raise ValueError(f"the map has {self._core.parameter_count} parameters, {len(values)} values are given")
        for index, value in enumerate(values):
            self.setParameter(index, value)

    def getParameter(self, parameter: str | int) -> IntervalArray:
        """The value of a parameter."""
        return interval(*self._core.getParameter(self._index(parameter)))

    def _index(self, parameter: str | int) -> int:
        if isinstance(parameter, str):
            names = self._core.parameters
            if parameter not in names:
                raise ValueError(f"the map has no parameter {parameter!r}; it has {list(names)}")
            return int(names.index(parameter))
        if parameter < 0:
            raise ValueError(f"parameters count from 0; {parameter} was given")
        return int(parameter)

    def setOrder(self, order: int) -> None:
        """Makes room for Taylor coefficients up to this order."""
        self._core.setOrder(_order(order))

    def getOrder(self) -> int:
        """The order up to which there is room."""
        return int(self._core.getOrder())

    def __call__(self, *arguments: Any, derivative: bool = False) -> Any:
        """f(x) or f(t, x): encloses the value (m,); with derivative=True (value, derivative (m, n))."""
        x, t = self._arguments(arguments)
        if not derivative:
            return IntervalArray(*self._core.value(*x, *t))
        value, matrix = self._core.value_and_derivative(*x, *t)
        return IntervalArray(*value), IntervalArray(*matrix)

    def derivative(self, *arguments: Any) -> IntervalArray:
        """derivative(x) or derivative(t, x): encloses the derivative (m, n)."""
        x, t = self._arguments(arguments)
        return IntervalArray(*self._core.value_and_derivative(*x, *t)[1])

    def __getitem__(self, x: Any) -> IntervalArray:
        return self.derivative(x)

    @staticmethod
    def _arguments(arguments: tuple[Any, ...]) -> tuple[Any, Any]:
        if len(arguments) not in (1, 2):
            raise ValueError(f"(x) or (t, x) are needed, {len(arguments)} arguments are given")
        return _numbers(arguments[-1], "x", 1), _scalar(arguments[0] if len(arguments) == 2 else 0.0, "t")


# ---- sets ------------------------------------------------------------------------------------------------------------


class _Set:
    """A set of initial points that a flow moves: (x, t=0) for the box x at time t, or (x, C, r0, t=0) for x + C r0.

    `IVector(set)` encloses it, `IMatrix(set)` (C1 sets) the derivative by the initial point. Time maps and Poincare
    maps move the set itself.
    """

    def __init__(self, x: Any, *rest: Any) -> None:
        if len(rest) > 3:
            raise ValueError(f"(x, t) or (x, C, r0, t) are needed, {1 + len(rest)} arguments are given")
        box = _numbers(x, "x", 1)
        t = _scalar(rest[-1] if len(rest) in (1, 3) else 0.0, "t")
        C, r0 = (None, None) if len(rest) < 2 else (_numbers(rest[0], "C", 2), _numbers(rest[1], "r0", 1))
        if C is not None and r0 is not None and C[0].shape != (box[0].size, r0[0].size):
            raise ValueError(f"C has shape {C[0].shape}; x and r0 need ({box[0].size}, {r0[0].size})")
        self._core = _capd.Set(type(self).__name__, *box, *t, C, r0)

    def dimension(self) -> int:
        """Dimension of the phase space."""
        return int(self._core.dim)

    def getCurrentTime(self) -> IntervalArray:
        """The time at which the set is."""
        return interval(*self._core.getCurrentTime())

    def setCurrentTime(self, t: Any) -> None:
        """Says at which time the set is."""
        self._core.setCurrentTime(*_scalar(t, "t"))

    def getLastEnclosure(self) -> IntervalArray:
        """Encloses the trajectories over the last step (n,)."""
        return IntervalArray(*self._core.getLastEnclosure())

    def __repr__(self) -> str:
        return f"<{type(self).__name__} at t = {self.getCurrentTime()}: {IVector(self)}>"


class C0Rect2Set(_Set):
    """Doubleton x + C r0 + B r with QR; the Taylor method."""


class C0HORect2Set(_Set):
    """Doubleton; Taylor and Hermite-Obreshkov methods, intersected. Orders 3 to 64."""


class C0TripletonSet(_Set):
    """Doubleton with a second error term; the Taylor method."""


class C0HOTripletonSet(_Set):
    """Tripleton; Taylor and Hermite-Obreshkov methods, intersected. Orders 3 to 64."""


class _C1Set(_Set):
    def getLastMatrixEnclosure(self) -> IntervalArray:
        """Encloses the derivative over the last step (n, n)."""
        return IntervalArray(*self._core.getLastMatrixEnclosure())


class C1Rect2Set(_C1Set):
    """Doubletons of the point and of the derivative; the Taylor method."""


class C1HORect2Set(_C1Set):
    """Doubletons of the point and of the derivative; Taylor and Hermite-Obreshkov. Orders 3 to 64."""


# ---- solvers ---------------------------------------------------------------------------------------------------------


def _order(order: int) -> int:
    if not 1 <= int(order) <= 1000:
        raise ValueError(f"order must lie between 1 and 1000, not {order}")
    return int(order)


class _StepCurve:
    """The solution over the last step of a solver, on [0, its length]: `curve(t)`, `curve[t]` = `curve.derivative(t)`.

    As in CAPD it shows the solver's last step, whichever that is when it is asked.
    """

    def __init__(self, solver: IOdeSolver) -> None:
        self._solver = solver

    def getLeftDomain(self) -> float:
        return float(self._solver._core.curve_domain()[0])

    def getRightDomain(self) -> float:
        return float(self._solver._core.curve_domain()[1])

    def __call__(self, t: Any) -> IntervalArray:
        return IntervalArray(*self._solver._core.curve(*_scalar(t, "t"), False))

    def derivative(self, t: Any) -> IntervalArray:
        return IntervalArray(*self._solver._core.curve(*_scalar(t, "t"), True))

    __getitem__ = derivative


class IOdeSolver:
    """The Taylor method of the given order for x' = map(x), with automatic steps."""

    def __init__(self, vectorField: IMap, order: int) -> None:
        if not isinstance(vectorField, IMap):
            raise ValueError(f"an IMap is needed, not {type(vectorField).__name__}")
        self._map = vectorField
        self._core = _capd.IOdeSolver(vectorField._core, _order(order))

    def getVectorField(self) -> IMap:
        return self._map

    def getOrder(self) -> int:
        return int(self._core.getOrder())

    def setOrder(self, order: int) -> None:
        self._core.setOrder(_order(order))

    def setAbsoluteTolerance(self, tolerance: float) -> None:
        """What the remainder of a step aims at, absolutely."""
        self._core.setAbsoluteTolerance(float(tolerance))

    def setRelativeTolerance(self, tolerance: float) -> None:
        """The same relative to the size of the solution; the larger of the two counts."""
        self._core.setRelativeTolerance(float(tolerance))

    def getAbsoluteTolerance(self) -> float:
        return float(self._core.getAbsoluteTolerance())

    def getRelativeTolerance(self) -> float:
        return float(self._core.getRelativeTolerance())

    def getStep(self) -> IntervalArray:
        """The step made last, or set."""
        return interval(*self._core.getStep())

    def setStep(self, step: Any) -> None:
        """Sets a fixed step and turns the step control off."""
        lo, hi = _scalar(step, "step")
        if not lo > 0.0:
            raise ValueError(f"a step must be positive, not [{lo}, {hi}]")
        self._core.setStep(lo, hi)

    def setMaxStep(self, step: Any) -> None:
        """Steps are at most this long."""
        lo, hi = _scalar(step, "step")
        if not lo > 0.0:
            raise ValueError(f"a step must be positive, not [{lo}, {hi}]")
        self._core.setMaxStep(lo, hi)

    def turnOnStepControl(self) -> None:
        self._core.turnOnStepControl()

    def turnOffStepControl(self) -> None:
        self._core.turnOffStepControl()

    def getCurve(self) -> _StepCurve:
        """The solution over the last step."""
        return _StepCurve(self)


class _SolutionCurve:
    """The solution of a whole run, filled by `timeMap(t, set, solution)`; starts at the given time.

    `solution(t)` encloses x(t), `solution.derivative(t)` (C1 sets) the derivative by the initial point; t may be an
    interval. A ValueError outside of the domain.
    """

    def __init__(self, t: Any) -> None:
        self._core = _capd.SolutionCurve(*_scalar(t, "t"))

    def getLeftDomain(self) -> float:
        return float(self._core.domain()[0])

    def getRightDomain(self) -> float:
        return float(self._core.domain()[1])

    def __call__(self, t: Any) -> IntervalArray:
        return IntervalArray(*self._core.value(*_scalar(t, "t"), False))

    def derivative(self, t: Any) -> IntervalArray:
        return IntervalArray(*self._core.value(*_scalar(t, "t"), True))

    __getitem__ = derivative


class ITimeMap:
    """Moves sets to a given time: `timeMap(t, set)` moves the set and encloses x(t).

    With a `SolutionCurve` as third argument the whole run is kept in it. With `monodromyMatrix=True` (C1 sets) the
    answer is (x(t), derivative by the initial point), CAPD's third argument `IMatrix&`.
    """

    SolutionCurve: ClassVar[type[_SolutionCurve]] = _SolutionCurve

    def __init__(self, solver: IOdeSolver) -> None:
        self._solver = solver
        self._core = _capd.ITimeMap(solver._core)

    def getSolver(self) -> IOdeSolver:
        return self._solver

    def __call__(
        self, t: Any, set: _Set, solution: _SolutionCurve | None = None, *, monodromyMatrix: bool = False
    ) -> Any:
        if not isinstance(set, _Set):
            raise ValueError(f"a set such as C0Rect2Set is needed, not {type(set).__name__}")
        if solution is not None and not isinstance(solution, _SolutionCurve):
            raise ValueError(f"an ITimeMap.SolutionCurve is needed, not {type(solution).__name__}")
        curve = None if solution is None else solution._core
        answer = self._core.run(*_scalar(t, "t"), set._core, bool(monodromyMatrix), curve)
        if not monodromyMatrix:
            return IntervalArray(*answer)
        return IntervalArray(*answer[0]), IntervalArray(*answer[1])

    def stopAfterStep(self, stop: bool) -> None:
        """With True a call makes one step; call again with the same time and set until `completed()`."""
        self._core.stopAfterStep(bool(stop))

    def completed(self) -> bool:
        """Whether the final time was reached."""
        return bool(self._core.completed())

    def getCurrentTime(self) -> IntervalArray:
        """The time reached."""
        return interval(*self._core.getCurrentTime())


# ---- sections and Poincare maps --------------------------------------------------------------------------------------


class poincare:
    """How a section is crossed: by its function changing sign from + to -, either way, or from - to +."""

    PlusMinus: ClassVar[int] = int(_capd.PlusMinus)
    Both: ClassVar[int] = int(_capd.Both)
    MinusPlus: ClassVar[int] = int(_capd.MinusPlus)


class _Section:
    _core: Any

    def dimension(self) -> int:
        """Dimension of the phase space."""
        return int(self._core.dim)

    def __call__(self, x: Any) -> IntervalArray:
        """The section's function: zero on the section."""
        return interval(*self._core.value(*_numbers(x, "x", 1)))


class ICoordinateSection(_Section):
    """{ x : x_index = value } in dimension `dimension`; the index counts from 0."""

    def __init__(self, dimension: int, index: int, value: Any = 0.0) -> None:
        if not 0 <= index < dimension:
            raise ValueError(f"the index must lie between 0 and {dimension - 1}, not {index}")
        self._core = _capd.Section.coordinate(int(dimension), int(index), *_scalar(value, "value"))


class IAffineSection(_Section):
    """{ x : normal . (x - origin) = 0 }."""

    def __init__(self, origin: Any, normal: Any) -> None:
        self._core = _capd.Section.affine(*_numbers(origin, "origin", 1), *_numbers(normal, "normal", 1))


class IPoincareMap:
    """The n-th crossing of a section: `pm(set, n)` encloses it.

    `pm(set, n, x0=x0, A=A)` encloses A (P - x0), for x0 of shape (dim,) and A (dim, dim). This is tighter than the
    product in intervals: it uses the shape of the set, and the return time's uncertainty acts through A f(P) only.

    With `returnTime=True` the return time, with `monodromyMatrix=True` (C1 sets) the derivative of the *flow* at the
    return time are returned behind it, in this order: CAPD's reference arguments. `computeDP` makes of the latter the
    derivative of the Poincare map.
    """

    def __init__(self, solver: IOdeSolver, section: _Section, direction: int = poincare.Both) -> None:
        if direction not in (poincare.PlusMinus, poincare.Both, poincare.MinusPlus):
            raise ValueError(f"the direction must be poincare.PlusMinus, Both or MinusPlus, not {direction!r}")
        self._solver, self._section = solver, section
        self._core = _capd.IPoincareMap(solver._core, section._core, direction)

    def getSolver(self) -> IOdeSolver:
        return self._solver

    def getSection(self) -> _Section:
        return self._section

    def __call__(
        self,
        set: _Set,
        n: int = 1,
        *,
        x0: Any = None,
        A: Any = None,
        returnTime: bool = False,
        monodromyMatrix: bool = False,
    ) -> Any:
        if not isinstance(set, _Set):
            raise ValueError(f"a set such as C0Rect2Set is needed, not {type(set).__name__}")
        if (x0 is None) != (A is None):
            raise ValueError("x0 and A go together: they enclose A (P - x0)")
        if A is not None:
            if monodromyMatrix:
                raise ValueError("with x0 and A CAPD has no monodromyMatrix: a call without them encloses it")
            ends = (*_numbers(x0, "x0", 1), *_numbers(A, "A", 2))
            outcome = self._core.run_in_coordinates(set._core, int(n), *ends)
        else:
            outcome = self._core.run(set._core, int(n), bool(monodromyMatrix))
        answer: list[IntervalArray] = [IntervalArray(*outcome[0])]
        if returnTime:
            answer.append(interval(*outcome[1]))
        if monodromyMatrix:
            answer.append(IntervalArray(*outcome[2]))
        return answer[0] if len(answer) == 1 else tuple(answer)

    def computeDP(self, Px: Any, monodromyMatrix: Any, returnTime: Any = 0.0) -> IntervalArray:
        """The derivative of the Poincare map (n, n) from its value and the derivative of the flow."""
        x, m = _numbers(Px, "P(x)", 1), _numbers(monodromyMatrix, "the matrix", 2)
        return IntervalArray(*self._core.computeDP(*x, *m, *_scalar(returnTime, "returnTime")))

    def setMaxReturnTime(self, t: float) -> None:
        """A CapdError where n crossings take longer (1000 unless set): CAPD's own rigorous map would go on for ever."""
        if not t > 0.0:
            raise ValueError(f"the time must be positive, not {t}")
        self._core.setMaxReturnTime(float(t))


# ---- zeros and matrices ----------------------------------------------------------------------------------------------


def _callable_map(f: Any, dim: int) -> Any:
    """f(x) and f[x] of any object, as CAPD's operators call them."""

    def value(lo: NDArray[np.float64], hi: NDArray[np.float64]) -> tuple[Any, Any]:
        return _numbers(f(IntervalArray(lo, hi)), "the value of the map", 1)

    def derivative(lo: NDArray[np.float64], hi: NDArray[np.float64]) -> tuple[Any, Any]:
        return _numbers(f[IntervalArray(lo, hi)], "the derivative of the map", 2)

    return _capd.CallableMap(value, derivative, dim)


class _Krawczyk:
    """Krawczyk's method for zeros of F, with intersections: `proof(x0, X)`, or `proof(x, size)` for x +- size.

    Afterwards `.X` and `.K` hold the last set and its image, `.numberOfIterations` how many were made. The result is
    one of `newton.ZeroExists` (exactly one), `NoZeroes`, `TooManyIterations`, `ResultUndefined`.
    """

    def __init__(self, F: Any) -> None:
        self.F = F
        self.X: IntervalArray | None = None
        self.K: IntervalArray | None = None
        self.numberOfIterations = 0

    def proof(self, x0: Any, X: Any, maxNumberOfIterations: int = 8) -> int:
        x = interval(IVector(x0))
        if interval(X).ndim == 0:
            radius = interval(X)
            X = x + IntervalArray(-radius.hi, radius.hi)
        x_ends, X_ends = _numbers(x, "x0", 1), _numbers(X, "X", 1)
        map = _callable_map(self.F, x.size)
        code, count, last_X, last_K = _capd.krawczyk_proof(map, *x_ends, *X_ends, int(maxNumberOfIterations))
        self.numberOfIterations = int(count)
        self.X, self.K = IntervalArray(*last_X), IntervalArray(*last_K)
        return int(code)


class newton:
    """CAPD's namespace `newton`: the interval Newton and Krawczyk operators of F at x0 over X.

    F: an IMap, or any object with F(x) and F[x] (its derivative) for vectors x. N or K in the interior of X proves
    exactly one zero of F in X; disjoint from X, that there is none.
    """

    ResultUndefined: ClassVar[int] = -2
    TooManyIterations: ClassVar[int] = -1
    NoZeroes: ClassVar[int] = 0
    ZeroExists: ClassVar[int] = 1

    Krawczyk: ClassVar[type[_Krawczyk]] = _Krawczyk

    @staticmethod
    def NewtonOperator(x0: Any, X: Any, F: Any) -> IntervalArray:
        """x0 - F'(X)^-1 F(x0), by interval Gauss elimination."""
        return _operator(_capd.newton_operator, x0, X, F)

    @staticmethod
    def KrawczykOperator(x0: Any, X: Any, F: Any) -> IntervalArray:
        """x0 - C F(x0) + (I - C F'(X)) (X - x0), C near F'(x0)^-1."""
        return _operator(_capd.krawczyk_operator, x0, X, F)

    @staticmethod
    def resultToText(code: int) -> str:
        """CAPD's sentence for the result of a proof."""
        return str(_capd.krawczyk_result_text(int(code))).strip()


def _operator(run: Callable[..., Any], x0: Any, X: Any, F: Any) -> IntervalArray:
    x, box = _numbers(x0, "x0", 1), _numbers(X, "X", 1)
    return IntervalArray(*run(_callable_map(F, x[0].size), *x, *box))


class matrixAlgorithms:
    """CAPD's namespace `matrixAlgorithms`, and the product of matrices (`A*B` in CAPD)."""

    @staticmethod
    def product(A: Any, B: Any) -> IntervalArray:
        """Encloses the products A B of two matrices."""
        a, b = _numbers(A, "A", 2), _numbers(B, "B", 2)
        return IntervalArray(*_capd.product(*a, *b))

    @staticmethod
    def gauss(A: Any, b: Any) -> IntervalArray:
        """Encloses the solutions of A x = b."""
        a, rhs = _square(A), _numbers(b, "b", 1)
        return IntervalArray(*_capd.gauss(*a, *rhs))

    @staticmethod
    def gaussInverseMatrix(A: Any) -> IntervalArray:
        """Encloses the inverses, by Gauss elimination."""
        return IntervalArray(*_capd.inverse(*_square(A), False))

    @staticmethod
    def krawczykInverse(A: Any) -> IntervalArray:
        """Encloses the inverses, by Krawczyk's method."""
        return IntervalArray(*_capd.inverse(*_square(A), True))


def _square(A: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    a = _numbers(A, "A", 2)
    if a[0].shape[0] != a[0].shape[1]:
        raise ValueError(f"A has shape {a[0].shape}; a square matrix is needed")
    return a
