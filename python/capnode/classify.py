"""`classify`: which class every input of a rectangle gets, proved cell by cell; `decision_boundary`: the curve between.

Statements and methods: cpp/include/capnode/dynamics/class_map.hpp and decision_boundary.hpp. What is meant:
docs/classify.md.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from capnode import _core
from capnode.arguments import parameter_box
from capnode.boundary import DecisionBoundary
from capnode.class_map import ClassMap, class_map_of
from capnode.input_plane import count, counts, encoder_of, rectangle_of, system_of
from capnode.progress import ProgressOption, reporting
from capnode.readout import Readout, readout
from capnode.result import Result


def classify(
    field: Any,
    readout: Readout | Any,
    box: Any,
    shape: Sequence[int] = (100, 100),
    t: float | None = None,
    p: Any = None,
    *,
    encoder: Any = None,
    depth: int = 2,
    budget: int = 1_000_000,
    t0: float = 0.0,
    order: int | None = None,
    tolerance: float = 1e-12,
    threads: int = 1,
    tile: Sequence[int] = (16, 16),
    out: str | os.PathLike[str] | None = None,
    resume: bool = True,
    executor: Any = None,
    workers: int | None = None,
    progress: ProgressOption = None,
) -> ClassMap:
    """Proves, cell by cell, which classes the inputs of a rectangle can get from the readout of x(t).

    field      a Field; `layered(...)` (t may be left out); or an `euler_map`, a field read as a map, or a list of
               (map, steps), where t is the number of steps (left out for a list)
    readout    a `Readout`, a `torch.nn.Linear`, or (weight, bias)
    box        the rectangle of inputs: [(lo, hi), (lo, hi)], or an IntervalArray (2,)
    shape      (rows, columns) of cells that divide the box evenly; the first index belongs to the first axis
    t, p, t0   the final time, the parameter where the field has one, the starting time
    encoder    inputs z enter as A z + b: `(A, b)`, A, or a `torch.nn.Linear`; A is (dim, 2). Any 2-D plane is one
    depth      how often cells with several classes are quartered
    budget     cells integrated in all, beyond the first ones
    threads    0: as many as the machine has
    order, tolerance  of the integration, as in `integrate`
    progress   True for a bar, or a function (stage, done, total)
    tile, out, resume, executor, workers  as in `ftle`: with `out` or `executor` the map is computed tile by tile, each
               with its share of the budget, into a folder that a stopped run goes on from (`classes.npz` at the end),
               on threads, processes or a cluster

    Every input of a cell with one class is proved to belong to it; the other cells tell the classes that their inputs
    can reach, and why it is not one: too wide, classes tied everywhere (`Readout.ties`), or the flow not bounded.
    Misuse is a ValueError with both numbers, a readout all of whose classes are tied among it.
    """
    core, read = classifier(field, readout, t, p, encoder=encoder, t0=t0, order=order, tolerance=tolerance)
    lower, upper = rectangle_of(box)
    cells = counts(shape, "shape")
    rectangle = [lower[0], upper[0], lower[1], upper[1]]
    depth, budget = count(depth, "depth", least=0), count(budget, "budget", least=0)
    if out is not None or executor is not None:
        from capnode.class_tiles import classifier_text, make_work, run_classes

        text = classifier_text(field, read, t, p, encoder=encoder, t0=t0, order=order, tolerance=tolerance)
        work, manifest = make_work(text, rectangle, cells, tile=counts(tile, "tile"), depth=depth, budget=budget)
        return run_classes(
            work, manifest, field, out=out, resume=resume, executor=executor, workers=workers, progress=progress
        )
    with reporting(progress) as report:
        answer = core.class_map(
            rectangle,
            cells,
            depth=depth,
            budget=budget,
            threads=count(threads, "threads", least=0),
            progress=_levels(report, "cells") if progress else None,
        )
    return class_map_of(answer, core, read, rectangle, cells, field)


def classifier(
    field: Any,
    readout_: Any,
    t: float | None,
    p: Any = None,
    *,
    encoder: Any = None,
    t0: float = 0.0,
    order: int | None = None,
    tolerance: float = 1e-12,
) -> tuple[_core.Classifier, Readout]:
    """What `classify` is asked about, as the core has it."""
    read = readout(*readout_) if isinstance(readout_, tuple) else readout(readout_)
    layers, stages, core = system_of(field, t, t0)
    if read.dim != core.dim:
        raise ValueError(f"the readout has width {read.dim}, the field dimension {core.dim}")
    p_lo, p_hi = parameter_box(core, p)
    matrix, offset = encoder_of(encoder, int(core.dim))
    if matrix is None and core.dim != 2:
        raise ValueError(
            f"the box has 2 sides and the field dimension {core.dim}: pass an encoder (A, b), A ({core.dim}, 2)"
        )
    if not (0.0 < tolerance < np.inf):
        raise ValueError(f"tolerance must be positive and finite, not {tolerance}")
    made = _core.Classifier(
        layers,
        stages,
        read.core,
        parameter_lo=p_lo,
        parameter_hi=p_hi,
        t0=float(t0),
        encoder=matrix,
        offset=offset,
        order=0 if order is None else count(order, "order", least=3),
        tolerance=float(tolerance),
    )
    return made, read


def decision_boundary(
    field: Any,
    readout: Readout | Any,
    box: Any,
    t: float | None = None,
    p: Any = None,
    *,
    classes: tuple[int, int] | None = None,
    shape: Sequence[int] = (100, 100),
    threads: int = 1,
    progress: ProgressOption = None,
    **options: Any,
) -> Result[DecisionBoundary]:
    """The curve on which two classes have the same score, as chains of boxes each proved to hold one piece of it.

    classes    the two classes; may be left out where the readout has two
    shape      of the cells it starts from

    Everything else as in `classify`; `depth` counts the quarterings before the curve is followed. For a `ClassMap` that
    is there already, ask it: `map.boundary()`. `Result[DecisionBoundary]`: proved where every chain is closed or runs
    from border to border, and the rest of the rectangle is proved to be free of the boundary. Otherwise `.value` holds
    what was proved and `.reason` says what is missing.
    """
    return classify(
        field, readout, box, shape, t, p, threads=threads, progress=progress, **options
    ).boundary(classes, threads=threads, progress=progress)  # fmt: skip


def _levels(report: Any, stage: str) -> Any:
    """Progress of level k + share: each level of quartering a bar of its own."""

    def tell(share: float) -> None:
        level = int(share)
        report(f"{stage}, level {level}", int(1000 * (share - level)), 1000)

    return tell


__all__ = ["classifier", "classify", "decision_boundary"]
