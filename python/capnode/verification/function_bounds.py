"""Bounds of |f'| and |f''| over wide intervals, for the functions of the closed list: the largest over the cells of a
grid that the interval meets, each bounded once by functions.py and kept. Beyond the grid in pieces that grow with the
distance; where a cell reaches out of the function's domain, by functions.py itself.
"""

from __future__ import annotations

import math

import numpy as np
from flint import arb
from numpy.typing import NDArray

from capnode.verification.functions import derivatives

CELL = 2.0**-8
FARTHEST = 16.0  # the grid covers [-FARTHEST, FARTHEST]
MIDDLE = int(FARTHEST / CELL)  # the cell that begins at 0
FINE = 2.0**-9  # an interval of a smaller radius is not put on the grid,
NARROW = 2.0**-5  # of one below this functions.py knows as much, and
WIDEST = 1e6  # one above this is left to it
RATIO = 17.0 / 16.0

# by name: bounds of |f'| and |f''| over [k CELL, (k + 1) CELL], rounded up, in column MIDDLE + k; NaN: not yet known
_tables: dict[str, NDArray[np.float64]] = {}


def _on_cells(name: str, first: int, last: int) -> tuple[float, float]:
    """Over the cells `first` to `last`."""
    table = _tables.setdefault(name, np.full((2, 2 * MIDDLE), np.nan))
    for column in np.flatnonzero(np.isnan(table[0, MIDDLE + first : MIDDLE + last + 1])) + (MIDDLE + first):
        k = int(column) - MIDDLE
        d = derivatives(name, arb(k * CELL).union(arb((k + 1) * CELL)))
        table[:, column] = _up(d[1]), _up(d[2])
    most = table[:, MIDDLE + first : MIDDLE + last + 1].max(axis=1)
    return float(most[0]), float(most[1])


def _up(x: arb) -> float:
    bound = abs(x).upper()
    return math.nextafter(float(bound), math.inf) if bound.is_finite() else math.inf


def _far(name: str, near: float, far: float) -> tuple[float, float]:
    """Over [near, far] beyond the grid, both of one sign, in pieces that grow with the distance."""
    slope, bend, at = 0.0, 0.0, near
    while abs(at) < abs(far):
        after = RATIO * at if abs(RATIO * at) < abs(far) else far
        d = derivatives(name, arb(at).union(arb(after)))
        slope, bend, at = max(slope, _up(d[1])), max(bend, _up(d[2])), after
    return slope, bend


def _on_grid(name: str, wide: arb) -> tuple[float, float]:
    # beyond the ends by more than the floats round
    lo = math.nextafter(float(wide.lower()), -math.inf) - 2.0**-40
    hi = math.nextafter(float(wide.upper()), math.inf) + 2.0**-40
    parts = []
    if lo < FARTHEST and hi > -FARTHEST:
        first, last = (max(-MIDDLE, min(math.floor(z / CELL), MIDDLE - 1)) for z in (lo, hi))
        parts.append(_on_cells(name, first, last))
    if hi > FARTHEST:
        parts.append(_far(name, max(lo, FARTHEST), hi))
    if lo < -FARTHEST:
        parts.append(_far(name, min(hi, -FARTHEST), lo))
    return max(s for s, _ in parts), max(b for _, b in parts)


def derivative_bounds(name: str, x: arb, wide: arb) -> tuple[arb, arb, arb]:
    """f over the ball x, and bounds of |f'| and |f''| over the ball `wide`."""
    value = derivatives(name, x)[0]
    radius = float(wide.rad()) if wide.is_finite() else math.inf
    slope = bend = math.inf
    if FINE < radius < WIDEST:
        slope, bend = _on_grid(name, wide)
    if radius < NARROW or not (math.isfinite(slope) and math.isfinite(bend)):
        d = derivatives(name, wide)
        slope, bend = min(slope, _up(d[1])), min(bend, _up(d[2]))
    return value, arb(slope), arb(bend)
