"""What runs inside a worker process."""

import os
import signal
import threading
import time
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import Any

from archrank.errors import EvaluationError
from archrank.system.foreign import in_one_line
from archrank.workers.job import SentJob
from archrank.workers.outcome import Outcome

__all__ = ["do_what_comes"]

_THREADS_END = 5.0
"""Seconds that threads which the job left have to end, when nothing is to be done any more."""


def do_what_comes(line: Connection, job: SentJob[Any]) -> None:
    """Load the job, once in a worker's life, and do tasks until told to stop.

    Args:
        line: To the process that started this one: tasks come, outcomes go. None says stop; where the other
            end closes without a word, this process and all that it started end at once.
        job: What is done with every task.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the driver's to handle
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})  # it was blocked until here
    os.setpgid(0, 0)  # the programs that the job starts end with it
    coming: SimpleQueue[Any] = SimpleQueue()
    threading.Thread(target=_receive, args=(line, coming), daemon=True).start()
    try:
        do = job.load()
    except EvaluationError as error:
        line.send(Outcome(error=str(error)))
        return
    line.send(Outcome())
    while (task := coming.get()) is not None:
        outcome = do(task)
        try:
            line.send(outcome)
        except OSError:
            raise
        except Exception as error:  # nothing was sent
            line.send(Outcome(error=f"its result cannot be sent ({in_one_line(error)})"))
    threading.Thread(target=_leave_threads, daemon=True).start()


def _receive(line: Connection, coming: "SimpleQueue[Any]") -> None:
    try:
        while (task := line.recv()) is not None:
            coming.put(task)
        coming.put(None)
    except (EOFError, OSError):
        os.killpg(0, signal.SIGKILL)


def _leave_threads() -> None:
    """End this process if threads that the job left keep it from ending.

    Exit handlers, which run after the threads have ended, have as long as the driver waits.
    """
    until = time.monotonic() + _THREADS_END
    main = threading.main_thread()
    left = [thread for thread in threading.enumerate() if not thread.daemon and thread is not main]
    for thread in left:
        thread.join(max(0.0, until - time.monotonic()))
    if any(thread.is_alive() for thread in left):
        os.killpg(0, signal.SIGKILL)
