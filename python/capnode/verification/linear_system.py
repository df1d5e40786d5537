"""Enclosures of the solutions of linear systems with ball matrices, componentwise.

Arb's preconditioned solver bounds the error by one norm for all components. From its answer X, with x in its middle,
any matrix R and E = I - R A, the solution y of every system A y = b of the set satisfies
    y - x = R (b - A x) + E (y - x),    y in X,
so the right side, evaluated over X, encloses y again, component by component; this is repeated.
"""

from __future__ import annotations

import numpy as np
from flint import acb, acb_mat, arb

from capnode.verification.balls import acb_matrix, column, complex_entries
from capnode.verification.evaluate import Vector

THIN = 1e-20  # an answer this narrow is as good as a point
SWEEPS = 3


def solve(matrix: acb_mat, right: Vector) -> list[acb]:
    """Encloses matrix^-1 right; ZeroDivisionError where some matrix of the set could not be proved regular."""
    b = column(right)
    found: list[acb] = complex_entries(matrix.solve(b, algorithm="precond"))
    if not all(z.is_finite() for z in found):
        raise ZeroDivisionError("the enclosure of the solution is not bounded")
    if max(_radius(z) for z in found) <= THIN * max(float(abs(z).upper()) for z in found):
        return found
    n = matrix.nrows()
    middle = np.array([complex(float(z.real.mid()), float(z.imag.mid())) for z in matrix.entries()]).reshape(n, n)
    try:
        inverse = acb_matrix(np.linalg.inv(middle))
    except np.linalg.LinAlgError:
        return found
    identity = acb_mat([[acb(int(i == j)) for j in range(n)] for i in range(n)])
    defect = identity - inverse * matrix
    for _ in range(SWEEPS):
        x = acb_mat(n, 1, [acb(z.real.mid(), z.imag.mid()) for z in found])
        offset = acb_mat(n, 1, found) - x
        image = complex_entries(x + inverse * (b - matrix * x) + defect * offset)
        found = [_met(a, c) for a, c in zip(found, image, strict=True)]
    return found


def _radius(z: acb) -> float:
    return max(float(z.real.rad()), float(z.imag.rad()))


def _met(a: acb, b: acb) -> acb:
    return acb(_common(a.real, b.real), _common(a.imag, b.imag))


def _common(a: arb, b: arb) -> arb:
    return a.intersection(b) if b.is_finite() else a
