"""Independent tasks on threads, and what Ctrl-C does to them.

The first Ctrl-C asks: nothing new is started, what runs is finished (a proof polls between LAPACK calls), and all that
is finished is kept. The second one leaves the process at once. Our C++ releases the GIL, and its BLAS is
single-threaded, so threads over points are what keeps the cores busy.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

Item = TypeVar("Item")
Value = TypeVar("Value")


class Stop:
    """A request to stop, seen by every thread. Callbacks (to cancel what runs in C++) are called once."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._callbacks: list[Callable[[], None]] = []

    def request(self) -> None:
        if not self._event.is_set():
            self._event.set()
            for callback in list(self._callbacks):
                callback()

    def is_requested(self) -> bool:
        return self._event.is_set()

    def on_request(self, callback: Callable[[], None]) -> None:
        self._callbacks.append(callback)
        if self.is_requested():
            callback()


@contextmanager
def interruptible() -> Iterator[Stop]:
    """Within the block, Ctrl-C requests a stop instead of raising; a second Ctrl-C ends the process with status 130.

    Outside the main thread, or where the program has a SIGINT handler of its own, nothing is changed.
    """
    stop = Stop()
    in_main = threading.current_thread() is threading.main_thread()
    if not in_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield stop
        return

    def handle(number: int, frame: FrameType | None) -> None:
        if stop.is_requested():
            os._exit(130)
        stop.request()

    signal.signal(signal.SIGINT, handle)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def default_threads() -> int:
    """The number of cores this process may use."""
    try:
        return max(1, len(os.sched_getaffinity(0)))
    except AttributeError:  # not on this system
        return max(1, os.cpu_count() or 1)


def map_parallel(
    function: Callable[[Item], Value],
    items: Iterable[Item],
    *,
    threads: int | None = None,
    stop: Stop | None = None,
    on_done: Callable[[int], None] | None = None,
    executor: Executor | None = None,
) -> list[Value | None]:
    """`[function(item) for item in items]` on threads (or on any executor), in order; None where a stop came first.

    `on_done(k)` is called in the calling thread with the number of finished tasks. An exception of a task is raised
    here, after the running tasks have ended.
    """
    work: Sequence[Item] = list(items)
    results: list[Value | None] = [None] * len(work)
    threads = default_threads() if threads is None else threads
    if (
        executor is None
        and (threads <= 1 or len(work) <= 1)
        and threading.current_thread() is not threading.main_thread()
    ):
        for i, item in enumerate(work):
            if stop is not None and stop.is_requested():
                break
            results[i] = function(item)
            if on_done is not None:
                on_done(i + 1)
        return results

    pool: Executor = ThreadPoolExecutor(max_workers=max(1, threads)) if executor is None else executor
    try:
        upcoming = iter(enumerate(work))
        running: dict[Future[Value], int] = {}
        done = 0
        width = max(1, threads)

        def start_more() -> None:
            while len(running) < width and not (stop is not None and stop.is_requested()):
                try:
                    i, item = next(upcoming)
                except StopIteration:
                    return
                running[pool.submit(function, item)] = i

        start_more()
        while running:
            finished, _ = wait(running, timeout=0.1, return_when=FIRST_COMPLETED)
            for future in finished:
                results[running.pop(future)] = future.result()
                done += 1
            if finished and on_done is not None:
                on_done(done)
            start_more()
    finally:
        if executor is None:
            pool.shutdown(wait=True)
    return results
