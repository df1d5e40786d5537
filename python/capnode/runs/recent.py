"""What a worker process makes once for many tiles: kept for the last few runs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Recent(Generic[T]):
    """A mapping of digests to things that are costly to make; the oldest beyond `size` goes. Safe between threads."""

    def __init__(self, size: int = 4) -> None:
        self.size = size
        self._kept: dict[str, T] = {}
        self._lock = threading.Lock()

    def get(self, digest: str, make: Callable[[], T]) -> T:
        with self._lock:
            if digest not in self._kept:
                made = make()
                while len(self._kept) >= self.size:
                    self._kept.pop(next(iter(self._kept)))
                self._kept[digest] = made
            return self._kept[digest]
