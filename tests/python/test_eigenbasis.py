"""Verified eigenbases against acb_mat.eig and solve at 200 bits: normal, non-normal, defective, badly scaled."""

from __future__ import annotations

import flint
import numpy as np
import pytest

from capnode import _core


def acb_matrix(a: np.ndarray, extra: np.ndarray | None = None) -> flint.acb_mat:
    entries = [flint.acb(float(x.real), float(x.imag)) for x in a.ravel()]
    if extra is not None:
        entries = [z + flint.acb(float(d)) for z, d in zip(entries, extra.ravel(), strict=True)]
    return flint.acb_mat(a.shape[0], a.shape[1], entries)


def acb_of(z: complex) -> flint.acb:
    return flint.acb(float(z.real), float(z.imag))


def exact_eigenvalues(a: flint.acb_mat) -> list[flint.acb]:
    return a.eig(multiple=True)


def outside(z: flint.acb, centre: complex, radius: float) -> bool:
    """z is certainly not in the disc."""
    return bool(abs(z - acb_of(centre)) > flint.arb(float(radius)))


def random_matrix(rng: np.random.Generator, n: int, kind: str) -> tuple[np.ndarray, np.ndarray, float]:
    """A matrix; one that is easier for the oracle; the factor between their eigenvalues (exact, a power of two)."""
    a = rng.normal(size=(n, n)) / np.sqrt(n)
    if kind == "symmetric":
        a = a + a.T
    if kind == "skew":
        a = a - a.T
    if kind == "non-normal":
        a = np.triu(5 * a) + np.tril(0.05 * a)
    if kind == "stochastic":
        a = np.abs(a)
    if kind == "scaled":
        d = 2.0 ** rng.integers(-230, 230, size=n)
        return a * d[:, None] / d[None, :], a, 1.0
    if kind == "large":
        return a * 2.0**498, a, 2.0**498
    if kind == "small":
        return a * 2.0**-498, a, 2.0**-498
    return a, a, 1.0


KINDS = ["plain", "symmetric", "skew", "non-normal", "scaled", "large", "small", "stochastic"]


@pytest.mark.parametrize("accurate", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_discs_hold_the_eigenvalues(kind: str, accurate: bool, cases: int) -> None:
    rng = np.random.default_rng(KINDS.index(kind))
    isolated_discs = 0
    for _ in range(8 * cases):
        n = int(rng.integers(1, 12))
        a, easy, factor = random_matrix(rng, n, kind)
        b = _core.Eigenbasis(a, 0 * a, accurate=accurate)
        assert b.valid, b.reason
        exact = [flint.arb(factor) * z for z in exact_eigenvalues(acb_matrix(easy))]
        for z in exact:
            assert not all(outside(z, c, r) for c, r in zip(b.center, b.row_radius, strict=True))
        for i in range(n):
            if not b.isolated[i]:
                continue
            isolated_discs += 1
            centre, radius = b.eigenvalue(i)
            inside = [z for z in exact if not outside(z, centre, radius)]
            assert len(inside) == 1
    assert isolated_discs > 10


def test_second_order_radii_are_sharp_and_not_zero() -> None:
    rng = np.random.default_rng(3)
    missed = 0
    for _ in range(5):
        a = rng.normal(size=(11, 11))
        b = _core.Eigenbasis(a, 0 * a, accurate=True)
        exact = exact_eigenvalues(acb_matrix(a))
        assert max(b.eigenvalue_radius) < 4e-15
        missed += sum(all(outside(z, c, 0.0) for z in exact) for c in b.center)
    assert missed == 55


@pytest.mark.parametrize("radius", [1e-14, 1e-10, 1e-6])
def test_every_member_of_a_ball_matrix(radius: float, cases: int) -> None:
    """Counts, enclosures of isolated eigenvalues and sharp real parts, for members on the corners of the ball."""
    rng = np.random.default_rng(17)
    for _ in range(4 * cases):
        n = int(rng.integers(2, 9))
        a = rng.normal(size=(n, n)) / np.sqrt(n)
        r = radius * np.abs(a) if rng.random() < 0.5 else np.full((n, n), radius)
        b = _core.Eigenbasis(a, r, accurate=True)
        assert b.valid
        positive, negative, undecided = b.count()
        for _ in range(4):
            exact = exact_eigenvalues(acb_matrix(a, rng.choice([-1.0, 1.0], size=(n, n)) * r))
            assert sum(bool(z.real > 0) for z in exact) >= positive
            assert sum(bool(z.real < 0) for z in exact) >= negative
            assert positive + negative + undecided == n
            for i in range(n):
                if not b.isolated[i]:
                    continue
                centre, disc = b.eigenvalue(i)
                inside = [z for z in exact if not outside(z, centre, disc)]
                assert len(inside) == 1
                mid, rad = b.real_part(r, i)
                assert rad <= disc * (1 + 1e-12)
                assert not abs(inside[0].real - flint.arb(mid)) > flint.arb(rad)


def test_the_worst_member_reaches_the_real_part() -> None:
    """The gradient of Re(lambda) in the matrix gives the member that moves it most: on the edge to first order."""
    rng = np.random.default_rng(23)
    n, radius = 6, 1e-7
    a = rng.normal(size=(n, n))
    b = _core.Eigenbasis(a, np.full((n, n), radius), accurate=True)
    w, v = np.linalg.eig(a)
    left = np.linalg.inv(v)
    for i in range(n):
        k = int(np.argmin(np.abs(w - b.center[i])))
        gradient = np.real(np.outer(left[k], v[:, k]))
        exact = exact_eigenvalues(acb_matrix(a, np.sign(gradient) * radius))
        centre, disc = b.eigenvalue(i)
        (z,) = [z for z in exact if not outside(z, centre, disc)]
        mid, rad = b.real_part(np.full((n, n), radius), i)
        moved = abs(z.real - flint.arb(mid))
        assert not moved > flint.arb(rad)
        assert moved > flint.arb(rad * (1 - 1e-3)), "the radius of A must not be lost"


def test_structured_differences() -> None:
    """Re(lambda_i - lambda_j) of one and the same member: sharper than two discs, and true."""
    rng = np.random.default_rng(29)
    n, radius = 7, 1e-7
    a = rng.normal(size=(n, n))
    r = np.full((n, n), radius)
    b = _core.Eigenbasis(a, r, accurate=True)
    sharper = 0
    for _ in range(6):
        exact = exact_eigenvalues(acb_matrix(a, rng.choice([-1.0, 1.0], size=(n, n)) * r))
        where = [next(z for z in exact if not outside(z, *b.eigenvalue(i))) for i in range(n)]
        for i in range(n):
            for j in range(n):
                mid, rad = b.real_part_difference(r, i, j)
                assert not abs(where[i].real - where[j].real - flint.arb(mid)) > flint.arb(rad)
                sharper += rad < b.real_part(r, i)[1] + b.real_part(r, j)[1]
    assert sharper > 100
    # conjugates have the same real part: the difference is known to be zero to second order
    i = next(i for i in range(n) if b.conjugate[i] != i)
    assert b.real_part_difference(r, i, b.conjugate[i])[1] < 1e-3 * radius


def test_eigenvectors(cases: int) -> None:
    """Columns q with A q = lambda q, rows p with p A = lambda p, in the normalisations of the header."""
    rng = np.random.default_rng(31)
    missed = 0
    for _ in range(6 * cases):
        n = int(rng.integers(2, 9))
        a = rng.normal(size=(n, n))
        b = _core.Eigenbasis(a, 0 * a, accurate=True)
        indices = [i for i in range(n) if b.isolated[i]]
        q_re, q_im, q_rad = b.right_eigenvectors(indices)
        p_re, p_im, p_rad = b.left_eigenvectors(indices)
        values, left, right = acb_matrix(a).eig(left=True, right=True)
        for c, i in enumerate(indices):
            k = next(k for k, z in enumerate(values) if not outside(z, *b.eigenvalue(i)))
            exact_q = [right[row, k] for row in range(n)]
            exact_p = [left[k, row] for row in range(n)]
            # the exact vector is known up to a factor: fix it by the entry that is largest in the enclosure
            big = int(np.argmax(np.hypot(q_re[:, c], q_im[:, c])))
            factor = acb_of(q_re[big, c] + 1j * q_im[big, c]) / exact_q[big]
            slack = q_rad[big, c] / np.hypot(q_re[big, c], q_im[big, c])
            for row in range(n):
                size = np.hypot(q_re[row, c], q_im[row, c]) + q_rad[row, c]
                z = exact_q[row] * factor
                centre = q_re[row, c] + 1j * q_im[row, c]
                assert not outside(z, centre, q_rad[row, c] + 1.01 * slack * size)
                missed += outside(z, centre, 0.0)
            big = int(np.argmax(np.hypot(p_re[c], p_im[c])))
            factor = acb_of(p_re[c, big] + 1j * p_im[c, big]) / exact_p[big]
            slack = p_rad[c, big] / np.hypot(p_re[c, big], p_im[c, big])
            for row in range(n):
                size = np.hypot(p_re[c, row], p_im[c, row]) + p_rad[c, row]
                z = exact_p[row] * factor
                assert not outside(z, p_re[c, row] + 1j * p_im[c, row], p_rad[c, row] + 1.01 * slack * size)
            # p q = sum z_j y_j
            centre, radius = b.pairing(i)
            total = sum(
                (acb_of(p_re[c, r] + 1j * p_im[c, r]) * acb_of(q_re[r, c] + 1j * q_im[r, c]) for r in range(n)),
                flint.acb(0),
            )
            reach = radius + sum(
                np.hypot(p_re[c, r], p_im[c, r]) * q_rad[r, c] + np.hypot(q_re[r, c], q_im[r, c]) * p_rad[c, r]
                for r in range(n)
            )
            assert not outside(total, centre, 1.01 * reach)
    assert missed > 50, "vectors without radii must miss"


def member(rng: np.random.Generator, mid: np.ndarray, rad: np.ndarray) -> flint.acb_mat:
    return acb_matrix(mid, rng.choice([-1.0, 1.0], size=mid.shape) * rad)


@pytest.mark.parametrize("radius", [0.0, 1e-12, 1e-8])
@pytest.mark.parametrize("s", [0.0, 0.7j, 2.5 - 1j])
def test_shifted_solves(radius: float, s: complex, cases: int) -> None:
    rng = np.random.default_rng(37)
    missed = solved = 0
    for _ in range(8 * cases):
        n = int(rng.integers(1, 9))
        a = rng.normal(size=(n, n)) / np.sqrt(n) + 0.1 * np.eye(n)
        r = radius * np.abs(rng.normal(size=(n, n)))
        b = _core.Eigenbasis(a, r)
        rhs = rng.normal(size=(n, 2)) + 1j * rng.normal(size=(n, 2))
        rhs_rad = radius * rng.random((n, 2))
        x = b.shifted_solve(a, r, s, radius, rhs.real.copy(), rhs.imag.copy(), rhs_rad)
        if x is None:
            continue
        solved += 1
        re, im, rad = x
        for _ in range(3):
            shift = acb_of(s) + flint.acb(0, radius) if radius else acb_of(s)
            matrix = member(rng, a, r)
            for k in range(n):
                matrix[k, k] = matrix[k, k] - shift
            exact = matrix.solve(member(rng, rhs, rhs_rad)).entries()
            centres = (re + 1j * im).ravel()
            assert not any(outside(z, c, d) for z, c, d in zip(exact, centres, rad.ravel(), strict=True))
            missed += sum(outside(z, c, 0.0) for z, c in zip(exact, centres, strict=True))
        if radius == 0.0:
            assert (rad <= 1e-11 * np.abs(re + 1j * im).max()).all()
    assert solved >= 6
    assert missed > 20


def test_a_shift_at_an_eigenvalue_is_refused() -> None:
    a = np.array([[0.0, 1.0], [-1.0, 0.0]])
    b = _core.Eigenbasis(a, 0 * a)
    one = np.ones((2, 1))
    assert b.shifted_solve(a, 0 * a, 1j, 0.0, one, 0 * one, 0 * one) is None
    assert b.shifted_solve(a, 0 * a, 0.5j, 0.6, one, 0 * one, 0 * one) is None  # the disc of shifts holds it
    assert b.shifted_solve(a, 0 * a, 0.5j, 0.1, one, 0 * one, 0 * one) is not None


@pytest.mark.parametrize("radius", [0.0, 1e-10])
def test_bordered_solves(radius: float, cases: int) -> None:
    rng = np.random.default_rng(41)
    solved = missed = 0
    for _ in range(10 * cases):
        n = int(rng.integers(2, 8))
        a = rng.normal(size=(n, n))
        r = radius * np.abs(rng.normal(size=(n, n)))
        b = _core.Eigenbasis(a, r)
        pairs = [i for i in range(n) if b.center[i].imag > 0 and b.isolated[i]]
        if not pairs:
            continue
        i = pairs[0]
        s = complex(b.center[i]) + 1e-9  # near the eigenvalue: A - s is nearly singular, the bordered matrix is not
        w, v = np.linalg.eig(a)
        vec = v[:, int(np.argmin(np.abs(w - s)))][:, None]
        v_rad, rhs_rad = radius * np.ones((n, 1)), radius * rng.random((n, 1))
        rhs = rng.normal(size=(n, 1)) + 1j * rng.normal(size=(n, 1))
        sigma = 0.3 - 0.8j
        x = b.bordered_solve(
            a, r, i, s, radius, vec.real.copy(), vec.imag.copy(), v_rad, rhs.real.copy(), rhs.imag.copy(), rhs_rad,
            sigma, radius,
        )  # fmt: skip
        assert x is not None
        solved += 1
        (re, im, rad), (mu, mu_rad) = x
        psi = b.row_of_R(i)
        for _ in range(3):
            am, vm, rm = member(rng, a, r), member(rng, vec, v_rad), member(rng, rhs, rhs_rad)
            shift = acb_of(s) + flint.acb(radius)
            full = flint.acb_mat(n + 1, n + 1)
            right = flint.acb_mat(n + 1, 1)
            for k in range(n):
                for m in range(n):
                    full[k, m] = am[k, m] - (shift if k == m else 0)
                full[k, n] = -vm[k, 0]
                full[n, k] = acb_of(psi[k])
                right[k, 0] = rm[k, 0]
            right[n, 0] = acb_of(sigma) - flint.acb(0, radius)
            exact = full.solve(right).entries()
            centres = [*(re + 1j * im).ravel(), mu]
            radii = [*rad.ravel(), mu_rad]
            assert not any(outside(z, c, d) for z, c, d in zip(exact, centres, radii, strict=True))
            missed += sum(outside(z, c, 0.0) for z, c in zip(exact, centres, strict=True))
        if radius == 0.0:
            assert max(rad.max(), mu_rad) < 1e-9
    assert solved >= 5
    assert missed > 30


def test_widening_is_the_larger_ball() -> None:
    rng = np.random.default_rng(43)
    a = rng.normal(size=(6, 6))
    extra = 1e-6 * rng.random((6, 6))
    at_once = _core.Eigenbasis(a, extra)
    widened = _core.Eigenbasis(a, 0 * a).widen(extra)
    np.testing.assert_allclose(widened.row_radius, at_once.row_radius, rtol=1e-12)
    for _ in range(5):
        exact = exact_eigenvalues(acb_matrix(a, rng.choice([-1.0, 1.0], size=a.shape) * extra))
        for z in exact:
            assert not all(outside(z, c, r) for c, r in zip(widened.center, widened.row_radius, strict=True))


# ---- clusters and defective matrices -------------------------------------------------------------------------------


def fewer_hidden_units(rng: np.random.Generator, n: int, m: int) -> np.ndarray:
    """x' = -x + V tanh(U x): the eigenvalue -1 has multiplicity n - m."""
    v, u = rng.normal(size=(n, m)) / np.sqrt(m) * 1.5, rng.normal(size=(m, n)) / np.sqrt(n)
    return -np.eye(n) + v @ u


@pytest.mark.parametrize(("n", "m"), [(12, 4), (60, 12), (200, 32)])
def test_a_multiple_eigenvalue_far_from_the_axis(n: int, m: int) -> None:
    rng = np.random.default_rng(n)
    a = fewer_hidden_units(rng, n, m)
    b = _core.Eigenbasis(a, 0 * a)
    assert b.valid, b.reason
    assert sum(b.isolated) >= m
    positive, negative, undecided = b.count()
    assert undecided == 0
    assert positive + negative == n
    if n == 12:
        for z in exact_eigenvalues(acb_matrix(a)):
            assert not all(outside(z, c, r) for c, r in zip(b.center, b.row_radius, strict=True))


def test_repair_proves_what_eigenvectors_cannot() -> None:
    a = fewer_hidden_units(np.random.default_rng(1), 400, 64)
    plain = _core.Eigenbasis(a, 0 * a, repair=False)
    assert not plain.valid
    assert "ill-conditioned" in plain.reason
    b = _core.Eigenbasis(a, 0 * a)
    assert b.valid
    assert b.repaired
    assert sum(b.isolated) == 64


def jordan_like(rng: np.random.Generator, blocks: list[tuple[complex, int]], coupling: float = 1.0) -> np.ndarray:
    """Real matrix with the given Jordan blocks (and their conjugates), in a random orthogonal basis."""
    parts = []
    for value, size in blocks:
        if np.imag(value) == 0:
            parts.append(np.real(value) * np.eye(size) + coupling * np.eye(size, k=1))
        else:
            rotation = np.array([[np.real(value), np.imag(value)], [-np.imag(value), np.real(value)]])
            parts.append(np.kron(np.eye(size), rotation) + coupling * np.kron(np.eye(size, k=1), np.eye(2)))
    n = sum(len(p) for p in parts)
    j, at = np.zeros((n, n)), 0
    for p in parts:
        j[at : at + len(p), at : at + len(p)] = p
        at += len(p)
    q, _ = np.linalg.qr(rng.normal(size=(n, n)))
    return q @ j @ q.T


@pytest.mark.parametrize(
    "blocks",
    [
        [(-1.0, 2), (0.3 + 2j, 1)],
        [(-1.0, 3), (0.5, 2), (0.3 + 2j, 1)],
        [(-2.0 + 1j, 2), (1.0, 1)],
        [(-2.0 + 1j, 3), (1.0, 2), (0.1 + 0.7j, 1)],
        [(-1.0, 1), (-1.0, 1), (-1.0, 1), (0.2 + 1j, 1)],
    ],
)
def test_defective_matrices(blocks: list[tuple[complex, int]]) -> None:
    rng = np.random.default_rng(len(blocks))
    a = jordan_like(rng, blocks)
    b = _core.Eigenbasis(a, 0 * a)
    assert b.valid, b.reason
    exact = exact_eigenvalues(acb_matrix(a))
    for z in exact:
        assert not all(outside(z, c, r) for c, r in zip(b.center, b.row_radius, strict=True))
    expected = sum((1 if np.imag(v) == 0 else 2) * k for v, k in blocks if np.real(v) > 0)
    assert b.count() == (expected, len(a) - expected, 0)
    assert _core.stability_count(a, 0 * a)[:3] == (True, expected, len(a) - expected)


@pytest.mark.parametrize("size", [6, 8])
def test_repair_of_complex_clusters(size: int) -> None:
    """A defective pair -2 +- i far from the axis: its discs shrink by an order of magnitude, the count is proved."""
    rng = np.random.default_rng(size)
    a = jordan_like(rng, [(-2.0 + 1j, size), (1.0, 1)])
    plain, repaired = _core.Eigenbasis(a, 0 * a, repair=False), _core.Eigenbasis(a, 0 * a)
    assert repaired.valid
    assert repaired.repaired
    assert not plain.valid or max(repaired.row_radius) < 0.2 * max(plain.row_radius)
    for z in exact_eigenvalues(acb_matrix(a)):
        assert not all(outside(z, c, r) for c, r in zip(repaired.center, repaired.row_radius, strict=True))
    assert repaired.count() == (1, 2 * size, 0)


def test_what_is_no_cluster_is_not_called_isolated() -> None:
    """An exactly double eigenvalue can never sit alone in a disc."""
    for a in (np.eye(3), np.array([[1.0, 1.0], [0.0, 1.0]]), np.diag([2.0, 2.0, -1.0])):
        b = _core.Eigenbasis(a, 0 * a)
        if b.valid:
            double = [i for i in range(len(a)) if abs(b.center[i] - a[0, 0]) < 0.5]
            assert not any(b.isolated[i] for i in double)


# ---- counts without eigenvectors ------------------------------------------------------------------------------------


def test_counts_by_inertia(cases: int) -> None:
    rng = np.random.default_rng(47)
    proved = 0
    for _ in range(20 * cases):
        n = int(rng.integers(1, 10))
        a = rng.normal(size=(n, n))
        ok, positive, negative, _ = _core.stability_count(a, 0 * a)
        if not ok:
            continue
        proved += 1
        exact = exact_eigenvalues(acb_matrix(a))
        assert positive == sum(bool(z.real > 0) for z in exact)
        assert negative == sum(bool(z.real < 0) for z in exact)
    assert proved > 15


def test_counts_next_to_a_critical_pair_with_large_jordan_blocks() -> None:
    rng = np.random.default_rng(53)
    a = jordan_like(rng, [(0.7, 20), (-1.0, 38), (1.3j, 1)], coupling=0.5)
    assert not _core.Eigenbasis(a, 0 * a, repair=False).valid
    ok, positive, negative, critical, _ = _core.stability_count_others(a, 0 * a, 1.3j)
    assert (ok, positive, negative, critical) == (True, 20, 38, 2)
    # a second pair on the axis: refused
    a = jordan_like(rng, [(0.7, 5), (-1.0, 5), (1.3j, 1), (2.1j, 1)], coupling=0.5)
    ok, *_, reason = _core.stability_count_others(a, 0 * a, 1.3j)
    assert not ok
    assert reason


def test_a_zero_eigenvalue_is_never_counted() -> None:
    for a in (np.zeros((2, 2)), np.array([[0.0, 1.0], [-1.0, 0.0]]), np.diag([1.0, 0.0, -1.0])):
        assert not _core.stability_count(a, 0 * a)[0]
        b = _core.Eigenbasis(a, 0 * a)
        if b.valid:
            assert b.count()[2] > 0


# ---- single pairs ---------------------------------------------------------------------------------------------------


def test_single_eigenpairs(cases: int) -> None:
    rng = np.random.default_rng(59)
    for _ in range(10 * cases):
        n = int(rng.integers(1, 10))
        a = rng.normal(size=(n, n))
        w, v = np.linalg.eig(a)
        k = int(rng.integers(n))
        found = _core.verified_eigenpair(a, 0 * a, complex(w[k]), v[:, [k]].real.copy(), v[:, [k]].imag.copy())
        assert not isinstance(found, str), found
        (value, radius), (re, im, rad), phi_re, phi_im = found
        exact, right = acb_matrix(a).eig(right=True)
        (j,) = [j for j, z in enumerate(exact) if not outside(z, value, radius)]
        factor = sum((acb_of(phi_re[0, r] + 1j * phi_im[0, r]) * right[r, j] for r in range(n)), flint.acb(0))
        for r in range(n):
            assert not outside(right[r, j] / factor, re[r, 0] + 1j * im[r, 0], rad[r, 0])
        assert radius < 1e-11


def test_an_eigenpair_beside_a_defective_cluster() -> None:
    a = jordan_like(np.random.default_rng(61), [(-1.0, 30), (0.3 + 2j, 1)])
    w, v = np.linalg.eig(a)
    k = int(np.argmin(np.abs(w - (0.3 + 2j))))
    found = _core.verified_eigenpair(a, 0 * a, complex(w[k]), v[:, [k]].real.copy(), v[:, [k]].imag.copy())
    assert not isinstance(found, str), found
    assert abs(found[0][0] - (0.3 + 2j)) < 1e-12


def test_a_double_eigenvalue_has_no_single_pair() -> None:
    for a in (np.eye(2), np.array([[1.0, 1.0], [0.0, 1.0]])):
        found = _core.verified_eigenpair(a, 0 * a, 1.0 + 0j, np.array([[1.0], [0.0]]), np.zeros((2, 1)))
        assert isinstance(found, str)


# ---- hypotheses and misuse ------------------------------------------------------------------------------------------


def test_a_ball_that_holds_different_counts_is_undecided() -> None:
    a = np.diag([1.0, -0.1])
    b = _core.Eigenbasis(a, np.diag([0.0, 0.2]))
    assert b.count() == (1, 0, 1)
    assert _core.stability_count(a, np.diag([0.0, 0.2]))[0] is False


def test_totality_and_misuse() -> None:
    for bad in (np.nan, np.inf):
        a = np.eye(3)
        a[0, 1] = bad
        b = _core.Eigenbasis(a, np.zeros((3, 3)))
        assert not b.valid
        assert "finite" in b.reason
    r = np.zeros((2, 2))
    r[0, 0] = np.inf
    assert not _core.Eigenbasis(np.eye(2), r).valid
    with pytest.raises(ValueError, match="2 x 3"):
        _core.Eigenbasis(np.ones((2, 3)), np.ones((2, 3)))
    b = _core.Eigenbasis(np.eye(2), np.zeros((2, 2)))
    with pytest.raises(ValueError, match="not isolated"):
        b.eigenvalue(0)
    with pytest.raises(ValueError, match="negative"):
        _core.Eigenbasis(np.eye(2), -np.ones((2, 2)))
