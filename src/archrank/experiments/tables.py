"""The table that a comparison is made on: a table, a benchmark's name, a file, or a DataFrame."""

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from archrank.benchmarks import Table, load, read_table, table_from_frame
from archrank.benchmarks.files import SUFFIXES
from archrank.errors import TableError
from archrank.space import SearchSpace

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["AnyTable", "as_table"]

AnyTable: TypeAlias = "Table | str | Path | DataFrame"


def as_table(table: Any, space: SearchSpace | None = None, minimize: Collection[str] | str = ()) -> Table:
    """The table that is meant.

    Args:
        table: A table; a benchmark's name; or measured architectures: a DataFrame, or a file that
            :func:`~archrank.benchmarks.read_table` reads, both with a column ``architecture``.
        space: The space of measured architectures.
        minimize: Their columns where lower is better.

    Raises:
        UnknownName: No such benchmark.
        TableError: Measured architectures without a space, or something else than a table.
    """
    columns = [minimize] if isinstance(minimize, str) else list(minimize)
    if isinstance(table, Table):
        return table
    is_file = isinstance(table, Path) or (isinstance(table, str) and table.endswith(SUFFIXES))
    if isinstance(table, str) and not is_file:
        return load(table)
    is_frame = hasattr(table, "columns") and hasattr(table, "to_dict")
    if not is_file and not is_frame:
        raise TableError(
            f"{table!r} is no table; expected a Table, a benchmark's name, a file of measured architectures, or a "
            "DataFrame"
        )
    if not isinstance(space, SearchSpace):
        what = f"the table {table}" if is_file else "a DataFrame"
        raise TableError(
            f"{what} needs space=, the search space that its architectures belong to, not {space!r}"
        )
    if is_file:
        return read_table(table, space, minimize=columns)
    return table_from_frame(table, space, minimize=columns)
