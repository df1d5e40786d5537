"""`capnode verify`: the independent check of a certificate."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from capnode.cli import NOT_PROVED, PROVED
from capnode.cli.output import console, print_json


@contextmanager
def bar(quiet: bool) -> Iterator[Callable[[int, int], None] | None]:
    """A progress bar on the terminal's standard error, or nothing."""
    terminal = Console(stderr=True)
    if quiet or not terminal.is_terminal:
        yield None
        return
    columns = (TextColumn("verifying"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=terminal, transient=True) as progress:
        task = progress.add_task("verifying", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def run(path: Path, *, fields: list[Path], points: int | None, all_checks: bool, json: bool, quiet: bool) -> int:
    """Status 0 where both layers hold."""
    from capnode import verify

    with bar(quiet or json) as progress:
        found = verify(path, fields=fields, points=points, progress=progress)
    if json:
        print_json(
            {
                "ok": found.ok,
                "unchanged": found.unchanged,
                "true": found.true,
                "checked": found.checked,
                "total": found.total,
                "seconds": found.seconds,
                "checks": [
                    {"layer": c.layer, "name": c.name, "holds": c.holds, "detail": c.detail} for c in found.checks
                ],
            }
        )
    else:
        report(found, console(), all_checks=all_checks)
    return PROVED if found.ok else NOT_PROVED


def report(found: Any, screen: Console, *, all_checks: bool = False) -> None:
    """The two layers, then what failed (or everything)."""
    for layer, holds, text in (
        ("digest", found.unchanged, "the file is unchanged"),
        ("truth", found.true, f"{found.checked} of {found.total} theorems proved again with Arb"),
    ):
        count = sum(check.layer == layer for check in found.checks)
        mark = Text("ok  ", style="bold green") if holds else Text("FAIL", style="bold red")
        said = text if holds else "see below"
        screen.print(Text.assemble(mark, f" {layer}: {said} ({count} checks)"))
    for check in found.checks:
        if all_checks or not check.holds:
            screen.print(Text(f"  {check}", style="" if check.holds else "red"))
    if found.checked < found.total:
        screen.print(f"  {found.total - found.checked} theorems were left out, as asked for")
