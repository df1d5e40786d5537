"""Directional derivatives in double-double, third-order jets and Taylor coefficients of random graphs, against Arb."""

from __future__ import annotations

from typing import Any

import flint
import numpy as np
import pytest
from flint import acb, arb, arb_series

from oracle_field import FUNCTIONS, Graph, Jet, box, coefficients, inside, layered, outside, outside_disc, random_graph

WIDTHS = (0.0, 1e-15, 1e-9, 1e-3)
POWERS = ("-3", "-1", "0", "1", "2", "3", "6")


def dd(value: Any) -> list[float]:
    """hi, lo of an arb."""
    hi = float(value.mid())
    return [hi, float((value - arb(hi)).mid())]


def random_ball(rng: np.random.Generator, size: int, rad: float) -> np.ndarray:
    """(3, size) planes hi, lo, rad."""
    hi = rng.normal(size=size)
    return np.stack([hi, hi * rng.uniform(-1, 1, size) * 2.0**-54, rad * rng.random(size)])


def ball_member(rng: np.random.Generator, b: np.ndarray) -> list[Any]:
    theta = np.where(rng.random(b.shape[1]) < 0.3, rng.choice([-1.0, 1.0], b.shape[1]), rng.uniform(-1, 1, b.shape[1]))
    return [
        arb(float(h)) + arb(float(l)) + arb(float(s)) * arb(float(r)) for (h, l, r), s in zip(b.T, theta, strict=True)
    ]


def outside_ball(y: Any, b: np.ndarray) -> bool:
    if not np.isfinite(b[2]):
        return False
    return not y.is_finite() or bool(abs(y - arb(float(b[0])) - arb(float(b[1]))) > arb(float(b[2])))


# ---- double-double


def check_directional(g: Graph, rng: np.random.Generator, rad: float) -> tuple[int, int]:
    f, k = g.build(), 2
    x, p = random_ball(rng, g.dim, rad), random_ball(rng, g.parameter_dim, rad)
    dx = np.stack([random_ball(rng, g.dim, rad) for _ in range(k)])
    dp = np.stack([random_ball(rng, g.parameter_dim, rad) for _ in range(k)])
    out = f.directional(x, p, dx, dp)
    count = finite = 0
    for _ in range(2):
        w = g.member(rng)
        point = ball_member(rng, x), ball_member(rng, p)
        for j in range(k):
            ux, up = ball_member(rng, dx[j]), ball_member(rng, dp[j])
            jets = [[Jet([acb(a), acb(u)] + [acb(0)] * 6) for a, u in zip(s, d, strict=True)] for s, d in
                    zip(point, (ux, up), strict=True)]  # fmt: skip
            for i, y in enumerate(g.value(jets[0], jets[1], w)):
                c = Jet.of(y).c
                for b, z in ((out[0, :, i], c[0].real), (out[j + 1, :, i], c[1].real)):
                    count += 1
                    finite += bool(np.isfinite(b[2]))
                    assert not outside_ball(z, b), (z, b, g.nodes)
    return count, finite


@pytest.mark.parametrize("radius", [0.0, 1e-9])
def test_directional_random_graphs(radius: float, cases: int) -> None:
    rng = np.random.default_rng([11, int(radius * 1e9)])
    totals = np.zeros(2, int)
    for _ in range(60 * cases):
        totals += check_directional(random_graph(rng, radius=radius), rng, float(rng.choice([0.0, 1e-30, 1e-12])))
    assert totals[1] > 0.7 * totals[0] > 500 * cases


@pytest.mark.parametrize("name", FUNCTIONS + POWERS)
def test_directional_each_function(name: str) -> None:
    rng = np.random.default_rng([12, sum(map(ord, name))])
    for rad in (0.0, 1e-30, 1e-10):
        count, finite = check_directional(layered(rng, name), rng, rad)
        assert finite == count


def test_directional_reaches_double_double() -> None:
    """For exact weights the radius is about 1e-30 of the size of the terms."""
    rng = np.random.default_rng(13)
    for n in (5, 64, 200, 1000):
        g = Graph(n, 1)
        x, p = g.push(n, "state"), g.push(1, "parameter")
        w, b = rng.normal(size=(n, n)) / np.sqrt(n), rng.normal(size=n)
        u = g.push(n, "affine", x, (w, None), (b, None))
        y = g.push(n, "affine", g.push(n, "apply", "tanh", u), (w, None), None)
        g.push(n, "subtract", y, g.push(n, "multiply", g.push(n, "gather", p, [0] * n), x))
        planes = [np.zeros((3, k)) for k in (n, 1, n, 1)]
        for a in planes:
            a[0] = rng.normal(size=a.shape[1])
        out = g.build().directional(planes[0], planes[1], planes[2][None], planes[3][None])
        # The moduli of all terms, with what the first layer's pass on to the second.
        x0, d0 = np.abs(planes[0][0]), np.abs(planes[2][0])
        terms = np.abs(w) @ (np.abs(w) @ (x0 + d0) + np.abs(b) + 1) + np.abs(planes[1][0]) * x0 + x0 + d0
        assert np.all(out[0, 2] <= 2e-30 * terms)
        assert np.all(out[1, 2] <= 1e-29 * terms)


@pytest.mark.parametrize("n", [1, 7, 8, 63, 64, 65, 130, 700])
def test_double_double_dot_products(n: int) -> None:
    """Cancelling, huge, tiny and subnormal terms: the exact affine map lies in the ball."""
    rng = np.random.default_rng([14, n])
    for spread in (0, 20, 140, 300):
        rows = 4
        w = rng.normal(size=(rows, n)) * 10.0 ** rng.uniform(-spread, spread / 4, size=(rows, n))
        g = Graph(n, 0)
        u = g.push(rows, "affine", g.push(n, "state"), (w, None), (rng.normal(size=rows), None))
        g.push(n, "gather", u, [i % rows for i in range(n)])
        x = random_ball(rng, n, 0.0)
        x[:2] *= 10.0 ** rng.uniform(-spread, 0, size=n)
        if n > 1:  # cancellation: the last term undoes the sum of the others up to rounding
            x[:, -1] = [-float(w[0, :-1] @ x[0, :-1]) / w[0, -1] if abs(w[0, -1]) > 1e-150 else 1.0, 0.0, 0.0]
        out = g.build().directional(x, np.zeros((3, 0)), np.zeros((0, 3, n)), np.zeros((0, 3, 0)))
        exact = g.value(ball_member(rng, x), [], g.member(rng))
        for i in range(min(rows, n)):
            assert np.isfinite(out[0, 2, i])
            assert not outside_ball(exact[i], out[0, :, i]), (spread, i)


# ---- jets


def check_jet(g: Graph, rng: np.random.Generator, width: float, disc: float) -> tuple[int, int]:
    f = g.build()
    xl, xh = box(rng, g.dim, width)
    pl, ph = box(rng, g.parameter_dim, width)

    def directions(size: int) -> tuple[np.ndarray, np.ndarray]:
        mid = rng.normal(size=(3, size)) + 1j * rng.normal(size=(3, size))
        mid[rng.random((3, size)) < 0.2] = 0
        if rng.random() < 0.3:
            mid[int(rng.integers(3))] = 0
        return mid, disc * rng.random((3, size)) * (rng.random((3, 1)) < 0.7)

    (dx, dxr), (dp, dpr) = directions(g.dim), directions(g.parameter_dim)
    mid, rad = f.enclose_jet(xl[:, None], xh[:, None], pl[:, None], ph[:, None], dx, dxr, dp, dpr)
    assert not np.isnan(mid).any()

    def disc_member(z: complex, r: float) -> acb:
        angle = arb(float(rng.uniform(0, 7)))
        size = arb(float(r)) * arb(float(rng.choice([1.0, rng.random()]))) * arb("0.999999999999999999")
        return acb(arb(z.real) + size * angle.cos(), arb(z.imag) + size * angle.sin())

    count = finite = 0
    for _ in range(2):
        w = g.member(rng)
        unknowns = []
        for lo, hi, d, r in ((xl, xh, dx, dxr), (pl, ph, dp, dpr)):
            one = []
            for i, base in enumerate(inside(rng, lo, hi)):
                e = [disc_member(complex(d[k, i]), r[k, i]) for k in range(3)]
                one.append(Jet([acb(base), e[0], e[1], acb(0), e[2], acb(0), acb(0), acb(0)]))
            unknowns.append(one)
        for i, y in enumerate(g.value(unknowns[0], unknowns[1], w)):
            for s, z in enumerate(Jet.of(y).c):
                count += 1
                finite += bool(np.isfinite(rad[i, s]))
                assert not outside_disc(z, complex(mid[i, s]), rad[i, s]), (i, s, z, mid[i, s], rad[i, s], g.nodes)
    return count, finite


@pytest.mark.parametrize("radius", [0.0, 1e-9])
def test_jets_random_graphs(radius: float, cases: int) -> None:
    rng = np.random.default_rng([21, int(radius * 1e9)])
    totals = np.zeros(2, int)
    for _ in range(60 * cases):
        g = random_graph(rng, radius=radius, length=8)
        totals += check_jet(g, rng, float(rng.choice(WIDTHS)), float(rng.choice([0.0, 1e-12, 0.1])))
    assert totals[1] > 0.7 * totals[0] > 1500 * cases


@pytest.mark.parametrize("name", FUNCTIONS + POWERS)
def test_jets_each_function(name: str) -> None:
    rng = np.random.default_rng([22, sum(map(ord, name))])
    for width in (0.0, 1e-9, 1e-2):
        for disc in (0.0, 0.1):
            count, finite = check_jet(layered(rng, name, radius=1e-12), rng, width, disc)
            assert finite == count or width == 1e-2


def test_float_jets_are_the_middle_of_the_enclosure() -> None:
    rng = np.random.default_rng(23)
    for _ in range(40):
        g = random_graph(rng)
        f = g.build()
        x, p = rng.normal(size=(g.dim, 1)), rng.normal(size=(g.parameter_dim, 1))
        dx = rng.normal(size=(3, g.dim)) + 1j * rng.normal(size=(3, g.dim))
        dp = rng.normal(size=(3, g.parameter_dim)) + 0j
        mid, rad = f.enclose_jet(x, x, p, p, dx, np.zeros(dx.shape), dp, np.zeros(dp.shape))
        good = np.isfinite(rad)
        error = np.where(good, np.abs(f.jet(x, p, dx, dp) - mid), 0)
        assert np.all(error <= 1e-9 * (1 + np.abs(mid)))


# ---- Taylor coefficients


def series_of(known: list[Any]) -> arb_series:
    return arb_series(known, len(known))


def time_series(t0: Any, length: int) -> arb_series:
    return series_of([t0, arb(1), *[arb(0)] * length])


def solution_of(g: Graph, x0: list[Any], p: list[Any], w: dict[int, Any], order: int, t0: Any) -> list[list[Any]]:
    """Coefficients by Picard iteration: each round gives one more."""
    c = [[v] for v in x0]
    for k in range(order):
        state = [series_of([*a, arb(0)]) for a in c]
        values = g.value(state, p, w, time_series(t0, order))
        for a, y in zip(c, values, strict=True):
            a.append(coefficients(y, k + 1)[k] / (k + 1))
    return c


def check_series(g: Graph, rng: np.random.Generator, width: float, order: int = 5) -> tuple[int, int]:
    f = g.build()
    xl, xh = box(rng, g.dim, width)
    pl, ph = box(rng, g.parameter_dim, width)
    t = (0.3, 0.3 + width)
    sets = (xl[:, None], xh[:, None], pl[:, None], ph[:, None])
    solutions = [f.enclose_solution(*sets, order, *t, interval) for interval in (False, True)]
    cl, ch = box(rng, order * g.dim, width)
    sl = np.concatenate([xl[None], cl.reshape(order, -1)])[:, :, None]
    sh = np.concatenate([xh[None], ch.reshape(order, -1)])[:, :, None]
    composed = [f.enclose_compose(sl, sh, *sets[2:], *t, interval) for interval in (False, True)]
    count = finite = 0
    for _ in range(2):
        w, x, p = g.member(rng), inside(rng, xl, xh), inside(rng, pl, ph)
        t0 = arb(float(rng.uniform(*t)))
        exact = solution_of(g, x, p, w, order, t0)
        given = [series_of([a, *inside(rng, sl[1:, i, 0], sh[1:, i, 0])]) for i, a in enumerate(x)]
        out = g.value(given, p, w, time_series(t0, order))
        for i in range(g.dim):
            series = coefficients(out[i], order + 1)
            for k in range(order + 1):
                for enclosures, y in ((solutions, exact[i][k]), (composed, series[k])):
                    for lo, hi in enclosures:
                        count += 1
                        finite += bool(np.isfinite(lo[k, i, 0]) and np.isfinite(hi[k, i, 0]))
                        assert not outside(arb(y), lo[k, i, 0], hi[k, i, 0]), (i, k, y, lo[k, i, 0], g.nodes)
    return count, finite


@pytest.mark.parametrize("radius", [0.0, 1e-9])
def test_series_random_graphs(radius: float, cases: int) -> None:
    rng = np.random.default_rng([31, int(radius * 1e9)])
    totals = np.zeros(2, int)
    for _ in range(40 * cases):
        totals += check_series(random_graph(rng, radius=radius), rng, float(rng.choice(WIDTHS)))
    assert totals[1] > 0.6 * totals[0] > 1500 * cases


@pytest.mark.parametrize("name", FUNCTIONS + POWERS)
def test_series_each_function(name: str) -> None:
    rng = np.random.default_rng([32, sum(map(ord, name))])
    for width in (0.0, 1e-9):
        count, finite = check_series(layered(rng, name, radius=1e-12), rng, width)
        assert finite == count


def test_time_is_a_series_too() -> None:
    """x' = sin(t) x + t: the time node has coefficients t0, 1."""
    rng = np.random.default_rng(33)
    g = Graph(2, 0, time=True)
    x, t = g.push(2, "state"), g.push(1, "time")
    both = g.push(2, "gather", t, [0, 0])
    g.push(2, "add", g.push(2, "multiply", g.push(2, "apply", "sin", both), x), both)
    for width in WIDTHS:
        count, finite = check_series(g, rng, width)
        assert finite == count
    assert g.build().depends_on_time


def test_float_series_are_the_middle_of_the_enclosure() -> None:
    rng = np.random.default_rng(34)
    for name in FUNCTIONS + POWERS:
        g = layered(rng, name)
        f = g.build()
        x, p = rng.normal(size=(3, 4)) / 4, rng.normal(size=(1, 4)) / 4
        lo, hi = f.enclose_solution(x, x, p, p, 6)
        value = f.solution(x, p, 6)
        assert value.shape == (7, 3, 4)
        assert np.all(np.abs(value - (lo + hi) / 2) <= 1e-9 * (1 + np.abs(value).max()))


def test_the_series_of_the_oracle_are_long_enough() -> None:
    assert flint.ctx.cap >= 8


# ---- one operation at a time: no slack of another operation hides a missing rounding


def bare(kind: str) -> Graph:
    g = Graph(4, 0)
    x = g.push(4, "state")
    y = g.push(4, "gather", x, [1, 2, 3, 0])
    if kind == "identity":
        return g
    if kind == "negate":
        g.push(4, kind, y)
    elif kind == "matvec":
        matrix = g.push(16, "gather", x, [int(i) % 4 for i in range(16)])
        g.push(4, kind, matrix, y, 4, 4)
    elif kind == "power":
        g.push(4, kind, y, 3)
    else:
        g.push(4, kind, x, y)
    return g


@pytest.mark.parametrize("kind", ["add", "subtract", "multiply", "divide", "negate", "matvec", "power", "identity"])
def test_bare_operations_round_outward(kind: str, cases: int) -> None:
    rng = np.random.default_rng([41, sum(map(ord, kind))])
    for _ in range(20 * cases):
        g = bare(kind)
        check_jet(g, rng, 0.0, 0.0)
        check_series(g, rng, 0.0, order=4)
        check_directional(g, rng, 0.0)


def test_products_of_points_round_outward() -> None:
    """Many lanes of x y, x / y and x + y at points: the exact result is a rational number."""
    rng = np.random.default_rng(42)
    x = rng.normal(size=(4, 500))
    empty = np.zeros((0, 1))
    for kind in ("multiply", "divide", "add", "subtract", "matvec"):
        g = bare(kind)
        lo, hi = g.build().enclose(x, x, empty, empty)
        for j in range(x.shape[1]):
            for i, y in enumerate(g.value([arb(float(v)) for v in x[:, j]], [], {})):
                assert not outside(y, lo[i, j], hi[i, j])
