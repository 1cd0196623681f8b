"""What runs inside a worker process."""

import os
import pickle
import signal
import threading
import time
from multiprocessing.connection import Connection
from queue import SimpleQueue

from archrank.architecture import Architecture
from archrank.system.foreign import in_one_line
from archrank.workers.outcome import Outcome, measure

__all__ = ["evaluate_what_comes"]

_THREADS_END = 5.0
"""Seconds that threads which an evaluator left have to end, when nothing is to be evaluated any more."""


def evaluate_what_comes(line: Connection, payload: bytes) -> None:
    """Load the evaluator, once in a worker's life, and evaluate until told to stop.

    Args:
        line: To the process that started this one: architectures come, outcomes go. None says stop; where the other
            end closes without a word, this process and all that it started end at once.
        payload: The pickled evaluator and the metric's name, from that process.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the driver's to handle
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})  # it was blocked until here
    os.setpgid(0, 0)  # the programs that an evaluator starts end with it
    coming: SimpleQueue[Architecture | None] = SimpleQueue()
    threading.Thread(target=_receive, args=(line, coming), daemon=True).start()
    try:
        evaluate, metric = pickle.loads(payload)  # noqa: S301, sent by our own parent process
    except BaseException as error:  # its module may raise anything
        line.send(Outcome(error=f"the evaluator cannot be loaded there ({in_one_line(error)})"))
        return
    line.send(Outcome())
    while (architecture := coming.get()) is not None:
        line.send(measure(evaluate, architecture, metric))
    threading.Thread(target=_leave_threads, daemon=True).start()


def _receive(line: Connection, coming: "SimpleQueue[Architecture | None]") -> None:
    try:
        while (architecture := line.recv()) is not None:
            coming.put(architecture)
        coming.put(None)
    except (EOFError, OSError):
        os.killpg(0, signal.SIGKILL)


def _leave_threads() -> None:
    """End this process if threads that the evaluator left keep it from ending.

    Exit handlers, which run after the threads have ended, have as long as the driver waits.
    """
    until = time.monotonic() + _THREADS_END
    main = threading.main_thread()
    left = [thread for thread in threading.enumerate() if not thread.daemon and thread is not main]
    for thread in left:
        thread.join(max(0.0, until - time.monotonic()))
    if any(thread.is_alive() for thread in left):
        os.killpg(0, signal.SIGKILL)
