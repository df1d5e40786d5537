"""Curves of equilibria by pseudo-arclength continuation: they turn at folds, where p is no parameter of the curve.

Lengths are scaled: |(dx, dp)|^2 = |dx|^2 / (n u^2) + (dp / span)^2 with u = 4 max(1, rms x), so that a step of 1
crosses the span, or moves the state by four times its size: towards a pole, where the state grows like 1/(p - p*), the
steps approach it geometrically. (Keller 1977; Govaerts, Numerical Methods for Bifurcations of Dynamical Equilibria.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capnode.parallel import Stop
from capnode.search.float_field import SearchField
from capnode.search.linear_algebra import FloatArray, SingularMatrix, solve

LONGEST_STEP = 1.0 / 25.0
SHORTEST_STEP = 1e-7
LEFT = "left the span"
CLOSED = "the curve is closed"
BOUND = "the state left the bound"
POLE = "the state grows while p stands still (a pole)"


@dataclass(frozen=True)
class Scale:
    """The norm of the (x, p) space near a state of this size: see the head of the file."""

    n: int
    span: float
    unit: float = 4.0

    def at(self, x: FloatArray) -> Scale:
        rms = float(np.linalg.norm(x)) / np.sqrt(self.n)
        return Scale(self.n, self.span, 4.0 * max(1.0, rms))

    @property
    def weight(self) -> float:
        return 1.0 / (self.n * self.unit**2)

    def inner(self, a: Tangent, b: Tangent) -> float:
        return float(a.dx @ b.dx) * self.weight + a.dp * b.dp / self.span**2

    def norm(self, a: Tangent) -> float:
        return float(np.sqrt(self.inner(a, a)))


@dataclass(frozen=True)
class Tangent:
    dx: FloatArray
    dp: float

    def scaled(self, factor: float) -> Tangent:
        return Tangent(factor * self.dx, factor * self.dp)


@dataclass(frozen=True)
class Node:
    """A point of a curve of equilibria with its unit tangent in the direction of travel."""

    x: FloatArray
    p: float
    tangent: Tangent


@dataclass
class Curve:
    nodes: list[Node]
    ended: tuple[str, str]  # why it stops at the first node and at the last

    def beyond(self) -> list[tuple[FloatArray, float]]:
        """Where the curve comes back from infinity: x ~ c/(p - p*) is reflected at the pole p* of each end."""
        found = []
        for why, last, before in ((self.ended[0], 0, 1), (self.ended[1], -1, -2)):
            a, b = self.nodes[last], self.nodes[before]
            growth = float(np.linalg.norm(a.x)) - float(np.linalg.norm(b.x))
            if why in (POLE, BOUND) and growth > 0.0:
                pole = (float(np.linalg.norm(a.x)) * a.p - float(np.linalg.norm(b.x)) * b.p) / growth
                found.append((-a.x, 2.0 * pole - a.p))
        return found

    def predict(self, p: float) -> list[tuple[FloatArray, float]]:
        """The states that the curve passes at p, interpolated, each with the length of its cell."""
        found = []
        for a, b in zip(self.nodes[:-1], self.nodes[1:], strict=True):
            if a.p != b.p and min(a.p, b.p) <= p <= max(a.p, b.p):
                t = (p - a.p) / (b.p - a.p)
                found.append(((1.0 - t) * a.x + t * b.x, float(np.max(np.abs(b.x - a.x), initial=0.0))))
        return found


def tangent_at(field: SearchField, x: FloatArray, p: float, scale: Scale, previous: Tangent | None) -> Tangent | None:
    """The unit tangent, oriented like `previous` (or towards larger p)."""
    n = field.dim
    fx, fp = field.jacobian(x, p)
    matrix = np.empty((n + 1, n + 1))
    matrix[:n, :n], matrix[:n, n] = fx, fp
    if previous is None:
        matrix[n, :n], matrix[n, n] = 0.0, 1.0
    else:
        matrix[n, :n], matrix[n, n] = previous.dx * scale.weight, previous.dp / scale.span**2
    right = np.zeros(n + 1)
    right[n] = 1.0
    try:
        t = solve(matrix, right)
    except SingularMatrix:
        return None
    tangent = Tangent(t[:n], float(t[n]))
    return tangent.scaled(1.0 / scale.norm(tangent))


def correct(
    field: SearchField, x: FloatArray, p: float, along: Tangent, scale: Scale, *, iterations: int = 9
) -> tuple[FloatArray, float, int] | None:
    """Newton back to the curve in the hyperplane through (x, p) across `along`; with the number of iterations."""
    n = field.dim
    x0, p0 = x, p
    matrix = np.empty((n + 1, n + 1))
    for k in range(iterations):
        fx, fp = field.jacobian(x, p)
        matrix[:n, :n], matrix[:n, n] = fx, fp
        matrix[n, :n], matrix[n, n] = along.dx * scale.weight, along.dp / scale.span**2
        offset = Tangent(x - x0, p - p0)
        right = np.append(-field.value(x, p), -scale.inner(along, offset))
        if not np.all(np.isfinite(matrix)) or not np.all(np.isfinite(right)):
            return None
        try:
            step = solve(matrix, right)
        except SingularMatrix:
            return None
        x, p = x + step[:n], p + float(step[n])
        if scale.norm(Tangent(step[:n], float(step[n]))) <= 1e-9 * (1.0 + float(np.max(np.abs(x), initial=0.0))):
            return x, p, k + 1
    return None


@np.errstate(all="ignore")
def trace(
    field: SearchField, x: FloatArray, p: float, span: tuple[float, float], *, bound: float, cap: int, stop: Stop
) -> Curve:
    """The curve through an equilibrium, both ways, until it leaves the span or the bound |x| <= bound."""
    scale = Scale(field.dim, span[1] - span[0])
    first = tangent_at(field, x, p, scale.at(x), None)
    if first is None:
        return Curve([], ("the tangent at the start is not defined",) * 2)
    ahead, why_ahead = _one_way(field, Node(x, p, first), span, scale, bound, cap, stop)
    if why_ahead == CLOSED:
        return Curve(ahead, (CLOSED, CLOSED))
    backward = Node(x, p, first.scaled(-1.0))
    behind, why_behind = _one_way(field, backward, span, scale, bound, cap, stop)
    reversed_nodes = [Node(node.x, node.p, node.tangent.scaled(-1.0)) for node in behind[:0:-1]]
    return Curve([*reversed_nodes, *ahead], (why_behind, why_ahead))


def _one_way(
    field: SearchField, start: Node, span: tuple[float, float], scale: Scale, bound: float, cap: int, stop: Stop
) -> tuple[list[Node], str]:
    nodes = [start]
    step = LONGEST_STEP
    while True:
        here = nodes[-1]
        if stop.is_requested():
            return nodes, "stopped"
        if len(nodes) >= cap:
            return nodes, f"{cap} nodes"
        if not span[0] <= here.p <= span[1]:
            return nodes, LEFT
        if float(np.max(np.abs(here.x), initial=0.0)) > bound:
            return nodes, BOUND
        if len(nodes) > 40 and abs(here.p - nodes[-41].p) < 2e-4 * scale.span:
            return nodes, POLE
        if len(nodes) > 10 and _back_at_start(nodes, scale):
            return nodes, CLOSED
        node = None
        while node is None:
            node, quality = _step(field, here, step, scale)
            if node is None:
                step *= 0.5
                if step < SHORTEST_STEP:
                    return nodes, "the step size became too small"
        nodes.append(node)
        step = min(LONGEST_STEP, step * (1.6 if quality <= 3 else 1.0))


def _step(field: SearchField, here: Node, step: float, scale: Scale) -> tuple[Node | None, int]:
    scale = scale.at(here.x)
    t = here.tangent.scaled(1.0 / scale.norm(here.tangent))
    corrected = correct(field, here.x + step * t.dx, here.p + step * t.dp, t, scale)
    if corrected is None:
        return None, 0
    x, p, iterations = corrected
    moved = Tangent(x - here.x - step * t.dx, p - here.p - step * t.dp)
    if scale.norm(moved) > 0.3 * step:
        return None, 0
    tangent = tangent_at(field, x, p, scale, t)
    if tangent is None or scale.inner(tangent, t) < 0.9:
        return None, 0
    return Node(x, p, tangent), iterations


def _back_at_start(nodes: list[Node], scale: Scale) -> bool:
    start, here = nodes[0], nodes[-1]
    scale = scale.at(start.x)
    distance = scale.norm(Tangent(here.x - start.x, here.p - start.p))
    last = scale.norm(Tangent(here.x - nodes[-2].x, here.p - nodes[-2].p))
    cosine = scale.inner(here.tangent, start.tangent) / (scale.norm(here.tangent) * scale.norm(start.tangent))
    return distance <= last and cosine > 0.9
