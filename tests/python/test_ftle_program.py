"""The program capnode-ftle, without Python: the files of `cn.ftle`, byte for byte, also after kill -9."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import capnode as cn
from capnode.ftle_field import FtleField

ROOT = Path(__file__).resolve().parent.parent.parent
MOONS = ROOT / "examples" / "data" / "moons_2_5_5_2.capnode"
BOX = [(-2.0, 2.0), (-2.0, 2.0)]
SPLIT = ("--box", "-2", "2", "-2", "2")


@pytest.fixture(scope="module")
def program() -> str:
    """On the path, in the folder CAPNODE_PROGRAMS, or in a build of this checkout."""
    places = [os.environ.get("CAPNODE_PROGRAMS"), *map(str, ROOT.glob("build*/cpp/apps"))]
    for place in places:
        if place and (Path(place) / "capnode-ftle").exists():
            return str(Path(place) / "capnode-ftle")
    found = shutil.which("capnode-ftle")
    if found is None:
        pytest.skip("needs the program capnode-ftle: on the path, in CAPNODE_PROGRAMS, or in build/cpp/apps")
    return found


def files(path: Path) -> dict[str, bytes]:
    return {entry.name: entry.read_bytes() for entry in path.iterdir()}


@pytest.mark.parametrize(
    ("words", "options"),
    [
        (("--method", "points", "--tile", "5", "4"), {"method": "points", "tile": (5, 4)}),
        (("--budget", "60", "--tile", "4", "8"), {"budget": 60, "tile": (4, 8)}),
    ],
)
def test_the_files_of_python(program: str, tmp_path: Path, words: tuple[str, ...], options: dict[str, Any]) -> None:
    box, shape = [(-2.0, -1.0), (1.0, 2.0)], (9, 7)
    cn.ftle(cn.Field.load(MOONS), box, shape, 2.0, out=tmp_path / "python", **options)
    command = [program, str(MOONS), "--box", "-2", "-1", "1", "2", "--shape", "9", "7", "--time", "2", *words]
    done = subprocess.run(
        [*command, "--out", str(tmp_path / "program")], capture_output=True, text=True, check=True, timeout=300
    )
    assert f"63 of 63 {options.get('method', 'cells')} proved" in done.stdout
    assert files(tmp_path / "program") == files(tmp_path / "python")
    assert FtleField.load(tmp_path / "program").proved.all()


def test_layers_maps_and_encoders(program: str, tmp_path: Path) -> None:
    field, box, options = cn.Field.load(MOONS), [(0.0, 1.0), (1.0, 2.0)], {"method": "points"}
    matrix, offset = np.array([[1.5, 0.25], [-0.5, 1.0]]), np.array([0.125, 0.0])
    (tmp_path / "encoder.txt").write_text("1.5 0.25 0.125\n\n-0.5 1\n")
    cn.ftle(cn.layered([(field, 0.5), (field, 1.0)]), box, (3, 2), out=tmp_path / "layers", **options)
    cn.ftle(cn.euler_map(field, 0.1), box, (3, 2), 5, out=tmp_path / "euler", **options)
    cn.ftle(field, box, (3, 2), 1.0, encoder=(matrix, offset), out=tmp_path / "plane", **options)
    words = {
        "layers": (f"{MOONS}:0.5", f"{MOONS}:1"),
        "euler": (str(MOONS), "--euler", "0.1", "--time", "0.5"),
        "plane": (str(MOONS), "--time", "1", "--encoder", str(tmp_path / "encoder.txt")),
    }
    rest = ("--box", "0", "1", "1", "2", "--shape", "3", "2", "--method", "points", "--quiet")
    for name, own in words.items():
        out = tmp_path / f"{name}-program"
        subprocess.run([program, *own, *rest, "--out", str(out)], check=True, stdout=subprocess.DEVNULL, timeout=300)
        assert files(out) == files(tmp_path / name)
    refused("no multiple of the step", program, str(MOONS), "--euler", "0.3", "--time", "1", *rest, "--out", "x")


def test_killed_three_times_and_resumed(program: str, tmp_path: Path) -> None:
    """kill -9 at random moments; Python goes on in the folder, and the program in Python's."""
    run = tmp_path / "run"
    rng = np.random.default_rng(int(time.time()))
    command = [program, str(MOONS), *SPLIT, "--shape", "100", "100", "--time", "10", "--method", "points",
               "--tile", "5", "5", "--threads", "1", "--out", str(run)]  # fmt: skip
    for goal in (20, 100, 180):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        while process.poll() is None and len(list(run.glob("tile-*"))) < goal:
            time.sleep(0.001)
        time.sleep(rng.uniform(0.0, 0.01))
        process.send_signal(signal.SIGKILL)
        process.wait()
    kept = {path.name: path.stat().st_mtime_ns for path in run.glob("tile-*")}
    assert len(kept) >= 180
    before = files(run)
    shutil.copytree(run, tmp_path / "copy")
    done = subprocess.run([program, str(run)], capture_output=True, text=True, check=True, timeout=300)
    assert "10000 of 10000 points proved" in done.stdout
    assert {name: (run / name).stat().st_mtime_ns for name in kept} == kept
    quiet = cn.ftle(cn.Field.load(MOONS), BOX, (100, 100), 10.0, method="points", tile=(5, 5), out=tmp_path / "copy")
    assert quiet.proved.all()
    assert files(run) == files(tmp_path / "copy")
    assert {name: data for name, data in files(run).items() if name in before and name in kept} == {
        name: before[name] for name in kept
    }


def refused(match: str, *command: str, status: int = 2, **options: Any) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, **options)
    assert done.returncode == status
    assert match in done.stderr


def test_bad_input(program: str, tmp_path: Path) -> None:
    out, small = str(tmp_path / "run"), ("--shape", "4", "4", "--time", "1", "--method", "points")
    refused("--out DIR are needed; --help says more", program)
    refused("are needed", program, str(MOONS), *SPLIT)
    refused("no positive side", program, str(MOONS), "--box", "1", "1", "0", "1", *small, "--out", out)
    refused("whole number", program, str(MOONS), *SPLIT, "--shape", "4", "1.5", "--out", out)
    refused("unknown option --boxes", program, str(MOONS), "--boxes")
    subprocess.run([program, str(MOONS), *SPLIT, *small, "--out", out], check=True, stdout=subprocess.DEVNULL)
    refused("holds another run", program, str(MOONS), *SPLIT, "--shape", "4", "5", "--time", "1", "--out", out)
    refused("what is computed stands in its run.json", program, out, *SPLIT)


def test_a_full_disk_and_a_folder_in_use(program: str, tmp_path: Path) -> None:
    out = tmp_path / "run"
    words = (str(MOONS), *SPLIT, "--shape", "40", "40", "--time", "1", "--method", "points", "--tile", "20", "20",
             "--out", str(out))  # fmt: skip
    shell = f'ulimit -f 6; exec "{program}" "$@"'  # blocks of 1 kB: a tile has 11 kB
    refused("File too large", "bash", "-c", shell, "program", *words)
    assert not list(out.glob("tile-*"))
    assert not list(out.glob(".capnode-*"))
    from capnode.runs.folder import RunFolder, stored_digest

    digest = stored_digest(out)
    assert digest is not None
    with RunFolder(out, digest, 4, b""):
        refused("in use by a run that has not ended", program, *words)
    subprocess.run([program, *words], check=True, stdout=subprocess.DEVNULL)
    assert FtleField.load(out).proved.all()
