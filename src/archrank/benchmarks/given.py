"""What a user may give as measured architectures: a table, a file, a DataFrame, records or columns."""

import os
from collections import Counter
from collections.abc import Collection, Mapping, Sequence, Set
from pathlib import Path
from typing import Any

from archrank.architecture import Architecture
from archrank.benchmarks.cells import ARCHITECTURE, Cells
from archrank.benchmarks.files import SUFFIXES, read_cells
from archrank.benchmarks.table import Table
from archrank.benchmarks.text_format import TextFormat
from archrank.errors import TableError
from archrank.given import architectures_of, check_is_space, values_of
from archrank.space import SearchSpace
from archrank.spaces.named import named_space
from archrank.system.arguments import checked_texts
from archrank.system.foreign import shown

__all__ = ["as_architectures", "as_table", "cells_of"]

_FORMS = "expected a Table, a file ({}), a DataFrame, a list of dicts or a dict of columns".format(
    ", ".join(SUFFIXES)
)


def as_table(
    space: SearchSpace | str,
    measured: Any,
    *,
    architecture_column: str = ARCHITECTURE,
    metrics: Sequence[str] | None = None,
    target: str | None = None,
    minimize: Collection[str] = (),
    test_metrics: Mapping[str, str] | None = None,
    blanks: bool = False,
    average: bool = False,
    delimiter: str | None = None,
    decimal: str | None = None,
    encoding: str | None = None,
) -> Table:
    """The table of measured architectures that a user gives in any of several forms.

    Without ``metrics`` every column in which at least half of the filled cells are numbers is a metric, in the given
    order; columns such as ``seed`` and unnamed index columns are left out. With ``metrics`` only those are read.

    Blanks, NaN and words such as ``OOM`` mean that nothing was measured. Rows without the target are left out:
    :attr:`Table.skipped` counts them, and :attr:`Table.notes` quotes their values; in other columns they are NaN.
    Percent signs are dropped. A decimal comma is accepted if the column has no other reading. Rows of the same
    architecture with the same numbers count once.

    Args:
        space: The space of the architectures, or its name.
        measured: A :class:`Table` of that space; the path of a ``.csv``, ``.tsv``, ``.parquet``, ``.jsonl`` or
            ``.json`` file; a DataFrame of pandas, or of another library with ``columns`` and ``to_list``; a list of
            dicts, one for each row; or a dict of columns. Architectures are texts or, except in files,
            :class:`~archrank.Architecture` objects.
        architecture_column: The name of the column of architectures.
        metrics: The columns to read; the first is the one that search selects by.
        target: The metric without which a row is left out; None for the first.
        minimize: Those of them where lower is better.
        test_metrics: As for :class:`Table`.
        blanks: Whether rows without the target are kept, as NaN.
        average: Whether rows of the same architecture with different numbers, such as several seeds, are averaged.
        delimiter: The delimiter of a text file, such as ``";"`` or ``"tab"``; None detects it from the first line.
        decimal: The decimal sign of texts, ``"."`` or ``","``; None detects it from the column.
        encoding: The encoding of a text file; None for UTF-8, or that of a byte-order mark.

    Raises:
        TableError: None of these forms; a file that cannot be read; a column is missing; a cell starts like a number
            but is not one, or a column holds no number at all; an architecture does not parse or is outside the space;
            one architecture has two different rows. The message names source, row and value.

    >>> from archrank.spaces import NASBench201
    >>> text = "|nor_conv_3x3~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|"
    >>> as_table(NASBench201(), [{"architecture": text, "accuracy": 0.9}])
    <Table 'the records': 1 architecture of nas-bench-201, 1 metric>
    """
    if isinstance(space, str):
        space = named_space(space)
    check_is_space(space)
    if not isinstance(architecture_column, str):
        raise TableError(
            f"architecture_column is {shown(architecture_column)}, expected the name of a column"
        )
    metrics = None if metrics is None else checked_texts("metrics", metrics, "accuracy")
    if not isinstance(minimize, Set | Mapping):
        minimize = checked_texts("minimize", minimize, "loss")
    if not all(isinstance(name, str) for name in minimize):
        raise TableError(f"minimize is {shown(minimize)}, expected names of metrics such as ['loss']")
    if not isinstance(test_metrics, Mapping | None):
        raise TableError(
            f"test_metrics is {shown(test_metrics)}, expected a mapping of metrics to test metrics"
        )
    if not isinstance(measured, Table):
        return cells_of(measured, architecture_column, TextFormat(delimiter, decimal, encoding)).table(
            space,
            architecture_column=architecture_column,
            metrics=metrics,
            target=target,
            minimize=minimize,
            test_metrics=test_metrics,
            blanks=blanks,
            average=average,
            decimal=decimal,
        )
    if measured.space.name != space.name:
        raise TableError(
            f"the table {measured.name} is about the space {measured.space.name}, not {space.name}; "
            "give its space, table.space"
        )
    if measured.space.fingerprint != space.fingerprint:
        raise TableError(
            f"the table {measured.name} is about another version of the space {space.name}: its choices or options "
            "were edited since, so its rows mean other architectures; give its architectures as texts, "
            "table.space.format(a), or search with known=table, which reads these"
        )
    return measured if metrics is None else measured.select(metrics)


def as_architectures(
    space: SearchSpace,
    given: Any,
    *,
    architecture_column: str = ARCHITECTURE,
    delimiter: str | None = None,
    encoding: str | None = None,
) -> list[Architecture]:
    """The architectures that a user gives in any of several forms, each once, in the given order.

    Args:
        space: The space of the architectures.
        given: Anything that :func:`as_table` takes, of which only the column of architectures is read; or architectures
            in any form of :data:`~archrank.given.ArchitecturesLike` but a text alone, which is the path of a file.
        architecture_column: The name of the column of architectures.
        delimiter: The sign between the cells of a text file.
        encoding: The encoding of a text file.

    Raises:
        TableError: As for :func:`as_table`.
    """
    check_is_space(space)
    if isinstance(given, Table):
        return as_table(space, given).architectures
    if _are_cells(space, given, architecture_column):
        cells = cells_of(given, architecture_column, TextFormat(delimiter, None, encoding))
        return list(dict.fromkeys(cells.architectures(space, architecture_column)))
    return list(dict.fromkeys(architectures_of(space, given, empty=True)))


def cells_of(given: Any, architecture_column: str, form: TextFormat) -> Cells:
    """The cells of anything but a table.

    Raises:
        TableError: None of the forms that :func:`as_table` takes, or a file that cannot be read.
    """
    if isinstance(given, str | os.PathLike):
        return read_cells(Path(given), architecture_column, form)
    if hasattr(given, "columns") and hasattr(given, "__getitem__"):
        return _filled(Cells("the DataFrame", "the DataFrame", _frame_columns(given, architecture_column)))
    if isinstance(given, Mapping) and all(_is_column(column) for column in given.values()):
        columns = {str(name): _plain(column) for name, column in given.items()}
        lengths = {name: len(column) for name, column in columns.items()}
        if len(set(lengths.values())) > 1:
            raise TableError(f"columns of different lengths: {lengths}")
        return _filled(Cells("the columns", "the columns", columns))
    if _are_records(given):
        names = dict.fromkeys(name for record in given for name in record)
        columns = {str(name): _plain([record.get(name) for record in given]) for name in names}
        return _filled(Cells("the records", "the records", columns))
    raise TableError(f"{shown(given, 100)} is no table; {_FORMS}")


def _filled(cells: Cells) -> Cells:
    if not any(map(len, cells.columns.values())):
        raise TableError(f"no rows in {cells.source}: give at least one architecture")
    return cells


def _are_cells(space: SearchSpace, given: Any, architecture_column: str) -> bool:
    """Whether it is a file or cells by column, and not architectures alone in a form of ``ArchitecturesLike``."""
    if isinstance(given, str | os.PathLike):
        return True
    if hasattr(given, "columns"):
        names = list(getattr(given, "column_names", given.columns))
    elif _are_records(given):
        names = list(given[0])
    elif isinstance(given, Mapping):
        return all(map(_is_column, given.values()))
    else:
        return False
    # Options by the names of the choices, where there is no column of architectures.
    by_choice = architecture_column not in names and {choice.name for choice in space.choices} <= set(names)
    return not by_choice


def _are_records(given: Any) -> bool:
    return (
        isinstance(given, Sequence)
        and len(given) > 0
        and all(isinstance(record, Mapping) for record in given)
    )


def _is_column(value: object) -> bool:
    return not isinstance(value, str | bytes | Mapping) and hasattr(value, "__len__")


def _frame_columns(frame: Any, architecture_column: str) -> dict[str, list[Any]]:
    """The columns of a DataFrame of any library; architectures may be its index."""
    names = list(getattr(frame, "column_names", frame.columns))  # the columns of pyarrow are not their names
    if repeated := [name for name, count in Counter(names).items() if count > 1]:
        raise TableError(f"the DataFrame has two columns named {shown(repeated[0])}")
    columns = {str(name): _plain(frame[name]) for name in names}
    index: Any = getattr(frame, "index", None)
    if architecture_column not in columns and getattr(index, "name", None) == architecture_column:
        columns[architecture_column] = list(index)
    return columns


def _plain(column: Any) -> list[Any]:
    """The cells of a column, None where pandas or NumPy mark that there is no value."""
    return [None if _is_missing(cell) else cell for cell in values_of(column)]


def _is_missing(cell: object) -> bool:
    return (isinstance(cell, float) and cell != cell) or type(cell).__name__ in ("NAType", "NaTType")
