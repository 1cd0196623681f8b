"""The numbers of tensors that do not depend on the input, computed only where a network asks for them."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from archrank.modules.nested import mapped, tensors_in
from archrank.modules.signatures import operation_name

__all__ = ["Constants"]

_MOST = 2**20
"""How many numbers a tensor may have for its values to be computed."""
_MOST_ZEROS = 2**26
_RANDOM = (
    "rand",
    "normal",
    "bernoulli",
    "multinomial",
    "dropout",
    "exponential",
    "uniform",
    "poisson",
    "empty",
)
_BY_VALUE = frozenset(
    ("nonzero", "argwhere", "unique", "unique_consecutive", "_unique2", "bincount", "unique_dim")
)
"""Operators whose results have shapes that depend on all values."""


class Constants:
    """How tensors without numbers came about, where that is known."""

    def __init__(self) -> None:
        self._values: dict[int, Tensor] = {}
        self._made: dict[int, tuple[Callable[..., Any], Sequence[Any], Mapping[str, Any], int]] = {}

    def know(self, tensor: Tensor, value: Tensor) -> None:
        """A tensor stands for another one that has numbers."""
        self._values[id(tensor)] = value

    def has_value(self, tensor: Tensor) -> bool:
        """Whether a tensor stands for one that has numbers."""
        return id(tensor) in self._values

    def forget(self, tensor: Tensor) -> None:
        """A tensor was changed."""
        self._values.pop(id(tensor), None)
        self._made.pop(id(tensor), None)

    def add(
        self,
        function: Callable[..., Any],
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        tensors: Sequence[Tensor],
        outputs: Sequence[Tensor],
    ) -> None:
        """A call made tensors; it is kept where all that went in is known."""
        for tensor in tensors:
            if not (id(tensor) in self._values or id(tensor) in self._made):
                return
        if any(output.numel() > _MOST for output in outputs):
            return
        name, in_place = operation_name(function)
        if in_place or any(part in name for part in _RANDOM):
            return
        for place, output in enumerate(outputs):
            self._made[id(output)] = (function, args, kwargs, place)

    def value(self, tensor: Tensor) -> Tensor | None:
        """The tensor with its numbers, None where they are not known."""
        if (known := self._values.get(id(tensor))) is not None:
            return None if known.is_meta else known
        if (made := self._made.get(id(tensor))) is None:
            return None
        function, args, kwargs, place = made
        inputs = [self.value(t) for t in tensors_in((args, kwargs))]
        if any(value is None for value in inputs):
            return None
        left = iter(inputs)
        args, kwargs = mapped(lambda _: next(left), (tuple(args), dict(kwargs)))
        if "device" in kwargs:
            kwargs = {**kwargs, "device": "cpu"}
        result = list(tensors_in(function(*args, **kwargs)))[place]
        self._values[id(tensor)] = result
        return result

    def deciding(self, name: str, args: Sequence[Any]) -> list[Tensor]:
        """The tensors whose values decide about the shape of a result, of an operator that cannot do without."""
        if name in _BY_VALUE or (name == "where" and len(args) == 1):
            return list(tensors_in(args))
        if name == "repeat_interleave":
            return list(tensors_in(args))[-1:]
        if name == "masked_select":
            return list(tensors_in(args[1:]))
        if name in ("_pack_padded_sequence", "_pad_packed_sequence"):
            return list(tensors_in(args))[1:2]
        if name in ("getitem", "index"):
            return [t for t in tensors_in(args[1:]) if t.dtype in (torch.bool, torch.uint8)]
        return []

    def run(self, function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """The result of a call, without numbers, learned from known values and from zeros."""
        if sum(math.prod(t.shape) for t in tensors_in((args, kwargs))) > _MOST_ZEROS:
            raise MemoryError(f"its tensors have more than {_MOST_ZEROS:,} numbers")

        def real(tensor: Tensor) -> Tensor:
            value = self.value(tensor)
            return torch.zeros(tensor.shape, dtype=tensor.dtype) if value is None else value

        if "device" in kwargs:
            kwargs = {**kwargs, "device": "cpu"}
        args, kwargs = mapped(real, (tuple(args), dict(kwargs)))
        result = function(*args, **kwargs)
        twins = mapped(lambda t: t.detach().to("meta"), result)
        if operation_name(function)[0] == "_pack_padded_sequence":
            # How many sequences are left at each step depends on their lengths alone.
            self.know(twins[1], result[1])
        return twins
