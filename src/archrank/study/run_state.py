"""The state of one search: its trials, and the history that strategies read, kept consistent."""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from archrank.architecture import Architecture
from archrank.errors import RunFolderError
from archrank.space import SearchSpace
from archrank.strategies.base import Evaluated, History, Proposal
from archrank.strategies.fidelities import Fidelities
from archrank.strategies.reserve import affordable
from archrank.strategies.rungs import Rungs
from archrank.study.evaluations import Evaluation
from archrank.study.folder import check_same
from archrank.study.objectives import Objectives
from archrank.study.storage import StudyStore
from archrank.study.trials import Trials
from archrank.workers.evaluation import Task
from archrank.workers.failures import INTERRUPTED, Failure
from archrank.workers.outcome import Outcome

__all__ = ["Round", "RunState"]


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


class RunState:
    """Writes a study, and keeps the history that strategies read.

    On opening a study that a dead process left, evaluations whose result was stored are finished, those without one
    go back into the queue, and those that were interrupted more than ``retries`` times are recorded as failed. Where
    the evaluations are made ``elsewhere``, those that run are let alone: their workers may be alive.

    Args:
        space: The space that is searched.
        objectives: What the search goes by.
        fingerprint: What must agree on resuming, as JSON values; stored as the study's user attributes.
        store: Where the study is kept.
        retries: How often an interrupted evaluation is started again.
        elsewhere: Whether other processes take the queue, and record what they find.
        fidelities: The rungs, where trainings may stop early.

    Attributes:
        history: All that was proposed so far.
        open: What is queued or under way, by number.
        paid: The epochs of all trainings so far, in a search with fidelities.
        repaid: How many of them were trained before, and again where the checkpoint was not at hand.
        done: How many evaluations are finished, failed ones included; with fidelities their epochs.
        best: The best score by the first objective of what meets the constraints, of whole trainings; None for none.

    Raises:
        RunFolderError: The study has another fingerprint, cannot be read, or the system refuses to write.
    """

    def __init__(
        self,
        space: SearchSpace,
        objectives: Objectives,
        fingerprint: Mapping[str, Any],
        store: StudyStore,
        retries: int = 2,
        elsewhere: bool = False,
        fidelities: Fidelities | None = None,
    ) -> None:
        self.fidelities = fidelities
        self.history = History()
        self.open: dict[int, Task] = {}
        self._objectives = objectives
        self._store = store
        self._retries = retries
        self._in_hand: set[int] = set()
        self._last_round = Round(-1, 0, 0)
        self.paid = self.repaid = self.done = 0
        self.best: float | None = None
        self._trained: dict[Architecture, list[int]] = {}
        self._repeats: set[tuple[Architecture, int]] = set()
        with store.writing():
            storage, finished = store.open(), 0
            if store.name in optuna.get_all_study_names(storage):
                stored = optuna.load_study(study_name=store.name, storage=storage)
                self._check(stored, fingerprint)
                finished = sum(trial.state.is_finished() for trial in stored.get_trials(deepcopy=False))
            store.begin(finished)
            with _quiet():
                study = optuna.create_study(
                    study_name=store.name,
                    storage=storage,
                    directions=list(objectives.directions.values()),
                    sampler=optuna.samplers.RandomSampler(seed=0),  # never asked: every parameter is fixed
                    load_if_exists=True,
                )
            full = None if fidelities is None else fidelities.full
            self._trials = Trials(study, storage, store, space, objectives, full)
            self._write_fingerprint(study, fingerprint)
            for trial in self.trials:
                self._take_up(trial, elsewhere)

    @property
    def study(self) -> optuna.Study:
        """The study."""
        return self._trials.study

    @property
    def trials(self) -> list[FrozenTrial]:
        """The study's trials, by number; not copies, so only to be read."""
        return self._trials.all

    def settle(self, key: str, value: int) -> int:
        """Store a number with the study under a name that is not taken yet; returns the stored number."""
        return self._trials.settle(key, value)

    def note(self, key: str, value: Any) -> None:
        """Store an attribute of the study that may change."""
        self._trials.note(key, value)

    def evaluations(self) -> tuple[Evaluation, ...]:
        """The finished evaluations, by number, without repeats."""
        return tuple(each for each in self._finished() if not each.seed)

    def repeats(self) -> tuple[Evaluation, ...]:
        """The finished repeats, by number."""
        return tuple(each for each in self._finished() if each.seed)

    def _finished(self) -> Iterator[Evaluation]:
        return (self._evaluation(trial) for trial in self.trials if trial.state.is_finished())

    def next_round(self, size: int, budget: int) -> Round | None:
        """The round to propose next: an interrupted one, or else a new one; None when the budget is spent.

        A search with fidelities proposes until nothing that is proposed can be paid.
        """
        last, proposed = self._last_round, len(self.history)
        if last.start + last.size > proposed:
            return last
        if self.fidelities is None:
            size = min(size, budget - proposed)
        return Round(last.index + 1, proposed, size) if size > 0 else None

    def history_before(self, round_: Round) -> History:
        """What the strategy knew when the round was proposed."""
        if round_.start == len(self.history):
            return self.history
        return History(islice(self.history, round_.start))

    def queue(
        self, proposals: Sequence[Proposal], round_: Round, spent: Mapping[str, float], budget: int
    ) -> int:
        """Queue the proposals that are not in the history, up to the size of the round; returns how many.

        Args:
            proposals: What the strategy proposed.
            round_: The round they belong to.
            spent: Seconds spent so far, to be found again on resuming.
            budget: How many whole trainings may be paid.
        """
        missing = round_.start + round_.size - len(self.history)
        new = {(p.architecture, p.fidelity): p for p in reversed(proposals) if not self.history.holds(p)}
        chosen = self._affordable(list(reversed(new.values()))[:missing], budget)
        if self.fidelities is not None and chosen:
            # A round may be small because a rule waits for results, or the budget ends; so it is not taken up again.
            round_ = replace(round_, size=len(self.history) + len(chosen) - round_.start)
        attributes: dict[str, Any] = {
            "round": round_.index,
            "round_start": round_.start,
            "round_size": round_.size,
            "spent": dict(spent),
        }
        for proposal in chosen:
            with self._store.writing():
                number = len(self.history) + len(self._repeats)
                self._trials.queue(proposal, {**attributes, "number": number})
                self._open(Task(number, proposal.architecture, proposal.fidelity))
        self._last_round = round_
        return len(chosen)

    def queue_repeats(self, best: Sequence[Evaluation], times: int, spent: Mapping[str, float]) -> None:
        """Queue the repeats of evaluations that are not in the study yet; the history never holds them."""
        for architecture, fidelity, seed in (
            (e.architecture, e.fidelity, k + 1) for k in range(times) for e in best
        ):
            if (architecture, seed) in self._repeats:
                continue
            last, number = self._last_round, len(self.history) + len(self._repeats)
            attributes = {
                "round": last.index,
                "round_start": last.start,
                "round_size": last.size,
                "spent": dict(spent),
                "number": number,
                "repeat": seed,
            }
            with self._store.writing():
                self._trials.queue(Proposal(architecture, "repeated", fidelity=fidelity), attributes)
                self._open(Task(number, architecture, fidelity, seed))

    def epochs(self, architecture: Architecture, fidelity: int) -> int:
        """What a training that is in the history costs, or one more."""
        assert self.fidelities is not None
        return self.fidelities.cost(fidelity, self._trained.get(architecture, ()))

    def _affordable(self, proposals: Sequence[Proposal], budget: int) -> list[Proposal]:
        """The proposals that the budget pays."""
        if self.fidelities is None:
            return list(proposals)
        return affordable(
            proposals, Rungs(self.history, self.fidelities), budget * self.fidelities.full - self.paid
        )

    def _is_whole(self, task: Task) -> bool:
        return self.fidelities is None or task.fidelity == self.fidelities.full

    def _open(self, task: Task) -> None:
        """Count a training as under way, and as paid."""
        self.open[task.number] = task
        if task.seed:
            self._repeats.add((task.architecture, task.seed))
            return
        self.history.record(Evaluated(task.architecture, None, pending=True, fidelity=task.fidelity))
        if task.fidelity is not None:
            self.paid += self.epochs(task.architecture, task.fidelity)
            self._trained.setdefault(task.architecture, []).append(task.fidelity)

    def tasks(self, refill: Callable[[], int] = lambda: 0) -> Iterator[Task]:
        """Hand out the queued tasks one by one, as they are asked for.

        Args:
            refill: Called when the queue is empty; returns how many it queued, 0 for the end.
        """
        while True:
            with self._store.writing():
                task = self._trials.pop()
                if task is not None:
                    self._in_hand.add(task.number)
            if task is not None:
                yield task
            elif not refill():
                return

    def finish(self, task: Task, outcome: Outcome, elapsed: float) -> None:
        """Record an outcome.

        Args:
            task: What was evaluated.
            outcome: The outcome.
            elapsed: Seconds of the whole search so far.
        """
        with self._store.writing():
            self._settled(task, self._trials.write(task.number, outcome, elapsed))

    def release(self) -> None:
        """Put tasks that were handed out and not finished back into the queue, when a search is stopped on purpose."""
        with self._store.writing():
            for number in self._in_hand:
                self._trials.put_back(number)
            self._in_hand.clear()

    def collect(self) -> tuple[list[Outcome], list[FrozenTrial]]:
        """Record what other processes finished since the last call; also returns the trials that they are running."""
        outcomes, running = [], []
        for trial in self.trials:
            if trial.number not in self.open:
                continue
            if trial.state.is_finished():
                result = trial.user_attrs["result"]
                outcomes.append(Outcome(result["values"], result["seconds"], result.get("error")))
                self._settled(self.open[trial.number], result)
            elif trial.state == TrialState.RUNNING:
                running.append(trial)
        return outcomes, running

    def take_from_the_dead(self, trial: FrozenTrial, died: str) -> None:
        """Continue with an evaluation whose process has died: finish it, queue it again, or record it as failed.

        Args:
            trial: What was under way.
            died: Who died, for the reason that is written down when it was the last time.
        """
        with self._store.writing():
            if "result" in trial.user_attrs:
                self._trials.tell(trial.number, trial.user_attrs["result"])
                self._settled(self.open[trial.number], trial.user_attrs["result"])
                return
            interruptions = trial.user_attrs.get("interruptions", 0) + 1
            self._trials.attribute(trial.number, "interruptions", interruptions)
            if interruptions <= self._retries:
                self._trials.put_back(trial.number)
            else:
                reason = f"interrupted {interruptions} times: {died} died while it was being evaluated"
                outcome = Outcome(error=reason, failure=Failure(INTERRUPTED, unrelated=True))
                self.finish(self.open[trial.number], outcome, _latest(self.trials))

    def _check(self, study: optuna.Study, fingerprint: Mapping[str, Any]) -> None:
        """Raise an error if a study is not the one that is searched; nothing is written."""
        where, instead = self._store.where, self._store.instead
        for trial in study.get_trials(deepcopy=False):
            if "round" not in trial.user_attrs:
                raise RunFolderError(
                    f"trial {trial.number} of the study in {where} was not made by a search: {instead}"
                )
        stored = study.user_attrs
        # A search that died while it was set up may lack some of them.
        known = {key: value for key, value in fingerprint.items() if key in stored}
        check_same({key: stored[key] for key in known}, known, where, instead)

    def _write_fingerprint(self, study: optuna.Study, fingerprint: Mapping[str, Any]) -> None:
        stored = study.user_attrs
        for key, value in fingerprint.items():
            if key not in stored or (key == "budget" and stored[key] != value):
                study.set_user_attr(key, value)
        if study.metric_names is None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
                study.set_metric_names(list(self._objectives.directions))

    def _take_up(self, trial: FrozenTrial, elsewhere: bool) -> None:
        task = self._trials.task(trial)
        attributes = trial.user_attrs
        if not task.seed:
            self._last_round = Round(attributes["round"], attributes["round_start"], attributes["round_size"])
        self._open(task)
        if trial.state.is_finished():
            self._settled(task, attributes["result"])
            return
        if trial.state == TrialState.RUNNING and not elsewhere:
            self.take_from_the_dead(trial, "the search")

    def _settled(self, task: Task, result: Mapping[str, Any]) -> None:
        self.open.pop(task.number, None)
        self._in_hand.discard(task.number)
        if task.seed:
            return
        # What release 0.1 recorded does not say why it failed.
        unrelated = result.get("unrelated", True)
        entry = self._objectives.entry(task.architecture, result["values"], unrelated)
        self.history.record(replace(entry, fidelity=task.fidelity))
        again = self._trained_again(task, result)
        self.paid, self.repaid = self.paid + again, self.repaid + again
        self.done += 1 if task.fidelity is None else self.epochs(task.architecture, task.fidelity) + again
        if entry.score is not None and not entry.violation and self._is_whole(task):
            self.best = entry.score if self.best is None else max(self.best, entry.score)

    def _trained_again(self, task: Task, result: Mapping[str, Any]) -> int:
        """The epochs of a training beyond what it was to cost: where it could not go on, it began again."""
        trained = result.get("trained")
        if task.fidelity is None or task.seed or not isinstance(trained, int):
            return 0
        return max(trained - self.epochs(task.architecture, task.fidelity), 0)

    def _evaluation(self, trial: FrozenTrial) -> Evaluation:
        task = self._trials.task(trial)
        epochs = None
        if task.fidelity is not None:
            epochs = task.fidelity if task.seed else self.epochs(task.architecture, task.fidelity)
            epochs += self._trained_again(task, trial.user_attrs["result"])
        return self._trials.evaluation(trial, epochs)


@contextmanager
def _quiet() -> Iterator[None]:
    """A context in which Optuna does not report that a study was created."""
    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(max(level, optuna.logging.WARNING))
    try:
        yield
    finally:
        optuna.logging.set_verbosity(level)


def _latest(trials: Sequence[FrozenTrial]) -> float:
    results = (trial.user_attrs["result"] for trial in trials if "result" in trial.user_attrs)
    return max((result.get("elapsed", 0.0) for result in results), default=0.0)
