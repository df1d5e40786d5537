"""Stored tensors as exact constants: floating types widen to float64 without rounding, others are refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from capnode.torch_import.constants import Constant

Array = npt.NDArray[np.float64]


def to_float64(tensor: Any, name: str) -> Array:
    """The numbers of a floating tensor (or of a numpy array), widened exactly."""
    if not isinstance(tensor, torch.Tensor):
        tensor = torch.as_tensor(tensor)
    if tensor.is_complex():
        raise ValueError(f"tensor {name!r} is complex ({tensor.dtype}); the weights of a field are real")
    if tensor.layout is not torch.strided or tensor.is_quantized:
        raise ValueError(f"tensor {name!r} is sparse or quantised ({tensor.layout}, {tensor.dtype}); make it dense")
    if not tensor.is_floating_point():
        raise ValueError(f"tensor {name!r} holds integers ({tensor.dtype}) where weights are needed; use float64")
    tensor = tensor.detach().to("cpu").contiguous()
    if tensor.dtype is torch.bfloat16:  # the upper half of a float32
        bits = tensor.view(torch.int16).numpy().view(np.uint16).astype(np.uint32) << np.uint32(16)
        values = bits.view(np.float32).astype(np.float64)
    elif tensor.dtype in (torch.float64, torch.float32, torch.float16):
        values = tensor.numpy().astype(np.float64)
    else:
        raise ValueError(f"tensor {name!r} is stored as {tensor.dtype}; float64, float32, float16, bfloat16 are read")
    check_finite(values, name)
    return np.array(values, dtype=np.float64)


def check_finite(values: Array, name: str) -> None:
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        place = tuple(int(i) for i in bad[0])
        where = f" at [{', '.join(map(str, place))}]" if place else ""
        raise ValueError(
            f"tensor {name!r} holds {values[place]}{where} ({len(bad)} of {values.size} entries are not finite)"
        )


def to_constant(tensor: Any, name: str, rad: Array | None = None) -> Constant:
    """A stored tensor as a constant; whole numbers and masks (not weights) keep their kind."""
    if tensor.dtype is torch.bool:
        return Constant(tensor.detach().cpu().numpy().astype(np.float64), kind="bool")
    if not tensor.is_floating_point() and not tensor.is_complex():
        whole = tensor.detach().cpu().numpy()
        if np.any(np.abs(whole.astype(object)) > 1 << 53):
            raise ValueError(f"tensor {name!r} holds integers beyond 2^53")
        return Constant(whole.astype(np.float64), kind="integer")
    values = to_float64(tensor, name)
    if rad is not None:
        rad = np.broadcast_to(rad, values.shape)
    return Constant(values, rad if rad is not None and np.any(rad != 0) else None)
