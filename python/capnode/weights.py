"""Weights from files without running anything in them: safetensors, and `.pt` state dicts of tensors only.

Needs the extra `torch`. Pickles and `.pt2` archives are refused.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def load_weights(path: str | os.PathLike[str]) -> dict[str, torch.Tensor]:
    """The tensors of a state dict by name, as stored (`.safetensors`, `.pt`, `.pth`, `.bin`).

    ValueError for a file that holds anything but tensors, is truncated, or is of another kind.
    """
    from capnode.torch_import.loading import load_weights

    return load_weights(path)


def load_into(module: torch.nn.Module, path: str | os.PathLike[str]) -> torch.nn.Module:
    """The module with the weights of the file, kept in the precision of the file: float64 weights in a module that was
    made in float32 are not rounded. ValueError where names or shapes do not fit."""
    from capnode.torch_import.loading import load_into

    return load_into(module, path)
