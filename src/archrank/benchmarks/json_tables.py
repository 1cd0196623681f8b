"""Tables as JSON: a list of records, columns, what pandas writes, or a record a line."""

from array import array
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from archrank.benchmarks.cells import Cells, check_names
from archrank.benchmarks.text_format import TextFormat
from archrank.errors import TableError
from archrank.system.foreign import message, shown
from archrank.system.json_objects import read_json_text

__all__ = ["read_json", "read_json_lines"]

LARGEST = 1 << 28
"""Bytes of a JSON file, which takes about eight times as many in memory; JSON lines take less."""

MOST_CELLS = 100_000_000
"""Cells of all columns, those that no record fills included."""

_LONGEST_LINE = 1 << 24


def read_json(path: Path, form: TextFormat) -> Cells:
    """Read a list of records, a mapping of columns, or pandas' ``split`` or ``index`` orientation.

    Args:
        path: The file.
        form: Its encoding.

    Raises:
        TableError: Neither of these, a key that is there twice in one object, or larger than :data:`LARGEST`.
        OSError: The file cannot be read.
        UnicodeDecodeError: It has another encoding.
    """
    if (size := path.stat().st_size) > LARGEST:
        raise TableError(
            f"{path} has {size:,} bytes, a JSON table at most {LARGEST:,}; write it as .parquet, .jsonl or .csv"
        )
    try:
        held = read_json_text(path.read_text(encoding=form.encoding or "utf-8-sig"))
    except (ValueError, RecursionError) as error:
        if isinstance(error, UnicodeError):
            raise
        raise TableError(f"{path}: {message(error, 200)}") from None
    columns = _columns(path, held)
    lengths = {shown(name, 60): len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        raise TableError(f"{path}: columns of different lengths: {shown(lengths)}")
    return Cells(str(path), path.stem, columns, ())


def read_json_lines(path: Path, form: TextFormat) -> Cells:
    """Read a record a line; blank lines are passed over.

    Args:
        path: The file.
        form: Its encoding.

    Raises:
        TableError: A line that is no JSON object, or holds a key twice.
        OSError: The file cannot be read.
        UnicodeDecodeError: It has another encoding.
    """
    ends = array("q")
    columns: dict[str, list[Any]] = {}
    with path.open(encoding=form.encoding or "utf-8-sig") as file:
        line = 0
        while text := file.readline(_LONGEST_LINE + 1):
            line += 1
            if not text.strip():
                continue
            where = f"{path}, data row {len(ends) + 1} (line {line})"
            if len(text) > _LONGEST_LINE:
                raise TableError(f"{where} has more than {_LONGEST_LINE:,} characters")
            try:
                record = read_json_text(text)
            except (ValueError, RecursionError) as error:
                raise TableError(f"{where}: {message(error, 200)}") from None
            if not isinstance(record, dict):
                raise TableError(f"{where}: {shown(record)}, expected a JSON object")
            for name, value in record.items():
                if name not in columns:
                    columns[name] = [None] * len(ends)
                columns[name].append(value)
            ends.append(line)
            _check_cells(path, len(ends), len(columns))
            if len(record) < len(columns):
                for column in columns.values():
                    if len(column) < len(ends):
                        column.append(None)
    return Cells(str(path), path.stem, columns, ends)


def _columns(path: Path, held: Any) -> Mapping[str, Sequence[Any]]:
    if isinstance(held, list):
        return _of_records(path, held)
    if isinstance(held, dict):
        if (
            held.keys() >= {"columns", "data"}
            and isinstance(held["columns"], list)
            and isinstance(held["data"], list)
        ):
            return _of_split(path, held["columns"], held["data"])
        if held and all(isinstance(column, list) for column in held.values()):
            return held
        if held and all(isinstance(column, dict) for column in held.values()):
            records = [*held.values()]
            if all(key.isdigit() for key in held):  # pandas' orientation "index"
                return _of_records(path, records)
            keys = dict.fromkeys(key for column in records for key in column)
            return {name: [column.get(key) for key in keys] for name, column in held.items()}
    raise TableError(
        f"{path} holds {shown(held, 100)}, expected a list of records, such as "
        '[{"architecture": "…", "accuracy": 0.9}], or columns, such as {"architecture": ["…"], "accuracy": [0.9]}'
    )


def _of_records(path: Path, records: Sequence[Any]) -> Mapping[str, Sequence[Any]]:
    for row, record in enumerate(records):
        if not isinstance(record, dict):
            raise TableError(f"{path}, data row {row + 1}: {shown(record)}, expected a JSON object")
    names = dict.fromkeys(name for record in records for name in record)
    _check_cells(path, len(records), len(names))
    return {name: [record.get(name) for record in records] for name in names}


def _check_cells(path: Path, rows: int, columns: int) -> None:
    if rows * columns > MOST_CELLS:
        raise TableError(
            f"{path}: {rows:,} records have {columns:,} names, which makes more than {MOST_CELLS:,} cells"
        )


def _of_split(path: Path, names: Sequence[Any], rows: Sequence[Any]) -> Mapping[str, Sequence[Any]]:
    check_names(str(path), [str(name) for name in names])
    for row, cells in enumerate(rows):
        if not isinstance(cells, list) or len(cells) != len(names):
            raise TableError(f"{path}, data row {row + 1}: {shown(cells)}, expected {len(names)} values")
    return {str(name): [cells[place] for cells in rows] for place, name in enumerate(names)}
