"""Periodic orbits of the Lorenz system by `capnode.capd`: boxes of radius 4e-13 at order 30, and CAPD's 116 orbits."""

from __future__ import annotations

from typing import Any

import flint
import numpy as np
import pytest
from numpy.typing import NDArray

import capnode as cn
import lorenz_orbits

pytest.importorskip("capnode._capd", reason="this build of capnode has no CAPD (third_party/README.md)")

from capnode.capd import (
    C0HORect2Set,
    C1HORect2Set,
    C1Rect2Set,
    ICoordinateSection,
    IMap,
    IOdeSolver,
    IPoincareMap,
    IVector,
    interval,
    matrixAlgorithms,
    subsetInterior,
)

# x, y on the section z = 27, crossed in turn downwards and upwards
POINTS = {
    2: [(-2.1473674741633753, 2.0780481172873415), (13.763610118287015, 19.57875206958924)],
    3: [
        (-3.7826471864907382, -0.28059984931890),
        (-13.506619224603438, -18.991898954448443),
        (-2.5288223376351211, 1.5550549151743630),
        (14.426407146391157, 21.111228040655990),
        (1.1019660146395545, -3.4217601617543880),
        (-12.595115790932056, -16.970523717000000),
    ],
}


def lorenz(order: int, tolerance: float | None = None) -> IPoincareMap:
    """Every crossing of z = 27, in either direction."""
    field = IMap("par:q;var:x,y,z;fun:10*(y-x),x*(28-z)-y,x*y-q*z;")
    field.setParameter("q", interval(8) / interval(3))
    solver = IOdeSolver(field, order)
    if tolerance is not None:
        solver.setAbsoluteTolerance(tolerance)
        solver.setRelativeTolerance(tolerance)
    return IPoincareMap(solver, ICoordinateSection(3, 2, 27))


def derivative(pm: IPoincareMap, X: Any, sign: float, kind: Any) -> Any:
    """Encloses D F over X, F_i = x_i - s_i P(x_{i-1}), s_0 = sign and the other s_i = 1; X of shape (k, 2)."""
    k = len(X)
    lo, hi = np.zeros((2 * k, 2 * k)), np.zeros((2 * k, 2 * k))
    for i in range(k):
        j = (i - 1) % k
        y, flow = pm(kind([X[j, 0], X[j, 1], interval(27)]), monodromyMatrix=True)
        block = pm.computeDP(y, flow)[:2, :2] * (-sign if i == 0 else -1.0)
        lo[2 * i : 2 * i + 2, 2 * j : 2 * j + 2], hi[2 * i : 2 * i + 2, 2 * j : 2 * j + 2] = block.lo, block.hi
    return cn.IntervalArray(lo, hi) + np.eye(2 * k)


def section_coordinates(x: float, y: float, rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows (m, 2) for x, y with a third column that makes them annihilate the field at (x, y, 27).

    On the section that column may be anything, as z = 27 exactly. This one takes out the uncertainty of the return
    time, by far the largest part of a box of the image.
    """
    slope = np.array([10 * (y - x), x - y]) / (x * y - 72)  # of the orbit: dx/dz, dy/dz
    return np.column_stack([rows, -rows @ slope])


def newton_operator(
    pm: IPoincareMap, c: NDArray[np.float64], X: Any, sign: float = 1.0, kind: Any = C1HORect2Set
) -> Any:
    """The interval Newton operator c - D^-1 F(c), where D^-1 F(c) = C F(c) + (D^-1 - C) F(c) with C near D^-1.

    The products with the rows of C are enclosed by the Poincare map itself, before any box is taken.
    """
    k = len(c)
    inverse = matrixAlgorithms.krawczykInverse(derivative(pm, X, sign, kind))
    C = inverse.mid
    total, residual = interval(np.zeros(2 * k)), []
    for i in range(k):
        start, s = [*c[i - 1], 27.0], (sign if i == 0 else 1.0)
        target = [*(s * c[i]), 27.0]
        rows = section_coordinates(*target[:2], np.vstack([C[:, 2 * i : 2 * i + 2], np.eye(2)]))
        rows = np.vstack([rows, np.zeros((-len(rows) % 3, 3))])
        parts = [pm(C0HORect2Set(start), x0=target, A=A) * -s for A in rows.reshape(-1, 3, 3)]  # of c_i - s P
        both = cn.IntervalArray(np.concatenate([p.lo for p in parts]), np.concatenate([p.hi for p in parts]))
        total += both[: 2 * k]
        residual += [both[2 * k], both[2 * k + 1]]
    rest = matrixAlgorithms.product(inverse - C, IVector(residual).reshape(2 * k, 1)).reshape(2 * k)
    return c - (total + rest).reshape(k, 2)


def newton_operator_of_boxes(pm: IPoincareMap, c: NDArray[np.float64], X: Any) -> Any:
    """The same without coordinates, from boxes of the images: what CAPD's example does."""
    k = len(c)
    inverse = matrixAlgorithms.krawczykInverse(derivative(pm, X, 1.0, C1Rect2Set))
    boxes = [c[i] - pm(C0HORect2Set([*c[i - 1], 27.0]))[:2] for i in range(k)]
    F = IVector([entry for box in boxes for entry in box]).reshape(2 * k, 1)
    return c - matrixAlgorithms.product(inverse, F).reshape(k, 2)


@pytest.mark.parametrize("period", [1, 2, 3])
def test_boxes_of_radius_4e_13(period: int) -> None:
    """Each box of radius 4e-13 about the points of all crossings holds exactly one, of exactly one orbit; order 30.

    Period 1 is the orbit of period 2 divided by the symmetry (x, y) -> (-x, -y).
    """
    pm = lorenz(30)
    points = np.array(POINTS[2 if period == 1 else period])
    sign = -1.0 if period == 1 else 1.0
    if period == 2:
        points = np.concatenate([points, -points])
    for _ in range(4):
        points = newton_operator(pm, points, interval(points), sign).mid
    X = interval(points) + interval(-4e-13, 4e-13)
    N = newton_operator(pm, points, X, sign)
    assert subsetInterior(N, X)
    beside = interval(points + 1e-12) + interval(-4e-13, 4e-13)
    assert not subsetInterior(newton_operator(pm, beside.mid, beside, sign), beside)


def crossing_of_200_bits(x: float, y: float) -> list[flint.arb]:
    """x, y of the next crossing, by Taylor polynomials of order 40, steps 0.02; the remainder (1e-36) is left out."""
    point, step, q = [flint.arb(x), flint.arb(y), flint.arb(27)], flint.arb("0.02"), flint.arb(8) / 3
    falling = x * y < 72

    def value(series: list[flint.arb], t: flint.arb) -> flint.arb:
        total = flint.arb(0)
        for a in reversed(series):
            total = total * t + a
        return total

    for number in range(100):
        X, Y, Z = ([p] for p in point)
        for k in range(40):
            xz = sum((X[i] * Z[k - i] for i in range(k + 1)), flint.arb(0))
            xy = sum((X[i] * Y[k - i] for i in range(k + 1)), flint.arb(0))
            X, Y, Z = (
                [*X, 10 * (Y[k] - X[k]) / (k + 1)],
                [*Y, (28 * X[k] - xz - Y[k]) / (k + 1)],
                [*Z, (xy - q * Z[k]) / (k + 1)],
            )
        point = [value(series, step) for series in (X, Y, Z)]
        if number > 0 and (point[2] > 27) == falling:
            break
    slope, t = [k * a for k, a in enumerate(Z)][1:], step / 2
    for _ in range(12):
        t = (t - (value(Z, t) - 27) / value(slope, t)).mid()
    return [value(X, t), value(Y, t)]


def test_section_coordinates_hold_the_truth() -> None:
    """Six crossings, in coordinates where the enclosures are narrowest, at two orders and tolerances."""
    points = POINTS[3]
    for i, (x, y) in enumerate(points):
        truth = crossing_of_200_bits(x, y)
        target = points[(i + 1) % 6]
        A = section_coordinates(*target, np.array([[1.0, 0.0], [0.0, 1.0], [-3.0, 1.25]]))
        for pm, width in ((lorenz(30), 3e-13), (lorenz(11, 1e-7), 3e-7)):
            value = pm(C0HORect2Set([x, y, 27]), x0=[*target, 27], A=A)
            for row, lo, hi in zip(A, value.lo, value.hi, strict=True):
                exact = flint.arb(row[0]) * (truth[0] - target[0]) + flint.arb(row[1]) * (truth[1] - target[1])
                assert exact > flint.arb(float(lo))
                assert exact < flint.arb(float(hi))
            assert value.width[:2].max() < width


@pytest.mark.parametrize("period", [2, 3, 4, 5, *(pytest.param(n, marks=pytest.mark.long) for n in (6, 7, 8, 9, 10))])
def test_the_orbits_of_the_published_proof(period: int) -> None:
    """All orbits up to period 10 by order 11 and tolerance 1e-7, CAPD's settings: 116 up to the symmetry.

    One for each itinerary. CAPD's example proves them in boxes of radius 2.1e-7 to 1.9e-6, half of them above 7.4e-7.
    Here the operator of the example does it for radius 7e-7, from period 9 on for 1.5e-6; in section coordinates 2e-7
    is enough for all of them.
    """
    pm = lorenz(11, 1e-7)
    itineraries = lorenz_orbits.words(period)
    assert len(itineraries) == {2: 1, 3: 1, 4: 2, 5: 3, 6: 5, 7: 9, 8: 16, 9: 28, 10: 51}[period]
    for word in itineraries:
        points = lorenz_orbits.orbit(word)
        X = interval(points) + interval(-1, 1) * (7e-7 if period <= 8 else 1.5e-6)
        assert subsetInterior(newton_operator_of_boxes(pm, points, X), X), word
        X = interval(points) + interval(-2e-7, 2e-7)
        assert subsetInterior(newton_operator(pm, points, X, kind=C1Rect2Set), X), word
        # every second crossing is upward, on the side of the letter: orbits of different words are different
        up, down = X[::2], X[1::2]
        assert (up[:, 0] * up[:, 1] - 72).lo.min() > 0.0 > (down[:, 0] * down[:, 1] - 72).hi.max()
        assert all(x.lo > 0.0 if letter == "R" else x.hi < 0.0 for letter, x in zip(word, up[:, 0], strict=True))
