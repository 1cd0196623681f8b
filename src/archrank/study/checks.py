"""Checks of what a search is given, before anything is evaluated."""

import inspect
from collections.abc import Callable
from typing import Any

from archrank.benchmarks.table import Table
from archrank.errors import ArchrankError, BudgetError, EvaluationError, SpaceError
from archrank.space import SearchSpace
from archrank.spaces.named import named_space
from archrank.strategies.base import Strategy
from archrank.strategies.named import named_strategy
from archrank.workers.outcome import Evaluator

__all__ = [
    "check_count",
    "check_takes_one",
    "checked_evaluator",
    "checked_space",
    "checked_strategy",
    "table_of",
]


def check_count(name: str, value: object, *, minimum: int = 1, maximum: int | None = None) -> None:
    """Refuse what is not a whole number in a range.

    Raises:
        BudgetError: It is not.
    """
    whole = isinstance(value, int) or hasattr(value, "__index__")
    if not whole or isinstance(value, bool):
        raise BudgetError(f"{name} is {value!r}, expected a whole number from {minimum}")
    if value < minimum:  # type: ignore[operator]
        raise BudgetError(f"{name} is {value}; give {minimum} or more")
    if maximum is not None and value > maximum:  # type: ignore[operator]
        raise BudgetError(
            f"{name} is {value}, and there are {maximum:,} architectures; give {maximum} or less"
        )


def checked_space(space: object) -> SearchSpace:
    """The space, or the built-in one of that name.

    Raises:
        SpaceError: It is something else.
        UnknownName: A text that names no built-in space.
    """
    if isinstance(space, str):
        return named_space(space)
    if isinstance(space, SearchSpace):
        return space
    if isinstance(space, type) and issubclass(space, SearchSpace):
        raise SpaceError(f"{space.__name__} is a class, expected a space: give {space.__name__}()")
    raise SpaceError(
        f"{_shown(space)} is no search space: give an object of a SearchSpace class, or a table such as "
        "load_benchmark('analog-nasbench')"
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
            f"{_shown(evaluate)} is no evaluator: give a function of an architecture that returns a number, "
            "or a table of measured architectures"
        )
    found: Callable[..., Any] = evaluate
    return found


def check_takes_one(evaluate: Callable[..., Any]) -> None:
    """Refuse a function that cannot be called with an architecture alone, before any budget is spent.

    Raises:
        EvaluationError: It takes no argument, or requires others.
    """
    try:
        signature = inspect.signature(evaluate)
    except (TypeError, ValueError):
        return  # not every callable has one
    try:
        signature.bind(None)
    except TypeError as error:
        raise EvaluationError(
            f"the evaluator {_shown(evaluate)} cannot be called with one architecture ({error}): give a function of "
            "an architecture that returns a number"
        ) from None


def checked_strategy(strategy: object, space: SearchSpace, table: Table | None) -> Strategy:
    """The strategy; the default one for None.

    Raises:
        ArchrankError: It is something else, or for another space.
    """
    if strategy is None:
        return named_strategy(space, candidates=None if table is None else table.candidates)
    if isinstance(strategy, type):
        raise ArchrankError(f"{strategy.__name__} is a class, expected a strategy: give an object of it")
    if not isinstance(strategy, Strategy):
        raise ArchrankError(
            f"{_shown(strategy)} is no strategy: give an object such as GuidedSearch(space), "
            "or leave it out for the default"
        )
    if (other := getattr(strategy, "space", space)).name != space.name:
        raise ArchrankError(f"the strategy is for the space {other.name}, and the search is of {space.name}")
    return strategy


def _shown(value: object) -> str:
    text = repr(value)
    if "\n" in text:  # a DataFrame or an array
        return f"a {type(value).__name__}"
    return text if len(text) <= 80 else f"{text[:77]}…"
