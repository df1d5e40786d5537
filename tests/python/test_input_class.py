"""The class of inputs, proved; certificates of it and of adversarial pairs: true ones are proved again, false ones
refused."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import capnode as cn
import flow_fields
from capnode import _core
from capnode.certificate import Certificate, bounds, document_digest, hex_float, hex_floats
from capnode.statements import statement

DATA = Path(__file__).resolve().parents[2] / "examples" / "data"
Document = dict[str, Any]


def resealed(document: Document) -> Certificate:
    """Sentences and digest made anew: only the truth layer can notice."""
    for entry in document["theorems"]:
        entry["statement"] = statement(entry)
    document["digest"] = document_digest(document)
    return Certificate(document)


def moons() -> tuple[cn.Field, cn.Readout]:
    return cn.Field.load(DATA / "moons_2_5_5_2.capnode"), cn.Readout.load(DATA / "moons_2_5_5_2_readout.npz")


def layers() -> tuple[cn.Layered, cn.Readout]:
    fields = [cn.Field.load(DATA / f"moons_layered_{k}.capnode") for k in range(1, 6)]
    return cn.layered([(f, 0.3) for f in fields]), cn.Readout.load(DATA / "moons_layered_readout.npz")


def residual() -> tuple[list[tuple[Any, int]], cn.Readout]:
    field, head = layers()
    return [(cn.euler_map(f, 0.3), 1) for f, _ in field.layers], head


def digits() -> tuple[cn.Field, cn.Readout]:
    return cn.Field.load(DATA / "digits.capnode"), cn.Readout.load(DATA / "digits_readout.npz")


def driven(x: Any, v: Any, p: Any, t: Any) -> list[Any]:
    return [v + 0.0 * x, p * t.apply("sin") - x - 0.1 * v]


BOX = cn.IntervalArray([1.4, -0.6], [1.5, -0.5])
IMAGE = np.cos(np.arange(64.0))
CASES: dict[str, Callable[[], Any]] = {
    "a point": lambda: cn.input_class(*moons(), [0.5, 0.3], 1.0),
    "a box": lambda: cn.input_class(*moons(), BOX, 1.0),
    "layers": lambda: cn.input_class(*layers(), [0.5, 0.3]),
    "a box through layers": lambda: cn.input_class(*layers(), BOX),
    "a residual network": lambda: cn.input_class(*residual(), [0.5, 0.3]),
    "a box through a residual network": lambda: cn.input_class(*residual(), BOX),
    "an euler map": lambda: cn.input_class(cn.euler_map(moons()[0], 0.125), moons()[1], [0.5, 0.3], 8),
    "time and an interval of parameters": lambda: cn.input_class(
        flow_fields.scalar_field(2, 1, driven, time=True), np.eye(2), [1.0, 0.0], 1.0,
        cn.IntervalArray([0.49], [0.51]), t0=0.25,
    ),
    "64 dimensions": lambda: cn.input_class(*digits(), IMAGE, 1.0),
    "a box of 64 dimensions through a map": lambda: cn.input_class(
        cn.euler_map(digits()[0], 0.125), digits()[1], cn.IntervalArray(IMAGE - 1e-3, IMAGE + 1e-3), 8
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", list(CASES))
def test_classes_are_proved_again(name: str) -> None:
    result = CASES[name]()
    certificate = result.certificate()
    found = cn.verify(certificate)
    assert found.ok, str(found)
    entry = certificate.document["theorems"][0]
    assert entry["conclusions"]["class"] == result.require().cls
    assert f"class {result.require().cls}:" in certificate.statements[0]


def test_it_is_the_class_of_all_samples() -> None:
    rng = np.random.default_rng(0)
    field, head = layers()
    value = cn.input_class(field, head, BOX).require()
    states = cn.integrate(field, rng.uniform(BOX.lo, BOX.hi, size=(40, 2))).require().final
    assert (head.class_of(states) == value.cls).all()
    other = 1 - value.cls
    margins = head.margins(states, np.full(40, value.cls))[:, other]
    assert float(value.margins.lo[other]) <= float(margins.lo.min())
    assert float(margins.hi.max()) <= float(value.margins.hi[other])
    # not vacuous, and better than by the box of the final enclosure alone
    boxed = head.margins(value.final, value.cls)[other]
    assert float(value.margins.width[other]) <= float(boxed.width)
    assert float(value.margins.width[other]) < 6 * float(margins.hi.max() - margins.lo.min())


def test_what_is_not_decided_is_not_proved() -> None:
    spin = flow_fields.scalar_field(2, 0, lambda x, y: [-y, x])
    result = cn.input_class(spin, np.eye(2), cn.IntervalArray([0.4, 0.4], [0.6, 0.6]), 0.125)
    assert not result.proved
    assert result.verdict == "too_wide"
    assert "is not told from class" in result.detail
    with pytest.raises(cn.NotProved):
        result.certificate()
    blow_up = flow_fields.scalar_field(1, 0, lambda x: [x * x])
    assert cn.input_class(blow_up, [[1.0]], [1.0], 2.0).verdict == "lost"
    doubled = cn.input_class([(flow_fields.scalar_field(1, 0, lambda x: [x * x]), 2000)], [[1.0]], [2.0])
    assert not doubled.proved


def test_misuse() -> None:
    field, head = moons()
    with pytest.raises(ValueError, match="2 lanes"):
        cn.input_class(field, head, np.zeros((2, 2)), 1.0)
    with pytest.raises(ValueError, match="width 2, the field dimension 64"):
        cn.input_class(digits()[0], head, IMAGE, 1.0)
    with pytest.raises(ValueError, match="final time"):
        cn.input_class(field, head, [0.0, 0.0])
    with pytest.raises(ValueError, match="order must lie"):
        cn.input_class(field, head, [0.0, 0.0], 1.0, order=2)


def test_a_set_in_high_dimension_has_none() -> None:
    """Verification goes by a sample there, and a class is not proved by samples."""
    result = cn.input_class(*digits(), cn.IntervalArray(IMAGE - 1e-4, IMAGE + 1e-4), 0.25)
    assert result.proved
    with pytest.raises(ValueError, match="too many to prove the end again from a set"):
        result.certificate()


# ---- false certificates ----------------------------------------------------------------------------------------


def stored(entry: Document, key: str) -> tuple[np.ndarray, np.ndarray]:
    box = entry["enclosures"][key]
    lo, hi = (np.array([float.fromhex(z) for z in box[end].split()]) for end in ("lo", "hi"))
    return lo, hi


def other_class(entry: Document) -> None:
    lo, hi = stored(entry, "margins")
    entry["conclusions"]["class"] = 1 - entry["conclusions"]["class"]
    entry["enclosures"]["margins"] = bounds(lo[::-1], hi[::-1])


def margins_shrunk(entry: Document) -> None:
    lo, hi = stored(entry, "margins")
    entry["enclosures"]["margins"] = bounds(lo + 0.45 * (hi - lo), hi - 0.45 * (hi - lo))


def final_shrunk(entry: Document) -> None:
    lo, hi = stored(entry, "final")
    entry["enclosures"]["final"] = bounds(lo + 0.45 * (hi - lo), hi - 0.45 * (hi - lo))


def margins_wide(entry: Document) -> None:
    """True, and saying nothing."""
    entry["enclosures"]["margins"] = bounds([-100.0, -100.0], [100.0, 100.0])


def readout_turned(entry: Document) -> None:
    weight = np.array([float.fromhex(z) for z in entry["readout"]["weight"].split()])
    entry["readout"]["weight"] = hex_floats(weight.reshape(2, 2)[::-1])


def bias_moved(entry: Document) -> None:
    bias = np.array([float.fromhex(z) for z in entry["readout"]["bias"].split()])
    entry["readout"]["bias"] = hex_floats(bias + np.array([0.0, 0.5]))


def one_class(entry: Document) -> None:
    entry["readout"] = {"weight": hex_floats([1.0, 0.0]), "bias": hex_floats([0.0])}
    entry["enclosures"]["margins"] = bounds([0.0], [0.0])
    entry["conclusions"]["class"] = 0


def no_class(entry: Document) -> None:
    entry["conclusions"]["class"] = 2


def swapped(entry: Document) -> None:
    parts = entry["layers" if "layers" in entry else "stages"]
    parts[0], parts[3] = parts[3], parts[0]


def without_the_last(entry: Document) -> None:
    parts = entry["layers" if "layers" in entry else "stages"]
    del parts[-1]
    if "layers" in entry:
        entry["conclusions"].update(layers=len(parts), steps=sum(len(layer["steps"]) for layer in parts))
    else:
        entry["conclusions"]["steps"] = len(parts)


def larger_set(entry: Document) -> None:
    radii = [float.fromhex(z) for z in entry["initial"]["radii"].split()]
    entry["initial"]["radii"] = hex_floats([2.0 * r for r in radii])


def longer(entry: Document) -> None:
    if "layers" in entry:
        entry["layers"][1]["duration"] = hex_float(0.4)
    else:
        entry["stages"][1]["step"] = hex_float(0.4)


FALSE = [
    other_class, margins_shrunk, final_shrunk, margins_wide, readout_turned, bias_moved, one_class, no_class, swapped,
    without_the_last, larger_set, longer,
]  # fmt: skip


@pytest.fixture(scope="module", params=["a box through layers", "a box through a residual network"])
def true(request: pytest.FixtureRequest) -> Document:
    return CASES[request.param]().certificate().document


@pytest.mark.parametrize("damage", FALSE)
def test_false_certificates_are_refused(true: Document, damage: Callable[[Document], None]) -> None:
    document = copy.deepcopy(true)
    damage(document["theorems"][0])
    document["digest"] = document_digest(document)
    assert not cn.verify(document).true  # the sentence is of other numbers
    try:
        found = cn.verify(resealed(document))
    except (ValueError, IndexError):  # no sentence can be made of it
        return
    assert found.unchanged
    assert not found.true, str(found)


def test_layers_and_stages_together_are_refused() -> None:
    document = CASES["a residual network"]().certificate().document
    document["theorems"][0]["layers"] = CASES["layers"]().certificate().document["theorems"][0]["layers"]
    assert not cn.verify(resealed(document)).true


def test_an_end_before_the_end_is_refused() -> None:
    document = CASES["layers"]().certificate().document
    document["theorems"][0]["reached"] = hex_float(1.5 - 2.0**-20)
    assert not cn.verify(resealed(document)).true


def test_a_false_class_in_high_dimension_is_refused() -> None:
    document = CASES["64 dimensions"]().certificate().document
    true = document["theorems"][0]["conclusions"]["class"]
    lo, hi = stored(document["theorems"][0], "margins")
    document["theorems"][0]["conclusions"]["class"] = (true + 1) % 10
    document["theorems"][0]["enclosures"]["margins"] = bounds(np.abs(lo) + 1.0, np.abs(hi) + 1.0)
    assert not cn.verify(resealed(document)).true


def test_the_core_is_asked_for_one_set() -> None:
    field, head = moons()
    with pytest.raises(ValueError, match="one initial set"):
        _core.input_class([(field.core, 1.0)], [], head.core, np.zeros((2, 2)))


# ---- adversarial pairs -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pair() -> Document:
    field, head = layers()
    return cn.adversarial_pair(field, head, [0.5, 0.3]).certificate().document


def same_class(entry: Document) -> None:
    """The first input twice, which is true of both."""
    entry["pair"][1] = copy.deepcopy(entry["pair"][0])
    entry["enclosures"]["distance"] = bounds([0.0], [0.0])


def exchanged_classes(entry: Document) -> None:
    for part in entry["pair"]:
        other_class(part)


def nearer(entry: Document) -> None:
    lo, hi = stored(entry, "distance")
    entry["enclosures"]["distance"] = bounds(0.9 * lo, 0.9 * hi)


def distance_shrunk(entry: Document) -> None:
    lo, _ = stored(entry, "distance")
    entry["enclosures"]["distance"] = bounds(np.nextafter(lo, -np.inf), np.nextafter(lo, -np.inf))


def moved(entry: Document) -> None:
    """The second input on to the first, with the distance that this makes."""
    entry["pair"][1]["initial"]["centre"] = entry["pair"][0]["initial"]["centre"]
    entry["enclosures"]["distance"] = bounds([0.0], [0.0])


def two_networks(entry: Document) -> None:
    """The second input leaves one layer earlier."""
    layers_of_second = entry["pair"][1]["layers"]
    del layers_of_second[-1]
    conclusions = entry["pair"][1]["conclusions"]
    conclusions.update(layers=4, steps=sum(len(layer["steps"]) for layer in layers_of_second))


def a_set(entry: Document) -> None:
    entry["pair"][1]["initial"].update(directions=hex_floats(np.eye(2)), radii=hex_floats([1e-9, 1e-9]))


def three(entry: Document) -> None:
    entry["pair"].append(entry["pair"][0])


def test_a_pair_is_proved_again(pair: Document) -> None:
    found = cn.verify(resealed(copy.deepcopy(pair)))
    assert found.ok, str(found)
    assert "have the classes 0 and 1" in pair["theorems"][0]["statement"]


def test_a_pair_in_64_dimensions() -> None:
    field, head = digits()
    known = cn.adversarial_pair(field, head, IMAGE, 1.0, y=-IMAGE)
    assert known.proved
    found = cn.verify(known.certificate())
    assert found.ok, str(found)


@pytest.mark.parametrize(
    "damage",
    [same_class, exchanged_classes, nearer, distance_shrunk, moved, two_networks, a_set, three, readout_turned],
)
def test_false_pairs_are_refused(pair: Document, damage: Callable[[Document], None]) -> None:
    document = copy.deepcopy(pair)
    damage(document["theorems"][0])
    try:
        certificate = resealed(document)
    except ValueError:  # no sentence can be made of it
        document["digest"] = document_digest(document)
        certificate = Certificate(document)
    found = cn.verify(certificate)
    assert found.unchanged
    assert not found.true, str(found)
