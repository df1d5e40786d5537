"""The map over the tiles of a run: bounded submission, finished tiles kept whatever happens.

At most `2 x workers` tiles are submitted and not yet written, so that the memory of a run is that of a few tiles. Tiles
come back as bytes and are written here: workers may be on machines without a common disk. A tile whose worker was lost
is submitted again, ATTEMPTS times in all; a pool of our own is made anew for that. What cannot go on raises
`RunIncomplete`, or OSError for a disk that is full, with the count of tiles that are kept. A cluster without workers
is given PATIENCE to get one.
"""

from __future__ import annotations

import errno
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from dataclasses import dataclass
from typing import Any, Protocol

from capnode.errors import RunIncomplete
from capnode.parallel import Stop
from capnode.runs.executors import PROCESSES, Pool, is_lost_worker, open_pool

ATTEMPTS = 4
PATIENCE = 60.0  # seconds without a worker in the cluster
MOST_RENEWALS = 20
NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class TileWork(Protocol):
    """Computes tiles; pickled to the workers, so its own data are those of one run, not of a tile."""

    def __call__(self, index: int) -> bytes: ...


class TileStore(Protocol):
    tiles: int

    @property
    def keeps(self) -> bool:
        """Whether tiles outlive the call."""

    def finished(self) -> list[int]: ...

    def write(self, index: int, data: bytes) -> None: ...


@dataclass(frozen=True)
class Ran:
    """What one call did: tiles found finished, tiles computed now, all tiles, and whether it was asked to stop."""

    found: int
    computed: int
    tiles: int
    stopped: bool

    @property
    def complete(self) -> bool:
        return self.found + self.computed == self.tiles


def _compute(work: TileWork, index: int, attempt: int) -> bytes:
    """In the worker. `attempt` makes a second try a new task where an executor knows tasks by their arguments."""
    return work(index)


def compute_tiles(
    work: TileWork,
    store: TileStore,
    *,
    executor: Any = None,
    workers: int | None = None,
    stop: Stop | None = None,
    on_start: Callable[[list[int]], None] | None = None,
    on_done: Callable[[int], None] | None = None,
) -> Ran:
    """Computes and writes the missing tiles.

    `on_start(found)` is called once with the finished tiles, `on_done(index)` for each one that is computed. After
    an error the running tiles are waited for and kept; then it is raised.
    """
    found = set(store.finished())
    if on_start is not None:
        on_start(sorted(found))
    missing = [index for index in range(store.tiles) if index not in found]
    if not missing:
        return Ran(len(found), 0, store.tiles, False)
    with open_pool(executor, workers) as pool:
        loop = _Loop(work, store, pool, missing, stop, on_done, len(found))
        loop.run()
        return Ran(len(found), loop.computed, store.tiles, loop.stopping and loop.computed < len(missing))


class _Loop:
    def __init__(
        self,
        work: TileWork,
        store: TileStore,
        pool: Pool,
        missing: list[int],
        stop: Stop | None,
        on_done: Callable[[int], None] | None,
        found: int,
    ) -> None:
        self.work, self.store, self.pool, self.stop, self.on_done, self.found = work, store, pool, stop, on_done, found
        self.upcoming = list(reversed(missing))
        self.attempts: dict[int, int] = {}
        self.running: dict[Future[bytes], int] = {}
        self.computed = 0
        self.stopping = False
        self.failure: BaseException | None = None
        self.last_loss: BaseException = CancelledError()
        self.renewals = 0
        self.last_worker = time.monotonic()

    def run(self) -> None:
        try:
            self.submit_more()
            while self.running:
                done, _ = wait(self.running, timeout=0.2, return_when=FIRST_COMPLETED)
                if self.stop is not None and self.stop.is_requested() and not self.stopping:
                    self.end()
                lost = [index for future in done if (index := self.take(future)) is not None]
                if lost:
                    self.resubmit(lost)
                if not done:
                    self.look_for_workers()
                self.submit_more()
        except BaseException:  # Ctrl-C where it is no request, or a bug: nothing that runs is waited for
            for future in self.running:
                future.cancel()
            raise
        if self.failure is not None:
            raise self.failure

    def submit_more(self) -> None:
        while self.upcoming and not self.stopping and len(self.running) < 2 * self.pool.width:
            index = self.upcoming.pop()
            attempt = self.attempts[index] = self.attempts.get(index, 0) + 1
            try:
                future = self.pool.submit(_compute, self.work, index, attempt)
            except Exception as error:  # a pool that is broken or shut down
                self.attempts[index] -= 1
                self.upcoming.append(index)
                if isinstance(error, TypeError | AttributeError):  # the work cannot be sent
                    self.fail(error)
                elif not self.running and not self.renew():
                    self.fail(self.incomplete(f"{self.pool.where} takes no more tasks ({error})", error))
                if self.running:
                    return
                continue
            self.running[future] = index

    def take(self, future: Future[bytes]) -> int | None:
        """Writes what a task brought; the tile where its worker was lost."""
        index = self.running.pop(future)
        try:
            data = future.result()
        except (Exception, CancelledError) as error:
            if self.stopping and isinstance(error, CancelledError):
                return None
            if is_lost_worker(error):
                self.last_loss = error
                return index
            error.add_note(self.kept())
            self.fail(error)
            return None
        try:
            self.store.write(index, data)
        except OSError as error:
            if error.errno in NO_SPACE:
                text = f"{error.strerror}; {self.kept()}: the same call goes on once there is room"
            else:
                text = f"{error.strerror}; {self.kept()}"
            self.fail(OSError(error.errno, text))
            return None
        self.computed += 1
        if self.on_done is not None:
            self.on_done(index)
        return None

    def look_for_workers(self) -> None:
        """Tasks sent to a cluster while it goes away are answered by nobody, not even with an error."""
        now = time.monotonic()
        if self.pool.workers_left() != 0:
            self.last_worker = now
        elif now - self.last_worker > PATIENCE and not self.stopping:
            self.fail(self.incomplete(f"the cluster has had no worker for {PATIENCE:g} seconds", self.last_loss))

    def resubmit(self, lost: list[int]) -> None:
        if self.stopping:
            return
        tired = [index for index in lost if self.attempts[index] >= ATTEMPTS]
        if tired:
            self.fail(self.incomplete(
                f"tile {min(tired)} lost its worker {ATTEMPTS} times ({self.reason()})", self.last_loss
            ))  # fmt: skip
            return
        self.upcoming.extend(sorted(lost, reverse=True))

    def renew(self) -> bool:
        """A new pool of our own in place of a broken one."""
        if not self.pool.renewable:
            return False
        self.renewals += 1
        if self.renewals > MOST_RENEWALS:
            return False
        self.pool.renew()
        return True

    def reason(self) -> str:
        text = " ".join(str(self.last_loss).split()) or "it went away"
        if self.pool.where == PROCESSES and self.computed == 0:
            text += '; a script that uses processes needs `if __name__ == "__main__":` around its calls'
        return text

    def kept(self) -> str:
        count = f"{self.found + self.computed} of {self.store.tiles} tiles"
        if self.store.keeps:
            return f"{count} are finished and kept in {self.store}"
        return f"{count} were finished and are lost; a folder (`out`) would have kept them"

    def incomplete(self, why: str, cause: BaseException) -> RunIncomplete:
        goes_on = ": the same call goes on from there" if self.store.keeps else ""
        error = RunIncomplete(f"{why}; {self.kept()}{goes_on}")
        error.__cause__ = cause
        return error

    def fail(self, error: BaseException) -> None:
        if self.failure is None:
            self.failure = error
        self.end()

    def end(self) -> None:
        """Nothing new is started; what has not begun is taken back."""
        self.stopping = True
        for future in [future for future in self.running if future.cancel()]:
            del self.running[future]
