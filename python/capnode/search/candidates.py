"""Hopf candidates: where a refinement starts, where it ends, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from capnode.search.float_field import SearchField, along
from capnode.search.linear_algebra import ComplexArray, FloatArray, SingularMatrix, solve


@dataclass(frozen=True)
class Start:
    """An approximate Hopf point (p, w, x, v): f(x, p) = 0, f_x v = i w v."""

    p: float
    w: float
    x: FloatArray
    v: ComplexArray
    origin: str  # "crossing", "pair prediction", ...


@dataclass(frozen=True)
class Refined(Start):
    """The result of Newton's method on the augmented system. `reason` says why it did not converge."""

    converged: bool = False
    iterations: int = 0
    reason: str = ""

    def rejected(self, reason: str) -> Refined:
        return replace(self, converged=False, reason=reason)


@np.errstate(all="ignore")
def refine(field: SearchField, start: Start, *, bound: float, iterations: int = 8) -> Refined:
    """Newton on F(p, w, x, v) = (f, f_x v - i w v, psi v - 1) by block elimination, in plain floats.

    With J = f_x, x_p = -J^-1 f_p and the bordered B = [[J - i w, -v], [psi, 0]] (psi = conj(v)/|v|^2 at the start):
    a = J^-1 (-f); (z1, mu1) = B \\ (-(J - i w) v - D2f[v, (a, 0)], 1 - psi v); (z2, mu2) = B \\ (D2f[v, (x_p, 1)], 0);
    the step is dp = Re mu1 / Re mu2, dw = Im mu1 - dp Im mu2, dx = a + dp x_p, dv = z1 - dp z2.
    """
    n = field.dim
    p, w, x = start.p, start.w, np.array(start.x)
    v = start.v / np.linalg.norm(start.v)
    psi = v.conj()
    size = 0.0
    for k in range(iterations):
        try:
            j, fp = field.jacobian(x, p)
            f = field.value(x, p)
            both = solve(j, np.column_stack([-f, -fp]))
            a, xp = both[:, 0], both[:, 1]
            # one direction at a time: the two differ in size by orders of magnitude
            b1 = along(field, x, p, a, 0.0) @ v if np.any(a) else np.zeros(n, dtype=np.complex128)
            b2 = along(field, x, p, xp, 1.0) @ v
            bordered = np.zeros((n + 1, n + 1), dtype=np.complex128)
            bordered[:n, :n] = j
            bordered[np.arange(n), np.arange(n)] -= 1j * w
            bordered[:n, n], bordered[n, :n] = -v, psi
            right = np.zeros((n + 1, 2), dtype=np.complex128)
            right[:n, 0], right[n, 0] = -(j @ v - 1j * w * v) - b1, 1.0 - psi @ v
            right[:n, 1] = b2
            z = solve(bordered, right)
        except SingularMatrix as error:
            return Refined(p, w, x, v, start.origin, False, k, f"the augmented system is singular: {error}")
        mu1, mu2 = complex(z[n, 0]), complex(z[n, 1])
        if mu2.real == 0.0:
            return Refined(p, w, x, v, start.origin, False, k, "the pair does not move across the axis")
        dp = mu1.real / mu2.real
        dw = mu1.imag - dp * mu2.imag
        dx, dv = a + dp * xp, z[:n, 0] - dp * z[:n, 1]
        p, w, x, v = p + dp, w + dw, x + dx, v + dv
        size = max(
            float(np.linalg.norm(dx)) / (1.0 + float(np.linalg.norm(x))),
            abs(dp) / (1.0 + abs(p)),
            abs(dw) / (1e-3 + abs(w)),
            float(np.linalg.norm(dv)),
        )
        if not np.isfinite(size) or float(np.max(np.abs(x), initial=0.0)) > bound:
            return Refined(p, w, x, v, start.origin, False, k + 1, f"Newton's method left the bound |x| <= {bound:g}")
        if size <= 1e-9:
            if not w > 1e-9 * start.w:
                return Refined(p, w, x, v, start.origin, False, k + 1, f"it ended at the frequency {w:.6g}")
            return Refined(p, w, x, v, start.origin, True, k + 1)
    return Refined(
        p, w, x, v, start.origin, False, iterations, f"Newton's method did not converge (last step {size:.2g})"
    )


def looks_same(a: Start, b: Start, span: float) -> bool:
    """A float prefilter: close enough that only a proof can tell them apart."""
    near = abs(a.p - b.p) <= 1e-7 * max(abs(a.p), abs(b.p), span) and abs(a.w - b.w) <= 1e-6 * max(a.w, b.w)
    return near and float(np.max(np.abs(a.x - b.x), initial=0.0)) <= 1e-6 * (
        1.0 + float(np.max(np.abs(a.x), initial=0.0))
    )


Refiner = Callable[[SearchField, Start], Refined]
