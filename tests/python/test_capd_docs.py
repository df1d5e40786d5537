"""The page docs/capd.md: its Python runs, and says line by line what its C++ says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import capnode as cn
from small_fields import leaky

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "capd.md").read_text(encoding="utf-8")


def test_the_columns_have_the_same_lines() -> None:
    pairs = re.findall(r"```cpp\n(.*?)```\n\n</td><td>\n\n```python\n(.*?)```", PAGE, re.DOTALL)
    assert len(pairs) == PAGE.count("```cpp") == 9
    for cpp, python in pairs:
        assert cpp.count("\n") == python.count("\n") or "capdlib" in cpp, cpp


def test_the_python_of_the_page_runs() -> None:
    pytest.importorskip("capnode._capd", reason="this build of capnode has no CAPD (third_party/README.md)")
    names: dict[str, Any] = {"np": np, "cn": cn, "field": leaky()}
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(block, names)
    assert names["proved"]
    assert names["code"] == 1
    assert names["w"][1:].interior(names["d"]).all()
