"""Exponents against the 200-bit oracle: points and members of cells, for flows, layers, maps, planes; refinement."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flint import arb

import capnode as cn
import flow_oracle
from capnode import _core
from flow_cases import ACTIVATIONS, network_case
from oracle_field import Graph

MOONS = Path(__file__).resolve().parents[2] / "examples" / "data" / "moons_2_5_5_2.capnode"
NAMES = _core.verdict_names()
PROVED = NAMES.index("proved")


def exact(values: Any) -> list[Any]:
    return [arb(float(v)) for v in values]


def exponent(columns: list[list[Any]], t: Any) -> Any:
    """(1/t) log sigma_max of the n x 2 matrix with these rows."""
    a = sum((row[0] * row[0] for row in columns), arb(0))
    b = sum((row[0] * row[1] for row in columns), arb(0))
    c = sum((row[1] * row[1] for row in columns), arb(0))
    square = (a + c) / 2 + (((a - c) / 2) ** 2 + b * b).sqrt()
    return square.log() / (2 * t)


def through(derivative: list[list[Any]], columns: list[list[Any]]) -> list[list[Any]]:
    return [[sum((r[k] * columns[k][j] for k in range(len(r))), arb(0)) for j in (0, 1)] for r in derivative]


def starts(z: Any, encoder: Any, offset: Any) -> tuple[list[Any], list[list[Any]]]:
    if encoder is None:
        return exact(z), [[arb(1), arb(0)], [arb(0), arb(1)]]
    A = [exact(row) for row in encoder]
    zz = exact(z)
    return [row[0] * zz[0] + row[1] * zz[1] + arb(float(b)) for row, b in zip(A, offset, strict=True)], A


def of_flow(pieces: Any, z: Any, p: list[Any], *, t0: float = 0.0, encoder: Any = None, offset: Any = None) -> Any:
    """pieces: (graph, weights, duration)."""
    x, columns = starts(z, encoder, offset)
    time, total = t0, 0.0
    for graph, weights, duration in pieces:
        s = flow_oracle.solution(graph, x, p, weights, duration, t0=time, derivative=True)
        x, columns = s.final, through(s.derivative, columns)
        time, total = time + duration, total + duration
    return exponent(columns, abs(arb(total)))


def of_map(graph: Graph, weights: Any, z: Any, p: list[Any], step: float, steps: int) -> Any:
    x, columns = starts(z, None, None)
    n = len(x)
    for _ in range(steps):
        state = [flow_oracle.Dual(v, [arb(int(i == j)) for j in range(n)]) for i, v in enumerate(x)]
        f = graph.value(state, [flow_oracle.Dual(v, [arb(0)] * n) for v in p], weights)
        J = [[arb(int(i == j)) + arb(step) * f[i].slope[j] for j in range(n)] for i in range(n)]
        x = [v + arb(step) * g.value for v, g in zip(x, f, strict=True)]
        columns = through(J, columns)
    return exponent(columns, arb(steps) * arb(step))


def within(value: Any, lower: float, upper: float) -> bool:
    return not (bool(value < arb(lower)) if lower > -np.inf else False) and not (
        bool(value > arb(upper)) if upper < np.inf else False
    )


def network(rng: np.random.Generator, n: int, hidden: int = 5, size: float = 1.5, name: str = "tanh") -> Graph:
    g = Graph(n, 0)
    x = g.push(n, "state")
    y = g.push(hidden, "affine", x, (size * rng.normal(size=(hidden, n)), None), (rng.normal(size=hidden), None))
    y = g.push(hidden, "apply", name, y)
    g.push(n, "affine", y, (size * rng.normal(size=(n, hidden)) / np.sqrt(hidden), None), None)
    return g


def specification(layers: Any, **options: Any) -> Any:
    chosen = {"stages": [], "lower": [-1.0, -1.0], "upper": [1.0, 1.0], "shape": (2, 2), "method": "cells"}
    return _core.FtleSpec(**{**chosen, "layers": layers, **options})


def boxes_about(rng: np.random.Generator, centres: Any, radius: float) -> Any:
    r = radius * rng.uniform(0.3, 1.0, centres.shape)
    return np.stack(
        [centres[:, 0] - r[:, 0], centres[:, 0] + r[:, 0], centres[:, 1] - r[:, 1], centres[:, 1] + r[:, 1]], 1
    )


def members(rng: np.random.Generator, box: Any, count: int) -> Any:
    """Corners and inner points."""
    inner = rng.uniform([box[0], box[2]], [box[1], box[3]], (count - 1, 2))
    return np.vstack([[rng.choice(box[:2]), rng.choice(box[2:])], inner])


def test_points_through_every_activation(cases: int) -> None:
    """Times backward and forward, parameters, time: the number itself is held, in a thin interval."""
    compared = 0
    widths = []
    for seed in range(len(ACTIVATIONS) * cases):
        rng = np.random.default_rng(500 + seed)
        case = network_case(rng, seed, n=2)
        case.duration = float(np.copysign(min(abs(case.duration), 0.5), case.duration))
        spec = specification(
            [(case.graph.build(), case.duration)], method="points", t0=case.t0, parameter_lo=case.p, parameter_hi=case.p
        )
        z = case.x
        got = spec.bound(np.array([[z[0], z[0], z[1], z[1]]]))
        if got["verdicts"][0] != PROVED:
            continue
        try:
            truth = of_flow([(case.graph, case.graph.member(rng), case.duration)], z, exact(case.p), t0=case.t0)
        except flow_oracle.TooHard:
            continue
        compared += 1
        assert within(truth, got["lower"][0], got["upper"][0]), (seed, case.name, truth, got)
        widths.append(got["upper"][0] - got["lower"][0])
    assert np.median(widths) < 1e-11
    assert max(widths) < 1e-4
    assert compared > 0.6 * len(ACTIVATIONS) * cases


@pytest.mark.parametrize(
    "way",
    [{"derivative_order": 1}, {"set_degree": 1}, {"set_degree": 2}, {"set_degree": 3}, {"set_degree": 2, "order": 4}],
    ids=str,
)
def test_members_of_cells(way: dict[str, Any], cases: int) -> None:
    """Every way to a cell, sets of networks too; the bounds are nearly attained at corners of thin cells."""
    compared, sharp = 0, []
    for seed in range(3 * cases):
        rng = np.random.default_rng(900 + seed)
        g = network(rng, 2, name=str(rng.choice(["tanh", "sin", "sigmoid"])))
        duration = float(rng.choice([0.5, -0.5, 1.0]))
        spec = specification([(g.build(), duration)], **way)
        boxes = boxes_about(rng, rng.uniform(-1, 1, (2, 2)), float(rng.choice([0.03, 0.01, 0.001])))
        got = spec.bound(boxes)
        for k, box in enumerate(boxes):
            if got["verdicts"][k] != PROVED:
                continue
            seen = []
            for z in members(rng, box, 2):
                truth = of_flow([(g, g.member(rng), duration)], z, [])
                compared += 1
                seen.append(float(truth))
                assert within(truth, got["lower"][k], got["upper"][k]), (seed, box, z, truth, got)
            sharp.append((max(seen) - min(seen)) / (got["upper"][k] - got["lower"][k]))
    assert compared > 8 * cases
    assert max(sharp) > (0.01 if way == {"derivative_order": 1} else 0.2)


def test_second_order_is_second_order() -> None:
    """What is lost beyond the true variation over a cell shrinks with the square of its size."""
    rng = np.random.default_rng(3)
    g = network(rng, 2)
    spec = specification([(g.build(), 0.5)], set_degree=2)
    excess = []
    for radius in (0.04, 0.02, 0.01):
        corners = [(0.3 + i * radius, -0.2 + j * radius) for i in (-1, 1) for j in (-1, 1)]
        truths = [float(of_flow([(g, g.member(rng), 0.5)], z, [])) for z in corners]
        got = spec.bound(np.array([[0.3 - radius, 0.3 + radius, -0.2 - radius, -0.2 + radius]]))
        assert got["verdicts"][0] == PROVED
        excess.append(got["upper"][0] - got["lower"][0] - (max(truths) - min(truths)))
    assert excess[1] < 0.45 * excess[0]
    assert excess[2] < 0.35 * excess[1]


def systems(rng: np.random.Generator) -> list[tuple[Any, Any]]:
    """(specification, the truth at an input)."""
    first, second = network(rng, 2), network(rng, 2)
    high = network(rng, 4)
    A, b = rng.normal(size=(4, 2)), rng.normal(size=4)
    soft = network_case(rng, 0, weight_radius=1e-4, n=2)

    def layers(z: Any) -> Any:
        return of_flow([(first, first.member(rng), 0.5), (second, second.member(rng), 0.25)], z, [])

    def euler(z: Any) -> Any:
        return of_map(first, first.member(rng), z, [], 0.1, 10)

    def plane(z: Any) -> Any:
        return of_flow([(high, high.member(rng), 0.5)], z, [], encoder=A, offset=b)

    def member_of_set(z: Any) -> Any:
        pieces = [(soft.graph, soft.graph.member(rng), soft.duration)]
        return of_flow(pieces, z, exact(soft.p), t0=soft.t0)

    softened = {"t0": soft.t0, "parameter_lo": soft.p, "parameter_hi": soft.p}
    return [
        (specification([(first.build(), 0.5), (second.build(), 0.25)]), layers),
        (specification([], stages=[(first.build(), True, 0.1, 10)]), euler),
        (specification([(high.build(), 0.5)], encoder=A, offset=b, derivative_order=1), plane),
        (specification([(high.build(), 0.5)], encoder=A, offset=b, derivative_order=2), plane),
        (specification([(soft.graph.build(), soft.duration)], **softened), member_of_set),
    ]


def test_layers_maps_planes_and_sets_of_networks(cases: int) -> None:
    for seed in range(2 * cases):
        rng = np.random.default_rng(1300 + seed)
        box = boxes_about(rng, rng.uniform(-1, 1, (1, 2)), 0.01)
        for which, (spec, truth) in enumerate(systems(rng)):
            got = spec.bound(box)
            low, high = spec.a_priori
            assert low <= got["lower"][0] <= got["upper"][0] <= high
            assert got["verdicts"][0] == PROVED or which == 4, which
            for z in members(rng, box[0], 2):
                assert within(truth(z), got["lower"][0], got["upper"][0]), (seed, which)


def test_an_interval_parameter_holds_the_exponents_of_its_parameters() -> None:
    builder = _core.FieldBuilder(2, 1, False)
    x, p = builder.state(), builder.parameter()
    y = builder.apply("tanh", builder.affine(builder.concat([x, p]), np.array([[1.0, -2.0, 1.0], [0.5, 1.0, -1.0]])))
    field = builder.build(y)
    at = np.array([[0.2, 0.21, 0.1, 0.11]])
    wide = specification([(field, 2.0)], parameter_lo=[0.3], parameter_hi=[0.31]).bound(at)
    for value in (0.3, 0.305, 0.31):
        thin = specification([(field, 2.0)], parameter_lo=[value], parameter_hi=[value], method="points").bound(
            np.array([[0.2, 0.2, 0.11, 0.11]])
        )
        assert wide["lower"][0] <= thin["lower"][0]
        assert thin["upper"][0] <= wide["upper"][0]


def test_a_field_that_blows_up_in_part_of_the_box() -> None:
    """x' = x^2, y' = -y: the solution from x0 exists up to 1/x0; its exponents there are -2 log(1 - x0 t)/t or -1."""
    builder = _core.FieldBuilder(2, 0, False)
    x = builder.state()
    field = cn.Field(builder.build(builder.concat([
        builder.apply("square", builder.gather(x, [0])), builder.negate(builder.gather(x, [1]))
    ])))  # fmt: skip
    got = cn.ftle(field, [(-1.0, 2.0), (-1.0, 1.0)], (12, 2), 1.0)
    assert got.proved[:6].all()
    assert not got.proved[8:].any()
    assert all(str(v) != "proved" for v in got.verdicts[8:].ravel())
    assert (got.lower[8:] == -np.inf).all()
    assert (got.upper[8:] == np.inf).all()
    for i in range(6):
        for x0 in (got.axes[0][i], got.axes[0][i + 1]):
            truth = max(-2.0 * np.log(1.0 - x0), -1.0)
            assert got.lower[i, 0] - 1e-12 <= truth <= got.upper[i, 0] + 1e-12
    points = cn.ftle(field, [(-1.0, 2.0), (-1.0, 1.0)], (13, 2), 1.0, method="points")
    assert points.proved[:8].all()
    assert not points.proved[9:].any()


def test_refinement_covers_and_keeps_its_budget() -> None:
    rng = np.random.default_rng(5)
    field = network(rng, 2).build()
    spec = specification([(field, 0.5)], shape=(3, 2), tile=(3, 2), budget=120)
    tile = _core.ftle_tile(spec, 0)
    again = _core.ftle_tile(spec, 0)
    assert all(np.array_equal(tile[k], again[k]) for k in ("lower", "upper", "cell_boxes", "cell_lower"))
    assert 100 < tile["integrated"] <= 120
    boxes, parents = tile["cell_boxes"], tile["cell_parents"]
    edges = [spec.grid(0), spec.grid(1)]
    for parent in range(6):
        own = boxes[parents == parent]
        i, j = divmod(parent, 2)
        area = (edges[0][i + 1] - edges[0][i]) * (edges[1][j + 1] - edges[1][j])
        assert np.isclose(np.sum((own[:, 1] - own[:, 0]) * (own[:, 3] - own[:, 2])), area, rtol=1e-12)
        for z in rng.uniform([edges[0][i], edges[1][j]], [edges[0][i + 1], edges[1][j + 1]], (50, 2)):
            inside = (own[:, 0] <= z[0]) & (z[0] <= own[:, 1]) & (own[:, 2] <= z[1]) & (z[1] <= own[:, 3])
            assert inside.any()
        assert tile["lower"].ravel()[parent] == tile["cell_lower"][parents == parent].min()
        assert tile["upper"].ravel()[parent] == tile["cell_upper"][parents == parent].max()
    coarse = _core.ftle_tile(specification([(field, 0.5)], shape=(3, 2), tile=(3, 2)), 0)
    assert (tile["lower"] >= coarse["lower"]).all()
    assert (tile["upper"] <= coarse["upper"]).all()
    wanted = specification([(field, 0.5)], shape=(3, 2), tile=(3, 2), budget=2_000, width=1.2)
    narrow = _core.ftle_tile(wanted, 0)
    assert (narrow["cell_upper"] - narrow["cell_lower"]).max() <= 1.2
    assert narrow["integrated"] < 2_000


def test_the_difference_of_two_fields_holds_that_of_every_input() -> None:
    """The ODE and its Euler network, refined where each needs it; tighter than the hulls over the cells."""
    rng = np.random.default_rng(8)
    field = cn.Field(network(rng, 2, size=1.0).build())
    box, shape = [(-1.0, 1.0), (-1.0, 1.0)], (3, 2)
    network_of = cn.euler_map(field, 0.125)
    ode = cn.ftle(field, box, shape, 0.5, budget=120)
    euler = cn.ftle(network_of, box, shape, 4, budget=60)
    difference = ode.difference(euler)
    hulls = ode.exponents - euler.exponents
    assert (difference.lo >= hulls.lo).all()
    assert (difference.hi <= hulls.hi).all()
    assert np.mean(difference.width) < 0.9 * np.mean(hulls.width)
    grid = (7, 7)
    a = cn.ftle(field, box, grid, 0.5, method="points")
    b = cn.ftle(network_of, box, grid, 4, method="points")
    points = a.difference(b)
    assert points.width.max() < 1e-9
    for i in range(7):
        for j in range(7):
            x, y = a.axes[0][i], a.axes[1][j]
            ci = int(np.clip(np.searchsorted(ode.axes[0], x, side="right") - 1, 0, 2))
            cj = int(np.clip(np.searchsorted(ode.axes[1], y, side="right") - 1, 0, 1))
            assert difference.lo[ci, cj] <= points.lo[i, j]
            assert points.hi[i, j] <= difference.hi[ci, cj]
    with pytest.raises(ValueError, match="different grids"):
        ode.difference(cn.ftle(field, box, (2, 2), 0.5))


def test_tiles_are_parts_of_one_grid() -> None:
    field = network(np.random.default_rng(6), 2).build()
    whole = _core.ftle_tile(specification([(field, 1.0)], method="points", shape=(7, 5), tile=(7, 5)), 0)
    spec = specification([(field, 1.0)], method="points", shape=(7, 5), tile=(3, 2))
    assert spec.tiles == 9
    for k in range(spec.tiles):
        a, b, c, d = spec.tile_range(k)
        part = _core.ftle_tile(spec, k)
        assert np.allclose(part["lower"], whole["lower"][a:b, c:d], atol=1e-9)
        assert (part["lower"] <= whole["upper"][a:b, c:d]).all()
        assert (part["upper"] >= whole["lower"][a:b, c:d]).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lower": [1.0, -1.0]}, "no positive side on axis 0: from 1 to 1"),
        ({"lower": [2.0, -1.0]}, "no positive side on axis 0: from 2 to 1"),
        ({"shape": (0, 2)}, "the shape has 0 entries on axis 0"),
        ({"encoder": np.ones((3, 2))}, r"the encoder has shape \(3, 2\), the field needs \(2, 2\)"),
        ({"encoder": np.zeros((2, 2))}, "the encoder is 0"),
        ({"encoder": np.eye(2), "offset": [1.0]}, "the offset has 1 entries, the field has dimension 2"),
        ({"derivative_order": 3}, "order 1 or 2, not 3"),
        ({"lower": [1.0, -1.0], "upper": [np.nextafter(1.0, 2.0), 1.0], "shape": (4, 4)}, "more than doubles"),
    ],
)
def test_refusals(change: dict[str, Any], message: str) -> None:
    field = network(np.random.default_rng(7), 2).build()
    with pytest.raises(ValueError, match=message):
        specification([(field, 1.0)], **change)
    with pytest.raises(ValueError, match=r"durations must be finite, not 0"):
        specification([(field, 0.0)])
    with pytest.raises(ValueError, match=r"dimension 3: pass an encoder of shape \(3, 2\)"):
        specification([(network(np.random.default_rng(7), 3).build(), 1.0)])


def bound_points(spec: Any, points: Any) -> Any:
    return spec.bound(np.stack([points[:, 0], points[:, 0], points[:, 1], points[:, 1]], 1))


def moons(**options: Any) -> Any:
    return specification([(_core.Field.load(MOONS), 10.0)], lower=[-2.0, -2.0], upper=[2.0, 2.0], **options)


def test_the_trained_network_cell_by_cell() -> None:
    """Cells of all sizes over the plane; the exponents of their points, a thin interval each, lie inside."""
    rng = np.random.default_rng(12)
    points = moons(method="points")
    for way in ({"set_degree": 2}, {"set_degree": 1}, {"area_width": 4e-5}):
        cells = moons(**way)
        boxes = np.vstack([boxes_about(rng, rng.uniform(-1.9, 1.9, (8, 2)), r) for r in (0.05, 0.01, 0.002)])
        got = cells.bound(boxes)
        assert (got["verdicts"][8:] == PROVED).sum() >= 12
        for k, box in enumerate(boxes):
            inside = bound_points(points, members(rng, box, 20))
            assert (inside["verdicts"] == PROVED).all()
            assert (inside["lower"] >= got["lower"][k]).all()
            assert (inside["upper"] <= got["upper"][k]).all()


def test_the_trained_network_at_points_of_a_grid() -> None:
    field = cn.Field.load(MOONS)
    got = cn.ftle(field, [(-2, 2), (-2, 2)], (20, 20), 10.0, method="points")
    assert got.proved.all()
    assert got.width.max() <= 1e-9
    z = np.stack(np.meshgrid(*got.axes, indexing="ij"), -1).reshape(-1, 2)
    batch = cn.integrate(field, z, 10.0, derivative=True, tolerance=1e-14).value
    floats = np.log(np.linalg.svd(batch.derivative.mid, compute_uv=False)[:, 0]).reshape(20, 20) / 10.0
    assert (floats + 1e-12 >= got.lower).all()
    assert (floats - 1e-12 <= got.upper).all()


@pytest.mark.long
def test_the_whole_field_of_the_trained_network() -> None:
    """Mean width by area at most 0.02 from at most 4 10^5 cells, what is not bounded counted in full; the exponents of
    10^5 random points in the intervals of their cells."""
    field = cn.Field.load(MOONS)
    got = cn.ftle(field, [(-2, 2), (-2, 2)], (20, 20), 10.0, budget=100_000, area_width=4e-5, tile=(4, 4))
    assert got.integrated <= 100_000
    assert got.mean_width <= 0.02
    z = np.random.default_rng(13).uniform(-2, 2, (100_000, 2))
    points = bound_points(moons(method="points"), z)
    cells = got.at(z)
    assert (points["lower"] >= cells.lo).all()
    assert (points["upper"] <= cells.hi).all()
