"""A module is left as it was, whatever its forward does to it."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import nn

from archrank.errors import TraceError
from archrank.system.foreign import in_one_line

__all__ = ["own_attributes", "untouched"]

_COPIED = ("_parameters", "_buffers", "_modules", "_non_persistent_buffers_set")
_STANDARD = frozenset(vars(nn.Module()))


@contextmanager
def untouched(module: nn.Module, *, training: bool, dropout: bool = False) -> Iterator[None]:
    """Within it, a module is in a given mode; afterwards its attributes and the random state are what they were.

    Contents of tensors are not restored.

    Args:
        module: The module with all that it holds.
        training: The mode.
        dropout: Whether layers of dropout are in training mode in any case.

    Raises:
        TraceError: A ``train`` of the user's fails.
    """
    states = [(m, *_state(m)) for m in module.modules()]
    scripted = [(m, m.training) for m in module.modules() if isinstance(m, torch.jit.ScriptModule)]
    before = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002
    try:
        # Some prepare in `train` what their forward needs in the other mode.
        for m, *_ in states:
            if type(m).train is not nn.Module.train and m.training != training:
                _call_train(m, training)
        for m, *_ in states:
            m.__dict__["training"] = training or (dropout and isinstance(m, nn.modules.dropout._DropoutNd))
        yield
    finally:
        random.setstate(before[0])
        np.random.set_state(before[1])  # noqa: NPY002
        torch.set_rng_state(before[2])
        for m, attributes, contents in states:
            m.__dict__.clear()
            m.__dict__.update(attributes)
            for container, content in contents:
                _refill(container, content)
        for script, mode in scripted:
            script.training = mode


def _call_train(module: nn.Module, mode: bool) -> None:
    try:
        module.train(mode)
    except Exception as error:
        raise TraceError(f"{type(module).__name__}.train({mode}) fails: {in_one_line(error)}") from error


def _state(module: nn.Module) -> tuple[dict[str, Any], list[tuple[Any, Any]]]:
    """The attributes of a module, and what those of them hold that may be changed."""
    attributes = dict(module.__dict__)
    standard = [attributes[name] for name in _COPIED if name in attributes]
    contents = [(value, value.copy()) for value in standard if isinstance(value, dict | set)]
    changeable = [value for value in own_attributes(module) if type(value) in (list, dict, set)]
    contents += [(value, value.copy()) for value in changeable]
    return attributes, contents


def own_attributes(module: nn.Module) -> list[Any]:
    """The values of a module's attributes, other than those that every module has."""
    return [value for name, value in module.__dict__.items() if name not in _STANDARD]


def _refill(container: Any, content: Any) -> None:
    if isinstance(container, list):
        container[:] = content
    else:
        container.clear()
        container.update(content)
