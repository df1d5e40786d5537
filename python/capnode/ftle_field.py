"""Fields of finite-time Lyapunov exponents as they are handed out: intervals over a grid, the cells behind them, files.

What an interval says: `cells`, every initial point of the cell has its exponent in it; `points`, the grid point has.
Where nothing could be bounded the interval is the one that holds at every input, or the whole line, and the verdict
says why. Statement and method:
cpp/include/capnode/dynamics/ftle.hpp.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from capnode.interval_array import IntervalArray
from capnode.result import Verdict
from capnode.runs.archive import write_archive

if TYPE_CHECKING:
    from capnode.certificate import Certificate

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Cells:
    """What the field was computed on: the cells after refinement, or the points.

    boxes    IntervalArray (m, 2)
    lower, upper  (m,): the exponents
    codes    (m,) uint8: places in `FtleField.verdict_names`
    parents  (m,) int64: the flat index of the coarse cell
    """

    boxes: IntervalArray
    lower: FloatArray
    upper: FloatArray
    codes: NDArray[np.uint8]
    parents: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.lower)

    @cached_property
    def areas(self) -> FloatArray:
        sides = self.boxes.hi - self.boxes.lo
        return np.asarray(sides[:, 0] * sides[:, 1])


@dataclass(frozen=True, eq=False)
class FtleField:
    """Finite-time Lyapunov exponents over a rectangle of inputs.

    lower, upper   float64 of `shape`, index order `ij`: the first index belongs to the first axis
    method         "cells": for every point of a cell; "points": for the grid points, both ends included
    axes           (grid lines of axis 0, of axis 1): the edges of the cells (shape + 1), or the points
    cells          the cells after refinement; the intervals above are their hulls
    integrated     how many cells or points were integrated
    digest         SHA-256 of what was asked for; specification: that text
    cpu            the CPU types that computed it, with their instruction set
    complete       False where the run was stopped: what is missing has the verdict `interrupted`
    folder         of the run, or None
    systems        the fields that were integrated, where they are at hand
    """

    lower: FloatArray
    upper: FloatArray
    codes: NDArray[np.uint8]
    verdict_names: tuple[str, ...]
    method: str
    axes: tuple[FloatArray, FloatArray]
    time: tuple[float, float]
    cells: Cells
    integrated: int
    digest: str
    specification: str
    cpu: tuple[str, ...]
    complete: bool = True
    folder: Path | None = None
    systems: tuple[Any, ...] = ()

    @property
    def shape(self) -> tuple[int, int]:
        return (int(self.lower.shape[0]), int(self.lower.shape[1]))

    @property
    def exponents(self) -> IntervalArray:
        return IntervalArray(self.lower, self.upper)

    @property
    def width(self) -> FloatArray:
        with np.errstate(invalid="ignore"):
            return self.upper - self.lower

    @property
    def verdicts(self) -> NDArray[Any]:
        """`Verdict` for each entry."""
        names = np.array([Verdict(name) for name in self.verdict_names], dtype=object)
        return np.asarray(names[self.codes])

    @property
    def proved(self) -> NDArray[np.bool_]:
        return np.asarray(self.codes == self.verdict_names.index("proved"))

    @property
    def counts(self) -> dict[str, int]:
        """How many cells (after refinement) or points have which verdict."""
        codes = self.cells.codes if len(self.cells) else self.codes.ravel()
        found = Counter(codes.tolist())
        return {name: found[k] for k, name in enumerate(self.verdict_names) if found[k]}

    @property
    def boxes(self) -> IntervalArray:
        """The coarse cells, or the grid points, `(*shape, 2)`."""
        ends = []
        for low in (True, False):
            if self.method == "cells":
                lines = [axis[:-1] if low else axis[1:] for axis in self.axes]
            else:
                lines = list(self.axes)
            ends.append(np.stack(np.meshgrid(*lines, indexing="ij"), axis=-1))
        return IntervalArray(*ends)

    @property
    def box(self) -> IntervalArray:
        return IntervalArray(*(np.array([axis[k] for axis in self.axes]) for k in (0, -1)))

    @property
    def mean_width(self) -> float:
        """The mean width of the intervals; for cells weighted by area, over the cells after refinement."""
        if self.method != "cells":
            return float(np.mean(self.width))
        with np.errstate(invalid="ignore"):
            width = self.cells.upper - self.cells.lower
            return float(np.sum(self.cells.areas * width) / np.sum(self.cells.areas))

    def difference(self, other: FtleField) -> IntervalArray:
        """Encloses, entry by entry, the exponents of this field minus those of another over the same grid.

        For the ODE and its exact Euler network: what the network's step size does to the exponents, proved. Of cells
        the hull over the parts in which the two refinements cut them: the refined cells decide how tight it is.
        """
        if self.method != other.method or any(
            not np.array_equal(a, b) for a, b in zip(self.axes, other.axes, strict=True)
        ):
            raise ValueError(
                f"the fields are over different grids: {self.method} {self.shape} of {self.box} and "
                f"{other.method} {other.shape} of {other.box}"
            )
        if self.method != "cells":
            return self.exponents - other.exponents
        lower, upper = np.empty(self.lower.size), np.empty(self.lower.size)
        for c in range(self.lower.size):
            ours, theirs = self._leaves(c), other._leaves(c)
            meet = np.ones((len(ours), len(theirs)), dtype=bool)
            for k in (0, 1):  # parts of positive area: together they are all of the cell
                low = np.maximum.outer(self.cells.boxes.lo[ours, k], other.cells.boxes.lo[theirs, k])
                high = np.minimum.outer(self.cells.boxes.hi[ours, k], other.cells.boxes.hi[theirs, k])
                meet &= low < high
            i, j = np.nonzero(meet)
            i, j = ours[i], theirs[j]
            parts = IntervalArray(self.cells.lower[i], self.cells.upper[i]) - IntervalArray(
                other.cells.lower[j], other.cells.upper[j]
            )
            lower[c], upper[c] = parts.lo.min(), parts.hi.max()
        return IntervalArray(lower.reshape(self.shape), upper.reshape(self.shape))

    def _leaves(self, coarse: int) -> NDArray[np.int64]:
        order, begin = self._leaves_of
        return order[begin[coarse] : begin[coarse + 1]]

    def at(self, points: ArrayLike) -> IntervalArray:
        """The intervals (k,) of the refined cells that hold the points (k, 2); `method="cells"` only."""
        if self.method != "cells":
            raise ValueError("a field of points says nothing between them; compute it with method='cells'")
        z = np.atleast_2d(np.asarray(points, dtype=np.float64))
        if z.ndim != 2 or z.shape[1] != 2:
            raise ValueError(f"points have shape {z.shape}; (k, 2) is needed")
        index = []
        for k, axis in enumerate(self.axes):
            outside = ~((axis[0] <= z[:, k]) & (z[:, k] <= axis[-1]))
            if outside.any():
                first = int(np.argmax(outside))
                raise ValueError(
                    f"point {first} lies outside of the box: component {k} is {float(z[first, k])!r}, "
                    f"the box is [{float(axis[0])!r}, {float(axis[-1])!r}]"
                )
            index.append(np.clip(np.searchsorted(axis, z[:, k], side="right") - 1, 0, len(axis) - 2))
        coarse = index[0] * self.shape[1] + index[1]
        order, begin = self._leaves_of
        lo, hi = self.cells.boxes.lo, self.cells.boxes.hi
        lower, upper = np.empty(len(z)), np.empty(len(z))
        for i, (c, point) in enumerate(zip(coarse, z, strict=True)):
            leaves = order[begin[c] : begin[c + 1]]
            inside = ((lo[leaves] <= point) & (point <= hi[leaves])).all(axis=1)
            own = leaves[int(np.argmax(inside))]
            lower[i], upper[i] = self.cells.lower[own], self.cells.upper[own]
        return IntervalArray(lower, upper)

    @cached_property
    def _leaves_of(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The cells in order of their coarse cells, and where those of each begin."""
        order = np.argsort(self.cells.parents, kind="stable")
        begin = np.searchsorted(self.cells.parents[order], np.arange(self.lower.size + 1))
        return order, begin

    # ---- files -------------------------------------------------------------------------------------------------

    def save(self, path: str | os.PathLike[str]) -> Path:
        """One `.npz`, bit for bit, whose bytes depend on the numbers alone."""
        return write_archive(path, self._arrays())

    def _arrays(self) -> dict[str, Any]:
        boxes = self.cells.boxes
        return {
            "digest": ascii_array(self.digest),
            "specification": ascii_array(self.specification),
            "method": ascii_array(self.method),
            "time": np.array(self.time),
            "cpu": ascii_array("\n".join(self.cpu)),
            "axis_0": self.axes[0],
            "axis_1": self.axes[1],
            "lower": self.lower,
            "upper": self.upper,
            "verdict_names": ascii_array("\n".join(self.verdict_names)),
            "verdicts": self.codes,
            "cell_boxes": np.stack([boxes.lo[:, 0], boxes.hi[:, 0], boxes.lo[:, 1], boxes.hi[:, 1]], axis=1),
            "cell_lower": self.cells.lower,
            "cell_upper": self.cells.upper,
            "cell_verdicts": self.cells.codes,
            "cell_parents": self.cells.parents,
            "integrated": np.array(self.integrated, dtype=np.int64),
        }

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> FtleField:
        """What `save` or a run wrote: the file, or the folder of a run, of which all tiles are there."""
        file = Path(path)
        if file.is_dir():
            if not (file / "ftle.npz").exists():
                return _from_tiles(file)
            file = file / "ftle.npz"
        with np.load(file, allow_pickle=False) as archive:
            if "cell_parents" not in archive.files or "specification" not in archive.files:
                raise ValueError(f"{file} is no FTLE field")
            return from_arrays(archive, folder=file.parent if file.name == "ftle.npz" else None)

    # ---- faces -------------------------------------------------------------------------------------------------

    def plot(self, what: str = "all", **options: Any) -> Any:
        """The maps of lower end, upper end and width; `capnode.plot.plot_ftle` has the options. Returns the axes."""
        from capnode.plot import plot_ftle

        return plot_ftle(self, what, **options)

    def report(self, path: str | os.PathLike[str], **options: Any) -> Path:
        """A self-contained HTML page: pictures, numbers, what is proved; `capnode.ftle_report` has the options."""
        from capnode.ftle_report import write_report

        return write_report(self, path, **options)

    def certificate(self, samples: int = 4) -> Certificate:
        """The exponents at `samples` inputs (the largest, the smallest, others spread over the field), each with the
        interval of its cell, to be proved again by `capnode.verify`. It samples the field: the other cells, and the
        intervals over whole cells, are not proved again.

        For flows of one field in two dimensions, without an encoder; a ValueError says why where there is none.
        """
        from capnode.ftle_certificate import certificate_of_samples

        return certificate_of_samples(self, samples)

    def to_dict(self) -> dict[str, Any]:
        """The numbers of a summary, for JSON."""
        finite = np.isfinite(self.lower) & np.isfinite(self.upper)
        mean = self.mean_width
        return {
            "method": self.method,
            "shape": list(self.shape),
            "box": [[float(axis[0]), float(axis[-1])] for axis in self.axes],
            "time": list(self.time),
            "complete": self.complete,
            "proved": bool(self.complete and self.proved.all()),
            "verdicts": self.counts,
            "cells": len(self.cells) if self.method == "cells" else int(self.lower.size),
            "integrated": self.integrated,
            "lower": float(self.lower[finite].min()) if finite.any() else None,
            "upper": float(self.upper[finite].max()) if finite.any() else None,
            "mean_width": mean if np.isfinite(mean) else None,
            "largest_width": float(self.width.max()) if finite.all() else None,
            "digest": self.digest,
            "cpu": list(self.cpu),
        }

    def __repr__(self) -> str:
        what = f"{len(self.cells)} cells" if self.method == "cells" else f"{self.lower.size} points"
        lost = self.lower.size - int(self.proved.sum())
        note = "" if not lost else f", {lost} entries not proved"
        return f"<FTLE field {self.shape[0]} x {self.shape[1]}, {what}, mean width {self.mean_width:.3g}{note}>"


def _from_tiles(folder: Path) -> FtleField:
    """Of a run of the program capnode-ftle, which writes the tiles alone."""
    from capnode import _core
    from capnode.ftle_merge import FtleTiles, whole
    from capnode.runs.folder import tile_name

    if not (folder / "run.json").exists():
        raise ValueError(f"{folder} holds no run: it has no run.json")
    spec = _core.load_ftle_run(folder)
    missing = [k for k in range(spec.tiles) if not (folder / tile_name(k)).exists()]
    if missing:
        raise ValueError(
            f"{len(missing)} of the {spec.tiles} tiles in {folder} are missing: `capnode ftle {folder}` computes them"
        )
    tiles = FtleTiles(spec, _core.verdict_names(), lambda k: (folder / tile_name(k)).read_bytes())
    return from_arrays(whole(tiles.merged()), folder=folder, systems=tuple(spec.fields))


def ascii_array(text: str) -> NDArray[np.uint8]:
    return np.frombuffer(text.encode("ascii"), dtype=np.uint8)


def ascii_text(array: NDArray[Any]) -> str:
    return np.asarray(array, dtype=np.uint8).tobytes().decode("ascii")


def from_arrays(
    arrays: Mapping[str, Any], *, complete: bool = True, folder: Path | None = None, systems: tuple[Any, ...] = ()
) -> FtleField:
    """The field from the arrays of its file."""
    names = tuple(ascii_text(arrays["verdict_names"]).split("\n"))
    boxes = arrays["cell_boxes"]
    return FtleField(
        lower=arrays["lower"],
        upper=arrays["upper"],
        codes=arrays["verdicts"],
        verdict_names=names,
        method=ascii_text(arrays["method"]),
        axes=(arrays["axis_0"], arrays["axis_1"]),
        time=(float(arrays["time"][0]), float(arrays["time"][1])),
        cells=Cells(
            IntervalArray(np.ascontiguousarray(boxes[:, ::2]), np.ascontiguousarray(boxes[:, 1::2])),
            arrays["cell_lower"],
            arrays["cell_upper"],
            arrays["cell_verdicts"],
            arrays["cell_parents"],
        ),
        integrated=int(arrays["integrated"]),
        digest=ascii_text(arrays["digest"]),
        specification=ascii_text(arrays["specification"]),
        cpu=tuple(ascii_text(arrays["cpu"]).split("\n")),
        complete=complete,
        folder=folder,
        systems=systems,
    )
