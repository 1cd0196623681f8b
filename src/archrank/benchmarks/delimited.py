"""Tables as delimited text: CSV, TSV, and what spreadsheets and statistics programs export."""

import codecs
import csv
import itertools
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np

from archrank.benchmarks.cells import Cells, check_names
from archrank.benchmarks.text_format import TextFormat
from archrank.errors import TableError

__all__ = ["read_delimited"]

DELIMITERS = (",", ";", "\t")
"""What is looked for in the first line."""

_CHUNK = 10_000
_LONGEST_LINE = 1 << 24
"""Characters; 50,000 columns need a twentieth."""

_REMEMBERED = 200_000


def read_delimited(path: Path, architecture_column: str, form: TextFormat) -> Cells:
    """Read a delimited text file, one chunk of lines at a time.

    Lines that begin with ``#`` are comments, blank lines are passed over, and so are rows without any filled cell.

    Args:
        path: The file.
        architecture_column: The name of the column of architectures, whose cells stay as they are.
        form: What is known of how it is written.

    Raises:
        TableError: A row of another length than the header, repeated names, or text that cannot be read.
        OSError: The file cannot be read.
        UnicodeDecodeError: It has another encoding.
    """
    with path.open(encoding=form.encoding or _encoding(path), newline="") as file:
        lines = _Lines(path, file)
        first, header, reader = _begin(path, lines, architecture_column, form)
        check_names(str(path), [name for name in header if name])
        columns = [_Column(name == architecture_column) for name in header]
        ends = array("q")
        chunk: list[list[str]] = []
        try:
            for row in first:
                lines.between = True
                cells = [cell.strip() for cell in row]
                if not any(cells):
                    continue
                if len(cells) > len(header) and not any(cells[len(header) :]):
                    del cells[len(header) :]
                ends.append(lines.count)
                if len(cells) != len(header):
                    raise TableError(
                        f"{path}, data row {len(ends)} (line {lines.count}): {len(cells)} cells, but {len(header)} "
                        "columns; a cell that holds the sign between cells "
                        f"({_named(reader.dialect.delimiter)}) needs quotes around it"
                    )
                chunk.append(cells)
                if len(chunk) == _CHUNK:
                    _add(columns, chunk)
                    chunk = []
        except csv.Error as error:
            raise TableError(f"{path}, line {lines.count}: {error}") from None
        if chunk:
            _add(columns, chunk)
    held = {name: column.cells for name, column in zip(header, columns, strict=True)}
    return Cells(str(path), path.stem, held, ends)


def _encoding(path: Path) -> str:
    """UTF-8, or what a byte-order mark says."""
    with path.open("rb") as file:
        begin = file.read(2)
    return "utf-16" if begin in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"


class _Lines:
    """The lines of a file that are no comments.

    Attributes:
        between: Whether the next line begins a row, so that it may be a comment.
        count: How many lines were read.
        comment: The last comment in front of the first line that is none.
    """

    def __init__(self, path: Path, file: IO[str]) -> None:
        self._path = path
        self._file = file
        self.between = True
        self.count = 0
        self.comment: str | None = None

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        while line := self._file.readline(_LONGEST_LINE + 1):
            self.count += 1
            if len(line) > _LONGEST_LINE:
                raise TableError(
                    f"{self._path}, line {self.count} has more than {_LONGEST_LINE:,} characters"
                )
            if self.between and line.startswith("#"):
                self.comment = line
                continue
            self.between = False
            return line
        raise StopIteration


def _begin(
    path: Path, lines: _Lines, architecture_column: str, form: TextFormat
) -> tuple[Iterator[list[str]], list[str], Any]:
    """The rows, the names of the columns, and the reader of the rows."""
    delimiter = form.delimiter
    line = next((line for line in lines if line.strip()), "")
    if delimiter is None and line.lower().startswith("sep=") and len(line.strip()) <= 5:  # Excel's own hint
        delimiter = line.strip()[4:] or "\t"
        line = next((line for line in lines if line.strip()), "")
    usual = "\t" if path.suffix.lower() == ".tsv" else ","
    delimiter = delimiter or _delimiter(line, architecture_column, usual)
    reader = csv.reader(
        itertools.chain([line], lines), delimiter=delimiter, strict=True, skipinitialspace=True
    )
    try:
        header = _names(next(reader, []))
        lines.between = True
        if architecture_column not in header and lines.comment is not None:
            # np.savetxt writes the header as a comment.
            commented = _names(next(csv.reader([lines.comment.lstrip("# ")], delimiter=delimiter), []))
            if architecture_column in commented and len(commented) == len(header):
                return itertools.chain([header], reader), commented, reader
    except csv.Error as error:
        raise TableError(f"{path}, line {lines.count}: {error}") from None
    return reader, header, reader


def _names(row: Sequence[str]) -> list[str]:
    names = [name.strip() for name in row]
    while names and not names[-1]:  # spreadsheets export empty columns at the end
        names.pop()
    return names


def _delimiter(line: str, architecture_column: str, usual: str) -> str:
    """The sign between the cells of a header: it sets the architecture column apart, or makes the most columns."""
    headers = {}
    for delimiter in sorted(DELIMITERS, key=lambda each: each != usual):
        try:
            headers[delimiter] = _names(next(csv.reader([line], delimiter=delimiter), []))
        except csv.Error:
            continue
    return max(
        headers,
        key=lambda each: (architecture_column in headers[each], len(headers[each])),
        default=usual,
    )


def _named(delimiter: str) -> str:
    return {",": "a comma", ";": "a semicolon", "\t": "a tab"}.get(delimiter, repr(delimiter))


class _Column:
    """The cells of a column: numbers while all are plain numbers, else texts, equal ones kept once."""

    def __init__(self, is_text: bool) -> None:
        self._is_text = is_text
        self._chunks: list[Any] = []
        self._known: dict[str, str] = {}

    def add(self, cells: Sequence[str]) -> None:
        if not self._is_text:
            try:
                numbers = np.array([*map(float, cells)], dtype=np.float64)
                if np.isfinite(numbers).all() and not any("_" in cell for cell in cells):
                    self._chunks.append(numbers)
                    return
            except ValueError:
                pass
        if len(self._known) > _REMEMBERED:
            self._known = {}
        self._chunks.append([self._known.setdefault(cell, cell) for cell in cells])

    @property
    def cells(self) -> Sequence[Any]:
        if self._chunks and all(isinstance(chunk, np.ndarray) for chunk in self._chunks):
            return np.concatenate(self._chunks)  # type: ignore[return-value]
        return [
            *itertools.chain.from_iterable(c if isinstance(c, list) else c.tolist() for c in self._chunks)
        ]


def _add(columns: Sequence[_Column], rows: Sequence[Sequence[str]]) -> None:
    for column, cells in zip(columns, zip(*rows, strict=True), strict=True):
        column.add(cells)
