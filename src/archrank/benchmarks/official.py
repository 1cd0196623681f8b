"""Tables that come from official files: the file to get, its reader, and the path of the imported table."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial as bound
from pathlib import Path
from typing import Protocol

from archrank.benchmarks import enas_macro, imported, nasbench101, nasbench201, natsbench
from archrank.benchmarks.import_schema import ImportedColumns, Label
from archrank.benchmarks.table import Table
from archrank.errors import FileError, TableError, UnknownName
from archrank.space import SearchSpace
from archrank.spaces import EnasMacro, NASBench101, NASBench201, NATSBenchSize
from archrank.system.extras import needs
from archrank.system.files import exists, is_file, is_folder
from archrank.system.folders import data_folder, imported_path
from archrank.system.foreign import shown
from archrank.system.on_progress import OnProgress, silent

__all__ = ["OFFICIAL", "Official", "import_table", "lies_at", "load_official"]

_USER_SUFFIXES = (".csv", ".tsv", ".json", ".jsonl")
"""No official file has one of these."""


class _Read(Protocol):
    def __call__(
        self, path: Path, partial: bool = False, on_progress: OnProgress = silent
    ) -> ImportedColumns: ...


@dataclass(frozen=True, slots=True)
class Official:
    """A table that comes from an official file.

    Attributes:
        space: Makes the space of its architectures.
        read: Reads the file.
        file: The file's or folder's name.
        size: How large it is, in words.
        raw: The path in the data folder of a small file that needs no import; None if there is none.
    """

    space: Callable[[], SearchSpace]
    read: _Read
    file: str
    size: str
    raw: str | None = None

    def command(self, name: str) -> str:
        """What to run to import it."""
        return f"archrank import {name} {self.file}"


OFFICIAL: dict[str, Official] = {
    "nasbench101": Official(
        NASBench101,
        nasbench101.read,
        "nasbench_only108.tfrecord",
        "499 MB, or nasbench_full.tfrecord, 1.95 GB",
        "nasbench101/nasbench101-20k.parquet",
    ),
    "nasbench201": Official(
        NASBench201, nasbench201.read, "nasbench201.parquet", "1.2 MB", "nasbench201/nasbench201.parquet"
    ),
    "natsbench-tss": Official(
        NASBench201,
        bound(natsbench.read, natsbench.TOPOLOGY),
        "NATS-tss-v1_0-3ffb9-simple",
        "a folder of 15,626 files, about 1.3 GB",
    ),
    "natsbench-sss": Official(
        NATSBenchSize,
        bound(natsbench.read, natsbench.SIZE),
        "NATS-sss-v1_0-50262-simple",
        "a folder of 32,769 files, about 1 GB",
    ),
    "enas-macro": Official(
        EnasMacro,
        enas_macro.read,
        "enas-macro-6-layers.parquet",
        "0.3 MB",
        "enas-macro/enas-macro-6-layers.parquet",
    ),
}
"""By the table's name."""


def lies_at(name: str) -> Path | None:
    """The file that a table would be read from: imported, or small and in the data folder; None where there is none.

    Args:
        name: One of :data:`OFFICIAL`.
    """
    if (imported := imported_path(name)).is_file():
        return imported
    raw = OFFICIAL[name].raw
    return path if raw is not None and (path := data_folder() / raw).is_file() else None


def load_official(name: str) -> Table:
    """Read a table that was imported, or whose small file is in the data folder.

    Args:
        name: One of :data:`OFFICIAL`.

    Raises:
        TableError: It was not imported yet, and the message says what to get and what to run; or the file that is there
            is damaged.
    """
    official = OFFICIAL[name]
    path = lies_at(name)
    if path is None:
        raise TableError(
            f"{name} is not available yet: get {official.file} ({official.size}), then run {official.command(name)}"
        )
    if path == imported_path(name):
        return imported.load(path, official.space())
    return official.read(path, partial=True).table(name)


def import_table(
    name: str,
    path: Path,
    *,
    label: Label = "mean",
    partial: bool = False,
    on_progress: OnProgress = silent,
) -> Path:
    """Read an official file once, and keep it as a table that loads at once.

    Args:
        name: One of :data:`OFFICIAL`.
        path: The official file or folder.
        label: What the plain name of a repeated measurement is to mean: the mean of the runs, or one of them.
        partial: Whether architectures may be missing; the table then covers what is there.
        on_progress: Called with how much was read, and of how much.

    Returns:
        Where the table was written.

    Raises:
        UnknownName: No such table.
        TableError: The file is damaged, of another kind, or lacks something.
        FileError: The table cannot be written.
        MissingExtra: The extra ``parquet`` is not installed.
    """
    if name not in OFFICIAL:
        raise UnknownName("table to import", name, OFFICIAL)
    needs("parquet", "pyarrow", what="an imported table")
    if not exists(path):
        raise TableError(f"{shown(str(path))}: no such file or folder")
    if not is_file(path) and not is_folder(path):
        raise TableError(f"{path} cannot be read: it is no file or folder")
    if path.suffix.lower() in _USER_SUFFIXES:
        raise TableError(
            f"{path} is no official file: {name} comes from {OFFICIAL[name].file}. A table of your own needs no "
            "import: give it to archrank rank SPACE --train, archrank search SPACE --evaluator or archrank compare … "
            "--table"
        )
    target = imported_path(name)
    try:
        # Refused now rather than after minutes of reading.
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(
            f"cannot write {target}: {error.strerror or error}; set ARCHRANK_DATA to a folder that you can write to"
        ) from error
    measured = OFFICIAL[name].read(path, partial=partial, on_progress=on_progress)
    imported.save(target, name, measured, label)
    return target
