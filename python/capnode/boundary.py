"""Decision boundaries as they are handed out: chains of frames, each crossed by one arc of the curve.

Statements: cpp/include/capnode/dynamics/boundary_piece.hpp (one piece) and decision_boundary.hpp (chains, and that
there is nothing else).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from capnode.interval_array import IntervalArray, interval
from capnode.result import Evidence, Provenance, Result, Verdict, partial_result

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Chain:
    """Pieces [first, first + count), each joined to the next.

    closed    the arcs together are a closed curve; else one arc
    proved    closed, or both ends are proved to lie outside of the rectangle; otherwise `verdict` and `detail` say
              where and why the chain ends
    """

    first: int
    count: int
    closed: bool
    verdict: Verdict
    detail: str

    @property
    def proved(self) -> bool:
        return self.verdict is Verdict.proved

    @property
    def pieces(self) -> slice:
        return slice(self.first, self.first + self.count)


@dataclass(frozen=True, eq=False)
class DecisionBoundary:
    """Where two classes have the same score, over a rectangle of inputs.

    classes     (i, k)
    rectangle   IntervalArray (2,)
    chains      tuple of `Chain`
    centres     (m, 2), axes (m, 2, 2), radii (m, 2): the frames { z = centre + axes (u, v) : |u|, |v| <= radii } of the
                pieces. For every u there is exactly one v with equal scores
    strips      IntervalArray (m,): holds this v, for all u
    starts, ends  IntervalArray (m,): v at u = -radius and at u = +radius
    derivatives IntervalArray (m, 2): of s_i - s_k by u and v over the frame
    proper      bool (m,): no third class has a score as large there: the arc is where the class changes
    cells       IntervalArray (c, 2): the cover of the rectangle; away (c,) bool: without a point of the boundary;
                piece (c,) int64: the frame that holds the cell, or -1; what is neither is `left_over`
    """

    classes: tuple[int, int]
    rectangle: IntervalArray
    chains: tuple[Chain, ...]
    centres: FloatArray
    axes: FloatArray
    radii: FloatArray
    strips: IntervalArray
    starts: IntervalArray
    ends: IntervalArray
    derivatives: IntervalArray
    proper: NDArray[np.bool_]
    cells: IntervalArray
    cell_classes: NDArray[np.bool_]
    away: NDArray[np.bool_]
    piece: NDArray[np.int64]
    integrated: int

    def __len__(self) -> int:
        return len(self.centres)

    @property
    def left_over(self) -> IntervalArray:
        """The cells (k, 2) that are neither away from the boundary nor within one piece; none where it is proved."""
        rest = ~self.away & (self.piece < 0)
        return IntervalArray(self.cells.lo[rest], self.cells.hi[rest])

    @property
    def boxes(self) -> IntervalArray:
        """Boxes (m, 2) in the axes of the plane, each with one piece of the curve: hulls of the strips."""
        u = IntervalArray(-self.radii[:, 0], self.radii[:, 0])
        parts = [
            interval(self.centres[:, j]) + interval(self.axes[:, j, 0]) * u + interval(self.axes[:, j, 1]) * self.strips
            for j in (0, 1)
        ]
        return IntervalArray(np.stack([x.lo for x in parts], 1), np.stack([x.hi for x in parts], 1))

    @property
    def polygons(self) -> FloatArray:
        """Corners (m, 4, 2) of the strips, for drawing."""
        u, lo, hi = self.radii[:, 0], self.strips.lo, self.strips.hi
        corners = [(-u, lo), (u, lo), (u, hi), (-u, hi)]
        return np.stack([self._points(a, b) for a, b in corners], axis=1)

    def curve(self, chain: int) -> FloatArray:
        """A polygon with its corners on a chain, float64 (k, 2): middles of pieces and its ends. For drawing."""
        part = self.chains[chain].pieces
        middle = self.centres[part]
        start = self._points(-self.radii[:, 0], self.starts.mid)[part]
        end = self._points(self.radii[:, 0], self.ends.mid)[part]
        if not self.chains[chain].closed:
            return np.concatenate([start[:1], middle, end[-1:]])
        beyond = (start[0] - middle[-1]) @ self.axes[part][-1, :, 0] < 0.0  # the last middle is behind the beginning
        return np.concatenate([start[:1], middle[: -1 if beyond else None], start[:1]])

    def _points(self, u: FloatArray, v: FloatArray) -> FloatArray:
        return np.asarray(self.centres + self.axes[:, :, 0] * u[:, None] + self.axes[:, :, 1] * v[:, None])

    @property
    def length(self) -> float:
        """About how long the curve is, in float64."""
        return float(sum(np.hypot(*np.diff(self.curve(k), axis=0).T).sum() for k in range(len(self.chains))))

    @property
    def complete(self) -> bool:
        return all(chain.proved for chain in self.chains) and not self.left_over.shape[0]

    def statement(self) -> str:
        """What is proved, in words."""
        i, k = self.classes
        box = " x ".join(f"[{a:g}, {b:g}]" for a, b in zip(self.rectangle.lo, self.rectangle.hi, strict=True))
        lines = []
        for n, chain in enumerate(self.chains):
            way = (
                "a closed curve"
                if chain.closed
                else "one arc that runs from border to border"
                if chain.proved
                else f"an arc, not complete ({chain.detail})"
            )
            lines.append(
                f"Chain {n}: {chain.count} pieces, each proved to be crossed by exactly one arc; together {way}."
            )
        rest = self.left_over.shape[0]
        if self.complete and not self.chains:
            lines.append(f"There is no point of the decision boundary between {i} and {k} in {box}.")
        elif self.complete:
            lines.append(f"There is no other point of the decision boundary between {i} and {k} in {box}.")
        elif rest:
            lines.append(f"{rest} cells of {box} are neither away from the boundary nor within one piece.")
        if len(self) and not self.proper.all():
            lines.append(f"{int((~self.proper).sum())} pieces may lie where a third class has the largest score.")
        return "\n".join(lines)

    def plot(self, *, ax: Any = None, points: Any = None, labels: Any = None, title: str | None = None) -> Any:
        """The strips and the curve, with data on top; returns the axes."""
        from capnode.plot import plot_boundary

        return plot_boundary(self, ax=ax, points=points, labels=labels, title=title)

    def to_dict(self) -> dict[str, Any]:
        """The numbers of a summary, for JSON."""
        return {
            "classes": list(self.classes),
            "pieces": len(self),
            "chains": [
                {"pieces": c.count, "closed": c.closed, "verdict": str(c.verdict), "detail": c.detail}
                for c in self.chains
            ],
            "length": self.length,
            "largest_strip": float(np.max(self.strips.width)) if len(self) else None,
            "cells": len(self.away),
            "left_over": int(self.left_over.shape[0]),
            "integrated": self.integrated,
            "complete": self.complete,
        }

    def __repr__(self) -> str:
        what = ", ".join(
            f"{c.count} pieces " + ("closed" if c.closed else "from border to border" if c.proved else "incomplete")
            for c in self.chains
        )
        rest = self.left_over.shape[0]
        return f"<decision boundary of {self.classes}: {what or 'none'}{f', {rest} cells left over' if rest else ''}>"


def boundary_of(
    answer: Mapping[str, Any], classes: tuple[int, int], rectangle: IntervalArray, provenance: Provenance
) -> Result[DecisionBoundary]:
    """The core's answer."""
    pieces, boxes = answer["pieces"], answer["boxes"]
    columns = [IntervalArray(pieces["lo"][:, j].copy(), pieces["hi"][:, j].copy()) for j in range(3)]
    chains = tuple(Chain(first, count, closed, Verdict(v), d) for first, count, closed, v, d in answer["chains"])
    value = DecisionBoundary(
        classes=classes,
        rectangle=rectangle,
        chains=chains,
        centres=pieces["centres"],
        axes=pieces["axes"],
        radii=pieces["radii"],
        strips=columns[0],
        starts=columns[1],
        ends=columns[2],
        derivatives=IntervalArray(pieces["lo"][:, 3:].copy(), pieces["hi"][:, 3:].copy()),
        proper=pieces["proper"],
        cells=IntervalArray(np.ascontiguousarray(boxes[:, ::2]), np.ascontiguousarray(boxes[:, 1::2])),
        cell_classes=answer["possible"],
        away=answer["away"],
        piece=answer["piece"],
        integrated=int(answer["integrated"]),
    )
    left, open_ = float(answer["left_over"]), float(sum(not c.proved for c in chains))
    across = value.derivatives[:, 1]
    evidence: list[Evidence] = []
    if len(value):
        least = float(np.min(abs(across).lo))
        tightest = float(np.min(value.radii[:, 1] - np.maximum(np.abs(value.strips.lo), np.abs(value.strips.hi))))
        evidence = [
            Evidence(
                "derivative of the margin across, least modulus over all pieces", (least,) * 2, ">", (0, 0), least > 0
            ),
            Evidence(
                "distance of the arc from the sides, least of all pieces", (tightest,) * 2, ">", (0, 0), tightest > 0
            ),
        ]
    evidence += [
        Evidence("chains without a proved end", (open_, open_), "<=", (0.0, 0.0), open_ == 0),
        Evidence("cells neither away nor within a piece", (left, left), "<=", (0.0, 0.0), left == 0),
    ]
    return partial_result(answer["verdict"], answer["detail"], value, tuple(evidence), provenance)
