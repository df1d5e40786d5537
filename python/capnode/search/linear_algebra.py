"""LAPACK in plain floats for the search, through the core's private OpenBLAS.

That one is single-threaded and the GIL is released, so nodes and candidates run side by side on threads; NumPy's own
BLAS would start its workers in each of them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from capnode import _core

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]


class SingularMatrix(ArithmeticError):
    """A factorization met an exactly zero pivot, or the numbers are not finite."""


def solve(matrix: NDArray[Any], right: NDArray[Any]) -> NDArray[Any]:
    """x with matrix x = right, real or complex, one or many right-hand sides."""
    columns = right.reshape(len(right), -1)
    if np.iscomplexobj(matrix) or np.iscomplexobj(right):
        x = _core.float_solve_complex(
            np.ascontiguousarray(matrix, np.complex128), np.ascontiguousarray(columns, np.complex128)
        )
    else:
        x = _core.float_solve(np.ascontiguousarray(matrix, np.float64), np.ascontiguousarray(columns, np.float64))
    if x is None or not np.all(np.isfinite(x)):
        raise SingularMatrix("a linear system of the search is singular")
    solution: NDArray[Any] = x.reshape(right.shape)
    return solution


def spectrum(matrix: FloatArray, direction: FloatArray) -> tuple[ComplexArray, ComplexArray, ComplexArray]:
    """Eigenvalues, their derivatives along the direction, right eigenvectors (columns of norm 1).

    Conjugate pairs are exact conjugates. The derivative is 0 where the left and the right vector are orthogonal.
    """
    result = _core.float_spectrum(np.ascontiguousarray(matrix, np.float64), np.ascontiguousarray(direction, np.float64))
    if result is None:
        raise SingularMatrix("the eigenvalues of a Jacobian could not be computed")
    values, rates, vectors = result
    return values, rates, vectors
