"""Equilibria of a field: found in floats near a point, then proved, with isolation and linear stability.

Statement and method: cpp/include/capnode/dynamics/equilibrium.hpp.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from capnode import _core
from capnode.arguments import core_of, parameter_box, point
from capnode.engines import capd_core, check_engine
from capnode.interval_array import IntervalArray
from capnode.result import Provenance, Result, result_from_core


@dataclass(frozen=True)
class Discs:
    """Discs |z - center_i| <= radius_i that together hold all eigenvalues (k,); k = 0 where none were found."""

    center: NDArray[np.complex128]
    radius: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.radius)


@dataclass(frozen=True)
class Equilibrium:
    """For every p in `parameter` exactly one equilibrium in `isolation`; it lies in `state`; J is nonsingular there.

    state, isolation: IntervalArray (n,). eigenvalues: discs for all eigenvalues of J. unstable_dimension and
    stable_dimension count those with positive and negative real part, or are None where that could not be decided
    (an undecided spectrum does not unprove the equilibrium). contraction: of the Newton-like map on `isolation`.
    """

    parameter: IntervalArray
    state: IntervalArray
    isolation: IntervalArray
    eigenvalues: Discs
    unstable_dimension: int | None
    stable_dimension: int | None
    contraction: float
    x_bar: NDArray[np.float64]

    @property
    def hyperbolic(self) -> bool | None:
        """True where no eigenvalue lies on the imaginary axis, None where that is not decided."""
        return True if self.unstable_dimension is not None else None

    @property
    def stable(self) -> bool | None:
        """Asymptotically stable: all eigenvalues in the left half plane. None where not decided."""
        return None if self.unstable_dimension is None else self.unstable_dimension == 0

    @property
    def isolation_radius(self) -> float:
        """The equilibrium is alone in x_bar +- this, in the maximum norm (rounded down)."""
        gaps = np.minimum(self.isolation.hi - self.x_bar, self.x_bar - self.isolation.lo)
        return float(np.nextafter(np.min(gaps), 0.0))

    def __repr__(self) -> str:
        n = len(self.x_bar)
        error = float(np.max(self.state.hi - self.state.lo)) / 2
        kind = "stability undecided" if self.unstable_dimension is None else f"{self.unstable_dimension} unstable"
        return (
            f"<equilibrium in dimension {n}, known to within {error:.3g}, alone within {self.isolation_radius:.3g}, "
            f"{kind}>"
        )


def _equilibrium(value: dict[str, Any]) -> Equilibrium:
    re, im, rad = value["eigenvalues"]
    return Equilibrium(
        parameter=IntervalArray(*value["parameter"]),
        state=IntervalArray(*value["state"]),
        isolation=IntervalArray(*value["isolation"]),
        eigenvalues=Discs(re + 1j * im, rad),
        unstable_dimension=value["unstable_dimension"],
        stable_dimension=value["stable_dimension"],
        contraction=value["contraction"],
        x_bar=value["x_bar"],
    )


def equilibrium(field: Any, near: ArrayLike, p: Any = None, *, engine: str = "native") -> Result[Equilibrium]:
    """An equilibrium of x' = f(x, p) near the point `near` (n,), found by a float Newton iteration and then proved.

    p: a number or (m,) numbers, taken exactly, or an IntervalArray: then each p in it has exactly one equilibrium in
    `isolation`. Verdicts: `no_convergence` (the search found nothing), `singular`, `too_wide`, ....
    engine "capd", where the build has CAPD: its Krawczyk operator and its enclosure of the Jacobian.
    """
    check_engine(engine)
    core = core_of(field)
    start = point(near, core.dim, "near")
    p_lo, p_hi = parameter_box(core, p)
    prove = capd_core().equilibrium if engine == "capd" else _core.equilibrium
    answer = prove(core, start, p_lo, p_hi)
    inputs = {"near": start, "p": IntervalArray(p_lo, p_hi)}
    return result_from_core(answer, _equilibrium, Provenance("equilibrium", field, inputs))
