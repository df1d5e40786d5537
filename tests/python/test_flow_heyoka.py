"""Steps as long as those of a floating-point Taylor integrator, sets as wide as their linear image: random networks
x' = tanh(W x + b) from boxes of radius 1e-8, beside heyoka (https://bluescarni.github.io/heyoka.py)."""

from __future__ import annotations

import numpy as np
import pytest

import capnode as cn
from capnode import _core

heyoka = pytest.importorskip("heyoka", reason="needs heyoka: pip install heyoka")
RADIUS = 1e-8


@pytest.mark.parametrize(
    "n", [2, 5, 10, 20, 50, 100, pytest.param(200, marks=pytest.mark.long), pytest.param(500, marks=pytest.mark.long)]
)
def test_steps_and_widths_beside_heyoka(n: int) -> None:
    rng = np.random.default_rng(n)
    weight, bias = 1.5 * rng.standard_normal((n, n)) / np.sqrt(n), 0.1 * rng.standard_normal(n)
    x0 = 0.3 * np.cos(np.arange(n) + 1)
    builder = _core.FieldBuilder(n, 0, False)
    field = cn.Field(builder.build(builder.apply("tanh", builder.affine(builder.state(), weight, None, bias, None))))

    state = heyoka.make_vars(*[f"x{i}" for i in range(n)])
    rows = [
        heyoka.tanh(heyoka.sum([*(float(w) * v for w, v in zip(row, state, strict=True)), heyoka.expression(float(c))]))
        for row, c in zip(weight, bias, strict=True)
    ]
    integrator = heyoka.taylor_adaptive(list(zip(state, rows, strict=True)), x0.tolist(), tol=1e-15, compact_mode=True)
    theirs = integrator.propagate_until(1.0)[3]

    slope = _core.plain_flow(field.core, x0[None], duration=1.0, derivative=True)["derivative"].reshape(n, n)
    image = np.abs(slope) @ np.full(n, RADIUS)
    box = cn.IntervalArray(x0 - RADIUS, x0 + RADIUS)
    for derivative in (False, True):
        found = cn.integrate(field, box, 1.0, derivative=derivative, dense=False).require()
        assert found.steps <= 2 * theirs
        assert np.linalg.norm(found.final.rad) <= (1.5 if n <= 100 else 3.0) * np.linalg.norm(image)
        assert np.abs(integrator.state - found.final.mid).max() <= found.final.rad.max()
        if derivative:
            assert np.abs(found.derivative.mid - slope).max() < 1e-6
