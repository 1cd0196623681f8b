"""What else code that builds networks is made of: the user's files and values that it reaches from its own file."""

import inspect
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from dis import get_instructions
from functools import partial
from pathlib import Path
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

__all__ = ["Reached", "is_users_file"]

_PLAIN = (bool, int, float, complex, str, bytes, type(None))
_LONGEST = 1_000
"""Of longer lists and mappings only the length counts."""

_PYTHON = Path(sysconfig.get_path("stdlib"))
_OURS = Path(__file__).parents[1]


def is_users_file(path: Path) -> bool:
    """Whether it is Python code that is neither installed nor Python's own."""
    if path.suffix != ".py" or "site-packages" in path.parts or not path.is_file():
        return False
    return not (path.is_relative_to(_PYTHON) or path.is_relative_to(_OURS))


class Reached:
    """What a function or class refers to, directly or by what it refers to.

    Args:
        builder: The function, class or object.

    Attributes:
        files: The user's files in which functions and classes of it are defined.
        values: Plain values by where they were met: constants of modules, defaults, what closures and partial functions
            hold, and the attributes of objects.
    """

    def __init__(self, builder: Any) -> None:
        self.files: dict[Path, None] = {}
        self.values: dict[str, str] = {}
        self._seen: dict[int, Any] = {}  # kept alive, so that no two have the same id
        self._visit(builder, "builder")

    def _visit(self, value: Any, name: str) -> None:
        if isinstance(value, _PLAIN):
            self.values[name] = repr(value)
            return
        if id(value) in self._seen:
            return
        self._seen[id(value)] = value
        for part, at in self._parts(value, name):
            self._visit(part, at)

    def _parts(self, value: Any, name: str) -> Iterator[tuple[Any, str]]:
        if isinstance(value, Mapping | list | tuple) and len(value) > _LONGEST:
            yield f"{type(value).__name__} of {len(value)}", name  # data, not a setting
        elif isinstance(value, Mapping):
            yield from ((part, f"{name}[{key!r}]") for key, part in value.items())
        elif isinstance(value, list | tuple):
            yield from ((part, f"{name}[{place}]") for place, part in enumerate(value))
        elif isinstance(value, set | frozenset):
            yield repr(sorted(map(repr, value))), name
        elif isinstance(value, partial):
            yield from ((value.func, f"{name}.func"), (value.args, f"{name}.args"))
            yield value.keywords, f"{name}.keywords"
        elif isinstance(value, MethodType):
            yield from ((value.__func__, name), (value.__self__, f"{name}.self"))
        elif isinstance(value, FunctionType):
            yield from self._of_function(value)
        elif isinstance(value, type):
            yield from self._of_class(value)
        elif isinstance(value, ModuleType):
            yield from self._of_module(value)
        elif name.startswith("builder"):  # an object that builds, or that what builds holds
            yield type(value), f"{name}.type"
            yield from ((part, f"{name}.{key}") for key, part in getattr(value, "__dict__", {}).items())

    def _of_function(self, function: FunctionType) -> Iterator[tuple[Any, str]]:
        function = inspect.unwrap(function)
        if not self._add_file(function.__code__.co_filename) and _is_library(function.__module__):
            return
        where = f"builder {function.__module__}.{function.__qualname__}"
        yield (function.__defaults__ or (), function.__kwdefaults__ or {}), f"{where} defaults"
        for variable, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
            try:
                yield cell.cell_contents, f"{where} {variable}"
            except ValueError:
                continue  # not assigned yet
        known, changed = function.__globals__, set(_changed(function.__code__))
        for used in dict.fromkeys(_names_of(function.__code__)):
            # A list or mapping may be a record that the code keeps, unless it is called a constant.
            if used in known and used not in changed and (used.isupper() or not _may_grow(known[used])):
                yield known[used], f"{function.__module__}.{used}"

    def _of_class(self, owner: type) -> Iterator[tuple[Any, str]]:
        try:
            file = inspect.getfile(owner)
        except (OSError, TypeError):
            file = ""
        if not self._add_file(file) and _is_library(owner.__module__):
            return
        yield from ((base, f"{owner.__qualname__} base") for base in owner.__bases__)
        for key, member in vars(owner).items():
            member = getattr(member, "__func__", member)
            member = member.fget if isinstance(member, property) else member
            if isinstance(member, FunctionType):
                yield member, f"{owner.__qualname__}.{key}"

    def _of_module(self, module: ModuleType) -> Iterator[tuple[Any, str]]:
        if self._add_file(getattr(module, "__file__", None) or ""):
            members = vars(module).items()
            yield from (
                (member, f"{module.__name__}.{key}")
                for key, member in members
                if isinstance(member, FunctionType | type)
            )

    def _add_file(self, file: str) -> bool:
        """Note a file if it is the user's."""
        path = Path(file)
        if users := is_users_file(path):
            self.files[path.resolve()] = None
        return users


def _names_of(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names_of(constant)


def _changed(code: CodeType) -> Iterator[str]:
    """The names of modules that code assigns."""
    yield from (str(step.argval) for step in get_instructions(code) if step.opname == "STORE_GLOBAL")
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _changed(constant)


def _may_grow(value: Any) -> bool:
    return isinstance(value, Mapping | list | set)


def _is_library(module: str | None) -> bool:
    """Whether a module is installed, or a part of Python."""
    file = getattr(sys.modules.get(module or ""), "__file__", None)
    return module == "builtins" or (file is not None and not is_users_file(Path(file)))
