"""The README's example runs and does what it says; its commands and its links exist."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()


def test_the_example_runs(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    code = "\n".join(re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL))
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    found = re.search(r"(\d+) Hopf points? proved", done.stdout)
    assert found is not None
    assert int(found[1]) > 0
    assert done.stdout.strip().endswith("True")
    assert (tmp_path / "network.certificate.json").exists()


def test_the_two_setup_commands() -> None:
    assert 'pip install -c constraints.txt ".[all]" && capnode demo' in README
    assert 'pip install -c constraints.txt ".[test]" && pytest' in README


@pytest.mark.parametrize("page", [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))], ids=lambda p: p.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_every_header_in_the_list_of_theorems_exists() -> None:
    text = (ROOT / "docs" / "theorems.md").read_text()
    headers = set(re.findall(r"`(\w+/\w+\.hpp)`", text))
    assert len(headers) > 10
    for header in headers:
        assert (ROOT / "cpp" / "include" / "capnode" / header).exists(), header
    for name in re.findall(r"`(check_\w+\.py)`", text):
        assert (ROOT / "python" / "capnode" / "verification" / name).exists(), name
    import capnode

    for call in re.findall(r"`cn\.(\w+)", text):
        assert hasattr(capnode, call), call


def test_the_constraints_pin_what_the_project_asks_for() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    pinned = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line)
    names = {name.lower().replace("_", "-") for name in pinned}
    wanted = list(project["dependencies"])
    for extra in project["optional-dependencies"].values():
        wanted += extra
    for requirement in wanted:
        name = re.match(r"[\w-]+", requirement)
        assert name is not None
        assert name[0] == "capnode" or name[0].lower().replace("_", "-") in names, f"{requirement} is not pinned"
    assert pinned["torch"] == "2.13.0"
