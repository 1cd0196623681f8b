"""What a comparison found: its rows, a summary, plots and a report, and the run that makes it."""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from archrank.benchmarks.files import kept_table
from archrank.errors import ArchrankError, RunFolderError
from archrank.experiments.grid import (
    RESULTS,
    GridProgress,
    GridTask,
    Row,
    read_rows,
    run_grid,
    write_rows,
)
from archrank.study.folder import RunFolder
from archrank.system.arguments import checked_path
from archrank.system.files import read_text
from archrank.system.frames import data_frame
from archrank.system.on_progress import silent
from archrank.system.versions import versions
from archrank.workers.runners import check_workers

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from pandas import DataFrame

    from archrank.report.tables import SummaryTable

__all__ = ["Comparison", "Plan", "Work", "recorded"]


class Work(Protocol):
    """What does the tasks of a comparison."""

    @property
    def digest(self) -> str:
        """A digest of the data that the tasks are done on."""

    def __call__(self, task: GridTask) -> dict[str, Any]:
        """Do a task.

        Returns:
            The results by name.
        """

    def cost(self, task: GridTask) -> float:
        """About how long a task takes, in any unit."""


@dataclass(repr=False)
class Comparison(ABC):
    """The results of a comparison.

    Attributes:
        what: What is compared: ``"encoders"``, ``"losses"``, ``"predictors"`` or ``"strategies"``.
        rows: One mapping for every fit or search, with ``error`` if it failed; first those of this call, then those
            that the folder held before.
        config: What the comparison is, as in ``config.json``.
        about: Further information for the report.
        folder: Its folder; None for a comparison in memory.
        asked: How many of the rows are of this call.
    """

    what: str
    rows: list[Row]
    config: Mapping[str, Any]
    about: Mapping[str, Any]
    folder: Path | None = None
    asked: int | None = None

    @property
    @abstractmethod
    def summary(self) -> list[dict[str, Any]]:
        """Means and standard deviations over the n seeds, one mapping for every line of the table."""

    @property
    @abstractmethod
    def tables(self) -> "list[tuple[str, str, SummaryTable]]":
        """The tables of the report: title, meaning, and the table itself."""

    @abstractmethod
    def plot(self) -> "Axes":
        """Draw the main figure.

        Returns:
            Its axes; ``.figure`` is the figure.
        """

    @property
    @abstractmethod
    def failures(self) -> list[str]:
        """Which of the fits or searches asked for failed, and why."""

    @abstractmethod
    def _table(self) -> "SummaryTable":
        """The summary as text."""

    @abstractmethod
    def _write(self, folder: Path) -> Path:
        """Write the report's files."""

    @abstractmethod
    def _save(self, folder: Path) -> None:
        """Write what the folder needs beside its rows."""

    def report(self, path: Path | str | None = None) -> Path:
        """Write an HTML report, with its tables as Markdown and its plots as SVG.

        Args:
            path: A new folder, for a comparison in memory, which is then kept there; None for the comparison's folder.

        Returns:
            The path of the page.

        Raises:
            ArchrankError: A comparison in memory and no path.
            RunFolderError: The folder holds something else.
            FileError: A file cannot be written.
        """
        folder = self.folder if path is None else checked_path("path", path)
        if folder is None:
            raise ArchrankError(
                "this comparison has no folder: name one, as in comparison.report('runs/mine')"
            )
        if self.folder is None or folder.absolute() != self.folder.absolute():
            with RunFolder.open(folder, self.config, self.about) as opened:
                self._save(opened.path)
                if self.rows:
                    write_rows(opened.path, self.rows)
            self.folder = folder
        return self._write(folder)

    def to_pandas(self) -> "DataFrame":
        """The rows as a DataFrame.

        Raises:
            ArchrankError: pandas is not installed.
        """
        return data_frame(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        """The summary as a table of text."""
        table = self._table()
        lines = [
            ["", *table.headings],
            *([name, *(cell.text for cell in cells)] for name, cells in table.lines),
        ]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        shown = [
            "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)) for line in lines
        ]
        return "\n".join(line.rstrip() for line in [self._title, *shown])

    def _repr_html_(self) -> str:
        """The summary as a table."""
        table = self._table()
        head = "".join(f"<th>{escape(heading)}</th>" for heading in ["", *table.headings])
        body = ""
        for name, cells in table.lines:
            texts = [f"<b>{escape(cell.text)}</b>" if cell.best else escape(cell.text) for cell in cells]
            body += f"<tr><th>{escape(name)}</th>{''.join(f'<td>{text}</td>' for text in texts)}</tr>"
        return (
            f"<p>{escape(self._title)}</p><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )

    @property
    def _title(self) -> str:
        failed = sum(row["error"] is not None for row in self.rows)
        counts = f"{len(self.rows):,} runs" + (f", {failed:,} failed" if failed else "")
        return f"{self.what} on {self.config['benchmark']}: {counts}"

    @property
    def _asked(self) -> list[Row]:
        return self.rows[: self.asked]


@dataclass(frozen=True)
class Plan:
    """A comparison that is to be made.

    Attributes:
        config: What must be the same in all runs of the folder, but for ``compared``.
        compared: The settings of what is compared, by name.
        about: Further information for the report.
        tasks: What is wanted.
        work: Does a task.
        alike: Names of a task's fields: tasks that agree in them take times in proportion to their costs.
        result: Makes the result of the rows, the configuration, what the report tells, and the folder.
    """

    config: Mapping[str, Any]
    compared: Mapping[str, Any]
    about: Mapping[str, Any]
    tasks: Sequence[GridTask]
    work: Work
    alike: Sequence[str]
    result: Callable[..., Comparison] = field(repr=False)

    def run(
        self,
        folder: Path | str | None,
        *,
        resume: bool,
        workers: int,
        command: str,
        on_progress: Callable[[GridProgress], None] = silent,
    ) -> Comparison:
        """Do the tasks, or what is left of them.

        Args:
            folder: Where rows and report are kept; None for a comparison in memory.
            resume: Continue the comparison that the folder holds, if it holds one.
            workers: How many processes; 1 works in this one.
            command: How it was started, as the report tells it.
            on_progress: Called at the beginning and after each task.

        Raises:
            BudgetError: No workers.
            RunFolderError: The folder holds another comparison, or another process has it.
        """
        check_workers(workers)
        config = {**self.config, "compared": self.compared}
        about = {**self.about, "versions": versions(), "workers": workers, "date": date.today().isoformat()}

        def rows(path: Path | None) -> list[Row]:
            return run_grid(
                path,
                self.tasks,
                self.work,
                workers=workers,
                cost=self.work.cost,
                alike=lambda task: tuple(task[name] for name in self.alike),
                on_progress=on_progress,
            )

        if folder is None:
            about["commands"] = [command]
            return self.result(rows(None), config, about, None, asked=len(self.tasks))
        folder = checked_path("folder", folder, RunFolderError)
        earlier = _earlier_commands(folder) if resume else []
        about["commands"] = [*(each for each in earlier if each != command), command]
        with RunFolder.open(folder, config, about, resume=resume) as opened:
            read_rows(opened.path)  # refused before anything is written
            empty = self.result([], opened.config, about, None)
            empty._save(opened.path)
            opened.begin()
            found = self.result(rows(opened.path), opened.config, about, folder, asked=len(self.tasks))
            found.report()
        return found


_TOLD = {"ranking": {"rows", "tau"}, "strategies": {"size", "metrics"}}
"""What a comparison of each kind tells beside its configuration."""


def recorded(folder: Path) -> dict[str, Any] | None:
    """What ``config.json`` of a comparison holds; None where there is none that can be read."""
    try:
        record = json.loads(read_text(folder / "config.json"))
        return record if _TOLD[record["config"]["compare"]] <= record["environment"].keys() else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _earlier_commands(folder: Path) -> list[str]:
    """The commands that made what a folder holds.

    Raises:
        RunFolderError: It holds results that cannot be continued.
    """
    record = recorded(folder)
    if (results := kept_table(folder / RESULTS)).exists():
        if not (folder / "config.json").exists():
            raise RunFolderError(
                f"{folder} holds results, but no config.json that says of what: choose another folder"
            )
        if record is not None and "compared" not in record["config"] and read_rows(folder):
            raise RunFolderError(
                f"{folder} holds a comparison by an earlier version of archrank, which did not record the settings of "
                "what it compared, so nothing can join it: choose another folder, or remove "
                f"{results} to measure anew (`archrank compare report {folder}` still shows it)"
            )
    commands = [] if record is None else record["environment"].get("commands")
    return [each for each in commands if isinstance(each, str)] if isinstance(commands, list) else []
