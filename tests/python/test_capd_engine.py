"""engine="capd": what CAPD encloses against an own 200-bit integrator and closed forms, what becomes of runs it cannot
finish, and misuse. The floating-point environment is in test_capd_environment.py, the comparison with the native engine
in test_engine_parity.py."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import capnode as cn
from capnode import _core, engines
from flow_cases import examine, graph_case, network_case, sharp_case
from flow_fields import lorenz, scalar_field
from small_fields import diagonal_family, leaky, planar

HAS_CAPD = engines.capd_version() is not None
needs_capd = pytest.mark.skipif(not HAS_CAPD, reason="this build has no CAPD (third_party/README.md)")
C0_SETS = ("C0Rect2Set", "C0Pped2Set", "C0Intv2Set", "C0TripletonSet", "C0HORect2Set", "C0HOTripletonSet")
C1_SETS = ("C1Rect2Set", "C1Pped2Set", "C1HORect2Set", "C1HOPped2Set")

# ---- without CAPD ----------------------------------------------------------------------------------------------------

CALLS: list[tuple[str, Callable[[], Any]]] = [
    ("integrate", lambda: cn.integrate(planar(), [0.1, 0.2], 1.0, engine="capd")),
    ("poincare_map", lambda: cn.poincare_map(planar(), cn.section([1.0, 0.0]), [0.1, 0.2], engine="capd")),
    ("equilibrium", lambda: cn.equilibrium(planar(), [0.0, 0.0], engine="capd")),
    ("krawczyk", lambda: cn.krawczyk(planar(), cn.interval([-1.0, -1.0], [1.0, 1.0]), engine="capd")),
    ("interval_newton", lambda: cn.interval_newton(planar(), cn.interval([-1.0, -1.0], [1.0, 1.0]), engine="capd")),
]


@pytest.mark.parametrize(("name", "call"), CALLS, ids=[name for name, _ in CALLS])
def test_without_capd_the_error_says_how_to_get_it(
    name: str, call: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(module: str) -> Any:
        raise ModuleNotFoundError(f"No module named {module!r}", name=module)

    if HAS_CAPD:
        monkeypatch.setattr(engines.importlib, "import_module", missing)
    with pytest.raises(ValueError, match=r"no CAPD.*CAPNODE_WITH_CAPD=ON.*third_party/README\.md"):
        call()
    assert engines.capd_version() is None


def test_engines_are_named() -> None:
    with pytest.raises(ValueError, match=r"native.*capd.*'heyoka'"):
        cn.integrate(planar(), [0.1, 0.2], 1.0, engine="heyoka")
    with pytest.raises(ValueError, match=r"capd_set='C0Rect2Set' is for engine='capd'"):
        cn.integrate(planar(), [0.1, 0.2], 1.0, capd_set="C0Rect2Set")


# ---- what is enclosed ------------------------------------------------------------------------------------------------


def held(seeds: range, make: Callable[[np.random.Generator, int], Any], capd_set: str, **options: Any) -> int:
    """Draws cases, integrates them by CAPD, compares a member with the oracle; how many could be compared."""
    compared = 0
    for seed in seeds:
        rng = np.random.default_rng(seed)
        case = make(rng, seed)
        if {node[1] for node in case.graph.nodes if node[0] == "apply"} & {"erf", "gelu"}:
            continue  # refused: test_fields_capd_cannot_differentiate
        outcome = examine(
            case, rng, derivative=capd_set in C1_SETS, max_steps=100, max_seconds=2.0, engine="capd",
            capd_set=capd_set, **options,
        )  # fmt: skip
        assert not outcome.violations, f"{capd_set}, case {seed}: {outcome.violations[:3]}"
        compared += outcome.compared
    return compared


@needs_capd
@pytest.mark.parametrize("capd_set", [*C0_SETS, *C1_SETS])
def test_each_set_holds_the_solution(capd_set: str, cases: int) -> None:
    """Networks through every activation and random graphs: points, parameters, time, forward and backward."""
    first = 1000 * (C0_SETS + C1_SETS).index(capd_set)
    count = 8 * cases
    compared = held(range(first, first + count), network_case, capd_set)
    compared += held(range(first + 500_000, first + 500_000 + count // 3), lambda rng, _: graph_case(rng), capd_set)
    assert compared >= 0.5 * count


@needs_capd
@pytest.mark.parametrize("capd_set", ["C0HOTripletonSet", "C0Rect2Set", "C1Rect2Set", "C1HORect2Set"])
def test_members_of_sets(capd_set: str, cases: int) -> None:
    """Boxes, uncertain parameters, weights with a radius; and sets whose extreme points are nearly attained."""
    first = 70_000 + 1000 * (C0_SETS + C1_SETS).index(capd_set)
    wide = lambda rng, seed: network_case(rng, seed, width=1e-2, weight_radius=1e-4)  # noqa: E731
    compared = held(range(first, first + 5 * cases), wide, capd_set)
    for kind in ("segment", "parameter", "point"):
        sharp = lambda rng, seed, kind=kind: sharp_case(rng, seed, kind)  # noqa: E731
        compared += held(range(first, first + 3 * cases), sharp, capd_set)
    assert compared >= 6 * cases


@needs_capd
def test_weights_enter_exactly() -> None:
    """x' = w x with a weight that has no short decimal: exp(w) to the last bits, forward and backward."""
    w = float.fromhex("0x1.91eb851eb851fp-2")
    b = _core.FieldBuilder(1, 0, False)
    field = cn.Field(b.build(b.affine(b.state(), np.array([[w]]))))
    import flint

    for t in (1.0, -1.0):
        final = cn.integrate(field, [1.0], t, engine="capd").require().final
        exact = (flint.arb(w) * flint.arb(t)).exp()
        assert flint.arb(float(final.lo[0])) < exact < flint.arb(float(final.hi[0]))
        assert float(final.width[0]) < 1e-14


@needs_capd
def test_parallelepiped() -> None:
    """A thin set along (1, 1) of x' = y, y' = -x stays thin: a rotation."""
    field = scalar_field(2, 0, lambda x, y: [y, -x])
    start = cn.parallelepiped([1.0, 0.0], [[1.0, 0.0], [1.0, 1e-6]], cn.interval([-0.1, -1.0], [0.1, 1.0]))
    value = cn.integrate(field, start, 0.5, engine="capd").require()
    c, s = np.cos(0.5), np.sin(0.5)
    for r in (-0.1, 0.1):
        x, y = 1.0 + r, r
        assert value.final.contains(np.array([c * x + s * y, c * y - s * x])).all()
    assert float(np.max(value.final.width)) < 0.2 * (c + s) + 1e-4  # the box about it would give 0.1 more


@needs_capd
def test_lanes_and_threads_are_the_same_numbers() -> None:
    starts = np.random.default_rng(5).normal(size=(7, 3))
    one = cn.integrate(lorenz(), starts, [0.2, 0.4], engine="capd", derivative=True)
    three = cn.integrate(lorenz(), starts, [0.2, 0.4], engine="capd", derivative=True, threads=3)
    assert one.proved
    assert three.proved
    for a, b in [(one.value.final, three.value.final), (one.value.derivative, three.value.derivative)]:
        np.testing.assert_array_equal(a.lo, b.lo)
        np.testing.assert_array_equal(a.hi, b.hi)
    alone = cn.integrate(lorenz(), starts[4], [0.2, 0.4], engine="capd", derivative=True).require()
    np.testing.assert_array_equal(alone.final.lo, one.value.final.lo[4])
    assert one.value.states.shape == (7, 2, 3)


@needs_capd
def test_steps_meet_the_time_asked_for() -> None:
    """Long steps of any number of bits (CAPD doubles its first one, 1/|J|): the times still add up exactly."""
    field = scalar_field(2, 1, lambda x, y, p: [p * y, -x])
    for t in (0.1, 5.0, 20.0, -7.3, 1e-9):
        for capd_set in ("C0Rect2Set", "C0HOTripletonSet", "C1HORect2Set"):
            value = cn.integrate(
                field, [1.0, 0.0], t, cn.interval([0.9999], [1.0001]), engine="capd", capd_set=capd_set
            ).require()
            assert value.reached == t
            for p in (0.9999, 1.0, 1.0001):
                w = np.sqrt(p)
                assert value.final.contains(np.array([np.cos(w * t), -np.sin(w * t) / w])).all()


@needs_capd
def test_certificates_are_checked_without_capd() -> None:
    """The steps hold by the arithmetic of Arb alone: CAPD is not believed there."""
    pytest.importorskip("flint")
    for field, x0 in [(planar(), [0.1, 0.2]), (lorenz(), [1.0, 2.0, 3.0])]:
        certificate = cn.integrate(field, x0, 0.25, derivative=True, engine="capd").certificate()
        assert cn.verify(certificate).ok


@needs_capd
def test_command_line(tmp_path: Any) -> None:
    planar().save(tmp_path / "planar.capnode")
    command = [sys.executable, "-m", "capnode", "integrate", str(tmp_path / "planar.capnode"), "--x0", "0.1,0.2"]
    options = ["--time", "1", "--engine", "capd", "--json"]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["proved"]
    options += ["--capd-set", "C3Set"]
    refused = subprocess.run([*command, *options], capture_output=True, text=True)
    assert refused.returncode == 2
    assert "C0HOTripletonSet" in refused.stderr


@needs_capd
def test_evidence_names_capd() -> None:
    result = cn.integrate(planar(), [0.1, 0.2], 1.0, engine="capd", capd_set="C0Pped2Set", order=12)
    line = result.evidence[-1]
    core = engines.capd_core()
    assert f"CAPD {core.version} ({core.intervals} intervals), C0Pped2Set, order 12" in line.name
    assert line.left[0] == result.value.steps


# ---- runs that end early ---------------------------------------------------------------------------------------------


def one(f: Callable[[Any], Any]) -> Any:
    return scalar_field(1, 0, lambda x: [f(x)])


@needs_capd
@pytest.mark.parametrize(
    ("field", "x0", "verdict", "reached", "message"),
    [
        (one(lambda x: x * x), 1.0, "unbounded", (0.99, 1.0), "minimal time step"),  # 1/(1 - t)
        (one(lambda x: -x.apply("sqrt")), 1.0, "unbounded", (1.99, 2.0), "sqrt"),  # (1 - t/2)^2
        (one(lambda x: -1.0 / x), 1.0, "unbounded", (0.49, 0.5), "CAPD"),  # sqrt(1 - 2t)
        (one(lambda x: x.apply("log") - 1.0), 1.0, "unbounded", (0.5, 1.5), "CAPD"),
        (one(lambda x: x.apply("exp")), 705.0, "unbounded", (0.0, 0.0), "CAPD"),
        (one(lambda x: x.apply("exp")), 800.0, "unbounded", (0.0, 0.0), "overflowed"),
        (one(lambda x: x.apply("tanh")), 400.0, "unbounded", (0.0, 0.0), "overflowed"),
    ],
    ids=["blow-up", "sqrt", "reciprocal", "log", "exp", "exp of too much", "tanh by exp"],
)
def test_capds_exceptions_become_verdicts(
    field: Any, x0: float, verdict: str, reached: tuple[float, float], message: str
) -> None:
    result = cn.integrate(field, [x0], 3.0, engine="capd")
    assert result.verdict == verdict
    assert message in result.detail
    assert reached[0] <= result.value.reached <= reached[1]
    assert _core.FloatEnvironment.is_clean()
    if result.value.reached > 0.0:
        assert result.value.enclosure(0.4 * result.value.reached).width[0] < 1e-9


@needs_capd
def test_budgets() -> None:
    steps = cn.integrate(lorenz(), [1.0, 1.0, 1.0], 10.0, engine="capd", max_steps=5)
    assert (steps.verdict, steps.value.steps) == ("too_wide", 5)
    begin = time.perf_counter()
    seconds = cn.integrate(lorenz(), [1.0, 1.0, 1.0], 1e6, engine="capd", capd_set="C0Rect2Set", max_seconds=0.05)
    assert time.perf_counter() - begin < 5.0
    assert seconds.verdict in ("interrupted", "unbounded")
    seen: list[float] = []
    cn.integrate(lorenz(), [1.0, 1.0, 1.0], 3.0, engine="capd", progress=lambda *a: seen.append(a[1]))
    late = cn.poincare_map(lorenz(), cn.section([0.0, 0.0, 1.0], 200.0), [1.0, 1.0, 1.0], max_time=2.0, engine="capd")
    assert late.verdict == "section_not_reached"
    assert late.value is None


# ---- return maps, zeros, equilibria ----------------------------------------------------------------------------------


@needs_capd
@pytest.mark.parametrize("capd_set", [*C0_SETS, *C1_SETS])
def test_returns_of_a_rotation(capd_set: str) -> None:
    """x' = 2y, y' = -x/2 from (1, 0): ellipses x^2 + 4 y^2 = 1, period 2 pi; y = 0 again at pi, upwards at 2 pi."""
    field = scalar_field(2, 0, lambda x, y: [2.0 * y, x * -0.5])
    derivative = capd_set in C1_SETS
    options: dict[str, Any] = {"engine": "capd", "capd_set": capd_set, "derivative": derivative}
    plane = cn.section([0.0, 1.0])
    for returns, direction, backward, time_of, x, speed in [
        (1, None, False, np.pi, -1.0, 0.5),
        (2, None, False, 2 * np.pi, 1.0, -0.5),
        (1, -1, False, 2 * np.pi, 1.0, -0.5),
        (3, 1, False, 5 * np.pi, -1.0, 0.5),
        (1, 1, True, -np.pi, -1.0, 0.5),
        (1, None, True, -np.pi, -1.0, 0.5),
    ]:
        value = cn.poincare_map(
            field, plane, [1.0, 0.0], returns=returns, direction=direction, backward=backward, **options
        ).require()
        assert value.time.contains(time_of)
        assert value.point.contains(np.array([x, 0.0])).all()
        assert value.speed.contains(speed)
        assert float(value.point.width.max()) < 1e-9
        if derivative:  # D P: x scales with the ellipse, y runs along the flow
            assert value.derivative.contains(np.array([[x, 0.0], [0.0, 0.0]])).all()
    tilted = cn.poincare_map(field, cn.section([1.0, 3.0], [0.25, 0.5]), [1.0, 0.0], **options).require()
    n = tilted.point[0] + tilted.point[1] * 3.0
    assert n.contains(1.75)


@needs_capd
def test_a_section_that_is_touched_is_refused() -> None:
    field = scalar_field(2, 0, lambda x, y: [2.0 * y, x * -0.5])
    grazing = cn.poincare_map(field, cn.section([1.0, 0.0], 1.0), [0.0, 0.5], engine="capd", max_time=20.0)
    assert grazing.verdict in ("tangent", "too_wide", "section_not_reached")
    assert not grazing.proved


@needs_capd
def test_zeros_and_equilibria() -> None:
    for field, p in [(planar(), None), (leaky(), 1.5), (leaky(1e-6), 1.5), (leaky(), cn.interval([1.4999], [1.5001]))]:
        native = cn.equilibrium(field, np.zeros(field.dim), p).require()
        capd = cn.equilibrium(field, np.zeros(field.dim), p, engine="capd")
        value = capd.require()
        assert not native.state.disjoint(value.state).any()
        assert value.unstable_dimension == native.unstable_dimension
        assert f"CAPD {engines.capd_core().version}" in capd.evidence[1].name
        box = native.state + cn.interval(np.full(field.dim, -1e-3), np.full(field.dim, 1e-3))
        for test in (cn.krawczyk, cn.interval_newton):
            found = test(field, box, p, engine="capd")
            zero = found.require()
            assert zero.method == test.__name__
            assert not zero.enclosure.disjoint(native.state).any()
            assert test(field, box + 1.0, p, engine="capd").verdict == "no_zero"
            assert not test(field, box * 1e6, p, engine="capd").proved


@needs_capd
def test_a_double_zero_is_refused() -> None:
    field = one(lambda x: x * x)
    for test in (cn.krawczyk, cn.interval_newton):
        assert not test(field, cn.interval([-0.1], [0.1]), engine="capd").proved
    assert not cn.equilibrium(field, [0.1], engine="capd").proved


# ---- misuse ----------------------------------------------------------------------------------------------------------

MISUSE: list[tuple[dict[str, Any], str]] = [
    ({"order": 0}, "order.*not 0"),
    ({"order": 61}, "order.*60.*not 61"),
    ({"order": 2}, "between 3 and 60 for C0HOTripletonSet, not 2"),
    ({"order": 2, "capd_set": "C1HORect2Set"}, "between 3 and 60 for C1HORect2Set"),
    ({"tolerance": -1e-3}, "tolerance.*-0.001"),
    ({"tolerance": np.nan}, "tolerance"),
    ({"derivative": True, "capd_set": "C0Rect2Set"}, "C0Rect2Set.*no derivative.*C1Rect2Set"),
    ({"capd_set": "C2Rect2Set"}, "C0Rect2Set.*C1HOPped2Set.*not 'C2Rect2Set'"),
    ({"step": "classical"}, "classical"),
    ({"set_degree": 3}, "set_degree=3"),
    ({"x0": [0.1, 0.2, 0.3]}, r"\(3,\).*\(2,\)"),
    ({"p": 1.0}, "0 parameters"),
    ({"max_steps": 0}, "max_steps"),
    ({"t": 0.0}, "zero length"),
]


@needs_capd
@pytest.mark.parametrize(("arguments", "message"), MISUSE, ids=[" ".join(a) for a, _ in MISUSE])
def test_misuse(arguments: dict[str, Any], message: str) -> None:
    call: dict[str, Any] = {"x0": [0.1, 0.2], "t": 1.0, "engine": "capd", **arguments}
    with pytest.raises(ValueError, match=message):
        cn.integrate(planar(), call.pop("x0"), call.pop("t"), **call)


@needs_capd
@pytest.mark.parametrize("name", ["erf", "gelu"])
def test_fields_capd_cannot_differentiate(name: str) -> None:
    field = one(lambda x: x.apply(name))
    for call in (
        lambda: cn.integrate(field, [0.5], 1.0, engine="capd"),
        lambda: cn.poincare_map(field, cn.section([1.0]), [0.5], engine="capd"),
        lambda: cn.equilibrium(field, [0.5], engine="capd"),
        lambda: cn.krawczyk(field, cn.interval([-1.0], [1.0]), engine="capd"),
    ):
        with pytest.raises(ValueError, match=f"CAPD cannot differentiate {name}"):
            call()


@needs_capd
def test_more_misuse() -> None:
    layered = cn.layered([(planar(), 1.0), (planar(), 1.0)])
    with pytest.raises(ValueError, match="one field at a time"):
        cn.integrate(layered, [0.1, 0.2], engine="capd")
    with pytest.raises(ValueError, match="A_bar"):
        cn.krawczyk(planar(), cn.interval([-1.0, -1.0], [1.0, 1.0]), A_bar=np.eye(2), engine="capd")
    with pytest.raises(ValueError, match="depends on time"):
        cn.equilibrium(scalar_field(1, 0, lambda x, t: [x * t], time=True), [0.5], engine="capd")
    with pytest.raises(ValueError, match="1 parameters"):
        cn.integrate(diagonal_family(), np.zeros(4), 1.0, engine="capd")
    with pytest.raises(ValueError, match="dimension"):
        cn.poincare_map(planar(), cn.section([1.0, 0.0, 0.0]), [0.1, 0.2], engine="capd")
