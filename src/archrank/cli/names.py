"""Names that the user typed become objects here: spaces and benchmarks by name, or a user's own space.

:func:`space` imports the file or module that a name such as ``path/to/file.py:Class`` refers to, so it is only for
names that the user typed. A stored name goes to :func:`archrank.spaces.named.named_space`, which imports no such file.
"""

from typing import Any

from archrank import benchmarks
from archrank.benchmarks import Table
from archrank.benchmarks.files import SUFFIXES
from archrank.errors import ArchrankError, SpaceError, UnknownName
from archrank.space import SearchSpace
from archrank.spaces.named import SPACES, named_space
from archrank.system.foreign import in_one_line, shown
from archrank.system.user_code import user_module

__all__ = ["space", "table", "target", "user_module"]


def table(name: str) -> Table:
    """The benchmark of that name.

    Raises:
        UnknownName: No such benchmark.
        TableError: The package that carries it is missing or damaged, or its official file was not imported yet.
    """
    return benchmarks.load_benchmark(name)


def space(name: str, kind: str = "space", example: Any = None) -> SearchSpace:
    """The search space of a name on the command line; imports the user's code if the name refers to code.

    Args:
        name: What the user typed: a space's name, a benchmark's name (for its space), or a user's own space as
            ``path/to/file.py:Class`` or ``package.module:Class``, where the name is that of a class or an object.
        kind: What is named, for the message that there is no such name.
        example: What a network with choices is called with; None where the user's file says it.

    Raises:
        UnknownName: No such space, or no such name in the user's file.
        SpaceError: The user's file cannot be imported, or what it holds there is no search space.

    >>> space("analog-nasbench").name
    'nas-bench-201'
    """
    if name in SPACES:
        return named_space(name)
    if name in benchmarks.SOURCES:
        return benchmarks.SOURCES[name].space()
    where, colon, attribute = name.rpartition(":")
    if colon and where:
        return _user_space(where, attribute, example)
    if name.endswith(".py"):
        raise SpaceError(f"{name!r}: name the space in the file, e.g. {name}:MySpace")
    raise UnknownName(kind, name, dict.fromkeys(["path/to/file.py:ClassName", *SPACES, *benchmarks.names()]))


def target(name: str, evaluator: str | None, is_remote: bool) -> SearchSpace | Table:
    """What the user searches: a benchmark's table, or a space.

    Args:
        name: What the user typed: a benchmark, or a space. A name of both is the space if there is an evaluator.
        evaluator: The evaluator that the user typed.
        is_remote: Whether workers elsewhere evaluate.

    Raises:
        UnknownName: There is no such benchmark, and no such space.
        SpaceError: The user's file cannot be imported, or what it holds there is no search space.
        TableError: The benchmark cannot be read.
        ArchrankError: It is a space, and nothing evaluates; or a user's table, whose space is not known.
    """
    if name in benchmarks.SOURCES and not (evaluator and name in SPACES):
        return table(name)
    if name.lower().endswith(SUFFIXES):
        raise ArchrankError(
            f"{shown(name)} is a table of your own, which does not name its space: archrank search SPACE --evaluator "
            f"{shown(name)}"
        )
    found = space(name, "benchmark or space")
    if evaluator is None and not is_remote:
        tables = benchmarks.tables_of(found)
        instead = f"; or search one of its benchmarks: {', '.join(tables)}" if tables else ""
        raise ArchrankError(
            f"{name} is a space without measured architectures: name a function that evaluates one (--evaluator "
            f"path/to/file.py:function), or train them (--evaluator train){instead}"
        )
    return found


def _user_space(where: str, attribute: str, example: Any = None) -> SearchSpace:
    module = user_module(where)
    if attribute not in vars(module):
        spaces = [name for name, value in vars(module).items() if _is_space(value)]
        raise UnknownName(f"space of {where}", attribute, spaces)
    found = vars(module)[attribute]
    if not _is_space(found):
        example = vars(module).get("example") if example is None else example
        if callable(found) and example is not None:
            return _module_space(found, example)
        if missing := sorted(getattr(found, "__abstractmethods__", ())):
            raise SpaceError(f"{where}:{attribute} is not complete: it lacks {', '.join(missing)}")
        raise SpaceError(
            f"{where}:{attribute} is {shown(found)}, expected a subclass of SearchSpace, or an object of one; for a "
            "function or class that builds a network with choices, write beside it what the network is called with, "
            "such as example = (1, 3, 32, 32)"
        )
    try:
        space: SearchSpace = found() if isinstance(found, type) else found
    except ArchrankError:
        raise
    except Exception as error:
        raise SpaceError(
            f"{where}:{attribute} cannot be made without arguments: {in_one_line(error)}; "
            "make an object of it in the file, and name that"
        ) from None
    return space


def _module_space(net: Any, example: Any) -> SearchSpace:
    from archrank.modules import ModuleSpace

    return ModuleSpace(net, example)


def _is_space(value: object) -> bool:
    return isinstance(value, SearchSpace) or (
        isinstance(value, type) and issubclass(value, SearchSpace) and not value.__abstractmethods__
    )
