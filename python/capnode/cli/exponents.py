"""`capnode exponents`: the finite-time Lyapunov exponents along a trajectory, enclosed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from capnode.cli import NOT_PROVED, PROVED, _say
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

MOST_ROWS = 64  # of a printed table


def run(
    field: Any,
    *,
    x0: str,
    time: float,
    points: int,
    kind: str,
    euler: float | None,
    p: str | None,
    start: float,
    tolerance: float,
    order: int | None,
    out: Path | None,
    json: bool,
    quiet: bool,
) -> int:
    """Status 0 where the exponents at the final time are proved."""
    import capnode

    folder = None if out is None else open_folder(out)
    point, at = read_start(field, x0, p)
    if points < 1:
        raise ValueError(f"--points must be at least 1, not {points}")
    system, times = field, start + (time - start) * np.arange(1, points + 1) / points
    times[-1] = time
    if euler is not None:
        from capnode.cli.ftle import euler_steps

        system = capnode.euler_map(field, euler)
        steps = euler_steps(time - start, euler)
        times = np.unique(np.maximum(1, np.round(steps * np.arange(1, points + 1) / points).astype(np.int64)))
    result = capnode.lyapunov_exponents(
        system, point, times, at, kind=kind, t0=start, tolerance=tolerance, order=order, progress=not (quiet or json)
    )
    document = to_dict(result)
    if json:
        print_json(document)
    else:
        console().print(table(result))
    if folder is not None:
        write_text(folder / "exponents.txt", as_text(table(result)))
        write_json(folder / "exponents.json", document)
        write_csv(folder / "exponents.csv", rows(result.value))
        field.save(folder / "field.capnode")
        certificate = folder / "exponents.certificate.json"
        certificate.unlink(missing_ok=True)  # of an earlier command
        if result.proved:
            _save_certificate(result, certificate, quiet)
        value = result.value
        if have_matplotlib() and value is not None and len(value.times):
            from capnode.plot import save_figure

            save_figure(value.plot().figure, folder / "exponents.png")
    return PROVED if result.proved else NOT_PROVED


def _save_certificate(result: Any, path: Path, quiet: bool) -> None:
    """Of flows of one field over moderate times; of others it says why there is none."""
    from capnode.errors import NotProved

    try:
        result.certificate().save(path)
    except (ValueError, NotProved) as reason:
        if not quiet:
            _say(f"no certificate: {reason}")


def to_dict(result: Any) -> dict[str, Any]:
    """`exponents` and `sums` at `times`, pairs of ends; where not proved, at those times that are."""
    value = result.value
    document: dict[str, Any] = {"proved": result.proved, "verdict": result.verdict.value}
    if not result.proved:
        document["reason"] = result.reason
    document |= {
        "kind": value.kind,
        "reached": value.reached,
        "steps": value.steps,
        "times": value.times.tolist(),
        "exponents": np.stack([value.at.lo, value.at.hi], axis=-1).tolist(),
    }
    if value.sums is not None:
        ends = zip(value.sums.lo.tolist(), value.sums.hi.tolist(), strict=True)
        document["sums"] = [[lo, hi] if np.isfinite([lo, hi]).all() else None for lo, hi in ends]
    return document


def rows(value: Any) -> list[dict[str, Any]]:
    """One row a time; decimals that round-trip the ends of the enclosures."""
    out = []
    for k, t in enumerate(value.times.tolist()):
        row: dict[str, Any] = {"t": repr(t)}
        for i in range(value.at.shape[1]):
            row[f"{i + 1}_lo"], row[f"{i + 1}_hi"] = repr(float(value.at.lo[k, i])), repr(float(value.at.hi[k, i]))
        out.append(row)
    return out


def table(result: Any) -> Any:
    """The exponents at the last time that is proved."""
    value = result.value
    said = "proved" if result.proved else f"not proved: {result.reason}"
    when = f"at t = {float(value.times[-1])!r}" if len(value.times) else f"none; trajectory up to {value.reached!r}"
    answer = Table("i", "enclosure", "width", title=f"Lyapunov exponents ({value.kind}), {said}; {when}",
                   title_justify="left")  # fmt: skip
    if len(value.times):
        last = value.at[-1]
        for i in range(min(last.size, MOST_ROWS)):
            lo, hi = float(last.lo[i]), float(last.hi[i])
            answer.add_row(str(i + 1), decimal_bounds(lo, hi, 14), f"{hi - lo:.2g}")
        if last.size > MOST_ROWS:
            answer.add_row("…", f"({last.size} exponents)", "")
        if value.sums is not None and np.isfinite(value.sums.lo[-1]):
            lo, hi = float(value.sums.lo[-1]), float(value.sums.hi[-1])
            answer.add_row("sum", decimal_bounds(lo, hi, 14), f"{hi - lo:.2g}")
    return answer
