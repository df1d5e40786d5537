"""`capnode integrate`: a trajectory, or all that start in a box, enclosed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from capnode.cli import NOT_PROVED, PROVED
from capnode.cli.model import read_start
from capnode.cli.output import (
    as_text,
    console,
    have_matplotlib,
    open_folder,
    print_json,
    write_csv,
    write_json,
    write_text,
)
from capnode.statements import decimal_bounds

MOST_ROWS = 40  # of a printed table


def run(
    field: Any,
    *,
    x0: str,
    time: float,
    radius: float,
    p: str | None,
    start: float,
    derivative: bool,
    tolerance: float,
    order: int | None,
    set_degree: int | None,
    engine: str,
    capd_set: str | None,
    out: Path | None,
    json: bool,
    quiet: bool,
) -> int:
    """Status 0 where the final time was reached."""
    import capnode

    folder = None if out is None else open_folder(out)
    point, at = read_start(field, x0, p)
    if not (np.isfinite(radius) and radius >= 0.0):
        raise ValueError(f"--radius must be finite and not negative, not {radius}")
    middle = capnode.interval(point)
    around = capnode.IntervalArray(np.full(field.dim, -radius), np.full(field.dim, radius))
    result = capnode.integrate(
        field,
        middle + around if radius else point,
        time,
        at,
        derivative=derivative,
        tolerance=tolerance,
        order=order,
        set_degree=set_degree,
        engine=engine,
        capd_set=capd_set,
        t0=start,
        progress=not (quiet or json),
    )
    document = to_dict(result)
    if json:
        print_json(document)
    else:
        for part in tables(result):
            console().print(part)
    if folder is not None:
        write_folder(result, field, folder, document)
    return PROVED if result.proved else NOT_PROVED


def write_folder(result: Any, field: Any, folder: Path, document: dict[str, Any]) -> None:
    """The table, everything as JSON, the states at the ends of the steps as CSV, the certificate and the picture."""
    write_text(folder / "trajectory.txt", "".join(as_text(part) for part in tables(result)))
    write_json(folder / "trajectory.json", document)
    write_csv(folder / "trajectory.csv", rows(result.value))
    field.save(folder / "field.capnode")
    if result.proved and result.value.set_degree == 1:  # certificates hold no Taylor models
        result.certificate().save(folder / "trajectory.certificate.json")
    if have_matplotlib() and result.value.steps:
        from capnode.plot import save_figure

        save_figure(result.value.plot().figure, folder / "trajectory.png")


def _pairs(box: Any) -> Any:
    return np.stack([box.lo, box.hi], axis=-1).tolist()


def to_dict(result: Any) -> dict[str, Any]:
    """Where not proved, `final` belongs to the time `reached`, up to which everything is proved."""
    value = result.value
    document: dict[str, Any] = {"proved": result.proved, "verdict": result.verdict.value}
    if not result.proved:
        document["reason"] = result.reason
    bounded = bool(np.isfinite(value.final.lo).all() and np.isfinite(value.final.hi).all())
    document |= {
        "t0": value.t0,
        "reached": value.reached,
        "steps": value.steps,
        "set_degree": value.set_degree,
        "final": _pairs(value.final) if bounded else None,
        "width": value.width if bounded else None,
    }
    if value.derivative is not None:
        finite = bool(np.isfinite(value.derivative.lo).all() and np.isfinite(value.derivative.hi).all())
        document["derivative"] = _pairs(value.derivative) if finite else None
    return document


def rows(value: Any) -> list[dict[str, Any]]:
    """One row a time; decimals that round-trip the ends of the enclosures."""
    states = value.states
    out = []
    for k, t in enumerate(value.times.tolist()):
        row: dict[str, Any] = {"t": repr(t)}
        for i in range(states.shape[1]):
            row[f"x{i}_lo"], row[f"x{i}_hi"] = repr(float(states.lo[k, i])), repr(float(states.hi[k, i]))
        out.append(row)
    return out


def tables(result: Any) -> list[Any]:
    """The final enclosure, component by component, and the derivative where it was asked for."""
    value = result.value
    said = f"proved, {value.steps} steps" if result.proved else f"not proved: {result.reason}"
    final = Table("component", "enclosure", "width", title=f"Trajectory, {said}; at t = {value.reached!r}",
                  title_justify="left")  # fmt: skip
    for i in range(min(value.final.size, MOST_ROWS)):
        lo, hi = float(value.final.lo[i]), float(value.final.hi[i])
        final.add_row(str(i), decimal_bounds(lo, hi), f"{hi - lo:.2g}")
    if value.final.size > MOST_ROWS:
        final.add_row("…", f"({value.final.size} components)", "")
    if value.derivative is None:
        return [final]
    n = value.final.size
    tangent = Table("entry", "enclosure", "width", title="Derivative by the initial point", title_justify="left")
    for k in range(min(n * n, MOST_ROWS)):
        lo, hi = float(value.derivative.lo[k // n, k % n]), float(value.derivative.hi[k // n, k % n])
        tangent.add_row(f"{k // n}, {k % n}", decimal_bounds(lo, hi), f"{hi - lo:.2g}")
    if n * n > MOST_ROWS:
        tangent.add_row("…", f"({n} x {n} entries)", "")
    return [final, tangent]
