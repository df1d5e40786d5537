"""The typed stub of the extension names what the extension has, and nothing else."""

from __future__ import annotations

import ast
from pathlib import Path

from capnode import _core

STUB = Path(__file__).resolve().parents[2] / "python" / "capnode" / "_core.pyi"


def public(names: object) -> set[str]:
    return {name for name in dir(names) if not name.startswith("_")}


def test_the_stub_names_what_the_extension_has() -> None:
    declared: set[str] = set()
    members: dict[str, set[str]] = {}
    for node in ast.parse(STUB.read_text()).body:
        if isinstance(node, ast.FunctionDef):
            declared.add(node.name)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            declared.add(node.target.id)
        elif isinstance(node, ast.ClassDef):
            declared.add(node.name)
            members[node.name] = {
                child.name
                for child in node.body
                if isinstance(child, ast.FunctionDef) and not child.name.startswith("_")
            }
    assert declared == public(_core), "run tools/make_stub.py"
    for name, found in members.items():
        assert found == public(getattr(_core, name)), f"{name}: run tools/make_stub.py"
