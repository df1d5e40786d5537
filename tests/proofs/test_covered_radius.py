"""Radii by covers: no sample changes class, counterexamples lie beyond, and what does not hold is refused."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flint import arb

import capnode as cn
from capnode import _core

DATA = Path(__file__).resolve().parents[2] / "examples" / "data"


def moons() -> tuple[cn.Field, cn.Readout]:
    return cn.Field.load(DATA / "moons_2_5_5_2.capnode"), cn.Readout.load(DATA / "moons_2_5_5_2_readout.npz")


def moons_inputs() -> np.ndarray:
    with np.load(DATA / "moons_train.npz") as file:
        return np.asarray(file["points"])


def network(rng: np.random.Generator, n: int, gain: float = 1.0) -> cn.Field:
    """V tanh(W x + b) - x / 2."""
    builder = _core.FieldBuilder(n, 0, False)
    x = builder.state()
    W, V = (gain * rng.standard_normal(shape) / math.sqrt(shape[1]) for shape in ((2 * n, n), (n, 2 * n)))
    y = builder.affine(builder.apply("tanh", builder.affine(x, W, bias=0.3 * rng.standard_normal(2 * n))), V)
    return cn.Field(builder.build(builder.add(y, builder.affine(x, -0.5 * np.eye(n)))))


def in_ball(rng: np.random.Generator, n: int, count: int) -> np.ndarray:
    """Half of them on the sphere."""
    v = rng.standard_normal((count, n))
    v /= np.linalg.norm(v, axis=1)[:, None]
    v[::2] *= rng.random((len(v[::2]), 1)) ** (1.0 / n)
    return v * (1.0 - 1e-12)


def float_classes(field: cn.Field, head: cn.Readout, points: np.ndarray, t: float) -> np.ndarray:
    run = _core.plain_flow(field.core, points, parameter=None, duration=t, order=12, tolerance=1e-10, derivative=False)
    return np.argmax(np.asarray(run["final"]) @ head.weight.T + head.bias, axis=1)


def check(field: cn.Field, head: cn.Readout, t: float, value: cn.RobustRadius, x: Any, count: int) -> None:
    """What a value of the cover says, against samples and the other end of its bracket."""
    x = np.asarray(x)
    points = x + value.radius * in_ball(np.random.default_rng(1), len(x), count)
    assert (float_classes(field, head, points, t) == value.cls).all()
    low, high = value.bracket
    assert low == value.radius
    pair = value.counterexample
    if pair is None:
        assert high == math.inf
        return
    exact = sum(((arb(float(a)) - arb(float(b))) ** 2 for a, b in zip(pair.x, pair.y, strict=True)), arb(0)).sqrt()
    assert exact > value.radius
    assert arb(float(pair.distance.lo)) <= exact <= arb(float(pair.distance.hi))
    assert pair.classes[0] == value.cls != pair.classes[1]
    assert float_classes(field, head, pair.y[None], t)[0] == pair.classes[1]


def test_the_moons_are_bracketed_within_a_thousandth() -> None:
    field, head = moons()
    for k, x in enumerate(moons_inputs()[:4]):
        value = cn.robust_radius(field, head, x, 10.0).require()
        assert value.method == "cover"
        assert value.bracket[0] >= 0.999 * value.bracket[1]
        check(field, head, 10.0, value, x, 10_000 if k == 0 else 500)


@pytest.mark.parametrize(
    ("n", "seed", "options"),
    [
        (1, 5, {}),
        (2, 2, {}),
        (2, 3, {"set_degree": 3}),
        (3, 4, {"accuracy": 0.1}),
        (3, 6, {"threads": 2}),
        (4, 3, {"accuracy": 0.1}),
        (4, 7, {"accuracy": 0.1, "set_degree": 2}),
    ],
)
def test_every_dimension_is_bracketed(n: int, seed: int, options: dict[str, Any]) -> None:
    rng = np.random.default_rng(seed)
    field, head = network(rng, n), cn.readout(rng.standard_normal((3, n)), 0.1 * rng.standard_normal(3))
    x = rng.standard_normal(n)
    value = cn.robust_radius(field, head, x, 1.0, method="cover", **options).require()
    norm = cn.robust_radius(field, head, x, 1.0, method="norm").require()
    low, high = value.bracket
    assert low > (1.0 - options.get("accuracy", 0.01)) * high
    assert norm.radius < high
    assert value.gradient_at_input == pytest.approx(norm.gradient_at_input, rel=1e-6)
    check(field, head, 1.0, value, x, 4000)


@pytest.mark.long
def test_many_random_networks_are_bracketed() -> None:
    for seed in range(60):
        rng = np.random.default_rng(100 + seed)
        n = int(rng.integers(1, 5))
        field, head = network(rng, n, 1.3), cn.readout(rng.standard_normal((3, n)), 0.1 * rng.standard_normal(3))
        x, t = rng.standard_normal(n), float(rng.choice([-1.0, 0.5, 2.0]))
        result = cn.robust_radius(field, head, x, t, method="cover", accuracy=0.1, budget=20_000)
        if result.value is not None:
            check(field, head, t, result.value, x, 2000)


def test_a_radius_is_the_distance_of_the_boundary_where_that_is_known() -> None:
    """x' = A x in three dimensions: the boundary is a plane, and few boxes are enough."""
    A = np.array([[0.1, -1.0, 0.0], [1.0, 0.1, 0.3], [0.0, 0.2, -0.4]])
    builder = _core.FieldBuilder(3, 0, False)
    field = cn.Field(builder.build(builder.affine(builder.state(), A)))
    x = np.array([1.0, 0.2, -0.3])
    value = cn.robust_radius(field, [[1.0, 0.0, 0.5], [0.0, 0.0, 0.0]], x, 1.0, method="cover").require()
    row = np.array([1.0, 0.0, 0.5]) @ np.linalg.matrix_power(np.eye(3) + A / 2**20, 2**20)
    distance = abs(row @ x) / np.linalg.norm(row)
    assert 0.999 * distance < value.radius < distance * (1.0 + 1e-5)
    assert value.boxes is not None
    assert value.boxes < 100


def test_the_nearest_of_two_boundaries_counts() -> None:
    """The class is the sign of 1 - |x|^2 (by u = |x|^2 - 1, u' = 0): a circle seen from inside, 0.7 away."""
    builder = _core.FieldBuilder(3, 0, False)
    s = builder.state()
    x, y = builder.gather(s, [0]), builder.gather(s, [1])
    squares = builder.add(builder.multiply(x, x), builder.multiply(y, y))
    zero = builder.subtract(x, x)
    field = cn.Field(builder.build(builder.concat([zero, zero, squares])))  # z(1) = z(0) + x^2 + y^2
    value = cn.robust_radius(field, [[0.0, 0.0, 1.0]], [0.3, 0.0, -1.0], 1.0, method="cover", accuracy=0.02).require()
    # the nearest point of z = -(x^2 + y^2)
    angle = np.linspace(-2.0, 2.0, 400_001)
    distance = float(np.min(np.hypot(angle - 0.3, 1.0 - angle**2)))
    assert 0.98 * distance <= value.radius <= distance
    assert value.bracket[1] >= distance * (1.0 - 1e-9)


def test_a_radius_too_large_is_refuted_and_a_smaller_one_is_proved() -> None:
    field, head = moons()
    x = moons_inputs()[3]
    low, high = cn.robust_radius(field, head, x, 10.0).require().bracket
    for method in ("cover", "auto"):
        result = cn.robust_radius(field, head, x, 10.0, method=method, radius=1.01 * high)
        assert result.verdict is cn.Verdict.counterexample
        assert result.value is None
        assert "is proved to have the class" in result.detail
        assert cn.robust_radius(field, head, x, 10.0, method=method, radius=0.99 * low).require().radius >= 0.99 * low
    for wanted in (0.05, 0.1, math.nextafter(0.1, 1.0), 0.1234):
        assert cn.robust_radius(field, head, x, 10.0, method="cover", radius=wanted).require().radius >= wanted
    between = cn.robust_radius(field, head, x, 10.0, radius=0.9999 * high, method="cover", budget=50)
    assert between.verdict is cn.Verdict.too_wide
    assert "was asked for" in between.detail
    norm = cn.robust_radius(field, head, x, 10.0, method="norm", radius=high)
    assert norm.verdict is cn.Verdict.too_wide
    assert "could not be certified by norms" in norm.detail
    assert cn.robust_radius(field, head, x, 10.0, method="norm", radius=0.02).require().radius == 0.02


def test_budget_and_time_cost_sharpness_only() -> None:
    field, head = moons()
    x = moons_inputs()[0]
    sharp = cn.robust_radius(field, head, x, 10.0).require()
    last = 0.0
    for budget in (100, 400, 800):
        value = cn.robust_radius(field, head, x, 10.0, method="cover", budget=budget).require()
        assert value.boxes == budget
        assert "budget" in value.ended
        assert last <= value.radius < sharp.bracket[1]
        last = value.radius
    late = cn.robust_radius(field, head, x, 10.0, method="cover", max_seconds=1e-9)
    assert not late.proved


def test_weights_and_parameters_that_are_not_known_exactly() -> None:
    """Between the radius for all of them and the distance at which none keeps the class the bracket stays open."""
    builder = _core.FieldBuilder(2, 1, True)
    x, v = builder.gather(builder.state(), [0]), builder.gather(builder.state(), [1])
    push = builder.multiply(builder.parameter(), builder.apply("sin", builder.time()))
    field = cn.Field(builder.build(builder.concat([v, builder.subtract(push, builder.apply("sin", x))])))
    head = np.array([[1.0, 0.2], [0.0, 0.3]])
    few = {"t0": 0.3, "method": "cover", "accuracy": 0.02}
    exact = [cn.robust_radius(field, head, [1.0, 0.2], 1.0, p, **few).require() for p in (0.45, 0.55)]
    both = cn.robust_radius(field, head, [1.0, 0.2], 1.0, cn.IntervalArray([0.45], [0.55]), budget=2000, **few)
    value = both.require()
    low, high = value.bracket
    assert low <= min(e.bracket[1] for e in exact)
    assert low >= 0.9 * min(e.bracket[0] for e in exact)
    assert high >= max(e.bracket[0] for e in exact)


def test_layers_and_backward_time() -> None:
    rng = np.random.default_rng(7)
    field, other = network(rng, 2), network(rng, 2)
    head, x = cn.readout(rng.standard_normal((2, 2))), rng.standard_normal(2)
    value = cn.robust_radius(cn.layered([(field, 0.5), (other, 0.5)]), head, x, method="cover").require()
    middle = cn.robust_radius(cn.layered([(field, 0.5), (field, 0.5)]), head, x, method="cover").require()
    single = cn.robust_radius(field, head, x, 1.0, method="cover").require()
    assert value.bracket[0] > 0.99 * value.bracket[1]
    assert middle.bracket[0] < single.bracket[1]
    assert single.bracket[0] < middle.bracket[1]
    back = cn.robust_radius(field, head, x, -0.5, method="cover").require()
    check(field, head, -0.5, back, x, 2000)


def test_what_is_refused() -> None:
    field, head = moons()
    x = moons_inputs()[0]
    for options, message in (
        ({"method": "boxes"}, "'auto', 'norm' or 'cover', not 'boxes'"),
        ({"radius": -1.0}, "positive and finite, not -1.0"),
        ({"accuracy": 0.0}, "between 0 and 1, not 0.0"),
        ({"budget": 0}, "budget must be at least 1, not 0"),
        ({"threads": -1}, "threads must be at least 0, not -1"),
    ):
        with pytest.raises(ValueError, match=message):
            cn.robust_radius(field, head, x, 10.0, **options)  # type: ignore[arg-type]
    builder = _core.FieldBuilder(2, 0, False)
    still = cn.Field(builder.build(builder.affine(builder.state(), -np.eye(2))))
    result = cn.robust_radius(still, cn.readout(np.eye(2)), [0.5, 0.5], 1.0, method="cover")
    assert result.verdict is cn.Verdict.too_wide
    assert "class of the input" in result.detail
    builder = _core.FieldBuilder(1, 0, False)
    grows = cn.Field(builder.build(builder.power(builder.state(), 2)))
    lost = cn.robust_radius(grows, cn.readout([[1.0], [-1.0]]), [1.0], 2.0, method="cover")
    assert lost.verdict is cn.Verdict.lost
    ten = network(np.random.default_rng(1), 10)
    assert cn.robust_radius(ten, np.eye(10), np.arange(10.0), 0.1).require().method == "norm"


def test_progress_and_what_it_raises() -> None:
    field, head = moons()
    seen: list[int] = []
    cn.robust_radius(
        field, head, moons_inputs()[0], 10.0, accuracy=1e-4, progress=lambda _, done, total: seen.append(done)
    )
    assert all(0 <= done <= 1000 for done in seen)

    def stop(stage: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    rng = np.random.default_rng(2)
    with pytest.raises(KeyboardInterrupt):
        cn.robust_radius(network(rng, 4, 2.0), np.eye(4), rng.standard_normal(4), 3.0, progress=stop)


def test_threads_do_not_change_the_answer() -> None:
    field, head = moons()
    one, three = (
        cn.robust_radius(field, head, moons_inputs()[0], 10.0, threads=threads).require() for threads in (1, 3)
    )
    assert one.bracket == three.bracket
    assert one.boxes == three.boxes
