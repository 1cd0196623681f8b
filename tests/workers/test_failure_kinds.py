import errno
import signal

import pytest

from archrank import Architecture
from archrank.errors import EvaluationError, UnrelatedFailure
from archrank.workers.failures import DIED, TIMEOUT, Failure, death_is_unrelated, failure_of
from archrank.workers.outcome import measure

HERE = Architecture("s", (0,))


@pytest.mark.parametrize(
    ("error", "unrelated"),
    [
        (RuntimeError("CUDA out of memory"), False),
        (MemoryError(), False),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), False),
        (TimeoutError("too slow"), False),
        (ZeroDivisionError(), False),
        (SystemExit(1), False),
        (EvaluationError("no row"), False),
        (OSError(errno.ENOSPC, "No space left on device"), True),
        (FileNotFoundError(errno.ENOENT, "no such file"), True),
        (ConnectionResetError(), True),
        (KeyboardInterrupt(), True),
        (UnrelatedFailure("preempted"), True),
    ],
)
def test_what_says_something_of_the_architecture(error, unrelated):
    def evaluate(architecture):
        raise error

    assert failure_of(error) == Failure(type(error).__name__, unrelated)
    assert measure(evaluate, HERE, "value").failure == Failure(type(error).__name__, unrelated)


def test_a_value_that_is_no_number_counts_and_a_missing_one_does_not():
    assert measure(lambda a: float("nan"), HERE, "accuracy").failure == Failure("EvaluationError")
    assert measure(lambda a: {"x": 1.0, "y": 2.0}, HERE, "accuracy").failure.unrelated
    assert measure(lambda a: 1.0, HERE, "accuracy").failure is None


@pytest.mark.parametrize(
    ("ended_by", "unrelated"),
    [(signal.SIGTERM, True), (signal.SIGHUP, True), (signal.SIGKILL, False), (signal.SIGSEGV, False)],
)
def test_which_signals_come_from_outside(ended_by, unrelated):
    assert death_is_unrelated(ended_by) == unrelated


def test_an_error_that_lies_about_its_number_is_no_trouble():
    class Lying(OSError):
        @property
        def errno(self):
            raise RuntimeError

    assert failure_of(Lying("x")) == Failure("Lying", True)


def test_kinds_that_no_exception_has():
    assert (DIED, TIMEOUT) == ("worker died", "timeout")
