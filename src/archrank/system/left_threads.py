"""A process ends although code that is not ours has left threads that do not."""

import threading
import time
from collections.abc import Callable

__all__ = ["end_despite_threads"]

_PATIENCE = 5.0
"""Seconds that the threads have to end, when nothing is to be done any more."""


def end_despite_threads(end: Callable[[], object]) -> None:
    """Let this process end now, and end it where threads that are not daemons keep it from that.

    Exit handlers run after the threads have ended, and are not hurried.

    Args:
        end: Ends the process at once.
    """

    def watch() -> None:
        until = time.monotonic() + _PATIENCE
        main = threading.main_thread()
        left = [thread for thread in threading.enumerate() if not thread.daemon and thread is not main]
        for thread in left:
            thread.join(max(0.0, until - time.monotonic()))
        if any(thread.is_alive() for thread in left):
            end()

    threading.Thread(target=watch, daemon=True).start()
