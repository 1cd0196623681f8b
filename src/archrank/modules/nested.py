"""Tensors within tuples, lists, mappings and data classes."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from torch import Tensor

__all__ = ["mapped", "tensors_in"]


def tensors_in(value: Any) -> Iterator[Tensor]:
    """The tensors of a value, in their order, however it nests them."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from tensors_in(part)
    elif isinstance(value, list | tuple | set | frozenset):
        for part in value:
            yield from tensors_in(part)
    elif is_dataclass(value) and not isinstance(value, type):
        for entry in fields(value):
            yield from tensors_in(getattr(value, entry.name, None))


def mapped(function: Callable[[Tensor], Any], value: Any) -> Any:
    """A value with every tensor replaced; what holds none is the same object."""
    if isinstance(value, Tensor):
        return function(value)
    if isinstance(value, tuple):
        parts = [mapped(function, part) for part in value]
        if all(new is old for new, old in zip(parts, value, strict=True)):
            return value
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    if isinstance(value, list):
        return [mapped(function, part) for part in value]
    if type(value) is dict:
        return {key: mapped(function, part) for key, part in value.items()}
    if next(tensors_in(value), None) is None:
        return value
    if isinstance(value, Mapping):
        return type(value)({key: mapped(function, part) for key, part in value.items()})  # type: ignore[call-arg]
    if is_dataclass(value) and not isinstance(value, type):
        return type(value)(**{f.name: mapped(function, getattr(value, f.name)) for f in fields(value)})
    return value
