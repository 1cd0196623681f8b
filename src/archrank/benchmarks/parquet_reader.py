"""Parquet tables from elsewhere: their columns, with messages that name file and row."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from archrank.benchmarks.import_schema import SourceFile
from archrank.benchmarks.parquet_cells import MOST_BYTES, check_size
from archrank.benchmarks.table import Floats
from archrank.errors import ArchrankError, TableError, UnknownName
from archrank.system.extras import extra_named
from archrank.system.files import is_file
from archrank.system.foreign import message, shown

__all__ = ["ParquetColumns", "read_parquet"]


@dataclass(frozen=True, slots=True)
class ParquetColumns:
    """A table that was read from a Parquet file.

    Attributes:
        content: A ``pyarrow.Table``.
        source: The file.
    """

    content: Any
    source: SourceFile

    @property
    def names(self) -> list[str]:
        """The names of the columns."""
        return list(self.content.column_names)

    def where(self, row: int) -> str:
        """What to call a row in messages."""
        return f"{self.source.name}: row {row + 1:,}"

    def column(self, name: str) -> list[Any]:
        """The cells of a column: (M,).

        Raises:
            TableError: They are no values that Python has, such as dates out of range.
        """
        import pyarrow as pa

        try:
            cells: list[Any] = self.content.column(name).to_pylist()
        except (pa.ArrowException, ArithmeticError, LookupError, TypeError, ValueError) as error:
            raise TableError(
                f"{self.source.name}: the column {name!r} cannot be read: {message(error, 200)}"
            ) from None
        return cells

    def lists(self, name: str) -> Any:
        """A column whose cells are lists, as an Arrow array of M lists.

        Raises:
            TableError: The cells are no lists.
        """
        import pyarrow as pa

        column = self.content.column(name)
        if not pa.types.is_list(column.type):
            raise TableError(
                f"{self.where(0)}: the column {name!r} holds no lists, but {shown(str(column.type))}"
            )
        return column.combine_chunks()

    def numbers(self, name: str, missing: Sequence[float] = ()) -> Floats:
        """A column of numbers, NaN where there is none: (M,).

        Args:
            name: The column's name.
            missing: Numbers that stand for "not measured".

        Raises:
            TableError: The column holds something else.
        """
        import pyarrow as pa

        try:
            numbers = self.content.column(name).cast(pa.float64()).to_numpy().astype(np.float64)
        except (pa.ArrowException, ValueError, TypeError) as error:
            raise TableError(
                f"{self.source.name}: the column {name!r} holds no numbers: {message(error, 200)}"
            ) from None
        numbers[np.isin(numbers, missing)] = np.nan
        if np.isinf(numbers).any():
            raise TableError(f"{self.where(int(np.isinf(numbers).argmax()))}: an infinite number in {name!r}")
        return numbers  # type: ignore[no-any-return]

    @contextmanager
    def naming(self, row: int) -> Iterator[None]:
        """Name the row in any error that is raised inside."""
        try:
            yield
        except (ArchrankError, ValueError) as error:
            raise TableError(f"{self.where(row)}: {error}") from None


def read_parquet(path: Path, required: Sequence[str]) -> ParquetColumns:
    """Read a Parquet file.

    Args:
        path: The file.
        required: Columns that must be there.

    Raises:
        TableError: The file cannot be read, is damaged, lacks a column, or has no rows.
    """
    with extra_named(f"reading {path}"):
        import pyarrow as pa
        import pyarrow.parquet as pq

    try:
        if not is_file(path):
            raise TableError(f"{path} cannot be read: it is no file")
        if (size := path.stat().st_size) > MOST_BYTES:
            raise TableError(f"{path} has {size:,} bytes, more than the {MOST_BYTES:,} of any known table")
        data = path.read_bytes()
    except OSError as error:
        raise TableError(f"{path} cannot be read: {error.strerror or error}") from None
    try:
        file = pq.ParquetFile(BytesIO(data))
        check_size(str(path), file.metadata)
        content = file.read()
    except TableError:
        raise
    except (pa.ArrowException, OSError, ValueError) as error:
        raise TableError(f"{path} is damaged, or not a Parquet file: {message(error, 200)}") from None
    for name in required:
        if name not in content.column_names:
            raise TableError(f"{path.name}: {UnknownName('column', name, content.column_names)}")
    if content.num_rows == 0:
        raise TableError(f"{path.name} holds no rows")
    return ParquetColumns(content, SourceFile(path.name, len(data), sha256(data).hexdigest()))
