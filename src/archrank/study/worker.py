"""What runs inside a worker process."""

import os
import pickle
import signal
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection, wait

from archrank.architecture import Architecture
from archrank.study.outcome import Outcome, measure

__all__ = ["evaluate_in_worker", "ready", "start_worker"]


class _Worker:
    """The one thing that a worker process keeps: how it evaluates, or why it cannot."""

    evaluate: Callable[[Architecture], Outcome] | None = None
    problem: str | None = "the worker was not started"


def start_worker(lifeline: Connection, payload: bytes) -> None:
    """Load the evaluator, once in a worker's life.

    Args:
        lifeline: The reading end of a pipe; when its other end closes, the worker ends.
        payload: The pickled evaluator and the metric's name, from the process that started this one.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the driver's to handle
    threading.Thread(target=_end_with, args=(lifeline,), daemon=True).start()
    try:
        evaluate, metric = pickle.loads(payload)  # noqa: S301, sent by our own parent process
    except Exception as error:
        _Worker.problem = f"the evaluator cannot be loaded there ({type(error).__name__}: {error})"
        return
    _Worker.evaluate = lambda architecture: measure(evaluate, architecture, metric)
    _Worker.problem = None


def ready() -> str | None:
    """Why the worker cannot evaluate; None where it can."""
    return _Worker.problem


def evaluate_in_worker(architecture: Architecture) -> Outcome:
    """Evaluate with the worker's evaluator."""
    if _Worker.evaluate is None:
        return Outcome(error=_Worker.problem)
    return _Worker.evaluate(architecture)


def _end_with(lifeline: Connection) -> None:
    wait([lifeline])
    os._exit(1)
