"""The oracle of the numeric tests: python-flint (Arb at 200 bits, exact rationals), and the hard arguments drawn."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from flint import arb, arb_series, fmpq
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

NAMES = [
    "tanh", "sigmoid", "softplus", "silu", "gelu", "gelu_tanh", "mish", "sin", "cos",
    "exp", "log", "sqrt", "atan", "erf", "reciprocal", "square",
]  # fmt: skip
POSITIVE = {"log", "sqrt", "reciprocal"}
FACTORIALS = (1, 1, 2, 6)


def _positive(s: Any) -> bool:
    return bool((s[0] if isinstance(s, arb_series) else s) > 0)


def _sigmoid(s: Any) -> Any:
    if _positive(s):
        return 1 / (1 + (-s).exp())
    e = s.exp()
    return e / (1 + e)


def _mish(s: Any) -> Any:
    """x n/(n + 2), n = e^x (e^x + 2), numerator and denominator divided by e^2x where that is large."""
    if _positive(s):
        d = (-s).exp()
        return s * ((1 + 2 * d) / (1 + 2 * d + 2 * d * d))
    e = s.exp()
    n = e * (e + 2)
    return s * (n / (n + 2))


def _tanh(s: Any) -> Any:
    if _positive(s):
        d = (-2 * s).exp()
        return (1 - d) / (1 + d)
    e = (2 * s).exp()
    return (e - 1) / (e + 1)


_SERIES: dict[str, Callable[[Any], Any]] = {
    "tanh": _tanh,
    "sigmoid": _sigmoid,
    "softplus": lambda s: s + (1 + (-s).exp()).log() if _positive(s) else (1 + s.exp()).log(),
    "silu": lambda s: s * _sigmoid(s),
    "gelu": lambda s: s * (-s / arb(2).sqrt()).erfc() / 2,
    "gelu_tanh": lambda s: s * _sigmoid((8 / arb.pi()).sqrt() * (s + arb(44715) / 1000000 * s * s * s)),
    "mish": _mish,
    "sin": lambda s: s.sin(),
    "cos": lambda s: s.cos(),
    "exp": lambda s: s.exp(),
    "log": lambda s: s.log(),
    "sqrt": lambda s: s.sqrt(),
    "atan": lambda s: s.atan(),
    "erf": lambda s: s.erf(),
    "reciprocal": lambda s: 1 / s,
    "square": lambda s: s * s,
}


def derivatives(name: str, x: arb) -> list[arb]:
    """f, f', f'', f''' at x by power series."""
    series = _SERIES[name](arb_series([x, 1], 4))
    out = [series[k] * FACTORIALS[k] for k in range(4)]
    # The two values whose series lose their relative accuracy, by functions of Arb that do not.
    if name == "tanh":
        out[0] = x.tanh()
    if name == "softplus":
        out[0] = x.exp().log1p()
    return out


def value(name: str, x: arb) -> arb:
    if name == "tanh":
        return x.tanh()
    if name == "softplus":
        return x + (-x).exp().log1p() if x > 0 else x.exp().log1p()
    return _SERIES[name](arb_series([x], 1))[0]


def outside(t: arb, lo: float, hi: float) -> bool:
    """Whether t certainly lies outside of [lo, hi]; NaN ends count as outside."""
    if math.isnan(lo) or math.isnan(hi):
        return True
    return bool((lo > -math.inf and t < arb(lo)) or (hi < math.inf and t > arb(hi)))


def rational(x: float) -> fmpq:
    return fmpq(*x.as_integer_ratio())


def nearest(q: fmpq) -> float:
    try:
        return int(q.p) / int(q.q)
    except OverflowError:
        return math.inf if q > 0 else -math.inf


def tightest(low: fmpq, high: fmpq) -> tuple[float, float]:
    """The tightest doubles around the rationals low <= high."""
    lo, hi = nearest(low), nearest(high)
    if lo == math.inf or (lo != -math.inf and rational(lo) > low):
        lo = math.nextafter(lo, -math.inf)
    if hi == -math.inf or (hi != math.inf and rational(hi) < high):
        hi = math.nextafter(hi, math.inf)
    return lo, hi


def hard_points(rng: np.random.Generator, n: int, name: str) -> FloatArray:
    """Arguments of every size, near multiples of pi/2, near the extrema of the functions, in their tails."""
    parts = [
        rng.normal(size=n) * 2.0,
        rng.uniform(-45, 45, n),
        rng.uniform(-1, 1, n) * 10.0 ** rng.uniform(-22, 3, n),
        rng.integers(-60, 60, n) * (math.pi / 2) * (1 + rng.integers(-3, 4, n) * 2.0**-52),
        rng.choice([-1.2784645427610738, -0.7517915246935645, -0.7524614220710925, -1.1924312145, 0.6584789484624084,
                    1.3169578969248166, math.sqrt(2), 2.0, 1 / math.sqrt(3), 1.0, math.sqrt(1.5)], n)
        * (1 + rng.integers(-4, 5, n) * 2.0**-52),
    ]  # fmt: skip
    x = rng.permutation(np.concatenate(parts))[:n]
    if name == "exp":
        x = np.clip(x, -700, 700)
    return np.abs(x) + (1e-300 if name in POSITIVE else 0) if name in POSITIVE else x
