"""Tiles computed with a progress bar in cells, until Ctrl-C asks for the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from capnode.parallel import interruptible
from capnode.progress import ProgressOption, reporting
from capnode.runs.tile_map import TileStore, TileWork, compute_tiles


def compute_reported(
    work: TileWork,
    store: TileStore,
    *,
    stage: str,
    sizes: Sequence[int],
    executor: Any = None,
    workers: int | None = None,
    progress: ProgressOption = None,
) -> bool:
    """`compute_tiles`, telling (stage, done, all) with the `sizes` of the tiles; whether all are there now."""
    done = 0
    with reporting(progress, rate=True) as report, interruptible() as stop:

        def add(indices: list[int]) -> None:
            nonlocal done
            done += sum(sizes[index] for index in indices)
            report(stage, done, sum(sizes))

        ran = compute_tiles(
            work,
            store,
            executor=executor,
            workers=workers,
            stop=stop,
            on_start=add,
            on_done=lambda index: add([index]),
        )
    return ran.complete
