"""The command line as a user meets it: tables, JSON, results folders, exit status, errors of one line."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import capnode as cn
from flow_fields import scalar_field
from small_fields import diagonal_family, leaky, planar


def run(*arguments: str | Path, cwd: Path | None = None, expect: int = 0) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "capnode", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=300)
    assert done.returncode == expect, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    diagonal_family().save(folder / "family.capnode")
    leaky().save(folder / "leaky.capnode")
    planar().save(folder / "planar.capnode")
    return folder


def test_hopf_writes_a_results_folder(files: Path, tmp_path: Path) -> None:
    out = tmp_path / "results"
    done = run("hopf", files / "family.capnode", "--span", "-1", "1", "--out", out)
    assert "2 Hopf points proved" in done.stdout
    assert "Complete" in done.stdout
    names = {
        "hopf-points.txt", "hopf-points.json", "hopf-points.csv", "hopf-points.png", "hopf-points.certificate.json",
        "field.capnode",
    }  # fmt: skip
    assert set(os.listdir(out)) == names
    document = json.loads((out / "hopf-points.json").read_text())
    assert document["complete"] is True
    rows = list(csv.DictReader((out / "hopf-points.csv").read_text().splitlines()))
    assert len(rows) == 2
    assert float(rows[0]["parameter_lo"]) <= float(rows[0]["parameter_hi"])
    assert (out / "hopf-points.png").read_bytes().startswith(b"\x89PNG")
    assert cn.Field.load(out / "field.capnode") == diagonal_family()
    checked = run("verify", out / "hopf-points.certificate.json")
    assert "2 of 2 theorems proved again" in checked.stdout


@pytest.mark.parametrize("method", ["diagonal", "general"])
def test_hopf_json(files: Path, method: str) -> None:
    done = run("hopf", files / "family.capnode", "--span", "-1", "1", "--method", method, "--json")
    document = json.loads(done.stdout)
    assert document["method"] == method
    assert all(point["proved"] for point in document["points"])


def test_no_hopf_point_is_status_1(files: Path, tmp_path: Path) -> None:
    done = run("hopf", files / "family.capnode", "--span", "50", "51", "--out", tmp_path, expect=1)
    assert "0 Hopf points proved" in done.stdout
    assert "hopf-points.certificate.json" not in os.listdir(tmp_path)


def test_integrate(files: Path, tmp_path: Path) -> None:
    done = run(
        "integrate", files / "planar.capnode", "--x0", "0.5,-0.25", "--time", "1", "--derivative", "--out", tmp_path
    )
    assert "Trajectory, proved" in done.stdout
    assert "Derivative" in done.stdout
    assert set(os.listdir(tmp_path)) == {
        "trajectory.txt", "trajectory.json", "trajectory.csv", "trajectory.certificate.json", "trajectory.png",
        "field.capnode",
    }  # fmt: skip
    document = json.loads((tmp_path / "trajectory.json").read_text())
    assert document["proved"]
    assert document["reached"] == 1.0
    table = list(csv.DictReader((tmp_path / "trajectory.csv").read_text().splitlines()))
    assert len(table) == document["steps"] + 1
    lo, hi = document["final"][0]
    assert float(table[-1]["x0_lo"]) <= hi
    assert lo <= float(table[-1]["x0_hi"])
    assert (tmp_path / "trajectory.png").read_bytes().startswith(b"\x89PNG")
    assert "1 of 1 theorems proved again" in run("verify", tmp_path / "trajectory.certificate.json").stdout
    box = ("integrate", files / "planar.capnode", "--x0", "0.5,-0.25", "--radius", "0.01", "--json")
    wide = json.loads(run(*box, "--time", "-0.5").stdout)
    assert wide["width"] > 1e-3
    assert wide["reached"] == -0.5


def test_integrate_says_how_far_it_came(tmp_path: Path) -> None:
    scalar_field(1, 0, lambda x: [x * x]).save(tmp_path / "blow-up.capnode")
    done = run("integrate", tmp_path / "blow-up.capnode", "--x0", "1", "--time", "2", "--out", tmp_path, expect=1)
    assert "not proved" in done.stdout
    assert 0.9 < json.loads((tmp_path / "trajectory.json").read_text())["reached"] < 1.0
    assert not (tmp_path / "trajectory.certificate.json").exists()


def test_exponents(files: Path, tmp_path: Path) -> None:
    start = ("--x0", "0.5,-0.25", "--time", "1")
    done = run("exponents", files / "planar.capnode", *start, "--points", "4", "--out", tmp_path)
    assert "Lyapunov exponents (singular), proved" in done.stdout
    assert set(os.listdir(tmp_path)) == {
        "exponents.txt", "exponents.json", "exponents.csv", "exponents.png", "exponents.certificate.json",
        "field.capnode",
    }  # fmt: skip
    document = json.loads((tmp_path / "exponents.json").read_text())
    assert document["times"] == [0.25, 0.5, 0.75, 1.0]
    assert len(document["exponents"]) == len(document["sums"]) == 4
    last = list(csv.DictReader((tmp_path / "exponents.csv").read_text().splitlines()))[-1]
    assert [float(last["1_lo"]), float(last["1_hi"])] == document["exponents"][-1][0]
    euler = json.loads(run("exponents", files / "planar.capnode", *start, "--euler", "0.125", "--json").stdout)
    assert euler["proved"]
    assert euler["steps"] == 8
    assert "no multiple" in run("exponents", files / "planar.capnode", *start, "--euler", "0.3", expect=2).stderr


def test_exponents_of_a_lost_trajectory(tmp_path: Path) -> None:
    scalar_field(1, 0, lambda x: [x * x]).save(tmp_path / "blow-up.capnode")
    done = run("exponents", tmp_path / "blow-up.capnode", "--x0", "1", "--time", "2", "--json", expect=1)
    document = json.loads(done.stdout)
    assert document["verdict"] == "lost"
    assert 0.9 < document["reached"] < 1.0
    assert document["exponents"] == []


def test_equilibrium(files: Path, tmp_path: Path) -> None:
    done = run("equilibrium", files / "planar.capnode", "--out", tmp_path)
    assert "stable" in done.stdout
    assert {"equilibrium.txt", "equilibrium.json", "equilibrium.certificate.json"} <= set(os.listdir(tmp_path))
    run("verify", tmp_path / "equilibrium.certificate.json", "--all")
    document = json.loads(
        run("equilibrium", files / "leaky.capnode", "--p", "1.5", "--near", "0,0,0,0", "--json").stdout
    )
    assert document["proved"] is True
    assert len(document["state"]) == 4


def test_verify_reports_the_layers(files: Path, tmp_path: Path) -> None:
    run("hopf", files / "family.capnode", "--span", "-1", "1", "--out", tmp_path)
    path = tmp_path / "hopf-points.certificate.json"
    text = path.read_text()
    path.write_text(
        text.replace("supercritical", "subcritical", 1) if "supercritical" in text else text.replace("0x1.", "0x1.8", 1)
    )
    done = run("verify", path, expect=1)
    assert "FAIL digest" in done.stdout
    document = json.loads(run("verify", path, "--json", expect=1).stdout)
    assert document["ok"] is False
    assert document["unchanged"] is False
    assert json.loads(run("verify", path, "--json", "--points", "1", expect=1).stdout)["checked"] == 1


def test_info(files: Path, tmp_path: Path) -> None:
    here = json.loads(run("info", "--json").stdout)
    assert here["capnode"] == cn.__version__
    assert "OpenBLAS" in here["blas"]
    field = json.loads(run("info", files / "family.capnode", "--json").stdout)
    assert field["digest"] == diagonal_family().digest
    assert field["dim"] == 4
    cn.equilibrium(planar(), [0.0, 0.0]).certificate().save(tmp_path / "c.json")
    assert "equilibrium" in run("info", tmp_path / "c.json").stdout


def test_selftest() -> None:
    done = run("selftest")
    assert "All checks hold." in done.stdout
    document = json.loads(run("selftest", "--json").stdout)
    assert document["ok"] is True
    assert len(document["checks"]) >= 6
    assert sum(check["seconds"] for check in document["checks"]) < 60


def test_demo(tmp_path: Path) -> None:
    start = time.perf_counter()
    done = run("demo", cwd=tmp_path)
    assert time.perf_counter() - start < 60
    assert "theorems proved again with Arb" in done.stdout
    names = set(os.listdir(tmp_path / "capnode-demo"))
    assert {"hopf-points.txt", "hopf-points.certificate.json", "hopf-points.png", "spectrum.png"} <= names
    assert cn.verify(tmp_path / "capnode-demo" / "hopf-points.certificate.json").ok


def test_version_and_help() -> None:
    assert run("--version").stdout == f"capnode {cn.__version__}\n"
    text = run("--help").stdout
    for command in ("hopf", "equilibrium", "integrate", "exponents", "verify", "info", "selftest", "demo"):
        assert command in text
        assert "--json" in run(command, "--help").stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["hopf"], "MODEL"),
        (["hopf", "nothing.capnode", "--span", "0", "1"], "nothing.capnode"),
        (["hopf", "{family}", "--span", "1", "0"], "lo < hi"),
        (["hopf", "{family}", "--span", "nan", "1"], "finite"),
        (["hopf", "{family}", "--span", "-1", "1", "--near", "1,2"], "4 components expected, got 2"),
        (["hopf", "{family}", "--span", "-1", "1", "--near", "a"], "numbers"),
        (["hopf", "{planar}", "--span", "0", "1"], "exactly 1 parameter"),
        (["hopf", "{leaky}", "--span", "0.1", "1", "--method", "diagonal"], "diagonal family"),
        (["hopf", "{family}", "--span", "-1", "1", "--weights", "w.pt"], "--weights does not apply"),
        (["hopf", "nonsense", "--span", "0", "1"], "package.module:factory"),
        (["hopf", "no_such_module:f", "--span", "0", "1"], "no_such_module"),
        (["hopf", "math:nothing", "--span", "0", "1"], "has no 'nothing'"),
        (["hopf", "{family}", "--span", "-1", "1", "--threads", "0"], "at least 1"),
        (["equilibrium", "{leaky}"], "--p"),
        (["integrate", "{leaky}", "--x0", "0,0,0,0", "--time", "1"], "--p"),
        (["integrate", "{leaky}", "--x0", "0,0", "--p", "1", "--time", "1"], "4 components"),
        (["integrate", "{leaky}", "--x0", "0,0,0,0", "--p", "1", "--time", "0"], "zero length"),
        (["integrate", "{leaky}", "--x0", "0,0,0,0", "--p", "1", "--time", "1", "--radius", "-1"], "--radius"),
        (["verify", "{family}"], "not a certificate"),
        (["verify", "missing.json"], "missing.json"),
        (["info", "missing.json"], "missing.json"),
        (["integrate"], "integrate"),
    ],
)
def test_misuse_is_one_line_and_status_2(files: Path, arguments: list[str], message: str) -> None:
    paths = {name: str(files / f"{name}.capnode") for name in ("family", "leaky", "planar")}
    done = run(*(argument.format(**paths) for argument in arguments), cwd=files, expect=2)
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_debug_shows_the_traceback(files: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "capnode", "--debug", "hopf", "nonsense", "--span", "0", "1"],
        capture_output=True,
        text=True,
        cwd=files,
    )
    assert done.returncode != 0
    assert "Traceback" in done.stderr


def test_files_that_may_hold_code_are_not_opened(tmp_path: Path) -> None:
    for name in ("model.pt", "model.pkl", "model.pt2"):
        path = tmp_path / name
        path.write_bytes(b"\x80\x04cos\nsystem\n(S'touch opened'\ntR.")
        done = run("hopf", path, "--span", "0", "1", cwd=tmp_path, expect=2)
        assert "code" in done.stderr
    assert not (tmp_path / "opened").exists()


def test_a_damaged_field_file(files: Path, tmp_path: Path) -> None:
    text = (files / "family.capnode").read_text()
    for name, damaged in (("cut", text[: len(text) // 2]), ("changed", text.replace("tanh", "atan"))):
        path = tmp_path / f"{name}.capnode"
        path.write_text(damaged)
        done = run("hopf", path, "--span", "-1", "1", expect=2)
        assert str(path) in done.stderr


def test_an_output_folder_that_cannot_be_made(files: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    done = run("hopf", files / "family.capnode", "--span", "-1", "1", "--out", blocked / "sub", expect=2)
    assert "cannot make the folder" in done.stderr
    assert done.stdout == ""  # nothing was computed


def test_a_factory_with_weights(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    (tmp_path / "my_network.py").write_text(
        "import torch\n"
        "class Net(torch.nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.fc = torch.nn.Linear(4, 4)\n"
        "    def forward(self, x, p):\n"
        "        return torch.tanh(self.fc(x) + p * x)\n"
        "def make():\n"
        "    return Net()\n"
        "def half():\n"
        "    class Half(Net):\n"
        "        def forward(self, x, p):\n"
        "            return torch.relu(self.fc(x)) * p\n"
        "    return Half()\n"
    )
    from small_fields import B4, M4

    weights = {"fc.weight": torch.tensor(M4), "fc.bias": torch.tensor(B4)}
    torch.save(weights, tmp_path / "w.pt")
    arguments = ["--weights", "w.pt", "--span", "-1", "1", "--json"]
    document = json.loads(run("hopf", "my_network:make", *arguments, cwd=tmp_path).stdout)
    assert len(document["points"]) == 2
    assert document["complete"] is True

    done = run("hopf", "my_network:half", "--span", "0", "1", cwd=tmp_path, expect=2)
    assert "relu" in done.stderr
    assert len(done.stderr.splitlines()) <= 2

    (tmp_path / "bad.pt").write_bytes(b"\x80\x04cos\nsystem\n(S'touch opened'\ntR.")
    done = run("hopf", "my_network:make", "--weights", "bad.pt", "--span", "0", "1", cwd=tmp_path, expect=2)
    assert "bad.pt" in done.stderr
    assert not (tmp_path / "opened").exists()


def test_ctrl_c_keeps_what_is_finished(tmp_path: Path) -> None:
    """The first Ctrl-C ends a long search soon; what was proved is written, and the status says that it is not all."""
    pytest.importorskip("torch")
    from capnode.networks import leaky as large

    cn.from_torch(large(200), dim=200).save(tmp_path / "large.capnode")  # seconds of search on any machine
    out = tmp_path / "out"
    arguments = ["hopf", "large.capnode", "--span", "0.05", "3", "--method", "general", "--out", str(out), "--quiet"]
    process = subprocess.Popen(
        [sys.executable, "-m", "capnode", *arguments],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not out.exists() and process.poll() is None:  # made after the imports, before the search
        time.sleep(0.02)
    time.sleep(0.5)
    if process.poll() is not None:
        pytest.skip("the search was over before it could be interrupted")
    process.send_signal(signal.SIGINT)
    start = time.perf_counter()
    text, errors = process.communicate(timeout=120)
    assert time.perf_counter() - start < 30
    assert process.returncode in (0, 1), errors
    document = json.loads((out / "hopf-points.json").read_text())
    if process.returncode == 1:
        assert document["interrupted"] is True
        assert "Interrupted" in text
    if any(point["proved"] for point in document["points"]):
        assert cn.verify(out / "hopf-points.certificate.json", points=1).ok
