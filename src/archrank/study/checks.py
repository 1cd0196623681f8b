"""Checks of what a search is given, before anything is evaluated."""

from collections.abc import Callable
from typing import Any

from archrank.benchmarks.table import Table
from archrank.errors import ArchrankError, BudgetError, EvaluationError, SpaceError
from archrank.space import SearchSpace
from archrank.space_checks import check_parts
from archrank.spaces.named import named_space
from archrank.strategies.base import Strategy
from archrank.strategies.named import StrategyOptions, named_strategy
from archrank.system.arguments import check_takes_one
from archrank.system.foreign import shown
from archrank.workers.outcome import Evaluator

__all__ = [
    "check_maximum",
    "check_on_progress",
    "checked_evaluator",
    "checked_space",
    "checked_strategy",
    "table_of",
]


def check_maximum(name: str, value: int, maximum: int) -> None:
    """Refuse more evaluations than there are architectures.

    Raises:
        BudgetError: There are fewer.
    """
    if value > maximum:
        raise BudgetError(
            f"{name} is {value}, and there are {maximum:,} architectures; give {maximum} or less"
        )


def check_on_progress(on_progress: object) -> None:
    """Refuse what cannot be called with the progress of a search.

    Args:
        on_progress: What is to be called with a `Progress` after every evaluation, or None.

    Raises:
        ArchrankError: It is no function of one argument.
    """
    if on_progress is None:
        return
    if not callable(on_progress):
        raise ArchrankError(f"on_progress is {shown(on_progress)}, expected a function of a Progress")
    check_takes_one(on_progress, "on_progress", "Progress", ArchrankError)


def checked_space(space: object) -> SearchSpace:
    """The space, or the built-in one of that name.

    Raises:
        SpaceError: It is something else.
        UnknownName: A text that names no built-in space.
    """
    if isinstance(space, str):
        return named_space(space)
    if isinstance(space, SearchSpace):
        check_parts(space)
        return space
    if isinstance(space, type) and issubclass(space, SearchSpace):
        raise SpaceError(f"{space.__name__} is a class, expected a space: give {space.__name__}()")
    raise SpaceError(
        f"{shown(space)} is no search space: give an object of a SearchSpace class, or a table such as "
        "load_benchmark('nas-bench-201-cifar10')"
    )


def table_of(space: object, evaluate: object) -> Table | None:
    """The table that is searched or looked up; None where there is none.

    Raises:
        EvaluationError: The table is about another space.
    """
    if isinstance(space, Table):
        if isinstance(evaluate, Table) and evaluate is not space:
            raise EvaluationError(f"{space!r} and {evaluate!r}: give one table")
        return space
    if not isinstance(evaluate, Table):
        return None
    if isinstance(space, SearchSpace) and evaluate.space.name != space.name:
        raise EvaluationError(
            f"the table {evaluate.name} is about the space {evaluate.space.name}, not {space.name}: give a table of "
            f"{space.name}, or search {evaluate.space.name}"
        )
    return evaluate


def checked_evaluator(evaluate: object) -> Evaluator | None:
    """The evaluator.

    Raises:
        EvaluationError: It cannot be called.
    """
    if evaluate is None:
        return None
    if isinstance(evaluate, type):
        raise EvaluationError(
            f"{evaluate.__name__} is a class, expected an evaluator: give an object of it, or a function"
        )
    if not callable(evaluate):
        raise EvaluationError(
            f"{shown(evaluate)} is no evaluator: give a function of an architecture that returns a number, "
            "or a table of measured architectures"
        )
    found: Callable[..., Any] = evaluate
    return found


def checked_strategy(strategy: object, space: SearchSpace, table: Table | None) -> Strategy:
    """The strategy, or the one of that name; the default one for None.

    Raises:
        ArchrankError: It is something else, or for another space.
    """
    if strategy is None or isinstance(strategy, str):
        options = StrategyOptions() if strategy is None else StrategyOptions(strategy)
        return named_strategy(space, options, None if table is None else table.candidates)
    if isinstance(strategy, type):
        raise ArchrankError(f"{strategy.__name__} is a class, expected a strategy: give an object of it")
    if not isinstance(strategy, Strategy):
        raise ArchrankError(
            f"{shown(strategy)} is no strategy: give an object such as GuidedSearch(space), "
            "or leave it out for the default"
        )
    if (other := getattr(strategy, "space", space)).name != space.name:
        raise ArchrankError(f"the strategy is for the space {other.name}, and the search is of {space.name}")
    return strategy
