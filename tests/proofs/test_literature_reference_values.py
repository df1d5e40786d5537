"""Hopf points of the two networks of Kuehn and Queirolo, digit for digit, and of every network around one of them.

`meets`: the enclosure meets the printed decimal plus or minus one unit of its last digit.
"""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from capnode.hopf import HopfSearch, hopf_points
from capnode.periodic_exclusion import no_periodic_orbits

torch = pytest.importorskip("torch", reason="the networks are torch modules")
from capnode.torch_import.importer import from_torch  # noqa: E402

nn = torch.nn

SPAN = (0.0295, 0.0305)
TRAINED = [
    ("0.029823420375925809298", "0.509307342520049", "4.71276252210564e-6"),
    ("0.029846235102541042881", "0.663055792269597", "-2.59556337874375e-6"),
    ("0.029847008304752424727", "0.162398268794225", "5.24139570691738e-7"),
    ("0.029903328057359218099", "0.0821342702986856", "6.24936066322592e-8"),
    ("0.030026582571525882090", "0.363538362080256", "4.88187361547532e-6"),
]
PAPER = [
    ("-0.032675841204022333681", "0.606599913555230", "0.00105096310925091"),
    ("-0.015074158795977667096", "2.97019573778170", "-0.00727991131706041"),
]


class Trained(nn.Module):  # type: ignore[misc]
    """`h' = tanh((W - gamma I + a I) h + b)`, gamma the binary64 number nearest 0.03."""

    def __init__(self, W: Any, b: Any, gamma: float) -> None:
        super().__init__()
        self.W = nn.Parameter(torch.tensor(W, dtype=torch.float64), requires_grad=False)
        self.b = nn.Parameter(torch.tensor(b, dtype=torch.float64), requires_grad=False)
        self.gamma = gamma

    def forward(self, h: Any, a: Any) -> Any:
        eye = torch.eye(self.W.shape[0], dtype=torch.float64)
        return torch.tanh((self.W - self.gamma * eye + a * eye) @ h + self.b)


class Family(nn.Module):  # type: ignore[misc]
    """`h' = tanh((M + a I) h)`."""

    def __init__(self, M: Any) -> None:
        super().__init__()
        self.M = nn.Parameter(torch.tensor(M, dtype=torch.float64), requires_grad=False)

    def forward(self, h: Any, a: Any) -> Any:
        return torch.tanh(self.M @ h + a * h)


def trained_field(shared: Path, radius: float = 0.0) -> Any:
    data = json.loads((shared / "data" / "trained10.json").read_text())
    module = Trained(data["W"], data["b"], data["gamma"])
    return from_torch(module, len(data["b"]), weight_radius={"W": radius, "b": radius} if radius else 0.0)


def paper_field(shared: Path) -> Any:
    data = json.loads((shared / "data" / "paper4d.json").read_text())
    R1, R2 = np.array(data["R1"]), np.array(data["R2"])
    return from_torch(Family(R1 - R1.T + R2), 4)


@pytest.fixture(scope="module")
def trained(shared: Path) -> Any:
    return trained_field(shared)


@pytest.fixture(scope="module")
def diagonal(trained: Any) -> HopfSearch:
    return hopf_points(trained, SPAN)


@pytest.fixture(scope="module")
def general(trained: Any) -> HopfSearch:
    return hopf_points(trained, SPAN, method="general")


def unit(text: str) -> Fraction:
    mantissa, _, exponent = text.partition("e")
    return Fraction(10) ** (int(exponent or 0) - len(mantissa.partition(".")[2]))


def meets(enclosure: Any, text: str) -> bool:
    value, slack = Fraction(text), unit(text)
    return Fraction(float(enclosure.lo)) <= value + slack and value - slack <= Fraction(float(enclosure.hi))


def radius(enclosure: Any) -> float:
    return float((Fraction(float(enclosure.hi)) - Fraction(float(enclosure.lo))) / 2)


def relative_radius(enclosure: Any) -> float:
    return radius(enclosure) / min(abs(float(enclosure.lo)), abs(float(enclosure.hi)))


def check_values(search: HopfSearch, expected: list[tuple[str, str, str]], p_radius: float, l1_radius: float) -> None:
    assert len(search) == len(expected)
    for result, (p, w, l1) in zip(search, expected, strict=True):
        point = result.require()
        assert meets(point.parameter, p)
        assert meets(point.frequency, w)
        assert meets(point.lyapunov_coefficient, l1)
        assert point.criticality == ("subcritical" if Fraction(l1) > 0 else "supercritical")
        assert point.cycle_is_stable is False
        assert radius(point.parameter) <= p_radius
        assert relative_radius(point.lyapunov_coefficient) <= l1_radius


def test_trained_network_by_the_diagonal_family(diagonal: HopfSearch) -> None:
    check_values(diagonal, TRAINED, 1e-14, 1e-8)
    assert diagonal.method == "diagonal"
    assert diagonal.complete
    second, third = diagonal[1].require(), diagonal[2].require()
    assert second.parameter.hi < third.parameter.lo
    assert second.same_as(third) == "different"


def test_trained_network_by_the_general_path(general: HopfSearch) -> None:
    check_values(general, TRAINED, 1e-13, 1e-6)
    assert general.method == "general"
    assert not general.complete
    assert not general.unbalanced


def test_both_paths_meet(diagonal: HopfSearch, general: HopfSearch) -> None:
    for one, other in zip(diagonal.points, general.points, strict=True):
        for name in ("parameter", "frequency", "lyapunov_coefficient", "transversality", "state"):
            a, b = getattr(one, name), getattr(other, name)
            assert np.all((a.lo <= b.hi) & (b.lo <= a.hi)), name
        assert one.same_as(other) == "same"
        assert one.unstable_dimension == other.unstable_dimension
        assert one.criticality == other.criticality


def test_the_equilibrium_of_the_trained_network(trained: Any, diagonal: HopfSearch) -> None:
    for point in diagonal.points:
        image = trained.enclose(point.state, point.parameter)
        assert np.all((image.lo <= 0.0) & (image.hi >= 0.0))
        assert np.max(np.abs(image.lo)) < 1e-10


def test_no_periodic_orbit_outside(trained: Any) -> None:
    exclusion = no_periodic_orbits(trained, (0.029, 0.031)).require()
    for lo, hi in exclusion.remaining:
        assert 0.029650391 - 1e-9 <= lo <= hi <= 0.030283496 + 1e-9


@pytest.mark.parametrize(("r", "method"), [(1e-9, "diagonal"), (1e-9, "general"), (1e-8, "diagonal")])
def test_every_network_of_a_weight_ball(shared: Path, r: float, method: Any) -> None:
    search = hopf_points(trained_field(shared, r), SPAN, method=method)
    assert len(search) == 5
    for result, (p, w, l1) in zip(search, TRAINED, strict=True):
        point = result.require()
        assert meets(point.parameter, p)
        assert meets(point.frequency, w)
        assert meets(point.lyapunov_coefficient, l1)
        assert point.criticality == ("subcritical" if Fraction(l1) > 0 else "supercritical")
        # the radius of the weights moves p to first order by at least 5 r: a lost radius would show
        assert radius(point.parameter) > 4.9 * r


def test_the_weight_ball_in_which_two_points_coincide(shared: Path) -> None:
    search = hopf_points(trained_field(shared, 2e-7), SPAN)
    assert [r.proved for r in search] == [True, False, False, True, True]
    assert {r.verdict for r in search if not r.proved} == {"other_eigenvalue_on_axis"}
    assert not search.complete


def test_the_ball_of_the_separation_by_one_structured_difference(shared: Path) -> None:
    """At r = 9e-8 the two enclosures overlap; the difference for one and the same matrix does not hold 0."""
    search = hopf_points(trained_field(shared, 9e-8), SPAN)
    assert all(r.proved for r in search)
    second, third = search[1].require(), search[2].require()
    assert second.parameter.hi > third.parameter.lo
    assert [r.proved for r in hopf_points(trained_field(shared, 9.3e-8), SPAN)] == [True, False, False, True, True]


def test_four_dimensional_network(shared: Path) -> None:
    field = paper_field(shared)
    search = hopf_points(field, (-0.2, 0.2))
    check_values(search, PAPER, 1e-14, 1e-8)
    assert search.complete
    check_values(hopf_points(field, (-0.2, 0.2), method="general"), PAPER, 1e-13, 1e-6)
    exclusion = no_periodic_orbits(field, (-0.3, 0.3)).require()
    for lo, hi in exclusion.remaining:
        assert -0.19102708 - 2e-8 <= lo <= hi <= 0.11166167 + 2e-8
