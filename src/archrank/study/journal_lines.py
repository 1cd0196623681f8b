"""What a line of a journal may say: by itself, and after the lines before it.

The lines are Optuna's: https://optuna.readthedocs.io/en/stable/reference/generated/optuna.storages.JournalStorage.html.
Each is one operation on a study or a trial. Operations that Optuna itself passes over, such as a second line that makes
the same study or one about a trial that is finished, are let pass here too.
"""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeGuard

from optuna.distributions import BaseDistribution, CategoricalDistribution, json_to_distribution
from optuna.study import StudyDirection
from optuna.trial import TrialState

from archrank.errors import ArchrankError
from archrank.study.objectives import Objectives
from archrank.system.foreign import bounded, message, shown

__all__ = ["BadLine", "Replay", "parsed"]

_DEEPEST = 50
"""Levels of JSON; what archrank and Optuna write has up to six."""

_STATED = ("space digest", "metric", "objectives", "constraints", "seed", "budget")
"""What a search says about itself before its first trial."""

(
    _CREATE_STUDY,
    _DELETE_STUDY,
    _STUDY_USER_ATTRIBUTE,
    _STUDY_SYSTEM_ATTRIBUTE,
    _CREATE_TRIAL,
    _PARAMETER,
    _STATE,
    _INTERMEDIATE,
    _USER_ATTRIBUTE,
    _SYSTEM_ATTRIBUTE,
    _DISCARD,
) = range(11)
"""Optuna's numbers of the operations."""


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
    if not _is_whole(code) or code > _DISCARD:
        raise BadLine(f"has the operation {shown(code)}, which Optuna does not know")
    _expect(operation, "worker_id", str)
    _FORMS[code](operation)
    return operation


@dataclass(slots=True)
class _Study:
    directions: list[int]
    attributes: dict[str, Any] = field(default_factory=dict)
    objectives: Objectives | None = None
    distributions: Mapping[str, BaseDistribution] | None = None
    trials: int = 0
    round: tuple[int, int, int] = (-1, 0, 0)


@dataclass(slots=True)
class _Trial:
    study: _Study
    number: int
    state: TrialState
    searched: bool
    result: Mapping[str, Any] | None = None


class Replay:
    """Follows the operations of a journal, as far as it takes to see whether the next one can follow."""

    def __init__(self) -> None:
        self._studies: list[_Study | None] = []
        self._names: dict[str, int] = {}
        self._trials: list[_Trial] = []

    def follow(self, operation: Mapping[str, Any]) -> None:
        """Take in the next operation.

        Raises:
            BadLine: It cannot follow those before it.
        """
        code = operation["op_code"]
        if code == _CREATE_STUDY:
            if operation["study_name"] not in self._names:
                self._names[operation["study_name"]] = len(self._studies)
                self._studies.append(_Study(operation["directions"]))
        elif code <= _CREATE_TRIAL:
            if operation["study_id"] >= len(self._studies):
                raise BadLine(f"is about study {operation['study_id']}, which no line before it makes")
            if (study := self._studies[operation["study_id"]]) is not None:
                self._about_study(code, operation, study)
        elif code != _DISCARD:
            if operation["trial_id"] >= len(self._trials):
                raise BadLine(f"is about trial {operation['trial_id']}, which no line before it makes")
            trial = self._trials[operation["trial_id"]]
            if not trial.state.is_finished():
                self._about_trial(code, operation, trial)

    def _about_study(self, code: int, operation: Mapping[str, Any], study: _Study) -> None:
        if code == _DELETE_STUDY:
            self._studies[operation["study_id"]] = None
            self._names = {name: i for name, i in self._names.items() if i != operation["study_id"]}
        elif code == _STUDY_USER_ATTRIBUTE:
            ((key, value),) = operation["user_attr"].items()
            if key in ("budget", "round size") and not (_is_whole(value) and value >= 1):
                raise BadLine(f"gives the {key} as {shown(value)}")
            study.attributes[key] = value
        elif code == _CREATE_TRIAL:
            trial = _Trial(study, study.trials, TrialState(operation.get("state", 0)), False)
            attributes = operation.get("user_attrs", {})
            if "round" in attributes:
                trial.searched = True
                _check_queued(trial, operation, attributes)
            self._trials.append(trial)
            study.trials += 1

    def _about_trial(self, code: int, operation: Mapping[str, Any], trial: _Trial) -> None:
        if code == _STATE:
            state = TrialState(operation["state"])
            if trial.searched and state.is_finished():
                _check_finished(trial, state, operation["values"])
            trial.state = state
        elif code == _USER_ATTRIBUTE and trial.searched:
            ((key, value),) = operation["user_attr"].items()
            if key == "result":
                _check_result(trial, value)
                trial.result = value
            elif key == "error" and not isinstance(value, str):
                raise BadLine(f"gives as error of trial {trial.number} {shown(value)}")
            elif key == "interruptions" and not _is_whole(value):
                raise BadLine(f"gives as interruptions of trial {trial.number} {shown(value)}")


def _check_queued(trial: _Trial, operation: Mapping[str, Any], attributes: Mapping[str, Any]) -> None:
    """A trial that a search queued."""
    study, number = trial.study, trial.number
    if study.objectives is None:
        study.objectives = _objectives(study)
    if trial.state != TrialState.WAITING:
        raise BadLine(f"makes trial {number}, which was not queued first")
    if attributes.get("number", number) != number:
        raise BadLine(f"makes trial {shown(attributes['number'])} where trial {number} is due")
    index, start, size = (attributes.get(key) for key in ("round", "round_start", "round_size"))
    if not (_is_whole(index) and _is_whole(start) and _is_whole(size) and start <= number < start + size):
        raise BadLine(
            f"makes trial {number} of a round that it cannot be in: a line before it is missing, or more"
        )
    before = study.round
    follows = (index, start, size) == before or (index, start) == (before[0] + 1, number)
    if not follows:
        raise BadLine(f"makes trial {number} of round {index}, which cannot follow round {before[0]}")
    study.round = (index, start, size)
    spent = attributes.get("spent")
    if not isinstance(spent, dict) or not all(_is_finite(spent.get(k)) for k in ("total", "fit", "propose")):
        raise BadLine(f"does not say what was spent before trial {number}")
    if not all(isinstance(attributes.get(key), str) for key in ("architecture", "reason")):
        raise BadLine(f"does not say the architecture of trial {number}")
    predicted = attributes.get("predicted", "nothing")
    if predicted is not None and not _is_number(predicted):
        raise BadLine(f"gives as prediction of trial {number} {shown(predicted)}")
    made = {name: _distribution(text) for name, text in operation.get("distributions", {}).items()}
    if study.distributions is None:
        study.distributions = made
    if made != study.distributions or set(operation.get("params", ())) != set(made):
        raise BadLine(f"gives other choices for trial {number} than for those before it")


def _objectives(study: _Study) -> Objectives:
    needed = _STATED if study.attributes.get("asynchronous") else (*_STATED, "round size")
    for key in needed:
        if key not in study.attributes:
            raise BadLine(f"makes a trial before any line says the study's {key}")
    try:
        objectives = Objectives.from_metadata(study.attributes)
    except (ArchrankError, AttributeError, TypeError, ValueError):
        raise BadLine("makes a trial of a study whose objectives cannot be read") from None
    expected = {"maximize": StudyDirection.MAXIMIZE, "minimize": StudyDirection.MINIMIZE}
    if study.directions != [expected[direction] for direction in objectives.directions.values()]:
        raise BadLine("makes a trial of a study that was made for other objectives than it states")
    return objectives


def _check_result(trial: _Trial, result: Any) -> None:
    """What an evaluator gave, as a search writes it down before the trial is finished."""
    what = f"the result of trial {trial.number}"
    if not isinstance(result, dict) or not isinstance(result.get("values"), dict):
        raise BadLine(f"holds no result of trial {trial.number}, but {shown(result)}")
    if not _is_finite(result.get("seconds")) or not _is_finite(result.get("elapsed", 0.0)):
        raise BadLine(f"does not say how long {what} took")
    values, error = result["values"], result.get("error")
    if error is not None:
        if not isinstance(error, str) or values:
            raise BadLine(f"holds {what} as failed and as measured")
        return
    for name, value in values.items():
        if value is not None and not _is_finite(value):
            raise BadLine(f"gives {bounded(name, 100)!r} of trial {trial.number} as {shown(value)}")
    assert trial.study.objectives is not None
    for name in trial.study.objectives.needed:
        if values.get(name) is None:
            raise BadLine(f"holds {what} without {name!r}")


def _check_finished(trial: _Trial, state: TrialState, values: Any) -> None:
    if trial.state == TrialState.WAITING or trial.result is None:
        raise BadLine(f"finishes trial {trial.number} before it was run and its result was written down")
    assert trial.study.objectives is not None
    failed = trial.result.get("error") is not None
    expected = None if failed else trial.study.objectives.objective_values(trial.result["values"])
    if state != (TrialState.FAIL if failed else TrialState.COMPLETE) or values != expected:
        raise BadLine(f"finishes trial {trial.number} in another way than its result says")


def _create_study(operation: Mapping[str, Any]) -> None:
    _expect(operation, "study_name", str)
    directions = _expect(operation, "directions", list)
    if not directions or not all(_is_whole(d) and d <= 2 for d in directions):
        raise BadLine(f"gives the directions {shown(directions)}")


def _about_a_study(operation: Mapping[str, Any]) -> None:
    _expect_whole(operation, "study_id")


def _study_attribute(operation: Mapping[str, Any]) -> None:
    _about_a_study(operation)
    _expect_one(operation, "user_attr" if operation["op_code"] == _STUDY_USER_ATTRIBUTE else "system_attr")


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
    distributions = {name: _distribution(text) for name, text in operation.get("distributions", {}).items()}
    for name, value in operation.get("params", {}).items():
        if name not in distributions:
            raise BadLine(f"has the parameter {bounded(name, 100)!r} without its distribution")
        _expect_within(name, value, distributions[name])
    for step, value in operation.get("intermediate_values", {}).items():
        if not step.lstrip("-").isdecimal() or not _is_number(value):
            raise BadLine(f"gives at step {bounded(step, 100)} {shown(value)}")
    values = operation.get("values")
    if not (values is None or _are_numbers(values)) or not _is_number(operation.get("value") or 0.0):
        raise BadLine("gives values that are no numbers")


def _about_a_trial(operation: Mapping[str, Any]) -> None:
    _expect_whole(operation, "trial_id")


def _parameter(operation: Mapping[str, Any]) -> None:
    _about_a_trial(operation)
    name = _expect(operation, "param_name", str)
    _expect_within(name, operation.get("param_value_internal"), _distribution(operation.get("distribution")))


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
    if not isinstance(step, int) or not _is_number(value):
        raise BadLine(f"gives at step {shown(step)} {shown(value)}")


def _attribute(operation: Mapping[str, Any]) -> None:
    _about_a_trial(operation)
    _expect_one(operation, "user_attr" if operation["op_code"] == _USER_ATTRIBUTE else "system_attr")


_FORMS: dict[int, Callable[[Mapping[str, Any]], None]] = {
    _CREATE_STUDY: _create_study,
    _DELETE_STUDY: _about_a_study,
    _STUDY_USER_ATTRIBUTE: _study_attribute,
    _STUDY_SYSTEM_ATTRIBUTE: _study_attribute,
    _CREATE_TRIAL: _create_trial,
    _PARAMETER: _parameter,
    _STATE: _state,
    _INTERMEDIATE: _intermediate,
    _USER_ATTRIBUTE: _attribute,
    _SYSTEM_ATTRIBUTE: _attribute,
    _DISCARD: lambda operation: None,
}


def _expect(operation: Mapping[str, Any], key: str, kind: type) -> Any:
    value = operation.get(key)
    if not isinstance(value, kind):
        raise BadLine(f"has {shown(value)} as {key}" if key in operation else f"lacks {key}")
    return value


def _expect_whole(operation: Mapping[str, Any], key: str) -> None:
    if not _is_whole(operation.get(key)):
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
    if not _is_whole(state) or state > TrialState.WAITING:
        raise BadLine(f"has {shown(state)} as state")
    return TrialState(state)


def _expect_within(name: str, value: Any, distribution: BaseDistribution) -> None:
    good = _is_finite(value)
    if good and isinstance(distribution, CategoricalDistribution):
        good = value == int(value) and 0 <= value < len(distribution.choices)
    elif good:
        good = distribution.low <= value <= distribution.high  # type: ignore[attr-defined]
    if not good:
        raise BadLine(f"gives {shown(value)} for {bounded(name, 100)!r}, which is none of its options")


def _distribution(text: Any) -> BaseDistribution:
    if not isinstance(text, str):
        raise BadLine(f"has {shown(text)} as distribution")
    return _read_distribution(text)


@lru_cache(maxsize=4096)
def _read_distribution(text: str) -> BaseDistribution:
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


def _is_whole(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_finite(value: Any) -> bool:
    try:
        return _is_number(value) and math.isfinite(value)
    except OverflowError:
        return False


def _are_numbers(values: Any) -> bool:
    # Infinity too: a trial of Optuna's own that was pruned has the last value that it reported.
    return isinstance(values, list) and all(_is_number(value) for value in values)
