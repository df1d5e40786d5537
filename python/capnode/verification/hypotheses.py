"""The stored lines of evidence: does `left relation right` follow from the stored numbers, and does it say so?"""

from __future__ import annotations

from typing import Any

from capnode.verification.decode import Malformed, member, number
from capnode.verification.report import Checks

Side = tuple[float, float]


def holds(left: Side, relation: str, right: Side) -> bool | None:
    """The relation between two enclosures, certain for all their members, except "meets", which says that they have a
    number in common; None where the relation is unknown."""
    match relation:
        case "<":
            return left[1] < right[0]
        case "<=":
            return left[1] <= right[0]
        case ">":
            return left[0] > right[1]
        case ">=":
            return left[0] >= right[1]
        case "subset":
            return right[0] <= left[0] and left[1] <= right[1]
        case "interior":
            return right[0] < left[0] and left[1] < right[1]
        case "meets":
            return left[0] <= right[1] and right[0] <= left[1]
        case "excludes" | "differs from":
            return right[1] < left[0] or left[1] < right[0]
        case "contains":
            return left[0] <= right[0] and right[1] <= left[1]
        case "=" | "==":
            return left[0] == left[1] == right[0] == right[1]
    return None


def lines(entry: Any) -> list[tuple[str, Side, str, Side, bool]]:
    stored = member(entry, "hypotheses", "the theorem")
    if not isinstance(stored, list):
        raise Malformed("hypotheses: a list expected")
    out = []
    for line in stored:
        name = member(line, "name", "a hypothesis")
        what = f"hypothesis {name!r}"
        sides = []
        for side in ("left", "right"):
            ends = member(line, side, what)
            if not isinstance(ends, list) or len(ends) != 2:
                raise Malformed(f"{what}: its {side} side must be [lo, hi]")
            lo, hi = (number(end, what) for end in ends)
            if not lo <= hi:
                raise Malformed(f"{what}: the lower end of its {side} side exceeds the upper end")
            sides.append((lo, hi))
        out.append((str(name), sides[0], str(member(line, "relation", what)), sides[1], member(line, "holds", what)))
    return out


def check_hypotheses(entry: Any, checks: Checks) -> None:
    """Every line must hold by its own numbers, and say that it does."""
    found = lines(entry)
    checks.add("hypotheses are listed", bool(found), f"{len(found)} lines")
    for name, left, relation, right, said in found:
        truth = holds(left, relation, right)
        text = f"[{left[0]:.6g}, {left[1]:.6g}] {relation} [{right[0]:.6g}, {right[1]:.6g}]"
        if truth is None:
            checks.add(f"hypothesis: {name}", False, f"unknown relation {relation!r}")
        else:
            detail = text if truth and said is True else f"{text} is {truth}, the certificate says {said!r}"
            checks.add(f"hypothesis: {name}", truth and said is True, detail)
