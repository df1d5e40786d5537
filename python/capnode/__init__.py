"""capnode: computer-assisted proofs about neural ODEs. This file is the table of contents of the public names."""

from __future__ import annotations

from capnode._core import version as __version__

__all__ = ["__version__"]
