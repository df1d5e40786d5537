"""One proved Hopf point, and the theorem that proves it from a hint (the general path, no use of structure).

The theorem stands in cpp/include/capnode/dynamics/hopf.hpp; `capnode.hopf_points` searches for hints and calls it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np
import numpy.typing as npt

from capnode import _core
from capnode.interval_array import IntervalArray
from capnode.result import Provenance, Result, result_from_core

if TYPE_CHECKING:
    from capnode.field import Field

FloatArray = npt.NDArray[np.float64]
ComplexArray = npt.NDArray[np.complex128]
Criticality = Literal["subcritical", "supercritical", "undetermined"]
Identity = Literal["same", "different", "unknown"]


@dataclass(frozen=True)
class Radii:
    """A box about (p_bar, omega_bar, x_bar, v_bar): half-widths; of the complex entries of v, radii of discs."""

    parameter: float
    frequency: float
    state: FloatArray
    eigenvector: FloatArray


@dataclass(frozen=True)
class HopfPoint:
    """A Hopf bifurcation of `x' = f(x, p)`; every number is an enclosure, for each network of the weight ball.

    parameter, frequency: 0-d; the pair is `+- i frequency`.
    state: (n,), the equilibrium.
    eigenvector: (2, n), the real and the imaginary part of `q`, `f_x q = i w q`, |q|_2 = 1.
    transversality: 0-d, `d Re(lambda)/dp` along the equilibria; does not hold 0.
    lyapunov_coefficient: 0-d, l1 with |q|_2 = 1, <p, q> = 1 (Kuznetsov, ch. 5); the whole line where not enclosed.
    criticality: "supercritical" (l1 < 0), "subcritical" (l1 > 0), or "undetermined": `criticality_reason` says why.
    unstable_dimension: the number of eigenvalues with positive real part besides the pair.
    cycle_is_stable: is the small cycle that is born here stable? None where l1 does not tell.
    h11: (n,), h20: (2, n): quadratic terms of the centre manifold, `x + 2 Re(z q) + h11 |z|^2 + Re(z^2 h20) + ...`,
        `-J^-1 B(q, conj q)` and `(2 i w - J)^-1 B(q, q)`; None where not enclosed.
    p_bar, omega_bar, x_bar, v_bar, psi: the floats the proof hangs on; `psi v = 1` fixes the eigenvector.
    isolation: the box about them with exactly one Hopf point (p, w, x, v); error: it lies within these radii.
    """

    parameter: IntervalArray
    frequency: IntervalArray
    state: IntervalArray
    eigenvector: IntervalArray
    transversality: IntervalArray
    lyapunov_coefficient: IntervalArray
    criticality: Criticality
    criticality_reason: str
    unstable_dimension: int
    cycle_is_stable: bool | None
    h11: IntervalArray | None
    h20: IntervalArray | None
    p_bar: float
    omega_bar: float
    x_bar: FloatArray
    v_bar: ComplexArray
    psi: ComplexArray
    isolation: Radii
    error: Radii
    _core: Mapping[str, Any] = dataclass_field(repr=False, compare=False)

    def same_as(self, other: HopfPoint) -> Identity:
        """Is this the same Hopf point of one and the same field? Decided by proof.

        "same": the enclosure of one, its eigenvector normalised as the other's, lies in the other's isolation box;
        "different": the enclosures are disjoint; "unknown": neither.
        """
        return cast(Identity, _core.same_hopf_solution(self._core, other._core))

    def __repr__(self) -> str:
        return (
            f"HopfPoint(parameter={float(self.parameter.mid):.12g}, frequency={float(self.frequency.mid):.12g}, "
            f"{self.criticality}, unstable_dimension={self.unstable_dimension}, cycle_is_stable={self.cycle_is_stable})"
        )


def hopf_point_from_core(core: Mapping[str, Any]) -> HopfPoint:
    """The dict of cpp/bindings/hopf_point.hpp as a value."""
    return HopfPoint(
        parameter=IntervalArray(*core["parameter"]),
        frequency=IntervalArray(*core["frequency"]),
        state=IntervalArray(*core["state"]),
        eigenvector=IntervalArray(*core["eigenvector"]),
        transversality=IntervalArray(*core["transversality"]),
        lyapunov_coefficient=IntervalArray(*core["lyapunov_coefficient"]),
        criticality=core["criticality"],
        criticality_reason=core["criticality_reason"],
        unstable_dimension=core["unstable_dimension"],
        cycle_is_stable=core["cycle_is_stable"],
        h11=None if core["h11"] is None else IntervalArray(*core["h11"]),
        h20=None if core["h20"] is None else IntervalArray(*core["h20"]),
        p_bar=core["p_bar"],
        omega_bar=core["omega_bar"],
        x_bar=core["x_bar"],
        v_bar=core["v_bar"],
        psi=core["psi"],
        isolation=Radii(*core["isolation"]),
        error=Radii(*core["error"]),
        _core=core,
    )


def prove_hopf(
    field: Field,
    p_bar: float,
    omega_bar: float,
    x_bar: npt.ArrayLike,
    v_bar: npt.ArrayLike,
    *,
    cancellation: Any = None,
) -> Result[HopfPoint]:
    """Proves a Hopf point near a hint, by the general path.

    `p_bar`, `omega_bar` > 0, `x_bar` (n,), `v_bar` (n,) complex: an approximate solution of `f(x, p) = 0`,
    `f_x v = i w v`, refined by Newton's method first. `cancellation`: a `_core.Cancellation` polled between the stages.
    Not proved: the verdict names the hypothesis that could not be checked. ValueError: shapes that do not fit, a number
    that is not finite, a field without exactly one parameter.
    """
    x = np.ascontiguousarray(x_bar, dtype=np.float64)
    v = np.ascontiguousarray(v_bar, dtype=np.complex128)
    core = _core.prove_hopf(_core_field(field), float(p_bar), float(omega_bar), x, v, cancellation)
    inputs = {"p_bar": float(p_bar), "omega_bar": float(omega_bar), "x_bar": x, "v_bar": v}
    return result_from_core(core, hopf_point_from_core, Provenance("Hopf point", field, inputs))


def _core_field(field: Any) -> Any:
    return field if isinstance(field, _core.Field) else field._core
