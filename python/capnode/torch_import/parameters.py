"""How a parameter enters through the weights: a named entry, or a direction in weight space, as p_k -> tensor."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from capnode.torch_import.constants import Constant, add, constant, from_ends
from capnode.torch_import.tensors import to_float64

Array = npt.NDArray[np.float64]
Direction = dict[str, Constant]

_ENTRY = re.compile(r"^(?P<name>[^\[\]]+?)\s*(?:\[(?P<index>[^\[\]]*)\])?$")


def directions(parameter: Any, shapes: Mapping[str, tuple[int, ...]]) -> list[Direction]:
    """One direction for each parameter, from `"fc.weight[2, 5]"`, a dict name -> tensor, or a sequence of these.

    In a dict a name may be an entry as well, with a number: `{"W[3, 2]": 1.0, "W[2, 3]": -1.0}` moves both with one
    parameter.
    """
    if isinstance(parameter, str | Mapping):
        return [_direction(parameter, shapes)]
    if isinstance(parameter, Sequence):
        if not parameter:
            raise ValueError("parameter: 0 entries given, at least 1 is needed")
        return [_direction(item, shapes) for item in parameter]
    raise ValueError(
        f"parameter must be a weight entry, a dict of directions or a sequence of these, not {parameter!r}"
    )


def _direction(item: Any, shapes: Mapping[str, tuple[int, ...]]) -> Direction:
    if isinstance(item, str):
        item = {item: 1.0}
    if not isinstance(item, Mapping) or not item:
        raise ValueError(f"parameter: {item!r} is neither a weight entry nor a non-empty dict name -> tensor")
    result: Direction = {}
    for key, moved in item.items():
        name, index = _split(key, shapes)
        values = _values(moved, key)
        if index is not None:
            if values.mid.size != 1:
                raise ValueError(f"parameter {key!r} is one entry, but its direction has {values.mid.size} entries")
            number = values
            mid, rad = np.zeros(shapes[name]), np.zeros(shapes[name])
            mid[index] = number.mid.ravel()[0]
            rad[index] = 0.0 if number.rad is None else number.rad.ravel()[0]
            values = constant(mid, rad)
        if values.shape != shapes[name]:
            raise ValueError(f"direction for {name!r} has shape {values.shape}, the weight has shape {shapes[name]}")
        result[name] = add(result[name], values) if name in result else values
    return result


def _values(moved: Any, key: str) -> Constant:
    if hasattr(moved, "lo") and hasattr(moved, "hi"):  # an IntervalArray
        return from_ends(np.asarray(moved.lo), np.asarray(moved.hi))
    if isinstance(moved, bool | int | float):
        moved = np.float64(moved)
    return constant(to_float64(moved, f"parameter {key}"))


def _split(key: Any, shapes: Mapping[str, tuple[int, ...]]) -> tuple[str, tuple[int, ...] | None]:
    match = _ENTRY.match(key) if isinstance(key, str) else None
    if match is None:
        raise ValueError(f"parameter {key!r} is not of the form 'name' or 'name[i, j]'")
    name, text = match["name"], match["index"]
    if name not in shapes:
        raise ValueError(f"parameter {key!r}: the module has no weight {name!r}; it has {', '.join(shapes) or 'none'}")
    if text is None:
        return name, () if shapes[name] == () else None
    try:
        index = tuple(int(part) for part in text.split(",")) if text.strip() else ()
    except ValueError:
        raise ValueError(f"parameter {key!r}: the index must be made of integers") from None
    shape = shapes[name]
    if len(index) != len(shape) or any(not -n <= i < n for i, n in zip(index, shape, strict=True)):
        raise ValueError(f"parameter {key!r}: index {list(index)} does not fit the shape {shape} of {name!r}")
    return name, index


def check_names(given: Mapping[str, Any], shapes: Mapping[str, tuple[int, ...]], what: str) -> None:
    for name in given:
        if name not in shapes:
            raise ValueError(f"{what}: the module has no weight {name!r}; it has {', '.join(shapes) or 'none'}")


def radii(weight_radius: Any, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Array]:
    """name -> radius array, from one number for every tensor or a dict name -> number or array."""
    given = weight_radius if isinstance(weight_radius, Mapping) else dict.fromkeys(shapes, weight_radius)
    check_names(given, shapes, "weight_radius")
    result: dict[str, Array] = {}
    for name, radius in given.items():
        values = to_float64(np.float64(radius) if isinstance(radius, int | float) else radius, f"weight_radius {name}")
        if np.any(values < 0):
            raise ValueError(f"weight_radius of {name!r} is negative: {values.min()}")
        if values.ndim and values.shape != shapes[name]:
            raise ValueError(f"weight_radius of {name!r} has shape {values.shape}, the weight has {shapes[name]}")
        result[name] = np.broadcast_to(values, shapes[name])
    return result
