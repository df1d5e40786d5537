"""Equilibria of published networks."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from flint import arb, arb_mat

from capnode import _core
from capnode.equilibrium import equilibrium
from capnode.interval_array import IntervalArray
from capnode.zeros import interval_newton, krawczyk, newton_kantorovich


def test_spiral(shared: Path) -> None:
    """x' = Wo tanh(w x + b) + bo: a stable focus; printed digits +- 1 in the last."""
    data = json.loads((shared / "data" / "spiral_nl.json").read_text())
    b = _core.FieldBuilder(2, 0, False)
    hidden = b.apply("tanh", b.affine(b.state(), np.array(data["win"]), None, np.array(data["bin"])))
    field = b.build(b.affine(hidden, np.array(data["wout"]), None, np.array(data["bout"])))
    value = equilibrium(field, [0.1, 0.1]).require()
    for k, printed in enumerate((0.0015517268996, -0.0017657376868)):
        assert value.state.lo[k] <= printed + 1e-13
        assert printed - 1e-13 <= value.state.hi[k]
        assert value.state.hi[k] - value.state.lo[k] < 1e-17
    assert value.stable
    for printed in (-0.1038006396624 + 2.0462150674538j, -0.1038006396624 - 2.0462150674538j):
        nearest = np.argmin(np.abs(value.eigenvalues.center - printed))
        assert abs(value.eigenvalues.center[nearest] - printed) <= value.eigenvalues.radius[nearest] + 1.5e-13
        assert value.eigenvalues.radius[nearest] < 1e-12
    # The three theorems about zeros, each by itself, agree.
    box = IntervalArray(value.x_bar - 0.01, value.x_bar + 0.01)
    answers = [
        krawczyk(field, box),
        interval_newton(field, box),
        newton_kantorovich(field, value.x_bar + 1e-6, 0.01),
    ]
    for answer in answers:
        zero = answer.require()
        assert (zero.enclosure.lo <= value.state.hi).all()
        assert (value.state.lo <= zero.enclosure.hi).all()


def test_trained_network(shared: Path) -> None:
    """h' = tanh(W h + b) at the trained damping: h = -W^-1 b, known to the last digits; alone and unstable."""
    data = json.loads((shared / "data" / "trained10.json").read_text())
    W, bias = np.array(data["W"]), np.array(data["b"])
    for radius in (0.0, 1e-9):
        b = _core.FieldBuilder(10, 0, False)
        rad = np.full(W.shape, radius) if radius else None
        field = b.build(b.apply("tanh", b.affine(b.state(), W, rad, bias)))
        value = equilibrium(field, np.zeros(10)).require()
        exact = arb_mat([[arb(x) for x in row] for row in W.tolist()]).solve(
            arb_mat(10, 1, [arb(-x) for x in bias.tolist()])
        )
        for k in range(10):
            assert arb(float(value.state.lo[k])) <= exact[k, 0] <= arb(float(value.state.hi[k]))
        width = np.max(value.state.hi - value.state.lo)
        if radius == 0.0:
            assert width <= 4 * np.max(np.spacing(np.abs(value.x_bar)))
            eigenvalues = np.linalg.eigvals(W)
            assert value.unstable_dimension == int(np.sum(eigenvalues.real > 0))
        else:
            rng = np.random.default_rng(1)
            for _ in range(20):
                member = W + radius * rng.choice([-1.0, 1.0], size=W.shape)
                x = np.linalg.solve(member, -bias)
                assert (value.state.lo - 1e-12 <= x).all()
                assert (x <= value.state.hi + 1e-12).all()
            assert width < 1e-4


def test_saturating_networks_are_found_by_the_homotopy() -> None:
    """x' = tanh(M x + b) with large b: Newton from 0 overshoots into the saturated region."""
    rng = np.random.default_rng(80)
    n = 30
    R = rng.normal(size=(n, n))
    M, bias = R - R.T + 0.1 * rng.normal(size=(n, n)), 3 * rng.normal(size=n)
    b = _core.FieldBuilder(n, 0, False)
    field = b.build(b.apply("tanh", b.affine(b.state(), M, None, bias)))
    value = equilibrium(field, np.zeros(n)).require()
    assert np.allclose(value.x_bar, -np.linalg.solve(M, bias), rtol=1e-8, atol=1e-8)
