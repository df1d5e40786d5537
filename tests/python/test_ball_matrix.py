"""Ball products contain what python-flint finds with 200 bits, whatever the scaling; without radii they do not."""

from __future__ import annotations

import flint
import numpy as np
import pytest

from capnode import _core


def arb_matrix(a: np.ndarray) -> flint.arb_mat:
    return flint.arb_mat(a.shape[0], a.shape[1], [flint.arb(float(x)) for x in a.ravel()])


def acb_matrix(re: np.ndarray, im: np.ndarray) -> flint.acb_mat:
    entries = [flint.acb(float(x), float(y)) for x, y in zip(re.ravel(), im.ravel(), strict=True)]
    return flint.acb_mat(re.shape[0], re.shape[1], entries)


def misses(exact: flint.arb_mat | flint.acb_mat, mid: np.ndarray, rad: np.ndarray, im: np.ndarray | None = None) -> int:
    """How many entries are certainly outside of their balls."""
    count = 0
    entries = exact.entries()
    for k, z in enumerate(entries):
        m = flint.arb(float(mid.flat[k])) if im is None else flint.acb(float(mid.flat[k]), float(im.flat[k]))
        r = float(rad.flat[k])
        if np.isfinite(r):
            count += bool(abs(z - m) > flint.arb(r))
    return count


def member(rng: np.random.Generator, mid: np.ndarray, rad: np.ndarray) -> flint.arb_mat:
    """A random member of a ball matrix, often on its boundary, as exact numbers of 200 bits."""
    t = rng.choice([-1.0, 1.0, 0.5, -0.25, 0.0], size=mid.shape)
    pairs = zip(mid.ravel(), t.ravel() * rad.ravel(), strict=True)
    return flint.arb_mat(mid.shape[0], mid.shape[1], [flint.arb(float(m)) + flint.arb(float(d)) for m, d in pairs])


def draw(rng: np.random.Generator, shape: tuple[int, int], kind: str) -> np.ndarray:
    a = rng.normal(size=shape)
    if kind == "rows":
        return a * 10.0 ** rng.integers(-150, 150, size=(shape[0], 1))
    if kind == "wild":
        return a * 10.0 ** rng.integers(-150, 150, size=shape)
    if kind == "tiny":
        return a * 2.0 ** rng.integers(-1074, -950, size=shape)
    if kind == "sparse":
        return a * (rng.random(shape) < 0.2)
    if kind == "cancel":
        return np.round(a * 8) / 8
    return a


KINDS = ["plain", "rows", "wild", "tiny", "sparse", "cancel"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("relative", [0.0, 1e-14, 1e-3])
def test_products_contain_every_member(kind: str, relative: float, cases: int) -> None:
    rng = np.random.default_rng([KINDS.index(kind), int(relative * 1e14)])
    for _ in range(40 * cases):
        m, k, n = rng.integers(1, 9, size=3)
        a, b = draw(rng, (m, k), kind), draw(rng, (k, n), kind)
        ra, rb = relative * np.abs(a) * rng.random(a.shape), relative * np.abs(b) * rng.random(b.shape)
        zero = np.zeros_like(a)
        for left_rad, product in ((zero, _core.point_ball_product(a, b, rb)), (ra, _core.ball_product(a, ra, b, rb))):
            exact = member(rng, a, left_rad) * member(rng, b, rb)
            assert misses(exact, *product) == 0


@pytest.mark.parametrize("kind", ["plain", "rows", "wild", "sparse"])
def test_large_products_take_their_radius_from_binary32(kind: str) -> None:
    rng = np.random.default_rng(5)
    m, k, n = 97, 120, 101
    a, b = draw(rng, (m, k), kind), draw(rng, (k, n), kind)
    if kind == "rows":
        b = draw(rng, (n, k), kind).T.copy()
    ra, rb = 1e-13 * np.abs(a), 1e-13 * np.abs(b)
    mid, rad = _core.ball_product(a, ra, b, rb)
    assert misses(member(rng, a, ra) * member(rng, b, rb), mid, rad) == 0
    mid, rad = _core.point_ball_product(a, b, 0 * rb)
    exact = arb_matrix(a) * arb_matrix(b)
    assert misses(exact, mid, rad) == 0
    assert misses(exact, mid, 0 * rad) > m * n // 2, "a dropped rounding must be noticed"
    if kind in ("plain", "rows"):
        # the bound is the a-priori one, not much more
        ideal = (k + 6) * 2.0**-53 * (np.abs(a) @ np.abs(b))
        assert (rad <= 1.1 * ideal).all()


def test_the_worst_member_is_reached() -> None:
    """The radius is attained to first order: with all signs aligned the product lies on the edge of the ball."""
    rng = np.random.default_rng(2)
    for n in (5, 128):
        a, b = np.abs(rng.normal(size=(n, n))), np.abs(rng.normal(size=(n, n)))
        ra, rb = 1e-6 * a, 1e-6 * b
        mid, rad = _core.ball_product(a, ra, b, rb)
        edge = arb_matrix(a + ra) * arb_matrix(b + rb)
        assert misses(edge, mid, rad) == 0
        assert misses(edge, mid, 0.999 * rad) == n * n


@pytest.mark.parametrize("kind", ["plain", "rows", "wild", "tiny", "sparse"])
def test_complex_products(kind: str, cases: int) -> None:
    rng = np.random.default_rng(7)
    for _ in range(30 * cases):
        m, k, n = rng.integers(1, 8, size=3)
        ar, ai, br, bi = (draw(rng, s, kind) for s in ((m, k), (m, k), (k, n), (k, n)))
        za, zb = np.zeros((m, k)), np.zeros((k, n))
        re, im, rad = _core.complex_ball_product(ar, ai, za, br, bi, zb)
        exact = acb_matrix(ar, ai) * acb_matrix(br, bi)
        assert misses(exact, re, rad, im) == 0
        re, im, rad = _core.real_complex_ball_product(ar, za, br, bi, zb)
        assert misses(acb_matrix(ar, 0 * ar) * acb_matrix(br, bi), re, rad, im) == 0


def test_complex_members_on_the_circle() -> None:
    rng = np.random.default_rng(11)
    for n in (6, 100):
        ar, ai, br, bi = (rng.normal(size=(n, n)) for _ in range(4))
        ra, rb = 1e-8 * rng.random((n, n)), 1e-8 * rng.random((n, n))
        re, im, rad = _core.complex_ball_product(ar, ai, ra, br, bi, rb)
        # members at radius r in random directions; 0.999 keeps their rounding inside
        pa, pb = np.exp(1j * rng.uniform(0, 6.3, (n, n))), np.exp(1j * rng.uniform(0, 6.3, (n, n)))
        xa, xb = ar + 1j * ai + 0.999 * ra * pa, br + 1j * bi + 0.999 * rb * pb
        exact = acb_matrix(xa.real, xa.imag) * acb_matrix(xb.real, xb.imag)
        assert misses(exact, re, rad, im) == 0
        assert misses(exact, re, 0 * rad, im) == n * n


def test_affine_layers(cases: int) -> None:
    rng = np.random.default_rng(3)
    for _ in range(60 * cases):
        m, k, n = rng.integers(1, 9, size=3)
        w, x, b = draw(rng, (m, k), "plain"), draw(rng, (k, n), "plain"), draw(rng, (m, 1), "plain")
        if rng.random() < 0.5:
            w *= 1e-20  # the bias dominates: without its own rounding term the bound would be false
        rw, rx, rb = 1e-15 * np.abs(w), 1e-16 * np.abs(x), 1e-30 * np.abs(b)
        if rng.random() < 0.3:
            rw, rx, rb = 0 * rw, 0 * rx, 0 * rb
        mid, rad = _core.ball_affine(w, rw, x, rx, b, rb)
        exact = member(rng, w, rw) * member(rng, x, rx)
        bias = member(rng, b, rb)
        total = [exact[i, j] + bias[i, 0] for i in range(int(m)) for j in range(int(n))]
        assert misses(flint.arb_mat(int(m), int(n), total), mid, rad) == 0


def test_the_bias_term_matters() -> None:
    w, x, b = np.array([[1e-20]]), np.array([[1.0]]), np.array([[1.0]])
    z = np.zeros((1, 1))
    mid, rad = _core.ball_affine(w, z, x, z, b, z)
    assert mid[0, 0] == 1.0
    assert 1e-20 <= rad[0, 0] < 2e-20


@pytest.mark.parametrize("n", [3, 128])
@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
def test_totality(n: int, bad: float) -> None:
    """What is not a number makes the affected entries 0 +- inf, never a finite ball, never a NaN."""
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(n, n)), rng.normal(size=(n, n))
    for where in range(4):
        parts = [a.copy(), 0 * a, b.copy(), 0 * b]
        parts[where][1, 2] = bad if where % 2 == 0 else abs(bad)
        mid, rad = _core.ball_product(*parts)
        assert np.isfinite(mid).all()
        assert not np.isnan(rad).any()
        touched = rad[1, :] if where < 2 else rad[:, 2]
        assert np.isinf(touched).all()
        others = np.delete(rad, 1, axis=0) if where < 2 else np.delete(rad, 2, axis=1)
        assert np.isfinite(others).all()


@pytest.mark.parametrize("n", [3, 128])
def test_overflow_is_unknown(n: int) -> None:
    a = np.full((n, n), 1e200)
    mid, rad = _core.point_ball_product(a, a, 0 * a)
    assert (mid == 0).all()
    assert np.isinf(rad).all()


def test_structural_zeros_stay_exact() -> None:
    a = np.kron(np.eye(2), np.ones((2, 2)))
    mid, rad = _core.point_ball_product(a, a, 0 * a)
    assert (rad[mid == 0] == 0).all()


def test_subnormal_products_are_counted() -> None:
    a, b = np.array([[2.0**-600, 2.0**-540]]), np.array([[2.0**-600], [2.0**-540]])
    mid, rad = _core.point_ball_product(a, b, 0 * b)
    assert misses(arb_matrix(a) * arb_matrix(b), mid, rad) == 0
    assert rad[0, 0] > 0


@pytest.mark.parametrize("transposed", [False, True])
def test_scaling_to_binary32_loses_no_entry(transposed: bool) -> None:
    # Rows and columns are scaled by their greatest entries: 1e-200 beside 1e300 leaves the range of a double.
    n = 96
    a, rad = np.zeros((n, n)), np.zeros((n, n))
    a[:, 1] = 1e300
    rad[0, :], rad[1, :] = 1e300, 1e-200
    if transposed:
        radius = _core.ball_product(0 * a, rad.T.copy(), a.T.copy(), 0 * a)[1]
    else:
        radius = _core.point_ball_product(a, 0 * a, rad)[1]
    assert (radius >= 0.999e100).all()


@pytest.mark.parametrize("kind", ["plain", "cancel", "rows"])
def test_accurate_products(kind: str) -> None:
    rng = np.random.default_rng(9)
    for m, k, n in ((1, 1, 1), (3, 7, 5), (40, 60, 30)):
        a, b = rng.normal(size=(m, k)), rng.normal(size=(k, n))
        if kind == "cancel":
            b[-1] = -(a[:, :-1] @ b[:-1])[0] / a[0, -1]
        if kind == "rows":
            a *= 10.0 ** rng.integers(-100, 100, size=(m, 1))
        hi, lo, rad = _core.accurate_product(a, b)
        exact = (arb_matrix(a) * arb_matrix(b)).entries()
        scale = np.abs(a).max(axis=1)[:, None] * np.abs(b).max(axis=0)[None, :]
        for i, z in enumerate(exact):
            error = abs(z - flint.arb(float(hi.flat[i])) - flint.arb(float(lo.flat[i])))
            assert not error > flint.arb(float(rad.flat[i]))
        assert (rad <= 1e-22 * scale).all()


def test_accurate_products_refuse_extreme_rows() -> None:
    a = np.array([[1e-200, 0.0], [1.0, 1.0]])
    _, _, rad = _core.accurate_product(a, np.eye(2))
    assert np.isinf(rad[0]).all()
    assert np.isfinite(rad[1]).all()


def test_shapes_are_checked() -> None:
    with pytest.raises(ValueError, match="3 and 2"):
        _core.point_ball_product(np.ones((2, 3)), np.ones((2, 2)), np.ones((2, 2)))
