"""`Field.to_capd`: the text, without CAPD. Compiled and run it is in test_engine_parity.py."""

from __future__ import annotations

import re
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import capnode as cn
from capnode import _core
from flow_fields import scalar_field
from small_fields import M4, diagonal_family, leaky, planar


def numbers(text: str, name: str) -> list[float]:
    body = re.search(rf"const double {name}\[\] = {{(.*?)}};", text, re.DOTALL)
    assert body is not None
    return [float.fromhex(word) for word in body.group(1).replace(",", " ").split()]


def test_the_weights_are_exact() -> None:
    rng = np.random.default_rng(5)
    weight = rng.normal(size=(3, 3)) * 10.0 ** rng.integers(-320, 300, size=(3, 3))
    builder = _core.FieldBuilder(3, 0, False)
    field = cn.Field(builder.build(builder.apply("tanh", builder.affine(builder.state(), weight))))
    assert np.array_equal(numbers(field.to_capd(), "tensor0"), weight.ravel())


def test_weights_with_a_radius_become_parameters_that_hold_them() -> None:
    text = leaky(1e-3).to_capd(p=0.5)
    lo, hi = numbers(text, "radius_lo"), numbers(text, "radius_hi")
    assert len(lo) == len(hi) == 16
    for a, b, mid in zip(lo, hi, (M4 + 0.5 * np.eye(4)).ravel(), strict=True):
        centre, radius = Fraction(float(mid)), Fraction(1e-3)
        assert Fraction(a) <= centre - radius
        assert centre + radius <= Fraction(b)
        assert b - a < 2.1e-3
    assert numbers(text, "p_lo") == numbers(text, "p_hi") == [0.5]


def test_the_file_is_the_text(tmp_path: Path) -> None:
    path = tmp_path / "field.cpp"
    text = planar().to_capd(path, x0=cn.interval([0.0, 1.0], [0.5, 1.5]), t=-2.0)
    assert path.read_text(encoding="ascii") == text
    assert numbers(text, "x0_lo") == [0.0, 1.0]
    assert numbers(text, "x0_hi") == [0.5, 1.5]
    assert planar().digest in text
    assert '#include "capd/capdlib.h"' in text


@pytest.mark.parametrize("name", ["erf", "gelu"])
def test_what_capd_cannot_differentiate_is_named(name: str) -> None:
    field = scalar_field(1, 0, lambda x: [x.apply(name)])
    with pytest.raises(cn.UnsupportedOperation, match=name):
        field.to_capd()


def test_misuse() -> None:
    field = diagonal_family()
    for options, message in [
        ({"x0": np.zeros(3)}, "x0"),
        ({"t": 0.0}, "different"),
        ({"t": np.inf}, "finite"),
        ({"p": [1.0, 2.0]}, "p must have shape"),
        ({"order": 0}, "order must be at least 1, not 0"),
        ({"x0": cn.interval(np.zeros(4), np.full(4, np.inf))}, "bounded"),
    ]:
        with pytest.raises(ValueError, match=message):
            field.to_capd(**options)  # type: ignore[arg-type]


def test_capnode_capd_says_how_to_get_capd() -> None:
    """Where the build has none; the rest of the package does not care."""
    code = (
        "import sys; sys.modules['capnode._capd'] = None\n"
        "import capnode\n"
        "try:\n    import capnode.capd\n"
        "except ImportError as error:\n    print(error)\n"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "CAPNODE_WITH_CAPD=ON" in out
    assert "third_party/README.md" in out
