"""The training examples still train: a few epochs give a network that separates the moons."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch")
pytest.importorskip("sklearn", reason="the moons are scikit-learn's")

from capnode import networks  # noqa: E402

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def example(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def torch_as_it_was() -> Iterator[None]:
    dtype, threads = torch.get_default_dtype(), torch.get_num_threads()
    yield
    torch.set_default_dtype(dtype)
    torch.set_num_threads(threads)


def test_stored_moons_network_separates_the_moons() -> None:
    moons = example("train_moons")
    torch.set_default_dtype(torch.float64)
    weights = networks.moons_weights()
    x, y = moons.data(2000, 1)
    accuracies = {}
    for stage in ("initial", "trained"):
        model = moons.Moons()
        model.load_state_dict(
            {n.removeprefix(f"{stage}."): torch.tensor(w) for n, w in weights.items() if n.startswith(stage)}
        )
        accuracies[stage] = moons.accuracy(model, x, y)
    assert accuracies["initial"] < 0.6
    assert accuracies["trained"] > 0.99


def test_moons_train_from_the_stored_start() -> None:
    moons = example("train_moons")
    initial, model = moons.train(epochs=40)
    stored = networks.moons_weights()
    for name, value in initial.items():
        np.testing.assert_allclose(value, stored[f"initial.{name}"], rtol=1e-12)
    x, y = moons.data(2000, 1)
    assert moons.accuracy(model, x, y) > 0.95


@pytest.mark.long
def test_moons_retrain_to_the_stored_quality() -> None:
    moons = example("train_moons")
    _, model = moons.train()
    x, y = moons.data(2000, 1)
    assert moons.accuracy(model, x, y) > 0.99
    eigenvalues = np.linalg.eigvals(model.field.W.detach().numpy())
    assert np.count_nonzero(eigenvalues.imag > 0) >= 3


def test_the_learnt_field_is_near_its_target() -> None:
    example_module = example("train_parameter_mlp")
    torch.set_default_dtype(torch.float64)
    network = networks.parameter_mlp()
    rng = np.random.default_rng(0)
    x, p = torch.tensor(rng.uniform(-0.8, 0.8, (50, 4))), torch.tensor(rng.uniform(-0.6, 0.6, (50, 1)))
    expected = example_module.target(x, p)
    with torch.no_grad():
        value = torch.stack([network(u, q[0]) for u, q in zip(x, p, strict=True)])
    assert float((value - expected).abs().max()) < 0.1
