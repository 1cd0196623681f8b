"""A grid of tasks whose results are kept in one file: it can be killed, resumed and extended."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archrank.benchmarks.files import kept_table, read_cells, write_table
from archrank.errors import RunFolderError, TableError
from archrank.system.interrupts import uninterrupted
from archrank.system.on_progress import silent
from archrank.workers.job import Job
from archrank.workers.outcome import Outcome, attempt
from archrank.workers.pool import Pool
from archrank.workers.processes import Processes
from archrank.workers.runners import Runner, Serial, check_workers

__all__ = [
    "RESULTS",
    "GridProgress",
    "GridTask",
    "Row",
    "read_rows",
    "run_grid",
    "write_rows",
]

GridTask = dict[str, Any]
"""A task of a grid: plain values by name."""

GridWork = Callable[[GridTask], dict[str, Any]]
"""Does a task and returns its results, plain values by name; it is sent to every worker once."""

Row = dict[str, Any]
"""A task with its results; ``error`` says why there are none, and ``seconds`` how long it took."""

RESULTS = "results.parquet"


@dataclass(frozen=True, slots=True)
class GridProgress:
    """How far a grid is.

    Attributes:
        done: How many of the tasks asked for are finished, in this run or an earlier one.
        failed: How many have failed in this run.
        total: How many were asked for.
        share: The share of the work that is done, by cost.
        seconds_left: An estimate; None before the first task has finished.
    """

    done: int
    failed: int
    total: int
    share: float
    seconds_left: float | None


def run_grid(
    folder: Path | None,
    tasks: Sequence[GridTask],
    work: GridWork,
    *,
    workers: int = 2,
    cost: Callable[[GridTask], float] = lambda task: 1.0,
    alike: Callable[[GridTask], Hashable] = lambda task: None,
    on_progress: Callable[[GridProgress], None] = silent,
) -> list[Row]:
    """Do the tasks that the folder has no results of yet, the most expensive first.

    ``results.parquet`` is replaced, whole, after each task. Failed tasks are tried again by the next
    run. The folder should be locked by :class:`~archrank.study.RunFolder`.

    Args:
        folder: Where the results are kept; None to keep them in memory only.
        tasks: The tasks in the order of the rows: plain values under the same names in each.
        work: Does a task; it is sent to every worker once, and keeps to one thread.
        workers: How many processes; 1 works in this one.
        cost: How long a task takes, in any unit.
        alike: Tasks with an equal value take time in proportion to their cost.
        on_progress: Called at the beginning and after each task.

    Returns:
        All rows of the folder: those of ``tasks`` in their order, then those of earlier runs.

    Raises:
        BudgetError: No workers.
        RunFolderError: The file of results cannot be read or written.
        EvaluationError: The workers cannot start.
    """
    check_workers(workers)
    results = _Results(folder, tasks)
    left = sorted(results.unfinished(), key=cost, reverse=True)
    if not left:
        return results.rows()
    clock = _Clock(tasks, workers, cost, alike)
    failed = 0
    on_progress(clock.progress(left, failed, results.rows()))
    with _runner(work, workers, len(left)) as runner:
        for cell, outcome in runner.run([_Cell(*each) for each in enumerate(left)]):
            found = {} if outcome.error is not None else {**outcome.values, "seconds": outcome.seconds}
            with uninterrupted():
                results.add({**cell.task, **found, "error": outcome.error})
            failed += outcome.error is not None
            left.remove(cell.task)
            on_progress(clock.progress(left, failed, results.rows()))
    return results.rows()


@dataclass(frozen=True, slots=True)
class _Cell:
    """A task with its number among those of a run."""

    number: int
    task: GridTask


@dataclass(frozen=True, slots=True)
class _Doing:
    work: GridWork

    def __call__(self, cell: _Cell) -> Outcome:
        return attempt(lambda: self.work(cell.task))


def _runner(work: GridWork, workers: int, tasks: int) -> Runner[_Cell]:
    # One thread everywhere: sums in another order are other sums, and rows must not depend on the number of workers.
    job: Job[_Cell] = Job(_Doing(work), "comparison", "comparison", one_thread=True)
    if workers == 1:
        return Serial(job)
    return Pool(Processes(job), min(workers, tasks), retries=1)


class _Results:
    """The rows of a folder, by their tasks."""

    def __init__(self, folder: Path | None, tasks: Sequence[GridTask]) -> None:
        self._folder = folder
        self._names = tuple(tasks[0]) if tasks else ()
        self._tasks = {self._key(task): task for task in tasks}
        # A dictionary keeps its order: first what is asked for now, then what earlier runs have left.
        self._rows: dict[tuple[Any, ...], Row | None] = dict.fromkeys(self._tasks)
        self._rows |= {self._key(row): row for row in (read_rows(folder) if folder else [])}

    def unfinished(self) -> list[GridTask]:
        rows = self._rows
        return [
            task
            for key, task in self._tasks.items()
            if (row := rows[key]) is None or row["error"] is not None
        ]

    def rows(self) -> list[Row]:
        rows = [row for row in self._rows.values() if row is not None]
        names = dict.fromkeys(name for row in rows for name in row)
        return [{name: row.get(name) for name in names} for row in rows]

    def add(self, row: Row) -> None:
        self._rows[self._key(row)] = row
        if self._folder is not None:
            write_rows(self._folder, self.rows())

    def _key(self, row: Mapping[str, Any]) -> tuple[Any, ...]:
        return tuple(row.get(name) for name in self._names)


class _Clock:
    """Estimates the remaining time from the finished tasks."""

    def __init__(
        self,
        tasks: Sequence[GridTask],
        workers: int,
        cost: Callable[[GridTask], float],
        alike: Callable[[GridTask], Hashable],
    ) -> None:
        self._total, self._cost_of_all = len(tasks), sum(map(cost, tasks))
        self._workers, self._cost, self._alike = workers, cost, alike

    def progress(self, left: Sequence[GridTask], failed: int, rows: Sequence[Row]) -> GridProgress:
        share = 1 - sum(map(self._cost, left)) / self._cost_of_all
        done = self._total - len(left) - failed
        return GridProgress(done, failed, self._total, share, self._seconds(left, rows))

    def _seconds(self, left: Sequence[GridTask], rows: Sequence[Row]) -> float | None:
        seconds, costs = defaultdict[Hashable, float](float), defaultdict[Hashable, float](float)
        for row in rows:
            if row["error"] is None:
                for kind in (self._alike(row), _ANY):
                    seconds[kind] += row["seconds"]
                    costs[kind] += self._cost(row)
        if not costs:
            return None
        kinds = [kind if (kind := self._alike(task)) in costs else _ANY for task in left]
        expected = [self._cost(task) * seconds[k] / costs[k] for task, k in zip(left, kinds, strict=True)]
        return max(sum(expected) / self._workers, *expected, 0.0)


_ANY = object()
"""Stands for all kinds of tasks, where none of the same kind has finished."""


def write_rows(folder: Path, rows: Sequence[Row]) -> None:
    """Replace the rows that a folder holds.

    Args:
        folder: The folder.
        rows: The rows, all with the same names.

    Raises:
        FileError: The file of results cannot be written.
    """
    write_table(kept_table(folder / RESULTS), {name: [row[name] for row in rows] for name in rows[0]})


def read_rows(folder: Path) -> list[Row]:
    """All rows that a folder holds; none where nothing has finished yet.

    Raises:
        RunFolderError: The file of results cannot be read.
    """
    path = kept_table(folder / RESULTS)
    if not path.exists():
        return []
    try:
        columns = read_cells(path).columns
    except TableError as error:
        raise RunFolderError(f"{error}: remove it, or choose another folder") from None
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
