"""A user's own tables: CSV, Parquet or JSON lines, with an architecture column and columns of numbers."""

import csv
import io
import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from archrank.architecture import Architecture
from archrank.benchmarks.cells import ARCHITECTURE, Cells
from archrank.benchmarks.table import Table
from archrank.errors import TableError, UnknownName
from archrank.space import SearchSpace
from archrank.system.extras import extra_named, installed, needs
from archrank.system.files import write_whole

__all__ = [
    "SUFFIXES",
    "check_writable",
    "kept_table",
    "read_architectures",
    "read_cells",
    "read_table",
    "write_table",
]

Columns = Mapping[str, Sequence[Any] | npt.NDArray[Any]]

T = TypeVar("T")


def read_table(
    path: Path | str,
    space: SearchSpace,
    *,
    architecture_column: str = ARCHITECTURE,
    metrics: Sequence[str] | None = None,
    minimize: Collection[str] = (),
    test_metrics: Mapping[str, str] | None = None,
    blanks: bool = False,
) -> Table:
    """Read measured architectures from a file.

    Without ``metrics`` every column in which at least half of the filled cells are numbers is a metric, in
    the file's order, and must then hold a finite number in every row; other columns are left out. With
    ``metrics`` only those are read. Rows of the same architecture with the same numbers count once.

    Args:
        path: A file that ends in ``.csv``, ``.parquet`` or ``.jsonl``.
        space: The space whose text form the architecture column is written in.
        architecture_column: Name of that column.
        metrics: The columns to read; the first is the one that search selects by.
        minimize: Those of them where lower is better.
        test_metrics: As for :class:`~archrank.benchmarks.Table`.
        blanks: Whether empty cells mean that something was not measured, and are read as NaN.

    Raises:
        TableError: The file cannot be read; a column is missing; a cell holds no finite number; an
            architecture does not parse or is outside the space; one architecture has two different rows. The
            message names file, row and value.
    """
    return read_cells(Path(path)).table(
        space,
        architecture_column=architecture_column,
        metrics=metrics,
        minimize=minimize,
        test_metrics=test_metrics,
        blanks=blanks,
    )


def read_architectures(
    path: Path | str, space: SearchSpace, *, architecture_column: str = ARCHITECTURE
) -> list[Architecture]:
    """Read only the architectures of a file, each once, in the file's order.

    Args:
        path: A file that ends in ``.csv``, ``.parquet`` or ``.jsonl``.
        space: The space whose text form the architecture column is written in.
        architecture_column: Name of that column.

    Raises:
        TableError: As for :func:`read_table`.
    """
    return list(dict.fromkeys(read_cells(Path(path)).architectures(space, architecture_column)))


def write_table(path: Path | str, columns: Columns) -> None:
    """Write columns of equal length as CSV, Parquet or JSON lines; the file appears whole or not at all.

    Args:
        path: A file that ends in ``.csv``, ``.parquet`` or ``.jsonl``; one that is there already is replaced.
        columns: The columns by name, in order.

    Raises:
        TableError: Another suffix, or columns of different lengths.
        FileError: A place that cannot be written to.
    """
    path = Path(path)
    encode = _format(path, _WRITERS)
    # NumPy's numbers become Python's, which JSON knows.
    plain = {
        n: [c.item() if isinstance(c, np.generic) else c for c in column] for n, column in columns.items()
    }
    lengths = {name: len(column) for name, column in plain.items()}
    if len(set(lengths.values())) > 1:
        raise TableError(f"{path}: columns of different lengths: {lengths}")
    write_whole(path, encode(plain))


def check_writable(path: Path | str) -> None:
    """Check that :func:`write_table` can write a file of this name, before there is anything to write.

    Args:
        path: The file.

    Raises:
        TableError: Another suffix than ``.csv``, ``.parquet`` or ``.jsonl``.
        MissingExtra: Parquet files need pyarrow, which is not installed.
    """
    if _format(Path(path), _WRITERS) is _parquet_bytes:
        needs("parquet", "pyarrow", what=f"writing {path}")


def kept_table(path: Path) -> Path:
    """Where a folder keeps a table that is a Parquet file by default: as JSON lines where pyarrow is not installed.

    A file that is there already is kept on with.

    Args:
        path: The Parquet file.
    """
    lines = path.with_suffix(".jsonl")
    return lines if not path.exists() and (lines.exists() or not installed("pyarrow")) else path


def read_cells(path: Path) -> Cells:
    """Read the cells of a file.

    Raises:
        TableError: Another suffix, or a file that cannot be read or holds no rows.
    """
    read = _format(path, _READERS)
    try:
        cells = read(path)
    except FileNotFoundError:
        raise TableError(f"{path}: no such file") from None
    except UnicodeDecodeError as error:
        raise TableError(f"{path} is not UTF-8 text: byte {error.start} cannot be read") from None
    except OSError as error:
        raise TableError(f"{path} cannot be read: {error.strerror or error}") from None
    if not any(cells.columns.values()):
        raise TableError(f"{path} holds no rows")
    return cells


def _format(path: Path, formats: Mapping[str, T]) -> T:
    suffix = path.suffix.lower()
    if suffix not in formats:
        raise TableError(f"{path}: {UnknownName('kind of table', suffix, formats)}")
    return formats[suffix]


def _read_csv(path: Path) -> Cells:
    lines: list[int] = []
    rows: list[list[str]] = []
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, strict=True)
        try:
            header = [name.strip() for name in next(reader, [])]
            _no_repeats(path, header)
            for row in reader:
                if not row:
                    continue
                rows.append([cell.strip() for cell in row])
                lines.append(reader.line_num)
                if len(row) != len(header):
                    raise TableError(
                        f"{path}, data row {len(rows)} (line {reader.line_num}): {len(row)} cells, but "
                        f"{len(header)} columns; a cell that holds a comma needs quotes around it"
                    )
        except csv.Error as error:
            raise TableError(f"{path}, line {reader.line_num}: {error}") from None
    columns = {name: [row[index] for row in rows] for index, name in enumerate(header)}
    return Cells(str(path), path.stem, columns, lines, texts=True)


def _read_jsonl(path: Path) -> Cells:
    lines: list[int] = []
    records: list[dict[str, Any]] = []
    with path.open(encoding="utf-8-sig") as file:
        for line, text in enumerate(file, start=1):
            if not text.strip():
                continue
            try:
                record = json.loads(text)
            except (json.JSONDecodeError, RecursionError) as error:
                raise TableError(f"{path}, data row {len(records) + 1} (line {line}): {error}") from None
            if not isinstance(record, dict):
                raise TableError(
                    f"{path}, data row {len(records) + 1} (line {line}): {record!r}, expected a JSON object"
                )
            records.append(record)
            lines.append(line)
    names = dict.fromkeys(name for record in records for name in record)
    return Cells(
        str(path), path.stem, {name: [r.get(name) for r in records] for name in names}, lines, texts=False
    )


def _read_parquet(path: Path) -> Cells:
    # Imported here, for CSV and JSON lines do without this large library.
    with extra_named(f"reading {path}"):
        import pyarrow as pa
        import pyarrow.parquet as pq

    try:
        content = pq.read_table(path)
    except pa.ArrowException as error:
        raise TableError(f"{path} is damaged, or not a Parquet file: {error}") from None
    _no_repeats(path, content.column_names)
    return Cells(str(path), path.stem, content.to_pydict(), (), texts=False)


def _no_repeats(path: Path, header: Sequence[str]) -> None:
    if repeated := [name for name in dict.fromkeys(header) if header.count(name) > 1]:
        raise TableError(f"{path} has two columns named {repeated[0]!r}")


def _csv_bytes(columns: Columns) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return text.getvalue().encode()


def _jsonl_bytes(columns: Columns) -> bytes:
    rows = zip(*columns.values(), strict=True)
    return "".join(
        json.dumps(dict(zip(columns, row, strict=True)), ensure_ascii=False) + "\n" for row in rows
    ).encode()


def _parquet_bytes(columns: Columns) -> bytes:
    with extra_named("a Parquet file"):
        import pyarrow as pa
        import pyarrow.parquet as pq

    content = io.BytesIO()
    pq.write_table(pa.table(dict(columns)), content)
    return content.getvalue()


_READERS = {".csv": _read_csv, ".parquet": _read_parquet, ".jsonl": _read_jsonl}
_WRITERS = {".csv": _csv_bytes, ".parquet": _parquet_bytes, ".jsonl": _jsonl_bytes}

SUFFIXES = tuple(_READERS)
"""The kinds of file that are read and written."""
