"""``archrank status``: how far a search is, and what going on may gain."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table as Grid
from rich.text import Text

from archrank.cli.console import Console

__all__ = ["command"]


def command(
    folder: Annotated[Path, typer.Argument(help="The run folder.", show_default=False, metavar="RUN")],
    space: Annotated[
        str | None,
        typer.Option(help="The space that is searched, where it is your own: path/to/file.py:Class."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Show how far a search is, its best architecture, and what going on may gain. The search may be running.

    Example: archrank status runs/nas-bench-201-cifar10-guided-0
    """
    from archrank.cli import names
    from archrank.verbs.status import status

    found = status(folder, None if space is None else names.space(space))
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
