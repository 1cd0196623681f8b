"""What a line of a journal may say after the lines before it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.study import StudyDirection
from optuna.trial import TrialState

from archrank.errors import ArchrankError, Infeasible
from archrank.study.journal_lines import BadLine, Operation, is_finite, is_number, is_whole, read_distribution
from archrank.study.objectives import Objectives
from archrank.system.foreign import bounded, shown

__all__ = ["JournalReplay"]

_STATED = ("space digest", "metric", "objectives", "constraints", "seed", "budget")
"""What a search says about itself before its first trial."""


@dataclass(slots=True)
class _Study:
    directions: list[int]
    attributes: dict[str, Any] = field(default_factory=dict)
    objectives: Objectives | None = None
    distributions: dict[str, BaseDistribution] = field(default_factory=dict)
    trials: int = 0
    repeats: int = 0
    round: tuple[int, int, int] = (-1, 0, 0)


@dataclass(slots=True)
class _Trial:
    study: _Study
    number: int
    state: TrialState
    searched: bool
    whole: bool = True
    result: Mapping[str, Any] | None = None


class JournalReplay:
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
        if code == Operation.CREATE_STUDY:
            if operation["study_name"] not in self._names:
                self._names[operation["study_name"]] = len(self._studies)
                self._studies.append(_Study(operation["directions"]))
        elif code <= Operation.CREATE_TRIAL:
            if operation["study_id"] >= len(self._studies):
                raise BadLine(f"is about study {operation['study_id']}, which no line before it makes")
            if (study := self._studies[operation["study_id"]]) is not None:
                self._about_study(code, operation, study)
        elif code != Operation.DISCARD:
            if operation["trial_id"] >= len(self._trials):
                raise BadLine(f"is about trial {operation['trial_id']}, which no line before it makes")
            trial = self._trials[operation["trial_id"]]
            if not trial.state.is_finished():
                self._about_trial(code, operation, trial)

    def _about_study(self, code: int, operation: Mapping[str, Any], study: _Study) -> None:
        if code == Operation.DELETE_STUDY:
            self._studies[operation["study_id"]] = None
            self._names = {name: i for name, i in self._names.items() if i != operation["study_id"]}
        elif code == Operation.STUDY_USER_ATTRIBUTE:
            ((key, value),) = operation["user_attr"].items()
            if key in ("budget", "round size") and not (is_whole(value) and value >= 1):
                raise BadLine(f"gives the {key} as {shown(value)}")
            if key == "fidelities" and not (isinstance(value, list) and value and all(map(is_whole, value))):
                raise BadLine(f"gives the {key} as {shown(value)}")
            study.attributes[key] = value
        elif code == Operation.CREATE_TRIAL:
            trial = _Trial(study, study.trials, TrialState(operation.get("state", 0)), False)
            attributes = operation.get("user_attrs", {})
            if "round" in attributes:
                trial.searched = True
                _check_queued(trial, operation, attributes)
            self._trials.append(trial)
            study.trials += 1

    def _about_trial(self, code: int, operation: Mapping[str, Any], trial: _Trial) -> None:
        if code == Operation.STATE:
            state = TrialState(operation["state"])
            if trial.searched and state.is_finished():
                _check_finished(trial, state, operation["values"])
            trial.state = state
        elif code == Operation.USER_ATTRIBUTE and trial.searched:
            ((key, value),) = operation["user_attr"].items()
            if key == "result":
                _check_result(trial, value)
                trial.result = value
            elif key == "error" and not isinstance(value, str):
                raise BadLine(f"gives as error of trial {trial.number} {shown(value)}")
            elif key == "interruptions" and not is_whole(value):
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
    _check_round(study, number, attributes)
    spent = attributes.get("spent")
    if not isinstance(spent, dict) or not all(is_finite(spent.get(k)) for k in ("total", "fit", "propose")):
        raise BadLine(f"does not say what was spent before trial {number}")
    if not all(isinstance(attributes.get(key), str) for key in ("architecture", "reason")):
        raise BadLine(f"does not say the architecture of trial {number}")
    levels, fidelity = study.attributes.get("fidelities"), attributes.get("fidelity")
    if (fidelity is not None) if levels is None else (fidelity not in levels):
        raise BadLine(f"trains trial {number} for {shown(fidelity)} epochs")
    trial.whole = levels is None or fidelity == levels[-1]
    predicted = attributes.get("predicted", "nothing")
    if predicted is not None and not is_number(predicted):
        raise BadLine(f"gives as prediction of trial {number} {shown(predicted)}")
    made = {name: read_distribution(text) for name, text in operation.get("distributions", {}).items()}
    # Where choices depend on each other, a trial has those that are active in it.
    known = study.distributions
    fixed = known and not study.attributes.get("conditional choices")
    agree = all(known.get(name, one) == one for name, one in made.items())
    if not agree or (fixed and len(made) != len(known)) or set(operation.get("params", ())) != set(made):
        raise BadLine(f"gives other choices for trial {number} than for those before it")
    known |= made


def _check_round(study: _Study, number: int, attributes: Mapping[str, Any]) -> None:
    """A trial is the next one of its round, or a repeat, which belongs to none."""
    if (repeat := attributes.get("repeat")) is not None:
        if not (is_whole(repeat) and repeat and is_whole(attributes.get("round"))):
            raise BadLine(f"makes trial {number} as repeat {shown(repeat)}")
        study.repeats += 1
        return
    place, before = number - study.repeats, study.round
    index, start, size = (attributes.get(key) for key in ("round", "round_start", "round_size"))
    if not (is_whole(index) and is_whole(start) and is_whole(size) and start <= place < start + size):
        raise BadLine(
            f"makes trial {number} of a round that it cannot be in: a line before it is missing, or more"
        )
    follows = (index, start, size) == before or (index, start) == (before[0] + 1, place)
    if not follows:
        raise BadLine(f"makes trial {number} of round {index}, which cannot follow round {before[0]}")
    study.round = (index, start, size)


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
    if not is_finite(result.get("seconds")) or not is_finite(result.get("elapsed", 0.0)):
        raise BadLine(f"does not say how long {what} took")
    if not isinstance(result.get("failure", ""), str) or not isinstance(result.get("unrelated", True), bool):
        raise BadLine(f"does not say why {what} failed")
    if "trained" in result and (type(result["trained"]) is not int or result["trained"] < 0):
        raise BadLine(f"does not say how many epochs {what} took")
    values, error = result["values"], result.get("error")
    if error is not None:
        given_up = result.get("failure") == Infeasible.__name__
        if not isinstance(error, str) or (values and not given_up):
            raise BadLine(f"holds {what} as failed and as measured")
    for name, value in values.items():
        if value is not None and not is_finite(value):
            raise BadLine(f"gives {bounded(name, 100)!r} of trial {trial.number} as {shown(value)}")
    if error is not None:
        return
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
    measured = TrialState.COMPLETE if trial.whole else TrialState.PRUNED
    if state != (TrialState.FAIL if failed else measured) or values != expected:
        raise BadLine(f"finishes trial {trial.number} in another way than its result says")
