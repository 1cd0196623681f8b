"""Evaluation in this process, or on an executor that the user provides; pools are in ``pool.py``."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from functools import partial
from types import TracebackType
from typing import Self

from archrank.errors import EvaluationError
from archrank.system.foreign import in_one_line
from archrank.workers.evaluation import Task
from archrank.workers.outcome import Evaluator, Outcome, measure, pickled

__all__ = ["OnExecutor", "Runner", "Serial"]


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
        """Free its resources; evaluations that still run are abandoned unless ``finished``."""


class Serial(Runner):
    """Evaluates one after another in this process.

    Args:
        evaluate: The evaluator.
        metric: Name of the value that the search goes by, or of several.
    """

    def __init__(self, evaluate: Evaluator, metric: str | Sequence[str]) -> None:
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
        metric: Name of the value that the search goes by, or of several.
        executor: The executor.
        most: How many tasks it is given at once; None gives it all that there are.

    Raises:
        EvaluationError: The executor sends work to processes and the evaluator cannot be sent.
    """

    def __init__(
        self, evaluate: Evaluator, metric: str | Sequence[str], executor: Executor, most: int | None = None
    ) -> None:
        if isinstance(executor, ProcessPoolExecutor):
            pickled(evaluate, by_value=False)
        self._measure = partial(measure, evaluate, metric=metric)
        self._executor = executor
        self._most = most

    def run(self, tasks: Iterable[Task]) -> Iterator[tuple[Task, Outcome]]:
        """Submit the tasks, at most ``most`` at a time.

        Raises:
            EvaluationError: The executor broke: it is the user's, so it cannot be made again here.
        """
        remaining = iter(tasks)
        running: dict[Future[Outcome], Task] = {}
        try:
            while True:
                while self._most is None or len(running) < self._most:
                    if (task := next(remaining, None)) is None:
                        break
                    running[self._executor.submit(self._measure, task.architecture)] = task
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
        return Outcome(error=in_one_line(error))
