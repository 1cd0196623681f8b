"""What the code that builds networks depends on, read from its compiled form.

Code is readable where all that it uses is known: values that never change, functions and classes that are readable
themselves, and those of libraries that are trusted. Then it does the same whenever it gets the same arguments, and
parts of what it does need not be done again. Anything else makes it unreadable: random numbers, files, what it changes
outside itself, types that are asked for, imports on the way, classes that change how Python uses them.
"""

import builtins
import dis
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import CellType, CodeType, FunctionType, ModuleType
from typing import Any

from torch import nn

from archrank.modules.operation import names
from archrank.modules.trusted import is_layer_class, is_plain, is_trusted

__all__ = ["Reads", "UnreadableError", "Uses", "functions_of", "read"]

_SKIPPED = frozenset(names("EXTENDED_ARG CACHE NOP PRECALL PUSH_NULL"))
_ATTRIBUTES = frozenset(names("LOAD_ATTR LOAD_METHOD STORE_ATTR DELETE_ATTR LOAD_SUPER_ATTR"))
_REFUSED = ("IMPORT", "BUILD_CLASS", "LOCALS", "AWAIT", "ASYNC", "ANNOTATIONS", "CLASSDEREF", "FROM_DICT")
_SPECIAL = frozenset(names("__init__ __name__ __len__ __getitem__"))
"""Names with two underscores that code may use."""
_METHODS = frozenset(names("__init__ __len__ __iter__ __getitem__ __contains__ __repr__ __str__ __bool__"))
"""Methods with two underscores that a class may define."""
_DESCRIPTIONS = frozenset(
    names(
        "__module__ __doc__ __qualname__ __dict__ __weakref__ __annotations__ __constants__ __firstlineno__ "
        "__static_attributes__ __parameters__ __orig_bases__ __annotate__ __annotate_func__ __annotations_cache__"
    )
)
_MISSING = object()
_COLLECTIONS = (list, dict, set, tuple, frozenset, OrderedDict)


class UnreadableError(Exception):
    """Why code is not readable."""


class Uses(dict[str, Any]):
    """The values of the names that code uses; those of a module are another such mapping."""


@dataclass
class Reads:
    """What code depends on.

    Attributes:
        functions: The user's functions, each with the values of the global names that it uses.
        classes: The user's classes of modules.
        collections: Lists and the like that stand in global names.
        names: The names of all attributes that are used.
        places: Where values were found: a namespace, a name, the value.
        cells: The values of outer functions' variables that are used.
        own: The functions that name their own class in ``super(Name, self)``, with that name.
    """

    functions: dict[FunctionType, Uses] = field(default_factory=dict)
    classes: dict[type, None] = field(default_factory=dict)
    collections: list[Any] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    places: list[tuple[Any, str, Any]] = field(default_factory=list)
    cells: list[tuple[CellType, Any]] = field(default_factory=list)
    own: dict[FunctionType, str] = field(default_factory=dict)

    def methods(self, owner: type) -> Iterator[tuple[str, Any]]:
        """The attributes of a class that may be used."""
        bases = [base for base in owner.__mro__ if is_layer_class(base) or base is nn.Module]
        for name, value in vars(owner).items():
            if name in _DESCRIPTIONS:
                continue
            # What a layer's class defines too may be called by it.
            if name in self.names or name in _METHODS or any(hasattr(base, name) for base in bases):
                yield name, value


def read(builder: Callable[..., Any]) -> Reads:
    """Read a function or class that builds networks, with all that it uses.

    Raises:
        UnreadableError: Something that it uses is not known to depend on its arguments only.
    """
    reader = _Reader()
    reader.vet(builder, "the builder")
    before = -1
    while before != len(reader.seen):  # names that are used make more methods count
        before = len(reader.seen)
        for owner in list(reader.found.classes):
            for name, value in list(reader.found.methods(owner)):
                reader.attribute(owner, name, value)
    return reader.found


class _Reader:
    def __init__(self) -> None:
        self.found = Reads()
        self.seen: dict[Any, Any] = {}

    def vet(self, value: Any, where: str) -> None:
        """Read a value that code may come by."""
        if is_plain(value) or id(value) in self.seen:
            return
        self.seen[id(value)] = value
        if type(value) in _COLLECTIONS:
            if type(value) not in (tuple, frozenset):
                self.found.collections.append(value)
            for part in [*value.keys(), *value.values()] if isinstance(value, dict) else value:
                self.vet(part, where)
        elif is_trusted(value):
            return
        elif type(value) is FunctionType:
            self._function(value)
        elif isinstance(value, type) and issubclass(value, nn.Module):
            self._class(value)
        else:
            raise UnreadableError(f"{where} is a {type(value).__name__} that may change")

    def attribute(self, owner: type, name: str, value: Any) -> None:
        """Read an attribute of a class."""
        where = f"{owner.__qualname__}.{name}"
        if (owner, name) in self.seen:
            return
        self.seen[owner, name] = value
        if name.startswith("__") and name.endswith("__") and name not in _METHODS:
            raise UnreadableError(f"{where} changes what the class does")
        for part in functions_of(value) or [value]:
            self.vet(part, where)

    def _class(self, owner: type) -> None:
        if type(owner) is not type:
            raise UnreadableError(f"{owner.__qualname__} has the metaclass {type(owner).__qualname__}")
        for base in owner.__bases__:
            if base is not nn.Module and not is_layer_class(base):
                self.vet(base, f"the base {base.__qualname__} of {owner.__qualname__}")
        for name in vars(owner):
            special = name.startswith("__") and name.endswith("__")
            if special and name not in _METHODS and name not in _DESCRIPTIONS:
                raise UnreadableError(f"{owner.__qualname__}.{name} changes what the class does")
        self.found.classes[owner] = None

    def _function(self, function: FunctionType) -> None:
        if set(function.__dict__) - {"__wrapped__"}:
            raise UnreadableError(f"{function.__qualname__} has attributes")
        defaults = (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values())
        for value in defaults:
            if type(value) in (list, dict, set, OrderedDict):
                raise UnreadableError(f"{function.__qualname__} has a default that may change")
            self.vet(value, f"a default of {function.__qualname__}")
        names_used = Uses()
        self.found.functions[function] = names_used
        outer = function.__code__.co_freevars
        for name, cell in zip(outer, function.__closure__ or (), strict=True):
            if name != "__class__":
                try:
                    value = cell.cell_contents
                except ValueError:
                    raise UnreadableError(f"{name} has no value yet in {function.__qualname__}") from None
                self.found.cells.append((cell, value))
                self.vet(value, f"{name} in {function.__qualname__}")
        self._code(function.__code__, function, names_used, frozenset(outer))

    def _code(self, code: CodeType, function: FunctionType, used: Uses, outer: frozenset[str]) -> None:
        if code.co_flags & 0x280:  # a coroutine or an asynchronous generator
            raise UnreadableError(f"{function.__qualname__} is asynchronous")
        steps = [step for step in dis.get_instructions(code) if step.opname not in _SKIPPED]
        for at, step in enumerate(steps):
            name = step.opname
            if any(part in name for part in _REFUSED):
                raise UnreadableError(
                    f"{function.__qualname__} imports, defines a class or looks up names by name"
                )
            if step.opcode in dis.hasfree:
                if name in ("STORE_DEREF", "DELETE_DEREF") and step.argval in outer:
                    raise UnreadableError(
                        f"{function.__qualname__} changes {step.argval} of an outer function"
                    )
            elif name == "LOAD_GLOBAL":
                self._global(steps, at, function, used)
            elif name in _ATTRIBUTES:
                self._name(step.argval, function)
            elif step.opcode in dis.hasname:
                raise UnreadableError(f"{function.__qualname__} changes the global name {step.argval}")
        for value in code.co_consts:
            if isinstance(value, CodeType):
                self._code(value, function, used, outer)
            elif isinstance(value, str) and value.startswith("__") and value.endswith("__"):
                self._name(value, function)

    def _name(self, name: str, function: FunctionType) -> None:
        if name.startswith("__") and name.endswith("__") and name not in _SPECIAL:
            raise UnreadableError(f"{function.__qualname__} uses {name}")
        self.found.names.add(name)

    def _global(self, steps: list[dis.Instruction], at: int, function: FunctionType, used: Uses) -> None:
        name = steps[at].argval
        space = function.__globals__ if name in function.__globals__ else vars(builtins)
        value = space.get(name, _MISSING)
        where = f"{name} in {function.__qualname__}"
        if value is _MISSING:
            raise UnreadableError(f"{where} is not there yet")
        self.found.places.append((space, name, value))
        if value is super and steps[at + 1].opname == "LOAD_GLOBAL":
            self.found.own[function] = steps[at + 1].argval
        while isinstance(value, ModuleType):
            at += 1
            step = steps[at]
            if step.opname not in ("LOAD_ATTR", "LOAD_METHOD"):
                raise UnreadableError(f"{where} is a module that is used as a value")
            used = used.setdefault(name, Uses())
            module, name = value, step.argval
            value = getattr(module, name, _MISSING)
            if value is _MISSING:
                raise UnreadableError(f"{module.__name__} has no {name}")
            if name in vars(module):
                self.found.places.append((vars(module), name, value))
            where = f"{module.__name__}.{name} in {function.__qualname__}"
        used[name] = value
        self.vet(value, where)


def functions_of(value: Any) -> list[FunctionType]:
    """The functions that an attribute of a class is made of."""
    if isinstance(value, staticmethod | classmethod):
        return [value.__func__] if type(value.__func__) is FunctionType else []
    if type(value) is property:
        parts = [f for f in (value.fget, value.fset, value.fdel) if f is not None]
        found = [f for f in parts if isinstance(f, FunctionType)]
        return found if len(found) == len(parts) else []
    return [value] if type(value) is FunctionType else []
