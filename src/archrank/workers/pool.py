"""A pool of workers of any kind, which may die or exceed the timeout."""

import time
from abc import ABC, abstractmethod
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import inf
from typing import Generic

from archrank.errors import EvaluationError
from archrank.workers.failures import DIED, TIMEOUT, Failure
from archrank.workers.job import T
from archrank.workers.outcome import Outcome
from archrank.workers.runners import Runner

__all__ = ["Crew", "Pool", "Worker", "WorkerDied"]


class WorkerDied(Exception):
    """A worker is gone.

    Args:
        how: What is known of its end.
        hopeless: Whether another one would end in the same way before it can do anything.
        unrelated: Whether it was ended from outside, whatever it was doing.
    """

    def __init__(self, how: str, hopeless: bool = False, unrelated: bool = False) -> None:
        super().__init__(how)
        self.hopeless = hopeless
        self.unrelated = unrelated


class Worker(ABC, Generic[T]):
    """A worker as the driver sees it: it loads its job and says so, then answers each task."""

    @abstractmethod
    def give(self, task: T) -> None:
        """Send it a task; it must have answered all earlier ones."""

    @abstractmethod
    def answer(self) -> Outcome:
        """Its answer; the ``error`` of the first answer tells why it cannot work.

        Raises:
            WorkerDied: It will never answer.
        """

    def leave(self) -> None:
        """Tell it that no more tasks come, without waiting, so that several workers clean up at the same time."""

    @abstractmethod
    def end(self, at_once: bool) -> None:
        """Stop it and wait until it has ended; unless ``at_once``, it may clean up."""


class Crew(ABC, Generic[T]):
    """Makes workers of one kind."""

    @abstractmethod
    def start(self) -> Worker[T]:
        """Start a worker, and do not wait for it."""

    @abstractmethod
    def listen(self, workers: Sequence[Worker[T]], seconds: float | None) -> Sequence[Worker[T]]:
        """The workers that have answered or died; waits up to ``seconds``, or for None until there is one."""

    def close(self) -> None:
        """Free what all workers share."""


@dataclass(eq=False, slots=True)
class _Seat(Generic[T]):
    """A worker's place in the pool."""

    worker: Worker[T]
    ready: bool = False
    task: T | None = None
    deadline: float = inf


class Pool(Runner[T]):
    """Works with several workers, each on one task at a time.

    A worker that dies or takes too long is replaced, and nothing but its own task is affected.

    Args:
        crew: Makes the workers.
        workers: How many.
        retries: How often a task whose worker died is done again.
        timeout: Seconds that a task may take; longer ones are ended and have failed.
    """

    def __init__(self, crew: Crew[T], workers: int, retries: int, timeout: float | None = None) -> None:
        self._crew = crew
        self._retries = retries
        self._timeout = inf if timeout is None else timeout
        self._deaths: Counter[int] = Counter()
        self._deadly: set[int] = set()
        self._false_starts = 0
        self._seats: list[_Seat[T]] = []
        try:
            for _ in range(workers):
                self._seats.append(_Seat(crew.start()))
        except BaseException:
            self.close(finished=False)
            raise

    def run(self, tasks: Iterable[T]) -> Iterator[tuple[T, Outcome]]:
        """Keep every worker busy.

        Raises:
            EvaluationError: The workers do not start.
        """
        remaining = iter(tasks)
        again: deque[T] = deque()
        while True:
            # With no worker ready it waits for one even if there is no task, so that a pool that cannot start
            # fails before anything is queued for it.
            while (seat := next((s for s in self._seats if s.ready and s.task is None), None)) is not None:
                task = again.popleft() if again else next(remaining, None)
                if task is None:
                    break
                self._hand_over(seat, task)
            if seat is not None and all(s.task is None for s in self._seats):
                return
            for seat in self._listen():
                if (news := self._hear(seat, again)) is not None:
                    yield news
            for seat in [s for s in self._seats if s.deadline <= time.monotonic()]:
                yield self._stop(seat)

    def close(self, finished: bool) -> None:
        """Stop the workers; immediately, whatever they do, unless ``finished``."""
        if finished:
            for seat in self._seats:
                seat.worker.leave()
        for seat in self._seats:
            seat.worker.end(at_once=not (finished and seat.ready))
        self._seats.clear()
        self._crew.close()

    def _hand_over(self, seat: _Seat[T], task: T) -> None:
        seat.task = task
        seat.deadline = time.monotonic() + self._timeout
        seat.worker.give(task)

    def _listen(self) -> list[_Seat[T]]:
        first = min(seat.deadline for seat in self._seats)
        seconds = None if first == inf else max(0.0, first - time.monotonic())
        heard = self._crew.listen([seat.worker for seat in self._seats], seconds)
        return [seat for seat in self._seats if seat.worker in heard]

    def _hear(self, seat: _Seat[T], again: deque[T]) -> tuple[T, Outcome] | None:
        """Take a worker's answer, or replace a dead worker; returns the task that is finished by that, if any."""
        try:
            outcome = seat.worker.answer()
        except WorkerDied as death:
            return self._bury(seat, death, again)
        task, seat.task, seat.deadline = seat.task, None, inf
        if task is not None:
            return task, outcome
        if outcome.error is not None:
            raise EvaluationError(f"the workers cannot start: {outcome.error}")
        seat.ready = True
        self._false_starts = 0
        return None

    def _bury(self, seat: _Seat[T], death: WorkerDied, again: deque[T]) -> tuple[T, Outcome] | None:
        task = seat.task
        if not seat.ready:
            self._false_starts += 1
            if death.hopeless or self._false_starts > self._retries:
                raise EvaluationError(f"the workers cannot start: {death}") from None
        self._replace(seat)
        if task is None:
            return None
        self._deaths[task.number] += 1
        if not death.unrelated:
            self._deadly.add(task.number)
        if self._deaths[task.number] <= self._retries:
            again.append(task)
            return None
        times = self._deaths[task.number]
        reason = f"its worker died {times} times while evaluating it, at last {death}"
        return task, Outcome(error=reason, failure=Failure(DIED, task.number not in self._deadly))

    def _stop(self, seat: _Seat[T]) -> tuple[T, Outcome]:
        task = seat.task
        assert task is not None
        self._replace(seat)
        reason = f"it took longer than {self._timeout:g} s"
        return task, Outcome(seconds=self._timeout, error=reason, failure=Failure(TIMEOUT))

    def _replace(self, seat: _Seat[T]) -> None:
        seat.worker.end(at_once=True)
        seat.worker, seat.ready, seat.task, seat.deadline = self._crew.start(), False, None, inf
