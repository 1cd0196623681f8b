"""How far long work is: a bar in a terminal, a plain line now and then in a log file."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from archrank.system.on_progress import OnProgress

_random_state = random.getstate()  # the first import of rich draws random numbers

from rich.console import Console  # noqa: E402
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeElapsedColumn  # noqa: E402
from rich.text import Text  # noqa: E402

random.setstate(_random_state)

__all__ = ["ProgressBar", "is_watched", "progress_of"]

_EVERY = 30.0
"""Seconds between the lines in a log file."""


def is_watched() -> bool:
    """Whether somebody sees what is printed now: in a terminal or a notebook."""
    console = Console(stderr=True)
    return console.is_terminal or console.is_jupyter


class ProgressBar:
    """Shows how far a piece of work is, between entering and leaving its context.

    In a terminal it is a bar that vanishes at the end. Anywhere else it is a line every 30 seconds, so that a log file
    stays short and nothing is printed for quick work.

    Args:
        words: What is being done, such as ``"searching"``.
        console: Where it is shown; standard error for None.
        quiet: Whether to show nothing.
        clock: Gives the time in seconds.

    >>> with ProgressBar("searching", quiet=True) as bar:
    ...     bar.update(3, 10, "best 0.7")
    """

    def __init__(
        self,
        words: str,
        console: Console | None = None,
        *,
        quiet: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._words = words
        self._console = console or Console(stderr=True)
        self._quiet = quiet
        self._clock = clock
        self._bar: Progress | None = None
        self._began: tuple[float, float] | None = None
        self._last: tuple[float, float | None] = 0.0, None
        self._opened = clock()
        self._line_at = self._opened + _EVERY

    def update(
        self, done: float, total: float | None, note: str = "", *, seconds_left: float | None = None
    ) -> None:
        """Show the state of the work.

        Args:
            done: How much is done, in any unit.
            total: How much there is; None where that is not known.
            note: What to add, such as the best value so far.
            seconds_left: How long it will take; estimated from the pace so far for None.
        """
        if self._quiet:
            return
        now = self._clock()
        if self._began is None or done < self._last[0] or total != self._last[1]:  # another part of the work
            self._began = now, done
        self._last = done, total
        if seconds_left is None and total is not None:
            seconds_left = self._estimate(done, total, now)
        if self._console.is_terminal or self._console.is_jupyter:
            self._draw(done, total, note, None if seconds_left is None else now + seconds_left)
        elif now >= self._line_at:
            self._line_at = now + _EVERY
            self._write(done, total, note, now - self._opened, seconds_left)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def _estimate(self, done: float, total: float, now: float) -> float | None:
        """The time left at the pace so far, which excludes what an earlier run had done."""
        assert self._began is not None
        began, before = self._began
        return (now - began) * (total - done) / (done - before) if done > before else None

    def _draw(self, done: float, total: float | None, note: str, until: float | None) -> None:
        if self._bar is None:
            columns = (
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                TextColumn("{task.fields[note]}", markup=False),
                TimeElapsedColumn(),
                _TimeLeft(self._clock),
            )
            self._bar = Progress(*columns, console=self._console, transient=True)
            self._bar.add_task(self._words, completed=done, total=total, note=note, until=until)  # type: ignore[arg-type]
            self._bar.start()
        (shown,) = self._bar.task_ids
        self._bar.update(shown, completed=done, total=total, note=note, until=until)

    def _write(
        self, done: float, total: float | None, note: str, seconds: float, seconds_left: float | None
    ) -> None:
        share = f"{done / total:.0%}" if total else ""
        left = "" if seconds_left is None else f"{_duration(seconds_left)} left"
        parts = ", ".join(part for part in (share, note, f"{_duration(seconds)} so far", left) if part)
        self._console.print(f"{self._words}: {parts}", markup=False, highlight=False, soft_wrap=True)


class _TimeLeft(ProgressColumn):
    """Counts down to when all should be finished."""

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__()
        self._now = clock

    def render(self, task: Task) -> Text:
        until = task.fields["until"]
        text = "" if until is None else f"{_duration(until - self._now())} left"
        return Text(text, style="progress.remaining")


def _duration(seconds: float) -> str:
    """Hours, minutes and seconds.

    >>> _duration(3725.2)
    '1:02:05'
    """
    minutes, whole = divmod(max(0, round(seconds)), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{whole:02}"


@contextmanager
def progress_of(words: str, on_progress: OnProgress | None) -> Iterator[OnProgress]:
    """What to tell how far a piece of work is: the caller's function, or a bar where somebody sees it.

    Args:
        words: What is being done.
        on_progress: The caller's function; None where there is none.
    """
    if on_progress is not None:
        yield on_progress
        return
    with ProgressBar(words, quiet=not is_watched()) as bar:
        yield lambda done, total: bar.update(done, total, f"{done} of {total}")
