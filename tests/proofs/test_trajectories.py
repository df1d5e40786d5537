"""Trajectories of the literature: enclosed, tight, consistent with one another; and what must be refused is refused.

"Meets": the enclosure meets the printed value +- one unit of its last digit.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flint import arb

import flow_fields
from capnode.field import Field
from capnode.integrate import integrate, parallelepiped
from capnode.interval_array import IntervalArray, interval
from capnode.result import Verdict

ARRAY = np.ndarray[Any, Any]


def meets(enclosure: IntervalArray, printed: list[str]) -> bool:
    unit = [10.0 ** -len(text.partition(".")[2]) for text in printed]
    value = interval(printed)
    return not enclosure.disjoint(IntervalArray(value.lo - unit, value.hi + unit)).any()


def proved(*args: Any, **options: Any) -> Any:
    return integrate(*args, **options).require()


def trajectory_case(name: str, shared: Path) -> tuple[Field, ARRAY, float, list[str], float]:
    """Field, initial point, time, printed value, the width that must be reached relative to max(1, |x|)."""
    if name == "lorenz":
        return flow_fields.lorenz(), np.ones(3), 1.0, ["-9.3785700109", "-8.3570337884", "29.3623253373"], 1e-11
    if name == "van der pol":
        return flow_fields.van_der_pol(), np.array([1.4, 2.4]), 7.0, ["1.8724296484", "0.9948328603"], 1e-11
    if name == "laub-loomis":
        printed = ["0.8800266322", "0.3559002908", "0.5760481099", "2.7387690740", "0.2213471692", "0.0845856285",
                   "0.2722416127"]  # fmt: skip
        return flow_fields.laub_loomis(), flow_fields.LAUB_LOOMIS_CENTRE, 20.0, printed, 1e-10
    if name.startswith("spiral"):
        printed = {
            "spiral 1": ["-0.5581886198532", "1.7226542272878"],
            "spiral 4": ["0.2951448842899", "1.3198149481444"],
            "spiral 10": ["0.5562778228221", "0.4906425436323"],
        }[name]
        return flow_fields.spiral(shared), np.array([2.0, 0.0]), float(name.split()[1]), printed, 1e-11
    field, x0 = flow_fields.fpa(shared)
    printed = {
        "fpa 0.5": ["-0.3636999684912", "-0.3790343962475", "0.0749406327163", "0.4937097353273", "1.3167679335156"],
        "fpa 10": ["-1.4011918728534", "-2.0578216212405", "-1.0089368301482", "0.0434998006366", "2.5301304372858"],
    }[name]
    return field, x0, float(name.split()[1]), printed, 1e-11


NAMES = ["lorenz", "van der pol", "laub-loomis", "spiral 1", "spiral 4", "spiral 10", "fpa 0.5", "fpa 10"]


@pytest.mark.parametrize("name", NAMES)
def test_reference_trajectories(name: str, shared: Path) -> None:
    field, x0, t, printed, width = trajectory_case(name, shared)
    value = proved(field, x0, t)
    assert meets(value.final, printed)
    assert value.width <= width * max(1.0, float(np.max(np.abs(value.final.mid))))


@pytest.mark.parametrize(("name", "radius", "t"), [
    ("spiral 10", 0.01, 10.0), ("fpa 10", 0.01, 10.0), ("laub-loomis", 1e-3, 5.0), ("lorenz", 1e-3, 2.0),
])  # fmt: skip
def test_boxes_hold_their_points(name: str, radius: float, t: float, shared: Path) -> None:
    """Points of the box, and all its corners in few dimensions, end inside; and the box is not much wider than that."""
    field, x0, *_ = trajectory_case(name, shared)
    box = proved(field, IntervalArray(x0 - radius, x0 + radius), t)
    rng = np.random.default_rng(3)
    points = np.clip(x0 + radius * rng.choice([-1.0, 1.0, 0.3], (100, len(x0))), x0 - radius, x0 + radius)
    ends = proved(field, points, t).final
    assert ends.subset(box.final).all()
    # Loose: the width against the hull of many samples is measured by benchmarks.
    hull = np.max(ends.hi, axis=0) - np.min(ends.lo, axis=0)
    assert float(np.max(box.final.width)) <= 4.0 * float(np.max(hull))


def test_liouville(shared: Path) -> None:
    """log det Y = integral of the trace of J; for Lorenz the trace is constant, -(10 + 1 + 8/3)."""
    Y = proved(flow_fields.lorenz(), np.ones(3), 0.5, derivative=True).derivative
    determinant = (
        Y[0, 0] * (Y[1, 1] * Y[2, 2] - Y[1, 2] * Y[2, 1])
        - Y[0, 1] * (Y[1, 0] * Y[2, 2] - Y[1, 2] * Y[2, 0])
        + Y[0, 2] * (Y[1, 0] * Y[2, 1] - Y[1, 1] * Y[2, 0])
    )
    exact = (arb(-41) / 6).exp()
    assert arb(float(determinant.lo)) < exact < arb(float(determinant.hi))
    assert float(determinant.width) < 1e-9


@pytest.mark.parametrize("name", ["lorenz", "van der pol", "laub-loomis", "spiral 1", "fpa 0.5"])
def test_flow_property(name: str, shared: Path) -> None:
    """Phi(s + t) meets Phi(t) after Phi(s), and going back returns; the derivatives multiply."""
    field, x0, *_ = trajectory_case(name, shared)
    s, t = 0.375, 0.8125
    whole = proved(field, x0, s + t, derivative=True)
    first = proved(field, x0, s, derivative=True)
    second = proved(field, first.final, s + t, t0=s, derivative=True)
    assert not whole.final.disjoint(second.final).any()
    product = interval(np.zeros((len(x0), len(x0))))
    for k in range(len(x0)):
        product = product + second.derivative[:, k].reshape(-1, 1) * first.derivative[k].reshape(1, -1)
    assert not whole.derivative.disjoint(product).any()
    back = proved(field, whole.final, 0.0, t0=s + t)
    assert back.final.contains(x0).all()


def test_orders_and_tolerances_meet(shared: Path) -> None:
    field = flow_fields.spiral(shared)
    finals = [
        proved(field, [2.0, 0.0], 3.0, order=order, tolerance=tolerance).final
        for order in (8, 12, None, 30)
        for tolerance in (1e-8, 1e-12, 1e-15)
    ]
    assert all(not a.disjoint(b).any() for a in finals for b in finals)


def test_dense_output(shared: Path) -> None:
    field = flow_fields.spiral(shared)
    run = proved(field, [2.0, 0.0], 10.0)
    assert meets(run.enclosure(1.0), ["-0.5581886198532", "1.7226542272878"])
    assert meets(run.enclosure([4.0])[0], ["0.2951448842899", "1.3198149481444"])
    grid = np.linspace(0.0, 10.0, 41)
    points = run.enclosure(grid)
    assert points.shape == (41, 2)
    assert float(np.max(points.width)) < 1e-11
    spans = run.enclosure(IntervalArray(grid[:-1], grid[1:]))
    assert points[:-1].subset(spans).all()
    assert points[1:].subset(spans).all()
    fine = run.enclosure(np.linspace(0.0, 10.0, 4001))
    hull = np.stack([np.max(fine.hi[k * 100 : k * 100 + 101], axis=0) for k in range(40)])
    assert (hull <= spans.hi).all()
    assert (spans.hi - hull < 2e-2).all()  # and not much wider than the curve
    whole = run.enclosure(interval(0.0, 10.0))
    assert fine.subset(whole).all()
    asked = proved(field, [2.0, 0.0], [1.0, 4.0, 10.0])
    assert asked.times.tolist() == [1.0, 4.0, 10.0]
    assert not asked.states.disjoint(run.enclosure([1.0, 4.0, 10.0])).any()
    for outside in (-1e-9, 10.0000001):
        with pytest.raises(ValueError, match="enclosed for times"):
            run.enclosure(outside)


def test_steps_that_are_not_kept() -> None:
    run = proved(flow_fields.van_der_pol(), [1.4, 2.4], 7.0, dense=False)
    whole = proved(flow_fields.van_der_pol(), [1.4, 2.4], 7.0)
    assert run.final.lo.tobytes() == whole.final.lo.tobytes()
    assert run.times.tolist() == [7.0]
    assert run.states.shape == (1, 2)
    with pytest.raises(ValueError, match="dense=True"):
        run.enclosure(1.0)


def test_parallelepiped() -> None:
    """The skewed set maps into its own enclosure, which is narrower than that of its bounding box."""
    field = flow_fields.van_der_pol()
    M = np.array([[1.0, 0.999], [0.5, 0.501]])
    box = interval([-0.01, -0.02], [0.03, 0.02])
    skew = proved(field, parallelepiped([1.4, 2.4], M, box), 1.0).final
    rng = np.random.default_rng(5)
    b = rng.uniform(box.lo, box.hi, (50, 2))
    points = np.array([1.4, 2.4]) + b @ M.T
    inside = IntervalArray(points - 1e-15, points + 1e-15)  # b @ M.T rounds
    assert all(not proved(field, inside[k], 1.0).final.disjoint(skew).any() for k in range(0, 50, 10))
    centre = np.array([1.4, 2.4])
    radius = np.abs(M) @ np.maximum(np.abs(box.lo), np.abs(box.hi))
    around = proved(field, IntervalArray(centre - radius, centre + radius), 1.0).final
    assert (skew.width < around.width).all()


def test_uncertain_parameters() -> None:
    """Roessler with decimals as intervals; each end of the parameters is inside."""
    field = flow_fields.roessler()
    x0 = np.array([0.0, -8.38, 0.0296])
    wide = proved(field, x0, 3.0, interval([5.69, 0.199], [5.71, 0.201])).final
    for p in ([5.69, 0.199], [5.71, 0.201], [5.7, 0.2]):
        assert proved(field, x0, 3.0, p).final.subset(wide).all()
    decimals = proved(field, x0, 3.0, interval(["5.7", "0.2"])).final
    assert float(np.max(decimals.width)) < 1e-11


def test_a_lane_of_its_own_parameter() -> None:
    field = flow_fields.roessler()
    x = np.tile([0.0, -8.38, 0.0296], (9, 1))
    p = np.stack([np.linspace(5.0, 6.0, 9), np.full(9, 0.2)], axis=1)
    batch = proved(field, x, 2.0, p)
    for k in (0, 4, 8):
        assert not proved(field, x[k], 2.0, p[k]).final.disjoint(batch.final[k]).any()


# ---- refusals: a verdict or a ValueError with numbers, and what was proved is kept ---------------------------------


def test_finite_time_blow_up() -> None:
    square = flow_fields.scalar_field(1, 0, lambda x: [x * x])
    result = integrate(square, [1.0], 2.0, derivative=True)
    assert not result.proved
    assert result.verdict is not Verdict.proved
    assert 0.99 < result.value.reached < 1.0
    assert "of 2.0" in result.detail
    t = 0.75
    assert result.value.enclosure(t).contains(1.0 / (1.0 - t)).all()
    assert result.value.final.lo[0] <= 1.0 / (1.0 - result.value.reached) <= result.value.final.hi[0] * (1 + 1e-3)


@pytest.mark.parametrize("name", ["log", "sqrt", "reciprocal"])
def test_leaving_the_domain(name: str) -> None:
    """Fields that drive x to 0, where they are no longer defined, in finite time."""
    slopes = {
        "log": lambda x: [x.apply("log") - 1.0],
        "sqrt": lambda x: [-1.0 * x.apply("sqrt") - 1.0],
        "reciprocal": lambda x: [-1.0 * x.apply("reciprocal")],
    }
    result = integrate(flow_fields.scalar_field(1, 0, slopes[name]), [0.5], 100.0, max_steps=5000)
    assert not result.proved
    assert 0.1 < result.value.reached < 1.0
    assert result.value.final.lo[0] > 0.0


def test_a_stable_equilibrium_is_held_for_long() -> None:
    """x' = -log x - 1 from 0.9 goes to 1/e, where the solution stands still but its tangents do not."""
    field = flow_fields.scalar_field(1, 0, lambda x: [-1.0 * x.apply("log") - 1.0])
    value = proved(field, [0.9], 300.0, derivative=True)
    assert value.final.contains(np.exp(-1.0)).all()
    assert value.width < 1e-14
    assert float(abs(value.derivative).hi[0, 0]) < 1e-12


def test_deep_saturation_takes_few_steps() -> None:
    rng = np.random.default_rng(79)
    field = flow_fields.network([(rng.normal(size=(3, 3)), None, "tanh")], minus_state=1.0)
    value = proved(field, 1e5 * rng.normal(size=3), 1.5)
    assert value.steps < 30


def test_a_set_across_the_domain() -> None:
    field = flow_fields.scalar_field(1, 0, lambda x: [x.apply("reciprocal")])
    result = integrate(field, interval([-0.1], [2.0]), 1.0)
    assert not result.proved
    assert result.value.reached == 0.0
    assert result.value.final.lo[0] <= -0.1


def test_a_set_too_wide() -> None:
    result = integrate(flow_fields.lorenz(), interval([-20.0] * 3, [20.0] * 3), 5.0, max_seconds=20.0)
    assert not result.proved
    assert result.value.reached < 5.0


def test_budgets() -> None:
    steps = integrate(flow_fields.lorenz(), np.ones(3), 100.0, max_steps=7)
    assert not steps.proved
    assert steps.value.steps == 7
    assert "7" in steps.detail
    assert not steps.value.enclosure(steps.value.reached).disjoint(steps.value.final).any()
    begin = time.monotonic()
    seconds = integrate(flow_fields.van_der_pol(), [1.4, 2.4], 1e9, max_steps=10**9, max_seconds=0.3)
    assert time.monotonic() - begin < 5.0
    assert seconds.verdict is Verdict.interrupted
    assert seconds.value.reached > 0.0


def test_lanes_that_fail_keep_what_they_proved() -> None:
    square = flow_fields.scalar_field(1, 0, lambda x: [x * x])
    x = np.array([[0.1], [1.0], [0.2], [2.0], [-3.0], [0.3]])
    result = integrate(square, x, 2.0)
    assert not result.proved
    batch = result.value
    assert batch.proved.tolist() == [True, False, True, False, True, True]
    assert "2 of 6 lanes" in result.detail
    exact = x[:, 0] / (1.0 - 2.0 * x[:, 0])
    distance = np.abs(batch.final.mid[:, 0] - exact)
    assert (distance[batch.proved] < 1e-10).all()
    assert 0.49 < batch.reached[3] < 0.5 < 0.99 < batch.reached[1] < 1.0


@pytest.mark.parametrize(("t", "words"), [
    (0.0, "zero length"), ([0.0], "zero length"), ([1.0, 0.5], "monotone"), ([1.0, 1.0], "monotone"),
    ([-1.0, 1.0], "one side"), (np.nan, "finite"), ([], "shape"), ([[1.0]], "shape"), (np.inf, "finite"),
])  # fmt: skip
def test_times_that_are_none(t: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        integrate(flow_fields.van_der_pol(), [1.0, 1.0], t)


@pytest.mark.parametrize(("changes", "words"), [
    ({"x0": [np.nan, 1.0]}, "finite"), ({"x0": [1.0]}, "shape"), ({"x0": np.zeros((0, 2))}, "shape"),
    ({"x0": [1.0, np.inf]}, "finite"), ({"x0": interval([0.0, 0.0], [1.0, np.inf])}, "bounded"),
    ({"p": 1.0}, "0 parameters"), ({"order": 2}, "order"), ({"order": 61}, "order"), ({"tolerance": 0.0}, "tolerance"),
    ({"tolerance": np.nan}, "tolerance"), ({"engine": "x"}, "engine"),
    ({"step": "euler"}, "step"), ({"max_steps": 0}, "max_steps"), ({"max_seconds": 0.0}, "max_seconds"),
    ({"t0": np.nan}, "finite"),
])  # fmt: skip
def test_misuse(changes: dict[str, Any], words: str) -> None:
    arguments: dict[str, Any] = {"x0": [1.0, 1.0], "t": 1.0} | changes
    with pytest.raises(ValueError, match=words):
        integrate(flow_fields.van_der_pol(), **arguments)


def test_ctrl_c_within_a_second() -> None:
    threading.Timer(0.4, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    begin = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        integrate(flow_fields.van_der_pol(), [1.4, 2.4], 1e9, max_steps=10**9, max_seconds=60.0)
    assert time.monotonic() - begin < 1.4


def test_progress_is_reported_and_its_errors_stop_the_run() -> None:
    told: list[tuple[str, int, int]] = []

    def report(stage: str, done: int, total: int) -> None:
        told.append((stage, done, total))
        if len(told) == 3:
            raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        integrate(flow_fields.van_der_pol(), [1.4, 2.4], 1e6, max_steps=10**9, progress=report)
    assert len(told) == 3


def test_an_end_that_is_no_double_away() -> None:
    """0.7 - 0.1 is not a double: the enclosure holds at 0.7 itself; x' = t - x has x(t) = t - 1 + 1.9 e^-(t - 0.1)."""
    field = flow_fields.scalar_field(1, 0, lambda x, t: [t - x], time=True)
    value = proved(field, [1.0], 0.7, t0=0.1, derivative=True)
    t, t0 = arb(0.7), arb(0.1)
    x = t - 1 + (2 - t0) * (t0 - t).exp()
    Y = (t0 - t).exp()
    assert value.reached == 0.7
    assert arb(float(value.final.lo[0])) < x < arb(float(value.final.hi[0]))
    assert arb(float(value.derivative.lo[0, 0])) < Y < arb(float(value.derivative.hi[0, 0]))
    assert not value.enclosure(0.7).disjoint(value.final).any()


def test_pictures_cover_the_trajectory(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="pictures need the extra `plot`")
    run = proved(flow_fields.van_der_pol(), interval([1.39, 2.39], [1.41, 2.41]), 3.0)
    for components in (None, (0, 1)):
        axes = run.plot(components=components)
        axes.figure.savefig(tmp_path / "tube.png")
        assert (tmp_path / "tube.png").stat().st_size > 10_000
