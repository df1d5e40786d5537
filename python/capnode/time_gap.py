"""A final time t whose distance t - t0 is no double: the run ends an ulp behind t and its enclosures are moved back.

The state is that of the dense output at t, which lies in the last step. For the derivative Y(t) = Y(end) - integral of
J Y over the gap d; with row sums |J| <= A there, sup |Y_c| <= |Y_c(end)| / (1 - d A) for each column, so that each of
its entries moves by at most d A / (1 - d A) |Y_c(end)|, where d A < 1/2 by at most twice d A |Y_c(end)|. For the
derivative by the parameters V' = J V + f_p: with |f_p| <= F_c there, by at most 2 (d A |V_c(end)| + d F_c).
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
        A = _row_sums(Field(core).enclose_jacobian(over, P, t=times))
        growth = gap.width * interval(float(np.max(A.hi)))
        if not float(growth.hi) < 0.5:
            raise InternalError(f"the gap of {float(gap.width)!r} at t = {final!r} is too long for its derivative")
        _widen(answer["derivative"], lane, growth, interval(0.0))
        if answer["parameter_derivative"] is not None:
            F = abs(Field(core).enclose_parameter_jacobian(over, P, t=times))
            _widen(answer["parameter_derivative"], lane, growth, gap.width * interval(np.max(F.hi, axis=0)))


def _row_sums(J: IntervalArray) -> IntervalArray:
    size = abs(J)
    total = interval(np.zeros(size.shape[0]))
    for j in range(size.shape[1]):
        total = total + size[:, j]
    return total


def _widen(ends: Any, lane: int, growth: IntervalArray, force: IntervalArray) -> None:
    """Adds 2 (d A |Y_c(end)| + d F_c) to both sides of column c, in place."""
    lo, hi = (end[lane] for end in ends)
    Y = IntervalArray(lo, hi)
    size = interval(np.max(np.maximum(abs(lo), abs(hi)), axis=0))
    moved = Y + IntervalArray(-np.ones(Y.shape), np.ones(Y.shape)) * ((growth * size + force) * 2.0)
    lo[...], hi[...] = moved.lo, moved.hi
