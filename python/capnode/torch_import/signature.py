"""What the arguments of `forward` mean: time is named `t`, the first other one is the state, the next the parameter."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

from torch import nn


@dataclass(frozen=True, slots=True)
class Signature:
    """The roles of the leading arguments of `forward`, in order: "state", "parameter" or "time"."""

    roles: tuple[str, ...]

    @property
    def has_time(self) -> bool:
        return "time" in self.roles

    @property
    def has_parameter(self) -> bool:
        return "parameter" in self.roles


def read_signature(module: Any, parameter_dim: int | None) -> Signature:
    """A further argument with a default is left at it, unless it stands where the parameter does and its default is a
    number, or `parameter_dim` asks for it."""
    roles: list[str] = []
    missing: list[str] = []
    kinds = inspect.Parameter
    for argument in inspect.signature(module.forward).parameters.values():
        if argument.kind in (kinds.VAR_POSITIONAL, kinds.VAR_KEYWORD):
            continue
        optional = argument.default is not kinds.empty
        if argument.kind is kinds.KEYWORD_ONLY:
            if not optional:
                missing.append(argument.name)
            continue
        if argument.name == "t" and "time" not in roles:
            roles.append("time")
        elif "state" not in roles:
            roles.append("state")
        elif "parameter" not in roles and (not optional or parameter_dim or argument.default is not None):
            roles.append("parameter")
        elif not optional:
            missing.append(argument.name)
        else:
            break
    if missing:
        raise ValueError(
            f"forward of {type(module).__name__} takes more than state, parameter and time: {', '.join(missing)}"
        )
    if "state" not in roles:
        if not any(a.kind is kinds.VAR_POSITIONAL for a in inspect.signature(module.forward).parameters.values()):
            raise ValueError(f"forward of {type(module).__name__} takes no state")
        roles.append("state")
    return Signature(tuple(roles))


def candidate_dims(module: Any, signature: Signature, parameter_dim: int) -> list[int]:
    """The inputs of the first linear layer, and what is left of them where parameter or time are concatenated too.

    Without a linear layer the columns of the matrices among the weights, in their order: whether `forward` maps such
    a state to its derivative decides.
    """
    for layer in module.modules():
        if isinstance(layer, nn.Linear):
            width = int(layer.in_features)
            others = {0, parameter_dim if signature.has_parameter else 0}
            others |= {extra + 1 for extra in others} if signature.has_time else set()
            return [width - extra for extra in sorted(others) if width > extra]
    columns = [int(w.shape[1]) for w in module.state_dict().values() if w.ndim == 2 and w.is_floating_point()]
    if not columns:
        raise ValueError(
            f"the dimension of the state cannot be read off {type(module).__name__}, which has no linear layer and no "
            "matrix among its weights: give dim=…"
        )
    return list(dict.fromkeys(columns))
