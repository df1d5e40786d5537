"""The moons of the neural-ODE literature, proved: classes, decision boundary, robust radii, FTLE field.

    python examples/moons_2d.py [--out FOLDER] [--network wide|layered|euler] [--cells N] [--threads N]
                                [--ftle-points N] [--ftle-cells BUDGET]

`wide` is the network 2 -> 5 -> 5 -> 2 of `train_moons_2d.py` with T = 10 on [-2, 2]^2, `layered` the one of five
pieces, `euler` the exact Euler network (step 0.1) of `wide`. It prints what is proved, in words, and writes into FOLDER

    classes.png, ftle.png    the class map with the proved boundary, data, and circles of the largest radii within which
                             the class is proved not to change; the FTLE field with the same boundary and data
    classes.npz, ftle.npz    all the cells, and the exponents

With the defaults it takes about twenty seconds of one core. The exponents are those of N x N grid points, or, with a
BUDGET, of every input of the cells.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np

import capnode as cn
from capnode.plot import save_figure

DATA = Path(__file__).parent / "data"
BOX = [(-2.0, 2.0), (-2.0, 2.0)]


def network(name: str) -> tuple[Any, cn.Readout, float | None]:
    """The system, its readout and its time."""
    if name == "layered":
        pieces = [(cn.Field.load(DATA / f"moons_layered_{k}.capnode"), 2.0) for k in range(1, 6)]
        return cn.layered(pieces), cn.Readout.load(DATA / "moons_layered_readout.npz"), None
    field, read = cn.Field.load(DATA / "moons_2_5_5_2.capnode"), cn.Readout.load(DATA / "moons_2_5_5_2_readout.npz")
    return (cn.euler_map(field, 0.1), read, 100) if name == "euler" else (field, read, 10.0)


def robust_radii(
    field: Any, readout: cn.Readout, t: float | None, points: np.ndarray
) -> list[tuple[np.ndarray, cn.RobustRadius]]:
    """Points, each with a proved radius and a proved counterexample beyond it."""
    found = []
    for x in points:
        result = cn.robust_radius(field, readout, x, t)
        if result.value is None:
            print(f"  no radius at ({x[0]!r}, {x[1]!r}): {result.reason}")
        else:
            found.append((x, result.value))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("moons-2d"), help="folder for the pictures")
    parser.add_argument("--network", choices=("wide", "layered", "euler"), default="wide")
    parser.add_argument("--cells", type=int, default=100, help="cells a side to begin with (default 100)")
    parser.add_argument("--ftle-points", type=int, default=100, help="points a side of the FTLE field")
    parser.add_argument("--ftle-cells", type=int, default=0, help="cells instead of points: so many in all")
    parser.add_argument("--threads", type=int, default=0, help="default: as many as the machine has")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    field, readout, t = network(options.network)
    with np.load(DATA / "moons_train.npz") as file:
        points, labels = file["points"], file["classes"]

    begun = time.perf_counter()
    cells = cn.classify(field, readout, BOX, (options.cells, options.cells), t, threads=options.threads, progress=True)
    print(f"{cells}: {cells.integrated} cells integrated, {time.perf_counter() - begun:.1f} s")
    begun = time.perf_counter()
    result = cells.boundary(threads=options.threads, progress=True)
    print(f"{result.value} ({time.perf_counter() - begun:.1f} s)")
    if not result.proved:
        print(f"not proved: {result.reason}")
    curve = result.value
    assert curve is not None
    print(curve.statement())

    found = cells.class_of(points)
    wrong, open_ = (found >= 0) & (found != labels), found < 0
    print(
        f"{int((found == labels).sum())} of {len(points)} training points are proved to lie on the side of their class"
    )
    for kind, mask in (("on the other side, proved", wrong), ("not decided", open_)):
        for z in points[mask]:
            print(f"  {kind}: ({z[0]!r}, {z[1]!r})")
    cells.save(options.out / "classes.npz")
    axes = cells.plot(boundary=curve, points=points, labels=labels)
    if options.network != "euler":  # a flow, not a map
        begun = time.perf_counter()
        circles = robust_radii(field, readout, t, points[:: max(1, len(points) // 20)])
        radii = [r for _, r in circles]
        sharp = min(low / high for low, high in (r.bracket for r in radii))
        print(
            f"robust radii of {len(radii)} training points, from {min(r.radius for r in radii):.4f} to "
            f"{max(r.radius for r in radii):.4f}; each at least {sharp:.4f} of the distance of an input that is proved "
            f"to have the other class ({time.perf_counter() - begun:.1f} s)"
        )
        angle = np.linspace(0.0, 2.0 * np.pi, 200)
        for x, r in circles:
            axes.plot(x[0] + r.radius * np.cos(angle), x[1] + r.radius * np.sin(angle), "k", linewidth=0.6)
    save_figure(axes.figure, options.out / "classes.png")

    begun = time.perf_counter()
    if options.ftle_cells > 0:
        ftle = cn.ftle(field, BOX, (64, 64), t, budget=options.ftle_cells, progress=True)
    else:
        ftle = cn.ftle(field, BOX, (options.ftle_points,) * 2, t, method="points", progress=True)
    print(f"{ftle} ({time.perf_counter() - begun:.1f} s)")
    ftle.save(options.out / "ftle.npz")
    axes = ftle.plot("middle", boundary=curve, points=points, labels=labels)
    save_figure(axes.figure, options.out / "ftle.png")
    print(f"pictures and cells in {options.out}")


if __name__ == "__main__":
    main()
