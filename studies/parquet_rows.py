"""The rows of a Parquet file that a study adds to as it goes, so that an interrupted one continues."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from archrank.system.files import write_whole

__all__ = ["Rows"]


class Rows:
    """The rows of a file, which is written whole with every new one.

    Args:
        path: The file; it need not exist.
        kinds: The columns and their types.
        key: The columns that tell one row from another.

    Attributes:
        rows: The rows so far.
    """

    def __init__(self, path: Path, kinds: Mapping[str, pa.DataType], key: tuple[str, ...]) -> None:
        self._path, self._kinds, self._key = path, kinds, key
        self.rows: list[dict[str, Any]] = pq.read_table(path).to_pylist() if path.exists() else []
        self._done = {self._of(row) for row in self.rows}

    def has(self, **values: Any) -> bool:
        """Whether there is a row with these values of the key."""
        return self._of(values) in self._done

    def add(self, *rows: Mapping[str, Any]) -> None:
        """Add rows, and write the file."""
        self.rows += map(dict, rows)
        self._done |= {self._of(row) for row in rows}
        columns = {
            name: pa.array([each[name] for each in self.rows], kind) for name, kind in self._kinds.items()
        }
        content = io.BytesIO()
        pq.write_table(pa.table(columns), content, compression="zstd", compression_level=19)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(self._path, content.getvalue())

    def _of(self, row: Mapping[str, Any]) -> tuple[Any, ...]:
        return tuple(row[name] for name in self._key)
