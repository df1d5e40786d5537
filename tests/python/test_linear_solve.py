"""Verified solves contain arb_mat.solve at 200 bits, for every member of a ball system; singular ones are refused."""

from __future__ import annotations

import flint
import numpy as np
import pytest

from capnode import _core


def arb_matrix(a: np.ndarray) -> flint.arb_mat:
    return flint.arb_mat(a.shape[0], a.shape[1], [flint.arb(float(x)) for x in a.ravel()])


def acb_matrix(a: np.ndarray) -> flint.acb_mat:
    return flint.acb_mat(a.shape[0], a.shape[1], [flint.acb(float(x.real), float(x.imag)) for x in a.ravel()])


def misses(exact: flint.arb_mat | flint.acb_mat, mid: np.ndarray, rad: np.ndarray) -> int:
    count = 0
    for z, m, r in zip(exact.entries(), mid.ravel(), rad.ravel(), strict=True):
        centre = flint.acb(float(m.real), float(m.imag)) if np.iscomplexobj(mid) else flint.arb(float(m))
        count += bool(abs(z - centre) > flint.arb(float(r)))
    return count


def draw(rng: np.random.Generator, n: int, kind: str) -> np.ndarray:
    a = rng.normal(size=(n, n))
    if kind == "rows":
        a *= 10.0 ** rng.integers(-150, 150, size=(n, 1))
    if kind == "columns":
        a *= 10.0 ** rng.integers(-150, 150, size=(1, n))
    if kind == "ill-conditioned":
        u, _, v = np.linalg.svd(a)
        a = (u * np.geomspace(1.0, 1e-10, n)) @ v if n > 1 else a
    if kind == "triangular":
        a = np.triu(a, 1) + np.eye(n)
    return a


KINDS = ["plain", "rows", "columns", "ill-conditioned", "triangular"]


@pytest.mark.parametrize("kind", KINDS)
def test_real_systems(kind: str, cases: int) -> None:
    rng = np.random.default_rng(KINDS.index(kind))
    for _ in range(25 * cases):
        n, k = int(rng.integers(1, 13)), int(rng.integers(1, 4))
        a, b = draw(rng, n, kind), rng.normal(size=(n, k))
        x = _core.verified_solve(a, 0 * a, b, 0 * b)
        assert not isinstance(x, str), x
        exact = arb_matrix(a).solve(arb_matrix(b))
        assert misses(exact, *x) == 0
        size = np.abs(x[0])
        if kind in ("plain", "triangular"):
            assert (x[1] <= 1e-10 * size.max()).all()
        inverse = _core.verified_inverse(a, 0 * a)
        assert misses(arb_matrix(a).inv(), *inverse) == 0


def test_a_zero_radius_is_noticed() -> None:
    rng = np.random.default_rng(4)
    a, b = rng.normal(size=(10, 10)), rng.normal(size=(10, 3))
    mid, rad = _core.verified_solve(a, 0 * a, b, 0 * b)
    exact = arb_matrix(a).solve(arb_matrix(b))
    assert misses(exact, mid, 0 * rad) > 10
    mid, rad = _core.verified_inverse(a, 0 * a)
    assert misses(arb_matrix(a).inv(), mid, 0 * rad) > 50


@pytest.mark.parametrize("radius", [1e-12, 1e-6, 1e-3])
def test_every_member_of_a_ball_system(radius: float, cases: int) -> None:
    rng = np.random.default_rng(8)
    solved = 0
    for _ in range(20 * cases):
        n = int(rng.integers(1, 9))
        a, b = rng.normal(size=(n, n)), rng.normal(size=(n, 1))
        ra, rb = radius * rng.random((n, n)), radius * rng.random((n, 1))
        x = _core.verified_solve(a, ra, b, rb)
        if isinstance(x, str):
            assert radius > 1e-12, x
            continue
        solved += 1
        for _ in range(4):
            # exact members: midpoint and signed radius are added in 200 bits
            am = arb_matrix(a) + arb_matrix(rng.choice([-1.0, 1.0], size=(n, n)) * ra)
            bm = arb_matrix(b) + arb_matrix(rng.choice([-1.0, 1.0], size=(n, 1)) * rb)
            assert misses(am.solve(bm), *x) == 0
    assert solved > 10


def test_complex_systems(cases: int) -> None:
    rng = np.random.default_rng(12)
    for _ in range(25 * cases):
        n = int(rng.integers(1, 10))
        a = rng.normal(size=(n, n)) + 1j * rng.normal(size=(n, n))
        b = rng.normal(size=(n, 2)) + 1j * rng.normal(size=(n, 2))
        x = _core.verified_complex_solve(
            a.real.copy(), a.imag.copy(), np.zeros((n, n)), b.real.copy(), b.imag.copy(), np.zeros((n, 2))
        )
        assert not isinstance(x, str), x
        assert misses(acb_matrix(a).solve(acb_matrix(b)), x[0] + 1j * x[1], x[2]) == 0


def test_singular_matrices_are_refused_with_numbers() -> None:
    rank_one = np.outer([1.0, 2.0, 3.0], [1.0, -1.0, 0.5])
    for a, ra in (
        (rank_one, 0 * rank_one),
        (np.zeros((2, 2)), np.zeros((2, 2))),
        (np.eye(2), np.full((2, 2), 0.6)),  # holds a singular member
        (np.array([[1.0, 1.0], [1.0, 1.0 + 2.0**-52]]), np.full((2, 2), 1e-16)),
    ):
        reason = _core.verified_solve(a, ra, np.ones((len(a), 1)), np.zeros((len(a), 1)))
        assert isinstance(reason, str)
        assert "singular" in reason
    with pytest.raises(ValueError, match="2 x 3"):
        _core.verified_inverse(np.ones((2, 3)), np.ones((2, 3)))


def test_the_hypothesis_alone_decides() -> None:
    """|I - R A| just below 1 is enough, just above is not: a ball around the identity of radius r has |E| = n r."""
    for n in (2, 5):
        a = np.eye(n)
        b = np.ones((n, 1))
        inside = _core.verified_solve(a, np.full((n, n), 0.999 / n), b, 0 * b)
        outside = _core.verified_solve(a, np.full((n, n), 1.001 / n), b, 0 * b)
        assert not isinstance(inside, str)
        assert isinstance(outside, str)
