"""Re-check of the theorem `trajectory`: the claimed steps, one after another, with sets of the referee's own.

The initial set is carried through the steps by flow_step.py: in each, every solution is proved to stay within the
claimed tube, and the set found at its end must lie in the claimed end enclosure; at the end also the derivative. Where
there are too many steps or rows for that, an evenly spread sample of steps is proved, each for all solutions that start
in the claimed enclosure before it; its end is then only compared, because a box loses what the set knew. The checks say
which of the two was done.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from flint import arb, arb_mat, arb_poly

from capnode.verification import decode
from capnode.verification.balls import all_inside, inside, outward, symmetric
from capnode.verification.decode import Box, Malformed, member, number, numbers
from capnode.verification.flow_step import (
    SMALLEST_PIECE,
    CarriedSet,
    Frame,
    NotProvedAgain,
    Step,
    StepProver,
    identity,
)
from capnode.verification.program import Program
from capnode.verification.report import Checks
from capnode.verification.series import augmented

MOST_ROWS = 24  # of the state and the parameters, for sets of the referee's own
MOST_WORK = 8000  # rows^2 steps, likewise
MOST_WORK_BY_NORM = 10**5  # the same without tangents
SAMPLED = 6  # steps of a sample, fewer in high dimension
MOST_ROWS_OF_SAMPLES = 128


@dataclass
class Claimed:
    """A step as the file has it."""

    start: float
    length: float
    scale: float
    polynomial: list[list[float]]  # by component, ascending
    tube: list[float]
    end: Box


@dataclass
class Initial:
    centre: list[float]
    directions: arb_mat
    radii: list[float]
    parameter: Box
    t0: float

    def hull(self) -> list[arb]:
        """Of the state."""
        wide = [arb(0)] * len(self.centre)
        for i in range(len(self.centre)):
            for j, r in enumerate(self.radii):
                wide[i] += abs(self.directions[i, j]) * arb(r)
        return [arb(c) + symmetric(r) for c, r in zip(self.centre, wide, strict=True)]


def _finite(values: list[float], what: str) -> list[float]:
    if not all(math.isfinite(z) for z in values):
        raise Malformed(f"{what} is not finite")
    return values


def _steps(entry: Any, n: int) -> list[Claimed]:
    stored = member(entry, "steps", "the theorem")
    if not isinstance(stored, list) or not stored:
        raise Malformed("steps: a list expected")
    steps = []
    for k, item in enumerate(stored):
        what = f"step {k}"
        start, length, scale = (number(member(item, key, what), what) for key in ("start", "length", "scale"))
        _finite([start, length, scale], what)
        if length == 0.0 or scale == 0.0:
            raise Malformed(f"{what}: a length or scale of zero")
        coefficients = _finite(numbers(member(item, "polynomial", what), what), what)
        if not coefficients or len(coefficients) % n:
            raise Malformed(f"{what}: {len(coefficients)} coefficients for {n} components")
        width = len(coefficients) // n
        rows = [coefficients[i * width : (i + 1) * width] for i in range(n)]
        tube = numbers(member(item, "tube", what), what, n)
        steps.append(
            Claimed(start, length, scale, rows, tube, decode.box(member(item, "end", what), f"{what}: the end", n))
        )
    return steps


def _initial(entry: Any, program: Program) -> Initial:
    stored = member(entry, "initial", "the theorem")
    n = program.dim
    centre = _finite(numbers(member(stored, "centre", "initial"), "the initial centre", n), "the initial centre")
    radii = _finite(numbers(member(stored, "radii", "initial"), "the initial radii"), "the initial radii")
    k = len(radii)
    directions = _finite(numbers(member(stored, "directions", "initial"), "the directions", n * k), "the directions")
    if any(r < 0 for r in radii):
        raise Malformed("the initial radii: a negative radius")
    enclosures = member(entry, "enclosures", "the theorem")
    parameter = decode.box(member(enclosures, "parameter", "enclosures"), "the parameter", program.parameter_dim)
    if not parameter.bounded:
        raise Malformed("the parameter is not bounded")
    t0 = number(member(stored, "time", "initial"), "the initial time")
    return Initial(centre, arb_mat(n, k, directions), radii, parameter, t0)


def _time_table(steps: list[Claimed], t0: float, reached: float) -> str:
    """Empty where the steps follow one another from t0 and cover the times up to `reached`, with exact arithmetic."""
    if not (math.isfinite(t0) and math.isfinite(reached)):
        return "a time is not finite"
    at, sign = Fraction(0), math.copysign(1.0, steps[0].length)
    for k, s in enumerate(steps):
        if Fraction(s.start) != at:
            return f"step {k} starts at {s.start!r} and the one before ends at {float(at)!r}"
        if math.copysign(1.0, s.length) != sign or math.copysign(1.0, s.scale) != sign:
            return f"step {k} goes the other way"
        at += Fraction(s.length)
    duration = Fraction(reached) - Fraction(t0)
    share = (duration - Fraction(steps[-1].start)) / Fraction(steps[-1].length)
    return "" if 1 - Fraction(SMALLEST_PIECE) <= share <= 1 else f"the steps end at {float(Fraction(t0) + at)!r}"


def _as_step(claimed: Claimed, initial: Initial) -> Step:
    """The step over s in [0, 1], parameters as rows: tau = s length / scale."""
    theta = arb(claimed.length) / arb(claimed.scale)
    polynomials = []
    for row in claimed.polynomial:
        power, coefficients = arb(1), []
        for c in row:
            coefficients.append(arb(c) * power)
            power = power * theta
        polynomials.append(arb_poly(coefficients))
    polynomials += [arb_poly([m]) for m in initial.parameter.middle]
    return Step(arb(initial.t0) + arb(claimed.start), claimed.length, polynomials, claimed.tube)


def _carried(initial: Initial, derivative: bool) -> CarriedSet:
    """The initial set about its own centre; each uncertain parameter is one more direction."""
    n, m = len(initial.centre), len(initial.parameter.lo)
    middle = initial.parameter.middle
    wide = [
        max(arb(b) - arb(c), arb(c) - arb(a)).upper()
        for a, b, c in zip(initial.parameter.lo, initial.parameter.hi, middle, strict=True)
    ]
    columns = [j for j, r in enumerate(initial.radii) if r > 0.0]
    uncertain = [j for j in range(m) if bool(wide[j] > 0)]
    k = len(columns) + len(uncertain)
    directions = arb_mat(n + m, k)
    for c, j in enumerate(columns):
        for i in range(n):
            directions[i, c] = initial.directions[i, j]
    for c, j in enumerate(uncertain):
        directions[n + j, len(columns) + c] = arb(1)
    radii = arb_mat(k, 1, [arb(initial.radii[j]) for j in columns] + [wide[j] for j in uncertain])
    return CarriedSet(
        arb_mat(n + m, 1),
        directions,
        radii,
        Frame(n + m, 1),
        identity(n + m) if derivative else None,
        Frame(n + m, n + m) if derivative else None,
    )


def _from_box(box: list[arb], initial: Initial, step: Step) -> CarriedSet:
    """Every point of a box, about the centre of the step that starts there."""
    middle = Initial(
        [float(x.mid()) for x in box],
        identity(len(box)),
        [math.nextafter(float(x.rad()) * (1 + 2.0**-50), math.inf) for x in box],
        initial.parameter,
        initial.t0,
    )
    carried = _carried(middle, False)
    n = len(box)
    carried.move_centre([arb(c) - p[0] for c, p in zip(middle.centre, step.polynomial[:n], strict=True)]
                        + [arb(0)] * (carried.point.nrows() - n))  # fmt: skip
    return carried


def check_trajectory(entry: Any, program: Program, checks: Checks) -> None:
    n = program.dim
    initial, steps = _initial(entry, program), _steps(entry, n)
    enclosures = member(entry, "enclosures", "the theorem")
    final = decode.box(member(enclosures, "final", "enclosures"), "the final enclosure", n)
    stored = member(enclosures, "derivative", "enclosures")
    derivative = None if stored is None else decode.box(stored, "the derivative", n * n)
    reached = number(member(entry, "reached", "the theorem"), "the final time")
    wrong = _time_table(steps, initial.t0, reached)
    if not checks.add("the steps cover all times", not wrong, wrong or f"{len(steps)} steps"):
        return
    count = member(member(entry, "conclusions", "the theorem"), "steps", "conclusions")
    checks.add("the number of steps", count == len(steps), f"stated {count!r:.20}, found {len(steps)}")
    prover = StepProver(augmented(program))
    rows = program.dim + program.parameter_dim
    if rows > MOST_ROWS or rows**2 * len(steps) > MOST_WORK:
        parameter = initial.parameter
        point = not any(initial.radii) and parameter.lo == parameter.middle == parameter.hi and derivative is None
        if point and rows**2 * len(steps) <= MOST_WORK_BY_NORM:
            _check_by_norm(prover, initial, steps, reached, final, checks)
            return
        _check_sample(prover, initial, steps, final, derivative is not None, checks)
        return
    carried = _carried(initial, derivative is not None)
    centre = [arb(c) for c in initial.centre] + [arb(c) for c in initial.parameter.middle]
    within = None
    for k, claimed in enumerate(steps):
        step = _as_step(claimed, initial)
        carried.move_centre([c - p[0] for c, p in zip(centre, step.polynomial, strict=True)])
        try:
            within = prover.run(step, carried)
        except NotProvedAgain as reason:
            checks.add("every solution stays in the tube of every step", False, f"step {k}: {reason}")
            return
        centre = [p(arb(1)) for p in step.polynomial]
        found = [c + v for c, v in zip(centre[:n], carried.hull()[:n], strict=True)]
        if not all_inside(found, claimed.end.lo, claimed.end.hi):
            i = next(i for i in range(n) if not inside(found[i], claimed.end.lo[i], claimed.end.hi[i]))
            checks.add("the end of every step is enclosed", False, _outside(f"step {k}, component {i}", found[i],
                       claimed.end.lo[i], claimed.end.hi[i]))  # fmt: skip
            return
    assert within is not None
    checks.add("every solution stays in the tube of every step", True, f"all {len(steps)} steps, with own sets")
    checks.add("the end of every step is enclosed", True, f"all {len(steps)} steps")
    _check_end(prover, steps[-1], step, carried, within, initial, reached, final, derivative, checks)


def _outside(what: str, found: arb, lo: float, hi: float) -> str:
    a, b = outward(found)
    return f"{what}: [{a:.17g}, {b:.17g}] was found, [{lo:.17g}, {hi:.17g}] is claimed"


def _check_end(
    prover: StepProver,
    claimed: Claimed,
    step: Step,
    carried: CarriedSet,
    within: arb_mat,
    initial: Initial,
    reached: float,
    final: Box,
    derivative: Box | None,
    checks: Checks,
) -> None:
    """At `reached`: the end of the last step, or where that time is no double a little before, within its tube."""
    n = len(claimed.tube)
    duration = Fraction(reached) - Fraction(initial.t0)
    gap = Fraction(claimed.start) + Fraction(claimed.length) - duration
    value = [p(arb(1)) + v for p, v in zip(step.polynomial[:n], carried.hull()[:n], strict=True)]
    share = (arb(reached) - arb(initial.t0) - arb(claimed.start)) / arb(claimed.length)
    if gap != 0:
        value = [p(share) + symmetric(within[i, 0]) for i, p in enumerate(step.polynomial[:n])]
    for i in range(n):
        if not inside(value[i], final.lo[i], final.hi[i]):
            checks.add("the final enclosure", False, _outside(f"component {i}", value[i], final.lo[i], final.hi[i]))
            return
    checks.add("the final enclosure", True)
    if derivative is None:
        return
    table = carried.derivative()
    if gap != 0:
        moved = prover.change_of_tangent(step, share, within, table)
        table = table + arb_mat(table.nrows(), table.ncols(), [symmetric(z) for z in moved.entries()])
    for i in range(n):
        for j in range(n):
            lo, hi = derivative.lo[i * n + j], derivative.hi[i * n + j]
            if not inside(table[i, j], lo, hi):
                checks.add("the enclosure of the derivative", False, _outside(f"entry {i}, {j}", table[i, j], lo, hi))
                return
    checks.add("the enclosure of the derivative", True)


def _check_by_norm(
    prover: StepProver, initial: Initial, steps: list[Claimed], reached: float, final: Box, checks: Checks
) -> None:
    """From a point in high dimension: the distance to the polynomials, in the 2-norm."""
    n = len(initial.centre)
    centre = [arb(c) for c in (*initial.centre, *initial.parameter.middle)]
    radius = arb(0)
    what = f"all {len(steps)} steps, by the 2-norm"
    for k, claimed in enumerate(steps):
        step = _as_step(claimed, initial)
        jump = sum(((c - p[0]) ** 2 for c, p in zip(centre, step.polynomial, strict=True)), arb(0)).sqrt()
        try:
            radius = prover.run_by_norm(step, (radius + jump).upper())
        except NotProvedAgain as reason:
            checks.add("every solution stays in the tube of every step", False, f"step {k}: {reason}")
            return
        centre = [p(arb(1)) for p in step.polynomial]
        found = [c + symmetric(radius) for c in centre[:n]]
        if not all_inside(found, claimed.end.lo, claimed.end.hi):
            checks.add("the end of every step is enclosed", False, f"step {k}")
            return
    checks.add("every solution stays in the tube of every step", True, what)
    checks.add("the end of every step is enclosed", True, what)
    share = (arb(reached) - arb(initial.t0) - arb(claimed.start)) / arb(claimed.length)
    exact = Fraction(reached) - Fraction(initial.t0) == Fraction(claimed.start) + Fraction(claimed.length)
    value = (
        found if exact else [p(share) + symmetric(arb(r)) for p, r in zip(step.polynomial, claimed.tube, strict=False)]
    )
    checks.add("the final enclosure", all_inside(value, final.lo, final.hi))


def _check_sample(
    prover: StepProver, initial: Initial, steps: list[Claimed], final: Box, derivative: bool, checks: Checks
) -> None:
    if prover.n > MOST_ROWS_OF_SAMPLES:
        checks.add("steps are proved again", False, f"{prover.n} components and parameters are too many")
        return
    count = max(1, min(SAMPLED, 250_000 // prover.n**3))
    chosen = sorted({len(steps) - 1 - round(k * (len(steps) - 1) / max(count - 1, 1)) for k in range(count)})
    what = f"{len(chosen)} of {len(steps)} steps, a sample"
    for k in chosen:
        step = _as_step(steps[k], initial)
        box = initial.hull() if k == 0 else steps[k - 1].end.balls
        carried = _from_box(box, initial, step)
        try:
            prover.run(step, carried)
        except NotProvedAgain as reason:
            checks.add("from the enclosure before it, every solution stays in the tube of a step", False,
                       f"step {k}: {reason}")  # fmt: skip
            return
        found = [p(arb(1)) + v for p, v in zip(step.polynomial, carried.hull(), strict=False)]
        if not all(f.overlaps(b) for f, b in zip(found, steps[k].end.balls, strict=False)):
            checks.add("the end of a step meets its enclosure", False, f"step {k}")
            return
    checks.add("from the enclosure before it, every solution stays in the tube of a step", True, what)
    checks.add("the end of a step meets its enclosure", True, f"{what}; the ends themselves are not proved again")
    last = steps[-1].end
    checks.add("the final enclosure is that of the last step", last.contains_box(final) and final.contains_box(last))
    if derivative:
        checks.add("the derivative", False, "not proved again: too many steps or components")
