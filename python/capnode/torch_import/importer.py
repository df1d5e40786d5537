"""`from_torch`: the vector field that a module computes, the analytic function whose coefficients are its weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from capnode import _core
from capnode.errors import UnsupportedOperation
from capnode.field import Field
from capnode.torch_import import exporting, parameters
from capnode.torch_import.algebra import Algebra
from capnode.torch_import.constants import Constant, constant
from capnode.torch_import.reader import Reader, user_outputs
from capnode.torch_import.signature import Signature, candidate_dims, read_signature
from capnode.torch_import.tensors import to_constant
from capnode.torch_import.values import ParameterAffine, Value


def from_torch(
    module: nn.Module,
    dim: int | None = None,
    *,
    parameter: str | Mapping[str, Any] | Sequence[str | Mapping[str, Any]] | None = None,
    parameter_dim: int | None = None,
    weight_radius: float | Mapping[str, Any] = 0.0,
) -> Field:
    """The field `x' = module(x)`, `module(x, p)`, `module(t, x)` or `module(t, x, p)`, of dimension `dim`.

    The module is read through `torch.export` and is not changed. An argument of `forward` named `t` is the time, the
    first other one the state, the next one the parameter: a 0-d tensor, or of shape (parameter_dim,) where that is
    given. (One whose default is None is left out unless `parameter_dim` is given.) The state is tried as (dim,), then
    as a batch of one (1, dim). `dim` is read off the first linear layer (or else the matrices among the weights) where
    there is one.

    A parameter enters in one of three ways:

    * `forward(x, p)`;
    * `parameter="fc.weight[2, 5]"`: p is added to this entry (an increment: p = 0 is the module as stored);
    * `parameter={name: tensor, ...}`: p moves the weights along this direction in weight space, an increment too. A
      tensor may be an `IntervalArray` (a direction known up to rounding); a name may be an entry,
      `{"W[3, 2]": 1.0, "W[2, 3]": -1.0}`. A sequence of entries or dicts gives one parameter for each of them.

    weight_radius: the field stands for every module whose weights differ from the stored ones by at most this much,
    entry by entry: a number for every floating tensor of the `state_dict`, or a dict name -> number or array. A weight
    that is used twice is enclosed at each use on its own: a superset of the modules with one common value, so what is
    proved holds for them.

    What is meant: the analytic function whose coefficients are exactly the stored binary numbers. float32, float16 and
    bfloat16 weights widen exactly, and the rounding of torch's own forward pass is not part of it; Python numbers
    in `forward` are doubles, and tensors made there are float64; `softplus` has no threshold; conversions between
    floating types change nothing. Constant subexpressions (`W - 0.03 * torch.eye(n)`, batch norm in eval mode) are
    folded in enclosures: they become weights with a radius of a rounding where they are not exact.

    Raises UnsupportedOperation, naming the ATen operation, the module path and the line, for what a field cannot hold
    (functions that are not smooth, dropout or batch norm in train mode, data-dependent control flow), and ValueError
    for weights that are not finite, not real or not floating, and for shapes that do not fit.
    """
    if not isinstance(module, nn.Module):
        raise ValueError(f"from_torch needs a torch.nn.Module, not {type(module).__name__}")
    for name, given in (("dim", dim), ("parameter_dim", parameter_dim)):
        if given is not None and (not isinstance(given, int) or isinstance(given, bool) or given < 1):
            raise ValueError(f"{name} must be a whole number of at least 1, not {given!r}")
    with _core.FloatEnvironment():
        return _import(module, dim, parameter, parameter_dim, weight_radius)


def _import(module: Any, dim: int | None, parameter: Any, parameter_dim: int | None, weight_radius: Any) -> Field:
    _refuse_integer_parameters(module)
    twin = exporting.double_copy(module)
    tensors = dict(twin.state_dict(keep_vars=True))
    shapes = {name: tuple(t.shape) for name, t in tensors.items() if t.is_floating_point()}
    signature = read_signature(twin, parameter_dim)
    moves = parameters.directions(parameter, shapes) if parameter is not None else []
    count = _parameter_count(signature, moves, parameter_dim, type(module).__name__)
    radius = parameters.radii(weight_radius, shapes)

    program, dim = _export(twin, signature, dim, count, parameter_dim)
    builder = _core.FieldBuilder(dim, count, signature.has_time)
    algebra = Algebra(builder, count)
    aliases: dict[int, list[str]] = {}
    for name, tensor in tensors.items():
        aliases.setdefault(id(tensor), []).append(name)
    stored: dict[str, Value] = {}
    integers: dict[str, str] = {}
    for name, tensor in {**program.state_dict, **program.constants}.items():
        if not isinstance(tensor, torch.Tensor):
            continue
        names = next((group for group in aliases.values() if name in group), [name])
        stored[name] = _stored(tensor, name, names, radius, moves)
        if name in tensors and not tensor.is_floating_point() and tensor.dtype is not torch.bool:
            integers[name] = name
    result = Reader(algebra, program).read(stored, _inputs(algebra, signature, dim, parameter_dim, program), integers)
    if tuple(result.shape) not in ((dim,), (1, dim)):
        raise ValueError(f"forward returns shape {tuple(result.shape)} for a state of dimension {dim}")
    return Field(builder.build(algebra.flat(result)))


def _refuse_integer_parameters(module: Any) -> None:
    for name, weight in module.named_parameters():
        if not (weight.is_floating_point() or weight.is_complex()):
            raise ValueError(f"tensor {name!r} holds integers ({weight.dtype}) where weights are needed; use float64")


def _parameter_count(signature: Signature, moves: list[Any], parameter_dim: int | None, name: str) -> int:
    if moves:
        if signature.has_parameter:
            raise ValueError(f"forward of {name} takes a parameter, and parameter= names another: give one of them")
        if parameter_dim is not None and parameter_dim != len(moves):
            raise ValueError(f"parameter_dim is {parameter_dim}, but parameter= gives {len(moves)}")
        return len(moves)
    if not signature.has_parameter:
        if parameter_dim is not None:
            raise ValueError(f"parameter_dim is {parameter_dim}, but forward of {name} takes no parameter")
        return 0
    return 1 if parameter_dim is None else parameter_dim


def _export(twin: Any, signature: Signature, dim: int | None, count: int, parameter_dim: int | None) -> tuple[Any, int]:
    """The program for the first dimension and shape of the state that `forward` accepts."""
    dims = [dim] if dim is not None else candidate_dims(twin, signature, count)
    error: BaseException | None = None
    for n in dims:
        for shape in ((n,), (1, n)):
            samples = {
                "state": torch.zeros(shape, dtype=torch.float64),
                "parameter": torch.zeros(() if parameter_dim is None else (parameter_dim,), dtype=torch.float64),
                "time": torch.zeros((), dtype=torch.float64),
            }
            try:
                program = exporting.export(twin, tuple(samples[role] for role in signature.roles))
            except Exception as failure:
                refused = exporting.refusal(twin, failure)
                if refused is not None:
                    raise refused from None
                error = error or failure
                continue
            outputs = user_outputs(program)
            meta = outputs[0].meta.get("val") if len(outputs) == 1 else None
            if meta is None or tuple(meta.shape) in ((n,), (1, n)):
                return program, n
            error = error or ValueError(f"it returns shape {tuple(meta.shape)}")
    tried = " or ".join(f"({n},) or (1, {n})" for n in dims)
    first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    kind = UnsupportedOperation if not isinstance(error, ValueError | RuntimeError) else ValueError
    raise kind(f"{type(twin).__name__} is no vector field on states of shape {tried}: {first}") from error


def _stored(
    tensor: Any, name: str, names: list[str], radius: Mapping[str, Any], moves: list[parameters.Direction]
) -> Value:
    """A stored tensor with its radius, moved by the parameters that are directions in weight space."""
    rads = [radius[alias] for alias in names if alias in radius]
    base = to_constant(tensor, name, np.maximum.reduce(rads) if rads else None)
    terms: dict[int, Constant] = {}
    for k, direction in enumerate(moves):
        given = [direction[alias] for alias in names if alias in direction]
        if any(not np.array_equal(given[0].mid, other.mid) for other in given[1:]):
            raise ValueError(f"{' and '.join(names)} are one tensor, but their directions differ")
        if given and not given[0].equals(0.0):
            terms[k] = given[0]
    return ParameterAffine(base, terms) if terms else base


def _inputs(algebra: Algebra, signature: Signature, dim: int, parameter_dim: int | None, program: Any) -> list[Value]:
    names = list(program.graph_signature.user_inputs)
    shapes = {
        n.name: tuple(n.meta["val"].shape) for n in program.graph.nodes if n.op == "placeholder" and n.name in names
    }
    inputs: list[Value] = []
    for role, name in zip(signature.roles, names, strict=True):
        if role == "state":
            inputs.append(algebra.node(algebra.builder.state(), shapes[name]))
        elif role == "time":
            inputs.append(algebra.node(algebra.builder.time(), ()))
        else:
            units = np.eye(1 if parameter_dim is None else parameter_dim)
            terms = {k: constant(row.reshape(shapes[name])) for k, row in enumerate(units)}
            inputs.append(ParameterAffine(constant(np.zeros(shapes[name])), terms))
    return inputs
