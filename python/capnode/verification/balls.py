"""From stored numbers to Arb and back: exact floats, enclosures, and the questions asked of them.

All questions are written so that a NaN answers no.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from flint import acb, acb_mat, arb, arb_mat
from numpy.typing import NDArray

Bounds = tuple[float, float]


def between(lo: float, hi: float) -> arb:
    """The ball around [lo, hi]."""
    return arb(lo).union(arb(hi))


def symmetric(radius: float | arb) -> arb:
    """[-radius, radius]."""
    return arb(0, radius if isinstance(radius, float) else radius.upper())


def inside(truth: arb, lo: float, hi: float) -> bool:
    """Is the whole ball within the claimed [lo, hi]?"""
    return bool(truth.lower() >= arb(lo)) and bool(truth.upper() <= arb(hi)) if truth.is_finite() else False


def all_inside(truth: Sequence[arb], lo: Sequence[float], hi: Sequence[float]) -> bool:
    if len(truth) != len(lo) or len(lo) != len(hi):
        return False
    return all(inside(t, a, b) for t, a, b in zip(truth, lo, hi, strict=True))


def sign(x: arb) -> int | None:
    """The sign, where it is certain and not zero."""
    return 1 if x > 0 else -1 if x < 0 else None


def floats(entries: Sequence[arb]) -> NDArray[np.float64]:
    return np.array([float(z.mid()) for z in entries])


def float_matrix(m: arb_mat) -> NDArray[np.float64]:
    return floats(m.entries()).reshape(m.nrows(), m.ncols())


def arb_matrix(a: NDArray[np.floating[Any]]) -> arb_mat:
    """Exactly the floats of `a`."""
    return arb_mat(a.shape[0], a.shape[1], a.ravel().tolist())


def acb_matrix(a: NDArray[np.complexfloating[Any, Any]]) -> acb_mat:
    return acb_mat(a.shape[0], a.shape[1], [acb(z.real, z.imag) for z in a.ravel().tolist()])


def column(v: Sequence[acb] | Sequence[arb]) -> acb_mat:
    return acb_mat(len(v), 1, list(v))


def complex_entries(m: acb_mat) -> list[acb]:
    entries: list[acb] = m.entries()
    return entries


def modulus(z: acb | arb) -> arb:
    """|z|, as an enclosure."""
    return abs(z)


def outward(x: arb) -> Bounds:
    """Floats below and above the ball, for messages."""
    if not x.is_finite():
        return (-math.inf, math.inf)
    return (math.nextafter(float(x.lower()), -math.inf), math.nextafter(float(x.upper()), math.inf))


def show(x: arb) -> str:
    lo, hi = outward(x)
    return f"[{lo:.17g}, {hi:.17g}]"
