"""All tiles of an FTLE run as the arrays of one file, in pieces: never more than a row of tiles at a time.

The pieces depend on the tiles alone, so that the file of a run that was stopped and resumed is that of a quiet one.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from capnode.ftle_field import ascii_array, ascii_text
from capnode.runs.archive import Streamed

Arrays = Mapping[str, Any]
LEAVES = ("cell_boxes", "cell_lower", "cell_upper", "cell_verdicts", "cell_parents")


class FtleTiles:
    """The tiles of a run by number. `read(index)` gives the bytes of a tile file, or None where it is missing."""

    def __init__(self, spec: Any, verdict_names: list[str], read: Callable[[int], bytes | None]) -> None:
        self.spec = spec
        self.names = verdict_names
        self._read = read
        self.count = int(spec.tiles)
        self.shape: tuple[int, int] = tuple(spec.shape)
        self.ranges = [tuple(spec.tile_range(k)) for k in range(self.count)]
        self.per_row = sum(1 for r in self.ranges if r[0] == 0)

    def open(self, index: int) -> Arrays:
        data = self._read(index)
        if data is None:
            return self._missing(index)
        tile = np.load(io.BytesIO(data), allow_pickle=False)
        found = ascii_text(tile["digest"])
        if found != self.spec.digest:
            raise ValueError(f"tile {index} belongs to the run {found}, not to {self.spec.digest}")
        return tile  # type: ignore[no-any-return]

    def _missing(self, index: int) -> Arrays:
        """The whole line and the verdict `interrupted`, cell by cell."""
        r0, r1, c0, c1 = self.ranges[index]
        shape = (r1 - r0, c1 - c0)
        code = self.names.index("interrupted")
        tile: dict[str, Any] = {
            "cpu": ascii_array(""),
            "lower": np.full(shape, -np.inf),
            "upper": np.full(shape, np.inf),
            "verdict_names": ascii_array("\n".join(self.names)),
            "verdicts": np.full(shape, code, dtype=np.uint8),
            "integrated": np.array(0),
        }
        boxes = np.zeros((0, 4))
        if self.spec.method == "cells":
            a, b = self.spec.grid(0)[r0 : r1 + 1], self.spec.grid(1)[c0 : c1 + 1]
            i, j = (k.ravel() for k in np.indices(shape))
            boxes = np.stack([a[i], a[i + 1], b[j], b[j + 1]], axis=1)
        m = len(boxes)
        return tile | {
            "cell_boxes": boxes,
            "cell_lower": np.full(m, -np.inf),
            "cell_upper": np.full(m, np.inf),
            "cell_verdicts": np.full(m, code, dtype=np.uint8),
            "cell_parents": np.arange(m, dtype=np.int64),
        }

    def merged(self) -> dict[str, Any]:
        """The arrays of the file in their order; large ones in pieces."""
        cpus: set[str] = set()
        leaves = integrated = 0
        for index in range(self.count):
            tile = self.open(index)
            cpus.add(ascii_text(tile["cpu"]))
            leaves += len(tile["cell_lower"])
            integrated += int(tile["integrated"])
        sizes = {"cell_boxes": (leaves, 4)}
        types = {"cell_verdicts": "|u1", "cell_parents": "<i8"}
        return {
            "digest": ascii_array(self.spec.digest),
            "specification": ascii_array(self.spec.text),
            "method": ascii_array(self.spec.method),
            "time": np.array(self.spec.time, dtype=np.float64),
            "cpu": ascii_array("\n".join(sorted(cpus - {""}))),
            "axis_0": np.asarray(self.spec.grid(0), dtype="<f8"),
            "axis_1": np.asarray(self.spec.grid(1), dtype="<f8"),
            "lower": Streamed("<f8", self.shape, self._bands("lower")),
            "upper": Streamed("<f8", self.shape, self._bands("upper")),
            "verdict_names": ascii_array("\n".join(self.names)),
            "verdicts": Streamed("|u1", self.shape, self._bands("verdicts")),
            **{
                name: Streamed(types.get(name, "<f8"), sizes.get(name, (leaves,)), self._leaves(name))
                for name in LEAVES
            },
            "integrated": np.array(integrated, dtype="<i8"),
        }

    def _bands(self, name: str) -> Iterator[NDArray[Any]]:
        for first in range(0, self.count, self.per_row):
            yield np.hstack([self._entry(self.open(k), name) for k in range(first, first + self.per_row)])

    def _leaves(self, name: str) -> Iterator[NDArray[Any]]:
        for index in range(self.count):
            values = self._entry(self.open(index), name)
            if name == "cell_parents":
                r0, _, c0, c1 = self.ranges[index]
                row, column = np.divmod(values, c1 - c0)
                values = (r0 + row) * self.shape[1] + c0 + column
            yield values

    def _entry(self, tile: Arrays, name: str) -> NDArray[Any]:
        values = np.asarray(tile[name])
        if name.endswith("verdicts"):  # numbers of another version's table mean the same names
            own = ascii_text(tile["verdict_names"]).split("\n")
            if own != self.names:
                values = np.array([self.names.index(n) for n in own], dtype=np.uint8)[values]
        return values


def whole(arrays: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    """The same with every array in one piece."""
    out: dict[str, NDArray[Any]] = {}
    for name, array in arrays.items():
        if isinstance(array, Streamed):
            pieces = list(array.pieces)
            joined = np.concatenate(pieces) if pieces else np.zeros(array.shape)
            assert joined.size == math.prod(array.shape)
            out[name] = joined.astype(array.dtype, copy=False).reshape(array.shape)
        else:
            out[name] = array
    return out
