"""`capnode hopf`: the Hopf points of a model over a range of its parameter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Console

from capnode.cli import NOT_PROVED, PROVED
from capnode.cli.model import read_point
from capnode.cli.output import console, open_folder, print_json, write_hopf_folder


def run(
    field: Any,
    span: tuple[float, float],
    *,
    near: str | None,
    method: str,
    threads: int | None,
    out: Path | None,
    json: bool,
    quiet: bool,
) -> int:
    """Status 0 where at least one point was found, every candidate is proved, and nothing was interrupted."""
    import capnode

    folder = None if out is None else open_folder(out)
    start = read_point(near, field.dim)
    terminal = Console(stderr=True)
    search = capnode.hopf_points(
        field,
        span=span,
        near=start,
        method=method,  # type: ignore[arg-type]
        threads=threads,
        progress=not quiet and terminal.is_terminal,
    )
    if json:
        print_json(search.to_dict())
    else:
        console().print(search)
    if folder is not None:
        written, _ = write_hopf_folder(search, folder)
        if not json:
            console().print(f"Written to {folder}: {', '.join(path.name for path in written)}", highlight=False)
    return PROVED if len(search) > 0 and search.proved and not search.interrupted else NOT_PROVED
