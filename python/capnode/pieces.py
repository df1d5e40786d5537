"""Wide initial sets: cut into pieces, integrated as lanes, answered by the hull.

Statement and method: cpp/include/capnode/flow/split_flow.hpp.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from capnode import _core
from capnode.arguments import core_of
from capnode.integrate import duration_of, initial_sets, inward, parameter_sets, set_degree_of, times_of
from capnode.interval_array import IntervalArray
from capnode.progress import ProgressOption, reporting
from capnode.result import Evidence, Provenance, Result, partial_result


@dataclass(frozen=True, eq=False)
class PiecewiseSet:
    """Where a wide set of initial points is at the final time.

    final       IntervalArray (n,): holds every solution
    derivative  IntervalArray (n, n): holds every derivative by the initial point; None unless asked for
    reached     the final time, or the time up to which every piece exists where the whole is not proved
    pieces      so many pieces cover the initial set; `tried` were integrated in all
    excess      by how much `final` is wider than the linear images of the pieces on either side, at most, as a part of
                the width of those (a hint, not proved)
    """

    final: IntervalArray
    derivative: IntervalArray | None
    reached: float
    pieces: int
    tried: int
    excess: float
    steps: int


def integrate_pieces(
    field: Any,
    x0: Any,
    t: float,
    p: Any = None,
    *,
    derivative: bool = False,
    max_pieces: int = 4096,
    excess: float = 0.15,
    set_degree: int | None = None,
    order: int | None = None,
    tolerance: float = 1e-12,
    t0: float = 0.0,
    max_steps: int = 100_000,
    max_seconds: float = math.inf,
    progress: ProgressOption = None,
) -> Result[PiecewiseSet]:
    """Encloses at time t the solutions that start in a wide box or parallelepiped at t0, cutting it where that helps.

    A piece is cut where it cannot be carried to the end, or sticks out of the hull of all linear images by more than
    `excess` of its width; uncertain parameters are cut too. `max_pieces` bounds the pieces integrated in all.
    `set_degree` is what carries each piece; None: 1 with `derivative`, else the choice of `integrate`. The other
    options are those of `integrate`.

    `Result[PiecewiseSet]`, proved where every piece reached the end.
    """
    core = core_of(field)
    degree = set_degree_of(set_degree, linear=derivative)
    start = float(t0)
    sets = initial_sets(x0, core.dim)
    if not sets.single:
        raise ValueError(f"x0 has {len(sets.centres)} lanes; one initial set is needed")
    if max_pieces < 1:
        raise ValueError(f"max_pieces must be at least 1, not {max_pieces}")
    if not excess > 0.0:
        raise ValueError(f"excess must be positive, not {excess}")
    p_lo, p_hi = parameter_sets(core, p, None)
    final, times = times_of(t, start)
    if times is not None:
        raise ValueError("t must be one final time")
    duration, exact = duration_of(final, start)
    if not exact:
        raise ValueError(f"t - t0 = {final!r} - {start!r} is no double; take a t0 that makes it one, such as 0")
    directions = np.zeros((core.dim, 0)) if sets.directions is None else sets.directions
    radii = np.zeros((1, 0)) if sets.radii is None else sets.radii
    with reporting(progress) as report:
        answer = _core.integrate_split(
            core,
            sets.centres,
            directions=directions,
            radii=radii,
            parameter_lo=p_lo,
            parameter_hi=p_hi,
            t0=start,
            duration=duration,
            order=order or 0,
            tolerance=tolerance,
            derivative=derivative,
            max_steps=max_steps,
            max_seconds=max_seconds,
            max_pieces=max_pieces,
            excess=excess,
            set_degree=degree,
            progress=(lambda share: report("integrate", int(1000 * share), 1000)) if progress else None,
        )
    tangent = answer["derivative"]
    proved = answer["verdict"] == "proved"
    offset = float(answer["reached"])
    value = PiecewiseSet(
        final=IntervalArray(*answer["final"]),
        derivative=None if tangent is None else IntervalArray(*tangent),
        reached=final if proved else float(inward(start, np.array(offset))),
        pieces=int(answer["pieces"]),
        tried=int(answer["tried"]),
        excess=float(answer["excess"]),
        steps=int(answer["steps"]),
    )
    a, b = abs(offset), abs(final - start)
    evidence = (Evidence("time covered by every piece", (a, a), ">=", (b, b), a >= b),)
    provenance = Provenance("integrate_pieces", field, {"x0": x0, "t": t, "t0": t0, "p": p})
    return partial_result(answer["verdict"], answer["detail"], value, evidence, provenance)
