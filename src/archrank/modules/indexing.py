"""Indexing: ``x[:, 0]``, ``x[mask] = 0``, and the functions that do the same."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from archrank.modules.operation import Operation
from archrank.modules.signatures import Call

__all__ = ["indexed", "selected"]


def selected(call: Call, outputs: Sequence[Tensor], batch: int) -> Operation:
    """Part of one dimension, by a function."""
    source, given = call.given["self"], call.given
    dim = given["dim"] % source.dim()
    operation = Operation("getitem", [source])
    if call.name == "select":
        operation.set(f"index{dim}", given["index"] % source.shape[dim])
    else:
        if call.name == "narrow":
            start, length = given["start"], given["length"]
            index = slice(start, start + length)
        else:
            index = slice(given.get("start"), given.get("end"), given.get("step", 1))
        _set_slice(operation, dim, index, source.shape[dim])
    return operation


def indexed(call: Call, outputs: Sequence[Tensor], batch: int) -> Operation | None:
    """Square brackets; None where they leave the tensor as it is."""
    values = list(call.given.values())
    operation = Operation(call.name, [values[0]])
    _set_index(operation, values[0], values[1])
    if call.name == "setitem":
        if isinstance(values[2], Tensor):
            operation.sources.append(values[2])
        else:
            operation.set("value", values[2])
    elif not operation.attributes and len(operation.sources) == 1:
        return None
    return operation


def _set_slice(operation: Operation, dim: int, index: slice, size: int) -> None:
    start, stop, step = index.indices(size)
    if (start, stop, step) != (0, size, 1):
        operation.set(f"start{dim}", start)
        operation.set(f"stop{dim}", stop)
        if step != 1:
            operation.set(f"step{dim}", step)


def _set_index(operation: Operation, source: Tensor, index: Any) -> None:
    """Describe ``source[index]``; dimensions are those of the source."""
    entries = list(index) if isinstance(index, tuple) else [index]
    consumed = sum(_consumes(entry) for entry in entries)
    dim = 0
    for entry in entries:
        if entry is Ellipsis:
            dim += source.dim() - consumed
        elif entry is None:
            name = f"new{dim}"
            operation.attributes[name] = operation.attributes.get(name, 0.0) + 1
        elif isinstance(entry, bool):
            operation.set(f"bool{dim}", entry)
        elif isinstance(entry, slice):
            _set_slice(
                operation, dim, slice(*map(_number, (entry.start, entry.stop, entry.step))), source.shape[dim]
            )
            dim += 1
        elif isinstance(entry, Tensor):
            operation.sources.append(entry)
            operation.set(f"tensor{dim}", 1)
            dim += _consumes(entry)
        elif isinstance(entry, list | tuple | range):
            operation.set(f"list{dim}", [float(v) for v in _numbers(entry)])
            operation.set(f"length{dim}", len(entry))
            dim += 1
        else:
            operation.set(f"index{dim}", _number(entry) % max(1, source.shape[dim]))
            dim += 1


def _number(entry: Any) -> Any:
    return entry if entry is None else int(entry)


def _numbers(values: Iterable[Any]) -> Iterator[float]:
    for value in values:
        if isinstance(value, list | tuple):
            yield from _numbers(value)
        else:
            yield float(value)


def _consumes(entry: Any) -> int:
    """How many dimensions of a tensor an entry of its index stands for."""
    if entry is None or entry is Ellipsis or isinstance(entry, bool):
        return 0
    if isinstance(entry, Tensor) and entry.dtype in (torch.bool, torch.uint8):
        return entry.dim()
    return 1
