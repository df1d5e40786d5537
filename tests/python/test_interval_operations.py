"""+ - * / reciprocal square sqrt powers: the *tightest* enclosures, compared with exact rationals. A dropped rounding,
or one step too many, fails here; powers are contained and at most two steps wider."""

from __future__ import annotations

import math

import numpy as np
import pytest
from flint import fmpq

from capnode import _core
from number_oracle import FloatArray, nearest, rational, tightest

OPERATIONS = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
}


def draw(rng: np.random.Generator, n: int) -> FloatArray:
    """Numbers of every size: ordinary, short (exact results), subnormal, huge, zero, the largest."""
    kinds = rng.integers(0, 7, n)
    ordinary = rng.normal(size=n)
    short = rng.integers(-50, 50, n) / 8.0
    wide = rng.normal(size=n) * 2.0 ** rng.integers(-1000, 1000, n)
    tiny = rng.integers(-9, 10, n) * 5e-324 * 2.0 ** rng.integers(0, 30, n)
    near_unit = 1.0 + rng.integers(-8, 9, n) * 2.0**-53
    largest = rng.choice([-1.0, 1.0], n) * np.finfo(float).max * (1 - rng.integers(0, 4, n) * 2.0**-53)
    return np.choose(kinds, [ordinary, short, wide, tiny, near_unit, largest, ordinary * 2.0**-530])


def draw_intervals(rng: np.random.Generator, n: int) -> tuple[FloatArray, FloatArray]:
    a, b = draw(rng, n), draw(rng, n)
    b = np.where(rng.random(n) < 0.4, a, b)
    with np.errstate(over="ignore"):
        b = np.where(rng.random(n) < 0.2, a * (1 + 2.0**-51), b)
    b = np.clip(b, -np.finfo(float).max, np.finfo(float).max)
    return np.minimum(a, b), np.maximum(a, b)


@pytest.mark.parametrize("name", OPERATIONS)
def test_binary_operations_are_tightest(name: str, cases: int) -> None:
    rng = np.random.default_rng(11)
    n = 8000 * cases
    alo, ahi = draw_intervals(rng, n)
    blo, bhi = draw_intervals(rng, n)
    if name == "divide":
        keep = (blo > 0) | (bhi < 0)
        alo, ahi, blo, bhi = (x[keep] for x in (alo, ahi, blo, bhi))
    lo, hi = _core.interval_binary(name, alo, ahi, blo, bhi)
    operation = OPERATIONS[name]
    for i in range(lo.size):
        ends = [operation(rational(x), rational(y)) for x in (alo[i], ahi[i]) for y in (blo[i], bhi[i])]
        expected = tightest(min(ends), max(ends))
        assert (lo[i], hi[i]) == expected, (name, alo[i].hex(), ahi[i].hex(), blo[i].hex(), bhi[i].hex())


def test_square_and_reciprocal_are_tightest(cases: int) -> None:
    rng = np.random.default_rng(12)
    lo, hi = draw_intervals(rng, 8000 * cases)
    square = _core.interval_unary("square", lo, hi)
    inverse = _core.interval_unary("reciprocal", lo, hi)
    for i in range(lo.size):
        low, high = rational(lo[i]), rational(hi[i])
        least = fmpq(0) if low <= 0 <= high else min(abs(low), abs(high))
        most = max(abs(low), abs(high))
        assert (square[0][i], square[1][i]) == tightest(least * least, most * most)
        if low > 0 or high < 0:
            assert (inverse[0][i], inverse[1][i]) == tightest(1 / high, 1 / low)


def test_square_root_is_tightest(cases: int) -> None:
    rng = np.random.default_rng(13)
    x = np.abs(draw(rng, 8000 * cases))
    lo, hi = _core.interval_unary("sqrt", x, x)
    for i in range(x.size):
        q, a, b = rational(x[i]), rational(lo[i]), rational(hi[i])
        assert a * a <= q <= b * b
        assert a == b or math.nextafter(lo[i], math.inf) == hi[i]
        assert (a * a == q) == (a == b)


@pytest.mark.parametrize("n", [-7, -3, -2, -1, 0, 1, 2, 3, 4, 5, 8, 13, 40])
def test_powers(n: int, cases: int) -> None:
    rng = np.random.default_rng(14 + n)
    lo, hi = draw_intervals(rng, 500 * cases)
    if n < 0:
        keep = (lo > 0) | (hi < 0)
        lo, hi = lo[keep], hi[keep]
    plo, phi = _core.interval_power(lo, hi, n)
    for i in range(lo.size):
        low, high = rational(lo[i]), rational(hi[i])
        ends = [low**n, high**n] if n >= 0 else [1 / low**-n, 1 / high**-n]
        if low < 0 < high and n > 0 and n % 2 == 0:
            ends.append(fmpq(0))
        a, b = tightest(min(ends), max(ends))
        assert plo[i] <= a, (n, lo[i].hex(), hi[i].hex())
        assert phi[i] >= b, (n, lo[i].hex(), hi[i].hex())
        if all(1e-250 < abs(nearest(e)) < 1e300 for e in ends):
            assert plo[i] >= math.nextafter(math.nextafter(a, -math.inf), -math.inf)
            assert phi[i] <= math.nextafter(math.nextafter(b, math.inf), math.inf)


def test_division_by_sets_that_hold_zero() -> None:
    def divide(a: tuple[float, float], b: tuple[float, float], operation: str = "divide") -> tuple[float, float]:
        lo, hi = _core.interval_binary(operation, *(np.array([x]) for x in (*a, *b)))
        return float(lo[0]), float(hi[0])

    whole = (-math.inf, math.inf)
    assert divide((1, 2), (-1, 1)) == whole
    assert divide((1, 2), (0, 4)) == (0.25, math.inf)
    assert divide((1, 2), (-4, 0)) == (-math.inf, -0.25)
    assert divide((-2, -1), (0, 4)) == (-math.inf, -0.25)
    assert divide((-1, 1), (0, 4)) == whole
    assert divide((1, 2), (0, 0)) == whole
    # The quotient of a field is not defined where its denominator may vanish, whatever the numerator is.
    assert divide((0, 0), (-1, 1), "quotient") == whole
    assert divide((1, 2), (0, 4), "quotient") == whole
    assert divide((1, 2), (2, 4), "quotient") == (0.25, 1.0)


def test_double_double_operations_hold_the_exact_result(cases: int) -> None:
    rng = np.random.default_rng(15)
    n = 1500 * cases
    hi = [rng.normal(size=n) * 2.0 ** rng.integers(-300, 300, n) for _ in range(2)]
    lo = [h * 2.0**-54 * rng.uniform(-1, 1, n) for h in hi]
    rad = [np.abs(h) * 2.0 ** rng.integers(-120, -30, n) * (rng.random(n) < 0.5) for h in hi]
    for name, operation in OPERATIONS.items():
        oh, ol, orad = _core.double_double_binary(name, hi[0], lo[0], rad[0], hi[1], lo[1], rad[1])
        sharp = 0
        for i in range(n):
            got, radius = rational(oh[i]) + rational(ol[i]), rational(orad[i])
            worst = fmpq(0)
            for sa in (-1, 1):
                for sb in (-1, 1):
                    a = rational(hi[0][i]) + rational(lo[0][i]) + sa * rational(rad[0][i])
                    b = rational(hi[1][i]) + rational(lo[1][i]) + sb * rational(rad[1][i])
                    worst = max(worst, abs(operation(a, b) - got))
            assert worst <= radius, (name, i)
            if rad[0][i] == 0 and rad[1][i] == 0:
                assert radius <= abs(got) * rational(2.0**-100)
                sharp += worst > 0
        assert sharp > n // 8  # a radius of zero would have been noticed
