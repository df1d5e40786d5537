"""Certificates: a theorem with everything needed to check it again, without the search and without capnode's core.

One JSON file holds any number of theorems about fields that it embeds once each. Numbers are hex floats, exactly what
was proved; the sentence in words is made from them. `digest` is the SHA-256 of the canonical JSON of everything else
(sorted keys, no spaces, UTF-8). `capnode.verify` checks both: that nothing was changed, and that it is true.
docs/certificates.md describes every key.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from capnode.statements import statement
from capnode.whole_file import write_whole

FORMAT = "capnode-certificate"
VERSION = 1


def hex_float(x: float) -> str:
    """`x` as a short hex float that `float.fromhex` and C's strtod read back exactly."""
    text = float(x).hex()
    head, mark, exponent = text.partition("p")
    if not mark:
        return text
    return head.rstrip("0").rstrip(".") + mark + exponent if "." in head else text


def hex_floats(values: Any) -> str:
    """Any array as hex floats parted by spaces, in C order."""
    return " ".join(hex_float(x) for x in np.asarray(values, dtype=np.float64).ravel().tolist())


def bounds(lo: Any, hi: Any) -> dict[str, str]:
    return {"lo": hex_floats(lo), "hi": hex_floats(hi)}


def interval_entry(enclosure: Any) -> dict[str, str]:
    """`{"lo": ..., "hi": ...}` of an IntervalArray."""
    return bounds(enclosure.lo, enclosure.hi)


def complex_entry(values: Any) -> dict[str, str]:
    z = np.asarray(values, dtype=np.complex128)
    return {"re": hex_floats(z.real), "im": hex_floats(z.imag)}


def canonical_json(document: Mapping[str, Any]) -> bytes:
    """What the digest is taken of: the document without its digest, keys sorted, no spaces, UTF-8."""
    rest = {key: value for key, value in document.items() if key != "digest"}
    return json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def document_digest(document: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical_json(document)).hexdigest()


class Certificate:
    """One or many theorems in one document; see the module's docstring."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = dict(document)

    @property
    def document(self) -> dict[str, Any]:
        """The JSON document. Changing it does not change the digest: `capnode.verify` would notice."""
        return self._document

    @property
    def digest(self) -> str:
        return str(self._document["digest"])

    @property
    def statements(self) -> list[str]:
        return [str(entry["statement"]) for entry in self._document["theorems"]]

    def __len__(self) -> int:
        return len(self._document["theorems"])

    def __repr__(self) -> str:
        count = len(self)
        return f"<Certificate of {count} theorem{'' if count == 1 else 's'}, digest {self.digest[:16]}>"

    def __str__(self) -> str:
        return "\n".join(self.statements)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes the whole file or nothing (temporary file, flush to disk, rename); returns the path."""
        text = json.dumps(self._document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        return write_whole(path, text.encode())

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Certificate:
        """Reads a certificate; ValueError where the file is not one. Nothing is checked: that is `capnode.verify`."""
        try:
            document = json.loads(Path(path).read_bytes().decode())
        except (UnicodeDecodeError, json.JSONDecodeError) as error:
            raise ValueError(f"{os.fspath(path)} is not a certificate: {error}") from None
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise ValueError(f"{os.fspath(path)} is not a certificate: its format is not {FORMAT!r}")
        if document.get("version") != VERSION:
            raise ValueError(
                f"{os.fspath(path)} has version {document.get('version')!r} of the format, this capnode reads {VERSION}"
            )
        return cls(document)


# ---- what was running --------------------------------------------------------------------------------------------


def software() -> dict[str, str]:
    """The versions that a reader may want to know; no claim rests on them."""
    from capnode import _core

    return {
        "capnode": str(_core.version),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "compiler": str(_core.compiler),
        "platform": f"{platform.system()} {platform.machine()}",
    }


def float_environment() -> dict[str, str]:
    """The environment every proof ran in (the core puts it right itself), and the instruction set of its kernels."""
    from capnode import _core

    return {
        "rounding": "to nearest, ties to even",
        "subnormals": "kept (no FTZ, no DAZ)",
        "contraction": "off",
        "instruction_set": str(_core.instruction_set()),
    }


# ---- theorems to entries -----------------------------------------------------------------------------------------


def _side(values: Sequence[float]) -> list[str]:
    return [hex_float(values[0]), hex_float(values[1])]


def hypothesis_entries(evidence: Iterable[Any]) -> list[dict[str, Any]]:
    return [
        {
            "name": line.name,
            "left": _side(line.left),
            "relation": line.relation,
            "right": _side(line.right),
            "holds": bool(line.holds),
        }
        for line in evidence
    ]


def field_core(field: Any) -> Any:
    """The field of the C++ core behind a `capnode.Field` (or the core's own)."""
    return getattr(field, "core", field)


def entry_of(result: Any) -> tuple[dict[str, Any], list[Any]]:
    """(the entry of one proved theorem, the core's fields that it is about)."""
    from capnode.certificate_builders import BUILDERS, REFUSALS

    provenance = result.provenance
    if provenance.theorem in REFUSALS:
        raise ValueError(REFUSALS[provenance.theorem])
    if provenance.theorem not in BUILDERS:
        raise ValueError(f"no certificate is made for {provenance.theorem!r}; known: {', '.join(sorted(BUILDERS))}")
    name, build = BUILDERS[provenance.theorem]
    value = result.require()
    entry: dict[str, Any] = {"theorem": name, "statement": "", "hypotheses": hypothesis_entries(result.evidence)}
    made = build(value, provenance)
    if "fields" in made:
        fields = made.pop("fields")
    else:
        fields = [] if provenance.field is None else [field_core(provenance.field)]
        for core in fields:
            entry.update(field_entry(core))
    entry.update(made)
    entry["statement"] = statement(entry)
    return entry, fields


def field_entry(core: Any) -> dict[str, Any]:
    """How an entry, or a layer of one, names a field of the core."""
    return {
        "field": core.digest,
        "field_summary": {
            "dim": int(core.dim),
            "parameter_dim": int(core.parameter_dim),
            "weight_radius": bool(core.has_weight_radius),
        },
    }


def certificate_of(result: Any, *, embed: bool = True) -> Certificate:
    """The certificate of one proved result; raises NotProved otherwise."""
    return certificate_of_many([result], embed=embed)


def certificate_of_many(results: Iterable[Any], *, embed: bool = True) -> Certificate:
    """One certificate of all the proved results: each field is stored once. The others are left out.

    `embed=False` stores digests only; then verification needs the field files.
    """
    fields: dict[str, str | None] = {}
    entries: list[dict[str, Any]] = []
    for result in results:
        if not result.proved:
            continue
        entry, cores = entry_of(result)
        for core in cores:
            if core.digest not in fields:
                fields[core.digest] = core.to_text() if embed else None
        entries.append(entry)
    if not entries:
        raise ValueError("no theorem was proved: there is nothing to certify")
    document: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "software": software(),
        "float_environment": float_environment(),
        "fields": fields,
        "theorems": entries,
    }
    document["digest"] = document_digest(document)
    return Certificate(document)
