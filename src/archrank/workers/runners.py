"""Work in this process, or on an executor that the user provides; pools are in ``pool.py``."""

import pickle
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from contextlib import AbstractContextManager, nullcontext
from types import TracebackType
from typing import Generic, Self

from archrank.errors import BudgetError, EvaluationError
from archrank.system.foreign import in_one_line
from archrank.workers.failures import failure_of
from archrank.workers.job import Job, T
from archrank.workers.outcome import Outcome

__all__ = ["OnExecutor", "Runner", "Serial", "check_workers"]


def check_workers(workers: int) -> None:
    """Raise BudgetError if there are no workers."""
    if workers < 1:
        raise BudgetError(f"workers is {workers}; give 1 or more")


class Runner(ABC, Generic[T]):
    """Does tasks; a context manager that frees what it holds."""

    @abstractmethod
    def run(self, tasks: Iterable[T]) -> Iterator[tuple[T, Outcome]]:
        """Do the tasks, taking each only when it can start; yields them as they finish."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(finished=kind is None)

    def close(self, finished: bool) -> None:
        """Free its resources; tasks that still run are abandoned unless ``finished``."""


class Serial(Runner[T]):
    """Does one after another in this process.

    Args:
        job: What is done with each.
    """

    def __init__(self, job: Job[T]) -> None:
        self._job = job

    def run(self, tasks: Iterable[T]) -> Iterator[tuple[T, Outcome]]:
        """Do the tasks in their order."""
        for task in tasks:
            with self._threads():
                outcome = self._job.do(task)
            yield task, outcome

    def _threads(self) -> AbstractContextManager[None]:
        if not self._job.one_thread:
            return nullcontext()
        from archrank.system.threads import one_thread_for_all

        return one_thread_for_all()


class OnExecutor(Runner[T]):
    """Works on an executor that the user made and closes, such as a thread pool or a cluster's.

    Args:
        job: What is done with each task.
        executor: The executor.
        most: How many tasks it is given at once; None gives it all that there are.

    Raises:
        EvaluationError: The executor sends work to processes and the job cannot be sent.
    """

    def __init__(self, job: Job[T], executor: Executor, most: int | None = None) -> None:
        if isinstance(executor, ProcessPoolExecutor):
            job.sent(pickle.dumps)
        self._do = job.do
        self._executor = executor
        self._most = most

    def run(self, tasks: Iterable[T]) -> Iterator[tuple[T, Outcome]]:
        """Submit the tasks, at most ``most`` at a time.

        Raises:
            EvaluationError: The executor broke: it is the user's, so it cannot be made again here.
        """
        remaining = iter(tasks)
        running: dict[Future[Outcome], T] = {}
        try:
            while True:
                while self._most is None or len(running) < self._most:
                    if (task := next(remaining, None)) is None:
                        break
                    running[self._executor.submit(self._do, task)] = task
                if not running:
                    return
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    yield running.pop(future), _outcome(future)
        except BrokenExecutor as error:
            # Results of futures that finished before are still valid.
            for future, task in running.items():
                if future.done() and not isinstance(future.exception(), BrokenExecutor):
                    yield task, _outcome(future)
            raise EvaluationError(
                f"the executor broke ({in_one_line(error)}); what was finished is recorded: "
                "resume with a new executor"
            ) from error
        finally:
            for future in running:
                future.cancel()


def _outcome(future: Future[Outcome]) -> Outcome:
    try:
        return future.result()
    except BrokenExecutor:
        raise
    except Exception as error:
        return Outcome(error=in_one_line(error), failure=failure_of(error))
