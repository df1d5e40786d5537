"""Discs that hold the eigenvalues of a ball matrix, in Arb.

With any invertible V the matrix T = V^-1 J V has the eigenvalues of J, and Gershgorin's discs (T_ii, sum_j |T_ij|) hold
them; a union of m discs that meets no other holds exactly m, with multiplicity. V comes from LAPACK and is only a hint;
T is enclosed by Arb's solver, whose success proves V invertible. Corrections V (I + Y), Y_ji = T_ji / (T_ii - T_jj),
make the discs smaller than any claim made in doubles. Eigenvalues that lie in a cluster share an orthonormal basis of
their invariant subspace (from a sorted Schur form), since their eigenvectors may be nearly parallel, and one disc.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy.linalg
from flint import acb, acb_mat, arb, ctx
from numpy.typing import NDArray

from capnode.verification.balls import acb_matrix, modulus

BAD_BASIS = 1e7  # a basis of a larger condition number is repaired
TOLERANCES = (
    1e-6,
    1e-4,
    1e-2,
    5e-2,
    2e-1,
)  # eigenvalues nearer than this times the norm are one cluster; tried in order
LARGEST_POLYNOMIAL = 40  # clusters up to this size are enclosed by their characteristic polynomial


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


Groups = list[list[int]]  # columns of the basis that span one invariant subspace; groups of one are left out


def _basis(j: NDArray[np.complex128]) -> tuple[NDArray[np.complex128], Groups]:
    """Columns spanning invariant subspaces: eigenvectors, or orthonormal bases of clusters where those are parallel."""
    values, vectors = np.linalg.eig(j)
    v = np.asarray(vectors, dtype=np.complex128)
    if np.linalg.cond(v) < BAD_BASIS:
        return v, []
    norm = max(float(np.linalg.norm(j, 2)), 1e-300)
    best: tuple[float, NDArray[np.complex128], Groups] = (float(np.linalg.cond(v)), v, [])
    for tolerance in TOLERANCES:
        repaired = _repaired(j, values, v, tolerance * norm)
        if repaired is None:
            continue
        condition = float(np.linalg.cond(repaired[0]))
        if condition < best[0]:
            best = (condition, *repaired)
        if condition < BAD_BASIS:
            break
    return best[1], best[2]


def _repaired(
    j: NDArray[np.complex128], values: NDArray[np.complex128], v: NDArray[np.complex128], distance: float
) -> tuple[NDArray[np.complex128], Groups] | None:
    """The basis with one orthonormal block, from a sorted Schur form, for each cluster of that linking distance."""
    n = len(j)
    diagonal = np.diag(scipy.linalg.schur(j.astype(complex), output="complex")[0])
    columns: list[NDArray[np.complex128]] = []
    groups: Groups = []
    free = np.ones(n, dtype=bool)
    for members in _clusters(diagonal, distance):
        start = len(columns)
        if len(members) == 1:
            near = np.where(free, np.abs(values - diagonal[members[0]]), np.inf)
            free[int(np.argmin(near))] = False
            columns.append(v[:, int(np.argmin(near))])
            continue
        inside = diagonal[members]

        def chosen(z: complex, inside: NDArray[np.complex128] = inside) -> bool:
            return bool(np.min(np.abs(inside - z)) < 1e-13 * float(np.max(np.abs(diagonal))) + 1e-300)

        _, z, size = scipy.linalg.schur(j.astype(complex), output="complex", sort=chosen)
        if size != len(members):
            return None
        for value in inside:
            near = np.where(free, np.abs(values - value), np.inf)
            free[int(np.argmin(near))] = False
        columns += [z[:, k] for k in range(size)]
        groups.append(list(range(start, start + size)))
    return np.column_stack(columns), groups


def _clusters(values: NDArray[np.complex128], distance: float) -> list[list[int]]:
    """Single linkage."""
    label = -np.ones(len(values), dtype=int)
    out: list[list[int]] = []
    for i in range(len(values)):
        if label[i] >= 0:
            continue
        stack, members = [i], [i]
        label[i] = i
        while stack:
            k = stack.pop()
            for near in np.flatnonzero((np.abs(values - values[k]) < distance) & (label < 0)):
                label[near] = i
                members.append(int(near))
                stack.append(int(near))
        out.append(members)
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
    floats, groups = _basis(mid)
    v = acb_matrix(floats)
    t = _transformed(j, v) if corrections else _roughly_transformed(j, v, floats)
    for _ in range(corrections):
        if t is None:
            return None
        better = _correct(v, t, groups)
        if better is None:
            break
        improved = _transformed(j, better)
        if improved is None:
            break
        v, t = better, improved
    if t is None:
        return None
    return Eigenbasis(v, t, _discs(t, groups))


def _roughly_transformed(j: acb_mat, v: acb_mat, floats: NDArray[np.complex128]) -> acb_mat | None:
    """V^-1 J V by the floating inverse R of V: with E = I - R V it is (I - E)^-1 R J V.

    Entry (i, k) differs from that of T = R J V by at most e_i max_l |T_lk| / (1 - a), e the row sums of |E|, a < 1 the
    largest.
    """
    n = len(floats)
    try:
        r = acb_matrix(np.linalg.inv(floats))
    except np.linalg.LinAlgError:
        return None
    defect = (r * v).table()
    e = [sum((modulus(z - int(i == k)) for k, z in enumerate(row)), arb(0)).upper() for i, row in enumerate(defect)]
    largest = max(e, key=float)
    if not bool(largest < 0.5):
        return None
    t = (r * (j * v)).table()
    top = [max((modulus(t[i][k]).upper() for i in range(n)), key=float) for k in range(n)]
    bound = [[(a * b / (1 - largest)).upper() for b in top] for a in e]
    return acb_mat(
        [[z + acb(arb(0, d), arb(0, d)) for z, d in zip(*rows, strict=True)] for rows in zip(t, bound, strict=True)]
    )


def _correct(v: acb_mat, t: acb_mat, groups: Groups) -> acb_mat | None:
    """V (I + Y) at the midpoints, Y from T_gg Y_gh - Y_gh T_hh = -T_gh for each pair of groups (or single columns)."""
    n = t.nrows()
    table = t.mid().table()
    approximate = np.array([[complex(float(z.real), float(z.imag)) for z in row] for row in table])
    if not np.all(np.isfinite(approximate)):
        return None
    centre = np.diag(approximate)
    difference = np.abs(centre[None, :] - centre[:, None])
    size = np.abs(approximate) + np.abs(approximate).T
    apart = difference > 1e2 * size
    np.fill_diagonal(apart, False)
    blocks = _sylvester(approximate, groups)
    for group in groups:
        apart[group, :] = False
        apart[:, group] = False
    rest = max((float(np.max(np.abs(approximate[np.ix_(g, h)]))) for g, h, _ in blocks), default=0.0)
    if max(float(np.max(np.where(apart, np.abs(approximate), 0.0))), rest) < 1e-30:
        return None
    y = [
        [acb(1) if i == k else table[i][k] / (table[k][k] - table[i][i]) if apart[i, k] else acb(0) for k in range(n)]
        for i in range(n)
    ]
    for g, h, block in blocks:
        for a, i in enumerate(g):
            for b, k in enumerate(h):
                y[i][k] = acb(block[a, b].real, block[a, b].imag)
    out: acb_mat = (v * acb_mat(y)).mid()
    return out


def _sylvester(t: NDArray[np.complex128], groups: Groups) -> list[tuple[list[int], list[int], NDArray[np.complex128]]]:
    """(g, h, Y_gh) for every pair of blocks of which one is a group, where the equation could be solved."""
    if not groups:
        return []
    grouped = {i for group in groups for i in group}
    blocks = [*groups, *([i] for i in range(len(t)) if i not in grouped)]
    out = []
    for g in blocks:
        for h in blocks:
            if g is h or len(g) == len(h) == 1:
                continue
            try:
                y = scipy.linalg.solve_sylvester(t[np.ix_(g, g)], -t[np.ix_(h, h)], -t[np.ix_(g, h)])
            except (np.linalg.LinAlgError, ValueError):
                continue
            if np.all(np.isfinite(y)) and np.max(np.abs(y)) < 0.1:
                out.append((g, h, np.asarray(y, dtype=np.complex128)))
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


def _discs(t: acb_mat, groups: Groups) -> Discs:
    """Gershgorin by rows; a disc that meets no other gets |lambda - T_ii| <= sum_{j != i} |T_ij| |y_j|.

    A group gets discs for its members together: let y be an eigenvector whose largest block (in the 2-norm) is y_g.
    Then (lambda - T_gg) y_g = f with |f| <= d |y_g|, d the sum of |T_ij|, i in g, j outside: lambda is an eigenvalue of
    T_gg + f y_g^H / |y_g|^2, whose entries are within d of those of T_gg. With m in the middle, the roots of the
    characteristic polynomial t^k + c_{k-1} t^{k-1} + ... of those matrices minus m are at most 2 max |c_{k-i}|^(1/i)
    (Fujiwara); where Arb isolates them they get discs of their own. Counts follow as for Gershgorin's discs, by letting
    the coupling between blocks grow from 0.
    """
    sizes = _Sizes.of(t)
    n = t.nrows()
    centre, radius = list(sizes.discs.centre), list(sizes.discs.radius)
    for group in groups:
        found = _group_discs(t, sizes, group)
        if found and bool(max((r for _, r in found), key=float) < max((radius[i] for i in group), key=float)):
            for i, disc in zip(group, found, strict=True):
                centre[i], radius[i] = disc
    discs = Discs(centre, radius)
    sizes = replace(sizes, discs=discs)
    if n == 1 or all(o < 1e-25 for o in radius):
        return discs
    better = list(radius)
    grouped = {i for group in groups for i in group}
    for i in range(n):
        entries = None if i in grouped or radius[i] < 1e-25 else sizes.vector_bounds(i)
        if entries is not None:
            coupling = sum((sizes.size[i][k] * entries[k] for k in range(n) if k != i), arb(0))
            better[i] = _least(sizes.own[i] + coupling, radius[i])
    return Discs(centre, better)


def _group_discs(t: acb_mat, sizes: _Sizes, group: list[int]) -> list[tuple[acb, arb]]:
    """Discs of the roots of the group's polynomial: one each where Arb can isolate them, else one for all."""
    k = len(group)
    if k > LARGEST_POLYNOMIAL:
        return []
    inside = set(group)
    coupling = sum((sizes.size[i][j] for i in group for j in range(t.nrows()) if j not in inside), arb(0)).upper()
    trace = sum((sizes.centre[i] for i in group), acb(0)) / k
    middle = acb(trace.real.mid(), trace.imag.mid())
    around = acb(arb(0, coupling), arb(0, coupling))
    shifted = acb_mat([[t[i, j] - (middle if i == j else 0) + around for j in group] for i in group])
    polynomial = shifted.charpoly()
    coefficients = polynomial.coeffs()  # c_0, ..., c_{k-1}, 1
    if not all(c.is_finite() for c in coefficients):
        return []
    try:
        roots = polynomial.roots(maxprec=4 * ctx.prec)
    except (ValueError, ZeroDivisionError):
        roots = []
    if len(roots) == k:
        centres = [acb(z.real.mid(), z.imag.mid()) for z in roots]
        return [(middle + c, modulus(z - c).upper()) for c, z in zip(centres, roots, strict=True)]
    largest = arb(0)
    for i in range(1, k + 1):
        size = abs(coefficients[k - i]).upper()
        largest = largest.max(size.root(i).upper() if size > 0 else arb(0)).upper()
    return [(middle, (2 * largest).upper())] * k


def _least(a: arb, b: arb) -> arb:
    a, b = a.upper(), b.upper()
    return a if a <= b else b


def _greatest(entries: list[arb]) -> arb:
    out = arb(0)
    for z in entries:
        if not z <= out:
            out = z.upper()
    return out
