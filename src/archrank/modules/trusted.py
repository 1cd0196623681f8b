"""Functions and classes of libraries whose results depend on their arguments only, as far as shapes are concerned."""

import builtins
import copy
import functools
import itertools
import math
import operator
from collections import OrderedDict
from functools import lru_cache
from types import BuiltinFunctionType, FunctionType
from typing import Any

import torch
import torch.overrides
from torch import nn

from archrank.modules.operation import names
from archrank.modules.placed import choice, repeat
from archrank.modules.rearranging import CREATED

__all__ = ["CONTAINERS", "PLAIN", "frozen", "is_layer_class", "is_plain", "is_trusted"]

PLAIN: frozenset[type] = frozenset(
    (bool, int, float, complex, str, bytes, type(None), type(...), torch.dtype, torch.Size, range, slice)
)
"""Types whose values never change."""

CONTAINERS = (nn.Module, nn.Sequential, nn.ModuleList, nn.ModuleDict, nn.ParameterList, nn.ParameterDict)

_BUILTINS = names(
    "abs all any bool bytes callable complex dict divmod enumerate filter float frozenset int isinstance "
    "issubclass iter len list map max min next pow range reversed round set slice sorted str sum super tuple zip"
)
_OPERATORS = names("add and_ eq floordiv ge getitem gt le lt mod mul ne neg or_ pow sub truediv")
_TORCH = names("is_tensor is_floating_point")


def is_plain(value: Any) -> bool:
    """Whether it is a value that never changes and holds nothing else."""
    if type(value) in (tuple, frozenset):
        return all(map(is_plain, value))
    return type(value) in PLAIN


def frozen(value: Any) -> Any:
    """What is equal as long as a value and the collections in it are the same."""
    if isinstance(value, dict):
        return (type(value), [(frozen(key), frozen(part)) for key, part in value.items()])
    if isinstance(value, list | tuple | set | frozenset):
        return (type(value), list(map(frozen, value)))
    return (type(value), value) if is_plain(value) else id(value)


def is_trusted(value: Any) -> bool:
    """Whether it is a function or class that keeps no state and draws on none."""
    try:
        return value in _trusted() or is_layer_class(value)
    except TypeError:  # it has no hash
        return False


def is_layer_class(value: Any) -> bool:
    """Whether it is a class of PyTorch's layers or containers."""
    return isinstance(value, type) and value in _layers()


@lru_cache(maxsize=1)
def _layers() -> frozenset[type]:
    found = [value for value in vars(nn).values() if isinstance(value, type) and issubclass(value, nn.Module)]
    lazy = nn.modules.lazy.LazyModuleMixin
    return frozenset(
        c for c in found if c.__module__.startswith("torch.nn.modules.") and not issubclass(c, lazy)
    )


@lru_cache(maxsize=1)
def _trusted() -> frozenset[Any]:
    overridable = torch.overrides.get_overridable_functions()
    spaces = (torch, torch.functional, nn.functional, torch.linalg, torch.fft, torch.special)
    found: set[Any] = {f for space in spaces for f in overridable.get(space, ()) if callable(f)}
    found |= {getattr(torch, name) for name in (*CREATED, *_TORCH) if hasattr(torch, name)}
    found |= {nn.functional.sigmoid, nn.functional.tanh}
    found |= {
        value for name, value in vars(nn.init).items() if name[0] != "_" and type(value) is FunctionType
    }
    found |= {value for value in vars(math).values() if type(value) is BuiltinFunctionType}
    found |= {value for value in vars(itertools).values() if isinstance(value, type)}
    found |= {getattr(operator, name) for name in _OPERATORS}
    found |= {getattr(builtins, name) for name in _BUILTINS}
    found |= {e for e in vars(builtins).values() if isinstance(e, type) and issubclass(e, Exception)}
    found |= {functools.partial, functools.reduce, copy.copy, copy.deepcopy, OrderedDict, choice, repeat}
    return frozenset(found | {nn.Parameter, torch.Tensor, nn.Module})
