"""From a module to a functional ATen graph by `torch.export`, and plain words for what stands in its way."""

from __future__ import annotations

import contextlib
import copy
import io
import linecache
import logging
import threading
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import nn

from capnode.errors import UnsupportedOperation
from capnode.torch_import.tensors import to_float64

_ONE_EXPORT = threading.Lock()  # the default dtype and the log levels are globals of the process
TORCH, _HERE = str(Path(torch.__file__).parent), str(Path(__file__).parent)
_LOGGERS = ("torch.fx.experimental.symbolic_shapes", "torch._subclasses.fake_tensor", "torch._dynamo", "torch.export")


def double_copy(module: Any) -> Any:
    """A copy of the module whose floating tensors are float64, widened exactly; the user's module stays as it is."""
    try:
        twin = copy.deepcopy(module)
    except Exception as error:
        raise ValueError(f"the module cannot be copied (copy.deepcopy): {error}") from error
    done: dict[int, Any] = {}

    def widened(value: Any, name: str) -> Any:
        if isinstance(value, torch.Tensor) and (value.is_floating_point() or value.is_complex()):
            if id(value) not in done:
                done[id(value)] = torch.from_numpy(to_float64(value, name))
            return done[id(value)]
        if type(value) in (list, tuple):
            return type(value)(widened(item, f"{name}[{i}]") for i, item in enumerate(value))
        if type(value) is dict:
            return {key: widened(item, f"{name}[{key!r}]") for key, item in value.items()}
        return value

    for prefix, part in twin.named_modules():
        dot = f"{prefix}." if prefix else ""
        for name, weight in part._parameters.items():
            if weight is not None and id(weight) not in done:
                weight.data = torch.from_numpy(to_float64(weight, dot + name))
                weight.requires_grad_(False)
                done[id(weight)] = weight
        for name, tensor in list(part._buffers.items()):
            part._buffers[name] = widened(tensor, dot + name)
        for name, attribute in list(vars(part).items()):
            if not name.startswith("_"):
                vars(part)[name] = widened(attribute, dot + name)
    return twin


@contextlib.contextmanager
def _quiet_float64() -> Iterator[None]:
    """Tensors made in `forward` are float64, as Python scalars are doubles; torch's diagnostics stay silent."""
    with _ONE_EXPORT, warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        dtype, levels = torch.get_default_dtype(), {name: logging.getLogger(name).level for name in _LOGGERS}
        try:
            torch.set_default_dtype(torch.float64)
            for name in _LOGGERS:
                logging.getLogger(name).setLevel(logging.CRITICAL)
            yield
        finally:
            torch.set_default_dtype(dtype)
            for name, level in levels.items():
                logging.getLogger(name).setLevel(level)


def _mutates(program: Any) -> bool:
    """Are there edits in place, or regions (as of `torch.no_grad`) that have to be inlined?"""
    for node in program.graph.nodes:
        if node.op == "get_attr" and isinstance(getattr(program.graph_module, str(node.target), None), nn.Module):
            return True
        schema = getattr(node.target, "_schema", None)
        if node.op == "call_function" and schema is not None and schema.is_mutable:
            return True
    return False


def export(module: Any, arguments: tuple[Any, ...]) -> Any:
    """The exported program, free of edits in place. Raises what torch raises."""
    with _quiet_float64():
        program = torch.export.export(module, arguments, strict=False)
        return program.run_decompositions({}) if _mutates(program) else program


def data_dependent(error: BaseException) -> bool:
    names = {kind.__name__ for kind in type(error).__mro__}
    return bool(
        names & {"GuardOnDataDependentSymNode", "UncapturedHigherOrderOpError", "DataDependentOutputException"}
    ) or ("data-dependent" in str(error).lower())


def place_of(module: Any, error: BaseException) -> str:
    """The module path and the user's line in whose run the error was raised."""
    path, line = "", ""
    paths = {id(part): name for name, part in module.named_modules()}
    for frame, number in traceback.walk_tb(error.__traceback__):
        owner = next(iter(frame.f_locals.values()), None)  # `self` of a method, whatever its name
        if isinstance(owner, nn.Module) and id(owner) in paths:
            path = paths[id(owner)]
        file = frame.f_code.co_filename
        if not file.startswith((TORCH, _HERE, "<")):
            line = f', "{file}", line {number}: `{linecache.getline(file, number).strip()}`'
    return (f"module {path!r}" if path else f"the module itself ({type(module).__name__})") + line


def refusal(module: Any, error: BaseException) -> UnsupportedOperation | None:
    """Data-dependent control flow, or batch norm in train mode, named with the place; None for any other error."""
    if data_dependent(error):
        return UnsupportedOperation(
            f"data-dependent control flow in {place_of(module, error)}. A field is one formula for all states: the "
            "flow of the program may not depend on values of state, parameter or time (no `if`, `.item()`, or "
            f"`torch.cond` on them). torch.export says: {str(error).splitlines()[0]}"
        )
    if "more than 1 value per channel when training" in str(error):
        return UnsupportedOperation(
            f"aten.batch_norm in {place_of(module, error)}: batch norm in train mode, its statistics depend on the "
            "batch; call module.eval() first"
        )
    return None
