"""IEEE 1788 conformance vectors (ITL form; Nehmeier, Heimlich; Apache-2.0).

Basic operations and the square root exactly, the other functions of the closed list contained and at most a few units
wider, questions, numbers and sets exactly. Cases that do not apply to an interval type without empty set, NaI and
decorations, or to functions that capnode does not have, are counted by kind.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from capnode import _core
from capnode.interval_array import IntervalArray, interval

EXACT = {
    "neg": "negate", "recip": "reciprocal", "sqr": "square", "sqrt": "sqrt", "abs": "abs",
    "add": "add", "sub": "subtract", "mul": "multiply", "div": "divide", "min": "minimum", "max": "maximum",
}  # fmt: skip
CONTAINED = {"exp": "exp", "log": "log", "sin": "sin", "cos": "cos", "tanh": "tanh", "atan": "atan"}
QUESTIONS = {"subset": "subset", "interior": "interior", "disjoint": "disjoint", "strictPrecedes": "certainly_less"}
NUMBERS: dict[str, Callable[[IntervalArray], Any]] = {
    "inf": lambda x: x.lo, "sup": lambda x: x.hi, "mid": lambda x: x.mid, "rad": lambda x: x.rad,
    "wid": lambda x: x.width, "mag": lambda x: x.magnitude, "mig": lambda x: x.mignitude,
}  # fmt: skip
SETS = {"convexHull": "hull", "intersection": "intersect", "cancelPlus": None, "cancelMinus": None}

CASE = re.compile(r"^\s+(\w+)\s+(.*?)\s*=\s*(.*?);\s*$")
SET = re.compile(r"\[([^\]]*)\](_\w+)?")


def cases_of(path: Path) -> list[tuple[str, str, str]]:
    text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)
    return [match.groups() for line in text.splitlines() if (match := CASE.match(line))]  # type: ignore[misc]


def number(text: str) -> float:
    text = text.strip().lower().replace("infinity", "inf")
    return float.fromhex(text) if "0x" in text else float(text)


def ends(text: str) -> tuple[float, float]:
    if text.strip() == "entire":
        return -math.inf, math.inf
    parts = text.split(",")
    return number(parts[0]), number(parts[-1])


def arguments(text: str) -> list[tuple[float, float]] | None:
    """The intervals of a case; None where one of them is empty, NaI or decorated."""
    found = SET.findall(text)
    if any(body.strip() in ("empty", "nai") or decoration for body, decoration in found):
        return None
    return [ends(body) for body, _ in found]


def array(x: tuple[float, float]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    return np.array([x[0]]), np.array([x[1]])


def evaluate(operation: str, sets: list[tuple[float, float]], rest: str) -> tuple[float, float]:
    flat = [end for x in sets for end in array(x)]
    if operation == "pown":
        lo, hi = _core.interval_power(*flat, int(rest.split()[-1]))
    elif operation in CONTAINED:
        lo, hi = _core.interval_apply(CONTAINED[operation], *flat)
    elif len(sets) == 1:
        lo, hi = _core.interval_unary(EXACT[operation], *flat)
    else:
        lo, hi = _core.interval_binary(EXACT[operation], *flat)
    return float(lo[0]), float(hi[0])


def few_units_wider(got: tuple[float, float], wanted: tuple[float, float], units: int = 4) -> bool:
    low, high = wanted
    for _ in range(units):
        low, high = math.nextafter(low, -math.inf), math.nextafter(high, math.inf)
    return low <= got[0] <= wanted[0] and wanted[1] <= got[1] <= high


def test_elementary_functions(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done: Counter[str] = Counter()
    skipped: Counter[str] = Counter()
    for operation, left, right in cases_of(shared / "data/itl/libieeep1788_elem.itl"):
        if operation not in EXACT and operation not in CONTAINED and operation != "pown":
            skipped[f"function {operation}"] += 1
            continue
        sets, wanted = arguments(left), arguments(right)
        if sets is None or wanted is None:
            skipped["empty, NaI or decorated"] += 1
            continue
        if operation == "log" and sets[0][0] <= 0:  # undefined somewhere: the whole line
            assert evaluate(operation, sets, left) == (-math.inf, math.inf)
            skipped["log over the end of its domain"] += 1
            continue
        got = evaluate(operation, sets, left)
        if operation in EXACT:
            assert got == wanted[0], (operation, left, right, got)
        else:
            assert few_units_wider(got, wanted[0]), (operation, left, right, got)
        done[operation] += 1
    report(capsys, "elementary functions", done, skipped)
    assert all(done[operation] >= 5 for operation in [*EXACT, *CONTAINED, "pown"]), done
    assert sum(done.values()) > 500


def test_questions(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done: Counter[str] = Counter()
    skipped: Counter[str] = Counter()
    for operation, left, right in cases_of(shared / "data/itl/libieeep1788_bool.itl"):
        sets = arguments(left)
        if operation not in QUESTIONS:
            skipped[f"question {operation}"] += 1
        elif sets is None:
            skipped["empty, NaI or decorated"] += 1
        else:
            got = _core.interval_question(QUESTIONS[operation], *array(sets[0]), *array(sets[1]))
            assert bool(got[0]) == (right == "true"), (operation, left, right)
            done[operation] += 1
    report(capsys, "questions", done, skipped)
    assert all(done[operation] >= 5 for operation in QUESTIONS), done


def test_numbers_of_a_set(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done: Counter[str] = Counter()
    skipped: Counter[str] = Counter()
    for operation, left, right in cases_of(shared / "data/itl/libieeep1788_num.itl"):
        sets = arguments(left)
        if operation not in NUMBERS:
            skipped[f"function {operation}"] += 1
        elif sets is None:
            skipped["empty, NaI or decorated"] += 1
        else:
            got = float(NUMBERS[operation](interval(*sets[0])))
            assert got == number(right), (operation, left, right, got)
            done[operation] += 1
    report(capsys, "numbers of a set", done, skipped)
    assert all(done[operation] >= 5 for operation in NUMBERS), done


def test_set_operations(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done: Counter[str] = Counter()
    skipped: Counter[str] = Counter()
    for operation, left, right in cases_of(shared / "data/itl/libieeep1788_set.itl"):
        sets, wanted = arguments(left), arguments(right)
        if sets is None or wanted is None:
            skipped["empty, NaI or decorated"] += 1
            continue
        got = getattr(interval(*sets[0]), SETS[operation])(interval(*sets[1]))
        assert (float(got.lo), float(got.hi)) == wanted[0], (operation, left, right)
        done[operation] += 1
    report(capsys, "set operations", done, skipped)
    assert done["convexHull"] >= 3
    assert done["intersection"] >= 3


def report(capsys: pytest.CaptureFixture[str], title: str, done: Counter[str], skipped: Counter[str]) -> None:
    with capsys.disabled():
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(skipped.items()))
        print(f"\nITL {title}: {sum(done.values())} checked ({dict(done)}); not applicable: {kinds}")
