"""Re-checks of the theorems `zero` (Krawczyk, interval Newton, Newton-Kantorovich) and `equilibrium`."""

from __future__ import annotations

from typing import Any

from flint import acb, acb_mat

from capnode.verification import decode
from capnode.verification.decode import Box, member
from capnode.verification.evaluate import Evaluator
from capnode.verification.program import Program
from capnode.verification.report import Checks
from capnode.verification.spectrum import enclose_spectrum
from capnode.verification.zero_tests import ZeroTests, unique_by_radii


def _boxes(entry: Any, program: Program, inner: str, outer: str) -> tuple[Box, Box, Box]:
    enclosures = member(entry, "enclosures", "the theorem")
    n, m = program.dim, program.parameter_dim
    return (
        decode.box(member(enclosures, "parameter", "enclosures"), "the parameter", m),
        decode.box(member(enclosures, inner, "enclosures"), f"the enclosure {inner!r}", n),
        decode.box(member(enclosures, outer, "enclosures"), f"the enclosure {outer!r}", n),
    )


def _existence_and_uniqueness(checks: Checks, program: Program, boxes: tuple[Box, Box, Box]) -> ZeroTests:
    parameter, inner, outer = boxes
    tests = ZeroTests(Evaluator(program), parameter, inner)
    checks.add("the enclosure lies in the isolating box", outer.contains_box(inner))
    checks.add("existence: a zero in the enclosure", tests.exists_in(inner), "K(E) in E")
    unique = tests.unique_in(outer)
    how = "|I - A f'(U)| < 1 in a weighted norm"
    if not unique:
        unique = unique_by_radii(ZeroTests(tests.evaluator, parameter, outer), outer) and tests.unique_in(inner)
        how = "radii polynomial"
    checks.add("uniqueness in the isolating box", unique, how)
    return tests


def check_zero(entry: Any, program: Program, checks: Checks) -> None:
    checks.add("the field does not depend on time", not program.depends_on_time)
    if not program.depends_on_time:
        _existence_and_uniqueness(checks, program, _boxes(entry, program, "enclosure", "uniqueness"))


def check_equilibrium(entry: Any, program: Program, checks: Checks) -> None:
    if not checks.add("the field does not depend on time", not program.depends_on_time):
        return
    boxes = _boxes(entry, program, "state", "isolation")
    tests = _existence_and_uniqueness(checks, program, boxes)

    conclusions = member(entry, "conclusions", "the theorem")
    unstable = decode.count_or_none(member(conclusions, "unstable_dimension", "conclusions"), "unstable_dimension")
    stable = decode.count_or_none(member(conclusions, "stable_dimension", "conclusions"), "stable_dimension")
    claimed = decode.discs(
        member(member(entry, "enclosures", "the theorem"), "eigenvalues", "enclosures"), "eigenvalues"
    )
    if unstable is None and stable is None and not claimed.mid:
        return
    derivative = tests.derivative(boxes[1])
    found = enclose_spectrum(acb_mat([[acb(z) for z in row] for row in derivative.table()]))
    if not checks.add("the eigenvalues can be enclosed", found is not None) or found is None:
        return
    if claimed.mid:
        contained = all(claimed.disc_inside_one(c, r) for c, r in zip(found.centre, found.radius, strict=True))
        checks.add("the stated discs hold all eigenvalues", contained)
    sides = [found.side(i) for i in range(len(found.centre))]
    decided = None not in sides
    for what, count, side in (("positive", unstable, 1), ("negative", stable, -1)):
        if count is not None:
            actual = sides.count(side)
            checks.add(
                f"eigenvalues with {what} real part", decided and actual == count, f"stated {count}, found {actual}"
            )
