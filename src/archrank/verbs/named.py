"""Benchmarks and built-in spaces by name, where a user gives a name instead of an object."""

import os
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from archrank import benchmarks
from archrank.benchmarks.files import SUFFIXES
from archrank.benchmarks.table import Table
from archrank.errors import ArchrankError, UnknownName, closest
from archrank.space import SearchSpace
from archrank.spaces.named import SPACES, named_space
from archrank.study.declared import named_objectives
from archrank.study.objectives import Direction
from archrank.system.foreign import shown
from archrank.workers.outcome import Evaluator

__all__ = ["given_values", "named_space_of", "named_target"]


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


def named_space_of(given: object) -> object:
    """The space that a text names, and the space of a table; what is neither as it is.

    Raises:
        UnknownName: No benchmark or space has this name.
        TableError: The benchmark's file is missing or damaged.
    """
    found = named_target(given)  # type: ignore[arg-type]  # the caller checks what it is
    return found.space if isinstance(found, Table) else found


def given_values(
    evaluate: Any,
    space: SearchSpace,
    *,
    metric: str | None = None,
    maximize: bool | None = None,
    objectives: Mapping[str, Direction] | Sequence[str] | None = None,
    reading: Mapping[str, Any] | None = None,
) -> Evaluator | Table | None:
    """What gives the values of a search: measured architectures in any form become a table.

    Args:
        evaluate: A function, a table, a benchmark's name, or what :func:`~archrank.benchmarks.as_table` reads.
        space: The space of the architectures.
        metric: As for :func:`archrank.search`, as are the next two: rows without the value that is searched by are left
            out, and columns have the directions that are said.
        maximize: Its direction.
        objectives: Several values.
        reading: How measured architectures are written, as arguments of :func:`~archrank.benchmarks.as_table`.

    Raises:
        ArchrankError: A text that names no benchmark and no file.
        TableError: The measured architectures cannot be read.
    """
    if isinstance(evaluate, str):
        if evaluate in benchmarks.SOURCES:
            return benchmarks.load_benchmark(evaluate)
        if Path(evaluate).suffix.lower() not in SUFFIXES:
            close = closest(evaluate, benchmarks.names(), 0.6)
            raise ArchrankError(
                f"the evaluator {shown(evaluate)} is neither the name of a benchmark"
                f"{'' if close is None else f' (did you mean {close!r}?)'} nor a file of measured architectures "
                f"({', '.join(SUFFIXES)}); for a function, pass the function instead of its name"
            )
    elif not (isinstance(evaluate, list | Mapping | os.PathLike) or hasattr(evaluate, "columns")):
        found: Evaluator | Table | None = evaluate
        return found
    named = named_objectives(metric, maximize, objectives)
    lower = [
        name for name, said in named.items() if said == "minimize" or (said is None and maximize is False)
    ]
    table = benchmarks.as_table(
        space, evaluate, target=next(iter(named), None), minimize=lower, **(reading or {})
    )
    for note in table.notes:
        warnings.warn(note, stacklevel=3)
    return table
