"""Reads the text of a .capnode file, apart from the core's reader; the format stands at the head of field_io.hpp.

Every size is checked before it is used, nothing but numbers and the words of the format is accepted, and the digest in
the second line must be that of the rest.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator

from capnode.verification.functions import TABLE
from capnode.verification.program import Node, Program, Tensor

SUPPORTED_VERSION = "1"


class FieldTextError(ValueError):
    """The text is not a field; the message says where."""


class _Lines:
    def __init__(self, text: str) -> None:
        self._lines: Iterator[tuple[int, str]] = iter(enumerate(text.split("\n"), start=1))
        self.number = 0

    def words(self) -> list[str]:
        try:
            self.number, line = next(self._lines)
        except StopIteration:
            raise FieldTextError(f"line {self.number + 1}: the text ends early") from None
        return line.split(" ") if line else []

    def fail(self, what: str) -> FieldTextError:
        return FieldTextError(f"line {self.number}: {what}")

    def keyword(self, word: str) -> list[str]:
        words = self.words()
        if not words or words[0] != word:
            raise self.fail(f"{word!r} expected, found {' '.join(words)[:40]!r}")
        return words[1:]

    def integer(self, word: str) -> int:
        if not word.lstrip("-").isdecimal() or not word.isascii():
            raise self.fail(f"an integer expected, found {word[:40]!r}")
        return int(word)

    def numbers(self, count: int) -> list[float]:
        words = self.words()
        if len(words) != count:
            raise self.fail(f"{count} numbers expected, found {len(words)}")
        try:
            out = [float.fromhex(word) for word in words]
        except (ValueError, OverflowError):
            raise self.fail("a hex float expected") from None
        if not all(math.isfinite(z) for z in out):
            raise self.fail("a number is not finite")
        return out


def read_program(text: str) -> Program:
    """The program of a field file. Raises FieldTextError where the text is truncated, altered or not a field."""
    lines = _Lines(text)
    if lines.keyword("capnode-field") != [SUPPORTED_VERSION]:
        raise lines.fail(f"version {SUPPORTED_VERSION} of the field format expected")
    stated = lines.keyword("digest")
    rest = text.split("\n", 2)[2]
    digest = hashlib.sha256(rest.encode()).hexdigest()
    if stated != [digest]:
        raise lines.fail(f"the digest of the field is {digest[:12]}…, the file states {''.join(stated)[:12]}…")
    head = lines.words()
    if len(head) != 6 or head[0] != "dim" or head[2] != "parameter_dim" or head[4] != "time":
        raise lines.fail("'dim n parameter_dim m time 0|1' expected")
    dim, parameter_dim, time = (lines.integer(head[k]) for k in (1, 3, 5))
    if dim < 1 or parameter_dim < 0 or time not in (0, 1):
        raise lines.fail(f"impossible sizes dim {dim}, parameter_dim {parameter_dim}, time {time}")

    tensors: list[Tensor] = []
    (count,) = _exactly(lines, lines.keyword("tensors"), 1)
    for _ in range(lines.integer(count)):
        rows_word, cols_word, kind = _exactly(lines, lines.keyword("tensor"), 3)
        rows, cols = lines.integer(rows_word), lines.integer(cols_word)
        if rows < 1 or cols < 1 or kind not in ("exact", "radius"):
            raise lines.fail(f"impossible tensor {rows} x {cols} {kind!r}")
        mid = tuple(z for _ in range(rows) for z in lines.numbers(cols))
        rad = tuple(z for _ in range(rows) for z in lines.numbers(cols)) if kind == "radius" else ()
        if any(r < 0 for r in rad):
            raise lines.fail("a negative radius")
        tensors.append(Tensor(rows, cols, mid, rad))

    nodes: list[Node] = []
    (count,) = _exactly(lines, lines.keyword("nodes"), 1)
    for _ in range(lines.integer(count)):
        nodes.append(_node(lines, nodes, tensors, (dim, parameter_dim, time)))
    (output,) = _exactly(lines, lines.keyword("output"), 1)
    out = lines.integer(output)
    if not 0 <= out < len(nodes) or nodes[out].size != dim:
        raise lines.fail(f"the output must be a node of size {dim}")
    if lines.keyword("end") or not text.endswith("\nend\n") or lines.number != text.count("\n"):
        raise lines.fail("'end' must be the last line")
    uses_time = any(node.operation == "time" for node in nodes)
    return Program(dim, parameter_dim, time == 1, tuple(nodes), tuple(tensors), out, digest, uses_time)


def _exactly(lines: _Lines, words: list[str], count: int) -> list[str]:
    if len(words) != count:
        raise lines.fail(f"{count} words expected, found {len(words)}")
    return words


def _node(lines: _Lines, nodes: list[Node], tensors: list[Tensor], sizes: tuple[int, int, int]) -> Node:
    words = lines.words()
    if not words:
        raise lines.fail("a node expected")
    operation, rest = words[0], words[1:]

    def earlier(word: str) -> int:
        i = lines.integer(word)
        if not 0 <= i < len(nodes):
            raise lines.fail(f"node {i} is not earlier than node {len(nodes)}")
        return i

    def tensor(word: str) -> int:
        i = lines.integer(word)
        if not 0 <= i < len(tensors):
            raise lines.fail(f"tensor {i} does not exist, there are {len(tensors)}")
        return i

    match operation:
        case "state" | "parameter" | "time":
            _exactly(lines, rest, 0)
            size = sizes[("state", "parameter", "time").index(operation)]
            if size < 1:
                raise lines.fail(f"the field has no {operation}")
            return Node(operation, size)
        case "constant":
            (w,) = _exactly(lines, rest, 1)
            weight = tensor(w)
            if tensors[weight].cols != 1:
                raise lines.fail("a constant must be a column")
            return Node(operation, tensors[weight].rows, weight=weight)
        case "affine":
            a, w, b = _exactly(lines, rest, 3)
            weight, bias = tensor(w), -1 if b == "-" else tensor(b)
            source = earlier(a)
            if tensors[weight].cols != nodes[source].size:
                raise lines.fail(f"a weight with {tensors[weight].cols} columns meets a vector of {nodes[source].size}")
            rows = tensors[weight].rows
            if bias >= 0 and (tensors[bias].rows, tensors[bias].cols) != (rows, 1):
                raise lines.fail(f"a bias of {tensors[bias].rows} x {tensors[bias].cols} for {rows} rows")
            return Node(operation, rows, (source,), weight=weight, bias=bias)
        case "add" | "subtract" | "multiply" | "divide":
            a, b = _exactly(lines, rest, 2)
            left, right = earlier(a), earlier(b)
            if nodes[left].size != nodes[right].size:
                raise lines.fail(f"sizes {nodes[left].size} and {nodes[right].size} do not agree")
            return Node(operation, nodes[left].size, (left, right))
        case "negate":
            source = earlier(_exactly(lines, rest, 1)[0])
            return Node(operation, nodes[source].size, (source,))
        case "gather":
            if len(rest) < 2 or len(rest) != 2 + lines.integer(rest[1]):
                raise lines.fail("gather: the count does not fit the indices")
            source = earlier(rest[0])
            indices = tuple(lines.integer(word) for word in rest[2:])
            if not indices or not all(0 <= i < nodes[source].size for i in indices):
                raise lines.fail(f"gather: an index outside 0..{nodes[source].size - 1}")
            return Node(operation, len(indices), (source,), indices=indices)
        case "concat":
            if len(rest) < 2 or len(rest) != 1 + lines.integer(rest[0]):
                raise lines.fail("concat: the count does not fit the parts")
            parts = tuple(earlier(word) for word in rest[1:])
            return Node(operation, sum(nodes[i].size for i in parts), parts)
        case "matvec":
            a, b, r, c = _exactly(lines, rest, 4)
            matrix, vector, rows, cols = earlier(a), earlier(b), lines.integer(r), lines.integer(c)
            if rows < 1 or nodes[matrix].size != rows * cols or nodes[vector].size != cols:
                raise lines.fail(f"matvec: {rows} x {cols} does not fit {nodes[matrix].size} and {nodes[vector].size}")
            return Node(operation, rows, (matrix, vector), rows=rows, cols=cols)
        case "apply":
            function, a = _exactly(lines, rest, 2)
            if function not in TABLE:
                raise lines.fail(f"unknown function {function[:40]!r}")
            source = earlier(a)
            return Node(operation, nodes[source].size, (source,), function=function)
        case "power":
            a, k = _exactly(lines, rest, 2)
            source = earlier(a)
            return Node(operation, nodes[source].size, (source,), exponent=lines.integer(k))
    raise lines.fail(f"unknown operation {operation[:40]!r}")
