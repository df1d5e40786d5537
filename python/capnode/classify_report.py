"""The report of a class map: what is proved, in words; pictures; numbers; the decision boundary. One HTML file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from capnode.certificate import software
from capnode.report_page import Page
from capnode.result import Verdict
from capnode.statements import claimed_bounds


def statement(found: Any) -> str:
    """What the cells say, as one sentence."""
    box = " x ".join(claimed_bounds(float(a), float(b)) for a, b in zip(*_ends(found), strict=True))
    return (
        f"Proved: about {100.0 * found.decided:.4g} % of the area of {box} is covered by cells whose inputs all belong "
        "to one class each. In every other cell the classes that are not listed for it are proved not to be reached."
    )


def _ends(found: Any) -> tuple[Any, Any]:
    return found.rectangle.lo, found.rectangle.hi


def write_report(
    found: Any,
    path: str | os.PathLike[str],
    *,
    boundaries: Any = (),
    title: str = "Classes over a plane of inputs",
    points: Any = None,
    labels: Any = None,
    seconds: float | None = None,
    notes: str = "",
) -> Path:
    """Writes the page of a `ClassMap`. `boundaries`: Results of `decision_boundary`; `points` (k, 2), `labels` (k,)."""
    from capnode import _core
    from capnode.cli.output import have_matplotlib

    page = Page(title)
    page.paragraph(statement(found), "lead")
    if "interrupted" in found.counts:
        page.paragraph("The run was stopped: what has the verdict `interrupted` is still to be computed.", "warning")
    if notes:
        page.paragraph(notes)
    page.heading("Pictures")
    if have_matplotlib():
        first = boundaries[0] if boundaries else None
        axes = found.plot(boundary=first, points=points, labels=labels)
        text = "Cells in the tint of their proved class; hatched: several classes can be reached."
        if first is not None:
            text += " Black: strips, each proved to hold one piece of the decision boundary."
        page.picture(axes.figure, text)
    else:
        page.paragraph("Pictures need matplotlib: pip install 'capnode[plot]'.", "warning")
    page.heading("Classes")
    proved = found.proved_class
    page.table(
        [(str(k), int((proved == k).sum()), f"{100.0 * share:.6g} %") for k, share in enumerate(found.shares)],
        head=("class", "cells proved", "share of the area proved"),
    )
    for result in boundaries:
        _boundary(page, result)
    if points is not None:
        _data(page, found, points, labels)
    page.heading("Numbers")
    rows: list[tuple[Any, ...]] = [
        ("grid", f"{found.shape[0]} x {found.shape[1]} cells"),
        ("cells after refinement", len(found)),
        ("integrated", found.integrated),
    ]
    if found.out_of_budget:
        rows.append(("refinement", "ended by the budget"))
    if seconds is not None:
        rows.append(("time of the last call", f"{seconds:.1f} s"))
    page.table(rows)
    page.heading("Verdicts")
    page.table(
        [(name, count, Verdict(name).sentence) for name, count in found.counts.items()],
        head=("verdict", "cells", "meaning"),
    )
    page.heading("Where this comes from")
    field = getattr(found.field, "digest", None)
    page.table(
        [
            *([("digest of the field", str(field))] if field is not None else []),
            ("written on", _core.cpu_type()),
            *software().items(),
        ]
    )
    folder = Path(path).resolve().parent
    known = (("classes.npz", "cells, classes and verdicts"), ("run.json", "what was asked for, and its digest"),
             ("readout.npz", "the readout, exactly"))  # fmt: skip
    if (folder / "classes.npz").exists():
        fields = [(entry.name, "a field, exactly") for entry in sorted(folder.glob("field-*.capnode"))]
        page.files([entry for entry in known if (folder / entry[0]).exists()] + fields)
    return page.write(path)


def _boundary(page: Page, result: Any) -> None:
    curve = getattr(result, "value", result)
    i, k = curve.classes
    page.heading(f"Decision boundary between {i} and {k}")
    proved = bool(getattr(result, "proved", curve.complete))
    for line in curve.statement().splitlines():
        page.paragraph(line, "lead" if proved else "")
    if not proved:
        page.paragraph(f"Not proved to the end: {getattr(result, 'reason', '')}", "warning")
    summary = curve.to_dict()
    page.table([(name.replace("_", " "), summary[name]) for name in ("pieces", "length", "largest_strip", "left_over")])


def _data(page: Page, found: Any, points: Any, labels: Any) -> None:
    """How many points of the data lie on a proved side; the others by name."""
    if found.core is None:
        return
    at = np.asarray(points, dtype=np.float64).reshape(-1, 2)
    classes = found.class_of(at)
    page.heading("Data")
    rows: list[tuple[Any, ...]] = [("points whose class is proved", int((classes >= 0).sum()))]
    if labels is not None:
        rows.append(("of these, class as labelled", int((classes == np.asarray(labels)).sum())))
    rows.append(("points whose class is not proved", int((classes < 0).sum())))
    page.table(rows)
    named = [f"point {k} at {at[k].tolist()}" for k in np.flatnonzero(classes < 0)]
    if labels is not None:
        wrong = np.flatnonzero((classes >= 0) & (classes != np.asarray(labels)))
        named += [f"point {k} at {at[k].tolist()}: class {classes[k]}, labelled {labels[k]}" for k in wrong]
    if named:
        page.details("Points that are not proved to belong to their label", "\n".join(named))
