"""Rigour against floats: ball products, verified eigenvalues, verified eigenbases. One BLAS thread everywhere.

Every line compares two things measured alternately in one run and prints the medians, their ratio and the bar it should
meet. Options: --repeat N (default 7), --large (n = 1000 eigenbases and their peak memory).

    python benchmarks/linear_algebra.py [--repeat 7] [--large]
"""

from __future__ import annotations

import argparse
import ctypes
import resource
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np

import capnode
from capnode import _core


def pin_numpy() -> str:
    """Limits NumPy's BLAS to one thread (capnode's own is always single-threaded); says how."""
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        pass
    else:
        threadpool_limits(1)
        return "threadpoolctl"
    for library in Path(np.__file__).parent.parent.glob("numpy.libs/*openblas*"):
        handle = ctypes.CDLL(str(library))
        for name in ("scipy_openblas_set_num_threads64_", "openblas_set_num_threads64_", "openblas_set_num_threads"):
            if hasattr(handle, name):
                getattr(handle, name)(1)
                return name
    return "not pinned: ratios against NumPy are not comparable"


def alternate(repeat: int, *functions: Callable[[], float | None]) -> list[float]:
    """Median seconds of each, called in turn; a function may return its own time."""
    times: list[list[float]] = [[] for _ in functions]
    for _ in range(repeat):
        for k, f in enumerate(functions):
            start = time.perf_counter()
            own = f()
            times[k].append(own if own is not None else time.perf_counter() - start)
    return [median(t) for t in times]


def line(what: str, ours: float, theirs: float, ratio: float, bar: str) -> None:
    print(f"{what:58s} ours {ours * 1e3:9.2f} ms   theirs {theirs * 1e3:9.2f} ms   ratio {ratio:7.2f}   ({bar})")


def products(repeat: int, n: int = 1000) -> None:
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(n, n)), rng.normal(size=(n, n))
    ra, rb = 1e-12 * np.abs(a), 1e-12 * np.abs(b)

    def floats() -> None:
        np.matmul(a, b)

    theirs, point, ball = alternate(
        repeat,
        floats,
        lambda: _core.time_ball_products(a, ra, b, rb, 0),
        lambda: _core.time_ball_products(a, ra, b, rb, 1),
    )
    line(f"point x ball, n = {n}, against numpy's float product", point, theirs, point / theirs, "at most 2.5")
    line(f"ball x ball, n = {n}, against numpy's float product", ball, theirs, ball / theirs, "at most 3")


def eigenvalues(repeat: int, n: int, bar: str) -> None:
    """All eigenvalues enclosed: ours against acb_mat.eig() of python-flint at 53 bits."""
    import flint

    a = np.random.default_rng(n).normal(size=(n, n)) / np.sqrt(n)
    zero = np.zeros_like(a)
    flint.ctx.prec = 53
    matrix = flint.acb_mat(n, n, [flint.acb(float(x)) for x in a.ravel()])

    def oracle() -> None:
        matrix.eig()

    def run(accurate: bool) -> Callable[[], None]:
        def f() -> None:
            basis = _core.Eigenbasis(a, zero, accurate=accurate)
            assert all(basis.isolated)

        return f

    def floats() -> None:
        np.linalg.eig(a)

    (theirs,) = alternate(3 if n <= 100 else 1, oracle)
    plain, accurate, lapack = alternate(max(repeat, 11), run(False), run(True), floats)
    for mode, ours in (("plain", plain), ("accurate", accurate)):
        line(f"verified eigenvalues, n = {n}, {mode}, against acb_mat.eig", ours, theirs, theirs / ours, bar)
    print(f"    (numpy.linalg.eig: {lapack * 1e3:.2f} ms)")


def eigenbasis(repeat: int, n: int) -> None:
    """Eigenbasis with discs, second-order radii, and all eigenvectors of one of each pair, against numpy.linalg.eig."""
    rng = np.random.default_rng(80)
    r1, r2 = rng.normal(size=(n, n)), 0.1 * rng.normal(size=(n, n))
    a = r1 - r1.T + r2
    zero = np.zeros_like(a)

    def floats() -> None:
        np.linalg.eig(a)

    def ours() -> None:
        basis = _core.Eigenbasis(a, zero, accurate=True)
        assert all(basis.isolated)

    def with_vectors() -> None:
        basis = _core.Eigenbasis(a, zero, accurate=True)
        indices = [i for i, c in enumerate(basis.center) if c.imag > 0]
        basis.right_eigenvectors(indices)
        basis.left_eigenvectors(indices)

    theirs, bare, full = alternate(repeat, floats, ours, with_vectors)
    line(f"accurate eigenbasis, n = {n}, against numpy.linalg.eig", bare, theirs, bare / theirs, "at most 6")
    line("    with enclosures of all vectors", full, theirs, full / theirs, "at most 6")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--large", action="store_true")
    options = parser.parse_args()
    print(f"capnode {capnode.__version__}; our BLAS: {_core.blas_description()}")
    print(f"one thread; numpy {np.__version__} pinned by: {pin_numpy()}")
    products(options.repeat)
    eigenvalues(options.repeat, 100, "at least 80")
    eigenvalues(options.repeat, 200, "at least 150")
    eigenbasis(options.repeat, 400)
    if options.large:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        eigenbasis(1, 1000)
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"    peak memory of the process: {after:.0f} MB (before n = 1000: {before:.0f} MB)   (at most 1024)")


if __name__ == "__main__":
    main()
