"""The example that a network is called with: tensors, shapes, tuples and mappings as arguments of a call."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from archrank.errors import SpaceError
from archrank.modules.nested import mapped, tensors_in
from archrank.modules.tracing import example_of
from archrank.system.foreign import shown

__all__ = ["arguments_of", "filled", "in_shape"]

Arguments = tuple[tuple[Any, ...], dict[str, Any]]


def arguments_of(example: Any) -> Arguments:
    """The arguments of a call; shapes become tensors without numbers.

    Args:
        example: A tensor or its shape, a tuple of positional inputs whose last part may be a mapping of named ones, or
            a mapping of named inputs. One positional input that is a mapping is given as ``(mapping, {})``.

    Raises:
        SpaceError: There is no tensor in it.
    """
    if isinstance(example, Mapping):
        args: tuple[Any, ...] = ()
        kwargs = _named(example)
    elif isinstance(example, tuple) and not all(type(size) is int for size in example):
        last = example[-1] if example and isinstance(example[-1], Mapping) else None
        args = tuple(map(example_of, example if last is None else example[:-1]))
        kwargs = {} if last is None else _named(last)
    else:
        args, kwargs = (example_of(example),), {}
    if next(tensors_in((args, kwargs)), None) is None:
        raise SpaceError(
            f"the example is {shown(example)}; expected a tensor, or a shape such as (1, 3, 32, 32); "
            "torch.from_numpy makes a tensor of a NumPy array"
        )
    return args, kwargs


def in_shape(arguments: Arguments) -> Arguments:
    """The arguments with tensors that have shapes and no numbers."""
    outline: Arguments = mapped(lambda tensor: torch.empty_like(tensor, device="meta"), arguments)
    return outline


def filled(arguments: Arguments, device: torch.device) -> Arguments:
    """The arguments on a device; tensors without numbers are random, or zero where they hold no fractions."""
    generator = torch.Generator().manual_seed(0)

    def real(tensor: Tensor) -> Tensor:
        if not tensor.is_meta:
            return tensor.detach().to(device)
        if not tensor.is_floating_point():
            return torch.zeros(tensor.shape, dtype=tensor.dtype, device=device)
        return torch.randn(tensor.shape, generator=generator).to(device, tensor.dtype)

    found: Arguments = mapped(real, arguments)
    return found


def _named(inputs: Mapping[Any, Any]) -> dict[str, Any]:
    for name in inputs:
        if not isinstance(name, str):
            raise SpaceError(f"the example names an input {shown(name)}; expected the name of an argument")
    return {name: example_of(value) for name, value in inputs.items()}
