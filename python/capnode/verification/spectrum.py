"""Discs that hold the eigenvalues of a ball matrix, in Arb.

With any invertible V the matrix T = V^-1 J V has the eigenvalues of J, and Gershgorin's discs (T_ii, sum_j |T_ij|) hold
them; a union of m discs that meets no other holds exactly m, with multiplicity. V comes from LAPACK and is only a hint;
T is enclosed by Arb's solver, whose success proves V invertible. Corrections V (I + Y), Y_ji = T_ji / (T_ii - T_jj),
make the discs smaller than any claim made in doubles. Eigenvalues that lie in a cluster share an orthonormal basis of
their invariant subspace (from a sorted Schur form), since their eigenvectors may be nearly parallel.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.linalg
from flint import acb, acb_mat, arb
from numpy.typing import NDArray

from capnode.verification.balls import acb_matrix, modulus

CLUSTER = 1e-4  # eigenvalues nearer than this times the norm are treated as one cluster where the basis is bad
BAD_BASIS = 1e7


@dataclass(frozen=True)
class Discs:
    """Disc i is |z - centre[i]| <= radius[i]; together they hold all eigenvalues of every matrix in the ball matrix."""

    centre: list[acb]
    radius: list[arb]

    def isolated(self, i: int) -> bool:
        """Does disc i meet no other? Then it holds exactly one eigenvalue."""
        return all(
            i == j or bool(modulus(self.centre[i] - self.centre[j]) > self.radius[i] + self.radius[j])
            for j in range(len(self.centre))
        )

    def side(self, i: int) -> int | None:
        """+1 or -1 where the disc lies right or left of the imaginary axis, None where it may touch it."""
        re = self.centre[i].real
        return 1 if re > self.radius[i] else -1 if re < -self.radius[i] else None


def _basis(j: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """Columns spanning the eigenspaces; clusters get orthonormal bases where plain eigenvectors are too parallel."""
    values, vectors = np.linalg.eig(j)
    v = np.asarray(vectors, dtype=np.complex128)
    if np.linalg.cond(v) < BAD_BASIS:
        return v
    n = len(values)
    scale = max(float(np.linalg.norm(j, 2)), 1e-300)
    label = -np.ones(n, dtype=int)
    for i in range(n):  # single linkage
        if label[i] >= 0:
            continue
        stack, label[i] = [i], i
        while stack:
            k = stack.pop()
            for near in np.flatnonzero((np.abs(values - values[k]) < CLUSTER * scale) & (label < 0)):
                label[near] = i
                stack.append(int(near))
    out = v.copy()
    for group in np.unique(label):
        members = np.flatnonzero(label == group)
        if len(members) == 1:
            continue
        inside = values[members]

        def near_group(z: complex, inside: NDArray[np.complex128] = inside) -> bool:
            return bool(np.min(np.abs(inside - z)) < CLUSTER * scale / 2)

        _, z, size = scipy.linalg.schur(j.astype(complex), output="complex", sort=near_group)
        if size == len(members):
            out[:, members] = z[:, :size]
    return out


def _transformed(j: acb_mat, v: acb_mat) -> acb_mat | None:
    try:
        return v.solve(j * v, algorithm="precond")
    except ZeroDivisionError:
        return None


@dataclass(frozen=True)
class Eigenbasis:
    """V (exact numbers, proved regular), T = V^-1 J V enclosed, and the discs of T."""

    v: acb_mat
    t: acb_mat
    discs: Discs

    def vector_bounds(self, i: int, *, left: bool = False) -> list[arb] | None:
        """Bounds of |y_j| for the right (or left) eigenvector y of T in the isolated disc i, scaled to y_i = 1."""
        sizes = _Sizes.of(self.t.transpose() if left else self.t)
        return sizes.vector_bounds(i)


def enclose_spectrum(j: acb_mat, corrections: int = 2) -> Discs | None:
    """Discs for all eigenvalues; None where no basis was found that Arb could prove invertible."""
    basis = find_basis(j, corrections)
    return None if basis is None else basis.discs


def find_basis(j: acb_mat, corrections: int = 2) -> Eigenbasis | None:
    """A basis of approximate eigenvectors that Arb proved invertible, or None."""
    n = j.nrows()
    mid = np.array([complex(float(z.real.mid()), float(z.imag.mid())) for z in j.entries()]).reshape(n, n)
    if not np.all(np.isfinite(mid)):
        return None
    v = acb_matrix(_basis(mid))
    t = _transformed(j, v)
    for _ in range(corrections):
        if t is None:
            return None
        better = _correct(v, t)
        if better is None:
            break
        improved = _transformed(j, better)
        if improved is None:
            break
        v, t = better, improved
    if t is None:
        return None
    return Eigenbasis(v, t, _discs(t))


def _correct(v: acb_mat, t: acb_mat) -> acb_mat | None:
    """V (I + Y) at the midpoints; columns that belong to clusters keep their basis."""
    n = t.nrows()
    table = t.mid().table()
    approximate = np.array([[complex(float(z.real), float(z.imag)) for z in row] for row in table])
    centre = np.diag(approximate)
    difference = np.abs(centre[None, :] - centre[:, None])
    size = np.abs(approximate) + np.abs(approximate).T
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = difference > 1e2 * size
    np.fill_diagonal(apart, False)
    if not apart.any() or np.max(np.where(apart, np.abs(approximate), 0.0)) < 1e-30:
        return None
    y = [
        [acb(1) if i == k else table[i][k] / (table[k][k] - table[i][i]) if apart[i, k] else acb(0) for k in range(n)]
        for i in range(n)
    ]
    out: acb_mat = (v * acb_mat(y)).mid()
    return out


@dataclass(frozen=True)
class _Sizes:
    """|T_ij|, the row sums off the diagonal, the middles of T_ii and the radii about them, and the row discs."""

    size: list[list[arb]]
    rows: list[arb]
    centre: list[acb]
    own: list[arb]
    discs: Discs

    @staticmethod
    def of(t: acb_mat) -> _Sizes:
        n = t.nrows()
        table = t.table()
        size = [[modulus(z).upper() for z in row] for row in table]
        rows = [sum((size[i][k] for k in range(n) if k != i), arb(0)).upper() for i in range(n)]
        centre = [acb(table[i][i].real.mid(), table[i][i].imag.mid()) for i in range(n)]
        own = [modulus(table[i][i] - centre[i]).upper() for i in range(n)]
        return _Sizes(size, rows, centre, own, Discs(centre, [(r + o).upper() for r, o in zip(rows, own, strict=True)]))

    def vector_bounds(self, i: int) -> list[arb] | None:
        """If disc i is isolated its eigenvector y can be scaled to y_i = 1, |y_j| <= 1.

        Then (lambda - T_jj) y_j = sum_{k != j} T_jk y_k bounds |y_j| by
        (|T_ji| + m sum_{k != i, j} |T_jk|) / gap_j, where m bounds the entries besides y_i; repeated.
        """
        n = len(self.rows)
        if not self.discs.isolated(i):
            return None
        gaps = [modulus(self.centre[i] - self.centre[k]) - self.discs.radius[i] - self.own[k] for k in range(n)]
        if not all(k == i or bool(gaps[k] > 0) for k in range(n)):
            return None
        largest = arb(1)
        entries: list[arb] = []
        for _ in range(4):
            entries = [
                arb(1)
                if k == i
                else _least((self.size[k][i] + largest * (self.rows[k] - self.size[k][i])) / gaps[k], largest)
                for k in range(n)
            ]
            largest = _greatest([z for k, z in enumerate(entries) if k != i])
        return entries


def _discs(t: acb_mat) -> Discs:
    """Gershgorin by rows; a disc that meets no other gets |lambda - T_ii| <= sum_{j != i} |T_ij| |y_j|."""
    sizes = _Sizes.of(t)
    discs = sizes.discs
    n = t.nrows()
    if n == 1 or all(o < 1e-25 for o in discs.radius):
        return discs
    radius = list(discs.radius)
    for i in range(n):
        entries = None if radius[i] < 1e-25 else sizes.vector_bounds(i)
        if entries is not None:
            coupling = sum((sizes.size[i][k] * entries[k] for k in range(n) if k != i), arb(0))
            radius[i] = _least(sizes.own[i] + coupling, radius[i])
    return Discs(discs.centre, radius)


def _least(a: arb, b: arb) -> arb:
    a, b = a.upper(), b.upper()
    return a if a <= b else b


def _greatest(entries: list[arb]) -> arb:
    out = arb(0)
    for z in entries:
        if not z <= out:
            out = z.upper()
    return out
