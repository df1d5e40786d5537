"""Finite-time Lyapunov exponents of flows, of layered fields and of maps, all n of them, enclosed.

Statement and method: cpp/include/capnode/dynamics/lyapunov_exponents.hpp. What they mean: docs/lyapunov.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from capnode import _core
from capnode.arguments import check_run, core_of
from capnode.discrete import DiscreteMap, _stages
from capnode.errors import NotProved
from capnode.integrate import duration_of, initial_sets, parameter_sets, times_of
from capnode.interval_array import IntervalArray, interval
from capnode.layered import Layered
from capnode.progress import ProgressOption, reporting
from capnode.result import Provenance, Result, Verdict, partial_result, result_from_core

FloatArray = NDArray[np.float64]
KINDS = ("singular", "qr")
#: In small systems: shorter steps than a trajectory needs, since the tubes of long ones widen the derivative.
SMALL_ORDER = 16


@dataclass(frozen=True, eq=False)
class Exponents:
    """Finite-time Lyapunov exponents, for every point of the initial set.

    times      (k,) float64: the times asked for, as far as they are proved (of maps: steps times |step|)
    at         IntervalArray (k, n): the exponents at `times`; kind "singular": descending
    sums       IntervalArray (k,): their sums, by the integral of the divergence and by adding up; None where not asked
    reached    the time up to which the trajectory is proved (of maps: the number of steps)
    final      IntervalArray (n,): the state there
    steps      number of steps
    kind       "singular" or "qr"
    """

    times: FloatArray
    at: IntervalArray
    sums: IntervalArray | None
    reached: float
    final: IntervalArray
    steps: int
    kind: str
    complete: bool

    @property
    def exponents(self) -> IntervalArray:
        """(n,): the exponents at the final time; `NotProved` where they are not proved."""
        if not self.complete:
            raise NotProved(f"the exponents at the final time are not proved; the trajectory is up to {self.reached!r}")
        return self.at[-1]

    @property
    def sum(self) -> IntervalArray | None:
        """Their sum at the final time, (1/t) log |det Y|; None where it is not known."""
        if not self.complete or self.sums is None:
            return None
        last = self.sums[-1]
        return last if math.isfinite(float(last.lo)) else None

    def plot(self, *, ax: Any = None, title: str | None = None) -> Any:
        """The exponents over time with their enclosures; returns the axes."""
        from capnode.plot import plot_exponents

        return plot_exponents(self, ax=ax, title=title)

    def __repr__(self) -> str:
        n = self.at.shape[1]
        if len(self.times) == 0:
            return f"<no exponents; trajectory in dimension {n} up to {self.reached:.6g}>"
        widest = float(np.max(self.at[-1].width))
        largest = float(self.at[-1].mid[0])
        return (
            f"<{n} exponents ({self.kind}) at {len(self.times)} times, last {self.times[-1]:.6g}, first {largest:.9g}, "
            f"largest width {widest:.2g}>"
        )


Stages = list[tuple[Any, float]]
Requests = list[tuple[int, float, float]]


def flow_stages(layers: list[tuple[Any, float]], t0: float, times: list[float]) -> tuple[Stages, list[int]]:
    """The layers cut where a time is asked for, and after how many pieces each time comes. Cuts lie on a grid of the
    layer's duration, so that pieces add up exactly; they miss the time by a grid at most, on the side of the layer that
    acts there."""
    stages: Stages = []
    found: list[int] = []
    start = Fraction(0)
    for position, (field, duration) in enumerate(layers):
        whole = Fraction(duration)
        grid = Fraction(2) ** (math.frexp(duration)[1] - 51)
        done = Fraction(0)
        last_layer = position == len(layers) - 1
        while len(found) < len(times):
            target = Fraction(times[len(found)]) - Fraction(t0) - start
            if abs(target) > abs(whole) - grid:
                break
            cut = round(target / grid) * grid
            if cut == 0 and position > 0:  # just behind the layer before: not under its field
                cut = grid if whole > 0 else -grid
            if cut == done:
                raise ValueError(f"the time {times[len(found)]!r} cannot be told from the one before it")
            stages.append((field, float(cut - done)))
            found.append(len(stages))
            done = cut
        stages.append((field, float(whole - done)))
        if len(found) < len(times):
            target = Fraction(times[len(found)]) - Fraction(t0) - start
            if abs(target) <= abs(whole) or last_layer:
                found.append(len(stages))
        start += whole
    return stages, found


def lyapunov_exponents(
    field: Any,
    x0: Any,
    t: Any = None,
    p: Any = None,
    *,
    kind: str = "singular",
    t0: float = 0.0,
    sums: bool = True,
    order: int | None = None,
    tolerance: float = 1e-14,
    max_steps: int = 100_000,
    max_seconds: float = math.inf,
    progress: ProgressOption = None,
) -> Result[Exponents]:
    """Encloses all n finite-time Lyapunov exponents (1/t) log sigma_i(Y), Y the derivative of the flow over the time t.

    field      a field, `layered([...])`, or a map: `euler_map(field, step)`, [(map, steps), ...]
    x0         a point (n,), taken exactly, or a box: then the enclosures hold for every point in it
    t          the final time, or a strictly monotone sequence of times: the exponents at each of them, in one run. Of a
               map: the number of steps, or several; the exponents are those of a unit of time, steps times |step|
    kind       "singular": singular values, descending. "qr": log R_ii / t of Y = Q R, another set of numbers
    sums       also enclose the sum of the exponents by the integral of the divergence, as a check
    order      degree of a step; 16 up to 16 dimensions where None, as shorter steps keep the derivative tight
    p, t0, tolerance, max_steps, max_seconds, progress  as in `integrate`

    `Result[Exponents]`. A trajectory that is lost on the way (in doubles a chaotic one is, when its own error growth
    reaches 1) gives the verdict `lost`, and `.value` holds the time reached and the exponents at the times before it.
    """
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {KINDS}, not {kind!r}")
    check_run(order, tolerance, max_steps, max_seconds, t0=t0)
    is_map = isinstance(field, (DiscreteMap, list, tuple))
    first = _first_field(field)
    core = core_of(first)
    sets = initial_sets(x0, core.dim)
    if not sets.single:
        raise ValueError(f"one initial point or box is needed, x0 has {len(sets.centres)} lanes")
    p_lo, p_hi = parameter_sets(core, p, None)
    with reporting(progress) as report:
        options: dict[str, Any] = {
            **sets.core,
            "parameter_lo": p_lo,
            "parameter_hi": p_hi,
            "t0": float(t0),
            "kind": kind,
            "sum": sums,
            "max_seconds": max_seconds,
            "progress": (lambda share: report("exponents", int(1000 * share), 1000)) if progress else None,
        }
        if is_map:
            stages, requests, times = _map_requests(field, t)
            answer = _core.lyapunov_exponents_of_map(stages, requests, **options)
            reached = float(answer["reached"])
        else:
            stages, requests, times = _flow_requests(field, t, float(t0))
            answer = _core.lyapunov_exponents(
                stages,
                requests,
                order=order or (SMALL_ORDER if core.dim <= 16 else 0),
                tolerance=tolerance,
                max_steps=max_steps,
                **options,
            )
            reached = float(t0) + float(answer["reached"])
    system = "map" if is_map else "layers" if isinstance(field, Layered) else "flow"
    inputs = {"x0": x0, "t": t, "t0": float(t0), "p": p, "kind": kind, "system": system}
    if is_map:
        inputs["stages"] = _stages_until(field, requests[-1][0])
    provenance = Provenance("lyapunov_exponents", field, inputs)
    return _result(answer, times, reached, kind, provenance)


def _first_field(field: Any) -> Any:
    if isinstance(field, Layered):
        return field.layers[0][0]
    if isinstance(field, DiscreteMap):
        return field.field
    if isinstance(field, (list, tuple)):
        if not field:
            raise ValueError("there are 0 maps to iterate")
        head = field[0][0]
        return head.field if isinstance(head, DiscreteMap) else head
    return field


def _flow_requests(field: Any, t: Any, t0: float) -> tuple[Stages, Requests, FloatArray]:
    if t is None:
        if not isinstance(field, Layered):
            raise ValueError("pass t, the final time")
        total = field.ends(0.0)[len(field.layers)]
        layers = [(core_of(f), d) for f, d in field.layers]
        return layers, [(len(layers), float(total.lo), float(total.hi))], np.array([field.end(t0)])
    final, several = times_of(t, t0)
    times = np.array([final]) if several is None else several
    if several is not None and times[0] == t0:
        raise ValueError(f"t[0] = {float(times[0])!r} is t0: exponents over a time of zero length")
    if isinstance(field, Layered):
        layers = [(core_of(f), d) for f, d in field.until(final, t0).layers]
    else:
        layers = [(core_of(field), duration_of(final, t0)[0])]
    stages, after = flow_stages(layers, t0, [float(x) for x in times])
    spans = interval(times) - interval(t0)
    return stages, [(k, float(lo), float(hi)) for k, lo, hi in zip(after, spans.lo, spans.hi, strict=True)], times


def _map_requests(field: Any, t: Any) -> tuple[list[Any], Requests, FloatArray]:
    if isinstance(field, (list, tuple)):
        stages = _stages(field, None)
        counts = [sum(k for _, k in stages)] if t is None else _counts(t)
    else:
        if t is None:
            raise ValueError("pass t, the number of steps")
        counts = _counts(t)
        stages = _stages(field, counts[-1])
    total = sum(k for _, k in stages)
    if counts[-1] > total:
        raise ValueError(f"exponents are asked for after {counts[-1]} steps, the maps make {total}")
    requests: Requests = []
    times = []
    for count in counts:
        time, left = Fraction(0), count
        for m, steps in stages:
            time += min(left, steps) * abs(Fraction(m.step))
            left -= min(left, steps)
        span = _enclose(time)
        requests.append((count, float(span.lo), float(span.hi)))
        times.append(float(time))
    return [(core_of(m.field), m.residual, m.step, k) for m, k in stages], requests, np.array(times)


def _stages_until(field: Any, count: int) -> list[tuple[DiscreteMap, int]]:
    """The maps of the first `count` steps."""
    kept, left = [], count
    for m, steps in _stages(field, None if isinstance(field, (list, tuple)) else count):
        kept.append((m, min(left, steps)))
        left -= kept[-1][1]
    return kept


def _enclose(x: Fraction) -> IntervalArray:
    near = float(x)
    if Fraction(near) == x:
        return interval(near)
    return interval(math.nextafter(near, -math.inf), math.nextafter(near, math.inf))


def _counts(t: Any) -> list[int]:
    array = np.atleast_1d(np.asarray(t))
    if array.dtype.kind not in "iu" or array.ndim != 1 or array.size == 0:
        raise ValueError(f"of a map, t is a number of steps or several, not {t!r}")
    counts = [int(k) for k in array]
    if counts[0] < 1 or any(b <= a for a, b in pairwise(counts)):
        raise ValueError(f"the numbers of steps must be positive and ascending, not {counts}")
    return counts


def _result(
    answer: dict[str, Any], times: FloatArray, reached: float, kind: str, provenance: Provenance
) -> Result[Exponents]:
    results = [result_from_core(one, lambda value: value, provenance) for one in answer["at"]]
    n = len(answer["final"][0])
    kept = [(k, r.value) for k, r in enumerate(results) if r.proved and r.value is not None]
    lo = np.array([v["exponents"][0] for _, v in kept]).reshape(len(kept), n)
    hi = np.array([v["exponents"][1] for _, v in kept]).reshape(len(kept), n)
    sums = None
    if any(v["sum"] is not None for _, v in kept):
        ends = [v["sum"] if v["sum"] is not None else (-math.inf, math.inf) for _, v in kept]
        sums = IntervalArray(np.array([a for a, _ in ends]), np.array([b for _, b in ends]))
    value = Exponents(
        times=times[[k for k, _ in kept]],
        at=IntervalArray(lo, hi),
        sums=sums,
        reached=reached,
        final=IntervalArray(*answer["final"]),
        steps=int(answer["steps"]),
        kind=kind,
        complete=results[-1].proved,
    )
    failed = [(k, r) for k, r in enumerate(results) if not r.proved]
    if not failed:
        return partial_result(Verdict.proved, "", value, results[-1].evidence, provenance)
    k, worst = failed[0]
    more = f" (at {float(times[k])!r}, the first of {len(failed)} of {len(times)} times)" if len(times) > 1 else ""
    return partial_result(worst.verdict, worst.detail + more, value, worst.evidence, provenance)
