"""The only place where torch is imported: reading modules as fields, loading weights, networks of the literature."""

from __future__ import annotations
