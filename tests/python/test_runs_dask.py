"""The tiles of a run on a Dask cluster of several worker processes: killed workers, killed clients, a lost cluster."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import capnode as cn
from capnode.errors import RunIncomplete
from capnode.runs import tile_map
from capnode.runs.folder import RunFolder, manifest_bytes
from capnode.runs.tile_map import compute_tiles
from run_work import DIGEST, Squares, traced

distributed = pytest.importorskip("distributed", reason="needs the extra dask")
pytestmark = pytest.mark.filterwarnings("ignore")  # what Dask and tornado leave behind is theirs

MOONS = Path(__file__).resolve().parent.parent.parent / "examples" / "data" / "moons_2_5_5_2.capnode"
TESTS = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(before)


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Workers find `run_work` on their path."""
    monkeypatch.setenv("PYTHONPATH", str(TESTS))
    return dict(os.environ)


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    folder = tmp_path / "trace"
    folder.mkdir()
    return folder


def cluster(workers: int = 2) -> Any:
    return distributed.LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None, protocol="tcp://")


def opened(path: Path, tiles: int = 12) -> RunFolder:
    return RunFolder(path, DIGEST, tiles, manifest_bytes(DIGEST, "squares", {"tiles": tiles}))


def contents(path: Path) -> dict[str, bytes]:
    return {entry.name: entry.read_bytes() for entry in path.iterdir()}


def test_a_cluster_whose_workers_are_killed_and_that_goes_away(
    tmp_path: Path, trace: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with cluster() as machines, distributed.Client(machines) as client:
        with opened(tmp_path / "a") as folder:  # a worker dies in the middle: its tiles are computed elsewhere
            work = Squares(str(trace), kill_in=5)
            ran = compute_tiles(work, folder, executor=client.get_executor())
            assert ran.complete
        assert traced(trace).count(5) >= 2
        with opened(tmp_path / "reference") as folder:
            compute_tiles(Squares(str(trace)), folder, workers=1)
        assert contents(tmp_path / "a") == contents(tmp_path / "reference")

        moons = cn.Field.load(MOONS)  # the real thing: the same bytes as on threads here
        asked: dict[str, Any] = {"method": "points", "tile": (5, 5)}
        box = [(-2.0, 2.0), (-2.0, 2.0)]
        far = cn.ftle(moons, box, (20, 20), 10.0, executor=client, out=tmp_path / "far", **asked)
        assert far.proved.all()
        here = cn.ftle(moons, box, (20, 20), 10.0, out=tmp_path / "here", **asked)
        assert contents(tmp_path / "far") == contents(tmp_path / "here")
        assert here.cpu == far.cpu

        before = len(traced(trace))
        with opened(tmp_path / "b", tiles=400) as folder:
            closing = threading.Thread(target=lambda: (_until(tmp_path / "b", 6), machines.close()))
            closing.start()
            with pytest.raises(RunIncomplete, match=r"\d+ of 400 tiles are finished and kept in .*b: the same call"):
                compute_tiles(Squares(str(trace), seconds=0.05), folder, executor=client)
            closing.join()
            kept = folder.finished()
            assert 6 <= len(kept) < 400
        assert len(traced(trace)) - before < 400


def _until(run: Path, tiles: int) -> None:
    deadline = time.monotonic() + 120
    while len(list(run.glob("tile-*"))) < tiles and time.monotonic() < deadline:
        time.sleep(0.02)


def test_a_cluster_without_workers(
    tmp_path: Path, trace: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tile_map, "PATIENCE", 1.0)
    with (
        cluster(0) as machines,
        distributed.Client(machines) as client,
        opened(tmp_path / "run") as folder,
        pytest.raises(RunIncomplete, match=r"no worker for 1 seconds; 0 of 12 tiles"),
    ):
        compute_tiles(Squares(str(trace)), folder, executor=client, workers=2)


RUN = """
import sys
from run_work import DIGEST, Squares
from capnode.runs.folder import RunFolder, manifest_bytes
from capnode.runs.tile_map import compute_tiles
import distributed
if __name__ == "__main__":
    with distributed.Client(sys.argv[3]) as client:
        with RunFolder(sys.argv[1], DIGEST, 24, manifest_bytes(DIGEST, "squares", {"tiles": 24})) as folder:
            compute_tiles(Squares(sys.argv[2], seconds=0.05), folder, executor=client)
"""


def test_killed_at_any_moment(tmp_path: Path, trace: Path, environment: dict[str, str], cases: int) -> None:
    """kill -9 of the program at a random moment, and of a worker: then the files of a quiet run. (--long: 3 times)"""
    script = tmp_path / "run.py"
    script.write_text(RUN)
    run = tmp_path / "run"
    rng = np.random.default_rng(int(time.time()))
    with cluster() as machines:
        command = [sys.executable, "-W", "ignore", str(script), str(run), str(trace), machines.scheduler_address]
        for goal in (2, 8, 14) if cases > 1 else (8,):
            process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
            while process.poll() is None and len(list(run.glob("tile-*"))) < goal:
                time.sleep(0.01)
            time.sleep(rng.uniform(0.0, 0.1))
            process.send_signal(signal.SIGKILL)
            process.wait()
            with opened(run, 24) as folder:
                finished = folder.finished()
            assert len(finished) >= goal
            if goal == 8:
                os.kill(next(iter(machines.workers.values())).pid, signal.SIGKILL)
        time.sleep(0.3)  # what the killed client had submitted ends
        begun = {k: traced(trace).count(k) for k in finished}
        subprocess.run(command, env=environment, check=True, stderr=subprocess.DEVNULL)
        assert all(traced(trace).count(k) == count for k, count in begun.items())
    with opened(tmp_path / "undisturbed", 24) as folder:
        compute_tiles(Squares(str(trace)), folder, workers=1)
    assert contents(run) == contents(tmp_path / "undisturbed")


@pytest.mark.long
def test_an_ftle_field_on_a_cluster_killed_three_times(tmp_path: Path, environment: dict[str, str]) -> None:
    """`capnode ftle` on a scheduler's address, killed at random moments, a worker killed in between."""
    run = tmp_path / "run"
    rng = np.random.default_rng(int(time.time()))
    with cluster() as machines:
        command = [sys.executable, "-W", "ignore", "-m", "capnode", "ftle", str(MOONS), "--box", "-2", "2", "-2", "2",
                   "--shape", "200", "200", "--time", "10", "--method", "points", "--tile", "8", "8", "--quiet",
                   "--executor", machines.scheduler_address, "--out", str(run)]  # fmt: skip
        for goal in (20, 200, 400):
            process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            while process.poll() is None and len(list(run.glob("tile-*"))) < goal:
                time.sleep(0.005)
            time.sleep(rng.uniform(0.0, 0.1))
            process.send_signal(signal.SIGKILL)
            process.wait()
            if goal == 200:
                os.kill(next(iter(machines.workers.values())).pid, signal.SIGKILL)
        kept = {path.name: path.stat().st_mtime_ns for path in run.glob("tile-*")}
        assert len(kept) >= 400
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert {name: (run / name).stat().st_mtime_ns for name in kept} == kept
    quiet = cn.ftle(cn.Field.load(MOONS), [(-2, 2), (-2, 2)], (200, 200), 10.0, method="points", tile=(8, 8))
    assert (run / "ftle.npz").read_bytes() == quiet.save(tmp_path / "quiet.npz").read_bytes()
