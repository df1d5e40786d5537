"""Singular values and QR diagonals of long products, each factor a set, against members at high precision."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from flint import arb, arb_mat

from capnode import _core
from exponents_oracle import log_qr_diagonal, log_singular_values, precision
from oracle_field import outside


def random_factors(rng: np.random.Generator, n: int, count: int, spread: float, radius: float) -> list[Any]:
    """Factors near slowly turning stretchings, entrywise radii and norms."""
    turn = 0.2 * rng.standard_normal((n, n))
    factors = []
    for _ in range(count):
        wobble = np.eye(n) + 0.3 * rng.standard_normal((n, n)) / np.sqrt(n) + 0.5 * (turn - turn.T)
        mid = wobble @ np.diag(np.exp(spread * rng.standard_normal(n) + spread * np.linspace(1.0, -1.0, n)))
        factors.append((mid, radius * np.abs(rng.standard_normal((n, n))), radius * float(rng.random())))
    return factors


def member(rng: np.random.Generator, factor: Any) -> arb_mat:
    """A matrix of the set: entries within the radii, and a matrix of 2-norm at most the norm (of rank one)."""
    mid, rad, norm = factor
    n = len(mid)
    u, v = rng.standard_normal(n), rng.standard_normal(n)
    size = arb(norm) / (sum(arb(float(x)) ** 2 for x in u) * sum(arb(float(x)) ** 2 for x in v)).sqrt()
    share = 2.0 * rng.random((n, n)) - 1.0
    return arb_mat(
        n, n,
        [arb(float(mid[i, j])) + arb(float(rad[i, j])) * arb(float(share[i, j])) + size * float(u[i]) * float(v[j])
         for i in range(n) for j in range(n)],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("n", "count", "spread", "radius"),
    [(1, 5, 0.5, 1e-12), (2, 40, 0.3, 1e-12), (3, 200, 0.5, 1e-13), (5, 30, 0.1, 1e-10), (8, 12, 0.05, 0.0),
     (4, 60, 0.0, 1e-12)],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["singular", "qr"])
def test_products_of_members_lie_inside(n: int, count: int, spread: float, radius: float, kind: str) -> None:
    rng = np.random.default_rng(17 * n + count)
    factors = random_factors(rng, n, count, spread, radius)
    answer = _core.product_exponents(factors, kind)
    assert answer["proved"], answer["reason"]
    lo, hi = answer["log"]
    with precision(int(200 + 8 * spread * count)):
        for _ in range(3):
            Y = arb_mat(n, n, [int(i == j) for i in range(n) for j in range(n)])
            for factor in factors:
                Y = member(rng, factor) * Y
            truth = log_singular_values(Y) if kind == "singular" else log_qr_diagonal(Y)
            for k in range(n):
                assert not outside(truth[k], lo[k], hi[k]), (k, truth[k], lo[k], hi[k])
    assert float(np.max(hi - lo)) < max(1e-9, 1e4 * radius * count)


def test_what_a_double_cannot_hold_is_no_obstacle() -> None:
    """exp(+-3000): far beyond the range of a double, and the small one is as accurate as the large one."""
    angle = 0.3
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    factor = (turn @ np.diag([np.exp(3.0), np.exp(-3.0)]) @ turn.T, np.zeros((2, 2)), 0.0)
    answer = _core.product_exponents([factor] * 1000)
    assert answer["proved"]
    lo, hi = answer["log"]
    with precision(20000):
        A = arb_mat(2, 2, [arb(float(x)) for x in factor[0].ravel()])
        truth = log_singular_values(A**1000)
    for k in range(2):
        assert not outside(truth[k], lo[k], hi[k])
    assert hi[0] - lo[0] < 1e-9
    assert abs(lo[0] - 3000.0) < 1e-6
    assert abs(lo[1] + 3000.0) < 1e-6


def test_equal_singular_values_are_no_obstacle() -> None:
    rng = np.random.default_rng(5)
    factors = [(np.linalg.qr(rng.standard_normal((6, 6)))[0], np.zeros((6, 6)), 1e-13) for _ in range(50)]
    answer = _core.product_exponents(factors)
    assert answer["proved"], answer["reason"]
    lo, hi = answer["log"]
    assert np.all(lo <= 0.0)
    assert np.all(hi >= 0.0)
    assert float(np.max(hi - lo)) < 1e-9


def test_qr_sums_are_other_numbers() -> None:
    factors = [(np.array([[1.0, 3.0], [0.0, 0.5]]), np.zeros((2, 2)), 0.0)]
    singular, qr = (_core.product_exponents(factors, kind)["log"] for kind in ("singular", "qr"))
    assert qr[0][0] <= 0.0 <= qr[1][0]
    assert singular[0][0] > 1.0


def test_what_is_refused() -> None:
    zero = np.zeros((2, 2))
    singular = _core.product_exponents([(np.array([[1.0, 2.0], [2.0, 4.0]]), zero, 0.0)])
    assert not singular["proved"]
    wide = _core.product_exponents([(np.eye(2), zero, 1e-14)] * 3 + [(np.eye(2), zero, 0.4)])
    assert not wide["proved"]
    assert "0.25" in wide["reason"]
    infinite = _core.product_exponents([(np.array([[np.inf, 0.0], [0.0, 1.0]]), zero, 0.0)])
    assert not infinite["proved"]
    hidden = _core.product_exponents([(np.eye(2), zero, 0.0), (np.eye(2), np.full((2, 2), np.inf), 0.0)])
    assert not hidden["proved"]


@pytest.mark.parametrize("n", [1, 3, 20])
def test_determinants_of_members_lie_inside(n: int) -> None:
    rng = np.random.default_rng(n)
    factor = (rng.standard_normal((n, n)), 1e-12 * rng.random((n, n)), 1e-12)
    lo, hi = _core.log_determinant(*factor)
    for _ in range(3):
        assert not outside(abs(member(rng, factor).det()).log(), lo, hi)
    assert hi - lo < 1e-7
    assert _core.log_determinant(np.zeros((n, n)), np.zeros((n, n))) is None
    assert _core.log_determinant(np.eye(n), np.zeros((n, n)), 0.6) is None
