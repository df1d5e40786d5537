"""The lines of evidence of a Hopf point: which quantities they name, and whether the stored numbers agree with them.

Some left sides are quantities in their own right (frequency, crossing speed, Lyapunov coefficient): they must hold
what was found here. Some are lower bounds of distances between eigenvalues: they must not exceed what was found. Others
are intermediate numbers of the core's method (contraction numbers), which nothing here can reproduce: of these only the
relation is checked, which `hypotheses.py` does. A line of another name is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flint import arb

from capnode.verification.balls import between, inside, show
from capnode.verification.hopf_point import AxisCount, Coefficients
from capnode.verification.hypotheses import Side, lines
from capnode.verification.report import Checks


@dataclass(frozen=True)
class Facts:
    """What was found. The diagonal path speaks of the eigenvalues of M: those of J are `speed` times as far apart."""

    frequency: arb
    coefficients: Coefficients
    axis: AxisCount
    speed: arb
    dim: int
    of_a_set: bool


OF_THE_METHOD = (
    "f = 0",
    "the zero is unique in the box",
    "i w is simple: the bordered matrix is nonsingular",
    "J is invertible",
    "2 i w is no eigenvalue",
    "eigenvector basis",
)
REQUIRED = ("frequency", "transversality", "no other eigenvalue on the imaginary axis")


def check_hopf_evidence(entry: Any, facts: Facts, checks: Checks) -> None:
    """Each line by its name; and the lines that the theorem needs are there."""
    names = [name for name, *_ in lines(entry)]
    for required in REQUIRED:
        checks.add(f"the evidence speaks of: {required}", any(name.startswith(required) for name in names))
    for name, left, _, right, _ in lines(entry):
        holds, detail = _agrees(name, left, right, facts)
        checks.add(f"evidence agrees: {name}", holds, detail)


def _agrees(name: str, left: Side, right: Side, facts: Facts) -> tuple[bool, str]:
    if name.startswith("frequency"):
        return _contains(left, facts.frequency, facts) and right == (0.0, 0.0), show(facts.frequency)
    if name.startswith("transversality"):
        return _quantity(left, right, facts.coefficients.transversality, facts)
    if name.startswith("first Lyapunov coefficient"):
        return _quantity(left, right, facts.coefficients.lyapunov, facts)
    if name.startswith("i w is simple: gap"):
        return _at_most(left, right, _either(facts.axis.gap, facts.speed))
    if name.startswith("no other eigenvalue on the imaginary axis: least distance"):
        return _at_most(left, right, _either(facts.axis.distance, facts.speed))
    if name.startswith("no other eigenvalue on the imaginary axis: inertia"):
        wanted = (float(facts.dim - 2),) * 2
        return left == wanted and right == wanted, f"{facts.dim - 2}"
    if name.startswith("no other eigenvalue on the imaginary axis: number"):
        return facts.dim == 2 and left == right == (0.0, 0.0), f"{facts.dim - 2}"
    if name.startswith(OF_THE_METHOD):
        return left[0] >= 0.0, "a number of the method: only its relation is checked"
    return False, "a hypothesis of this name is not known"


def _either(of_j: arb | None, speed: arb) -> arb | None:
    """A distance between eigenvalues of J, or of M, whichever is larger."""
    return None if of_j is None else of_j.max(of_j / speed)


def _quantity(left: Side, right: Side, truth: arb | None, facts: Facts) -> tuple[bool, str]:
    if truth is None:
        return False, "could not be enclosed"
    return _contains(left, truth, facts) and right == (0.0, 0.0), show(truth)


def _contains(claim: Side, truth: arb, facts: Facts) -> bool:
    """For one network the claim must contain the truth; for a set both are estimates from outside and must meet."""
    if facts.of_a_set:
        return bool(between(*claim).overlaps(truth)) and truth.is_finite()
    return inside(truth, *claim)


def _at_most(left: Side, right: Side, truth: arb | None) -> tuple[bool, str]:
    """A lower bound of a distance; where there is no other eigenvalue any bound is right."""
    if truth is None:
        return right == (0.0, 0.0), "there is no other"
    return bool(arb(left[1]) <= truth) and right == (0.0, 0.0), f"at most {show(truth)}"
