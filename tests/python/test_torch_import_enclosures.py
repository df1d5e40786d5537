"""from_torch: what is meant is the analytic function with exactly the stored weights, and its enclosures contain it.

The oracle evaluates the formulas of the modules in Arb at 200 bits from the stored binary numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from flint import arb

torch = pytest.importorskip("torch", reason="the importer needs torch")

from torch import Tensor, nn  # noqa: E402

from capnode.torch_import import constants  # noqa: E402
from capnode.torch_import.constants import Constant, constant  # noqa: E402
from capnode.torch_import.importer import from_torch  # noqa: E402

Vector = Sequence[Any]
F = nn.functional


def exact(tensor: Any) -> Any:
    """Nested lists of Arb numbers that are exactly the entries of a tensor."""
    values = tensor.detach().double().numpy() if isinstance(tensor, Tensor) else np.asarray(tensor, dtype=np.float64)
    return [exact(row) for row in values] if values.ndim else arb(float(values))


def times(W: Any, x: Vector, b: Vector | None = None) -> Vector:
    """W x + b in Arb."""
    return [sum((w * v for w, v in zip(row, x, strict=True)), arb(0) if b is None else b[i]) for i, row in enumerate(W)]


def enclosure(field: Any, x: Any, p: Any = None) -> tuple[np.ndarray, np.ndarray]:
    box = np.asarray(x, dtype=np.float64).reshape(-1, 1)
    parameter = np.zeros((0, 1)) if p is None else np.asarray(p, dtype=np.float64).reshape(-1, 1)
    lo, hi = field.core.enclose(box, box, parameter, parameter, 0.0, 0.0, "both")
    return lo[:, 0], hi[:, 0]


def check(field: Any, oracle: Callable[[Vector], Vector], p: float | None = None, width: float = 1e-12) -> None:
    for seed in range(5):
        x = np.random.default_rng(seed).standard_normal(field.dim)
        lo, hi = enclosure(field, x, p)
        for low, high, value in zip(lo, hi, oracle(exact(x)), strict=True):
            assert arb(float(low)) <= value
            assert value <= arb(float(high))
            assert high - low < width * (1 + abs(high))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_mlp(dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(4, 9), nn.Tanh(), nn.Linear(9, 4), nn.SiLU()).to(dtype)
    W1, b1, W2, b2 = (exact(w) for w in module.parameters())

    def oracle(x: Vector) -> Vector:
        y = times(W2, [v.tanh() for v in times(W1, x, b1)], b2)
        return [v / (1 + (-v).exp()) for v in y]

    check(from_torch(module), oracle)


def test_constant_subexpressions_are_not_rounded() -> None:
    class Folded(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(0)
            self.W = nn.Parameter(torch.randn(5, 5))
            self.b = nn.Parameter(torch.randn(5))

        def forward(self, h: Tensor, p: Tensor) -> Tensor:
            A = self.W - 0.03 * torch.eye(5)
            return torch.tanh((A + p * torch.eye(5)) @ h + self.b / 3)

    module = Folded()
    field = from_torch(module, 5)
    assert field.has_weight_radius
    W, b, p = exact(module.W), exact(module.b), 0.25

    def oracle(h: Vector) -> Vector:
        y = times(W, h, [v / 3 for v in b])
        return [(v + (arb(p) - arb(0.03)) * u).tanh() for v, u in zip(y, h, strict=True)]

    check(field, oracle, p)


def test_the_folded_weights_contain_the_exact_ones() -> None:
    """Entry by entry against rational arithmetic: exact where the result is a double, a rounding wide elsewhere."""
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal(2000), rng.standard_normal(2000)
    b[:500] = rng.integers(1, 9, 500)
    a[:1000] = rng.integers(-9, 9, 1000)
    operations: list[tuple[Callable[[Constant, Constant], Constant], Callable[[Fraction, Fraction], Fraction]]] = [
        (constants.add, lambda u, v: u + v),
        (constants.subtract, lambda u, v: u - v),
        (constants.multiply, lambda u, v: u * v),
        (constants.divide, lambda u, v: u / v),
    ]
    for operation, rational in operations:
        result = operation(constant(a), constant(b))
        rad = np.zeros(2000) if result.rad is None else result.rad
        inexact = 0
        for u, v, m, r in zip(a, b, result.mid, rad, strict=True):
            true = rational(Fraction(float(u)), Fraction(float(v)))
            assert abs(true - Fraction(float(m))) <= Fraction(float(r))
            inexact += true != Fraction(float(m))
            assert r <= 2.3e-16 * abs(m)
            if Fraction(float(true)) == true:
                assert r == 0
        assert inexact > 100
    matrix = constants.product(constant(a[:1600].reshape(40, 40)), constant(b[:1600].reshape(40, 40)))
    A = [[Fraction(float(v)) for v in row] for row in a[:1600].reshape(40, 40)]
    B = [[Fraction(float(v)) for v in row] for row in b[:1600].reshape(40, 40)]
    assert matrix.rad is not None
    for i in (0, 17, 39):
        for j in (0, 20, 39):
            true = sum((A[i][k] * B[k][j] for k in range(40)), Fraction(0))
            assert abs(true - Fraction(float(matrix.mid[i, j]))) <= Fraction(float(matrix.rad[i, j]))


def test_batch_norm_is_folded_in_enclosures() -> None:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(3, 5), nn.BatchNorm1d(5, eps=1e-5), nn.Tanh(), nn.Linear(5, 3))
    module(torch.randn(64, 3))
    module.eval()
    W1, b1, W2, b2 = exact(module[0].weight), exact(module[0].bias), exact(module[3].weight), exact(module[3].bias)
    norm = module[1]
    g, s, m, v = exact(norm.weight), exact(norm.bias), exact(norm.running_mean), exact(norm.running_var)

    def oracle(x: Vector) -> Vector:
        y = times(W1, x, b1)
        z = [(g[i] * (y[i] - m[i]) / (v[i] + arb(1e-5)).sqrt() + s[i]).tanh() for i in range(5)]
        return times(W2, z, b2)

    field = from_torch(module)
    assert field.has_weight_radius
    check(field, oracle)


def test_softplus_has_no_threshold() -> None:
    field = from_torch(nn.Softplus(), 1)
    assert F.softplus(torch.tensor([25.0], dtype=torch.float64)).item() == 25.0
    lo, hi = enclosure(field, [25.0])
    true = (1 + arb(25).exp()).log()
    assert arb(float(lo[0])) <= true
    assert true <= arb(float(hi[0]))
    assert lo[0] > 25.0


def test_python_numbers_are_doubles() -> None:
    class Scaled(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return 0.1 * x + torch.tensor([0.1]) - torch.full((1,), 0.1)

    lo, hi = enclosure(from_torch(Scaled(), 1), [1.0])
    assert Fraction(float(lo[0])) <= Fraction(0.1) <= Fraction(float(hi[0]))
    assert hi[0] - lo[0] < 1e-15  # 0.1f is 1.5e-9 away


# --- weight radius -----------------------------------------------------------------------------------------------


def radius_net() -> nn.Sequential:
    torch.manual_seed(4)
    return nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 3)).double()


@pytest.mark.parametrize("scheme", ["number", "dict"])
def test_weight_radius(scheme: str) -> None:
    """Every network in the ball: its corners (weights moved by exactly the radius) are contained."""
    module = radius_net()
    rng = np.random.default_rng(0)
    names = list(module.state_dict())
    given: dict[str, Any] = {
        "0.weight": rng.uniform(0, 1e-3, (5, 3)),
        "2.bias": torch.tensor(rng.uniform(0, 1e-3, 3)),
        "2.weight": 1e-4,
    }
    radius: Any = 1e-3 if scheme == "number" else given
    field = from_torch(module, weight_radius=radius)
    assert field.has_weight_radius
    x = rng.standard_normal(3)
    lo, hi = enclosure(field, x)
    centre = field(x)
    outside = 0
    for _ in range(200):
        other = radius_net()
        with torch.no_grad():
            for name, weight in other.named_parameters():
                r = radius if scheme == "number" else given.get(name, 0.0)
                move = torch.as_tensor(r) * torch.tensor(rng.choice([-1.0, 1.0], tuple(weight.shape)))
                weight += 0.999999 * move
            value = other(torch.tensor(x)).numpy()
        assert np.all(lo <= value)
        assert np.all(value <= hi)
        outside += int(np.any(np.abs(value - centre) > 1e-5))
    assert outside > 150  # a field that forgot its radius would not contain these
    assert np.all(hi - lo < 0.05)
    assert names == list(module.state_dict())


def test_weight_radius_zero_is_exact() -> None:
    module = radius_net()
    assert from_torch(module, weight_radius=0.0).digest == from_torch(module).digest
    assert not from_torch(module).has_weight_radius
    assert from_torch(module, weight_radius={"0.bias": 0.0}).digest == from_torch(module).digest


def test_weight_radius_of_the_named_tensor_only() -> None:
    module = radius_net()
    x = np.zeros(3)
    lo, hi = enclosure(from_torch(module, weight_radius={"0.weight": 0.5}), x)
    assert np.all(hi - lo < 1e-12)  # the weights of the first layer do not act at x = 0
    lo, hi = enclosure(from_torch(module, weight_radius={"2.bias": 0.5}), x)
    assert np.all(hi - lo >= 1.0)


def test_weight_radius_of_tied_weights() -> None:
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a = nn.Linear(2, 2, bias=False)
            self.b = nn.Linear(2, 2, bias=False)
            self.b.weight = self.a.weight

        def forward(self, x: Tensor) -> Tensor:
            return self.b(torch.tanh(self.a(x)))

    for name in ("a.weight", "b.weight"):
        field = from_torch(Tied(), weight_radius={name: 0.125})
        lo, hi = enclosure(field, [1.0, -1.0])
        assert np.all(hi - lo > 0.2)


def test_bad_weight_radius() -> None:
    module = radius_net()
    for radius, message in (
        (-1e-9, "negative: -1e-09"),
        (float("nan"), "holds nan"),
        (float("inf"), "holds inf"),
        ({"0.weigth": 1e-9}, "no weight '0.weigth'; it has 0.weight, 0.bias"),
        ({"0.weight": np.zeros((3, 5))}, r"shape \(3, 5\), the weight has \(5, 3\)"),
        ({"0.bias": -np.ones(5)}, "negative: -1"),
    ):
        with pytest.raises(ValueError, match=message):
            from_torch(module, weight_radius=radius)
