"""Singular values and QR diagonals at high precision with python-flint: the oracle of the Lyapunov exponents."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import flint
from flint import acb_mat, arb, arb_mat


def log_singular_values(Y: arb_mat) -> list[Any]:
    """log sigma_i, descending, by the eigenvalues of Y^T Y; the caller sets a precision far above its condition."""
    gram = Y.transpose() * Y
    values = [z.real for z in acb_mat(gram).eig(multiple=True)]
    return sorted((v.log() / 2 for v in values), key=lambda v: float(v.mid()), reverse=True)


def log_qr_diagonal(Y: arb_mat) -> list[Any]:
    """log R_ii of Y = Q R: R_ii^2 is the quotient of two leading minors of Y^T Y."""
    gram, n = Y.transpose() * Y, Y.ncols()
    minors = [arb(1)]
    for k in range(1, n + 1):
        minors.append(arb_mat(k, k, [gram[i, j] for i in range(k) for j in range(k)]).det())
    return [(b / a).log() / 2 for a, b in pairwise(minors)]


class precision:
    """The working precision in bits inside a `with`."""

    def __init__(self, bits: int) -> None:
        self.bits = bits

    def __enter__(self) -> None:
        self.before, flint.ctx.prec = flint.ctx.prec, self.bits

    def __exit__(self, *_: object) -> None:
        flint.ctx.prec = self.before
