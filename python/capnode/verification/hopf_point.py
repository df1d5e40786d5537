"""The referee's proof of a Hopf point and the comparison with what a certificate claims about it.

From the hint alone: the augmented system has exactly one zero nearby (augmented.py); J at it has no other eigenvalue on
the imaginary axis, and so many to the right (spectrum.py); the pair crosses with non-zero speed; the first Lyapunov
coefficient. A claim is accepted only where it contains what was enclosed here.
"""

from __future__ import annotations

from dataclasses import dataclass

from flint import acb, acb_mat, arb

from capnode.verification.augmented import AugmentedSystem, Newton, Point
from capnode.verification.balls import column, complex_entries
from capnode.verification.diagonal_family import Family
from capnode.verification.evaluate import Evaluator, Vector
from capnode.verification.linear_system import LinearSystem
from capnode.verification.spectrum import Discs, enclose_spectrum, find_basis


@dataclass(frozen=True)
class AxisCount:
    """What the spectrum of J says: `detail` names the reason where `holds` is False.

    `distance` bounds from above the least distance of another eigenvalue to the axis, `gap` that to iw; None where
    there is no other.
    """

    holds: bool
    unstable: int
    detail: str
    distance: arb | None = None
    gap: arb | None = None


@dataclass(frozen=True)
class Coefficients:
    """d Re(lambda)/dp along the branch of equilibria, and l1 for |q|_2 = 1, <p, q> = 1; None where not enclosed."""

    transversality: arb | None = None
    lyapunov: arb | None = None


def jacobian_at(evaluator: Evaluator, zero: Point) -> acb_mat:
    rows = evaluator.jacobian(zero.state, [zero.parameter]).dx
    return acb_mat([[acb(z) for z in row] for row in rows or []])


def count_on_axis(j: acb_mat, frequency: arb) -> AxisCount:
    """Exactly the pair +-iw on the axis, given that +-iw, w > 0, are eigenvalues.

    If just two discs meet the axis and both are isolated, each holds one eigenvalue: these two are +-iw, simple, and
    all others lie in discs off the axis, which tell their sides.
    """
    rough = _count_on_axis(enclose_spectrum(j, corrections=0), frequency)
    return rough if rough.holds else _count_on_axis(enclose_spectrum(j), frequency)


def _count_on_axis(discs: Discs | None, frequency: arb) -> AxisCount:
    if discs is None:
        return AxisCount(False, 0, "no basis of eigenvectors could be proved invertible")
    touching = [i for i in range(len(discs.centre)) if discs.side(i) is None]
    if len(touching) != 2:
        return AxisCount(False, 0, f"{len(touching)} eigenvalue discs meet the imaginary axis, 2 expected")
    if not all(discs.isolated(i) for i in touching) or not bool(frequency > 0):
        return AxisCount(False, 0, "the two discs on the axis are not isolated")
    unstable = sum(1 for i in range(len(discs.centre)) if discs.side(i) == 1)
    pair = acb(0, frequency)
    others = [i for i in range(len(discs.centre)) if i not in touching]
    distances = [(abs(discs.centre[i].real) + discs.radius[i]).upper() for i in others]
    gaps = [(abs(discs.centre[i] - pair) + discs.radius[i]).upper() for i in others] + [2 * frequency.upper()]
    detail = f"{unstable} eigenvalues to the right, the pair alone on the axis"
    return AxisCount(True, unstable, detail, min(distances, key=float, default=None), min(gaps, key=float))


def unit_eigenvector(zero: Point) -> list[acb]:
    """q = v / |v|_2."""
    norm = sum((a * a + b * b for a, b in zip(zero.real, zero.imag, strict=True)), arb(0)).sqrt()
    return [z / norm for z in zero.vector]


def coefficients(evaluator: Evaluator, zero: Point, jacobian: acb_mat, psi: list[acb]) -> Coefficients:
    """Transversality and l1 (Kuznetsov, ch. 5), with p^H q = 1.

    p^H c is read off the bordered system (J - iw) z + q m = c, psi z = 0: multiplied by p^H it says m = p^H c. So no
    left eigenvector is formed, and what its enclosure would lose does not arise.
    """
    n = len(zero.state)
    w = zero.frequency
    q = unit_eigenvector(zero)
    conjugate = [z.conjugate() for z in q]
    rows = [[jacobian[i, k] - (acb(0, w) if i == k else 0) for k in range(n)] + [q[i]] for i in range(n)]
    bordered = LinearSystem(acb_mat([*rows, [*psi, acb(0)]]))
    at_zero = LinearSystem(jacobian)

    def pair(c: Vector) -> acb:
        return bordered.solve([acb(z) for z in c] + [acb(0)])[n]

    transversality: arb | None = None
    try:
        f_p = [acb(row[0]) for row in evaluator.jacobian(zero.state, [zero.parameter]).dp or []]
        x_p = [-z for z in at_zero.solve(f_p)]
        transversality = pair(_coefficient(evaluator, zero, 3, {1: q, 2: x_p}, {2: [acb(1)]})).real

        jet = evaluator.jet({0: list(zero.state), 1: q, 2: q, 4: conjugate}, {0: [zero.parameter]})
        nothing: Vector = [acb(0)] * n
        c_qqq, b_qq, b_qc = jet.get(7, nothing), jet.get(3, nothing), jet.get(5, nothing)
        inner = at_zero.solve(b_qc)
        shifted = acb_mat([[(acb(0, 2 * w) if i == k else 0) - jacobian[i, k] for k in range(n)] for i in range(n)])
        resonant = LinearSystem(shifted).solve(b_qq)
        second = _coefficient(evaluator, zero, 3, {1: q, 2: inner})
        third = _coefficient(evaluator, zero, 3, {1: conjugate, 2: resonant})
        total: Vector = [a - 2 * b + c for a, b, c in zip(c_qqq, second, third, strict=True)]
        return Coefficients(transversality, pair(total).real / (2 * w))
    except ZeroDivisionError:
        return Coefficients(transversality)


def state_of_family(family: Family, zero: Point) -> list[arb] | None:
    """The equilibrium -A(p)^-1 b of the family x' = c s(A(p) x + b), A(p) = M + p I."""
    n = len(zero.state)
    if all(bool(z == 0) for z in family.bias):
        return [arb(0)] * n
    shifted = acb_mat(
        [[acb(family.matrix[i, k] + (zero.parameter if i == k else 0)) for k in range(n)] for i in range(n)]
    )
    try:
        return [-z.real for z in LinearSystem(shifted).solve([acb(z) for z in family.bias])]
    except ZeroDivisionError:
        return None


def lyapunov_of_family(family: Family, slope: arb, zero: Point) -> arb | None:
    """l1 in the family x' = c s(M x + p x + b), s one of tanh, atan, erf, where it has a short formula.

    At y = M x + p x + b = 0 the second derivative vanishes and C(u, v, w) = c s'''(0) (Au)(Av)(Aw) entrywise, with
    A q = i L q, w = c s'(0) L and s'''(0) = -2 s'(0): l1 = L^2 Im <p, |q|^2 q>. `slope` is c s'(0). The eigenvectors of
    M are V y and z^T V^-1 with y_i = z_i = 1 in an eigenbasis V, so that their product is 1 to second order.
    """
    n = len(zero.state)
    level = zero.frequency / slope
    basis = find_basis(acb_mat([[acb(z) for z in row] for row in family.matrix.table()]))
    if basis is None:
        return None
    value = acb(-zero.parameter, level)
    i = min(range(n), key=lambda k: float(abs(basis.discs.centre[k] - value).mid()))
    right, left = basis.vector_bounds(i), basis.vector_bounds(i, left=True)
    # the eigenvalue of every member lies in some disc, and in no other than the isolated i
    others = [k for k in range(n) if k != i]
    if not all(bool(abs(basis.discs.centre[k] - value) > basis.discs.radius[k]) for k in others):
        return None
    if right is None or left is None:
        return None

    def about_unit(bounds: list[arb]) -> list[acb]:
        return [acb(1) if k == i else acb(arb(0, b), arb(0, b)) for k, b in enumerate(bounds)]

    y, z = about_unit(right), about_unit(left)
    q = complex_entries(basis.v * column(y))
    row = complex_entries(basis.v.inv().transpose() * column(z))  # V is exact: its inverse is thin, z is not
    squares = [a.real * a.real + a.imag * a.imag for a in q]
    pairing = sum((a * b for a, b in zip(y, z, strict=True)), acb(0))
    cubic = sum((a * b * c for a, b, c in zip(row, squares, q, strict=True)), acb(0))
    return level * level * (cubic / pairing).imag / sum(squares, arb(0))


def _coefficient(
    evaluator: Evaluator, zero: Point, mask: int, x: dict[int, Vector], p: dict[int, Vector] | None = None
) -> Vector:
    jet = evaluator.jet({0: list(zero.state), **x}, {0: [zero.parameter], **(p or {})})
    return jet.get(mask, [acb(0)] * len(zero.state))


def prove(evaluator: Evaluator, centre: Point, psi: list[acb]) -> tuple[Newton, Point, list[arb]] | None:
    """The zero of the augmented system near `centre` (exact numbers): the operator, its enclosure, its radii."""
    newton = Newton(AugmentedSystem(evaluator, psi), centre)
    found = newton.enclose()
    return None if found is None else (newton, *found)
