"""Keeping Ctrl-C out of the middle of a write, and telling it from what foreign code raises."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, Self

__all__ = ["Interrupts", "interrupt_waits", "uninterrupted"]


class _Later:
    """A handler that keeps an interrupt for later."""

    def __init__(self) -> None:
        self.kept: list[tuple[int, FrameType | None]] = []

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self.kept.append((number, frame))


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Let an interrupt wait until the block has ended.

    An exception in the middle of a write to the journal would leave its lock behind. Blocks may be nested. Only the
    main thread is ever interrupted, so elsewhere this does nothing.
    """
    handler = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        yield
        return
    later = _Later()
    signal.signal(signal.SIGINT, later)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        if later.kept:
            handler(*later.kept[0])


def interrupt_waits() -> bool:
    """Whether an interrupt came that waits for the end of a block of :func:`uninterrupted`; that should end soon."""
    handler = signal.getsignal(signal.SIGINT)
    return isinstance(handler, _Later) and bool(handler.kept)


class Interrupts:
    """A context that knows whether an interrupt came while it was open.

    The handler that was there still handles it. A KeyboardInterrupt without one is the code's own. Only the main thread
    is ever interrupted, and only where the signal is neither ignored nor left to the system, so elsewhere none comes.

    Attributes:
        came: Whether one came.
    """

    def __init__(self) -> None:
        self.came = False
        self._handler: Any = None

    def __enter__(self) -> Self:
        handler = signal.getsignal(signal.SIGINT)
        if threading.current_thread() is threading.main_thread() and callable(handler):
            self._handler = handler
            signal.signal(signal.SIGINT, self._hear)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # The code may have put a handler of its own there.
        if self._handler is not None and signal.getsignal(signal.SIGINT) == self._hear:
            signal.signal(signal.SIGINT, self._handler)

    def _hear(self, number: int, frame: FrameType | None) -> None:
        self.came = True
        # An exception raised at the start of __exit__ would leave this handler there. One interrupt is all to be known.
        if signal.getsignal(signal.SIGINT) == self._hear:
            signal.signal(signal.SIGINT, self._handler)
        self._handler(number, frame)
