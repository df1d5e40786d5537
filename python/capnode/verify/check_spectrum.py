"""Re-check of the theorem `spectrum`: all eigenvalues of a (ball) matrix in stated discs, and their counts."""

from __future__ import annotations

from typing import Any

from flint import acb, acb_mat

from capnode.verify import decode
from capnode.verify.decode import member
from capnode.verify.report import Checks
from capnode.verify.spectrum import enclose_spectrum


def check_spectrum(entry: Any, checks: Checks) -> None:
    matrix = member(entry, "matrix", "the theorem")
    n = member(matrix, "rows", "the matrix")
    if not isinstance(n, int) or n < 1:
        raise decode.Malformed(f"the matrix has {n!r} rows")
    box = decode.box(matrix, "the matrix", n * n)
    if not checks.add("the matrix is bounded", box.bounded):
        return
    claimed = decode.discs(
        member(member(entry, "enclosures", "the theorem"), "eigenvalues", "enclosures"), "eigenvalues"
    )
    found = enclose_spectrum(acb_mat(n, n, [acb(z) for z in box.balls]))
    if not checks.add("the eigenvalues can be enclosed", found is not None) or found is None:
        return
    contained = all(claimed.disc_inside_one(c, r) for c, r in zip(found.centre, found.radius, strict=True))
    checks.add("the stated discs hold all eigenvalues", contained)
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
