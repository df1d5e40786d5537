"""An own Taylor integrator at 200 bits on python-flint: the oracle of the flow.

Order 50 with steps so short that the last terms are below 1e-30 of the solution; nothing here is rigorous, but its
errors are far below the widths it is held against. Values by Picard iteration on power series, one order an iteration;
the derivative by the initial point from Y' = J(x(t)) Y, J in forward mode on power series.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import flint
import numpy as np
from flint import arb, arb_mat, arb_series

from oracle_field import Graph

ORDER = 50
DIGITS = 30


class Dual:
    """A series with its derivatives in n directions, each a series (or 0)."""

    def __init__(self, value: Any, slope: list[Any]) -> None:
        self.value, self.slope = value, slope

    def _chain(self, value: Any, factor: Any) -> Dual:
        return Dual(value, [factor * s for s in self.slope])

    def __add__(self, other: Any) -> Dual:
        if isinstance(other, Dual):
            return Dual(self.value + other.value, [a + b for a, b in zip(self.slope, other.slope, strict=True)])
        return Dual(self.value + other, self.slope)

    __radd__ = __add__

    def __neg__(self) -> Dual:
        return Dual(-self.value, [-s for s in self.slope])

    def __sub__(self, other: Any) -> Dual:
        return self + (-other)

    def __rsub__(self, other: Any) -> Dual:
        return -self + other

    def __mul__(self, other: Any) -> Dual:
        if not isinstance(other, Dual):
            return self._chain(self.value * other, other)
        slope = [a * other.value + self.value * b for a, b in zip(self.slope, other.slope, strict=True)]
        return Dual(self.value * other.value, slope)

    __rmul__ = __mul__

    def reciprocal(self) -> Dual:
        u = 1 / self.value
        return self._chain(u, -u * u)

    def __truediv__(self, other: Any) -> Dual:
        return self * (other.reciprocal() if isinstance(other, Dual) else 1 / other)

    def __rtruediv__(self, other: Any) -> Dual:
        return self.reciprocal() * other

    def exp(self) -> Dual:
        u = self.value.exp()
        return self._chain(u, u)

    def log(self) -> Dual:
        return self._chain(self.value.log(), 1 / self.value)

    def sqrt(self) -> Dual:
        u = self.value.sqrt()
        return self._chain(u, 1 / (2 * u))

    def sin(self) -> Dual:
        return self._chain(self.value.sin(), self.value.cos())

    def cos(self) -> Dual:
        return self._chain(self.value.cos(), -self.value.sin())

    def atan(self) -> Dual:
        return self._chain(self.value.atan(), 1 / (1 + self.value * self.value))

    def erf(self) -> Dual:
        factor = 2 / arb.pi().sqrt() * (-self.value * self.value).exp()
        return self._chain(self.value.erf(), factor)


@dataclass
class Solution:
    """x at the final time and at each time asked for, the derivative by the initial point: lists of arb."""

    final: list[Any]
    at: list[list[Any]]
    derivative: list[list[Any]] | None


class TooHard(Exception):
    """The solution leaves what the oracle follows (blow-up, the edge of the domain, too many steps)."""


def solution(
    graph: Graph,
    x0: list[Any],
    p: list[Any],
    weights: dict[int, Any],
    duration: float,
    *,
    t0: float = 0.0,
    times: Any = (),
    derivative: bool = False,
    max_steps: int = 400,
) -> Solution:
    """Integrates from t0 over `duration` (signed); `times` are offsets from t0, in any order."""
    cap = flint.ctx.cap
    flint.ctx.cap = ORDER + 1
    try:
        return _solve(
            graph, x0, p, weights, arb(duration), arb(t0), [arb(float(t)) for t in times], derivative, max_steps
        )
    except (
        ValueError,
        ZeroDivisionError,
    ) as error:  # flint: a root or quotient of 0, be it of a value that is not used
        raise TooHard(str(error)) from error
    finally:
        flint.ctx.cap = cap


def _solve(
    graph: Graph, x: list[Any], p: list[Any], weights: dict[int, Any], duration: Any, t0: Any, times: list[Any],
    derivative: bool, max_steps: int,
) -> Solution:  # fmt: skip
    n = len(x)
    sign = 1 if duration > 0 else -1
    elapsed = arb(0)
    at: list[Any] = [list(x) if t == 0 else None for t in times]
    Y = arb_mat(n, n, [int(i == j) for i in range(n) for j in range(n)])
    for _ in range(max_steps):
        series = _taylor(graph, x, p, weights, t0 + elapsed)
        h = sign * _step_length(series)
        last = bool(sign * (elapsed + h - duration) >= 0)
        if last:
            h = duration - elapsed
        for k, t in enumerate(times):
            if at[k] is None and bool(sign * (t - elapsed) > 0) and bool(sign * (t - elapsed - h) <= 0):
                at[k] = [_value(s, t - elapsed) for s in series]
        if derivative:
            Y = _propagator(graph, series, p, weights, t0 + elapsed, h) * Y
            Y = arb_mat(n, n, [arb(e.mid()) for e in Y.entries()])
        x = [arb(_value(s, h).mid()) for s in series]
        elapsed = arb((elapsed + h).mid())
        if last:
            rows = [[Y[i, j] for j in range(n)] for i in range(n)] if derivative else None
            return Solution(x, at, rows)
    raise TooHard(f"{max_steps} steps")


def _coefficients(series: Any) -> list[Any]:
    return [series[k] for k in range(ORDER + 1)]


def _value(series: Any, t: Any) -> Any:
    total = arb(0)
    for k in range(ORDER, -1, -1):
        total = total * t + series[k]
    return total


def _taylor(graph: Graph, x: list[Any], p: list[Any], weights: dict[int, Any], t: Any) -> list[Any]:
    series = [arb_series([v], 1) for v in x]
    for k in range(1, ORDER + 1):
        time = arb_series([t, 1], k) if k > 1 else arb_series([t], 1)
        f = graph.value(series, [arb_series([v], k) for v in p], weights, time)
        series = []
        for v, g in zip(x, f, strict=True):
            g = g if isinstance(g, arb_series) else arb_series([g], k)
            series.append(arb_series([v] + [g[j] / (j + 1) for j in range(k)], k + 1))
        if k == 2 and not all(s[1].is_finite() and s[2].is_finite() for s in series):
            raise TooHard("not finite")
    return series


def _step_length(series: list[Any]) -> Any:
    size = 1.0 + max(abs(float(s[0].mid())) for s in series)
    radius = 1e3
    for k in (ORDER - 1, ORDER):
        c = max(float(abs(s[k]).upper()) for s in series) / size
        if not np.isfinite(c):
            raise TooHard("not finite")
        if c > 0.0:
            radius = min(radius, float(np.exp(-np.log(c) / k)))
    h = radius * 10.0 ** (-DIGITS / ORDER)
    if h < 1e-6:
        raise TooHard("steps too short")
    return arb(h)


def _propagator(graph: Graph, series: list[Any], p: list[Any], weights: dict[int, Any], t: Any, h: Any) -> Any:
    """Y(h) of Y' = J(x(t)) Y, Y(0) = I."""
    n = len(series)
    zero, one = arb_series([0], ORDER + 1), arb_series([1], ORDER + 1)
    state = [Dual(s, [one if i == j else zero for j in range(n)]) for i, s in enumerate(series)]
    parameter = [Dual(arb_series([v], ORDER + 1), [zero] * n) for v in p]
    time = Dual(arb_series([t, 1], ORDER + 1), [zero] * n)
    f = graph.value(state, parameter, weights, time)
    slopes = [g.slope if isinstance(g, Dual) else [zero] * n for g in f]
    J = [arb_mat(n, n, [slopes[i][j][k] for i in range(n) for j in range(n)]) for k in range(ORDER)]
    Y = [arb_mat(n, n, [int(i == j) for i in range(n) for j in range(n)])]
    total, power = Y[0], arb(1)
    for k in range(ORDER):
        c = J[0] * Y[k]
        for j in range(1, k + 1):
            c = c + J[j] * Y[k - j]
        Y.append(c * (arb(1) / (k + 1)))
        power = power * h
        total = total + Y[-1] * power
    return total
