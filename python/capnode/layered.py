"""Networks whose weights are piecewise constant in time: fields one after another, each for its duration.

`integrate(layered, x0)` carries the sets of one layer into the next as they are. Statement and method:
cpp/include/capnode/flow/layered_flow.hpp.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from capnode.arguments import core_of
from capnode.interval_array import IntervalArray, interval

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Layered:
    """Fields of one dim and parameter_dim with their durations: a field that is piecewise constant in time."""

    layers: tuple[tuple[Any, float], ...]

    @property
    def dim(self) -> int:
        return int(core_of(self.layers[0][0]).dim)

    @property
    def parameter_dim(self) -> int:
        return int(core_of(self.layers[0][0]).parameter_dim)

    @property
    def duration(self) -> float:
        """All durations together, to the nearest double; the run ends at their exact sum."""
        return math.fsum(d for _, d in self.layers)

    def ends(self, t0: float) -> IntervalArray:
        """Enclosures of t0 and of the ends of the layers, (layers + 1,)."""
        time = interval(t0)
        lo, hi = [float(time.lo)], [float(time.hi)]
        for _, duration in self.layers:
            time = time + interval(duration)
            lo.append(float(time.lo))
            hi.append(float(time.hi))
        return IntervalArray(np.array(lo), np.array(hi))

    def end(self, t0: float) -> float:
        """The end of the last layer, or where that is no double the nearest one inside."""
        last = self.ends(t0)[len(self.layers)]
        return float(last.lo if self.layers[0][1] > 0.0 else last.hi)

    def until(self, t: float, t0: float) -> Layered:
        """The layers up to the time t, the last one cut there, or at the next double behind it."""
        if t == t0 + self.duration:
            return self
        ends = self.ends(t0)
        for k, (field, duration) in enumerate(self.layers):
            rest = interval(t) - ends[k]
            if float(rest.lo) * duration > 0.0 and float(abs(rest).hi) <= abs(duration):
                return Layered((*self.layers[:k], (field, float(rest.hi if duration > 0.0 else rest.lo))))
        raise ValueError(f"t = {t!r} does not lie in the layers, ({t0!r}, {t0 + self.duration!r}]")

    def exactly_until(self, t: float, t0: float) -> Layered:
        """The same for statements about the time t itself: a ValueError where the cut would miss it by a rounding."""
        cut = self.until(t, t0)
        gap = sum((Fraction(d) for _, d in cut.layers), Fraction(t0)) - Fraction(t)
        if gap:
            raise ValueError(
                f"no double ends the last layer at t = {t!r} (the nearest misses it by {float(gap):.3g}); "
                "leave t out for the end of all layers, or cut the layers at sums of binary numbers"
            )
        return cut

    def __repr__(self) -> str:
        return f"<{len(self.layers)} layers in dimension {self.dim}, duration {self.duration:g}>"


def layered(layers: Iterable[tuple[Any, float]]) -> Layered:
    """A field that is piecewise constant in time: [(field, duration), ...], in the order in which they act.

    Durations are binary numbers, all positive, or all negative (then integration goes back in time through the list).
    """
    kept: list[tuple[Any, float]] = []
    for field, duration in layers:
        core = core_of(field)
        length = float(duration)
        if not math.isfinite(length) or length == 0.0:
            raise ValueError(f"the duration of a layer must be finite and not 0, not {duration!r}")
        if kept and length * kept[0][1] < 0.0:
            raise ValueError(f"the durations must have one sign, not {kept[0][1]!r} and {length!r}")
        first = core_of(kept[0][0]) if kept else core
        if (core.dim, core.parameter_dim) != (first.dim, first.parameter_dim):
            raise ValueError(
                f"the layers have (dim, parameter_dim) = {(first.dim, first.parameter_dim)} and "
                f"{(core.dim, core.parameter_dim)}"
            )
        kept.append((field, length))
    if not kept:
        raise ValueError("there are 0 layers")
    return Layered(tuple(kept))


class LayeredDense:
    """Dense output through all layers that were entered, in the manner of one of the core."""

    def __init__(self, parts: list[Any], ends: IntervalArray) -> None:
        self.parts, self.ends = parts, ends
        self.reached = [float(part.offsets()[-1]) for part in parts]
        last = ends[len(parts) - 1] + interval(self.reached[-1])
        #: What is certainly covered: the ends of layers are rounded inward.
        self.forward = float(last.lo) >= float(ends.lo[0])
        self.last = float(last.lo) if self.forward else float(last.hi)

    @property
    def steps(self) -> int:
        return sum(int(part.steps) for part in self.parts)

    def step(self, index: int) -> dict[str, Any]:
        """The record of a step, with the number of its layer; its `start` counts from the beginning of that layer."""
        for layer, part in enumerate(self.parts):
            if index < part.steps:
                return {**part.step(index), "layer": layer}
            index -= int(part.steps)
        raise ValueError(f"step {index + self.steps} was asked for, there are {self.steps}")

    def times(self) -> FloatArray:
        """t0 and the ends of the steps, each the nearest double that is not behind it."""
        found = [self.ends.lo[:1]]
        for k, part in enumerate(self.parts):
            exact = self.ends[k] + interval(part.offsets()[1:])
            found.append(exact.lo if self.forward else exact.hi)
        return np.concatenate(found)

    def enclosure(self, lo: FloatArray, hi: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Ends (k, n) of enclosures over the times [lo, hi] (k,): the hull over the layers that they may lie in."""
        first = float(self.ends.lo[0])
        least, most = min(first, self.last), max(first, self.last)
        boxes = []
        for a, b in zip(lo, hi, strict=True):
            if not (least <= a and b <= most):
                raise ValueError(
                    f"the trajectory is enclosed for times in [{least!r}, {most!r}], asked was "
                    f"[{float(a)!r}, {float(b)!r}]"
                )
            time = IntervalArray(np.array(a), np.array(b))
            found: list[IntervalArray] = []
            for k, part in enumerate(self.parts):
                offset = time - self.ends[k]
                covered = interval(min(0.0, self.reached[k]), max(0.0, self.reached[k]))
                if not offset.disjoint(covered):
                    inside = offset.intersect(covered)
                    ends = part.enclosure(inside.lo[None], inside.hi[None], offsets=True)
                    found.append(IntervalArray(ends[0][0], ends[1][0]))
            box = found[0]
            for other in found[1:]:
                box = box.hull(other)
            boxes.append(box)
        n = self.parts[0].dim
        return (
            np.array([box.lo for box in boxes]).reshape(len(boxes), n),
            np.array([box.hi for box in boxes]).reshape(len(boxes), n),
        )


def merge(answers: list[Mapping[str, Any]], ends: IntervalArray) -> dict[str, Any]:
    """One answer in the manner of the core's `integrate`, out of one a layer; `times`: how far each lane is proved."""
    lanes = range(len(answers[0]["verdicts"]))
    last = [max(k for k, a in enumerate(answers) if a["entered"][lane]) for lane in lanes]

    def choose(key: str) -> Any:
        if answers[0][key] is None:
            return None
        return tuple(np.stack([answers[last[lane]][key][end][lane] for lane in lanes]) for end in (0, 1))

    def detail(lane: int) -> str:
        text = str(answers[last[lane]]["details"][lane])
        return f"{text}, in layer {last[lane]}" if text else ""

    def time(lane: int) -> float:
        offset = float(answers[last[lane]]["reached"][lane])
        exact = ends[last[lane]] + interval(offset)
        return float(exact.lo if float(ends.lo[-1]) > float(ends.lo[0]) else exact.hi)

    dense = None
    if answers[0]["dense"] is not None:
        dense = [LayeredDense([a["dense"][lane] for a in answers[: last[lane] + 1]], ends) for lane in lanes]
    return {
        "final": choose("final"),
        "derivative": choose("derivative"),
        "parameter_derivative": choose("parameter_derivative"),
        "verdicts": [answers[last[lane]]["verdicts"][lane] for lane in lanes],
        "details": [detail(lane) for lane in lanes],
        "steps": np.array([sum(int(a["steps"][lane]) for a in answers[: last[lane] + 1]) for lane in lanes]),
        "set_degree": np.array([int(answers[last[lane]]["set_degree"][lane]) for lane in lanes]),
        "dense": dense,
        "times": np.array([time(lane) for lane in lanes]),
    }
