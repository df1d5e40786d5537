"""Numbers out of a certificate: hex floats, boxes, discs. Anything else is refused with the place it stands at."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flint import acb, arb

from capnode.verification.balls import between, modulus


class Malformed(ValueError):
    """The document is not a certificate of this format."""


def number(value: Any, what: str) -> float:
    if not isinstance(value, str):
        raise Malformed(f"{what}: a hex float expected, found {value!r:.40}")
    try:
        x = float.fromhex(value)
    except (ValueError, OverflowError):
        raise Malformed(f"{what}: a hex float expected, found {value!r:.40}") from None
    if math.isnan(x):
        raise Malformed(f"{what} is not a number")
    return x


def numbers(value: Any, what: str, count: int | None = None) -> list[float]:
    if not isinstance(value, str):
        raise Malformed(f"{what}: hex floats expected, found {value!r:.40}")
    out = [number(word, what) for word in value.split()]
    if count is not None and len(out) != count:
        raise Malformed(f"{what}: {count} numbers expected, found {len(out)}")
    return out


def member(entry: Any, key: str, what: str) -> Any:
    if not isinstance(entry, Mapping) or key not in entry:
        raise Malformed(f"{what} lacks {key!r}")
    return entry[key]


@dataclass(frozen=True)
class Box:
    """lo <= x <= hi, componentwise."""

    lo: list[float]
    hi: list[float]

    @property
    def balls(self) -> list[arb]:
        return [between(a, b) for a, b in zip(self.lo, self.hi, strict=True)]

    @property
    def middle(self) -> list[float]:
        return [0.5 * a + 0.5 * b for a, b in zip(self.lo, self.hi, strict=True)]

    @property
    def bounded(self) -> bool:
        return all(math.isfinite(z) for z in (*self.lo, *self.hi))

    def contains_box(self, other: Box) -> bool:
        return len(self.lo) == len(other.lo) and all(
            a <= c and d <= b for a, b, c, d in zip(self.lo, self.hi, other.lo, other.hi, strict=True)
        )


def box(entry: Any, what: str, count: int | None = None) -> Box:
    lo = numbers(member(entry, "lo", what), what, count)
    hi = numbers(member(entry, "hi", what), what, len(lo))
    if not all(a <= b for a, b in zip(lo, hi, strict=True)):
        raise Malformed(f"{what}: a lower end exceeds its upper end")
    return Box(lo, hi)


@dataclass(frozen=True)
class Interval:
    lo: float
    hi: float


def interval(entry: Any, what: str) -> Interval:
    found = box(entry, what, 1)
    return Interval(found.lo[0], found.hi[0])


@dataclass(frozen=True)
class ComplexDiscs:
    """|z_i - mid_i| <= radius_i."""

    mid: list[acb]
    radius: list[float]

    def contains(self, i: int, z: acb) -> bool:
        return bool(modulus(z - self.mid[i]).upper() <= arb(self.radius[i]))

    def disc_inside_one(self, centre: acb, radius: arb) -> bool:
        return any(
            bool((modulus(centre - m) + radius).upper() <= arb(r)) for m, r in zip(self.mid, self.radius, strict=True)
        )


def complex_numbers(entry: Any, what: str, count: int | None = None) -> list[acb]:
    re = numbers(member(entry, "re", what), what, count)
    im = numbers(member(entry, "im", what), what, len(re))
    if not all(math.isfinite(z) for z in (*re, *im)):
        raise Malformed(f"{what} is not finite")
    return [acb(a, b) for a, b in zip(re, im, strict=True)]


def discs(entry: Any, what: str, count: int | None = None) -> ComplexDiscs:
    mid = complex_numbers(entry, what, count)
    radius = numbers(member(entry, "radius", what), what, len(mid))
    if not all(r >= 0 for r in radius):
        raise Malformed(f"{what}: a negative radius")
    return ComplexDiscs(mid, radius)


def count_or_none(value: Any, what: str) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise Malformed(f"{what}: a count or null expected, found {value!r:.40}")
    return value
