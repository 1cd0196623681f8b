"""Which operation of PyTorch a call is, whatever its spelling, and what its arguments are called.

``x + y``, ``torch.add(x, y)`` and ``x.add_(y)`` are all ``add``; PyTorch's own schemas name the arguments and give the
defaults. Functions that are written in Python, such as ``torch.nn.functional.softmax``, are taken apart: what they
call is recorded, not they themselves.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from types import CellType, FunctionType, SimpleNamespace
from typing import Any, NamedTuple

import torch
import torch.overrides
from torch import Tensor

from archrank.modules.operation import names

__all__ = ["Call", "bind", "operation_name", "python_body"]

_CHECKS = ("has_torch_function", "has_torch_function_unary", "has_torch_function_variadic")
_UNCHECKED: dict[str, Any] = {name: lambda *_: False for name in _CHECKS}
_UNCHECKED["overrides"] = SimpleNamespace(**{**vars(torch.overrides), **_UNCHECKED})

_VARIADIC = frozenset(
    names(
        "view reshape permute expand repeat tile flip new_zeros new_ones new_empty zeros ones empty rand randn"
    )
)
"""Operations whose list of sizes may be given as single numbers."""

_ALIASES = {
    "absolute": "abs",
    "clip": "clamp",
    "concat": "cat",
    "concatenate": "cat",
    "divide": "div",
    "greater": "gt",
    "greater_equal": "ge",
    "less": "lt",
    "less_equal": "le",
    "multiply": "mul",
    "negative": "neg",
    "not_equal": "ne",
    "subtract": "sub",
    "true_divide": "div",
}


class Call(NamedTuple):
    """A call of an operation.

    Attributes:
        name: The operation's name in PyTorch, without the underscore of one that works in place.
        overload: Which of its forms, such as ``"Tensor"``; empty for the only one.
        given: The arguments that were given, by name, in the order of the schema.
        defaults: The default of every argument that has one.
    """

    name: str
    overload: str
    given: dict[str, Any]
    defaults: Mapping[str, Any]


@lru_cache(maxsize=4096)
def python_body(function: FunctionType) -> FunctionType:
    """A copy of one of PyTorch's Python functions that does not ask who wants to handle it, but runs."""
    return _body(function, {})


def _body(function: FunctionType, known: dict[FunctionType, FunctionType]) -> FunctionType:
    cells = tuple(CellType() for _ in function.__closure__ or ())
    known[function] = body = FunctionType(
        function.__code__,
        scope := {**function.__globals__, **_UNCHECKED},
        function.__name__,
        function.__defaults__,
        cells or None,
    )
    # Some ask in a private function that they call.
    for name in function.__code__.co_names:
        value = scope.get(name)
        if name.startswith("_") and isinstance(value, FunctionType):
            scope[name] = known[value] if value in known else _body(value, known)
    body.__kwdefaults__ = function.__kwdefaults__
    # A decorated function is in the closure of the one that decorates it, which may be in its own.
    for cell, old in zip(cells, function.__closure__ or (), strict=True):
        value = old.cell_contents
        if isinstance(value, FunctionType):
            value = known[value] if value in known else _body(value, known)
        cell.cell_contents = value
    return body


def operation_name(function: Callable[..., Any]) -> tuple[str, bool]:
    """The name of an operation, and whether this form of it works in place."""
    return _name(function)


def bind(
    function: Callable[..., Any],
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    *,
    tensor: Tensor | None = None,
) -> Call:
    """What a call computes from what.

    Args:
        function: A function or method of PyTorch that is not written in Python, or a registered operator.
        args: Its arguments.
        kwargs: Its arguments by name.
        tensor: The first tensor among them, if any.
    """
    name, _ = _name(function)
    if name in _VARIADIC:
        first = 0 if tensor is None else 1
        if len(args) > first and isinstance(args[first], int):
            args = (*args[:first], tuple(args[first:]))
    form = _form(function, tuple(map(_type, args)), tuple([(k, _type(v)) for k, v in kwargs.items()]))
    if form is None:
        given = {f"argument{i}": value for i, value in enumerate(args)} | dict(kwargs)
        return Call(name, "", given, {})
    overload, names, defaults, renamed = form
    given = dict(zip(names, args, strict=False))
    if kwargs:
        by_name = {renamed.get(k, k): v for k, v in kwargs.items()}
        given |= {n: by_name[n] for n in names if n in by_name}
    return Call(name, overload, given, defaults)


@lru_cache(maxsize=4096)
def _name(function: Any) -> tuple[str, bool]:
    if isinstance(function, torch._ops.OpOverload):
        namespace, _, name = function._schema.name.partition("::")
    elif isinstance(function, torch._ops.OpOverloadPacket):
        namespace, _, name = function._qualified_op_name.partition("::")
    else:
        namespace, name = "aten", str(function.__name__)
    if namespace != "aten":
        return f"{namespace}::{name}", False
    if name.startswith("__"):
        return name.strip("_"), name in ("__setitem__",)
    plain = name[:-1] if (in_place := name.endswith("_")) else name
    return _ALIASES.get(plain, plain), in_place


Form = tuple[str, tuple[str, ...], dict[str, Any], dict[str, str]]


@lru_cache(maxsize=16_384)
def _form(function: Any, types: tuple[Any, ...], named: tuple[tuple[str, Any], ...]) -> Form | None:
    """The first of an operation's schemas that takes arguments of these types."""
    for schema in _schemas(function):
        arguments = list(schema.arguments)
        names = tuple(a.name for a in arguments)
        if len(types) > len(names) or "out" in schema.overload_name:
            continue
        renamed = {"axis": "dim", "input": "self", "self": "input", "x": "self"}
        renamed = {k: v for k, v in renamed.items() if k not in names and v in names}
        kinds = dict(zip(names, types, strict=False)) | {renamed.get(k, k): t for k, t in named}
        if all(
            _takes(str(a.type), a.name, kinds[a.name]) if a.name in kinds else a.has_default_value()
            for a in arguments
        ) and set(kinds) <= set(names):
            defaults = {a.name: a.default_value for a in arguments if a.has_default_value()}
            return schema.overload_name, names, defaults, renamed
    return None


def _schemas(function: Any) -> list[Any]:
    if isinstance(function, torch._ops.OpOverload):
        return [function._schema]
    if isinstance(function, torch._ops.OpOverloadPacket):
        return [getattr(function, name)._schema for name in function._overload_names]
    name, _ = _name(function)
    return list(torch._C._jit_get_schemas_for_operator(f"aten::{name}"))


def _type(value: Any) -> Any:
    if isinstance(value, Tensor):
        return Tensor
    if isinstance(value, list | tuple):
        return (_type(value[0]) if value else None,)
    return type(value)


_TAKEN: dict[str, tuple[type, ...]] = {
    "Tensor": (Tensor,),
    "int": (int, bool),
    "bool": (bool, int),
    "float": (float, int, bool),
    "complex": (complex, float, int),
    "number": (float, int, bool, complex),
    "str": (str,),
    "Device": (torch.device, str, int),
    "Generator": (torch.Generator,),
}
_SETTINGS = (torch.dtype, torch.layout, torch.memory_format)


def _takes(expected: str, name: str, given: Any) -> bool:
    if expected.startswith("Optional["):
        return given is type(None) or _takes(expected[9:-1], name, given)
    if expected.startswith("List["):
        inner = expected[5:-1]
        if isinstance(given, tuple):
            return given[0] is None or _takes(inner, name, given[0])
        return inner in ("int", "float") and _takes(inner, name, given)
    if isinstance(given, tuple):
        return False
    if issubclass(given, _SETTINGS):
        return expected == "int" and name in ("dtype", "layout", "memory_format")
    return given in _TAKEN.get(expected, ())
