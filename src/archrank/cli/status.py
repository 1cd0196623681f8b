"""``archrank status``: how far a search is, and what going on may gain."""

import json
import os
import sys
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table as Grid
from rich.text import Text

from archrank.cli.console import Console
from archrank.cli.executors import StorageOption, StudyOption
from archrank.errors import ArchrankError

if TYPE_CHECKING:
    from archrank.space import SearchSpace
    from archrank.study.database import Database

__all__ = ["command"]


def command(
    folder: Annotated[Path, typer.Argument(help="The run folder.", show_default=False, metavar="RUN")],
    space: Annotated[
        str | None,
        typer.Option(help="The space that is searched, where it is your own: path/to/file.py:Class."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
    live: Annotated[
        bool,
        typer.Option("--live", help="Write a page that shows this, again and again until the search ends."),
    ] = False,
    page: Annotated[
        Path | None, typer.Option(help="The page of --live.", show_default="live.html in the run folder")
    ] = None,
    every: Annotated[
        float | None, typer.Option(help="Seconds between two versions of the page.", show_default="10")
    ] = None,
    storage: StorageOption = None,
    study: StudyOption = None,
) -> None:
    """Show how far a search is, its best architecture, and what going on may gain. The search may be running.

    Example: archrank status runs/nas-bench-201-cifar10-guided-0 --live
    """
    from archrank.cli import names
    from archrank.study import Database
    from archrank.verbs.status import status

    if live and as_json:
        raise ArchrankError("--live writes a page and --json prints the state once: give one of them")
    if not live and (page is not None or every is not None):
        raise ArchrankError("--page and --every are options of the page: add --live")
    searched = None if space is None else names.space(space)
    with ExitStack() as stack:
        database = None
        if storage is not None and not (folder / "journal.log").exists():
            database = stack.enter_context(Database(storage, study or folder.absolute().name))
        if live:
            _watch(folder, searched, page, 10.0 if every is None else every, database)
            return
        found = status(folder, searched, database=database)
    if as_json:
        ahead = found.outlook
        record = {
            "state": found.state,
            "done": found.done,
            "budget": found.budget,
            "failed": found.failed,
            "running": found.running,
            "seconds": found.seconds,
            "metric": found.objectives.metric,
            "best": found.best,
            "best_architecture": found.best_architecture,
            "best_at": found.best_at,
            "gains": None if ahead is None else {str(n): gain for n, gain in ahead.gains.items()},
            "stop": None if ahead is None else ahead.stop,
            "choices": None if ahead is None else ahead.choices,
            "note": found.note,
        }
        sys.stdout.write(json.dumps(record, indent=2, ensure_ascii=False) + "\n")
        return
    grid = Grid.grid(padding=(0, 2))
    for name, value in found.lines:
        grid.add_row(Text(name), Text(value, overflow="fold"))
    Console().print(grid)


def _watch(
    folder: Path,
    space: "SearchSpace | None",
    page: Path | None,
    every: float,
    database: "Database | None",
) -> None:
    """Write the page of a search until that ends."""
    from archrank.verbs.status import RunStatus
    from archrank.verbs.watch import watch

    with suppress(OSError):
        os.nice(10)  # the search and what it trains come first
    console, begun = Console(stderr=True), False

    def show(found: RunStatus, written: Path) -> None:
        nonlocal begun
        if not begun:
            console.print(Text(f"{written.absolute().as_uri()}", overflow="fold"))
            begun = True
        if found.state != "running":
            words = "has ended" if found.state == "ended" else "was interrupted"
            console.print(f"the search {words}, and the page shows its last state")

    try:
        watch(folder, space, page=page, every=every, database=database, on_written=show)
    except KeyboardInterrupt:
        console.print("\nthe page is written no more; the search is not affected")
        raise typer.Exit(130) from None
