"""Networks of the literature with drawn or trained weights, ready for `from_torch` and for the command line.

The functions without arguments to fill in are factories for `capnode … capnode.networks:NAME`. The matrices need numpy
alone; the modules need the extra `torch`, which is imported when a module is asked for.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from capnode.torch_import import modules

Array = npt.NDArray[np.float64]
DATA = Path(__file__).parent / "data"


def _nearly_skew(rng: np.random.Generator, n: int, noise: float = 0.1) -> Array:
    R1 = rng.standard_normal((n, n))
    R2 = noise * rng.standard_normal((n, n))
    return R1 - R1.T + R2


def kuehn_queirolo_matrix(n: int, seed: int = 80, noise: float = 0.1) -> Array:
    """`M = R1 - R1^T + R2`, (n, n): R1 standard normal, then R2 `noise` times so, both from `default_rng(seed)`.

    The sums are evaluated in float64 and the result is the matrix meant. About n/2 Hopf points each (Kuehn, Queirolo,
    DCDS-B 30, 2025; arXiv 2202.05073).
    """
    return _nearly_skew(np.random.default_rng(seed), n, noise)


def kuehn_queirolo(n: int = 6, seed: int = 80, activation: str = "tanh") -> modules.DiagonalFamily:
    """`h' = s((M + p I) h)` with the matrix above. Hopf points at p = -Re(lambda_i(M)), within |p| < 5."""
    from capnode.torch_import import modules

    return modules.DiagonalFamily(kuehn_queirolo_matrix(n, seed), activation=activation)


def three_layers(n: int = 6, seed: int = 2, activation: str = "tanh") -> modules.LayeredDiagonalFamily:
    """`h' = tanh(A3 tanh(A2 tanh(A1 h)))`, `A_i = M_i + p I`, three matrices drawn one after the other."""
    rng = np.random.default_rng(seed)
    from capnode.torch_import import modules

    return modules.LayeredDiagonalFamily([_nearly_skew(rng, n) for _ in range(3)], activation)


def single_entry(n: int = 6, seed: int = 80, g: float = 0.01) -> modules.EntryFamily:
    """The matrix above plus g I, with the parameter added to its last diagonal entry."""
    from capnode.torch_import import modules

    return modules.EntryFamily(kuehn_queirolo_matrix(n, seed), [(n - 1, n - 1, 1.0)], g=g)


def antisymmetric_pair(n: int = 6, seed: int = 80, g: float = 0.01) -> modules.EntryFamily:
    """The matrix above plus g I, with p added to entry (4, 3) and taken from (3, 4), counted from one."""
    from capnode.torch_import import modules

    return modules.EntryFamily(kuehn_queirolo_matrix(n, seed), [(3, 2, 1.0), (2, 3, -1.0)], g=g)


def leaky(n: int = 20, seed: int = 80) -> modules.LeakyNetwork:
    """`x' = -p x + W tanh(x) + b`, `W = I / 2 + M / sqrt(n)` of the matrix above, b 0.2 times normal."""
    rng = np.random.default_rng(seed)
    W = 0.5 * np.eye(n) + _nearly_skew(rng, n) / np.sqrt(n)
    from capnode.torch_import import modules

    return modules.LeakyNetwork(W, 0.2 * rng.standard_normal(n))


def low_rank(n: int = 100, m: int = 30, seed: int = 80, gain: float = 1.3) -> modules.LowRankNetwork:
    """`x' = -x + V tanh(U x + c + p d) + e` with m hidden units (m even), `V = U^T K`, of m/2 coupled oscillators.

    K is the block-diagonal matrix of `[[gain, -w], [w, gain]]`, w uniform in (1, 3), plus noise; U (m, n) is near the
    identity's first rows. The units saturate as |p| grows, so the pairs cross the axis one by one on both sides of 0.
    """
    rng = np.random.default_rng(seed)
    U = np.eye(m, n) + 0.1 * rng.standard_normal((m, n)) / np.sqrt(max(m, n))
    w = rng.uniform(1.0, 3.0, m // 2)
    K = gain * np.eye(m) + 0.1 * rng.standard_normal((m, m)) / np.sqrt(m)
    K[range(0, m, 2), range(1, m, 2)] -= w
    K[range(1, m, 2), range(0, m, 2)] += w
    c, d, e = 0.1 * rng.standard_normal(m), rng.uniform(0.5, 1.5, m), 0.1 * rng.standard_normal(n)
    from capnode.torch_import import modules

    return modules.LowRankNetwork(U.T @ K, U, c, d, e)


def moons(progress: float = 1.0) -> modules.DiagonalFamily:
    """The vector field of the network that `examples/train_moons.py` trained to separate scikit-learn's two moons.

    `h' = tanh((W + p I) h + b)`, ten units; -p is a damping, p = 0 the network as trained. `progress` goes along the
    straight line of weights from the untrained (0) to the trained network (1): `(1 - progress) W_0 + progress W_1`,
    rounded to float64 in between. Encoder and readout are in the same file, see `moons_weights`.
    """
    from capnode.torch_import import modules

    weights = moons_weights()

    def between(name: str) -> Array:
        first, last = weights[f"initial.field.{name}"], weights[f"trained.field.{name}"]
        return last if progress == 1.0 else (1.0 - progress) * first + progress * last

    return modules.DiagonalFamily(between("W"), between("b"))


def moons_weights() -> dict[str, Array]:
    """All weights of the moons network, under `initial.` and `trained.`: encoder, field (W, b), readout."""
    from safetensors.numpy import load_file

    return dict(load_file(DATA / "moons.safetensors"))


def parameter_mlp() -> modules.ParameterMLP:
    """A perceptron 4 -> 16 -> 16 -> 4 with tanh that learnt a vector field with its parameter as a fifth input.

    Trained by `examples/train_parameter_mlp.py`: two coupled oscillators whose pairs cross the imaginary axis near
    p = -0.3 and p = 0.2, while the equilibrium moves with p.
    """
    from capnode.torch_import import loading, modules

    module = modules.ParameterMLP()
    loading.load_into(module, DATA / "parameter_mlp.safetensors")
    return module
