"""Weights from files: exact, and nothing in them is run."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="state dicts need torch")
safetensors_torch = pytest.importorskip("safetensors.torch", reason="needs safetensors")

from torch import nn  # noqa: E402

from capnode import networks  # noqa: E402
from capnode.torch_import.importer import from_torch  # noqa: E402
from capnode.weights import load_into, load_weights  # noqa: E402


def network(dtype: torch.dtype = torch.float64) -> nn.Sequential:
    return nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 2)).to(dtype)


@pytest.mark.parametrize("suffix", [".safetensors", ".pt", ".pth"])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_state_dicts(tmp_path: Path, suffix: str, dtype: torch.dtype) -> None:
    module = network(dtype)
    path = tmp_path / f"weights{suffix}"
    save = safetensors_torch.save_file if suffix == ".safetensors" else torch.save
    save(module.state_dict(), path)
    weights = load_weights(path)
    assert set(weights) == set(module.state_dict())
    for name, tensor in weights.items():
        assert tensor.dtype is dtype
        assert torch.equal(tensor, module.state_dict()[name])


def test_checkpoints_with_a_nested_state_dict(tmp_path: Path) -> None:
    module = network()
    torch.save({"epoch": 3, "model_state_dict": module.state_dict()}, tmp_path / "c.pt")
    assert set(load_weights(tmp_path / "c.pt")) == set(module.state_dict())


def test_float64_weights_are_not_rounded_to_a_float32_module(tmp_path: Path) -> None:
    module = network(torch.float64)
    torch.save(module.state_dict(), tmp_path / "w.pt")
    narrow = network(torch.float32)
    load_into(narrow, tmp_path / "w.pt")
    assert from_torch(narrow).digest == from_torch(module).digest


def test_weights_that_do_not_fit(tmp_path: Path) -> None:
    torch.save(network().state_dict(), tmp_path / "w.pt")
    with pytest.raises(ValueError, match=r"does not fit Linear.*Missing.*weight"):
        load_into(nn.Linear(2, 2), tmp_path / "w.pt")
    with pytest.raises(ValueError, match=r"size mismatch.*\[3, 2\].*\[3, 4\]"):
        load_into(nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2)), tmp_path / "w.pt")


class Trap:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.system, (f"touch {self.path}",)


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".bin", ".pkl", ".pickle", ".pt2", ".npy", ""])
def test_files_with_code_are_refused_and_not_run(tmp_path: Path, suffix: str) -> None:
    sprung = tmp_path / "sprung"
    for name, write in (("torch", torch.save), ("pickle", lambda x, p: Path(p).write_bytes(pickle.dumps(x)))):
        path = tmp_path / f"{name}{suffix}"
        write({"weight": Trap(sprung)}, path)
        with pytest.raises(ValueError, match=r"nothing in it was run|are refused|not a (whole )?state dict"):
            load_weights(path)
    assert not sprung.exists()
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([f"torch{suffix}", f"pickle{suffix}"])


def test_a_saved_module_is_refused(tmp_path: Path) -> None:
    torch.save(network(), tmp_path / "module.pt")
    with pytest.raises(ValueError, match="holds more than tensors; nothing in it was run"):
        load_weights(tmp_path / "module.pt")
    torch.save([torch.ones(2)], tmp_path / "list.pt")
    with pytest.raises(ValueError, match="dict from names to tensors"):
        load_weights(tmp_path / "list.pt")


@pytest.mark.parametrize("suffix", [".safetensors", ".pt"])
def test_truncated_files(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"w{suffix}"
    save = safetensors_torch.save_file if suffix == ".safetensors" else torch.save
    save(network().state_dict(), path)
    whole = path.read_bytes()
    for length in (0, 5, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r"w\.(safetensors|pt)"):
            load_weights(path)
    with pytest.raises(FileNotFoundError, match="no file"):
        load_weights(tmp_path / "missing.pt")


def test_weights_that_come_with_the_package() -> None:
    weights = networks.moons_weights()
    for stage in ("initial", "trained"):
        assert weights[f"{stage}.field.W"].shape == (10, 10)
        assert weights[f"{stage}.encoder.weight"].shape == (10, 2)
        eigenvalues = np.linalg.eigvals(weights[f"{stage}.field.W"])
        assert np.count_nonzero(eigenvalues.imag > 0) == 5  # five Hopf points, on both sides of p = 0
        assert np.min(eigenvalues.real) < 0 < np.max(eigenvalues.real)
    from capnode.field import Field

    assert Field.load(networks.DATA / "moons.capnode").digest == from_torch(networks.moons(), 10).digest
