"""A table of measured architectures: one interface for every source."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from html import escape
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
import numpy.typing as npt

from archrank.architecture import Architecture
from archrank.benchmarks.indices import RowIndex, row_numbers
from archrank.errors import InvalidArchitecture, SpaceError, TableError, UnknownName
from archrank.fingerprints import check_made_by
from archrank.space import Rows, SearchSpace
from archrank.system.foreign import shown
from archrank.system.frames import data_frame

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["Column", "Floats", "Metric", "Split", "Table", "checked_table"]

Floats = npt.NDArray[np.float64]
Order = npt.NDArray[np.intp]

Column = Floats | Callable[[], Floats]
"""Numbers, or what reads them when they are first asked for."""

_SHOWN = 20
"""How many metrics a notebook shows."""

Split = Literal["train", "validation", "test", "unstated", "none"]
"""The data that a metric was measured on."""


@dataclass(frozen=True, slots=True)
class Metric:
    """What a column of measurements means.

    Attributes:
        name: The column's name.
        meaning: In words: quantity, data set, unit.
        split: The data split that it was measured on; ``"none"`` where none applies (parameters, latency) and
            ``"unstated"`` where the source does not say.
        higher_is_better: The direction in which it is good.
        epochs: How long each training was; None where it is not known or does not apply.
        seeds: ``"one run"``, ``"mean of 3 runs"`` …
        measured: Whether it takes a measurement; False for what can be counted beforehand, such as parameters.
    """

    name: str
    meaning: str
    split: Split
    higher_is_better: bool = True
    epochs: int | None = None
    seeds: str = "one run"
    measured: bool = True


class Table:
    """Measured architectures of one space.

    Args:
        name: The table's name.
        space: The space that the architectures belong to.
        rows: Option indices of the M architectures, valid, canonical and distinct: (M, number of choices); of a space
            with conditional choices what its ``pack`` returns: (M,).
        values: A column of M numbers for every metric, in the metrics' own unit, NaN where not measured; or a
            function that reads the column, called when it is first asked for.
        metrics: What the columns mean; the first is the one that search selects by as a default.
        test_metrics: For a metric that search may select by, the one to report with it.
        source_order: The rows' indices in the order of the source's records, if the table has a different one: (M,).
        notes: What to know about how it was read, one sentence each.
        skipped: How many rows of the source held no measurement and were left out.

    Attributes:
        source_order: The indices in the order of the source's records, read-only: (M,).
        complete: Whether the table has a row for every architecture of its space.

    Raises:
        TableError: No metric, a metric without a column, a column of another length than the rows, a source order
            that does not name every row once.
        UnknownName: A test metric that is not among the metrics.
    """

    def __init__(
        self,
        name: str,
        space: SearchSpace,
        rows: Rows,
        values: Mapping[str, Column],
        metrics: tuple[Metric, ...],
        test_metrics: Mapping[str, str] | None = None,
        source_order: Order | None = None,
        *,
        notes: tuple[str, ...] = (),
        skipped: int = 0,
    ) -> None:
        _check_shape(name, space, rows)
        if not metrics:
            raise TableError(f"the table {name} has no metric")
        for metric in metrics:
            if metric.name not in values:
                raise TableError(f"the table {name} has no column for its metric {metric.name!r}")
        self.name = name
        self.space = space
        self.rows = rows
        self.metrics = metrics
        self.test_metrics = dict(test_metrics or {})
        self.notes = notes
        self.skipped = skipped
        order = np.arange(len(rows)) if source_order is None else np.array(source_order)
        if not np.array_equal(np.sort(order), np.arange(len(rows))):
            raise TableError(f"the table {name}: the source order should name each of {len(rows)} rows once")
        order.setflags(write=False)
        self.source_order = order
        self._readers: dict[str, Callable[[], Floats]] = {}
        self._values: dict[str, Floats] = {}
        for metric in metrics:
            column = values[metric.name]
            if callable(column):
                self._readers[metric.name] = column
            else:
                self._values[metric.name] = self._checked(metric.name, column)
        for either in (*self.test_metrics, *self.test_metrics.values()):
            self.metric(either)

    def __len__(self) -> int:
        return len(self.rows)

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        """The table itself: it is read-only, and may be large."""
        return self

    @cached_property
    def architectures(self) -> list[Architecture]:
        """The M architectures, in the table's order."""
        return self.space.architectures(self.rows)

    @property
    def candidates(self) -> list[Architecture] | None:
        """What a search of the table may propose: its architectures, or None where it holds the whole space."""
        return None if self.complete else self.architectures

    @cached_property
    def _indices(self) -> RowIndex:
        return RowIndex(self.rows, self.space)

    def _at(self, index: int) -> Architecture:
        return self.space.architectures(self.rows[index : index + 1])[0]

    def __contains__(self, architecture: object) -> bool:
        return (
            isinstance(architecture, Architecture)
            and architecture.space == self.space.name
            and architecture.fingerprint in (None, self.space.fingerprint)
            and self._indices.get(architecture.choices) is not None
        )

    def index(self, architecture: Architecture) -> int:
        """The architecture's index in the table's order.

        Raises:
            TableError: The table has no row for it.
            SpaceError: An earlier version of the space made it.
        """
        if not isinstance(architecture, Architecture):
            raise TableError(
                f"{shown(architecture)} is not an Architecture: table.space.parse(text) makes one of a text"
            )
        if architecture.space != self.space.name:
            raise TableError(
                f"the table {self.name} is about the space {self.space.name}, not {architecture.space}"
            )
        check_made_by(self.space, (architecture,))
        index = self._indices.get(architecture.choices)
        if index is None:
            raise TableError(f"the table {self.name} has no row for {self.space.format(architecture)}")
        return index

    def metric(self, name: str | None = None) -> Metric:
        """The metric of that name; the default one for None.

        Raises:
            UnknownName: No such metric.
        """
        for metric in self.metrics:
            if name is None or metric.name == name:
                return metric
        raise UnknownName(f"metric of {self.name}", str(name), [m.name for m in self.metrics])

    def column(self, metric: str | None = None) -> Floats:
        """All M values of a metric, in its own unit: (M,), read-only."""
        name = self.metric(metric).name
        if name not in self._values:
            self._values[name] = self._checked(name, self._readers[name]())
        return self._values[name]

    def _checked(self, metric: str, column: Floats) -> Floats:
        if (shape := np.shape(column)) != (len(self.rows),):
            raise TableError(f"the table {self.name}: {shape} values of {metric!r} for {len(self.rows)} rows")
        return _frozen(column)

    def scores(self, metric: str | None = None) -> Floats:
        """All M values of a metric, with the sign that makes higher better: (M,)."""
        column = self.column(metric)
        return column if self.metric(metric).higher_is_better else -column

    def value(self, architecture: Architecture, metric: str | None = None) -> float:
        """What was measured for one architecture; NaN where this metric was not.

        Raises:
            TableError: The table has no row for it.
        """
        return float(self.column(metric)[self.index(architecture)])

    def optimum(self, metric: str | None = None) -> tuple[Architecture, float]:
        """The best architecture of the table and its value.

        Raises:
            TableError: Nothing was measured.
        """
        scores = self.scores(metric)
        if np.isnan(scores).all():
            raise TableError(f"the table {self.name} holds no measurement of {self.metric(metric).name!r}")
        index = int(np.nanargmax(scores))
        return self._at(index), float(self.column(metric)[index])

    def true_rank(self, architecture: Architecture, metric: str | None = None) -> int:
        """One plus how many architectures of the table are strictly better; 1 is the best.

        Raises:
            TableError: The table has no row for it, or this metric was not measured for it.
        """
        scores = self.scores(metric)
        score = scores[self.index(architecture)]
        if np.isnan(score):
            raise TableError(
                f"the table {self.name} holds no {self.metric(metric).name!r} for "
                f"{self.space.format(architecture)}, so it has no rank"
            )
        return 1 + int(np.sum(scores > score))

    @cached_property
    def complete(self) -> bool:
        """Whether the table has a row for every architecture of its space."""
        try:
            # A few draws tell nearly every incomplete table without listing a large space. The rows are
            # distinct architectures, so as many as the space has are all of them.
            drawn = self.space.sample(20, np.random.default_rng(0))
            return all(architecture in self for architecture in drawn) and len(self) == self.space.size
        except SpaceError:  # too large to be listed, so to be measured
            return False

    def select(self, metrics: Sequence[str]) -> "Table":
        """The table with some of its metrics only; the first is the one that search selects by.

        Raises:
            UnknownName: A metric that the table does not have.
        """
        chosen = tuple(self.metric(name) for name in metrics)
        values: dict[str, Column] = {metric.name: partial(self.column, metric.name) for metric in chosen}
        tests = {name: test for name, test in self.test_metrics.items() if {name, test} <= values.keys()}
        return Table(
            self.name,
            self.space,
            self.rows,
            values,
            chosen,
            tests,
            self.source_order,
            notes=self.notes,
            skipped=self.skipped,
        )

    def to_pandas(self) -> "DataFrame":
        """A pandas DataFrame with the architectures as texts and a column for every metric, NaN where not measured.

        Raises:
            ArchrankError: pandas is not installed.
        """
        texts = [self.space.format(architecture) for architecture in self.architectures]
        return data_frame({"architecture": texts} | {m.name: self.column(m.name) for m in self.metrics})

    def __repr__(self) -> str:
        return f"<Table {self.name!r}: {self._size}>"

    @property
    def _size(self) -> str:
        return (
            f"{_count(len(self), 'architecture')} of {self.space.name}, {_count(len(self.metrics), 'metric')}"
        )

    def _repr_html_(self) -> str:
        """The table's metrics, for notebooks."""
        rows = [
            f"<tr><td>{escape(m.name)}</td><td>{m.split}</td><td>{'higher' if m.higher_is_better else 'lower'}</td>"
            f"<td>{'' if m.epochs is None else m.epochs}</td><td>{escape(m.meaning)}, {escape(m.seeds)}</td></tr>"
            for m in self.metrics[:_SHOWN]
        ]
        more = len(self.metrics) - len(rows)
        return (
            f"<p><b>{escape(self.name)}</b>: {escape(self._size)}</p><table><thead><tr><th>metric</th><th>split</th>"
            f"<th>better</th><th>epochs</th><th>meaning</th></tr></thead><tbody>{''.join(rows)}</tbody></table>"
            f"{f'<p>… and {more} more metrics</p>' if more else ''}"
        )


def _check_shape(name: str, space: SearchSpace, rows: Rows) -> None:
    """Refuse rows that cannot be those of a space.

    Raises:
        TableError: As said.
    """
    if space.conditional:
        if rows.ndim != 1:
            raise TableError(
                f"the table {name}: rows of shape {rows.shape}, expected (M,): what space.pack(architectures) returns, "
                f"for the choices of the space {space.name} depend on each other"
            )
    elif rows.ndim != 2 or rows.shape[1] != len(space.choices):
        raise TableError(
            f"the table {name}: rows of shape {rows.shape}, expected (M, {len(space.choices)}), "
            f"a column for every choice of the space {space.name}"
        )


def checked_table(
    name: str,
    space: SearchSpace,
    rows: Rows,
    values: Mapping[str, Floats],
    metrics: tuple[Metric, ...],
    test_metrics: Mapping[str, str] | None = None,
) -> Table:
    """Make a table of rows that come from elsewhere: sorted, and checked against the space.

    Args:
        name: The table's name.
        space: The space that the rows are said to belong to.
        rows: Option indices, in the order of the source's records: (M, number of choices).
        values: A column of M numbers for every metric.
        metrics: What the columns mean.
        test_metrics: As for :class:`Table`.

    Raises:
        TableError: A row that is no architecture of the space, not its canonical row, or there twice.
    """
    numbers = row_numbers(rows, space)
    order = np.lexsort(rows.T[::-1]) if numbers is None else np.argsort(numbers, kind="stable")
    rows = np.ascontiguousarray(rows[order])
    if not _are_all(space, rows):
        _check_rows(name, space, rows)
    rows.setflags(write=False)
    sorted_values = {m: np.asarray(v)[order] for m, v in values.items()}
    return Table(name, space, rows, sorted_values, metrics, test_metrics, source_order=np.argsort(order))


def _are_all(space: SearchSpace, rows: Rows) -> bool:
    """Whether sorted rows are all of the space: one comparison, where the space can be listed."""
    try:
        return len(rows) == space.size and np.array_equal(rows, space.rows())
    except SpaceError:
        return False


def _check_rows(name: str, space: SearchSpace, rows: Rows) -> None:
    before: tuple[int, ...] | None = None
    for row in map(tuple, rows.tolist()):
        try:
            canonical = space.architecture(row).choices
        except InvalidArchitecture as error:
            raise TableError(f"the table {name}: {error}") from None
        if canonical != row:
            raise TableError(f"the table {name}: {row} should be written {canonical}, as {space.name} does")
        if row == before:
            raise TableError(f"the table {name} has two rows for {space.format(space.architecture(row))}")
        before = row


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def _frozen(values: Floats) -> Floats:
    column = np.array(values, dtype=np.float64)
    column.setflags(write=False)
    return column
