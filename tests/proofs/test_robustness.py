"""Certified radii hold at sampled points of the sphere, are not vacuous, and adversarial pairs are what they say."""

from __future__ import annotations

import importlib.util
import math
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from flint import arb, arb_mat

import capnode as cn
from capnode import _core
from capnode.arguments import core_of

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def network(rng: np.random.Generator, n: int, hidden: int | None = None) -> tuple[cn.Field, Any]:
    """tanh(W x + b), or V tanh(W x + b) - x / 2; and the same in arb: value and Jacobian."""
    h = hidden or n
    W, b = rng.standard_normal((h, n)) / np.sqrt(n), 0.3 * rng.standard_normal(h)
    V = rng.standard_normal((n, h)) / np.sqrt(h) if hidden else None
    builder = _core.FieldBuilder(n, 0, False)
    x = builder.state()
    y = builder.apply("tanh", builder.affine(x, W, bias=b))
    if V is not None:
        y = builder.add(builder.affine(y, V), builder.affine(x, -0.5 * np.eye(n)))
    field = cn.Field(builder.build(y))

    def exact(point: list[Any]) -> tuple[list[Any], list[list[Any]]]:
        u = [sum((arb(W[i, j]) * point[j] for j in range(n)), arb(b[i])).tanh() for i in range(h)]
        rows = [[(1 - u[i] ** 2) * arb(W[i, j]) for j in range(n)] for i in range(h)]
        if V is None:
            return u, rows
        value = [sum((arb(V[k, i]) * u[i] for i in range(h)), -point[k] / 2) for k in range(n)]
        J = [
            [sum((arb(V[k, i]) * rows[i][j] for i in range(h)), arb(-0.5 if k == j else 0)) for j in range(n)]
            for k in range(n)
        ]
        return value, J

    return field, exact


def sphere(rng: np.random.Generator, n: int) -> np.ndarray:
    v = rng.standard_normal(n)
    return v / np.linalg.norm(v)


def size(v: list[Any]) -> float:
    return float(sum((x * x for x in v), arb(0)).sqrt().mid())


@pytest.mark.parametrize(("n", "hidden", "radius"), [(2, None, 0.3), (3, 4, 0.05), (5, None, 1e-4), (4, 3, 2.0)])
def test_variation_of_the_jacobian_bounds_all_samples(n: int, hidden: int | None, radius: float) -> None:
    rng = np.random.default_rng(n)
    field, exact = network(rng, n, hidden)
    centre = rng.standard_normal(n)
    lo, hi = centre - 0.01, centre + 0.01
    difference, norm, change, remainder = _core.jacobian_variation(field.core, lo, hi, radius=radius)
    seen = np.zeros(4)
    for _ in range(40):
        x = rng.uniform(lo, hi)
        e = radius * sphere(rng, n) * rng.random() ** 0.2
        xa = [arb(float(v)) for v in x]
        ea = [arb(float(v)) for v in e]
        fx, Jx = exact(xa)
        fy, Jy = exact([a + b for a, b in zip(xa, ea, strict=True)])
        moved = [a - b for a, b in zip(fy, fx, strict=True)]
        rest = [m - sum((Jx[i][j] * ea[j] for j in range(n)), arb(0)) for i, m in enumerate(moved)]
        gap = np.array([[float((Jy[i][j] - Jx[i][j]).mid()) for j in range(n)] for i in range(n)])
        there = np.array([[float(Jy[i][j].mid()) for j in range(n)] for i in range(n)])
        found = [np.linalg.norm(gap, 2), np.linalg.norm(there, 2), size(moved), size(rest)]
        assert np.all(np.array(found) <= np.array([difference, norm, change, remainder]))
        seen = np.maximum(seen, found)
    # not vacuous: within a factor of what samples reach
    assert difference < 20 * seen[0]
    assert norm < 3 * seen[1]
    assert remainder < 30 * seen[3]


@pytest.mark.parametrize("n", [2, 6])
def test_no_sample_within_the_radius_changes_class(n: int) -> None:
    rng = np.random.default_rng(20 + n)
    field, _ = network(rng, n)
    head = cn.readout(rng.standard_normal((3, n)), 0.1 * rng.standard_normal(3))
    t = 1.5
    done = 0
    for _ in range(6):
        x = rng.standard_normal(n)
        result = cn.robust_radius(field, head, x, t, method="norm")
        if not result.proved:
            continue
        value = result.require()
        done += 1
        points = np.array([x + value.radius * (1 - 1e-12) * sphere(rng, n) for _ in range(60)])
        run = cn.integrate(field, points, t).require()
        assert (head.class_of(run.final) == value.cls).all()
        distances = np.linalg.norm(run.final.mid - value.final.mid, axis=1)
        assert value.image_radius is not None
        assert (distances <= value.image_radius + 1e-9).all()
        first_order = np.min(np.delete(value.margins.hi / np.maximum(value.gradient_at_input, 1e-300), value.cls))
        assert value.radius <= first_order * (1 + 1e-9)
        assert value.losses is not None
        for k in range(3):
            assert k == value.cls or value.losses[k] < value.margins.lo[k]
        # an adversarial pair is farther away
        pair = cn.adversarial_pair(field, head, x, t)
        if pair.proved:
            assert float(pair.require().distance.lo) > value.radius
    assert done >= 3


def test_a_radius_is_sharp_where_the_flow_is_linear() -> None:
    """x' = A x: no second order at all, so the radius is the distance to the boundary up to the bisection."""
    A = np.array([[0.1, -1.0], [1.0, 0.1]])
    builder = _core.FieldBuilder(2, 0, False)
    field = cn.Field(builder.build(builder.affine(builder.state(), A)))
    head = cn.readout([[1.0, 0.0], [0.0, 0.0]])
    x = np.array([1.0, 0.2])
    value = cn.robust_radius(field, head, x, 1.0, method="norm").require()
    Y = arb_mat(2, 2, [arb(float(a)) for a in A.ravel()]).exp()
    row = [Y[0, 0], Y[0, 1]]
    distance = abs(row[0] * x[0] + row[1] * x[1]) / (row[0] ** 2 + row[1] ** 2).sqrt()
    assert 0.99 * float(distance.mid()) < value.radius < float(distance.mid())


@pytest.mark.parametrize("t", [1e-307, 1e-310, -1e-310, 5e-324, -5e-324])
@pytest.mark.parametrize(("method", "pieces"), [("norm", None), ("norm", 1000), ("cover", None)])
def test_the_shortest_times_there_are(t: float, method: Any, pieces: int | None) -> None:
    """Nothing moves: the radius is the distance of x to the boundary x_0 = 0, up to the bisection."""
    field, _ = network(np.random.default_rng(3), 2)
    head = cn.readout([[1.0, 0.0], [0.0, 0.0]])
    value = cn.robust_radius(field, head, [0.5, 0.2], t, method=method, pieces=pieces).require()
    assert 0.49 < value.radius < 0.5


def test_durations_that_do_not_fit_are_named() -> None:
    field, _ = network(np.random.default_rng(3), 2)
    head = cn.readout([[1.0, 0.0], [0.0, 0.0]])
    for t in (0.0, math.inf, math.nan):
        with pytest.raises(ValueError, match=f"not {t!r}"):
            cn.robust_radius(field, head, [0.5, 0.2], t)
    layers = [(core_of(field), 1.0), (core_of(field), -1e-310)]
    with pytest.raises(ValueError, match="layer 1 has -1e-310, layer 0 has 1"):
        _core.integrate_layers(layers, np.array([[0.5, 0.2]]))


def test_layers_are_followed_to_their_end() -> None:
    rng = np.random.default_rng(7)
    field, other = network(rng, 3)[0], network(rng, 3)[0]
    head = cn.readout(rng.standard_normal((2, 3)))
    x = rng.standard_normal(3)
    value = cn.robust_radius(cn.layered([(field, 0.5), (other, 0.5)]), head, x).require()
    whole = cn.robust_radius(cn.layered([(field, 0.5), (field, 0.5)]), head, x).require()
    single = cn.robust_radius(field, head, x, 1.0).require()
    assert value.radius > 0.0
    assert whole.radius == pytest.approx(single.radius, rel=0.1)


def test_a_pair_of_ones_own_and_what_is_refused() -> None:
    rng = np.random.default_rng(3)
    field, _ = network(rng, 3)
    head = cn.readout([[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0]])
    x = np.array([2.0, 0.0, 0.0])
    pair = cn.adversarial_pair(field, head, x, 0.5, y=-x).require()
    assert pair.classes == (0, 1)
    assert pair.distance.contains(4.0).all()
    same = cn.adversarial_pair(field, head, x, 0.5, y=1.1 * x)
    assert not same.proved
    assert same.verdict is cn.Verdict.no_convergence
    with pytest.raises(ValueError, match="width 2, the field dimension 3"):
        cn.robust_radius(field, np.eye(2), x, 0.5)
    with pytest.raises(ValueError, match="pass t"):
        cn.robust_radius(field, head, x)
    with pytest.raises(ValueError, match="not 0"):
        cn.robust_radius(field, head, x, 0.0)
    with pytest.raises(ValueError, match="target"):
        cn.adversarial_pair(field, head, x, 0.5, target=2)


def test_an_input_on_the_boundary_is_refused() -> None:
    builder = _core.FieldBuilder(2, 0, False)
    field = cn.Field(builder.build(builder.affine(builder.state(), -np.eye(2))))
    result = cn.robust_radius(field, cn.readout(np.eye(2)), [0.5, 0.5], 1.0)
    assert not result.proved
    assert result.verdict is cn.Verdict.too_wide


def test_a_network_that_blows_up_on_the_way_is_lost() -> None:
    builder = _core.FieldBuilder(1, 0, False)
    field = cn.Field(builder.build(builder.power(builder.state(), 2)))
    result = cn.robust_radius(field, cn.readout([[1.0], [-1.0]]), [1.0], 2.0)
    assert result.verdict is cn.Verdict.lost


def digits() -> ModuleType:
    pytest.importorskip("sklearn", reason="the digits are scikit-learn's")
    spec = importlib.util.spec_from_file_location("digits_example", EXAMPLES / "digits.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["digits_example"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("count", [3, pytest.param(100, marks=pytest.mark.long)])
def test_digits(count: int) -> None:
    example = digits()
    field, head = example.network()
    images, labels = example.test_images(count)
    proofs = [
        example.prove(field, head, x, int(label), pair=k < max(1, count // 10))
        for k, (x, label) in enumerate(zip(images, labels, strict=True))
    ]
    assert all(p.exponents.shape == (64,) for p in proofs)
    assert max(float(np.max(p.exponents.width)) for p in proofs) < 1e-8
    right = [p for p in proofs if p.cls == p.label]
    assert len(right) >= 0.9 * count
    good = [p.radius >= 0.5 * p.goal for p in right]
    assert np.mean(good) >= 0.9
    assert sum(p.pair is not None for p in proofs) == max(1, count // 10)
    assert all(float(p.pair.distance.lo) > p.radius for p in proofs if p.pair is not None and p.radius is not None)
