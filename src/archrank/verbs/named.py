"""Benchmarks and built-in spaces by name, where a user gives a name instead of an object."""

import os
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from archrank import benchmarks
from archrank.benchmarks.files import SUFFIXES
from archrank.benchmarks.table import Table
from archrank.errors import ArchrankError, UnknownName
from archrank.space import SearchSpace
from archrank.spaces.named import SPACES, named_space
from archrank.workers.outcome import Evaluator

__all__ = ["given_values", "named_target"]


def named_target(target: SearchSpace | Table | str) -> SearchSpace | Table:
    """The benchmark or the space that a text names; what is no text as it is.

    Raises:
        UnknownName: No benchmark or space has this name.
        TableError: The benchmark's file is missing or damaged.
    """
    if not isinstance(target, str):
        return target
    if target in benchmarks.SOURCES:
        return benchmarks.load_benchmark(target)
    if target in SPACES:
        return named_space(target)
    raise UnknownName("benchmark or space", target, dict.fromkeys([*benchmarks.names(), *SPACES]))


def given_values(evaluate: Any, space: SearchSpace) -> Evaluator | Table | None:
    """What gives the values of a search: measured architectures in any form become a table.

    Args:
        evaluate: A function, a table, a benchmark's name, or what :func:`~archrank.benchmarks.as_table` reads.
        space: The space of the architectures.

    Raises:
        ArchrankError: A text that names no benchmark and no file.
        TableError: The measured architectures cannot be read.
    """
    if isinstance(evaluate, str):
        if evaluate in benchmarks.SOURCES:
            return benchmarks.load_benchmark(evaluate)
        if Path(evaluate).suffix not in SUFFIXES:
            close = get_close_matches(evaluate, benchmarks.names(), n=1)
            raise ArchrankError(
                f"the evaluator {evaluate!r} is no benchmark's name{f' (did you mean {close[0]!r}?)' if close else ''}"
                f" and no file of measured architectures ({', '.join(SUFFIXES)}); for a function give the "
                "function, not its name"
            )
    elif not (isinstance(evaluate, list | Mapping | os.PathLike) or hasattr(evaluate, "columns")):
        found: Evaluator | Table | None = evaluate
        return found
    return benchmarks.as_table(space, evaluate)
