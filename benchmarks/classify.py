"""Class maps and decision boundaries of the stored moons network against what floating point takes, side by side.

    python benchmarks/classify.py

Per cell: a proved class map of 100 x 100 cells, against classifying their 10^4 centres by RK4 with step 0.1 in NumPy
(vectorised over the points). Per piece of the boundary: the whole proof (following the curve, and the cover that shows
that there is nothing else), and following alone. Processor time of one thread.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

import capnode as cn

DATA = Path(__file__).resolve().parents[1] / "examples" / "data"
BOX = [(-2.0, 2.0), (-2.0, 2.0)]


def clocked(call: Any) -> tuple[Any, float]:
    start = time.thread_time()
    return call(), time.thread_time() - start


def rk4(field: cn.Field, x: Any, steps: int = 100, h: float = 0.1) -> Any:
    for _ in range(steps):
        k1 = field(x)
        k2 = field(x + 0.5 * h * k1)
        k3 = field(x + 0.5 * h * k2)
        k4 = field(x + h * k3)
        x = x + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
    return x


def main() -> None:
    field, readout = cn.Field.load(DATA / "moons_2_5_5_2.capnode"), cn.Readout.load(DATA / "moons_2_5_5_2_readout.npz")
    cells, proving = clocked(lambda: cn.classify(field, readout, BOX, (100, 100), 10.0, depth=0))
    guesses, floating = clocked(lambda: readout.predict(rk4(field, np.asarray(cells.boxes.mid))))
    held = cells.proved_class >= 0
    assert (guesses[held] == cells.proved_class[held]).all()
    print(f"10^4 cells proved {proving:.3f} s, 10^4 points in floats {floating:.3f} s: ratio {proving / floating:.2f}")
    print(f"  {100.0 * cells.decided:.1f} % of the area decided without refinement")
    deep, refined = clocked(lambda: cn.classify(field, readout, BOX, (100, 100), 10.0, depth=2))
    print(f"depth 2: {deep.integrated} cells, {refined:.2f} s, {100.0 * deep.decided:.1f} % decided")
    _, following = clocked(lambda: deep.boundary(depth=0))
    curve, proof = clocked(lambda: deep.boundary())
    count = len(curve.require())
    print(f"boundary: {count} pieces, {proof:.2f} s, of which following {following:.2f} s ", end="")
    print(f"({1e3 * following / count:.2f} ms a piece); {curve.require().integrated} cells of the cover")


if __name__ == "__main__":
    main()
