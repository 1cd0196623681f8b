"""How long the parts of a search take."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["Timer"]


class Timer:
    """Adds up seconds by name.

    Attributes:
        seconds: Seconds so far; the driver fills ``propose`` and ``evaluate``, a predictor's wrapper ``fit``.

    >>> clock = Timer()
    >>> with clock.time("fit"):
    ...     pass
    >>> clock.seconds["fit"] > 0
    True
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {"fit": 0.0, "propose": 0.0, "evaluate": 0.0}

    @contextmanager
    def time(self, name: str) -> Iterator[None]:
        """Add the time that the block takes to ``seconds[name]``."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - began
