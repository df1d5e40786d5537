"""The price of rigour in the flow: against heyoka (floating-point Taylor integrator) and against our own plain doubles.

Every line compares two things measured alternately in one run on one thread, and prints the medians (CPU time of the
thread), their ratio and the bar it should meet. heyoka comes from PyPI (`pip install heyoka`); its lines are left out
without. The plain twin runs the same Taylor kernels and step lengths with nothing bounded: the rest is the price of
proof.

    python benchmarks/flow.py [--repeat 7] [--lanes 10000]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np

from capnode import _core

try:
    import heyoka
except ImportError:
    heyoka = None


def alternate(repeat: int, *functions: Callable[[], object]) -> list[float]:
    """Median CPU seconds of each, called in turn, after one call of each to warm up."""
    times: list[list[float]] = [[] for _ in functions]
    for k in range(repeat + 1):
        for f, record in zip(functions, times, strict=True):
            start = time.thread_time()
            f()
            if k > 0:
                record.append(time.thread_time() - start)
    return [median(t) for t in times]


def line(what: str, ours: float, theirs: float, unit: str, bar: str) -> None:
    factor = {"ms": 1e3, "us": 1e6}[unit]
    print(
        f"{what:62s} ours {ours * factor:9.3f} {unit}   theirs {theirs * factor:9.3f} {unit}"
        f"   ratio {ours / theirs:6.2f}   ({bar})",
        flush=True,
    )


Layers = list[tuple[Any, Any]]


def tanh_network(layers: Layers) -> Any:
    builder = _core.FieldBuilder(layers[0][0].shape[1], 0, False)
    x = builder.state()
    for weight, bias in layers:
        x = builder.apply("tanh", builder.affine(x, weight, None, bias, None))
    return builder.build(x)


def heyoka_network(layers: Layers) -> Any:
    state = heyoka.make_vars(*[f"x{i}" for i in range(layers[0][0].shape[1])])
    values = list(state)
    for weight, bias in layers:
        terms = [[float(w) * v for w, v in zip(row, values, strict=True)] for row in weight]
        values = [heyoka.tanh(heyoka.sum([*t, heyoka.expression(float(b))])) for t, b in zip(terms, bias, strict=True)]
    return list(zip(state, values, strict=True))


def random_layer(n: int) -> tuple[Layers, Any]:
    rng = np.random.default_rng(0)
    weight = 1.5 * rng.standard_normal((n, n)) / np.sqrt(n)
    return [(weight, 0.1 * rng.standard_normal(n))], 0.3 * np.cos(np.arange(n) + 1)


def small_network() -> Layers:
    """2 -> 5 -> 5 -> 2, as wide in its weights as a trained moons network."""
    rng = np.random.default_rng(7)
    weights = [
        0.8 * rng.standard_normal((5, 2)),
        rng.standard_normal((5, 5)) / 2.2,
        rng.standard_normal((2, 5)) / 2.2,
    ]
    return [(w, 0.1 * rng.standard_normal(len(w))) for w in weights]


def wide_point(repeat: int) -> None:
    layers, x0 = random_layer(100)
    field = tanh_network(layers)

    def ours() -> Any:
        return _core.integrate(field, x0[None], duration=1.0, tolerance=1e-13)

    def plain() -> Any:
        return _core.plain_flow(field, x0[None], duration=1.0, tolerance=1e-13)

    answer = ours()
    width = (answer["final"][1] - answer["final"][0]).max()
    print(f"n = 100, C0 from a point, T = 1: {answer['steps'][0]} steps, width {width:.1e}")
    if heyoka is not None:
        integrator = heyoka.taylor_adaptive(heyoka_network(layers), x0.tolist(), tol=1e-15, compact_mode=True)

        def theirs() -> None:
            integrator.time = 0.0
            integrator.state[:] = x0
            integrator.propagate_until(1.0)

        a, b = alternate(repeat, ours, theirs)
        line("n = 100, C0, T = 1 | heyoka scalar, 1e-15", a, b, "ms", "must <= 2, aim <= 0.5")
    a, b = alternate(repeat, ours, plain)
    line("n = 100, C0, T = 1 | own plain C0", a, b, "ms", "must <= 4, aim <= 1.5")


def wide_derivative(repeat: int) -> None:
    cost: dict[int, float] = {}
    for n in (100, 200, 400):
        layers, x0 = random_layer(n)
        field = tanh_network(layers)
        steps = [0, 0]

        def ours(field: Any = field, x0: Any = x0, steps: list[int] = steps) -> None:
            answer = _core.integrate(field, x0[None], duration=1.0, tolerance=1e-13, derivative=True)
            steps[0] = int(answer["steps"][0])

        def plain(field: Any = field, x0: Any = x0, steps: list[int] = steps) -> None:
            steps[1] = _core.plain_flow(field, x0[None], duration=1.0, tolerance=1e-13, derivative=True)["steps"]

        a, b = alternate(repeat if n == 100 else 1, ours, plain)
        cost[n] = a / steps[0]
        line(f"n = {n}, C1 with sets, a step | own plain C1", a / steps[0], b / steps[1], "ms", "must <= 3, aim <= 1.6")
    print(f"growth of C1, a step, from n = 100 to 400: {cost[400] / cost[100]:.1f}   (must <= 64)")


def lanes(repeat: int, count: int) -> None:
    layers = small_network()
    field = tanh_network(layers)
    x0 = np.random.default_rng(3).uniform(-2, 2, (count, 2))

    def ours() -> Any:
        return _core.integrate(field, x0, duration=10.0, derivative=True, tolerance=1e-12)

    def plain() -> Any:
        return _core.plain_flow(field, x0, duration=10.0, derivative=True, tolerance=1e-12)

    answer = ours()
    widths = [(answer[k][1] - answer[k][0]).max() for k in ("final", "derivative")]
    print(
        f"2-5-5-2, C1, T = 10, {count} lanes: {np.mean(answer['steps']):.1f} steps, widths {widths[0]:.1e} and"
        f" {widths[1]:.1e}, {answer['verdicts'].count('proved')} proved"
    )
    if heyoka is not None:
        some = min(count, 2000) // 8 * 8
        system = heyoka.var_ode_sys(heyoka_network(layers), heyoka.var_args.vars, order=1)
        integrator = heyoka.taylor_adaptive_batch(system, np.zeros((2, 8)), tol=1e-12)

        def theirs() -> None:
            for k in range(0, some, 8):
                integrator.set_time(0.0)
                integrator.state[:2] = x0[k : k + 8].T
                integrator.state[2:] = np.array([1.0, 0.0, 0.0, 1.0])[:, None]
                integrator.propagate_until(10.0)

        a, b = alternate(repeat, ours, theirs)
        line("2-5-5-2, C1, T = 10, a lane | heyoka batch, 1e-12", a / count, b / some, "us", "must <= 8, aim <= 3")
    a, b = alternate(repeat, ours, plain)
    line("2-5-5-2, C1, T = 10, a lane | own plain C1", a / count, b / count, "us", "")


def instruction_sets(repeat: int) -> None:
    """AVX2 against AVX-512 on the lanes."""
    here, sets = _core.instruction_set(), _core.instruction_sets()
    if not {"v3", "v4"} <= set(sets):
        print(f"instruction sets {sets}: the comparison of AVX2 and AVX-512 is left out")
        return
    field = tanh_network(small_network())
    x0 = np.random.default_rng(3).uniform(-2, 2, (2000, 2))

    def run(isa: str) -> None:
        _core.use_instruction_set(isa)
        _core.integrate(field, x0, duration=10.0, derivative=True, tolerance=1e-12)

    try:
        a, b = alternate(repeat, lambda: run("v3"), lambda: run("v4"))
    finally:
        _core.use_instruction_set(here)
    line("2-5-5-2 lanes, AVX2 path | AVX-512 path", a / 2000, b / 2000, "us", "must <= 2.5")


def wall(repeat: int, *functions: Callable[[], object]) -> list[float]:
    """Shortest wall time of each, called in turn."""
    best = [float("inf")] * len(functions)
    for _ in range(repeat + 1):
        for k, f in enumerate(functions):
            start = time.perf_counter()
            f()
            best[k] = min(best[k], time.perf_counter() - start)
    return best


def two_threads(repeat: int, count: int) -> None:
    """Wall times: only an idle machine with two cores tells."""
    field = tanh_network(small_network())
    x0 = np.random.default_rng(3).uniform(-2, 2, (count, 2))

    def lanes_on(threads: int) -> None:
        _core.integrate(field, x0, duration=10.0, derivative=True, threads=threads)

    layers, point = random_layer(400)
    wide = tanh_network(layers)

    def columns_on(threads: int) -> None:
        _core.integrate(wide, point[None], duration=0.25, derivative=True, tolerance=1e-13, threads=threads)

    a, b = wall(repeat, lambda: lanes_on(1), lambda: lanes_on(2))
    line(f"2-5-5-2, C1, {count} lanes, one thread | two", a, b, "ms", "aim >= 1.8")
    a, b = wall(min(repeat, 3), lambda: columns_on(1), lambda: columns_on(2))
    line("n = 400, C1, one trajectory, one thread | two", a, b, "ms", "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--lanes", type=int, default=10_000)
    options = parser.parse_args()
    print(f"instruction set {_core.instruction_set()}, heyoka {heyoka.__version__ if heyoka else 'is not installed'}")
    wide_point(options.repeat)
    wide_derivative(options.repeat)
    lanes(options.repeat, options.lanes)
    instruction_sets(options.repeat)
    two_threads(options.repeat, options.lanes)


if __name__ == "__main__":
    main()
