"""What the verbs of ``archrank compare`` share: the table, the call, its progress, and its failures."""

import dataclasses
import json
import shlex
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table as Grid
from rich.text import Text

from archrank.cli.completion import benchmark_names
from archrank.cli.console import Console
from archrank.cli.tables import TABLE_PANEL, TableOptions
from archrank.errors import TableError
from archrank.system.progress import ProgressBar
from archrank.system.text import file_name

if TYPE_CHECKING:
    from archrank.benchmarks import Table
    from archrank.experiments import Comparison
    from archrank.experiments.grid import GridProgress
    from archrank.report.tables import SummaryTable

__all__ = [
    "BenchmarkArgument",
    "JsonOption",
    "MinimizeOption",
    "SpaceOption",
    "TableOption",
    "compare",
    "named_table",
]

BenchmarkArgument = Annotated[
    str | None,
    typer.Argument(help="A benchmark's name; see `archrank benchmarks`.", autocompletion=benchmark_names),
]
TableOption = Annotated[
    Path | None,
    typer.Option(rich_help_panel=TABLE_PANEL, help="Your own table: .csv, .tsv, .parquet, .jsonl or .json."),
]
SpaceOption = Annotated[
    str | None, typer.Option(rich_help_panel=TABLE_PANEL, help="Its space: a name, or file.py:ClassName.")
]
MinimizeOption = Annotated[
    str, typer.Option(rich_help_panel=TABLE_PANEL, help="Its columns where lower is better.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print all rows as JSON and nothing else.")]


def named_table(
    benchmark: str | None,
    path: Path | None,
    space: str | None,
    minimize: str,
    metric: str | None,
    reading: TableOptions,
) -> "Table":
    """The table to compare on: a benchmark, or one of the user's own.

    Args:
        benchmark: The benchmark's name.
        path: The user's table.
        space: Its space.
        minimize: Its columns where lower is better.
        metric: The column without which a row is left out; None for the first.
        reading: How it is written.

    Raises:
        TableError: Neither or both are named, or a table without its space.
    """
    from archrank.benchmarks import read_table
    from archrank.cli import names

    if (benchmark is None) == (path is None):
        raise TableError("name what to compare on: a benchmark, or --table FILE with --space SPACE")
    if benchmark is not None:
        reading.check_unused()
        return names.table(benchmark)
    if space is None:
        raise TableError(f"--table {path} needs --space, the space that its architectures are written in")
    assert path is not None
    lower = [name for name in map(str.strip, minimize.split(",")) if name]
    table = read_table(path, names.space(space), target=metric, minimize=lower, **reading.given)
    for note in table.notes:
        warnings.warn(note, stacklevel=2)
    return table


def compare(
    call: "Callable[..., Comparison]",
    what: str,
    table: "Table",
    *,
    out: Path | None,
    as_json: bool,
    verb: str,
    runs: str,
    **options: Any,
) -> None:
    """Make a comparison in a folder, new or resumed, and show its first table.

    Args:
        call: The library's function.
        what: What is compared.
        table: What it is compared on.
        out: The folder; None for the default one.
        as_json: Whether to print the rows instead.
        verb: What the processes are doing, for the progress bar.
        runs: What they do, in the plural.
        options: The function's arguments.

    Raises:
        Exit: It was interrupted, or something failed.
    """
    folder = out or Path("runs") / file_name(f"compare-{what}-{table.name}")
    console = Console(stderr=True)
    command = shlex.join(["archrank", *sys.argv[1:]])
    try:
        with ProgressBar(verb, console) as bar:

            def on_progress(progress: "GridProgress") -> None:
                note = f"{progress.done} of {progress.total}"
                note += f", {progress.failed} failed" if progress.failed else ""
                bar.update(progress.share, 1.0, note, seconds_left=progress.seconds_left)

            found = call(
                table, folder=folder, resume=True, command=command, on_progress=on_progress, **options
            )
    except KeyboardInterrupt:
        console.print(
            f"\ninterrupted; nothing finished is lost. Continue with:\n  {command}\n"
            f"or show the results so far:\n  {shlex.join(['archrank', 'compare', 'report', str(folder)])}",
            soft_wrap=True,
        )
        raise typer.Exit(130) from None
    if as_json:
        sys.stdout.write(json.dumps(found.rows, indent=2, ensure_ascii=False) + "\n")
    elif tables := found.tables:
        title, _, sheet = tables[0]
        _show(title, sheet if what != "strategies" else _every_second(sheet), folder)
    _check_failures(runs, found.asked or 0, found.failures)


def _show(title: str, sheet: "SummaryTable", folder: Path) -> None:
    """Print a table, the best of every column in bold, and where the report is."""
    console = Console()
    grid = Grid(title, *sheet.headings, box=None, pad_edge=False)
    for name, cells in sheet.lines:
        grid.add_row(name, *(Text(c.text, style="bold" if c.best else "") for c in cells))
    console.print(grid)
    console.print(f"report  {folder / 'report.html'}", soft_wrap=True)


def _every_second(sheet: "SummaryTable") -> "SummaryTable":
    """Every second column says how many searches succeeded; a terminal has room for the others only."""
    lines = [(name, cells[::2]) for name, cells in sheet.lines]
    return dataclasses.replace(sheet, headings=sheet.headings[::2], lines=lines)


def _check_failures(what: str, total: int, failed: Sequence[str]) -> None:
    """Print the failures and exit with code 1; do nothing if nothing failed.

    Args:
        what: Their name, in the plural.
        total: How many there were.
        failed: Those that failed, and why.
    """
    if not failed:
        return
    console = Console(stderr=True)
    console.print(
        Text.assemble(
            (f"{len(failed)} of {total} {what} failed", "bold red"), "; the next run tries them again:"
        )
    )
    for words in failed:
        console.print(f"  {words}", soft_wrap=True)
    raise typer.Exit(1)
