"""Re-check of the theorem `hopf_point`: everything is proved again from the hint, then compared with the claims."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from flint import acb, acb_mat, arb

from capnode.verification import decode
from capnode.verification.augmented import Newton, Point
from capnode.verification.balls import all_inside, inside, modulus, show
from capnode.verification.decode import Box, Interval, member
from capnode.verification.diagonal_family import Family, recognise
from capnode.verification.evaluate import Evaluator
from capnode.verification.hopf_evidence import Facts, check_hopf_evidence
from capnode.verification.hopf_point import (
    Coefficients,
    coefficients,
    count_on_axis,
    jacobian_at,
    lyapunov_of_family,
    prove,
    state_of_family,
    unit_eigenvector,
)
from capnode.verification.program import Program
from capnode.verification.report import Checks
from capnode.verification.spectrum import Discs, enclose_spectrum


def check_hopf(entry: Any, program: Program, checks: Checks) -> None:
    if not checks.add(
        "an autonomous field with one parameter",
        program.parameter_dim == 1 and not program.depends_on_time,
        f"{program.parameter_dim} parameters",
    ):
        return
    n = program.dim
    hints = member(entry, "hints", "the theorem")
    centre = _centre(hints, n)
    psi = decode.complex_numbers(member(hints, "functional", "hints"), "the functional", n)
    evaluator = Evaluator(program)
    family = recognise(program)
    if family is not None and family.slope is None:
        family = None  # the short formulas hold for tanh, atan and erf only

    proved = prove(evaluator, centre, psi)
    if not checks.add("existence: the augmented system has a zero at the hint", proved is not None) or proved is None:
        return
    newton, zero, radii = proved
    if family is not None:
        state = state_of_family(family, zero)
        if state is not None:
            zero = replace(zero, state=[a.intersection(b) for a, b in zip(zero.state, state, strict=True)])
    _check_enclosures(entry, zero, checks)
    _check_isolation(entry, family, newton, zero, radii, checks)

    jacobian = jacobian_at(evaluator, zero)
    axis = count_on_axis(jacobian, zero.frequency)
    checks.add("no other eigenvalue on the imaginary axis", axis.holds, axis.detail)
    conclusions = member(entry, "conclusions", "the theorem")
    unstable = decode.count_or_none(member(conclusions, "unstable_dimension", "conclusions"), "unstable_dimension")
    checks.add(
        "unstable dimension", axis.holds and unstable == axis.unstable, f"stated {unstable}, found {axis.unstable}"
    )
    found = _check_coefficients(entry, evaluator, family, zero, jacobian, psi, checks)
    _check_conclusions(entry, unstable, checks)
    speed = arb(1) if family is None or family.slope is None else family.slope
    facts = Facts(zero.frequency, found, axis, speed, n, program.has_weight_radius)
    check_hopf_evidence(entry, facts, checks)


def _centre(hints: Any, n: int) -> Point:
    state = decode.numbers(member(hints, "state", "hints"), "the hint of the state", n)
    vector = decode.complex_numbers(member(hints, "eigenvector", "hints"), "the hint of the eigenvector", n)
    parameter = decode.number(member(hints, "parameter", "hints"), "the hint of the parameter")
    frequency = decode.number(member(hints, "frequency", "hints"), "the hint of the frequency")
    if not all(math.isfinite(z) for z in (*state, parameter, frequency)):
        raise decode.Malformed("a hint is not finite")
    return Point(
        arb(parameter), arb(frequency), [arb(z) for z in state], [z.real for z in vector], [z.imag for z in vector]
    )


def _claimed(entry: Any, name: str) -> Interval:
    return decode.interval(member(member(entry, "enclosures", "the theorem"), name, "enclosures"), name)


def _check_enclosures(entry: Any, zero: Point, checks: Checks) -> None:
    enclosures = member(entry, "enclosures", "the theorem")
    for name, truth in (("parameter", zero.parameter), ("frequency", zero.frequency)):
        claim = _claimed(entry, name)
        checks.add(f"the enclosure of the {name} holds it", inside(truth, claim.lo, claim.hi), f"it is {show(truth)}")
    checks.add("the frequency is positive", bool(zero.frequency > 0) and _claimed(entry, "frequency").lo > 0)
    state = decode.box(member(enclosures, "state", "enclosures"), "the state", len(zero.state))
    checks.add("the enclosure of the state holds it", all_inside(zero.state, state.lo, state.hi))
    claimed = decode.box(member(enclosures, "eigenvector", "enclosures"), "the eigenvector", 2 * len(zero.state))
    checks.add("the enclosure of the eigenvector holds it", _holds_unit_vector(claimed, unit_eigenvector(zero)))


def _holds_unit_vector(claimed: Box, q: list[acb]) -> bool:
    """Is some unit eigenvector, q times a phase, in the box (real parts first, then imaginary parts)?

    The phase is free; it is taken from the midpoints of the box and then shifted into the middle of what the sides of
    the box allow. Only the last line decides.
    """
    n = len(q)
    middle = claimed.middle
    fit = sum((z.conjugate() * acb(middle[i], middle[n + i]) for i, z in enumerate(q)), acb(0))
    fit = acb(fit.real.mid(), fit.imag.mid())
    if not bool(modulus(fit) > 0):
        return False
    turned = [z * fit / modulus(fit) for z in q]
    # turning by a small angle t moves the real part by -t Im and the imaginary part by t Re
    flat = [z.real for z in turned] + [z.imag for z in turned]
    rates = [-z.imag for z in turned] + [z.real for z in turned]
    low, high = -1.0, 1.0
    for x, rate, lo, hi in zip(flat, rates, claimed.lo, claimed.hi, strict=True):
        slope = float(rate.mid())
        if slope != 0.0:
            ends = sorted(float((arb(end) - x).mid()) / slope for end in (lo, hi))
            low, high = max(low, ends[0]), min(high, ends[1])
    angle = arb(0.5 * (low + high))
    phase = acb(angle.cos(), angle.sin())
    turned = [z * phase for z in turned]
    return all_inside([z.real for z in turned] + [z.imag for z in turned], claimed.lo, claimed.hi)


def _check_isolation(
    entry: Any, family: Family | None, newton: Newton, zero: Point, radii: list[arb], checks: Checks
) -> None:
    n = len(zero.state)
    iso = member(entry, "isolation", "the theorem")
    parameter = decode.number(member(iso, "parameter_radius", "isolation"), "the radius of the parameter")
    frequency = decode.number(member(iso, "frequency_radius", "isolation"), "the radius of the frequency")
    state = decode.numbers(member(iso, "state_radius", "isolation"), "the radius of the state", n)
    vector = decode.numbers(member(iso, "eigenvector_radius", "isolation"), "the radius of the eigenvector", n)
    stated = [parameter, frequency, *state, *vector, *vector]
    if not all(r >= 0 for r in stated):
        raise decode.Malformed("isolation: a negative radius")
    balls = [arb(r) for r in stated]
    reach = [abs(z - c) for z, c in zip(zero.flat(), newton.centre.flat(), strict=True)]
    # the radii of the eigenvector are those of discs: a part within the radius is not enough
    discs = [modulus(acb(a, b)) for a, b in zip(reach[2 + n : 2 + 2 * n], reach[2 + 2 * n :], strict=True)]
    holds = all(
        bool(a.upper() <= b) for a, b in zip([*reach, *discs], [*balls, *balls[2 + n : 2 + 2 * n]], strict=True)
    )
    checks.add("the zero lies in the isolating box", holds)
    name = "the augmented system has no other zero in the isolating box"
    if all(math.isfinite(r) for r in stated):
        within = all(bool(a <= b) for a, b in zip(balls, radii, strict=True))
        checks.add(name, within or newton.contracts([b + arb(2.0**-200) for b in balls]))
    else:
        checks.add(name, _alone_in_family(family, newton.centre, parameter, frequency), "diagonal family")


def _alone_in_family(family: Family | None, centre: Point, parameter: float, frequency: float) -> bool:
    """x' = c s(A(p) x + b), s odd and monotone with the only zero 0: (p, w) belongs to exactly one eigenvalue of M.

    Equilibria are the zeros of A(p) x + b, J = c s'(0) (M + p I), so p = -Re lambda and w = c s'(0) |Im lambda|.
    """
    speed = None if family is None else family.slope
    if family is None or speed is None or not (math.isfinite(parameter) and math.isfinite(frequency)):
        return False
    matrix = acb_mat([[acb(z) for z in row] for row in family.matrix.table()])
    return any(
        _one_candidate(enclose_spectrum(matrix, corrections), centre, parameter, frequency, speed)
        for corrections in (0, 2)
    )


def _one_candidate(found: Discs | None, centre: Point, parameter: float, frequency: float, speed: arb) -> bool:
    """Does exactly one disc, an isolated one, meet the box about (p, w)?"""
    if found is None:
        return False
    candidates = 0
    for i, (c, r) in enumerate(zip(found.centre, found.radius, strict=True)):
        off_p = abs(-c.real - centre.parameter) > r + arb(parameter)
        off_w = abs(speed * c.imag - centre.frequency) > speed * r + arb(frequency)
        if bool(off_p) or bool(off_w):
            continue
        candidates += 1
        if not found.isolated(i):
            return False
    return candidates == 1


def _check_coefficients(
    entry: Any,
    evaluator: Evaluator,
    family: Family | None,
    zero: Point,
    jacobian: acb_mat,
    psi: list[acb],
    checks: Checks,
) -> Coefficients:
    found = coefficients(evaluator, zero, jacobian, psi)
    claim = _claimed(entry, "transversality")
    truth = found.transversality if family is None else family.slope  # there d Re(lambda)/dp = c s'(0)
    name = "the enclosure of the transversality holds it"
    checks.add(name, truth is not None and inside(truth, claim.lo, claim.hi), "" if truth is None else show(truth))
    checks.add("the pair crosses the axis with non-zero speed", claim.lo > 0 or claim.hi < 0)
    claim = _claimed(entry, "lyapunov_coefficient")
    everything = claim.lo == -math.inf and claim.hi == math.inf
    l1 = found.lyapunov
    if family is not None and family.slope is not None and evaluator.program.has_weight_radius:
        short = lyapunov_of_family(family, family.slope, zero)
        if short is not None and short.is_finite():
            l1 = short if l1 is None or not l1.is_finite() else l1.intersection(short)
    name = "the enclosure of the first Lyapunov coefficient holds it"
    checks.add(name, everything or (l1 is not None and inside(l1, claim.lo, claim.hi)), "" if l1 is None else show(l1))
    return Coefficients(truth, l1)


def _check_conclusions(entry: Any, unstable: int | None, checks: Checks) -> None:
    """The conclusions follow from the claimed numbers, whose truth was checked before."""
    conclusions = member(entry, "conclusions", "the theorem")
    l1 = _claimed(entry, "lyapunov_coefficient")
    follows = "subcritical" if l1.lo > 0 else "supercritical" if l1.hi < 0 else "undetermined"
    said = member(conclusions, "criticality", "conclusions")
    checks.add("criticality", said == follows, f"stated {said!r}, the Lyapunov coefficient says {follows!r}")
    stable = True if l1.hi < 0 and unstable == 0 else False if l1.lo > 0 or (unstable or 0) > 0 else None
    said = member(conclusions, "cycle_is_stable", "conclusions")
    checks.add("stability of the small cycle", said is stable, f"stated {said!r}, it follows {stable!r}")
