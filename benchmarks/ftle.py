"""Rigorous FTLE fields against the usual floating-point ways, threads, memory, and cells.

Every ratio compares two things measured alternately in one run. Network: 2 -> 5 -> 5 -> 2, examples/data/moons_2_5_5_2,
T = 10, box [-2, 2]^2.

    points    all of `cn.ftle(method="points")` on a grid, CPU time of one thread, against
              PyTorch, float64, RK4 with step 0.1 and tangents, one thread, all points as one batch (left out without)
              heyoka, batch of 8 with its variational equations at 1e-12 (left out without)
    threads   wall time of the same with one and two threads; 2 cores must be free for it
    memory    largest memory of a run of a million cells into a folder, in a process of its own
    cells     the field of cells to a mean width: cells, seconds, what is left

    python benchmarks/ftle.py [--repeat 5] [--points 100] [points threads memory cells ...]
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

import capnode as cn
from capnode import _core

try:
    import heyoka
except ImportError:
    heyoka = None
try:
    import torch
except ImportError:
    torch = None

MODEL = Path(__file__).resolve().parents[1] / "examples" / "data" / "moons_2_5_5_2.capnode"
BOX = [(-2.0, 2.0), (-2.0, 2.0)]
TIME = 10.0


def weights() -> list[tuple[Any, Any]]:
    """The layers, read off the file."""
    tensors: list[Any] = []
    lines = iter(MODEL.read_text().splitlines())
    for line in lines:
        if line.startswith("tensor "):
            rows = int(line.split()[1])
            tensors.append(np.array([[float.fromhex(w) for w in next(lines).split()] for _ in range(rows)]))
    return [(w, b[:, 0]) for w, b in zip(tensors[::2], tensors[1::2], strict=True)]


def grid(n: int) -> NDArray[np.float64]:
    axis = np.linspace(-2.0, 2.0, n)
    return np.stack([a.ravel() for a in np.meshgrid(axis, axis, indexing="ij")], 1)


def exponents(derivative: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.log(np.linalg.svd(derivative, compute_uv=False)[:, 0]) / TIME)


def torch_field(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """x' = W3 tanh(W2 tanh(W1 x + b1) + b2) + b3 and Y' = J Y, RK4, step 0.1, all points at once."""
    layers = [(torch.tensor(w.T.copy()), torch.tensor(b)) for w, b in weights()]

    def slope(x: Any, y: Any) -> tuple[Any, Any]:
        for k, (w, b) in enumerate(layers):
            x, y = torch.addmm(b, x, w), y @ w
            if k < len(layers) - 1:
                x = torch.tanh(x)
                y = y * (1 - x * x)[:, None, :]
        return x, y

    with torch.no_grad():
        x = torch.tensor(points)
        y = torch.eye(2, dtype=torch.float64).expand(len(points), 2, 2)  # rows are directions
        h = 0.1
        for _ in range(round(TIME / h)):
            a, A = slope(x, y)
            b, B = slope(x + h / 2 * a, y + h / 2 * A)
            c, C = slope(x + h / 2 * b, y + h / 2 * B)
            d, D = slope(x + h * c, y + h * C)
            x = x + h / 6 * (a + 2 * b + 2 * c + d)
            y = y + h / 6 * (A + 2 * B + 2 * C + D)
    return exponents(y.numpy())


class Heyoka:
    def __init__(self) -> None:
        x = heyoka.make_vars("x", "y")
        values = list(x)
        for k, (w, b) in enumerate(weights()):
            rows = zip(w, b, strict=True)
            values = [
                heyoka.sum([*(float(c) * v for c, v in zip(row, values, strict=True)), heyoka.expression(float(o))])
                for row, o in rows
            ]
            if k < 2:
                values = [heyoka.tanh(v) for v in values]
        system = heyoka.var_ode_sys(list(zip(x, values, strict=True)), heyoka.var_args.vars, order=1)
        self.integrator = heyoka.taylor_adaptive_batch(system, np.zeros((2, 8)), tol=1e-12)

    def field(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        found = []
        for k in range(0, len(points) // 8 * 8, 8):
            self.integrator.set_time(0.0)
            self.integrator.state[:2] = points[k : k + 8].T
            self.integrator.state[2:] = np.array([1.0, 0.0, 0.0, 1.0])[:, None]
            self.integrator.propagate_until(TIME)
            found.append(self.integrator.state[2:].T.reshape(8, 2, 2).copy())
        return exponents(np.concatenate(found))


def rigorous(n: int, workers: int, tile: int = 25) -> cn.FtleField:
    field = cn.Field.load(MODEL)
    return cn.ftle(field, BOX, (n, n), TIME, method="points", workers=workers, tile=(tile, tile))


def tiles(n: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The same points in this thread, whose CPU time is what is compared."""
    spec = _core.FtleSpec(
        layers=[(_core.Field.load(MODEL), TIME)],
        stages=[],
        lower=[-2.0, -2.0],
        upper=[2.0, 2.0],
        shape=(n, n),
        method="points",
        tile=(n, n),
    )
    tile = _core.ftle_tile(spec, 0)
    return tile["lower"], tile["upper"]


def alternate(repeat: int, *functions: Any) -> list[float]:
    """Median CPU seconds of this thread, called in turn, after one call of each to warm up."""
    times: list[list[float]] = [[] for _ in functions]
    for k in range(repeat + 1):
        for f, record in zip(functions, times, strict=True):
            start = time.thread_time()
            f()
            if k > 0:
                record.append(time.thread_time() - start)
    return [median(t) for t in times]


def show(what: str, ours: float, theirs: float, bar: str) -> None:
    print(f"{what:58s} {ours * 1e6:8.2f} us  {theirs * 1e6:8.2f} us  ratio {ours / theirs:6.2f}   ({bar})", flush=True)


def points(repeat: int, n: int) -> None:
    at = grid(n)
    lower, upper = tiles(n)
    width = (upper - lower).max()
    print(f"{n * n} points: widths at most {width:.1e} (must be <= 1e-9)")
    if torch is not None:
        torch.set_num_threads(1)
        values = torch_field(at).reshape(n, n)
        error = np.maximum(np.abs(values - lower), np.abs(values - upper)).max()
        ours, theirs = alternate(repeat, lambda: tiles(n), lambda: torch_field(at))
        show("a point | PyTorch RK4, step 0.1, tangents", ours / n**2, theirs / n**2, "must <= 0.5")
        print(f"    RK4 is up to {error:.1e} off")
    if heyoka is not None:
        their = Heyoka()
        values = their.field(at).reshape(n, n)
        meet = (values + 1e-12 >= lower) & (values - 1e-12 <= upper)
        print(f"    heyoka's values +- 1e-12 meet {int(meet.sum())} of {n * n} intervals")
        ours, theirs = alternate(repeat, lambda: tiles(n), lambda: their.field(at))
        show("a point | heyoka batch of 8, variational, 1e-12", ours / n**2, theirs / n**2, "must <= 10")


def threads(repeat: int, n: int) -> None:
    times: dict[int, list[float]] = {1: [], 2: []}
    for k in range(repeat + 1):
        for workers, record in times.items():
            start = time.perf_counter()
            rigorous(n, workers)
            if k > 0:
                record.append(time.perf_counter() - start)
    one, two = min(times[1]), min(times[2])
    print(
        f"{n * n} points, wall time (best): one thread {one:.3f} s, two {two:.3f} s, "
        f"ratio {one / two:.2f}   (must >= 1.8)"
    )


MEMORY = """
import sys, resource, numpy as np, capnode as cn
field = cn.Field.load(sys.argv[1])
cn.ftle(field, [(-2.0, 2.0), (-2.0, 2.0)], (1000, 1000), 0.125, out=sys.argv[2], tile=(50, 50), derivative_order=1)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def memory() -> None:
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", MEMORY, str(MODEL), folder + "/run"], capture_output=True, text=True, check=True
        )
        seconds = time.perf_counter() - start
    print(f"10^6 cells into a folder: largest memory {float(done.stdout):.0f} MB, {seconds:.0f} s   (must < 1000 MB)")


def cells(area_width: float, shape: int, workers: int) -> None:
    field = cn.Field.load(MODEL)
    before = resource.getrusage(resource.RUSAGE_SELF)
    start = time.perf_counter()
    found = cn.ftle(
        field, BOX, (shape, shape), TIME, budget=400_000, area_width=area_width, tile=(4, 4), workers=workers
    )
    seconds = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    areas = found.cells.areas
    proved = found.cells.codes == found.verdict_names.index("proved")
    print(
        f"cells: mean width by area {found.mean_width:.4f}, {len(found.cells)} cells, {found.integrated} integrated "
        f"(must <= 0.02 with <= 4e5), {seconds:.0f} s on {workers} threads, CPU {cpu:.0f} s "
        f"(must <= 600 s on two cores); {100 * areas[~proved].sum() / areas.sum():.3g} % of the area not bounded"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", default=["points", "threads"], metavar="points|threads|memory|cells")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--points", type=int, default=100, help="of an axis")
    parser.add_argument("--area-width", type=float, default=4e-5, help="cells: what a cell may have of area x width")
    parser.add_argument("--cells", type=int, default=20, help="of an axis, before refinement")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    print(f"{_core.cpu_type()}")
    for part in options.parts:
        if part == "points":
            points(options.repeat, options.points)
        elif part == "threads":
            threads(options.repeat, options.points)
        elif part == "memory":
            memory()
        elif part == "cells":
            cells(options.area_width, options.cells, options.workers)
        else:
            parser.error(f"{part!r} is none of points, threads, memory, cells")


if __name__ == "__main__":
    main()
