"""Equilibria at a fixed parameter: damped Newton in plain floats."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from capnode.search.float_field import SearchField
from capnode.search.linear_algebra import FloatArray, SingularMatrix, solve

SHORTEST = 1e-5


@np.errstate(all="ignore")  # steps may overflow: they are rejected
def newton(
    field: SearchField, start: FloatArray, p: float, *, bound: float, iterations: int = 120, tolerance: float = 1e-9
) -> FloatArray | None:
    """A zero of f(., p) near the start, or None; |x| > bound gives up.

    The step x + t s is accepted where f falls as the linearisation says, |f(x + t s) - (1 - t) f(x)| <= t |f(x)| / 2 in
    the maximum norm. So no component overshoots: with saturating activations a step that merely lowers |f| runs into
    the flat part, where the Jacobian vanishes.
    """
    x = np.array(start, dtype=np.float64)
    f = field.value(x, p)
    damping = 1.0
    for _ in range(iterations):
        size = float(np.max(np.abs(f), initial=0.0))
        if not np.isfinite(size):
            return None
        try:
            step = solve(field.jacobian(x, p)[0], -f)
        except SingularMatrix:
            return None
        length = float(np.linalg.norm(step)) / (1.0 + float(np.linalg.norm(x)))
        if length <= tolerance:
            zero: FloatArray = x + step
            return zero
        while True:
            trial = x + damping * step
            f_trial = field.value(trial, p)
            error = float(np.max(np.abs(f_trial - (1.0 - damping) * f), initial=0.0))
            if error <= 0.5 * damping * size or length <= 1e-6:  # below that |f| is rounding noise
                break
            damping *= 0.5
            if damping < SHORTEST:
                return None
        x, f = trial, f_trial
        damping = min(1.0, 2.0 * damping)
        if float(np.max(np.abs(x), initial=0.0)) > bound:
            return None
    return None


def starts(field: SearchField, p: float, near: FloatArray | None, random: np.random.Generator) -> Iterator[FloatArray]:
    """Where to look for equilibria at p: the user's point, 0, the linearisation at 0, and a few random points."""
    n = field.dim
    zero = np.zeros(n)
    if near is not None:
        yield near
    yield zero
    j, f = field.jacobian(zero, p)[0], field.value(zero, p)
    if np.all(np.isfinite(j)) and np.all(np.isfinite(f)) and np.any(f):
        try:
            yield solve(j, -f)
        except SingularMatrix:
            yield np.asarray(np.linalg.lstsq(j, -f, rcond=None)[0], dtype=np.float64)
    for scale in (0.3, 1.0, 3.0):
        yield scale * random.standard_normal(n)
