"""``watch``: a page of a search that is under way, which is written anew until the search ends."""

import os
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from archrank.errors import ArchrankError, RunFolderError
from archrank.report.parts import Tile
from archrank.report.render import duration, number
from archrank.report.run.live import LiveFacts, live_page
from archrank.space import SearchSpace
from archrank.study.database import Database
from archrank.study.lock import is_taken
from archrank.study.recorded import recorded_run
from archrank.system.arguments import checked_path
from archrank.system.files import is_folder, write_whole
from archrank.system.foreign import shown
from archrank.verbs.outlook import NEXT
from archrank.verbs.status import RunStatus, searched_space, status_of

__all__ = ["LIVE", "watch"]

LIVE = "live.html"
"""The page's name in the run folder."""

_REST = 9
"""What going on may gain is estimated again after this many times the processor time that it took before."""

_LOOK = 1.0
"""Seconds between two looks at whether the search goes on."""

_FAILURES = 20
"""So often in a row may a run that is searched be unreadable."""


def watch(
    folder: str | os.PathLike[str],
    space: SearchSpace | str | None = None,
    *,
    page: str | os.PathLike[str] | None = None,
    every: float = 10.0,
    database: Database | None = None,
    on_written: Callable[[RunStatus, Path], None] | None = None,
) -> Path:
    """Write a page of a search, and write it anew until the search ends or is interrupted.

    The page shows the progress, the best architecture, what going on may gain, and on which choices the predictions
    depend. A browser reloads it. It is one HTML file, which needs no server and no network. The run is only read.

    Args:
        folder: The run folder of the search.
        space: As for :func:`archrank.status`; it is needed for the drawing too.
        page: The page; ``live.html`` in the run folder if None.
        every: Seconds between two versions of the page. What going on may gain is estimated less often if that takes
            long.
        database: Where the study is, if workers elsewhere evaluate.
        on_written: Called with the state and the page whenever that was written.

    Returns:
        The path of the page.

    Raises:
        RunFolderError: The folder holds no run of a search, or one that cannot be read.
        FileError: The page cannot be written.
    """
    path = checked_path("folder", folder)
    if not (isinstance(every, int | float) and not isinstance(every, bool) and 0 < every < float("inf")):
        raise ArchrankError(f"every is {shown(every)}, expected a number of seconds above 0")
    if not is_folder(path):
        raise RunFolderError(f"{path} is no folder: give the folder that a search writes")
    written = path / LIVE if page is None else checked_path("page", page)
    failures, due = 0, 0.0
    before: RunStatus | None = None
    while True:
        searched = is_taken(path)
        try:
            run = recorded_run(path, database)
        except RunFolderError:
            # It is about to begin, or was read in the middle of a change.
            failures += 1
            if not searched or failures > _FAILURES:
                raise
        else:
            failures, known, began = 0, searched_space(run, space), time.process_time()
            again = not searched or time.monotonic() >= due
            before = status_of(run, known, None if again else before)
            if again:
                due = time.monotonic() + _REST * (time.process_time() - began)
            goes_on = before.state == "running"
            facts = _facts(before, max(round(every), 1) if goes_on else None)
            write_whole(written, live_page(run, known, facts))
            if on_written is not None:
                on_written(before, written)
            if not goes_on:
                return written
        _pause(path, every)


def _pause(folder: Path, seconds: float) -> None:
    """Wait, but not longer than the search lasts."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(left, _LOOK))
        if not is_taken(folder):
            return


def _facts(found: RunStatus, refresh: int | None) -> LiveFacts:
    return LiveFacts(
        state=found.state,
        headline=_headline(found),
        share=_share(found),
        tiles=_tiles(found),
        best=found.best if len(found.objectives.directions) == 1 else None,
        architecture=found.best_architecture,
        effects={} if found.outlook is None else found.outlook.choices,
        note=found.note,
        written=f"Written {datetime.now().astimezone():%Y-%m-%d %H:%M:%S %Z}",
        refresh=refresh,
    )


def _headline(found: RunStatus) -> str:
    if found.epochs is not None:
        done = f"{found.epochs[0]:,} of {found.epochs[1]:,} epochs are trained, in {found.done:,} trainings."
    else:
        of = "" if found.budget is None else f" of {found.budget:,}"
        done = f"{found.done:,}{of} evaluations are finished."
    state = {"running": "The search is running", "ended": "The search has ended"}.get(found.state)
    return f"{state or 'The search was interrupted, and can be resumed'}: {done}"


def _share(found: RunStatus) -> float | None:
    if found.epochs is not None:
        return min(found.epochs[0] / max(found.epochs[1], 1), 1.0)
    return None if found.budget is None else min(found.done / max(found.budget, 1), 1.0)


def _tiles(found: RunStatus) -> list[Tile]:
    tiles = []
    if found.best is not None and len(found.objectives.directions) == 1:
        direction = "higher is better" if found.objectives.maximize else "lower is better"
        tiles.append(Tile("Best value", number(found.best, 5), f"evaluation {found.best_at:,}, {direction}"))
    remark = f"{found.failed:,} failed" if found.failed else "none failed"
    if found.running and found.searching:
        remark += f", {found.running:,} under way"
    tiles.append(Tile("Evaluations", f"{found.done:,}", remark))
    if (left := found.seconds_left) is not None:
        each = f"at {duration(found.seconds)} an evaluation"
        tiles.append(Tile("Time left", duration(left), f"{each}, {max(found.running, 1)} at a time"))
    if (ahead := found.outlook) is not None:
        small = "less than 5% of the standard deviation: stopping is suggested"
        gain = f"{number(ahead.gains[NEXT], 2)} better"
        tiles.append(Tile(f"Expected of {NEXT} more", gain, small if ahead.stop else "going on may pay"))
        tau = "Kendall's tau with what was held out"
        tiles.append(Tile("Predictor", number(ahead.quality.tau, 2), tau))
    return tiles
