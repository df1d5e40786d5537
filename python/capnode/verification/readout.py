"""The readout of a classifier as a certificate has it: scores w_k . x + b_k, weights and biases exact."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flint import arb, arb_mat

from capnode.verification import decode
from capnode.verification.balls import outward
from capnode.verification.check_trajectory import Support
from capnode.verification.decode import Box, Malformed, member, numbers
from capnode.verification.report import Checks


@dataclass
class Readout:
    weight: list[list[arb]]  # by class
    bias: list[arb]

    @property
    def classes(self) -> int:
        return len(self.bias)

    def directions(self, cls: int) -> arb_mat:
        """w_cls - w_k in row k."""
        n = len(self.weight[0])
        rows = [[a - b for a, b in zip(self.weight[cls], row, strict=True)] for row in self.weight]
        return arb_mat(self.classes, n, [z for row in rows for z in row])

    def margins(self, support: Support, cls: int) -> list[arb]:
        """score(cls) - score(k), all k, for all states of a set."""
        found = support(self.directions(cls))
        return [m + self.bias[cls] - b for m, b in zip(found, self.bias, strict=True)]

    def margins_at(self, x: Sequence[arb], cls: int) -> list[arb]:
        """The same over a box."""
        return self.margins(lambda rows: (rows * arb_mat(len(x), 1, list(x))).entries(), cls)


def read_readout(entry: Any, dim: int) -> Readout:
    stored = member(entry, "readout", "the theorem")
    bias = numbers(member(stored, "bias", "the readout"), "the bias")
    weight = numbers(member(stored, "weight", "the readout"), "the weights", dim * len(bias))
    if len(bias) < 2:
        raise Malformed(f"a readout of {len(bias)} classes")
    if not all(math.isfinite(z) for z in (*weight, *bias)):
        raise Malformed("the readout is not finite")
    rows = [[arb(z) for z in weight[k * dim : (k + 1) * dim]] for k in range(len(bias))]
    return Readout(rows, [arb(b) for b in bias])


def claimed_class(entry: Any, readout: Readout) -> int:
    cls = member(member(entry, "conclusions", "the theorem"), "class", "conclusions")
    if not isinstance(cls, int) or isinstance(cls, bool) or not 0 <= cls < readout.classes:
        raise Malformed(f"the class is {cls!r:.20}, there are {readout.classes}")
    return cls


def check_margins(entry: Any, found: Sequence[arb], cls: int, checks: Checks) -> None:
    """What was found of the margins over the other classes lies in what is claimed, which is positive."""
    enclosures = member(entry, "enclosures", "the theorem")
    claimed: Box = decode.box(member(enclosures, "margins", "enclosures"), "the margins", len(found))
    others = [k for k in range(len(found)) if k != cls]
    wrong = ""
    for k in others:
        if not (bool(found[k].lower() >= arb(claimed.lo[k])) and bool(found[k].upper() <= arb(claimed.hi[k]))):
            a, b = outward(found[k])
            text = f"[{a:.17g}, {b:.17g}] was found, [{claimed.lo[k]:.17g}, {claimed.hi[k]:.17g}] is claimed"
            wrong = wrong or f"over class {k}: {text}"
    checks.add("the margins over the other classes", not wrong, wrong)
    least = min(others, key=lambda k: claimed.lo[k])
    checks.add("the claimed margins are positive", claimed.lo[least] > 0.0 and bool(found[least] > 0),
               f"the least, over class {least}, is {claimed.lo[least]:.6g}")  # fmt: skip
