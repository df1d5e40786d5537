"""Enclosures of all eigenvalues of a real matrix, or of every matrix of an interval matrix.

Statement and method: cpp/include/capnode/proof/spectrum.hpp.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from capnode import _core
from capnode.equilibrium import Discs
from capnode.result import Provenance, Result, result_from_core


@dataclass(frozen=True)
class Spectrum:
    """Discs that hold all n eigenvalues of every matrix of the set, by decreasing real part.

    eigenvalues: `.center` complex128 (n,), `.radius` float64 (n,). component: int (n,); the k discs of one component
    together hold exactly k eigenvalues, so a disc alone in its component holds exactly one. certainly_positive,
    certainly_negative, undecided: eigenvalues right of the imaginary axis, left of it, and not decided; their sum is n.
    method: "eigenbasis", "eigenbasis with repaired clusters", or "inertia" (then the discs are coarse).
    """

    eigenvalues: Discs
    component: NDArray[np.int64]
    certainly_positive: int
    certainly_negative: int
    undecided: int
    method: str

    @property
    def positive(self) -> int | None:
        """How many eigenvalues have positive real part, None where that is not decided for all."""
        return self.certainly_positive if self.undecided == 0 else None

    @property
    def negative(self) -> int | None:
        """How many eigenvalues have negative real part, None where that is not decided for all."""
        return self.certainly_negative if self.undecided == 0 else None

    @property
    def simple(self) -> NDArray[np.bool_]:
        """True for each disc that is alone in its component: one simple eigenvalue."""
        counts = np.bincount(self.component, minlength=len(self.component))
        return np.asarray(counts[self.component] == 1)

    def plot(self, *, ax: Any = None, title: str | None = None) -> Any:
        """The discs and the imaginary axis; returns the axes (`capnode.plot`)."""
        from capnode.plot import plot_spectrum

        return plot_spectrum(self, ax=ax, title=title)

    def __repr__(self) -> str:
        widest = float(np.max(self.eigenvalues.radius))
        return (
            f"<{len(self.component)} eigenvalues, {int(np.sum(self.simple))} in discs of their own, widest radius "
            f"{widest:.3g}: {self.certainly_positive} with positive, {self.certainly_negative} with negative "
            f"real part, {self.undecided} undecided>"
        )


def _matrix(a: Any, name: str) -> NDArray[np.float64]:
    array = np.asarray(a)
    if array.dtype.kind not in "fiu" or array.dtype.itemsize > 8:
        raise ValueError(f"{name} must be a real float64 matrix (or integers up to 2^53), not dtype {array.dtype}")
    if array.ndim != 2 or array.shape[0] != array.shape[1] or array.shape[0] == 0:
        raise ValueError(f"{name} must be a square matrix (n, n), not of shape {array.shape}")
    if array.dtype.kind in "iu" and array.size and max(abs(int(array.min())), abs(int(array.max()))) > 2**53:
        worst = max(abs(int(array.min())), abs(int(array.max())))
        raise ValueError(f"{name} holds the integer {worst}, above 2^53 = {2**53}: it may not be a float64")
    with _core.FloatEnvironment():  # a caller's denormals-are-zero would widen small float32 numbers to 0
        out = np.ascontiguousarray(array, dtype=np.float64)
    if not np.isfinite(out).all():
        i, j = np.argwhere(~np.isfinite(out))[0]
        raise ValueError(f"{name} must be finite: entry ({i}, {j}) of shape {out.shape} is {out[i, j]}")
    return out


def _build(value: dict[str, Any]) -> Spectrum:
    return Spectrum(
        eigenvalues=Discs(value["center"], value["radius"]),
        component=np.asarray(value["component"], dtype=np.int64),
        certainly_positive=value["positive"],
        certainly_negative=value["negative"],
        undecided=value["undecided"],
        method=value["method"],
    )


def spectrum(A: Any) -> Result[Spectrum]:
    """All eigenvalues of the real matrix `A` (n, n), taken exactly, or of every matrix in an IntervalArray (n, n).

    Proved: every eigenvalue lies in one of the discs, and the counts hold (for every matrix of the set). Not proved:
    `spectrum_not_separated`, where neither an eigenvector basis nor the inertia theorem led to a proof.
    """
    if hasattr(A, "lo") and hasattr(A, "hi"):
        lo, hi = _matrix(A.lo, "the lower end of A"), _matrix(A.hi, "the upper end of A")
        if not (lo <= hi).all():
            i, j = np.argwhere(~(lo <= hi))[0]
            raise ValueError(f"A: lower end {lo[i, j]} is not at most upper end {hi[i, j]} in entry ({i}, {j})")
    else:
        lo = hi = _matrix(A, "A")
    inputs = {"A": A if hasattr(A, "lo") else lo}
    return result_from_core(_core.spectrum(lo, hi), _build, Provenance("spectrum", None, inputs))
