"""Certificates of robust radii: the inequality is proved again in Arb, and false claims are refused."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flint import arb, ctx

import capnode as cn
import flow_fields
from capnode import _core, certificate_robustness
from capnode.certificate import Certificate, bounds, document_digest, hex_float, hex_floats
from capnode.statements import statement
from capnode.verification import check_robust_radius, norms, variation
from capnode.verification.field_text import read_program

DATA = Path(__file__).resolve().parents[2] / "examples" / "data"
Document = dict[str, Any]
by_norms = partial(cn.robust_radius, method="norm")  # covers have no certificates


def resealed(document: Document) -> Certificate:
    """Sentences and digest made anew: only the truth layer can notice."""
    for entry in document["theorems"]:
        entry["statement"] = statement(entry)
    document["digest"] = document_digest(document)
    return Certificate(document)


def driven(x: Any, v: Any, p: Any, t: Any) -> list[Any]:
    return [v + 0.0 * x, p * t.apply("sin") - x.apply("sin") - 0.1 * v]


def network(rng: np.random.Generator, n: int, activation: str, weight_radius: float = 0.0) -> cn.Field:
    builder = _core.FieldBuilder(n, 0, False)
    W = rng.normal(size=(n + 1, n)) / np.sqrt(n)
    radius = np.full(W.shape, weight_radius) if weight_radius else None
    y = builder.affine(builder.state(), W, weight_rad=radius, bias=0.3 * rng.normal(size=n + 1))
    y = builder.affine(builder.apply(activation, y), rng.normal(size=(n, n + 1)) / np.sqrt(n))
    return cn.Field(builder.build(builder.subtract(y, builder.state())))


HEAD = np.array([[1.0, 0.0], [0.0, 1.0]])


def moons() -> Any:
    layers = cn.layered([(cn.Field.load(DATA / f"moons_layered_{k}.capnode"), 0.3) for k in range(1, 6)])
    return by_norms(layers, cn.Readout.load(DATA / "moons_layered_readout.npz"), [1.5, -0.5])


CASES: dict[str, Callable[[], Any]] = {
    "layers": moons,
    "time and a parameter": lambda: by_norms(
        flow_fields.scalar_field(2, 1, driven, time=True), HEAD, [1.0, 0.2], 1.0, 0.5, t0=0.3
    ),
    "an interval of parameters": lambda: by_norms(
        flow_fields.scalar_field(2, 1, driven, time=True), HEAD, [1.0, 0.2], 1.0, cn.IntervalArray([0.49], [0.51])
    ),
    "backward": lambda: by_norms(flow_fields.van_der_pol(), HEAD, [1.0, 0.2], -0.5),
    "polynomials and one logit": lambda: by_norms(flow_fields.lorenz(), [[1.0, 0.0, 0.0]], [1.0, 1.0, 1.0], 0.1),
    "a quotient": lambda: by_norms(
        flow_fields.scalar_field(2, 0, lambda x, y: [y / (2.0 + x * x), -x * y]), HEAD, [1.0, 0.2], 1.0
    ),
    "weights with a radius": lambda: by_norms(
        network(np.random.default_rng(1), 3, "tanh", 1e-7), np.eye(3), [0.5, -0.2, 0.1], 1.0
    ),
    "a short time": lambda: by_norms(
        network(np.random.default_rng(2), 4, "softplus"), np.eye(4), [1.0, -0.2, 0.1, 0.3], 0.01
    ),
}


@pytest.mark.parametrize("name", list(CASES))
def test_radii_are_proved_again(name: str) -> None:
    result = CASES[name]()
    certificate = result.certificate()
    found = cn.verify(certificate)
    assert found.ok, str(found)
    entry = certificate.document["theorems"][0]
    value = result.require()
    assert float.fromhex(entry["conclusions"]["radius"]) == value.radius
    assert entry["conclusions"]["class"] == value.cls
    assert f"has class {value.cls} there" in certificate.statements[0]


def test_random_networks(cases: int) -> None:
    """The referee's bounds are no wider than the core's, whatever the activation and the number of pieces."""
    rng = np.random.default_rng(6)
    activations = ["tanh", "sigmoid", "softplus", "silu", "gelu", "gelu_tanh", "mish", "sin", "atan", "erf"]
    checked = 0
    for k in range(6 * cases):
        n = int(rng.integers(1, 5))
        head = cn.readout(rng.normal(size=(3, n)), 0.3 * rng.normal(size=3))
        field = network(rng, n, activations[k % len(activations)])
        result = by_norms(field, head, rng.normal(size=n), float(rng.choice([0.1, 0.5, 1.0])),
                                  pieces=None if k % 3 else 500)  # fmt: skip
        if not result.proved:
            continue
        found = cn.verify(result.certificate())
        assert found.ok, f"{k}: {found!s}"
        checked += 1
    assert checked >= 4 * cases


# ---- its bounds ------------------------------------------------------------------------------------------------


def test_the_remainder_bounds_all_samples() -> None:
    rng = np.random.default_rng(0)
    fields = [
        network(rng, 3, "silu"),
        flow_fields.lorenz(),
        flow_fields.scalar_field(2, 0, lambda x, y: [y / (2.0 + x * x), -x * y]),
    ]
    for field in fields:
        n, radius = field.dim, 0.3
        bound = variation.Variation(read_program(field.to_text()))
        x = rng.normal(size=n)
        q = float(bound.remainder([arb(z) for z in x], [], None, arb(radius)))
        base, J = field(x), field.jacobian(x)
        worst = 0.0
        for _ in range(300):
            e = rng.normal(size=n)
            e *= radius * rng.random() ** 0.1 / np.linalg.norm(e)
            worst = max(worst, float(np.linalg.norm(field(x + e) - base - J @ e)))
        assert worst <= q
        assert q < 12 * worst  # not vacuous


def test_an_undefined_field_has_no_remainder() -> None:
    field = flow_fields.scalar_field(1, 0, lambda x: [x.apply("log")])
    bound = variation.Variation(read_program(field.to_text()))
    assert bound.remainder([arb(1)], [], None, arb(0.5)).is_finite()
    assert not bound.remainder([arb(1)], [], None, arb(1.5)).is_finite()


def test_norms() -> None:
    rng = np.random.default_rng(1)
    for shape in ((3, 3), (5, 2), (2, 5), (1, 1)):
        a = rng.normal(size=shape)
        table = norms.arb_mat(*shape, [arb(z, 1e-6) for z in a.ravel().tolist()])
        found = float(norms.spectral(table))
        for _ in range(30):
            member = a + 1e-6 * rng.choice([-1.0, 1.0], size=shape)
            assert np.linalg.norm(member, 2) <= found * (1 + 1e-14)
        assert found < np.linalg.norm(a, 2) + 1e-5
    W, c = rng.normal(size=(6, 4)), rng.normal(size=6)
    kappa = float(norms.bilinear(norms.arb_mat(6, 6, (W @ W.T).ravel().tolist()), [arb(abs(z)) for z in c]))
    seen = 0.0
    for _ in range(2000):
        g, h = (v / np.linalg.norm(v) for v in rng.normal(size=(2, 4)))
        seen = max(seen, float(np.linalg.norm(c * (W @ g) * (W @ h))))
    assert seen <= kappa < 3 * seen


# ---- false certificates ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def true() -> Document:
    document = moons().certificate().document
    assert cn.verify(resealed(copy.deepcopy(document))).ok
    return document


def scaled_radius(entry: Document, factor: float) -> None:
    entry["conclusions"]["radius"] = hex_float(factor * float.fromhex(entry["conclusions"]["radius"]))


def other_class(entry: Document) -> None:
    """With margins that would go with it."""
    entry["conclusions"]["class"] = 1 - entry["conclusions"]["class"]
    stored = entry["enclosures"]["margins"]
    lo, hi = (np.array([float.fromhex(z) for z in stored[end].split()]) for end in ("lo", "hi"))
    entry["enclosures"]["margins"] = bounds(lo[::-1], hi[::-1])


def swapped_readout(entry: Document) -> None:
    entry["readout"]["weight"] = hex_floats(
        np.array([float.fromhex(z) for z in entry["readout"]["weight"].split()]).reshape(2, 2)[::-1]
    )


def other_bias(entry: Document) -> None:
    bias = np.array([float.fromhex(z) for z in entry["readout"]["bias"].split()])
    entry["readout"]["bias"] = hex_floats(bias + np.array([0.0, 1e-9]))


def higher_margin(entry: Document) -> None:
    stored = entry["enclosures"]["margins"]
    lo, hi = (np.array([float.fromhex(z) for z in stored[end].split()]) for end in ("lo", "hi"))
    entry["enclosures"]["margins"] = bounds(lo + (hi - lo), hi + (hi - lo))


def negative_margin(entry: Document) -> None:
    """Wide enough to be true, and saying nothing."""
    entry["enclosures"]["margins"] = bounds([-100.0, -100.0], [100.0, 100.0])


def swapped(entry: Document) -> None:
    layers = entry["layers"]
    layers[1], layers[2] = layers[2], layers[1]


def without_a_layer(entry: Document) -> None:
    del entry["layers"][-1]
    entry["conclusions"]["layers"] -= 1
    entry["conclusions"]["steps"] = sum(len(layer["steps"]) for layer in entry["layers"])


def longer(entry: Document) -> None:
    entry["layers"][-1]["duration"] = hex_float(0.31)


def set_input(entry: Document) -> None:
    entry["initial"].update(directions=hex_floats(np.eye(2)), radii=hex_floats([1e-3, 1e-3]))


def moved_input(entry: Document) -> None:
    entry["initial"]["centre"] = hex_floats([1.5 + 1e-12, -0.5])


def thinner_tube(entry: Document) -> None:
    step = entry["layers"][2]["steps"][0]
    step["tube"] = hex_floats([1e-4 * float.fromhex(z) for z in step["tube"].split()])


def ended_early(entry: Document) -> None:
    entry["reached"] = hex_float(1.5 - 2.0**-20)


@pytest.mark.parametrize(
    "damage",
    [
        lambda entry: scaled_radius(entry, 1.1), lambda entry: scaled_radius(entry, -1.0),
        lambda entry: scaled_radius(entry, np.inf), other_class, swapped_readout, other_bias, higher_margin,
        negative_margin, swapped, without_a_layer, longer, set_input, moved_input, thinner_tube, ended_early,
    ],
)  # fmt: skip
def test_false_certificates_are_refused(true: Document, damage: Callable[[Document], None]) -> None:
    document = copy.deepcopy(true)
    damage(document["theorems"][0])
    found = cn.verify(resealed(document))
    assert found.unchanged
    assert not found.true, str(found)


def test_a_radius_that_is_false_by_little_is_refused() -> None:
    """A linear flow: the radius can be no larger than the distance to the boundary."""
    field = flow_fields.scalar_field(2, 0, lambda x, y: [0.1 * x - y, x + 0.1 * y])
    result = by_norms(field, HEAD, [1.0, 0.2], 1.0)
    value = result.require()
    other = 1 - value.cls
    distance = float(value.margins.hi[other] / value.gradient_at_input[other])
    document = result.certificate().document
    for factor, holds in ((1.0 - 1e-9, True), (1.0 + 1e-9, False)):
        document["theorems"][0]["conclusions"]["radius"] = hex_float(factor * distance)
        assert cn.verify(resealed(document)).true == holds


def test_another_field_is_refused() -> None:
    def field(damping: float) -> Any:
        return flow_fields.scalar_field(2, 0, lambda x, v: [v + 0.0 * x, -damping * v - x.apply("sin")])

    document = by_norms(field(0.1), HEAD, [1.0, 0.2], 1.0).certificate().document
    assert cn.verify(document).ok
    other = field(0.1 + 1e-10)
    document["fields"] = {other.digest: other.core.to_text()}
    document["theorems"][0]["layers"][0]["field"] = other.digest
    assert not cn.verify(resealed(document)).true


def test_the_limits_are_those_of_the_referee(monkeypatch: pytest.MonkeyPatch, true: Document) -> None:
    for name in ("MOST_ROWS", "MOST_WORK", "MOST_STEPS"):
        assert getattr(certificate_robustness, name) == getattr(check_robust_radius, name)
    monkeypatch.setattr(certificate_robustness, "MOST_STEPS", 5)
    with pytest.raises(ValueError, match="too many to prove the radius again"):
        moons().certificate()
    monkeypatch.setattr(certificate_robustness, "MOST_ROWS", 1)
    with pytest.raises(ValueError, match="at most 1"):
        moons().certificate()
    monkeypatch.setattr(check_robust_radius, "MOST_STEPS", 5)
    assert not cn.verify(copy.deepcopy(true)).true


@pytest.mark.long
def test_64_dimensions() -> None:
    field, head = cn.Field.load(DATA / "digits.capnode"), cn.Readout.load(DATA / "digits_readout.npz")
    result = by_norms(field, head, np.cos(np.arange(64.0)), 1.0)
    found = cn.verify(result.certificate())
    assert found.ok, str(found)


def test_a_cover_has_none_and_says_so() -> None:
    field = flow_fields.scalar_field(2, 0, lambda x, y: [0.1 * x - y, x + 0.1 * y])
    result = cn.robust_radius(field, HEAD, [1.0, 0.2], 1.0, method="cover", budget=200)
    assert result.proved
    with pytest.raises(ValueError, match="ask for method='norm'"):
        result.certificate()


def test_many_pieces_claim_no_more_than_can_be_followed() -> None:
    """What blows up soon after is carried far by many pieces alone."""
    field = flow_fields.scalar_field(1, 0, lambda x: [x * x])
    few, many = (by_norms(field, [[1.0]], [0.5], 1.5, pieces=k) for k in (None, 2000))
    assert many.require().radius > 1.01 * few.require().radius
    certificate = many.certificate()
    assert float.fromhex(certificate.document["theorems"][0]["conclusions"]["radius"]) == few.require().radius
    assert cn.verify(certificate).ok


def test_precision_is_left_alone(true: Document) -> None:
    before = ctx.prec
    cn.verify(copy.deepcopy(true))
    assert ctx.prec == before
