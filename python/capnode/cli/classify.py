"""`capnode classify`: which class every input of a rectangle gets, and the decision boundary, into a folder."""

from __future__ import annotations

import itertools
import time as clock
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from capnode.cli import NOT_PROVED, PROVED, _say
from capnode.cli.ftle import euler_steps, open_executor, read_data, read_encoder
from capnode.cli.model import read_point
from capnode.cli.output import as_text, console, have_matplotlib, open_folder, print_json, write_json, write_text


def run(
    model: Any,
    readout: Path,
    *,
    box: tuple[float, float, float, float],
    shape: tuple[int, int],
    time: float | None,
    euler: float | None,
    p: str | None,
    encoder: Path | None,
    boundary: bool,
    depth: int,
    budget: int,
    start: float,
    tile: tuple[int, int],
    executor: str,
    workers: int | None,
    resume: bool,
    data: Path | None,
    out: Path | None,
    json: bool,
    quiet: bool,
) -> int:
    """Status 0 where every cell was bounded and, with `boundary`, the boundary is proved."""
    import capnode

    points, labels = read_data(data)
    read = capnode.Readout.load(readout)
    field, t = (model, time) if euler is None else (capnode.euler_map(model, euler), euler_steps(time, euler))
    asked: dict[str, Any] = {
        "p": read_point(p, model.parameter_dim),
        "encoder": read_encoder(encoder),
        "depth": depth,
        "budget": budget,
        "t0": start,
    }
    rectangle = [box[:2], box[2:]]
    show = not (quiet or json)
    began = clock.monotonic()
    with ExitStack() as stack:
        found = capnode.classify(
            field, read, rectangle, shape, t, **asked, tile=tile, out=out, resume=resume,
            executor=open_executor(executor, stack), workers=workers, progress=show,
        )  # fmt: skip
    stopped = "interrupted" in found.counts
    results = []
    if boundary and not stopped:
        for pair in _pairs(found):
            results.append(found.boundary(pair, progress=show))
    seconds = clock.monotonic() - began
    document = found.to_dict() | {"boundaries": [_summary(result) for result in results]}
    if json:
        print_json(document)
    else:
        console().print(table(found, results))
    if out is not None:
        folder = open_folder(out)
        write_text(folder / "classes.txt", as_text(table(found, results)))
        write_json(folder / "classes.json", document)
        if not stopped:
            if have_matplotlib():
                from capnode.plot import save_figure

                axes = found.plot(boundary=results[0] if results else None, points=points, labels=labels)
                save_figure(axes.figure, folder / "classes.png")
            from capnode.classify_report import write_report

            write_report(
                found, folder / "report.html", boundaries=results, points=points, labels=labels, seconds=seconds
            )
    if stopped:
        kept = f"; what is finished is kept, the same command goes on in {out}" if out is not None else ""
        _say(f"stopped before the end{kept}")
    lost = stopped or "unbounded" in found.counts or not all(result.proved for result in results)
    return NOT_PROVED if lost else PROVED


def _pairs(found: Any) -> list[tuple[int, int]]:
    """The classes that some cell can reach both of, and that are not equal everywhere."""
    many = found.classes[found.classes.sum(axis=1) > 1]
    tied = [set(tie) for tie in found.readout.ties]
    pairs = itertools.combinations(range(found.readout.classes), 2)
    return [(i, k) for i, k in pairs if (many[:, i] & many[:, k]).any() and not any({i, k} <= tie for tie in tied)]


def _summary(result: Any) -> dict[str, Any]:
    length = result.value.length
    summary: dict[str, Any] = result.value.to_dict()
    return summary | {
        "proved": result.proved,
        "reason": None if result.proved else result.reason,
        "length": length if np.isfinite(length) else None,
    }


def table(found: Any, results: list[Any]) -> Table:
    """The summary that a terminal shows."""
    title = f"Classes, {100.0 * found.decided:.4g} % of the area proved"
    out = Table("", "", title=title, title_justify="left", show_header=False)
    for name, value in found.to_dict().items():
        if name == "verdicts":
            value = ", ".join(f"{count} {verdict}" for verdict, count in value.items())
        elif name == "ties":
            value = "; ".join(f"{', '.join(map(str, tie))} equal everywhere" for tie in value) or "none"
        elif name == "shares":
            value = ", ".join(f"class {k}: {100.0 * share:.4g} %" for k, share in enumerate(value))
        out.add_row(name.replace("_", " "), str(value))
    for result in results:
        curve = result.value
        said = "proved" if result.proved else f"not proved: {result.reason}"
        out.add_row(f"boundary {curve.classes[0]}, {curve.classes[1]}", f"{said}; {len(curve)} pieces")
    return out
