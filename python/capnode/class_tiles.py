"""Class maps as runs: tiles of cells on any executor, one file a tile, resumable. The machinery is capnode.runs.

A tile is a class map of its own (cpp/include/capnode/dynamics/class_map.hpp) over a rectangle of coarse cells; its
share of the budget is its share of the cells. The folder holds `run.json` (what is computed, every number in hex),
`field-0.capnode` ..., `readout.npz`, `tile-000000.npz` ... and at the end `classes.npz`.
"""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from capnode import _core
from capnode.arguments import parameter_box
from capnode.class_map import ClassMap
from capnode.input_plane import encoder_of, system_of
from capnode.interval_array import IntervalArray
from capnode.progress import ProgressOption
from capnode.readout import Readout
from capnode.runs.archive import archive_bytes
from capnode.runs.folder import RunFolder, manifest_bytes
from capnode.runs.memory import RunMemory
from capnode.runs.recent import Recent
from capnode.runs.reported import compute_reported
from capnode.whole_file import write_whole

FINAL = "classes.npz"
_MADE: Recent[_core.Classifier] = Recent()


@dataclass(frozen=True)
class ClassifierText:
    """A classifier as it travels: fields as text, numbers as arrays."""

    layers: tuple[tuple[str, float], ...]
    stages: tuple[tuple[str, bool, float, int], ...]
    weight: NDArray[np.float64]
    bias: NDArray[np.float64]
    options: dict[str, Any]

    def make(self) -> _core.Classifier:
        fields = {text: _core.Field.from_text(text) for text in self.texts()}
        return _core.Classifier(
            [(fields[text], duration) for text, duration in self.layers],
            [(fields[text], residual, step, steps) for text, residual, step, steps in self.stages],
            _core.Readout(self.weight, self.bias),
            **self.options,
        )

    def texts(self) -> list[str]:
        """The different fields in the order of their first mention."""
        return list(dict.fromkeys([text for text, _ in self.layers] + [entry[0] for entry in self.stages]))

    def describe(self) -> list[str]:
        """Every number in hex, fields by their digests."""
        digests = {text: str(_core.Field.from_text(text).digest) for text in self.texts()}
        lines = [f"layer {digests[text]} {duration.hex()}" for text, duration in self.layers]
        lines += [
            f"stage {digests[text]} {int(residual)} {step.hex()} {steps}" for text, residual, step, steps in self.stages
        ]
        for name, value in (("weight", self.weight), ("bias", self.bias), *sorted(self.options.items())):
            lines.append(f"{name} {_hex(value)}")
        return lines


def classifier_text(
    field: Any,
    readout: Readout,
    t: Any,
    p: Any,
    *,
    encoder: Any,
    t0: float,
    order: int | None,
    tolerance: float,
) -> ClassifierText:
    """From the arguments of `classify`, which has checked them."""
    layers, stages, core = system_of(field, t, t0)
    p_lo, p_hi = parameter_box(core, p)
    matrix, offset = encoder_of(encoder, int(core.dim))
    return ClassifierText(
        tuple((f.to_text(), float(duration)) for f, duration in layers),
        tuple((f.to_text(), bool(residual), float(step), int(steps)) for f, residual, step, steps in stages),
        readout.weight,
        readout.bias,
        {
            "parameter_lo": p_lo,
            "parameter_hi": p_hi,
            "t0": float(t0),
            "encoder": matrix,
            "offset": offset,
            "order": 0 if order is None else int(order),
            "tolerance": float(tolerance),
        },
    )


def _hex(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, int):
        return str(value)
    array = np.asarray(value, dtype=np.float64)
    return " ".join([" x ".join(map(str, array.shape)), *(x.hex() for x in array.ravel().tolist())]).strip()


@dataclass(frozen=True)
class ClassWork:
    """Computes tiles of one run, anywhere; each process makes the classifier once."""

    digest: str
    text: ClassifierText
    edges: tuple[NDArray[np.float64], NDArray[np.float64]]
    tile: tuple[int, int]
    depth: int
    budget: int

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.edges[0]) - 1, len(self.edges[1]) - 1

    @property
    def tiles(self) -> int:
        rows, cols = (-(-n // k) for n, k in zip(self.shape, self.tile, strict=True))
        return rows * cols

    def range(self, index: int) -> tuple[int, int, int, int]:
        """(first row, end row, first column, end column)"""
        row, col = divmod(index, -(-self.shape[1] // self.tile[1]))
        r, c = row * self.tile[0], col * self.tile[1]
        return r, min(r + self.tile[0], self.shape[0]), c, min(c + self.tile[1], self.shape[1])

    def classifier(self) -> _core.Classifier:
        return _MADE.get(self.digest, self.text.make)

    def __call__(self, index: int) -> bytes:
        r0, r1, c0, c1 = self.range(index)
        box = [self.edges[0][r0], self.edges[0][r1], self.edges[1][c0], self.edges[1][c1]]
        cells = (r1 - r0) * (c1 - c0)
        share = max(1, self.budget * cells // (self.shape[0] * self.shape[1]))
        found = self.classifier().class_map(
            box, [r1 - r0, c1 - c0], depth=self.depth, budget=share, threads=1, progress=None
        )
        names = _core.verdict_names()
        if (found["verdicts"] == names.index("interrupted")).any():
            raise InterruptedError(f"tile {index} was stopped")
        return archive_bytes(
            {
                "digest": np.frombuffer(self.digest.encode(), dtype=np.uint8),
                "cpu": np.frombuffer(_core.cpu_type().encode(), dtype=np.uint8),
                "index": np.array(index, dtype=np.int64),
                "range": np.array([r0, r1, c0, c1], dtype=np.int64),
                "boxes": found["boxes"],
                "classes": found["possible"],
                "verdict_names": np.frombuffer("\n".join(names).encode(), dtype=np.uint8),
                "verdicts": found["verdicts"],
                "parents": found["parents"],
                "integrated": np.array(found["integrated"], dtype=np.int64),
                "out_of_budget": np.array(bool(found["out_of_budget"])),
            }
        )

    def missing(self, index: int) -> dict[str, Any]:
        """Every class is possible in cells that were not computed."""
        r0, r1, c0, c1 = self.range(index)
        i, j = (k.ravel() for k in np.indices((r1 - r0, c1 - c0)))
        a, b = self.edges[0][r0 : r1 + 1], self.edges[1][c0 : c1 + 1]
        return {
            "boxes": np.stack([a[i], a[i + 1], b[j], b[j + 1]], axis=1),
            "classes": np.ones((len(i), len(self.text.bias)), dtype=bool),
            "verdicts": np.full(len(i), _core.verdict_names().index("interrupted"), dtype=np.uint8),
            "parents": np.arange(len(i), dtype=np.int64),
            "integrated": 0,
            "out_of_budget": False,
        }


def make_work(
    text: ClassifierText,
    rectangle: Sequence[float],
    shape: tuple[int, int],
    *,
    tile: tuple[int, int],
    depth: int,
    budget: int,
) -> tuple[ClassWork, bytes]:
    """The work of a run and its `run.json`. A side that is not positive is a ValueError, before anything runs."""
    edges = []
    for k in (0, 1):
        low, high = float(rectangle[2 * k]), float(rectangle[2 * k + 1])
        if not (np.isfinite(low) and np.isfinite(high) and low < high):
            raise ValueError(f"the box has no positive side on axis {k}: from {low!r} to {high!r}")
        line = np.linspace(low, high, shape[k] + 1)
        if not (np.diff(line) > 0.0).all():
            raise ValueError(f"{shape[k]} cells are too many for the side from {low!r} to {high!r}")
        edges.append(line)
    lines = [
        "capnode-classes 1",
        *text.describe(),
        *(f"edges {_hex(line)}" for line in edges),
        f"tile {tile[0]} {tile[1]}",
        f"depth {depth}",
        f"budget {budget}",
    ]
    digest = sha256("\n".join(lines).encode()).hexdigest()
    work = ClassWork(digest, text, (edges[0], edges[1]), tile, depth, budget)
    return work, manifest_bytes(digest, "classes", {"tiles": work.tiles, "specification": lines})


def run_classes(
    work: ClassWork,
    manifest: bytes,
    field: Any,
    *,
    out: str | os.PathLike[str] | None,
    resume: bool = True,
    executor: Any = None,
    workers: int | None = None,
    progress: ProgressOption = None,
) -> ClassMap:
    """All tiles, as `classify` has them."""
    if out is None:
        memory = RunMemory(work.tiles)
        _compute(work, memory, executor, workers, progress)
        return _merge(work, memory, field)
    texts, readout = work.text.texts(), Readout(work.text.weight, work.text.bias)

    def describe(folder: Path) -> None:
        if (folder / "run.json").exists():
            return
        for k, text in enumerate(texts):
            write_whole(folder / f"field-{k}.capnode", text.encode())
        readout.save(folder / "readout.npz")
        write_whole(folder / "run.json", manifest)

    with RunFolder(out, work.digest, work.tiles, describe) as folder:
        if not resume:
            folder.forget()
        complete = _compute(work, folder, executor, workers, progress)
        found = _merge(work, folder, field)
        if complete:
            found.save(folder.path / FINAL)
    return found


def _compute(
    work: ClassWork,
    store: RunFolder | RunMemory,
    executor: Any,
    workers: int | None,
    progress: ProgressOption,
) -> bool:
    sizes = [(b - a) * (d - c) for a, b, c, d in map(work.range, range(work.tiles))]
    return compute_reported(
        work, store, stage="cells", sizes=sizes, executor=executor, workers=workers, progress=progress
    )


def _merge(work: ClassWork, store: RunFolder | RunMemory, field: Any) -> ClassMap:
    """One map of all tiles in their order; a class map lies in memory whole, so this does too."""
    names = _core.verdict_names()
    parts: dict[str, list[Any]] = {name: [] for name in ("boxes", "classes", "verdicts", "parents")}
    integrated, out_of_budget = 0, False
    for index in range(work.tiles):
        r0, _, c0, c1 = work.range(index)
        tile: Any = np.load(io.BytesIO(store.read(index))) if store.has(index) else work.missing(index)
        codes = np.asarray(tile["verdicts"])
        if "verdict_names" in tile:
            own = np.asarray(tile["verdict_names"]).tobytes().decode("ascii").split("\n")
            codes = np.array([names.index(name) for name in own], dtype=np.uint8)[codes]
        row, column = np.divmod(np.asarray(tile["parents"]), c1 - c0)
        parts["boxes"].append(tile["boxes"])
        parts["classes"].append(tile["classes"])
        parts["verdicts"].append(codes)
        parts["parents"].append((r0 + row) * work.shape[1] + c0 + column)
        integrated += int(tile["integrated"])
        out_of_budget |= bool(tile["out_of_budget"])
    boxes = np.concatenate(parts["boxes"])
    return ClassMap(
        boxes=IntervalArray(np.ascontiguousarray(boxes[:, ::2]), np.ascontiguousarray(boxes[:, 1::2])),
        classes=np.concatenate(parts["classes"]),
        codes=np.concatenate(parts["verdicts"]),
        parents=np.concatenate(parts["parents"]),
        shape=work.shape,
        rectangle=IntervalArray(*(np.array([line[k] for line in work.edges]) for k in (0, -1))),
        readout=Readout(work.text.weight, work.text.bias),
        integrated=integrated,
        out_of_budget=out_of_budget,
        core=work.classifier(),
        field=field,
    )
