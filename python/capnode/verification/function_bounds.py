"""Bounds of |f'| and |f''| over wide intervals, for the functions of the closed list: the largest over the cells of a
grid that the interval meets, each bounded once by functions.py and kept. Off the grid, and where a cell reaches out of
the function's domain, by functions.py itself.
"""

from __future__ import annotations

import math

import numpy as np
from flint import arb
from numpy.typing import NDArray

from capnode.verification.functions import derivatives
from capnode.verification.norms import size

CELL = 2.0**-8
FARTHEST = 16.0  # the grid covers [-FARTHEST, FARTHEST]
MIDDLE = int(FARTHEST / CELL)  # the cell that begins at 0
NARROW = 2.0**-9  # an interval of a smaller radius is taken as it is

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
    bound = size(x)
    return math.nextafter(float(bound), math.inf) if bound.is_finite() else math.inf


def derivative_bounds(name: str, x: arb, wide: arb) -> tuple[arb, arb, arb]:
    """f over the ball x, and bounds of |f'| and |f''| over the ball `wide`."""
    value = derivatives(name, x)[0]
    if wide.is_finite() and float(wide.rad()) > NARROW:
        lo, hi = float(wide.lower()), float(wide.upper())
        if lo > -FARTHEST + CELL and hi < FARTHEST - CELL:
            # a little beyond the ends covers the rounding of the floats
            slope, bend = _on_cells(name, math.floor(lo / CELL - 2.0**-10), math.floor(hi / CELL + 2.0**-10))
            if math.isfinite(slope) and math.isfinite(bend):
                return value, arb(slope), arb(bend)
    d = derivatives(name, wide)
    return value, size(d[1]), size(d[2])
