"""What a line of a journal may say by itself; ``journal_replay.py`` checks it against the lines before it.

The lines are Optuna's: https://optuna.readthedocs.io/en/stable/reference/generated/optuna.storages.JournalStorage.html.
Each is one operation on a study or a trial. Operations that Optuna itself passes over, such as a second line that makes
the same study or one about a trial that is finished, are let pass here too.
"""

import json
import math
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import IntEnum
from functools import lru_cache
from typing import Any, TypeGuard

from optuna.distributions import BaseDistribution, CategoricalDistribution, json_to_distribution
from optuna.trial import TrialState

from archrank.system.foreign import bounded, message, shown

__all__ = ["BadLine", "Operation", "is_finite", "is_number", "is_whole", "parsed", "read_distribution"]

_DEEPEST = 50
"""Levels of JSON; what archrank and Optuna write has up to six."""


class Operation(IntEnum):
    """Optuna's numbers of the operations."""

    CREATE_STUDY = 0
    DELETE_STUDY = 1
    STUDY_USER_ATTRIBUTE = 2
    STUDY_SYSTEM_ATTRIBUTE = 3
    CREATE_TRIAL = 4
    PARAMETER = 5
    STATE = 6
    INTERMEDIATE = 7
    USER_ATTRIBUTE = 8
    SYSTEM_ATTRIBUTE = 9
    DISCARD = 10


class BadLine(Exception):
    """A line that does not belong there; the message goes on after "line 7"."""


def parsed(line: bytes) -> dict[str, Any]:
    """The operation that a line says.

    Raises:
        BadLine: It says none, whatever stands before it.
    """
    if not line.endswith(b"\n"):
        raise BadLine("is cut off")
    if not line.strip():
        raise BadLine("is blank")
    try:
        operation = json.loads(line.decode())
    except UnicodeDecodeError:
        raise BadLine("is not text") from None
    except (ValueError, RecursionError) as error:
        raise BadLine(f"is not JSON that can be read ({message(error, 200)})") from None
    if not isinstance(operation, dict) or _is_deep(operation):
        raise BadLine("is not an operation of Optuna's")
    code = operation.get("op_code")
    if not is_whole(code) or code > Operation.DISCARD:
        raise BadLine(f"has the operation {shown(code)}, which Optuna does not know")
    _expect(operation, "worker_id", str)
    _FORMS[code](operation)
    return operation


def _create_study(operation: Mapping[str, Any]) -> None:
    _expect(operation, "study_name", str)
    directions = _expect(operation, "directions", list)
    if not directions or not all(is_whole(d) and d <= 2 for d in directions):
        raise BadLine(f"gives the directions {shown(directions)}")


def _about_a_study(operation: Mapping[str, Any]) -> None:
    _expect_whole(operation, "study_id")


def _study_attribute(operation: Mapping[str, Any]) -> None:
    _about_a_study(operation)
    _expect_one(
        operation, "user_attr" if operation["op_code"] == Operation.STUDY_USER_ATTRIBUTE else "system_attr"
    )


def _create_trial(operation: Mapping[str, Any]) -> None:
    _about_a_study(operation)
    _expect_time(operation, "datetime_start", required=False)
    if "datetime_start" not in operation:
        raise BadLine("lacks datetime_start")
    if "datetime_complete" in operation:
        _expect_time(operation, "datetime_complete")
    _expect_state(operation, operation.get("state", 0))
    for key in ("distributions", "params", "user_attrs", "system_attrs", "intermediate_values"):
        if key in operation:
            _expect(operation, key, dict)
    distributions = {
        name: read_distribution(text) for name, text in operation.get("distributions", {}).items()
    }
    for name, value in operation.get("params", {}).items():
        if name not in distributions:
            raise BadLine(f"has the parameter {bounded(name, 100)!r} without its distribution")
        _expect_within(name, value, distributions[name])
    for step, value in operation.get("intermediate_values", {}).items():
        if not step.lstrip("-").isdecimal() or not is_number(value):
            raise BadLine(f"gives at step {bounded(step, 100)} {shown(value)}")
    values = operation.get("values")
    if not (values is None or _are_numbers(values)) or not is_number(operation.get("value") or 0.0):
        raise BadLine("gives values that are no numbers")


def _about_a_trial(operation: Mapping[str, Any]) -> None:
    _expect_whole(operation, "trial_id")


def _parameter(operation: Mapping[str, Any]) -> None:
    _about_a_trial(operation)
    name = _expect(operation, "param_name", str)
    _expect_within(
        name, operation.get("param_value_internal"), read_distribution(operation.get("distribution"))
    )


def _state(operation: Mapping[str, Any]) -> None:
    _about_a_trial(operation)
    state = _expect_state(operation, operation.get("state"))
    if state == TrialState.RUNNING:
        _expect_time(operation, "datetime_start")
    if state.is_finished():
        _expect_time(operation, "datetime_complete")
    values = operation.get("values", ())
    if not (values is None or _are_numbers(values)) or (state == TrialState.COMPLETE and not values):
        raise BadLine(f"gives the values {shown(values)}")


def _intermediate(operation: Mapping[str, Any]) -> None:
    _about_a_trial(operation)
    step, value = operation.get("step"), operation.get("intermediate_value")
    if not isinstance(step, int) or not is_number(value):
        raise BadLine(f"gives at step {shown(step)} {shown(value)}")


def _attribute(operation: Mapping[str, Any]) -> None:
    _about_a_trial(operation)
    _expect_one(operation, "user_attr" if operation["op_code"] == Operation.USER_ATTRIBUTE else "system_attr")


_FORMS: dict[int, Callable[[Mapping[str, Any]], None]] = {
    Operation.CREATE_STUDY: _create_study,
    Operation.DELETE_STUDY: _about_a_study,
    Operation.STUDY_USER_ATTRIBUTE: _study_attribute,
    Operation.STUDY_SYSTEM_ATTRIBUTE: _study_attribute,
    Operation.CREATE_TRIAL: _create_trial,
    Operation.PARAMETER: _parameter,
    Operation.STATE: _state,
    Operation.INTERMEDIATE: _intermediate,
    Operation.USER_ATTRIBUTE: _attribute,
    Operation.SYSTEM_ATTRIBUTE: _attribute,
    Operation.DISCARD: lambda operation: None,
}


def _expect(operation: Mapping[str, Any], key: str, kind: type) -> Any:
    value = operation.get(key)
    if not isinstance(value, kind):
        raise BadLine(f"has {shown(value)} as {key}" if key in operation else f"lacks {key}")
    return value


def _expect_whole(operation: Mapping[str, Any], key: str) -> None:
    if not is_whole(operation.get(key)):
        raise BadLine(f"has {shown(operation.get(key))} as {key}")


def _expect_one(operation: Mapping[str, Any], key: str) -> None:
    if len(_expect(operation, key, dict)) != 1:
        raise BadLine(f"has {len(operation[key])} values as {key}, not one")


def _expect_time(operation: Mapping[str, Any], key: str, required: bool = True) -> None:
    value = operation.get(key)
    if value is None and not required:
        return
    try:
        datetime.fromisoformat(value).astimezone()  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError, OSError):
        raise BadLine(f"has {shown(value)} as {key}") from None


def _expect_state(operation: Mapping[str, Any], state: Any) -> TrialState:
    if not is_whole(state) or state > TrialState.WAITING:
        raise BadLine(f"has {shown(state)} as state")
    return TrialState(state)


def _expect_within(name: str, value: Any, distribution: BaseDistribution) -> None:
    good = is_finite(value)
    if good and isinstance(distribution, CategoricalDistribution):
        good = value == int(value) and 0 <= value < len(distribution.choices)
    elif good:
        good = distribution.low <= value <= distribution.high  # type: ignore[attr-defined]
    if not good:
        raise BadLine(f"gives {shown(value)} for {bounded(name, 100)!r}, which is none of its options")


def read_distribution(text: Any) -> BaseDistribution:
    """The distribution that a line describes.

    Raises:
        BadLine: It describes none.
    """
    if not isinstance(text, str):
        raise BadLine(f"has {shown(text)} as distribution")
    return _distribution_of(text)


@lru_cache(maxsize=4096)
def _distribution_of(text: str) -> BaseDistribution:
    try:
        return json_to_distribution(text)
    except Exception as error:  # it makes an object of what stands there
        raise BadLine(f"describes a parameter in a way that cannot be read ({message(error, 200)})") from None


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(_DEEPEST):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return False
    return True


def is_whole(value: Any) -> TypeGuard[int]:
    """Whether it is a whole number from 0."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def is_number(value: Any) -> bool:
    """Whether it is a number, finite or not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_finite(value: Any) -> bool:
    """Whether it is a finite number."""
    try:
        return is_number(value) and math.isfinite(value)
    except OverflowError:
        return False


def _are_numbers(values: Any) -> bool:
    # Infinity too: a trial of Optuna's own that was pruned has the last value that it reported.
    return isinstance(values, list) and all(is_number(value) for value in values)
