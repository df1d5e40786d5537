"""Rigorous integration of x' = f(x, p, t): enclosures of the solutions, at all times, and of their derivatives.

Statement of a step and method: cpp/include/capnode/flow/flow.hpp. What the enclosures mean: docs/flow.md.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from capnode import _core
from capnode.arguments import check_run, core_of, finite_numbers
from capnode.engines import capd_core, capd_evidence, check_engine, only_for_capd
from capnode.interval_array import IntervalArray, interval
from capnode.layered import Layered, LayeredDense, merge
from capnode.progress import ProgressOption, reporting
from capnode.result import Evidence, Provenance, Result, Verdict, partial_result
from capnode.time_gap import move_back
from capnode.trajectory import Trajectory, TrajectoryBatch

FloatArray = NDArray[np.float64]
STEPS = ("polynomial", "classical")


@dataclass(frozen=True, eq=False)
class Parallelepiped:
    """{ center + matrix b : b in box }: center (n,), matrix (n, k), box IntervalArray (k,)."""

    center: FloatArray
    matrix: FloatArray
    box: IntervalArray


def parallelepiped(center: Any, matrix: Any, box: Any) -> Parallelepiped:
    """The set { center + matrix b : b in box } of initial points, exactly.

    center (n,) and matrix (n, k): finite float64; box: IntervalArray (k,), bounded.
    """
    c, m, b = finite_numbers(center, "center"), finite_numbers(matrix, "matrix"), interval(box)
    if c.ndim != 1 or m.ndim != 2 or m.shape[0] != c.shape[0]:
        raise ValueError(f"center has shape {c.shape} and matrix {m.shape}; (n,) and (n, k) are needed")
    if b.shape != (m.shape[1],):
        raise ValueError(f"box has shape {b.shape}; the matrix has {m.shape[1]} columns")
    _bounded(b, "box")
    return Parallelepiped(c, m, b)


@dataclass(frozen=True, eq=False)
class InitialSets:
    """Lanes of { centre + directions r : |r_j| <= radii_j }: centres (lanes, n), directions (n, k), radii
    (lanes, k)."""

    centres: FloatArray
    directions: FloatArray | None
    radii: FloatArray | None
    single: bool

    @property
    def core(self) -> dict[str, Any]:
        return {"centres": self.centres, "directions": self.directions, "radii": self.radii}


def initial_sets(x0: Any, dim: int) -> InitialSets:
    """Points, boxes, a parallelepiped, or lanes of points or boxes."""
    if isinstance(x0, Parallelepiped):
        if x0.center.shape != (dim,):
            raise ValueError(f"the parallelepiped has dimension {x0.center.size}, the field {dim}")
        # center + matrix mid, enclosed; its rounding becomes a box of its own.
        centre = interval(x0.center)
        for j in range(x0.box.size):
            if x0.box.mid[j] != 0.0:
                centre = centre + interval(x0.matrix[:, j]) * interval(float(x0.box.mid[j]))
        _bounded(centre, "the centre of the parallelepiped")
        directions = np.hstack([x0.matrix, np.eye(dim)])
        return InitialSets(centre.mid[None], directions, np.concatenate([x0.box.rad, centre.rad])[None], True)
    if hasattr(x0, "lo") and hasattr(x0, "hi"):
        box = interval(x0)
        _shape(box.shape, dim)
        _bounded(box, "x0")
        mid, rad = np.atleast_2d(box.mid), np.atleast_2d(box.rad)
        return InitialSets(mid, np.eye(dim), rad, box.ndim == 1)
    points = finite_numbers(x0, "x0")
    _shape(points.shape, dim)
    return InitialSets(np.atleast_2d(points), None, None, points.ndim == 1)


def _shape(shape: tuple[int, ...], dim: int) -> None:
    if len(shape) not in (1, 2) or shape[-1] != dim or shape[0] == 0:
        raise ValueError(f"x0 has shape {shape}; the field needs ({dim},) or (lanes, {dim})")


def _bounded(box: IntervalArray, name: str) -> None:
    if not (np.isfinite(box.lo).all() and np.isfinite(box.hi).all()):
        raise ValueError(f"{name} must be bounded, not {box}")


def parameter_sets(core: _core.Field, p: Any, lanes: int | None) -> tuple[FloatArray | None, FloatArray | None]:
    """Ends (1, m), or (lanes, m) where given a lane each; None where the field has no parameter."""
    size = core.parameter_dim
    if p is None:
        if size > 0:
            raise ValueError(f"the field has {size} parameters and p gives 0: pass p")
        return None, None
    if size == 0:
        raise ValueError("the field has 0 parameters and p was given")
    box = interval(p) if hasattr(p, "lo") or not np.issubdtype(np.asarray(p).dtype, np.number) else None
    lo, hi = (finite_numbers(p, "p"),) * 2 if box is None else (np.array(box.lo), np.array(box.hi))
    lo, hi = np.atleast_1d(lo), np.atleast_1d(hi)
    if lo.shape != (size,) and (lanes is None or lo.shape != (lanes, size)):
        more = "" if lanes is None else f" or ({lanes}, {size})"
        raise ValueError(f"p has shape {lo.shape}; the field needs ({size},){more}")
    if not (np.isfinite(lo).all() and np.isfinite(hi).all()):
        raise ValueError(f"p must be bounded, not [{lo}, {hi}]")
    return np.atleast_2d(lo), np.atleast_2d(hi)


def times_of(t: Any, t0: float) -> tuple[float, FloatArray | None]:
    """The final time, and the times asked for where it is a sequence: strictly monotone, going away from t0."""
    array = finite_numbers(t, "t")
    if array.ndim == 0:
        final = float(array)
        if final == t0:
            raise ValueError(f"t = {final!r} and t0 = {t0!r}: a time of zero length")
        return final, None
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"t has shape {array.shape}; a final time or times of shape (k,) are needed")
    final = float(array[-1])
    if final == t0:
        raise ValueError(f"t ends at {final!r} and t0 = {t0!r}: a time of zero length")
    sign = math.copysign(1.0, final - t0)
    moves = sign * np.diff(array)
    if not (moves > 0.0).all():
        k = int(np.argmin(moves > 0.0))
        raise ValueError(
            f"the times must be strictly monotone: t[{k}] = {float(array[k])!r}, t[{k + 1}] = {float(array[k + 1])!r}"
        )
    if sign * (array[0] - t0) < 0.0:
        raise ValueError(
            f"the times must lie on one side of t0 = {t0!r}: t[0] = {float(array[0])!r}, t[-1] = {final!r}"
        )
    return final, array


def duration_of(final: float, t0: float) -> tuple[float, bool]:
    """A double at least as long as final - t0, and whether it is that number exactly."""
    if t0 == 0.0:
        return final, True
    difference = interval(final) - interval(t0)
    lo, hi = float(difference.lo), float(difference.hi)
    return (hi if final > t0 else lo), lo == hi


def inward(t0: float, offsets: FloatArray) -> FloatArray:
    """Doubles between t0 and the times t0 + offsets, as near to these as can be."""
    if t0 == 0.0:
        return offsets
    times = interval(t0) + interval(offsets)
    return np.where(offsets >= 0.0, times.lo, times.hi)


def _choices(engine: str, step: str, order: int | None, tolerance: float, max_steps: int, max_seconds: float) -> None:
    check_engine(engine)
    if step not in STEPS:
        raise ValueError(f"step must be one of {STEPS}, not {step!r}")
    least = 1 if engine == "capd" else 3  # CAPD's sets say themselves what they take
    check_run(order, tolerance, max_steps, max_seconds, least_order=least)


def set_degree_of(degree: int | None, *, linear: bool) -> int:
    """What the core is told: 0 leaves it the choice. `linear`: there is none."""
    if degree is None:
        return 1 if linear else 0
    if not 1 <= degree <= 20:
        raise ValueError(f"set_degree must lie between 1 and 20, not {degree}")
    if linear and degree > 1:
        raise ValueError(
            f"set_degree={degree}: polynomials in the initial point carry no derivative, and know the polynomial step "
            "alone; leave set_degree out, or 1"
        )
    return degree


def integrate(
    field: Any,
    x0: Any,
    t: Any = None,
    p: Any = None,
    *,
    derivative: bool = False,
    order: int | None = None,
    tolerance: float = 1e-12,
    t0: float = 0.0,
    max_steps: int = 100_000,
    max_seconds: float = math.inf,
    threads: int = 1,
    engine: str = "native",
    step: str = "polynomial",
    set_degree: int | None = None,
    capd_set: str | None = None,
    dense: bool = True,
    progress: ProgressOption = None,
) -> Result[Any]:
    """Encloses the solutions of x' = f(x, p, t) with x(t0) in x0.

    x0          a point (n,), taken exactly; a box, IntervalArray (n,); `parallelepiped(center, matrix, box)`; or lanes
                of points or boxes, (lanes, n)
    field       a field, or `layered([(field, duration), ...])`
    t           the final time, before or after t0; or a strictly monotone sequence of times, ending with it; may be
                left out for a layered field, which then runs to its end
    p           a number or (m,) numbers, taken exactly, or an IntervalArray; (lanes, m) gives each lane its own
    derivative  also the derivatives by the initial point and by the parameters
    order       degree of the polynomial of a step, 3 to 60; chosen by the dimension where None
    tolerance   what the local error aims at, relative to max(1, |x|); the enclosure holds for any
    engine      "native", or "capd": CAPD's Taylor solver, where the build has CAPD; for single fields. There `order`
                is 1 to 60 (20 where None) and `tolerance` CAPD's absolute and relative tolerance of a step
    capd_set    for engine "capd": the representation of sets by its name in CAPD. Without derivatives C0Rect2Set,
                C0Pped2Set, C0Intv2Set, C0TripletonSet, C0HORect2Set, C0HOTripletonSet (taken where None); with or
                without, C1Rect2Set, C1Pped2Set, C1HORect2Set (taken where None), C1HOPped2Set
    step        "polynomial", or "classical": the high-order interval Taylor step of the literature, far slower, whose
                step shares no inequality with the other one: a cross-check; for single fields, not layered ones
    set_degree  1: a set is carried as its image under the derivative. 2 and more: as a polynomial of that degree in
                the initial point (a Taylor model), for wide sets in few dimensions. None: 1 where that is enough, else
                the degree that is. With `derivative`, and the classical step: 1
    max_steps, max_seconds  budgets; a run that exceeds one ends with a verdict and all that was proved
    dense       keep every step of a single trajectory, for `.enclosure(t)`: n (order + 3) doubles a step
    threads     for lanes: each takes a share; a single trajectory of one field in 200 and more dimensions shares out
                the columns of its tangents; 0: as many as the machine has. The answer does not depend on it
    progress    True for a bar, or a function (stage, done, total)

    `Result[Trajectory]`, or `Result[TrajectoryBatch]` for lanes, whose result is proved where all lanes are. A run that
    cannot go on (blow-up, the edge of the field's domain, a set too wide) is not proved, and its `.value` holds what
    was proved: everything up to `.reached`. Misuse is a ValueError with the numbers.
    """
    _choices(engine, step, order, tolerance, max_steps, max_seconds)
    only_for_capd(engine, capd_set)
    if engine == "capd":
        _for_capd(field, step, set_degree)
    if threads < 0:
        raise ValueError(f"threads must be at least 0, not {threads}")
    degree = set_degree_of(set_degree, linear=derivative or step != "polynomial")
    start = float(finite_numbers(t0, "t0"))
    if step != "polynomial" and isinstance(field, Layered):
        raise ValueError(
            f"step={step!r} takes one field at a time: of the {len(field.layers)} layers, one after another"
        )
    core = core_of(field.layers[0][0] if isinstance(field, Layered) else field)
    sets = initial_sets(x0, core.dim)
    p_lo, p_hi = parameter_sets(core, p, None if sets.single else len(sets.centres))
    if t is None:
        if not isinstance(field, Layered):
            raise ValueError("pass t, the final time")
        t = start + field.duration
    final, times = times_of(t, start)
    with reporting(progress) as report:
        options: dict[str, Any] = {
            **sets.core,
            "parameter_lo": p_lo,
            "parameter_hi": p_hi,
            "t0": start,
            "order": order or 0,
            "tolerance": tolerance,
            "derivative": derivative,
            "max_steps": max_steps,
            "max_seconds": max_seconds,
            "progress": (lambda share: report("integrate", int(1000 * share), 1000)) if progress else None,
        }
        needs_dense = (sets.single and dense) or times is not None
        if isinstance(field, Layered):
            parts = field.until(final, start)
            ends = parts.ends(start)
            last, duration = core_of(parts.layers[-1][0]), parts.layers[-1][1]
            begin = ends[-2]
            exact = parts is field or float((interval(final) - begin).width) == 0.0
            layers = [(core_of(f), d) for f, d in parts.layers]
            answer = merge(
                _core.integrate_layers(
                    layers, dense=needs_dense or not exact, set_degree=degree, threads=threads, **options
                ),
                ends,
            )
            final = parts.end(start) if parts is field else final
        else:
            last, begin = core, interval(start)
            duration, exact = duration_of(final, start)
            options.update(duration=duration, dense=needs_dense or not exact, threads=threads)
            if engine == "capd":
                answer = capd_core().integrate(core, capd_set=capd_set or "", **options)
            else:
                answer = _core.integrate(core, step=step, set_degree=degree, **options)
            answer["times"] = inward(start, answer["reached"])
        if not exact:
            move_back(answer, last, begin, final, duration, p_lo, p_hi)
    inputs = {"x0": x0, "t": t, "t0": start, "p": p}
    provenance = Provenance("integrate", field, inputs)
    evidence: tuple[Evidence, ...] = ()
    if engine == "capd":
        evidence = (capd_evidence(capd_set, order, derivative, int(np.sum(answer["steps"]))),)
    if sets.single:
        return _one(answer, start, final, times, provenance, evidence)
    return _many(answer, start, final, times, provenance, evidence)


def _for_capd(field: Any, step: str, set_degree: int | None) -> None:
    """What engine="capd" does not have."""
    capd_core()
    if isinstance(field, Layered):
        raise ValueError(
            f"engine='capd' takes one field at a time: of the {len(field.layers)} layers, one after another"
        )
    if step != "polynomial":
        raise ValueError(f"engine='capd' has a step of its own; step={step!r} is for engine='native'")
    if set_degree not in (None, 1):
        raise ValueError(f"set_degree={set_degree} is for engine='native'; with CAPD choose capd_set")


def _one(
    answer: Mapping[str, Any],
    t0: float,
    final: float,
    times: FloatArray | None,
    provenance: Provenance,
    evidence: tuple[Evidence, ...] = (),
) -> Result[Trajectory]:
    dense = None if answer["dense"] is None else answer["dense"][0]
    proved = answer["verdicts"][0] == Verdict.proved
    reached = final if proved else float(answer["times"][0])
    if times is None and dense is not None:
        times = dense.times() if isinstance(dense, LayeredDense) else inward(t0, dense.offsets())
        times[-1] = reached
    elif times is None:
        times = np.array([reached])
    tangent, by_p = answer["derivative"], answer["parameter_derivative"]
    trajectory = Trajectory(
        final=IntervalArray(answer["final"][0][0], answer["final"][1][0]),
        derivative=None if tangent is None else IntervalArray(tangent[0][0], tangent[1][0]),
        parameter_derivative=None if by_p is None else IntervalArray(by_p[0][0], by_p[1][0]),
        reached=reached,
        t0=t0,
        times=times[np.abs(times - t0) <= abs(reached - t0)],
        steps=int(answer["steps"][0]),
        dense=dense,
        set_degree=int(answer["set_degree"][0]) if "set_degree" in answer else 1,
    )
    detail = _detail(answer["details"][0], reached, final, proved)
    return partial_result(
        answer["verdicts"][0], detail, trajectory, (*_evidence(t0, reached, final), *evidence), provenance
    )


def _many(
    answer: Mapping[str, Any],
    t0: float,
    final: float,
    times: FloatArray | None,
    provenance: Provenance,
    evidence: tuple[Evidence, ...] = (),
) -> Result[TrajectoryBatch]:
    verdicts = tuple(Verdict(v) for v in answer["verdicts"])
    proved = np.array([v is Verdict.proved for v in verdicts])
    reached = np.where(proved, final, answer["times"])
    details = tuple(
        _detail(d, float(r), final, bool(ok)) for d, r, ok in zip(answer["details"], reached, proved, strict=True)
    )
    states = None
    if times is not None:
        lo = np.full((len(proved), len(times), answer["final"][0].shape[1]), -math.inf)
        hi = np.full_like(lo, math.inf)
        for lane, dense in enumerate(answer["dense"]):
            there = np.abs(times - t0) <= abs(reached[lane] - t0)
            lo[lane, there], hi[lane, there] = dense.enclosure(times[there], times[there])
        states = IntervalArray(lo, hi)
    tangent, by_p = answer["derivative"], answer["parameter_derivative"]
    batch = TrajectoryBatch(
        final=IntervalArray(*answer["final"]),
        derivative=None if tangent is None else IntervalArray(*tangent),
        parameter_derivative=None if by_p is None else IntervalArray(*by_p),
        proved=proved,
        verdicts=verdicts,
        details=details,
        reached=reached,
        steps=answer["steps"],
        times=times,
        states=states,
        set_degree=answer.get("set_degree"),
    )
    first = int(np.argmin(proved))
    verdict = verdicts[first]
    missing = int((~proved).sum())
    detail = f"{missing} of {len(proved)} lanes, the first is {first}: {details[first]}" if missing else ""
    shortest = float(reached[int(np.argmin(np.abs(reached - t0)))])
    return partial_result(verdict, detail, batch, (*_evidence(t0, shortest, final), *evidence), provenance)


def _detail(detail: str, reached: float, final: float, proved: bool) -> str:
    return "" if proved else f"{detail}; proved up to t = {reached!r} of {final!r}"


def _evidence(t0: float, reached: float, final: float) -> tuple[Evidence, ...]:
    forward = final > t0
    relation, holds = (">=", reached >= final) if forward else ("<=", reached <= final)
    return (Evidence("time reached", (reached, reached), relation, (final, final), holds),)
