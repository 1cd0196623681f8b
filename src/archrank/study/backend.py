"""Where a search's evaluations run: in this process, in worker processes, on Ray, on an executor, or elsewhere."""

import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from archrank.errors import BudgetError, EvaluationError
from archrank.study.database import Database
from archrank.study.remote import arrivals
from archrank.study.run_state import RunState
from archrank.system.foreign import shown
from archrank.workers.evaluation import Task, evaluation
from archrank.workers.outcome import Evaluator, Outcome
from archrank.workers.pool import Pool
from archrank.workers.processes import Processes
from archrank.workers.ray_cluster import RayCluster, RayCrew
from archrank.workers.runners import OnExecutor, Runner, Serial, check_workers

__all__ = ["Backend", "Outcomes"]

Outcomes = Callable[[Callable[[], int]], Iterator[Outcome]]
"""Evaluates and records what is queued, asking its argument for more when a worker is free; yields as it comes in."""


class Backend:
    """Where and how the evaluations of a search are made; the arguments are those of ``search``.

    Raises:
        BudgetError: A number of workers below 1, or a timeout that is no time.
        EvaluationError: Nobody would evaluate, two ways are asked for at once, or a timeout is given where nothing can
            be ended.
    """

    def __init__(
        self,
        evaluate: Evaluator | None,
        metric: str | Sequence[str],
        workers: int,
        executor: Executor | RayCluster | None,
        database: Database | None,
        asynchronous: bool,
        timeout: float | None,
        retries: int,
    ) -> None:
        check_workers(workers)
        number = isinstance(timeout, int | float | np.number) and not isinstance(timeout, bool)
        if timeout is not None and not (number and timeout > 0):
            raise BudgetError(f"timeout is {shown(timeout)}; give a timeout above 0, in seconds")
        if not isinstance(executor, Executor | RayCluster | None):
            raise EvaluationError(
                f"executor is {shown(executor)}, expected a concurrent.futures.Executor or a RayCluster; for processes "
                "give workers"
            )
        if database is not None and executor is not None:
            raise EvaluationError("give a database, whose workers evaluate, or an executor, not both")
        if timeout is not None and (database is not None or isinstance(executor, Executor)):
            raise EvaluationError(
                "a timeout works where the search starts the workers itself: give it to `archrank worker`, or use "
                "processes of this machine or Ray"
            )
        if evaluate is None and database is None:
            raise EvaluationError(
                "nothing evaluates the architectures: give a function of an architecture that returns a number, a "
                "table, or a database whose workers evaluate"
            )
        self._evaluate = evaluate
        self._metric = metric
        self._workers = workers
        self._executor = executor
        self._database = database
        self._asynchronous = asynchronous
        self._timeout = timeout
        self._retries = retries

    @property
    def is_elsewhere(self) -> bool:
        """Whether other processes take trials off the queue and record the outcomes."""
        return self._database is not None

    def keep_trainings(self, folder: Path) -> None:
        """Let the evaluator keep checkpoints in a folder, if it can."""
        if (keeping := getattr(self._evaluate, "keeping", None)) is not None:
            self._evaluate = keeping(folder)

    @contextmanager
    def opened(self, run_state: RunState, elapsed: Callable[[], float]) -> Iterator[Outcomes]:
        """Start the workers, and stop them afterwards.

        Args:
            run_state: What is queued, and where outcomes are written.
            elapsed: Seconds of the whole search so far.
        """
        if self._database is not None:
            patience = self._database.patience
            run_state.note("patience", patience)
            run_state.note("ended", False)
            yield lambda refill: arrivals(run_state, patience, self._workers, refill)
            run_state.note("ended", True)
            return
        assert self._evaluate is not None
        with self._runner(self._evaluate) as runner:

            def evaluated(refill: Callable[[], int]) -> Iterator[Outcome]:
                for task, outcome in runner.run(run_state.tasks(refill)):
                    run_state.finish(task, outcome, elapsed())
                    yield outcome

            yield evaluated

    def _runner(self, evaluate: Evaluator) -> Runner[Task]:
        job = evaluation(evaluate, self._metric)
        if isinstance(self._executor, Executor):
            # In rounds it gets all tasks at once; an asynchronous search must know how many workers there are.
            most = self._workers if self._asynchronous else None
            return OnExecutor(job, self._executor, most)
        if isinstance(self._executor, RayCluster):
            if self._executor.address is None:
                _warn_of_too_many(self._workers)
            return Pool(
                RayCrew(self._executor, job, self._workers), self._workers, self._retries, self._timeout
            )
        if self._workers == 1 and self._timeout is None:
            return Serial(job)
        _warn_of_too_many(self._workers)
        return Pool(Processes(job), self._workers, self._retries, self._timeout)


def _warn_of_too_many(workers: int) -> None:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if workers > cores:
        warnings.warn(
            f"{workers} workers on {cores} cores: more than {cores} help only where evaluations wait for something "
            "else, such as a GPU or another machine",
            stacklevel=2,
        )
