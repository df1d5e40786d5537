"""The walk over an exported graph: every node becomes a value of the algebra, or a refusal that says where and why."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from capnode.errors import InternalError, UnsupportedOperation
from capnode.torch_import import contractions, layers, rearrangements  # noqa: F401  (they register operations)
from capnode.torch_import.algebra import Algebra
from capnode.torch_import.constants import Constant, constant
from capnode.torch_import.exporting import TORCH
from capnode.torch_import.operations import LOWERINGS, Unsupported
from capnode.torch_import.refusals import REFUSALS
from capnode.torch_import.values import ParameterAffine, Value

_IGNORED_KEYWORDS = {"device", "layout", "pin_memory", "memory_format", "non_blocking", "out", "generator"}
_INDEXING = {"index", "index_select", "gather", "index_put", "where", "masked_fill", "clone", "alias", "detach"}
# exact on exactly known numbers: they select, compare or round to whole numbers
_SELECTING = """
    abs relu max min amax amin maximum minimum clamp clamp_min clamp_max eq ne lt le gt ge sign floor ceil round trunc
    logical_and logical_or logical_not bitwise_and bitwise_or bitwise_not argmax argmin isnan isinf sort argsort nonzero
"""
_EXACT_ON_CONSTANTS = frozenset(_SELECTING.split())


class Reader:
    """Reads one exported program into the nodes of a FieldBuilder."""

    def __init__(self, algebra: Algebra, program: Any) -> None:
        self.algebra = algebra
        self.program = program
        self.values: dict[Any, Any] = {}
        self.integer_tensors: dict[Any, str] = {}

    def read(self, stored: Mapping[str, Value], inputs: list[Value], integer_tensors: Mapping[str, str]) -> Value:
        """`stored`: the tensors by their name in the program; `inputs`: state, parameter and time in order."""
        signature = self.program.graph_signature
        names = {
            **signature.inputs_to_parameters,
            **signature.inputs_to_buffers,
            **signature.inputs_to_lifted_tensor_constants,
        }
        remaining = list(inputs)
        for node in self.program.graph.nodes:
            if node.op == "placeholder":
                if node.name in names:
                    self.values[node] = stored.get(names[node.name])
                    if names[node.name] in integer_tensors:
                        self.integer_tensors[node] = integer_tensors[names[node.name]]
                else:
                    self.values[node] = remaining.pop(0)
            elif node.op == "get_attr":
                raise UnsupportedOperation(f"a nested graph ({node.target}): control flow inside the exported module")
            elif node.op == "call_function":
                self.values[node] = self._call(node)
            elif node.op == "output":
                outputs = user_outputs(self.program)
                if len(outputs) != 1:
                    raise ValueError(
                        f"forward must return one tensor, the derivative of the state; it returns {len(outputs)}"
                    )
                result: Value = self._argument(outputs[0])
                return result
        raise InternalError("the exported graph has no output")

    def _argument(self, argument: Any) -> Any:
        if isinstance(argument, torch.fx.Node):
            return self.values[argument]
        if isinstance(argument, list | tuple):
            return [self._argument(item) for item in argument]
        return argument

    def _call(self, node: Any) -> Any:
        if node.target is operator.getitem:
            return self._argument(node.args[0])[node.args[1]]
        schema = getattr(node.target, "_schema", None)
        if schema is None:
            raise UnsupportedOperation(self._message(node, str(node.target), REFUSALS.get(str(node.target), "")))
        operation = schema.name.partition("::")[2]
        name = operation.rstrip("_") if not operation.startswith("_") else operation
        if name.startswith("_assert"):
            return None
        self._refuse_integer_weights(node, name)
        args = [self._argument(argument) for argument in node.args]
        keywords = {k: self._argument(v) for k, v in node.kwargs.items() if k not in _IGNORED_KEYWORDS}
        folded = self._fold(node, name, args, keywords)
        if folded is not None:
            return folded
        lowering = LOWERINGS.get(name)
        if lowering is None:
            raise UnsupportedOperation(self._message(node, str(node.target), REFUSALS.get(name, "")))
        if name not in ("to", "_to_copy"):
            keywords.pop("dtype", None)
        try:
            result = lowering(self.algebra, *args, **keywords)
        except Unsupported as reason:
            raise UnsupportedOperation(self._message(node, str(node.target), str(reason))) from None
        except UnsupportedOperation:
            raise
        except ValueError as error:
            raise ValueError(f"{error} ({node.target} {self._place(node)})") from None
        except TypeError as error:
            raise UnsupportedOperation(
                self._message(node, str(node.target), f"this form of its arguments is not supported ({error})")
            ) from error
        return self._checked(node, result)

    def _refuse_integer_weights(self, node: Any, name: str) -> None:
        """Stored integers may select entries and count, but not be coefficients."""
        meta = node.meta.get("val")
        for argument in node.args:
            if isinstance(argument, torch.fx.Node) and argument in self.integer_tensors and name not in _INDEXING:
                if isinstance(meta, torch.Tensor) and meta.is_floating_point():
                    raise ValueError(
                        f"tensor {self.integer_tensors[argument]!r} holds integers where weights are needed "
                        f"({self._place(node)}); store it as float64"
                    )
                self.integer_tensors[node] = self.integer_tensors[argument]

    def _checked(self, node: Any, result: Any) -> Any:
        """The shape must be torch's; whole numbers and masks keep their kind."""
        meta = node.meta.get("val")
        if not isinstance(meta, torch.Tensor) or isinstance(result, list):
            return result
        if tuple(meta.shape) != tuple(result.shape):
            raise InternalError(
                f"{node.target} gave shape {result.shape}, torch {tuple(meta.shape)}: please report this"
            )
        if isinstance(result, Constant):
            kind = "real" if meta.is_floating_point() else ("bool" if meta.dtype is torch.bool else "integer")
            if kind != result.kind and result.exact:
                return Constant(result.mid, None, kind)  # type: ignore[arg-type]
        return result

    def _fold(self, node: Any, name: str, args: list[Any], keywords: dict[str, Any]) -> Any:
        """torch itself on exactly known numbers, where its answer is exact."""
        tensors = [a for a in args if isinstance(a, Constant)]
        if not tensors or any(
            isinstance(a, ParameterAffine) or (hasattr(a, "index") and hasattr(a, "layer")) for a in args
        ):
            return None
        whole = all(t.kind != "real" for t in tensors) and name not in LOWERINGS
        if not (whole or name in _EXACT_ON_CONSTANTS) or not all(t.exact for t in tensors):
            return None
        result = node.target(*[_tensor(a) if isinstance(a, Constant) else a for a in args], **keywords)
        return [_value(r) for r in result] if isinstance(result, list | tuple) else _value(result)

    # --- words ---------------------------------------------------------------------------------------------------

    def _place(self, node: Any) -> str:
        stack = list((node.meta.get("nn_module_stack") or {}).values())
        path, kind = stack[-1] if stack else ("", "")
        kind = getattr(kind, "__qualname__", str(kind)).rpartition(".")[2]
        where = f"in module {path!r} ({kind})" if path else f"in the module itself ({kind})"
        lines = [line.strip() for line in (node.meta.get("stack_trace") or "").splitlines() if line.strip()]
        for i in range(len(lines) - 1, -1, -1):
            if lines[i].startswith("File ") and (TORCH not in lines[i] or i < 2):
                code = lines[i + 1] if i + 1 < len(lines) else ""
                return f"{where}, {lines[i].removeprefix('File ')}: `{code}`"
        return where

    def _message(self, node: Any, operation: str, reason: str) -> str:
        because = f": {reason}" if reason else " is not an operation that a field can hold"
        return f"{operation} {self._place(node)}{because}. Supported: {', '.join(supported())}"


def user_outputs(program: Any) -> list[Any]:
    """What `forward` returns, without the buffers it may have changed on the way."""
    outputs = program.graph_module.graph.output_node().args[0]
    names = set(program.graph_signature.user_outputs)
    return [output for output in outputs if getattr(output, "name", None) in names]


def supported() -> list[str]:
    """The ATen operations that a field can hold, by name."""
    return sorted(name for name in LOWERINGS if not name.startswith("_"))


def _tensor(c: Constant) -> torch.Tensor:
    dtype = {"real": torch.float64, "integer": torch.int64, "bool": torch.bool}[c.kind]
    return torch.from_numpy(np.array(c.mid)).to(dtype)


def _value(result: Any) -> Value:
    if result.is_floating_point():
        return constant(result.numpy())
    kind = "bool" if result.dtype is torch.bool else "integer"
    return Constant(result.numpy().astype(np.float64), None, kind)  # type: ignore[arg-type]
