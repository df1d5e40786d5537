"""Writes python/capnode/_core.pyi from the built extension: mypy's stubgen, tidied.

    python tools/make_stub.py            # needs the extra `dev` and an installed capnode

tests/python/test_stub.py fails where the stub and the extension name different things.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

TARGET = Path(__file__).resolve().parents[1] / "python" / "capnode" / "_core.pyi"
HEAD = '''"""The C++ core. Nothing here is a public name. Written by tools/make_stub.py."""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

'''
REPLACEMENTS = [
    (r"^import .*\n", ""),
    (r"^from .* import .*\n", ""),
    (r"typing\.SupportsInt \| typing\.SupportsIndex", "int"),
    (r"complex \| typing\.SupportsComplex \| typing\.SupportsFloat \| typing\.SupportsIndex", "complex"),
    (r"typing\.SupportsFloat \| typing\.SupportsIndex", "float"),
    (r"typing\.Annotated\[numpy\.typing\.ArrayLike, numpy\.\w+\]", "npt.ArrayLike"),
    (r"numpy\.typing\.NDArray\[numpy\.(\w+)\]", r"npt.NDArray[np.\1]"),
    (r"numpy\.typing\.ArrayLike", "npt.ArrayLike"),
    (r"collections\.abc\.", ""),
    (r"typing\.", ""),
    (r"\b_core\.", ""),
    (r"capnode\._core\.", ""),
    (r"\btuple\b(?!\[)", "tuple[Any, ...]"),
    (r"\bdict\b(?!\[)", "dict[str, Any]"),
    (r"\blist\b(?!\[)", "list[Any]"),
    (r"\bobject\b", "Any"),
    (r"os\.PathLike(?!\[)", "os.PathLike[str]"),
    (r"Sequence\[float\]", "Sequence[float] | npt.NDArray[np.float64]"),
    (r"(arg\d+|a|b): dict\[str, Any\]", r"\1: Mapping[str, Any]"),
    (r"def build\(self, .*", "def build(self, output: int) -> Field: ..."),
    (r"\*args, \*\*kwargs\): \.\.\.", "*args: Any, **kwargs: Any) -> Any: ..."),
    (r"\*args, \*\*kwargs", "*args: Any, **kwargs: Any"),
    (r"\*args\)", "*args: Any)"),
    (r", (shape|tile)(?=[,)])", r", \1: Sequence[int]"),  # arrays of a fixed size, whose type stubgen drops
    (r", (box|centre|axes|radii)(?=[,)])", r", \1: Sequence[float] | npt.NDArray[np.float64]"),
    (r", (shape|tile)=\.\.\.", r", \1: Sequence[int] = ..."),
]


def keywords_only(line: str) -> str:
    """stubgen loses the `*` of keyword-only arguments; without it a default may stand before none."""
    match = re.match(r"(\s*def \w+\()(?!self)(.*)(\) -> .*)", line)
    if match is None:
        return line
    arguments = match[2].split(", ")
    first = next((i for i, a in enumerate(arguments) if a.endswith("= ...")), len(arguments))
    if all(a.endswith("= ...") for a in arguments[first:]):
        return line
    return f"{match[1]}{', '.join([*arguments[:first], '*', *arguments[first:]])}{match[3]}"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        code = "from mypy.stubgen import main; main()"
        command = [sys.executable, "-c", code, "-m", "capnode._core", "--inspect-mode", "-o", folder]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        text = (Path(folder) / "capnode" / "_core.pyi").read_text()
    for pattern, replacement in REPLACEMENTS:
        text = re.sub(pattern, replacement, text, flags=re.MULTILINE)
    text = "\n".join(keywords_only(line) for line in text.split("\n"))
    TARGET.write_text(HEAD + text.lstrip())
    for arguments in (
        ["check", "--fix", "--quiet", "--ignore", "E501", str(TARGET)],
        ["format", "--quiet", str(TARGET)],
    ):
        subprocess.run(["ruff", *arguments], check=False)
    print(f"{TARGET}: {len(TARGET.read_text().splitlines())} lines")


if __name__ == "__main__":
    main()
