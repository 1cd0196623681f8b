"""Evaluations by workers elsewhere: the search waits for their outcomes, and the workers evaluate."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import FrozenTrial, TrialState

from archrank.errors import RunFolderError
from archrank.space import SearchSpace
from archrank.study.database import Database
from archrank.study.declared import check_evaluator_objectives
from archrank.study.evaluators import with_known_values
from archrank.study.fidelity import check_stops_early
from archrank.study.objectives import Objectives
from archrank.study.run_state import RunState
from archrank.study.trials import Trials
from archrank.system.text import file_name
from archrank.workers.evaluation import Task, evaluation
from archrank.workers.outcome import Evaluator, Outcome
from archrank.workers.pool import Pool
from archrank.workers.processes import Processes

__all__ = ["arrivals", "serve"]

_POLL, _LONGEST_POLL = 0.2, 2.0
"""Seconds between two queries of the database; a worker without work queries less and less often."""

_BEATS = 6
"""How many signs of life a worker sends in the time after which it is considered dead."""


def arrivals(run_state: RunState, patience: float, most: int, refill: Callable[[], int]) -> Iterator[Outcome]:
    """The outcomes of workers elsewhere, as they come in, until no trial is open.

    Args:
        run_state: The search's; it is kept in step.
        patience: Seconds without a sign of life after which a worker is given up.
        most: With fewer open evaluations ``refill`` is asked for more.
        refill: Queues more; returns how many, 0 for the end.
    """
    silence = _Silence(patience)
    while True:
        while len(run_state.open) < most and refill():
            pass
        if not run_state.open:
            return
        outcomes, running = run_state.collect()
        yield from outcomes
        for trial in silence.of(running):
            with suppress(UpdateFinishedTrialError):  # it lived, and has just finished it
                run_state.take_from_the_dead(trial, "its worker")
        if not outcomes:
            time.sleep(_POLL)


class _Silence:
    """Tells which workers have given no sign of life for long, by this machine's clock alone."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._heard: dict[int, tuple[object, float]] = {}

    def of(self, running: Sequence[FrozenTrial]) -> list[FrozenTrial]:
        """The trials whose workers are silent."""
        now = time.monotonic()
        heard, self._heard = self._heard, {}
        silent = []
        for trial in running:
            sign = trial.user_attrs.get("worker")
            before, since = heard.get(trial.number, (sign, now))
            since = since if before == sign else now
            if now - since > self._patience:
                silent.append(trial)
            else:
                self._heard[trial.number] = (sign, since)
        return silent


def serve(
    database: Database,
    space: SearchSpace,
    evaluate: Evaluator,
    *,
    timeout: float | None = None,
    retries: int = 2,
    on_outcome: Callable[[Task, Outcome, bool], None] | None = None,
    trainings: Path | None = None,
) -> int:
    """Evaluate what a search queues in a database, until the search has ended.

    The evaluations are made in a process of their own, one after another, so that this one can always tell that it is
    alive. Start as many as a machine has cores, or GPUs.

    Args:
        database: Where the study is.
        space: The space that is searched.
        evaluate: The evaluator.
        timeout: Seconds that an evaluation may take.
        retries: How often an architecture whose process died is evaluated again here.
        on_outcome: Called after every evaluation with the task, its outcome, and whether it was recorded: it is
            not where the search had given this worker up, and another one was faster.
        trainings: The parent of the folder of this study's checkpoints, in a search whose longer trainings go on where
            shorter ones stopped. A worker that does not find a checkpoint there begins the training again, and its
            epochs are paid again. None keeps none.

    Returns:
        How many evaluations it recorded.

    Raises:
        UnknownName: There is no such study.
        RunFolderError: The database cannot be reached, or the study is of another space.
        ArchrankError: The evaluator cannot be searched by the study's objectives.
        EvaluationError: The evaluator cannot be sent to the process, or that does not start.
    """
    metadata = database.metadata()
    _check_space(metadata, space, database)
    evaluate = space.evaluator(evaluate)
    check_evaluator_objectives(evaluate, Objectives.from_metadata(metadata))
    levels = metadata.get("fidelities")
    trials = Trials(
        database.study(),
        database.open(),
        database,
        space,
        Objectives.from_metadata(metadata),
        None if levels is None else levels[-1],
    )
    if levels is not None:
        check_stops_early(evaluate, levels)
    patience = database.patience = float(metadata.get("patience", database.patience))
    done = 0
    keeping = getattr(evaluate, "keeping", None)
    if trainings is not None and keeping is not None and _is_continued(metadata):
        evaluate = keeping(trainings / file_name(database.name))
    job = evaluation(with_known_values(evaluate, space, trials.objectives), trials.objectives.needed)
    with Pool(Processes(job), 1, retries, timeout) as pool:
        list(pool.run([]))  # so that nothing is taken off the queue by a worker that cannot start
        for task in _queued(trials):
            try:
                with _signs_of_life(trials, task, patience / _BEATS):
                    ((_, outcome),) = pool.run([task])
                recorded = _record(trials, task, outcome)
            except BaseException:
                if _is_mine(trials, task):
                    trials.put_back(task.number)
                raise
            done += recorded
            if on_outcome is not None:
                on_outcome(task, outcome, recorded)
    return done


def _queued(trials: Trials) -> Iterator[Task]:
    pause = _POLL
    while True:
        if (task := trials.pop()) is not None:
            yield task
            pause = _POLL
        elif trials.ended:
            return
        else:
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_POLL)


def _is_continued(metadata: Mapping[str, Any]) -> bool:
    """Whether longer trainings of the search go on where shorter ones stopped."""
    settings = metadata.get("settings")
    rungs = settings.get("fidelities") if isinstance(settings, Mapping) else None
    return isinstance(rungs, Mapping) and bool(rungs.get("continued"))


def _check_space(metadata: Mapping[str, Any], space: SearchSpace, database: Database) -> None:
    if metadata["space digest"] != space.digest:
        raise RunFolderError(
            f"the study in {database.where}, searches another space ({metadata['space']}) than this worker was "
            f"given ({space.name}), or another version of it: give the same --space and the same code"
        )


@contextmanager
def _signs_of_life(trials: Trials, task: Task, interval: float) -> Iterator[None]:
    """Records at regular intervals that the worker is alive."""
    over = threading.Event()
    trials.attribute(task.number, "worker", {"name": _me(), "sign": 0})

    def beat() -> None:
        sign = 0
        while not over.wait(interval):
            sign += 1
            # The database may be back next time; if not, writing the result reports the error.
            with suppress(RunFolderError, optuna.exceptions.OptunaError):
                trials.attribute(task.number, "worker", {"name": _me(), "sign": sign})

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _record(trials: Trials, task: Task, outcome: Outcome) -> bool:
    """Record an outcome unless there is one already."""
    try:
        # The search may have queued the task again because it considered this worker dead.
        trials.take(task.number)
        trials.write(task.number, outcome)
    except UpdateFinishedTrialError:
        return False
    return True


def _is_mine(trials: Trials, task: Task) -> bool:
    """Whether this worker is the one that evaluates it."""
    trial = trials.all[task.number]
    return trial.state == TrialState.RUNNING and trial.user_attrs.get("worker", {}).get("name") == _me()


def _me() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"
