"""What the search sees of a field with one parameter: values and Jacobians in plain floats.

Any object with these three attributes will do; `FloatField` is the one for `capnode.Field`.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from capnode.search.linear_algebra import FloatArray


class SearchField(Protocol):
    @property
    def dim(self) -> int: ...

    def value(self, x: FloatArray, p: float) -> FloatArray:
        """f(x, p), shape (n,)."""

    def jacobian(self, x: FloatArray, p: float) -> tuple[FloatArray, FloatArray]:
        """f_x, shape (n, n), and f_p, shape (n,)."""


def along(
    field: SearchField, x: FloatArray, p: float, dx: FloatArray, dp: float, *, step: float | None = None
) -> FloatArray:
    """d f_x(x + s dx, p + s dp)/ds at s = 0, shape (n, n), by a central difference (relative error about 1e-10)."""
    size = max(float(np.max(np.abs(dx), initial=0.0)), abs(dp), 1e-300)
    h = (6e-6 if step is None else step) * (1.0 + float(np.max(np.abs(x), initial=0.0))) / size
    ahead, _ = field.jacobian(x + h * dx, p + h * dp)
    behind, _ = field.jacobian(x - h * dx, p - h * dp)
    difference: FloatArray = (ahead - behind) / (2.0 * h)
    return difference
