"""The general path to Hopf points against python-flint: existence, frequency, state, l1, counts, uniqueness."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flint import arb

import hopf_oracle as oracle
from capnode import _core
from capnode.hopf_point import HopfPoint, prove_hopf
from hopf_oracle import Net, Reference


def rng_matrix(rng: np.random.Generator, n: int, noise: float) -> Any:
    r1 = rng.standard_normal((n, n))
    r2 = rng.standard_normal((n, n))
    return r1 - r1.T + noise * r2


def encloses(enclosure: Any, value: arb) -> bool:
    return bool(arb(float(enclosure.lo)) <= value) and bool(value <= arb(float(enclosure.hi)))


def check(point: HopfPoint, r: Reference, *, l1_accuracy: float = 1e-6, p_radius: float = 1e-13) -> None:
    """Every enclosure contains the reference, and is narrow."""
    assert r.last_step < 1e-45, "the oracle itself did not converge"
    assert encloses(point.parameter, r.parameter)
    assert encloses(point.frequency, r.frequency)
    assert float(point.parameter.rad) <= p_radius * max(1.0, abs(float(r.parameter.mid())))
    for k, x in enumerate(r.state):
        assert encloses(point.state[k], x)
    assert encloses(point.transversality, r.transversality)
    assert encloses(point.lyapunov_coefficient, r.l1)
    assert float(point.lyapunov_coefficient.rad) <= l1_accuracy * abs(float(r.l1.mid()))
    assert point.unstable_dimension == r.unstable
    sign = "subcritical" if bool(r.l1 > 0) else "supercritical"
    assert point.criticality == sign
    stable = sign == "supercritical" and r.unstable == 0
    assert point.cycle_is_stable is stable
    # the vectors, in the phase psi q > 0
    q, h20 = r.turned(point.psi)
    assert point.h11 is not None
    assert point.h20 is not None
    for k in range(len(q)):
        assert encloses(point.eigenvector[0, k], q[k].real)
        assert encloses(point.eigenvector[1, k], q[k].imag)
        assert encloses(point.h11[k], r.h11[k].real)
        assert encloses(point.h20[0, k], h20[k].real)
        assert encloses(point.h20[1, k], h20[k].imag)
    assert float(point.eigenvector.rad.max()) < 1e-12


def prove(net: Net, hint: tuple[Any, ...], radius: float = 0.0) -> HopfPoint:
    result = prove_hopf(net.field(_core, radius), *hint)
    assert result.proved, result.reason
    names = " | ".join(e.name for e in result.evidence)
    for part in (
        "maps the box",
        "unique",
        "frequency",
        "simple",
        "invertible",
        "transversality",
        "imaginary axis",
        "2 i w",
    ):
        assert part in names, part
    assert all(e.holds for e in result.evidence)
    return result.require()


@pytest.mark.parametrize("n", [2, 3, 4, 6])
@pytest.mark.parametrize("seed", range(6))
def test_random_recurrent_networks(n: int, seed: int) -> None:
    rng = np.random.default_rng(100 * n + seed)
    net = oracle.recurrent(rng_matrix(rng, n, 0.3), 0.3 * rng.standard_normal(n))
    for hint in oracle.scan(net, (-1.5, 2.0)):
        check(prove(net, hint), oracle.hopf_reference(net, *hint))


def test_the_seeds_above_have_points() -> None:
    """The test before this one proves something only if the scans find points."""
    found = dict.fromkeys((2, 3, 4, 6), 0)
    for n in found:
        for seed in range(6):
            rng = np.random.default_rng(100 * n + seed)
            net = oracle.recurrent(rng_matrix(rng, n, 0.3), 0.3 * rng.standard_normal(n))
            found[n] += len(oracle.scan(net, (-1.5, 2.0)))
    assert all(count >= 3 for count in found.values()), found


@pytest.mark.parametrize("function", ["sigmoid", "sin", "tanh"])
def test_random_networks_of_other_shapes(function: str, cases: int) -> None:
    """x' = s((M + p I) x + b) with a moving equilibrium, n = 3 and 5."""
    count = 0
    for seed in range(12 * cases):
        rng = np.random.default_rng(4000 + seed)
        n = 3 if seed % 2 else 5
        net = oracle.parameter_at(
            rng_matrix(rng, n, 0.4), 0.4 * rng.standard_normal(n), [(k, k, 1.0) for k in range(n)], function
        )
        if function == "sigmoid":  # its range holds no 0: shift it
            net.add("affine", len(net.steps) + 1, np.eye(n), np.full(n, -0.5))
        count += len(scanned(net, (-1.0, 1.0), nodes=40))
    assert count >= 4


@pytest.mark.parametrize("seed", range(4))
def test_planar_formula_for_two_units(seed: int) -> None:
    """n = 2: l1 = 4a/w of Guckenheimer and Holmes, computed by another formula in other coordinates."""
    rng = np.random.default_rng(200 + seed)
    net = oracle.recurrent(rng_matrix(rng, 2, 0.3), 0.5 * rng.standard_normal(2))
    for hint in oracle.scan(net, (-1.5, 2.0)):
        point = prove(net, hint)
        planar = oracle.planar_coefficient(net, oracle.hopf_reference(net, *hint))
        assert encloses(point.lyapunov_coefficient, planar)


@pytest.mark.parametrize("n", [4, 6])
def test_full_coefficient_differs_from_the_planar_formula(n: int) -> None:
    """n > 2 and B != 0: the two-term formula is another number, certainly outside the enclosure."""
    differing = 0
    for seed in range(4):
        rng = np.random.default_rng(300 + 10 * n + seed)
        net = oracle.recurrent(rng_matrix(rng, n, 0.3), 0.5 * rng.standard_normal(n))
        for hint in oracle.scan(net, (-1.5, 2.0)):
            point = prove(net, hint)
            r = oracle.hopf_reference(net, *hint)
            differing += not encloses(point.lyapunov_coefficient, r.l1_planar)
            assert encloses(point.lyapunov_coefficient, r.l1)
    assert differing >= 3


# ---- the inputs of the literature ----------------------------------------------------------------------------------


def diagonal_hints(m: Any, b: Any) -> list[tuple[Any, ...]]:
    """Rough hints for x' = tanh((M + p I) x + b) from numpy alone."""
    lam, v = np.linalg.eig(m)
    hints = []
    for i in np.flatnonzero(lam.imag > 0):
        p = -lam[i].real
        x = -np.linalg.solve(m + p * np.eye(len(m)), b)
        hints.append((p, lam[i].imag, x, v[:, i]))
    return sorted(hints, key=lambda h: h[0])


TRAINED = [
    ("0.029823420375925809298", "0.509307342520049", "4.71276252210564e-6"),
    ("0.029846235102541042881", "0.663055792269597", "-2.59556337874375e-6"),
    ("0.029847008304752424727", "0.162398268794225", "5.24139570691738e-7"),
    ("0.029903328057359218099", "0.0821342702986856", "6.24936066322592e-8"),
    ("0.030026582571525882090", "0.363538362080256", "4.88187361547532e-6"),
]


def meets_printed(enclosure: Any, text: str) -> bool:
    """[lo, hi] meets the printed decimal ± one unit of its last digit."""
    digits, _, exponent = text.partition("e")
    unit = arb(10) ** (-len(digits.partition(".")[2]) + int(exponent or 0))
    value = arb(text)
    return bool(arb(float(enclosure.lo)) <= value + unit) and bool(value - unit <= arb(float(enclosure.hi)))


def trained(shared: Path) -> tuple[Any, Any, float]:
    """W, b, gamma: the matrix of the family is W - gamma I, formed exactly (in floats it would be rounded)."""
    data = json.loads((shared / "data" / "trained10.json").read_text())
    return np.array(data["W"], dtype=np.float64), np.array(data["b"], dtype=np.float64), float(data["gamma"])


def test_trained10(shared: Path) -> None:
    w0, b, gamma = trained(shared)
    net = oracle.diagonal_family(w0, b, shift=-gamma)
    m = w0 - gamma * np.eye(len(w0))
    points = [prove(net, h) for h in diagonal_hints(m, b)]
    assert len(points) == 5
    for point, (p, w, l1) in zip(points, TRAINED, strict=True):
        assert meets_printed(point.parameter, p)
        assert meets_printed(point.frequency, w)
        assert meets_printed(point.lyapunov_coefficient, l1)
        assert float(point.parameter.rad) <= 1e-13
        assert float(point.lyapunov_coefficient.rad) <= 1e-6 * abs(float(l1))
        assert point.cycle_is_stable is False
    # the two that look alike
    assert points[1].same_as(points[2]) == "different"
    assert points[1].parameter.hi < points[2].parameter.lo


def test_trained10_with_a_weight_radius(shared: Path) -> None:
    w0, b, gamma = trained(shared)
    net = oracle.diagonal_family(w0, b, shift=-gamma)
    m = w0 - gamma * np.eye(len(w0))
    for hint, (_, _, l1) in zip(diagonal_hints(m, b), TRAINED, strict=True):
        point = prove(net, hint, radius=1e-9)
        assert point.criticality == ("subcritical" if float(l1) > 0 else "supercritical")
        # A lost weight part would give radii of rounding size. To first order p moves by r sum |Re(conj(p_k) q_l)|.
        lam, v = np.linalg.eig(m)
        i = int(np.argmin(abs(lam - (-hint[0] + 1j * hint[1]))))
        sensitivity = abs(np.outer(np.linalg.inv(v)[i], v[:, i]).real).sum()
        assert float(point.parameter.rad) >= 0.999 * 1e-9 * sensitivity
        assert float(point.parameter.rad) <= 40e-9


def test_trained10_beyond_what_the_weights_allow(shared: Path) -> None:
    """At 2e-7 the ball holds weights for which points 2 and 3 coincide: these two are refused, the others proved."""
    w0, b, gamma = trained(shared)
    field = oracle.diagonal_family(w0, b, shift=-gamma).field(_core, 2e-7)
    results = [prove_hopf(field, *hint) for hint in diagonal_hints(w0 - gamma * np.eye(len(w0)), b)]
    assert [r.proved for r in results] == [True, False, False, True, True]
    for r in results[1:3]:
        assert r.verdict == "other_eigenvalue_on_axis"
        assert "meets the imaginary axis" in r.detail


def test_paper4d(shared: Path) -> None:
    data = json.loads((shared / "data" / "paper4d.json").read_text())
    r1, r2 = np.array(data["R1"], dtype=np.float64), np.array(data["R2"], dtype=np.float64)
    m = (r1 - r1.T) + r2
    net = oracle.diagonal_family(m, np.zeros(4))
    first, second = (prove(net, h) for h in diagonal_hints(m, np.zeros(4)))
    assert meets_printed(first.parameter, "-0.032675841204022333681")
    assert meets_printed(first.frequency, "0.606599913555230")
    assert meets_printed(first.lyapunov_coefficient, "0.00105096310925091")
    assert first.criticality == "subcritical"
    assert meets_printed(second.parameter, "-0.015074158795977667096")
    assert meets_printed(second.frequency, "2.97019573778170")
    assert meets_printed(second.lyapunov_coefficient, "-0.00727991131706041")
    assert second.criticality == "supercritical"
    assert first.cycle_is_stable is False
    assert second.cycle_is_stable is False


def test_every_network_of_the_weight_ball_has_its_point_in_the_enclosures() -> None:
    rng = np.random.default_rng(7)
    w, b, radius = rng_matrix(rng, 3, 0.3), 0.3 * rng.standard_normal(3), 1e-7
    net = oracle.recurrent(w, b)
    (hint, *_) = oracle.scan(net, (-1.5, 2.0))
    point = prove(net, hint, radius=radius)
    outside = 0
    thin = prove(net, hint)
    for _ in range(8):
        w1 = w + radius * 0.999 * rng.choice([-1.0, 1.0], w.shape)
        b1 = b + radius * 0.999 * rng.choice([-1.0, 1.0], b.shape)
        r = oracle.hopf_reference(oracle.recurrent(w1, b1), *hint)
        assert encloses(point.parameter, r.parameter)
        assert encloses(point.frequency, r.frequency)
        assert encloses(point.lyapunov_coefficient, r.l1)
        assert encloses(point.transversality, r.transversality)
        outside += not encloses(thin.parameter, r.parameter)
    assert outside == 8


def scanned(net: Net, span: tuple[float, float], **options: Any) -> list[HopfPoint]:
    points = []
    for hint in oracle.scan(net, span, **options):
        point = prove(net, hint)
        check(point, oracle.hopf_reference(net, *hint))
        points.append(point)
    return points


@pytest.mark.parametrize("function", ["tanh", "sin"])
def test_three_layers_of_width_six(function: str) -> None:
    rng = np.random.default_rng(2)
    net = oracle.three_layers([rng_matrix(rng, 6, 0.1) for _ in range(3)], function)
    assert scanned(net, (-1.5, 1.5), nodes=300)


def test_sine_for_tanh() -> None:
    rng = np.random.default_rng(80)
    m = rng_matrix(rng, 6, 0.1)
    net = oracle.diagonal_family(m, np.zeros(6), "sin")
    assert len(scanned(net, (-1.0, 1.0))) == 3


def test_a_single_diagonal_entry_and_an_antisymmetric_pair() -> None:
    count = 0
    for seed in range(80, 86):
        rng = np.random.default_rng(seed)
        m = rng_matrix(rng, 6, 0.1) + 0.01 * np.eye(6)
        for entries in ([(5, 5, 1.0)], [(3, 2, 1.0), (2, 3, -1.0)]):
            net = oracle.parameter_at(m, 0.1 * rng.standard_normal(6), entries)
            count += len(scanned(net, (-3.0, 3.0), nodes=200))
    assert count >= 2


def test_perceptron_with_a_learnt_parameter_input() -> None:
    rng = np.random.default_rng(3)
    shapes = [(16, 4), (16, 16), (4, 16)]
    count = 0
    for _ in range(6):
        layers = [(1.6 * rng.standard_normal(s) / np.sqrt(s[1]), 0.1 * rng.standard_normal(s[0])) for s in shapes]
        layers[-1] = (layers[-1][0] * 2.0, layers[-1][1])
        net = oracle.perceptron(layers, rng.standard_normal(16))
        count += len(scanned(net, (-2.0, 2.0), nodes=200))
    assert count >= 1


def test_fewer_hidden_units_than_states() -> None:
    """-1 is a defective-looking cluster of n - m eigenvalues far from the axis; it does not prevent the proof."""
    n, m = 100, 30
    rng = np.random.default_rng(5)
    u = np.eye(m, n) + 0.1 * rng.standard_normal((m, n)) / np.sqrt(n)
    k = 1.3 * np.eye(m) + 0.1 * rng.standard_normal((m, m)) / np.sqrt(m)
    for i in range(0, m, 2):
        w = rng.uniform(1.0, 3.0)
        k[i, i + 1] -= w
        k[i + 1, i] += w
    net = oracle.damped_hidden(u, 0.1 * rng.standard_normal(m), rng.standard_normal(m), u.T @ k, np.zeros(n))
    hints = oracle.scan(net, (-3.0, 3.0), nodes=60, limit=4)
    assert len(hints) == 4
    for hint in hints:
        point = prove(net, hint)
        assert point.criticality != "undetermined"


@pytest.mark.parametrize("n", [20, 100])
def test_larger_recurrent_networks(n: int) -> None:
    rng = np.random.default_rng(80)
    m = rng_matrix(rng, n, 0.1)
    net = oracle.recurrent(0.5 * np.eye(n) + m / np.sqrt(n), 0.2 * rng.standard_normal(n))
    hints = oracle.scan(net, (1.5, 0.0), nodes=60, limit=8)
    assert len(hints) >= 3
    for hint in hints:
        point = prove(net, hint)
        assert float(point.lyapunov_coefficient.rad) <= 1e-4 * abs(float(point.lyapunov_coefficient.mid))


# ---- identity ------------------------------------------------------------------------------------------------------


def test_the_same_point_from_different_hints() -> None:
    rng = np.random.default_rng(604)
    net = oracle.recurrent(rng_matrix(rng, 4, 0.3), 0.3 * rng.standard_normal(4))
    (p, w, x, v), *_ = oracle.scan(net, (-1.5, 2.0))
    a = prove(net, (p, w, x, v))
    b = prove(net, (p + 1e-4, w - 1e-4, x + 1e-4, (0.3 - 2j) * v))
    assert a.same_as(b) == "same"
    assert b.same_as(a) == "same"
    assert a.same_as(a) == "same"


@pytest.mark.parametrize("delta", [0.1, 1e-2, 1e-3, 1e-5, 1e-7])
def test_an_isolation_box_never_holds_a_second_point(delta: float) -> None:
    """x' = tanh((S + (p^2 - delta^2) I) x), S like skew: the pair crosses at p = +-delta, all else equal."""
    net = Net(2)
    sx = net.add("affine", 0, np.array([[0.0, -1.25], [1.0, 0.0]]), None)
    p2 = net.add("multiply", 1, 1)
    shifted = net.add("exact", p2, np.ones((1, 1)), np.array([-delta * delta]))
    scalar = net.add("gather", shifted, [0, 0])
    product = net.add("multiply", scalar, 0)
    z = net.add("add", sx, product)
    net.add("apply", "tanh", z)
    w = float(np.sqrt(1.25))
    v = np.array([1.0, -1j * w / 1.25])
    left, right = (prove(net, (p, w, np.zeros(2), v)) for p in (-delta, delta))
    for point, sign in ((left, -1), (right, 1)):
        assert abs(float(point.parameter.mid) - sign * delta) < 1e-9 * delta
        assert 1e-3 * delta < point.isolation.parameter < 2 * delta
    assert left.same_as(right) == "different"


def test_values_survive_pickling() -> None:
    import pickle

    rng = np.random.default_rng(604)
    net = oracle.recurrent(rng_matrix(rng, 4, 0.3), 0.3 * rng.standard_normal(4))
    (hint, *_) = oracle.scan(net, (-1.5, 2.0))
    a = prove(net, hint)
    b = pickle.loads(pickle.dumps(a))
    assert a.same_as(b) == "same"
    assert b.parameter.lo == a.parameter.lo


# ---- misuse, threads, cancellation ---------------------------------------------------------------------------------


def planar_net() -> tuple[Net, tuple[Any, ...]]:
    rng = np.random.default_rng(201)
    net = oracle.recurrent(rng_matrix(rng, 2, 0.3), 0.3 * rng.standard_normal(2))
    return net, oracle.scan(net, (-1.5, 2.0))[0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda h: (h[0], h[1], h[2][:1], h[3]), "x_bar has 1 components, the field 2"),
        (lambda h: (h[0], h[1], h[2], np.ones(3)), "v_bar has 3 components, the field 2"),
        (lambda h: (float("nan"), h[1], h[2], h[3]), "not finite"),
        (lambda h: (h[0], -1.0, h[2], h[3]), "omega_bar must be positive: got -1"),
        (lambda h: (h[0], h[1], h[2], 0 * h[3]), "v_bar must not be zero"),
    ],
)
def test_misuse_is_a_value_error(change: Any, message: str) -> None:
    net, hint = planar_net()
    with pytest.raises(ValueError, match=message):
        prove_hopf(net.field(_core), *change(hint))


def test_exactly_one_parameter() -> None:
    b = _core.FieldBuilder(2, 0, False)
    field = b.build(b.apply("tanh", b.state()))
    with pytest.raises(ValueError, match="exactly 1 parameter: got 0"):
        prove_hopf(field, 0.0, 1.0, np.zeros(2), np.array([1, 1j]))


def test_cancellation() -> None:
    net, hint = planar_net()
    stop = _core.Cancellation()
    stop.cancel()
    result = prove_hopf(net.field(_core), *hint, cancellation=stop)
    assert not result.proved
    assert result.verdict == "interrupted"


def test_four_threads_at_once() -> None:
    from concurrent.futures import ThreadPoolExecutor

    rng = np.random.default_rng(80)
    net = oracle.recurrent(0.5 * np.eye(20) + rng_matrix(rng, 20, 0.1) / np.sqrt(20), 0.2 * rng.standard_normal(20))
    field = net.field(_core)
    hints = oracle.scan(net, (-0.2, 1.2), nodes=40)[:4]
    alone = [prove_hopf(field, *h).require() for h in hints]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda h: prove_hopf(field, *h).require(), hints * 4))
    for k, point in enumerate(together):
        assert point.parameter.lo == alone[k % len(hints)].parameter.lo
        assert point.lyapunov_coefficient.hi == alone[k % len(hints)].lyapunov_coefficient.hi


def test_a_poor_hint_is_refined() -> None:
    net, (p, w, x, v) = planar_net()
    field = net.field(_core)
    refined = _core.refine_hopf_candidate(field, p, w, x, v)
    assert refined["converged"]
    assert refined["iterations"] <= 8
    assert refined["last_step"] <= 1e-9
    r = oracle.hopf_reference(net, p, w, x, v)
    assert abs(refined["p_bar"] - float(r.parameter.mid())) < 1e-13


def test_the_caller_may_round_upward() -> None:
    """The proof runs under its own float environment and gives the caller's back."""
    import ctypes
    import ctypes.util
    import platform

    if platform.machine() not in ("x86_64", "AMD64"):
        pytest.skip("the rounding constants below are those of x86-64")
    libm = ctypes.CDLL(ctypes.util.find_library("m"))
    net, hint = planar_net()
    field = net.field(_core)
    expected = prove_hopf(field, *hint).require()
    upward = 0x800
    assert libm.fesetround(upward) == 0
    try:
        core = _core.prove_hopf(field, *hint)
        mode = libm.fegetround()
    finally:
        libm.fesetround(0)
    assert mode == upward
    assert core["value"]["parameter"] == (float(expected.parameter.lo), float(expected.parameter.hi))
    assert core["value"]["lyapunov_coefficient"][0] == float(expected.lyapunov_coefficient.lo)


@pytest.mark.parametrize("n", [6, 20, 50])
def test_it_agrees_with_the_diagonal_family(n: int) -> None:
    """Every pair of the family, proved twice: once by one eigendecomposition of M, once by no use of structure."""
    from capnode.networks import kuehn_queirolo_matrix

    m = kuehn_queirolo_matrix(n)
    field = oracle.diagonal_family(m, None).field(_core)
    answer = _core.diagonal_hopf_points(field, -10.0, 10.0, _core.Cancellation())
    known = [c["result"]["value"] for c in answer["candidates"]]
    hints = diagonal_hints(m, np.zeros(n))
    assert len(hints) == len(known)
    for hint, other in zip(hints, known, strict=True):
        point = prove_hopf(field, *hint).require()
        for name in ("parameter", "frequency", "lyapunov_coefficient"):
            enclosure = getattr(point, name)
            lo, hi = other[name]
            assert float(enclosure.lo) <= hi
            assert lo <= float(enclosure.hi)
        assert point.unstable_dimension == other["unstable_dimension"]
        assert point.criticality == other["criticality"] != "undetermined"
