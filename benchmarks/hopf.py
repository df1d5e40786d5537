"""Speed of the Hopf proofs: the diagonal path against numpy.linalg.eig, the general path with all points of a network.

    python benchmarks/hopf.py [--diagonal 400 1000] [--general 400] [--threads 2] [--repeat 3]

Ratios are taken side by side in one run, with NumPy's BLAS on one thread (the library's own always is); medians over
the repetitions. Peak memory is that of the process, before and after.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy: its BLAS against ours, thread by thread

import argparse
import resource
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from capnode import _core
from capnode.field import Field
from capnode.hopf import HopfSearch, hopf_points
from capnode.networks import kuehn_queirolo_matrix


def timed(function: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    value = function()
    return time.perf_counter() - start, value


def peak_mebibytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def diagonal_field(M: Any, b: Any) -> Field:
    """x' = tanh((M + p I) x + b)."""
    n = len(M)
    f = _core.FieldBuilder(n, 1, False)
    x, p = f.state(), f.parameter()
    z = f.add(f.affine(x, M, None, b, None), f.multiply(f.gather(p, [0] * n), x))
    return Field(f.build(f.apply("tanh", z)))


def leaky_field(n: int, seed: int = 80) -> Field:
    """x' = -p x + W tanh(x) + b, W = I/2 + (nearly skew)/sqrt(n), b = 0.2 normal (`capnode.networks.leaky`)."""
    rng = np.random.default_rng(seed)
    R1, R2 = rng.standard_normal((n, n)), 0.1 * rng.standard_normal((n, n))
    W = 0.5 * np.eye(n) + (R1 - R1.T + R2) / np.sqrt(n)
    b = 0.2 * rng.standard_normal(n)
    f = _core.FieldBuilder(n, 1, False)
    x, p = f.state(), f.parameter()
    wx = f.affine(f.apply("tanh", x), W, None, b, None)
    return Field(f.build(f.subtract(wx, f.multiply(f.gather(p, [0] * n), x))))


def digits(search: HopfSearch) -> str:
    points = search.points
    p = max(float(q.parameter.rad) for q in points)
    l1 = [float(q.lyapunov_coefficient.rad) / abs(float(q.lyapunov_coefficient.mid)) for q in points]
    return f"radius of p <= {p:.1e}, relative radius of l1: median {statistics.median(l1):.1e}, worst {max(l1):.1e}"


def diagonal(n: int, repeat: int) -> None:
    M = kuehn_queirolo_matrix(n)
    field = diagonal_field(M, 0.1 * np.random.default_rng(1).standard_normal(n))
    hopf_points(diagonal_field(np.array([[0.0, 1.0], [-1.0, 0.1]]), np.zeros(2)), (-1.0, 1.0))  # load everything
    before = peak_mebibytes()
    ours, lapack = [], []
    for _ in range(repeat):
        lapack.append(timed(lambda: np.linalg.eig(M))[0])
        seconds, search = timed(lambda: hopf_points(field, (-10.0, 10.0), method="diagonal"))
        ours.append(seconds)
    a, b = statistics.median(ours), statistics.median(lapack)
    pairs = int(np.count_nonzero(np.linalg.eigvals(M).imag > 0))
    print(f"diagonal path, n = {n}: {a:.3f} s, numpy.linalg.eig {b:.3f} s, ratio {a / b:.2f}; one thread each")
    print(f"    {len(search.points)} of {pairs} pairs proved, complete: {search.complete}; {digits(search)}")
    print(f"    peak memory {peak_mebibytes():.0f} MiB ({before:.0f} MiB before)")


def general(n: int, threads: int) -> None:
    field = leaky_field(n)
    seconds, search = timed(lambda: hopf_points(field, (0.1, 0.8), method="general", threads=threads))
    find, prove = search.seconds
    signs = sum(p.criticality != "undetermined" for p in search.points)
    print(f"general path, n = {n}, {threads} threads: {seconds:.1f} s (search {find:.1f} s, proofs {prove:.1f} s)")
    print(f"    {len(search.points)} of {len(search)} points proved, {signs} signs of l1; {digits(search)}")
    print(
        f"    {prove / max(len(search), 1) * 1e3 * threads:.0f} ms a proof and thread; {peak_mebibytes():.0f} MiB peak"
    )
    for result in search:
        if not result.proved:
            print(f"    not proved: {result.reason}")
    for lo, hi, why in search.unbalanced:
        print(f"    p in [{lo:.9g}, {hi:.9g}]: {why}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--diagonal", type=int, nargs="*", default=[400, 1000], metavar="N")
    parser.add_argument("--general", type=int, nargs="*", default=[400], metavar="N")
    parser.add_argument("--threads", type=int, default=2, help="of the general path")
    parser.add_argument("--repeat", type=int, default=3, help="of the diagonal path")
    arguments = parser.parse_args()
    print(f"numpy {np.__version__}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    for n in arguments.diagonal:
        diagonal(n, arguments.repeat)
    for n in arguments.general:
        general(n, arguments.threads)


if __name__ == "__main__":
    main()
