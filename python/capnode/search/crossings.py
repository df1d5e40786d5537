"""Where pairs of eigenvalues cross the imaginary axis along a curve of equilibria.

Each node of the curve gets one eigendecomposition and the derivatives of all its eigenvalues along the curve,
d lambda_i/ds = u_i^H (dJ/ds) v_i / (u_i^H v_i). Between two nodes the eigenvalues are matched by the assignment that
best agrees with both predictions at the middle; a matched non-real pair whose real part changes sign is a crossing. A
cell whose count of unstable eigenvalues does not balance with its crossings, or where a pair dips to the axis and back,
is halved.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field

import numpy as np
from scipy.optimize import linear_sum_assignment

from capnode.search.candidates import Refined, Start
from capnode.search.continuation import Node, Scale, Tangent, correct, tangent_at
from capnode.search.float_field import SearchField, along
from capnode.search.linear_algebra import ComplexArray, FloatArray, spectrum

DEEPEST = 12

Refine = Callable[[Start], Refined]


@dataclass(frozen=True)
class NodeSpectrum:
    """Eigenvalues with Im >= 0 at a node, their derivatives along the curve, right eigenvectors, and two counts."""

    node: Node
    values: ComplexArray
    rates: ComplexArray
    vectors: ComplexArray  # columns
    unstable: int  # eigenvalues (of all n) with positive real part


@np.errstate(all="ignore")
def spectrum_at(field: SearchField, node: Node) -> NodeSpectrum:
    j, _ = field.jacobian(node.x, node.p)
    values, rates, vectors = spectrum(j, along(field, node.x, node.p, node.tangent.dx, node.tangent.dp))
    upper = values.imag >= 0.0
    return NodeSpectrum(
        node, values[upper], rates[upper], vectors[:, upper], unstable=int(np.count_nonzero(values.real > 0.0))
    )


@dataclass
class CellReport:
    """What a cell gave: refined starts (accepted or not), unbalanced cells, places where a real eigenvalue crosses."""

    found: list[Refined] = dataclass_field(default_factory=list)
    unbalanced: list[tuple[float, float, str]] = dataclass_field(default_factory=list)
    real_crossings: list[tuple[FloatArray, float, FloatArray]] = dataclass_field(default_factory=list)
    decompositions: int = 0

    def extend(self, other: CellReport) -> None:
        self.found += other.found
        self.unbalanced += other.unbalanced
        self.real_crossings += other.real_crossings
        self.decompositions += other.decompositions


@np.errstate(all="ignore")
def scan_cell(
    field: SearchField, a: NodeSpectrum, b: NodeSpectrum, scale: Scale, refine: Refine, *, depth: int = 0
) -> CellReport:
    """All crossings between two neighbouring nodes."""
    report = CellReport()
    difference = Tangent(b.node.x - a.node.x, b.node.p - a.node.p)
    scale = scale.at(a.node.x if np.linalg.norm(a.node.x) > np.linalg.norm(b.node.x) else b.node.x)
    length = scale.norm(difference)
    if length == 0.0:
        return report
    # the rates belong to unit tangents: bring them to the length of the cell in one and the same norm
    a, b = _rescaled(a, scale), _rescaled(b, scale)
    pairs, ambiguous = _match(a, b, length)

    balance = 0
    doubt = "two pairs on both sides of the axis may have changed places" if ambiguous else ""
    starts: list[Start] = []
    for i, k in pairs:
        la, lb = a.values[i], b.values[k]
        if (la.real > 0.0) == (lb.real > 0.0):
            if la.imag > 0.0 and lb.imag > 0.0 and _dips(la, lb, a.rates[i], b.rates[k], length):
                doubt = "a pair dips to the axis"
            continue
        sign = 1 if lb.real > 0.0 else -1
        if la.imag > 0.0 and lb.imag > 0.0:
            balance += 2 * sign
            starts.append(_start(a, b, i, k, difference, length))
        elif la.imag == 0.0 and lb.imag == 0.0:
            balance += sign
            t = _root(la.real, lb.real, a.rates[i].real * length, b.rates[k].real * length)
            if difference.dp * a.node.tangent.dp > 0.0 and a.node.tangent.dp * b.node.tangent.dp > 0.0:  # no fold
                x = a.node.x + t * difference.dx
                report.real_crossings.append((x, a.node.p + t * difference.dp, a.vectors[:, i].real.copy()))
        else:
            doubt = "a pair becomes real while crossing"
    if balance != b.unstable - a.unstable:
        change = b.unstable - a.unstable
        doubt = f"the number of unstable eigenvalues changes by {change}, the crossings account for {balance}"

    refined: list[Refined] = []
    if not doubt or depth >= DEEPEST:
        for start in starts:
            r = refine(start)
            refined.append(r)
            reason = _reject(r, start, length, scale)
            if reason:
                refined[-1] = r.rejected(reason)
                doubt = doubt or reason
                if depth < DEEPEST:
                    break
    if doubt and depth < DEEPEST:
        middle = _middle(field, a.node, b.node, difference, scale)
        if middle is not None:
            m = spectrum_at(field, middle)
            halves = CellReport(decompositions=1)
            halves.extend(scan_cell(field, a, m, scale, refine, depth=depth + 1))
            halves.extend(scan_cell(field, m, b, scale, refine, depth=depth + 1))
            return halves
    report.found = refined
    if doubt:
        report.unbalanced.append((min(a.node.p, b.node.p), max(a.node.p, b.node.p), doubt))
    return report


def _rescaled(s: NodeSpectrum, scale: Scale) -> NodeSpectrum:
    factor = 1.0 / scale.norm(s.node.tangent)
    node = replace(s.node, tangent=s.node.tangent.scaled(factor))
    return replace(s, node=node, rates=s.rates * factor)


def _match(a: NodeSpectrum, b: NodeSpectrum, length: float) -> tuple[list[tuple[int, int]], bool]:
    """Pairs (index in a, index in b) of the best assignment of the two predictions at the middle of the cell.

    It is ambiguous where two pairs on different sides of the axis could be exchanged at a cost of the size of the
    errors of prediction: the exchange makes two crossings out of none, or none out of two, with the same balance.
    """
    size = max(float(np.max(np.abs(a.values), initial=0.0)), float(np.max(np.abs(b.values), initial=0.0)), 1e-300)

    def shift(rates: ComplexArray) -> ComplexArray:
        move = 0.5 * length * rates
        length_of = np.maximum(np.abs(move), 1e-300)
        clipped: ComplexArray = move * np.minimum(1.0, 0.1 * size / length_of)  # near a collision rates are infinite
        return clipped

    from_a, from_b = a.values + shift(a.rates), b.values - shift(b.rates)
    cost = np.abs(from_a[:, None] - from_b[None, :])
    rows, columns = linear_sum_assignment(cost)
    chosen = cost[rows, columns]
    before, after = a.values[rows].real > 0.0, b.values[columns].real > 0.0
    exchanged = cost[rows][:, columns]
    exchanged = exchanged + exchanged.T
    matters = (before[:, None] & ~before[None, :]) & (after[:, None] != after[None, :])
    ambiguous = bool(np.any(matters & (exchanged < 3.0 * (chosen[:, None] + chosen[None, :]))))
    return [(int(i), int(k)) for i, k in zip(rows, columns, strict=True)], ambiguous


def _hermite(fa: complex, fb: complex, da: complex, db: complex, t: float) -> complex:
    """The cubic with these values and derivatives at 0 and 1."""
    s = 1.0 - t
    return s * s * (1 + 2 * t) * fa + t * t * (3 - 2 * t) * fb + s * s * t * da - t * t * s * db


def _root(fa: float, fb: float, da: float, db: float) -> float:
    """A zero of the Hermite cubic in (0, 1); fa and fb have different signs."""
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = 0.5 * (low + high)
        if (_hermite(fa, fb, da, db, middle).real > 0.0) == (fa > 0.0):
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


def _dips(la: complex, lb: complex, ra: complex, rb: complex, length: float) -> bool:
    """Same sign at both ends, first towards the axis, then away from it, and near it in between."""
    sign = 1.0 if la.real > 0.0 else -1.0
    if not (sign * ra.real < 0.0 < sign * rb.real):
        return False
    ends = min(abs(la.real), abs(lb.real))
    inside = min(
        sign * _hermite(la, lb, ra * length, rb * length, t).real for t in (0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875)
    )
    return inside < 0.25 * ends


def _start(a: NodeSpectrum, b: NodeSpectrum, i: int, k: int, difference: Tangent, length: float) -> Start:
    la, lb, ra, rb = a.values[i], b.values[k], a.rates[i] * length, b.rates[k] * length
    t = _root(la.real, lb.real, ra.real, rb.real)
    s = 1.0 - t
    ta, tb = a.node.tangent.scaled(length), b.node.tangent.scaled(length)
    bend_a, bend_b = s * s * t, -t * t * s
    straight = t * t * (3 - 2 * t)
    x = a.node.x + straight * difference.dx + bend_a * ta.dx + bend_b * tb.dx
    p = a.node.p + straight * difference.dp + bend_a * ta.dp + bend_b * tb.dp
    va, vb = a.vectors[:, i], b.vectors[:, k]
    overlap = complex(np.vdot(vb, va))
    phase = overlap / abs(overlap) if overlap != 0.0 else 1.0
    w = _hermite(la, lb, ra, rb, t).imag
    if not w > 0.0:
        w = s * la.imag + t * lb.imag
    return Start(p=float(p), w=float(w), x=x, v=s * va + t * phase * vb, origin="crossing")


def _reject(r: Refined, start: Start, length: float, scale: Scale) -> str:
    """Why a refined crossing does not belong to its cell, or an empty string."""
    if not r.converged:
        return r.reason or "Newton's method did not converge"
    moved = scale.norm(Tangent(r.x - start.x, r.p - start.p))
    if moved > length:
        return f"Newton's method moved {moved:.2g} away, the cell is {length:.2g} long"
    if abs(r.w - start.w) > 0.25 * start.w + 0.5 * length * abs(start.w):
        return f"the frequency moved from {start.w:.6g} to {r.w:.6g}"
    return ""


def _middle(field: SearchField, a: Node, b: Node, difference: Tangent, scale: Scale) -> Node | None:
    direction = difference.scaled(1.0 / scale.norm(difference))
    corrected = correct(field, a.x + 0.5 * difference.dx, a.p + 0.5 * difference.dp, direction, scale)
    if corrected is None:
        return None
    x, p, _ = corrected
    tangent = tangent_at(field, x, p, scale, direction)
    return None if tangent is None else Node(x, p, tangent)
