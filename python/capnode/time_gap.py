"""A final time t whose distance t - t0 is no double: the run ends an ulp behind t and its enclosures are moved back.

The state is that of the dense output at t, which lies in the last step. For the derivative Y(t) = Y(end) - integral of
J Y over the gap d; with row sums |J| <= A there, sup |Y_c| <= |Y_c(end)| / (1 - d A) for each column, so that each of
its entries moves by at most d A / (1 - d A) |Y_c(end)|, where d A < 1/2 by at most twice d A.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from capnode import _core
from capnode.errors import InternalError
from capnode.field import Field
from capnode.interval_array import IntervalArray, interval
from capnode.result import Verdict


def move_back(
    answer: Mapping[str, Any],
    core: _core.Field,
    start: IntervalArray,
    final: float,
    duration: float,
    p_lo: NDArray[np.float64] | None,
    p_hi: NDArray[np.float64] | None,
) -> None:
    """Replaces the enclosures at start + duration of all complete lanes by those at `final`, in place.

    `core` is the field that acts there, from `start` on (of a layered field: its last layer).
    """
    wanted = interval(final) - start
    gap = wanted.hull(duration)
    times = (start + gap).hull(final)
    for lane, verdict in enumerate(answer["verdicts"]):
        if verdict != Verdict.proved:
            continue
        dense = answer["dense"][lane]
        dense = dense.parts[-1] if hasattr(dense, "parts") else dense
        lo, hi = dense.enclosure(wanted.lo[None], wanted.hi[None], offsets=True)
        answer["final"][0][lane], answer["final"][1][lane] = lo[0], hi[0]
        if answer["derivative"] is None:
            continue
        over = IntervalArray(*(end[0] for end in dense.enclosure(gap.lo[None], gap.hi[None], offsets=True)))
        row = 0 if p_lo is None or len(p_lo) == 1 else lane
        P = None if p_lo is None or p_hi is None else IntervalArray(p_lo[row], p_hi[row])
        J = abs(Field(core).enclose_jacobian(over, P, t=times))
        A = interval(np.zeros(core.dim))
        for j in range(core.dim):
            A = A + J[:, j]
        growth = gap.width * interval(float(np.max(A.hi)))
        if not float(growth.hi) < 0.5:
            raise InternalError(f"the gap of {float(gap.width)!r} at t = {final!r} is too long for its derivative")
        d_lo, d_hi = (end[lane] for end in answer["derivative"])
        Y = IntervalArray(d_lo, d_hi)
        size = interval(np.max(np.maximum(abs(d_lo), abs(d_hi)), axis=0))
        moved = Y + IntervalArray(-np.ones(Y.shape), np.ones(Y.shape)) * (growth * 2.0 * size)
        d_lo[...], d_hi[...] = moved.lo, moved.hi
