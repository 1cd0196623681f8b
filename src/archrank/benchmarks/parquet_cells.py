"""Tables as Parquet: bounded by what they would take in memory, and read a column at a time."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from archrank.benchmarks.cells import Cells, check_names
from archrank.errors import TableError
from archrank.system.extras import extra_named
from archrank.system.foreign import message, shown

__all__ = ["check_size", "read_parquet_cells"]

MOST_ROWS = 20_000_000
MOST_CELLS = 200_000_000
MOST_BYTES = 1 << 32
"""Uncompressed, as the file states."""


def read_parquet_cells(path: Path) -> Cells:
    """Read a Parquet file; a column becomes Python's values when it is looked at.

    Raises:
        TableError: It is damaged, is no Parquet file, or is too large.
        OSError: The file cannot be read.
    """
    # Imported here, for CSV and JSON do without this large library.
    with extra_named(f"reading {path}"):
        import pyarrow as pa
        import pyarrow.parquet as pq

    with path.open("rb"):  # the operating system's own words for what cannot be opened
        pass
    try:
        file = pq.ParquetFile(path)
        check_size(str(path), file.metadata)
        texts = [field.name for field in file.schema_arrow if pa.types.is_string(field.type)]
        # Of a text that is repeated a hundred million times one copy is kept.
        content = pq.ParquetFile(path, read_dictionary=texts).read()
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        raise TableError(f"{path} is damaged, or not a Parquet file: {message(error, 200)}") from None
    check_names(str(path), content.column_names)
    return Cells(str(path), path.stem, _Columns(str(path), content), ())


def check_size(source: str, metadata: Any) -> None:
    """Refuse a Parquet file that would take too much memory, before any of it is read.

    Args:
        source: What messages call it.
        metadata: Its ``pyarrow.parquet.FileMetaData``.

    Raises:
        TableError: As said.
    """
    rows, columns = metadata.num_rows, metadata.num_columns
    size = sum(metadata.row_group(group).total_byte_size for group in range(metadata.num_row_groups))
    if rows > MOST_ROWS or rows * columns > MOST_CELLS or size > MOST_BYTES:
        raise TableError(
            f"{source} has {rows:,} rows, {columns:,} columns and {size:,} bytes; a table has at most {MOST_ROWS:,} "
            f"rows, {MOST_CELLS:,} cells and {MOST_BYTES:,} bytes"
        )


class _Columns(Mapping[str, Any]):
    """The columns by name, each made Python's values when it is looked at."""

    def __init__(self, source: str, content: Any) -> None:
        self._source = source
        self._content = content

    def __iter__(self) -> Iterator[str]:
        return iter(self._content.column_names)

    def __len__(self) -> int:
        return len(self._content.column_names)

    def __getitem__(self, name: str) -> Any:
        import pyarrow as pa

        column = self._content.column(name)
        try:
            if pa.types.is_dictionary(column.type):
                cells: list[Any] = []
                for chunk in column.chunks:
                    known = [*chunk.dictionary.to_pylist(), None]
                    cells += [known[index] for index in chunk.indices.fill_null(len(known) - 1).to_pylist()]
                return cells
            if (
                column.null_count == 0
                and (pa.types.is_floating(column.type) or pa.types.is_integer(column.type))
                and len(column) > _MANY
            ):
                return column.to_numpy()
            return column.to_pylist()
        except (pa.ArrowException, ValueError, OverflowError, TypeError, LookupError, OSError) as error:
            raise TableError(
                f"{self._source}: the column {shown(name)} of type {shown(str(column.type), 60)} cannot be read: "
                f"{message(error, 200)}"
            ) from None


_MANY = 100_000
"""Rows from which on numbers stay an array: as Python's numbers they would take four times the memory."""
