"""The built-in engine against CAPD: time, steps and width on the same problems, in one run on one thread.

Native is `cn.integrate` and `cn.poincare_map` as a user calls them, everything included. CAPD is its own solver through
`capnode.capd`, its map and solver built beforehand, so that only its steps are timed: sets C0Rect2Set and C1Rect2Set
(its fastest), order 20 (return maps: 30), once at CAPD's own tolerance and once at 1e-12; time is compared with the
faster of the two, width with the narrower. Native runs at its defaults. Times are CPU seconds of the thread, medians;
what takes CAPD long is measured once.

    python benchmarks/engines.py [--repeat 9] [--budget 120] [--write docs/engines.md]
"""

from __future__ import annotations

import argparse
import datetime
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

import capnode as cn
from capnode import _core, capd
from capnode.engines import capd_version


@dataclass
class Run:
    """Seconds, steps, and the largest relative width of the state (and of the derivative, where there is one)."""

    seconds: float
    steps: float
    width: float
    note: str = ""


@dataclass
class Row:
    name: str
    n: int
    native: Run
    capd: list[Run]  # own tolerance, then 1e-12
    faster: float  # at least so many times
    enclosure: Any = None

    @property
    def time_ratio(self) -> float:
        return min(r.seconds for r in self.capd) / self.native.seconds

    @property
    def width_ratio(self) -> float:
        if np.isinf(self.capd[0].width):  # not run to the end: nothing to compare with
            return float("nan")
        return self.native.width / min(r.width for r in self.capd)

    @property
    def fast_enough(self) -> bool:
        return self.time_ratio >= self.faster

    @property
    def narrow_enough(self) -> bool:
        return not self.width_ratio > 1.5 or self.native.width <= 1e-13 * self.n


def timed(repeat: int, f: Callable[[], Any]) -> tuple[float, Any]:
    """Median CPU seconds and the last answer; one warm-up call where there are several."""
    answer = f() if repeat > 1 else None
    times = []
    for _ in range(repeat):
        start = time.thread_time()
        answer = f()
        times.append(time.thread_time() - start)
    return median(times), answer


def relative_width(*enclosures: Any) -> float:
    """Largest width, each enclosure relative to its largest entry (at least 1)."""
    return max(float(np.max(e.width)) / max(1.0, float(np.max(np.abs(e.mid)))) for e in enclosures if e is not None)


def assert_meet(a: Any, b: Any, what: str) -> None:
    if a is not None and b is not None and bool(np.any(a.disjoint(b))):
        raise AssertionError(f"the enclosures of {what} are disjoint: a bug, please report it")


# ---- problems --------------------------------------------------------------------------------------------------------


def tanh_field(n: int) -> cn.Field:
    """x' = tanh(W x + b), W = 1.5 randn / sqrt(n), b = 0.1 randn."""
    rng = np.random.default_rng(n)
    b = _core.FieldBuilder(n, 0, False)
    line = b.affine(b.state(), 1.5 * rng.normal(size=(n, n)) / np.sqrt(n), None, 0.1 * rng.normal(size=n))
    return cn.Field(b.build(b.apply("tanh", line)))


def small_net() -> cn.Field:
    """2 -> 5 -> 5 -> 2, tanh."""
    rng = np.random.default_rng(7)
    b = _core.FieldBuilder(2, 0, False)
    y = b.state()
    for rows, cols, activation in ((5, 2, True), (5, 5, True), (2, 5, False)):
        y = b.affine(y, rng.normal(size=(rows, cols)) / np.sqrt(cols), None, 0.1 * rng.normal(size=rows))
        y = b.apply("tanh", y) if activation else y
    return cn.Field(b.build(y))


def scalar_field(dim: int, f: Callable[..., list[Any]]) -> cn.Field:
    """x' = f of the components, by the operations of a builder: f(b, x_1, ..., x_n), numbers by `number`."""
    b = _core.FieldBuilder(dim, 0, False)
    x = b.state()
    return cn.Field(b.build(b.concat(f(b, *[b.gather(x, [i]) for i in range(dim)]))))


def number(b: Any, value: float) -> int:
    return int(b.constant(np.array([value])))


def lorenz() -> cn.Field:
    """(10, 28, 8/3), 8/3 as the quotient."""

    def f(b: Any, x: int, y: int, z: int) -> list[int]:
        ten, r, q = number(b, 10.0), number(b, 28.0), b.divide(number(b, 8.0), number(b, 3.0))
        return [
            b.multiply(ten, b.subtract(y, x)),
            b.subtract(b.multiply(x, b.subtract(r, z)), y),
            b.subtract(b.multiply(x, y), b.multiply(q, z)),
        ]

    return scalar_field(3, f)


def roessler() -> cn.Field:
    """x' = -(y + z), y' = x + b y, z' = b + z (x - a): a = 57/10, b = 2/10 as quotients."""

    def f(b: Any, x: int, y: int, z: int) -> list[int]:
        ten = number(b, 10.0)
        p, q = b.divide(number(b, 57.0), ten), b.divide(number(b, 2.0), ten)
        return [
            b.negate(b.add(y, z)),
            b.add(x, b.multiply(q, y)),
            b.add(q, b.multiply(z, b.subtract(x, p))),
        ]

    return scalar_field(3, f)


# ---- CAPD ------------------------------------------------------------------------------------------------------------


def capd_flow(
    field: cn.Field, x0: Any, t: float, derivative: bool, tolerance: float | None, repeat: int, budget: float
) -> tuple[Run, Any, Any]:
    """CAPD over [0, t]; stops after the budget of seconds and scales the time by the steps that are left."""
    solver = capd.IOdeSolver(capd.IMap(field), 20)
    if tolerance is not None:
        solver.setAbsoluteTolerance(tolerance)
        solver.setRelativeTolerance(tolerance)
    time_map = capd.ITimeMap(solver)
    kind = capd.C1Rect2Set if derivative else capd.C0Rect2Set

    def whole() -> tuple[Any, float, int, bool]:
        moving, steps, start = kind(x0), 0, time.thread_time()
        time_map.stopAfterStep(True)
        while True:
            time_map(t, moving)
            steps += 1
            reached = float(moving.getCurrentTime().lo)
            if time_map.completed() or time.thread_time() - start > budget:
                return moving, reached, steps, time_map.completed()

    def quick() -> Any:
        moving = kind(x0)
        time_map.stopAfterStep(False)
        time_map(t, moving)
        return moving

    start = time.thread_time()
    moving, reached, steps, complete = whole()
    seconds = time.thread_time() - start
    if not complete:  # the rest at the length of the last step: the first ones are shorter
        more = (t - reached) / float(solver.getStep().hi)
        note = f"{steps} steps timed, to t = {reached:.2g}"
        return Run(seconds * (1.0 + more / steps), steps + more, float("inf"), note), None, None
    if seconds < 0.5:
        seconds, _ = timed(repeat, quick)
    x, matrix = capd.IVector(moving), capd.IMatrix(moving) if derivative else None
    return Run(seconds, steps, relative_width(x, matrix)), x, matrix


def flow_row(
    name: str, field: cn.Field, x0: Any, t: float, derivative: bool, faster: float, repeat: int, budget: float
) -> Row:
    seconds, run = timed(repeat, lambda: cn.integrate(field, x0, t, derivative=derivative, dense=False))
    value = run.require()
    native = Run(seconds, value.steps, relative_width(value.final, value.derivative))
    others = []
    for tolerance in (None, 1e-12):
        other, x, matrix = capd_flow(field, x0, t, derivative, tolerance, repeat, budget)
        others.append(other)
        assert_meet(value.final, x, name)
        assert_meet(value.derivative, matrix, name)
    return Row(name, field.dim, native, others, faster)


def lanes_row(field: cn.Field, t: float, lanes: int, sample: int, faster: float) -> Row:
    """All lanes in one call; CAPD on a sample of them, its time scaled."""
    x0 = np.random.default_rng(1).uniform(-2.0, 2.0, size=(lanes, 2))
    seconds, run = timed(3, lambda: cn.integrate(field, x0, t, derivative=True))
    value = run.require()
    widths = [relative_width(value.final[k], value.derivative[k]) for k in range(sample)]
    native = Run(seconds, float(np.mean(value.steps)), max(widths))
    others = []
    for tolerance in (None, 1e-12):
        solver = capd.IOdeSolver(capd.IMap(field), 20)
        if tolerance is not None:
            solver.setAbsoluteTolerance(tolerance)
            solver.setRelativeTolerance(tolerance)
        time_map, widths, start = capd.ITimeMap(solver), [], time.thread_time()
        for k in range(sample):
            moving = capd.C1Rect2Set(x0[k])
            x, matrix = time_map(t, moving, monodromyMatrix=True)
            widths.append(relative_width(x, matrix))
            assert_meet(value.final[k], x, "a lane")
            assert_meet(value.derivative[k], matrix, "a lane")
        seconds = (time.thread_time() - start) / sample * lanes
        others.append(Run(seconds, float("nan"), max(widths), f"{sample} lanes timed"))
    return Row(f"the same, {lanes} lanes in one call", 2, native, others, faster)


LORENZ = "par:q;var:x,y,z;fun:10*(y-x),x*(28-z)-y,x*y-q*z;"
ROESSLER = "par:a,b;var:x,y,z;fun:-(y+z),x+b*y,b+z*(x-a);"


def return_row(
    name: str, field: cn.Field, f: capd.IMap, index: int, value: float, direction: int, start: Any, returns: int,
    repeat: int,
) -> Row:  # fmt: skip
    """`returns` returns to { x_index = value }, with D P; f: the field as CAPD's users write it."""
    normal = np.zeros(3)
    normal[index] = 1.0
    section = cn.section(normal, value)
    options: dict[str, Any] = {"returns": returns, "direction": direction, "derivative": True}
    seconds, run = timed(repeat, lambda: cn.poincare_map(field, section, start, **options))
    answer = run.require()
    native = Run(seconds, answer.steps, relative_width(answer.point, answer.derivative))
    others = []
    for tolerance in (None, 1e-12):
        solver = capd.IOdeSolver(f, 30)
        if tolerance is not None:
            solver.setAbsoluteTolerance(tolerance)
            solver.setRelativeTolerance(tolerance)
        crossing = capd.poincare.MinusPlus if direction > 0 else capd.poincare.PlusMinus
        pm = capd.IPoincareMap(solver, capd.ICoordinateSection(3, index, value), crossing)

        def capd_run() -> Any:
            y, flow = pm(capd.C1Rect2Set(start), returns, monodromyMatrix=True)  # noqa: B023
            return y, pm.computeDP(y, flow)  # noqa: B023

        seconds, (y, DP) = timed(repeat, capd_run)
        others.append(Run(seconds, float("nan"), relative_width(y, DP)))
        assert_meet(answer.point, y, name)
        assert_meet(answer.derivative, DP, name)
    return Row(name, 3, native, others, 1.0)


# ---- the table -------------------------------------------------------------------------------------------------------


def seconds_text(s: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if s >= size:
            return f"{s / size:.3g} {unit}"
    return f"{s / 1e-6:.2g} µs"


def cell(run: Run) -> str:
    steps = "" if np.isnan(run.steps) else f", {run.steps:.0f} steps"
    width = "—" if np.isinf(run.width) else f"{run.width:.1e}"
    note = f" ({run.note})" if run.note else ""
    return f"{seconds_text(run.seconds)}{steps}, {width}{note}"


def table(rows: list[Row]) -> str:
    lines = [
        "| problem | native | CAPD | CAPD, 1e-12 | faster | needed | width |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        fast = "" if row.fast_enough else " **short**"
        narrow = "" if row.narrow_enough else " **wide**"
        ratio = "—" if not np.isfinite(row.width_ratio) or row.width_ratio == 0.0 else f"{row.width_ratio:.2f}"
        cells = [cell(r) for r in (row.native, *row.capd)]
        ratios = f"{row.time_ratio:.3g} ×{fast} | {row.faster:.0f} × | {ratio}{narrow}"
        lines.append(f"| {row.name} | {' | '.join(cells)} | {ratios} |")
    return "\n".join(lines)


def processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


PAGE = """# The two engines side by side

Written by `benchmarks/engines.py` on {date}: {machine}, one thread; capnode {version}, CAPD {capd}.

{table}

A cell holds time, steps, and the largest width of an enclosure (state, and derivative where there is one) relative to
its largest entry, at least 1. *native* is the call as a user makes it, everything included; *CAPD* the steps of its
solver alone, map and solver built beforehand (order 20, return maps 30; C0Rect2Set, C1Rect2Set), at its own tolerance
and at 1e-12. *faster* compares with the faster of these two runs, *width* with the narrower; the width is to be at most
1.5 times CAPD's, or at most 1e-13 n. Each pair of enclosures was checked to meet. Where CAPD takes long, some of its
steps were timed and the rest scaled by the length of the last; then there is no width.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=9)
    parser.add_argument("--lanes", type=int, default=10_000)
    parser.add_argument("--sample", type=int, default=20, help="lanes that CAPD runs")
    parser.add_argument(
        "--budget", type=float, default=120.0, help="seconds for one run of CAPD, else the rest is scaled"
    )
    parser.add_argument("--sizes", type=int, nargs="*", default=[2, 5, 10, 20, 50, 100])
    parser.add_argument("--write", type=Path, help="write the page here")
    options = parser.parse_args()
    rows: list[Row] = []

    def add(row: Row) -> None:
        rows.append(row)
        print(table([row]).splitlines()[-1], flush=True)

    for n in options.sizes:
        x0 = 0.3 * np.cos(np.arange(n) + 1.0)
        for derivative in (False, True):
            needed = 3.0 if n < 20 else (500.0 if n >= 100 and derivative else 50.0)
            name = f"tanh net, n = {n}, T = 1, {'C1' if derivative else 'C0'}"
            add(flow_row(name, tanh_field(n), x0, 1.0, derivative, needed, options.repeat, options.budget))
    net = small_net()
    add(flow_row("2→5→5→2, T = 10, C1", net, np.array([0.5, -0.5]), 10.0, True, 3.0, options.repeat, options.budget))
    add(lanes_row(net, 10.0, options.lanes, options.sample, 500.0))
    start = np.array([-2.1473674741633753, 2.0780481172873415, 27.0])
    f = capd.IMap(LORENZ)
    f.setParameter("q", cn.interval(8) / cn.interval(3))
    for k in (1, 3):
        add(return_row(f"Lorenz, {k} returns, D P", lorenz(), f, 2, 27.0, -1, start, k, options.repeat))
    start = np.array([0.0, -8.3809417428298, 0.029590060630665])
    f = capd.IMap(ROESSLER)
    f.setParameters(["5.7", "0.2"])
    for k in (1, 3):
        add(return_row(f"Rössler, {k} returns, D P", roessler(), f, 0, 0.0, 1, start, k, options.repeat))
    print()
    print(table(rows))
    short = [r.name for r in rows if not (r.fast_enough and r.narrow_enough)]
    print("falls short:", ", ".join(short) if short else "nothing")
    if options.write:
        page = PAGE.format(
            date=datetime.date.today().isoformat(),
            machine=processor(),
            version=cn.__version__,
            capd=capd_version(),
            table=table(rows),
        )
        options.write.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
