"""Certified robust radii of classifiers x -> readout(flow(x)), and certified adversarial pairs.

Statements: cpp/include/capnode/dynamics/robust_radius.hpp (by norms, for every dimension; the pair) and
covered_radius.hpp (by a cover of boxes, sharp in low dimension). What they mean: docs/robustness.md.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from capnode import _core
from capnode.arguments import core_of, point
from capnode.integrate import parameter_sets
from capnode.interval_array import IntervalArray
from capnode.layered import Layered
from capnode.progress import ProgressOption, reporting
from capnode.readout import Readout, readout
from capnode.result import Provenance, Result, Verdict, result_from_core

FloatArray = NDArray[np.float64]
Method = Literal["auto", "norm", "cover"]

_COVERED_DIMENSIONS = 4  # up to which "auto" tries a cover


@dataclass(frozen=True, eq=False)
class AdversarialPair:
    """Two inputs with different classes: x and y (n,), float64 and exact; `classes` of each; `distance` |x - y|_2,
    IntervalArray (); the states at the final time, IntervalArray (n,)."""

    x: FloatArray
    y: FloatArray
    classes: tuple[int, int]
    distance: IntervalArray
    final_x: IntervalArray
    final_y: IntervalArray

    def __repr__(self) -> str:
        return f"<classes {self.classes[0]} and {self.classes[1]} at distance {float(self.distance.hi):.6g}>"


@dataclass(frozen=True, eq=False)
class RobustRadius:
    """Every input within `radius` (2-norm, closed ball) of the given one has its class.

    radius             float, certified; the theorem holds for it and every smaller one
    cls                the class of the input
    margins            IntervalArray (classes,): score(cls) - score(k) at the input; 0 at k = cls
    gradient_at_input  (classes,): upper bounds of the 2-norm of the gradient of each margin at the input:
                       margins / gradient_at_input is the radius of a network without curvature
    final              IntervalArray (n,): the state at the final time
    method             "norm" or "cover": which theorem proved it
    counterexample     an AdversarialPair, the nearest that was proved: no radius of its distance can hold; None where
                       none was found (by "norm" none is looked for)
    losses             by norm: (classes,), how much each margin may fall on the ball, at most; below its margin; 0 at
                       cls. None by cover
    image_radius       by norm: radius of a ball about the state at the final time that holds the image of the ball
    boxes              by cover: how many were integrated
    ended              by cover: why it stopped
    """

    radius: float
    cls: int
    margins: IntervalArray
    gradient_at_input: FloatArray
    final: IntervalArray
    method: Literal["norm", "cover"]
    counterexample: AdversarialPair | None = None
    losses: FloatArray | None = None
    image_radius: float | None = None
    boxes: int | None = None
    ended: str = ""

    @property
    def bracket(self) -> tuple[float, float]:
        """(radius, distance of the counterexample): the largest radius that holds lies between; inf where none was
        found."""
        pair = self.counterexample
        return self.radius, math.inf if pair is None else float(pair.distance.hi)

    def __repr__(self) -> str:
        other = "" if self.counterexample is None else f", another class at {self.bracket[1]:.6g}"
        return f"<class {self.cls} within {self.radius:.6g} of the input{other}>"


@dataclass(frozen=True, eq=False)
class _Network:
    layers: list[tuple[_core.Field, float]]
    head: Readout
    x: FloatArray
    p_lo: FloatArray | None
    p_hi: FloatArray | None

    def inputs(self, p: Any, t0: float) -> dict[str, Any]:
        """What a theorem about it was asked about."""
        head = self.head
        return {"layers": self.layers, "x": self.x, "t0": t0, "p": p, "weight": head.weight, "bias": head.bias}


def _network(field: Any, head: Any, x: Any, t: float | None, p: Any) -> _Network:
    if isinstance(field, Layered):
        layers = [(core_of(f), d) for f, d in (field if t is None else field.exactly_until(float(t), 0.0)).layers]
    else:
        if t is None:
            raise ValueError("pass t, the time after which the network is read out")
        if not math.isfinite(t) or t == 0.0:
            raise ValueError(f"t must be finite and not 0, not {t!r}")
        layers = [(core_of(field), float(t))]
    own, dim = readout(head), layers[0][0].dim
    if own.dim != dim:
        raise ValueError(f"the readout has width {own.dim}, the field dimension {dim}")
    p_lo, p_hi = parameter_sets(layers[0][0], p, None)
    return _Network(
        layers, own, point(x, dim, "x"), None if p_lo is None else p_lo[0], None if p_hi is None else p_hi[0]
    )


def robust_radius(
    field: Any,
    head: Any,
    x: Any,
    t: float | None = None,
    p: Any = None,
    *,
    method: Method = "auto",
    radius: float | None = None,
    accuracy: float = 0.001,
    budget: int | None = None,
    set_degree: int | None = None,
    t0: float = 0.0,
    pieces: int | None = None,
    order: int | None = None,
    tolerance: float = 1e-12,
    threads: int = 1,
    max_seconds: float = math.inf,
    progress: ProgressOption = None,
) -> Result[RobustRadius]:
    """The largest radius that could be certified: every input within it has the class of x.

    field      a field or `layered([...])`, followed over the time t (a layered field: to its end where t is left out)
    head       the readout: a `Readout`, a `torch.nn.Linear`, or weights (classes, n)
    x          the input (n,), taken exactly; distances are 2-norms in its space
    method     "norm": bounds of the curvature in the 2-norm, for every dimension; its results have certificates.
               "cover": boxes that cover the ball, and a counterexample beyond it; sharp in low dimension.
               "auto": a cover in up to 4 dimensions, and the norms where it does not close; the larger radius
    radius     prove this one, rather than the largest; refuted where a counterexample lies within it
    accuracy   (cover) ends where radius >= (1 - accuracy) * distance of the counterexample
    budget     (cover) boxes that are integrated, a Taylor model counted as 64 of them; None: 100000
    set_degree (cover) how boxes are carried: 1 by linear sets, 2 and more by Taylor models of that degree where linear
               sets do not arrive; None: 1 in up to 3 dimensions, else 3
    pieces     (norm) of time, on which norms of the Jacobian are bounded; by the size of the Jacobian where None
    threads    (cover) 0: as many as the machine has

    Not proved where the class of x itself is not decided, or no radius passes: `too_wide`, with the numbers; where the
    `radius` asked for is refuted: `counterexample`. A cover that runs out of budget or time proves a smaller radius.
    """
    net = _network(field, head, x, t, p)
    if method not in ("auto", "norm", "cover"):
        raise ValueError(f"method must be 'auto', 'norm' or 'cover', not {method!r}")
    if pieces is not None and not 1 <= pieces <= 100_000:
        raise ValueError(f"pieces must lie between 1 and 100000, not {pieces}")
    if radius is not None and not 0.0 < radius < math.inf:
        raise ValueError(f"radius must be positive and finite, not {radius!r}")
    if not 0.0 < accuracy < 1.0:
        raise ValueError(f"accuracy must lie between 0 and 1, not {accuracy!r}")
    for name, count, least in (("budget", budget, 1), ("set_degree", set_degree, 1), ("threads", threads, 0)):
        if count is not None and count < least:
            raise ValueError(f"{name} must be at least {least}, not {count}")
    options: dict[str, Any] = {
        "parameter_lo": net.p_lo,
        "parameter_hi": net.p_hi,
        "t0": float(t0),
        "order": order or 0,
        "tolerance": tolerance,
        "radius": radius or 0.0,
    }
    inputs = {**net.inputs(p, float(t0)), "pieces": pieces}
    begun = time.monotonic()

    def by_norms(other: AdversarialPair | None) -> Result[RobustRadius]:
        left = max(0.0, max_seconds - (time.monotonic() - begun))
        core = _core.robust_radius(
            net.layers, net.head.core, net.x, **options, pieces=pieces or 0, max_seconds=left, progress=share
        )
        return result_from_core(core, lambda v: _by_norms(v, other), Provenance("robust_radius", field, inputs))

    with reporting(progress) as report:
        share = (lambda done: report("radius", int(1000 * done), 1000)) if progress else None
        if method == "norm" or (method == "auto" and len(net.x) > _COVERED_DIMENSIONS):
            return by_norms(None)
        core = _core.covered_radius(
            net.layers,
            net.head.core,
            net.x,
            **options,
            accuracy=accuracy,
            budget=budget or 0,
            set_degree=set_degree or 0,
            threads=threads,
            max_seconds=max_seconds,
            progress=share,
        )
        covered = result_from_core(core, _by_cover, Provenance("covered_radius", field, inputs))
        if method == "cover" or covered.verdict not in (Verdict.proved, Verdict.too_wide):
            return covered
        value = covered.value
        if value is not None and (radius is not None or core["value"]["sharp"]):
            return covered
        other = by_norms(None if value is None else value.counterexample)
        return covered if other.value is None or (value and value.radius >= other.value.radius) else other


def _by_norms(value: dict[str, Any], counterexample: AdversarialPair | None) -> RobustRadius:
    return RobustRadius(
        radius=float(value["radius"]),
        cls=int(value["cls"]),
        margins=IntervalArray(*value["margins"]),
        gradient_at_input=value["gradient_at_input"],
        final=IntervalArray(*value["final"]),
        method="norm",
        counterexample=counterexample,
        losses=value["losses"],
        image_radius=float(value["image_radius"]),
    )


def _by_cover(value: dict[str, Any]) -> RobustRadius:
    pair = value["counterexample"]
    return RobustRadius(
        radius=float(value["radius"]),
        cls=int(value["cls"]),
        margins=IntervalArray(*value["margins"]),
        gradient_at_input=value["gradient_at_input"],
        final=IntervalArray(*value["final"]),
        method="cover",
        counterexample=None if pair is None else _pair(pair),
        boxes=int(value["boxes"]),
        ended=str(value["ended"]),
    )


def adversarial_pair(
    field: Any,
    head: Any,
    x: Any,
    t: float | None = None,
    p: Any = None,
    *,
    y: Any = None,
    t0: float = 0.0,
    target: int | None = None,
    order: int | None = None,
    tolerance: float = 1e-12,
    max_seconds: float = math.inf,
) -> Result[AdversarialPair]:
    """The input x and another one near it, proved to have different classes.

    y       the other input, where it is known; else it is searched for in floating point, along the gradients of the
            margins (DeepFool's step, then bisection towards x)
    target  the class wanted of the other input; the nearest that is found where None

    Not proved: `no_convergence` where the search ends in one class, `too_wide` where an enclosure does not decide.
    """
    net = _network(field, head, x, t, p)
    if target is not None and not 0 <= target < net.head.classes:
        raise ValueError(f"target must lie in 0, ..., {net.head.classes - 1}, not {target}")
    other = point(y, len(net.x), "y") if y is not None else _search(net, target)
    core = _core.adversarial_pair(
        net.layers,
        net.head.core,
        net.x,
        other,
        parameter_lo=net.p_lo,
        parameter_hi=net.p_hi,
        t0=float(t0),
        order=order or 0,
        tolerance=tolerance,
        max_seconds=max_seconds,
    )
    inputs = {**net.inputs(p, float(t0)), "y": other}
    return result_from_core(core, _pair, Provenance("adversarial_pair", field, inputs))


def _pair(value: dict[str, Any]) -> AdversarialPair:
    return AdversarialPair(
        x=value["x"],
        y=value["y"],
        classes=(int(value["classes"][0]), int(value["classes"][1])),
        distance=IntervalArray(*value["distance"]),
        final_x=IntervalArray(*value["final_x"]),
        final_y=IntervalArray(*value["final_y"]),
    )


# ---- the search, in floating point: a hint ---------------------------------------------------------------------------


def _float_run(net: _Network, x: FloatArray) -> tuple[FloatArray, FloatArray]:
    """State at the end and its derivative by x."""
    p = None if net.p_lo is None or net.p_hi is None else 0.5 * (net.p_lo + net.p_hi)
    state, total = x, np.eye(len(x))
    for field, duration in net.layers:
        run = _core.plain_flow(
            field, state[None], parameter=p, duration=duration, order=10, tolerance=1e-8, derivative=True
        )
        total = np.asarray(run["derivative"]).reshape(len(x), len(x)) @ total
        state = np.asarray(run["final"])[0]
    return state, total


def _search(net: _Network, target: int | None, rounds: int = 50) -> FloatArray:
    """A point of another class: steps to the nearest linearised boundary, a little beyond; then back towards x."""
    weight, bias = net.head.weight, net.head.bias
    x = net.x
    scores = weight @ _float_run(net, x)[0] + bias
    own = int(np.argmax(scores))
    y = x.copy()
    for _ in range(rounds):
        state, tangent = _float_run(net, y)
        scores = weight @ state + bias
        if int(np.argmax(scores)) != own and (target is None or int(np.argmax(scores)) == target):
            break
        gradient = (weight[own] - weight) @ tangent
        size = np.linalg.norm(gradient, axis=1)
        rivals = [k for k in range(len(weight)) if k != own and (target is None or k == target) and size[k] > 0.0]
        if not rivals:
            return y
        best = min(rivals, key=lambda k: max(scores[own] - scores[k], 0.0) / size[k])
        step = (max(scores[own] - scores[best], 0.0) / size[best] + 1e-3) / size[best]
        y = y - 1.05 * step * gradient[best]
    low, high = 0.0, 1.0  # x + s (y - x): class of x at low, another at high
    for _ in range(20):
        s = 0.5 * (low + high)
        scores = weight @ _float_run(net, x + s * (y - x))[0] + bias
        changed = int(np.argmax(scores)) != own and (target is None or int(np.argmax(scores)) == target)
        low, high = (low, s) if changed else (s, high)
    return np.asarray(x + min(1.0, high * (1.0 + 1e-5)) * (y - x))
