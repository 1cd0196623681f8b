"""One evaluation: what an evaluator is, and what came of calling it."""

import math
import pickle
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from archrank.architecture import Architecture
from archrank.errors import EvaluationError, UnknownName

__all__ = ["Evaluator", "Outcome", "measure", "pickled"]

Evaluator = Callable[[Architecture], "float | Sequence[float] | Mapping[str, float]"]
"""Gives the metric's value, or several in the order in which they are asked for, or a mapping that holds what is asked
for among other values, which are only recorded."""

_LONGEST_MESSAGE = 1000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one evaluation.

    Attributes:
        values: The values by name, the metric's among them; empty where it failed. None stands for a further
            value that is not a finite number.
        seconds: How long it took.
        error: Why it failed; None where it did not.
    """

    values: Mapping[str, float | None] = field(default_factory=dict)
    seconds: float = 0.0
    error: str | None = None


def measure(evaluate: Evaluator, architecture: Architecture, metric: str | Sequence[str]) -> Outcome:
    """Evaluate one architecture; a failure is an outcome, not an exception.

    Args:
        evaluate: The evaluator.
        architecture: What to evaluate.
        metric: The name of the value that the search goes by, or the names of several.

    >>> measure(lambda architecture: float("nan"), Architecture("s", (0,)), "accuracy").error
    "'accuracy' is nan, expected a finite number"
    """
    began = time.perf_counter()
    try:
        needed = (metric,) if isinstance(metric, str) else tuple(metric)
        values = _numbers(evaluate(architecture), needed)
    except EvaluationError as error:
        return Outcome(seconds=time.perf_counter() - began, error=str(error)[:_LONGEST_MESSAGE])
    except (Exception, SystemExit) as error:
        # An evaluator is the user's program: whatever it throws, the study goes on.
        reason = f"{type(error).__name__}: {error}"[:_LONGEST_MESSAGE]
        return Outcome(seconds=time.perf_counter() - began, error=reason)
    return Outcome(values, time.perf_counter() - began)


def pickled(evaluator: object) -> bytes:
    """The evaluator as it is sent to other processes.

    Raises:
        EvaluationError: It cannot be sent.
    """
    try:
        return pickle.dumps(evaluator)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise EvaluationError(
            f"the evaluator cannot be sent to worker processes ({error}): make it a function or a class "
            "at the top level of a module, or use one worker"
        ) from None


def _numbers(returned: Any, needed: tuple[str, ...]) -> dict[str, float | None]:
    given = _named(returned, needed)
    for name in needed:
        if name not in given:
            raise EvaluationError(str(UnknownName("value", name, [str(key) for key in given])))
    values = {str(name): _number(value) for name, value in given.items()}
    for name in needed:
        if values[name] is None:
            raise EvaluationError(f"{name!r} is {given[name]!r}, expected a finite number")
    return values


def _named(returned: Any, needed: tuple[str, ...]) -> Mapping[Any, Any]:
    if isinstance(returned, Mapping):
        return returned
    if len(needed) == 1:
        return {needed[0]: returned}
    several = (
        list(returned)
        if isinstance(returned, Iterable) and not isinstance(returned, str | bytes)
        else [returned]
    )
    if len(several) != len(needed):
        count = f"{len(several)} value{'' if len(several) == 1 else 's'}"
        raise EvaluationError(
            f"it gave {count} ({', '.join(map(repr, several[:5]))}), expected {len(needed)}: {', '.join(needed)}; "
            "return them in this order, or a mapping that holds them by name"
        )
    return dict(zip(needed, several, strict=True))


def _number(value: Any) -> float | None:
    if value is None or isinstance(value, str | bytes | bool):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
