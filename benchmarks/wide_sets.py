"""Wide boxes of initial points: how much wider than what they reach the enclosures are, and what they cost.

Every line encloses all solutions from a box at once and prints what carried it (`set_degree`), its steps, its time (CPU
of the thread), and the width of the final enclosure against the hull of 10^4 floating-point solutions from random
points of the box and all its corners: the largest ratio over the components, next to the bar it should meet. The
networks are those of tests/flow_fields.py; those with stored weights are left out where ../shared is missing.

    python benchmarks/wide_sets.py [--linear]     # --linear: also in pieces by linear sets, at most 2000 of them
"""

from __future__ import annotations

import argparse
import itertools
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

import capnode as cn
from capnode import _core

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

import flow_fields  # noqa: E402


def cases() -> list[tuple[str, Any, Any, float, float, float]]:
    """(name, field, centre, radius, time, bar)"""
    found: list[tuple[str, Any, Any, float, float, float]] = [
        ("Lorenz", flow_fields.lorenz(), [1.0, 1.0, 1.0], 1e-3, 2.0, 1.5)
    ]
    shared = Path(os.environ.get("CAPNODE_SHARED", ROOT.parent / "shared"))
    if shared.exists():
        field, x0 = flow_fields.fpa(shared)
        found.append(("fixed-point attractor, n = 5", field, x0, 0.01, 10.0, 1.5))
        for radius, bar in ((0.01, 1.5), (0.05, 1.5), (0.1, 2.0)):
            found.append(("spiral network", flow_fields.spiral(shared), [2.0, 0.0], radius, 10.0, bar))
    for radius, bar in ((0.01, 1.5), (0.05, 1.5), (0.1, 2.0)):
        found.append(
            ("Laub-Loomis, n = 7", flow_fields.laub_loomis(), flow_fields.LAUB_LOOMIS_CENTRE, radius, 20.0, bar)
        )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--linear", action="store_true")
    options = parser.parse_args()
    for name, field, centre, radius, t, bar in cases():
        x0 = np.array(centre, dtype=float)
        corners = np.array(list(itertools.product([-1.0, 1.0], repeat=x0.size)))
        points = x0 + radius * np.vstack([np.random.default_rng(11).uniform(-1, 1, (10_000, x0.size)), corners])
        ends = _core.plain_flow(field.core, points, duration=t)["final"]
        reach = ends.max(axis=0) - ends.min(axis=0)
        box = cn.IntervalArray(x0 - radius, x0 + radius)
        what = f"{name} +- {radius:g}, T = {t:g}"
        start = time.thread_time()
        run = cn.integrate(field, box, t)
        seconds = time.thread_time() - start
        ratio = float((run.value.final.width / reach).max()) if run.proved else np.inf
        print(
            f"{what:44s} degree {run.value.set_degree}  {run.value.steps:4d} steps {seconds:7.2f} s"
            f"   ratio {ratio:6.3f}   (<= {bar})",
            flush=True,
        )
        if options.linear:
            start = time.thread_time()
            pieces = cn.integrate_pieces(field, box, t, set_degree=1, max_pieces=2000, tolerance=1e-9)
            seconds = time.thread_time() - start
            ratio = float((pieces.value.final.width / reach).max()) if pieces.proved else np.inf
            print(
                f"{'    linear sets':44s} {pieces.value.pieces:5d} pieces        {seconds:7.2f} s   ratio {ratio:6.3f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
