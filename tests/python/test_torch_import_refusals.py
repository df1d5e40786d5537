"""from_torch: what it refuses, with the operation, the module path and the line in the message."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the importer needs torch")

from torch import Tensor, nn  # noqa: E402

from capnode import networks  # noqa: E402
from capnode.errors import UnsupportedOperation  # noqa: E402
from capnode.torch_import.importer import from_torch  # noqa: E402
from capnode.torch_import.reader import supported  # noqa: E402

F = nn.functional


class Formula(nn.Module):
    def __init__(self, formula: Callable[..., Tensor]) -> None:
        super().__init__()
        self.fc = nn.Linear(3, 3)
        self.formula = formula

    def forward(self, x: Tensor) -> Tensor:
        return self.formula(self, x)


NOT_SMOOTH: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": F.relu,
    "leaky_relu": F.leaky_relu,
    "abs": torch.abs,
    "maximum": lambda x: torch.maximum(x, -x),
    "max": lambda x: x * x.max(),
    "clamp": lambda x: x.clamp(-1, 1),
    "hardtanh": F.hardtanh,
    "relu6": F.relu6,
    "elu": F.elu,
    "floor": torch.floor,
    "sign": torch.sign,
    "where": lambda x: torch.where(x > 0, x, 0 * x),
}


@pytest.mark.parametrize("name", NOT_SMOOTH)
def test_not_smooth(name: str) -> None:
    module = nn.Sequential(nn.Linear(3, 3), Formula(lambda m, x: NOT_SMOOTH[name](x)))
    with pytest.raises(UnsupportedOperation) as caught:
        from_torch(module)
    message = str(caught.value)
    operation = "gt" if name == "where" else name
    assert f"aten.{operation}" in message
    assert "in module '1'" in message
    assert "test_torch_import_refusals.py" in message
    assert "line" in message
    assert "tanh" in message


def test_the_message_lists_what_is_supported() -> None:
    with pytest.raises(UnsupportedOperation) as caught:
        from_torch(Formula(lambda m, x: torch.cumprod(x, 0)))
    message = str(caught.value)
    assert "aten.cumprod" in message
    for name in ("linear", "tanh", "matmul", "gelu", "mish"):
        assert name in supported()
        assert name in message
    assert isinstance(caught.value, ValueError)


def test_the_place_is_the_users_line() -> None:
    class Inner(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.relu(x)  # the culprit

    class Outer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.ModuleList([nn.Linear(3, 3), Inner()])

        def forward(self, x: Tensor) -> Tensor:
            for layer in self.layers:
                x = layer(x)
            return x

    with pytest.raises(UnsupportedOperation, match=r"'layers\.1' \(Inner\).*line \d+.*the culprit"):
        from_torch(Outer())


def test_relu_layer_of_torch() -> None:
    with pytest.raises(UnsupportedOperation, match=r"aten\.relu\.default in module 'act' \(ReLU\).*not smooth"):
        from_torch(nn.Sequential(*_named(fc=nn.Linear(2, 2), act=nn.ReLU())))


def _named(**layers: nn.Module) -> Any:
    from collections import OrderedDict

    return (OrderedDict(layers),)


@pytest.mark.parametrize(("layer", "word"), [(nn.Dropout(0.5), "dropout"), (nn.BatchNorm1d(3), "batch norm")])
def test_train_mode(layer: nn.Module, word: str) -> None:
    module = nn.Sequential(nn.Linear(3, 3), layer, nn.Tanh())
    with pytest.raises(UnsupportedOperation, match=rf"{word} in train mode.*eval"):
        from_torch(module)
    from_torch(module.eval())


def test_training_flag_is_left_alone() -> None:
    module = nn.Sequential(nn.Linear(3, 3), nn.Tanh())
    assert module.training
    from_torch(module)
    assert module.training


def test_data_dependent_control_flow() -> None:
    class Branch(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(3, 3)

        def forward(self, x: Tensor) -> Tensor:
            if x.sum() > 0:  # the branch
                return self.fc(x)
            return x

    module = nn.Sequential(nn.Linear(3, 3), Branch())
    with pytest.raises(UnsupportedOperation, match=r"data-dependent control flow in module '1'.*line \d+.*the branch"):
        from_torch(module)
    with pytest.raises(UnsupportedOperation, match="data-dependent"):
        from_torch(Formula(lambda m, x: x * x.sum().item()))
    with pytest.raises(UnsupportedOperation, match="data-dependent"):
        from_torch(Formula(lambda m, x: torch.cond(x.sum() > 0, lambda y: 2.0 * y, lambda y: -y, (x,))))


def test_random_and_unknown_operations() -> None:
    with pytest.raises(UnsupportedOperation, match="random"):
        from_torch(Formula(lambda m, x: x + torch.rand(3)))
    with pytest.raises(UnsupportedOperation, match=r"aten\.fft_fft"):
        from_torch(Formula(lambda m, x: torch.fft.fft(x).real))
    with pytest.raises(UnsupportedOperation, match=r"aten\.conv1d"):
        from_torch(Formula(lambda m, x: F.conv1d(x[None], torch.ones(1, 1, 3), padding=1)[0]))
    with pytest.raises(UnsupportedOperation, match=r"aten\.asin"):
        from_torch(Formula(lambda m, x: torch.asin(x)))


# --- weights -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_weights_that_are_not_finite(bad: float) -> None:
    module = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 3))
    with torch.no_grad():
        module[2].weight[1, 3] = bad
    with pytest.raises(ValueError, match=r"'2\.weight' holds -?(nan|inf) at \[1, 3\]"):
        from_torch(module)


def test_integer_and_complex_weights() -> None:
    module = nn.Linear(3, 3)
    module.weight = nn.Parameter(torch.ones(3, 3, dtype=torch.int64), requires_grad=False)
    with pytest.raises(ValueError, match=r"'weight' holds integers \(torch.int64\)"):
        from_torch(module, 3)

    class Buffer(nn.Module):
        def __init__(self, tensor: Tensor) -> None:
            super().__init__()
            self.register_buffer("A", tensor)

        def forward(self, x: Tensor) -> Tensor:
            return (self.A * x).sum(1)

    with pytest.raises(ValueError, match=r"'A' holds integers"):
        from_torch(Buffer(torch.ones(3, 3, dtype=torch.int32)), 3)
    with pytest.raises(ValueError, match=r"'A' is complex"):
        from_torch(Buffer(torch.ones(3, 3, dtype=torch.complex128)), 3)
    with pytest.raises(ValueError, match=r"'A' is sparse"):
        from_torch(Buffer(torch.eye(3).to_sparse()), 3)


def test_numbers_that_are_not_finite() -> None:
    with pytest.raises(ValueError, match="not finite"):
        from_torch(Formula(lambda m, x: float("inf") * x))
    with pytest.raises(ValueError, match="zero"):
        from_torch(Formula(lambda m, x: x / (m.fc.bias - m.fc.bias)))
    with pytest.raises(ValueError, match="not finite"):
        from_torch(Formula(lambda m, x: x * torch.log(torch.zeros(3))))


# --- shapes and arguments ------------------------------------------------------------------------------------------


def test_dimension() -> None:
    with pytest.raises(ValueError, match="no linear layer"):
        from_torch(nn.Tanh())
    assert from_torch(nn.Tanh(), 2).dim == 2
    assert from_torch(networks.low_rank(7, 4)).dim == 7  # no linear layer, but matrices (7, 4) and (4, 7)
    with pytest.raises(ValueError, match=r"\(5,\) or \(1, 5\)"):
        from_torch(nn.Linear(3, 3), 5)
    with pytest.raises(ValueError, match=r"states of shape \(3,\).*returns shape \(1, 4\)|returns shape \(4,\)"):
        from_torch(nn.Linear(3, 4))
    for bad in (0, -1, 2.0, True):
        with pytest.raises(ValueError, match="dim must be a whole number"):
            from_torch(nn.Tanh(), bad)  # type: ignore[arg-type]


def test_arguments_of_forward() -> None:
    class Three(nn.Module):
        def forward(self, x: Tensor, p: Tensor, q: Tensor) -> Tensor:
            return p * x + q

    class Options(nn.Module):
        def forward(self, x: Tensor, args: Any = None, *, scale: float = 2.0) -> Tensor:
            return scale * x

    class Default(nn.Module):
        def forward(self, x: Tensor, p: float = 1.0) -> Tensor:
            return p * x

    class Pair(nn.Module):
        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            return x, x

    with pytest.raises(ValueError, match="more than state, parameter and time: q"):
        from_torch(Three(), 2)
    field = from_torch(Options(), 2)
    assert field.parameter_dim == 0
    np.testing.assert_array_equal(field([1.0, 3.0]), [2.0, 6.0])
    assert from_torch(Default(), 2).parameter_dim == 1
    with pytest.raises(ValueError, match="one tensor"):
        from_torch(Pair(), 2)
    with pytest.raises(ValueError, match=r"needs a torch\.nn\.Module"):
        from_torch(lambda x: x, 2)  # type: ignore[arg-type]


def test_nothing_of_the_process_changes() -> None:
    dtype = torch.get_default_dtype()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        from_torch(nn.Linear(2, 2))
        with pytest.raises(UnsupportedOperation):
            from_torch(Formula(lambda m, x: F.relu(x)))
    assert torch.get_default_dtype() is dtype


def test_flushed_subnormals_are_kept() -> None:
    """A caller with FTZ and DAZ set: subnormal weights still widen exactly, the caller's mode comes back."""
    tiny = 2.0**-140  # subnormal in float32
    module = nn.Linear(2, 2)
    with torch.no_grad():
        module.weight.copy_(torch.tensor([[1.0, 0.0], [0.0, 1.0]]))
        module.bias.copy_(torch.tensor([tiny, -tiny]))
    if not torch.set_flush_denormal(True):
        pytest.skip("this processor cannot flush subnormals")
    try:
        field = from_torch(module)
        assert (torch.tensor([2.0**-1070], dtype=torch.float64) * 1.0).item() == 0.0  # still flushing
    finally:
        torch.set_flush_denormal(False)
    np.testing.assert_array_equal(field([0.0, 0.0]), [tiny, -tiny])


def test_the_documentation_lists_every_operation() -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "from_torch.md").read_text()
    table = text.partition("## Operations")[2].partition("Refused:")[0]
    listed = set(re.findall(r"`(\w+)`", table.partition("|---|---|")[2]))
    assert listed == set(supported())


def test_four_threads_at_once() -> None:
    module = networks.single_entry()
    with ThreadPoolExecutor(4) as pool:
        digests = set(pool.map(lambda _: from_torch(module, 6).digest, range(4)))
    assert digests == {from_torch(module, 6).digest}
    assert torch.get_default_dtype() is torch.float32
