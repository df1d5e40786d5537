"""A model on the command line: a `.capnode` file, or `package.module:factory` with its weights."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def load_model(
    model: str,
    *,
    weights: Path | None = None,
    weight_radius: float = 0.0,
    parameter: str | None = None,
    dim: int | None = None,
) -> Any:
    """The field of a model, or layers of fields. Pickles and `.pt2` archives are never loaded."""
    if ".capnode:" in model:
        return _load_layers(model)
    path = Path(model)
    if path.suffix == ".capnode" or path.is_file():
        for name, given in (("--weights", weights), ("--parameter", parameter), ("--dim", dim)):
            if given is not None:
                raise ValueError(f"{name} does not apply to a field file: {model} is complete")
        if weight_radius:
            raise ValueError("--weight-radius does not apply to a field file: its radii are part of it")
        return _load_field(path)
    if ":" not in model:
        raise ValueError(f"{model!r} is neither a file nor of the form package.module:factory")
    return _from_factory(model, weights, weight_radius, parameter, dim)


def _load_layers(model: str) -> Any:
    """FILE.capnode:DURATION,FILE.capnode:DURATION,..."""
    import capnode

    layers = []
    for part in model.split(","):
        file, _, duration = part.strip().rpartition(":")
        try:
            length = float(duration)
        except ValueError:
            raise ValueError(f"layers are FILE.capnode:DURATION parted by commas, not {part!r}") from None
        layers.append((_load_field(Path(file)), length))
    return capnode.layered(layers)


def _load_field(path: Path) -> Any:
    from capnode.field import Field

    if path.suffix in (".pt", ".pth", ".pkl", ".pickle", ".pt2"):
        raise ValueError(f"{path} may hold code and is not loaded; give package.module:factory with --weights {path}")
    return Field.load(path)


def _from_factory(
    model: str, weights: Path | None, weight_radius: float, parameter: str | None, dim: int | None
) -> Any:
    import capnode
    from capnode.field import Field
    from capnode.layered import Layered

    module_name, _, factory_name = model.partition(":")
    folder = os.getcwd()
    if folder not in sys.path:
        sys.path.insert(0, folder)  # as `python -m` does
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise ValueError(f"cannot import {module_name!r}: {error}") from None
    factory = getattr(module, factory_name, None)
    if factory is None:
        raise ValueError(f"module {module_name!r} has no {factory_name!r}")
    made = factory() if callable(factory) and not hasattr(factory, "state_dict") else factory
    if isinstance(made, Field | Layered):
        return made
    if weights is not None:
        from capnode.weights import load_into

        made = load_into(made, weights)
    return capnode.from_torch(made, dim, parameter=parameter, weight_radius=weight_radius)


def read_point(text: str | None, dim: int) -> NDArray[np.float64] | None:
    """A state: numbers parted by commas or spaces, or a file of them (text, or `.npy`); None stays None."""
    if text is None:
        return None
    path = Path(text)
    if path.is_file():
        values = np.load(path, allow_pickle=False) if path.suffix == ".npy" else _numbers(path.read_text())
    else:
        values = _numbers(text)
    point = np.asarray(values, dtype=np.float64).reshape(-1)
    if point.shape != (dim,):
        raise ValueError(f"a point with {dim} components expected, got {point.size}")
    return point


def read_start(field: Any, x0: str | None, p: str | None) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """The initial point of `--x0` and the parameter of `--p`, both of which the field must be given."""
    point = read_point(x0, field.dim)
    if point is None:
        raise ValueError(f"give the {field.dim} components of the initial point with --x0")
    at = read_point(p, field.parameter_dim)
    if at is None and field.parameter_dim > 0:
        raise ValueError(f"the field has {field.parameter_dim} parameters: give their values with --p")
    return point, at


def _numbers(text: str) -> NDArray[np.float64]:
    try:
        return np.array([float(word) for word in text.replace(",", " ").split()])
    except ValueError:
        raise ValueError(f"numbers parted by commas or spaces expected, got {text[:60]!r}") from None
