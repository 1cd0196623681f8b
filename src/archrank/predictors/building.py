"""Networks of the sizes that a file gives: built without memory first, and refused where they are not the file's."""

import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, TypeVar

import numpy.typing as npt
import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from archrank.system.foreign import bounded

__all__ = ["built_for", "outline_for"]

M = TypeVar("M", bound=nn.Module)

_FURTHER = 10_000_000
"""Numbers that a network may have beside those that are saved, such as constants."""

_CALLS = 200
"""Calls of PyTorch for each saved array; each is created and filled by a few."""


def built_for(build: Callable[[], M], arrays: Mapping[str, npt.NDArray[Any]]) -> M:
    """A network that has the saved arrays as its parameters.

    Args:
        build: Builds it.
        arrays: The saved arrays by name.

    Raises:
        ValueError: It would have other parameters; nothing was allocated then.
    """
    with suppress(NotImplementedError):  # an encoder that reads the values of its constants
        outline_for(build, arrays)
    return build()


def outline_for(build: Callable[[], M], arrays: Mapping[str, npt.NDArray[Any] | torch.Tensor]) -> M:
    """The same network without values, on PyTorch's ``meta`` device.

    Args:
        build: Builds it.
        arrays: The saved arrays by name.

    Raises:
        ValueError: It would have other parameters.
        NotImplementedError: It cannot be built without values.
    """
    shapes = {name: tuple(array.shape) for name, array in arrays.items()}
    saved = sum(math.prod(shape) for shape in shapes.values())
    with torch.device("meta"), _Bounded(20 * saved + _FURTHER, _CALLS * (len(arrays) + 10)):
        network = build()
        needed = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    for name in {**shapes, **needed}:
        if shapes.get(name) != needed.get(name):
            raise ValueError(
                f"the weights {bounded(name, 200)} have the shape {shapes.get(name)}, not {needed.get(name)}"
            )
    return network


class _Bounded(TorchFunctionMode):
    """Ends what makes more or larger tensors than it may."""

    def __init__(self, numbers: int, calls: int) -> None:
        super().__init__()
        self.numbers, self.calls = numbers, calls

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        found = func(*args, **(kwargs or {}))
        self.calls -= 1
        self.numbers -= found.numel() if isinstance(found, torch.Tensor) else 0
        if self.calls < 0 or self.numbers < 0:
            raise ValueError("the settings are of a much larger network than the weights")
        return found
