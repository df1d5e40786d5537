"""The referee's own table of functions: derivatives against differences at 300 bits, containment on balls."""

from __future__ import annotations

import random

import flint
import pytest
from flint import arb

from capnode import _core
from capnode.verification.functions import TABLE, derivatives, integer_power, power_derivatives

ON_THE_RIGHT = {"log", "sqrt", "reciprocal"}


def test_the_tables_name_the_same_functions() -> None:
    assert set(TABLE) == set(_core.elementwise_functions())


def argument(name: str, rng: random.Random) -> float:
    return rng.uniform(0.05, 3.0) if name in ON_THE_RIGHT else rng.uniform(-6.0, 6.0)


@pytest.mark.parametrize("name", sorted(TABLE))
def test_derivatives_are_those_of_the_value(name: str) -> None:
    rng = random.Random(1)
    with flint.ctx.workprec(300):
        step = arb(2) ** -80
        for _ in range(40):
            x = arb(argument(name, rng))
            here, after, before = derivatives(name, x), derivatives(name, x + step), derivatives(name, x - step)
            for k in range(3):
                difference = (after[k] - before[k]) / (2 * step)
                assert abs(float(difference - here[k + 1])) < 1e-15 * max(1.0, abs(float(difference)))


@pytest.mark.parametrize("name", sorted(TABLE))
def test_balls_contain_the_values_of_their_points(name: str, cases: int) -> None:
    rng = random.Random(2)
    for _ in range(100 * cases):
        x = argument(name, rng)
        radius = 10.0 ** rng.uniform(-12, 0.5)
        if name in ON_THE_RIGHT:
            radius = min(radius, x / 2)
        over = derivatives(name, arb(x, radius))
        for t in (-1.0, 1.0, rng.uniform(-1, 1)):
            at = derivatives(name, arb(x) + arb(radius) * t)
            for k in range(4):
                assert over[k].contains(at[k].mid()), f"{name}, derivative {k}, at {x} +- {radius}"
                assert over[k].is_finite()


@pytest.mark.parametrize("k", [-4, -1, 0, 1, 2, 3, 7])
def test_powers(k: int) -> None:
    rng = random.Random(3)
    for _ in range(100):
        x, radius = rng.uniform(-2, 2), 10.0 ** rng.uniform(-9, -0.5)
        if k < 0 and abs(x) <= radius:
            assert not integer_power(arb(x, radius), k).is_finite()
            continue
        y = arb(x) + arb(radius) * rng.uniform(-1, 1)
        over, at = power_derivatives(arb(x, radius), k), power_derivatives(y, k)
        assert all(a.contains(b.mid()) for a, b in zip(over, at, strict=True))
