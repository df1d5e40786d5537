"""The oracle is python-flint at 200 bits; its precision is a global of the process, set once here."""

from __future__ import annotations

import pytest

flint = pytest.importorskip("flint", reason="python-flint is the oracle of these tests")
flint.ctx.prec = 200
