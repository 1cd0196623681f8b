"""Why an evaluation failed, and whether that is related to its architecture: only then can a search learn from it."""

import errno
import signal
from dataclasses import dataclass

from archrank.errors import UnrelatedFailure
from archrank.system.foreign import kind_of

__all__ = ["DIED", "INTERRUPTED", "TIMEOUT", "Failure", "death_is_unrelated", "failure_of"]

TIMEOUT = "timeout"
DIED = "worker died"
INTERRUPTED = "interrupted"

_ENDED_FROM_OUTSIDE = {signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM}
"""What schedulers, shells and people send. SIGKILL is not among them: Linux sends it where memory runs out."""


@dataclass(frozen=True, slots=True)
class Failure:
    """The kind of a failure.

    Attributes:
        kind: The exception's class, ``"timeout"``, ``"worker died"``, …
        unrelated: Whether it has nothing to do with the architecture: another one would have failed too.
    """

    kind: str
    unrelated: bool = False


def failure_of(error: BaseException) -> Failure:
    """What an exception means.

    Unrelated are errors of the operating system (a full disk, a missing file, the network), interrupts, and
    :class:`~archrank.errors.UnrelatedFailure`. Everything else is related, memory and time that ran out included.

    >>> failure_of(MemoryError()), failure_of(OSError(28, "No space left on device"))
    (Failure(kind='MemoryError', unrelated=False), Failure(kind='OSError', unrelated=True))
    """
    unrelated = isinstance(error, UnrelatedFailure | KeyboardInterrupt)
    if isinstance(error, OSError) and not isinstance(error, TimeoutError):
        unrelated = _number(error) != errno.ENOMEM
    return Failure(kind_of(error), unrelated)


def _number(error: OSError) -> int | None:
    try:
        return error.errno
    except Exception:
        return None  # a subclass may do anything


def death_is_unrelated(signal_number: int) -> bool:
    """Whether a process that this signal ended was ended from outside.

    >>> death_is_unrelated(signal.SIGTERM), death_is_unrelated(signal.SIGSEGV)
    (True, False)
    """
    return signal_number in _ENDED_FROM_OUTSIDE
