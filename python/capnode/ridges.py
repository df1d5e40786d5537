"""Ridges of a field over a grid: an observation of the middles, and what the intervals prove about it.

Observed: the middle is largest across the direction of strongest negative curvature (the eigenvector of the smallest
eigenvalue of the Hessian by finite differences), which is what ridges of FTLE fields are drawn from. That such a curve
is a transport barrier is no theorem, here or elsewhere. Proved, where said so: the interval at a ridge entry lies above
the intervals of the two entries `reach` steps away across the ridge. Then the exponent, which is continuous, has along
every line through it from the one to the other a local maximum strictly between them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
ACROSS = ((1, 0), (1, 1), (0, 1), (1, -1))  # index steps, by angle in eighths of a turn


@dataclass(frozen=True, eq=False)
class Ridges:
    """observed (rows, cols) bool; proved (rows, cols) bool, a part of it; reach: entries to each side."""

    observed: NDArray[np.bool_]
    proved: NDArray[np.bool_]
    reach: int


def ridges(
    lower: FloatArray,
    upper: FloatArray,
    *,
    use: NDArray[np.bool_] | None = None,
    strength: float = 0.15,
    reach: int = 2,
) -> Ridges:
    """`strength`: the curvature across over `reach` entries, relative to the spread of the middles, that counts; `use`:
    the entries to look at."""
    with np.errstate(invalid="ignore"):
        middle = 0.5 * lower + 0.5 * upper
    finite = np.isfinite(middle) if use is None else np.isfinite(middle) & use
    none = np.zeros(middle.shape, dtype=bool)
    if min(middle.shape) < 2 * reach + 3 or not finite.any():
        return Ridges(none, none, reach)
    filled = _smooth(np.where(finite, middle, middle[finite].min()))
    g0, g1 = np.gradient(filled)
    h00, h01 = np.gradient(g0)
    _, h11 = np.gradient(g1)
    half = 0.5 * (h00 - h11)
    smallest = 0.5 * (h00 + h11) - np.hypot(half, h01)
    angle = 0.5 * np.arctan2(2.0 * h01, h00 - h11) + 0.5 * np.pi  # of the eigenvector of the smallest one
    sector = np.rint(angle / (0.25 * np.pi)).astype(int) % 4
    spread = float(np.quantile(middle[finite], 0.99) - np.quantile(middle[finite], 0.01))
    strong = -smallest * reach**2 > strength * spread if spread > 0.0 else none
    observed, proved = none.copy(), none.copy()
    for k, (a, b) in enumerate(ACROSS):
        here = strong & finite & (sector == k) & (filled >= _shift(filled, a, b)) & (filled > _shift(filled, -a, -b))
        ahead, behind = _shift(upper, reach * a, reach * b), _shift(upper, -reach * a, -reach * b)
        observed |= here
        proved |= here & (lower > ahead) & (lower > behind)  # false where a neighbour is not bounded
    return Ridges(observed, proved, reach)


def _smooth(values: FloatArray) -> FloatArray:
    """Binomial weights (1 2 1)/4 along both axes."""
    for axis in (0, 1):
        padded = np.pad(values, [(1, 1) if k == axis else (0, 0) for k in (0, 1)], mode="edge")
        cut = [np.take(padded, range(k, k + values.shape[axis]), axis=axis) for k in range(3)]
        values = 0.25 * cut[0] + 0.5 * cut[1] + 0.25 * cut[2]
    return values


def _shift(values: FloatArray, a: int, b: int) -> Any:
    """The entries (i + a, j + b); outside of the grid +inf."""
    out = np.full(values.shape, np.inf)
    rows, cols = values.shape
    out[max(0, -a) : rows - max(0, a), max(0, -b) : cols - max(0, b)] = values[
        max(0, a) : rows + min(0, a), max(0, b) : cols + min(0, b)
    ]
    return out
