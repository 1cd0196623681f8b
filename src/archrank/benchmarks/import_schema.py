"""What a reader makes of an official file: choices, columns, and the meaning of each column."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np
import numpy.typing as npt

from archrank.architecture import Architecture
from archrank.benchmarks.table import Column, Floats, Metric, Split, Table
from archrank.errors import TableError, UnknownName
from archrank.space import Rows, SearchSpace

__all__ = [
    "LABELS",
    "ImportedColumns",
    "Label",
    "Quantity",
    "SourceFile",
    "check_distinct",
    "label_named",
    "packed_rows",
]

Label = Literal["mean", "0", "1", "2"]

LABELS: tuple[Label, ...] = ("mean", "0", "1", "2")
"""What the plain name of a repeated measurement may mean: the mean, or one of the runs."""


def label_named(name: str) -> Label:
    """The label of that name.

    Raises:
        UnknownName: No such label.
    """
    for label in LABELS:
        if label == name:
            return label
    raise UnknownName("label", name, LABELS)


@dataclass(frozen=True, slots=True)
class Quantity:
    """Something that was measured once, or in several runs.

    Attributes:
        name: Its name, under which search knows it.
        meaning: In words: quantity, data set, unit.
        split: As for :class:`~archrank.benchmarks.Metric`.
        higher_is_better: The direction in which it is good.
        epochs: How long each training was.
        seeds: For a quantity with one column, what the column is: ``"one run"``, ``"mean of 3 runs"`` …
        runs: The numbers of its runs, each with a column of its own; none for a quantity with one column.
        run_word: What such a number is: the number of a ``"run"``, or a ``"seed"``.
        test: Name of the quantity to report beside it in a search by this one.
        measured: As for :class:`~archrank.benchmarks.Metric`.
    """

    name: str
    meaning: str
    split: Split
    higher_is_better: bool = True
    epochs: int | None = None
    seeds: str = "one run"
    runs: tuple[int, ...] = ()
    run_word: Literal["run", "seed"] = "run"
    test: str | None = None
    measured: bool = True

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of its columns."""
        return tuple(map(self.run_column, self.runs)) or (self.name,)

    def run_column(self, run: int) -> str:
        """The name of a run's column: ``accuracy_0`` for run 0, ``accuracy_seed777`` for seed 777."""
        return f"{self.name}_{run}" if self.run_word == "run" else f"{self.name}_{self.run_word}{run}"

    def metric(self, label: Label) -> Metric:
        """The metric of the plain name.

        Args:
            label: Which run it means; the mean, where there is no such run.
        """
        seeds = self.seeds
        if self.runs:
            run = _run(label, self.runs)
            every = f"mean of {self.run_word}s {', '.join(map(str, self.runs))}"
            seeds = every if run is None else f"{self.run_word} {self.runs[run]}"
        return Metric(
            self.name, self.meaning, self.split, self.higher_is_better, self.epochs, seeds, self.measured
        )

    def run_metrics(self) -> list[Metric]:
        """A metric for each run."""
        plain = self.metric("mean")
        named = ((self.run_column(run), f"{self.run_word} {run}") for run in self.runs)
        return [replace(plain, name=column, seeds=words) for column, words in named]


def _run(label: Label, runs: Sequence[int]) -> int | None:
    return None if label == "mean" or int(label) >= len(runs) else int(label)


@dataclass(frozen=True, slots=True)
class SourceFile:
    """The file or folder that measurements were read from.

    Attributes:
        name: Its name.
        size: How many bytes were read.
        sha256: The digest of these bytes.
    """

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ImportedColumns:
    """Measurements of M architectures, as read from a source, in the source's order.

    Attributes:
        space: The space of the architectures.
        rows: Option indices of distinct, valid and canonical rows: (M, number of choices).
        quantities: What was measured; the first is the one that search selects by as a default.
        columns: The numbers of every quantity's columns, (M,), or what reads them; NaN where not measured.
        source: Where they come from.
    """

    space: SearchSpace
    rows: Rows
    quantities: tuple[Quantity, ...]
    columns: Mapping[str, Column]
    source: SourceFile

    def table(self, name: str, label: Label = "mean") -> Table:
        """The table of these measurements.

        Args:
            name: The table's name.
            label: What the plain name of a quantity with several runs means: their mean, over the runs that
                an architecture has, or one run.

        Raises:
            TableError: No quantity has such a run.
        """
        self.check_label(label)
        values: dict[str, Column] = {
            column: self.columns[column] for q in self.quantities for column in q.columns
        }
        for quantity in self.quantities:
            if quantity.runs:
                run = _run(label, quantity.runs)
                chosen = quantity.columns if run is None else quantity.columns[run : run + 1]
                values[quantity.name] = partial(_mean, [self.columns[column] for column in chosen])
        plain = [quantity.metric(label) for quantity in self.quantities]
        runs = [metric for quantity in self.quantities for metric in quantity.run_metrics()]
        return Table(name, self.space, self.rows, values, (*plain, *runs), self._test_metrics())

    def check_label(self, label: Label) -> None:
        """Refuse a label that no quantity has.

        Raises:
            TableError: As said.
        """
        most = max((len(quantity.runs) for quantity in self.quantities), default=0)
        if label != "mean" and int(label) >= most:
            there = f"runs 0 to {most - 1}" if most else "no separate runs"
            raise TableError(f"{self.source.name}: no run {label}: it holds {there}; leave --label out")

    def _test_metrics(self) -> dict[str, str]:
        by_name = {quantity.name: quantity for quantity in self.quantities}
        pairs: dict[str, str] = {}
        for quantity in self.quantities:
            if quantity.test is None:
                continue
            reported = by_name[quantity.test]
            pairs[quantity.name] = reported.name
            both = [run for run in quantity.runs if run in reported.runs]
            pairs |= {quantity.run_column(run): reported.run_column(run) for run in both}
        return pairs


def _mean(columns: Sequence[Column]) -> Floats:
    """The mean of several columns over the numbers that there are: (M,)."""
    total: Floats | None = None
    count: npt.NDArray[np.int64] | None = None
    for column in columns:
        numbers = np.asarray(column() if callable(column) else column, dtype=np.float64)
        there = ~np.isnan(numbers)
        filled = np.where(there, numbers, 0.0)
        total = filled if total is None else total + filled
        count = there.astype(np.int64) if count is None else count + there
    if total is None or count is None:
        raise ValueError("the mean of no columns")
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def packed_rows(
    architectures: Sequence[Architecture], space: SearchSpace, what: Callable[[int], str]
) -> Rows:
    """The rows of distinct architectures: (M, number of choices).

    Args:
        architectures: The architectures, in the source's order.
        space: Their space.
        what: Names the source's n-th record, for the message.

    Raises:
        TableError: There is none, or one comes twice.
    """
    if not architectures:
        raise TableError(f"{what(0)}: no architecture of {space.name} is there")
    rows = np.array([a.choices for a in architectures], dtype=np.int16)
    check_distinct(rows, space, what)
    return rows


def check_distinct(rows: Rows, space: SearchSpace, what: Callable[[int], str]) -> None:
    """Refuse rows of which two are the same.

    Args:
        rows: Option indices: (M, number of choices).
        space: Their space.
        what: Names the source's n-th record, for the message.

    Raises:
        TableError: As said; the message names both.
    """
    first: dict[tuple[int, ...], int] = {}
    for index, row in enumerate(map(tuple, rows.tolist())):
        if (earlier := first.setdefault(row, index)) != index:
            text = space.format(Architecture(space.name, row))
            raise TableError(f"{what(index)} repeats {what(earlier)}: {text}")
