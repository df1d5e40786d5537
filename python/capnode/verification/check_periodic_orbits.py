"""Re-check of the theorem `no_periodic_orbits`.

Diagonal family x' = c s(A(p) x + b), A(p) = M + p I: with any positive diagonal D, a definite D A + A^T D excludes
non-constant periodic orbits, for all larger (positive) or smaller (negative) p as well. Fields x' = c s(A(p) x + b(p))
with any A: the same for pieces of the interval, with a real diagonal D. Other fields, in a box: a definite
P J + J^T P for one symmetric P over the box, or (n = 2) a divergence of one sign; n = 1 has none ever.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg
from flint import acb, acb_mat, arb, arb_mat

from capnode.verification import decode
from capnode.verification.balls import arb_matrix, between, float_matrix
from capnode.verification.decode import Box, member
from capnode.verification.diagonal_family import Family, linear_part, recognise
from capnode.verification.evaluate import Evaluator
from capnode.verification.program import Program
from capnode.verification.report import Checks
from capnode.verification.spectrum import enclose_spectrum

MOST_PIECES = 4096


def definite(matrix: arb_mat) -> int | None:
    """+1 or -1 where the symmetric part of every matrix in the ball matrix is positive or negative definite."""
    symmetric = (matrix + matrix.transpose()) / 2
    found = enclose_spectrum(acb_mat([[acb(z) for z in row] for row in symmetric.table()]))
    if found is None:
        return None
    sides = {found.side(i) for i in range(len(found.centre))}
    return sides.pop() if len(sides) == 1 else None


def check_no_periodic_orbits(entry: Any, program: Program, checks: Checks) -> None:
    if not checks.add("the field does not depend on time", not program.depends_on_time):
        return
    if not checks.add("at most one parameter", program.parameter_dim <= 1, f"{program.parameter_dim} parameters"):
        return
    enclosures = member(entry, "enclosures", "the theorem")
    intervals = decode.box(member(enclosures, "intervals", "enclosures"), "the intervals")
    stored = member(enclosures, "region", "enclosures")
    region = None if stored is None else decode.box(stored, "the region", program.dim)
    checks.add("at least one interval is claimed", bool(intervals.lo), f"{len(intervals.lo)} intervals")
    family = recognise(program)
    linear = linear_part(program)
    hints = member(entry, "hints", "the theorem")
    scalings = [decode.numbers(member(hints, key, "hints"), key) for key in ("scaling_lower", "scaling_upper")]
    for lo, hi in zip(intervals.lo, intervals.hi, strict=True):
        name = f"no periodic orbit for p in [{lo:.17g}, {hi:.17g}]"
        if program.dim == 1:
            checks.add(name, True, "dimension one")
        elif family is not None:
            checks.add(name, _family_excludes(family, lo, hi, scalings), "definiteness of D A(p) + A(p)^T D")
        elif linear is None and (region is None or not region.bounded):
            checks.add(name, False, "this field has no criterion here that covers the whole state space")
        else:
            holds = _pieces_exclude(program, lo, hi, region, linear, scalings)
            checks.add(name, holds, "definiteness of D A(p) + A(p)^T D, or over the region")


def _family_excludes(family: Family, lo: float, hi: float, scalings: list[list[float]]) -> bool:
    n = family.matrix.nrows()
    tries = [[1.0] * n, *(s for s in scalings if len(s) == n and all(0 < d < np.inf for d in s))]
    for scaling in tries:
        weights = arb_mat([[arb(scaling[i]) if i == j else arb(0) for j in range(n)] for i in range(n)])
        for end, sign in ((lo, 1), (hi, -1)):
            shift = arb_mat([[arb(end) if i == j else arb(0) for j in range(n)] for i in range(n)])
            if np.isfinite(end) and definite(weights * (family.matrix + shift)) == sign:
                return True
    return False


def _pieces_exclude(
    program: Program,
    lo: float,
    hi: float,
    region: Box | None,
    linear: tuple[arb_mat, arb_mat] | None,
    scalings: list[list[float]],
) -> bool:
    """Cuts the interval of p into pieces until each is settled: by a D for the whole state space, or by a P from the
    middle of the region."""
    evaluator = Evaluator(program)
    n = program.dim
    diagonals = [[1.0] * n, *(s for s in scalings if len(s) == n and all(np.isfinite(d) for d in s))]
    pieces = [(lo, hi)]
    done = 0
    while pieces:
        a, b = pieces.pop()
        done += 1
        if done > MOST_PIECES:
            return False
        p = between(a, b) if program.parameter_dim else arb(0)
        if linear is not None and _has_potential(linear[0] + p * linear[1], diagonals):
            continue
        bounded = region if region is not None and region.bounded else None
        if bounded and _piece_excluded(evaluator, [p] if program.parameter_dim else [], bounded):
            continue
        middle = 0.5 * (a + b)
        if not a < middle < b:
            return False
        pieces += [(a, middle), (middle, b)]
    return True


def _has_potential(matrix: arb_mat, diagonals: list[list[float]]) -> bool:
    """Is D A + A^T D definite for one of the real diagonal matrices D?"""
    n = matrix.nrows()
    for diagonal in diagonals:
        weights = arb_mat([[arb(diagonal[i]) if i == j else arb(0) for j in range(n)] for i in range(n)])
        if definite(weights * matrix) is not None:
            return True
    return False


def _piece_excluded(evaluator: Evaluator, p: list[arb], region: Box) -> bool:
    jacobian = arb_mat(evaluator.jacobian(region.balls, p).dx or [])
    n = jacobian.nrows()
    if n == 2:
        trace = jacobian[0, 0] + jacobian[1, 1]
        if bool(trace > 0) or bool(trace < 0):
            return True
    middle = float_matrix(jacobian)
    forms = [np.eye(n)]
    try:
        solution = scipy.linalg.solve_continuous_lyapunov(middle.T, np.eye(n))
        forms.append(0.5 * (solution + solution.T))
    except (np.linalg.LinAlgError, ValueError):
        pass
    try:  # also where two eigenvalues add up to 0 and Lyapunov's equation has no solution
        values, vectors = np.linalg.eig(middle)
        inverse = np.linalg.inv(vectors)
        signed = (inverse.conj().T @ (np.sign(values.real)[:, None] * inverse)).real
        forms.append(0.5 * (signed + signed.T))
    except np.linalg.LinAlgError:
        pass
    return any(np.all(np.isfinite(q)) and definite(arb_matrix(q) * jacobian) is not None for q in forms)
