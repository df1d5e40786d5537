"""Parameters at which a field has no non-constant periodic orbit, proved.

Three criteria, tried by the structure of the field (statements and proofs: dynamics/no_periodic_orbits.hpp):
x' = s(A(p) x + b) where D A + A^T D is definite for a positive diagonal D (in closed form for the diagonal family,
A(p) = M + p I); any field along which a quadratic form contracts or expands differences of solutions; and in the plane
Bendixson's divergence criterion.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from capnode import _core
from capnode.arguments import box, core_of
from capnode.interval_array import IntervalArray
from capnode.result import Provenance, Result, result_from_core


@dataclass(frozen=True)
class PeriodicOrbitExclusion:
    """For every p in one of `intervals` there is no non-constant periodic orbit (none in `region`, if that is a box).

    intervals: closed sub-intervals (lo, hi) of the span, increasing. remaining: the rest of the span, of which nothing
    is claimed. criterion: "diagonal family", "potential", "quadratic form", "divergence", "dimension one", or several.
    symmetric_lower, symmetric_upper (diagonal family): enclosures of -lambda_max and -lambda_min of the symmetric part
    of M; outside of them D = I suffices. scaling_lower, scaling_upper: the diagonal of the D that proved the lowest and
    the highest interval, where another one did better (else empty); "potential": hints of the D tried besides I.
    """

    span: tuple[float, float]
    intervals: tuple[tuple[float, float], ...]
    remaining: tuple[tuple[float, float], ...]
    criterion: str
    region: IntervalArray | None
    symmetric_lower: tuple[float, float] | None
    symmetric_upper: tuple[float, float] | None
    scaling_lower: NDArray[np.float64]
    scaling_upper: NDArray[np.float64]

    def __repr__(self) -> str:
        parts = ", ".join(f"[{lo!r}, {hi!r}]" for lo, hi in self.intervals)
        where = "" if self.region is None else f" with x in {_text(self.region)}"
        return f"<no non-constant periodic orbit{where} for p in {parts} ({self.criterion})>"


def _text(region: IntervalArray) -> str:
    lo, hi = region.lo, region.hi
    if (lo == lo[0]).all() and (hi == hi[0]).all():
        return f"[{float(lo[0]):.6g}, {float(hi[0]):.6g}]^{len(lo)}"
    return " x ".join(f"[{float(a):.6g}, {float(b):.6g}]" for a, b in zip(lo, hi, strict=True))


def _exclusion(value: dict[str, Any]) -> PeriodicOrbitExclusion:
    region = value["region"]
    return PeriodicOrbitExclusion(
        span=value["span"],
        intervals=tuple(value["intervals"]),
        remaining=tuple(value["remaining"]),
        criterion=value["criterion"],
        region=None if region is None else IntervalArray(*region),
        symmetric_lower=value["symmetric_lower"],
        symmetric_upper=value["symmetric_upper"],
        scaling_lower=value["scaling_lower"],
        scaling_upper=value["scaling_upper"],
    )


def no_periodic_orbits(
    field: Any,
    span: tuple[float, float] | None = None,
    *,
    region: Any = None,
    depth: int = 6,
) -> Result[PeriodicOrbitExclusion]:
    """Sub-intervals of `span` = (lo, hi), a range of the parameter, on which no non-constant periodic orbit exists.

    Proved where there is at least one. A field without a parameter takes no span. region: a bounded IntervalArray (n,);
    then only orbits inside it are spoken of. Without one they are excluded in the whole space where the form of the
    field decides ("diagonal family", "potential", "dimension one"), and else in the box |x_i| <= 2^300. depth: how
    often the span may be halved where the field is not a diagonal family.
    """
    core = core_of(field)
    if span is None:
        if core.parameter_dim > 0:
            raise ValueError(f"the field has {core.parameter_dim} parameters and no span was given")
        span = (0.0, 0.0)
    elif core.parameter_dim == 0:
        raise ValueError("the field has 0 parameters and a span was given")
    lo, hi = (float(end) for end in span)
    if not (lo <= hi and np.isfinite(lo) and np.isfinite(hi)):
        raise ValueError(f"the span must be bounded with lo <= hi, not [{lo}, {hi}]")
    region_lo, region_hi = (None, None) if region is None else box(region, core.dim, "region")
    answer = _core.no_periodic_orbits(core, lo, hi, region_lo, region_hi, depth)
    return result_from_core(answer, _exclusion, Provenance("no_periodic_orbits", field, {"span": (lo, hi)}))
