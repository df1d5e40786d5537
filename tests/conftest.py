"""Shared fixtures: where the reference data lies, and the switch for the long tests."""

from __future__ import annotations

import os
import signal
from pathlib import Path

# NumPy's own BLAS threads fight each other on a busy machine; set before NumPy is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import pytest

# Started in the background of a shell, a process ignores Ctrl-C, and so do the programs it starts; some tests press it.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).resolve().parent.parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="run the tests marked `long` and ten times more random cases")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--long"):
        return
    skip = pytest.mark.skip(reason="takes minutes; run with --long")
    for item in items:
        if "long" in item.keywords:
            item.add_marker(skip)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder `shared` beside the checkout (reference weights, conformance vectors); tests skip without it."""
    path = Path(os.environ.get("CAPNODE_SHARED", ROOT.parent / "shared"))
    if not path.is_dir():
        pytest.skip(f"needs the folder of reference data {path.name!r} beside the checkout (or CAPNODE_SHARED)")
    return path


@pytest.fixture(scope="session")
def cases(request: pytest.FixtureRequest) -> int:
    """How many random cases a containment test draws, relative to its own base count."""
    return 10 if request.config.getoption("--long") else 1
