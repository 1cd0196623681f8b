"""Imported tables: one Parquet file each, written once, loaded column by column.

Every page of the file carries a checksum, and so does its description. What it holds was checked when it was
imported, so loading looks at each number only when it is asked for.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from archrank.benchmarks.import_schema import LABELS, ImportedColumns, Label, Quantity, SourceFile
from archrank.benchmarks.indices import row_numbers
from archrank.benchmarks.parquet_cells import check_size
from archrank.benchmarks.table import Column, Floats, Table
from archrank.errors import TableError
from archrank.space import Rows, SearchSpace
from archrank.system.extras import extra_named
from archrank.system.files import write_whole
from archrank.system.foreign import message

__all__ = ["FORMAT", "load", "save"]

FORMAT = 1
"""Increased when earlier files can no longer be read."""

_CHOICES = "choices"
_DESCRIPTION = b"archrank"
_DIGEST = b"archrank.sha256"
_MOST_OPTIONS = 256


def save(path: Path, name: str, measured: ImportedColumns, label: Label = "mean") -> None:
    """Write measurements; the file appears whole or not at all.

    Args:
        path: The file.
        name: The table's name.
        measured: What to write.
        label: What the plain name of a quantity with several runs is to mean; all runs are kept.

    Raises:
        TableError: No quantity has such a run.
        FileError: The file cannot be written.
    """
    with extra_named("an imported table"):
        import pyarrow as pa
        import pyarrow.parquet as pq

    measured.check_label(label)
    space = measured.space
    if any(len(choice.options) > _MOST_OPTIONS for choice in space.choices):
        raise TableError(f"the space {space.name} has a choice of more than {_MOST_OPTIONS} options")
    description = {
        "format": FORMAT,
        "table": name,
        "space": space.name,
        "digest": space.digest,
        "label": label,
        "source": asdict(measured.source),
        "quantities": [asdict(quantity) for quantity in measured.quantities],
    }
    text = json.dumps(description, ensure_ascii=False).encode()
    width = len(space.choices)
    packed = np.ascontiguousarray(measured.rows, dtype=np.uint8)
    arrays = {
        _CHOICES: pa.FixedSizeBinaryArray.from_buffers(
            pa.binary(width), len(packed), [None, pa.py_buffer(packed)]
        )
    }
    for column, numbers in measured.columns.items():
        arrays[column] = pa.array(numbers() if callable(numbers) else numbers)
    content = pa.table(arrays).replace_schema_metadata({_DESCRIPTION: text, _DIGEST: _digest(text)})
    file = BytesIO()
    pq.write_table(
        content,
        file,
        compression="zstd",
        use_dictionary=False,
        column_encoding=dict.fromkeys(measured.columns, "BYTE_STREAM_SPLIT"),
        write_page_checksum=True,
        write_statistics=False,
    )
    write_whole(path, file.getvalue())


def load(path: Path, space: SearchSpace) -> Table:
    """Read an imported table.

    Args:
        path: The file that :func:`save` wrote.
        space: The space that its table is about.

    Raises:
        TableError: The file cannot be read, is damaged, of a later format, or about another space.
    """
    file = _File(path)
    about = file.description
    for what, found, expected in (("space", about.space, space.name), ("digest", about.digest, space.digest)):
        if found != expected:
            raise TableError(
                f"{path} was written for the {what} {found!r}, but {expected!r} is expected: import it again"
            )
    rows = _checked_rows(file.rows(), space, path)
    columns: dict[str, Column] = {c: file.reader(c) for q in about.quantities for c in q.columns}
    measured = ImportedColumns(space, rows, about.quantities, columns, about.source)
    return measured.table(about.table, about.label)


@dataclass(frozen=True, slots=True)
class _Description:
    """The description in the file."""

    table: str
    space: str
    digest: str
    label: Label
    source: SourceFile
    quantities: tuple[Quantity, ...]

    @classmethod
    def read(cls, text: bytes, path: Path) -> "_Description":
        record = json.loads(text)
        if record["format"] > FORMAT:
            raise TableError(
                f"{path} has the format {record['format']}, of a later archrank; this one reads up to {FORMAT}: "
                "update archrank, or import the official file again"
            )
        if record["label"] not in LABELS:
            raise ValueError(f"label {record['label']!r}")
        quantities = [Quantity(**(q | {"runs": tuple(q["runs"])})) for q in record["quantities"]]
        return cls(
            record["table"],
            record["space"],
            record["digest"],
            record["label"],
            SourceFile(**record["source"]),
            tuple(quantities),
        )


class _File:
    """An open file, so that all columns come from the same one even if another takes its place."""

    def __init__(self, path: Path) -> None:
        with extra_named(f"the imported table {path}"):
            import pyarrow as pa
            import pyarrow.parquet as pq

        self._path = path
        self._lock = Lock()
        self._damage = (pa.ArrowException, OSError, LookupError, ValueError, TypeError, AttributeError)
        try:
            self._file = pq.ParquetFile(path, page_checksum_verification=True)
            metadata: Mapping[bytes, bytes] = self._file.schema_arrow.metadata or {}
            check_size(str(path), self._file.metadata)
        except FileNotFoundError:
            raise TableError(f"{path}: no such file") from None
        except TableError:
            raise
        except self._damage as error:
            raise self._damaged(error) from None
        if _DESCRIPTION not in metadata:
            raise TableError(f"{path} is a Parquet file, but no imported table")
        text = metadata[_DESCRIPTION]
        if metadata.get(_DIGEST) != _digest(text):
            raise self._damaged("its description does not match its checksum")
        try:
            self.description = _Description.read(text, path)
        except self._damage as error:
            if isinstance(error, TableError):
                raise
            raise self._damaged(error) from None

    def rows(self) -> Rows:
        """The packed rows: (M, number of choices)."""
        column = self._column(_CHOICES)
        width = column.type.byte_width
        return np.frombuffer(column.buffers()[1], dtype=np.uint8)[: len(column) * width].reshape(-1, width)  # type: ignore[return-value]

    def reader(self, name: str) -> Callable[[], Floats]:
        """What reads a column of numbers."""

        def read() -> Floats:
            try:
                return np.asarray(self._column(name).to_numpy(zero_copy_only=False), dtype=np.float64)
            except (ValueError, TypeError) as error:
                if isinstance(error, TableError):
                    raise
                raise self._damaged(error) from None

        return read

    def _column(self, name: str) -> Any:
        import pyarrow as pa

        try:
            with self._lock:
                column = self._file.read(columns=[name], use_threads=False).column(0)
            joined = pa.concat_arrays(column.chunks)
        except self._damage as error:
            raise self._damaged(error) from None
        # A page's checksum covers its content, not the count of numbers in its header.
        if len(joined) != (rows := self._file.metadata.num_rows):
            raise self._damaged(f"{len(joined):,} of {rows:,} entries in the column {name!r}")
        return joined

    def _damaged(self, error: str | Exception) -> TableError:
        what = error if isinstance(error, str) else message(error, 200)
        return TableError(
            f"{self._path} is damaged, or no imported table: {what}; import the official file again"
        )


def _checked_rows(packed: Rows, space: SearchSpace, path: Path) -> Rows:
    """Rows that stand for distinct encodings of the space."""
    sizes = [len(choice.options) for choice in space.choices]
    if len(packed) == 0 or packed.shape[1] != len(sizes) or (packed >= np.array(sizes)).any():
        raise TableError(
            f"{path} holds rows that are no rows of {space.name}: import the official file again"
        )
    rows = packed.astype(np.int16)
    rows.setflags(write=False)
    numbers = row_numbers(rows, space)
    if numbers is not None and len(np.unique(numbers)) != len(numbers):
        raise TableError(f"{path} holds a row twice: import the official file again")
    return rows


def _digest(text: bytes) -> bytes:
    return sha256(text).hexdigest().encode()
