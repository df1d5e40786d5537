"""cn.interval and IntervalArray: exact in, outward out, named questions, numpy's shapes, misuse refused."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from flint import fmpq

from capnode import _core
from capnode.interval_array import IntervalArray, interval
from number_oracle import rational


def ends(x: IntervalArray) -> tuple[float, float]:
    return float(x.lo), float(x.hi)


def test_decimal_strings_enclose_the_number_written() -> None:
    rng = np.random.default_rng(41)
    texts = [
        "0.1",
        "1",
        "-2.5e-3",
        "1e23",
        "1e-400",
        "123456789012345678901234567890",
        "4.9406564584124654e-324",
        "0.5",
    ]
    texts += [
        f"{rng.integers(-(10**15), 10**15)}.{rng.integers(0, 10**15)}e{rng.integers(-330, 300)}" for _ in range(2000)
    ]
    for text in texts:
        x = interval(text)
        exact = Fraction(Decimal(text))
        q = fmpq(exact.numerator, exact.denominator)
        lo, hi = ends(x)
        assert lo == -math.inf or rational(lo) <= q
        assert hi == math.inf or q <= rational(hi)
        assert lo == hi or math.nextafter(lo, math.inf) == hi  # tightest
        assert (lo == hi) == (math.isfinite(lo) and rational(lo) == q)
    assert ends(interval("0x1.8p-1")) == (0.75, 0.75)
    assert ends(interval("-inf", "1e400")) == (-math.inf, math.inf)
    assert interval(["0.1", "0.2"]).shape == (2,)


@pytest.mark.parametrize("text", ["nan", "", "1e", "abc", "1.2.3", "0x", "1 2", "--1", "1e5.5"])
def test_text_that_is_no_number(text: str) -> None:
    with pytest.raises(ValueError, match="not a number"):
        interval(text)


def test_numbers_are_taken_exactly() -> None:
    assert ends(interval(0.1)) == (0.1, 0.1)
    assert ends(interval(np.float32(0.1))) == (float(np.float32(0.1)),) * 2
    assert ends(interval(np.float16(0.1))) == (float(np.float16(0.1)),) * 2
    assert ends(interval(2**53 + 1)) == (2.0**53, 2.0**53 + 2)
    assert ends(interval(10**400)) == (np.finfo(float).max, math.inf)
    assert interval(np.array([2**53, 2**53 + 1, -(2**60) - 1])).contains([2**53, 2**53 + 1, -(2**60) - 1]).all()
    third = interval(np.longdouble(1) / 3)
    assert third.lo < third.hi
    assert interval(Fraction(1, 3)).contains(Fraction(1, 3))
    assert ends(interval(Decimal("0.1"))) == ends(interval("0.1"))
    mixed = interval([0.1, 2**53 + 1, "0.1"])
    assert ends(mixed[0]) == (0.1, 0.1)
    assert ends(mixed[1]) == (2.0**53, 2.0**53 + 2)
    assert mixed.lo[2] < mixed.hi[2]


def test_misuse() -> None:
    with pytest.raises(ValueError, match=r"lo > hi: lo = 2.0, hi = 1.0"):
        interval(2, 1)
    with pytest.raises(ValueError, match=r"lo = 3.0, hi = 2.0 at index \(1,\)"):
        interval([1, 3], [2, 2])
    for bad in (math.nan, [1.0, math.nan], np.array([math.nan])):
        with pytest.raises(ValueError, match="NaN"):
            interval(bad)
    with pytest.raises(ValueError, match="NaN"):
        interval(0.0, math.nan)
    with pytest.raises(ValueError, match="complex"):
        interval(1j)
    for bad in (True, None, [1, [2, 3]], math.inf, np.array([True])):
        with pytest.raises(ValueError):
            interval(bad)
    with pytest.raises(ValueError, match="exact"):
        IntervalArray("0.1", 1.0)
    with pytest.raises(ValueError, match=r"\(2,\).*\(3,\)"):
        IntervalArray([1.0, 2.0], [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="radius"):
        IntervalArray.from_ball(0.0, -1.0)


def test_sets_have_no_order_and_no_equality() -> None:
    a, b = interval(1, 2), interval(3, 4)
    for question in (
        lambda: a < b, lambda: a <= b, lambda: a > b, lambda: a >= b, lambda: a == b, lambda: a != b, lambda: a < 1.0,
        lambda: a == 1.0, lambda: np.float64(1) < a, lambda: bool(a), lambda: 1.0 in a, lambda: hash(a),
    ):  # fmt: skip
        with pytest.raises(TypeError):
            question()


def test_named_questions() -> None:
    x = interval([0.0, -1.0], [1.0, math.inf])
    assert x.contains([0.5, 5.0]).tolist() == [True, True]
    assert x.contains(1).tolist() == [True, True]
    assert x.contains(interval(0.5, 1.5)).tolist() == [False, True]
    assert interval(0.1).contains("0.1").tolist() is False  # the double 0.1 is not 1/10
    assert interval("0.1").contains("0.1").tolist() is True
    assert x.subset(interval(-1, math.inf)).tolist() == [True, True]
    assert x.interior(interval(-1, math.inf)).tolist() == [True, False]
    assert x.interior(x).tolist() == [False, False]
    assert interval(-math.inf, math.inf).interior(interval(-math.inf, math.inf)).tolist() is True
    assert x.disjoint(interval(2, 3)).tolist() == [True, False]
    assert interval(1, 2).certainly_less([2, 3]).tolist() == [False, True]


def test_sets() -> None:
    assert ends(interval(0, 1).hull(interval(3, 4))) == (0, 4)
    assert ends(interval(0, 2).intersect(interval(1, 4))) == (1, 2)
    with pytest.raises(ValueError, match=r"\[0.0, 1.0\] and \[2.0, 3.0\]"):
        interval(0, 1).intersect(interval(2, 3))


def test_ball_form_covers_the_interval() -> None:
    rng = np.random.default_rng(42)
    a, b = rng.normal(size=(2, 4000)) * 2.0 ** rng.integers(-1074, 1000, (2, 4000))
    x = interval(np.minimum(a, b), np.maximum(a, b))
    mid, rad = x.mid, x.rad
    for i in range(x.size):
        m, r = rational(mid[i]), rational(rad[i])
        assert m - r <= rational(x.lo[i]) <= m <= rational(x.hi[i]) <= m + r
    assert IntervalArray.from_ball(mid, rad).contains(x).all()
    assert float(interval(-math.inf, 0).rad) == math.inf


def test_arithmetic_broadcasts_and_calls_the_core() -> None:
    x = interval([[0.1], [0.2]])
    y = x + np.array([1.0, 2.0, 3.0])
    assert y.shape == (2, 3)
    assert (np.array([1.0, 2.0]) * interval(1, 2)).shape == (2,)
    tenth = 1 / interval(10)
    assert tenth.contains("0.1")
    assert tenth.hi == math.nextafter(float(tenth.lo), 1)
    assert ends(2 - interval(0, 1)) == (1, 2)
    assert ends(-interval(0, 1)) == (-1, 0)
    assert ends(abs(interval(-3, 1))) == (0, 3)
    assert ends(interval(-2, 1) ** 2) == (0, 4)
    assert ends(interval(-2, 1) ** 3) == (-8, 1)
    assert ends(interval(2, 4) ** -1) == (0.25, 0.5)
    assert ends(interval(1, 2) / interval(0, 4)) == (0.25, math.inf)
    assert ends(np.float64(3) * interval(1, 2)) == (3, 6)
    assert (interval("0.1") + "0.2").contains("0.3")
    with pytest.raises(TypeError, match="integer powers"):
        interval(1, 2) ** 0.5
    with pytest.raises(ValueError):
        interval([1, 2]) + interval([1, 2, 3])


def test_shapes_are_numpys() -> None:
    x = interval(np.arange(6.0).reshape(2, 3))
    assert (x.shape, x.ndim, x.size, len(x)) == ((2, 3), 2, 6, 2)
    assert x[1].shape == (3,)
    assert ends(x[1, 2]) == (5, 5)
    assert x[:, 1:].shape == (2, 2)
    assert x[x.lo > 2].shape == (3,)
    assert x.reshape(3, 2).shape == (3, 2)
    assert x.reshape((6,)).shape == (6,)
    assert x.T.shape == (3, 2)
    assert x.ravel().lo.tolist() == [0, 1, 2, 3, 4, 5]
    assert [row.shape for row in x] == [(3,), (3,)]
    with pytest.raises(TypeError):
        len(interval(1.0))
    with pytest.raises(TypeError):
        iter(interval(1.0))
    with pytest.raises(ValueError):
        x.lo[0, 0] = 7.0  # immutable


def test_printing_is_outward_and_hex_is_exact() -> None:
    rng = np.random.default_rng(43)
    a = rng.normal(size=500) * 2.0 ** rng.integers(-1060, 1000, 500)
    x = interval(np.minimum(a, a * (1 + rng.random(500) * 1e-6)), np.maximum(a, a * (1 + rng.random(500) * 1e-6)))
    for entry in x:
        low, high = (Fraction(Decimal(t)) for t in str(entry).strip("[]").split(", "))
        assert low <= Fraction(float(entry.lo))
        assert high >= Fraction(float(entry.hi))
    for digits in (1, 2, 5, 17, 30):
        for v in a[:200].tolist():
            down, up = Fraction(Decimal(_core.decimal_down(v, digits))), Fraction(Decimal(_core.decimal_up(v, digits)))
            assert down <= Fraction(v) <= up
            assert up - down <= abs(Fraction(v)) * Fraction(10) ** (1 - digits) * 2
    back = IntervalArray.from_hex(*x.hex())
    assert np.array_equal(back.lo, x.lo)
    assert np.array_equal(back.hi, x.hi)
    assert IntervalArray.from_hex(*interval("0.1").hex()).shape == ()
    assert repr(interval(1, 2)) == "IntervalArray([1.0, 2.0])"
    assert "..." in str(interval(np.zeros(5000)))
    assert repr(interval(0.5, math.inf)) == "IntervalArray([0.5, inf])"
