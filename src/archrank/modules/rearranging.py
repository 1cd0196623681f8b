"""Operations that arrange or make numbers and compute none: reshape, permute, split, index, convert, create."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from archrank.modules.operation import Operation, names
from archrank.modules.signatures import Call

__all__ = ["CREATED", "REARRANGED", "Described"]

Described = Callable[[Call, Sequence[Tensor], int], Operation | None]
"""A description of a call, from its results and how many inputs are computed at a time; None for what passes its first
argument on."""

CREATED = frozenset(
    names(
        "zeros ones empty full rand randn arange linspace logspace eye tensor as_tensor scalar_tensor randint randperm "
        "tril_indices triu_indices"
    )
)
"""Operators that make a tensor of sizes and numbers."""

_INTEGER = frozenset(names("arange randint randperm tril_indices triu_indices"))
_MOST_VALUES = 64


def _sizes(operation: Operation, shape: Iterable[int], batch: int) -> Operation:
    """The sizes of a result are attributes, other than the number of inputs."""
    for i, size in enumerate(shape):
        if i or size != batch:
            operation.attributes[f"size{i}"] = float(size)
    return operation


def _first(call: Call) -> Tensor:
    return next(v for v in call.given.values() if isinstance(v, Tensor))


def _reshaped(call: Call, outputs: Sequence[Tensor], batch: int) -> Operation | None:
    source = _first(call)
    if source.shape == outputs[0].shape:
        return None
    return _sizes(Operation("reshape", [source]), outputs[0].shape, batch)


def _expanded(call: Call, outputs: Sequence[Tensor], batch: int) -> Operation | None:
    source = _first(call)
    if source.shape == outputs[0].shape:
        return None
    return _sizes(Operation("expand", [source]), outputs[0].shape, batch)


def _permuted(call: Call, outputs: Sequence[Tensor], batch: int) -> Operation | None:
    source = _first(call)
    # What became of each dimension shows on a tensor whose dimensions are told apart by their sizes.
    rank = source.dim()
    order = list(range(rank))
    options = [v for v in call.given.values() if not isinstance(v, Tensor)]
    if call.name == "permute":
        order = [d % rank for d in options[0]]
    elif call.name in ("t", "T", "numpy_T"):
        order.reverse()
    elif call.name in ("mT", "mH", "adjoint"):
        order[-2:] = order[:-3:-1]
    elif call.name in ("movedim", "moveaxis"):
        moved = torch.empty([i + 1 for i in order], device="meta").movedim(*options)
        order = [size - 1 for size in moved.shape]
    else:
        a, b = (d % rank for d in options[:2])
        order[a], order[b] = order[b], order[a]
    if order == list(range(rank)):
        return None
    operation = Operation("permute", [source])
    for i, dim in enumerate(order):
        operation.attributes[f"dim{i}"] = float(dim)
    return operation


def _parts(call: Call, outputs: Sequence[Tensor], batch: int) -> Operation:
    source = _first(call)
    dim = call.given.get("dim", call.defaults.get("dim", 0)) % source.dim()
    operation = Operation("unbind" if call.name == "unbind" else "split", [source])
    operation.set("dim", dim)
    if operation.kind == "split":
        operation.set("sizes", [part.shape[dim] for part in outputs])
    return operation


def _converted(call: Call, outputs: Sequence[Tensor], batch: int) -> Operation | None:
    source = _first(call)
    if outputs[0].dtype == source.dtype:
        return None
    operation = Operation("to", [source])
    operation.set("dtype", outputs[0].dtype)
    return operation


def _created(call: Call, outputs: Sequence[Tensor], batch: int) -> Operation:
    """Tensors that are made of sizes and numbers; of what they are like, only these count."""
    operation = Operation(call.name.removeprefix("new_").removesuffix("_like"))
    for name, value in call.given.items():
        if isinstance(value, Tensor) and not (call.name.startswith("new_") or call.name.endswith("_like")):
            operation.sources.append(value)
        elif isinstance(value, float | int) and name not in ("pin_memory", "requires_grad"):
            operation.set(name, value)
        elif name in ("data", "argument0") and isinstance(value, list | tuple):
            operation.sources += [v for v in value if isinstance(v, Tensor)]
            numbers = [v for v in _flat(value) if not isinstance(v, Tensor)]
            operation.set("value", [v for v in numbers if isinstance(v, int | float)][:_MOST_VALUES])
    dtype = outputs[0].dtype
    if dtype != (torch.int64 if operation.kind in _INTEGER else torch.get_default_dtype()):
        operation.set("dtype", dtype)
    return _sizes(operation, outputs[0].shape, batch)


def _flat(values: Any) -> Iterator[Any]:
    for value in values:
        if isinstance(value, list | tuple):
            yield from _flat(value)
        else:
            yield value


REARRANGED: dict[str, Described] = {
    **dict.fromkeys(
        names(
            "view reshape flatten unflatten squeeze unsqueeze view_as reshape_as ravel _unsafe_view _reshape_alias"
        ),
        _reshaped,
    ),
    **dict.fromkeys(
        names("permute transpose t T numpy_T mT mH adjoint swapaxes swapdims movedim moveaxis"), _permuted
    ),
    **dict.fromkeys(names("expand expand_as broadcast_to"), _expanded),
    **dict.fromkeys(
        names("split split_with_sizes chunk tensor_split unbind unsafe_chunk unsafe_split"), _parts
    ),
    **dict.fromkeys(
        names("to type type_as float half double bfloat16 int long short bool byte char _to_copy"), _converted
    ),
    **dict.fromkeys(CREATED, _created),
    **dict.fromkeys(
        names("zeros_like ones_like empty_like full_like rand_like randn_like")
        + names("new_zeros new_ones new_empty new_full new_tensor"),
        _created,
    ),
}
"""The descriptions, by operator."""
