"""Upper bounds of 2-norms in Arb: of vectors, of matrices, of symmetric bilinear maps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from flint import arb, arb_mat

from capnode.verification.balls import arb_matrix, float_matrix


def size(x: arb) -> arb:
    """An upper bound of |x|, as a point."""
    return abs(x).upper()


def euclidean(v: Sequence[arb]) -> arb:
    return sum((size(x) ** 2 for x in v), arb(0)).sqrt().upper()


def frobenius(m: arb_mat) -> arb:
    return euclidean(m.entries())


def spectral(m: arb_mat) -> arb:
    """|m|_2 of every matrix in the balls: sqrt of the largest Gershgorin disc of B^-1 (m^T m) B, B the eigenvectors of
    the middle as floats find them (a similarity, whatever B is); or the Frobenius norm, where that is less."""
    rows, cols = m.nrows(), m.ncols()
    middle = arb_mat(rows, cols, [z.mid() for z in m.entries()])
    spread = euclidean([arb(z.rad()) for z in m.entries()])
    whole = (euclidean(middle.entries()) + spread).upper()
    floats = float_matrix(middle)
    if not np.isfinite(floats).all():
        return whole
    gram = middle.transpose() * middle if cols <= rows else middle * middle.transpose()
    basis = arb_matrix(np.linalg.eigh(float_matrix(gram))[1])
    try:
        table = (basis.inv() * gram * basis).table()
    except ZeroDivisionError:
        return whole
    discs = [sum((size(z) for z in row), arb(0)).upper() for row in table]
    largest = max(discs, key=float)
    bound = (largest.sqrt() + spread).upper()
    return bound if bool(bound <= whole) else whole


def bilinear(gram: arb_mat, weights: Sequence[arb]) -> arb:
    """kappa with |sum_i a_i c_i (W g)_i (W h)_i| <= kappa |a| |g| |h| whenever |c_i| <= weights_i; `gram` bounds the
    entries of |W W^T|. kappa^2 is the largest eigenvalue of (c_i gram_ij^2 c_j), at most max_i (M z)_i / z_i for every
    positive z (Collatz, Wielandt); z is a float's guess."""
    n = gram.nrows()
    squares = [[size(gram[i, j]) ** 2 for j in range(n)] for i in range(n)]
    matrix = arb_mat(n, n, [weights[i] * squares[i][j] * weights[j] for i in range(n) for j in range(n)])
    floats = float_matrix(matrix)
    if not np.isfinite(floats).all():
        return arb("inf")
    z = best = np.ones(n)
    least = np.inf
    for _ in range(24):
        image = floats @ z
        largest, ratio = image.max(initial=0.0), float(np.max(image / z))
        if ratio < least:
            least, best = ratio, z
        if not largest > 0.0:
            break
        z = image / largest + 1e-5
    z = best
    ratios = [row[0] / arb(float(v)) for row, v in zip((matrix * arb_mat(n, 1, z.tolist())).table(), z, strict=True)]
    return max((r.upper() for r in ratios), key=float).sqrt().upper()
