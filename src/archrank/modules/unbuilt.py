"""Modules that are not built yet: stand-ins that become the module as soon as anything looks into them."""

import threading
from collections.abc import Hashable, Iterator
from types import FunctionType
from typing import Any

from torch import nn

from archrank.modules.outline import in_outline
from archrank.modules.placed import Placed
from archrank.modules.trusted import PLAIN, is_layer_class

__all__ = ["UNBUILT", "Block", "Blocks", "StandIn", "Unbuilt", "block_of", "build", "named_parts", "tracing"]

_SIMPLE: frozenset[type] = frozenset((bool, int, str, type(None)))
_MOST = 5_000
"""Blocks that are remembered."""

_PENDING = "_archrank_block"
_HOOKS = (
    "_forward_hooks",
    "_forward_pre_hooks",
    "_backward_hooks",
    "_backward_pre_hooks",
    "_state_dict_hooks",
    "_load_state_dict_pre_hooks",
)

tracing = threading.local()
"""Its attribute ``call`` answers calls of modules that are not built, while a network is traced."""


_EMPTY = vars(nn.Sequential())


class Unbuilt:
    """Mixed into the class of a module that is not built yet."""

    __slots__ = ()

    def __getattribute__(self, name: str) -> Any:
        if name == "__deepcopy__":
            return lambda memo: block_of(self).stand_in()
        if name == "__class__":  # what isinstance asks for
            return block_of(self).kind
        build(self)
        return getattr(self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        build(self)
        setattr(self, name, value)

    def __delattr__(self, name: str) -> None:
        build(self)
        delattr(self, name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The result, recorded without being computed while a network is traced."""
        call = getattr(tracing, "call", None)
        if call is None:
            build(self)
            return self(*args, **kwargs)
        return call(self, args, kwargs)


UNBUILT = {
    name: vars(Unbuilt)[name] for name in ("__getattribute__", "__setattr__", "__delattr__", "__call__")
}
"""What the class of modules that are not built yet has itself, for the class of the module comes first."""


class Block:
    """What equal calls of a class of modules make.

    Attributes:
        remembered: Whether stand-ins may take its place.
        example: One such module.
        parts: What its calls record, by what they are called with.
    """

    def __init__(self, owner: "StandIn", args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.kind = owner._archrank_kind
        self._unbuilt = owner._archrank_unbuilt
        self._args, self._kwargs = args, kwargs
        self.parts: dict[Hashable, Any] = {}
        self.held: dict[Hashable, Any] = {}
        self.example: nn.Module = owner.made(args, kwargs)
        self.remembered = _is_plain_module(self.example)

    def stand_in(self) -> Any:
        """A new module of this kind that is not built yet."""
        new: Any = object.__new__(self._unbuilt)
        object.__setattr__(new, _PENDING, self)
        return new

    def build(self, module: Any) -> None:
        """Make a stand-in the module that it stands for."""
        object.__getattribute__(module, "__dict__").clear()
        object.__setattr__(module, "__class__", self.kind)
        with in_outline():
            module.__init__(*self._args, **self._kwargs)


class Blocks:
    """The blocks of one space.

    Attributes:
        functions: Functions that arguments may be.
    """

    def __init__(self) -> None:
        self.functions: set[FunctionType] = set()
        self._known: dict[Hashable, Block | None] = {}

    def made(self, owner: "StandIn", args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A module, or a stand-in where equal arguments were met before."""
        values = tuple(kwargs.values())
        kinds = (*map(type, args), *map(type, values))
        if _SIMPLE.issuperset(kinds):
            key: Hashable = (owner, args, tuple(kwargs), values, kinds)
        else:
            try:
                key = (owner, self._key(args), tuple(kwargs), self._key(values))
            except _ChangeableError:
                return owner.made(args, kwargs)
        known = self._known
        block = known.get(key, self)
        if block is self:
            module = owner.made(args, kwargs)
            if len(known) >= _MOST:
                known.clear()
            known[key] = None  # arguments that never come again leave nothing else behind
            return module
        if block is None:
            block = known[key] = Block(owner, args, kwargs)
        return block.stand_in() if block.remembered else owner.made(args, kwargs)  # type: ignore[union-attr]

    def _key(self, value: Any) -> Hashable:
        kind = type(value)
        if kind is int or kind is bool or kind is str:
            return (kind, value)
        if kind is tuple:
            return tuple([self._key(part) for part in value])
        if kind is float or kind is complex:
            return (kind, repr(value))
        if kind in PLAIN and kind not in (slice, range):
            return (kind, value)
        if kind is StandIn or is_layer_class(value) or (kind is FunctionType and value in self.functions):
            return (kind, value)
        raise _ChangeableError


class _ChangeableError(Exception):
    """An argument that may change, or of which nothing is known."""


class StandIn(type):
    """A class that stands for a class of modules: what it makes may be not built yet."""

    # Names that no module uses, for these are also attributes of its instances.
    _archrank_original: type
    _archrank_kind: type
    """The class of what is built."""
    _archrank_unbuilt: type
    """The class of what is not built yet."""
    _archrank_blocks: Blocks

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        """A module, or a stand-in for one."""
        if cls._archrank_original is nn.Sequential:
            return _sequential(args) if args and not kwargs else nn.Sequential(*args, **kwargs)
        return cls._archrank_blocks.made(cls, args, kwargs)

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, cls._archrank_original)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, cls._archrank_original)

    def made(cls, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A module that is built."""
        return type.__call__(cls._archrank_kind, *args, **kwargs)


_NUMBERS = tuple(map(str, range(256)))


def _sequential(modules: tuple[Any, ...]) -> nn.Sequential:
    """What ``nn.Sequential`` makes of modules, without the time that it takes to add one after the other."""
    if len(modules) > len(_NUMBERS) or not all(isinstance(module, nn.Module) for module in modules):
        return nn.Sequential(*modules)
    sequence = object.__new__(nn.Sequential)
    for name, value in _EMPTY.items():
        sequence.__dict__[name] = value.copy() if isinstance(value, dict | set) else value
    sequence.__dict__["_modules"].update(zip(_NUMBERS, modules, strict=False))
    return sequence


def block_of(module: Any) -> Block:
    """What a module that is not built yet will be."""
    found: Block = object.__getattribute__(module, "__dict__")[_PENDING]
    return found


def build(module: Any) -> None:
    """Build a module that is not built yet, because something looks into it."""
    block = block_of(module)
    # What is looked into once will be looked into again.
    block.remembered = False
    if (call := getattr(tracing, "call", None)) is not None:
        call.spoiled = True
    block.build(module)


def named_parts(root: nn.Module) -> Iterator[tuple[str, Any]]:
    """All modules with their names, each once; what is not built yet has no parts."""
    seen: set[int] = set()

    def walk(module: Any, name: str) -> Iterator[tuple[str, Any]]:
        seen.add(id(module))
        yield name, module
        if not isinstance(module, Unbuilt):
            inside = f"{name}." if name else ""
            for part, child in module._modules.items():
                if child is not None and id(child) not in seen:
                    yield from walk(child, inside + part)

    return walk(root, "")


def _is_plain_module(module: nn.Module) -> bool:
    """Whether nothing but its class and its arguments decides what a module does, and no choice is left to make."""
    for _, part in named_parts(module):
        if isinstance(part, Unbuilt):
            if not block_of(part).remembered:
                return False
            continue
        tensors = [*part._parameters.values(), *part._buffers.values()]
        if isinstance(part, Placed) or any(vars(part).get(name) for name in _HOOKS):
            return False
        if any(t is not None and (nn.parameter.is_lazy(t) or not t.is_meta) for t in tensors):
            return False
    return True
