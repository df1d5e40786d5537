"""Progress of long calls: a bar on the terminal, a callback, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

ProgressOption = bool | Callable[[str, int, int], None] | None
Report = Callable[[str, int, int], None]


def _silent(stage: str, done: int, total: int) -> None:
    pass


@contextmanager
def reporting(progress: ProgressOption) -> Iterator[Report]:
    """A function `report(stage, done, total)`; total 0 means unknown.

    `progress`: None or False for silence, True for a bar on standard error, or a function that is called instead.
    """
    if callable(progress):
        yield progress
        return
    if not progress:
        yield _silent
        return

    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    tasks: dict[str, TaskID] = {}

    def report(stage: str, done: int, total: int) -> None:
        if stage not in tasks:
            tasks[stage] = bar.add_task(stage, total=total or None)
        bar.update(tasks[stage], completed=done, total=total or None)

    with bar:
        yield report
