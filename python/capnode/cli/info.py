"""`capnode info`: what a file holds, or what is installed."""

from __future__ import annotations

import importlib.metadata
import json as json_module
from collections import Counter
from pathlib import Path
from typing import Any

from rich.table import Table

from capnode.certificate import FORMAT, Certificate, float_environment, software
from capnode.cli import PROVED
from capnode.cli.output import console, print_json
from capnode.engines import capd_version

OPTIONAL = ("torch", "matplotlib", "python-flint", "scipy", "safetensors")


def run(file: Path | None, *, json: bool) -> int:
    """Always status 0 where the file could be read."""
    document = installation() if file is None else describe(file)
    if json:
        print_json(document)
        return PROVED
    table = Table(show_header=False, box=None, pad_edge=False)
    for key, value in document.items():
        table.add_row(key.replace("_", " "), str(value))
    console().print(table, highlight=False)
    return PROVED


def installation() -> dict[str, Any]:
    from capnode import _core

    versions = {}
    for name in OPTIONAL:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = "not installed"
    about: dict[str, Any] = {**software(), **float_environment()}
    about["blas"] = _core.blas_description()
    about["capd"] = capd_version() or "not in this build (third_party/README.md)"
    about["instruction_sets"] = " ".join(_core.instruction_sets())
    return {**about, **versions}


def describe(file: Path) -> dict[str, Any]:
    head = file.open("rb").read(64)
    if head.lstrip().startswith(b"{"):
        return describe_certificate(file)
    return describe_field(file)


def describe_field(file: Path) -> dict[str, Any]:
    from capnode.certificate import field_core
    from capnode.cli.model import load_model

    field = load_model(str(file))
    core = field_core(field)
    return {
        "file": str(file),
        "what": "a field",
        "digest": field.digest,
        "dim": field.dim,
        "parameter_dim": field.parameter_dim,
        "depends_on_time": core.depends_on_time,
        "weights": core.weight_count,
        "weight_radius": "yes" if core.has_weight_radius else "none: the weights are exact",
        "nodes": core.node_count,
        "operations": ", ".join(f"{count} x {name}" for name, count in sorted(core.operation_counts.items())),
    }


def describe_certificate(file: Path) -> dict[str, Any]:
    certificate = Certificate.load(file)
    document = certificate.document
    kinds = Counter(str(entry.get("theorem")) for entry in document["theorems"])
    return {
        "file": str(file),
        "what": FORMAT.replace("-", " "),
        "digest": certificate.digest,
        "theorems": ", ".join(f"{count} x {name}" for name, count in sorted(kinds.items())),
        "fields": ", ".join(
            f"{digest[:16]} ({'embedded' if text else 'digest only'})" for digest, text in document["fields"].items()
        )
        or "none",
        "created": document["created"],
        "software": json_module.dumps(document["software"]),
        "statement": certificate.statements[0] + (" …" if len(certificate) > 1 else ""),
        "checked": "no: run `capnode verify`",
    }
