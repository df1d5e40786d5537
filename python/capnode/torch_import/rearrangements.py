"""The operations that make, select and rearrange tensors without computing: views, joins, edits, fillings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from capnode.torch_import.algebra import Algebra
from capnode.torch_import.constants import Constant, constant
from capnode.torch_import.operations import Unsupported, axes_of, integers, lowers, value
from capnode.torch_import.values import Value


def _end(extent: int, end: Any) -> int:
    return extent if end is None else min(int(end), extent)


def _slice(extent: int, start: Any, end: Any, step: int) -> slice:
    return slice(0 if start is None else int(start), _end(extent, end), step)


def _at(x: Value, dim: int, key: Any) -> tuple[Any, ...]:
    return (slice(None),) * (dim % len(x.shape)) + (key,)


@lowers("view", "reshape", "_unsafe_view", "_reshape_alias")
def _view(g: Algebra, a: Any, shape: Sequence[int]) -> Value:
    return g.reshape(value(a), tuple(shape))


@lowers("flatten")
def _flatten(g: Algebra, a: Any, start: int = 0, end: int = -1) -> Value:
    x = value(a)
    n = len(x.shape)
    if n == 0:
        return g.reshape(x, (1,))
    return g.reshape(x, (*x.shape[: start % n], -1, *x.shape[end % n + 1 :]))


@lowers("unflatten")
def _unflatten(g: Algebra, a: Any, dim: int, sizes: Sequence[int]) -> Value:
    x = value(a)
    dim %= len(x.shape)
    extent = x.shape[dim]
    known = int(np.prod([s for s in sizes if s >= 0]))
    filled = [extent // known if s < 0 else s for s in sizes]
    return g.reshape(x, (*x.shape[:dim], *filled, *x.shape[dim + 1 :]))


@lowers("unsqueeze")
def _unsqueeze(g: Algebra, a: Any, dim: int) -> Value:
    return g.rearrange(value(a), lambda v: np.expand_dims(v, dim))


@lowers("squeeze")
def _squeeze(g: Algebra, a: Any, dim: Any = None) -> Value:
    x = value(a)
    axes = axes_of(dim, len(x.shape)) if x.shape else ()
    drop = tuple(axis for axis in axes if x.shape[axis] == 1)
    return g.rearrange(x, lambda v: np.squeeze(v, drop))


@lowers("t", "numpy_T")
def _transpose(g: Algebra, a: Any) -> Value:
    return g.rearrange(value(a), np.transpose)


@lowers("mT", "adjoint", "matrix_H")
def _matrix_transpose(g: Algebra, a: Any) -> Value:
    return g.rearrange(value(a), lambda v: np.swapaxes(v, -1, -2))


@lowers("transpose", "swapaxes", "swapdims")
def _swap(g: Algebra, a: Any, first: int, second: int) -> Value:
    return g.rearrange(value(a), lambda v: np.swapaxes(v, first, second))


@lowers("permute")
def _permute(g: Algebra, a: Any, dims: Sequence[int]) -> Value:
    return g.rearrange(value(a), lambda v: np.transpose(v, dims))


@lowers("movedim", "moveaxis")
def _movedim(g: Algebra, a: Any, source: Any, destination: Any) -> Value:
    return g.rearrange(value(a), lambda v: np.moveaxis(v, source, destination))


@lowers("expand", "broadcast_to")
def _expand(g: Algebra, a: Any, shape: Sequence[int], **_: Any) -> Value:
    x = value(a)
    lead = len(shape) - len(x.shape)
    full = tuple(x.shape[i - lead] if extent == -1 else extent for i, extent in enumerate(shape))
    return g.broadcast(x, full)


@lowers("expand_as", "view_as", "reshape_as")
def _like(g: Algebra, a: Any, other: Any) -> Value:
    x, shape = value(a), value(other).shape
    return g.reshape(x, shape) if int(np.prod(x.shape)) == int(np.prod(shape)) else g.broadcast(x, shape)


@lowers("repeat")
def _repeat(g: Algebra, a: Any, repeats: Sequence[int]) -> Value:
    return g.rearrange(value(a), lambda v: np.tile(v, tuple(repeats)))


@lowers("select", "select_copy")
def _select(g: Algebra, a: Any, dim: int, index: int) -> Value:
    return g.rearrange(value(a), lambda v: np.take(v, index, axis=dim))


@lowers("slice", "slice_copy")
def _slices(g: Algebra, a: Any, dim: int = 0, start: Any = None, end: Any = None, step: int = 1) -> Value:
    x = value(a)
    key = _at(x, dim, _slice(x.shape[dim], start, end, step))
    return g.rearrange(x, lambda v: v[key])


@lowers("narrow")
def _narrow(g: Algebra, a: Any, dim: int, start: int, length: int) -> Value:
    return _slices(g, a, dim, start, start + length)


@lowers("index_select")
def _index_select(g: Algebra, a: Any, dim: int, index: Any) -> Value:
    return g.rearrange(value(a), lambda v: np.take(v, integers(value(index)), axis=dim))


@lowers("gather")
def _gather(g: Algebra, a: Any, dim: int, index: Any, **_: Any) -> Value:
    """Along the other axes the index may be shorter than the tensor."""
    x, places = value(a), integers(value(index))
    key = tuple(slice(None) if k == dim % places.ndim else slice(extent) for k, extent in enumerate(places.shape))
    return g.rearrange(x, lambda v: np.take_along_axis(v[key], places, axis=dim))


def _key(indices: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(slice(None) if index is None else integers(value(index)) for index in indices)


@lowers("index")
def _index_tensor(g: Algebra, a: Any, indices: Sequence[Any]) -> Value:
    key = _key(indices)
    return g.rearrange(value(a), lambda v: v[key])


@lowers("index_put", "_unsafe_index_put")
def _index_put(g: Algebra, a: Any, indices: Sequence[Any], values: Any, accumulate: bool = False) -> Value:
    x, new, key = value(a), value(values), _key(indices)
    if accumulate:
        places = np.arange(int(np.prod(x.shape))).reshape(x.shape)[key]
        if len(np.unique(places)) != places.size:
            raise Unsupported("index_put with accumulate=True and repeated indices")
        new = g.add(g.rearrange(x, lambda v: v[key]), new)
    return g.assign(x, key, new)


@lowers("select_scatter")
def _select_scatter(g: Algebra, a: Any, source: Any, dim: int, index: int) -> Value:
    x = value(a)
    return g.assign(x, _at(x, dim, index), value(source))


@lowers("slice_scatter")
def _slice_scatter(
    g: Algebra, a: Any, source: Any, dim: int = 0, start: Any = None, end: Any = None, step: int = 1
) -> Value:
    x = value(a)
    return g.assign(x, _at(x, dim, _slice(x.shape[dim], start, end, step)), value(source))


@lowers("diagonal_scatter")
def _diagonal_scatter(g: Algebra, a: Any, source: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Value:
    x = value(a)
    places = np.diagonal(np.arange(int(np.prod(x.shape))).reshape(x.shape), offset, dim1, dim2)
    return g.assign(x, np.unravel_index(places, x.shape), value(source))


@lowers("copy")
def _copy(g: Algebra, a: Any, source: Any, *_: Any) -> Value:
    return g.broadcast(value(source), value(a).shape)


@lowers("fill")
def _fill(g: Algebra, a: Any, filling: Any) -> Value:
    return g.broadcast(value(filling), value(a).shape)


@lowers("zero")
def _zero(g: Algebra, a: Any) -> Value:
    return constant(np.zeros(value(a).shape))


@lowers("masked_fill")
def _masked_fill(g: Algebra, a: Any, mask: Any, filling: Any) -> Value:
    x = value(a)
    return g.assign(x, np.broadcast_to(integers(value(mask)), x.shape), value(filling))


@lowers("where")
def _where(g: Algebra, mask: Any, a: Any, b: Any) -> Value:
    """With a mask that is a constant, a choice of entries; otherwise a branch on the data."""
    if not isinstance(mask, Constant):
        raise Unsupported("torch.where on the state or the parameter is not smooth")
    chosen = integers(mask).astype(np.bool_)
    x, y = value(a), value(b)
    shape = np.broadcast_shapes(chosen.shape, x.shape, y.shape)
    key = np.broadcast_to(chosen, shape)
    return g.assign(g.broadcast(y, shape), key, g.rearrange(g.broadcast(x, shape), lambda v: v[key]))


@lowers("unbind")
def _unbind(g: Algebra, a: Any, dim: int = 0) -> list[Value]:
    return [_select(g, a, dim, i) for i in range(value(a).shape[dim])]


@lowers("split", "split_with_sizes", "split_copy")
def _split(g: Algebra, a: Any, size: Any, dim: int = 0) -> list[Value]:
    extent = value(a).shape[dim]
    sizes = [min(size, extent - i) for i in range(0, extent, size)] if isinstance(size, int) else list(size)
    starts = np.cumsum([0, *sizes])
    return [_narrow(g, a, dim, int(start), length) for start, length in zip(starts, sizes, strict=False)]


@lowers("chunk")
def _chunk(g: Algebra, a: Any, chunks: int, dim: int = 0) -> list[Value]:
    return _split(g, a, -(-value(a).shape[dim] // chunks), dim)


@lowers("tensor_split")
def _tensor_split(g: Algebra, a: Any, sections: Any, dim: int = 0) -> list[Value]:
    pieces = np.array_split(np.arange(value(a).shape[dim]), sections if isinstance(sections, int) else list(sections))
    return [_slices(g, a, dim, int(p[0]), int(p[-1]) + 1) for p in pieces]


@lowers("cat", "concat", "concatenate")
def _cat(g: Algebra, parts: Sequence[Any], dim: int = 0) -> Value:
    tensors = [value(part) for part in parts]
    return g.concatenate([t for t in tensors if t.shape != (0,)], dim)


@lowers("stack")
def _stack(g: Algebra, parts: Sequence[Any], dim: int = 0) -> Value:
    raised = [_unsqueeze(g, part, dim) for part in parts]
    return g.concatenate(raised, dim % len(raised[0].shape))


@lowers("hstack")
def _hstack(g: Algebra, parts: Sequence[Any]) -> Value:
    tensors = [g.rearrange(value(part), np.atleast_1d) for part in parts]
    return g.concatenate(tensors, 0 if len(tensors[0].shape) == 1 else 1)


@lowers("column_stack")
def _column_stack(g: Algebra, parts: Sequence[Any]) -> Value:
    tensors = [value(part) for part in parts]
    return g.concatenate([g.reshape(t, (-1, 1)) if len(t.shape) < 2 else t for t in tensors], 1)


@lowers("vstack")
def _vstack(g: Algebra, parts: Sequence[Any]) -> Value:
    return g.concatenate([g.rearrange(value(part), np.atleast_2d) for part in parts], 0)


@lowers("atleast_1d")
def _atleast_1d(g: Algebra, a: Any) -> Value:
    return g.rearrange(value(a), np.atleast_1d)


@lowers("flip")
def _flip(g: Algebra, a: Any, dims: Sequence[int]) -> Value:
    return g.rearrange(value(a), lambda v: np.flip(v, tuple(dims)))


@lowers("roll")
def _roll(g: Algebra, a: Any, shifts: Sequence[int], dims: Sequence[int] = ()) -> Value:
    return g.rearrange(value(a), lambda v: np.roll(v, tuple(shifts), tuple(dims)) if dims else np.roll(v, shifts[0]))


@lowers("diagonal", "linalg_diagonal")
def _diagonal(g: Algebra, a: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Value:
    return g.rearrange(value(a), lambda v: np.diagonal(v, offset, dim1, dim2))


@lowers("diag", "diag_embed")
def _diag(g: Algebra, a: Any, diagonal: int = 0, *_: Any) -> Value:
    x = value(a)
    if len(x.shape) == 2:
        return g.rearrange(x, lambda v: np.diagonal(v, diagonal))
    if len(x.shape) != 1:
        raise Unsupported("diag_embed of a batch")
    places = np.diag(np.arange(x.shape[0]) + 1, diagonal)
    return g.assign(constant(np.zeros(places.shape)), places > 0, x)


@lowers("tril")
def _tril(g: Algebra, a: Any, diagonal: int = 0) -> Value:
    x = value(a)
    below = np.tril(np.ones(x.shape), diagonal) > 0
    return g.assign(constant(np.zeros(x.shape)), below, g.rearrange(x, lambda v: v[below]))


@lowers("triu")
def _triu(g: Algebra, a: Any, diagonal: int = 0) -> Value:
    x = value(a)
    above = np.triu(np.ones(x.shape), diagonal) > 0
    return g.assign(constant(np.zeros(x.shape)), above, g.rearrange(x, lambda v: v[above]))


# --- fillings --------------------------------------------------------------------------------------------------


@lowers("zeros", "empty")
def _zeros(g: Algebra, shape: Sequence[int], **_: Any) -> Value:
    """`empty` is read as zeros: a module that uses what it never wrote has no meaning."""
    return constant(np.zeros(tuple(shape)))


@lowers("ones")
def _ones(g: Algebra, shape: Sequence[int], **_: Any) -> Value:
    return constant(np.ones(tuple(shape)))


@lowers("full")
def _full(g: Algebra, shape: Sequence[int], filling: Any, **_: Any) -> Value:
    return g.broadcast(value(filling), tuple(shape))


@lowers("zeros_like", "empty_like")
def _zeros_like(g: Algebra, a: Any, **_: Any) -> Value:
    return constant(np.zeros(value(a).shape))


@lowers("ones_like")
def _ones_like(g: Algebra, a: Any, **_: Any) -> Value:
    return constant(np.ones(value(a).shape))


@lowers("full_like")
def _full_like(g: Algebra, a: Any, filling: Any, **_: Any) -> Value:
    return g.broadcast(value(filling), value(a).shape)


@lowers("new_zeros", "new_empty")
def _new_zeros(g: Algebra, a: Any, shape: Sequence[int], **_: Any) -> Value:
    return constant(np.zeros(tuple(shape)))


@lowers("new_ones")
def _new_ones(g: Algebra, a: Any, shape: Sequence[int], **_: Any) -> Value:
    return constant(np.ones(tuple(shape)))


@lowers("new_full")
def _new_full(g: Algebra, a: Any, shape: Sequence[int], filling: Any, **_: Any) -> Value:
    return g.broadcast(value(filling), tuple(shape))


@lowers("scalar_tensor")
def _scalar_tensor(g: Algebra, filling: Any, **_: Any) -> Value:
    return value(filling)


@lowers("eye")
def _eye(g: Algebra, n: int, m: int | None = None, **_: Any) -> Value:
    return constant(np.eye(n, m))


@lowers("arange")
def _arange(g: Algebra, *bounds: Any, **_: Any) -> Value:
    if not all(isinstance(bound, int) for bound in bounds):
        raise Unsupported("arange with steps that are not integers")
    return Constant(np.arange(*bounds).astype(np.float64), kind="integer")


@lowers("linspace")
def _linspace(g: Algebra, start: Any, end: Any, steps: int, **_: Any) -> Value:
    """start + i (end - start) / (steps - 1), exactly."""
    whole = constant(np.arange(steps, dtype=np.float64))
    span = g.subtract(value(end), value(start))
    return g.add(value(start), g.divide(g.multiply(whole, span), constant(float(max(steps - 1, 1)))))
