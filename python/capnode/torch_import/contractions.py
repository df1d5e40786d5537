"""The operations that are matrix products: linear layers, products of vectors and matrices, einsum."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from capnode.torch_import.algebra import Algebra
from capnode.torch_import.matrix_products import matmul
from capnode.torch_import.operations import Unsupported, lowers, value
from capnode.torch_import.values import Value


@lowers("linear")
def linear(g: Algebra, x: Any, weight: Any, bias: Any = None) -> Value:
    x, weight = value(x), value(weight)
    product = matmul(g, x, g.rearrange(weight, np.transpose)) if len(x.shape) > 1 else matmul(g, weight, x)
    return product if bias is None else g.add(product, value(bias))


@lowers("matmul", "mm", "mv", "bmm", "dot", "vdot", "linalg_matmul")
def _matmul(g: Algebra, a: Any, b: Any) -> Value:
    return matmul(g, value(a), value(b))


@lowers("inner")
def _inner(g: Algebra, a: Any, b: Any) -> Value:
    """Sums over the last axes of both."""
    x, y = value(a), value(b)
    if not x.shape or not y.shape:
        return g.multiply(x, y)
    rows, cols = g.reshape(x, (-1, x.shape[-1])), g.reshape(y, (-1, y.shape[-1]))
    return g.reshape(matmul(g, rows, g.rearrange(cols, np.transpose)), x.shape[:-1] + y.shape[:-1])


@lowers("linalg_vecdot")
def _vecdot(g: Algebra, a: Any, b: Any, *, dim: int = -1) -> Value:
    products = g.multiply(value(a), value(b))
    return g.total(products, (dim % len(products.shape),))


@lowers("addmm", "addmv", "baddbmm")
def _addmm(g: Algebra, c: Any, a: Any, b: Any, *, beta: Any = 1, alpha: Any = 1) -> Value:
    product = g.multiply(value(alpha), matmul(g, value(a), value(b)))
    return g.add(product, g.multiply(value(beta), value(c)))


@lowers("outer", "ger")
def _outer(g: Algebra, a: Any, b: Any) -> Value:
    return g.multiply(g.rearrange(value(a), lambda v: v[:, None]), g.rearrange(value(b), lambda v: v[None, :]))


@lowers("bilinear")
def _bilinear(g: Algebra, a: Any, b: Any, weight: Any, bias: Any = None) -> Value:
    batch = "b" if len(value(a).shape) > 1 else ""
    result = _einsum(g, f"{batch}i,kij,{batch}j->{batch}k", [a, weight, b])
    return result if bias is None else g.add(result, value(bias))


@lowers("einsum")
def _einsum(g: Algebra, equation: str, operands: Sequence[Any], *_: Any, **__: Any) -> Value:
    """Operand by operand from the left; letters needed no more are summed as soon as they can be."""
    left, arrow, out = equation.replace(" ", "").partition("->")
    letters = left.split(",")
    if "." in equation:
        raise Unsupported("einsum with an ellipsis")
    if not arrow:
        joined = left.replace(",", "")
        out = "".join(sorted(letter for letter in set(joined) if joined.count(letter) == 1))
    result, have = _einsum_diagonal(g, value(operands[0]), letters[0])
    for k in range(1, len(operands)):
        needed = set(out).union(*letters[k + 1 :])
        b, other = _einsum_diagonal(g, value(operands[k]), letters[k])
        result, have = _einsum_pair(g, result, have, b, other, needed)
    summed = tuple(i for i, letter in enumerate(have) if letter not in out)
    result = g.total(result, summed) if summed else result
    have = "".join(letter for letter in have if letter in out)
    return g.rearrange(result, lambda v: np.transpose(v, [have.index(letter) for letter in out]))


def _einsum_diagonal(g: Algebra, a: Value, letters: str) -> tuple[Value, str]:
    kept = "".join(dict.fromkeys(letters))
    return g.rearrange(a, lambda v: np.einsum(v, [kept.index(x) for x in letters], list(range(len(kept))))), kept


def _einsum_pair(g: Algebra, a: Value, la: str, b: Value, lb: str, needed: set[str]) -> tuple[Value, str]:
    both = [x for x in la if x in lb and x in needed]
    contracted = [x for x in la if x in lb and x not in needed]
    free_a, free_b = [x for x in la if x not in lb], [x for x in lb if x not in la]
    sizes = {**dict(zip(la, a.shape, strict=True)), **dict(zip(lb, b.shape, strict=True))}

    def extent(group: list[str]) -> int:
        return math.prod(sizes[x] for x in group)

    def arrange(v: Value, own: str, *groups: list[str]) -> Value:
        order = [own.index(x) for group in groups for x in group]
        shape = (*(sizes[x] for x in groups[0]), *(extent(group) for group in groups[1:]))
        return g.rearrange(v, lambda w: np.transpose(w, order).reshape(shape))

    product = matmul(g, arrange(a, la, both, free_a, contracted), arrange(b, lb, both, contracted, free_b))
    letters = both + free_a + free_b
    return g.reshape(product, tuple(sizes[x] for x in letters)), "".join(letters)
