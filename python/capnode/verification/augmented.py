"""The augmented system of a Hopf point and the proof that it has one zero near a given point, in Arb.

Unknowns X = (p, w, x, v1, v2), v = v1 + i v2; with a fixed row psi of floats
    F(X) = ( f(x, p),  J v1 + w v2,  J v2 - w v1,  Re psi v - 1,  Im psi v ),   J = f_x(x, p).
With any matrix A (here the floating inverse of F'(X_bar)), N(X) = X - A F(X) and a vector of radii s > 0, let
    Y = |A F(X_bar)|,  Z = |I - A F'(X_bar)| s,  T = |A| sup |F''(X)[s, s]|, the supremum over the box X_bar +- s.
Y + Z + T/2 <= s and Z + T < s componentwise: N maps the box into itself and contracts it in max |X_i| / s_i, so F has
exactly one zero there, and it lies within Z + T/2 of X_bar - A F(X_bar). Z + T < s alone: at most one zero.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from flint import acb, arb, arb_mat

from capnode.verification.balls import arb_matrix, float_matrix, symmetric
from capnode.verification.evaluate import Derivatives, Evaluator, Vector


@dataclass(frozen=True)
class Point:
    """A value of the unknowns, each entry exact or a ball."""

    parameter: arb
    frequency: arb
    state: list[arb]
    real: list[arb]
    imag: list[arb]

    def flat(self) -> list[arb]:
        return [self.parameter, self.frequency, *self.state, *self.real, *self.imag]

    @staticmethod
    def from_flat(entries: list[arb], n: int) -> Point:
        return Point(entries[0], entries[1], entries[2 : 2 + n], entries[2 + n : 2 + 2 * n], entries[2 + 2 * n :])

    @property
    def vector(self) -> list[acb]:
        return [acb(a, b) for a, b in zip(self.real, self.imag, strict=True)]


class AugmentedSystem:
    """F, F' and bounds of F'' for one field and one psi."""

    def __init__(self, evaluator: Evaluator, psi: list[acb]) -> None:
        self.evaluator = evaluator
        self.psi = psi
        self.n = evaluator.program.dim

    def _both(self, at: Point) -> tuple[Derivatives, Derivatives]:
        p = [at.parameter]
        return (
            self.evaluator.jacobian(at.state, p, at.real),
            self.evaluator.jacobian(at.state, p, at.imag),
        )

    def value(self, at: Point) -> list[arb]:
        jet = self.evaluator.jet({0: list(at.state), 1: at.vector}, {0: [at.parameter]})
        along: Vector = jet.get(1, [acb(0)] * self.n)
        w = at.frequency
        residual = [acb(z) - acb(0, 1) * w * v for z, v in zip(along, at.vector, strict=True)]
        bound = sum((a * b for a, b in zip(self.psi, at.vector, strict=True)), acb(0)) - 1
        return [
            *[arb(z) if isinstance(z, arb) else z.real for z in jet[0]],
            *[z.real for z in residual],
            *[z.imag for z in residual],
            bound.real,
            bound.imag,
        ]

    def derivative(self, at: Point) -> arb_mat:
        n = self.n
        one, two = self._both(at)
        dx, dp = one.dx, one.dp
        assert dx is not None
        assert dp is not None
        assert one.along_dx is not None
        assert two.along_dx is not None
        assert one.along_dp is not None
        assert two.along_dp is not None
        zero, w = arb(0), at.frequency
        rows: list[list[arb]] = []
        empty = [zero] * n
        for i in range(n):
            rows.append([dp[i][0], zero, *dx[i], *empty, *empty])
        for i in range(n):
            turn = [w if j == i else zero for j in range(n)]
            rows.append([one.along_dp[i][0], at.imag[i], *one.along_dx[i], *dx[i], *turn])
        for i in range(n):
            turn = [-w if j == i else zero for j in range(n)]
            rows.append([two.along_dp[i][0], -at.real[i], *two.along_dx[i], *turn, *dx[i]])
        re, im = [z.real for z in self.psi], [z.imag for z in self.psi]
        rows.append([zero, zero, *empty, *re, *[-z for z in im]])
        rows.append([zero, zero, *empty, *im, *re])
        return arb_mat(rows)

    def second(self, over: Point, s: Point) -> list[arb]:
        """Enclosures of F''(X)[d, e] for X in `over` and any |d|, |e| <= s, with independent d and e."""
        n = self.n
        box_x = [symmetric(r) for r in s.state]
        box_p = [symmetric(s.parameter)]
        base = {0: list(over.state)}
        base_p = {0: [over.parameter]}
        twice_x = {2: box_x, 4: list(box_x)}
        twice_p = {2: box_p, 4: list(box_p)}
        f_part: list[arb] = [arb(0)] * n
        rows: list[list[arb]] = []
        zero: Vector = [arb(0)] * n
        for v in (over.real, over.imag):
            jet = self.evaluator.jet({**base, 1: list(v), **twice_x}, {**base_p, **twice_p})
            f_part = list(jet.get(6, zero))
            rows.append(list(jet.get(7, zero)))
        for k, r in enumerate((s.real, s.imag)):
            jet = self.evaluator.jet({**base, 1: [symmetric(z) for z in r], 2: box_x}, {**base_p, 2: box_p})
            mixed = jet.get(3, zero)
            rows[k] = [a + 2 * b for a, b in zip(rows[k], mixed, strict=True)]
        turn = symmetric(2 * s.frequency)
        first = [a + turn * symmetric(b) for a, b in zip(rows[0], s.imag, strict=True)]
        second = [a + turn * symmetric(b) for a, b in zip(rows[1], s.real, strict=True)]
        return [*f_part, *first, *second, arb(0), arb(0)]


def approximate_inverse(matrix: arb_mat) -> arb_mat | None:
    try:
        inverse = np.linalg.inv(float_matrix(matrix))
    except np.linalg.LinAlgError:
        return None
    return arb_matrix(inverse) if np.all(np.isfinite(inverse)) else None


def _magnitudes(column: arb_mat) -> list[arb]:
    return [arb(abs(z).upper()) for z in column.entries()]


def _as_column(entries: list[arb]) -> arb_mat:
    return arb_mat(len(entries), 1, entries)


def _box(centre: list[arb], radius: list[arb]) -> list[arb]:
    return [c + symmetric(r) for c, r in zip(centre, radius, strict=True)]


class Newton:
    """The operator N at a fixed X_bar of exact numbers, with A the floating inverse of F'(X_bar)."""

    def __init__(self, system: AugmentedSystem, centre: Point) -> None:
        self.system, self.centre = system, centre
        derivative = system.derivative(centre)
        self.inverse = approximate_inverse(derivative)
        if self.inverse is None:
            return
        size = derivative.nrows()
        product = (self.inverse * derivative).table()
        self.defect = arb_mat(
            [[abs((1 if i == j else 0) - product[i][j]).upper() for j in range(size)] for i in range(size)]
        )
        self.step = (self.inverse * _as_column(system.value(centre))).entries()

    def contraction(self, s: list[arb]) -> tuple[list[arb], list[arb]]:
        """(Z, T) for the radii s."""
        n = self.system.n
        over = Point.from_flat(_box(self.centre.flat(), s), n)
        second = self.system.second(over, Point.from_flat(s, n))
        assert self.inverse is not None
        z = _magnitudes(self.defect * _as_column(s))
        t = _magnitudes(self.inverse * _as_column(second))
        return z, t

    def contracts(self, s: list[arb]) -> bool:
        """Z + T < s: at most one zero within s of the centre."""
        if self.inverse is None:
            return False
        z, t = self.contraction(s)
        return all(bool(a + b < r) for a, b, r in zip(z, t, s, strict=True))

    def enclose(self, sweeps: int = 8) -> tuple[Point, list[arb]] | None:
        """(enclosure of the zero, radii s within which it is the only one), where the test succeeds for some s."""
        if self.inverse is None:
            return None
        y = [arb(abs(z).upper()) for z in self.step]
        if not all(z.is_finite() for z in y):
            return None
        scale = [abs(c).upper() + arb(2.0**-60) for c in self.centre.flat()]
        s = [(2 * a + b * arb(2.0**-100)).upper() for a, b in zip(y, scale, strict=True)]
        for _ in range(sweeps):
            z, t = self.contraction(s)
            fits = all(bool(a + b + c / 2 <= r) for a, b, c, r in zip(y, z, t, s, strict=True))
            if fits and all(bool(b + c < r) for b, c, r in zip(z, t, s, strict=True)):
                centre = [c - d for c, d in zip(self.centre.flat(), self.step, strict=True)]
                error = [b + c / 2 for b, c in zip(z, t, strict=True)]
                return Point.from_flat(_box(centre, error), self.system.n), s
            s = [
                (arb(1.1) * (a + b + c) + d * arb(2.0**-100)).upper() for a, b, c, d in zip(y, z, t, scale, strict=True)
            ]
            if not all(r.is_finite() for r in s):
                return None
        return None
