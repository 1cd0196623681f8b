"""A user's own tables: CSV, TSV, Parquet, JSON or JSON lines, with an architecture column and columns of numbers."""

import csv
import io
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from archrank.architecture import Architecture
from archrank.benchmarks.cells import ARCHITECTURE, Cells
from archrank.benchmarks.delimited import read_delimited
from archrank.benchmarks.json_tables import read_json, read_json_lines
from archrank.benchmarks.parquet_cells import read_parquet_cells
from archrank.benchmarks.table import Table
from archrank.benchmarks.text_format import TextFormat
from archrank.errors import TableError, UnknownName
from archrank.space import SearchSpace
from archrank.system.arguments import checked_path
from archrank.system.extras import extra_named, installed, needs
from archrank.system.files import exists, is_file, write_whole
from archrank.system.foreign import shown

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

_DEFAULT = TextFormat()


def read_table(
    path: Path | str,
    space: SearchSpace,
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
    """Read measured architectures from a file.

    Arguments and errors are those of :func:`~archrank.benchmarks.as_table`, which reads them from other forms too.

    Args:
        path: A file that ends in ``.csv``, ``.tsv``, ``.parquet``, ``.jsonl`` or ``.json``.
        space: The space whose text form the architecture column is written in.
        architecture_column: Name of that column.
        metrics: The columns to read; None for all columns of numbers.
        target: The metric without which a row is left out; None for the first.
        minimize: Those of them where lower is better.
        test_metrics: As for :class:`~archrank.benchmarks.Table`.
        blanks: Whether rows without the target are kept.
        average: Whether rows of the same architecture are averaged.
        delimiter: The sign between the cells of a text file.
        decimal: The decimal sign.
        encoding: The encoding of a text file.

    Raises:
        TableError: The file cannot be read, or as for :func:`~archrank.benchmarks.as_table`. The message names file,
            row and value.
    """
    form = TextFormat(delimiter, decimal, encoding)
    return read_cells(Path(path), architecture_column, form).table(
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


def read_architectures(
    path: Path | str,
    space: SearchSpace,
    *,
    architecture_column: str = ARCHITECTURE,
    delimiter: str | None = None,
    encoding: str | None = None,
) -> list[Architecture]:
    """Read only the architectures of a file, each once, in the file's order.

    Args:
        path: A file as for :func:`read_table`.
        space: The space whose text form the architecture column is written in.
        architecture_column: Name of that column.
        delimiter: The sign between the cells of a text file.
        encoding: The encoding of a text file.

    Raises:
        TableError: As for :func:`read_table`.
    """
    cells = read_cells(Path(path), architecture_column, TextFormat(delimiter, None, encoding))
    return list(dict.fromkeys(cells.architectures(space, architecture_column)))


def write_table(path: Path | str, columns: Columns) -> None:
    """Write columns of equal length as CSV, TSV, Parquet, JSON or JSON lines; the file appears whole or not at all.

    Args:
        path: A file that ends in ``.csv``, ``.tsv``, ``.parquet``, ``.jsonl`` or ``.json``; one that is there already
            is replaced.
        columns: The columns by name, in order.

    Raises:
        TableError: Another suffix, or columns of different lengths.
        FileError: A place that cannot be written to.
    """
    path = checked_path("path", path)
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
        TableError: Another suffix.
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


def read_cells(path: Path, architecture_column: str = ARCHITECTURE, form: TextFormat = _DEFAULT) -> Cells:
    """Read the cells of a file.

    Args:
        path: The file.
        architecture_column: The name of the column of architectures.
        form: What is known of how a text file is written.

    Raises:
        TableError: Another suffix, or a file that cannot be read or holds no rows.
    """
    path = checked_path("path", path, TableError)
    if not path.suffix and not exists(path):
        raise TableError(f"{shown(str(path))}: there is no such file or folder")
    read = _format(path, _READERS)
    if is_file(path) or not exists(path):  # never wait for what a pipe may give
        return _read(path, partial(read, path, architecture_column, form), form)
    raise TableError(f"{shown(str(path))} cannot be read: it is no file")


def _read(path: Path, read: Callable[[], Cells], form: TextFormat) -> Cells:
    try:
        cells = read()
    except FileNotFoundError:
        raise TableError(f"{path}: no such file") from None
    except UnicodeError as error:
        place = f": byte {error.start} cannot be read" if isinstance(error, UnicodeDecodeError) else ""
        name = "UTF-8" if form.encoding in (None, "utf-8-sig") else form.encoding
        raise TableError(
            f"{path} is not {name} text{place}; name its encoding, such as encoding='latin-1' (--encoding latin-1) or "
            "cp1252, which older spreadsheets write"
        ) from None
    except OSError as error:
        raise TableError(f"{shown(str(path))} cannot be read: {error.strerror or error}") from None
    except MemoryError:
        raise TableError(f"{path} needs more memory than there is") from None
    if not any(map(len, cells.columns.values())):
        raise TableError(f"{path} holds no rows")
    return cells


def _format(path: Path, formats: Mapping[str, T]) -> T:
    suffix = path.suffix.lower()
    if not suffix:
        raise TableError(
            f"{shown(str(path))}: a table's name ends in {', '.join(formats)}, and this one has no ending"
        )
    if suffix not in formats:
        excel = "; save the sheet as CSV" if suffix.startswith((".xls", ".ods")) else ""
        raise TableError(f"{shown(str(path))}: {UnknownName('kind of table', suffix, formats)}{excel}")
    return formats[suffix]


def _delimited_bytes(columns: Columns, delimiter: str) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
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


def _json_bytes(columns: Columns) -> bytes:
    records = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return (json.dumps(records, ensure_ascii=False, indent=1) + "\n").encode()


_READERS: Mapping[str, Callable[[Path, str, TextFormat], Cells]] = {
    ".csv": read_delimited,
    ".tsv": read_delimited,
    ".parquet": lambda path, *_: read_parquet_cells(path),
    ".jsonl": lambda path, _, form: read_json_lines(path, form),
    ".json": lambda path, _, form: read_json(path, form),
}
_WRITERS: Mapping[str, Callable[[Columns], bytes]] = {
    ".csv": partial(_delimited_bytes, delimiter=","),
    ".tsv": partial(_delimited_bytes, delimiter="\t"),
    ".parquet": _parquet_bytes,
    ".jsonl": _jsonl_bytes,
    ".json": _json_bytes,
}

SUFFIXES = tuple(_READERS)
"""The kinds of file that are read and written."""
