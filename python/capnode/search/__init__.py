"""Search in plain floats: equilibria, curves of them, crossings of the axis. Hints for proofs, never facts."""

from __future__ import annotations
