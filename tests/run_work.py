"""Tiles that are quick to compute and to check, and that fail in every way a test asks for. Imported by workers."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from capnode.runs.archive import archive_bytes

DIGEST = "ab" * 32


@dataclass(frozen=True)
class Squares:
    """Tile k holds the squares of 100 numbers from 100 k. `trace`: a folder that gets a file for each computation."""

    trace: str
    seconds: float = 0.0
    kill_in: int = -1  # the worker of this tile is killed, `kills` times
    kills: int = 1
    raise_in: int = -1
    digest: str = DIGEST

    def __call__(self, index: int) -> bytes:
        count = len(list(Path(self.trace).glob(f"{index}-*")))
        (Path(self.trace) / f"{index}-{count}-{os.getpid()}").touch()
        if index == self.kill_in and count < self.kills:
            os.kill(os.getpid(), signal.SIGKILL)
        if index == self.raise_in:
            raise ArithmeticError(f"tile {index} is not to be had")
        if self.seconds:
            time.sleep(self.seconds)
        values = np.arange(100 * index, 100 * (index + 1), dtype=np.float64) ** 2
        return archive_bytes({"digest": np.frombuffer(self.digest.encode(), np.uint8), "squares": values})


def traced(trace: Path) -> list[int]:
    """Which tiles were begun, in increasing order, once for each time."""
    return sorted(int(path.name.split("-")[0]) for path in trace.iterdir())
