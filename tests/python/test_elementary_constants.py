"""Every constant and every extremum written into the sources, recomputed with Arb."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest
from flint import arb

from number_oracle import derivatives, rational

CPP = Path(__file__).resolve().parents[2] / "cpp"
HEX = r"-?(?:0x[0-9a-f.]+p[+-]?\d+|\d+\.\d+)"
EXPECTED = {
    "ln2": lambda: arb.const_log2(),
    "half_pi": lambda: arb.pi() / 2,
    "two_over_sqrt_pi": lambda: 2 / arb.pi().sqrt(),
    "one_over_sqrt_pi": lambda: 1 / arb.pi().sqrt(),
    "one_over_sqrt_2": lambda: 1 / arb(2).sqrt(),
    "one_over_sqrt_2pi": lambda: 1 / (2 * arb.pi()).sqrt(),
    "gelu_tanh_linear": lambda: (8 / arb.pi()).sqrt(),
    "gelu_tanh_cubic": lambda: (8 / arb.pi()).sqrt() * 44715 / 1000000,
}


def number(text: str) -> float:
    return float.fromhex(text) if "0x" in text else float(text)


def pairs(text: str) -> list[tuple[float, float]]:
    return [(number(a), number(b)) for a, b in re.findall(rf"\{{({HEX}), ({HEX})\}}", text)]


@pytest.fixture(scope="module")
def source() -> str:
    return (CPP / "include/capnode/numerics/elementary_constants.hpp").read_text()


def close(hi: float, lo: float, exact: arb) -> bool:
    return bool(abs(arb(hi) + arb(lo) - exact) <= abs(exact) * arb(2) ** -105)


def test_constants(source: str) -> None:
    for name, exact in EXPECTED.items():
        found = re.search(rf"DoubleDouble {name}(\{{.*?\}});", source)
        assert found, name
        ((hi, lo),) = pairs(found.group(1))
        assert close(hi, lo, exact()), name


def test_tables(source: str) -> None:
    factorials = pairs(source.split("inverse_factorial[31]")[1].split(";")[0].split("=", 1)[1].strip()[1:])
    assert len(factorials) == 31
    for n, (hi, lo) in enumerate(factorials):
        assert close(hi, lo, 1 / arb(math.factorial(n)))
    odd = pairs(source.split("odd_reciprocal[90]")[1].split(";")[0].split("=", 1)[1].strip()[1:])
    assert len(odd) == 90
    for j, (hi, lo) in enumerate(odd):
        assert close(hi, lo, arb(1) / (2 * j + 1))


def test_words(source: str) -> None:
    for name, exact, bits in [("ln2_words", arb.const_log2(), 164), ("half_pi_words", arb.pi() / 2, 190)]:
        words = re.search(rf"{name}\[\d\] = \{{(.*?)\}};", source, re.DOTALL)
        assert words
        total = sum((arb(number(w)) for w in re.findall(HEX, words.group(1))), arb(0))
        assert abs(total - exact) <= arb(2) ** -bits  # to what 200 bits can see


def test_half_pi_to_the_last_word(source: str) -> None:
    """|pi/2 - sum of five words| < 2^-275, in integers: pi from Machin's formula."""
    scale = 1 << 400

    def arctan_inverse(n: int) -> int:
        term = total = scale // n
        k = 1
        while term:
            term //= n * n
            total += (-1) ** k * (term // (2 * k + 1))
            k += 1
        return total

    half_pi = 8 * arctan_inverse(5) - 2 * arctan_inverse(239)
    words = re.search(r"half_pi_words\[5\] = \{(.*?)\};", source, re.DOTALL)
    assert words
    total = sum((rational(number(w)) for w in re.findall(HEX, words.group(1))), start=rational(0.0))
    assert abs(total * scale - half_pi) < scale >> 275


def test_extrema() -> None:
    text = (CPP / "src/numerics/elementary_extrema.def").read_text()
    rows = re.findall(rf"CAPNODE_EXTREMUM\((\w+), (\d), ({HEX}), ({HEX}), ({HEX}), ({HEX})\)", text)
    assert len(rows) == 40
    for name, order, left, right, low, high in rows:
        k = int(order)
        a, b, c, d = (number(t) for t in (left, right, low, high))
        assert b == a or b == math.nextafter(a, math.inf)
        assert c == d or d == math.nextafter(c, math.inf)

        def derivative(x: float, k: int, name: str = name) -> arb:
            return arb_derivative(name, arb(x), k)

        if a == b:
            assert derivative(a, k + 1).contains(0)
        else:  # f^(k+1) changes its sign between the neighbours
            assert derivative(a, k + 1) * derivative(b, k + 1) < 0
        # |f^(k)(c) - f^(k)(a)| <= |b - a| |f^(k+1)(a)| up to second order, far below a rounding of the value.
        value = derivative(a, k)
        slack = arb(2) ** -98
        assert arb(c) <= value + slack
        assert value - slack <= arb(d)


def arb_derivative(name: str, x: arb, order: int) -> arb:
    if order < 4:
        return derivatives(name, x)[order]
    # f'''' by a symmetric difference of f''', with its error h^2/6 |f^(6)| (below 2^-80 here).
    h = arb(2) ** -44
    difference = (derivatives(name, x + h)[3] - derivatives(name, x - h)[3]) / (2 * h)
    return difference + arb(0, 2.0**-80) if order == 4 else arb("nan")
