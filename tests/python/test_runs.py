"""The map over the tiles of a run: what is kept, what is computed again, what is refused."""

from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from capnode.errors import RunIncomplete
from capnode.parallel import Stop
from capnode.runs import tile_map
from capnode.runs.archive import Streamed, archive_bytes, is_whole, write_archive
from capnode.runs.folder import RunFolder, manifest_bytes, stored_digest, tile_name
from capnode.runs.memory import RunMemory
from capnode.runs.tile_map import compute_tiles
from run_work import DIGEST, Squares, traced

TESTS = Path(__file__).resolve().parent.parent
MANIFEST = manifest_bytes(DIGEST, "squares", {"tiles": 12})


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    folder = tmp_path / "trace"
    folder.mkdir()
    return folder


def opened(path: Path, tiles: int = 12, digest: str = DIGEST) -> RunFolder:
    return RunFolder(path, digest, tiles, manifest_bytes(digest, "squares", {"tiles": tiles}))


def contents(path: Path) -> dict[str, bytes]:
    return {entry.name: entry.read_bytes() for entry in path.iterdir()}


def test_archives_depend_on_the_arrays_alone(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(7, 5)), rng.integers(0, 9, size=11)
    whole = archive_bytes({"a": a, "b": b})
    pieces = {"a": Streamed("<f8", (7, 5), (a[i : i + 2] for i in range(0, 7, 2))), "b": Streamed("<i8", (11,), [b])}
    assert write_archive(tmp_path / "x.npz", pieces).read_bytes() == whole
    with np.load(tmp_path / "x.npz") as archive:
        assert np.array_equal(archive["a"], a)
        assert np.array_equal(archive["b"], b)
    with pytest.raises(ValueError, match="10 numbers for the shape"):
        archive_bytes({"a": Streamed("<f8", (7, 5), [a[:2]])})


@pytest.mark.parametrize("where", ["threads", "processes"])
def test_every_tile_once_and_the_same_bytes(where: str, tmp_path: Path, trace: Path) -> None:
    with opened(tmp_path / "run") as folder:
        ran = compute_tiles(Squares(str(trace)), folder, executor=where, workers=2)
    assert (ran.found, ran.computed, ran.complete, ran.stopped) == (0, 12, True, False)
    assert traced(trace) == list(range(12))
    for k in range(12):
        assert (tmp_path / "run" / tile_name(k)).read_bytes() == Squares(str(tmp_path))(k)
    before = contents(tmp_path / "run")
    with opened(tmp_path / "run") as folder:
        ran = compute_tiles(Squares(str(trace)), folder, executor=where, workers=2)
    assert (ran.found, ran.computed) == (12, 0)
    assert traced(trace) == list(range(12))
    assert contents(tmp_path / "run") == before


def test_without_a_folder(trace: Path) -> None:
    memory = RunMemory(5)
    seen: list[int] = []
    found: list[list[int]] = []
    for _ in range(2):
        assert compute_tiles(
            Squares(str(trace)), memory, workers=2, on_start=found.append, on_done=seen.append
        ).complete
    assert sorted(seen) == list(range(5))
    assert found == [[], list(range(5))]
    assert memory.read(3) == Squares(str(trace))(3)


class CountingExecutor(Executor):
    """Threads, and the largest number of tasks that were submitted and not taken back yet."""

    def __init__(self) -> None:
        self.pool, self.open, self.most, self.lock = ThreadPoolExecutor(2), 0, 0, threading.Lock()

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        with self.lock:
            self.open += 1
            self.most = max(self.most, self.open)
        future = self.pool.submit(fn, *args, **kwargs)
        result = future.result

        def taken(timeout: float | None = None) -> Any:
            with self.lock:
                self.open -= 1
            return result(timeout)

        future.result = taken  # type: ignore[method-assign]
        return future


def test_few_tiles_are_held_at_once(trace: Path) -> None:
    executor = CountingExecutor()
    assert compute_tiles(Squares(str(trace)), RunMemory(60), executor=executor, workers=3).complete
    assert executor.most == 6
    executor.pool.shutdown()


def test_a_killed_worker_of_our_own_pool_is_replaced(tmp_path: Path, trace: Path) -> None:
    with opened(tmp_path / "run") as folder:
        work = Squares(str(trace), kill_in=4)
        assert compute_tiles(work, folder, executor="processes", workers=2).complete
        assert folder.finished() == list(range(12))
    assert traced(trace).count(4) == 2


def test_a_killed_worker_of_a_pool_of_the_callers(tmp_path: Path, trace: Path) -> None:
    """That pool is broken for good: what is finished is kept, and another pool goes on."""
    with opened(tmp_path / "run") as folder:
        work = Squares(str(trace), kill_in=6)
        with (
            ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool,
            pytest.raises(RunIncomplete, match=r"takes no more tasks .* \d+ of 12 tiles are finished and kept in"),
        ):
            compute_tiles(work, folder, executor=pool)
        kept = folder.finished()
        assert 6 not in kept
        began = traced(trace)
        assert compute_tiles(work, folder, workers=1).computed == 12 - len(kept)
    assert all(traced(trace).count(k) == began.count(k) for k in kept)


def test_a_tile_that_always_kills_its_worker(tmp_path: Path, trace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tile_map, "ATTEMPTS", 2)
    with opened(tmp_path / "run", tiles=2) as folder:
        work = Squares(str(trace), kill_in=1, kills=99)
        with pytest.raises(RunIncomplete, match=r"tile [01] lost its worker 2 times .* of 2 tiles are finished"):
            compute_tiles(work, folder, executor="processes", workers=1)


def test_an_error_of_a_tile_keeps_the_others(tmp_path: Path, trace: Path) -> None:
    with opened(tmp_path / "run") as folder:
        with pytest.raises(ArithmeticError, match="tile 5 is not to be had") as caught:
            compute_tiles(Squares(str(trace), raise_in=5), folder, workers=1)
        assert "tiles are finished and kept in" in caught.value.__notes__[0]
        assert set(range(5)) <= set(folder.finished())


def test_a_stop_keeps_what_is_finished(tmp_path: Path, trace: Path) -> None:
    stop = Stop()

    def after_three(index: int) -> None:
        if index == 2:
            stop.request()

    with opened(tmp_path / "run") as folder:
        ran = compute_tiles(Squares(str(trace)), folder, workers=1, stop=stop, on_done=after_three)
        assert ran.stopped
        assert not ran.complete
        assert 3 <= ran.computed == len(folder.finished()) < 12
        assert compute_tiles(Squares(str(trace)), folder, workers=1).complete
    assert traced(trace) == list(range(12))


def test_the_folder_of_another_run(tmp_path: Path) -> None:
    opened(tmp_path / "run").close()
    with pytest.raises(ValueError, match=f"digest is {DIGEST}, that of this run {'cd' * 32}"):
        opened(tmp_path / "run", digest="cd" * 32)
    (tmp_path / "run" / tile_name(3)).write_bytes(Squares(str(tmp_path), digest="ef" * 32)(3))
    with opened(tmp_path / "run") as folder, pytest.raises(ValueError, match=f"{'ef' * 32}, that of this run {DIGEST}"):
        folder.finished()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / tile_name(0)).write_bytes(b"")
    with pytest.raises(ValueError, match=r"holds tiles but no run\.json"):
        opened(tmp_path / "other")
    (tmp_path / "other" / "run.json").write_text("[]")
    with pytest.raises(ValueError, match="no description of a run"):
        opened(tmp_path / "other")
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="cannot make the folder"):
        opened(tmp_path / "file")


def test_one_run_at_a_time(tmp_path: Path) -> None:
    with opened(tmp_path / "run"), pytest.raises(ValueError, match="in use by a run that has not ended"):
        opened(tmp_path / "run")
    opened(tmp_path / "run").close()


def test_damaged_tiles_and_temporaries_are_computed_again(tmp_path: Path, trace: Path) -> None:
    with opened(tmp_path / "run") as folder:
        compute_tiles(Squares(str(trace)), folder, workers=2)
    before = contents(tmp_path / "run")
    tile = tmp_path / "run" / tile_name(7)
    tile.write_bytes(before[tile.name][:-300])
    assert not is_whole(tile)
    other = tmp_path / "run" / tile_name(8)
    other.write_bytes(before[other.name].replace(b"\x00\x00\x40\x40", b"\x00\x00\x41\x40")[:-1] + b"\x01")
    flipped = bytearray(before[other.name])
    flipped[len(flipped) // 2] ^= 1
    other.write_bytes(flipped)
    (tmp_path / "run" / ".tile-000009.npz-abcd").write_bytes(b"half")
    with opened(tmp_path / "run") as folder:
        assert compute_tiles(Squares(str(trace)), folder, workers=2).computed == 2
    assert contents(tmp_path / "run") == before


@pytest.fixture
def small_disk() -> Any:
    """No file may be larger than 4 kB: the error of a full disk, without one."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


class Growing(Squares):
    def __call__(self, index: int) -> bytes:
        return archive_bytes({"digest": np.frombuffer(DIGEST.encode(), np.uint8), "zeros": np.zeros(100 << index)})


def test_a_full_disk(tmp_path: Path, small_disk: Any) -> None:
    with opened(tmp_path / "run") as folder:
        small_disk(8000)
        with pytest.raises(
            OSError, match=r"cannot write .*tile-00000\d.npz.*; (\d) of 12 tiles are finished"
        ) as caught:
            compute_tiles(Growing(str(tmp_path)), folder, workers=1)
        assert caught.value.errno == errno.EFBIG
        assert "once there is room" in str(caught.value)
        kept = folder.finished()
        assert kept[:3] == [0, 1, 2]
        assert len(kept) < 12
        assert not any(name.startswith(".tile") for name in os.listdir(tmp_path / "run"))
        small_disk(resource.RLIM_INFINITY)
        assert compute_tiles(Growing(str(tmp_path)), folder, workers=1).computed == 12 - len(kept)


@pytest.mark.parametrize("bad", [0, -1, True, 1.5])
def test_misuse_of_workers(bad: Any) -> None:
    with pytest.raises(ValueError, match="positive integer"):
        compute_tiles(Squares(""), RunMemory(1), workers=bad)


def test_misuse_of_executor() -> None:
    with pytest.raises(ValueError, match="'threads', 'processes' or an executor, not 'fork'"):
        compute_tiles(Squares(""), RunMemory(1), executor="fork")
    with pytest.raises(ValueError, match="method submit, which int has not"):
        compute_tiles(Squares(""), RunMemory(1), executor=3)
    closed = ThreadPoolExecutor(1)
    closed.shutdown()
    with pytest.raises(
        RunIncomplete, match=r"ThreadPoolExecutor takes no more tasks .* 0 of 1 tiles were finished and"
    ):
        compute_tiles(Squares(""), RunMemory(1), executor=closed)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool, pytest.raises(Exception, match="pickle"):
        compute_tiles(lambda index: b"", RunMemory(1), executor=pool)


RUN = """
import sys
from run_work import DIGEST, Squares
from capnode.runs.folder import RunFolder, manifest_bytes
from capnode.runs.tile_map import compute_tiles
if __name__ == "__main__":
    with RunFolder(sys.argv[1], DIGEST, 12, manifest_bytes(DIGEST, "squares", {"tiles": 12})) as folder:
        compute_tiles(Squares(sys.argv[2], seconds=0.1), folder, executor="processes", workers=2)
"""


def test_killed_at_any_moment(tmp_path: Path, trace: Path, cases: int) -> None:
    """kill -9 of the program; its workers end with it, and no finished tile is computed again. (--long: 3 times)"""
    script = tmp_path / "run.py"
    script.write_text(RUN)
    run = tmp_path / "run"
    environment = os.environ | {"PYTHONPATH": str(TESTS)}
    command = [sys.executable, str(script), str(run), str(trace)]
    rng = np.random.default_rng(int(time.time()))
    for goal in (1, 4, 7) if cases > 1 else (3,):
        process = subprocess.Popen(command, env=environment)
        while process.poll() is None and len(list(run.glob("tile-*"))) < goal:
            time.sleep(0.02)
        time.sleep(rng.uniform(0.0, 0.1))
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        workers = {int(path.name.split("-")[2]) for path in trace.iterdir()}
        deadline = time.monotonic() + 60
        while any(Path(f"/proc/{pid}").exists() for pid in workers) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not any(Path(f"/proc/{pid}").exists() for pid in workers), "workers outlived their parent"
        assert stored_digest(run) == DIGEST
        with opened(run) as folder:
            finished = folder.finished()
        assert len(finished) >= goal or len(finished) == 12
        begun = {k: traced(trace).count(k) for k in finished}
    subprocess.run(command, env=environment, check=True)
    assert all(traced(trace).count(k) == count for k, count in begun.items())
    with opened(tmp_path / "undisturbed") as folder:
        compute_tiles(Squares(str(trace)), folder, workers=1)
    assert contents(run) == contents(tmp_path / "undisturbed")


class _Client:
    status = "running"


class CutOffExecutor(Executor):
    """As Dask's when the cluster goes away in the middle: takes tasks, answers two and then none."""

    def __init__(self, status: str) -> None:
        self._client, self._after, self.taken = _Client(), status, 0

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.taken += 1
        if self.taken <= 2:
            future.set_result(fn(*args, **kwargs))
        if self.taken == 4:
            self._client.status = self._after
        return future


@pytest.mark.parametrize("status", ["connecting", "closed"])
def test_a_cluster_that_goes_away_without_a_word(
    tmp_path: Path, trace: Path, monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    """Tasks that Dask's client took while it lost its scheduler are never answered: the run ends all the same."""
    monkeypatch.setattr(tile_map, "PATIENCE", 0.5)
    executor = CutOffExecutor(status)
    with opened(tmp_path / "run") as folder, pytest.raises(RunIncomplete, match="2 of 12 tiles are finished"):
        compute_tiles(Squares(str(trace)), folder, executor=executor, workers=2)
    assert executor.taken == 4
