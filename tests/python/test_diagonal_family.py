"""The diagonal path against python-flint at 200 bits: every number of every point, for thin matrices and for balls."""

from __future__ import annotations

from typing import Any

import flint
import numpy as np
import pytest

from capnode import _core
from capnode.field import Field
from capnode.hopf import hopf_points
from capnode.hopf_point import HopfPoint

SLOPES = {"tanh": flint.arb(1), "atan": flint.arb(1), "erf": 2 / flint.arb.pi().sqrt()}


def field_of(M: Any, b: Any, *, function: str = "tanh", radius: float = 0.0, scale: float = 1.0) -> Field:
    n = len(M)
    f = _core.FieldBuilder(n, 1, False)
    x, p = f.state(), f.parameter()
    wx = f.affine(x, M, np.full((n, n), radius) if radius else None, b, None)
    s = f.apply(function, f.add(wx, f.multiply(f.gather(p, [0] * n), x)))
    return Field(f.build(s if scale == 1.0 else f.multiply(s, f.constant(np.full(n, scale), None))))


def exact_points(M: Any, b: Any, slope: Any) -> list[dict[str, Any]]:
    """Straight from the theorem's statement, in balls of 200 bits."""
    n = len(M)
    A = flint.acb_mat([[flint.acb(float(v)) for v in row] for row in M])
    values, left, right = A.eig(left=True, right=True)
    points = []
    for i, value in enumerate(values):
        if not value.imag > 0:
            continue
        q = [right[k, i] for k in range(n)]
        l = [left[i, k] for k in range(n)]
        square = [z.real**2 + z.imag**2 for z in q]
        norm = sum(square, flint.arb(0))
        pairing = sum((x * y for x, y in zip(l, q, strict=True)), flint.acb(0))
        cubic = sum((x * s * y for x, s, y in zip(l, square, q, strict=True)), flint.acb(0))
        shifted = A - value.real * flint.acb_mat([[int(r == c) for c in range(n)] for r in range(n)])
        x = shifted.solve(flint.acb_mat([[flint.acb(-float(v))] for v in b]))
        points.append(
            {
                "parameter": -value.real,
                "frequency": slope * value.imag,
                "lyapunov_coefficient": value.imag**2 * (cubic / pairing).imag / norm,
                "transversality": slope,
                "state": [x[k, 0].real for k in range(n)],
                "unstable_dimension": sum(1 for v in values if v.real > value.real and not v.real.overlaps(value.real)),
                "eigenvector": [z / norm.sqrt() for z in q],
            }
        )
    return sorted(points, key=lambda point: float(point["parameter"].mid()))


def inside(exact: Any, lo: Any, hi: Any) -> bool:
    return bool(flint.arb(float(lo)) <= exact <= flint.arb(float(hi)))


def check(point: HopfPoint, exact: dict[str, Any]) -> None:
    for name in ("parameter", "frequency", "lyapunov_coefficient", "transversality"):
        enclosure = getattr(point, name)
        assert inside(exact[name], enclosure.lo, enclosure.hi), name
    for k, x in enumerate(exact["state"]):
        assert inside(x, point.state.lo[k], point.state.hi[k])
    assert point.unstable_dimension == exact["unstable_dimension"]
    # the eigenvector up to its phase, which the largest entry fixes
    q, mid = exact["eigenvector"], point.eigenvector.mid[0] + 1j * point.eigenvector.mid[1]
    m = int(np.argmax(np.abs(mid)))
    direction = flint.acb(mid[m].real, mid[m].imag)
    phase = direction / abs(direction) * abs(q[m]) / q[m]
    for k in range(len(q)):
        z = q[k] * phase
        slack = 4e-16 + 4 * float(np.max(point.eigenvector.rad))  # of the phase, taken from a rounded entry
        assert abs(float((z.real - point.eigenvector.mid[0, k]).mid())) <= point.eigenvector.rad[0, k] + slack
        assert abs(float((z.imag - point.eigenvector.mid[1, k]).mid())) <= point.eigenvector.rad[1, k] + slack


@pytest.mark.parametrize("function", ["tanh", "atan", "erf"])
@pytest.mark.parametrize("n", [2, 3, 7, 12])
def test_every_number_is_enclosed(n: int, function: str, cases: int) -> None:
    rng = np.random.default_rng(n)
    seen = 0
    for _ in range(25 * cases):
        R = rng.standard_normal((n, n))
        M = R - R.T + 0.4 * rng.standard_normal((n, n))
        b = rng.standard_normal(n)
        exact = exact_points(M, b, SLOPES[function])
        search = hopf_points(field_of(M, b, function=function), (-20.0, 20.0))
        assert search.method == "diagonal"
        assert search.complete
        assert len(search) == len(exact)
        for result, reference in zip(search, exact, strict=True):
            point = result.require()
            check(point, reference)
            assert float(point.parameter.rad) < 1e-13
            assert float(point.lyapunov_coefficient.rad) < 1e-9 * (1.0 + abs(float(point.lyapunov_coefficient.mid)))
            seen += 1
    assert seen >= 10 * cases


def test_a_factor_of_the_activation() -> None:
    rng = np.random.default_rng(1)
    R = rng.standard_normal((4, 4))
    M, b = R - R.T + 0.3 * rng.standard_normal((4, 4)), rng.standard_normal(4)
    search = hopf_points(field_of(M, b, scale=0.1), (-10.0, 10.0))
    for result, reference in zip(search, exact_points(M, b, flint.arb(0.1)), strict=True):
        check(result.require(), reference)


@pytest.mark.parametrize("r", [1e-12, 1e-8, 1e-4])
def test_corners_of_a_weight_ball_are_enclosed(r: float, cases: int) -> None:
    """Members at the corners of the ball, where a radius that is too small to first order fails."""
    rng = np.random.default_rng(5)
    n = 5
    R = rng.standard_normal((n, n))
    M = R - R.T + 0.4 * rng.standard_normal((n, n))
    b = rng.standard_normal(n)
    ball = hopf_points(field_of(M, b, radius=r), (-20.0, 20.0))
    assert all(result.proved for result in ball)
    for _ in range(20 * cases):
        corner = M + 0.999999 * r * rng.choice([-1.0, 1.0], (n, n))
        for result, reference in zip(ball, exact_points(corner, b, flint.arb(1)), strict=True):
            point = result.require()
            for name in ("parameter", "frequency", "lyapunov_coefficient"):
                enclosure = getattr(point, name)
                assert inside(reference[name], enclosure.lo, enclosure.hi), name
            for k, x in enumerate(reference["state"]):
                assert inside(x, point.state.lo[k], point.state.hi[k])


def test_the_worst_corner_reaches_the_enclosure_of_the_parameter() -> None:
    """Sharp to first order: the corner built from |Re(left_k right_l)| comes within 1 % of the end of the enclosure."""
    rng = np.random.default_rng(8)
    n, r = 6, 1e-6
    R = rng.standard_normal((n, n))
    M = R - R.T + 0.4 * rng.standard_normal((n, n))
    for point in hopf_points(field_of(M, np.zeros(n), radius=r), (-20.0, 20.0)).points:
        values, vectors = np.linalg.eig(M)
        i = int(
            np.argmin(
                np.abs(values.imag - float(point.frequency.mid)) + np.abs(values.real + float(point.parameter.mid))
            )
        )
        gradient = np.real(np.outer(np.linalg.inv(vectors)[i], vectors[:, i]))
        lowest = exact_points(M + r * np.sign(gradient), np.zeros(n), flint.arb(1))
        reached = min(abs(float(e["parameter"].mid()) - float(point.parameter.lo)) for e in lowest)
        assert reached < 0.01 * float(point.parameter.rad)


def test_general_and_diagonal_points_are_the_same_by_proof() -> None:
    rng = np.random.default_rng(2)
    R = rng.standard_normal((6, 6))
    field = field_of(R - R.T + 0.3 * rng.standard_normal((6, 6)), 0.3 * rng.standard_normal(6))
    diagonal, general = (hopf_points(field, (-1.5, 1.5), method=m) for m in ("diagonal", "general"))
    assert len(diagonal) == len(general) > 0
    for a, b in zip(diagonal.points, general.points, strict=True):
        assert a.same_as(b) == "same"
    for i, a in enumerate(diagonal.points):
        for k, b in enumerate(general.points):
            assert i == k or a.same_as(b) == "different"


def float_point(M: Any, b: Any, near: float) -> tuple[float, Any]:
    """l1 and the state of the pair whose frequency is nearest, in plain floats: to find worst cases with."""
    values, vectors = np.linalg.eig(M)
    i = int(np.argmin(np.abs(values.imag - near)))
    q, l = vectors[:, i], np.linalg.inv(vectors)[i]
    l1 = values[i].imag ** 2 * (l @ (np.abs(q) ** 2 * q)).imag / np.vdot(q, q).real
    return float(l1), np.linalg.solve(M - values[i].real * np.eye(len(M)), -b)


@pytest.mark.parametrize("r", [1e-6, 2e-3])
def test_the_worst_corners_of_a_weight_ball(r: float, cases: int) -> None:
    """For l1 and for the components of the state: the corner along the signs of the gradient, both ways."""
    n, h = 6, 1e-6
    for seed in range(4 * cases):
        rng = np.random.default_rng(seed)
        R = rng.standard_normal((n, n))
        M = R - R.T + 0.4 * rng.standard_normal((n, n))
        b = rng.standard_normal(n)
        for point in hopf_points(field_of(M, b, radius=r), (-20.0, 20.0)).points:
            w = float(point.frequency.mid)
            dl1, dx = np.zeros((n, n)), np.zeros((n, n, n))
            for i in range(n):
                for j in range(n):
                    E = np.zeros((n, n))
                    E[i, j] = h
                    (up, x_up), (down, x_down) = float_point(M + E, b, w), float_point(M - E, b, w)
                    dl1[i, j], dx[:, i, j] = (up - down) / (2 * h), (x_up - x_down) / (2 * h)
            for gradient in (dl1, dx[0], dx[n - 1]):
                for sign in (-1.0, 1.0):
                    corner = M + sign * 0.999999 * r * np.sign(gradient)
                    exact = min(
                        exact_points(corner, b, flint.arb(1)), key=lambda e, w=w: abs(float(e["frequency"].mid()) - w)
                    )
                    l1 = point.lyapunov_coefficient
                    assert inside(exact["lyapunov_coefficient"], l1.lo, l1.hi)
                    for k, x in enumerate(exact["state"]):
                        assert inside(x, point.state.lo[k], point.state.hi[k])
