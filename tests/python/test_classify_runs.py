"""Class maps tile by tile, from the command line, and their report."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import capnode as cn
from page_reader import read_page

ROOT = Path(__file__).resolve().parent.parent.parent
DATA = ROOT / "examples" / "data"
BOX = [(-2.0, 2.0), (-2.0, 2.0)]


@pytest.fixture(scope="module")
def moons() -> cn.Field:
    return cn.Field.load(DATA / "moons_2_5_5_2.capnode")


@pytest.fixture(scope="module")
def readout() -> cn.Readout:
    return cn.Readout.load(DATA / "moons_2_5_5_2_readout.npz")


def files(path: Path) -> dict[str, bytes]:
    return {entry.name: entry.read_bytes() for entry in path.iterdir()}


def test_tiles_are_the_map(moons: cn.Field, readout: cn.Readout, tmp_path: Path) -> None:
    whole = cn.classify(moons, readout, BOX, (16, 16), 2.0, depth=1)
    options: dict[str, Any] = {"depth": 1, "tile": (5, 7)}
    for name, where in (("a", "threads"), ("b", "processes")):
        options |= {"executor": where, "workers": 2, "out": tmp_path / name}
        tiled = cn.classify(moons, readout, BOX, (16, 16), 2.0, **options)
    assert files(tmp_path / "a") == files(tmp_path / "b")
    assert len(tiled) == len(whole)
    assert np.isclose(tiled.areas.sum(), 16.0)
    assert tiled.shape == whole.shape
    order = [np.lexsort((m.boxes.lo[:, 1], m.boxes.lo[:, 0])) for m in (tiled, whole)]
    assert np.array_equal(tiled.boxes.lo[order[0]], whole.boxes.lo[order[1]])
    assert np.array_equal(tiled.classes[order[0]], whole.classes[order[1]])
    assert np.array_equal(tiled.parents[order[0]], whole.parents[order[1]])
    loaded = cn.ClassMap.load(tmp_path / "a" / "classes.npz")
    assert np.array_equal(loaded.classes, tiled.classes)
    assert tiled.class_of([[0.0, 1.5], [0.5, -1.5]]).tolist() == whole.class_of([[0.0, 1.5], [0.5, -1.5]]).tolist()
    with pytest.raises(ValueError, match="ask decision_boundary"):
        loaded.boundary()


def test_the_boundary_of_tiles_is_that_of_the_map(moons: cn.Field, readout: cn.Readout, tmp_path: Path) -> None:
    whole = cn.classify(moons, readout, BOX, (16, 16), 2.0, depth=1)
    tiled = cn.classify(moons, readout, BOX, (16, 16), 2.0, depth=1, tile=(5, 7), out=tmp_path / "run")
    stages: set[str] = set()
    wanted, found = whole.boundary().require(), tiled.boundary(progress=lambda *k: stages.add(k[0])).require()
    assert len(found) == len(wanted) > 0
    assert found.chains == wanted.chains
    for name in ("centres", "axes", "radii", "proper", "cell_classes", "away", "piece"):
        assert np.array_equal(getattr(found, name), getattr(wanted, name)), name
    for name in ("strips", "starts", "ends", "derivatives", "cells"):
        assert np.array_equal(getattr(found, name).lo, getattr(wanted, name).lo), name
        assert np.array_equal(getattr(found, name).hi, getattr(wanted, name).hi), name
    assert any(stage.startswith("boundary, level") for stage in stages)  # quick levels may go by untold
    assert tiled.boundary().require().to_dict() == wanted.to_dict()  # the cells are there by now


def test_what_tiles_say_of_their_cells_is_not_believed(moons: cn.Field, readout: cn.Readout) -> None:
    options: dict[str, Any] = {"depth": 1, "executor": "threads"}
    tiled = cn.classify(moons, readout, BOX, (8, 8), 2.0, **options)
    wanted = tiled.boundary().require()
    lies = np.zeros_like(tiled.classes)
    lies[:, 0] = True  # as if no input could get class 1
    liar = dataclasses.replace(tiled, classes=lies, cells=None)
    assert liar.decided == 1.0
    assert liar.boundary().require().to_dict() == wanted.to_dict()
    keep = np.arange(len(tiled)) != 17
    boxes = cn.IntervalArray(tiled.boxes.lo[keep], tiled.boxes.hi[keep])
    hole = dataclasses.replace(
        tiled, boxes=boxes, classes=lies[keep], codes=tiled.codes[keep], parents=tiled.parents[keep], cells=None
    )
    with pytest.raises(ValueError, match=rf"the {len(boxes)} cells do not cover the rectangle \[-2, 2\] x \[-2, 2\]"):
        hole.boundary()


def test_resume_and_another_run(moons: cn.Field, readout: cn.Readout, tmp_path: Path) -> None:
    out, seen = tmp_path / "run", []
    options: dict[str, Any] = {"tile": (4, 4), "out": out, "depth": 1}
    cn.classify(moons, readout, BOX, (8, 8), 1.0, **options)
    before = files(out)
    (out / "tile-000002.npz").unlink()
    cn.classify(moons, readout, BOX, (8, 8), 1.0, progress=lambda *k: seen.append(k), **options)
    assert seen == [("cells", 48, 64), ("cells", 64, 64)]
    assert files(out) == before
    with pytest.raises(ValueError, match=r"another run: its digest is [0-9a-f]{64}, that of this run [0-9a-f]{64}"):
        cn.classify(moons, readout, BOX, (8, 8), 1.5, **options)
    other = cn.Readout(readout.weight, readout.bias + 2.0**-20)
    with pytest.raises(ValueError, match="another run"):
        cn.classify(moons, other, BOX, (8, 8), 1.0, **options)
    with pytest.raises(ValueError, match="no positive side on axis 1"):
        cn.classify(moons, readout, [(0.0, 1.0), (1.0, 1.0)], (8, 8), 1.0, executor="threads")


def test_the_command_and_its_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")
    from capnode.cli import main

    def status(*words: str) -> int:
        monkeypatch.setattr(sys, "argv", ["capnode", "classify", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0)

    model, out = str(DATA / "moons_2_5_5_2.capnode"), tmp_path / "run"
    words = (model, "--readout", str(DATA / "moons_2_5_5_2_readout.npz"), "--box", "-2", "-1", "1", "2")
    assert status(*words, "--shape", "8", "8", "--time", "2", "--boundary", "--data",
                  str(DATA / "moons_train.npz"), "--json", "--out", str(out)) == 0  # fmt: skip
    summary = json.loads(capsys.readouterr().out)
    assert summary["decided"] > 0.5
    assert {"classes.npz", "classes.json", "classes.txt", "classes.png", "report.html", "readout.npz"} <= {
        path.name for path in out.iterdir()
    }
    page = read_page(out / "report.html")
    text = "".join(page.text)
    assert "cells whose inputs all belong to one class each" in text
    assert "points whose class is proved" in text
    assert all(link.startswith("data:image/png") or (out / link).exists() for link in page.found)
    assert status(*words, "--shape", "0", "8", "--time", "2") == 2
    assert "at least 1, not 0" in capsys.readouterr().err
