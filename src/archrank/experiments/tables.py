"""The table that a comparison is made on: a table, a benchmark's name, or measured architectures in another form."""

import warnings
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from archrank.benchmarks import Table, as_table, load_benchmark
from archrank.benchmarks.files import SUFFIXES
from archrank.errors import TableError
from archrank.space import SearchSpace

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["AnyTable", "compared_table"]

AnyTable: TypeAlias = "Table | str | Path | DataFrame"


def compared_table(
    table: Any, space: SearchSpace | None = None, minimize: Collection[str] | str = ()
) -> Table:
    """The table that is meant.

    Args:
        table: A table; a benchmark's name; or measured architectures as :func:`~archrank.benchmarks.as_table` takes
            them, such as a DataFrame or a file.
        space: The space of measured architectures.
        minimize: Their columns where lower is better.

    Raises:
        UnknownName: No such benchmark.
        TableError: Measured architectures without a space, or something other than a table.
    """
    if isinstance(table, Table):
        return table
    if isinstance(table, str) and not table.lower().endswith(SUFFIXES):
        return load_benchmark(table)
    if space is None:
        shown = table if isinstance(table, str | Path) else type(table).__name__
        raise TableError(
            f"{shown} needs space=, the search space of its architectures; a Table or a benchmark's name does without"
        )
    read = as_table(space, table, minimize=[minimize] if isinstance(minimize, str) else list(minimize))
    for note in read.notes:
        warnings.warn(note, stacklevel=3)
    return read
