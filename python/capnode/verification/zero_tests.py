"""Existence and uniqueness of zeros of x -> f(x, p), for every p of a box and every field of a weight ball, in Arb.

Existence in a box E: K(E) = c - A f(c) + (I - A f'(E)) (E - c) lies in E (Brouwer; A is proved regular by the next
test). For a box P of parameters with the middle m, A f(c, p) lies in A f(c, m) + (A f_p(c, P)) (P - m) too.
Uniqueness in a box U: some s > 0 has |I - A f'(U)| s < s, so x - A f(x) contracts U in max |x_i| / s_i and has at most
one fixed point there; A and f' are regular on U.
"""

from __future__ import annotations

import numpy as np
from flint import arb, arb_mat
from numpy.typing import NDArray

from capnode.verification.balls import all_inside, arb_matrix, floats
from capnode.verification.decode import Box
from capnode.verification.evaluate import Evaluator


class ZeroTests:
    """The tests for one field and one box of parameters, with A the floating inverse of f' at the middle of a box."""

    def __init__(self, evaluator: Evaluator, parameter: Box, around: Box) -> None:
        self.evaluator = evaluator
        self.parameter = parameter.balls
        self.size = len(around.lo)
        middle = [arb(z) for z in around.middle]
        self.middle = [arb(z) for z in parameter.middle]
        derivative = self._derivative(middle, self.middle)
        matrix = floats(derivative.entries()).reshape(self.size, self.size)
        self.inverse: arb_mat | None = None
        try:
            inverse = np.linalg.inv(matrix)
        except np.linalg.LinAlgError:
            return
        if np.all(np.isfinite(inverse)):
            self.inverse = arb_matrix(inverse)

    def _derivative(self, x: list[arb], p: list[arb]) -> arb_mat:
        return arb_mat(self.evaluator.jacobian(x, p).dx or [])

    def derivative(self, box: Box) -> arb_mat:
        """f_x over the box, for all parameters."""
        return self._derivative(box.balls, self.parameter)

    def defect(self, box: Box) -> arb_mat | None:
        """I - A f'(box)."""
        if self.inverse is None:
            return None
        product = (self.inverse * self.derivative(box)).table()
        return arb_mat([[(1 if i == j else 0) - z for j, z in enumerate(row)] for i, row in enumerate(product)])

    def exists_in(self, box: Box) -> bool:
        """K(E) in E."""
        defect = self.defect(box)
        if defect is None or self.inverse is None or not box.bounded:
            return False
        centre = [arb(z) for z in box.middle]
        step = self._step(centre, self.inverse)
        offset = [b - c for b, c in zip(box.balls, centre, strict=True)]
        spread = (defect * arb_mat(self.size, 1, offset)).entries()
        image = [c - a + b for c, a, b in zip(centre, step, spread, strict=True)]
        return all_inside(image, box.lo, box.hi)

    def _step(self, centre: list[arb], inverse: arb_mat) -> list[arb]:
        """A f(c, p) for all p, as A f(c, p_bar) + (A f_p(c, p)) (p - p_bar): A is applied before p is let loose."""
        value = self.evaluator.jet({0: list(centre)}, {0: list(self.middle)})[0]
        step = (inverse * arb_mat(self.size, 1, list(value))).entries()
        if all(bool(p == m) for p, m in zip(self.parameter, self.middle, strict=True)):
            return list(step)
        slope = inverse * arb_mat(self.evaluator.jacobian(centre, self.parameter).dp or [])
        offset = arb_mat(len(self.middle), 1, [a - b for a, b in zip(self.parameter, self.middle, strict=True)])
        return [a + b for a, b in zip(step, (slope * offset).entries(), strict=True)]

    def unique_in(self, box: Box) -> bool:
        """At most one zero in the box, for each parameter and each field; f' is regular on it."""
        if not box.bounded:
            return False
        defect = self.defect(box)
        if defect is None:
            return False
        absolute = [[arb(abs(z).upper()) for z in row] for row in defect.table()]
        bound = np.array([[float(z) for z in row] for row in absolute])
        if not np.all(np.isfinite(bound)):
            return False
        half = np.array([0.5 * (b - a) for a, b in zip(box.lo, box.hi, strict=True)])
        for weights in (half, np.ones(self.size), _perron(bound)):
            if np.all(np.isfinite(weights)) and np.all(weights > 0) and _contracts(absolute, weights):
                return True
        return False


def _perron(bound: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights that make the norm of a non-negative matrix nearly its spectral radius: (I - B)^-1 1."""
    try:
        return np.asarray(np.linalg.solve(np.eye(len(bound)) - bound, np.ones(len(bound))))
    except np.linalg.LinAlgError:
        return np.ones(len(bound))


def _contracts(absolute: list[list[arb]], weights: NDArray[np.float64]) -> bool:
    s = [arb(z) for z in weights.tolist()]
    return all(
        bool(sum((a * b for a, b in zip(row, s, strict=True)), arb(0)) < r) for row, r in zip(absolute, s, strict=True)
    )


def unique_by_radii(tests: ZeroTests, box: Box) -> bool:
    """Uniqueness where the contraction holds only on a smaller concentric box, by the radii polynomial.

    With radii s = t h (h the half-widths of the box): a zero at distance exactly t h, t in [t0, 1], would need
    t <= Y + Z1 t + Z2 t^2 / 2; the right side minus t is convex in t, so negative at t0 and 1 it is negative between.
    """
    evaluator, n = tests.evaluator, tests.size
    if tests.inverse is None or not box.bounded:
        return False
    half = [0.5 * (b - a) for a, b in zip(box.lo, box.hi, strict=True)]
    if not all(h > 0 for h in half):
        return False
    centre = [arb(z) for z in box.middle]
    # the radii must reach the ends of the box, whose middle is rounded
    reach = [max(b - c, c - a) for a, b, c in zip(box.lo, box.hi, box.middle, strict=True)]
    s = [arb(np.nextafter(r, np.inf)) for r in reach]
    value = evaluator.jet({0: list(centre)}, {0: list(tests.parameter)})[0]
    y = [abs(z) / r for z, r in zip((tests.inverse * arb_mat(n, 1, list(value))).entries(), s, strict=True)]
    product = (tests.inverse * arb_mat(evaluator.jacobian(centre, tests.parameter).dx or [])).table()
    weight = arb_mat(n, 1, s)
    defect = arb_mat(
        [[abs((1 if i == j else 0) - z).upper() for j, z in enumerate(row)] for i, row in enumerate(product)]
    )
    z1 = [z / r for z, r in zip((defect * weight).entries(), s, strict=True)]
    balls = [arb(0, r) for r in s]
    over = [c + b for c, b in zip(centre, balls, strict=True)]
    second = evaluator.jet({0: over, 1: balls, 2: list(balls)}, {0: list(tests.parameter)}).get(3)
    if second is None:
        z2 = [arb(0)] * n
    else:
        z2 = [abs(z) / r for z, r in zip((tests.inverse * arb_mat(n, 1, list(second))).entries(), s, strict=True)]
    top = [_largest([a.upper() for a in part]) for part in (y, z1, z2)]
    big_y, big_z1, big_z2 = top

    def below(t: arb) -> bool:
        return bool(big_y + big_z1 * t + big_z2 * t * t / 2 < t)

    if not below(arb(1)):
        return False
    t0 = arb(1)
    for _ in range(60):
        if bool(big_z1 + big_z2 * t0 < 1):
            return below(t0)
        t0 = t0 / 2
    return False


def _largest(values: list[arb]) -> arb:
    out = values[0]
    for z in values[1:]:
        out = out.max(z)
    return out
