"""The class of an input, or the one class of all inputs of a set, proved: flows, layered fields, maps.

Statement: cpp/include/capnode/dynamics/input_class.hpp. What is meant: docs/robustness.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from capnode import _core
from capnode.arguments import check_run
from capnode.discrete import DiscreteMap, _stages
from capnode.input_plane import system_of
from capnode.integrate import initial_sets, parameter_sets
from capnode.interval_array import IntervalArray
from capnode.progress import ProgressOption, reporting
from capnode.readout import readout
from capnode.result import Provenance, Result, result_from_core


@dataclass(frozen=True, eq=False)
class InputClass:
    """Every input of the set has class `cls`.

    cls      the class
    margins  IntervalArray (classes,): score(cls) - score(k), for every input of the set; 0 at k = cls
    final    IntervalArray (n,): the state that is read out
    """

    cls: int
    margins: IntervalArray
    final: IntervalArray

    def __repr__(self) -> str:
        least = min((float(m) for k, m in enumerate(self.margins.lo) if k != self.cls), default=math.inf)
        return f"<class {self.cls}, by a margin of at least {least:.6g}>"


def input_class(
    field: Any,
    head: Any,
    x: Any,
    t: Any = None,
    p: Any = None,
    *,
    t0: float = 0.0,
    order: int | None = None,
    tolerance: float = 1e-12,
    max_seconds: float = math.inf,
    progress: ProgressOption = None,
) -> Result[InputClass]:
    """Proves the class of an input, or that all inputs of a set have one class.

    field    a Field; `layered([...])` (t may be left out); an `euler_map`, where t is the number of steps; or a list of
             (map or field read as one, steps), where t is left out
    head     the readout: a `Readout`, a `torch.nn.Linear`, or weights (classes, n)
    x        the input (n,), taken exactly; a box, IntervalArray (n,); or `parallelepiped(...)`
    t, p, t0, order, tolerance, max_seconds, progress  the final time and the rest as in `integrate`

    `Result[InputClass]`; not proved, `too_wide`, where a margin is not told from 0: the detail has the classes and it.
    """
    read = readout(head)
    check_run(order, tolerance, 1, max_seconds, t0=t0)
    layers, stages, core = system_of(field, t, float(t0))
    if read.dim != core.dim:
        raise ValueError(f"the readout has width {read.dim}, the field dimension {core.dim}")
    sets = initial_sets(x, core.dim)
    if not sets.single:
        raise ValueError(f"one input or set is needed, x has {len(sets.centres)} lanes")
    p_lo, p_hi = parameter_sets(core, p, None)
    with reporting(progress) as report:
        answer = _core.input_class(
            layers,
            stages,
            read.core,
            **sets.core,
            parameter_lo=p_lo,
            parameter_hi=p_hi,
            t0=float(t0),
            order=order or 0,
            tolerance=tolerance,
            max_seconds=max_seconds,
            progress=(lambda share: report("class", int(1000 * share), 1000)) if progress else None,
        )
    inputs = {"x0": x, "p": p, "t0": float(t0), "layers": layers, "weight": read.weight, "bias": read.bias}
    if isinstance(field, DiscreteMap | list | tuple):
        inputs["stages"] = _stages(field, t)
    return result_from_core(answer, _input_class, Provenance("input_class", field, inputs))


def _input_class(value: dict[str, Any]) -> InputClass:
    return InputClass(int(value["cls"]), IntervalArray(*value["margins"]), IntervalArray(*value["final"]))
