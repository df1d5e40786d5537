"""Certified robust radii of classifiers x -> readout(flow(x)), and certified adversarial pairs.

Statements: cpp/include/capnode/dynamics/robust_radius.hpp. What they mean: docs/robustness.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from capnode import _core
from capnode.arguments import core_of, point
from capnode.integrate import parameter_sets
from capnode.interval_array import IntervalArray
from capnode.layered import Layered
from capnode.progress import ProgressOption, reporting
from capnode.readout import Readout, readout
from capnode.result import Provenance, Result, result_from_core

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RobustRadius:
    """Every input within `radius` (2-norm, closed ball) of the given one has its class.

    radius             float, certified; the theorem holds for it and every smaller one
    cls                the class of the input
    margins            IntervalArray (classes,): score(cls) - score(k) at the input; 0 at k = cls
    losses             (classes,): how much each margin may fall on the ball, at most; below its margin; 0 at cls
    gradient_at_input  (classes,): upper bounds of the 2-norm of the gradient of each margin at the input:
                       margins / gradient_at_input is what no bound by first derivatives can beat
    image_radius       radius of a ball about the state at the final time that holds the image of the ball
    final              IntervalArray (n,): the state at the final time
    """

    radius: float
    cls: int
    margins: IntervalArray
    losses: FloatArray
    gradient_at_input: FloatArray
    image_radius: float
    final: IntervalArray

    def __repr__(self) -> str:
        return f"<class {self.cls} within {self.radius:.6g} of the input>"


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
    t0: float = 0.0,
    pieces: int | None = None,
    order: int | None = None,
    tolerance: float = 1e-12,
    max_seconds: float = math.inf,
    progress: ProgressOption = None,
) -> Result[RobustRadius]:
    """The largest radius that could be certified: every input within it has the class of x.

    field    a field or `layered([...])`, followed over the time t (a layered field: to its end where t is left out)
    head     the readout: a `Readout`, a `torch.nn.Linear`, or weights (classes, n)
    x        the input (n,), taken exactly; distances are 2-norms in its space
    pieces   of time, on which norms of the Jacobian are bounded; by the size of the Jacobian where None

    Not proved where the class of x itself is not decided, or no radius passes: `too_wide`, with the numbers.
    """
    net = _network(field, head, x, t, p)
    if pieces is not None and not 1 <= pieces <= 100_000:
        raise ValueError(f"pieces must lie between 1 and 100000, not {pieces}")
    with reporting(progress) as report:
        core = _core.robust_radius(
            net.layers,
            net.head.core,
            net.x,
            parameter_lo=net.p_lo,
            parameter_hi=net.p_hi,
            t0=float(t0),
            order=order or 0,
            tolerance=tolerance,
            pieces=pieces or 0,
            max_seconds=max_seconds,
            progress=(lambda share: report("radius", int(1000 * share), 1000)) if progress else None,
        )
    return result_from_core(core, _radius, Provenance("robust_radius", field, net.inputs(p, float(t0))))


def _radius(value: dict[str, Any]) -> RobustRadius:
    return RobustRadius(
        radius=float(value["radius"]),
        cls=int(value["cls"]),
        margins=IntervalArray(*value["margins"]),
        losses=value["losses"],
        gradient_at_input=value["gradient_at_input"],
        image_radius=float(value["image_radius"]),
        final=IntervalArray(*value["final"]),
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
