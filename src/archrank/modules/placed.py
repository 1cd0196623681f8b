"""Choices that stand in a network like any module: one of several modules, or a block repeated."""

import copy
import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from torch import nn

from archrank.chooser import Chooser
from archrank.errors import SpaceError
from archrank.system.foreign import shown

__all__ = ["Placed", "choice", "repeat"]

Maker: TypeAlias = nn.Module | Callable[..., nn.Module]
"""A module, or what makes one: a class or a function without arguments; of a repeated block, also one that takes its
number, from 0."""


class Placed(nn.Module):
    """A place in a network whose module is chosen when an architecture is built."""

    def chosen(self, choose: Chooser, path: str) -> nn.Module:
        """The module that stands there.

        Args:
            choose: Decides.
            path: Where it stands, such as ``"stem.act"``: the choice's name.
        """
        raise NotImplementedError

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Refused: nothing is chosen yet."""
        raise SpaceError(
            "this network has choices that were not made: give its class to ModuleSpace, and run what space.build(…) "
            "returns"
        )


class _Choice(Placed):
    def __init__(self, options: Mapping[str, Maker]) -> None:
        super().__init__()
        self.options = dict(options)

    def chosen(self, choose: Chooser, path: str) -> nn.Module:
        return _made(choose(path, self.options), path)


class _Repeat(Placed):
    def __init__(self, block: Maker, low: int, high: int) -> None:
        super().__init__()
        self.block, self.low, self.high = block, low, high

    def chosen(self, choose: Chooser, path: str) -> nn.Module:
        count = choose.integer(path, self.low, self.high)
        return nn.Sequential(*(_made(self.block, path, index) for index in range(count)))


def choice(options: Mapping[str, Maker]) -> nn.Module:
    """One of several modules, chosen for each architecture; the choice is named by its path in the network.

    Args:
        options: Modules by name, or functions or classes that return modules; these are called only when chosen.

    Raises:
        SpaceError: Not a mapping, no option, or an option that is not a module and cannot return one.

    >>> from torch import nn
    >>> class Net(nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.act = choice({"relu": nn.ReLU, "gelu": nn.GELU()})
    """
    if not isinstance(options, Mapping) or not options:
        raise SpaceError(f"choice was given {shown(options)}; expected a mapping of names to modules")
    for name, option in options.items():
        _check(option, f"the option {shown(name)}")
    return _Choice(options)


def repeat(block: Maker, low: int, high: int) -> nn.Module:
    """A block repeated ``low`` to ``high`` times in a row, each with weights of its own.

    Args:
        block: A class or function that makes the block, without arguments or from its number; or a module, which is
            copied.
        low: The smallest number of repetitions, at least 0.
        high: The largest.

    Raises:
        SpaceError: A block that cannot be a module, or numbers that are not a range.
    """
    _check(block, "the block of repeat")
    if not (type(low) is int and type(high) is int and 0 <= low <= high):
        raise SpaceError(
            f"repeat was given {shown(low)} to {shown(high)} repetitions; expected integers from 0, in order"
        )
    return _Repeat(block, low, high)


def _check(option: Any, what: str) -> None:
    if not (isinstance(option, nn.Module) or callable(option)):
        raise SpaceError(
            f"{what} is {shown(option)}; expected a module, or a class or function that makes one"
        )


def _made(maker: Any, path: str, index: int | None = None) -> nn.Module:
    if isinstance(maker, nn.Module):
        return copy.deepcopy(maker)
    takes_number = index is not None and _required(maker) == 1
    made = maker(index) if takes_number else maker()
    if not isinstance(made, nn.Module):
        raise SpaceError(f"the choice {path!r}: {shown(maker)} made {shown(made)}, expected a module")
    return made


def _required(maker: Callable[..., Any]) -> int:
    """How many arguments must be given."""
    try:
        parameters = inspect.signature(maker).parameters.values()
    except (TypeError, ValueError):
        return 0
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(p.default is p.empty and p.kind in kinds for p in parameters)
