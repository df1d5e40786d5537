"""capnode.Field and the builder: shapes, dtypes, refusals with both numbers, any caller's float environment."""

from __future__ import annotations

import ctypes
import pickle
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from flint import arb

from capnode import _core
from capnode.arguments import point
from capnode.field import Field
from capnode.interval_array import IntervalArray
from oracle_field import inside, layered, outside, random_graph


def example(seed: int = 0) -> Field:
    return Field(layered(np.random.default_rng(seed), "tanh").build())


def lorenz() -> Field:
    b = _core.FieldBuilder(3, 3)
    x = b.state()
    p = b.parameter()
    one = [b.gather(x, [i]) for i in range(3)]
    sigma, rho, beta = (b.gather(p, [i]) for i in range(3))
    parts = [
        b.multiply(sigma, b.subtract(one[1], one[0])),
        b.subtract(b.multiply(one[0], b.subtract(rho, one[2])), one[1]),
        b.subtract(b.multiply(one[0], one[1]), b.multiply(beta, one[2])),
    ]
    return Field(b.build(b.concat(parts)))


def test_lorenz() -> None:
    field = lorenz()
    x, p = np.array([1.0, 2.0, 3.0]), np.array([10.0, 28.0, 2.5])
    np.testing.assert_array_equal(field(x, p), [10.0, 23.0, -5.5])
    np.testing.assert_array_equal(field.jacobian(x, p), [[-10, 10, 0], [25, -1, -1], [2, 1, -2.5]])
    value, dx, dp = field.linearization(x, p)
    np.testing.assert_array_equal(value, field(x, p))
    np.testing.assert_array_equal(dx, field.jacobian(x, p))
    np.testing.assert_array_equal(dp, [[1, 0, 0], [0, 1, 0], [0, 0, -3]])
    box = field.enclose(IntervalArray(x - 0.5, x + 0.5), p)
    assert np.all(box.lo <= [10.0, 23.0, -5.5])
    assert np.all(box.hi >= [10.0, 23.0, -5.5])
    jacobian = field.enclose_jacobian(x, p)
    assert jacobian.lo.shape == (3, 3)
    assert np.all(jacobian.hi - jacobian.lo <= 1e-14)
    assert "dim=3" in repr(field)
    assert "parameter_dim=3" in repr(field)


def test_shapes() -> None:
    field = example()
    x, p = np.ones(3), np.ones(1)
    assert field(x, p).shape == field(x, 1.0).shape == (3,)
    assert field(np.ones((5, 3)), p).shape == field(np.ones((5, 3)), np.ones((5, 1))).shape == (5, 3)
    assert field.enclose(np.ones((5, 3)), p).lo.shape == (5, 3)
    assert field.jacobian(np.ones((5, 3)), p).shape == (5, 3, 3)
    assert field.enclose_jacobian(np.ones((5, 3)), np.ones((5, 1))).hi.shape == (5, 3, 3)
    assert field.taylor(x, p, order=4).shape == (5, 3)
    assert field.taylor(np.ones((2, 3)), p, order=4).shape == (5, 2, 3)
    assert field.enclose_taylor(np.ones((2, 3)), p, order=4).lo.shape == (5, 2, 3)
    value, dx, dp = field.enclose_linearization(x, p)
    assert (value.lo.shape, dx.lo.shape, dp.lo.shape) == ((3,), (3, 3), (3, 1))


@pytest.mark.parametrize(
    ("x", "p", "message"),
    [
        (np.ones(2), 1.0, r"\(2,\).*\(3,\)"),
        (np.ones((2, 2)), 1.0, r"\(2, 2\).*3"),
        (np.ones((0, 3)), 1.0, r"\(0, 3\)"),
        (1.0, 1.0, r"\(\).*\(3,\)"),
        (np.ones(3), None, "1 parameters"),
        (np.ones(3), np.ones(2), r"\(2,\).*\(1,\)"),
        (np.ones((4, 3)), np.ones((3, 1)), r"\(3, 1\)"),
        (np.ones(3, complex), 1.0, "complex128"),
        (np.ones(3, np.longdouble), 1.0, "float128|longdouble"),
        (np.array([1, 2, 2**53 + 1]), 1.0, "9007199254740992"),
        (["a", "b", "c"], 1.0, "dtype"),
        (np.array([1.0, np.nan, 0.0]), 1.0, "NaN"),
        (np.ones(3), np.nan, "NaN"),
        (np.array([True, False, True]), 1.0, "bool"),
    ],
)
def test_misuse_is_a_value_error(x: Any, p: Any, message: str) -> None:
    field = example()
    for call in (field, field.enclose, field.jacobian, field.enclose_jacobian):
        with pytest.raises(ValueError, match=message):
            call(x, p)


@pytest.mark.parametrize("dtype", [np.int64, np.uint64])
def test_integers_beyond_doubles_are_refused(dtype: type) -> None:
    b = _core.FieldBuilder(1)
    assert b.size(b.constant(np.array([2**53], dtype=dtype))) == 1
    for n in (2**53 + 1, 2**63 - 1, *([-(2**53) - 1, -(2**63)] if dtype is np.int64 else [2**64 - 1])):
        with pytest.raises(ValueError, match=str(n)):
            b.constant(np.array([n], dtype=dtype))
        with pytest.raises(ValueError, match="9007199254740992"):
            point(np.array([n], dtype=dtype), 1, "x")


def test_exact_widening() -> None:
    field = example()
    x = np.array([0.5, -1.25, 3.0])
    for dtype in (np.float16, np.float32, np.float64):
        np.testing.assert_array_equal(field(x.astype(dtype), np.float32(0.5)), field(x, 0.5))
    np.testing.assert_array_equal(field([1, 2, 3], 1), field([1.0, 2.0, 3.0], 1.0))


def test_builder_refusals_carry_both_numbers() -> None:
    b = _core.FieldBuilder(3, 0)
    x = b.state()
    cases: list[tuple[Any, str]] = [
        (lambda: b.affine(x, np.ones((2, 4))), r"2 x 4.*3"),
        (lambda: b.affine(x, np.ones((2, 3)), None, np.ones(3)), r"3 x 1.*2"),
        (lambda: b.affine(x, np.ones((2, 3)), np.ones((3, 2))), r"3 x 2.*2 x 3"),
        (lambda: b.affine(x, np.ones((2, 3)), -np.ones((2, 3))), r">= 0"),
        (lambda: b.affine(x, np.full((2, 3), np.nan)), r"finite.*\(0, 0\)"),
        (lambda: b.affine(x, np.full((2, 3), np.inf)), r"finite"),
        (lambda: b.affine(x, np.ones((2, 3), complex)), r"complex128"),
        (lambda: b.affine(x, np.ones(3)), r"\(3,\)"),
        (lambda: b.affine(x, np.ones((0, 3))), r"0"),
        (lambda: b.constant(np.array([1.0, np.nan])), r"finite"),
        (lambda: b.constant(np.array([])), r"0 entries"),
        (lambda: b.add(x, b.constant([1.0, 2.0])), r"3 and 2"),
        (lambda: b.gather(x, [0, 3]), r"3.*size 3"),
        (lambda: b.gather(x, [-1]), r"-1"),
        (lambda: b.gather(x, []), r"0"),
        (lambda: b.concat([]), r"0"),
        (lambda: b.matvec(x, x, 1, 2), r"3.*1 x 2"),
        (lambda: b.matvec(x, b.constant([1.0, 2.0]), 1, 3), r"3 columns.*size 2"),
        (lambda: b.matvec(x, x, 2**40, 2**40), r"size 3"),
        (lambda: b.apply("relu", x), r"relu"),
        (lambda: b.parameter(), r"parameter_dim = 0"),
        (lambda: b.time(), r"without time"),
        (lambda: b.negate(99), r"99"),
        (lambda: b.build(b.constant([1.0])), r"size 1.*dimension 3"),
        (lambda: _core.FieldBuilder(0), r"0"),
    ]
    for call, message in cases:
        with pytest.raises(ValueError, match=message):
            call()


def test_time() -> None:
    """x' = t x: a time or an interval of times."""
    b = _core.FieldBuilder(2, 0, True)
    field = Field(b.build(b.multiply(b.gather(b.time(), [0, 0]), b.state())))
    x = np.array([1.0, 2.0])
    np.testing.assert_array_equal(field(x, t=3.0), [3.0, 6.0])
    np.testing.assert_array_equal(field.jacobian(x, t=3.0), 3.0 * np.eye(2))
    box = field.enclose(x, t=IntervalArray(1.0, 3.0))
    assert np.all(box.lo <= [1.0, 2.0])
    assert np.all(box.hi >= [3.0, 6.0])
    assert field.has_time
    for t in (np.nan, np.inf, [0.0, 1.0]):
        with pytest.raises(ValueError, match="t must be"):
            field(x, t=t)
    with pytest.raises(ValueError, match="interval"):
        field(x, t=IntervalArray(1.0, 3.0))


def test_equality_hash_and_pickle() -> None:
    a, b, c = example(), example(), example(1)
    assert a == b
    assert a != c
    assert len({a, b, c}) == 2
    assert pickle.loads(pickle.dumps(a)) == a
    assert a != "a field"


def test_a_field_with_weight_radius_encloses_more() -> None:
    rng = np.random.default_rng(2)
    thin, wide = (Field(layered(np.random.default_rng(5), "tanh", radius=r).build()) for r in (1e-12, 1e-3))
    assert wide.has_weight_radius
    assert not example().has_weight_radius
    x, p = rng.normal(size=3), 0.3
    inner, outer = thin.enclose(x, p), wide.enclose(x, p)
    assert np.all(outer.hi - outer.lo > 1e-5)
    assert np.all(outer.lo < inner.lo)
    assert np.all(outer.hi > inner.hi)
    assert "weight radius" in repr(wide)


# ---- the caller's float environment

libm = ctypes.CDLL("libm.so.6")
FE_DIRECTIONS = {"downward": 0x400, "upward": 0x800, "towards zero": 0xC00}


@contextmanager
def rounding(direction: int) -> Iterator[None]:
    libm.fesetround(direction)
    try:
        yield
    finally:
        libm.fesetround(0)


@pytest.mark.parametrize("direction", FE_DIRECTIONS)
def test_rounding_mode_of_the_caller(direction: str) -> None:
    rng = np.random.default_rng(6)
    for _ in range(15):
        g = random_graph(rng, radius=1e-9)
        f = g.build()
        x, p = rng.normal(size=(g.dim, 1)), rng.normal(size=(g.parameter_dim, 1))
        zeros = np.zeros((3, g.dim)), np.zeros((3, g.parameter_dim))
        dx = np.ones((3, g.dim), complex), np.ones((3, g.parameter_dim), complex)

        def everything() -> list[np.ndarray]:
            out = list(f.enclose(x, x, p, p, method="both"))  # noqa: B023
            for pair in f.enclose_jacobian(x, x, p, p):  # noqa: B023
                out += pair
            out += f.enclose_jet(x, x, p, p, dx[0], zeros[0], dx[1], zeros[1])  # noqa: B023
            out += f.enclose_solution(x, x, p, p, 3)  # noqa: B023
            return out

        clean = everything()
        with rounding(FE_DIRECTIONS[direction]):
            disturbed = everything()
            mode = libm.fegetround()
        assert mode == FE_DIRECTIONS[direction], "the caller's rounding mode is given back"
        for a, b in zip(clean, disturbed, strict=True):
            np.testing.assert_array_equal(a, b)


def test_flush_to_zero_of_the_caller() -> None:
    """Subnormal terms are kept although the caller flushes them."""
    torch = pytest.importorskip("torch")
    b = _core.FieldBuilder(2)
    tiny = 2.0**-530
    w = np.array([[tiny, 0.0], [0.0, tiny * 3]])
    f = b.build(b.affine(b.state(), w))
    x = np.array([[tiny * 1.5], [tiny]])
    empty = np.zeros((0, 1))
    if not torch.set_flush_denormal(True):
        pytest.skip("this machine cannot flush subnormals")
    try:
        lo, hi = f.enclose(x, x, empty, empty)
        value = f.evaluate(x, empty)
    finally:
        torch.set_flush_denormal(False)
    for i, factor in enumerate((1.5, 3.0)):
        exact = arb(tiny) * arb(tiny) * arb(factor)
        assert not outside(exact, lo[i, 0], hi[i, 0])
        assert value[i, 0] == tiny * tiny * factor != 0.0


def test_four_threads_at_once() -> None:
    """The GIL is released and nothing is shared: four threads give what one gives."""
    rng = np.random.default_rng(8)
    n = 60
    b = _core.FieldBuilder(n)
    w = rng.normal(size=(n, n)) / np.sqrt(n)
    field = Field(b.build(b.affine(b.apply("tanh", b.affine(b.state(), w)), w)))
    points = rng.normal(size=(4, n))
    alone = [field.enclose_jacobian(x) for x in points]
    together: list[Any] = [None] * 4

    def work(k: int) -> None:
        for _ in range(5):
            together[k] = field.enclose_jacobian(points[k])

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for a, c in zip(alone, together, strict=True):
        np.testing.assert_array_equal(a.lo, c.lo)
        np.testing.assert_array_equal(a.hi, c.hi)


def test_enclosures_of_the_public_class_contain_members() -> None:
    rng = np.random.default_rng(9)
    for _ in range(30):
        g = random_graph(rng, radius=1e-6)
        field = Field(g.build())
        lo = rng.normal(size=g.dim)
        X = IntervalArray(lo, lo + 1e-3)
        p = rng.normal(size=g.parameter_dim)
        box = field.enclose(X, p if g.parameter_dim else None)
        for y, a, b in zip(
            g.value(inside(rng, X.lo, X.hi), [arb(float(v)) for v in p], g.member(rng)), box.lo, box.hi, strict=True
        ):
            assert not outside(arb(y), a, b)
