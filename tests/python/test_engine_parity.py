"""One suite over both engines: their enclosures of one object meet, and verdicts agree where both prove.

`engine="native"` and `engine="capd"` share no arithmetic, no step and no set. An enclosure of either that missed the
object would, sooner or later, miss the other's.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import capnode as cn
from capnode import _core
from capnode.errors import UnsupportedOperation
from flow_cases import ACTIVATIONS, graph_case, network_case
from flow_fields import laub_loomis, lorenz, network, roessler, scalar_field, spiral, van_der_pol
from small_fields import leaky, planar

pytest.importorskip("capnode._capd", reason="this build of capnode has no CAPD (third_party/README.md)")

WITHOUT_CAPD = {"erf", "gelu"}


def assert_meet(what: str, a: Any, b: Any) -> None:
    """Neither is empty (an IntervalArray never is), and no entry of one misses the other's."""
    apart = a.disjoint(b)
    if np.any(apart):
        index = tuple(int(k) for k in np.argwhere(np.atleast_1d(apart))[0])
        raise AssertionError(f"{what} {index}: {np.atleast_1d(a.lo)[index]!r} .. and {np.atleast_1d(b.lo)[index]!r} ..")


def both_trajectories(field: Any, x0: Any, t: Any, p: Any = None, **options: Any) -> tuple[Any, Any]:
    native = cn.integrate(field, x0, t, p, **options)
    other = cn.integrate(field, x0, t, p, engine="capd", **options)
    assert _core.FloatEnvironment.is_clean()
    if not (native.proved and other.proved):
        return native, other
    a, b = native.value, other.value
    assert a.reached == b.reached
    assert_meet("x", a.final, b.final)
    if options.get("derivative"):
        assert_meet("derivative", a.derivative, b.derivative)
    if a.dense is not None:
        span = np.linspace(a.t0, a.reached, 7)
        assert_meet("x(t)", a.enclosure(span), b.enclosure(span))
        ends = np.sort(np.stack([span[:-1], span[1:]]), axis=0)
        pieces = cn.interval(ends[0], ends[1])
        assert_meet("x over a span of time", a.enclosure(pieces), b.enclosure(pieces))
    return native, other


# ---- trajectories ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("index", range(len(ACTIVATIONS)))
@pytest.mark.parametrize("width", [0.0, 1e-3])
def test_networks_of_every_activation(index: int, width: float) -> None:
    """Random networks: forward and backward, with time, with parameters, weight radii, points and boxes."""
    rng = np.random.default_rng(1000 + index)
    case = network_case(
        rng, index, width=width, weight_radius=1e-6 if index % 3 == 2 else 0.0, n=int(rng.integers(1, 5))
    )
    field = cn.Field(case.graph.build())
    p = case.options()["p"]
    options: dict[str, Any] = {"t0": case.t0, "derivative": bool(index % 2 == 0 or width == 0.0)}
    end = case.t0 + float(np.clip(case.duration, -1.0, 1.0))
    if missing := WITHOUT_CAPD.intersection(field.core.capd_missing):
        with pytest.raises(ValueError, match=missing.pop()):
            cn.integrate(field, case.start(), end, p, engine="capd", **options)
        return
    both_trajectories(field, case.start(), end, p, **options)


@pytest.mark.parametrize("seed", range(6))
def test_random_graphs(seed: int) -> None:
    """Every operation of a field: quotients, matrices that depend on the parameter, slices."""
    case = graph_case(np.random.default_rng(seed), width=1e-4 if seed % 2 else 0.0)
    field = cn.Field(case.graph.build())
    if field.core.capd_missing:
        pytest.skip(f"the graph of seed {seed} uses {field.core.capd_missing}")
    p = case.options()["p"]
    both_trajectories(field, case.start(), case.t0 + np.sign(case.duration) * 0.25, p, t0=case.t0, derivative=True)


KNOWN: list[tuple[str, Any, Any, float]] = [
    ("lorenz", lorenz, [1.0, 1.0, 1.0], 2.0),
    ("van der Pol", van_der_pol, [1.4, 2.4], 3.0),
    ("Laub-Loomis", laub_loomis, [1.2, 1.05, 1.5, 2.4, 1.0, 0.1, 0.45], 2.0),
    ("planar network", planar, [1.0, -1.0], -2.0),
]


@pytest.mark.parametrize(("name", "make", "start", "t"), KNOWN, ids=[k[0] for k in KNOWN])
def test_systems_of_the_literature(name: str, make: Any, start: Any, t: float) -> None:
    native, other = both_trajectories(make(), start, t, derivative=True)
    assert native.proved
    assert other.proved
    assert other.value.final.width.max() < 1e-8
    box = cn.interval(start) + cn.interval(-1e-4, 1e-4)
    native, other = both_trajectories(make(), box, t)
    assert native.proved
    assert other.proved


def test_spiral(shared: Path) -> None:
    native, other = both_trajectories(spiral(shared), [2.0, 0.0], 4.0, derivative=True)
    assert native.proved
    assert other.proved
    assert_meet(
        "the printed value",
        other.value.final,
        cn.interval([0.2951448842898, 1.3198149481443], [0.29514488429, 1.3198149481445]),
    )


@pytest.mark.parametrize("kind", ["C0Rect2Set", "C0HORect2Set", "C0TripletonSet", "C1Rect2Set", "C1HORect2Set"])
def test_every_set_meets_the_native_one(kind: str) -> None:
    field = network([(np.array([[0.5, -1.5], [1.0, 0.25]]), [0.1, -0.2], "tanh")], minus_state=0.25)
    box = cn.interval([0.9, -0.6], [0.91, -0.59])
    native = cn.integrate(field, box, 3.0).require()
    other = cn.integrate(field, box, 3.0, engine="capd", capd_set=kind).require()
    assert_meet(kind, native.final, other.final)


@pytest.mark.parametrize("order", [5, 12, 30, 60])
def test_orders(order: int) -> None:
    both_trajectories(van_der_pol(), [1.4, 2.4], 1.0, derivative=True, order=order, tolerance=1e-9)


def test_lanes_with_parameters() -> None:
    """Points and boxes as lanes, each with a parameter of its own."""
    rng = np.random.default_rng(8)
    x0, p = rng.normal(size=(5, 4)), rng.uniform(0.4, 0.9, size=(5, 1))
    for start in (x0, cn.interval(x0) + cn.interval(-1e-3, 1e-3)):
        a = cn.integrate(leaky(), start, 1.5, p, derivative=True)
        b = cn.integrate(leaky(), start, 1.5, p, derivative=True, engine="capd")
        assert a.proved
        assert b.proved
        assert_meet("x", a.value.final, b.value.final)
        assert_meet("derivative", a.value.derivative, b.value.derivative)


def test_interval_parameters_and_weight_radius() -> None:
    native, other = both_trajectories(leaky(1e-6), [0.1, 0.2, -0.1, 0.3], 1.0, cn.interval([0.5], [0.501]))
    assert native.proved
    assert other.proved
    both_trajectories(leaky(1e-6), [0.1, 0.2, -0.1, 0.3], -1.0, cn.interval([0.5], [0.501]), derivative=True)


def test_time_dependent_fields() -> None:
    """The pendulum with forcing; and a start at a time that is no multiple of anything, forward and backward."""
    pendulum = scalar_field(2, 1, lambda x, v, w, t: [v, (w * t).apply("sin") - x.apply("sin")], time=True)
    native, other = both_trajectories(pendulum, [1.0, 2.0], 5.0, 1.0, t0=4.0, derivative=True)
    published = cn.interval([2.0719023157504193, 0.12013839737212174], [2.0719023157504308, 0.12013839737213276])
    for run in (native, other):
        assert_meet("published", run.require().final, published)
    both_trajectories(pendulum, [1.0, 2.0], -1.3, 0.7, t0=0.1, derivative=True)


def test_blow_up_is_no_theorem_of_either() -> None:
    """x' = x^2 from 1 ends at t = 1: both say so, and both reach a time before it."""
    field = scalar_field(1, 0, lambda x: [x * x])
    runs = [cn.integrate(field, [1.0], 2.0, engine=engine) for engine in ("native", "capd")]
    for run in runs:
        assert not run.proved
        assert run.value is not None
        assert 0.5 < run.value.reached < 1.0
        assert run.verdict.value in ("unbounded", "too_wide", "no_convergence")
    assert_meet("at 1/2", runs[0].value.enclosure(0.5), runs[1].value.enclosure(0.5))


# ---- return maps -----------------------------------------------------------------------------------------------------


RETURNS: list[tuple[str, Any, Any, Any, Any, dict[str, Any]]] = [
    ("lorenz", lorenz, None, ([0.0, 0.0, 1.0], [0.0, 0.0, 27.0]), [-2.1473674741633753, 2.0780481172873415, 27.0], {}),
    ("lorenz, two", lorenz, None, ([0.0, 0.0, 1.0], [0.0, 0.0, 27.0]), [-2.15, 2.08, 27.0], {"returns": 2}),
    (
        "roessler",
        roessler,
        [0.2, 5.7],
        ([1.0, 0.0, 0.0], [0.0, 0.0, 0.0]),
        [0.0, -8.3809417428298, 0.029590060630665],
        {"direction": 1},
    ),
    ("van der Pol", van_der_pol, None, ([0.0, 1.0], [0.0, 0.0]), [2.0, 0.0], {"direction": -1}),
    ("oblique", van_der_pol, None, ([1.0, 0.5], [0.25, 0.0]), [2.0, 1.0], {}),
]


@pytest.mark.parametrize(("name", "make", "p", "plane", "start", "options"), RETURNS, ids=[r[0] for r in RETURNS])
@pytest.mark.parametrize("radius", [0.0, 1e-6])
def test_return_maps(
    name: str, make: Any, p: Any, plane: Any, start: Any, options: dict[str, Any], radius: float
) -> None:
    box = np.array(start) if radius == 0.0 else cn.interval(start) + cn.interval(-radius, radius)
    field, section = make(), cn.section(*plane)
    a = cn.poincare_map(field, section, box, p, derivative=True, **options)
    b = cn.poincare_map(field, section, box, p, derivative=True, engine="capd", **options)
    assert a.proved
    assert b.proved
    assert a.verdict == b.verdict
    for what in ("point", "time", "derivative"):
        assert_meet(what, getattr(a.value, what), getattr(b.value, what))
    assert _core.FloatEnvironment.is_clean()


# ---- zeros -----------------------------------------------------------------------------------------------------------


def zero_cases() -> list[tuple[str, Any, Any, Any]]:
    rng = np.random.default_rng(4)
    circle = scalar_field(2, 0, lambda x, y: [x * x + y * y - 2.0, x - y])
    wide = network([(rng.normal(size=(6, 6)) / 3.0, 0.3 * rng.normal(size=6), "tanh")], minus_state=1.0)
    return [
        ("circle", circle, [1.0, 1.0], None),
        ("planar", planar(), [0.125, -0.1875], None),
        ("leaky", leaky(), [0.0, 0.0, 0.0, 0.0], [1.5]),
        ("leaky, weight radius", leaky(1e-9), [0.0, 0.0, 0.0, 0.0], [1.5]),
        ("leaky, interval parameter", leaky(), [0.0, 0.0, 0.0, 0.0], cn.interval([1.5], [1.5 + 1e-8])),
        ("six", wide, np.zeros(6), None),
    ]


@pytest.mark.parametrize(("name", "field", "near", "p"), zero_cases(), ids=[c[0] for c in zero_cases()])
def test_zeros(name: str, field: Any, near: Any, p: Any) -> None:
    """Equilibria, and Krawczyk's and the interval Newton test around them: the same answer of both engines."""
    a = cn.equilibrium(field, near, p)
    b = cn.equilibrium(field, near, p, engine="capd")
    assert a.proved
    assert b.proved
    assert_meet("state", a.value.state, b.value.state)
    middle = a.value.state.mid
    for test in (cn.krawczyk, cn.interval_newton):
        for radius in (1e-5, 1e-3):
            X = cn.interval(middle) + cn.interval(-radius, radius)
            runs = [test(field, X, p, engine=engine) for engine in ("native", "capd")]
            assert [r.proved for r in runs] == [True, True], (test.__name__, radius, [r.detail for r in runs])
            assert_meet(test.__name__, runs[0].value.enclosure, runs[1].value.enclosure)
            away = X + 10.0
            verdicts = [test(field, away, p, engine=engine).verdict.value for engine in ("native", "capd")]
            assert "proved" not in verdicts
    assert _core.FloatEnvironment.is_clean()


# ---- the program that `to_capd` writes -------------------------------------------------------------------------------


def capd_flags() -> list[str]:
    """Compiler and linker flags of the installed CAPD: CAPD_ROOT, then pkg-config."""
    if shutil.which("g++") is None or shutil.which("pkg-config") is None:
        pytest.skip("needs g++ and pkg-config")
    paths = [str(Path(os.environ["CAPD_ROOT"]) / "lib" / "pkgconfig")] if os.environ.get("CAPD_ROOT") else []
    path = os.pathsep.join([*paths, os.environ.get("PKG_CONFIG_PATH", "")])
    found = subprocess.run(
        ["pkg-config", "--cflags", "--libs", "capd"],
        env={**os.environ, "PKG_CONFIG_PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    if found.returncode != 0:
        pytest.skip("pkg-config does not know capd: set CAPD_ROOT or PKG_CONFIG_PATH to the installation")
    return found.stdout.split()


def run_program(program: Path, n: int, *arguments: str) -> tuple[Any, Any]:
    out = subprocess.run([program, *arguments], capture_output=True, text=True, check=True).stdout.splitlines()
    ends = np.array([[float.fromhex(w.strip("[],")) for w in line.split()[-2:]] for line in out])
    both = cn.IntervalArray(ends[:, 0], ends[:, 1])
    return both[:n], both[n:].reshape(n, n)


@pytest.mark.parametrize("kind", ["forced", "network"])
def test_the_program_of_to_capd(kind: str, tmp_path: Path) -> None:
    """Compiled and run, forward and backward: what it prints meets the native enclosures and those of the engine."""
    flags = capd_flags()
    rng = np.random.default_rng(2)
    if kind == "forced":  # every function CAPD has or that is written through its own, a parameter, time
        names = ["tanh", "sigmoid", "softplus", "silu", "gelu_tanh", "mish", "sin", "cos", "exp", "atan", "reciprocal"]
        field = scalar_field(
            2, 1,
            lambda x, y, p, t: [
                sum((0.125 * (0.5 * x + y.apply("square")+ 2.0).apply(name) for name in names[:6]), p * t) - x,
                sum((0.125 * (x * x + 2.0).apply(name) for name in [*names[6:], "log", "sqrt"]), p) - y,
            ],
            time=True,
        )  # fmt: skip
        x0, p, t0, t = cn.interval([0.1, -0.3], [0.1, -0.2999]), np.array([0.25]), 0.5, 1.25
    else:
        hidden = network([(rng.normal(size=(7, 3)), rng.normal(size=7), "tanh"), (rng.normal(size=(3, 7)), None, None)])
        field, x0, p, t0, t = hidden, np.array([0.25, -0.5, 1.0]), None, 0.0, 0.75
    source, program = tmp_path / "field.cpp", tmp_path / "field"
    field.to_capd(source, x0=x0, p=p, t0=t0, t=t)
    subprocess.run(["g++", "-std=c++17", "-O0", str(source), *flags, "-o", str(program)], check=True)
    for end in (t, t0 - 0.5):
        x, derivative = run_program(program, field.dim, float(end).hex())
        for engine in ("native", "capd"):
            run = cn.integrate(field, x0, end, p, t0=t0, derivative=True, engine=engine).require()
            assert_meet("x", x, run.final)
            assert_meet("derivative", derivative, run.derivative)
    if kind == "network":
        other = [0.5, 0.5, -0.25]
        x, derivative = run_program(program, 3, "1", *[float(v).hex() for v in other])
        run = cn.integrate(field, other, 1.0, derivative=True).require()
        assert_meet("x", x, run.final)
        assert_meet("derivative", derivative, run.derivative)
        wrong = subprocess.run([program, "1", "2"], capture_output=True, text=True, check=False)
        assert wrong.returncode == 2
        assert "usage" in wrong.stderr


# ---- refusals, and what is left behind -------------------------------------------------------------------------------


def test_refusals() -> None:
    field, start = planar(), [0.5, 0.5]
    gelu = scalar_field(1, 0, lambda x: [x.apply("gelu")])
    with pytest.raises(UnsupportedOperation):
        gelu.to_capd()
    for options, message in [
        ({"order": 0}, "order"),
        ({"order": 61}, "order"),
        ({"tolerance": -1e-9}, "tolerance"),
        ({"capd_set": "C0Rect2Set", "derivative": True}, "C0Rect2Set"),
        ({"capd_set": "C9Set"}, "C9Set"),
        ({"step": "classical"}, "classical"),
        ({"set_degree": 3}, "set_degree"),
    ]:
        with pytest.raises(ValueError, match=message):
            cn.integrate(field, start, 1.0, engine="capd", **options)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="gelu"):
        cn.integrate(gelu, [1.0], 1.0, engine="capd")
    with pytest.raises(ValueError, match="capd_set"):
        cn.integrate(field, start, 1.0, capd_set="C0Rect2Set")
    with pytest.raises(ValueError, match="one field at a time"):
        cn.integrate(cn.layered([(field, 1.0), (field, 1.0)]), start, engine="capd")
    assert _core.FloatEnvironment.is_clean()


def test_nothing_is_left_behind() -> None:
    """After calls of CAPD, also such that fail: rounding, numpy's sums, and our own products are what they were."""
    values = np.random.default_rng(1).normal(size=(300, 300))
    box = cn.interval(values) + cn.interval(-1e-9, 1e-9)
    sums, product = values.sum(), values @ values
    field = leaky()
    enclosure = field.enclose_jacobian(box.mid[:4, 0], 0.5)
    cn.integrate(field, values[0, :4], 2.0, 0.5, derivative=True, engine="capd")
    cn.integrate(scalar_field(1, 0, lambda x: [x.apply("exp")]), [3.0], 5.0, engine="capd")
    assert _core.FloatEnvironment.is_clean()
    assert values.sum() == sums
    assert np.array_equal(values @ values, product)
    again = field.enclose_jacobian(box.mid[:4, 0], 0.5)
    assert np.array_equal(enclosure.lo, again.lo)
    assert np.array_equal(enclosure.hi, again.hi)
