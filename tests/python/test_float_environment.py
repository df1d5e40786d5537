"""The caller's floating-point environment does not reach the core: flush-to-zero and denormals-are-zero set by torch,
and four threads at once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from capnode import _core
from capnode.arguments import point
from capnode.field import Field
from capnode.integrate import initial_sets
from capnode.interval_array import interval
from number_oracle import FloatArray

FUNCTIONS = ["tanh", "exp", "sigmoid", "softplus", "sin", "gelu", "log"]


@pytest.fixture
def flushing() -> Iterator[None]:
    torch = pytest.importorskip("torch", reason="torch.set_flush_denormal is how a caller flushes to zero")
    if not torch.set_flush_denormal(True):
        pytest.skip("this machine does not support flushing denormals")
    yield
    torch.set_flush_denormal(False)


def arguments() -> FloatArray:
    rng = np.random.default_rng(51)
    return np.concatenate([rng.normal(size=200), 2.0 ** rng.integers(-1074, -1000, 50).astype(float), np.zeros(1)])


def results(x: FloatArray) -> list[bytes]:
    out = []
    for name in FUNCTIONS:
        y = np.abs(x) if name == "log" else x
        out += [a.tobytes() for a in _core.interval_derivatives(name, y, y)]
        out += [a.tobytes() for a in _core.derivative_lanes(name, y, np.abs(y))]
    for operation in ("add", "subtract", "multiply", "divide"):
        out += [a.tobytes() for a in _core.interval_binary(operation, x, x, x[::-1].copy(), x[::-1].copy())]
    return out


def test_flush_to_zero_changes_nothing(request: pytest.FixtureRequest) -> None:
    x = arguments()  # drawn before: numpy itself flushes
    clean = results(x)
    assert _core.float_environment_is_clean()
    request.getfixturevalue("flushing")
    assert not _core.float_environment_is_clean()
    assert results(x) == clean
    assert not _core.float_environment_is_clean()  # given back as it was


@pytest.mark.usefixtures("flushing")
def test_subnormal_numbers_survive() -> None:
    tiny = interval("5e-324")
    assert tiny.lo.tobytes() != np.zeros(()).tobytes() or tiny.hi.tobytes() != np.zeros(()).tobytes()
    assert interval("1e-320").contains("1e-320").all()
    assert not interval(0, "1e-321").contains("1e-320").any()
    assert interval("1e-320").disjoint(0).all()
    small = np.frombuffer(b"\x01\x00\x00\x00", dtype=np.float32)  # the least positive float32
    assert interval(small).disjoint(0).all()
    assert interval(small).lo.tobytes() == np.array([2.0**-149]).tobytes()


def test_subnormal_starts_survive(request: pytest.FixtureRequest) -> None:
    narrow = np.array([1e-40, -1e-45], dtype=np.float32)
    wide = narrow.astype(np.float64).tobytes()
    request.getfixturevalue("flushing")
    assert initial_sets(narrow, 2).centres.tobytes() == wide


def test_four_threads_at_once() -> None:
    x = arguments()
    clean = results(x)
    with ThreadPoolExecutor(4) as pool:
        for one in pool.map(results, [x] * 12):
            assert one == clean


def test_subnormal_weights_survive(request: pytest.FixtureRequest) -> None:
    narrow = np.array([1e-40, -1e-45, 1.0], dtype=np.float32)
    wide, radius = narrow.astype(np.float64), np.array([5e-324, 0.0, 0.0])

    def text(values: FloatArray, rad: FloatArray | None = None) -> str:
        b = _core.FieldBuilder(3)
        return b.build(b.affine(b.constant(values, rad), np.diag(values), None, values, rad)).to_text()

    exact, tiny = text(wide), text(1e-300 * wide, radius)
    identity = _core.FieldBuilder(3)
    field = Field(identity.build(identity.state()))
    request.getfixturevalue("flushing")
    assert text(narrow) == exact
    results = [field(narrow), point(narrow, 3, "x")]
    with _core.FloatEnvironment():
        scaled = 1e-300 * wide
        assert all(r.tobytes() == wide.tobytes() for r in results)
    assert text(scaled, radius) == tiny


def test_subnormal_ends_are_printed_outward(request: pytest.FixtureRequest) -> None:
    clean = [_core.decimal_up(x, 3) for x in (5e-324, 1e-310)] + [_core.decimal_down(-5e-324, 3)]
    request.getfixturevalue("flushing")
    printed = [_core.decimal_up(x, 3) for x in (5e-324, 1e-310)] + [_core.decimal_down(-5e-324, 3)]
    assert printed == clean == ["4.95e-324", "1e-310", "-4.95e-324"]
