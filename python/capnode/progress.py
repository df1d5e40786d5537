"""Progress of long calls: a bar on the terminal, a callback, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

ProgressOption = bool | Callable[[str, int, int], None] | None
Report = Callable[[str, int, int], None]


def _silent(stage: str, done: int, total: int) -> None:
    pass


def rate_text(per_second: float | None) -> str:
    if per_second is None:
        return "? /s"
    return f"{per_second:.0f} /s" if per_second >= 10.0 else f"{per_second:.2g} /s"


@contextmanager
def reporting(progress: ProgressOption, *, rate: bool = False) -> Iterator[Report]:
    """A function `report(stage, done, total)`; total 0 means unknown. `rate`: the bar tells rate and time left.

    `progress`: None or False for silence, True for a bar on standard error, or a function that is called instead.
    """
    if callable(progress):
        yield progress
        return
    if not progress:
        yield _silent
        return

    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TaskID,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class RateColumn(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(rate_text(task.finished_speed or task.speed), style="progress.data.speed")

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        *([RateColumn(), TimeRemainingColumn()] if rate else []),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    tasks: dict[str, TaskID] = {}

    def report(stage: str, done: int, total: int) -> None:
        if stage not in tasks:
            tasks[stage] = bar.add_task(stage, total=total or None, completed=done)
        bar.update(tasks[stage], completed=done, total=total or None)

    with bar:
        yield report
