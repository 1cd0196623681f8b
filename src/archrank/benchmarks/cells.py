"""Columns of cells as a user gave them, and how they become a table."""

import json
import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from archrank.architecture import Architecture
from archrank.benchmarks.numbers import WrongCell, is_blank, looks_like_numbers, read_numbers
from archrank.benchmarks.table import Floats, Metric, Table
from archrank.errors import ArchrankError, TableError, UnknownName
from archrank.fingerprints import check_made_by
from archrank.space import Rows, SearchSpace
from archrank.system.foreign import shown

__all__ = ["ARCHITECTURE", "Cells", "check_names"]

ARCHITECTURE = "architecture"
"""The usual name of the column of architectures."""

_COUNTERS = frozenset(("index", "id", "seed", "run", "trial", "repeat", "fold"))
"""Columns of numbers that say which row it is; they are metrics only where they are asked for."""

_REMEMBERED = 50_000


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells of a file, a DataFrame or another collection of columns.

    Attributes:
        source: What messages call it: a path, "the DataFrame".
        name: The name of the table that is made of it.
        columns: The cells of every column by its name.
        lines: For text files the line that each row ends on; empty for other files, None for what is in memory.
    """

    source: str
    name: str
    columns: Mapping[str, Sequence[Any]]
    lines: Sequence[int] | None = None

    def where(self, row: int) -> str:
        """What messages call a row: counted from 0 in memory, as the user's own indices, from 1 in files."""
        if self.lines is None:
            return f"row {row}"
        line = f" (line {self.lines[row]})" if len(self.lines) else ""
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
        """The names of the columns that hold numbers; columns such as ``seed`` only where there are no others."""
        found = []
        for name in self.columns:
            # An index that pandas wrote along is no measurement.
            if name == architecture_column or not name or name.startswith(("__index_level_", "Unnamed: ")):
                continue
            try:
                if looks_like_numbers(self.columns[name]):
                    found.append(name)
            except (
                TableError
            ):  # dates that are none, for example: they would be refused where they are asked for
                continue
        return [name for name in found if name.lower() not in _COUNTERS] or found

    def numbers(self, name: str, decimal: str | None = None) -> tuple[Floats, "Counter[str]"]:
        """The numbers of a column, NaN where nothing was measured, and what stands there: (M,).

        Raises:
            TableError: There is no such column, no number in it, or a cell that holds something else.
        """
        cells = self.column(name)
        try:
            values, missing = read_numbers(cells, decimal)
        except WrongCell as error:
            raise TableError(
                f"{self.source}, {self.where(error.row)}: {error.why} in column {shown(name)}, expected a number; "
                "correct or remove the row, or name the columns to read"
            ) from None
        if len(values) and np.isnan(values).all():
            filled = next((row for row, cell in enumerate(cells) if not is_blank(cell)), 0)
            what = "no value" if is_blank(cells[filled]) else shown(cells[filled], 60)
            raise TableError(
                f"{self.source}, {self.where(filled)}: {what} in column {shown(name)}, which holds no number "
                "in any row; name the columns to read"
            )
        return values, missing

    def architecture_cells(self, column: str = ARCHITECTURE) -> Sequence[Any]:
        """The cells of the column of architectures.

        Raises:
            TableError: There is no such column.
        """
        if column not in self.columns:
            raise TableError(
                f"{self.source}: {UnknownName('column', column, self.columns)}; if another column holds the "
                "architectures, name it by architecture_column (--architecture-column)"
            )
        return self.columns[column]

    def architectures(self, space: SearchSpace, column: str = ARCHITECTURE) -> Iterator[Architecture]:
        """The architecture of every row.

        Raises:
            TableError: There is no such column, or a cell holds no architecture of the space.
        """
        known: dict[str, Architecture] = {}  # tables of several seeds or epochs repeat each text
        for row, cell in enumerate(self.architecture_cells(column)):
            found = known.get(cell) if type(cell) is str else None
            if found is None:
                found = self._architecture(space, column, row, cell)
                if type(cell) is str and len(known) < _REMEMBERED:
                    known[cell] = found
            yield found

    def _rows(self, space: SearchSpace, column: str) -> Rows:
        """Option indices of the architecture of every row, as the space packs them: (M, number of choices)."""
        if space.conditional:
            return space.pack(list(self.architectures(space, column)))
        rows = np.empty(
            (len(self.column(column)) if column in self.columns else 0, len(space.choices)), dtype=np.int16
        )
        for row, architecture in enumerate(self.architectures(space, column)):
            rows[row] = architecture.choices
        return rows

    def _architecture(self, space: SearchSpace, column: str, row: int, cell: object) -> Architecture:
        where = f"{self.source}, {self.where(row)}"
        try:
            if isinstance(cell, Architecture):
                if cell.space != space.name:
                    raise TableError(
                        f"an architecture of the space {cell.space}, expected one of {space.name}"
                    )
                check_made_by(space, (cell,))
                return space.architecture(cell.choices)
            if isinstance(cell, Mapping):  # the choices themselves rather than their text
                cell = json.dumps(dict(cell), ensure_ascii=False)
            elif isinstance(cell, list | tuple | int | np.integer) and not isinstance(cell, bool):
                cell = str(cell)
            if isinstance(cell, str) and cell:
                return space.parse(cell)
        except (ArchrankError, TypeError, ValueError, RecursionError) as error:
            why = str(error) if isinstance(error, ArchrankError) else f"{shown(cell)} is no architecture"
            raise TableError(f"{where}, column {shown(column)}: {why}") from None
        what = "no architecture" if is_blank(cell) else shown(cell)
        raise TableError(
            f"{where}: {what} in column {shown(column)}, expected an architecture of {space.name} as text"
        )

    def table(
        self,
        space: SearchSpace,
        *,
        architecture_column: str = ARCHITECTURE,
        metrics: Sequence[str] | None = None,
        target: str | None = None,
        minimize: Collection[str] = (),
        test_metrics: Mapping[str, str] | None = None,
        blanks: bool = False,
        average: bool = False,
        decimal: str | None = None,
    ) -> Table:
        """The table of these cells; arguments and errors are those of :func:`~archrank.benchmarks.as_table`."""
        rows = self._rows(space, architecture_column)
        chosen = list(metrics) if metrics is not None else self.number_columns(architecture_column)
        for metric in [*minimize, *([] if target is None else [target])]:
            if metric not in chosen:
                raise TableError(f"{self.source}: {UnknownName('metric', metric, chosen)}")
        if not chosen:
            raise TableError(
                f"{self.source} has no column of numbers, only {_listed(self.columns)}; "
                "a table needs at least one measurement beside the architecture"
            )
        needed = chosen[0] if target is None else target
        numbers: dict[str, Floats] = {}
        notes: list[str] = []
        skipped = 0
        for metric in chosen:
            numbers[metric], missing = self.numbers(metric, decimal)
            if metric == needed and not blanks and (skipped := missing.total()):
                notes.append(
                    f"{_count(skipped, 'row')} of {self.source} without a number in {shown(metric)} "
                    f"{'is' if skipped == 1 else 'are'} left out ({_most(missing)})"
                )
        kept = np.flatnonzero(~np.isnan(numbers[needed])) if skipped else np.arange(len(rows))
        first, group = _groups(rows[kept])
        values = {metric: column[kept] for metric, column in numbers.items()}
        most = int(np.bincount(group).max(initial=0))
        averaged = average and most > 1
        if averaged:
            values = {metric: _means(column, group, len(first)) for metric, column in values.items()}
            notes.append(
                f"{_count(len(kept), 'row')} of {self.source} are averaged: {_count(len(first), 'architecture')}, "
                f"up to {most} rows each"
            )
        else:
            self._check_equal(space, rows, kept, first, group, values)
            values = {metric: column[first] for metric, column in values.items()}
        return Table(
            self.name,
            space,
            rows[kept[first]],
            values,
            tuple(
                Metric(
                    metric,
                    f"column {metric!r} of {Path(self.source).name}",
                    "unstated",
                    metric not in minimize,
                    seeds=f"mean of up to {most} rows" if averaged else "unstated",
                )
                for metric in chosen
            ),
            test_metrics,
            notes=tuple(notes),
            skipped=skipped,
        )

    def _check_equal(
        self,
        space: SearchSpace,
        rows: Rows,
        kept: npt.NDArray[np.intp],
        first: npt.NDArray[np.intp],
        group: npt.NDArray[np.intp],
        values: Mapping[str, Floats],
    ) -> None:
        """Refuse two rows of one architecture with different numbers."""
        if len(first) == len(kept):
            return
        for metric, column in values.items():
            earlier = column[first][group]
            unequal = np.flatnonzero((column != earlier) & ~(np.isnan(column) & np.isnan(earlier)))
            if len(unequal):
                row = int(unequal[0])
                before, after = int(kept[first[group[row]]]), int(kept[row])
                raise TableError(
                    f"{self.source}: {self.where(before)} and {self.where(after)} are the same architecture, "
                    f"{shown(space.format(*space.architectures(rows[after : after + 1])))}, with different "
                    f"{shown(metric)}: {earlier[row]:.10g} and {column[row]:.10g}; average them (average=True, "
                    "--average), or keep one row for each architecture"
                )


def check_names(source: str, names: Sequence[str]) -> None:
    """Refuse two columns of the same name.

    Raises:
        TableError: As said.
    """
    if repeated := [name for name, count in Counter(names).items() if count > 1]:
        raise TableError(f"{source} has two columns named {shown(repeated[0])}")


def _groups(rows: Rows) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """The first row of each architecture, in order, and which of these each row belongs to: (A,), (M,)."""
    if rows.ndim == 1:  # architectures of an open space
        places: dict[Architecture, int] = {}
        group = np.array([places.setdefault(a, len(places)) for a in rows.tolist()], dtype=np.intp)
        return np.unique(group, return_index=True)[1], group
    whole = np.ascontiguousarray(rows)
    packed = whole.view(np.dtype((np.void, whole.dtype.itemsize * whole.shape[1]))).ravel()
    _, first, group = np.unique(packed, return_index=True, return_inverse=True)
    order = np.argsort(first)
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    return first[order], place[group.ravel()]


def _means(column: Floats, group: npt.NDArray[np.intp], groups: int) -> Floats:
    """The mean of each group's numbers, NaN where it has none: (groups,)."""
    there = ~np.isnan(column)
    counts = np.bincount(group[there], minlength=groups)
    sums = np.bincount(group[there], weights=column[there], minlength=groups)
    means = np.full(groups, math.nan)
    np.divide(sums, counts, out=means, where=counts > 0)
    return means


def _most(missing: "Counter[str]") -> str:
    """What stands in cells without a number, the most frequent first."""
    words = [f"{word} in {count:,}" if count > 1 else word for word, count in missing.most_common(3)]
    return ", ".join(words) + (", …" if len(missing) > 3 else "")


def _listed(names: Iterable[str]) -> str:
    first = [shown(name, 60) for _, name in zip(range(20), names, strict=False)]
    return ", ".join(first) + (", …" if len(first) == 20 else "")


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'' if n == 1 else 's'}"
