"""A user's own tables: CSV, Parquet or JSON lines, with an architecture column and columns of numbers."""

import csv
import io
import json
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from archrank.architecture import Architecture
from archrank.benchmarks.table import Metric, Table
from archrank.errors import ArchrankError, TableError, UnknownName
from archrank.files import write_whole
from archrank.space import SearchSpace

__all__ = ["SUFFIXES", "read_architectures", "read_table", "write_table"]

Columns = Mapping[str, Sequence[Any] | npt.NDArray[Any]]

T = TypeVar("T")


def read_table(
    path: Path | str,
    space: SearchSpace,
    *,
    architecture_column: str = "architecture",
    metrics: Sequence[str] | None = None,
    minimize: Collection[str] = (),
    test_metrics: Mapping[str, str] | None = None,
    blanks: bool = False,
) -> Table:
    """Read measured architectures from a file.

    Without ``metrics`` every column in which at least half of the filled cells are numbers is a metric, in
    the file's order, and must then hold a finite number in every row; other columns are left out. With
    ``metrics`` only those are read. Rows that say the same architecture with the same numbers count once.

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
    sheet = _read(Path(path))
    cells = sheet.column(architecture_column)
    chosen = list(metrics) if metrics is not None else sheet.number_columns(architecture_column)
    for name in minimize:
        if name not in chosen:
            raise TableError(f"{sheet.path}: to minimise: {UnknownName('metric', name, chosen)}")
    if not chosen:
        raise TableError(
            f"{sheet.path} has no column of numbers, only {', '.join(map(repr, sheet.columns))}; "
            "a table needs at least one measurement beside the architecture"
        )
    numbers = {name: sheet.numbers(name, blanks) for name in chosen}
    first: dict[Architecture, int] = {}
    for row, cell in enumerate(cells):
        architecture = _architecture(sheet, architecture_column, row, cell, space)
        earlier = first.setdefault(architecture, row)
        for name, column in numbers.items():
            if not _same(column[row], column[earlier]):
                raise TableError(
                    f"{sheet.path}: {sheet.place(earlier)} and {sheet.place(row)} are the same architecture, "
                    f"{space.format(architecture)}, with different {name!r}: "
                    f"{column[earlier]} and {column[row]}; "
                    "keep one row for each architecture, e.g. the mean"
                )
    rows = np.array([a.choices for a in first], dtype=np.int16)
    return Table(
        sheet.path.stem,
        space,
        rows,
        {name: np.array([column[row] for row in first.values()]) for name, column in numbers.items()},
        tuple(
            Metric(
                name,
                f"column {name!r} of {sheet.path.name}",
                "unstated",
                name not in minimize,
                seeds="unstated",
            )
            for name in chosen
        ),
        test_metrics,
    )


def read_architectures(
    path: Path | str, space: SearchSpace, *, architecture_column: str = "architecture"
) -> list[Architecture]:
    """Read only the architectures of a file, each once, in the file's order.

    Args:
        path: A file that ends in ``.csv``, ``.parquet`` or ``.jsonl``.
        space: The space whose text form the architecture column is written in.
        architecture_column: Name of that column.

    Raises:
        TableError: As for :func:`read_table`.
    """
    sheet = _read(Path(path))
    cells = sheet.column(architecture_column)
    parsed = (_architecture(sheet, architecture_column, row, cell, space) for row, cell in enumerate(cells))
    return list(dict.fromkeys(parsed))


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


@dataclass(frozen=True, slots=True)
class _Sheet:
    """The cells of a file.

    Attributes:
        path: The file.
        columns: The cells of every column by its name.
        lines: For text files the line that each row ends on.
        texts: Whether every cell is a text, as in CSV, so that numbers must be read out of texts.
    """

    path: Path
    columns: dict[str, list[Any]]
    lines: list[int] | None
    texts: bool

    def place(self, row: int) -> str:
        line = f" (line {self.lines[row]})" if self.lines else ""
        return f"data row {row + 1}{line}"

    def column(self, name: str) -> list[Any]:
        if name not in self.columns:
            raise TableError(f"{self.path}: {UnknownName('column', name, self.columns)}")
        return self.columns[name]

    def number_columns(self, architecture_column: str) -> list[str]:
        found = []
        for name, cells in self.columns.items():
            # An index that pandas wrote along is no measurement.
            if name == architecture_column or not name or name.startswith("__index_level_"):
                continue
            filled = [cell for cell in cells if cell is not None and cell != ""]
            numbers = sum(_number(cell, self.texts) is not None for cell in filled)
            if numbers and 2 * numbers >= len(filled):
                found.append(name)
        return found

    def numbers(self, name: str, blanks: bool) -> list[float]:
        numbers = []
        for row, cell in enumerate(self.column(name)):
            if blanks and (cell is None or cell == ""):
                numbers.append(math.nan)
                continue
            number = _number(cell, self.texts)
            if number is None or not math.isfinite(number):
                what = "no value" if cell is None or cell == "" else f"{cell!r}"
                raise TableError(
                    f"{self.path}, {self.place(row)}: {what} in column {name!r}, expected a finite number; "
                    "mend or remove the row, or name the columns to read"
                )
            numbers.append(number)
        return numbers


def _same(a: float, b: float) -> bool:
    return a == b or (math.isnan(a) and math.isnan(b))


def _number(cell: object, texts: bool) -> float | None:
    """The number in a cell, perhaps NaN or infinite; None where the cell holds no number."""
    if isinstance(cell, str):
        # Python would read 1_000 as a number; nobody means that in a table.
        if not texts or "_" in cell:
            return None
        try:
            return float(cell)
        except ValueError:
            return None
    if isinstance(cell, int | float | Decimal) and not isinstance(cell, bool):
        try:
            return float(cell)
        except OverflowError:
            return math.inf
    return None


def _architecture(sheet: _Sheet, column: str, row: int, cell: object, space: SearchSpace) -> Architecture:
    if isinstance(cell, dict):  # JSON lines may hold the object itself rather than its text
        cell = json.dumps(cell, ensure_ascii=False)
    where = f"{sheet.path}, {sheet.place(row)}"
    if not isinstance(cell, str) or not cell:
        what = "no architecture" if cell is None or cell == "" else f"{cell!r}"
        raise TableError(
            f"{where}: {what} in column {column!r}, expected an architecture of {space.name} as text"
        )
    try:
        return space.parse(cell)
    except ArchrankError as error:
        raise TableError(f"{where}, column {column!r}: {error}") from None


def _read(path: Path) -> _Sheet:
    read = _format(path, _READERS)
    try:
        sheet = read(path)
    except FileNotFoundError:
        raise TableError(f"{path}: no such file") from None
    except UnicodeDecodeError as error:
        raise TableError(f"{path} is not UTF-8 text: byte {error.start} cannot be read") from None
    except OSError as error:
        raise TableError(f"{path} cannot be read: {error.strerror or error}") from None
    if not any(sheet.columns.values()):
        raise TableError(f"{path} holds no rows")
    return sheet


def _format(path: Path, formats: Mapping[str, T]) -> T:
    suffix = path.suffix.lower()
    if suffix not in formats:
        raise TableError(f"{path}: {UnknownName('kind of table', suffix, formats)}")
    return formats[suffix]


def _read_csv(path: Path) -> _Sheet:
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
    columns = {name: [row[place] for row in rows] for place, name in enumerate(header)}
    return _Sheet(path, columns, lines, texts=True)


def _read_jsonl(path: Path) -> _Sheet:
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
    return _Sheet(path, {name: [r.get(name) for r in records] for name in names}, lines, texts=False)


def _read_parquet(path: Path) -> _Sheet:
    # Imported here, for CSV and JSON lines do without this large library.
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        content = pq.read_table(path)
    except pa.ArrowException as error:
        raise TableError(f"{path} is damaged, or not a Parquet file: {error}") from None
    _no_repeats(path, content.column_names)
    return _Sheet(path, content.to_pydict(), None, texts=False)


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
    import pyarrow as pa
    import pyarrow.parquet as pq

    content = io.BytesIO()
    pq.write_table(pa.table(dict(columns)), content)
    return content.getvalue()


_READERS = {".csv": _read_csv, ".parquet": _read_parquet, ".jsonl": _read_jsonl}
_WRITERS = {".csv": _csv_bytes, ".parquet": _parquet_bytes, ".jsonl": _jsonl_bytes}

SUFFIXES = tuple(_READERS)
"""The kinds of file that are read and written."""
