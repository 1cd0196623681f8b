"""What the verbs of ``archrank compare`` share: the table, the run in a folder, its progress, and its failures."""

import json
import shlex
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, ProgressColumn, TextColumn
from rich.progress import Task as Shown
from rich.table import Table as Grid
from rich.text import Text

from archrank.errors import RunFolderError, TableError
from archrank.versions import versions

if TYPE_CHECKING:
    from archrank.benchmarks import Table
    from archrank.experiments.grid import GridProgress, Row, Task
    from archrank.report.sheets import Sheet

__all__ = [
    "BenchmarkArgument",
    "JsonOption",
    "MinimizeOption",
    "SpaceOption",
    "TableOption",
    "Work",
    "check_failures",
    "named_table",
    "names_in",
    "parts_of",
    "recorded",
    "run",
    "show",
]

BenchmarkArgument = Annotated[
    str | None, typer.Argument(help="A benchmark's name; see `archrank benchmarks`.")
]
TableOption = Annotated[Path | None, typer.Option(help="A table of your own: .csv, .parquet or .jsonl.")]
SpaceOption = Annotated[str | None, typer.Option(help="Its space: a name, or file.py:ClassName.")]
MinimizeOption = Annotated[str, typer.Option(help="Its columns where lower is better.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print all rows as JSON and nothing else.")]


class Work(Protocol):
    """What does the tasks of a grid."""

    @property
    def digest(self) -> str:
        """A digest of the data that the tasks are done on."""

    def __call__(self, task: "Task") -> dict[str, Any]:
        """Do a task: what was found, by name."""

    def cost(self, task: "Task") -> float:
        """About how long a task takes, in any unit."""


_Report = Callable[[Path, "Sequence[Row]", Mapping[str, Any], Mapping[str, Any]], Path]


def names_in(text: str) -> list[str]:
    """The names in a list that is separated by commas, each once."""
    return list(dict.fromkeys(parts_of(text)))


def parts_of(text: str) -> list[str]:
    """What commas separate, as often as it is there."""
    return list(filter(None, map(str.strip, text.split(","))))


def named_table(benchmark: str | None, path: Path | None, space: str | None, minimize: str) -> "Table":
    """The table to compare on: a benchmark, or one of the user's own.

    Raises:
        TableError: Neither or both are named, or a table without its space.
    """
    from archrank.benchmarks import read_table
    from archrank.cli import names

    if (benchmark is None) == (path is None):
        raise TableError("say what to compare on: a benchmark's name, or --table FILE with --space SPACE")
    if benchmark is not None:
        return names.table(benchmark)
    if space is None:
        raise TableError(f"--table {path} needs --space, the space that its architectures are written in")
    assert path is not None
    return read_table(path, names.space(space), minimize=names_in(minimize))


_SAID = {"ranking": {"rows", "tau"}, "strategies": {"size", "metrics"}}
"""What a comparison of each kind says of itself beside its configuration."""


def recorded(folder: Path) -> dict[str, Any] | None:
    """What ``config.json`` holds; None where there is none of a comparison that can be read."""
    try:
        record = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        return record if _SAID[record["config"]["compare"]] <= record["environment"].keys() else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def run(
    folder: Path,
    config: Mapping[str, Any],
    about: Mapping[str, Any],
    tasks: "Sequence[Task]",
    work: Work,
    *,
    workers: int,
    verb: str,
    alike: Sequence[str],
    report: _Report,
    before: Callable[[Path], None] = lambda folder: None,
) -> "list[Row]":
    """Do the tasks in a folder, or what is left of them, and write the report.

    Args:
        folder: New, or to go on with.
        config: What must be the same in all runs of the folder.
        about: What the report needs to know beside that.
        tasks: What is wanted.
        work: Does a task.
        workers: How many processes.
        verb: What the processes are doing, for the progress bar.
        alike: Names of a task's fields: tasks that agree in them take equal times, or in proportion to their costs.
        report: Writes the report.
        before: Called with the folder before the work begins, while no other process has it.

    Returns:
        The rows: those of the tasks, then those of earlier runs.

    Raises:
        RunFolderError: The folder holds something else, or another process has it.
        Exit: It was interrupted.
    """
    from archrank.experiments.grid import RESULTS, run_grid
    from archrank.study.folder import RunFolder

    if (folder / RESULTS).exists() and not (folder / "config.json").exists():
        raise RunFolderError(
            f"{folder} holds results, but no config.json that says of what: choose another folder with --out"
        )
    console = Console(stderr=True)
    command = shlex.join(["archrank", *sys.argv[1:]])
    earlier = (recorded(folder) or {"environment": {}})["environment"].get("commands", [])
    commands = [*(each for each in earlier if each != command), command]
    environment = {
        **about,
        "versions": versions(),
        "workers": workers,
        "commands": commands,
        "date": date.today().isoformat(),
    }
    with RunFolder.open(folder, config, environment, resume=True) as opened:
        before(opened.path)
        try:
            with _bar(console, verb) as on_progress:
                rows = run_grid(
                    opened.path,
                    tasks,
                    work,
                    workers=workers,
                    cost=work.cost,
                    alike=lambda task: tuple(task[name] for name in alike),
                    on_progress=on_progress,
                )
        except KeyboardInterrupt:
            console.print(
                f"\ninterrupted; nothing finished is lost. Go on with:\n  {command}\n"
                f"or see what there is:\n  {shlex.join(['archrank', 'compare', 'report', str(folder)])}",
                highlight=False,
                markup=False,
                soft_wrap=True,
            )
            raise typer.Exit(130) from None
        report(opened.path, rows, config, environment)
    return rows


@contextmanager
def _bar(console: Console, verb: str) -> "Iterator[Callable[[GridProgress], None]]":
    columns = (TextColumn(verb), BarColumn(), TextColumn("{task.fields[counted]}"), _TimeLeft())
    with Progress(*columns, console=console, transient=True) as bar:
        shown = bar.add_task(verb, total=1.0, counted="", until=None)

        def on_progress(progress: "GridProgress") -> None:
            counted = f"{progress.done} of {progress.total}"
            if progress.failed:
                counted += f", {progress.failed} failed"
            left = progress.seconds_left
            until = None if left is None else time.monotonic() + left
            bar.update(shown, completed=progress.share, counted=counted, until=until)

        yield on_progress


class _TimeLeft(ProgressColumn):
    """Counts down to when all should have finished."""

    def render(self, task: Shown) -> Text:
        until = task.fields["until"]
        if until is None:
            return Text("")
        minutes, seconds = divmod(max(0, round(until - time.monotonic())), 60)
        return Text(f"{minutes // 60}:{minutes % 60:02}:{seconds:02} left", style="progress.remaining")


def show(title: str, sheet: "Sheet", folder: Path) -> None:
    """Print a table, the best of every column in bold, and where the report is."""
    console = Console(highlight=False)
    grid = Grid(title, *sheet.headings, box=None, pad_edge=False)
    for name, cells in sheet.lines:
        grid.add_row(escape(name), *(f"[bold]{c.text}[/bold]" if c.best else escape(c.text) for c in cells))
    console.print(grid)
    console.print(f"report  {escape(str(folder / 'report.html'))}", soft_wrap=True)


def check_failures(what: str, total: int, failed: Sequence[str]) -> None:
    """Tell what failed, and leave with exit code 1; nothing where nothing did.

    Args:
        what: What they are called, in the plural.
        total: How many there were.
        failed: Those that failed, and why.
    """
    if not failed:
        return
    console = Console(stderr=True, highlight=False)
    console.print(
        f"[bold red]{len(failed)} of {total} {what} failed[/bold red]; the next run tries them again:"
    )
    for words in failed:
        console.print(f"  {words}", markup=False, soft_wrap=True)
    raise typer.Exit(1)
