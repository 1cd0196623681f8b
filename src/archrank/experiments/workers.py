"""Worker processes for long tasks of plain values: they survive a failed task, and end with the program."""

import multiprocessing
import os
import pickle
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, ProcessPoolExecutor, wait
from multiprocessing.connection import Connection
from multiprocessing.connection import wait as wait_for
from typing import Any

from archrank.errors import EvaluationError
from archrank.system.foreign import in_one_line, message
from archrank.system.threads import use_one_thread

__all__ = ["GridTask", "Work", "run_tasks"]

GridTask = dict[str, Any]
"""A task of a grid: plain values by name."""

Work = Callable[[GridTask], dict[str, Any]]
"""Does a task and returns its results, plain values by name; it is sent to every worker once."""


def run_tasks(
    work: Work, tasks: Sequence[GridTask], workers: int
) -> Generator[tuple[GridTask, dict[str, Any] | None, str | None]]:
    """Do tasks in worker processes, each with one thread for PyTorch.

    Closing the iterator ends the workers at once.

    Args:
        work: Does a task; it must be picklable.
        tasks: The tasks in the order of starting.
        workers: How many processes.

    Yields:
        A task, its results with the ``seconds`` that it took, and None; or, where it failed, None and why. They come
        as they finish.

    Raises:
        EvaluationError: The work cannot be sent to other processes, or the workers do not start.
    """
    waiting, suspects = deque(tasks), deque[GridTask]()
    running: dict[Future[dict[str, Any]], GridTask] = {}
    pool = _Pool(work, workers)
    try:
        while waiting or suspects or running:
            # Suspects had a worker die near them; alone, one after another, they show which of them it was.
            alone = not waiting and not running
            queue = suspects if alone else waiting
            while queue and len(running) < (1 if alone else workers):
                if (submitted := pool.submit(queue[0])) is None:
                    break
                running[submitted] = queue.popleft()
            broken = not running
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                task, error = running.pop(future), future.exception()
                if error is None:
                    yield task, future.result(), None
                elif not isinstance(error, BrokenExecutor):
                    yield task, None, in_one_line(error)
                else:
                    broken = True
                    if alone:
                        yield task, None, "its worker process died twice; is there enough memory?"
                    else:
                        suspects.append(task)
            if broken and not running:
                pool.end()
                pool = _Pool(work, workers)
    finally:
        pool.end()


class _Pool:
    """A pool of processes that can be ended at once."""

    def __init__(self, work: Work, workers: int) -> None:
        try:
            payload = pickle.dumps(work)
        except Exception as error:
            raise EvaluationError(
                f"the work cannot be sent to worker processes ({message(error)}): a space of your own must be a class "
                "or an object at the top level of a module"
            ) from None
        context = multiprocessing.get_context("spawn")
        # Workers hold the reading end: it closes when this process ends, however it ends, and they end too.
        self._workers_end, self._lifeline = context.Pipe(duplex=False)
        self._pool = ProcessPoolExecutor(workers, context, _start, (self._workers_end, payload))
        try:
            problem = self._pool.submit(_problem).result()
        except BrokenExecutor:
            problem = (
                "a worker ended while starting; a script needs its work under if __name__ == '__main__':"
            )
        except BaseException:
            self.end()
            raise
        if problem is not None:
            self.end()
            raise EvaluationError(f"the worker processes cannot start: {problem}")

    def submit(self, task: GridTask) -> Future[dict[str, Any]] | None:
        """Start a task; None where a process has died, so that none can be started."""
        try:
            return self._pool.submit(_do, task)
        except BrokenExecutor:
            return None

    def end(self) -> None:
        self._lifeline.close()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._workers_end.close()


class _Worker:
    """The one thing that a worker process keeps: what it does, or why it cannot."""

    work: Work | None = None
    problem: str | None = "the worker was not started"


def _start(lifeline: Connection, payload: bytes) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the driver's to handle
    threading.Thread(target=_end_with, args=(lifeline,), daemon=True).start()
    use_one_thread()
    try:
        _Worker.work = pickle.loads(payload)  # noqa: S301, sent by our own parent process
        _Worker.problem = None
    except BaseException as error:  # a module of the user's may raise anything
        _Worker.problem = f"the work cannot be loaded there ({in_one_line(error)})"


def _end_with(lifeline: Connection) -> None:
    wait_for([lifeline])
    os._exit(1)


def _problem() -> str | None:
    return _Worker.problem


def _do(task: GridTask) -> dict[str, Any]:
    assert _Worker.work is not None
    began = time.perf_counter()
    results = _Worker.work(task)
    return {**results, "seconds": time.perf_counter() - began}
