"""Certificates of trajectories: true ones are proved again in Arb, false ones refused with their digests recomputed."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import capnode as cn
import flow_cases
import flow_fields
from capnode import _core
from capnode.certificate import Certificate, document_digest, hex_floats
from capnode.integrate import integrate, parallelepiped
from capnode.interval_array import IntervalArray
from capnode.statements import statement

Document = dict[str, Any]


def resealed(document: Document) -> Certificate:
    """Sentences and digest made anew: only the truth layer can notice."""
    for entry in document["theorems"]:
        entry["statement"] = statement(entry)
    document["digest"] = document_digest(document)
    return Certificate(document)


def ball(x: Any, r: float) -> IntervalArray:
    x = np.asarray(x, dtype=float)
    return IntervalArray(x - r, x + r)


def swing(x: Any, v: Any, p: Any, t: Any) -> list[Any]:
    return [v + 0.0 * x, p * t.apply("sin") - x - 0.1 * v]


CASES: dict[str, Callable[[], Any]] = {
    "van der pol": lambda: integrate(flow_fields.van_der_pol(), [1.4, 2.4], 2.0, derivative=True),
    "backward": lambda: integrate(flow_fields.van_der_pol(), [1.4, 2.4], -0.5, derivative=True),
    "a time whose distance is no double": lambda: integrate(
        flow_fields.van_der_pol(), [1.4, 2.4], 0.7, t0=0.1, derivative=True
    ),
    "lorenz": lambda: integrate(flow_fields.lorenz(), np.ones(3), 1.0, derivative=True),
    "a box": lambda: integrate(flow_fields.lorenz(), ball(np.ones(3), 1e-3), 1.0, derivative=True),
    "a parallelepiped": lambda: integrate(
        flow_fields.van_der_pol(), parallelepiped([1.4, 2.4], [[1.0], [0.5]], ball([0.0], 1e-2)), 1.0
    ),
    "time and an interval of parameters": lambda: integrate(
        flow_fields.scalar_field(2, 1, swing, time=True), [1.0, 0.0], 3.0, ball([0.5], 1e-3), t0=0.5, derivative=True
    ),
    "laub-loomis": lambda: integrate(flow_fields.laub_loomis(), flow_fields.LAUB_LOOMIS_CENTRE, 5.0),
}


@pytest.mark.parametrize("name", list(CASES))
def test_trajectories_are_proved_again(name: str) -> None:
    result = CASES[name]()
    certificate = result.certificate()
    found = cn.verify(certificate)
    assert found.ok, str(found)
    assert "every solution that starts at t = " in certificate.statements[0]
    assert any("all" in check.detail and "steps" in check.detail for check in found.checks)
    entry = certificate.document["theorems"][0]
    assert len(entry["steps"]) == result.require().steps
    lo = [float.fromhex(word) for word in entry["enclosures"]["final"]["lo"].split()]
    assert (np.array(lo) <= result.require().final.lo).all()


def test_the_spiral_network(shared: Path) -> None:
    for start in ([2.0, 0.0], ball([2.0, 0.0], 0.01)):
        found = cn.verify(integrate(flow_fields.spiral(shared), start, 10.0, derivative=True).certificate())
        assert found.ok, str(found)


@pytest.mark.parametrize("radii", [{}, {"width": 1e-3}, {"weight_radius": 1e-8}], ids=["points", "sets", "weights"])
def test_random_networks(radii: dict[str, float]) -> None:
    """Every activation of the closed list."""
    rng = np.random.default_rng(5)
    checked = 0
    for index in range(len(flow_cases.ACTIVATIONS)):
        case = flow_cases.network_case(rng, index, **radii)
        result = integrate(
            cn.Field(case.graph.build()),
            case.start(),
            case.t0 + case.duration,
            derivative=True,
            max_steps=60,
            **case.options(),
        )
        if not result.proved or result.require().steps * case.graph.dim**2 > 800:
            continue
        found = cn.verify(result.certificate())
        assert found.ok, f"{index} {case.name}: {found!s}"
        checked += 1
    assert checked >= 5


def wide_network(n: int) -> cn.Field:
    rng = np.random.default_rng(0)
    b = _core.FieldBuilder(n, 0, False)
    y = b.affine(b.state(), 1.5 * rng.normal(size=(n, n)) / np.sqrt(n), bias=0.1 * rng.normal(size=n))
    return cn.Field(b.build(b.apply("tanh", y)))


def test_high_dimension_goes_by_the_norm_or_by_samples() -> None:
    n = 26
    x0 = 0.3 * np.cos(np.arange(n) + 1.0)
    document = integrate(wide_network(n), x0, 0.5).certificate().document
    found = cn.verify(document)
    assert found.ok, str(found)
    assert any("by the 2-norm" in check.detail for check in found.checks)
    for damage in (final_shifted, lambda entry: shifted(entry["steps"][-1]["end"], 3, 1.0), coefficient_altered_first):
        false = copy.deepcopy(document)
        damage(false["theorems"][0])
        assert not cn.verify(resealed(false)).true
    found = cn.verify(integrate(wide_network(n), ball(x0, 1e-8), 0.1).certificate())
    assert found.ok, str(found)
    assert any("a sample" in check.detail and "not proved again" in check.detail for check in found.checks)


# ---- false certificates ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def true() -> Document:
    return integrate(flow_fields.van_der_pol(), [1.4, 2.4], 1.0, derivative=True).certificate().document


def nudged(text: str, index: int, by: Callable[[float], float]) -> str:
    values = [float.fromhex(word) for word in text.split()]
    values[index] = by(values[index])
    return hex_floats(values)


def shifted(box: dict[str, str], index: int, share: float) -> None:
    """Both ends moved by a share of the width."""
    lo, hi = (float.fromhex(box[end].split()[index]) for end in ("lo", "hi"))
    for end in ("lo", "hi"):
        box[end] = nudged(box[end], index, lambda z: z + share * (hi - lo))


def final_shifted(entry: Document) -> None:
    shifted(entry["enclosures"]["final"], 0, 1.0)


def end_shifted(entry: Document) -> None:
    shifted(entry["steps"][3]["end"], 1, 1.0)


def derivative_shifted(entry: Document) -> None:
    shifted(entry["enclosures"]["derivative"], 2, 1.0)


def tube_shrunk(entry: Document) -> None:
    step = entry["steps"][5]
    step["tube"] = nudged(step["tube"], 0, lambda z: 1e-4 * z)


def coefficient_altered(entry: Document) -> None:
    step = entry["steps"][2]
    step["polynomial"] = nudged(step["polynomial"], 1, lambda z: z * (1 + 1e-11))


def coefficient_altered_first(entry: Document) -> None:
    step = entry["steps"][0]
    step["polynomial"] = nudged(step["polynomial"], 1, lambda z: z + 1e-9)


def late_coefficient_altered(entry: Document) -> None:
    step = entry["steps"][-1]
    step["polynomial"] = nudged(step["polynomial"], -1, lambda z: z + 1e3)


def initial_point_moved(entry: Document) -> None:
    entry["initial"]["centre"] = nudged(entry["initial"]["centre"], 0, lambda z: z + 1e-12)


def initial_set_grown(entry: Document) -> None:
    entry["initial"]["directions"], entry["initial"]["radii"] = hex_floats(np.eye(2)), hex_floats([1e-12, 1e-12])


def longer(entry: Document) -> None:
    entry["reached"] = hex_floats([1.0 + 2.0**-40])


def earlier(entry: Document) -> None:
    entry["reached"] = hex_floats([1.0 - 2.0**-16])


def without_a_step(entry: Document) -> None:
    del entry["steps"][4]
    entry["conclusions"]["steps"] -= 1


def step_stretched(entry: Document) -> None:
    entry["steps"][4]["scale"] = hex_floats([1.001 * float.fromhex(entry["steps"][4]["scale"])])


def infinite_tube(entry: Document) -> None:
    """True as far as it goes, but nothing is proved in it."""
    entry["steps"][0]["tube"] = hex_floats([np.inf, np.inf])


@pytest.mark.parametrize(
    "damage",
    [
        final_shifted, end_shifted, derivative_shifted, tube_shrunk, coefficient_altered, late_coefficient_altered,
        initial_point_moved, initial_set_grown, longer, earlier, without_a_step, step_stretched, infinite_tube,
    ],
)  # fmt: skip
def test_false_certificates_are_refused(true: Document, damage: Callable[[Document], None]) -> None:
    document = copy.deepcopy(true)
    damage(document["theorems"][0])
    found = cn.verify(resealed(document))
    assert found.unchanged
    assert not found.true, str(found)


def test_another_field_is_refused() -> None:
    """The trajectory of one field, with the field of an altered weight in its place."""

    def field(damping: float) -> Any:
        return flow_fields.scalar_field(2, 0, lambda x, v: [v + 0.0 * x, -damping * v - x.apply("sin")])

    document = integrate(field(0.1), [1.0, 0.0], 1.0).certificate().document
    assert cn.verify(document).ok
    other = field(0.1 + 1e-12)
    document["fields"] = {other.digest: other.core.to_text()}
    document["theorems"][0]["field"] = other.digest
    found = cn.verify(resealed(document))
    assert found.unchanged
    assert not found.true


def test_words_are_checked(true: Document) -> None:
    document = copy.deepcopy(true)
    document["theorems"][0]["statement"] = document["theorems"][0]["statement"].replace("every", "each")
    document["digest"] = document_digest(document)
    assert not cn.verify(document).true


def test_lanes_have_no_certificate_together() -> None:
    with pytest.raises(ValueError, match="one trajectory"):
        integrate(flow_fields.van_der_pol(), np.ones((2, 2)), 0.1).certificate()


def test_the_classical_step() -> None:
    result = integrate(flow_fields.van_der_pol(), [1.4, 2.4], 0.5, step="classical", derivative=True)
    found = cn.verify(result.certificate())
    assert found.ok, str(found)


def test_a_run_that_stops_has_none() -> None:
    blow_up = flow_fields.scalar_field(1, 0, lambda x: [x * x])
    with pytest.raises(cn.NotProved):
        integrate(blow_up, [1.0], 2.0).certificate()
