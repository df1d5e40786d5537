"""Periodic orbits of the Lorenz system by `capnode.capd`: boxes of radius 4e-13 at order 30."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import capnode as cn

pytest.importorskip("capnode._capd", reason="this build of capnode has no CAPD (third_party/README.md)")

from capnode.capd import (
    C0HORect2Set,
    C1HORect2Set,
    ICoordinateSection,
    IMap,
    IOdeSolver,
    IPoincareMap,
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


def lorenz(order: int) -> IPoincareMap:
    """Every crossing of z = 27, in either direction."""
    field = IMap("par:q;var:x,y,z;fun:10*(y-x),x*(28-z)-y,x*y-q*z;")
    field.setParameter("q", interval(8) / interval(3))
    return IPoincareMap(IOdeSolver(field, order), ICoordinateSection(3, 2, 27))


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


def newton_operator(pm: IPoincareMap, c: NDArray[np.float64], X: Any, sign: float) -> Any:
    """The interval Newton operator c - D^-1 F(c), where D^-1 F(c) = C F(c) + (D^-1 - C) F(c) with C near D^-1.

    The products with the rows of C are enclosed by the Poincare map itself, before any box is taken. A third column may
    be anything, as the image has z = 27 exactly; this one makes the rows annihilate the field, so that the uncertainty
    of the return time, the largest part of a box of the image, plays no role.
    """
    k = len(c)
    inverse = matrixAlgorithms.krawczykInverse(derivative(pm, X, sign, C1HORect2Set))
    C = inverse.mid
    total, residual = interval(np.zeros(2 * k)), []
    for i in range(k):
        start, s = [*c[i - 1], 27.0], (sign if i == 0 else 1.0)
        x, y = s * c[i]
        x0 = np.array([x, y, 27.0])
        slope = np.array([10 * (y - x), x - y]) / (x * y - 72)  # of the orbit: dx/dz, dy/dz
        rows = np.vstack([C[:, 2 * i : 2 * i + 2], np.eye(2)])
        rows = np.column_stack([rows, -rows @ slope])
        rows = np.vstack([rows, np.zeros((-len(rows) % 3, 3))])
        parts = [pm(C0HORect2Set(start), x0=x0, A=A) * -s for A in rows.reshape(-1, 3, 3)]
        both = cn.IntervalArray(np.concatenate([p.lo for p in parts]), np.concatenate([p.hi for p in parts]))
        total += both[: 2 * k]
        residual += [both[2 * k], both[2 * k + 1]]
    F = cn.IntervalArray(np.array([r.lo for r in residual]), np.array([r.hi for r in residual]))
    rest = matrixAlgorithms.product(inverse - C, F.reshape(2 * k, 1)).reshape(2 * k)
    return c - (total + rest).reshape(k, 2)


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
