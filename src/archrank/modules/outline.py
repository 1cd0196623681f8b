"""Building modules without numbers, and without the time that it takes to initialize them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["INITIALIZERS", "as_it_is", "in_outline"]

INITIALIZERS = tuple(
    name
    for name, function in vars(nn.init).items()
    if name.endswith("_") and not name.startswith("_") and callable(function)
)
"""The names of the functions that fill a tensor with numbers."""


@contextmanager
def in_outline() -> Iterator[None]:
    """New tensors have shapes without numbers, and the functions of ``torch.nn.init`` do nothing."""
    kept = {name: getattr(nn.init, name) for name in INITIALIZERS}
    try:
        for name in INITIALIZERS:
            setattr(nn.init, name, as_it_is)
        with torch.device("meta"):
            yield
    finally:
        for name, function in kept.items():
            setattr(nn.init, name, function)


def as_it_is(tensor: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """Instead of a function that fills a tensor."""
    return tensor
