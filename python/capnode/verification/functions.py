"""The closed list of elementwise functions with their first three derivatives, in Arb.

Written apart from the C++ core and from other formulas: this is the referee's table. Each entry gives the quadruple
(f, f', f'', f''') on a ball that holds the argument. Wide balls are cut into pieces whose results are united, because
ball arithmetic forgets one-sided information.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

from flint import arb

Quadruple = tuple[arb, arb, arb, arb]

WIDE = 2.0**-7  # a ball wider than this is cut
TINY = 2.0**-80  # a ball narrower than this is as good as a point
MOST_PIECES = 512
INNER = 8  # a ball wider than MOST_PIECES allow is cut evenly within |x| <= INNER, by doubling outside


def integer_power(x: arb, k: int) -> arb:
    """x^k for any integer k; flint's `**` knows no ball that holds 0. Not finite where x^k is undefined on the ball."""
    if k < 0:
        return 1 / integer_power(x, -k)
    out = arb(1)
    while k:
        if k & 1:
            out = out * x
        x, k = x * x, k >> 1
    return out


def product(f: Quadruple, g: Quadruple) -> Quadruple:
    """Leibniz: the derivatives of f g."""
    return (
        f[0] * g[0],
        f[1] * g[0] + f[0] * g[1],
        f[2] * g[0] + 2 * f[1] * g[1] + f[0] * g[2],
        f[3] * g[0] + 3 * (f[2] * g[1] + f[1] * g[2]) + f[0] * g[3],
    )


def compose(f: Quadruple, g: Quadruple) -> Quadruple:
    """Faà di Bruno: the derivatives of f(g(x)), where `f` holds those of f at g(x)."""
    return (
        f[0],
        f[1] * g[1],
        f[2] * g[1] * g[1] + f[1] * g[2],
        f[3] * g[1] * g[1] * g[1] + 3 * f[2] * g[1] * g[2] + f[1] * g[3],
    )


def _identity(x: arb) -> Quadruple:
    return (x, arb(1), arb(0), arb(0))


def _tanh(x: arb) -> Quadruple:
    t = x.tanh()
    c = x.sech()
    d = c * c if c.is_finite() else 1 - t * t  # on a wide ball far out
    return (t, d, -2 * t * d, d * (4 - 6 * d))


def _logistic(x: arb) -> arb:
    """At a point or a narrow ball; without overflow on either side."""
    if x < 0:
        e = x.exp()
        return e / (1 + e)
    return 1 / (1 + (-x).exp())


def _sigmoid(x: arb) -> Quadruple:
    s = _logistic(x.lower()).union(_logistic(x.upper())) if x.is_finite() else _logistic(x)  # increasing
    c = (x / 2).sech() / 2
    d = c * c if c.is_finite() else s * (1 - s)  # on a wide ball far out
    e = 1 - 2 * s
    return (s, d, d * e, d * (1 - 6 * d))


def _softplus(x: arb) -> Quadruple:
    s, d, dd, _ = _sigmoid(x)
    value = x.exp().log1p() if x < 0 else x + (-x).exp().log1p()
    return (value, s, d, dd)


def _silu(x: arb) -> Quadruple:
    return product(_identity(x), _sigmoid(x))


def _normal_distribution(x: arb) -> Quadruple:
    """Phi(x), the distribution function of the standard normal law; `erfc` keeps the left tail without cancellation."""
    density = (-x * x / 2).exp() / (2 * arb.pi()).sqrt()
    return ((-x / arb(2).sqrt()).erfc() / 2, density, -x * density, (x * x - 1) * density)


def _gelu(x: arb) -> Quadruple:
    return product(_identity(x), _normal_distribution(x))


def _gelu_tanh(x: arb) -> Quadruple:
    """x sigmoid(2 c (x + k x^3)), c = sqrt(2/pi), k = 0.044715: equal to x (1 + tanh(c (x + k x^3))) / 2."""
    c, k = 2 * (2 / arb.pi()).sqrt(), arb("0.044715")
    square = x * x
    inner = (c * x * (1 + k * square), c * (1 + 3 * k * square), c * 6 * k * x, c * 6 * k)
    return product(_identity(x), compose(_sigmoid(inner[0]), inner))


def _mish(x: arb) -> Quadruple:
    inner = _softplus(x)
    return product(_identity(x), compose(_tanh(inner[0]), inner))


def _sin(x: arb) -> Quadruple:
    s, c = x.sin(), x.cos()
    return (s, c, -s, -c)


def _cos(x: arb) -> Quadruple:
    s, c = x.sin(), x.cos()
    return (c, -s, -c, s)


def _exp(x: arb) -> Quadruple:
    e = x.exp()
    return (e, e, e, e)


def _log(x: arb) -> Quadruple:
    return (x.log(), 1 / x, -1 / (x * x), 2 / (x * x * x))


def _sqrt(x: arb) -> Quadruple:
    r = x.sqrt()
    return (r, 1 / (2 * r), -1 / (4 * r * x), 3 / (8 * r * x * x))


def _atan(x: arb) -> Quadruple:
    square = x * x
    d = 1 / (1 + square)
    return (x.atan(), d, -2 * x * d * d, (6 * square - 2) * d * d * d)


def _erf(x: arb) -> Quadruple:
    d = 2 * (-x * x).exp() / arb.pi().sqrt()
    return (x.erf(), d, -2 * x * d, (4 * x * x - 2) * d)


def _reciprocal(x: arb) -> Quadruple:
    """Powers of 1/x, not 1 / powers of x: those of a wide ball may reach 0."""
    r = 1 / x
    return (r, -(r**2), 2 * r**3, -6 * r**4)


def _square(x: arb) -> Quadruple:
    return _power(x, 2)


def _power(x: arb, k: int) -> Quadruple:
    """x^k and its derivatives; where the falling factorial vanishes the derivative is exactly 0, also at x = 0."""
    out, factor = [], 1
    for j in range(4):
        out.append(factor * integer_power(x, k - j) if factor else arb(0))
        factor *= k - j
    return (out[0], out[1], out[2], out[3])


TABLE: dict[str, Callable[[arb], Quadruple]] = {
    "tanh": _tanh,
    "sigmoid": _sigmoid,
    "softplus": _softplus,
    "silu": _silu,
    "gelu": _gelu,
    "gelu_tanh": _gelu_tanh,
    "mish": _mish,
    "sin": _sin,
    "cos": _cos,
    "exp": _exp,
    "log": _log,
    "sqrt": _sqrt,
    "atan": _atan,
    "erf": _erf,
    "reciprocal": _reciprocal,
    "square": _square,
}


def _pieces(x: arb) -> list[arb]:
    """Balls that cover the wide ball x: of equal width, or (more than MOST_PIECES of width WIDE) wider away from 0."""
    radius = float(x.rad())
    if radius <= WIDE * MOST_PIECES:
        count = int(radius / WIDE) + 1
        step = arb(x.rad()) / count
        # the pieces [mid - rad + 2 i step, mid - rad + 2 (i + 1) step] cover the ball
        lefts = [arb(x.mid()) - arb(x.rad()) + 2 * i * step for i in range(count)]
        return [left.union(left + 2 * step) for left in lefts]
    lo, hi = x.lower(), x.upper()
    cuts = [k / 16 for k in range(-16 * INNER, 16 * INNER + 1)]
    while cuts[-1] < 2.0**1000 and (lo < -cuts[-1] or hi > cuts[-1]):
        cuts = [2 * cuts[0], *cuts, 2 * cuts[-1]]
    ends = [lo, *(arb(c) for c in cuts if lo < c < hi), hi]
    return [a.union(b) for a, b in itertools.pairwise(ends)]


def _on_pieces(f: Callable[[arb], Quadruple], x: arb) -> Quadruple:
    """f on the ball x, as the union of its values on pieces."""
    radius = float(x.rad())
    if not x.is_finite() or radius <= WIDE:
        return f(x)
    out: Quadruple | None = None
    for piece in _pieces(x):
        value = f(piece)
        out = value if out is None else tuple(a.union(b) for a, b in zip(out, value, strict=True))
    assert out is not None
    return out


def _met(a: arb, b: arb) -> arb:
    """The common part of two enclosures of one number; an enclosure that is not finite adds nothing."""
    if not b.is_finite():
        return a
    return a.intersection(b) if a.is_finite() else b


def _sharp(f: Callable[[arb], Quadruple], x: arb) -> Quadruple:
    """f on the ball x, met with Taylor's formula about its middle.

    Arb's elementary functions propagate a radius with global Lipschitz constants (cos(0 +- r) = 1 +- r); with
    |h| <= r, f(m + h) = f(m) + h f'(m) + h^2/2 f''(xi), and so on for f' and f''.
    """
    over = _on_pieces(f, x)
    if not TINY < float(x.rad()) < WIDE:
        return over
    at = f(arb(x.mid()))
    h = arb(0, x.rad())
    half = h * h / 2
    return (
        _met(over[0], at[0] + h * at[1] + half * over[2]),
        _met(over[1], at[1] + h * at[2] + half * over[3]),
        _met(over[2], at[2] + h * over[3]),
        over[3],
    )


def derivatives(name: str, x: arb) -> Quadruple:
    """(f, f', f'', f''') over the ball x, for a name of the closed list."""
    return _sharp(TABLE[name], x)


def power_derivatives(x: arb, exponent: int) -> Quadruple:
    """x^exponent and its first three derivatives over the ball x, for any integer exponent."""
    return _sharp(lambda piece: _power(piece, exponent), x)
