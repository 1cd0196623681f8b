"""Columns of cells as a user gave them, and how they become a table."""

import json
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from archrank.architecture import Architecture
from archrank.benchmarks.table import Metric, Table
from archrank.errors import ArchrankError, TableError, UnknownName
from archrank.space import SearchSpace

__all__ = ["ARCHITECTURE", "Cells"]

ARCHITECTURE = "architecture"
"""The usual name of the column of architectures."""


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells of a file, a DataFrame or another collection of columns.

    Attributes:
        source: What messages call it: a path, "the DataFrame".
        name: The name of the table that is made of it.
        columns: The cells of every column by its name.
        lines: For text files the line that each row ends on; empty for other files, None for what is in memory.
        texts: Whether every cell is a text, as in CSV, so that numbers must be read out of texts.
    """

    source: str
    name: str
    columns: Mapping[str, Sequence[Any]]
    lines: Sequence[int] | None = None
    texts: bool = False

    def where(self, row: int) -> str:
        """What messages call a row: counted from 0 in memory, as the user's own indices, from 1 in files."""
        if self.lines is None:
            return f"row {row}"
        line = f" (line {self.lines[row]})" if self.lines else ""
        return f"data row {row + 1}{line}"

    def column(self, name: str) -> Sequence[Any]:
        """The cells of a column.

        Raises:
            TableError: There is no such column.
        """
        if name not in self.columns:
            raise TableError(f"{self.source}: {UnknownName('column', name, self.columns)}")
        return self.columns[name]

    def number_columns(self, architecture_column: str) -> list[str]:
        """The names of the columns in which at least half of the filled cells are numbers."""
        found = []
        for name, cells in self.columns.items():
            # An index that pandas wrote along is no measurement.
            if name == architecture_column or not name or name.startswith("__index_level_"):
                continue
            filled = [cell for cell in cells if cell is not None and cell != ""]
            numbers = sum(_number(cell, self.texts) is not None for cell in filled)
            if numbers and 2 * numbers >= len(filled):
                found.append(name)
        return found

    def numbers(self, name: str, blanks: bool = False) -> list[float]:
        """The numbers of a column.

        Args:
            name: The column.
            blanks: Whether an empty cell means that something was not measured, and is NaN.

        Raises:
            TableError: There is no such column, or a cell holds no finite number.
        """
        numbers = []
        for row, cell in enumerate(self.column(name)):
            if blanks and (cell is None or cell == ""):
                numbers.append(math.nan)
                continue
            number = _number(cell, self.texts)
            if number is None or not math.isfinite(number):
                what = "no value" if cell is None or cell == "" else f"{cell!r}"
                raise TableError(
                    f"{self.source}, {self.where(row)}: {what} in column {name!r}, expected a finite number; "
                    "correct or remove the row, or name the columns to read"
                )
            numbers.append(number)
        return numbers

    def architectures(self, space: SearchSpace, column: str = ARCHITECTURE) -> list[Architecture]:
        """The architecture of every row.

        Raises:
            TableError: There is no such column, or a cell holds no architecture of the space.
        """
        return [self._architecture(space, column, row, cell) for row, cell in enumerate(self.column(column))]

    def _architecture(self, space: SearchSpace, column: str, row: int, cell: object) -> Architecture:
        where = f"{self.source}, {self.where(row)}"
        try:
            if isinstance(cell, Architecture):
                if cell.space != space.name:
                    raise TableError(
                        f"an architecture of the space {cell.space}, expected one of {space.name}"
                    )
                return space.architecture(cell.choices)
            if isinstance(cell, Mapping):  # the choices themselves rather than their text
                cell = json.dumps(dict(cell), ensure_ascii=False)
            if isinstance(cell, str) and cell:
                return space.parse(cell)
        except (ArchrankError, TypeError) as error:
            raise TableError(f"{where}, column {column!r}: {error}") from None
        what = "no architecture" if cell is None or cell == "" else f"{cell!r}"
        raise TableError(
            f"{where}: {what} in column {column!r}, expected an architecture of {space.name} as text"
        )

    def table(
        self,
        space: SearchSpace,
        *,
        architecture_column: str = ARCHITECTURE,
        metrics: Sequence[str] | None = None,
        minimize: Collection[str] = (),
        test_metrics: Mapping[str, str] | None = None,
        blanks: bool = False,
    ) -> Table:
        """The table of these cells; arguments and errors are those of :func:`~archrank.benchmarks.as_table`."""
        architectures = self.architectures(space, architecture_column)
        chosen = list(metrics) if metrics is not None else self.number_columns(architecture_column)
        for metric in minimize:
            if metric not in chosen:
                raise TableError(f"{self.source}: to minimize: {UnknownName('metric', metric, chosen)}")
        if not chosen:
            raise TableError(
                f"{self.source} has no column of numbers, only {', '.join(map(repr, self.columns))}; "
                "a table needs at least one measurement beside the architecture"
            )
        numbers = {metric: self.numbers(metric, blanks) for metric in chosen}
        first: dict[Architecture, int] = {}
        for row, architecture in enumerate(architectures):
            earlier = first.setdefault(architecture, row)
            for metric, column in numbers.items():
                if not _same(column[row], column[earlier]):
                    raise TableError(
                        f"{self.source}: {self.where(earlier)} and {self.where(row)} are the same architecture, "
                        f"{space.format(architecture)}, with different {metric!r}: "
                        f"{column[earlier]} and {column[row]}; "
                        "keep one row for each architecture, e.g. the mean"
                    )
        return Table(
            self.name,
            space,
            np.array([a.choices for a in first], dtype=np.int16),
            {metric: np.array([column[row] for row in first.values()]) for metric, column in numbers.items()},
            tuple(
                Metric(
                    metric,
                    f"column {metric!r} of {Path(self.source).name}",
                    "unstated",
                    metric not in minimize,
                    seeds="unstated",
                )
                for metric in chosen
            ),
            test_metrics,
        )


def _same(a: float, b: float) -> bool:
    return a == b or (math.isnan(a) and math.isnan(b))


def _number(cell: object, texts: bool) -> float | None:
    """The number in a cell, perhaps NaN or infinite; None where the cell holds no number."""
    if isinstance(cell, np.generic):
        cell = cell.item()
    if isinstance(cell, str):
        # Python would read 1_000 as a number, which no table means.
        if not texts or "_" in cell:
            return None
        try:
            return float(cell)
        except ValueError:
            return None
    if isinstance(cell, int | float | Decimal) and not isinstance(cell, bool):
        try:
            return float(cell)
        except OverflowError:
            return math.inf
    return None
