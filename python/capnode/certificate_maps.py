"""What certificates store of iterates of maps, and of their exponents."""

from __future__ import annotations

from typing import Any


def exponents_of_map(value: Any, provenance: Any) -> dict[str, Any]:
    raise ValueError("a certificate of exponents is about flows")
