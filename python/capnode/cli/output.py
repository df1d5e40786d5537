"""The results folder of a command: table, JSON, CSV, certificates, pictures, the field."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from capnode.certificate import Certificate, certificate_of_many
from capnode.whole_file import write_whole

WIDTH = 120  # of text that does not go to a terminal


def console(*, quiet: bool = False) -> Console:
    """Standard output, as wide as the terminal, or WIDTH where it is none (a pipe, a file)."""
    plain = Console(quiet=quiet)
    return plain if plain.is_terminal else Console(quiet=quiet, width=WIDTH)


def open_folder(path: Path) -> Path:
    """Makes the folder, and makes sure that it can be written before anything is computed."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OSError(error.errno, f"cannot make the folder {path}: {error.strerror}") from None
    if not os.access(path, os.W_OK | os.X_OK):
        raise PermissionError(13, f"cannot write into the folder {path}: permission denied")
    return path


def write_text(path: Path, text: str) -> Path:
    return write_whole(path, text.encode())


def write_json(path: Path, document: Any) -> Path:
    return write_text(path, json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def write_csv(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    buffer = io.StringIO()
    if rows:
        writer = csv.DictWriter(buffer, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return write_text(path, buffer.getvalue())


def as_text(renderable: Any, width: int = 140) -> str:
    """What the terminal would show, without colours."""
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(renderable)
    file = console.file
    assert isinstance(file, io.StringIO)
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines()) + "\n"


def hopf_rows(search: Any) -> list[dict[str, Any]]:
    """One row a proved point; decimals that round-trip the ends of the enclosures."""
    rows = []
    for k, result in enumerate(search):
        if not result.proved:
            continue
        p = result.require()
        row: dict[str, Any] = {"index": k}
        for name in ("parameter", "frequency", "transversality", "lyapunov_coefficient"):
            value = getattr(p, name)
            row[f"{name}_lo"], row[f"{name}_hi"] = repr(float(value.lo)), repr(float(value.hi))
        row |= {
            "criticality": p.criticality,
            "unstable_dimension": p.unstable_dimension,
            "cycle_is_stable": {True: "yes", False: "no", None: "undecided"}[p.cycle_is_stable],
        }
        rows.append(row)
    return rows


def write_hopf_folder(search: Any, folder: Path, *, pictures: bool = True) -> tuple[list[Path], Certificate | None]:
    """Everything about a search: (the files written, the certificate of the proved points or None)."""
    written = [
        write_text(folder / "hopf-points.txt", as_text(search)),
        write_json(folder / "hopf-points.json", search.to_dict()),
        write_csv(folder / "hopf-points.csv", hopf_rows(search)),
    ]
    search.field.save(folder / "field.capnode")
    written.append(folder / "field.capnode")
    certificate = None
    if any(result.proved for result in search):
        certificate = certificate_of_many(search)
        written.append(certificate.save(folder / "hopf-points.certificate.json"))
    if pictures and have_matplotlib():
        from capnode.plot import figures_of, save_figure

        for name, figure in figures_of(search).items():
            save_figure(figure, folder / f"{name}.png")
            written.append(folder / f"{name}.png")
    return written, certificate


def have_matplotlib() -> bool:
    from importlib.util import find_spec

    return find_spec("matplotlib") is not None


def print_json(document: Any) -> None:
    print(json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False))
