"""Values and first derivatives of random graphs: every member of every set lies in the enclosure (Arb, 200 bits)."""

from __future__ import annotations

import flint
import numpy as np
import pytest
from flint import arb

from oracle_field import FUNCTIONS, Graph, Jet, box, inside, layered, outside, random_graph

WIDTHS = (0.0, 1e-15, 1e-9, 1e-3, 0.3)
POWERS = ("-3", "-1", "0", "1", "2", "3", "6")


def columns(a: np.ndarray) -> np.ndarray:
    return a[:, None]


def jets(x: list, p: list, k: int) -> tuple[list, list]:
    """x and p with e1 = direction of unknown k."""

    def one(v: object, here: bool) -> Jet:
        return Jet([flint.acb(v), flint.acb(int(here))] + [flint.acb(0)] * 6)

    return [one(v, i == k) for i, v in enumerate(x)], [one(v, len(x) + i == k) for i, v in enumerate(p)]


def check(g: Graph, rng: np.random.Generator, width: float, samples: int = 2) -> tuple[int, int, list[str]]:
    """Number of checks, of finite enclosures among them, and what failed."""
    f = g.build()
    xl, xh = box(rng, g.dim, width)
    pl, ph = box(rng, g.parameter_dim, width)
    sets = (columns(xl), columns(xh), columns(pl), columns(ph))
    enclosures = {m: f.enclose(*sets, method=m) for m in ("ball", "interval", "both")}
    value, dx, dp = f.enclose_jacobian(*sets)
    enclosures["jacobian"] = value
    slopes = (np.hstack([dx[0], dp[0]]), np.hstack([dx[1], dp[1]]))
    count = finite = 0
    failures = []
    for _ in range(samples):
        x, p, w = inside(rng, xl, xh), inside(rng, pl, ph), g.member(rng)
        for i, y in enumerate(g.value(x, p, w)):
            for method, (lo, hi) in enclosures.items():
                count += 1
                finite += bool(np.isfinite(lo[i, 0]) and np.isfinite(hi[i, 0]))
                if outside(arb(y), lo[i, 0], hi[i, 0]):
                    failures.append(f"{method} entry {i}: {y} not in [{lo[i, 0]!r}, {hi[i, 0]!r}]")
        for k in range(g.dim + g.parameter_dim):
            for i, y in enumerate(g.value(*jets(x, p, k), w)):
                d = Jet.of(y).c[1].real
                lo, hi = slopes[0][i, k], slopes[1][i, k]
                count += 1
                finite += bool(np.isfinite(lo) and np.isfinite(hi))
                if outside(d, lo, hi):
                    failures.append(f"jacobian ({i}, {k}): {d} not in [{lo!r}, {hi!r}]")
    return count, finite, failures


@pytest.mark.parametrize("radius", [0.0, 1e-9, 1e-2])
def test_random_graphs(radius: float, cases: int) -> None:
    rng = np.random.default_rng([1, int(radius * 1e9)])
    count = finite = 0
    for _ in range(120 * cases):
        g = random_graph(rng, radius=radius)
        more, good, failures = check(g, rng, float(rng.choice(WIDTHS)))
        assert not failures, (failures[:5], g.nodes)
        count += more
        finite += good
    assert count > 2500 * cases
    assert finite > 0.7 * count, "too few finite enclosures for a test"


@pytest.mark.parametrize("name", FUNCTIONS + POWERS)
def test_each_function(name: str, cases: int) -> None:
    rng = np.random.default_rng([2, sum(map(ord, name))])
    for radius in (0.0, 1e-6):
        for width in WIDTHS:
            for _ in range(2 * cases):
                count, finite, failures = check(layered(rng, name, radius=radius), rng, width, samples=1)
                assert not failures, failures[:5]
                assert finite >= 0.9 * count or width == 0.3


@pytest.mark.parametrize("name", FUNCTIONS)
def test_points_are_tight(name: str) -> None:
    """At a point the enclosure is a few roundings wide, and its middle is the float value."""
    rng = np.random.default_rng(3)
    g = layered(rng, name)
    f = g.build()
    x, p = rng.normal(size=(3, 5)), rng.normal(size=(1, 1))
    lo, hi = f.enclose(x, x, p, p)
    scale = 1 + np.abs(f.evaluate(x, p)).max(axis=0)
    assert np.all(hi - lo <= 2e-14 * scale)
    assert np.all(np.abs(f.evaluate(x, p) - (lo + hi) / 2) <= 1e-13 * scale)


def test_lanes_agree_with_single_points() -> None:
    rng = np.random.default_rng(4)
    for _ in range(20):
        g = random_graph(rng, radius=1e-3)
        f = g.build()
        x = rng.normal(size=(g.dim, 6))
        for p in (rng.normal(size=(g.parameter_dim, 1)), rng.normal(size=(g.parameter_dim, 6))):
            lo, hi = f.enclose(x, x, p, p)
            value = f.evaluate(x, p)
            for j in range(6):
                one = p[:, j : j + 1] if p.shape[1] == 6 else p
                a, b = f.enclose(x[:, j : j + 1], x[:, j : j + 1], one, one)
                met = np.maximum(a[:, 0], lo[:, j]) <= np.minimum(b[:, 0], hi[:, j])
                assert np.all(met)
                np.testing.assert_allclose(f.evaluate(x[:, j : j + 1], one)[:, 0], value[:, j], rtol=1e-12, atol=1e-12)


def test_float_jacobian_is_the_middle_of_the_enclosure() -> None:
    rng = np.random.default_rng(5)
    for _ in range(40):
        g = random_graph(rng)
        f = g.build()
        x, p = rng.normal(size=(g.dim, 1)), rng.normal(size=(g.parameter_dim, 1))
        floats = f.jacobian(x, p)
        for approximate, (lo, hi) in zip(floats, f.enclose_jacobian(x, x, p, p), strict=True):
            good = np.isfinite(lo) & np.isfinite(hi)
            middle = np.where(good, (lo + hi) / 2, 0)
            error = np.where(good, np.abs(approximate - middle), 0)
            assert np.all(error <= 1e-10 * (1 + np.abs(middle)))


def test_wide_sets_keep_the_shape_of_functions() -> None:
    """Where the set is wide the ends pass the functions, not mid and rad: sigmoid stays in [0, 1], exp positive."""
    for name, low, high in (("sigmoid", 0.0, 1.0), ("tanh", -1.0, 1.0), ("exp", 0.0, np.inf), ("square", 0.0, np.inf)):
        g = Graph(1, 0)
        g.push(1, "apply", name, g.push(1, "state"))
        f = g.build()
        empty = np.zeros((0, 1))
        lo, hi = f.enclose(np.array([[-30.0]]), np.array([[30.0]]), empty, empty)
        slack = 1e-14 * hi[0, 0]  # the ends go back into a ball: a few roundings of the larger one
        assert lo[0, 0] >= low - slack
        assert hi[0, 0] <= high + slack


def test_undefined_or_overflowing_values_are_unbounded() -> None:
    empty = np.zeros((0, 1))
    for name, lower, upper in (("log", -1.0, 1.0), ("sqrt", -1.0, 1.0), ("reciprocal", -1.0, 1.0), ("log", -2.0, -1.0)):
        g = Graph(1, 0)
        u = g.push(1, "apply", name, g.push(1, "state"))
        g.push(1, "apply", "tanh", u)
        f = g.build()
        for method in ("ball", "interval", "both"):
            lo, hi = f.enclose(np.array([[lower]]), np.array([[upper]]), empty, empty, method=method)
            assert lo[0, 0] == -np.inf
            assert hi[0, 0] == np.inf
        for lo, hi in f.enclose_jacobian(np.array([[lower]]), np.array([[upper]]), empty, empty)[:2]:
            assert lo[0, 0] == -np.inf
            assert hi[0, 0] == np.inf
    g = Graph(1, 0)
    x = g.push(1, "state")
    for _ in range(8):
        x = g.push(1, "multiply", x, x)
    f = g.build()
    x = np.array([[1e200]])
    for method in ("ball", "interval"):
        lo, hi = f.enclose(x, x, empty, empty, method=method)
        assert not np.isnan(lo).any()
        assert not np.isnan(hi).any()
        assert hi[0, 0] == np.inf


def test_extreme_numbers(cases: int) -> None:
    """Huge, tiny and subnormal states and weights: no NaN anywhere, and what is finite still contains."""
    rng = np.random.default_rng(6)
    finite = 0
    for _ in range(150 * cases):
        g = random_graph(rng, radius=float(rng.choice([0.0, 1e-9])), length=7)
        for node in g.nodes:
            for a in node:
                if isinstance(a, tuple) and rng.random() < 0.3:
                    a[0][...] *= 10.0 ** rng.uniform(-300, 100)
        f = g.build()
        x = rng.normal(size=(g.dim, 1)) * 10.0 ** rng.uniform(-320, 200, size=(g.dim, 1))
        p = rng.normal(size=(g.parameter_dim, 1)) * 10.0 ** rng.uniform(-320, 50, size=(g.parameter_dim, 1))
        exact = g.value([arb(float(v)) for v in x[:, 0]], [arb(float(v)) for v in p[:, 0]], g.member(rng))
        values = [f.enclose(x, x, p, p, method=m) for m in ("ball", "interval")]
        values.append(f.enclose_jacobian(x, x, p, p)[0])
        mid, rad = f.enclose_jet(x, x, p, p, np.ones((3, g.dim), complex), np.zeros((3, g.dim)),
                                 np.ones((3, g.parameter_dim), complex), np.zeros((3, g.parameter_dim)))  # fmt: skip
        series = f.enclose_solution(x, x, p, p, 3) + f.enclose_solution(x, x, p, p, 3, interval=True)
        planes = [np.stack([v[:, 0], 0 * v[:, 0], 0 * v[:, 0]]) for v in (x, p)]
        dd = f.directional(planes[0], planes[1], planes[0][None], planes[1][None])
        pairs = f.enclose_jacobian(x, x, p, p)
        for a in (*values, *pairs, (mid.real, mid.imag), (rad, dd), series):
            for part in a:
                assert not np.isnan(part).any(), g.nodes
        for i, y in enumerate(exact):
            if not arb(y).is_finite():
                continue
            for lo, hi in values:
                finite += bool(np.isfinite(lo[i, 0]) and np.isfinite(hi[i, 0]))
                assert not outside(arb(y), lo[i, 0], hi[i, 0]), (y, lo[i, 0], hi[i, 0], g.nodes)
            if np.isfinite(dd[0, 2, i]):
                distance = abs(arb(y) - arb(float(dd[0, 0, i])) - arb(float(dd[0, 1, i])))
                assert not distance > arb(float(dd[0, 2, i])), (y, dd[0, :, i], g.nodes)
    assert finite > 300


@pytest.mark.parametrize("n", [1, 3, 150])
def test_zero_times_undefined_is_undefined(n: int) -> None:
    """0 log(x) + 1 has no value at x < 0, whatever the weight."""
    g = Graph(n, 0)
    g.push(n, "affine", g.push(n, "apply", "log", g.push(n, "state")), (np.zeros((n, n)), None), (np.ones(n), None))
    f = g.build()
    hi, empty, ones = np.ones((n, 1)), np.zeros((0, 1)), np.ones((3, n), complex)
    ends = [*f.enclose(-hi, hi, empty, empty), *f.enclose(-hi, hi, empty, empty, method="interval")]
    ends += [end for pair in f.enclose_jacobian(-hi, hi, empty, empty)[:2] for end in pair]
    ends.append(f.enclose_jet(-hi, hi, empty, empty, ones, np.zeros((3, n)), ones[:, :0], np.zeros((3, 0)))[1])
    for end in ends:
        assert np.isinf(end).all()
