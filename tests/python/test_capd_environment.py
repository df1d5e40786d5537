"""CAPD rounds by switching the rounding mode of the thread. Whatever it did, and also where it threw: afterwards the
rounding mode, flush-to-zero and the x87 control word are the caller's, NumPy sums are the same bits, our products too,
and several threads do not disturb each other."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np
import pytest

import capnode as cn
from capnode import _core
from flow_fields import lorenz, scalar_field
from small_fields import planar

pytest.importorskip("capnode._capd", reason="this build has no CAPD (third_party/README.md)")

LIBM = ctypes.CDLL("libm.so.6")
NEAREST, DOWNWARD, UPWARD, TOWARD_ZERO = 0x000, 0x400, 0x800, 0xC00  # fenv.h on x86-64


def one(f: Callable[[Any], Any]) -> Any:
    return scalar_field(1, 0, lambda x: [f(x)])


def refused(call: Callable[[], Any]) -> None:
    with suppress(ValueError):
        call()
        raise AssertionError("this call was to be refused")


BOX = cn.interval([-1.0, -1.0], [1.0, 1.0])
SECTION = cn.section([0.0, 0.0, 1.0], 27.0)
CALLS: dict[str, Callable[[], Any]] = {
    "integrate": lambda: cn.integrate(lorenz(), [1.0, 2.0, 3.0], 0.3, engine="capd"),
    "integrate C1": lambda: cn.integrate(lorenz(), [1.0, 2.0, 3.0], 0.3, derivative=True, engine="capd"),
    "lanes in threads": lambda: cn.integrate(planar(), np.ones((5, 2)), 0.3, threads=3, engine="capd"),
    "poincare_map": lambda: cn.poincare_map(lorenz(), SECTION, [1.0, 2.0, 3.0], derivative=True, engine="capd"),
    "equilibrium": lambda: cn.equilibrium(planar(), [0.0, 0.0], engine="capd"),
    "krawczyk": lambda: cn.krawczyk(planar(), BOX, engine="capd"),
    "interval_newton": lambda: cn.interval_newton(planar(), BOX, engine="capd"),
    # CAPD throws
    "blow-up": lambda: cn.integrate(one(lambda x: x * x), [1.0], 3.0, engine="capd"),
    "edge of a domain": lambda: cn.integrate(one(lambda x: -x.apply("sqrt")), [1.0], 3.0, engine="capd"),
    "overflow": lambda: cn.integrate(one(lambda x: x.apply("exp")), [800.0], 1.0, engine="capd"),
    "singular": lambda: cn.interval_newton(one(lambda x: x * x), cn.interval([-1.0], [1.0]), engine="capd"),
    "division by zero": lambda: cn.krawczyk(one(lambda x: 1.0 / x), cn.interval([-1.0], [1.0]), engine="capd"),
    "not reached": lambda: cn.poincare_map(
        lorenz(), cn.section([0.0, 0.0, 1.0], 300.0), [1.0, 2.0, 3.0], max_time=0.5, engine="capd"
    ),
    "stopped": lambda: cn.integrate(lorenz(), [1.0, 2.0, 3.0], 1e3, max_seconds=1e-3, engine="capd"),
    "refused": lambda: refused(lambda: cn.integrate(one(lambda x: x.apply("erf")), [1.0], 1.0, engine="capd")),
}


def sums() -> bytes:
    """Bits that depend on the rounding mode, on flushing, and (long double) on the x87 control word."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=4001)
    tiny = x * 2.0**-1040
    extended = np.array([1.0, 2.0, 7.0], dtype=np.longdouble) / np.longdouble(3.0)
    parts = [x.sum(), np.cumsum(x), x / 3.0, np.sqrt(np.abs(x)), tiny + tiny[::-1], x.astype(np.float32).sum()]
    ten_of_sixteen = extended.view(np.uint8).reshape(-1, 16)[:, :10]  # the others are padding
    return b"".join(np.asarray(p).tobytes() for p in parts) + ten_of_sixteen.tobytes()


def product() -> bytes:
    """Our own BLAS through a theorem."""
    found = cn.spectrum(np.random.default_rng(4).normal(size=(30, 30))).require()
    return found.eigenvalues.center.tobytes() + found.eigenvalues.radius.tobytes()


@contextmanager
def rounding(mode: int) -> Iterator[None]:
    assert LIBM.fesetround(mode) == 0
    try:
        yield
    finally:
        LIBM.fesetround(NEAREST)


def bits(result: Any) -> bytes:
    value = getattr(result, "value", None)
    if value is None:
        return b""
    arrays = [getattr(value, name, None) for name in ("final", "derivative", "point", "time", "state", "enclosure")]
    return b"".join(a.lo.tobytes() + a.hi.tobytes() for a in arrays if hasattr(a, "lo"))


@pytest.mark.parametrize("name", CALLS)
def test_each_call_leaves_the_environment_as_it_was(name: str) -> None:
    before, ours = sums(), product()
    assert LIBM.fegetround() == NEAREST
    result = CALLS[name]()
    assert LIBM.fegetround() == NEAREST
    assert _core.FloatEnvironment.is_clean()
    assert sums() == before
    assert product() == ours
    for mode in (UPWARD, DOWNWARD, TOWARD_ZERO):
        with rounding(mode):
            again = CALLS[name]()
            kept = LIBM.fegetround()
        assert kept == mode
        if name != "stopped":
            assert bits(again) == bits(result)
    assert sums() == before


@pytest.mark.parametrize("name", ["integrate C1", "poincare_map", "krawczyk", "overflow", "refused"])
def test_a_caller_that_flushes_denormals(name: str) -> None:
    torch = pytest.importorskip("torch", reason="torch.set_flush_denormal is how a caller flushes to zero")
    clean = bits(CALLS[name]())
    if not torch.set_flush_denormal(True):
        pytest.skip("this machine does not support flushing denormals")
    try:
        before = sums()
        result = CALLS[name]()
        assert not _core.FloatEnvironment.is_clean()  # given back as it was
        assert sums() == before
        assert bits(result) == clean
    finally:
        torch.set_flush_denormal(False)


def test_subnormal_numbers_survive_in_capd() -> None:
    field = one(lambda x: -x)
    final = cn.integrate(field, [2.0**-1060], 1.0, engine="capd").require().final
    assert final.lo[0] <= 2.0**-1060 * np.exp(-1.0) <= final.hi[0]
    assert final.hi[0] > 0.0


def test_threads_do_not_disturb_each_other() -> None:
    names = [name for name in CALLS if name not in ("stopped", "lanes in threads")]
    alone = {name: bits(CALLS[name]()) for name in names}
    before, ours = sums(), product()

    def work(k: int) -> None:
        for i in range(len(names)):
            name = names[(i + 3 * k) % len(names)]
            assert bits(CALLS[name]()) == alone[name], name
            assert LIBM.fegetround() == NEAREST
            assert sums() == before
            assert product() == ours

    with ThreadPoolExecutor(4) as pool:
        for future in [pool.submit(work, k) for k in range(4)]:
            future.result()
    assert sums() == before
