"""The outcome of a task, and what an evaluator is."""

import inspect
import math
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

import numpy as np

from archrank.architecture import Architecture
from archrank.errors import EvaluationError, Infeasible, UnknownName, UnrelatedFailure
from archrank.system.foreign import bounded, in_one_line, message, shown
from archrank.system.interrupts import Interrupts
from archrank.workers.failures import Failure, failure_of

__all__ = [
    "DEFAULT_METRIC",
    "Evaluator",
    "InvalidResult",
    "Outcome",
    "attempt",
    "measure",
    "note_trained",
    "takes_seed",
]

Evaluator = Callable[..., "float | Sequence[float] | Mapping[str, float]"]
"""Called with an :class:`~archrank.Architecture`; gives the metric's value, or several in the order in which they are
asked for, or a mapping that holds what is asked for among other values, which are only recorded. In a search with
fidelities it is also called with the number of epochs. One with a parameter ``seed`` is called with ``seed=1``, ``2`` …
where the best are evaluated again."""

DEFAULT_METRIC = "value"
"""The metric's name where none is given; an evaluator that returns one value under any name means it."""

_MOST_VALUES, _LONGEST_NAME = 10_000, 500
"""Of one evaluation: what is more or longer than that is a mistake, and would fill the study."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of one evaluation, or of another task.

    Attributes:
        values: The values by name; empty where it failed, unless it was given up because those that are known break
            a constraint. Those of an evaluation are numbers, the metric's among them; None stands for a further value
            that is not a finite number.
        seconds: How long it took.
        error: Why it failed; None where it did not.
        failure: The kind of the failure; None where it did not fail.
        mismatch: Whether it failed because the evaluator does not give the values that the search goes by, which is
            no fault of the architecture.
        trained: How many epochs were trained, where a training may stop early and the evaluator counts them: fewer
            than asked for where it went on from a checkpoint.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    error: str | None = None
    failure: Failure | None = None
    mismatch: bool = False
    trained: int | None = None


_TRAINED: ContextVar[int | None] = ContextVar("epochs trained in this evaluation", default=None)


def note_trained(epochs: int) -> None:
    """Let an evaluator tell how many epochs it trained; of several trainings of an evaluation the longest counts."""
    _TRAINED.set(max(epochs, _TRAINED.get() or 0))


class InvalidResult(UnrelatedFailure):
    """The evaluator does not return the values that the search needs."""


def attempt(function: Callable[[], Mapping[str, Any]]) -> Outcome:
    """Call a function; a failure is an outcome, not an exception.

    Whatever the function raises is a failure, SystemExit, GeneratorExit and a KeyboardInterrupt of its own included: no
    generator is suspended in here, so the interpreter closes none of ours. Where an
    interrupt (Ctrl-C) came in the meantime nothing is an outcome, for what is returned then may be half a training.

    Args:
        function: Returns values by name.

    Raises:
        KeyboardInterrupt: The process was interrupted.
    """
    process, interrupts, began = os.getpid(), Interrupts(), time.perf_counter()
    error: str | None = None
    failure: Failure | None = None
    mismatch = False
    values: Mapping[str, Any] = {}
    try:
        # An interrupt that comes before or after the context is open is no failure of the function.
        with interrupts:
            try:
                values = function()
            except EvaluationError as raised:
                error, mismatch = message(raised), isinstance(raised, InvalidResult)
                failure = failure_of(raised)
                values = raised.values if isinstance(raised, Infeasible) else {}
            except BaseException as raised:
                # It is the user's program: whatever it throws, the others go on.
                error, failure = in_one_line(raised), failure_of(raised)
    finally:
        if os.getpid() != process:
            # A copy of this process that the function forked came back too: it must not go on as if it were this one.
            os._exit(0)
    if interrupts.came:
        raise KeyboardInterrupt
    return Outcome(values, time.perf_counter() - began, error, failure, mismatch)


def measure(
    evaluate: Evaluator,
    architecture: Architecture,
    metric: str | Sequence[str],
    epochs: int | None = None,
    seed: int = 0,
) -> Outcome:
    """Evaluate one architecture; a failure is an outcome, not an exception.

    Args:
        evaluate: The evaluator.
        architecture: What to evaluate.
        metric: The name of the value that the search goes by, or the names of several.
        epochs: For how many epochs it is trained; None where the evaluator is not told.
        seed: 0 for the first evaluation, in which the evaluator is not told, and k for the k-th repeat.

    Raises:
        KeyboardInterrupt: The process was interrupted.

    >>> measure(lambda architecture: float("nan"), Architecture("s", (0,)), "accuracy").error
    "'accuracy' is nan, expected a finite number"
    """
    needed = (metric,) if isinstance(metric, str) else tuple(metric)
    arguments = (architecture,) if epochs is None else (architecture, epochs)
    keywords = {"seed": seed} if seed and takes_seed(evaluate) else {}
    counted = _TRAINED.set(None)
    try:
        outcome = attempt(lambda: _numbers(_called(evaluate, arguments, keywords), needed))
        return outcome if epochs is None else replace(outcome, trained=_TRAINED.get())
    finally:
        _TRAINED.reset(counted)


def _called(evaluate: Evaluator, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> Any:
    limit = sys.getrecursionlimit()
    try:
        return evaluate(*arguments, **keywords)
    finally:
        # One that it lowered is not meant for this process's own code; another thread may need one that it raised.
        if sys.getrecursionlimit() < limit:
            sys.setrecursionlimit(limit)


def takes_seed(evaluate: object) -> bool:
    """Whether an evaluator, or the one inside of it, has a parameter ``seed``."""
    if (inside := getattr(evaluate, "seeded", None)) is not None:
        return takes_seed(inside)
    try:
        parameter = inspect.signature(evaluate).parameters.get("seed")  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return False  # not every callable has a signature
    return parameter is not None and parameter.kind != inspect.Parameter.POSITIONAL_ONLY


def _numbers(returned: Any, needed: tuple[str, ...]) -> dict[str, float | None]:
    given = _named(returned, needed)
    if needed == (DEFAULT_METRIC,) and len(given) == 1 and DEFAULT_METRIC not in given:
        given = {DEFAULT_METRIC: next(iter(given.values())), **given}
    if len(given) > _MOST_VALUES:
        raise EvaluationError(f"it gave {len(given):,} values, and at most {_MOST_VALUES:,} can be recorded")
    for name in needed:
        if name not in given:
            raise InvalidResult(
                f"{UnknownName('value', name, map(_name, given))}. Name the values to search by (metric=, or "
                "objectives=; --metric, --objectives), or return them"
            )
    values = {_name(name): _number(value) for name, value in given.items()}
    if len(values) < len(given):
        raise EvaluationError("it gave two values whose names are the same text: give each a name of its own")
    for name in needed:
        if values[name] is None:
            raise EvaluationError(f"{name!r} is {shown(given[name])}, expected a finite number")
    return values


def _named(returned: Any, needed: tuple[str, ...]) -> Mapping[Any, Any]:
    if isinstance(returned, Mapping):
        return returned
    if len(needed) == 1:
        if returned is None or isinstance(returned, str | bytes | list | tuple) or not _converts(returned):
            raise InvalidResult(
                f"{needed[0]!r} is {shown(returned)}, expected a finite number: return one, or raise an exception "
                "where an architecture cannot be evaluated"
            )
        return {needed[0]: returned}
    try:
        iterator = iter([returned] if isinstance(returned, str | bytes) else returned)
    except TypeError:  # a single value, also as an array or a tensor
        iterator = iter([returned])
    several = list(islice(iterator, _MOST_VALUES))  # it may never end
    if len(several) != len(needed):
        count = f"{len(several)} value{'' if len(several) == 1 else 's'}"
        raise InvalidResult(
            f"it gave {count} ({', '.join(map(shown, several[:5]))}), expected {len(needed)}: {', '.join(needed)}; "
            "return them in this order, or a mapping that holds them by name"
        )
    return dict(zip(needed, several, strict=True))


def _converts(value: Any) -> bool:
    """Whether a value is one number, if perhaps not a finite one; an array of several is not."""
    try:
        float(value)
    except (TypeError, ValueError, RuntimeError):
        return False
    except Exception:
        return True  # a user's own number, which has failed
    return True


def _name(key: Any) -> str:
    return bounded(key if isinstance(key, str) else shown(key), _LONGEST_NAME)


def _number(value: Any) -> float | None:
    if value is None or isinstance(value, str | bytes | bool | np.bool_):
        return None
    try:
        number = float(value)
    except Exception:
        return None  # whatever it is, it is no number
    return number if math.isfinite(number) else None
