"""A certificate of samples of an FTLE field: exponents at a few inputs, with what the field says there.

It proves the exponents at these inputs again, in another arithmetic, and that they meet the intervals of their cells;
the other cells, and the intervals over whole cells, it does not prove again.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from capnode.certificate import (
    Certificate,
    bounds,
    certificate_of_many,
    document_digest,
    field_core,
    interval_entry,
)
from capnode.errors import InternalError, NotProved
from capnode.ftle_field import FtleField
from capnode.interval_array import IntervalArray
from capnode.lyapunov import lyapunov_exponents
from capnode.statements import statement

MAX_SECONDS = 5.0  # of one sample


@dataclass(frozen=True)
class Flow:
    """What the run integrated, where that is the flow of one field from the inputs themselves."""

    field: Any
    t0: float
    t: float
    p: IntervalArray | None


def flow_of(run: FtleField) -> Flow:
    """ValueError, which says why, where samples of the run have no certificate."""
    lines = [line.split() for line in run.specification.splitlines()]
    layers = [words for words in lines if words[:1] == ["layer"]]
    by_key = {words[0]: words[1:] for words in lines if words}
    if "map" in by_key:
        raise ValueError("the run is of an exact map; certificates of exponents are about flows")
    if len(layers) != 1:
        raise ValueError(f"the run is of {len(layers)} layers; certificates of exponents are about one field")
    if by_key.get("encoder") != ["0"] or by_key.get("offset") != ["0"]:
        raise ValueError(
            "the inputs enter through an encoder; certificates of exponents are about the flow from the state itself"
        )
    digest, duration = layers[0][1], float.fromhex(layers[0][2])
    t0 = float.fromhex(by_key["t0"][0])
    if Fraction(t0 + duration) != Fraction(t0) + Fraction(duration):
        raise ValueError(f"the final time {t0!r} + {duration!r} is no double")
    field = _field(run, digest)
    ends = np.array([float.fromhex(word) for word in by_key["parameter"][1:]])
    return Flow(field, t0, t0 + duration, IntervalArray(ends[::2], ends[1::2]) if ends.size else None)


def _field(run: FtleField, digest: str) -> Any:
    from capnode.field import Field

    for field in run.systems:
        if field.digest == digest:
            return field_core(field)
    if run.folder is not None:
        for path in sorted(run.folder.glob("field-*.capnode")):
            field = Field.load(path)
            if field.digest == digest:
                return field.core
    raise ValueError(f"the field {digest[:16]} of the run is not at hand: load the folder of the run")


def chosen(run: FtleField, samples: int) -> tuple[IntervalArray, IntervalArray]:
    """(cells or points (k, 2), their intervals (k,)): of what is proved the largest middle, the smallest, and others
    evenly spread over the field. The same run gives the same choice."""
    if run.method == "cells":
        boxes, lower, upper, codes = run.cells.boxes, run.cells.lower, run.cells.upper, run.cells.codes
    else:
        boxes, lower, upper, codes = run.boxes.reshape(-1, 2), run.lower.ravel(), run.upper.ravel(), run.codes.ravel()
    good = np.flatnonzero(codes == run.verdict_names.index("proved"))
    if not good.size:
        raise ValueError("no entry of the field is proved: there is nothing to sample")
    middle = 0.5 * lower[good] + 0.5 * upper[good]
    candidates = [good[int(np.argmax(middle))], good[int(np.argmin(middle))]]
    spread = np.linspace(0, good.size - 1, max(samples, 1) + 2).round().astype(int)[1:-1]
    candidates += [good[k] for k in spread]
    rest: list[int] = []
    for k in map(int, candidates):
        if k not in rest:
            rest.append(k)
    index: NDArray[np.int64] = np.array(rest[:samples], dtype=np.int64)
    return IntervalArray(boxes.lo[index], boxes.hi[index]), IntervalArray(lower[index], upper[index])


def certificate_of_samples(run: FtleField, samples: int = 4) -> Certificate:
    """`FtleField.certificate`: see there."""
    if isinstance(samples, bool) or not isinstance(samples, int) or samples < 1:
        raise ValueError(f"samples must be an integer of at least 1, not {samples!r}")
    flow = flow_of(run)
    cells, intervals = chosen(run, samples)
    results: list[Any] = []
    kept: list[int] = []
    why = ""
    for k in range(len(cells.lo)):
        point = np.clip(0.5 * cells.lo[k] + 0.5 * cells.hi[k], cells.lo[k], cells.hi[k])
        result = lyapunov_exponents(flow.field, point, flow.t, flow.p, t0=flow.t0, max_seconds=MAX_SECONDS)
        try:
            result.certificate()
        except (NotProved, ValueError) as reason:  # lost on the way, or too long to be proved again
            why = why or f"the first, at {point.tolist()}: {reason}"
            continue
        results.append(result)
        kept.append(k)
    if not results:
        raise ValueError(f"none of the {len(cells.lo)} samples has a certificate; {why}")
    document = certificate_of_many(results).document
    for entry, k in zip(document["theorems"], kept, strict=True):
        entry["sample"] = {
            "cell": interval_entry(cells[k]),
            "interval": bounds([intervals.lo[k]], [intervals.hi[k]]),
        }
        lo, hi = (float.fromhex(entry["enclosures"]["exponents"][end].split()[0]) for end in ("lo", "hi"))
        if not (lo <= intervals.hi[k] and intervals.lo[k] <= hi):
            raise InternalError(f"the exponent [{lo!r}, {hi!r}] does not meet the interval {intervals[k]} of its cell")
        entry["statement"] = statement(entry)
    document["digest"] = document_digest(document)
    return Certificate(document)
