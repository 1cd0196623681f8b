"""What runs inside a worker process."""

import os
import pickle
import signal
import threading
from multiprocessing.connection import Connection
from queue import SimpleQueue

from archrank.architecture import Architecture
from archrank.study.outcome import Outcome, measure

__all__ = ["evaluate_what_comes"]


def evaluate_what_comes(line: Connection, payload: bytes) -> None:
    """Load the evaluator, once in a worker's life, and evaluate until told to stop.

    Args:
        line: To the process that started this one: architectures come, outcomes go. None says stop; where the other
            end closes without a word, this process and all that it started end at once.
        payload: The pickled evaluator and the metric's name, from that process.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the driver's to handle
    os.setpgid(0, 0)  # the programs that an evaluator starts end with it
    coming: SimpleQueue[Architecture | None] = SimpleQueue()
    threading.Thread(target=_receive, args=(line, coming), daemon=True).start()
    try:
        evaluate, metric = pickle.loads(payload)  # noqa: S301, sent by our own parent process
    except Exception as error:
        reason = f"the evaluator cannot be loaded there ({type(error).__name__}: {error})"
        line.send(Outcome(error=reason))
        return
    line.send(Outcome())
    while (architecture := coming.get()) is not None:
        line.send(measure(evaluate, architecture, metric))


def _receive(line: Connection, coming: "SimpleQueue[Architecture | None]") -> None:
    try:
        while (architecture := line.recv()) is not None:
            coming.put(architecture)
        coming.put(None)
    except (EOFError, OSError):
        os.killpg(0, signal.SIGKILL)
