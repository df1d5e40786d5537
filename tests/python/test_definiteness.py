"""Definiteness, extreme eigenvalues and norms against python-flint at 200 bits."""

from __future__ import annotations

import flint
import numpy as np
import pytest

from capnode import _core


def exact_eigenvalues(a: np.ndarray, extra: np.ndarray | None = None) -> list[flint.arb]:
    entries = [flint.acb(float(x)) for x in a.ravel()]
    if extra is not None:
        entries = [z + flint.acb(float(d)) for z, d in zip(entries, extra.ravel(), strict=True)]
    values = flint.acb_mat(len(a), len(a), entries).eig(multiple=True)
    return sorted((z.real for z in values), key=lambda x: float(x.mid()))


def symmetric(rng: np.random.Generator, n: int, values: np.ndarray | None = None) -> np.ndarray:
    q, _ = np.linalg.qr(rng.normal(size=(n, n)))
    w = rng.normal(size=n) if values is None else values
    a = (q * w) @ q.T
    return np.tril(a) + np.tril(a, -1).T


def test_extreme_eigenvalues_contain(cases: int) -> None:
    rng = np.random.default_rng(0)
    for _ in range(30 * cases):
        n = int(rng.integers(1, 11))
        a = symmetric(rng, n) * 10.0 ** rng.integers(-100, 100)
        (a_lo, a_hi), (b_lo, b_hi) = _core.extreme_eigenvalues(a, 0 * a)
        exact = exact_eigenvalues(a)
        assert not exact[0] < a_lo
        assert not exact[0] > a_hi
        assert not exact[-1] < b_lo
        assert not exact[-1] > b_hi
        size = np.abs(a).max()
        assert a_hi - a_lo <= 1e-12 * n * size
        assert b_hi - b_lo <= 1e-12 * n * size


def test_every_member_of_a_ball(cases: int) -> None:
    rng = np.random.default_rng(1)
    for _ in range(15 * cases):
        n = int(rng.integers(2, 8))
        a = symmetric(rng, n)
        r = 0.1 * np.abs(symmetric(rng, n))
        (a_lo, a_hi), (b_lo, b_hi) = _core.extreme_eigenvalues(a, r)
        for _ in range(4):
            s = np.tril(rng.choice([-1.0, 1.0], size=(n, n)))
            exact = exact_eigenvalues(a, (s + np.tril(s, -1).T) * r)
            assert not exact[0] < a_lo
            assert not exact[0] > a_hi
            assert not exact[-1] < b_lo
            assert not exact[-1] > b_hi


def test_definite_where_it_is_and_only_there() -> None:
    rng = np.random.default_rng(2)
    for n in (1, 2, 5, 30, 120):
        good = symmetric(rng, n, np.geomspace(1e-8, 1.0, n) if n > 1 else np.ones(1))
        assert _core.positive_definite(good, 0 * good)
        bad = symmetric(rng, n, np.concatenate([[-1e-8], np.ones(n - 1)]))
        assert not _core.positive_definite(bad, 0 * bad)
        assert not _core.positive_definite(0 * good, 0 * good)


def test_the_radius_breaks_definiteness_exactly_where_it_should() -> None:
    # lambda_min(I - r ones) = 1 - n r
    for n in (2, 7):
        a = np.eye(n)
        assert _core.positive_definite(a, np.full((n, n), 0.95 / n))
        assert not _core.positive_definite(a, np.full((n, n), 1.0001 / n))


def test_a_semidefinite_matrix_is_never_called_definite() -> None:
    """Gram matrices of integers with a kernel: exactly singular, Cholesky may well run to its end in floats."""
    rng = np.random.default_rng(3)
    for _ in range(200):
        n = int(rng.integers(2, 9))
        b = rng.integers(-50, 50, size=(n, n - 1)).astype(float)
        a = b @ b.T
        assert not _core.positive_definite(a, 0 * a)


def test_both_triangles_are_read() -> None:
    a = np.array([[1.0, 0.5], [0.5, 1.0]])
    r = np.array([[0.0, 10.0], [0.0, 0.0]])  # a_12 = a_21 = 0.5 exactly, since the matrices meant are symmetric
    assert _core.positive_definite(a, r)


def test_totality() -> None:
    for bad in (np.nan, np.inf):
        a = np.eye(3)
        a[1, 1] = bad
        assert not _core.positive_definite(a, np.zeros((3, 3)))
        (lo, hi), _ = _core.extreme_eigenvalues(a, np.zeros((3, 3)))
        assert lo == -np.inf
        assert hi == np.inf


def test_spectral_norm(cases: int) -> None:
    rng = np.random.default_rng(4)
    for _ in range(20 * cases):
        m, n = rng.integers(1, 9, size=2)
        a = rng.normal(size=(m, n))
        bound = _core.spectral_norm_up(a, 0 * a)
        gram = flint.arb_mat(int(m), int(n), [flint.arb(float(x)) for x in a.ravel()])
        square = gram * gram.transpose()
        values = flint.acb_mat(square).eig(multiple=True, tol=1e-40) if m <= n else None
        if values is not None:
            top = max((z.real for z in values), key=lambda x: float(x.mid()))
            assert not top.sqrt() > bound
        assert bound <= np.linalg.norm(a, 2) * (1 + 1e-10) + 1e-300


@pytest.mark.parametrize("n", [4, 6])
def test_spectral_norm_of_a_ball(n: int) -> None:
    a, r = np.zeros((n, n)), np.ones((n, n))
    assert n <= _core.spectral_norm_up(a, r) <= n * (1 + 1e-12)
