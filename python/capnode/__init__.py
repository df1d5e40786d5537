"""capnode: computer-assisted proofs about neural ODEs. This file is the table of contents of the public names.

`import capnode` needs numpy and scipy only; `from_torch` needs the extra `torch`, pictures need `plot`, `verify` needs
`verify`, and each says so when it is called without.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from capnode._core import version as __version__
from capnode.boundary import Chain, DecisionBoundary
from capnode.certificate import Certificate
from capnode.class_map import ClassMap
from capnode.classify import classify, decision_boundary
from capnode.discrete import DiscreteMap, Iteration, IterationBatch, euler_map, iterate
from capnode.equilibrium import Equilibrium, equilibrium
from capnode.errors import InternalError, NotProved, RunIncomplete, UnsupportedOperation
from capnode.field import Field
from capnode.ftle import ftle
from capnode.ftle_field import FtleField
from capnode.hopf import HopfSearch, hopf_points
from capnode.hopf_point import HopfPoint, prove_hopf
from capnode.input_class import InputClass, input_class
from capnode.integrate import Parallelepiped, integrate, parallelepiped
from capnode.interval_array import IntervalArray, interval
from capnode.layered import Layered, layered
from capnode.lyapunov import Exponents, lyapunov_exponents
from capnode.periodic_exclusion import PeriodicOrbitExclusion, no_periodic_orbits
from capnode.pieces import PiecewiseSet, integrate_pieces
from capnode.poincare import Return, Section, poincare_map, section
from capnode.readout import Readout, readout
from capnode.result import Evidence, Result, Verdict
from capnode.robustness import AdversarialPair, RobustRadius, adversarial_pair, robust_radius
from capnode.spectrum import Spectrum, spectrum
from capnode.trajectory import Trajectory, TrajectoryBatch
from capnode.zeros import Zero, interval_newton, krawczyk, newton_kantorovich

if TYPE_CHECKING:
    from capnode.verification.report import Verification

__all__ = [
    "AdversarialPair",
    "Certificate",
    "Chain",
    "ClassMap",
    "DecisionBoundary",
    "DiscreteMap",
    "Equilibrium",
    "Evidence",
    "Exponents",
    "Field",
    "FtleField",
    "HopfPoint",
    "HopfSearch",
    "InputClass",
    "InternalError",
    "IntervalArray",
    "Iteration",
    "IterationBatch",
    "Layered",
    "NotProved",
    "Parallelepiped",
    "PeriodicOrbitExclusion",
    "PiecewiseSet",
    "Readout",
    "Result",
    "Return",
    "RobustRadius",
    "RunIncomplete",
    "Section",
    "Spectrum",
    "Trajectory",
    "TrajectoryBatch",
    "UnsupportedOperation",
    "Verdict",
    "Zero",
    "__version__",
    "adversarial_pair",
    "classify",
    "decision_boundary",
    "equilibrium",
    "euler_map",
    "from_torch",
    "ftle",
    "hopf_points",
    "input_class",
    "integrate",
    "integrate_pieces",
    "interval",
    "interval_newton",
    "iterate",
    "krawczyk",
    "layered",
    "lyapunov_exponents",
    "newton_kantorovich",
    "no_periodic_orbits",
    "parallelepiped",
    "poincare_map",
    "prove_hopf",
    "readout",
    "robust_radius",
    "section",
    "spectrum",
    "verify",
]


def from_torch(
    module: Any,
    dim: int | None = None,
    *,
    parameter: str | Mapping[str, Any] | Sequence[str | Mapping[str, Any]] | None = None,
    parameter_dim: int | None = None,
    weight_radius: float | Mapping[str, Any] = 0.0,
) -> Field:
    """The field x' = module(x), module(x, p), module(t, x) or module(t, x, p) of a `torch.nn.Module`.

    dim            dimension of the state; read off the first linear layer where there is one
    parameter      None: an argument of `forward`; "fc.weight[2, 5]": an increment of that entry; a dict name -> tensor:
                   p moves the weights along this direction; p = 0 is the module as stored
    parameter_dim  size of a vector argument p; default: a 0-d tensor
    weight_radius  absolute, entrywise, on every tensor of the state dict, or a dict name -> radius array: theorems then
                   hold for every network within it

    Raises UnsupportedOperation, naming operation, module path and line, for what no field can hold. docs/fields.md.
    """
    from capnode.torch_import.importer import from_torch as read

    return read(module, dim, parameter=parameter, parameter_dim=parameter_dim, weight_radius=weight_radius)


def verify(
    certificate: Certificate | Mapping[str, Any] | str | os.PathLike[str],
    *,
    fields: Sequence[str | os.PathLike[str]] | str | os.PathLike[str] = (),
    points: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Verification:
    """Checks a certificate (or its document, or the path of its file) with Arb and none of capnode's C++.

    The answer has `.ok`, and `.checks`: layer, name, holds, detail. Two layers: "digest", is the file unchanged;
    "truth", is every claim proved again. `fields`: paths of field files, for certificates that store digests only.
    `points`: re-prove only so many theorems, evenly spread; milliseconds each for n = 10, 13 s for n = 400.
    """
    from capnode.verification.verifier import verify as check

    return check(certificate, fields=fields, points=points, progress=progress)
