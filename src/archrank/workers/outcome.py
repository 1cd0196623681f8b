"""One evaluation: what an evaluator is, and the outcome of calling it."""

import math
import os
import pickle
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import cloudpickle
import numpy as np

from archrank.architecture import Architecture
from archrank.errors import EvaluationError, UnknownName
from archrank.system.foreign import bounded, in_one_line, message, shown
from archrank.system.interrupts import Interrupts

__all__ = ["DEFAULT_METRIC", "Evaluator", "Outcome", "measure", "pickled"]

Evaluator = Callable[[Architecture], "float | Sequence[float] | Mapping[str, float]"]
"""Gives the metric's value, or several in the order in which they are asked for, or a mapping that holds what is asked
for among other values, which are only recorded."""

DEFAULT_METRIC = "value"
"""The metric's name where none is given; an evaluator that returns one value under any name means it."""

_MOST_VALUES, _LONGEST_NAME = 10_000, 500
"""Of one evaluation: what is more or longer than that is a mistake, and would fill the study."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of one evaluation.

    Attributes:
        values: The values by name, the metric's among them; empty where it failed. None stands for a further
            value that is not a finite number.
        seconds: How long it took.
        error: Why it failed; None where it did not.
        mismatch: Whether it failed because the evaluator does not give the values that the search goes by, which is
            no fault of the architecture.
    """

    values: Mapping[str, float | None] = field(default_factory=dict)
    seconds: float = 0.0
    error: str | None = None
    mismatch: bool = False


class _Mismatch(EvaluationError):
    """The evaluator gives other values than those that the search goes by."""


def measure(evaluate: Evaluator, architecture: Architecture, metric: str | Sequence[str]) -> Outcome:
    """Evaluate one architecture; a failure is an outcome, not an exception.

    Whatever the evaluator raises is a failure, SystemExit and a KeyboardInterrupt of its own included. Where an
    interrupt (Ctrl-C) came in the meantime nothing is an outcome, for what is returned then may be half a training.

    Args:
        evaluate: The evaluator.
        architecture: What to evaluate.
        metric: The name of the value that the search goes by, or the names of several.

    Raises:
        KeyboardInterrupt: The process was interrupted.

    >>> measure(lambda architecture: float("nan"), Architecture("s", (0,)), "accuracy").error
    "'accuracy' is nan, expected a finite number"
    """
    process, interrupts, began = os.getpid(), Interrupts(), time.perf_counter()
    error: str | None = None
    mismatch = False
    values: dict[str, float | None] = {}
    try:
        with interrupts:
            needed = (metric,) if isinstance(metric, str) else tuple(metric)
            values = _numbers(evaluate(architecture), needed)
    except GeneratorExit:
        raise
    except EvaluationError as failure:
        error, mismatch = message(failure), isinstance(failure, _Mismatch)
    except BaseException as failure:
        # An evaluator is the user's program: whatever it throws, the study goes on.
        error = in_one_line(failure)
    finally:
        if os.getpid() != process:
            # A copy of this process that the evaluator forked came back too: it must not go on as if it were this one.
            os._exit(0)
    if interrupts.came:
        raise KeyboardInterrupt
    return Outcome(values, time.perf_counter() - began, error, mismatch)


def pickled(evaluator: object, by_value: bool = True) -> bytes:
    """The evaluator as it is sent to other processes.

    Args:
        evaluator: The evaluator.
        by_value: Whether functions that no module holds, such as lambdas and those of a notebook, are sent with their
            code; an executor of the standard library cannot do that.

    Raises:
        EvaluationError: It cannot be sent.
    """
    try:
        return cloudpickle.dumps(evaluator) if by_value else pickle.dumps(evaluator)
    except Exception as error:
        # Pickling runs code of the user's, which may raise anything.
        raise EvaluationError(
            f"the evaluator cannot be sent to worker processes ({message(error)}): make it a function or a class "
            "at the top level of a module that holds no open files, locks or connections, or use one worker"
        ) from None


def _numbers(returned: Any, needed: tuple[str, ...]) -> dict[str, float | None]:
    given = _named(returned, needed)
    if needed == (DEFAULT_METRIC,) and len(given) == 1 and DEFAULT_METRIC not in given:
        given = {DEFAULT_METRIC: next(iter(given.values())), **given}
    if len(given) > _MOST_VALUES:
        raise EvaluationError(f"it gave {len(given):,} values, and at most {_MOST_VALUES:,} can be recorded")
    for name in needed:
        if name not in given:
            raise _Mismatch(str(UnknownName("value", name, map(_name, given))))
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
        return {needed[0]: returned}
    several = (
        list(islice(returned, _MOST_VALUES))  # it may never end
        if isinstance(returned, Iterable) and not isinstance(returned, str | bytes)
        else [returned]
    )
    if len(several) != len(needed):
        count = f"{len(several)} value{'' if len(several) == 1 else 's'}"
        raise _Mismatch(
            f"it gave {count} ({', '.join(map(shown, several[:5]))}), expected {len(needed)}: {', '.join(needed)}; "
            "return them in this order, or a mapping that holds them by name"
        )
    return dict(zip(needed, several, strict=True))


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
