"""`capnode ftle`: a field of finite-time Lyapunov exponents, in a folder that a stopped run goes on from."""

from __future__ import annotations

import time as clock
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from capnode.cli import INTERRUPTED, NOT_PROVED, PROVED, _say
from capnode.cli.model import read_point
from capnode.cli.output import as_text, console, have_matplotlib, open_folder, print_json, write_json, write_text


def run(
    specification: Any,
    *,
    out: Path | None,
    resume: bool,
    executor: str,
    workers: int | None,
    data: Path | None,
    json: bool,
    quiet: bool,
) -> int:
    """Status 0 where every entry is proved; 130 where it was stopped before any tile was finished."""
    from capnode.ftle import run_ftle

    points, labels = read_data(data)
    began = clock.monotonic()
    with ExitStack() as stack:
        field = run_ftle(
            specification,
            out=out,
            resume=resume,
            executor=open_executor(executor, stack),
            workers=workers,
            progress=not (quiet or json),
        )
    seconds = clock.monotonic() - began
    document = field.to_dict()
    if json:
        print_json(document)
    else:
        console().print(table(field))
    if out is not None:
        write_folder(field, open_folder(out), document, points, labels, seconds)
    if not field.complete:
        kept = f"; what is finished is kept, the same command goes on in {out}" if out is not None else ""
        _say(f"stopped before the end{kept}")
        anything = any(name != "interrupted" for name in field.counts)
        return NOT_PROVED if anything else INTERRUPTED
    return PROVED if field.proved.all() else NOT_PROVED


def open_executor(name: str, stack: ExitStack) -> Any:
    """threads, processes, or the address of a Dask scheduler."""
    if name in ("threads", "processes"):
        return name
    if "://" not in name:
        raise ValueError(f"--executor is threads, processes or the address of a Dask scheduler, not {name!r}")
    try:
        from distributed import Client
    except ModuleNotFoundError:
        raise ValueError("a Dask scheduler needs the extra dask: pip install 'capnode[dask]'") from None
    return stack.enter_context(Client(name))


def read_data(path: Path | None) -> tuple[Any, Any]:
    """Points (k, 2), and their classes (k,) where the file has them: an `.npz` with `points` and `classes`."""
    if path is None:
        return None, None
    with np.load(path, allow_pickle=False) as file:
        if "points" not in file:
            raise ValueError(f"{path} has no array `points`, only {', '.join(file.files) or 'nothing'}")
        points = np.asarray(file["points"], dtype=np.float64)
        labels = np.asarray(file["classes"]) if "classes" in file else None
    if points.ndim != 2 or points.shape[1] != 2 or (labels is not None and labels.shape != points.shape[:1]):
        raise ValueError(f"{path}: points have shape {points.shape}; (k, 2) is needed, and one class each")
    return points, labels


def read_encoder(path: Path | None) -> Any:
    """`weight` (dim, 2) and `bias` (dim,) of an `.npz` file."""
    if path is None:
        return None
    with np.load(path, allow_pickle=False) as file:
        if "weight" not in file:
            raise ValueError(f"{path} has no array `weight`, only {', '.join(file.files) or 'nothing'}")
        return np.asarray(file["weight"]), (np.asarray(file["bias"]) if "bias" in file else None)


def load_run(model: str, *given: Any) -> Any:
    """The specification of the run in the folder `model`; None where that is no such folder."""
    folder = Path(model)
    if not (folder / "run.json").is_file():
        if folder.is_dir():
            raise ValueError(f"{folder} holds no run: it has no run.json")
        return None
    if any(value is not None for value in given):
        raise ValueError(f"{folder} is the folder of a run: its box, shape and time stand in its run.json")
    from capnode import _core

    return _core.load_ftle_run(folder)


def make_specification(
    model: Any,
    *,
    box: tuple[float, float, float, float] | None,
    shape: tuple[int, int] | None,
    time: float | None,
    euler: float | None,
    p: str | None,
    encoder: Path | None,
    **options: Any,
) -> Any:
    """Of a model, from the words of the command."""
    from capnode.discrete import euler_map
    from capnode.ftle import specification

    for name, value in (("--box", box), ("--shape", shape)):
        if value is None:
            raise ValueError(f"{name} is needed")
    assert box is not None
    field, t = model, time
    if euler is not None:
        field, t = euler_map(model, euler), euler_steps(time, euler)
    return specification(
        field,
        [box[:2], box[2:]],
        shape,  # type: ignore[arg-type]
        t,
        read_point(p, model.parameter_dim),
        encoder=read_encoder(encoder),
        **options,
    )


def euler_steps(time: float | None, step: float) -> int:
    if time is None:
        raise ValueError("--time is needed")
    if not (np.isfinite(time) and np.isfinite(step) and step != 0.0):
        raise ValueError(f"--time and --euler must be finite, and --euler not 0; they are {time} and {step}")
    count = round(time / step)
    if count < 1 or abs(count * step - time) > 1e-9 * abs(time):
        raise ValueError(f"--time {time} is no multiple of the step {step}")
    return count


def table(field: Any) -> Table:
    """The summary that a terminal shows."""
    said = "proved" if field.complete and field.proved.all() else "not all proved"
    out = Table("", "", title=f"FTLE field, {said}", title_justify="left", show_header=False)
    for name, value in field.to_dict().items():
        if name in ("proved", "complete") or value is None:
            continue
        if name == "verdicts":
            value = ", ".join(f"{count} {verdict}" for verdict, count in value.items())
        elif name == "cpu":
            value = ", ".join(value)
        out.add_row(name.replace("_", " "), str(value))
    return out


def write_folder(field: Any, folder: Path, document: dict[str, Any], points: Any, labels: Any, seconds: float) -> None:
    """Beside the tiles and `ftle.npz`: the summary; of a run that is complete the picture and the report."""
    write_text(folder / "ftle.txt", as_text(table(field)))
    write_json(folder / "ftle.json", document)
    if not field.complete:
        return
    if have_matplotlib():
        from capnode.plot import save_figure

        save_figure(field.plot(points=points, labels=labels)[0].figure, folder / "ftle.png")
    field.report(folder / "report.html", points=points, labels=labels, seconds=seconds)
