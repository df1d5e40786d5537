"""Re-check of the theorem `adversarial_pair`: two points go through one network and have two classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flint import arb

from capnode.verification import decode
from capnode.verification.balls import inside
from capnode.verification.check_input_class import check_input_class
from capnode.verification.decode import Malformed, member, number, numbers
from capnode.verification.program import Program
from capnode.verification.report import Checks
from capnode.verification.trajectory_steps import layers_of


def parts_of(entry: Any) -> list[Any]:
    stored = member(entry, "pair", "the theorem")
    if not isinstance(stored, list) or len(stored) != 2:
        raise Malformed("pair: two inputs expected")
    return stored


def check_adversarial_pair(entry: Any, programs: Mapping[str, Program], checks: Checks) -> None:
    first, second = parts_of(entry)
    checks.add("both inputs go through the same network", _network(first) == _network(second))
    classes, points = [], []
    for part, name in ((first, "first"), (second, "second")):
        if "stages" in part:
            raise Malformed("pair: layers expected")
        own = Checks(f"{checks.prefix}{name} input: ")
        check_input_class({**part, "readout": member(entry, "readout", "the theorem")}, programs, own)
        checks.list += own.list
        classes.append(member(member(part, "conclusions", "the pair"), "class", "conclusions"))
        initial = member(part, "initial", "the pair")
        points.append([arb(c) for c in numbers(member(initial, "centre", "initial"), "the initial centre")])
        radii = numbers(member(initial, "radii", "initial"), "the initial radii")
        checks.add(f"the {name} input is a point", not any(radii))
    checks.add("the classes differ", classes[0] != classes[1], f"{classes[0]!r:.20} and {classes[1]!r:.20}")
    distance = sum(((a - b) ** 2 for a, b in zip(*points, strict=True)), arb(0)).sqrt()
    enclosures = member(entry, "enclosures", "the theorem")
    claimed = decode.interval(member(enclosures, "distance", "enclosures"), "the distance")
    checks.add("the distance", inside(distance, claimed.lo, claimed.hi))


def _network(part: Any) -> tuple[Any, ...]:
    """Fields, durations, time of start and parameter."""
    layers = [
        (member(layer, "field", "a layer"), number(member(layer, "duration", "a layer"), "a duration"))
        for layer in layers_of(part)
    ]
    start = number(member(member(part, "initial", "the pair"), "time", "initial"), "the initial time")
    parameter = decode.box(member(member(part, "enclosures", "the pair"), "parameter", "enclosures"), "the parameter")
    return layers, start, parameter.lo, parameter.hi
