"""Discrete systems: exact iterates of x -> x + h f(x, p), or of a field read as a map, enclosed with their derivatives.

`euler_map(field, step)` is what a residual network computes, and what Euler's method makes of a neural ODE: as an exact
map, not as an approximation of the flow. Statement of a step: cpp/include/capnode/flow/discrete_map.hpp.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from capnode import _core
from capnode.arguments import core_of
from capnode.field import Field
from capnode.integrate import initial_sets, parameter_sets
from capnode.interval_array import IntervalArray
from capnode.progress import ProgressOption, reporting
from capnode.result import Evidence, Provenance, Result, Verdict, partial_result


@dataclass(frozen=True, eq=False)
class DiscreteMap:
    """x -> x + step f(x, p) where `residual`, else x -> f(x, p) (step is 1); step k sees the time t0 + k step."""

    field: Field
    step: float
    residual: bool

    @property
    def dim(self) -> int:
        return self.field.dim

    @property
    def parameter_dim(self) -> int:
        return self.field.parameter_dim

    def __call__(self, x: ArrayLike, p: ArrayLike | None = None, *, t: float = 0.0) -> NDArray[np.float64]:
        """The image of x (dim,) or (lanes, dim) in float64, for exploration."""
        value = self.field(x, p, t=t)
        return np.asarray(x, dtype=np.float64) + self.step * value if self.residual else value


def euler_map(field: Field, step: float) -> DiscreteMap:
    """The exact map x -> x + step f(x, p), a discrete system; `step` is the binary number given, of either sign."""
    core_of(field)
    size = float(step)
    if not math.isfinite(size) or size == 0.0:
        raise ValueError(f"step must be finite and not 0, not {step!r}")
    return DiscreteMap(field, size, True)


@dataclass(frozen=True, eq=False)
class Iteration:
    """Enclosures of an orbit of a map, for every point of the initial set.

    final       IntervalArray (n,): the point after `steps` steps
    derivative  IntervalArray (n, n): its derivative by the initial point; None unless asked for
    states      IntervalArray (steps + 1, n): all points on the way
    steps       how many steps are proved; all that were asked for where the result is proved
    """

    final: IntervalArray
    derivative: IntervalArray | None
    states: IntervalArray
    steps: int

    def __repr__(self) -> str:
        width = float(np.max(self.final.width))
        return f"<orbit in dimension {self.final.size}, {self.steps} steps, final width {width:.3g}>"


@dataclass(frozen=True, eq=False)
class IterationBatch:
    """Orbits of many initial sets, lanes first: final (lanes, n), derivative (lanes, n, n) or None, proved (lanes,)
    bool, verdicts and details (tuples), steps (lanes,) int64. What is not proved to the end is proved for `steps`."""

    final: IntervalArray
    derivative: IntervalArray | None
    proved: NDArray[np.bool_]
    verdicts: tuple[Verdict, ...]
    details: tuple[str, ...]
    steps: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.steps)

    def __repr__(self) -> str:
        return f"<{len(self)} orbits in dimension {self.final.shape[1]}, {int(self.proved.sum())} proved to the end>"


Stage = tuple[DiscreteMap, int]


def iterate(
    map: DiscreteMap | Field | Sequence[tuple[DiscreteMap | Field, int]],
    x0: Any,
    steps: int | None = None,
    p: Any = None,
    *,
    derivative: bool = False,
    t0: float = 0.0,
    max_seconds: float = math.inf,
    threads: int = 1,
    progress: ProgressOption = None,
) -> Result[Any]:
    """Encloses the image of x0 after `steps` steps of `map`, and all points on the way.

    map    an `euler_map`, a field read as the map x -> f(x, p), or [(map, steps), ...], one after another (then `steps`
           is left out)
    x0, p, derivative, t0, max_seconds, progress  as in `integrate`
    threads  for lanes, which are dealt out to them; 0: as many as the machine has. The answer does not depend on it

    `Result[Iteration]`, or `Result[IterationBatch]` for lanes. Where the enclosure becomes unbounded the result is not
    proved and its `.value` holds what was proved.
    """
    stages = _stages(map, steps)
    first = stages[0][0]
    core = core_of(first.field)
    for other, _ in stages:
        if (other.dim, other.parameter_dim) != (first.dim, first.parameter_dim):
            raise ValueError(
                f"the maps have (dim, parameter_dim) = {(first.dim, first.parameter_dim)} and "
                f"{(other.dim, other.parameter_dim)}"
            )
    if not max_seconds > 0.0:
        raise ValueError(f"max_seconds must be positive, not {max_seconds}")
    if not math.isfinite(t0):
        raise ValueError(f"t0 must be finite, not {t0!r}")
    if threads < 0:
        raise ValueError(f"threads must be at least 0, not {threads}")
    sets = initial_sets(x0, core.dim)
    p_lo, p_hi = parameter_sets(core, p, None if sets.single else len(sets.centres))
    total = sum(count for _, count in stages)
    with reporting(progress) as report:
        answer = _core.iterate(
            [(core_of(m.field), m.residual, m.step, count) for m, count in stages],
            **sets.core,
            parameter_lo=p_lo,
            parameter_hi=p_hi,
            t0=float(t0),
            derivative=derivative,
            keep=sets.single,
            max_seconds=max_seconds,
            threads=threads,
            progress=(lambda share: report("iterate", int(1000 * share), 1000)) if progress else None,
        )
    provenance = Provenance("iterate", first.field, {"x0": x0, "p": p, "t0": float(t0), "stages": stages})
    tangent = None if answer["derivative"] is None else IntervalArray(*answer["derivative"])
    final = IntervalArray(*answer["final"])
    taken = answer["steps"]
    evidence = (_evidence(int(np.min(taken)), total),)
    if sets.single:
        one = Iteration(
            final[0],
            None if tangent is None else tangent[0],
            IntervalArray(*answer["states"][0]),
            int(taken[0]),
        )
        return partial_result(
            answer["verdicts"][0], _detail(answer["details"][0], int(taken[0]), total), one, evidence, provenance
        )
    verdicts = tuple(Verdict(v) for v in answer["verdicts"])
    proved = np.array([v is Verdict.proved for v in verdicts])
    details = tuple(_detail(d, int(k), total) for d, k in zip(answer["details"], taken, strict=True))
    batch = IterationBatch(final, tangent, proved, verdicts, details, taken)
    lane = int(np.argmin(proved))
    missing = int((~proved).sum())
    detail = f"{missing} of {len(proved)} lanes, the first is {lane}: {details[lane]}" if missing else ""
    return partial_result(verdicts[lane], detail, batch, evidence, provenance)


def _detail(detail: str, taken: int, total: int) -> str:
    return f"{detail}; proved for {taken} of {total} steps" if detail else ""


def _evidence(taken: int, total: int) -> Evidence:
    return Evidence("steps taken", (taken, taken), ">=", (total, total), taken >= total)


def _as_map(map: Any) -> DiscreteMap:
    return map if isinstance(map, DiscreteMap) else DiscreteMap(_field(map), 1.0, False)


def _field(field: Any) -> Field:
    core_of(field)
    return field if isinstance(field, Field) else Field(field)


def _stages(map: Any, steps: int | None) -> list[Stage]:
    if isinstance(map, (list, tuple)):
        if steps is not None:
            raise ValueError(f"each map has its own number of steps here, and steps = {steps} was given")
        stages = [(_as_map(m), _count(k)) for m, k in map]
        if not stages:
            raise ValueError("there are 0 maps to iterate")
        return stages
    if steps is None:
        raise ValueError("pass the number of steps")
    return [(_as_map(map), _count(steps))]


def _count(steps: Any) -> int:
    if isinstance(steps, (bool, np.bool_)) or not isinstance(steps, (int, np.integer)) or steps < 0:
        raise ValueError(f"the number of steps must be an integer >= 0, not {steps!r}")
    return int(steps)
