"""Networks of the sizes that a file gives: built without memory first, and refused where they are not the file's."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import numpy.typing as npt
import torch
from torch import nn
from torch.overrides import TorchFunctionMode

__all__ = ["built_for"]

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
    shapes = {name: array.shape for name, array in arrays.items()}
    saved = sum(array.size for array in arrays.values())
    try:
        with torch.device("meta"), _Bounded(20 * saved + _FURTHER, _CALLS * (len(arrays) + 10)):
            needed = {name: tuple(tensor.shape) for name, tensor in build().state_dict().items()}
    except NotImplementedError:  # an encoder that reads the values of its constants
        return build()
    for name in {**shapes, **needed}:
        if shapes.get(name) != needed.get(name):
            raise ValueError(f"the weights {name} have the shape {shapes.get(name)}, not {needed.get(name)}")
    return build()


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
