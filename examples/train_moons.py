"""Train the network of `capnode demo`: a neural ODE that separates scikit-learn's two moons.

The model is `y = R h(T)`, where `h' = tanh((W + p I) h + b)`, `h(0) = E x + e`, ten units, T = 8: the family of Kuehn
and Queirolo (DCDS-B 30, 2025). p is minus the damping of the units, and is 0 while the network is trained; W starts
antisymmetric with a little noise, as in antisymmetric recurrent networks. After training the eigenvalues of W lie on
both sides of the imaginary axis, so Hopf bifurcations lie on both sides of the trained value p = 0.

    python examples/train_moons.py [--out FOLDER]

writes `moons.safetensors` (weights before training under `initial.`, after training under `trained.`) and, where
capnode is installed, `moons.capnode`, the vector field of the trained network. Everything is in float64 on one thread
from fixed seeds: on one machine and one version of torch the run repeats bit for bit; on others the last digits of some
operations differ and training amplifies them, so the weights agree to a few digits only and the accuracy to within one
percent. It takes about ten seconds; the accuracy on 2000 new points is 1.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save_file
from sklearn.datasets import make_moons
from torch import Tensor, nn

UNITS, TIME, STEPS, SEED = 10, 8.0, 40, 9


class MoonsField(nn.Module):
    """`h' = tanh((W + p I) h + b)`."""

    def __init__(self) -> None:
        super().__init__()
        A = 0.5 * torch.randn(UNITS, UNITS)
        self.W = nn.Parameter(A - A.T + 0.05 * torch.randn(UNITS, UNITS))
        self.b = nn.Parameter(0.1 * torch.randn(UNITS))

    def forward(self, h: Tensor, p: Tensor) -> Tensor:
        return torch.tanh((self.W + p * torch.eye(UNITS, dtype=h.dtype)) @ h + self.b)


class Moons(nn.Module):
    """Encoder, flow of the field over time T by the classical Runge-Kutta method, readout (one logit)."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Linear(2, UNITS)
        self.field = MoonsField()
        self.readout = nn.Linear(UNITS, 1)

    def forward(self, x: Tensor) -> Tensor:
        h, step = self.encoder(x).T, TIME / STEPS
        b, W = self.field.b[:, None], self.field.W

        def f(h: Tensor) -> Tensor:
            return torch.tanh(W @ h + b)

        for _ in range(STEPS):
            k1 = f(h)
            k2 = f(h + 0.5 * step * k1)
            k3 = f(h + 0.5 * step * k2)
            k4 = f(h + step * k3)
            h = h + step / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        return self.readout(h.T)[:, 0]


def accuracy(model: Moons, x: Tensor, y: Tensor) -> float:
    with torch.no_grad():
        return float(((model(x) > 0) == (y > 0.5)).double().mean())


def data(samples: int, seed: int) -> tuple[Tensor, Tensor]:
    x, y = make_moons(samples, noise=0.05, random_state=seed)
    return torch.tensor(x), torch.tensor(y, dtype=torch.float64)


def train(epochs: int = 150) -> tuple[dict[str, np.ndarray], Moons]:
    """Weights before training, and the trained model."""
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    model = Moons()
    initial = {name: weight.detach().numpy().copy() for name, weight in model.state_dict().items()}
    x, y = data(400, 0)
    x_test, y_test = data(2000, 1)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    start = time.perf_counter()
    for epoch in range(epochs + 1):
        optimizer.zero_grad()
        loss = nn.functional.binary_cross_entropy_with_logits(model(x), y)
        if epoch % 25 == 0:
            print(
                f"epoch {epoch:4d}  loss {loss.item():.5f}  accuracy: training {accuracy(model, x, y):.4f}, "
                f"test {accuracy(model, x_test, y_test):.4f}  {time.perf_counter() - start:.1f} s"
            )
        if epoch < epochs:
            loss.backward()
            optimizer.step()
    return initial, model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("."), help="folder for the weights (default: here)")
    out = parser.parse_args().out
    initial, model = train()
    weights = {f"initial.{name}": value for name, value in initial.items()}
    weights |= {f"trained.{name}": value.detach().numpy().copy() for name, value in model.state_dict().items()}
    save_file(weights, out / "moons.safetensors")
    for name in ("initial", "trained"):
        eigenvalues = np.linalg.eigvals(weights[f"{name}.field.W"])
        pairs = sorted((-e.real, e.imag) for e in eigenvalues if e.imag > 0)
        print(f"{name}: Hopf points at about " + ", ".join(f"p = {p:.4f} (frequency {w:.3f})" for p, w in pairs))
    try:
        import capnode
    except ImportError:
        print("capnode is not installed: no moons.capnode written")
        return
    capnode.from_torch(model.field, UNITS).save(out / "moons.capnode")


if __name__ == "__main__":
    main()
