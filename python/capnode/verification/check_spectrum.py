"""Re-check of the theorem `spectrum`: all eigenvalues of a (ball) matrix in stated discs, and their counts."""

from __future__ import annotations

from collections import Counter
from typing import Any

from flint import acb, acb_mat, arb

from capnode.verification import decode
from capnode.verification.balls import modulus
from capnode.verification.decode import ComplexDiscs, Malformed, member
from capnode.verification.report import Checks
from capnode.verification.spectrum import Discs, enclose_spectrum


def check_spectrum(entry: Any, checks: Checks) -> None:
    matrix = member(entry, "matrix", "the theorem")
    n = member(matrix, "rows", "the matrix")
    if not isinstance(n, int) or n < 1:
        raise Malformed(f"the matrix has {n!r} rows")
    box = decode.box(matrix, "the matrix", n * n)
    if not checks.add("the matrix is bounded", box.bounded):
        return
    enclosures = member(entry, "enclosures", "the theorem")
    claimed = decode.discs(member(enclosures, "eigenvalues", "enclosures"), "eigenvalues")
    found = enclose_spectrum(acb_mat(n, n, [acb(z) for z in box.balls]))
    if not checks.add("the eigenvalues can be enclosed", found is not None) or found is None:
        return
    contained = all(claimed.disc_inside_one(c, r) for c, r in zip(found.centre, found.radius, strict=True))
    checks.add("the stated discs hold all eigenvalues", contained)
    _check_components(member(enclosures, "component", "enclosures"), claimed, found, checks)
    conclusions = member(entry, "conclusions", "the theorem")
    sides = [found.side(i) for i in range(n)]
    for key, side in (("positive", 1), ("negative", -1)):
        count = decode.count_or_none(member(conclusions, key, "conclusions"), key)
        if count is not None:
            checks.add(
                f"eigenvalues with {key} real part",
                None not in sides and sides.count(side) == count,
                f"stated {count}, found {sides.count(side)}",
            )


def _check_components(component: Any, claimed: ComplexDiscs, found: Discs, checks: Checks) -> None:
    """Claimed discs of different components are disjoint, and k discs of one component hold k eigenvalues.

    The discs found here that lie in one component meet none in another, so they hold as many eigenvalues as there are.
    """
    n = len(claimed.mid)
    if not isinstance(component, list) or len(component) != n or not all(isinstance(k, int) for k in component):
        raise Malformed("component: one integer for each disc expected")
    apart = all(
        component[i] == component[j]
        or bool(modulus(claimed.mid[i] - claimed.mid[j]) > arb(claimed.radius[i]) + arb(claimed.radius[j]))
        for i in range(n)
        for j in range(i)
    )
    checks.add("discs of different components do not meet", apart)
    counts = Counter(component)
    held: Counter[int] = Counter()
    for centre, radius in zip(found.centre, found.radius, strict=True):
        inside = {
            component[i]
            for i in range(n)
            if bool((modulus(centre - claimed.mid[i]) + radius).upper() <= arb(claimed.radius[i]))
        }
        held.update(inside)
    checks.add("each component holds as many eigenvalues as discs", held == counts)
