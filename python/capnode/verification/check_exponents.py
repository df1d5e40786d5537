"""Re-check of the theorems `lyapunov_exponents` and `layered_exponents`: the trajectory with its derivative, then the
exponents of every matrix in the enclosure of the derivative.

M the middle of that enclosure and E = its radii. By Weyl |sigma_i(M + F) - sigma_i(M)| <= |F|_2 <= |E|_F for every
|F| <= E (Horn and Johnson, Topics in Matrix Analysis, 3.3.16). sigma_i(M)^2 are the eigenvalues of M^T M, enclosed by
Arb with multiplicity. Each claimed interval must hold all of log(sigma_i) / |t - t0|.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from flint import acb_mat, arb, arb_mat, ctx

from capnode.verification import decode
from capnode.verification.check_trajectory import check_layered_trajectory, check_trajectory
from capnode.verification.decode import Box, Malformed, member, numbers
from capnode.verification.program import Program
from capnode.verification.report import Checks

PRECISION = 512  # bits: M^T M has the square of the condition of M


def check_exponents(entry: Any, program: Program, checks: Checks) -> None:
    path = check_trajectory(entry, program, checks)
    check_exponents_of(entry, program.dim, path.end - Fraction(path.initial.t0), checks)
    if "sample" in entry:
        claimed, _ = _claims(entry, program.dim)
        _check_sample(entry["sample"], member(entry, "initial", "the theorem"), program.dim, claimed, checks)


def check_layered_exponents(entry: Any, programs: Mapping[str, Program], checks: Checks) -> None:
    path = check_layered_trajectory(entry, programs, checks)
    check_exponents_of(entry, len(path.initial.centre), path.end - Fraction(path.initial.t0), checks)


def _claims(entry: Any, n: int) -> tuple[Box, Box]:
    enclosures = member(entry, "enclosures", "the theorem")
    claimed = decode.box(member(enclosures, "exponents", "enclosures"), "the exponents", n)
    return claimed, decode.box(member(enclosures, "derivative", "enclosures"), "the derivative", n * n)


def check_exponents_of(entry: Any, n: int, time: Fraction, checks: Checks) -> None:
    """Those of the enclosure of the derivative that the entry claims, over the given time."""
    claimed, derivative = _claims(entry, n)
    if time == 0:
        raise Malformed("the exponents are over a time of zero length")
    kind = member(member(entry, "conclusions", "the theorem"), "kind", "conclusions")
    checks.add("the kind of the exponents is known", kind == "singular", f"{kind!r:.40}")
    with ctx.workprec(PRECISION):
        _check_claims(claimed, derivative, n, abs(arb(time.numerator) / arb(time.denominator)), checks)


def singular_values(derivative: Box, n: int) -> list[tuple[arb, arb]] | None:
    """Bounds of sigma_1 >= ... >= sigma_n of every matrix in the box; None where Arb does not find the eigenvalues."""
    if not derivative.bounded:
        return None
    lo, hi = ([arb(z) for z in ends] for ends in (derivative.lo, derivative.hi))
    middle = arb_mat(n, n, [(a + b) / 2 for a, b in zip(lo, hi, strict=True)])
    error = sum((((b - a) / 2) ** 2 for a, b in zip(lo, hi, strict=True)), arb(0)).sqrt().upper()
    return _singular_values(middle, error)


def singular_values_of(table: arb_mat) -> list[tuple[arb, arb]] | None:
    """The same of every matrix in a square matrix of balls."""
    entries = table.entries()
    if not all(z.is_finite() for z in entries):
        return None
    n = table.nrows()
    error = sum((arb(z.rad()) ** 2 for z in entries), arb(0)).sqrt().upper()
    return _singular_values(arb_mat(n, n, [z.mid() for z in entries]), error)


def _singular_values(middle: arb_mat, error: arb) -> list[tuple[arb, arb]] | None:
    """Of every matrix within `error` of a point, in the Frobenius norm."""
    n = middle.nrows()
    gram = middle.transpose() * middle
    if n == 1:
        squares = [gram[0, 0]]
    else:
        try:
            squares = [z.real for z in acb_mat(gram).eig(multiple=True)]
        except ValueError:
            return None
    if len(squares) != n or not all(z.is_finite() for z in squares):
        return None
    # each ball holds an eigenvalue, all are real: the i-th lies between the i-th lower and the i-th upper ends
    lower = sorted((z.lower() for z in squares), reverse=True)
    upper = sorted((z.upper() for z in squares), reverse=True)
    zero = arb(0)
    return [
        ((a.max(zero).sqrt() - error).lower(), (b.max(zero).sqrt() + error).upper())
        for a, b in zip(lower, upper, strict=True)
    ]


def _check_claims(claimed: Box, derivative: Box, n: int, time: arb, checks: Checks) -> None:
    found = singular_values(derivative, n)
    if not checks.add("the singular values of the derivative can be enclosed", found is not None) or found is None:
        return
    wrong = claims_hold(found, claimed, time)
    checks.add("the exponents of every matrix in the enclosure of the derivative", not wrong, wrong or f"all {n}")


def claims_hold(found: list[tuple[arb, arb]], claimed: Box, time: arb) -> str:
    """Empty where all log(sigma_i) / time lie in the claimed intervals; else the first that does not."""
    for i, (low, high) in enumerate(found):
        least = (low.log() / time).lower() if bool(low > 0) else None
        most = (high.log() / time).upper()
        below = claimed.lo[i] == -math.inf or (least is not None and bool(arb(claimed.lo[i]) <= least))
        above = claimed.hi[i] == math.inf or bool(most <= arb(claimed.hi[i]))
        if not (below and above):
            a = -math.inf if least is None else math.nextafter(float(least), -math.inf)
            b = math.nextafter(float(most), math.inf)
            text = f"[{a:.17g}, {b:.17g}] was found, [{claimed.lo[i]:.17g}, {claimed.hi[i]:.17g}] is claimed"
            return f"exponent {i + 1}: {text}"
    return ""


def claims_refuted(found: list[tuple[arb, arb]], claimed: Box, time: arb) -> bool:
    """Some log(sigma_i) / time certainly lies outside of its claimed interval."""
    return any(
        (bool(low > 0) and bool((low.log() / time) > arb(hi))) or bool((high.log() / time) < arb(lo))
        for (low, high), lo, hi in zip(found, claimed.lo, claimed.hi, strict=True)
    )


def _check_sample(sample: Any, initial: Any, n: int, claimed: Box, checks: Checks) -> None:
    """The point lies in the cell, and the certified largest exponent meets the interval that the field has there."""
    cell = decode.box(member(sample, "cell", "the sample"), "the cell", n)
    stated = decode.interval(member(sample, "interval", "the sample"), "the interval of the cell")
    centre = numbers(member(initial, "centre", "initial"), "the initial centre", n)
    radii = numbers(member(initial, "radii", "initial"), "the initial radii")
    inside = all(a <= c <= b for a, c, b in zip(cell.lo, centre, cell.hi, strict=True))
    checks.add("the sample lies in its cell", inside and not any(radii))
    meets = claimed.lo[0] <= stated.hi and stated.lo <= claimed.hi[0]
    checks.add(
        "the largest exponent meets the interval of the cell",
        meets,
        f"[{claimed.lo[0]:.17g}, {claimed.hi[0]:.17g}] and [{stated.lo:.17g}, {stated.hi:.17g}]",
    )
