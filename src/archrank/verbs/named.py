"""Benchmarks and built-in spaces by name, where a user gives a name instead of an object."""

from difflib import get_close_matches
from archrank import benchmarks
from archrank.benchmarks.table import Table
from archrank.errors import ArchrankError, UnknownName
from archrank.space import SearchSpace
from archrank.spaces.named import SPACES, named_space
from archrank.study.outcome import Evaluator

__all__ = ["named_target", "named_values"]


def named_target(target: SearchSpace | Table | str) -> SearchSpace | Table:
    """The benchmark or the space that a text names; what is no text as it is.

    Raises:
        UnknownName: No benchmark or space has this name.
        TableError: The benchmark's file is missing or damaged.
    """
    if not isinstance(target, str):
        return target
    if target in benchmarks.SOURCES:
        return benchmarks.load(target)
    if target in SPACES:
        return named_space(target)
    raise UnknownName("benchmark or space", target, dict.fromkeys([*benchmarks.names(), *SPACES]))


def named_values(evaluate: Evaluator | Table | str | None) -> Evaluator | Table | None:
    """The table that a text names; what is no text as it is.

    Raises:
        ArchrankError: No benchmark has this name.
        TableError: The benchmark's file is missing or damaged.
    """
    if not isinstance(evaluate, str):
        return evaluate
    if evaluate in benchmarks.SOURCES:
        return benchmarks.load(evaluate)
    close = get_close_matches(evaluate, benchmarks.names(), n=1)
    raise ArchrankError(
        f"the evaluator {evaluate!r} is no benchmark's name{f' (did you mean {close[0]!r}?)' if close else ''}: give a "
        "function of an architecture, not its name"
    )
