"""The trials of an Optuna study as archrank writes them: the one place that knows what each attribute holds."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, TrialState

from archrank.errors import RunFolderError
from archrank.space import SearchSpace
from archrank.strategies.base import Proposal
from archrank.study.evaluations import Evaluation
from archrank.study.objectives import Objectives
from archrank.study.parameters import distributions, from_parameters, to_parameters
from archrank.study.storage import StudyStore
from archrank.system.foreign import bounded, shown
from archrank.workers.evaluation import Task
from archrank.workers.outcome import Outcome

__all__ = ["Trials"]

T = TypeVar("T")

_WAITING = (TrialState.WAITING,)


class Trials:
    """Reads and writes the trials of one study.

    Every trial has the user attributes that :meth:`queue` gives it; an evaluated one has ``result``, a failed one
    ``error`` with the reason, and one of a search with constraints ``constraints``, how far each is broken. In a search
    with fidelities a trial is one training of an architecture, with the attribute ``fidelity``; to Optuna one that is
    shorter than a whole training is pruned, with its value reported at that step. One of the best that is evaluated
    again has the attribute ``repeat``, the number of the repeat.

    Args:
        study: The study.
        storage: The storage that it is in.
        store: Where that is.
        space: The space that is searched.
        objectives: What the search goes by.
        full: The epochs of a whole training, in a search with fidelities.
    """

    def __init__(
        self,
        study: optuna.Study,
        storage: BaseStorage,
        store: StudyStore,
        space: SearchSpace,
        objectives: Objectives,
        full: int | None = None,
    ) -> None:
        self.study = study
        self.space = space
        self.objectives = objectives
        self.full = full
        self._storage = storage
        self._store = store

    @property
    def all(self) -> list[FrozenTrial]:
        """All trials, by number; not copies, so only to be read."""
        return self._lasting(lambda: self.study.get_trials(deepcopy=False))

    @property
    def ended(self) -> bool:
        """Whether the search that workers elsewhere evaluate for has ended."""
        return self._lasting(lambda: bool(self.study.user_attrs.get("ended")))

    def task(self, trial: FrozenTrial) -> Task:
        """What a trial evaluates."""
        attributes = trial.user_attrs
        architecture = from_parameters(self.space, trial.params)
        return Task(trial.number, architecture, attributes.get("fidelity"), attributes.get("repeat", 0))

    def evaluation(self, trial: FrozenTrial, epochs: int | None) -> Evaluation:
        """A finished trial as an evaluation.

        Args:
            trial: The trial.
            epochs: How many epochs were trained; None where they are not counted.
        """
        attributes, task = trial.user_attrs, self.task(trial)
        result = attributes["result"]
        return Evaluation(
            number=task.number,
            architecture=task.architecture,
            value=result["values"].get(self.objectives.metric),
            # Studies of earlier versions hold texts as they came.
            values={bounded(name): value for name, value in result["values"].items()},
            seconds=result["seconds"],
            error=None if (error := result.get("error")) is None else bounded(error),
            round=attributes["round"],
            reason=attributes["reason"],
            predicted=attributes["predicted"],
            violation=self.objectives.violation(result["values"]) if result["values"] else 0.0,
            failure=None if (kind := result.get("failure")) is None else bounded(kind),
            unrelated=bool(result.get("unrelated", False)),
            fidelity=task.fidelity,
            epochs=epochs,
            whole=self.full is None or task.fidelity == self.full,
            seed=task.seed,
        )

    def settle(self, key: str, value: int) -> int:
        """Store a number with the study under a name that is not taken yet; returns the stored number.

        Raises:
            RunFolderError: What is stored is no number from 1.
        """

        def settled() -> int:
            if (stored := self.study.user_attrs.get(key)) is None:
                self.study.set_user_attr(key, value)
                return value
            if type(stored) is not int or stored < 1:
                raise RunFolderError(
                    f"the study in {self._store.where}, says {key} is {shown(stored)}, expected a whole number from 1: "
                    f"it was changed by something else than a search; {self._store.instead}"
                )
            return stored

        return self._lasting(settled)

    def note(self, key: str, value: Any) -> None:
        """Store an attribute of the study."""
        self._lasting(lambda: self.study.set_user_attr(key, value))

    def queue(self, proposal: Proposal, attributes: Mapping[str, Any]) -> None:
        """Add a trial to the queue.

        Args:
            proposal: What to evaluate.
            attributes: What else to write down with it.
        """
        trial = optuna.trial.create_trial(
            state=TrialState.WAITING,
            params=to_parameters(self.space, proposal.architecture),
            distributions=distributions(self.space, proposal.architecture),
            user_attrs={
                "architecture": self.space.format(proposal.architecture),
                "predicted": None if proposal.score is None else float(proposal.score),
                "reason": proposal.reason,
                **({} if proposal.fidelity is None else {"fidelity": proposal.fidelity}),
                **attributes,
            },
        )
        tries = 0

        def add() -> None:
            nonlocal tries
            tries += 1
            if tries > 1 and self._holds(attributes.get("number")):
                return  # it was added, and only the answer was lost
            self.study.add_trial(trial)

        self._lasting(add)

    def pop(self) -> Task | None:
        """Take the oldest waiting trial off the queue and mark it as running; None where no trial waits.

        Unlike ``study.ask`` it never makes up a trial, and of several processes only one gets each.
        """
        with self._store.writing():
            for trial in self._lasting(lambda: self.study.get_trials(deepcopy=False, states=_WAITING)):
                with suppress(UpdateFinishedTrialError):
                    if self.take(trial.number):
                        return self.task(trial)
        return None

    def take(self, number: int) -> bool:
        """Mark a waiting trial as running; returns whether this call did it.

        Raises:
            UpdateFinishedTrialError: It is finished.
        """
        return self._set_state(number, TrialState.RUNNING)

    def put_back(self, number: int) -> None:
        """Put a running trial back into the queue."""
        self._set_state(number, TrialState.WAITING)

    def attribute(self, number: int, key: str, value: Any) -> None:
        """Store an attribute of a trial that is not finished."""
        self._lasting(lambda: self._storage.set_trial_user_attr(self._trial_id(number), key, value))

    def write(self, number: int, outcome: Outcome, elapsed: float | None = None) -> dict[str, Any]:
        """Record an outcome: the result itself first, so that nothing is lost before the trial is finished.

        Args:
            number: The trial.
            outcome: The outcome.
            elapsed: Seconds of the whole search so far, where they are known.
        """
        result: dict[str, Any] = {"values": dict(outcome.values), "seconds": outcome.seconds}
        if elapsed is not None:
            result["elapsed"] = elapsed
        if outcome.trained is not None:
            result["trained"] = outcome.trained
        if outcome.error is not None:
            result["error"] = outcome.error
        if outcome.failure is not None:
            result |= {"failure": outcome.failure.kind, "unrelated": outcome.failure.unrelated}
        with self._store.writing():
            if outcome.error is not None:
                self.attribute(number, "error", outcome.error)
            self.attribute(number, "result", result)
            self.tell(number, result)
        return result

    def tell(self, number: int, result: Mapping[str, Any]) -> None:
        """Finish a trial whose result is recorded."""
        tell = partial(self.study.tell, number, skip_if_finished=True)
        with self._store.writing():
            if result.get("error") is not None:
                self._lasting(lambda: tell(state=TrialState.FAIL))
                return
            if self.objectives.constraints:
                self._constrain(number, self.objectives.excesses(result["values"]))
            values = self.objectives.objective_values(result["values"])
            if (epochs := self._shorter(number)) is not None:
                (value,) = values
                self._lasting(
                    lambda: self._storage.set_trial_intermediate_value(self._trial_id(number), epochs, value)
                )
                self._lasting(lambda: tell(state=TrialState.PRUNED))
                return
            self._lasting(lambda: tell(values))

    def _shorter(self, number: int) -> int | None:
        """The epochs of a training that is not a whole one; None for a whole one."""
        if self.full is None:
            return None
        trial = self._lasting(lambda: self._storage.get_trial(self._trial_id(number)))
        fidelity: int = trial.user_attrs["fidelity"]
        return None if fidelity == self.full else fidelity

    def _constrain(self, number: int, excesses: Sequence[float]) -> None:
        """Record by how much a trial violates each constraint, for Optuna and its dashboard."""
        named = {str(c): e for c, e in zip(self.objectives.constraints, excesses, strict=True)}
        self.attribute(number, "constraints", named)
        # What `Trial.set_constraint` writes, and Optuna 4's samplers before that; both read a list.
        self._lasting(
            lambda: self._storage.set_trial_system_attr(self._trial_id(number), "constraints", list(excesses))
        )

    def _set_state(self, number: int, state: TrialState) -> bool:
        return self._lasting(lambda: self._storage.set_trial_state_values(self._trial_id(number), state))

    def _holds(self, number: Any) -> bool:
        """Whether the study has a trial of this number in the order of proposing."""
        trials = self.study.get_trials(deepcopy=False)
        return any(trial.user_attrs.get("number") == number for trial in trials)

    def _lasting(self, function: Callable[[], T]) -> T:
        with self._store.writing():
            return self._store.lasting(function)

    def _trial_id(self, number: int) -> int:
        study_id = self._storage.get_study_id_from_name(self.study.study_name)
        return self._storage.get_trial_id_from_study_id_trial_number(study_id, number)
