"""`ftle`: finite-time Lyapunov exponents over a rectangle of inputs, enclosed cell by cell or point by point.

Statement, method and refinement: cpp/include/capnode/dynamics/ftle.hpp. Tiles, folders and executors: capnode.runs.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Sequence
from typing import Any

from capnode import _core
from capnode.arguments import parameter_box
from capnode.ftle_field import FtleField, from_arrays
from capnode.ftle_merge import FtleTiles, whole
from capnode.input_plane import count, counts, encoder_of, rectangle_of, system_of
from capnode.progress import ProgressOption
from capnode.runs.archive import write_archive
from capnode.runs.folder import RunFolder
from capnode.runs.memory import RunMemory
from capnode.runs.recent import Recent
from capnode.runs.reported import compute_reported

METHODS = ("cells", "points")
FINAL = "ftle.npz"


_SPECS: Recent[_core.FtleSpec] = Recent()


class FtleWork:
    """Computes tiles of one run, anywhere: it travels as text, which each process reads once."""

    def __init__(self, spec: _core.FtleSpec) -> None:
        self.digest = spec.digest
        self.data = pickle.dumps(spec)
        _SPECS.get(self.digest, lambda: spec)

    def __call__(self, index: int) -> bytes:
        spec = _SPECS.get(self.digest, lambda: pickle.loads(self.data))
        return bytes(_core.ftle_tile_bytes(spec, index))


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
    return compute_reported(
        FtleWork(spec), store, stage=spec.method, sizes=sizes, executor=executor, workers=workers, progress=progress
    )


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
    layers, stages, core = system_of(field, t, t0)
    lower, upper = rectangle_of(box)
    p_lo, p_hi = parameter_box(core, p)
    matrix, offset = encoder_of(encoder, int(core.dim))
    return _core.FtleSpec(
        layers=layers,
        stages=stages,
        lower=lower,
        upper=upper,
        shape=counts(shape, "shape"),
        method=method,
        parameter_lo=p_lo,
        parameter_hi=p_hi,
        t0=float(t0),
        encoder=matrix,
        offset=offset,
        budget=count(budget, "budget", least=0),
        width=float(width),
        area_width=float(area_width),
        tile=counts(tile, "tile"),
        derivative_order=count(derivative_order, "derivative_order", least=0),
        set_degree=count(set_degree, "set_degree", least=0),
        order=0 if order is None else count(order, "order", least=3),
        tolerance=0.0 if tolerance is None else float(tolerance),
    )
