"""Return maps: the first or k-th crossing of a section, its time and its derivative, as enclosures.

Statement and method: cpp/include/capnode/flow/poincare_map.hpp.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from capnode import _core
from capnode.arguments import core_of
from capnode.engines import capd_core, capd_evidence, check_engine, only_for_capd
from capnode.integrate import initial_sets, parameter_sets
from capnode.interval_array import IntervalArray, interval
from capnode.layered import Layered
from capnode.result import Evidence, Provenance, Result, partial_result


@dataclass(frozen=True, eq=False)
class Section:
    """The hyperplane { x : normal . x = offset }: normal (n,) float64, offset IntervalArray of shape ()."""

    normal: NDArray[np.float64]
    offset: IntervalArray

    def __repr__(self) -> str:
        return f"Section(normal={self.normal.tolist()}, offset={self.offset})"


def section(normal: Any, point: Any = 0.0) -> Section:
    """The hyperplane through `point` with the given normal.

    normal  (n,) finite float64, not all zero
    point   (n,), a point of it, or the number normal . x itself
    A product normal . point that is not exact makes the offset a tiny interval: what is proved holds for each value in
    it.
    """
    n = np.atleast_1d(np.array(normal, dtype=np.float64))
    if n.ndim != 1 or not np.isfinite(n).all() or not n.any():
        raise ValueError(f"the normal must be a finite vector (n,) other than zero, not {normal}")
    p = np.array(point, dtype=np.float64)
    if not np.isfinite(p).all():
        raise ValueError(f"the point of the section must be finite, not {point}")
    if p.ndim == 0:
        return Section(n, interval(float(p)))
    if p.shape != n.shape:
        raise ValueError(f"the point has shape {p.shape}, the normal {n.shape}")
    offset = interval(0.0)
    for a, b in zip(n, p, strict=True):
        if a != 0.0:
            offset = offset + interval(float(a)) * interval(float(b))
    return Section(n, offset)


@dataclass(frozen=True, eq=False)
class Return:
    """A proved crossing. For every point x0 of the initial set the solution meets the section for the k-th time at
    time T(x0) in `time`, at P(x0) in `point`, transversally.

    point       IntervalArray (n,)
    time        IntervalArray (), of flight; negative backward
    derivative  IntervalArray (n, n): D P = D Phi - f (normal . D Phi) / (normal . f); None unless asked for
    speed       IntervalArray (): normal . f at the crossing
    pieces      so many pieces cover the initial set; the other numbers are hulls over them
    excess      by how much `point` is wider than the linear images of the pieces on either side, at most, as a part of
                the width of those (a hint, not proved)
    """

    point: IntervalArray
    time: IntervalArray
    derivative: IntervalArray | None
    speed: IntervalArray
    crossings: int
    steps: int
    pieces: int = 1
    excess: float = 0.0


def poincare_map(
    field: Any,
    section: Section,
    x0: Any,
    p: Any = None,
    *,
    returns: int = 1,
    direction: int | None = None,
    derivative: bool = False,
    backward: bool = False,
    max_time: float = 1000.0,
    order: int | None = None,
    tolerance: float = 1e-12,
    t0: float = 0.0,
    max_pieces: int = 1024,
    excess: float = 0.15,
    max_steps: int = 100_000,
    max_seconds: float = math.inf,
    engine: str = "native",
    capd_set: str | None = None,
) -> Result[Return]:
    """The k-th crossing of a section by every solution that starts in x0, k = `returns`.

    x0          a point (n,), a box or a `parallelepiped`; it may lie on the section, and then has to leave it
                transversally: the start is no crossing, and of a set on both sides neither is the one by which those
                before the section join the others; such a set is not cut (`tangent` where it would have to be)
    direction   +1 or -1: only crossings along or against the normal (in the sense of time) count; None: all
    derivative  also D P, (n, n), of the map from initial points to crossing points
    max_time    where to give up
    t0          when to start, where the field depends on time; the derivative is that at a fixed time of start
    max_pieces  a set too wide to return in one piece, or whose image sticks out of the hull of all linear images by
                more than `excess` of its width, is cut; at most so many pieces are tried in all; 1: it stays whole
    engine      "native", or "capd" where the build has CAPD: its PoincareMap, in one piece, with sets and order as for
                `integrate`; `steps` then counts the steps it tried

    `Result[Return]`. That it is the k-th crossing, and transversal, is proved. Not proved: `tangent` where the flow may
    touch the section on the way, `section_not_reached`, `too_wide`, `unbounded`, `interrupted`.
    """
    check_engine(engine)
    only_for_capd(engine, capd_set)
    if isinstance(field, Layered):
        raise ValueError("a layered field jumps between its layers: take the return map of one layer, a Field")
    core = core_of(field)
    if direction not in (None, 1, -1):
        raise ValueError(f"direction must be None, 1 or -1, not {direction}")
    if returns < 1:
        raise ValueError(f"returns must be at least 1, not {returns}")
    if not (0.0 < max_time < math.inf):
        raise ValueError(f"max_time must be positive and finite, not {max_time}")
    if max_pieces < 1:
        raise ValueError(f"max_pieces must be at least 1, not {max_pieces}")
    if not excess > 0.0:
        raise ValueError(f"excess must be positive, not {excess}")
    if not math.isfinite(t0):
        raise ValueError(f"t0 must be finite, not {t0}")
    sets = initial_sets(x0, core.dim)
    if not sets.single:
        raise ValueError(f"x0 has {len(sets.centres)} lanes; one initial set is needed")
    p_lo, p_hi = parameter_sets(core, p, None)
    options: dict[str, Any] = {
        "directions": sets.directions,
        "radii": sets.radii,
        "parameter_lo": p_lo,
        "parameter_hi": p_hi,
        "returns": returns,
        "direction": direction or 0,
        "derivative": derivative,
        "backward": backward,
        "max_time": max_time,
        "order": order or 0,
        "tolerance": tolerance,
        "max_steps": max_steps,
        "max_seconds": max_seconds,
        "t0": float(t0),
    }
    lo, hi = float(section.offset.lo), float(section.offset.hi)
    if engine == "capd":
        answer = capd_core().poincare_map(
            core, section.normal, lo, hi, sets.centres, capd_set=capd_set or "", **options
        )
    else:
        options.update(max_pieces=max_pieces, excess=excess)
        answer = _core.poincare_map(core, section.normal, lo, hi, sets.centres, **options)
    crossings, steps = int(answer["crossings"]), int(answer["steps"])
    value: Any = None
    if answer["point"] is not None:
        tangent = answer["derivative"]
        value = Return(
            point=IntervalArray(*answer["point"]),
            time=IntervalArray(*map(np.float64, answer["time"])),
            derivative=None if tangent is None else IntervalArray(*tangent),
            speed=IntervalArray(*map(np.float64, answer["speed"])),
            crossings=crossings,
            steps=steps,
            pieces=int(answer["pieces"]),
            excess=float(answer["excess"]),
        )
    evidence = [Evidence("crossings", (crossings, crossings), ">=", (returns, returns), crossings >= returns)]
    if engine == "capd":
        evidence.append(capd_evidence(capd_set, order, derivative, steps))
    if value is not None:
        lo, hi = float(value.speed.lo), float(value.speed.hi)
        evidence.append(Evidence("normal . f", (lo, hi), "excludes", (0.0, 0.0), lo > 0.0 or hi < 0.0))
    provenance = Provenance("poincare_map", field, {"x0": x0, "p": p, "section": section, "returns": returns})
    return partial_result(answer["verdict"], answer["detail"], value, tuple(evidence), provenance)
