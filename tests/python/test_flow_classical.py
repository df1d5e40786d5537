"""The classical step: inside the 200-bit oracle's truth, and never apart from the polynomial step."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from capnode.field import Field
from capnode.integrate import integrate
from capnode.interval_array import IntervalArray
from capnode.layered import layered
from capnode.result import Verdict
from flow_cases import ACTIVATIONS, Case, examine, graph_case, network_case, sharp_case
from flow_fields import (
    LAUB_LOOMIS_CENTRE,
    fpa,
    laub_loomis,
    lorenz,
    network,
    roessler,
    scalar_field,
    spiral,
    van_der_pol,
)


def meets(a: IntervalArray, b: IntervalArray) -> bool:
    return not a.disjoint(b).any()


def both(field: Any, x0: Any, t: float, p: Any = None, **options: Any) -> tuple[Any, Any]:
    """The two steps' results, which meet at the end and at times between; the derivatives too."""
    a = integrate(field, x0, t, p, derivative=True, **options)
    b = integrate(field, x0, t, p, derivative=True, step="classical", **options)
    start = options.get("t0", 0.0)
    if a.proved and b.proved:
        assert meets(a.value.final, b.value.final)
        assert meets(a.value.derivative, b.value.derivative)
    common = min(abs(a.value.reached - start), abs(b.value.reached - start)) * 0.999
    times = start + np.sign(t - start) * np.linspace(0.0, common, 11)
    assert meets(a.value.enclosure(times), b.value.enclosure(times))
    return a, b


def check(cases: list[tuple[Case, np.random.Generator]], *, share: float, derivative: bool = True) -> None:
    """Inside: the oracle's value, derivative and 6 times between. At least `share` of the cases is proved to the end
    and compared."""
    proved = 0
    for case, rng in cases:
        outcome = examine(case, rng, derivative=derivative, times=6, step="classical", max_steps=500)
        assert not outcome.violations, (case.name, case.order, outcome.violations)
        proved += outcome.compared and outcome.result.proved
    assert proved >= share * len(cases)


def drawn(seeds: range, make: Any) -> list[tuple[Case, np.random.Generator]]:
    cases = []
    for seed in seeds:
        rng = np.random.default_rng(seed)
        cases.append((make(rng, seed), rng))
    return cases


def test_points_through_every_activation() -> None:
    check(drawn(range(700, 700 + len(ACTIVATIONS)), network_case), share=0.7)


def test_points_through_random_graphs() -> None:
    check(drawn(range(710, 722), lambda rng, _: graph_case(rng)), share=0.6)


def test_members_of_sets() -> None:
    check(drawn(range(730, 738), lambda rng, i: network_case(rng, i, width=1e-2)), share=0.4)
    check(drawn(range(740, 746), lambda rng, i: network_case(rng, i, width=1e-5, weight_radius=1e-6)), share=0.5)


@pytest.mark.parametrize("kind", ["point", "segment", "parameter"])
def test_bounds_that_are_nearly_attained(kind: str) -> None:
    """Low orders at loose tolerances, extreme points of segments and of parameters: leaving out the remainder, or the
    spread of the step matrix, or the columns of the parameters makes these fail."""
    check(drawn(range(750, 765), lambda rng, i: sharp_case(rng, i, kind)), share=0.5)


@pytest.mark.parametrize("seed", range(24))
def test_both_steps_on_small_networks(seed: int) -> None:
    rng = np.random.default_rng(7000 + seed)
    n, hidden = int(rng.integers(2, 7)), int(rng.integers(3, 7))
    activation = ["tanh", "sigmoid", "softplus", "sin", "silu", "gelu", "atan", "mish"][seed % 8]
    layers = [
        (1.5 * rng.normal(size=(hidden, n)) / np.sqrt(n), 0.3 * rng.normal(size=hidden), activation),
        (rng.normal(size=(n, hidden)) / np.sqrt(hidden), None, None),
    ]
    field = network(layers, minus_state=float(rng.choice([0.0, 1.0])))
    x, t = rng.normal(size=n), float(rng.choice([-1.0, 1.0]) * rng.uniform(0.5, 3.0))
    a, b = both(field, x, t)
    assert a.proved
    assert b.proved
    assert b.value.width <= 1e-10 * max(1.0, float(np.max(np.abs(b.value.derivative.mid))))
    both(field, IntervalArray(x - 1e-3, x + 1e-3), t)


A_B = (np.array([5.7, 0.2]), 1e-6)
LITERATURE: dict[str, tuple[Any, Any, float, Any, float]] = {
    "lorenz": (lorenz, np.ones(3), 1.0, None, 1e-11),
    "lorenz backward": (lorenz, np.ones(3), -0.3, None, 1e-9),
    "van der pol": (van_der_pol, np.array([2.0, 0.0]), 7.0, None, 1e-11),
    "laub loomis": (laub_loomis, LAUB_LOOMIS_CENTRE, 20.0, None, 1e-10),
    "roessler": (roessler, np.array([0.0, -8.38, 0.0296]), 5.0, IntervalArray(A_B[0] - 1e-6, A_B[0] + 1e-6), 1e-3),
}


@pytest.mark.parametrize("name", LITERATURE)
def test_both_steps_on_the_literature(name: str) -> None:
    make, x, t, p, width = LITERATURE[name]
    a, b = both(make(), x, t, p)
    assert a.proved
    assert b.proved
    assert b.value.width <= width
    _, boxed = both(make(), IntervalArray(x - 1e-4, x + 1e-4), t, p)
    assert boxed.proved


def test_both_steps_on_networks_of_the_literature(shared: Path) -> None:
    net, x = fpa(shared)
    for field, start in ((spiral(shared), np.array([2.0, 0.0])), (net, x)):
        a, b = both(field, start, 10.0)
        assert a.proved
        assert b.proved
        assert b.value.width <= 1e-11 * 4
        assert both(field, IntervalArray(start - 1e-3, start + 1e-3), 5.0)[1].proved


def test_time_dependent_field_and_initial_time() -> None:
    field = scalar_field(2, 1, lambda x, y, a, t: [y + a * t.apply("sin"), -x * t.apply("exp")], time=True)
    a, b = both(field, np.array([1.0, -0.5]), 2.5, IntervalArray([0.999], [1.001]), t0=0.5)
    assert a.proved
    assert b.proved


def test_final_time_whose_distance_is_no_double() -> None:
    _, b = both(van_der_pol(), np.array([2.0, 0.0]), 1.3, t0=0.1)
    assert b.proved
    assert b.value.reached == 1.3


def test_lanes_and_times() -> None:
    x = np.random.default_rng(3).normal(size=(5, 2))
    times = [0.25, 0.5, 1.0]
    batch = integrate(van_der_pol(), x, times, derivative=True, step="classical").require()
    other = integrate(van_der_pol(), x, times, derivative=True).require()
    assert meets(batch.final, other.final)
    assert meets(batch.derivative, other.derivative)
    assert meets(batch.states, other.states)
    one = integrate(van_der_pol(), x[2], 1.0, step="classical").require()
    assert meets(one.final, batch.final[2])


def test_a_bounded_field_always_has_its_box() -> None:
    """|f| <= 1: Picard's box of everything, whatever the step; large weights."""
    rng = np.random.default_rng(5)
    field = network([(8.0 * rng.normal(size=(3, 3)), None, "tanh")])
    _, b = both(field, IntervalArray([-0.1, -0.1, -0.1], [0.1, 0.1, 0.1]), 0.5)
    assert b.value.reached > 0.0
    assert (np.abs(b.value.final.mid) <= 0.6).all() or not b.proved


def blow_up() -> Field:
    return scalar_field(1, 0, lambda x: [x * x])


@pytest.mark.parametrize(
    ("field", "x", "last"),
    [
        (blow_up(), 1.0, 1.0),  # 1 / (1 - t)
        (scalar_field(1, 0, lambda x: [-x.apply("reciprocal")]), 1.0, 0.5),  # sqrt(1 - 2 t)
        (scalar_field(1, 0, lambda x: [x.apply("log") - 1.0]), 0.5, 0.2049450722),  # reaches 0
        (scalar_field(1, 0, lambda x: [-x.apply("sqrt")]), 1.0, 2.0),  # (1 - t / 2)^2
    ],
)
def test_solutions_that_end(field: Field, x: float, last: float) -> None:
    result = integrate(field, np.array([x]), 3.0, step="classical", derivative=True)
    assert result.verdict is Verdict.unbounded
    assert 0.9 * last <= result.value.reached <= last * (1 + 1e-9)
    assert meets(
        result.value.enclosure(0.9 * last), integrate(field, np.array([x]), 0.9 * last).value.final
    )  # proved so far


@pytest.mark.parametrize("rate", [1.0, -1.0, 1.75])
def test_one_step_whose_remainder_counts(rate: float) -> None:
    """exp(t) by a cubic: the remainder of value and derivative must count how both grow within the step."""
    field = scalar_field(1, 0, lambda x: [x * rate])
    result = integrate(field, np.array([1.0]), 1.0, order=3, tolerance=1e9, step="classical", derivative=True).require()
    assert result.steps == 1
    assert result.final.contains(math.exp(rate)).all()
    assert result.derivative.contains(math.exp(rate)).all()
    assert result.width < 10.0


@pytest.mark.parametrize("tolerance", [1.0, 1e3, 1e6, 1e12])
@pytest.mark.parametrize("order", [3, 8])
def test_no_step_leaps_over_a_pole(tolerance: float, order: int) -> None:
    """Tolerances that would accept any remainder: only the a-priori box stands between a step and the pole at 1."""
    result = integrate(blow_up(), np.array([1.0]), 3.0, order=order, tolerance=tolerance, step="classical")
    assert not result.proved
    assert 0.0 < result.value.reached < 1.0
    for t in np.linspace(0.0, result.value.reached, 7)[:-1]:
        assert result.value.enclosure(t).contains(1.0 / (1.0 - t)).all()


def test_start_outside_of_the_domain() -> None:
    result = integrate(scalar_field(1, 0, lambda x: [x.apply("log")]), np.array([-1.0]), 1.0, step="classical")
    assert not result.proved
    assert result.value.reached == 0.0


def test_budgets_and_misuse() -> None:
    limited = integrate(lorenz(), np.ones(3), 50.0, step="classical", max_steps=5)
    assert limited.verdict is Verdict.too_wide
    assert limited.value.steps == 5
    assert 0.0 < limited.value.reached < 50.0
    brief = integrate(lorenz(), np.ones(3), 50.0, step="classical", max_seconds=1e-9)
    assert brief.verdict is Verdict.interrupted
    with pytest.raises(ValueError, match="finite"):
        integrate(lorenz(), [1.0, np.nan, 0.0], 1.0, step="classical")
    with pytest.raises(ValueError, match="step must be one of"):
        integrate(lorenz(), np.ones(3), 1.0, step="euler")
    with pytest.raises(ValueError, match="of the 2 layers"):
        integrate(layered([(lorenz(), 0.5), (lorenz(), 0.5)]), np.ones(3), step="classical")
    with pytest.raises(ValueError, match="order"):
        integrate(lorenz(), np.ones(3), 1.0, step="classical", order=2)
    with pytest.raises(ValueError, match="shape"):
        integrate(lorenz(), np.ones(2), 1.0, step="classical")


def test_a_set_too_wide_to_carry_ends_with_a_verdict() -> None:
    result = integrate(lorenz(), IntervalArray([0.0, 0.0, 20.0], [6.0, 6.0, 30.0]), 5.0, step="classical")
    assert not result.proved
    assert result.value.reached < 5.0
