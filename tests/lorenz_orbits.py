"""Approximate periodic orbits of the Lorenz system (10, 28, 8/3) by their itineraries; plain floats, nothing proved.

The section is z = 27, crossed in turn downwards and upwards; an itinerary has a letter for each upward crossing: R
where x > 0, L where x < 0. Divided by the symmetry (x, y) -> (-x, -y), upward crossings lie near a curve, on which the
return map is a map of an interval with two monotone branches: the next letter is the same, or the other one. Both
expand, so an itinerary is found by following the branches backward; multiple shooting makes it precise.
"""

from __future__ import annotations

from functools import cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def words(period: int) -> list[str]:
    """One word for each periodic itinerary of this least period, up to shifts and the exchange of L and R.

    The constant words are left out: they would be periodic orbits that stay on one side, and there are none.
    """
    found = []
    for letters in product("LR", repeat=period):
        word = "".join(letters)
        shifts = [word[k:] + word[:k] for k in range(period)]
        other = [s.translate(str.maketrans("LR", "RL")) for s in shifts]
        if period > 1 and len(set(shifts)) == period and word == min(shifts + other):
            found.append(word)
    return found


def _series(x: Array, order: int = 16) -> Array:
    """Taylor coefficients (order + 1, 3, lanes) of the solutions from x (3, lanes)."""
    a = np.zeros((order + 1, *x.shape))
    a[0] = x
    for k in range(order):
        X, Y, Z = a[: k + 1].swapaxes(0, 1)
        xz, xy = (X * Z[::-1]).sum(0), (X * Y[::-1]).sum(0)
        a[k + 1] = np.array([10 * (Y[k] - X[k]), 28 * X[k] - xz - Y[k], xy - 8 / 3 * Z[k]]) / (k + 1)
    return a


def _value(a: Array, t: Array | float) -> Array:
    total = a[-1]
    for c in a[-2::-1]:
        total = total * t + c
    return np.asarray(total)


def crossing(points: Array, step: float = 0.02) -> Array:
    """The next crossing of z = 27, in either direction, of each (x, y) (lanes, 2)."""
    x = np.vstack([points.T, np.full(len(points), 27.0)])
    falling = x[0] * x[1] < 72
    result, running = np.empty_like(points), np.arange(len(points))
    for number in range(1000):
        a = _series(x)
        moved = _value(a, step)
        done = ((moved[2] > 27) == falling) & (number > 0)
        last = a[:, :, done]
        t = np.full(last.shape[2], step / 2)
        slope = last[1:] * np.arange(1, len(last))[:, None, None]
        for _ in range(12):
            t = np.clip(t - (_value(last, t)[2] - 27) / _value(slope, t)[2], 0, step)
        result[running[done]] = _value(last, t)[:2].T
        x, falling, running = moved[:, ~done], falling[~done], running[~done]
        if not len(running):
            return result
    raise RuntimeError(f"{len(running)} orbits do not return")


@cache
def _branches(
    count: int = 12, lanes: int = 300
) -> tuple[tuple[Array, Array], tuple[Array, Array], tuple[Array, Array]]:
    """|x| before by |x| after, for returns to the same side and to the other; and |y| by |x|: ascending tables."""
    p = np.column_stack([np.linspace(12, 16, lanes), np.linspace(15, 24, lanes)])
    rows = []
    for k in range(count):
        after = crossing(crossing(p))
        if k >= 4:  # on the attractor by then
            rows.append(np.column_stack([np.abs(p), np.abs(after[:, 0]), after[:, 0] * p[:, 0] > 0]))
        p = after
    table = np.concatenate(rows)
    same = table[:, 3] > 0

    def by(key: Array, value: Array) -> tuple[Array, Array]:
        order = np.argsort(key)
        return key[order], value[order]

    return (
        by(table[same, 2], table[same, 0]),
        by(table[~same, 2], table[~same, 0]),
        by(table[:, 0], table[:, 1]),
    )


def orbit(word: str) -> Array:
    """The points (2 n, 2) of all crossings of the orbit with this itinerary: upward, downward, upward, ..."""
    same, other, height = _branches()
    n = len(word)
    sign = np.array([1.0 if letter == "R" else -1.0 for letter in word])
    u = np.full(n, 14.0)
    for k in range(20 * n, -1, -1):
        key, value = same if word[k % n] == word[(k + 1) % n] else other
        u[k % n] = np.interp(u[(k + 1) % n], key, value)
    up = np.column_stack([sign * u, sign * np.interp(u, *height)])
    points = np.stack([up, crossing(up)], 1).reshape(2 * n, 2)
    for _ in range(6):
        points = points - _correction(points)
    return points


def _correction(points: Array, h: float = 1e-6) -> Array:
    """Newton's for x_i = P(x_{i-1}), with difference quotients."""
    k = len(points)
    shifted = [points + h * e for e in np.eye(2)] + [points - h * e for e in np.eye(2)]
    image, *moved = crossing(np.concatenate([points, *shifted])).reshape(5, k, 2)
    DP = np.stack([(moved[0] - moved[2]) / (2 * h), (moved[1] - moved[3]) / (2 * h)], 2)
    D = np.eye(2 * k)
    for i in range(k):
        j = (i - 1) % k
        D[2 * i : 2 * i + 2, 2 * j : 2 * j + 2] -= DP[j]
    F = points - np.roll(image, 1, axis=0)
    return np.linalg.solve(D, F.ravel()).reshape(k, 2)
