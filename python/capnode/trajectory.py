"""What `integrate` returns: enclosures of solutions, and of their derivatives by the initial point.

An enclosure of a trajectory at time t holds x(t) for *every* solution that starts in the initial set, with every
parameter of its interval and every network within the weight radius. docs/flow.md tells what that means and does not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from capnode.interval_array import IntervalArray, interval
from capnode.result import Verdict

FloatArray = NDArray[np.float64]
Evaluate = Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]


@dataclass(frozen=True, eq=False)
class Trajectory:
    """Enclosures of all solutions from the initial set, over [t0, reached].

    final       IntervalArray (n,): x(reached)
    derivative  IntervalArray (n, n): the derivative of x(reached) by the initial point; None unless asked for
    parameter_derivative  IntervalArray (n, m): that by the m parameters, for a fixed initial point; None unless a
                derivative was asked for of a field with parameters (and the step is the polynomial one)
    reached     the time up to which all is proved; the final time where the result is proved
    times       (k,) float64: the times that were asked for, as far as they were reached; where only a final time was
                given, t0 and the ends of the steps (`reached` alone where no steps were kept)
    states      IntervalArray (k, n): x at `times`
    steps       number of steps
    set_degree  what the set was carried by: 1 its image under the derivative, 2 and more polynomials of that degree
    """

    final: IntervalArray
    derivative: IntervalArray | None
    reached: float
    t0: float
    times: FloatArray
    steps: int
    dense: Any
    set_degree: int = 1
    parameter_derivative: IntervalArray | None = None

    def enclosure(self, t: Any) -> IntervalArray:
        """Encloses x(t): (n,) for a number, (k, n) for an array of times.

        t: a number, an `IntervalArray` () (everything in that span of time), or arrays (k,) of either; a ValueError
        outside of [t0, reached], with the numbers.
        """
        if self.dense is None:
            raise ValueError("the steps were not kept: integrate with dense=True")
        times = interval(t)
        if times.ndim > 1:
            raise ValueError(f"t has shape {times.shape}; a number or an array (k,) is needed")
        lo, hi = self.dense.enclosure(np.atleast_1d(times.lo), np.atleast_1d(times.hi))
        return IntervalArray(lo[0], hi[0]) if times.ndim == 0 else IntervalArray(lo, hi)

    @property
    def states(self) -> IntervalArray:
        if self.dense is None:
            return self.final.reshape(1, -1)
        return self.enclosure(self.times)

    @property
    def width(self) -> float:
        """Largest component width of `final`."""
        return float(np.max(self.final.width))

    def plot(self, *, ax: Any = None, components: tuple[int, int] | None = None, title: str | None = None) -> Any:
        """The components over time with their tubes, or one component over another; returns the axes."""
        from capnode.plot import plot_trajectory

        return plot_trajectory(self, ax=ax, components=components, title=title)

    def __repr__(self) -> str:
        tangent = "" if self.derivative is None else ", with derivative"
        return (
            f"<trajectory in dimension {self.final.size} from t = {self.t0:g} to {self.reached:g}, {self.steps} steps, "
            f"final width {self.width:.3g}{tangent}>"
        )


@dataclass(frozen=True, eq=False)
class TrajectoryBatch:
    """Enclosures for many initial sets; the first axis is the lane. What is not proved up to the final time is so up to
    `reached`.

    final       IntervalArray (lanes, n), at `reached`
    derivative  IntervalArray (lanes, n, n), or None
    parameter_derivative  IntervalArray (lanes, n, m), or None
    proved      (lanes,) bool: the final time was reached
    verdicts    tuple of `Verdict`, one a lane; details: tuple of str, the numbers
    reached     (lanes,) float64
    steps       (lanes,) int64
    times       (k,) float64, the times asked for, and `states` IntervalArray (lanes, k, n); NaN-free: the whole line
                where a lane did not get there. Both None where only a final time was given.
    set_degree  (lanes,) int64: see `Trajectory`
    """

    final: IntervalArray
    derivative: IntervalArray | None
    proved: NDArray[np.bool_]
    verdicts: tuple[Verdict, ...]
    details: tuple[str, ...]
    reached: FloatArray
    steps: NDArray[np.int64]
    times: FloatArray | None = None
    states: IntervalArray | None = None
    set_degree: NDArray[np.int64] | None = None
    parameter_derivative: IntervalArray | None = None

    def __len__(self) -> int:
        return len(self.reached)

    def __repr__(self) -> str:
        return (
            f"<{len(self)} trajectories in dimension {self.final.shape[1]}, {int(self.proved.sum())} proved to the end,"
            f" largest final width {float(np.max(self.final.width)):.3g}>"
        )
