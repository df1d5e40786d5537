"""from_torch: the field has the values of the module in float64, whatever operations the module is made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the importer needs torch")

from torch import Tensor, nn  # noqa: E402

from capnode import networks  # noqa: E402
from capnode.torch_import.importer import from_torch  # noqa: E402

F = nn.functional


class Formula(nn.Module):
    """A module from a function of (module, x, ...) with fixed weights W, V (4, 4), U (6, 4), b, c (4), d (6)."""

    def __init__(self, formula: Callable[..., Tensor], dtype: torch.dtype = torch.float64) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(3)

        def draw(*shape: int) -> nn.Parameter:
            return nn.Parameter(torch.randn(*shape, generator=generator, dtype=torch.float64).to(dtype))

        self.W, self.V, self.U, self.A = draw(4, 4), draw(4, 6), draw(6, 4), draw(2, 4, 4)
        self.b, self.c, self.d = draw(4), draw(4), draw(6)
        self.register_buffer("order", torch.tensor([2, 0, 3, 1]))
        self.register_buffer("mask", torch.tensor([True, False, True, True]))
        self.formula = formula

    def forward(self, x: Tensor) -> Tensor:
        return self.formula(self, x)


class ParameterFormula(Formula):
    def forward(self, x: Tensor, p: Tensor) -> Tensor:
        return self.formula(self, x, p)


class TimeFormula(Formula):
    def forward(self, t: Tensor, x: Tensor) -> Tensor:
        return self.formula(self, t, x)


class TimeParameterFormula(Formula):
    def forward(self, t: Tensor, x: Tensor, p: Tensor) -> Tensor:
        return self.formula(self, t, x, p)


def difference(module: nn.Module, field: Any, p: Any = None, t: float | None = None, batch: bool = False) -> float:
    """Largest relative difference of the field from the module run in float64, over a few random states."""
    double = module.double()
    worst = 0.0
    for seed in range(3):
        x = np.random.default_rng(seed).uniform(0.2, 1.4, field.dim)
        state = torch.tensor(x)
        arguments = [state[None] if batch else state]
        if t is not None:
            arguments.insert(0, torch.tensor(t, dtype=torch.float64))
        if p is not None:
            arguments.append(torch.tensor(p, dtype=torch.float64))
        torch.set_default_dtype(torch.float64)
        try:
            with torch.no_grad():
                expected = double(*arguments).numpy().reshape(field.dim)
        finally:
            torch.set_default_dtype(torch.float32)
        value = field(x, p, t=0.0 if t is None else t)
        worst = max(worst, float(np.max(np.abs(value - expected) / (1 + np.abs(expected)))))
    return worst


ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "softplus": F.softplus,
    "softplus beta": lambda x: F.softplus(x, beta=3.0),
    "silu": F.silu,
    "gelu": F.gelu,
    "gelu tanh": lambda x: F.gelu(x, approximate="tanh"),
    "mish": F.mish,
    "sin": torch.sin,
    "cos": torch.cos,
    "exp": torch.exp,
    "log": torch.log,
    "sqrt": torch.sqrt,
    "atan": torch.atan,
    "erf": torch.erf,
    "reciprocal": torch.reciprocal,
    "square": torch.square,
    "rsqrt": torch.rsqrt,
    "sinh": torch.sinh,
    "cosh": torch.cosh,
    "tan": torch.tan,
    "log1p": torch.log1p,
    "expm1": torch.expm1,
    "exp2": torch.exp2,
    "log2": torch.log2,
    "log10": torch.log10,
    "logsigmoid": F.logsigmoid,
    "tanhshrink": F.tanhshrink,
    "erfc": torch.special.erfc,
    "pow 3": lambda x: x**3,
    "pow -2": lambda x: x**-2,
    "pow 0": lambda x: x**0 + x,
    "pow 1/2": lambda x: x**0.5,
    "pow -3/2": lambda x: x**-1.5,
    "pow 0.3": lambda x: x**0.3,
    "2**x": lambda x: 2.0**x,
    "softmax": lambda x: torch.softmax(x, -1),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(name: str) -> None:
    module = Formula(lambda m, x: ACTIVATIONS[name](x) + m.b)
    assert difference(module, from_torch(module, 4)) < 1e-13


FORMULAS: dict[str, Callable[[Any, Tensor], Tensor]] = {
    "matmul": lambda m, x: m.W @ x + m.b,
    "mv addmv": lambda m, x: torch.mv(m.W, x) + torch.addmv(m.b, m.W, x, beta=2.0, alpha=0.5),
    "linear": lambda m, x: F.linear(x, m.W, m.b),
    "two layers": lambda m, x: m.W @ x + m.V @ torch.tanh(m.U @ x + m.d),
    "row vector": lambda m, x: x @ m.W,
    "mm": lambda m, x: torch.mm(m.W, x.reshape(4, 1)).reshape(4),
    "addmm": lambda m, x: torch.addmm(m.b, x.reshape(1, 4), m.W).flatten(),
    "bmm": lambda m, x: torch.bmm(m.A, x.expand(2, 4)[:, :, None]).sum(0).squeeze(-1),
    "dot": lambda m, x: x * torch.dot(x, m.b),
    "x@x": lambda m, x: x * (x @ x),
    "einsum": lambda m, x: torch.einsum("ij,j->i", m.W, x),
    "einsum quadratic": lambda m, x: m.b * torch.einsum("i,ij,j->", x, m.W, x),
    "einsum bilinear": lambda m, x: torch.einsum("kij,i,j->k", torch.cat([m.A, m.A]), x, x),
    "einsum implicit": lambda m, x: torch.einsum("ji,j", m.W, x),
    "bilinear": lambda m, x: F.bilinear(x, x, torch.cat([m.A, 2 * m.A]), m.b),
    "inner": lambda m, x: torch.inner(m.W, m.W + torch.eye(4)) @ x + torch.inner(m.W, x),
    "vecdot": lambda m, x: torch.linalg.vecdot(m.W, x.expand(4, 4)) + torch.linalg.vecdot(m.W, m.V[:, :4], dim=0),
    "outer": lambda m, x: torch.outer(x, m.b) @ x,
    "matrix of the state": lambda m, x: torch.diag(x) @ m.b + torch.outer(x, x) @ x,
    "subtraction": lambda m, x: 1 - x - m.b + 2 * m.c,
    "rsub alpha": lambda m, x: torch.rsub(x, m.b, alpha=3) + torch.sub(x, m.b, alpha=0.1),
    "division": lambda m, x: x / 3 + m.b / x + x / (1 + x * x) + 1 / x + x / 4,
    "negation": lambda m, x: -x + m.W @ torch.tanh(x) - (-m.b),
    "addcmul": lambda m, x: torch.addcmul(x, m.b, x, value=0.3) + torch.addcdiv(x, m.b, x, value=2.0),
    "lerp": lambda m, x: torch.lerp(x, m.b, 0.3),
    "lorenz": lambda m, x: torch.stack(
        [10 * (x[1] - x[0]), x[0] * (28 - x[2]) - x[1], x[0] * x[1] - 8 / 3 * x[2], -x[3]]
    ),
    "unbind": lambda m, x: torch.stack([v * v for v in x]),
    "cat slice": lambda m, x: torch.cat([x[2:], x[:2] ** 2]),
    "select negative": lambda m, x: x * x[-1],
    "chunk split": lambda m, x: torch.cat([x.chunk(2)[1], torch.split(x, [1, 3])[1][:2]]),
    "narrow flip roll": lambda m, x: x.flip(0) + torch.roll(x, 1) + torch.cat([x.narrow(0, 1, 3), x[:1]]),
    "index": lambda m, x: x[m.order] + x[torch.tensor([3, 2, 1, 0])],
    "gather": lambda m, x: x.gather(0, m.order) + m.W.gather(1, torch.tensor([[0, 3, 1, 1]])).squeeze(0),
    "stacks": lambda m, x: torch.column_stack([x, m.b]) @ x[:2] + torch.vstack([x, m.b]).sum(0) + torch.hstack([*x]),
    "index_put": lambda m, x: torch.index_put(x, (torch.tensor([1, 3]),), x[:2] * x[2:], accumulate=True),
    "scatter": lambda m, x: torch.select_scatter(x, x[0] * x[1], 0, 2) + torch.slice_scatter(m.b, x[:2], 0, 1, 3),
    "diagonal_scatter": lambda m, x: torch.diagonal_scatter(m.W, x) @ m.b,
    "index_select": lambda m, x: torch.index_select(x, 0, m.order),
    "mask": lambda m, x: m.mask * x + torch.where(m.mask, x, 0.5 * x) + x.masked_fill(m.mask, 2.0),
    "reshape": lambda m, x: (x.view(2, 2) @ x.reshape(2, 2).T).flatten() + x.reshape(2, 2).permute(1, 0).reshape(-1),
    "unsqueeze": lambda m, x: (
        (m.W @ x.unsqueeze(1)).squeeze(1) + x[None, :].squeeze(0) + x.unflatten(0, (2, 2)).flatten()
    ),
    "expand repeat": lambda m, x: x[:1].expand(4) + x[:2].repeat(2) + x[0].broadcast_to(4),
    "sum mean": lambda m, x: x * x.sum() + x.mean() + m.W.sum(0) + (m.W * x).sum(1) + (m.W * x).mean(dim=0),
    "var norm": lambda m, x: x * x.var() + x.std() + x.norm() + torch.linalg.vector_norm(x) + torch.linalg.norm(x),
    "prod": lambda m, x: x * x.prod() + m.b.prod(),
    "constants": lambda m, x: (m.W - 0.03 * torch.eye(4)) @ x + torch.ones(4) + torch.full((4,), 0.1) * torch.arange(4),
    "tril triu": lambda m, x: (torch.tril(m.W) - torch.triu(m.W, 1)) @ x,
    "skew": lambda m, x: torch.tanh((m.W - m.W.T) @ x + m.b),
    "gram": lambda m, x: -(m.W @ m.W.T) @ x,
    "diag": lambda m, x: torch.diag(m.b) @ x + torch.diagonal(m.W) * x + torch.diag_embed(x) @ m.b,
    "linspace": lambda m, x: x * torch.linspace(0, 1, 4),
    "tensor literal": lambda m, x: x * torch.tensor([10.0, 28.0, 8 / 3, 0.1]),
    "in place": lambda m, x: _in_place(m, x),
    "no_grad": lambda m, x: _no_grad(m, x),
    "function of weights": lambda m, x: (m.W / m.W.norm()) @ x + torch.exp(m.b) + m.c.abs() + F.relu(m.c),
    "clone detach": lambda m, x: x.clone().detach().contiguous() + x.to(torch.float64) + x.double(),
    "float32 inside": lambda m, x: torch.tanh(x.float()) + x,
    "layer norm": lambda m, x: F.layer_norm(x, (4,), m.b, m.c) + F.rms_norm(x, (4,), m.b, eps=1e-6),
    "constant field": lambda m, x: m.b.clone(),
    "identity": lambda m, x: x,
}


def _in_place(m: Any, x: Tensor) -> Tensor:
    y = torch.zeros_like(x)
    y[0] = x[1] * x[2]
    y[1:3] += x[:2]
    y[3] -= 1
    A = m.W.clone()
    A[1, 2] = x[0]
    A.diagonal().mul_(2.0)
    return A @ x + y.mul_(3)


def _no_grad(m: Any, x: Tensor) -> Tensor:
    with torch.no_grad():
        y = m.W @ x
    return y + m.b


@pytest.mark.parametrize("name", FORMULAS)
def test_formulas(name: str) -> None:
    module = Formula(FORMULAS[name])
    tolerance = 1e-6 if name == "float32 inside" else 1e-13  # torch rounds to float32 there, the field does not
    assert difference(module, from_torch(module, 4)) < tolerance


PARAMETER_FORMULAS: dict[str, Callable[[Any, Tensor, Tensor], Tensor]] = {
    "diagonal": lambda m, x, p: torch.tanh((m.W + p * torch.eye(4)) @ x + m.b),
    "leak": lambda m, x, p: -p * x + m.W @ torch.tanh(x) + m.b,
    "entry": lambda m, x, p: _entry(m, p) @ x,
    "dense direction": lambda m, x, p: (m.W + p * m.A[0]) @ x,
    "bias direction": lambda m, x, p: m.V @ torch.tanh(m.U @ x + p * m.d) - x,
    "quadratic": lambda m, x, p: (p * p) * x + p * (m.b + p * m.c),
    "matrix squared": lambda m, x, p: (m.W + p * torch.eye(4)) @ (m.W + p * torch.eye(4)) @ x,
    "matrix of functions": lambda m, x, p: torch.tanh(m.W * p) @ x,
    "function of p": lambda m, x, p: torch.sin(p) * x + torch.exp(-p) * m.b,
    "quotient": lambda m, x, p: x / (1 + p * p) + m.b / (2 + p),
    "input": lambda m, x, p: (
        m.U.T @ torch.tanh(F.linear(torch.cat([x, p.reshape(1)]), torch.cat([m.U, m.U[:, :1]], 1)))
    ),
    "p/2 - p": lambda m, x, p: (m.W - p * torch.eye(4) / 2) @ x - p,
}


def _entry(m: Any, p: Tensor) -> Tensor:
    A = m.W.clone()
    A[1, 2] += p
    A[2, 1] -= p
    return A


@pytest.mark.parametrize("name", PARAMETER_FORMULAS)
def test_parameter_formulas(name: str) -> None:
    module = ParameterFormula(PARAMETER_FORMULAS[name])
    field = from_torch(module, 4)
    assert field.parameter_dim == 1
    assert difference(module, field, p=0.37) < 1e-13


def test_parameter_vector() -> None:
    module = ParameterFormula(
        lambda m, x, p: p[0] * torch.tanh(m.W @ x) + p[1] * x + p.sum() * m.b + torch.diag(p.repeat(2)) @ x
    )
    field = from_torch(module, 4, parameter_dim=2)
    assert field.parameter_dim == 2
    double, x, p = module, np.full(4, 0.3), np.array([0.2, -0.7])
    expected = double(torch.tensor(x), torch.tensor(p)).detach().numpy()
    np.testing.assert_allclose(field(x, p), expected, rtol=1e-13)


def test_time() -> None:
    module = TimeFormula(lambda m, t, x: torch.tanh(m.W @ x) * torch.sin(t) + t * x + torch.cat([x[:3], t.reshape(1)]))
    field = from_torch(module, 4)
    assert field.has_time
    assert field.parameter_dim == 0
    assert difference(module, field, t=0.7) < 1e-13
    both = TimeParameterFormula(lambda m, t, x, p: p * torch.cos(t) * x + m.b)
    assert difference(both, from_torch(both, 4), p=0.3, t=0.7) < 1e-13


# --- modules ---------------------------------------------------------------------------------------------------


def mlp(dtype: torch.dtype = torch.float32) -> nn.Sequential:
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Sequential(nn.Linear(8, 8), nn.SiLU()), nn.Linear(8, 3)).to(
        dtype
    )


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
def test_mlp_of_every_floating_type(dtype: torch.dtype) -> None:
    module = mlp(dtype)
    before = {name: weight.clone() for name, weight in module.state_dict().items()}
    field = from_torch(module)
    assert field.dim == 3
    for name, weight in module.state_dict().items():  # the user's module is not altered
        assert weight.dtype is dtype
        assert torch.equal(weight, before[name])
    assert difference(module, field) < 1e-13


class BatchOnly(nn.Module):
    """Accepts batches only."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(2, 2)

    def forward(self, x: Tensor) -> Tensor:
        return torch.stack([x[:, 1], -x[:, 0]], dim=1) + self.fc(x)


def test_batch_of_one() -> None:
    module = BatchOnly()
    assert difference(module, from_torch(module), batch=True) < 1e-13


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(2)
        self.blocks = nn.ModuleList([nn.Sequential(nn.Linear(5, 7), nn.GELU(), nn.Linear(7, 5)) for _ in range(3)])
        self.shared = self.blocks[0]
        self.norm = nn.LayerNorm(5)

    def forward(self, x: Tensor) -> Tensor:
        for block in self.blocks:
            x = x + block(self.norm(x))
        return x + self.shared(x)


def test_residual_network_with_shared_weights() -> None:
    module = Residual()
    assert difference(module, from_torch(module)) < 1e-13


def test_batch_norm_in_eval_mode() -> None:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(3, 6), nn.BatchNorm1d(6), nn.Tanh(), nn.Dropout(0.5), nn.Linear(6, 3))
    module(torch.randn(50, 3))  # running statistics that are not 0 and 1
    module.eval()
    assert difference(module, from_torch(module), batch=True) < 1e-13


def test_recurrent_cells() -> None:
    class Cells(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn, self.gru = nn.RNNCell(4, 4), nn.GRUCell(4, 4)

        def forward(self, x: Tensor) -> Tensor:
            return self.rnn(x, x) - x + self.gru(0.5 * x, x)

    torch.manual_seed(0)
    module = Cells()
    assert difference(module, from_torch(module, 4), batch=True) < 1e-13


def test_plain_tensor_attributes_and_aliases() -> None:
    class Plain(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(3, 3)
            self.tied = nn.Linear(3, 3)
            self.tied.weight = self.fc.weight
            self.scale = torch.tensor([0.1, 0.2, 0.3])  # float32, neither parameter nor buffer
            self.matrices = [torch.ones(3, 3), {"A": torch.eye(3)}]
            self.register_buffer("calls", torch.tensor(0))

        def forward(self, x: Tensor) -> Tensor:
            self.calls += 1
            y = self.matrices[0] @ x + self.matrices[1]["A"] @ x
            return self.tied(torch.tanh(self.fc(x))) * self.scale + torch.diag(self.scale) @ x + y

    torch.manual_seed(0)
    module = Plain()
    field = from_torch(module)
    assert module.calls == 0
    module.scale = module.scale.double()
    module.matrices = [module.matrices[0].double(), {"A": module.matrices[1]["A"].double()}]
    assert difference(module, field) < 1e-13


def test_modules_of_the_literature() -> None:
    for module, dim in (
        (networks.kuehn_queirolo(6), 6),
        (networks.kuehn_queirolo(6, activation="sin"), 6),
        (networks.three_layers(), 6),
        (networks.single_entry(), 6),
        (networks.antisymmetric_pair(), 6),
        (networks.leaky(20), 20),
        (networks.low_rank(20, 8), 20),
        (networks.low_rank(10, 16), 10),
        (networks.parameter_mlp(), 4),
        (networks.moons(), 10),
        (networks.moons(0.5), 10),
    ):
        assert difference(module, from_torch(module, dim), p=0.21) < 1e-13
    assert from_torch(networks.parameter_mlp()).dim == 4  # 5 inputs of the first layer, one of them the parameter


# --- the canonical forms that recognisers rely on ----------------------------------------------------------------


def counts(field: Any) -> dict[str, int]:
    return dict(field.core.operation_counts)


def test_spellings_of_the_diagonal_family_are_one_field() -> None:
    M, b = networks.kuehn_queirolo_matrix(5), np.linspace(-1, 1, 5)
    I = torch.eye(5)

    class Spelling(nn.Module):
        def __init__(self, formula: Callable[..., Tensor]) -> None:
            super().__init__()
            self.M, self.b, self.formula = nn.Parameter(torch.tensor(M)), nn.Parameter(torch.tensor(b)), formula

        def forward(self, h: Tensor, p: Tensor) -> Tensor:
            return torch.tanh(self.formula(self, h, p))

    spellings: list[Callable[..., Tensor]] = [
        lambda m, h, p: (m.M + p * torch.eye(5)) @ h + m.b,
        lambda m, h, p: m.b + torch.eye(5).mul(p).add(m.M).matmul(h),
        lambda m, h, p: F.linear(h, m.M + p * I, m.b),
        lambda m, h, p: F.linear(h, m.M, m.b) + p * h,
        lambda m, h, p: h * p + m.M @ h + m.b,
        lambda m, h, p: m.M.mv(h) + m.b + torch.diag(p.expand(5)) @ h,
    ]
    fields = [from_torch(Spelling(formula), 5) for formula in spellings]
    assert len({field.digest for field in fields}) == 1
    named = counts(fields[0])
    assert named == {"state": 1, "parameter": 1, "affine": 1, "gather": 1, "multiply": 1, "add": 1, "tanh": 1}

    class Weights(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(5, 5)
            self.fc.weight, self.fc.bias = nn.Parameter(torch.tensor(M)), nn.Parameter(torch.tensor(b))

        def forward(self, h: Tensor) -> Tensor:
            return torch.tanh(self.fc(h))

    assert from_torch(Weights(), parameter={"fc.weight": torch.eye(5)}).digest == fields[0].digest


def test_no_node_holds_a_matrix() -> None:
    """(M + p D) x costs vectors only, for every kind of D."""
    for formula in (PARAMETER_FORMULAS["diagonal"], PARAMETER_FORMULAS["entry"], PARAMETER_FORMULAS["dense direction"]):
        field = from_torch(ParameterFormula(formula), 4)
        assert "matvec" not in counts(field)
        assert field.core.weight_count <= 2 * 16 + 4 + 4


def test_large_networks_import_quickly() -> None:
    field = from_torch(networks.kuehn_queirolo(400), 400)
    assert counts(field)["affine"] == 1
