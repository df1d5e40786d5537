"""Points where one hypothesis of the Hopf theorem fails: refused, or left undetermined, each for its own reason."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import hopf_oracle as oracle
from capnode import _core
from capnode.hopf_point import HopfPoint, prove_hopf
from capnode.result import Result
from hopf_oracle import Net


def block(a: float, w: float) -> Any:
    return np.array([[a, -w], [w, a]])


def diagonal(*blocks: Any) -> Any:
    n = sum(len(b) for b in blocks)
    out = np.zeros((n, n))
    at = 0
    for b in blocks:
        k = len(b)
        out[at : at + k, at : at + k] = b
        at += k
    return out


def at_origin(m: Any, w: float, *, radius: float = 0.0, net: Net | None = None) -> Result[HopfPoint]:
    """x' = tanh((M + p I) x), hint p = 0, x = 0, the eigenvector of the leading 2 x 2 block."""
    net = net or oracle.diagonal_family(m, None)
    v = np.zeros(net.dim, dtype=complex)
    v[0], v[1] = 1.0, -1.0j
    return prove_hopf(net.field(_core, radius), 0.0, w, np.zeros(net.dim), v)


def test_two_pairs_cross_at_once() -> None:
    """Skew, n = 4: both pairs lie on the axis at p = 0."""
    result = at_origin(diagonal(block(0.0, 1.0), block(0.0, 2.5)), 1.0)
    assert not result.proved
    assert result.verdict == "other_eigenvalue_on_axis"
    assert "meets the imaginary axis" in result.detail


def test_two_pairs_cross_at_once_full_skew() -> None:
    rng = np.random.default_rng(4)
    r = rng.standard_normal((4, 4))
    m = r - r.T
    lam, v = np.linalg.eig(m)
    for i in np.flatnonzero(lam.imag > 0):
        result = prove_hopf(oracle.diagonal_family(m, None).field(_core), 0.0, lam[i].imag, np.zeros(4), v[:, i])
        assert not result.proved
        assert result.verdict == "other_eigenvalue_on_axis"


def test_a_zero_eigenvalue() -> None:
    result = at_origin(diagonal(block(0.0, 1.0), np.zeros((1, 1))), 1.0)
    assert not result.proved
    assert result.verdict == "zero_eigenvalue"


@pytest.mark.parametrize("power", [0, 2])
def test_no_transversality(power: int) -> None:
    """The pair of M + p^2 I, or of M alone, stands on the axis at p = 0 with speed 0."""
    m = diagonal(block(0.0, 1.0), np.array([[-0.5]]))
    net = Net(3)
    mx = net.add("affine", 0, m, None)
    pp = net.add("gather", 1, [0, 0, 0])
    p2 = net.add("multiply", pp, pp)
    if power == 2:
        px = net.add("multiply", p2, 0)
        mx = net.add("add", mx, px)
        net.add("apply", "tanh", mx)
    else:
        t = net.add("apply", "tanh", mx)
        net.add("add", t, p2)
    result = at_origin(m, 1.0, net=net)
    assert not result.proved
    assert result.verdict == "not_transversal"


def test_strong_resonance_on_the_axis() -> None:
    result = at_origin(diagonal(block(0.0, 1.0), block(0.0, 2.0)), 1.0)
    assert not result.proved
    assert result.verdict == "strong_resonance"
    assert "1:2" in result.detail


def test_strong_resonance_beside_the_axis_leaves_the_criticality_open() -> None:
    """A second pair at twice the frequency, as far from the axis as its disc needs, but not twice as far."""
    radius = 1e-9
    outcomes = []
    for factor in np.linspace(0.0, 20.0, 41):
        result = at_origin(diagonal(block(0.0, 1.0), block(-factor * radius, 2.0)), 1.0, radius=radius)
        if not result.proved:
            assert result.verdict in ("strong_resonance", "other_eigenvalue_on_axis", "contraction_failed", "too_wide")
            outcomes.append("refused")
        else:
            point = result.require()
            outcomes.append("open" if "1:2" in point.criticality_reason else "closed")
            if outcomes[-1] == "open":
                assert point.criticality == "undetermined"
                assert point.h20 is None
                assert point.cycle_is_stable is None
                assert point.lyapunov_coefficient.lo == -np.inf
                assert point.lyapunov_coefficient.hi == np.inf
    assert outcomes[0] == "refused"
    assert "open" in outcomes


def test_a_double_pair() -> None:
    result = at_origin(diagonal(block(0.0, 1.0), block(0.0, 1.0)), 1.0)
    assert not result.proved
    assert result.verdict == "pair_not_isolated"


def test_a_double_pair_in_a_jordan_chain() -> None:
    m = diagonal(block(0.0, 1.0), block(0.0, 1.0))
    m[0, 2] = m[1, 3] = 1.0
    result = at_origin(m, 1.0)
    assert not result.proved
    assert result.verdict == "pair_not_isolated"


def test_neighbourhood_of_bogdanov_takens() -> None:
    """The pair is so slow that the weight ball holds matrices where it is real."""
    m = np.array([[0.0, -1.0], [1e-10, 0.0]])
    v = np.array([1.0, -1e-5j])
    result = prove_hopf(oracle.diagonal_family(m, None).field(_core, 1e-6), 0.0, 1e-5, np.zeros(2), v)
    assert not result.proved
    assert result.verdict in ("pair_not_isolated", "zero_eigenvalue")


def test_no_point_near_the_hint() -> None:
    net = oracle.recurrent(np.zeros((2, 2)), np.array([0.1, 0.2]))
    result = prove_hopf(net.field(_core), 1.0, 1.0, np.zeros(2), np.array([1.0, 1.0j]))
    assert not result.proved
    assert result.verdict == "no_convergence"


def test_too_large_a_weight_radius() -> None:
    result = at_origin(diagonal(block(0.0, 1.0), np.array([[-0.5]])), 1.0, radius=0.2)
    assert not result.proved
    assert result.verdict in ("pair_not_isolated", "too_wide", "zero_eigenvalue", "not_transversal", "unbounded")


@pytest.mark.parametrize("n", [2, 4])
def test_exactly_normal_weights_leave_the_criticality_open(n: int) -> None:
    """|q|^2 is constant, so l1 = 0 exactly: the branch is proved, no sign may be."""
    m = block(0.0, 0.75) if n == 2 else diagonal(block(0.0, 0.75), block(-0.25, 1.5))
    point = at_origin(m, 0.75).require()
    assert point.criticality == "undetermined"
    assert point.lyapunov_coefficient.lo <= 0.0 <= point.lyapunov_coefficient.hi
    assert float(point.lyapunov_coefficient.hi) < 1e-12
    assert "holds 0" in point.criticality_reason
    assert point.cycle_is_stable is None
    assert point.unstable_dimension == 0


def test_an_unstable_direction_decides_alone() -> None:
    """l1 = 0 exactly, but another pair is unstable: no small cycle is stable, whatever its side."""
    point = at_origin(diagonal(block(0.0, 0.75), block(0.25, 1.5)), 0.75).require()
    assert point.criticality == "undetermined"
    assert point.unstable_dimension == 2
    assert point.cycle_is_stable is False


@pytest.mark.parametrize("size", [3, 6, 20])
def test_a_jordan_block_far_from_the_axis(size: int) -> None:
    """A defective eigenvalue elsewhere is no obstacle."""
    jordan = -np.eye(size) + np.diag(np.ones(size - 1), 1)
    m = diagonal(np.array([[0.25, -1.0], [1.5, -0.25]]), jordan)
    m[0, 2:] = 0.3
    w = float(np.sqrt(1.5 - 0.0625))
    net = oracle.diagonal_family(m, None)
    v = np.zeros(net.dim, dtype=complex)
    v[0], v[1] = 1.0, 0.25 - 1.0j * w
    point = prove_hopf(net.field(_core), 0.0, w, np.zeros(net.dim), v).require()
    assert point.unstable_dimension == 0
    assert point.criticality != "undetermined"
