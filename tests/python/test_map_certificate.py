"""Certificates of iterates of maps and of their exponents: true ones are proved again in Arb, false ones refused."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import capnode as cn
import flow_fields
from capnode import _core, certificate_maps
from capnode.certificate import Certificate, bounds, document_digest, hex_float, hex_floats
from capnode.statements import statement
from capnode.verification import map_steps

DATA = Path(__file__).resolve().parents[2] / "examples" / "data"
Document = dict[str, Any]


def resealed(document: Document) -> Certificate:
    """Sentences and digest made anew: only the truth layer can notice."""
    for entry in document["theorems"]:
        entry["statement"] = statement(entry)
    document["digest"] = document_digest(document)
    return Certificate(document)


def box(x: Any, r: float) -> cn.IntervalArray:
    return cn.IntervalArray(np.asarray(x) - r, np.asarray(x) + r)


def henon() -> cn.Field:
    return flow_fields.scalar_field(2, 2, lambda x, y, a, b: [1.0 - a * x * x + y, b * x])


def driven() -> cn.Field:
    def f(x: Any, v: Any, p: Any, t: Any) -> list[Any]:
        return [v + 0.0 * x, p * t.apply("sin") - x - 0.1 * v]

    return flow_fields.scalar_field(2, 1, f, time=True)


def residual() -> list[tuple[cn.DiscreteMap, int]]:
    return [(cn.euler_map(cn.Field.load(DATA / f"moons_layered_{k}.capnode"), 0.3), k) for k in range(1, 4)]


def loose() -> cn.Field:
    """tanh of three units, weights with a radius."""
    rng = np.random.default_rng(3)
    b = _core.FieldBuilder(3, 0, False)
    y = b.affine(b.state(), rng.normal(size=(3, 3)), weight_rad=np.full((3, 3), 1e-7), bias=0.1 * rng.normal(size=3))
    return cn.Field(b.build(b.apply("tanh", y)))


CASES: dict[str, Callable[[], Any]] = {
    "euler": lambda: cn.iterate(cn.euler_map(flow_fields.van_der_pol(), 0.1), [1.4, 2.4], 50, derivative=True),
    "backward": lambda: cn.iterate(cn.euler_map(flow_fields.van_der_pol(), -0.05), [1.4, 2.4], 10, derivative=True),
    "chaos": lambda: cn.iterate(henon(), [0.1, 0.1], 60, [1.4, 0.3], derivative=True),
    "a residual network": lambda: cn.iterate(residual(), [0.5, 0.3], derivative=True),
    "no step of one of the maps": lambda: cn.iterate([*residual(), (henon_like(), 0)], [0.5, 0.3]),
    "a box": lambda: cn.iterate(
        cn.euler_map(flow_fields.van_der_pol(), 0.1), box([1.4, 2.4], 0.02), 30, derivative=True
    ),
    "a parallelepiped": lambda: cn.iterate(
        residual(), cn.parallelepiped([0.5, 0.3], [[1.0], [0.5]], box([0.1], 0.05)), derivative=True
    ),
    "time and an interval of parameters": lambda: cn.iterate(
        cn.euler_map(driven(), 0.1), [1.0, 0.0], 30, box([0.5], 1e-3), t0=0.3, derivative=True
    ),
    "weights with a radius": lambda: cn.iterate(cn.euler_map(loose(), 0.25), [0.3, -0.2, 0.1], 12, derivative=True),
    "64 dimensions": lambda: cn.iterate(
        cn.euler_map(cn.Field.load(DATA / "digits.capnode"), 0.125), np.cos(np.arange(64.0)), 8
    ),
}


def henon_like() -> cn.Field:
    return flow_fields.scalar_field(2, 0, lambda x, y: [1.0 - 1.4 * x * x + y, 0.3 * x])


@pytest.mark.parametrize("name", list(CASES))
def test_orbits_are_proved_again(name: str) -> None:
    result = CASES[name]()
    certificate = result.certificate()
    found = cn.verify(certificate)
    assert found.ok, str(found)
    entry = certificate.document["theorems"][0]
    value = result.require()
    n = value.final.size
    lo = np.array([float.fromhex(z) for z in entry["enclosures"]["states"]["lo"].split()]).reshape(-1, n)
    assert lo.shape == (value.steps + 1, n)
    assert (lo <= value.states.lo).all()
    assert (entry["enclosures"]["derivative"] is None) == (value.derivative is None)


EXPONENTS: dict[str, Callable[[], Any]] = {
    "euler": lambda: cn.lyapunov_exponents(cn.euler_map(flow_fields.van_der_pol(), 0.1), [1.4, 2.4], [20, 300]),
    "chaos": lambda: cn.lyapunov_exponents([(henon(), 60)], [0.1, 0.1], None, [1.4, 0.3]),
    "the first steps of several": lambda: cn.lyapunov_exponents(residual(), [0.5, 0.3], 5),
    "an interval of parameters": lambda: cn.lyapunov_exponents(
        [(henon(), 12)], [0.1, 0.1], None, cn.IntervalArray([1.4, 0.3], [1.4 + 1e-9, 0.3])
    ),
    "weights with a radius": lambda: cn.lyapunov_exponents(cn.euler_map(loose(), 0.25), [0.3, -0.2, 0.1], 12),
}


@pytest.mark.parametrize("name", list(EXPONENTS))
def test_exponents_are_proved_again(name: str) -> None:
    result = EXPONENTS[name]()
    certificate = result.certificate()
    found = cn.verify(certificate)
    assert found.ok, str(found)
    claimed = certificate.document["theorems"][0]["enclosures"]["exponents"]
    lo, hi = (np.array([float.fromhex(z) for z in claimed[end].split()]) for end in ("lo", "hi"))
    proved = result.require().exponents
    assert (lo <= proved.lo).all()
    assert (proved.hi <= hi).all()
    if name in ("euler", "chaos", "the first steps of several"):
        assert (lo == proved.lo).all()
        assert (hi == proved.hi).all()


# ---- false certificates ----------------------------------------------------------------------------------------


def true_of(name: str) -> Document:
    return copy.deepcopy(CASES[name]().certificate().document)


def ends_of(stored: dict[str, str]) -> tuple[np.ndarray, np.ndarray]:
    lo, hi = (np.array([float.fromhex(z) for z in stored[end].split()]) for end in ("lo", "hi"))
    return lo, hi


def shift(entry: Document, key: str, index: int, share: float) -> None:
    lo, hi = ends_of(entry["enclosures"][key])
    width = hi[index] - lo[index]
    lo[index] += share * width
    hi[index] += share * width
    entry["enclosures"][key] = bounds(lo, hi)


def shrink(entry: Document, key: str, index: int, share: float) -> None:
    lo, hi = ends_of(entry["enclosures"][key])
    width = hi[index] - lo[index]
    lo[index] += share * width
    hi[index] -= share * width
    entry["enclosures"][key] = bounds(lo, hi)


def squeezed(entry: Document) -> None:
    """The final enclosure shrunk to its lower end, a scale of ulps."""
    lo, _ = ends_of(entry["enclosures"]["final"])
    entry["enclosures"]["final"] = bounds(lo, lo)


def e_dim(entry: Document) -> int:
    return int(entry["stages"][0]["field_summary"]["dim"])


def stage(entry: Document, index: int, **change: Any) -> None:
    entry["stages"][index].update(change)
    entry["conclusions"]["steps"] = sum(s["steps"] for s in entry["stages"])


def one_point_less(entry: Document) -> None:
    """One step less, and the final enclosure that of the last point."""
    entry["stages"][-1]["steps"] -= 1
    entry["conclusions"]["steps"] -= 1
    lo, hi = ends_of(entry["enclosures"]["states"])
    entry["enclosures"]["states"] = bounds(lo[:-2], hi[:-2])


def swapped(entry: Document) -> None:
    stages = entry["stages"]
    stages[0], stages[1] = stages[1], stages[0]


def without_a_stage(entry: Document) -> None:
    del entry["stages"][0]
    entry["conclusions"]["steps"] = sum(s["steps"] for s in entry["stages"])
    lo, hi = ends_of(entry["enclosures"]["states"])
    entry["enclosures"]["states"] = bounds(lo[2:], hi[2:])


def moved(entry: Document) -> None:
    entry["initial"]["centre"] = hex_floats([np.nextafter(0.5, 1.0), 0.3])


FALSE: dict[str, Callable[[Document], None]] = {
    "a point shifted": lambda e: shift(e, "states", 7, 1.0),
    "the final point shifted": lambda e: shift(e, "final", 0, -1.0),
    "the final point squeezed": squeezed,
    "the derivative shifted": lambda e: shift(e, "derivative", 2, 1.0),
    "another step": lambda e: stage(e, 1, step=hex_float(np.nextafter(0.3, 1.0))),
    "no residual": lambda e: stage(e, 1, residual=False),
    "a step more": lambda e: stage(e, 2, steps=4),
    "a point less": one_point_less,
    "swapped": swapped,
    "without a stage": without_a_stage,
    "another point": moved,
    "a set": lambda e: e["initial"].update(directions=hex_floats(np.eye(2)), radii=hex_floats([1e-14, 1e-14])),
    "another field": lambda e: e["stages"][0].update({k: e["stages"][1][k] for k in ("field", "field_summary")}),
    "another count": lambda e: e["conclusions"].update(steps=7),
}


@pytest.mark.parametrize("name", list(FALSE))
def test_false_orbits_are_refused(name: str) -> None:
    document = true_of("a residual network")
    assert cn.verify(resealed(document)).ok
    FALSE[name](document["theorems"][0])
    found = cn.verify(resealed(document))
    assert found.unchanged
    assert not found.true, str(found)


@pytest.mark.parametrize("name", ["a box", "time and an interval of parameters", "weights with a radius"])
def test_false_sets_are_refused(name: str) -> None:
    true = true_of(name)
    for damage in (
        lambda e: shrink(e, "final", 1, 0.45),
        lambda e: shrink(e, "states", len(e["enclosures"]["states"]["lo"].split()) - e_dim(e) + 1, 0.45),
        lambda e: shift(e, "derivative", 0, 1.0),
        lambda e: e["stages"][0].update(step=hex_float(0.2)),
    ):
        document = copy.deepcopy(true)
        damage(document["theorems"][0])
        assert not cn.verify(resealed(document)).true


def test_another_time_is_refused() -> None:
    document = true_of("time and an interval of parameters")
    document["theorems"][0]["initial"]["time"] = hex_float(0.35)
    assert not cn.verify(resealed(document)).true


def test_false_exponents_are_refused() -> None:
    true = EXPONENTS["chaos"]().certificate().document
    assert cn.verify(resealed(copy.deepcopy(true))).ok

    def other_map(entry: Document) -> None:
        entry["stages"][0]["residual"] = True

    for damage in (
        lambda e: shift(e, "exponents", 0, 1.0),
        lambda e: shift(e, "exponents", 1, -1.0),
        lambda e: e["enclosures"].update(exponents=bounds(*(z[::-1] for z in ends_of(e["enclosures"]["exponents"])))),
        lambda e: stage(e, 0, steps=61),
        lambda e: stage(e, 0, step=hex_float(2.0)),
        lambda e: e["conclusions"].update(kind="qr"),
        lambda e: e["initial"].update(centre=hex_floats([0.1, 0.11])),
        lambda e: e["initial"].update(directions=hex_floats(np.eye(2)), radii=hex_floats([0.1, 0.1])),
        other_map,
    ):
        document = copy.deepcopy(true)
        damage(document["theorems"][0])
        found = cn.verify(resealed(document))
        assert found.unchanged
        assert not found.true


def test_the_limits_are_those_of_the_referee() -> None:
    assert certificate_maps.MOST_WORK == map_steps.MOST_WORK
    document = true_of("a residual network")
    stage(document["theorems"][0], 1, steps=10**12)
    found = cn.verify(resealed(document))
    assert not found.true
    assert any("too many to iterate again" in check.detail for check in found.failures)


def test_refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    vdp = flow_fields.van_der_pol()
    with pytest.raises(ValueError, match="one orbit"):
        cn.iterate(cn.euler_map(vdp, 0.1), np.ones((2, 2)), 3).certificate()
    with pytest.raises(ValueError, match="0 steps"):
        cn.iterate(cn.euler_map(vdp, 0.1), [1.0, 1.0], 0).certificate()
    with pytest.raises(ValueError, match="x0 is a set"):
        cn.lyapunov_exponents(cn.euler_map(vdp, 0.1), box([1.4, 2.4], 0.01), 5).certificate()
    monkeypatch.setattr(certificate_maps, "MOST_WORK", 100)
    with pytest.raises(ValueError, match="too many to iterate again"):
        cn.iterate(cn.euler_map(vdp, 0.1), [1.4, 2.4], 26).certificate()
