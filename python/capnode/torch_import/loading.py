"""Weights from files, without running anything: safetensors, and `.pt` state dicts under torch's `weights_only=True`.

Pickles and `.pt2` archives are never opened: reading them can run code (`torch.export.load` falls back to unpickling).
"""

from __future__ import annotations

import os
import pickle
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

_NESTED = ("state_dict", "model_state_dict")


def load_weights(path: str | os.PathLike[str]) -> dict[str, torch.Tensor]:
    """The tensors of a state dict by name, as stored. ValueError for anything that is not just tensors."""
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no file {path}")
    if path.suffix == ".safetensors":
        return _safetensors(path)
    if path.suffix in (".pt", ".pth", ".bin"):
        return _state_dict(path)
    raise ValueError(
        f"{path}: weights are read from .safetensors files and from .pt, .pth, .bin state dicts (weights_only=True); "
        "pickles and .pt2 archives are refused, because reading them can run code. Save with "
        "safetensors.torch.save_file(module.state_dict(), ...) or torch.save(module.state_dict(), ...)"
    )


def _safetensors(path: Path) -> dict[str, torch.Tensor]:
    import safetensors
    import safetensors.torch

    try:
        return dict(safetensors.torch.load_file(path))
    except safetensors.SafetensorError as error:
        raise ValueError(f"{path} is not a whole safetensors file: {error}") from None


def _state_dict(path: Path) -> dict[str, torch.Tensor]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found: Any = torch.load(path, map_location="cpu", weights_only=True)
    except OSError:
        raise
    except pickle.UnpicklingError as error:
        raise ValueError(
            f"{path} holds more than tensors; nothing in it was run. torch says: {_first(error)}"
        ) from None
    except Exception as error:  # a damaged file can fail anywhere in torch's reader
        raise ValueError(f"{path} is not a whole state dict saved by torch.save: {_first(error)}") from None
    for key in _NESTED:
        if isinstance(found, Mapping) and isinstance(found.get(key), Mapping):
            found = found[key]
    if not isinstance(found, Mapping) or not all(isinstance(v, torch.Tensor) for v in found.values()):
        raise ValueError(f"{path} is not a state dict: it must be a dict from names to tensors")
    return {str(name): tensor for name, tensor in found.items()}


def _first(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def load_into(module: torch.nn.Module, path: str | os.PathLike[str]) -> torch.nn.Module:
    """The module with the weights of the file, in the precision of the file (no rounding to the module's own)."""
    weights = load_weights(path)
    try:
        module.load_state_dict(weights, strict=True, assign=True)
    except RuntimeError as error:
        raise ValueError(f"{path} does not fit {type(module).__name__}: {' '.join(str(error).split())}") from None
    return module
