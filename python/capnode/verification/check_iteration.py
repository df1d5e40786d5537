"""Re-check of the theorems `map_iteration` and `map_exponents`: the orbit of a map, iterated again.

From a point, with exact weights, in balls at as many bits as it takes until what is found lies in what is claimed, or
does not meet it; a set by the mean value theorem (map_steps.py). Exponents from a point are those of the derivative
that is found here; from sets, those of every matrix in the claimed enclosure of the derivative.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flint import arb, arb_mat, ctx

from capnode.verification import decode
from capnode.verification.check_exponents import check_exponents_of, claims_hold, claims_refuted, singular_values_of
from capnode.verification.check_trajectory import Support, check_derivative, misses, support_of
from capnode.verification.decode import Box, Malformed, member
from capnode.verification.flow_step import NotProvedAgain
from capnode.verification.map_steps import Orbit, iterate_point, iterate_set, read_orbit
from capnode.verification.program import Program
from capnode.verification.report import Checks
from capnode.verification.trajectory_steps import exact

MOST_BITS = 16384  # of the orbit of a point


def check_iteration(entry: Any, programs: Mapping[str, Program], checks: Checks) -> tuple[Orbit, Support | None]:
    """The orbit, and what was found at its end where it was proved again."""
    orbit = read_orbit(entry, programs)
    n = len(orbit.initial.centre)
    count = member(member(entry, "conclusions", "the theorem"), "steps", "conclusions")
    checks.add("the number of steps", count == orbit.steps, f"stated {count!r:.20}, found {orbit.steps}")
    enclosures = member(entry, "enclosures", "the theorem")
    final = decode.box(member(enclosures, "final", "enclosures"), "the final enclosure", n)
    states = decode.box(member(enclosures, "states", "enclosures"), "the points of the orbit", n * (orbit.steps + 1))
    stored = member(enclosures, "derivative", "enclosures")
    derivative = None if stored is None else decode.box(stored, "the derivative", n * n)
    claims = [Box(states.lo[k * n : (k + 1) * n], states.hi[k * n : (k + 1) * n]) for k in range(orbit.steps + 1)]
    name = "all points of the orbit are enclosed"
    if not orbit.is_point:
        reason: list[str] = []
        last: list[arb] = []

        def visit(k: int, x: list[arb]) -> bool:
            last[:] = x
            reason[:] = misses(x, claims[k], f"point {k}, ")
            return not reason

        try:
            end_of_set = iterate_set(orbit, derivative is not None, visit)
        except NotProvedAgain as failure:
            checks.add(name, False, str(failure))
            return orbit, None
        checks.add(name, not reason, reason[0] if reason else f"all {orbit.steps + 1}, with own sets")
        if end_of_set is None:
            return orbit, None
        table, centre, carried = end_of_set
        _check_final(last, final, checks)
        if derivative is not None:
            check_derivative(table, n, derivative, checks)
        return orbit, support_of(centre, carried)
    bits, wrong, end, table = _at_enough_bits(orbit, claims, final, derivative)
    if not checks.add(name, not wrong, wrong or f"all {orbit.steps + 1}, in balls of {bits} bits"):
        return orbit, None
    _check_final(end, final, checks)
    if derivative is not None:
        check_derivative(table, n, derivative, checks)
    return orbit, lambda rows: (rows * arb_mat(n, 1, end)).entries()


def _check_final(found: list[arb], final: Box, checks: Checks) -> None:
    wrong = misses(found, final)
    checks.add("the final enclosure", not wrong, wrong)


def _refuted(found: list[arb], box: Box) -> bool:
    """No more bits would help: some component certainly does not lie in the box."""
    return any(
        x.is_finite() and (bool(x < arb(a)) or bool(x > arb(b))) for x, a, b in zip(found, box.lo, box.hi, strict=True)
    )


def _at_enough_bits(
    orbit: Orbit, claims: list[Box], final: Box, derivative: Box | None
) -> tuple[int, str, list[arb], arb_mat]:
    """(bits, what is wrong, the last point, the derivative there): more bits as long as these might help."""
    n = len(orbit.initial.centre)
    bits = ctx.prec
    while True:
        wrong: list[str] = []
        last: list[arb] = []
        hopeless: list[bool] = []

        def visit(
            k: int,
            x: list[arb],
            wrong: list[str] = wrong,
            last: list[arb] = last,
            hopeless: list[bool] = hopeless,
        ) -> bool:
            last[:] = x
            wrong[:] = misses(x, claims[k], f"point {k}, ")
            hopeless[:] = [_refuted(x, claims[k])]
            return not wrong

        with ctx.workprec(bits):
            table = iterate_point(orbit, derivative is not None, visit)
        more = bool(wrong)
        if table is not None:
            more = bool(misses(last, final)) and not _refuted(last, final)
            if derivative is not None:
                block = [table[i, j] for i in range(n) for j in range(n)]
                more = more or (bool(misses(block, derivative)) and not _refuted(block, derivative))
        if not more or hopeless == [True] or 2 * bits > MOST_BITS:
            return bits, wrong[0] if wrong else "", last, table if table is not None else arb_mat(0, 0)
        bits *= 2


def check_map_exponents(entry: Any, programs: Mapping[str, Program], checks: Checks) -> None:
    enclosures = member(entry, "enclosures", "the theorem")
    if "derivative" in enclosures:
        orbit, _ = check_iteration(entry, programs, checks)
        check_exponents_of(entry, len(orbit.initial.centre), orbit.time, checks)
        return
    orbit = read_orbit(entry, programs)
    n = len(orbit.initial.centre)
    conclusions = member(entry, "conclusions", "the theorem")
    count, kind = member(conclusions, "steps", "conclusions"), member(conclusions, "kind", "conclusions")
    checks.add("the number of steps", count == orbit.steps, f"stated {count!r:.20}, found {orbit.steps}")
    checks.add("the kind of the exponents is known", kind == "singular", f"{kind!r:.40}")
    claimed = decode.box(member(enclosures, "exponents", "enclosures"), "the exponents", n)
    if orbit.time == 0:
        raise Malformed("the exponents are over a time of zero length")
    if not checks.add("the orbit is that of a point, with exact weights", orbit.is_point):
        return
    bits = 2 * ctx.prec
    while True:
        with ctx.workprec(bits):
            table = iterate_point(orbit, True, lambda k, x: True)
            assert table is not None
            block = arb_mat(n, n, [table[i, j] for i in range(n) for j in range(n)])
            found = singular_values_of(block)
            time = exact(orbit.time)
            wrong = "the derivative is not bounded" if found is None else claims_hold(found, claimed, time)
            hopeless = found is not None and claims_refuted(found, claimed, time)
        if not wrong or hopeless or 2 * bits > MOST_BITS:
            break
        bits *= 2
    checks.add("the exponents of the derivative found here", not wrong, wrong or f"all {n}, in balls of {bits} bits")
