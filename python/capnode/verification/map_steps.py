"""Iterates of maps proved again: x -> a x + h f(x, p, t), a = 0 or 1, with their derivatives, step k at its exact time.

A point with exact weights is iterated in balls, at as many bits as the claim needs. A set V = w + C r + F u about a
centre (flow_step.py) goes by the mean value theorem: g(c + w + s) = g(c + w) + A~ s, A~ the mean of A = g_x over the
segment, which differs from A(c + w) by at most dA / 2, dA the derivative of A along the box of s over the hull; and A
itself, for the derivative of the iterates, by at most dA. Both are met with A over the hull. Parameters are rows that
stay what they are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from flint import arb, arb_mat

from capnode.verification.balls import symmetric
from capnode.verification.decode import Malformed, member, number
from capnode.verification.evaluate import Evaluator
from capnode.verification.flow_step import CarriedSet, NotProvedAgain, identity, sizes
from capnode.verification.program import Program
from capnode.verification.series import augmented
from capnode.verification.trajectory_steps import Initial, carried_set, exact, read_initial

MOST_WORK = 1_000_000  # squared rows times the steps


@dataclass(frozen=True)
class Stage:
    """`steps` steps of one map."""

    program: Program  # with the parameters as rows that do not move
    residual: bool
    step: float
    steps: int


@dataclass
class Orbit:
    """What is claimed about: maps one after another, from an initial set."""

    initial: Initial
    stages: list[Stage]
    exact_weights: bool

    @property
    def steps(self) -> int:
        return sum(stage.steps for stage in self.stages)

    @property
    def is_point(self) -> bool:
        return self.exact_weights and self.initial.is_point

    @property
    def time(self) -> Fraction:
        """Of all steps together, as exponents count it."""
        return sum((abs(Fraction(s.step)) * s.steps for s in self.stages), Fraction(0))

    def timed(self) -> Iterator[tuple[Stage, arb]]:
        """Every step, with its time."""
        t = Fraction(self.initial.t0)
        for stage in self.stages:
            for _ in range(stage.steps):
                yield stage, exact(t)
                t += Fraction(stage.step)


def stages_of(entry: Any) -> list[Any]:
    stored = member(entry, "stages", "the theorem")
    if not isinstance(stored, list) or not stored:
        raise Malformed("stages: a list expected")
    for k, stage in enumerate(stored):
        member(stage, "field", f"stage {k}")
    return stored


def read_orbit(entry: Any, programs: Mapping[str, Program]) -> Orbit:
    stored = stages_of(entry)
    first = programs[str(stored[0]["field"])]
    made: dict[str, Program] = {}
    stages = []
    for k, item in enumerate(stored):
        digest, what = str(item["field"]), f"stage {k}"
        program = programs[digest]
        if (program.dim, program.parameter_dim) != (first.dim, first.parameter_dim):
            raise Malformed(f"{what} has another dimension than the first")
        residual, steps = member(item, "residual", what), member(item, "steps", what)
        step = number(member(item, "step", what), f"the step of {what}")
        if not isinstance(residual, bool) or not isinstance(steps, int) or isinstance(steps, bool) or steps < 0:
            raise Malformed(f"{what}: `residual` must be true or false and `steps` a count")
        if not math.isfinite(step) or step == 0.0:
            raise Malformed(f"the step of {what} is {step!r}")
        stages.append(Stage(made.setdefault(digest, augmented(program)), residual, step, steps))
    rows, total = first.dim + first.parameter_dim, sum(stage.steps for stage in stages)
    if rows**2 * total > MOST_WORK:
        raise Malformed(f"{total} steps with {rows} components and parameters are too many to iterate again")
    exact_weights = not any(programs[str(item["field"])].has_weight_radius for item in stored)
    return Orbit(read_initial(entry, first), stages, exact_weights)


class Stepper:
    """One map at the precision of the moment."""

    def __init__(self, stage: Stage, n: int) -> None:
        self.stage, self.n = stage, n
        self.evaluator = Evaluator(stage.program)
        self.h = arb(stage.step)

    def image(self, z: Sequence[arb], f: Sequence[arb]) -> list[arb]:
        """a z + h f, and the parameters as they are."""
        residual = self.stage.residual
        return [(x + self.h * y if residual else self.h * y) for x, y in zip(z[: self.n], f, strict=False)] + list(
            z[self.n :]
        )

    def matrix(self, rows: Sequence[Sequence[arb]]) -> arb_mat:
        """a I + h f_x, the rows of the parameters those of the identity."""
        total = len(rows)
        entries = []
        for i in range(total):
            for j in range(total):
                own = i == j and (self.stage.residual or i >= self.n)
                z = self.h * rows[i][j] if i < self.n else arb(0)
                entries.append(1 + z if own else z)
        return arb_mat(total, total, entries)


def iterate_point(orbit: Orbit, derivative: bool, visit: Callable[[int, list[arb]], bool]) -> arb_mat | None:
    """The orbit of a point at the precision of the moment, `visit(k, x_k)` at every point; None where it says no.
    The derivative of the last point, the identity of size 0 where none is wanted."""
    n = len(orbit.initial.centre)
    z = [arb(c) for c in (*orbit.initial.centre, *orbit.initial.parameter.lo)]
    tangent = identity(len(z)) if derivative else identity(0)
    steppers: dict[int, Stepper] = {}
    if not visit(0, z[:n]):
        return None
    for k, (stage, t) in enumerate(orbit.timed()):
        stepper = steppers.setdefault(id(stage), Stepper(stage, n))
        time = t if stage.program.depends_on_time else None
        if derivative:
            found = stepper.evaluator.jacobian(z, (), None, time)
            assert found.dx is not None
            tangent = stepper.matrix(found.dx) * tangent
            f = found.value
        else:
            value = stepper.evaluator.jet({0: z}, None, time)[0]
            f = [arb(y) for y in value]
        z = stepper.image(z, f)
        if not visit(k + 1, z[:n]):
            return None
    return tangent


def _met(a: arb, b: arb) -> arb:
    """The common part of two enclosures of the same numbers; one that is not finite adds nothing."""
    if not b.is_finite():
        return a
    return a.intersection(b) if a.is_finite() else b


def iterate_set(
    orbit: Orbit, derivative: bool, visit: Callable[[int, list[arb]], bool]
) -> tuple[arb_mat, list[arb], CarriedSet] | None:
    """The same for sets, `visit(k, hull)`: the enclosure of the derivative at the end, and the centre and the set
    there, with the parameters as rows."""
    n = len(orbit.initial.centre)
    centre = [arb(c) for c in (*orbit.initial.centre, *orbit.initial.parameter.middle)]
    carried = carried_set(orbit.initial, derivative)
    steppers: dict[int, Stepper] = {}

    def hull() -> list[arb]:
        return [c + v for c, v in zip(centre, carried.hull(), strict=True)][:n]

    if not visit(0, hull()):
        return None
    for k, (stage, t) in enumerate(orbit.timed()):
        stepper = steppers.setdefault(id(stage), Stepper(stage, n))
        centre = _advance(stepper, carried, centre, t if stage.program.depends_on_time else None)
        if not visit(k + 1, hull()):
            return None
    return (carried.derivative() if derivative else identity(0)), centre, carried


def _advance(stepper: Stepper, s: CarriedSet, centre: list[arb], t: arb | None) -> list[arb]:
    """One step of the set; the new centre."""
    rows = len(centre)
    base = [c + w for c, w in zip(centre, s.point.entries(), strict=True)]
    wide = (s.box_size() + s.frame.size()).entries()
    radii = [symmetric(r) for r in wide]
    at = stepper.evaluator.jacobian(base, (), None, t)
    over = stepper.evaluator.jacobian([b + r for b, r in zip(base, radii, strict=True)], (), radii, t)
    assert at.dx is not None
    assert over.dx is not None
    assert over.along_dx is not None
    mean, whole = [], []
    for i in range(rows):
        for j in range(rows):
            bend = abs(over.along_dx[i][j]).upper()
            mean.append(_met(at.dx[i][j] + symmetric(bend / 2), over.dx[i][j]))
            whole.append(_met(at.dx[i][j] + symmetric(bend), over.dx[i][j]))
    mean_matrix, whole_matrix = (
        stepper.matrix([z[i * rows : (i + 1) * rows] for i in range(rows)]) for z in (mean, whole)
    )
    image = arb_mat(rows, 1, stepper.image(base, at.value))
    if not all(z.is_finite() for z in (*mean_matrix.entries(), *whole_matrix.entries(), *image.entries())):
        raise NotProvedAgain("the set is not bounded")
    phi = arb_mat(rows, rows, [z.mid() for z in mean_matrix.entries()])
    off = arb_mat(rows, rows, [arb(z.rad()).upper() for z in mean_matrix.entries()])
    error = arb_mat(rows, 1, [arb(z.rad()).upper() for z in image.entries()]) + off * arb_mat(rows, 1, wide)
    directions = phi * s.directions
    k = directions.ncols()
    error += arb_mat(rows, k, [arb(z.rad()).upper() for z in directions.entries()]) * s.radii
    s.directions = arb_mat(rows, k, [z.mid() for z in directions.entries()])
    if s.tangent is not None and s.tangent_frame is not None:
        size = sizes(s.tangent) + s.tangent_frame.size()
        middle = arb_mat(rows, rows, [z.mid() for z in whole_matrix.entries()])
        off = arb_mat(rows, rows, [arb(z.rad()).upper() for z in whole_matrix.entries()])
        tangent = middle * s.tangent
        rounding = arb_mat(rows, rows, [arb(z.rad()).upper() for z in tangent.entries()])
        s.tangent_frame.propagate(middle, uppers(off * size + rounding))
        s.tangent = arb_mat(rows, rows, [z.mid() for z in tangent.entries()])
    s.frame.propagate(phi, uppers(error))
    s.point = arb_mat(rows, 1)
    return [z.mid() for z in image.entries()]


def uppers(m: arb_mat) -> arb_mat:
    return arb_mat(m.nrows(), m.ncols(), [z.upper() for z in m.entries()])
