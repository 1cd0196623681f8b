"""Who evaluates: this process, a pool of worker processes, or any executor that the user brings."""

import multiprocessing
import pickle
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from functools import partial
from types import TracebackType
from typing import Self

from archrank.architecture import Architecture
from archrank.errors import EvaluationError
from archrank.study.ledger import Task
from archrank.study.outcome import Evaluator, Outcome, measure
from archrank.study.worker import evaluate_in_worker, ready, start_worker

__all__ = ["OnExecutor", "Runner", "Serial", "WorkerPool"]


class Runner(ABC):
    """Evaluates tasks; a context manager that frees what it holds."""

    @abstractmethod
    def run(self, tasks: Iterable[Task]) -> Iterator[tuple[Task, Outcome]]:
        """Evaluate the tasks, taking each only when it can start; yields them as they finish."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(finished=kind is None)

    def close(self, finished: bool) -> None:  # noqa: B027, most runners hold nothing
        """Free what it holds; what still runs is given up unless ``finished``."""


class Serial(Runner):
    """Evaluates one after another in this process.

    Args:
        evaluate: The evaluator.
        metric: Name of the value that the search goes by.
    """

    def __init__(self, evaluate: Evaluator, metric: str) -> None:
        self._evaluate = evaluate
        self._metric = metric

    def run(self, tasks: Iterable[Task]) -> Iterator[tuple[Task, Outcome]]:
        """Evaluate the tasks in their order."""
        for task in tasks:
            yield task, measure(self._evaluate, task.architecture, self._metric)


class OnExecutor(Runner):
    """Evaluates on an executor that the user made and closes, such as a thread pool or a cluster's.

    Args:
        evaluate: The evaluator.
        metric: Name of the value that the search goes by.
        executor: The executor.

    Raises:
        EvaluationError: The executor sends work to processes and the evaluator cannot be sent.
    """

    def __init__(self, evaluate: Evaluator, metric: str, executor: Executor) -> None:
        if isinstance(executor, ProcessPoolExecutor):
            _pickled(evaluate)
        self._measure = partial(measure, evaluate, metric=metric)
        self._executor = executor

    def run(self, tasks: Iterable[Task]) -> Iterator[tuple[Task, Outcome]]:
        """Hand all tasks over at once.

        Raises:
            EvaluationError: The executor broke: it is the user's, so it cannot be made again here.
        """
        running: dict[Future[Outcome], Task] = {}
        try:
            for task in tasks:
                running[self._executor.submit(self._measure, task.architecture)] = task
            while running:
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    yield running.pop(future), _outcome(future)
        except BrokenExecutor as error:
            raise EvaluationError(
                f"the executor broke ({error or type(error).__name__}); what was finished is recorded: "
                "resume with a new executor"
            ) from error
        finally:
            for future in running:
                future.cancel()


class WorkerPool(Runner):
    """Evaluates in worker processes, which are made again when one dies.

    When a worker dies, what was under way is evaluated once more, one at a time, so that only the
    architecture that kills its worker is blamed.

    Args:
        evaluate: The evaluator; it is sent to every worker once.
        metric: Name of the value that the search goes by.
        workers: How many processes.
        retries: How often an architecture whose worker died is evaluated again.

    Raises:
        EvaluationError: The evaluator cannot be sent to another process, or the workers do not start.
    """

    def __init__(self, evaluate: Evaluator, metric: str, workers: int, retries: int) -> None:
        self._payload = _pickled((evaluate, metric))
        self._workers = workers
        self._retries = retries
        self._start()

    def run(self, tasks: Iterable[Task]) -> Iterator[tuple[Task, Outcome]]:
        """Keep every worker busy.

        Raises:
            EvaluationError: The workers do not start again.
        """
        remaining = iter(tasks)
        running: dict[Future[Outcome], Task] = {}
        while True:
            broken: list[Task] = []
            while len(running) < self._workers and not broken and (task := next(remaining, None)) is not None:
                if (future := self._submit(task.architecture)) is None:
                    broken.append(task)
                else:
                    running[future] = task
            if not running and not broken:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done if running and not broken else ():
                task = running.pop(future)
                if isinstance(future.exception(), BrokenExecutor):
                    broken.append(task)
                else:
                    yield task, _outcome(future)
            if broken:
                # A broken pool fails all that it had; a result that came in before is still good.
                for future in wait(running).done:
                    task = running.pop(future)
                    if isinstance(future.exception(), BrokenExecutor):
                        broken.append(task)
                    else:
                        yield task, _outcome(future)
                self._restart()
                deaths = 1 if len(broken) == 1 else 0
                for task in sorted(broken, key=lambda task: task.number):
                    yield task, self._alone(task, deaths)

    def close(self, finished: bool) -> None:
        """End the workers; at once, whatever they do, unless ``finished``."""
        if not finished:
            self._lifeline.close()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._lifeline.close()
        self._workers_end.close()

    def _alone(self, task: Task, deaths: int) -> Outcome:
        while deaths <= self._retries:
            future = self._submit(task.architecture)
            if future is not None and not isinstance(future.exception(), BrokenExecutor):
                return _outcome(future)
            self._restart()
            deaths += 1
        return Outcome(error=f"the worker process died {deaths} times while evaluating it")

    def _submit(self, architecture: Architecture) -> Future[Outcome] | None:
        try:
            return self._pool.submit(evaluate_in_worker, architecture)
        except BrokenExecutor:
            return None

    def _restart(self) -> None:
        self.close(finished=False)
        self._start()

    def _start(self) -> None:
        # Workers hold the reading end: it closes when this process ends, however it ends, and they end too.
        context = multiprocessing.get_context("spawn")
        # This process keeps that end too, for the pool starts workers when it needs them.
        self._workers_end, self._lifeline = context.Pipe(duplex=False)
        self._pool = ProcessPoolExecutor(
            self._workers, context, start_worker, (self._workers_end, self._payload)
        )
        try:
            problem = self._pool.submit(ready).result()
        except BrokenExecutor:
            problem = (
                "a worker ended while starting; a script needs its search under if __name__ == '__main__':"
            )
        except BaseException:
            self.close(finished=False)
            raise
        if problem is not None:
            self.close(finished=False)
            raise EvaluationError(f"the worker processes cannot start: {problem}")


def _outcome(future: Future[Outcome]) -> Outcome:
    try:
        return future.result()
    except BrokenExecutor:
        raise
    except Exception as error:
        return Outcome(error=f"{type(error).__name__}: {error}")


def _pickled(evaluator: object) -> bytes:
    try:
        return pickle.dumps(evaluator)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise EvaluationError(
            f"the evaluator cannot be sent to worker processes ({error}): make it a function or a class "
            "at the top level of a module, or use one worker"
        ) from None
