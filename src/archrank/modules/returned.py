"""What calls are called with and what they return, in a form in which it can be compared and made again."""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from functools import partial
from operator import itemgetter
from typing import Any, TypeAlias

import torch
from torch import Tensor

from archrank.modules.nested import tensors_in
from archrank.modules.origins import Origins
from archrank.modules.trusted import PLAIN

__all__ = ["Form", "Returned", "UnfitError", "form_of"]


Form: TypeAlias = tuple[torch.Size, tuple[int, ...], torch.dtype]
"""Shape, strides and type of a tensor."""


class UnfitError(Exception):
    """A call that cannot be remembered."""


def form_of(value: Any, tensors: list[Tensor], forms: Mapping[int, Hashable]) -> Hashable:
    """What of an argument decides what a call records; a tensor is added to the others unless it is there.

    Args:
        value: The argument.
        tensors: The different tensors so far.
        forms: Those of tensors for which they are known, by identity.

    Raises:
        UnfitError: That is not known.
    """
    kind = type(value)
    if kind is Tensor:
        for place, tensor in enumerate(tensors):
            if tensor is value:
                return place
        tensors.append(value)
        return forms.get(id(value)) or _form(value)
    if kind is tuple or kind is list:
        return (kind, tuple([form_of(part, tensors, forms) for part in value]))
    if kind is float or kind is complex:
        return (kind, repr(value))
    if kind in PLAIN and kind is not slice:
        return (kind, value)
    raise UnfitError


def _form(tensor: Tensor) -> Form:
    with torch._C.DisableTorchFunction():
        return (tensor.shape, tensor.stride(), tensor.dtype)


class Returned:
    """What a call returned, to be returned again.

    Attributes:
        targets: The junctions of the tensors in it that are not those of inputs, and the further ones.

    Args:
        result: What was returned.
        inputs: The different tensors that the call read.
        sources: Where they come from.
        origins: Where tensors come from.
        further: Junctions to be kept besides those of the result.

    Raises:
        UnfitError: It holds something else than computed tensors, or tensors that share memory.
    """

    def __init__(
        self,
        result: Any,
        inputs: Sequence[Tensor],
        sources: Sequence[int],
        origins: Origins,
        further: Sequence[int] = (),
    ) -> None:
        self._inputs, self._origins = list(inputs), origins
        self._bases: list[Tensor] = []
        self._makers: list[tuple[Callable[[Sequence[Tensor]], Tensor], int | None, Form]] = []
        junctions: dict[int, int] = {}
        for tensor in tensors_in(result):
            maker, junction = self._maker(tensor)
            place = None
            if junction in sources:
                place = sources.index(junction)
            elif junction is not None:
                place = len(inputs) + junctions.setdefault(junction, len(junctions))
            self._makers.append((maker, place, _form(tensor)))
        self.targets = tuple(dict.fromkeys((*junctions, *further)))
        self._filled = _filler(result, iter(range(len(self._makers))))
        del self._inputs, self._origins, self._bases

    def again(self, inputs: Sequence[Tensor]) -> tuple[Any, list[tuple[Tensor, int, Form]]]:
        """The same for other inputs, and which tensors are new, see :class:`Part`."""
        made, new = [], []
        for maker, place, form in self._makers:
            tensor = maker(inputs)
            made.append(tensor)
            if place is not None:
                new.append((tensor, place, form))
        return self._filled(made), new

    def _maker(self, tensor: Tensor) -> tuple[Callable[[Sequence[Tensor]], Tensor], int | None]:
        for place, given in enumerate(self._inputs):
            if tensor is given:
                return itemgetter(place), None
        junction = self._origins.computed(tensor)
        if junction is None or type(tensor) is not Tensor or not tensor.is_meta:
            raise UnfitError
        shape, stride, dtype, base = tensor.shape, tensor.stride(), tensor.dtype, tensor._base
        for place, given in enumerate(self._inputs):
            if base is given:
                if dtype != given.dtype:
                    raise UnfitError
                return partial(
                    _view, place, shape, stride, int(tensor.storage_offset() - given.storage_offset())
                ), junction
        root = tensor if base is None else base
        if any(root is other for other in self._bases):
            raise UnfitError
        self._bases.append(root)
        return lambda inputs: torch.empty_strided(shape, stride, dtype=dtype, device="meta"), junction


def _view(
    place: int, shape: torch.Size, stride: tuple[int, ...], offset: int, inputs: Sequence[Tensor]
) -> Tensor:
    return inputs[place].as_strided(shape, stride, inputs[place].storage_offset() + offset)


def _filler(value: Any, places: Iterator[int]) -> Callable[[Sequence[Tensor]], Any]:
    """Puts tensors into the form of a value."""
    if isinstance(value, Tensor):
        return itemgetter(next(places))
    if type(value) in (tuple, list):
        kind, parts = type(value), [_filler(part, places) for part in value]
        return lambda made: kind([part(made) for part in parts])
    if type(value) in PLAIN:
        return lambda made: value
    raise UnfitError
