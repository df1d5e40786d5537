"""`ftle` on threads, processes and from the command line: same bytes, resumed runs, bad input, pictures, the report."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import capnode as cn
from capnode.ftle_field import FtleField
from capnode.ridges import ridges
from page_reader import read_page

ROOT = Path(__file__).resolve().parent.parent.parent
MOONS = ROOT / "examples" / "data" / "moons_2_5_5_2.capnode"
BOX = [(-2.0, 2.0), (-2.0, 2.0)]


@pytest.fixture(scope="module")
def moons() -> cn.Field:
    return cn.Field.load(MOONS)


@pytest.fixture(scope="module")
def field(moons: cn.Field) -> FtleField:
    return cn.ftle(moons, BOX, (24, 20), 10.0, method="points", tile=(8, 8))


def files(path: Path) -> dict[str, bytes]:
    return {entry.name: entry.read_bytes() for entry in path.iterdir()}


def test_threads_processes_and_memory_give_the_same_bytes(moons: cn.Field, field: FtleField, tmp_path: Path) -> None:
    saved = field.save(tmp_path / "memory.npz").read_bytes()
    options: dict[str, Any] = {"method": "points", "tile": (8, 8)}
    for where in ("threads", "processes"):
        other = cn.ftle(moons, BOX, (24, 20), 10.0, out=tmp_path / where, executor=where, workers=2, **options)
        assert (tmp_path / where / "ftle.npz").read_bytes() == saved
        assert other.save(tmp_path / "again.npz").read_bytes() == saved
    assert files(tmp_path / "threads") == files(tmp_path / "processes")
    loaded = FtleField.load(tmp_path / "threads")
    assert loaded.digest == field.digest
    assert loaded.complete
    assert np.array_equal(loaded.lower, field.lower)


def test_the_field_of_points(field: FtleField) -> None:
    assert field.shape == (24, 20)
    assert field.proved.all()
    assert field.counts == {"proved": 480}
    assert float(field.width.max()) < 1e-9
    assert np.array_equal(field.boxes.lo[3, 4], [field.axes[0][3], field.axes[1][4]])
    assert field.axes[0][0] == -2.0
    assert field.axes[1][-1] == 2.0
    assert field.verdicts[0, 0] is cn.Verdict.proved
    assert field.time == (10.0, 10.0)
    with pytest.raises(ValueError, match="says nothing between"):
        field.at([[0.0, 0.0]])


def test_cells_hold_the_exponents_of_their_points(moons: cn.Field) -> None:
    """A box where the flow is tame; points are tested against their own enclosures."""
    box = [(-2.0, -1.5), (1.0, 1.5)]
    cells = cn.ftle(moons, box, (6, 5), 10.0, budget=200, tile=(4, 4))
    assert cells.shape == (6, 5)
    assert len(cells.cells) >= 30
    assert np.isclose(cells.cells.areas.sum(), 0.25)
    points = cn.ftle(moons, box, (9, 9), 10.0, method="points")
    z = points.boxes.lo.reshape(-1, 2)
    own = cells.at(z)
    assert (own.lo <= points.upper.ravel()).all()
    assert (points.lower.ravel() <= own.hi).all()
    for name in ("lower", "upper"):  # the coarse interval is the hull of its cells
        worst = np.full(30, np.inf if name == "lower" else -np.inf)
        combine = np.minimum if name == "lower" else np.maximum
        combine.at(worst, cells.cells.parents, getattr(cells.cells, name))
        assert np.array_equal(worst.reshape(6, 5), getattr(cells, name))
    with pytest.raises(ValueError, match="point 1 lies outside of the box: component 0"):
        cells.at([[-1.75, 1.2], [0.0, 1.2]])


def test_progress_and_resume(moons: cn.Field, tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    options: dict[str, Any] = {"method": "points", "tile": (8, 8), "out": tmp_path / "run"}
    cn.ftle(moons, BOX, (24, 20), 10.0, progress=lambda *k: seen.append(k), workers=2, **options)
    assert seen[0] == ("points", 0, 480)
    assert seen[-1] == ("points", 480, 480)
    assert [k[1] for k in seen] == sorted(k[1] for k in seen)
    before = files(tmp_path / "run")
    (tmp_path / "run" / "ftle.npz").unlink()  # as the program capnode-ftle leaves it
    assert FtleField.load(tmp_path / "run").save(tmp_path / "tiles.npz").read_bytes() == before["ftle.npz"]
    tile = tmp_path / "run" / "tile-000003.npz"
    tile.unlink()
    with pytest.raises(ValueError, match=r"1 of the 9 tiles in .* are missing"):
        FtleField.load(tmp_path / "run")
    seen.clear()
    cn.ftle(moons, BOX, (24, 20), 10.0, progress=lambda *k: seen.append(k), **options)
    assert seen == [("points", 416, 480), ("points", 480, 480)]
    assert files(tmp_path / "run") == before
    seen.clear()
    cn.ftle(moons, BOX, (24, 20), 10.0, progress=lambda *k: seen.append(k), resume=False, **options)
    assert seen[0] == ("points", 0, 480)
    assert files(tmp_path / "run") == before


def test_bad_input(moons: cn.Field, tmp_path: Path) -> None:
    def refused(match: str, *args: Any, **options: Any) -> None:
        with pytest.raises(ValueError, match=match):
            cn.ftle(moons, *args, **options)

    refused("no positive side", [(-2.0, 2.0), (1.0, 1.0)], (4, 4), 1.0)
    refused("no positive side", [(2.0, -2.0), (0.0, 1.0)], (4, 4), 1.0)
    refused("shape must be integers of at least 1, not 0", BOX, (0, 4), 1.0)
    refused("shape must have 2 entries, not 1", BOX, (4,), 1.0)
    refused("time of zero length", BOX, (4, 4), 0.0)
    refused("must be finite", BOX, (4, 4), np.inf)
    refused("pass the final time", BOX, (4, 4))
    refused("method must be one of", BOX, (4, 4), 1.0, method="both")
    refused("3 sides, 2 are needed", [(0.0, 1.0)] * 3, (4, 4), 1.0)
    refused("the field has 0 parameters and p was given", BOX, (4, 4), 1.0, [1.0])
    refused(r"encoder has shapes \(3, 2\)", BOX, (4, 4), 1.0, encoder=np.zeros((3, 2)))
    refused("order must be integers of at least 3", BOX, (4, 4), 1.0, order=1)
    cn.ftle(moons, BOX, (4, 4), 1.0, method="points", out=tmp_path / "run")
    refused("holds another run: its digest is [0-9a-f]{64}, that of this run [0-9a-f]{64}",
            BOX, (4, 5), 1.0, method="points", out=tmp_path / "run")  # fmt: skip


def test_maps_layers_and_planes(moons: cn.Field) -> None:
    """One Euler step is x + h f(x); layers of one field are that field; the identity is no encoder."""
    options: dict[str, Any] = {"method": "points"}
    plain = cn.ftle(moons, BOX, (4, 3), 2.0, **options)
    layers = cn.ftle(cn.layered([(moons, 0.5), (moons, 1.5)]), BOX, (4, 3), **options)
    plane = cn.ftle(moons, BOX, (4, 3), 2.0, encoder=(np.eye(2), np.zeros(2)), **options)
    for other in (layers, plane):
        assert (np.maximum(plain.lower, other.lower) <= np.minimum(plain.upper, other.upper)).all()
    euler = cn.ftle(cn.euler_map(moons, 0.125), BOX, (4, 3), 1, **options)
    slope = np.linalg.svd(np.eye(2) + 0.125 * moons.jacobian(euler.boxes.lo[1, 2]), compute_uv=False)[0]
    assert np.isclose(euler.exponents.mid[1, 2], np.log(slope) / 0.125, rtol=0, atol=1e-12)
    network = cn.ftle(cn.euler_map(moons, 0.125), BOX, (4, 3), 16, **options)
    apart = plain.difference(network)
    assert (apart.lo <= plain.exponents.mid - network.exponents.mid).all()
    assert (plain.exponents.mid - network.exponents.mid <= apart.hi).all()
    assert 0.0 < np.abs(apart.mid).max() < 0.5
    assert apart.width.max() < 1e-9
    with pytest.raises(ValueError, match=r"different grids: points \(4, 3\) .* and points \(3, 3\)"):
        plain.difference(cn.ftle(moons, BOX, (3, 3), 2.0, **options))
    with pytest.raises(ValueError, match="number of steps is 0"):
        cn.ftle(cn.euler_map(moons, 0.125), BOX, (4, 3), 0)


@pytest.mark.long
@pytest.mark.parametrize("method", ["cells", "points"])
def test_a_million_entries_in_little_memory(tmp_path: Path, method: str) -> None:
    code = (
        "import resource, sys, capnode as cn\n"
        "ftle = cn.ftle(cn.Field.load(sys.argv[1]), [(-2, 2), (-2, 2)], (1000, 1000), 0.25, method=sys.argv[2],\n"
        "               tile=(32, 32), out=sys.argv[3])\n"
        "assert ftle.lower.shape == (1000, 1000)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    )
    words = [sys.executable, "-c", code, str(MOONS), method, str(tmp_path / "run")]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 400_000  # kB


# ---- command line ------------------------------------------------------------------------------------------------


ARGUMENTS = ("--box", "-2", "2", "-2", "2", "--shape", "60", "60", "--time", "10", "--method", "points",
             "--tile", "4", "4", "--quiet", "--workers", "1")  # fmt: skip


def test_stopped_at_random_moments(tmp_path: Path, cases: int) -> None:
    """Ctrl-C, kill -9, then the folder alone: `ftle.npz` is that of a quiet run. (--long: kill -9 three times)"""
    run = tmp_path / "run"
    rng = np.random.default_rng(int(time.time()))
    start = [sys.executable, "-m", "capnode", "ftle", str(MOONS), *ARGUMENTS, "--out", str(run)]
    for count, goal in enumerate((5, 40, 80, 120) if cases > 1 else (5, 60)):
        process = subprocess.Popen(start, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        while process.poll() is None and len(list(run.glob("tile-*"))) < goal:
            time.sleep(0.002)
        time.sleep(rng.uniform(0.0, 0.03))
        process.send_signal(signal.SIGINT if count == 0 else signal.SIGKILL)
        _, said = process.communicate()
        if count == 0 and len(list(run.glob("tile-*"))) < 225:
            assert process.returncode == 1
            assert "what is finished is kept, the same command goes on in" in said
            assert "interrupted" in (run / "ftle.json").read_text()
            assert not (run / "ftle.npz").exists()
    kept = {path.name: path.stat().st_mtime_ns for path in run.glob("tile-*")}
    done = subprocess.run(
        [sys.executable, "-m", "capnode", "ftle", str(run), "--json"], capture_output=True, text=True, check=True
    )
    summary = json.loads(done.stdout)
    assert summary["proved"]
    assert summary["verdicts"] == {"proved": 3600}
    assert {name: (run / name).stat().st_mtime_ns for name in kept} == kept
    quiet = cn.ftle(cn.Field.load(MOONS), BOX, (60, 60), 10.0, method="points", tile=(4, 4))
    assert (run / "ftle.npz").read_bytes() == quiet.save(tmp_path / "quiet.npz").read_bytes()
    assert {"report.html", "ftle.json", "ftle.png", "ftle.txt", "run.json", "field-0.capnode"} <= set(os.listdir(run))


def status_of(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    from capnode.cli import main

    monkeypatch.setattr(sys, "argv", ["capnode", "ftle", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def test_exit_status_of_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    box, tame = ("--box", "-2", "2", "-2", "2"), ("--method", "points", "--quiet")

    def refused(match: str, *words: str) -> None:
        assert status_of(monkeypatch, *words) == 2
        assert match in capsys.readouterr().err

    moons = str(MOONS)
    refused("no positive side", moons, "--box", "2", "-2", "0", "1", "--shape", "4", "4", "--time", "1")
    refused("--shape is needed", moons, *box, "--time", "1")
    refused("holds no run", str(tmp_path), *box)
    refused("not 'fork'", moons, *box, "--shape", "4", "4", "--time", "1", "--executor", "fork")
    refused("no multiple of the step 0.3", moons, *box, "--shape", "4", "4", "--time", "1", "--euler", "0.3")
    assert status_of(monkeypatch, moons, *box, "--shape", "1", "1", "--time", "10", "--json") == 1
    assert not json.loads(capsys.readouterr().out)["proved"]
    words = (moons, *box, "--shape", "4", "4", "--time", "1", *tame, "--out", str(tmp_path / "run"))
    assert status_of(monkeypatch, *words, "--euler", "0.125") == 0
    assert "16 proved" in capsys.readouterr().out
    refused("holds another run", *words)
    layers = (f"{moons}:0.5,{moons}:0.5", *words[1:9], *tame, "--json")
    assert status_of(monkeypatch, *layers) == 0
    assert json.loads(capsys.readouterr().out)["time"] == [1.0, 1.0]
    refused("layers are FILE.capnode:DURATION", f"{moons}:0.5,{moons}", *words[1:9])
    refused("its box, shape and time stand in its run.json", str(tmp_path / "run"), *box)


# ---- faces -------------------------------------------------------------------------------------------------------


def test_the_report_stands_alone(moons: cn.Field, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    run = cn.ftle(moons, BOX, (24, 24), 10.0, method="points", out=tmp_path / "run")
    rng = np.random.default_rng(3)
    data = rng.uniform(-2.0, 2.0, (20, 2))
    nasty = '<script>alert("&")</script>'
    path = run.report(
        tmp_path / "run" / "report.html", title=nasty, notes=nasty, points=data, labels=rng.integers(0, 2, 20),
        boundary=cn.IntervalArray(data - 0.01, data + 0.01), seconds=1.5,
    )  # fmt: skip
    page = read_page(path)
    text = "".join(page.text)
    assert "<script" not in path.read_text()
    assert text.count(nasty) == 3  # title, heading, notes
    assert "Proved: for each of the 24 x 24 grid points" in text
    assert run.digest in text
    assert run.cpu[0] in text
    assert "1.5 s" in text
    pictures = [link for link in page.found if link.startswith("data:image/png;base64,")]
    assert len(pictures) == 2
    local = set(page.found) - set(pictures)
    assert local == {"ftle.npz", "run.json", "field-0.capnode", "tile-000000.npz", "ftle-samples.certificate.json"}
    assert all((tmp_path / "run" / name).exists() for name in local)
    alone = read_page(run.report(tmp_path / "elsewhere.html"))
    beside = {link for link in alone.found if not link.startswith("data:")}
    assert beside == {"ftle-samples.certificate.json"}
    assert all((tmp_path / name).exists() for name in beside)
    assert "url(" not in path.read_text().replace("data:", "")


def test_the_report_of_a_stopped_and_of_a_wide_run(moons: cn.Field, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    wide = cn.ftle(moons, BOX, (2, 2), 10.0)
    text = "".join(read_page(wide.report(tmp_path / "wide.html")).text)
    assert "Nothing is proved." in text
    assert "4 of 4 entries are not proved to the end" in text


def test_pictures(field: FtleField, moons: cn.Field) -> None:
    pytest.importorskip("matplotlib")
    assert len(field.plot()) == 3
    for what in ("lower", "upper", "middle", "width"):
        assert field.plot(what, title="a title").figure is not None
    with pytest.raises(ValueError, match="what must be one of"):
        field.plot("height")
    cells = cn.ftle(moons, [(-2.0, -1.5), (1.0, 1.5)], (4, 3), 10.0, budget=60)
    from capnode.plot import png_bytes, raster

    image = raster(cells, cells.cells.lower, 64)
    assert np.isfinite(image).all()
    z = np.array([[-2.0 + 0.5 * (i + 0.5) / 64, 1.0 + 0.5 * (j + 0.5) / 64] for i in range(0, 64, 7) for j in (3, 50)])
    assert np.array_equal([image[i, j] for i in range(0, 64, 7) for j in (3, 50)], cells.at(z).lo)
    assert png_bytes(cells.plot()[0].figure) == png_bytes(cells.plot()[0].figure)


def test_ridges_are_observed_and_sometimes_proved() -> None:
    """A crest along a diagonal, with intervals of three widths; and a field without one."""
    x, y = np.meshgrid(np.linspace(-1, 1, 41), np.linspace(-1, 1, 41), indexing="ij")
    crest = np.round(np.exp(-20 * (x - y) ** 2) * 2.0**30) / 2.0**30  # then middles are exact
    narrow = ridges(crest - 2.0**-10, crest + 2.0**-10)
    assert narrow.observed.sum() >= 30
    assert np.abs((x - y)[narrow.observed]).max() <= 0.05 + 1e-12
    assert narrow.proved.sum() >= 0.8 * narrow.observed.sum()
    assert not (narrow.proved & ~narrow.observed).any()
    wide = ridges(crest - 0.5, crest + 0.5)
    assert np.array_equal(wide.observed, narrow.observed)
    assert not wide.proved.any()
    assert not ridges(x, x + 1e-9).observed.any()
    assert not ridges(np.full((9, 9), -np.inf), np.full((9, 9), np.inf)).observed.any()
