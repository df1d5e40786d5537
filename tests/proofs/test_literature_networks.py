"""Networks outside the diagonal family: equilibria that move, second derivatives that do not vanish."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from capnode import networks
from capnode.hopf import HopfSearch, hopf_points
from capnode.hopf_point import HopfPoint

torch = pytest.importorskip("torch", reason="the networks are torch modules")
from capnode.torch_import.importer import from_torch  # noqa: E402


def all_proved(search: HopfSearch, at_least: int) -> list[HopfPoint]:
    assert [r.reason for r in search if not r.proved] == []
    assert len(search) >= at_least
    assert search.method == "general"
    return search.points


def planar_formula(field: Any, point: HopfPoint) -> float:
    """The two-term formula of the plane, 1/(2w) Re <p, C(q,q,conj q)> + 1/(2 w^2) Re(i <p,B(q,q)> <p,B(q,conj q)>),
    used in n dimensions as if the other directions did not react; floats, derivatives by finite differences."""
    n, x, p, w = field.dim, point.state.mid, float(point.parameter.mid), float(point.frequency.mid)
    q = point.eigenvector.mid[0] + 1j * point.eigenvector.mid[1]
    J = field.jacobian(x, p)
    values, left = np.linalg.eig(J.T)
    l = left[:, np.argmin(np.abs(values - 1j * w))]
    l = l / (l @ q)  # <p, .> = l .
    h = 1e-4 / np.max(np.abs(q))

    def f(y: Any) -> Any:
        return field(y, p)

    def second(u: Any, v: Any) -> Any:
        return (f(x + h * (u + v)) - f(x + h * (u - v)) - f(x - h * (u - v)) + f(x - h * (u + v))) / (4 * h * h)

    a, b = q.real, q.imag
    aa, bb, ab = second(a, a), second(b, b), second(a, b)
    Bqq, Bqc = aa - bb + 2j * ab, aa + bb
    k = 2e-3 / np.max(np.abs(q))

    def third(u: Any) -> Any:
        return (f(x + 2 * k * u) - 2 * f(x + k * u) + 2 * f(x - k * u) - f(x - 2 * k * u)) / (2 * k**3)

    # C(q, q, conj q) = C(a,a,a) + C(a,b,b) + i (C(a,a,b) + C(b,b,b)); C(a,b,b), C(a,a,b) by polarisation
    aaa, bbb, plus, minus = third(a), third(b), third(a + b), third(a - b)
    abb = (plus + minus - 2 * aaa) / 6
    aab = (plus - minus - 2 * bbb) / 6
    C = aaa + abb + 1j * (aab + bbb)
    assert n == len(x)
    return float((l @ C).real / (2 * w) + (1j * (l @ Bqq) * (l @ Bqc)).real / (2 * w * w))


def test_three_layers() -> None:
    points = all_proved(hopf_points(from_torch(networks.three_layers(), 6), (-6.0, 6.0)), 1)
    assert all(p.criticality != "undetermined" for p in points)


def test_sine() -> None:
    field = from_torch(networks.kuehn_queirolo(6, activation="sin"), 6)
    search = hopf_points(field, (-1.0, 1.0), near=np.zeros(6))
    assert search.method == "general"
    with pytest.raises(ValueError, match="sin"):
        hopf_points(field, (-1.0, 1.0), method="diagonal")
    values = np.linalg.eigvals(networks.kuehn_queirolo_matrix(6))
    for value in values[values.imag > 0]:  # the equilibrium 0 has the linear part of the tanh network
        assert any(
            r.proved
            and float(r.require().parameter.lo) <= -value.real + 1e-12
            and -value.real - 1e-12 <= float(r.require().parameter.hi)
            for r in search
        )


@pytest.mark.parametrize("factory", [networks.single_entry, networks.antisymmetric_pair])
def test_other_ways_for_the_parameter_to_enter(factory: Any) -> None:
    search = hopf_points(from_torch(factory(), 6), (-6.0, 6.0))
    assert search.method == "general"
    assert [r.reason for r in search if not r.proved] == []
    assert not search.unbalanced


@pytest.mark.parametrize("n", [20, 100])
def test_leaky_network(n: int) -> None:
    field = from_torch(networks.leaky(n), n)
    points = all_proved(hopf_points(field, (0.2, 0.7)), n // 5)
    for p in points:  # the equilibrium is not 0 and B does not vanish there
        assert np.max(np.abs(p.state.mid)) > 1e-3


def test_the_planar_formula_is_another_number() -> None:
    field = from_torch(networks.leaky(20), 20)
    points = all_proved(hopf_points(field, (0.2, 0.7)), 4)
    off = []
    for p in points:
        planar = planar_formula(field, p)
        l1 = p.lyapunov_coefficient
        off.append(not float(l1.lo) - 1e-3 * abs(planar) <= planar <= float(l1.hi) + 1e-3 * abs(planar))
    assert sum(off) >= len(points) // 2


def test_the_planar_formula_in_the_plane() -> None:
    module = networks.leaky(2)
    with torch.no_grad():
        module.W.copy_(torch.tensor([[0.9, -1.4], [1.1, 0.7]], dtype=torch.float64))
        module.b.copy_(torch.tensor([0.3, -0.2], dtype=torch.float64))
    field = from_torch(module, 2)
    [point] = all_proved(hopf_points(field, (0.3, 1.2)), 1)
    planar = planar_formula(field, point)
    assert abs(planar - float(point.lyapunov_coefficient.mid)) <= 1e-4 * abs(planar)


@pytest.mark.parametrize(("n", "m"), [(100, 30), pytest.param(400, 64, marks=pytest.mark.long)])
def test_fewer_hidden_units_than_states(n: int, m: int) -> None:
    """The eigenvalue -1 is (n - m)-fold, far from the axis: it must not prevent the proof."""
    points = all_proved(hopf_points(from_torch(networks.low_rank(n, m), n), (-3.0, 3.0)), 10)
    assert all(p.criticality != "undetermined" for p in points)


def test_trained_perceptron_with_a_parameter_input() -> None:
    search = hopf_points(from_torch(networks.parameter_mlp(), 4), (-1.0, 1.0))
    points = all_proved(search, 2)
    assert any(abs(float(p.parameter.mid) + 0.3) < 0.1 for p in points)
    assert any(abs(float(p.parameter.mid) - 0.2) < 0.1 for p in points)


@pytest.mark.parametrize("progress", [0.0, 0.5, 1.0])
def test_before_during_and_after_training(progress: float) -> None:
    module = networks.moons(progress)
    values = np.linalg.eigvals(module.M.numpy())
    pairs = values[values.imag > 0]
    span = (float(np.min(-pairs.real)) - 0.01, float(np.max(-pairs.real)) + 0.01)
    search = hopf_points(from_torch(module, 10), span)
    assert search.complete
    assert len(search.points) == len(pairs)


def test_along_the_training_path() -> None:
    """p moves the weights from the untrained to the trained network: a direction in weight space as the parameter."""
    first, last = networks.moons(0.0), networks.moons(1.0)
    n = first.M.shape[0]

    class Net(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.M = first.M
            self.b = first.b

        def forward(self, h: Any) -> Any:
            return torch.tanh((self.M - 0.02 * torch.eye(n, dtype=torch.float64)) @ h + self.b)

    direction = {"M": (last.M - first.M).numpy(), "b": (last.b - first.b).numpy()}
    field = from_torch(Net(), n, parameter=direction)
    search = hopf_points(field, (0.0, 1.0))
    assert search.method == "general"
    assert [r.reason for r in search if not r.proved] == []
    assert not search.unbalanced
