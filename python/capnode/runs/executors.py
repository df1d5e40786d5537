"""What runs the tiles: threads, processes of our own, or any `concurrent.futures`-style executor (Dask, MPI).

A pool of our own is made anew when a worker dies. Our worker processes are spawned, never forked (a fork copies locks
held by other threads), leave Ctrl-C to their parent, and end with it even where it was killed.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from capnode.parallel import default_threads

LOST = ("KilledWorker", "CommClosedError", "FutureCancelledError", "FuturesCancelledError", "NoValidWorkerError")
THREADS, PROCESSES = "the pool of threads", "the pool of processes"


def _start_worker() -> None:
    """Of a spawned worker: Ctrl-C is the parent's, and a worker without a parent ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        sentinel = parent.sentinel
        threading.Thread(target=_end_with_parent, args=(sentinel,), daemon=True).start()


def _end_with_parent(sentinel: int) -> None:
    multiprocessing.connection.wait([sentinel])
    os._exit(1)


class Pool:
    """Submits tasks; knows how many the executor can run at once and whether it can be made anew."""

    def __init__(self, executor: Executor, width: int, renew: Callable[[], Executor] | None, where: str) -> None:
        self._executor = executor
        self._renew = renew
        self.width = width
        self.where = where

    def submit(self, function: Callable[..., Any], *args: Any) -> Future[Any]:
        if self.is_cut_off():  # Dask's client would take the task all the same, and never answer
            raise RuntimeError("its client has lost the connection to the scheduler")
        return self._executor.submit(function, *args)

    def is_cut_off(self) -> bool:
        """Whether the client of a Dask cluster has lost its scheduler, or is closed."""
        status = getattr(getattr(self._executor, "_client", None), "status", None)
        return isinstance(status, str) and status in ("connecting", "closing", "closed")

    def workers_left(self) -> int | None:
        """The number of workers of a Dask cluster, as its client saw it last; None where it is not known.

        Read from what the client has at hand: a question to a scheduler that went away would not come back.
        """
        if self.is_cut_off():
            return 0
        client = getattr(self._executor, "_client", None)
        known = getattr(client, "_scheduler_identity", None)
        count = known.get("n_workers") if isinstance(known, Mapping) else None
        return count if isinstance(count, int) else None

    @property
    def renewable(self) -> bool:
        return self._renew is not None

    def renew(self) -> None:
        assert self._renew is not None
        self._executor.shutdown(wait=False, cancel_futures=True)
        self._executor = self._renew()

    def close(self) -> None:
        """Pools of our own only."""
        if self._renew is not None:
            self._executor.shutdown(wait=True, cancel_futures=True)


def is_lost_worker(error: BaseException) -> bool:
    """The task did not fail: what ran it went away. Dask's errors are known by name, so that Dask is not needed."""
    return isinstance(error, BrokenExecutor | CancelledError) or type(error).__name__ in LOST


def _threads(workers: int) -> Executor:
    return ThreadPoolExecutor(max_workers=workers, thread_name_prefix="capnode-tile")


def _processes(workers: int) -> Executor:
    return ProcessPoolExecutor(
        max_workers=workers, mp_context=multiprocessing.get_context("spawn"), initializer=_start_worker
    )


def _width_of(executor: Any) -> int:
    """Cores behind an executor: Dask's, a pool's or MPI's number of workers, else those of this machine."""
    client = getattr(executor, "_client", None)
    if client is not None and hasattr(client, "nthreads"):
        return max(1, int(sum(client.nthreads().values())))
    for name in ("num_workers", "_max_workers", "max_workers"):
        count = getattr(executor, name, None)
        if isinstance(count, int) and count > 0:
            return count
    return default_threads()


@contextmanager
def open_pool(executor: Any = None, workers: int | None = None) -> Iterator[Pool]:
    """`executor`: None or "threads", "processes", an executor, or a `distributed.Client`. Misuse is a ValueError.

    `workers`: of a pool of our own, by default the cores of this process; for an executor of the caller's, how many
    tasks it can run at once where that cannot be read off it.
    """
    if workers is not None and (isinstance(workers, bool) or not isinstance(workers, int) or workers < 1):
        raise ValueError(f"workers must be a positive integer, not {workers!r}")
    if isinstance(executor, str) or executor is None:
        kinds: dict[str | None, tuple[Callable[[int], Executor], str]] = {
            None: (_threads, THREADS),
            "threads": (_threads, THREADS),
            "processes": (_processes, PROCESSES),
        }
        if executor not in kinds:
            raise ValueError(f"executor must be 'threads', 'processes' or an executor, not {executor!r}")
        make, where = kinds[executor]
        count = default_threads() if workers is None else workers
        pool = Pool(make(count), count, lambda: make(count), where)
        try:
            yield pool
        finally:
            pool.close()
        return
    if not hasattr(executor, "submit"):
        raise ValueError(f"executor must have a method submit, which {type(executor).__name__} has not")
    if hasattr(executor, "get_executor"):  # a distributed.Client
        executor = executor.get_executor(pure=False)
    yield Pool(executor, _width_of(executor) if workers is None else workers, None, type(executor).__name__)
