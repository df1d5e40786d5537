"""Certificates of layered fields: trajectories and exponents are proved again layer by layer, false ones refused."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import capnode as cn
import flow_fields
from capnode.certificate import Certificate, bounds, document_digest, hex_float, hex_floats
from capnode.statements import statement

DATA = Path(__file__).resolve().parents[2] / "examples" / "data"
POINT = np.array([0.5, 0.3])
Document = dict[str, Any]


def moons() -> cn.Layered:
    return cn.layered([(cn.Field.load(DATA / f"moons_layered_{k}.capnode"), 0.3) for k in range(1, 6)])


def resealed(document: Document) -> Certificate:
    """Sentences and digest made anew: only the truth layer can notice."""
    for entry in document["theorems"]:
        entry["statement"] = statement(entry)
    document["digest"] = document_digest(document)
    return Certificate(document)


def driven(x: Any, v: Any, p: Any, t: Any) -> list[Any]:
    return [v + 0.0 * x, p * t.apply("sin") - x - 0.1 * v]


def turned(x: Any, v: Any, p: Any, t: Any) -> list[Any]:
    return [0.0 * t - v, p * x]


def with_time() -> cn.Layered:
    fields = [flow_fields.scalar_field(2, 1, f, time=True) for f in (driven, turned, driven)]
    return cn.layered(list(zip(fields, [0.5, 0.3, 0.7], strict=True)))


def box(x: Any, r: float) -> cn.IntervalArray:
    return cn.IntervalArray(np.asarray(x) - r, np.asarray(x) + r)


CASES: dict[str, Callable[[], Any]] = {
    "a point": lambda: cn.integrate(moons(), POINT, derivative=True),
    "cut at a time whose distance is no double": lambda: cn.integrate(moons(), POINT, 0.8, t0=0.1, derivative=True),
    "cut inside a layer": lambda: cn.integrate(moons(), POINT, [0.2, 1.1], derivative=True),
    "a box": lambda: cn.integrate(moons(), box(POINT, 1e-3), derivative=True),
    "time and an interval of parameters": lambda: cn.integrate(
        with_time(), [1.0, 0.0], p=box([0.5], 1e-3), t0=0.2, derivative=True
    ),
    "backward": lambda: cn.integrate(cn.layered([(f, -0.2) for f, _ in moons().layers]), POINT, derivative=True),
}


@pytest.mark.parametrize("name", list(CASES))
def test_trajectories_are_proved_again(name: str) -> None:
    result = CASES[name]()
    certificate = result.certificate()
    found = cn.verify(certificate)
    assert found.ok, str(found)
    entry = certificate.document["theorems"][0]
    assert sum(len(layer["steps"]) for layer in entry["layers"]) == result.require().steps
    assert set(certificate.document["fields"]) == {layer["field"] for layer in entry["layers"]}
    lo = [float.fromhex(word) for word in entry["enclosures"]["final"]["lo"].split()]
    assert (np.array(lo) <= result.require().final.lo).all()
    assert all(layer["field"][:16] in certificate.statements[0] for layer in entry["layers"])


@pytest.mark.parametrize("t", [None, [0.5, 0.95]])
def test_exponents_are_proved_again(t: Any) -> None:
    result = cn.lyapunov_exponents(moons(), POINT, t)
    certificate = result.certificate()
    found = cn.verify(certificate)
    assert found.ok, str(found)
    claimed = certificate.document["theorems"][0]["enclosures"]["exponents"]
    lo, hi = (np.array([float.fromhex(z) for z in claimed[end].split()]) for end in ("lo", "hi"))
    proved = result.require().exponents
    assert (lo <= proved.lo).all()
    assert (proved.hi <= hi).all()
    assert (hi - lo).max() < 1e-11


def test_high_dimension_goes_by_the_norm() -> None:
    rng = np.random.default_rng(1)
    layers = []
    for _ in range(2):
        builder = cn._core.FieldBuilder(26, 0, False)
        y = builder.affine(builder.state(), rng.normal(size=(26, 26)) / 5.0, bias=0.1 * rng.normal(size=26))
        layers.append((cn.Field(builder.build(builder.apply("tanh", y))), 0.125))
    found = cn.verify(cn.integrate(cn.layered(layers), 0.3 * np.cos(np.arange(26.0))).certificate())
    assert found.ok, str(found)
    assert any("by the 2-norm" in check.detail for check in found.checks)


# ---- false certificates ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def true() -> Document:
    return CASES["a point"]().certificate().document


def layers_swapped(entry: Document) -> None:
    """With all their steps: each layer still has its own."""
    layers = entry["layers"]
    layers[1], layers[2] = layers[2], layers[1]


def fields_swapped(entry: Document) -> None:
    layers = entry["layers"]
    for key in ("field", "field_summary"):
        layers[1][key], layers[2][key] = layers[2][key], layers[1][key]


def without_a_layer(entry: Document) -> None:
    del entry["layers"][2]
    entry["conclusions"]["layers"] -= 1
    entry["conclusions"]["steps"] = sum(len(layer["steps"]) for layer in entry["layers"])


def without_the_last_layer(entry: Document) -> None:
    del entry["layers"][-1]
    entry["conclusions"]["layers"] -= 1
    entry["conclusions"]["steps"] = sum(len(layer["steps"]) for layer in entry["layers"])


def a_layer_twice(entry: Document) -> None:
    entry["layers"].append(copy.deepcopy(entry["layers"][-1]))
    entry["conclusions"]["layers"] += 1
    entry["conclusions"]["steps"] += len(entry["layers"][-1]["steps"])


def longer_duration(entry: Document) -> None:
    """The claim speaks of a longer time than the steps cover."""
    duration = float.fromhex(entry["layers"][3]["duration"])
    entry["layers"][3]["duration"] = hex_float(np.nextafter(duration, 1.0))


def longer_last_step(entry: Document) -> None:
    """Duration and step together: the solution is not there at that time."""
    layer = entry["layers"][1]
    layer["duration"] = hex_float(0.3125)
    start = float.fromhex(layer["steps"][-1]["start"])
    layer["steps"][-1]["length"] = hex_float(0.3125 - start)


def ends_shrunk(entry: Document, share: float) -> None:
    for end, sign in (("lo", 1.0), ("hi", -1.0)):
        stored = entry["enclosures"]["final"]
        width = np.array([float.fromhex(h) - float.fromhex(l) for l, h in
                          zip(stored["lo"].split(), stored["hi"].split(), strict=True)])  # fmt: skip
        values = np.array([float.fromhex(z) for z in stored[end].split()])
        entry["enclosures"]["shrunk_" + end] = hex_floats(values + sign * share * width)
    stored = entry["enclosures"]
    stored["final"] = {"lo": stored.pop("shrunk_lo"), "hi": stored.pop("shrunk_hi")}


def other_point(entry: Document) -> None:
    entry["initial"]["centre"] = hex_floats([np.nextafter(0.5, 1.0) + 1e-14, 0.3])


def reached_inside(entry: Document) -> None:
    entry["reached"] = hex_float(1.4)


def derivative_of_another(entry: Document) -> None:
    entry["enclosures"]["derivative"] = bounds(np.eye(2), np.eye(2))


def a_summary(entry: Document) -> None:
    entry["layers"][4]["field_summary"]["weight_radius"] = True


@pytest.mark.parametrize(
    "damage",
    [
        layers_swapped, fields_swapped, without_a_layer, without_the_last_layer, a_layer_twice, longer_duration,
        longer_last_step, lambda entry: ends_shrunk(entry, 0.49), other_point, reached_inside, derivative_of_another,
        a_summary,
    ],
)  # fmt: skip
def test_false_certificates_are_refused(true: Document, damage: Callable[[Document], None]) -> None:
    document = copy.deepcopy(true)
    damage(document["theorems"][0])
    found = cn.verify(resealed(document))
    assert found.unchanged
    assert not found.true, str(found)


def test_a_missing_field_is_asked_for(true: Document, tmp_path: Path) -> None:
    document = copy.deepcopy(true)
    gone = document["theorems"][0]["layers"][2]["field"]
    text = document["fields"][gone]
    document["fields"][gone] = None
    assert not cn.verify(resealed(document)).true
    (tmp_path / "layer.capnode").write_text(text)
    assert cn.verify(document, fields=[tmp_path / "layer.capnode"]).ok


def test_false_exponents_are_refused() -> None:
    true = cn.lyapunov_exponents(moons(), POINT).certificate().document
    assert cn.verify(resealed(copy.deepcopy(true))).ok
    for damage in (layers_swapped, without_the_last_layer, a_layer_twice, longer_duration, longer_last_step):
        document = copy.deepcopy(true)
        damage(document["theorems"][0])
        assert not cn.verify(resealed(document)).true, damage.__name__
    for index in (0, 1):
        document = copy.deepcopy(true)
        stored = document["theorems"][0]["enclosures"]["exponents"]
        lo, hi = (np.array([float.fromhex(z) for z in stored[end].split()]) for end in ("lo", "hi"))
        lo[index] += 0.6 * (hi - lo)[index]
        document["theorems"][0]["enclosures"]["exponents"] = bounds(lo, hi)
        assert not cn.verify(resealed(document)).true, index
