"""Networks by name, where a user types one: ``timm:resnet50``, ``model.py:Net``, ``file.onnx``."""

from importlib import import_module
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import torch
from torch import nn

from archrank.errors import TraceError, UnknownName
from archrank.system.foreign import in_one_line, shown
from archrank.system.user_code import neighbors_first, user_module

__all__ = ["TIMM", "is_network_name", "named_module", "timm_module"]

TIMM = "timm:"


def is_network_name(text: str) -> bool:
    """Whether a text can only be the name of a network: of timm, or an ONNX file.

    >>> is_network_name("timm:resnet50"), is_network_name("nas-bench-201")
    (True, False)
    """
    return text.startswith(TIMM) or Path(text).suffix.lower() == ".onnx"


def named_module(name: str) -> nn.Module:
    """The network that a user names; imports the user's file or package where the name says one.

    Args:
        name: ``timm:NAME`` with random weights, or ``path/to/file.py:NAME``, where NAME is a module, or a class or
            function that makes one without arguments.

    Raises:
        UnknownName: There is no such network.
        SpaceError: The user's file cannot be imported.
        TraceError: What has this name makes no network, or timm is not installed.
    """
    if name.startswith(TIMM):
        return timm_module(name)[0]
    where, colon, attribute = name.rpartition(":")
    if not colon or not where.endswith(".py"):
        # Names also come from tables, so no installed function can be called by one.
        raise UnknownName("network", name, ["timm:NAME", "path/to/file.py:NAME", "path/to/file.onnx"])
    with neighbors_first(Path(where).resolve().parent):
        return _of_file(name, where, attribute)


def _of_file(name: str, where: str, attribute: str) -> nn.Module:
    module = user_module(where)
    held = vars(module)
    if attribute not in held:
        own = [key for key, value in held.items() if _is_own_function(value, module)]
        networks = [*own, *(key for key, value in held.items() if _is_network(value))]
        raise UnknownName(f"network of {where}", attribute, networks)
    found = held[attribute]
    if isinstance(found, nn.Module):
        return found
    if not callable(found):
        raise TraceError(f"{name} is {shown(found)}; expected a torch.nn.Module, or what makes one")
    try:
        made = found()
    except Exception as error:
        raise TraceError(
            f"{name} cannot be made without arguments: {in_one_line(error)}; make an object of it in the file, and "
            "name that; a network with choices needs an architecture too, as the values of its choices"
        ) from error
    if not isinstance(made, nn.Module):
        raise TraceError(f"{name} makes {shown(made)}; expected a torch.nn.Module")
    return made


def timm_module(name: str, *, outline: bool = False) -> tuple[nn.Module, tuple[int, ...]]:
    """A network of timm with random weights, and the shape of one image for it.

    Args:
        name: ``timm:`` and a name that timm knows.
        outline: Whether its tensors have shapes and no numbers.

    Raises:
        UnknownName: timm has no network of this name.
        TraceError: timm is not installed, or cannot make this network.
    """
    model = name.removeprefix(TIMM)
    try:
        timm: Any = import_module("timm")
    except (ImportError, RuntimeError) as error:
        raise TraceError(
            f"{name} needs timm, which cannot be imported ({in_one_line(error)}): pip install timm"
        ) from None
    if not timm.is_model(model):
        raise UnknownName("network of timm", model, timm.list_models())
    try:
        with torch.device("meta" if outline else "cpu"):
            module: Any = timm.create_model(model)
    except Exception as error:
        raise TraceError(f"{name} cannot be made: {in_one_line(error)}") from error
    size = (getattr(module, "pretrained_cfg", None) or {}).get("input_size") or (3, 224, 224)
    return module, (1, *size)


def _is_own_function(value: object, module: ModuleType) -> bool:
    return isinstance(value, FunctionType) and value.__module__ == module.__name__


def _is_network(value: object) -> bool:
    return isinstance(value, nn.Module) or (isinstance(value, type) and issubclass(value, nn.Module))
