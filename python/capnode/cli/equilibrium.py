"""`capnode equilibrium`: one equilibrium, its isolation and its stability."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from capnode.cli import NOT_PROVED, PROVED
from capnode.cli.model import read_point
from capnode.cli.output import as_text, console, open_folder, print_json, write_json, write_text
from capnode.statements import decimal_bounds


def run(field: Any, *, near: str | None, p: str | None, out: Path | None, json: bool) -> int:
    """Status 0 where the equilibrium is proved."""
    import capnode

    folder = None if out is None else open_folder(out)
    start = read_point(near, field.dim)
    at = read_point(p, field.parameter_dim)
    if at is None and field.parameter_dim > 0:
        raise ValueError(f"the field has {field.parameter_dim} parameters: give their values with --p")
    result = capnode.equilibrium(field, np.zeros(field.dim) if start is None else start, at)
    document = to_dict(result)
    if json:
        print_json(document)
    else:
        console().print(table(result) if result.proved else result)
    if folder is not None:
        write_text(folder / "equilibrium.txt", as_text(table(result) if result.proved else result))
        write_json(folder / "equilibrium.json", document)
        field.save(folder / "field.capnode")
        if result.proved:
            result.certificate().save(folder / "equilibrium.certificate.json")
    return PROVED if result.proved else NOT_PROVED


def to_dict(result: Any) -> dict[str, Any]:
    document: dict[str, Any] = {"proved": result.proved, "verdict": result.verdict.value}
    if not result.proved:
        return {**document, "reason": result.reason}
    value = result.require()
    return {
        **document,
        "state": [[lo, hi] for lo, hi in zip(value.state.lo.tolist(), value.state.hi.tolist(), strict=True)],
        "isolation": [
            [lo, hi] for lo, hi in zip(value.isolation.lo.tolist(), value.isolation.hi.tolist(), strict=True)
        ],
        "unstable_dimension": value.unstable_dimension,
        "stable_dimension": value.stable_dimension,
    }


def table(result: Any, most: int = 40) -> Table:
    """The enclosure, component by component."""
    value = result.require()
    unstable = value.unstable_dimension
    kind = (
        "stability undecided" if unstable is None else "stable" if unstable == 0 else f"{unstable} unstable directions"
    )
    out = Table("component", "enclosure", "alone in", title=f"Equilibrium, proved; {kind}", title_justify="left")
    for i, (lo, hi) in enumerate(zip(value.state.lo.tolist(), value.state.hi.tolist(), strict=True)):
        if i == most:
            out.add_row("…", f"({len(value.state.lo)} components)", "")
            break
        isolation = (float(value.isolation.lo[i]), float(value.isolation.hi[i]))
        out.add_row(str(i), decimal_bounds(lo, hi), f"[{isolation[0]:.3g}, {isolation[1]:.3g}]")
    return out
