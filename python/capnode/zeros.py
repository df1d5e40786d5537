"""Zeros of a field, proved: Krawczyk, interval Newton and Newton-Kantorovich, each usable by itself.

All three speak of x -> f(x, p). Where p is an interval the theorem holds for every p in it (each p has its own zero),
and where the field has a weight radius, for every network in it. The statements and their proofs stand in
cpp/include/capnode/proof/{krawczyk,interval_newton,newton_kantorovich}.hpp.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from capnode import _core
from capnode.arguments import box, core_of, parameter_box, point
from capnode.engines import capd_core, check_engine
from capnode.interval_array import IntervalArray
from capnode.result import Provenance, Result, result_from_core


@dataclass(frozen=True)
class Zero:
    """Exactly one zero in `uniqueness`; it lies in `enclosure`; the derivative is nonsingular there.

    enclosure, uniqueness: IntervalArray (n,). x_bar: the approximation used (a hint). contraction: a bound of the
    Lipschitz constant of x - A f(x) on the set (0.0 for interval_newton, which uses none). smallest_radius and
    largest_radius (newton_kantorovich): every ball B(x_bar, r) between them, in max |x_i| / weights_i, holds exactly
    one zero; the first is the error bound, the second the isolation. Both are 0.0 for the other methods.
    """

    method: str
    enclosure: IntervalArray
    uniqueness: IntervalArray
    x_bar: NDArray[np.float64]
    contraction: float
    smallest_radius: float
    largest_radius: float
    weights: NDArray[np.float64]

    def __repr__(self) -> str:
        n = len(self.x_bar)
        error = float(np.max((self.enclosure.hi - self.enclosure.lo) / 2)) if n else 0.0
        radius = float(np.min((self.uniqueness.hi - self.uniqueness.lo) / 2)) if n else 0.0
        return f"<zero in dimension {n}, known to within {error:.3g}, alone within {radius:.3g}>"


def _zero(value: dict[str, Any]) -> Zero:
    return Zero(
        method=value["method"],
        enclosure=IntervalArray(*value["enclosure"]),
        uniqueness=IntervalArray(*value["uniqueness"]),
        x_bar=value["x_bar"],
        contraction=value["contraction"],
        smallest_radius=value["smallest_radius"],
        largest_radius=value["largest_radius"],
        weights=value["weights"],
    )


def krawczyk(
    field: Any,
    X: Any,
    p: Any = None,
    x_bar: ArrayLike | None = None,
    *,
    A_bar: ArrayLike | None = None,
    engine: str = "native",
) -> Result[Zero]:
    """Krawczyk's test on the bounded box `X` (IntervalArray (n,)).

    Proved: exactly one zero in X. Verdict `no_zero`: proved that X holds none. `x_bar` (default: the middle of X) must
    lie in X; `A_bar` (n, n) defaults to an approximate inverse of the derivative: both decide success, never truth.
    engine "capd", where the build has CAPD: its operator, with an inverse of its own.
    """
    check_engine(engine)
    if engine == "capd" and A_bar is not None:
        raise ValueError("A_bar is for engine='native'; CAPD takes the inverse of the derivative at x_bar")
    core = core_of(field)
    lo, hi = box(X, core.dim, "X")
    p_lo, p_hi = parameter_box(core, p)
    hint = None if x_bar is None else point(x_bar, core.dim, "x_bar")
    inverse = None if A_bar is None else _square(A_bar, core.dim)
    if engine == "capd":
        answer = capd_core().krawczyk(core, lo, hi, p_lo, p_hi, hint)
    else:
        answer = _core.krawczyk(core, lo, hi, p_lo, p_hi, hint, inverse)
    inputs = {"X": IntervalArray(lo, hi), "p": IntervalArray(p_lo, p_hi)}
    return result_from_core(answer, _zero, Provenance("krawczyk", field, inputs))


def interval_newton(
    field: Any, X: Any, p: Any = None, x_bar: ArrayLike | None = None, *, engine: str = "native"
) -> Result[Zero]:
    """The interval Newton test on the bounded box `X`, by a verified linear solve. Arguments as for `krawczyk`."""
    check_engine(engine)
    core = core_of(field)
    lo, hi = box(X, core.dim, "X")
    p_lo, p_hi = parameter_box(core, p)
    hint = None if x_bar is None else point(x_bar, core.dim, "x_bar")
    prove = capd_core().interval_newton if engine == "capd" else _core.interval_newton
    answer = prove(core, lo, hi, p_lo, p_hi, hint)
    inputs = {"X": IntervalArray(lo, hi), "p": IntervalArray(p_lo, p_hi)}
    return result_from_core(answer, _zero, Provenance("interval_newton", field, inputs))


def newton_kantorovich(
    field: Any,
    x_bar: ArrayLike,
    R: float,
    p: Any = None,
    *,
    weights: ArrayLike | None = None,
    A_bar: ArrayLike | None = None,
) -> Result[Zero]:
    """The Newton-Kantorovich test on the ball of radius R about x_bar, in max |x_i| / weights_i (default weights: 1).

    Proved: exactly one zero in every ball B(x_bar, r), smallest_radius <= r <= largest_radius <= R. The bounds are
    Y >= |A f|, Z1 >= |I - A f'|, Z(R) >= sup |A (f'(x) - f'(x_bar))| and, by jets, Z2 >= sup |A f''|.
    """
    core = core_of(field)
    centre = point(x_bar, core.dim, "x_bar")
    radius = float(R)
    if not (radius > 0.0 and np.isfinite(radius)):
        raise ValueError(f"the radius R must be positive and finite, not {radius}")
    p_lo, p_hi = parameter_box(core, p)
    scales = None if weights is None else point(weights, core.dim, "weights")
    inverse = None if A_bar is None else _square(A_bar, core.dim)
    answer = _core.newton_kantorovich(core, centre, radius, p_lo, p_hi, scales, inverse)
    inputs = {"x_bar": centre, "R": radius, "weights": scales, "p": IntervalArray(p_lo, p_hi)}
    return result_from_core(answer, _zero, Provenance("newton_kantorovich", field, inputs))


def _square(A_bar: ArrayLike, size: int) -> NDArray[np.float64]:
    array = np.asarray(A_bar, dtype=np.float64)
    if size == 1 and array.ndim == 0:
        array = array.reshape(1, 1)
    if array.shape != (size, size):
        raise ValueError(f"A_bar must have shape ({size}, {size}), not {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError("A_bar must be finite")
    return np.ascontiguousarray(array)
