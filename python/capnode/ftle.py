"""`ftle`: finite-time Lyapunov exponents over a rectangle of inputs, enclosed cell by cell or point by point.

Statement, method and refinement: cpp/include/capnode/dynamics/ftle.hpp. Tiles, folders and executors: capnode.runs.
"""

from __future__ import annotations

import os
import pickle
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from capnode import _core
from capnode.arguments import core_of, exact_numbers, parameter_box
from capnode.discrete import DiscreteMap, _stages
from capnode.ftle_field import FtleField, from_arrays
from capnode.ftle_merge import FtleTiles, whole
from capnode.integrate import duration_of
from capnode.interval_array import interval
from capnode.layered import Layered
from capnode.parallel import interruptible
from capnode.progress import ProgressOption, reporting
from capnode.readout import _numbers
from capnode.runs.archive import write_archive
from capnode.runs.folder import RunFolder
from capnode.runs.memory import RunMemory
from capnode.runs.tile_map import compute_tiles

METHODS = ("cells", "points")
FINAL = "ftle.npz"


_SPECS: dict[str, _core.FtleSpec] = {}
_SPECS_LOCK = threading.Lock()


class FtleWork:
    """Computes tiles of one run, anywhere: it travels as text, which each process reads once."""

    def __init__(self, spec: _core.FtleSpec) -> None:
        self.digest = spec.digest
        self.data = pickle.dumps(spec)
        _keep(self.digest, spec)

    def __call__(self, index: int) -> bytes:
        with _SPECS_LOCK:
            spec = _SPECS.get(self.digest)
            if spec is None:
                spec = pickle.loads(self.data)
                _keep(self.digest, spec)
        return bytes(_core.ftle_tile_bytes(spec, index))


def _keep(digest: str, spec: _core.FtleSpec) -> None:
    """Of the last few runs of this process."""
    while len(_SPECS) > 3:
        _SPECS.pop(next(iter(_SPECS)))
    _SPECS[digest] = spec


def ftle(
    field: Any,
    box: Any,
    shape: Sequence[int],
    t: float | None = None,
    p: Any = None,
    *,
    method: str = "cells",
    encoder: Any = None,
    width: float = 0.0,
    area_width: float = 0.0,
    budget: int = 0,
    t0: float = 0.0,
    derivative_order: int = 0,
    set_degree: int = 0,
    order: int | None = None,
    tolerance: float | None = None,
    tile: tuple[int, int] = (16, 16),
    out: str | os.PathLike[str] | None = None,
    resume: bool = True,
    executor: Any = None,
    workers: int | None = None,
    progress: ProgressOption = None,
) -> FtleField:
    """Encloses (1/|t|) log of the largest singular value of the derivative of the time-t map, over a rectangle.

    field      a Field; `layered(...)` (t may be left out); or an `euler_map`, a field read as a map, or a list of
               (map, steps), where t is the number of steps (left out for a list)
    box        the rectangle of inputs: [(lo, hi), (lo, hi)], or an IntervalArray (2,)
    shape      (rows, columns) of cells that divide the box evenly, or of points that include both ends
    t          the final time
    p          the parameter, where the field has one: numbers, or an IntervalArray
    method     "cells": an interval holds the exponents of all points of a cell; "points": that of the grid point
    encoder    inputs z enter as A z + b: `(A, b)`, A, or a `torch.nn.Linear`; A is (dim, 2). Any 2-D plane is one
    width      cells are cut until every interval is at most this wide ...
    budget     ... or so many cells were integrated in all; 0: the given cells alone. Only for method="cells"
    area_width cells with area x width at most this are not cut
    order, tolerance, derivative_order, set_degree  of the integration; chosen where left out
    tile       cells or points of one task and of one file

    out        a folder: one file a tile, `run.json`, at the end `ftle.npz`. Whatever stops the call (Ctrl-C, kill -9, a
               full disk), the same call goes on; a folder of another run is refused. resume=False computes all again
    executor   None or "threads", "processes" (spawned), any concurrent.futures-style executor (`mpi4py.futures`), or a
               `distributed.Client`; workers: threads or processes, default one a core
    progress   True for a bar with rate and time left, or a function (stage, done, total)

    Cells that could not be bounded have the verdict that says why. The same bits on the same CPU type, whatever
    executes it; on another type every interval is valid too. Ctrl-C keeps the finished tiles and returns a field whose
    `.complete` is False. RunIncomplete where the workers or the cluster went away. docs/ftle.md.
    """
    spec = specification(
        field, box, shape, t, p, method=method, encoder=encoder, width=width, area_width=area_width, budget=budget,
        t0=t0, derivative_order=derivative_order, set_degree=set_degree, order=order, tolerance=tolerance, tile=tile,
    )  # fmt: skip
    return run_ftle(spec, out=out, resume=resume, executor=executor, workers=workers, progress=progress)


def run_ftle(
    spec: _core.FtleSpec,
    *,
    out: str | os.PathLike[str] | None = None,
    resume: bool = True,
    executor: Any = None,
    workers: int | None = None,
    progress: ProgressOption = None,
) -> FtleField:
    """The tiles of a specification, as `ftle` has them."""
    if out is None:
        memory = RunMemory(spec.tiles)
        complete = _compute(spec, memory, executor, workers, progress)
        tiles = FtleTiles(spec, _core.verdict_names(), lambda k: memory.read(k) if memory.has(k) else None)
        return from_arrays(whole(tiles.merged()), complete=complete, systems=tuple(spec.fields))
    with RunFolder(out, spec.digest, spec.tiles, lambda folder: _core.open_ftle_run(folder, spec)) as folder:
        if not resume:
            folder.forget()
        complete = _compute(spec, folder, executor, workers, progress)
        tiles = FtleTiles(spec, _core.verdict_names(), lambda k: folder.read(k) if folder.has(k) else None)
        if not complete:
            return from_arrays(whole(tiles.merged()), complete=False, folder=folder.path, systems=tuple(spec.fields))
        write_archive(folder.path / FINAL, tiles.merged())
        return FtleField.load(folder.path)


def _compute(
    spec: _core.FtleSpec,
    store: RunFolder | RunMemory,
    executor: Any,
    workers: int | None,
    progress: ProgressOption,
) -> bool:
    sizes = [(b - a) * (d - c) for a, b, c, d in map(spec.tile_range, range(spec.tiles))]
    done = 0

    with reporting(progress, rate=True) as report, interruptible() as stop:

        def add(indices: list[int]) -> None:
            nonlocal done
            done += sum(sizes[index] for index in indices)
            report(spec.method, done, sum(sizes))

        ran = compute_tiles(
            FtleWork(spec),
            store,
            executor=executor,
            workers=workers,
            stop=stop,
            on_start=add,
            on_done=lambda index: add([index]),
        )
    return ran.complete


# ---- what is asked for -------------------------------------------------------------------------------------------


def specification(
    field: Any,
    box: Any,
    shape: Sequence[int],
    t: float | None,
    p: Any,
    *,
    method: str = "cells",
    encoder: Any = None,
    width: float = 0.0,
    area_width: float = 0.0,
    budget: int = 0,
    t0: float = 0.0,
    derivative_order: int = 0,
    set_degree: int = 0,
    order: int | None = None,
    tolerance: float | None = None,
    tile: Sequence[int] = (16, 16),
) -> _core.FtleSpec:
    """The arguments of `ftle` as the core has them; misuse is a ValueError."""
    if method not in METHODS:
        raise ValueError(f"method must be one of {METHODS}, not {method!r}")
    layers, stages, core = _system(field, t, t0)
    lower, upper = _rectangle(box)
    p_lo, p_hi = parameter_box(core, p)
    matrix, offset = _encoder(encoder, int(core.dim))
    return _core.FtleSpec(
        layers=layers,
        stages=stages,
        lower=lower,
        upper=upper,
        shape=_counts(shape, "shape"),
        method=method,
        parameter_lo=p_lo,
        parameter_hi=p_hi,
        t0=float(t0),
        encoder=matrix,
        offset=offset,
        budget=_count(budget, "budget", least=0),
        width=float(width),
        area_width=float(area_width),
        tile=_counts(tile, "tile"),
        derivative_order=_count(derivative_order, "derivative_order", least=0),
        set_degree=_count(set_degree, "set_degree", least=0),
        order=0 if order is None else _count(order, "order", least=3),
        tolerance=0.0 if tolerance is None else float(tolerance),
    )


def _system(field: Any, t: Any, t0: float) -> tuple[list[Any], list[Any], Any]:
    if isinstance(field, DiscreteMap | list | tuple):
        stages = _stages(field, t)
        if not sum(count for _, count in stages):
            raise ValueError("the number of steps is 0; an exponent needs at least 1")
        cores = [(core_of(m.field), m.residual, m.step, count) for m, count in stages]
        return [], cores, cores[0][0]
    if isinstance(field, Layered):
        cut = field if t is None else field.exactly_until(float(t), t0)
        return [(core_of(f), d) for f, d in cut.layers], [], core_of(cut.layers[0][0])
    core = core_of(field)
    if t is None:
        raise ValueError("pass the final time t")
    final = float(exact_numbers(t, "t"))
    if not np.isfinite(final) or not np.isfinite(t0):
        raise ValueError(f"times must be finite, not t = {final!r} and t0 = {t0!r}")
    if final == t0:
        raise ValueError(f"t = {final!r} and t0 = {t0!r}: a time of zero length")
    duration, exact = duration_of(final, t0)
    if not exact:
        raise ValueError(f"t - t0 = {final!r} - {t0!r} is no double; shift one of them")
    return [(core, duration)], [], core


def _rectangle(box: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if hasattr(box, "lo") and hasattr(box, "hi"):
        both = interval(box)
        lower, upper = np.atleast_1d(both.lo), np.atleast_1d(both.hi)
    else:
        ends = exact_numbers(box, "box")
        if ends.ndim != 2 or ends.shape[1] != 2:
            raise ValueError(f"box has shape {ends.shape}; [(lo, hi), (lo, hi)] has (2, 2)")
        lower, upper = ends[:, 0], ends[:, 1]
    if lower.shape != (2,):
        raise ValueError(f"the box of inputs has {lower.size} sides, 2 are needed; `encoder` sets a plane into a space")
    return np.ascontiguousarray(lower), np.ascontiguousarray(upper)


def _encoder(encoder: Any, dim: int) -> tuple[Any, Any]:
    if encoder is None:
        return None, None
    if hasattr(encoder, "weight") and hasattr(encoder, "in_features"):
        bias = getattr(encoder, "bias", None)
        encoder = (encoder.weight, bias)
    matrix, bias = encoder if isinstance(encoder, tuple) else (encoder, None)
    a = exact_numbers(_numbers(matrix), "encoder")
    b = np.zeros(dim) if bias is None else exact_numbers(_numbers(bias), "the bias of the encoder")
    if a.shape != (dim, 2) or b.shape != (dim,):
        raise ValueError(f"encoder has shapes {a.shape} and {b.shape}; A z + b needs ({dim}, 2) and ({dim},)")
    return np.ascontiguousarray(a), np.ascontiguousarray(b)


def _counts(values: Any, name: str) -> tuple[int, int]:
    pair = tuple(values) if isinstance(values, Sequence | np.ndarray) else (values,)
    if len(pair) != 2:
        raise ValueError(f"{name} must have 2 entries, not {len(pair)}")
    return _count(pair[0], name), _count(pair[1], name)


def _count(value: Any, name: str, *, least: int = 1) -> int:
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | np.integer) or value < least:
        raise ValueError(f"{name} must be integers of at least {least}, not {value!r}")
    return int(value)
