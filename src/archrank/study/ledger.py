"""The ledger of one search: an Optuna study in which every proposal and outcome is written down at once."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any

import optuna
from optuna.storages import BaseStorage, InMemoryStorage, JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState

from archrank.architecture import Architecture
from archrank.errors import RunFolderError
from archrank.space import SearchSpace
from archrank.strategies.base import Evaluated, History, Proposal
from archrank.study.folder import RunFolder, check_same
from archrank.study.interrupts import uninterrupted
from archrank.study.outcome import Outcome
from archrank.study.parameters import distributions, from_parameters, to_parameters
from archrank.study.result import Evaluation

__all__ = ["Ledger", "Round", "Task"]

STUDY_NAME = "archrank"


@dataclass(frozen=True, slots=True)
class Task:
    """One architecture to evaluate, under its trial's number."""

    number: int
    architecture: Architecture


@dataclass(frozen=True, slots=True)
class Round:
    """Proposals that are made together and waited for together.

    Attributes:
        index: 0 for the first.
        start: How many architectures were proposed before it.
        size: How many it asks for.
    """

    index: int
    start: int
    size: int


class Ledger:
    """The only writer of a study; it also keeps the history that strategies read.

    On opening a study that a dead process left, evaluations whose result was stored are finished, those
    without one are handed out again, and those that were interrupted more than ``retries`` times are recorded
    as failed.

    Args:
        space: The space that is searched.
        metric: Name of the value that the search goes by.
        maximize: Its direction.
        facts: What must agree on resuming, as JSON values; stored as the study's user attributes.
        folder: Where the journal lies; None keeps the study in memory.
        retries: How often an interrupted evaluation is started again.

    Raises:
        RunFolderError: The study has other facts, cannot be read, or the system refuses to write.
    """

    def __init__(
        self,
        space: SearchSpace,
        metric: str,
        maximize: bool,
        facts: Mapping[str, Any],
        folder: RunFolder | None = None,
        retries: int = 2,
    ) -> None:
        self.space = space
        self.history = History()
        self._metric = metric
        self._sign = 1.0 if maximize else -1.0
        self._folder = folder
        self._distributions = distributions(space)
        self._interrupted: list[Task] = []
        self._waiting = 0
        self._in_hand: dict[int, Task] = {}
        self._last_round = Round(-1, 0, 0)
        with self._at_storage():
            self._storage = self._open_storage()
            self._study = optuna.create_study(
                study_name=STUDY_NAME,
                storage=self._storage,
                direction="maximize" if maximize else "minimize",
                sampler=optuna.samplers.RandomSampler(seed=0),  # never asked: every parameter is fixed
                load_if_exists=True,
            )
            self._state_facts(facts)
            for trial in self.trials:
                if "round" not in trial.user_attrs:
                    raise RunFolderError(
                        f"trial {trial.number} of the study in {self._where} was not made by a search: "
                        "choose another folder"
                    )
                self._take_up(trial, retries)

    @property
    def trials(self) -> list[FrozenTrial]:
        """The study's trials, by number; not copies, so only to be read."""
        with self._at_storage():
            return self._study.get_trials(deepcopy=False)

    def settle(self, key: str, value: int) -> int:
        """Store a number with the study if it has none of that name yet; returns the one that it has."""
        with self._at_storage():
            if (stored := self._study.user_attrs.get(key)) is not None:
                return int(stored)
            self._study.set_user_attr(key, value)
        return value

    def evaluations(self) -> tuple[Evaluation, ...]:
        """What is finished, by number."""
        return tuple(self._evaluation(trial) for trial in self.trials if trial.state.is_finished())

    def next_round(self, size: int, budget: int) -> Round | None:
        """The round to propose next: one that was cut short, else a new one; None when all is spent."""
        last, proposed = self._last_round, len(self.history)
        if last.start + last.size > proposed:
            return last
        size = min(size, budget - proposed)
        return Round(last.index + 1, proposed, size) if size > 0 else None

    def history_before(self, round_: Round) -> History:
        """What the strategy knew when the round was proposed."""
        if round_.start == len(self.history):
            return self.history
        return History(islice(self.history, round_.start))

    def queue(self, proposals: Sequence[Proposal], round_: Round, spent: Mapping[str, float]) -> int:
        """Queue the proposals that history does not hold, as many as the round lacks; returns how many.

        Args:
            proposals: What the strategy proposed.
            round_: The round they belong to.
            spent: Seconds spent so far, to be found again on resuming.
        """
        missing = round_.start + round_.size - len(self.history)
        queued = 0
        for proposal in proposals:
            if queued == missing:
                break
            if proposal.architecture in self.history:
                continue
            with self._at_storage():
                self._study.add_trial(
                    optuna.trial.create_trial(
                        state=TrialState.WAITING,
                        params=to_parameters(self.space, proposal.architecture),
                        distributions=self._distributions,
                        user_attrs={
                            "architecture": self.space.format(proposal.architecture),
                            "predicted": None if proposal.score is None else float(proposal.score),
                            "reason": proposal.reason,
                            "round": round_.index,
                            "round_start": round_.start,
                            "round_size": round_.size,
                            "spent": dict(spent),
                        },
                    )
                )
                self.history.record(Evaluated(proposal.architecture, None, pending=True))
                self._waiting += 1
            queued += 1
        self._last_round = round_
        return queued

    def tasks(self) -> Iterator[Task]:
        """Hand out what is to be evaluated, each when asked for: the interrupted first, then the queue."""
        while self._interrupted or self._waiting:
            with self._at_storage():
                if self._interrupted:
                    task = self._interrupted.pop(0)
                else:
                    trial = self._study.ask(fixed_distributions=self._distributions)
                    task = Task(trial.number, from_parameters(self.space, trial.params))
                    self._waiting -= 1
                self._in_hand[task.number] = task
            yield task

    def finish(self, task: Task, outcome: Outcome, elapsed: float) -> None:
        """Write down an outcome: the result itself first, so that nothing is lost between the two writes.

        Args:
            task: What was evaluated.
            outcome: What came of it.
            elapsed: Seconds of the whole search so far.
        """
        result = {"values": dict(outcome.values), "seconds": outcome.seconds, "elapsed": elapsed}
        if outcome.error is not None:
            result["error"] = outcome.error
        with self._at_storage():
            if outcome.error is not None:
                self._attribute(task.number, "error", outcome.error)
            self._attribute(task.number, "result", result)
            self._tell(task, result)
            self._in_hand.pop(task.number, None)

    def release(self) -> None:
        """Put back what was handed out and not finished; for a search that is stopped on purpose."""
        with self._at_storage():
            for number in self._in_hand:
                self._storage.set_trial_state_values(self._trial_id(number), TrialState.WAITING)
            self._in_hand.clear()

    def _open_storage(self) -> BaseStorage:
        if self._folder is None:
            return InMemoryStorage()
        try:
            return JournalStorage(JournalFileBackend(str(self._folder.journal)))
        except (ValueError, KeyError, TypeError, AssertionError) as error:
            raise RunFolderError(
                f"the journal {self._folder.journal} is damaged ({error}): choose another folder"
            ) from error

    def _state_facts(self, facts: Mapping[str, Any]) -> None:
        stored = self._study.user_attrs
        # A search that died while it was set up may lack some of them.
        known = {key: value for key, value in facts.items() if key in stored}
        check_same({key: stored[key] for key in known}, known, self._where)
        for key, value in facts.items():
            if key not in stored or (key == "budget" and stored[key] != value):
                self._study.set_user_attr(key, value)
        if self._study.metric_names is None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
                self._study.set_metric_names([self._metric])

    def _take_up(self, trial: FrozenTrial, retries: int) -> None:
        task = Task(trial.number, from_parameters(self.space, trial.params))
        attributes = trial.user_attrs
        self._last_round = Round(attributes["round"], attributes["round_start"], attributes["round_size"])
        complete = trial.state == TrialState.COMPLETE and trial.value is not None
        score = self._sign * float(trial.value or 0.0) if complete else None
        self.history.record(Evaluated(task.architecture, score, pending=not trial.state.is_finished()))
        if trial.state == TrialState.WAITING:
            self._waiting += 1
        elif trial.state == TrialState.RUNNING and "result" in attributes:
            self._tell(task, attributes["result"])
        elif trial.state == TrialState.RUNNING:
            interruptions = attributes.get("interruptions", 0) + 1
            self._attribute(trial.number, "interruptions", interruptions)
            if interruptions <= retries:
                self._interrupted.append(task)
            else:
                elapsed = _latest(self.trials)
                reason = f"interrupted {interruptions} times: the search died while it was being evaluated"
                self.finish(task, Outcome(error=reason), elapsed)

    def _evaluation(self, trial: FrozenTrial) -> Evaluation:
        attributes = trial.user_attrs
        result = attributes["result"]
        return Evaluation(
            number=trial.number,
            architecture=from_parameters(self.space, trial.params),
            value=trial.value,
            values=result["values"],
            seconds=result["seconds"],
            error=attributes.get("error"),
            round=attributes["round"],
            reason=attributes["reason"],
            predicted=attributes["predicted"],
        )

    def _tell(self, task: Task, result: Mapping[str, Any]) -> None:
        if result.get("error") is not None:
            self._study.tell(task.number, state=TrialState.FAIL, skip_if_finished=True)
            score = None
        else:
            value = float(result["values"][self._metric])
            self._study.tell(task.number, value, skip_if_finished=True)
            score = self._sign * value
        self.history.record(Evaluated(task.architecture, score))

    def _attribute(self, number: int, key: str, value: Any) -> None:
        self._storage.set_trial_user_attr(self._trial_id(number), key, value)

    def _trial_id(self, number: int) -> int:
        study_id = self._storage.get_study_id_from_name(STUDY_NAME)
        return self._storage.get_trial_id_from_study_id_trial_number(study_id, number)

    @property
    def _where(self) -> str:
        return "memory" if self._folder is None else str(self._folder.path)

    @contextmanager
    def _at_storage(self) -> Iterator[None]:
        """Around all reading and writing: an interrupt waits, and the system's refusal is explained."""
        if self._folder is None:
            yield
            return
        with uninterrupted(), self._folder.writing():
            yield


def _latest(trials: Sequence[FrozenTrial]) -> float:
    return max((t.user_attrs["result"]["elapsed"] for t in trials if "result" in t.user_attrs), default=0.0)
