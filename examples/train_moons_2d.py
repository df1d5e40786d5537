"""Train three neural ODEs that classify scikit-learn's two moons (noise 0.05), for the pictures of `moons_2d.py`.

`wide`     x' = W3 tanh(W2 tanh(W1 x + b1) + b2) + b3, widths 2 -> 5 -> 5 -> 2, over T = 10, and a linear readout of
           x(T) with two classes: the network of Kuehn and Woehrer (arXiv 2602.09613).
`layered`  x' = W_k tanh(x) + b_k, five pieces of length 2 one after another, and a linear readout.
`ten`      through R^10: h(0) = E x + e, h' = tanh(W h + b) over T = 10, and a linear readout of h(T).

The flow is trained as Euler's method with step 0.1, as published, with weight decay: the step is short
enough for the exact ODE to classify as the Euler network does (both accuracies are printed).

    python examples/train_moons_2d.py [--out FOLDER]

writes, into examples/data unless told otherwise,

    moons_2_5_5_2.capnode, moons_2_5_5_2_readout.npz
    moons_layered_1.capnode ... moons_layered_5.capnode, moons_layered_readout.npz
    moons_r10.capnode, moons_r10_encoder.npz, moons_r10_readout.npz
    moons_train.npz             the training data: `points` (400, 2) and `classes` (400,)

Weights are float32; the files hold exactly these numbers. On one machine and one version of torch the run repeats bit
for bit; elsewhere the last digits differ and training amplifies them. It takes less than a minute on one thread.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import make_moons
from torch import Tensor, nn

TIME, STEP = 10.0, 0.1
PIECES, LENGTH = 5, 2.0
WIDTH = 10
Rates = Callable[[int], Callable[[Tensor], Tensor]]


class Wide(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.field = nn.Sequential(nn.Linear(2, 5), nn.Tanh(), nn.Linear(5, 5), nn.Tanh(), nn.Linear(5, 2))
        self.readout = nn.Linear(2, 2)

    def start(self, x: Tensor) -> Tensor:
        return x

    def rate(self, time: float) -> Callable[[Tensor], Tensor]:
        return self.field


class Piece(nn.Module):
    """`x' = W tanh(x) + b`."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(2, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(torch.tanh(x))


class Pieces(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.pieces = nn.ModuleList(Piece() for _ in range(PIECES))
        self.readout = nn.Linear(2, 2)

    def start(self, x: Tensor) -> Tensor:
        return x

    def rate(self, time: float) -> Callable[[Tensor], Tensor]:
        return self.pieces[min(int(time / LENGTH), PIECES - 1)]


class Tanh(nn.Module):
    """`h' = tanh(W h + b)`."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(WIDTH, WIDTH)
        with torch.no_grad():
            a = torch.randn(WIDTH, WIDTH) / WIDTH**0.5
            self.fc.weight.copy_(0.3 * (a - a.T))

    def forward(self, h: Tensor) -> Tensor:
        return torch.tanh(self.fc(h))


class Ten(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Linear(2, WIDTH)
        self.field = Tanh()
        self.readout = nn.Linear(WIDTH, 2)

    def start(self, x: Tensor) -> Tensor:
        return self.encoder(x)

    def rate(self, time: float) -> Callable[[Tensor], Tensor]:
        return self.field


Model = Wide | Pieces | Ten


def euler(model: Model, x: Tensor) -> Tensor:
    """Scores of the Euler network, step 0.1."""
    h = model.start(x)
    for k in range(round(TIME / STEP)):
        h = h + STEP * model.rate((k + 0.5) * STEP)(h)
    return model.readout(h)


def flow(model: Model, x: Tensor) -> Tensor:
    """Scores of the ODE, by the classical Runge-Kutta method with step 0.05."""
    h, step = model.start(x), STEP / 2
    for k in range(round(TIME / step)):
        f = model.rate((k + 0.5) * step)
        k1 = f(h)
        k2 = f(h + 0.5 * step * k1)
        k3 = f(h + 0.5 * step * k2)
        k4 = f(h + step * k3)
        h = h + step / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return model.readout(h)


def data(samples: int, seed: int) -> tuple[Tensor, Tensor]:
    """Points and classes, the points as float32 numbers."""
    x, y = make_moons(samples, noise=0.05, random_state=seed)
    return torch.tensor(x, dtype=torch.float32), torch.tensor(y)


def accuracy(scores: Tensor, y: Tensor) -> float:
    return float((scores.argmax(1) == y).double().mean())


def train(model: Model, epochs: int, rate: float, decay: float) -> None:
    x, y = data(400, 0)
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=decay)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs, rate / 20)
    start = time.perf_counter()
    for epoch in range(epochs + 1):
        optimizer.zero_grad()
        scores = euler(model, x)
        loss = nn.functional.cross_entropy(scores, y)
        if epoch % 100 == 0 or epoch == epochs:
            print(
                f"  epoch {epoch:4d}  loss {loss.item():.5f}  training accuracy {accuracy(scores, y):.4f}  "
                f"{time.perf_counter() - start:.1f} s"
            )
        if epoch < epochs:
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()


def summary(model: Model) -> str:
    x, y = data(400, 0)
    x_new, y_new = data(2000, 1)
    model.double()
    with torch.no_grad():
        old, new = flow(model, x.double()), flow(model, x_new.double())
        text = (
            f"  the ODE: training accuracy {accuracy(old, y):.4f}, 2000 new points {accuracy(new, y_new):.4f}; "
            f"smallest margin of a training point {float((old[:, 1] - old[:, 0]).abs().min()):.3g}"
        )
    axis = torch.linspace(-2.0, 2.0, 60, dtype=torch.float64)
    grid = torch.cartesian_prod(axis, axis)
    spread, h = 1e-6, torch.tensor([[1.0, 0.0], [0.0, 1.0]], dtype=torch.float64)
    with torch.no_grad():
        readout, model.readout = model.readout, nn.Identity()  # type: ignore[assignment]
        columns = [(flow(model, grid + spread * d) - flow(model, grid - spread * d)) / (2 * spread) for d in h]
        model.readout = readout
    largest = torch.linalg.svdvals(torch.stack(columns, 2))[:, 0].log() / TIME
    return f"{text}\n  exponents over [-2, 2]^2: {float(largest.min()):.3f} to {float(largest.max()):.3f}"


def exact(layer: nn.Linear) -> dict[str, np.ndarray]:
    return {"weight": layer.weight.detach().double().numpy(), "bias": layer.bias.detach().double().numpy()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    folder = Path(__file__).parent / "data"
    parser.add_argument("--out", type=Path, default=folder, help="folder for the weights (default: examples/data)")
    parser.add_argument("--only", choices=("wide", "layered", "ten"), help="train this network alone")
    arguments = parser.parse_args()
    out: Path = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    import capnode as cn

    x, y = data(400, 0)
    np.savez(out / "moons_train.npz", points=x.double().numpy(), classes=y.numpy())
    if arguments.only in (None, "wide"):
        print("wide: 2 -> 5 -> 5 -> 2, T = 10")
        torch.manual_seed(4)
        wide = Wide()
        train(wide, 600, 0.02, 0.3)
        cn.from_torch(wide.field).save(out / "moons_2_5_5_2.capnode")
        np.savez(out / "moons_2_5_5_2_readout.npz", **exact(wide.readout))
        print(summary(wide))
    if arguments.only in (None, "layered"):
        print("layered: x' = W_k tanh(x) + b_k, five pieces of length 2")
        torch.manual_seed(1)
        pieces = Pieces()
        train(pieces, 600, 0.02, 0.01)
        for k, piece in enumerate(pieces.pieces):
            cn.from_torch(piece, 2).save(out / f"moons_layered_{k + 1}.capnode")
        np.savez(out / "moons_layered_readout.npz", **exact(pieces.readout))
        print(summary(pieces))
    if arguments.only in (None, "ten"):
        print("ten: h(0) = E x + e in R^10, h' = tanh(W h + b), T = 10")
        torch.manual_seed(2)
        ten = Ten()
        train(ten, 300, 0.01, 0.01)
        cn.from_torch(ten.field, WIDTH).save(out / "moons_r10.capnode")
        np.savez(out / "moons_r10_encoder.npz", **exact(ten.encoder))
        np.savez(out / "moons_r10_readout.npz", **exact(ten.readout))
        print(summary(ten))


if __name__ == "__main__":
    main()
