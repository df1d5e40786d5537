"""What a certificate stores of trajectories: the initial set, and steps with polynomial, tube and end, of one field or
of several that act one after another. Times are exact rationals.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from flint import arb, arb_mat, arb_poly

from capnode.verification import decode
from capnode.verification.balls import symmetric
from capnode.verification.decode import Box, Malformed, member, number, numbers
from capnode.verification.flow_step import SMALLEST_PIECE, CarriedSet, Frame, Step, StepProver, identity
from capnode.verification.program import Program
from capnode.verification.series import augmented


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

    @property
    def is_point(self) -> bool:
        return not any(self.radii) and self.parameter.lo == self.parameter.middle == self.parameter.hi


@dataclass
class Stretch:
    """One field and its steps; `begin` is the time at which its steps count from 0."""

    program: Program
    prover: StepProver
    begin: Fraction
    steps: list[Claimed]


@dataclass
class Path:
    """A trajectory as claimed: stretches one after another, and the time of its end."""

    initial: Initial
    stretches: list[Stretch]
    end: Fraction

    @property
    def placed(self) -> list[tuple[Stretch, Claimed]]:
        return [(stretch, claimed) for stretch in self.stretches for claimed in stretch.steps]


def exact(x: Fraction) -> arb:
    return arb(x.numerator) / arb(x.denominator)


def finite(values: list[float], what: str) -> list[float]:
    if not all(math.isfinite(z) for z in values):
        raise Malformed(f"{what} is not finite")
    return values


def read_steps(entry: Any, n: int) -> list[Claimed]:
    stored = member(entry, "steps", "the theorem")
    if not isinstance(stored, list) or not stored:
        raise Malformed("steps: a list expected")
    steps = []
    for k, item in enumerate(stored):
        what = f"step {k}"
        start, length, scale = (number(member(item, key, what), what) for key in ("start", "length", "scale"))
        finite([start, length, scale], what)
        if length == 0.0 or scale == 0.0:
            raise Malformed(f"{what}: a length or scale of zero")
        coefficients = finite(numbers(member(item, "polynomial", what), what), what)
        if not coefficients or len(coefficients) % n:
            raise Malformed(f"{what}: {len(coefficients)} coefficients for {n} components")
        width = len(coefficients) // n
        rows = [coefficients[i * width : (i + 1) * width] for i in range(n)]
        tube = numbers(member(item, "tube", what), what, n)
        steps.append(
            Claimed(start, length, scale, rows, tube, decode.box(member(item, "end", what), f"{what}: the end", n))
        )
    return steps


def read_initial(entry: Any, program: Program) -> Initial:
    stored = member(entry, "initial", "the theorem")
    n = program.dim
    centre = finite(numbers(member(stored, "centre", "initial"), "the initial centre", n), "the initial centre")
    radii = finite(numbers(member(stored, "radii", "initial"), "the initial radii"), "the initial radii")
    k = len(radii)
    directions = finite(numbers(member(stored, "directions", "initial"), "the directions", n * k), "the directions")
    if any(r < 0 for r in radii):
        raise Malformed("the initial radii: a negative radius")
    enclosures = member(entry, "enclosures", "the theorem")
    parameter = decode.box(member(enclosures, "parameter", "enclosures"), "the parameter", program.parameter_dim)
    if not parameter.bounded:
        raise Malformed("the parameter is not bounded")
    t0 = number(member(stored, "time", "initial"), "the initial time")
    if not math.isfinite(t0):
        raise Malformed("a time is not finite")
    return Initial(centre, arb_mat(n, k, directions), radii, parameter, t0)


def read_path(entry: Any, program: Program) -> Path:
    """Of one field; `reached` is its end."""
    initial = read_initial(entry, program)
    reached = number(member(entry, "reached", "the theorem"), "the final time")
    if not math.isfinite(reached):
        raise Malformed("a time is not finite")
    stretch = Stretch(program, StepProver(augmented(program)), Fraction(initial.t0), read_steps(entry, program.dim))
    return Path(initial, [stretch], Fraction(reached))


def read_layered_path(
    entry: Any, programs: Mapping[str, Program], prover: Callable[[Program], StepProver] = StepProver
) -> tuple[Path, str]:
    """Of fields one after another; `reached` is its end, or null: the end of the last layer. Also what is wrong with
    the durations of the layers, "" where nothing is."""
    layers = layers_of(entry)
    first = programs[str(layers[0]["field"])]
    initial = read_initial(entry, first)
    begin, wrong, sign = Fraction(initial.t0), "", 0.0
    stretches: list[Stretch] = []
    provers: dict[str, StepProver] = {}
    for k, layer in enumerate(layers):
        digest = str(layer["field"])
        program = programs[digest]
        if (program.dim, program.parameter_dim) != (first.dim, first.parameter_dim):
            raise Malformed(f"layer {k} has another dimension than the first")
        if digest not in provers:
            provers[digest] = prover(augmented(program))
        duration = number(member(layer, "duration", f"layer {k}"), f"the duration of layer {k}")
        if not math.isfinite(duration) or duration == 0.0:
            raise Malformed(f"the duration of layer {k} is {duration!r}")
        sign = sign or math.copysign(1.0, duration)
        steps = read_steps(layer, first.dim)
        stretches.append(Stretch(program, provers[digest], begin, steps))
        covered = Fraction(steps[-1].start) + Fraction(steps[-1].length)
        if math.copysign(1.0, duration) != sign or math.copysign(1.0, steps[0].length) != sign:
            wrong = wrong or f"layer {k} goes the other way"
        if covered != Fraction(duration):
            wrong = wrong or f"layer {k} lasts {duration!r}, its steps end at {float(covered)!r}"
        begin += Fraction(duration)
    stored = member(entry, "reached", "the theorem")
    if stored is None:
        return Path(initial, stretches, begin), wrong
    reached = number(stored, "the final time")
    if not math.isfinite(reached):
        raise Malformed("a time is not finite")
    return Path(initial, stretches, Fraction(reached)), wrong


def layers_of(entry: Any) -> list[Any]:
    stored = member(entry, "layers", "the theorem")
    if not isinstance(stored, list) or not stored:
        raise Malformed("layers: a list expected")
    for k, layer in enumerate(stored):
        member(layer, "field", f"layer {k}")
    return stored


def time_table(path: Path) -> str:
    """Empty where the steps follow one another without a gap and cover the times up to the end, with exact arithmetic;
    else what is wrong. A last step may reach a little farther."""
    sign = math.copysign(1.0, path.stretches[0].steps[0].length)
    for stretch in path.stretches:
        at = Fraction(0)
        for k, s in enumerate(stretch.steps):
            if Fraction(s.start) != at:
                return f"step {k} starts at {s.start!r} and the one before ends at {float(at)!r}"
            if math.copysign(1.0, s.length) != sign or math.copysign(1.0, s.scale) != sign:
                return f"step {k} goes the other way"
            at += Fraction(s.length)
    last, s = path.stretches[-1], path.stretches[-1].steps[-1]
    share = (path.end - last.begin - Fraction(s.start)) / Fraction(s.length)
    whole = last.begin + Fraction(s.start) + Fraction(s.length)
    return "" if 1 - Fraction(SMALLEST_PIECE) <= share <= 1 else f"the steps end at {float(whole)!r}"


def as_step(claimed: Claimed, stretch: Stretch, parameter: Box) -> Step:
    """The step over s in [0, 1], parameters as rows: tau = s length / scale."""
    theta = arb(claimed.length) / arb(claimed.scale)
    polynomials = []
    for row in claimed.polynomial:
        power, coefficients = arb(1), []
        for c in row:
            coefficients.append(arb(c) * power)
            power = power * theta
        polynomials.append(arb_poly(coefficients))
    polynomials += [arb_poly([m]) for m in parameter.middle]
    return Step(exact(stretch.begin + Fraction(claimed.start)), claimed.length, polynomials, claimed.tube)


def carried_set(initial: Initial, derivative: bool) -> CarriedSet:
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


def set_from_box(box: list[arb], initial: Initial, step: Step) -> CarriedSet:
    """Every point of a box, about the centre of the step that starts there."""
    middle = Initial(
        [float(x.mid()) for x in box],
        identity(len(box)),
        [math.nextafter(float(x.rad()) * (1 + 2.0**-50), math.inf) for x in box],
        initial.parameter,
        initial.t0,
    )
    carried = carried_set(middle, False)
    n = len(box)
    carried.move_centre([arb(c) - p[0] for c, p in zip(middle.centre, step.polynomial[:n], strict=True)]
                        + [arb(0)] * (carried.point.nrows() - n))  # fmt: skip
    return carried
