"""What runs inside a worker process."""

import errno
import os
import signal
import sys
import threading
from contextlib import suppress
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import Any

from archrank.errors import EvaluationError
from archrank.system.foreign import in_one_line
from archrank.system.left_threads import end_despite_threads
from archrank.workers.job import SentJob
from archrank.workers.outcome import Outcome

__all__ = ["do_what_comes"]


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
        except OSError as error:
            if error.errno == errno.EBADF:
                _end_quietly()
            os.killpg(0, signal.SIGKILL)  # the other end is gone
        except Exception as error:  # nothing was sent
            line.send(Outcome(error=f"its result cannot be sent ({in_one_line(error)})"))
    end_despite_threads(lambda: os.killpg(0, signal.SIGKILL))


def _end_quietly() -> None:
    """End this process, whose line the task closed. The other end reports that; a traceback would add nothing."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()
    os._exit(1)


def _receive(line: Connection, coming: "SimpleQueue[Any]") -> None:
    try:
        while (task := line.recv()) is not None:
            coming.put(task)
        coming.put(None)
    except (EOFError, OSError):
        os.killpg(0, signal.SIGKILL)
