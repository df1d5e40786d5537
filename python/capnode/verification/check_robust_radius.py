"""Re-check of the theorem `robust_radius`: every input within the radius has the class of the given one.

With A = f_x along the solution x(t) of the input, Y(t, s) its solution operator, a_k(t) = Y(T, t)^T (w_c - w_k), a
solution z from the ball has e = z - x with e' = A e + w, |w| <= q(t) as long as |e| <= rho(t) (variation.py), so

    |e(t)| <= |Y(t, 0)| r + integral_0^t |Y(t, s)| q(s) ds,
    the margin over class k falls by at most r |a_k(0)| + integral_0^T |a_k(t)| q(t) dt.

The steps of the trajectory are proved again with tangents (flow_step.py), piece by piece. On a piece of length h:
Phi its solution operator, mu >= the logarithmic norm of A there, kappa = exp(h max(mu, 0)). Inside it |Y(t, 0)| and
|a_k(t)| are at most kappa times their values at its start and its end, and with S = |Y(start, 0)|, I the integral up to
the start,

    rho > kappa (r S + I + h q(rho)),   I' = min(exp(h mu), |Phi|) I + kappa h q,   loss_k += kappa h q |a_k(end)|,

a part of the piece at a time, with S and |a_k| inside from those at its ends by exp(mu t).

All norms are 2-norms. Nothing of the proof is taken from the certificate but the input, the steps and the claim.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from flint import arb, arb_mat, arb_poly, ctx

from capnode.verification import decode
from capnode.verification.balls import all_inside, symmetric
from capnode.verification.check_trajectory import check_counts, misses
from capnode.verification.decode import Malformed, member, number
from capnode.verification.flow_step import (
    FIRST_PIECE,
    SMALLEST_PIECE,
    NotProvedAgain,
    PieceBounds,
    Step,
    StepProver,
    identity,
)
from capnode.verification.norms import euclidean, spectral
from capnode.verification.program import Program
from capnode.verification.readout import Readout, check_margins, claimed_class, read_readout
from capnode.verification.report import Checks
from capnode.verification.trajectory_steps import Path, as_step, carried_set, read_layered_path, time_table
from capnode.verification.variation import Variation

ORDER, GOAL = 10, 2.0**-52  # of the series on a piece: the tangents need no more
MOST_ROWS = 128  # of the state and the parameters, and
MOST_WORK = 3 * 10**7  # their cube times the steps
MOST_STEPS = 5000
PARTS = 4  # of a piece
REACH = 2.0**-5  # a piece is no longer than this over |A|, and
FEWEST = 8  # are all pieces together at least
BITS = 80
ATTEMPTS = 20


@dataclass
class Piece:
    """Of the solution x(t) over a piece of time."""

    phi: arb_mat
    span: arb
    mu: arb
    box: list[arb]
    time: arb | None
    variation: Variation


def check_robust_radius(entry: Any, programs: Mapping[str, Program], checks: Checks) -> None:
    with ctx.workprec(BITS):
        _check(entry, programs, checks)


def _check(entry: Any, programs: Mapping[str, Program], checks: Checks) -> None:
    path, wrong = read_layered_path(entry, programs, partial(StepProver, order=ORDER, goal=arb(GOAL)))
    n = len(path.initial.centre)
    readout = read_readout(entry, n)
    cls = claimed_class(entry, readout)
    radius = number(member(member(entry, "conclusions", "the theorem"), "radius", "conclusions"), "the radius")
    if not 0.0 < radius < float("inf"):
        raise Malformed(f"the radius is {radius!r}")
    if any(path.initial.radii):
        raise Malformed("the input is a set")
    total, rows = len(path.placed), n + len(path.initial.parameter.lo)
    check_counts(entry, path, checks)
    if rows > MOST_ROWS or rows**3 * total > MOST_WORK or total > MOST_STEPS:
        checks.add("the radius is proved again", False, f"{total} steps with {rows} components are too many")
        return
    final = decode.box(member(member(entry, "enclosures", "the theorem"), "final", "enclosures"), "the final state", n)
    wrong = wrong or time_table(path)
    whole = member(entry, "reached", "the theorem") is None
    if not checks.add("the steps cover all times", not wrong and whole, wrong):
        return
    try:
        pieces, found = _pieces(path)
    except NotProvedAgain as reason:
        checks.add("the solution stays in the tube of every step", False, str(reason))
        return
    checks.add("the solution stays in the tube of every step", True, f"{len(path.placed)} steps, {len(pieces)} pieces")
    wrong = misses(found, final)
    checks.add("the final enclosure", not wrong, wrong)
    margins = readout.margins_at(found, cls)
    check_margins(entry, margins, cls, checks)
    _check_losses(pieces, path, readout, cls, arb(radius), margins, checks)


def _pieces(path: Path) -> tuple[list[Piece], list[arb]]:
    """All pieces of all steps, and the state at the end."""
    initial = path.initial
    n = len(initial.centre)
    carried = carried_set(initial, True)
    centre = [arb(c) for c in initial.centre] + [arb(c) for c in initial.parameter.middle]
    pieces: list[Piece] = []
    variations: dict[int, Variation] = {}
    total = sum(abs(claimed.length) for _, claimed in path.placed)
    for k, (stretch, claimed) in enumerate(path.placed):
        step = as_step(claimed, stretch, initial.parameter)
        carried.move_centre([c - p[0] for c, p in zip(centre, step.polynomial, strict=True)])
        variation = variations.setdefault(id(stretch.program), Variation(stretch.program))
        prover = stretch.prover

        def visit(
            a: float,
            h: float,
            bounds: PieceBounds,
            step: Step = step,
            prover: StepProver = prover,
            variation: Variation = variation,
        ) -> None:
            pieces.append(_piece(step, prover, variation, a, h, bounds, n))

        try:
            prover.run(step, carried, visit, _longest(step, prover, n, total))
        except NotProvedAgain as reason:
            raise NotProvedAgain(f"step {k}: {reason}") from None
        centre = [p(arb(1)) for p in step.polynomial]
        found = [c + v for c, v in zip(centre[:n], carried.hull()[:n], strict=True)]
        if not all_inside(found, claimed.end.lo, claimed.end.hi):
            raise NotProvedAgain(f"step {k}: its end was not found in the claimed enclosure")
    return pieces, found


def _longest(step: Step, prover: StepProver, n: int, total: float) -> float:
    """The longest piece of a step, as a share of it: a choice, by the Jacobian at its start."""
    x = [p(arb(0)) for p in step.polynomial]
    rows = prover.evaluator.jacobian(x, (), None, step.start if prover.timed else None).dx
    assert rows is not None
    norm = float(spectral(arb_mat(n, n, [z for row in rows[:n] for z in row[:n]])))
    length, share = abs(step.length), FIRST_PIECE
    while share > SMALLEST_PIECE and (share * length * norm > REACH or share * length * FEWEST > total):
        share *= 0.5
    return share


def _piece(
    step: Step, prover: StepProver, variation: Variation, a: float, h: float, bounds: PieceBounds, n: int
) -> Piece:
    half = arb(h) / 2
    middle = arb(a) + half
    box = [
        p(arb_poly([middle, 1]))(symmetric(half.upper())) + symmetric(bounds.within[i, 0])
        for i, p in enumerate(step.polynomial)
    ]
    length = arb(step.length)
    time = step.start + length * (middle + symmetric(half)) if prover.timed else None
    mu = prover.logarithmic_norm(box, time, arb(1) if step.length > 0 else arb(-1), n)
    phi = arb_mat(
        n,
        n,
        [bounds.operator[i, j] + symmetric(bounds.tangent_error[i, j]) for i in range(n) for j in range(n)],
    )
    return Piece(phi, abs(length) * arb(h), mu, box, time, variation)


def _check_losses(
    pieces: list[Piece],
    path: Path,
    readout: Readout,
    cls: int,
    radius: arb,
    margins: list[arb],
    checks: Checks,
) -> None:
    n = len(path.initial.centre)
    parameter = path.initial.parameter.balls
    rows = readout.directions(cls)
    after: list[list[arb]] = []  # |a_k| at the ends of the pieces, from the last one back
    for piece in reversed(pieces):
        after.append([euclidean(row) for row in rows.table()])
        rows = rows * piece.phi
    after.reverse()
    losses = [radius * euclidean(row) for row in rows.table()]
    y, stretch, integral = identity(n), arb(1), arb(0)
    for k, piece in enumerate(pieces):
        span = piece.span / PARTS
        kappa = (span * piece.mu.max(arb(0))).exp().upper()
        step = (span * piece.mu).exp().upper()
        before, stretch_before, added = integral, stretch, arb(0)
        for part in range(PARTS):
            q = _remainder(piece, span, parameter, kappa, (radius * stretch + integral).upper())
            if q is None:
                checks.add("the tube of the ball closes", False, f"piece {k + 1} of {len(pieces)}")
                return
            factor = (kappa * span * q).upper()
            later = factor * step ** (PARTS - 1 - part)
            losses = [(loss + later * size).upper() for loss, size in zip(losses, after[k], strict=True)]
            integral = (step * integral + factor).upper()
            added += later
            stretch = (stretch * step).upper()
        whole = spectral(piece.phi)
        integral = integral.min((whole * before + added).upper()).upper()
        y = piece.phi * y
        stretch = stretch.min(spectral(y)).min((whole * stretch_before).upper()).upper()
    checks.add("the tube of the ball closes", True, f"{len(pieces)} pieces")
    others = [k for k in range(readout.classes) if k != cls]
    worst = max(others, key=lambda k: float(losses[k]) / max(float(margins[k].lower()), 1e-300))
    holds = all(bool(losses[k] < margins[k].lower()) for k in others)
    margin, loss = float(margins[worst].lower()), float(losses[worst])
    detail = f"over class {worst} the margin {margin:.9g} falls by at most {loss:.9g}"
    checks.add("on the ball no margin falls to zero", holds, detail)


def _remainder(piece: Piece, span: arb, parameter: list[arb], kappa: arb, base: arb) -> arb | None:
    """q over the tube of the ball on a part of a piece: rho > kappa (base + h q(rho)), rho near the least there is."""
    rho, q = (kappa * base * arb(1.01)).upper(), None
    for _ in range(ATTEMPTS):
        found = piece.variation.remainder(piece.box[: len(piece.box) - len(parameter)], parameter, piece.time, rho)
        need = (kappa * (base + span * found)).upper()
        if not need.is_finite():
            return q
        if bool(need < rho):
            if q is not None or bool(need * arb(1.001) > rho):
                return found
            q = found
            rho = (need * arb(1.0005)).upper()
        elif q is not None:
            return q
        else:
            rho = (need * arb(1.02)).upper()
    return q
