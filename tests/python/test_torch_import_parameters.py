"""from_torch: the three ways for a parameter to enter, as an argument, a weight entry, a direction in weight space."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the importer needs torch")

from torch import Tensor, nn  # noqa: E402

from capnode import networks  # noqa: E402
from capnode.torch_import.importer import from_torch  # noqa: E402


def network() -> nn.Sequential:
    torch.manual_seed(5)
    return nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 4)).double()


def moved(module: nn.Module, steps: dict[str, Any]) -> nn.Module:
    other = copy.deepcopy(module)
    with torch.no_grad():
        for name, step in steps.items():
            dict(other.named_parameters())[name] += torch.as_tensor(step)
    return other


def agree(field: Any, module: nn.Module, p: Any) -> None:
    x = np.random.default_rng(1).standard_normal(field.dim)
    with torch.no_grad():
        expected = module(torch.tensor(x)).numpy()
    np.testing.assert_allclose(field(x, p), expected, rtol=1e-13, atol=1e-14)


def entry(shape: tuple[int, ...], index: tuple[int, ...], value: float) -> np.ndarray:
    E = np.zeros(shape)
    E[index] = value
    return E


def test_entry() -> None:
    module = network()
    field = from_torch(module, parameter="0.weight[2, 3]")
    assert field.parameter_dim == 1
    agree(field, module, 0.0)  # an increment
    agree(field, moved(module, {"0.weight": entry((6, 4), (2, 3), 0.4)}), 0.4)
    agree(from_torch(module, parameter="2.bias[1]"), moved(module, {"2.bias": entry((4,), (1,), -0.3)}), -0.3)
    agree(from_torch(module, parameter="2.bias[-1]"), moved(module, {"2.bias": entry((4,), (3,), -0.3)}), -0.3)


def test_direction() -> None:
    module = network()
    rng = np.random.default_rng(0)
    direction = {"0.weight": rng.standard_normal((6, 4)), "2.bias": torch.tensor(rng.standard_normal(4)).float()}
    field = from_torch(module, parameter=direction)
    steps = {name: 0.7 * torch.as_tensor(value).double() for name, value in direction.items()}
    agree(field, moved(module, steps), 0.7)


def test_from_the_untrained_to_the_trained_network() -> None:
    weights = networks.moons_weights()
    field = from_torch(
        Plain(weights["initial.field.W"], weights["initial.field.b"]),
        10,
        parameter={
            "W": weights["trained.field.W"] - weights["initial.field.W"],
            "b": weights["trained.field.b"] - weights["initial.field.b"],
        },
    )
    agree(field, Plain(weights["initial.field.W"], weights["initial.field.b"]), 0.0)
    agree(field, Plain(weights["trained.field.W"], weights["trained.field.b"]), 1.0)


class Plain(nn.Module):
    def __init__(self, W: np.ndarray, b: np.ndarray) -> None:
        super().__init__()
        self.W, self.b = nn.Parameter(torch.tensor(W)), nn.Parameter(torch.tensor(b))

    def forward(self, h: Tensor) -> Tensor:
        return torch.tanh(self.W @ h + self.b)


def test_the_trained_network_of_the_paper_by_its_diagonal(shared: Any) -> None:
    """Direction I in weight space is the same field as forward(h, p) with (W + p I) h."""
    import json

    data = json.loads((shared / "data" / "trained10.json").read_text())
    W, b = np.array(data["W"]), np.array(data["b"])
    by_direction = from_torch(Plain(W, b), 10, parameter={"W": np.eye(10)})
    by_argument = from_torch(networks_diagonal(W, b), 10)
    assert by_direction.digest == by_argument.digest


def networks_diagonal(W: np.ndarray, b: np.ndarray) -> nn.Module:
    from capnode.torch_import.modules import DiagonalFamily

    return DiagonalFamily(W, b)


def test_entries_that_move_together() -> None:
    module = network()
    field = from_torch(module, parameter={"0.weight[3, 2]": 1.0, "0.weight[2, 3]": -1.0})
    step = entry((6, 4), (3, 2), 0.2) + entry((6, 4), (2, 3), -0.2)
    agree(field, moved(module, {"0.weight": step}), 0.2)


def test_several_parameters() -> None:
    module = network()
    field = from_torch(module, parameter=["0.weight[0, 0]", {"2.bias": np.ones(4)}])
    assert field.parameter_dim == 2
    agree(field, moved(module, {"0.weight": entry((6, 4), (0, 0), 0.3), "2.bias": np.full(4, -0.5)}), [0.3, -0.5])
    assert from_torch(module, parameter=["2.bias[0]"], parameter_dim=1).parameter_dim == 1


def test_directions_that_are_enclosures() -> None:
    interval_array = pytest.importorskip("capnode.interval_array")
    module = network()
    D = interval_array.IntervalArray(np.full(4, 0.5), np.full(4, 0.5625))
    field = from_torch(module, parameter={"2.bias": D})
    x, p = np.zeros((4, 1)), np.ones((1, 1))
    lo, hi = field.core.enclose(x, x, p, p, 0.0, 0.0, "both")
    assert np.all(hi - lo >= 0.0625)
    assert np.all(hi - lo < 0.07)


def test_parameter_with_weight_radius() -> None:
    """p moves the weights exactly; the radius stays with the stored ones."""
    module = network()
    field = from_torch(module, parameter="0.weight[2, 3]", weight_radius=1e-3)
    assert field.has_weight_radius
    x = np.random.default_rng(1).standard_normal((4, 1))
    p = np.full((1, 1), 0.4)
    lo, hi = field.core.enclose(x, x, p, p, 0.0, 0.0, "both")
    with torch.no_grad():
        value = moved(module, {"0.weight": entry((6, 4), (2, 3), 0.4 + 9e-4)})(torch.tensor(x[:, 0])).numpy()
    assert np.all(lo[:, 0] <= value)
    assert np.all(value <= hi[:, 0])


def test_tied_weights_move_together() -> None:
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False)
            self.b.weight = self.a.weight

        def forward(self, x: Tensor) -> Tensor:
            return self.b(torch.tanh(self.a(x)))

    torch.manual_seed(0)
    module = Tied().double()
    for name in ("a.weight[0, 1]", "b.weight[0, 1]"):
        agree(from_torch(module, parameter=name), moved(module, {"a.weight": entry((2, 2), (0, 1), 0.3)}), 0.3)
    both = {"a.weight": np.eye(2), "b.weight": np.eye(2)}  # as a difference of state dicts has them
    agree(from_torch(module, parameter=both), moved(module, {"a.weight": 0.3 * np.eye(2)}), 0.3)
    with pytest.raises(ValueError, match="one tensor, but their directions differ"):
        from_torch(module, parameter={"a.weight": np.eye(2), "b.weight": 2 * np.eye(2)})


@pytest.mark.parametrize(
    ("parameter", "message"),
    [
        ("3.weight[0, 0]", r"no weight '3\.weight'; it has 0\.weight, 0\.bias"),
        ("0.weight[6, 0]", r"index \[6, 0\] does not fit the shape \(6, 4\)"),
        ("0.weight[1]", r"index \[1\] does not fit the shape \(6, 4\)"),
        ("0.weight[a, b]", "must be made of integers"),
        ("0.weight", r"shape \(\), the weight has shape \(6, 4\)"),
        ("0.weight[1, 2", "not of the form"),
        ({"0.weight": np.zeros((4, 6))}, r"shape \(4, 6\), the weight has shape \(6, 4\)"),
        ({"0.bias": np.full(6, np.nan)}, r"holds nan at \[0\]"),
        ({"0.bias": np.ones(6, dtype=complex)}, "complex"),
        ({"0.bias[1]": np.ones(2)}, "one entry, but its direction has 2"),
        ({}, "non-empty"),
        ([], "0 entries"),
        (3.0, "parameter must be"),
    ],
)
def test_bad_parameters(parameter: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        from_torch(network(), parameter=parameter)


def test_conflicts() -> None:
    module = network()
    with pytest.raises(ValueError, match="parameter_dim is 2, but parameter= gives 1"):
        from_torch(module, parameter="2.bias[0]", parameter_dim=2)
    with pytest.raises(ValueError, match="parameter_dim is 1, but forward of Sequential takes no parameter"):
        from_torch(module, parameter_dim=1)
    with pytest.raises(ValueError, match="takes a parameter, and parameter= names another"):
        from_torch(networks.kuehn_queirolo(4), 4, parameter="M[0, 0]")
