"""Proofs about the digits network (train_digits.py): exponents, robust radii and adversarial pairs at test images.

    python examples/digits.py [--inputs 100] [--pairs 10] [--out FOLDER]

For the first test images: all 64 finite-time Lyapunov exponents; for each one that is classified correctly the
certified radius in the 2-norm, against margin * exp(-lambda T), lambda the largest exponent in floating point; for the
first few a certified adversarial pair. With matplotlib and a folder: exponents, radii, and the pairs as pictures.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import capnode as cn

DATA = Path(__file__).parent / "data"
TRAINING = 1297


def test_images(count: int) -> tuple[np.ndarray, np.ndarray]:
    """The first `count` of the test set as in train_digits.py: initial points x / 8 - 1 (count, 64), labels."""
    from sklearn.datasets import load_digits

    data = load_digits()
    order = np.random.default_rng(0).permutation(len(data.target))[TRAINING : TRAINING + count]
    return data.data[order] / 8.0 - 1.0, data.target[order]


def network() -> tuple[cn.Field, cn.Readout]:
    return cn.Field.load(DATA / "digits.capnode"), cn.Readout.load(DATA / "digits_readout.npz")


@dataclass
class Proofs:
    """What was proved at one image; `goal` is margin * exp(-lambda T), a yardstick in floating point."""

    label: int
    exponents: cn.IntervalArray
    cls: int | None = None
    radius: float | None = None
    goal: float | None = None
    pair: Any = None


def prove(field: cn.Field, head: cn.Readout, x: np.ndarray, label: int, *, pair: bool) -> Proofs:
    exponents = cn.lyapunov_exponents(field, x, 1.0, sums=False).require().exponents
    answer = Proofs(label, exponents)
    result = cn.robust_radius(field, head, x, 1.0)
    if result.proved:
        value = result.require()
        others = np.arange(head.classes) != value.cls
        size = np.linalg.norm(head.weight[value.cls] - head.weight, axis=1)[others]
        answer.cls, answer.radius = value.cls, value.radius
        answer.goal = float(np.min(value.margins.mid[others] / size) * np.exp(-exponents.mid[0]))
    if pair:
        found = cn.adversarial_pair(field, head, x, 1.0)
        answer.pair = found.value if found.proved else None
    return answer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=100, help="how many test images")
    parser.add_argument("--pairs", type=int, default=10, help="for how many of them an adversarial pair")
    parser.add_argument("--out", type=Path, help="folder for the pictures")
    arguments = parser.parse_args()
    field, head = network()
    images, labels = test_images(arguments.inputs)
    start = time.perf_counter()
    proofs = []
    for k, (x, label) in enumerate(zip(images, labels, strict=True)):
        proofs.append(prove(field, head, x, int(label), pair=k < arguments.pairs))
        p = proofs[-1]
        text = f"image {k:3d}  digit {p.label}  largest exponent {float(p.exponents.mid[0]):.10f}"
        if p.radius is not None and p.goal is not None:
            text += f"  class {p.cls}  radius {p.radius:.4f} = {p.radius / p.goal:.2f} of margin exp(-lambda T)"
        if p.pair is not None:
            text += f"  class {p.pair.classes[1]} at distance {float(p.pair.distance.hi):.4f}"
        print(text, flush=True)
    seconds = time.perf_counter() - start
    right = [p for p in proofs if p.cls == p.label]
    half = sum(p.radius >= 0.5 * p.goal for p in right if p.radius is not None and p.goal is not None)
    widest = max(float(np.max(p.exponents.width)) for p in proofs)
    print(
        f"{len(proofs)} images in {seconds:.1f} s: all 64 exponents at each, largest width {widest:.1e}; {len(right)} "
        f"classified correctly, {half} of these radii are at least half of margin * exp(-lambda T); "
        f"{sum(p.pair is not None for p in proofs)} adversarial pairs"
    )
    if arguments.out is not None:
        arguments.out.mkdir(parents=True, exist_ok=True)
        pictures(proofs, arguments.out)


def pictures(proofs: list[Proofs], out: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
    for p in proofs:
        left.plot(np.arange(1, 65), p.exponents.mid, color="C0", alpha=0.15)
    left.set(xlabel="i", ylabel="finite-time exponent, T = 1", title=f"all exponents at {len(proofs)} images")
    known = [p for p in proofs if p.radius is not None and p.goal is not None]
    right.plot([p.goal for p in known], [p.radius for p in known], ".")
    most = max((p.goal for p in known if p.goal is not None), default=1.0)
    right.plot([0, most], [0, most], "-", [0, most], [0, most / 2], "--", color="grey", linewidth=0.8)
    right.set(xlabel="margin exp(-lambda T)", ylabel="certified radius", title="robust radii (dashed: half)")
    figure.savefig(out / "digits.png", dpi=150)
    pairs = [p for p in proofs if p.pair is not None]
    if pairs:
        figure, axes = plt.subplots(2, len(pairs), figsize=(1.5 * len(pairs), 3.6), layout="constrained", squeeze=False)
        for k, p in enumerate(pairs):
            for row, (x, cls) in enumerate(zip((p.pair.x, p.pair.y), p.pair.classes, strict=True)):
                axes[row, k].imshow(x.reshape(8, 8), cmap="gray_r", vmin=-1, vmax=1)
                axes[row, k].set(xticks=[], yticks=[], title=f"class {cls}")
        figure.suptitle("certified adversarial pairs")
        figure.savefig(out / "digits-pairs.png", dpi=150)


if __name__ == "__main__":
    main()
