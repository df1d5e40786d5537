"""Rectangles of inputs in a plane, and the system that carries them: the arguments that `ftle` and `classify` share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from capnode.arguments import core_of, exact_numbers
from capnode.discrete import DiscreteMap, _stages
from capnode.integrate import duration_of
from capnode.interval_array import interval
from capnode.layered import Layered
from capnode.readout import _numbers


def system_of(field: Any, t: Any, t0: float) -> tuple[list[Any], list[Any], Any]:
    """(layers, stages, a field of the core): layers of a flow or stages of a map, the other list empty."""
    if isinstance(field, DiscreteMap | list | tuple):
        stages = _stages(field, t)
        if not sum(count for _, count in stages):
            raise ValueError("the number of steps is 0; an exponent needs at least 1")
        cores = [(core_of(m.field), m.residual, m.step, count) for m, count in stages]
        return [], cores, cores[0][0]
    if isinstance(field, Layered):
        cut = field if t is None else field.exactly_until(float(t), t0)
        return [(core_of(f), d) for f, d in cut.layers], [], core_of(cut.layers[0][0])
    core = core_of(field)
    if t is None:
        raise ValueError("pass the final time t")
    final = float(exact_numbers(t, "t"))
    if not np.isfinite(final) or not np.isfinite(t0):
        raise ValueError(f"times must be finite, not t = {final!r} and t0 = {t0!r}")
    if final == t0:
        raise ValueError(f"t = {final!r} and t0 = {t0!r}: a time of zero length")
    duration, exact = duration_of(final, t0)
    if not exact:
        raise ValueError(f"t - t0 = {final!r} - {t0!r} is no double; shift one of them")
    return [(core, duration)], [], core


def rectangle_of(box: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The lower and the upper ends of a box, float64 (2,) each."""
    if hasattr(box, "lo") and hasattr(box, "hi"):
        both = interval(box)
        lower, upper = np.atleast_1d(both.lo), np.atleast_1d(both.hi)
    else:
        ends = exact_numbers(box, "box")
        if ends.ndim != 2 or ends.shape[1] != 2:
            raise ValueError(f"box has shape {ends.shape}; [(lo, hi), (lo, hi)] has (2, 2)")
        lower, upper = ends[:, 0], ends[:, 1]
    if lower.shape != (2,):
        raise ValueError(f"the box of inputs has {lower.size} sides, 2 are needed; `encoder` sets a plane into a space")
    return np.ascontiguousarray(lower), np.ascontiguousarray(upper)


def encoder_of(encoder: Any, dim: int) -> tuple[Any, Any]:
    """(A, b) of the inputs A z + b, float64 (dim, 2) and (dim,); None, None where there is no encoder."""
    if encoder is None:
        return None, None
    if hasattr(encoder, "weight") and hasattr(encoder, "in_features"):
        bias = getattr(encoder, "bias", None)
        encoder = (encoder.weight, bias)
    matrix, bias = encoder if isinstance(encoder, tuple) else (encoder, None)
    a = exact_numbers(_numbers(matrix), "encoder")
    b = np.zeros(dim) if bias is None else exact_numbers(_numbers(bias), "the bias of the encoder")
    if a.shape != (dim, 2) or b.shape != (dim,):
        raise ValueError(f"encoder has shapes {a.shape} and {b.shape}; A z + b needs ({dim}, 2) and ({dim},)")
    return np.ascontiguousarray(a), np.ascontiguousarray(b)


def counts(values: Any, name: str) -> tuple[int, int]:
    """Two integers of at least 1."""
    pair = tuple(values) if isinstance(values, Sequence | np.ndarray) else (values,)
    if len(pair) != 2:
        raise ValueError(f"{name} must have 2 entries, not {len(pair)}")
    return count(pair[0], name), count(pair[1], name)


def count(value: Any, name: str, *, least: int = 1) -> int:
    """An integer of at least `least`; a bool is none."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | np.integer) or value < least:
        raise ValueError(f"{name} must be integers of at least {least}, not {value!r}")
    return int(value)
