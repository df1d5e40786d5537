"""Small fields built by hand (no torch): what the tests of the face speak about."""

from __future__ import annotations

import numpy as np

from capnode import Field, _core

M4 = np.array([[0.1, -1.0, 0.25, 0.0], [1.0, -0.2, 0.0, 0.5], [-0.25, 0.0, 0.3, -2.0], [0.0, -0.5, 2.0, -0.15]])
B4 = np.array([0.1, -0.2, 0.05, 0.3])


def diagonal_family(radius: float = 0.0) -> Field:
    """x' = tanh((M + p I) x + b), n = 4: two Hopf points."""
    builder = _core.FieldBuilder(4, 1, False)
    x, p = builder.state(), builder.parameter()
    rad = np.full((4, 4), radius) if radius else None
    line = builder.affine(x, M4, rad, B4)
    return Field(
        builder.build(builder.apply("tanh", builder.add(line, builder.multiply(builder.gather(p, [0] * 4), x))))
    )


def leaky(radius: float = 0.0) -> Field:
    """x' = -p x + W tanh(x) + b, n = 4: the equilibrium moves with p, and second derivatives do not vanish."""
    builder = _core.FieldBuilder(4, 1, False)
    x, p = builder.state(), builder.parameter()
    rad = np.full((4, 4), radius) if radius else None
    drive = builder.affine(builder.apply("tanh", x), M4 + 0.5 * np.eye(4), rad, B4)
    return Field(builder.build(builder.subtract(drive, builder.multiply(builder.gather(p, [0] * 4), x))))


def planar() -> Field:
    """x' = tanh(W x + b), n = 2, without a parameter: a stable focus."""
    builder = _core.FieldBuilder(2, 0, False)
    line = builder.affine(builder.state(), np.array([[-2.0, 1.0], [-1.0, -2.0]]), None, np.array([0.5, -0.25]))
    return Field(builder.build(builder.apply("tanh", line)))
