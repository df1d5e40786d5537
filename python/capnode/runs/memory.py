"""The tiles of a run without a folder."""

from __future__ import annotations


class RunMemory:
    keeps = False

    def __init__(self, tiles: int) -> None:
        self.tiles = tiles
        self._data: dict[int, bytes] = {}

    def finished(self) -> list[int]:
        return sorted(self._data)

    def write(self, index: int, data: bytes) -> None:
        self._data[index] = data

    def has(self, index: int) -> bool:
        return index in self._data

    def read(self, index: int) -> bytes:
        return self._data[index]
