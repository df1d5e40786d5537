"""Re-check of the theorems `trajectory` and `layered_trajectory`: the claimed steps, one after another, with sets of
the referee's own.

The initial set is carried through the steps by flow_step.py, from layer to layer as it is: in each step, every solution
is proved to stay within the claimed tube, and the set found at its end must lie in the claimed end enclosure; at the
end also the derivative. Where there are too many steps or rows for that, an evenly spread sample of steps is proved,
each for all solutions that start in the claimed enclosure before it; its end is then only compared, because a box loses
what the set knew. The checks say which of the two was done.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from flint import arb, arb_mat

from capnode.verification import decode
from capnode.verification.balls import all_inside, inside, outward, symmetric
from capnode.verification.decode import Box, member
from capnode.verification.flow_step import CarriedSet, NotProvedAgain, Step
from capnode.verification.norms import euclidean
from capnode.verification.program import Program
from capnode.verification.report import Checks
from capnode.verification.trajectory_steps import (
    Path,
    as_step,
    carried_set,
    exact,
    read_layered_path,
    read_path,
    set_from_box,
    time_table,
)

MOST_ROWS = 24  # of the state and the parameters, for sets of the referee's own
MOST_WORK = 8000  # rows^2 steps, likewise
MOST_WORK_BY_NORM = 10**5  # the same without tangents
SAMPLED = 6  # steps of a sample, fewer in high dimension
MOST_ROWS_OF_SAMPLES = 128


#: rows (k x n) to enclosures of rows x, for every x at the end of a trajectory
Support = Callable[[arb_mat], list[arb]]


def check_trajectory(entry: Any, program: Program, checks: Checks) -> Path:
    path = read_path(entry, program)
    _check_path(entry, path, "", checks)
    return path


def check_layered_trajectory(entry: Any, programs: Mapping[str, Program], checks: Checks) -> Path:
    path, wrong = read_layered_path(entry, programs)
    _check_path(entry, path, wrong, checks)
    return path


def check_to_the_end(entry: Any, programs: Mapping[str, Program], checks: Checks) -> Support | None:
    """Of layers, to the end of the last one; what was found there, None where that was not proved again."""
    path, wrong = read_layered_path(entry, programs)
    wrong = wrong or ("" if member(entry, "reached", "the theorem") is None else "it ends before the layers do")
    return _check_path(entry, path, wrong, checks)


def _check_path(entry: Any, path: Path, wrong: str, checks: Checks) -> Support | None:
    initial, placed = path.initial, path.placed
    n = len(initial.centre)
    enclosures = member(entry, "enclosures", "the theorem")
    final = decode.box(member(enclosures, "final", "enclosures"), "the final enclosure", n)
    stored = member(enclosures, "derivative", "enclosures")
    derivative = None if stored is None else decode.box(stored, "the derivative", n * n)
    wrong = wrong or time_table(path)
    if not checks.add("the steps cover all times", not wrong, wrong or f"{len(placed)} steps"):
        return None
    check_counts(entry, path, checks)
    rows = n + len(initial.parameter.lo)
    if rows > MOST_ROWS or rows**2 * len(placed) > MOST_WORK:
        if initial.is_point and derivative is None and rows**2 * len(placed) <= MOST_WORK_BY_NORM:
            return _check_by_norm(path, final, checks)
        _check_sample(path, final, derivative is not None, checks)
        return None
    carried = carried_set(initial, derivative is not None)
    centre = [arb(c) for c in initial.centre] + [arb(c) for c in initial.parameter.middle]
    within = None
    for k, (stretch, claimed) in enumerate(placed):
        step = as_step(claimed, stretch, initial.parameter)
        carried.move_centre([c - p[0] for c, p in zip(centre, step.polynomial, strict=True)])
        try:
            within = stretch.prover.run(step, carried)
        except NotProvedAgain as reason:
            checks.add("every solution stays in the tube of every step", False, f"step {k}: {reason}")
            return None
        centre = [p(arb(1)) for p in step.polynomial]
        found = [c + v for c, v in zip(centre[:n], carried.hull()[:n], strict=True)]
        wrong = misses(found, claimed.end, f"step {k}, ")
        if wrong:
            checks.add("the end of every step is enclosed", False, wrong)
            return None
    assert within is not None
    checks.add("every solution stays in the tube of every step", True, f"all {len(placed)} steps, with own sets")
    checks.add("the end of every step is enclosed", True, f"all {len(placed)} steps")
    _check_end(path, step, carried, within, final, derivative, checks)
    return support_of(centre, carried)


def support_of(centre: list[arb], carried: CarriedSet) -> Support:
    """Of a set about its centre; rows of the state alone."""

    def support(rows: arb_mat) -> list[arb]:
        padded = _padded(rows, len(centre))
        base = (padded * arb_mat(len(centre), 1, centre)).entries()
        return [a + b for a, b in zip(base, carried.functionals(padded), strict=True)]

    return support


def _padded(rows: arb_mat, columns: int) -> arb_mat:
    """With zeros for the parameters."""
    n = rows.ncols()
    entries = [rows[i, j] if j < n else arb(0) for i in range(rows.nrows()) for j in range(columns)]
    return arb_mat(rows.nrows(), columns, entries)


def check_counts(entry: Any, path: Path, checks: Checks) -> None:
    """The numbers of steps, and of layers where there are any, are those that the sentence has."""
    conclusions = member(entry, "conclusions", "the theorem")
    found = {"steps": len(path.placed)}
    if "layers" in entry:
        found["layers"] = len(path.stretches)
    for key, number in found.items():
        stated = member(conclusions, key, "conclusions")
        checks.add(f"the number of {key}", stated == number, f"stated {stated!r:.20}, found {number}")


def outside(what: str, found: arb, lo: float, hi: float) -> str:
    a, b = outward(found)
    return f"{what}: [{a:.17g}, {b:.17g}] was found, [{lo:.17g}, {hi:.17g}] is claimed"


def misses(found: Sequence[arb], box: Box, what: str = "") -> str:
    """Empty where what was found lies in the box; else the first component, of `what`, that does not."""
    for i, x in enumerate(found):
        if not inside(x, box.lo[i], box.hi[i]):
            return outside(f"{what}component {i}", x, box.lo[i], box.hi[i])
    return ""


def share_of_last(path: Path) -> tuple[arb, bool]:
    """Where the end lies in the last step, from 0 to 1, and whether it is its end."""
    stretch, claimed = path.placed[-1]
    share = (path.end - stretch.begin - Fraction(claimed.start)) / Fraction(claimed.length)
    return exact(share), share == 1


def _check_end(
    path: Path,
    step: Step,
    carried: CarriedSet,
    within: arb_mat,
    final: Box,
    derivative: Box | None,
    checks: Checks,
) -> None:
    """The end of the last step, or where that time is no double a little before, within its tube."""
    n = len(path.initial.centre)
    share, whole = share_of_last(path)
    value = [p(arb(1)) + v for p, v in zip(step.polynomial[:n], carried.hull()[:n], strict=True)]
    if not whole:
        value = [p(share) + symmetric(within[i, 0]) for i, p in enumerate(step.polynomial[:n])]
    wrong = misses(value, final)
    if not checks.add("the final enclosure", not wrong, wrong):
        return
    if derivative is None:
        return
    table = carried.derivative()
    if not whole:
        moved = path.stretches[-1].prover.change_of_tangent(step, share, within, table)
        table = table + arb_mat(table.nrows(), table.ncols(), [symmetric(z) for z in moved.entries()])
    check_derivative(table, n, derivative, checks)


def check_derivative(table: arb_mat, n: int, derivative: Box, checks: Checks) -> None:
    """The leading n x n block against what is claimed."""
    for i in range(n):
        for j in range(n):
            lo, hi = derivative.lo[i * n + j], derivative.hi[i * n + j]
            if not inside(table[i, j], lo, hi):
                checks.add("the enclosure of the derivative", False, outside(f"entry {i}, {j}", table[i, j], lo, hi))
                return
    checks.add("the enclosure of the derivative", True)


def _check_by_norm(path: Path, final: Box, checks: Checks) -> Support | None:
    """From a point in high dimension: the distance to the polynomials, in the 2-norm."""
    initial, placed = path.initial, path.placed
    n = len(initial.centre)
    centre = [arb(c) for c in (*initial.centre, *initial.parameter.middle)]
    radius = arb(0)
    what = f"all {len(placed)} steps, by the 2-norm"
    for k, (stretch, claimed) in enumerate(placed):
        step = as_step(claimed, stretch, initial.parameter)
        jump = sum(((c - p[0]) ** 2 for c, p in zip(centre, step.polynomial, strict=True)), arb(0)).sqrt()
        try:
            radius = stretch.prover.run_by_norm(step, (radius + jump).upper())
        except NotProvedAgain as reason:
            checks.add("every solution stays in the tube of every step", False, f"step {k}: {reason}")
            return None
        centre = [p(arb(1)) for p in step.polynomial]
        found = [c + symmetric(radius) for c in centre[:n]]
        if not all_inside(found, claimed.end.lo, claimed.end.hi):
            checks.add("the end of every step is enclosed", False, f"step {k}")
            return None
    checks.add("every solution stays in the tube of every step", True, what)
    checks.add("the end of every step is enclosed", True, what)
    share, whole = share_of_last(path)
    value = (
        found if whole else [p(share) + symmetric(arb(r)) for p, r in zip(step.polynomial, claimed.tube, strict=False)]
    )
    checks.add("the final enclosure", all_inside(value, final.lo, final.hi))

    def support(rows: arb_mat) -> list[arb]:
        base = (rows * arb_mat(n, 1, centre[:n])).entries()
        return [b + symmetric(radius * euclidean(row)) for b, row in zip(base, rows.table(), strict=True)]

    return support


def _check_sample(path: Path, final: Box, derivative: bool, checks: Checks) -> None:
    initial, placed = path.initial, path.placed
    rows = path.stretches[0].prover.n
    if rows > MOST_ROWS_OF_SAMPLES:
        checks.add("steps are proved again", False, f"{rows} components and parameters are too many")
        return
    count = max(1, min(SAMPLED, 250_000 // rows**3))
    chosen = sorted({len(placed) - 1 - round(k * (len(placed) - 1) / max(count - 1, 1)) for k in range(count)})
    what = f"{len(chosen)} of {len(placed)} steps, a sample"
    for k in chosen:
        stretch, claimed = placed[k]
        step = as_step(claimed, stretch, initial.parameter)
        box = initial.hull() if k == 0 else placed[k - 1][1].end.balls
        carried = set_from_box(box, initial, step)
        try:
            stretch.prover.run(step, carried)
        except NotProvedAgain as reason:
            checks.add("from the enclosure before it, every solution stays in the tube of a step", False,
                       f"step {k}: {reason}")  # fmt: skip
            return
        found = [p(arb(1)) + v for p, v in zip(step.polynomial, carried.hull(), strict=False)]
        if not all(f.overlaps(b) for f, b in zip(found, claimed.end.balls, strict=False)):
            checks.add("the end of a step meets its enclosure", False, f"step {k}")
            return
    checks.add("from the enclosure before it, every solution stays in the tube of a step", True, what)
    checks.add("the end of a step meets its enclosure", True, f"{what}; the ends themselves are not proved again")
    last = placed[-1][1].end
    checks.add("the final enclosure is that of the last step", last.contains_box(final) and final.contains_box(last))
    if derivative:
        checks.add("the derivative", False, "not proved again: too many steps or components")
