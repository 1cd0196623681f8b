"""Workers that are processes of this machine."""

import multiprocessing
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnContext

from archrank.workers.failures import death_is_unrelated
from archrank.workers.job import Job, SentJob, T
from archrank.workers.outcome import Outcome
from archrank.workers.pool import Crew, Worker, WorkerDied
from archrank.workers.process_main import do_what_comes

__all__ = ["Processes", "end_if_script_runs_again"]

_TIDYING = 60.0
"""Seconds that a worker has to tidy up when nothing is to be done any more."""


def end_if_script_runs_again() -> None:
    """End a worker that would start workers because it imports a script without a main guard.

    The process that started the worker raises the one error that says what to do; without this every worker would
    print a traceback of its own before.

    Raises:
        SystemExit: This process is such a worker.
    """
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise SystemExit(1)


class Processes(Crew[T]):
    """Starts worker processes.

    Args:
        job: What is done with every task; it is sent to every worker once.

    Raises:
        EvaluationError: The job cannot be sent to another process.
    """

    def __init__(self, job: Job[T]) -> None:
        end_if_script_runs_again()
        self._job = job.sent()
        self._call = job.call
        # Threads of this process, PyTorch's for example, do not survive a fork.
        self._context = multiprocessing.get_context("spawn")

    def start(self) -> Worker[T]:
        """Start a process."""
        return _Process(self._context, self._job, self._call)

    def listen(self, workers: Sequence[Worker[T]], seconds: float | None) -> Sequence[Worker[T]]:
        """Those that sent something, or have ended."""
        processes = [worker for worker in workers if isinstance(worker, _Process)]
        heard = wait([source for process in processes for source in process.sources], seconds)
        return [process for process in processes if any(source in heard for source in process.sources)]


class _Process(Worker[T]):
    def __init__(self, context: SpawnContext, job: SentJob[T], call: str) -> None:
        self._call = call
        self._line, theirs = context.Pipe()
        self._process = context.Process(target=do_what_comes, args=(theirs, job))
        # It would let interrupts through again when it is started between.
        resource_tracker.ensure_running()
        with _interrupts_blocked():
            self._process.start()
            # Not its sentinel, which stays silent as long as a copy that the job forked lives.
            assert self._process.pid is not None
            self._end = os.pidfd_open(self._process.pid) if hasattr(os, "pidfd_open") else None
        theirs.close()
        self._loaded = False

    @property
    def sources(self) -> tuple[Connection, int]:
        """What to wait for. The line's end alone is not enough: a program that the worker started may hold it open."""
        return self._line, self._process.sentinel if self._end is None else self._end

    def give(self, task: T) -> None:
        """Send a task; if the process is gone, the next answer reports it."""
        with suppress(OSError):
            self._line.send(task)

    def answer(self) -> Outcome:
        """Receive an outcome.

        Raises:
            WorkerDied: The process has ended.
        """
        try:
            if self._line.poll():
                outcome: Outcome = self._line.recv()
                self._loaded = True
                return outcome
        except (EOFError, OSError):
            pass
        self._wait(10.0)  # to see how it ends without help
        self.end(at_once=True)
        code = self._process.exitcode or 0
        if code < 0:
            raise WorkerDied(f"by {signal.Signals(-code).name}", unrelated=death_is_unrelated(-code))
        if self._loaded:
            raise WorkerDied(f"by itself with exit code {code}")
        raise WorkerDied(
            f"one ended with exit code {code}. Workers import the script that starts them, so a script needs its "
            f"{self._call} under if __name__ == '__main__':",
            hopeless=True,
        )

    def leave(self) -> None:
        """It ends when it has tidied up."""
        if not self._line.closed:
            with suppress(OSError):
                self._line.send(None)

    def end(self, at_once: bool) -> None:
        """Kill it with all that it started; unless ``at_once`` after it had time to tidy up."""
        if self._line.closed:
            return
        if not at_once:
            self.leave()
            self._wait(_TIDYING)
        # Also where it has ended: what it started may live. Its number is its own until it is joined.
        with suppress(OSError):
            self._kill()
        self._process.join()
        self._line.close()
        if self._end is not None:
            os.close(self._end)

    def _wait(self, seconds: float) -> None:
        wait([self.sources[1]], seconds)

    def _kill(self) -> None:
        self._process.kill()
        if self._process.pid is not None:
            # It leads a group of its own, unless it died before it could found one.
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """A process that starts here is deaf to Ctrl-C, which a terminal sends to it too; one that came is heard after."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
