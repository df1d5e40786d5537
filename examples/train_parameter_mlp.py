"""Train a perceptron 4 -> 16 -> 16 -> 4 on a vector field with a parameter, which enters as a fifth input.

The target is a pair of coupled oscillators in normal form whose equilibrium moves with the parameter, in coordinates
mixed by a fixed matrix: `z_k' = (p - a_k) z_k + i w_k z_k - |z_k|^2 z_k` (complex, k = 1, 2), shifted by `p c`, with
quadratic coupling. Both pairs cross the imaginary axis as p grows, and so do those of the trained network.

    python examples/train_parameter_mlp.py [--out FOLDER]

writes `parameter_mlp.safetensors`. As for the moons, the run repeats bit for bit on one machine and version of torch.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save_file
from torch import Tensor, nn

SEED = 3
A, W = (-0.3, 0.2), (1.0, 1.7)
SHIFT = (0.2, -0.1, 0.15, 0.1)
MIX = ((1.0, 0.3, 0.0, 0.2), (-0.2, 1.0, 0.3, 0.0), (0.1, -0.2, 1.0, 0.3), (0.0, 0.2, -0.3, 1.0))


def target(x: Tensor, p: Tensor) -> Tensor:
    """The field at states x (samples, 4) and parameters p (samples, 1)."""
    mix = torch.tensor(MIX)
    u = (x - p * torch.tensor(SHIFT)) @ torch.linalg.inv(mix).T
    out = []
    for k in range(2):
        a, b = u[:, 2 * k, None], u[:, 2 * k + 1, None]
        growth = p - A[k] - a * a - b * b
        coupling = 0.2 * u[:, 2 - 2 * k, None] * a
        out += [growth * a - W[k] * b + coupling, growth * b + W[k] * a]
    return torch.cat(out, 1) @ mix.T


def network() -> nn.Sequential:
    return nn.Sequential(nn.Linear(5, 16), nn.Tanh(), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 4))


def train(samples: int = 4000, steps: int = 120) -> nn.Sequential:
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    x, p = 2.0 * torch.rand(samples, 4) - 1.0, 1.6 * torch.rand(samples, 1) - 0.8
    y, net = target(x, p), network()
    optimizer = torch.optim.LBFGS(net.parameters(), lr=1.0, max_iter=20, history_size=50, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        value = nn.functional.mse_loss(net(torch.cat([x, p], 1)), y)
        value.backward()
        return value

    start = time.perf_counter()
    for step in range(steps + 1):
        value = optimizer.step(loss)
        if step % 20 == 0:
            print(f"step {step:4d}  mean square error {value.item():.2e}  {time.perf_counter() - start:.1f} s")
    return net


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("."), help="folder for the weights (default: here)")
    out = parser.parse_args().out
    weights = {f"layers.{name}": value.detach().numpy().copy() for name, value in train().state_dict().items()}
    save_file({name: np.ascontiguousarray(value) for name, value in weights.items()}, out / "parameter_mlp.safetensors")


if __name__ == "__main__":
    main()
