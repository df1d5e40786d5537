"""Class maps as they are handed out: the cells of a rectangle of inputs with the classes that can be reached from each.

Statement and method: cpp/include/capnode/dynamics/class_map.hpp.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from capnode import _core
from capnode.boundary import DecisionBoundary, boundary_of
from capnode.interval_array import IntervalArray
from capnode.progress import ProgressOption, reporting
from capnode.readout import Readout
from capnode.result import Provenance, Result, Verdict
from capnode.runs.archive import write_archive

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ClassMap:
    """Which classes the inputs of a rectangle can get.

    boxes          IntervalArray (m, 2): the cells after refinement; they cover the rectangle and do not overlap
    classes        bool (m, classes): the classes that inputs of the cell can reach; the others are proved not to be
    proved_class   int64 (m,): the class of every input of the cell; -1 where several can be reached
    verdicts       (m,) `Verdict`: proved, too_wide (several classes), tied (several whose scores are equal everywhere:
                   `Readout.ties`), unbounded (the flow was not bounded), interrupted
    parents        int64 (m,): the flat index of the coarse cell; shape: how many coarse cells there are
    rectangle      IntervalArray (2,)
    integrated     how many cells were integrated; out_of_budget: whether that was the end of refinement
    """

    boxes: IntervalArray
    classes: NDArray[np.bool_]
    codes: NDArray[np.uint8]
    parents: NDArray[np.int64]
    shape: tuple[int, int]
    rectangle: IntervalArray
    readout: Readout
    integrated: int
    out_of_budget: bool
    core: Any = None
    cells: Any = None
    field: Any = None

    def __len__(self) -> int:
        return len(self.classes)

    @property
    def proved_class(self) -> NDArray[np.int64]:
        return np.where(self.classes.sum(axis=1) == 1, np.argmax(self.classes, axis=1), -1)

    @property
    def verdicts(self) -> NDArray[Any]:
        names = np.array([Verdict(name) for name in _core.verdict_names()], dtype=object)
        return np.asarray(names[self.codes])

    @property
    def counts(self) -> dict[str, int]:
        """How many cells have which verdict."""
        found = Counter(self.codes.tolist())
        return {name: found[k] for k, name in enumerate(_core.verdict_names()) if found[k]}

    @property
    def areas(self) -> FloatArray:
        sides = self.boxes.hi - self.boxes.lo
        return np.asarray(sides[:, 0] * sides[:, 1])

    @property
    def decided(self) -> float:
        """The share of the area whose class is proved."""
        return float(self.areas[self.proved_class >= 0].sum() / self.areas.sum())

    @property
    def shares(self) -> FloatArray:
        """The share of the area that is proved to belong to each class, (classes,)."""
        found = self.proved_class
        parts = [float(self.areas[found == k].sum()) for k in range(self.readout.classes)]
        return np.asarray(np.array(parts) / float(self.areas.sum()))

    def at(self, points: ArrayLike) -> NDArray[np.int64]:
        """The cells (k,) that hold the points (k, 2); a ValueError for a point outside of the rectangle."""
        z = self._points(points)
        found = np.empty(len(z), dtype=np.int64)
        lo, hi = self.boxes.lo, self.boxes.hi
        for i, x in enumerate(z):
            found[i] = int(np.argmax(((lo <= x) & (x <= hi)).all(axis=1)))
        return found

    def class_of(self, points: ArrayLike) -> NDArray[np.int64]:
        """The proved classes (k,) of the points (k, 2) themselves, taken exactly; -1 where a point may lie on a
        decision boundary, or its trajectory is lost. Each is integrated."""
        if self.core is None:
            raise ValueError("a class map from a file has no classifier: classify again, or ask `at`")
        z = np.atleast_2d(np.asarray(points, dtype=np.float64))
        if z.ndim != 2 or z.shape[1] != 2 or not np.isfinite(z).all():
            raise ValueError(f"points have shape {z.shape}; finite (k, 2) is needed")
        answer = self.core.classify_cells(np.repeat(z, 2, axis=1))
        possible = answer["possible"]
        return np.where(possible.sum(axis=1) == 1, np.argmax(possible, axis=1), -1)

    def boundary(
        self,
        classes: tuple[int, int] | None = None,
        *,
        longest: float | None = None,
        max_pieces: int = 100_000,
        depth: int = 12,
        budget: int = 2_000_000,
        threads: int = 1,
        progress: ProgressOption = None,
    ) -> Result[DecisionBoundary]:
        """The decision boundary between two classes over the rectangle (`capnode.decision_boundary`).

        classes     (i, k); may be left out where there are two
        longest     of a piece; default a sixteenth of the longer side. Pieces are as long as they can be proved
        max_pieces  of all chains
        depth       how often cells are quartered until each is away from the curve or within one piece
        budget      cells integrated

        Of a map from tiles only the boxes are taken, as the cells to begin with: what is proved of each is computed
        again here, once for all boundaries. A map from a file has no field: ask `capnode.decision_boundary`.
        """
        if self.core is None:
            raise ValueError("a class map from a file has no classifier: ask decision_boundary")
        if classes is None:
            if self.readout.classes != 2:
                raise ValueError(f"there are {self.readout.classes} classes: name the 2 whose boundary is meant")
            classes = (0, 1)
        i, k = (int(c) for c in classes)
        if longest is not None and not longest > 0.0:
            raise ValueError(f"longest must be positive, not {longest}")
        with reporting(progress) as report:

            def tell(share: float) -> None:
                report(f"boundary, level {int(share)}", int(1000 * (share % 1.0)), 1000)

            answer = self.core.decision_boundary(
                i,
                k,
                self._cells_of_core(threads, report if progress else None),
                longest=longest or 0.0,
                max_pieces=max_pieces,
                depth=depth,
                budget=budget,
                threads=threads,
                progress=tell if progress else None,
            )
        inputs = {"box": self.rectangle, "classes": np.array([i, k])}
        return boundary_of(answer, (i, k), self.rectangle, Provenance("decision_boundary", self.field, inputs))

    def _cells_of_core(self, threads: int, report: Any) -> Any:
        """What the core knows of the cells; of a map from tiles it has to find out."""
        if self.cells is None:
            order = np.argsort(self.parents, kind="stable")  # that of a map in one piece
            answer = self.core.class_map_of_cells(
                _four(self.rectangle[None])[0],
                _four(self.boxes)[order],
                threads=threads,
                progress=(lambda share: report("cells", int(1000 * share), 1000)) if report else None,
            )
            object.__setattr__(self, "cells", answer["map"])
        return self.cells

    def report(self, path: str | os.PathLike[str], **options: Any) -> Path:
        """A self-contained HTML page: pictures, numbers, what is proved; `capnode.classify_report` has the options."""
        from capnode.classify_report import write_report

        return write_report(self, path, **options)

    def plot(self, **options: Any) -> Any:
        """The map, with `boundary=` and data on top: the options of `capnode.plot.plot_class_map`. Returns the axes."""
        from capnode.plot import plot_class_map

        return plot_class_map(self, **options)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """One `.npz`, bit for bit."""
        arrays = {
            "class_boxes": _four(self.boxes),
            "classes": self.classes,
            "verdicts": self.codes,
            "verdict_names": np.frombuffer("\n".join(_core.verdict_names()).encode("ascii"), dtype=np.uint8),
            "parents": self.parents,
            "shape": np.array(self.shape, dtype=np.int64),
            "rectangle": np.array([self.rectangle.lo, self.rectangle.hi]).T,
            "weight": self.readout.weight,
            "bias": self.readout.bias,
            "integrated": np.array(self.integrated, dtype=np.int64),
            "out_of_budget": np.array(self.out_of_budget),
        }
        return write_archive(path, arrays)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> ClassMap:
        """What `save` wrote: a map to look at; only `classify` makes one that answers `class_of` and `boundary`."""
        with np.load(path, allow_pickle=False) as file:
            if "class_boxes" not in file.files:
                raise ValueError(f"{os.fspath(path)} is no class map")
            rectangle = file["rectangle"]
            return cls(
                boxes=_pair(file["class_boxes"]),
                classes=file["classes"],
                codes=file["verdicts"],
                parents=file["parents"],
                shape=(int(file["shape"][0]), int(file["shape"][1])),
                rectangle=IntervalArray(rectangle[:, 0].copy(), rectangle[:, 1].copy()),
                readout=Readout(file["weight"], file["bias"]),
                integrated=int(file["integrated"]),
                out_of_budget=bool(file["out_of_budget"]),
            )

    def to_dict(self) -> dict[str, Any]:
        """The numbers of a summary, for JSON."""
        return {
            "shape": list(self.shape),
            "box": [[float(a), float(b)] for a, b in zip(self.rectangle.lo, self.rectangle.hi, strict=True)],
            "classes": self.readout.classes,
            "cells": len(self),
            "integrated": self.integrated,
            "verdicts": self.counts,
            "decided": self.decided,
            "shares": [float(x) for x in self.shares],
            "out_of_budget": self.out_of_budget,
            "ties": [list(tie) for tie in self.readout.ties],
        }

    def _points(self, points: ArrayLike) -> FloatArray:
        z = np.atleast_2d(np.asarray(points, dtype=np.float64))
        if z.ndim != 2 or z.shape[1] != 2:
            raise ValueError(f"points have shape {z.shape}; (k, 2) is needed")
        outside = ~((self.rectangle.lo <= z) & (z <= self.rectangle.hi)).all(axis=1)
        if outside.any():
            first = int(np.argmax(outside))
            raise ValueError(f"point {first}, {tuple(map(float, z[first]))}, lies outside of the box {self.rectangle}")
        return z

    def __repr__(self) -> str:
        ties = "".join(f"; equal everywhere: {', '.join(map(str, tie))}" for tie in self.readout.ties)
        return (
            f"<class map of {self.readout.classes} classes, {len(self)} cells, "
            f"{100.0 * self.decided:.4g} % of the area proved to lie in one class{ties}>"
        )


def class_map_of(
    answer: Mapping[str, Any],
    core: Any,
    readout: Readout,
    rectangle: Sequence[float],
    shape: tuple[int, int],
    field: Any,
) -> ClassMap:
    """The core's answer."""
    return ClassMap(
        boxes=_pair(answer["boxes"]),
        classes=answer["possible"],
        codes=answer["verdicts"],
        parents=answer["parents"],
        shape=shape,
        rectangle=IntervalArray(np.array(rectangle[::2]), np.array(rectangle[1::2])),
        readout=readout,
        integrated=int(answer["integrated"]),
        out_of_budget=bool(answer["out_of_budget"]),
        core=core,
        cells=answer["map"],
        field=field,
    )


def _pair(boxes: FloatArray) -> IntervalArray:
    return IntervalArray(np.ascontiguousarray(boxes[:, ::2]), np.ascontiguousarray(boxes[:, 1::2]))


def _four(boxes: IntervalArray) -> FloatArray:
    return np.stack([boxes.lo[:, 0], boxes.hi[:, 0], boxes.lo[:, 1], boxes.hi[:, 1]], axis=1)
