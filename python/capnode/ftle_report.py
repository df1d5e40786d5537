"""The report of an FTLE run: what is proved, in words; pictures; numbers; where it was computed. One HTML file."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import numpy as np

from capnode.certificate import software
from capnode.errors import NotProved
from capnode.ftle_field import FtleField
from capnode.report_page import Page
from capnode.result import Verdict
from capnode.statements import claimed_bounds, decimal_bounds

CERTIFICATE = "ftle-samples.certificate.json"
MOST_WORK = 1500  # rows^2 steps that are verified for the page: some five seconds


def statement(field: FtleField) -> str:
    """What the intervals say, as one sentence."""
    lower, upper = field.lower[field.proved], field.upper[field.proved]
    if not lower.size:
        return "Nothing is proved."
    within = decimal_bounds(float(lower.min()), float(upper.max()))
    time = _time(field)
    box = " x ".join(claimed_bounds(float(axis[0]), float(axis[-1])) for axis in field.axes)
    rows, cols = field.shape
    of_all = "each" if field.proved.all() else f"each of {int(field.proved.sum())}"
    if field.method == "cells":
        where = f"{of_all} of the {rows} x {cols} cells that divide {box}, every initial point of the cell has"
    else:
        where = f"{of_all} of the {rows} x {cols} grid points of {box}, the point has"
    return (
        f"Proved: for {where} its finite-time Lyapunov exponent over the time {time} in the interval stated for it. "
        f"Together these intervals lie in {within}."
    )


def write_report(
    field: FtleField,
    path: str | os.PathLike[str],
    *,
    title: str = "Finite-time Lyapunov exponents",
    points: Any = None,
    labels: Any = None,
    boundary: Any = None,
    seconds: float | None = None,
    notes: str = "",
) -> Path:
    """Writes the page. `points` (k, 2), `labels` (k,) and `boundary` as in `plot_ftle`; `notes`: a text of yours."""
    page = Page(title)
    page.paragraph(statement(field), "lead")
    if not field.complete:
        page.paragraph("The run was stopped: what has the verdict `interrupted` is still to be computed.", "warning")
    elif not field.proved.all():
        lost = int((~field.proved).sum())
        page.paragraph(
            f"{lost} of {field.lower.size} entries are not proved to the end: some of their points have only the bound "
            "that holds everywhere, or none. They are never given a smaller interval.",
            "warning",
        )
    if notes:
        page.paragraph(notes)
    page.heading("Pictures")
    _pictures(page, field, points, labels, boundary)
    page.heading("Numbers")
    page.table(_numbers(field, seconds))
    page.heading("Verdicts")
    what = "cells (after refinement)" if field.method == "cells" else "points"
    page.table(
        [(name, count, Verdict(name).sentence) for name, count in field.counts.items()],
        head=("verdict", what, "meaning"),
    )
    page.heading("Where this comes from")
    page.table(
        [
            ("digest of the run (SHA-256)", field.digest),
            ("computed on", "; ".join(field.cpu) or "nothing yet"),
            *((name, text) for name, text in software().items()),
        ]
    )
    page.paragraph(
        "The same capnode on the same type of CPU gives the same bits; on another type the intervals may differ in "
        "their last digits and hold as well. Every number is a bound with all rounding counted; pictures are drawn "
        "from these numbers."
    )
    page.heading("Certificate of samples")
    certified = _certificate(page, field, Path(path).parent)
    if certified:
        page.files([(certified, "exponents at samples, to be proved again: capnode verify " + certified)])
    if field.folder is not None and Path(path).resolve().parent == field.folder.resolve():
        page.files(_files(field.folder))
    page.details("What was asked for, with every number in hex", field.specification)
    return page.write(path)


def _time(field: FtleField) -> str:
    lo, hi = field.time
    return repr(lo) if lo == hi else decimal_bounds(lo, hi)


def _pictures(page: Page, field: FtleField, points: Any, labels: Any, boundary: Any) -> None:
    from capnode.cli.output import have_matplotlib

    if not have_matplotlib():
        page.paragraph("Pictures need matplotlib: pip install 'capnode[plot]'.", "warning")
        return
    maps = field.plot("all", ridges=False)
    page.picture(
        maps[0].figure,
        "Lower ends, upper ends and widths of the intervals. Hatched: not proved; such a cell has at best the bound "
        "that holds everywhere.",
    )
    overlay = field.plot("middle", points=points, labels=labels, boundary=boundary, title="exponent, middle")
    found = [
        "Middles of the intervals with ridges: dots are where the middle is largest across (an observation); filled "
        "dots where the intervals prove a local maximum across (see capnode.ridges)."
    ]
    if boundary is not None:
        found.append("Black: boxes of the decision boundary.")
    if points is not None:
        found.append("Marks: data, by class." if labels is not None else "Marks: data.")
    page.picture(overlay.figure, " ".join(found))


def _numbers(field: FtleField, seconds: float | None) -> list[tuple[Any, ...]]:
    finite = np.isfinite(field.lower) & np.isfinite(field.upper)
    rows: list[tuple[Any, ...]] = [
        ("grid", f"{field.shape[0]} x {field.shape[1]} {field.method}"),
        ("box", " x ".join(f"[{float(a[0])!r}, {float(a[-1])!r}]" for a in field.axes)),
        ("time", _time(field)),
        ("integrated", field.integrated),
    ]
    if field.method == "cells":
        rows.append(("cells after refinement", len(field.cells)))
        areas = field.cells.areas
        good = field.cells.codes == field.verdict_names.index("proved")
        rows.append(("share of the area that is proved", f"{100.0 * areas[good].sum() / areas.sum():.4g} %"))
    mean = field.mean_width
    rows.append(("mean width, all counted", f"{mean:.3g}" if math.isfinite(mean) else "not bounded"))
    if finite.any():
        width = (field.upper - field.lower)[finite]
        rows.append(("largest width among the bounded", f"{float(width.max()):.3g}"))
        least, most = float(field.lower[finite].min()), float(field.upper[finite].max())
        rows.append(("all bounded intervals lie in", decimal_bounds(least, most)))
    if seconds is not None:
        rows.append(("time of the last call", f"{seconds:.1f} s"))
    return rows


def _certificate(page: Page, field: FtleField, folder: Path) -> str:
    """Writes the certificate of a few samples beside the page and says what came of it; its name, or nothing."""
    target = folder / CERTIFICATE
    try:
        certificate = field.certificate()
    except (ValueError, NotProved) as reason:
        page.paragraph(f"There is none: {str(reason).rstrip('.')}.")
        return ""
    certificate.save(target)
    page.paragraph(
        "It samples the field: at the inputs below the exponents are proved again, and that the largest meets the "
        "interval of its cell. The other entries, and the intervals over whole cells, are not proved again."
    )
    page.table(
        [sample_row(entry) for entry in certificate.document["theorems"]],
        head=("input", "largest exponent, certified", "interval of the field there"),
    )
    work = sum(_work(entry) for entry in certificate.document["theorems"])
    if work > MOST_WORK:
        page.paragraph(f"Not checked here, to keep this page quick: capnode verify {CERTIFICATE} does.", "warning")
        return CERTIFICATE
    try:
        from capnode.verification import verify
    except ModuleNotFoundError:
        page.paragraph("Not checked here: that needs python-flint (pip install 'capnode[verify]').", "warning")
        return CERTIFICATE
    found = verify(certificate)
    if found.ok:
        page.paragraph(f"All {found.checked} were proved again by capnode.verify, in Arb, in {found.seconds:.1f} s.")
    else:
        page.paragraph(f"Not proved again: {'; '.join(str(check) for check in found.failures[:3])}", "warning")
    return CERTIFICATE


def _work(entry: dict[str, Any]) -> int:
    rows = int(entry["field_summary"]["dim"]) + int(entry["field_summary"]["parameter_dim"])
    return rows**2 * len(entry["steps"])


def sample_row(entry: dict[str, Any]) -> tuple[str, str, str]:
    def first(box: dict[str, str]) -> str:
        lo, hi = (float.fromhex(box[end].split()[0]) for end in ("lo", "hi"))
        return decimal_bounds(lo, hi)

    point = ", ".join(repr(float.fromhex(word)) for word in entry["initial"]["centre"].split())
    return f"({point})", first(entry["enclosures"]["exponents"]), first(entry["sample"]["interval"])


def _files(folder: Path) -> list[tuple[str, str]]:
    known = [("ftle.npz", "all intervals, cells and verdicts (numpy.load, or capnode.FtleField.load)"),
             ("run.json", "what was asked for, and its digest")]  # fmt: skip
    fields = [(path.name, "the field, exactly") for path in sorted(folder.glob("field-*.capnode"))]
    tiles = sorted(folder.glob("tile-*.npz"))
    shown = [(tiles[0].name, f"the first of {len(tiles)} tiles")] if tiles else []
    return [entry for entry in known if (folder / entry[0]).exists()] + fields + shown
