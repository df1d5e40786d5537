"""Enclosures of the solutions of linear systems with ball matrices, componentwise.

With R the floating inverse of the middle of A and E = I - R A, |E| < 1 in the maximum norm proves every A of the set
regular. From any x, the solution y of every system A y = b of the set satisfies
    y - x = R (b - A x) + E (y - x),
so |y - x| <= |R (b - A x)| / (1 - |E|) in the maximum norm, and the right side, evaluated over that box, encloses y
again, component by component; this is repeated. x comes from iterative refinement at the precision of the arithmetic.
"""

from __future__ import annotations

import numpy as np
from flint import acb, acb_mat, arb

from capnode.verification.balls import acb_matrix, column, complex_entries, modulus
from capnode.verification.evaluate import Vector

REFINEMENTS = 6
SWEEPS = 3


class LinearSystem:
    """One ball matrix, for any number of right sides; ZeroDivisionError where it is not proved regular."""

    def __init__(self, matrix: acb_mat) -> None:
        self.matrix = matrix
        self.size = matrix.nrows()
        self.inverse: acb_mat | None = None
        middle = np.array([complex(float(z.real.mid()), float(z.imag.mid())) for z in matrix.entries()])
        try:
            inverse = np.linalg.inv(middle.reshape(self.size, self.size))
        except np.linalg.LinAlgError:
            return
        if not np.all(np.isfinite(inverse)):
            return
        approximate = acb_matrix(inverse)
        identity = acb_mat([[acb(int(i == j)) for j in range(self.size)] for i in range(self.size)])
        defect = identity - approximate * matrix
        norm = arb(0)
        for row in defect.table():
            norm = norm.max(sum((modulus(z) for z in row), arb(0)).upper()).upper()
        if bool(norm < 1):
            self.inverse, self.defect, self.norm = approximate, defect, norm

    def solve(self, right: Vector) -> list[acb]:
        """Encloses the solutions of every system of the set."""
        b = column([acb(z) for z in right])
        if self.inverse is None:  # too ill conditioned for a floating inverse: Arb's own, at its precision
            found = complex_entries(self.matrix.solve(b, algorithm="precond"))
            if not all(z.is_finite() for z in found):
                raise ZeroDivisionError("the enclosure of the solution is not bounded")
            return found
        x = _middle(self.inverse * _middle(b))
        for _ in range(REFINEMENTS):
            x = _middle(x + self.inverse * (b - self.matrix * x))
        residual = self.inverse * (b - self.matrix * x)
        largest = arb(0)
        for z in residual.entries():
            largest = largest.max(modulus(z).upper()).upper()
        bound = (largest / (1 - self.norm)).upper()
        if not bound.is_finite():
            raise ZeroDivisionError("the enclosure of the solution is not bounded")
        offset = acb_mat(self.size, 1, [acb(arb(0, bound), arb(0, bound))] * self.size)
        for _ in range(SWEEPS):
            image = residual + self.defect * offset
            offset = acb_mat(self.size, 1, [_met(a, c) for a, c in zip(offset.entries(), image.entries(), strict=True)])
        return complex_entries(x + offset)


def _middle(m: acb_mat) -> acb_mat:
    return acb_mat(m.nrows(), m.ncols(), [acb(z.real.mid(), z.imag.mid()) for z in m.entries()])


def _met(a: acb, b: acb) -> acb:
    return acb(_common(a.real, b.real), _common(a.imag, b.imag))


def _common(a: arb, b: arb) -> arb:
    return a.intersection(b) if b.is_finite() else a
