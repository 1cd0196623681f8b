"""A private copy of the code that builds networks, in which classes of modules have stand-ins."""

import builtins
import inspect
from collections import OrderedDict
from collections.abc import Callable
from types import CellType, FunctionType, SimpleNamespace
from typing import Any

import torch
from torch import nn

from archrank.chooser import Chooser
from archrank.modules.chosen import with_choices
from archrank.modules.known_calls import KnownCalls
from archrank.modules.outline import INITIALIZERS, as_it_is, in_outline
from archrank.modules.readable import UnreadableError, Uses, functions_of, read
from archrank.modules.trusted import CONTAINERS, frozen, is_layer_class
from archrank.modules.unbuilt import UNBUILT, Blocks, StandIn, Unbuilt, build
from archrank.system.foreign import in_one_line

__all__ = ["CopiedCode", "copied_code"]

_NOTHING = frozenset(getattr(nn.init, name) for name in INITIALIZERS)
_MISSING = object()


class CopiedCode:
    """Readable code that builds networks, to be run with stand-ins for what was built before.

    The code itself is left as it is: copies of its functions and classes use copies of what it uses.

    Args:
        builder: What builds the networks.

    Attributes:
        builder: The copy of it.
        calls: Calls of operators in its networks.

    Raises:
        UnreadableError: It depends on more than its arguments.
    """

    def __init__(self, builder: Callable[..., nn.Module]) -> None:
        self._reads = read(builder)
        self._blocks = Blocks()
        self.calls = KnownCalls()
        self._copies: dict[int, Any] = {}
        self._stand_ins: list[StandIn] = []
        self._owners: dict[FunctionType, type] = {}
        for owner in self._reads.classes:
            for _, value in self._reads.methods(owner):
                self._owners |= dict.fromkeys(functions_of(value), owner)
        for function in self._reads.functions:
            self._copies[id(function)] = _empty_copy(function)
        for function, used in self._reads.functions.items():
            self._complete(function, used)
        self._blocks.functions = {self._copies[id(f)] for f in self._reads.functions}
        self.builder: Callable[..., nn.Module] = self._copied(builder)
        self._state = self._now()

    def network(self, choose: Chooser, takes_chooser: bool) -> nn.Module | None:
        """A network in outline, with stand-ins; None where it has to be built by the code itself.

        Args:
            choose: Decides its choices.
            takes_chooser: Whether the code takes the chooser.
        """
        if not self.is_unchanged:
            return None
        try:
            with in_outline():
                network = self.builder(choose) if takes_chooser else self.builder()
                if isinstance(network, Unbuilt):
                    build(network)
                return with_choices(network, choose) if isinstance(network, nn.Module) else None
        except Exception:  # the code itself shall fail
            return None

    @property
    def is_unchanged(self) -> bool:
        """Whether all that the code depends on is what it was."""
        for space, name, value in self._reads.places:
            if space.get(name, _MISSING) is not value:
                return False
        return self._now() == self._state

    def _now(self) -> list[Any]:
        """What may be changed other than by giving a global name another value."""
        reads = self._reads
        state: list[Any] = [torch.get_default_dtype()]
        state += [frozen(self._copied(each)) for each in reads.collections]
        state += map(frozen, reads.collections)
        state += [cell.cell_contents is value for cell, value in reads.cells]
        for function in reads.functions:
            copy = self._copies[id(function)]
            state += (function.__code__, function.__defaults__, len(function.__dict__), len(copy.__dict__))
        for owner in (*reads.classes, *map(self._copied, reads.classes)):
            state += map(id, vars(owner).values())
        state += [len(vars(stand_in)) for stand_in in self._stand_ins]
        return state

    def _copied(self, value: Any) -> Any:
        """What stands for a value in the copy."""
        if id(value) in self._copies:
            return self._copies[id(value)]
        if type(value) is tuple or type(value) is frozenset:
            copy: Any = type(value)(map(self._copied, value))
        elif type(value) in (dict, OrderedDict):
            copy = type(value)((self._copied(k), self._copied(v)) for k, v in value.items())
        elif type(value) in (list, set):
            copy = type(value)(map(self._copied, value))
        elif isinstance(value, type) and value in self._reads.classes:
            return self._class(value)
        elif value is nn.Sequential:
            copy = self._stand_in(value, value, ())
        elif is_layer_class(value) and value not in CONTAINERS:
            return self._stand_in(value, value, ())
        elif isinstance(value, FunctionType) and value in _NOTHING:
            return as_it_is
        else:
            return value
        self._copies[id(value)] = copy
        return copy

    def _class(self, owner: type) -> StandIn:
        bases = [self._copied(base) for base in owner.__bases__ if base in self._reads.classes]
        return self._stand_in(owner, None, tuple(bases))

    def _stand_in(self, original: type, kind: type | None, bases: tuple[type, ...]) -> StandIn:
        described = {name: getattr(original, name) for name in ("__module__", "__qualname__", "__doc__")}
        space: dict[str, Any] = dict(described)
        if kind is None:
            for name, value in self._reads.methods(original):
                if functions_of(value):
                    space[name] = self._method(value)
        stand_in: Any = StandIn(original.__name__, (original, *bases), space)
        self._copies[id(original)] = stand_in
        made = stand_in if kind is None else kind
        stand_in._archrank_original, stand_in._archrank_kind = original, made
        stand_in._archrank_blocks = self._blocks
        stand_in.__signature__ = _signature(original)
        stand_in._archrank_unbuilt = type(made)(original.__name__, (made, Unbuilt), described | UNBUILT)
        self._stand_ins.append(stand_in)
        return stand_in  # type: ignore[no-any-return] # it is one

    def _method(self, value: Any) -> Any:
        if isinstance(value, staticmethod | classmethod):
            return type(value)(self._copies[id(value.__func__)])
        if isinstance(value, property):
            return property(*(f and self._copies[id(f)] for f in (value.fget, value.fset, value.fdel)))
        return self._copies[id(value)]

    def _complete(self, function: FunctionType, used: dict[str, Any]) -> None:
        """Give a copied function what it uses."""
        copy: FunctionType = self._copies[id(function)]
        own = self._reads.own.get(function)
        if own is not None and used.get(own) is not self._owners.get(function, _MISSING):
            raise UnreadableError(f"{function.__qualname__} calls super of another class, {own}")
        for name, value in used.items():
            copy.__globals__[name] = value if name == own else self._used(value)
        defaults, named = function.__defaults__, function.__kwdefaults__
        copy.__defaults__ = defaults and tuple(map(self._copied, defaults))
        copy.__kwdefaults__ = named and {name: self._copied(value) for name, value in named.items()}
        names = function.__code__.co_freevars
        for name, cell, old in zip(names, copy.__closure__ or (), function.__closure__ or (), strict=True):
            if name != "__class__":
                cell.cell_contents = self._copied(old.cell_contents)

    def _used(self, value: Any) -> Any:
        if isinstance(value, Uses):
            return SimpleNamespace(**{name: self._used(part) for name, part in value.items()})
        return self._copied(value)


def copied_code(builder: Callable[..., nn.Module]) -> tuple[CopiedCode | None, str | None]:
    """A copy of code that is readable; None for any other, and why it is not."""
    try:
        return CopiedCode(builder), None
    except UnreadableError as error:
        return None, str(error)
    except Exception as error:  # what cannot be copied runs as it is
        return None, in_one_line(error)


def _empty_copy(function: FunctionType) -> FunctionType:
    """A copy of a function without anything that it uses."""
    code = function.__code__
    cells = zip(code.co_freevars, function.__closure__ or (), strict=True)
    closure = tuple([cell if name == "__class__" else CellType() for name, cell in cells])
    copy = FunctionType(code, {"__builtins__": builtins}, function.__name__, None, closure or None)
    copy.__qualname__, copy.__module__ = function.__qualname__, function.__module__
    return copy


def _signature(original: type) -> inspect.Signature | None:
    try:
        return inspect.signature(original)
    except (TypeError, ValueError):
        return None
