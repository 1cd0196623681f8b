"""NAS-Bench-101: the official TFRecord files, and a table of a part of them.

The official files hold a record for every training: each of 423,624 cells was trained three times for 108 epochs,
and in ``nasbench_full.tfrecord`` also for 4, 12 and 36.

Reference: Ying et al., NAS-Bench-101 (ICML 2019); the message is ``nasbench/lib/model_metrics.proto``.
"""

import base64
import binascii
import json
import math
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from struct import Struct
from typing import Any, NamedTuple

import numpy as np

from archrank.benchmarks.column_builder import ColumnBuilder
from archrank.benchmarks.import_schema import ImportedColumns, Quantity, SourceFile, check_distinct
from archrank.benchmarks.nasbench101_cells import canonical_rows
from archrank.benchmarks.parquet_reader import ParquetColumns, read_parquet
from archrank.benchmarks.protobuf import WireError, read_fields
from archrank.benchmarks.table import Column
from archrank.benchmarks.tfrecord import good_before, read_records
from archrank.errors import ArchrankError, TableError
from archrank.space import Rows
from archrank.spaces import NASBench101
from archrank.system.on_progress import OnProgress, silent

__all__ = ["read", "read_sample", "read_tfrecord"]

REPEATS = 3
EPOCHS = (108, 4, 12, 36)
"""How long the trainings may be; the first is the default of a search."""

KINDS = ("validation_accuracy", "test_accuracy", "train_accuracy", "training_seconds")

_FIELDS = {2: 3, 3: 2, 4: 0, 5: 1}
"""Field of an evaluation message, and which of the KINDS it is."""

_COMMON, _COMMON_KEYS = Struct("<" + 5 * "Bd"), tuple(field << 3 | 1 for field in range(1, 6))
_COMMON_INDICES = (7, 9, 5, 3)
"""How an evaluation begins where its five doubles come in order, as they do: keys, and where the KINDS are."""


class _Training(NamedTuple):
    """One record: a cell, and what one training of it gave."""

    hash: str
    epochs: int
    adjacency: str
    operations: str
    parameters: int
    numbers: tuple[float, ...]
    """The KINDS halfway, then the KINDS at the end."""


def read(path: Path, partial: bool = False, on_progress: OnProgress = silent) -> ImportedColumns:
    """Read an official file, or a Parquet table of a part of it.

    Args:
        path: ``nasbench_only108.tfrecord``, ``nasbench_full.tfrecord``, or a ``.parquet`` file with the columns
            ``module_adjacency``, ``module_operations`` and ``validation_accuracy_108``.
        partial: Whether an official file may lack cells or trainings.
        on_progress: Called with how many bytes were read, and of how many.

    Raises:
        TableError: As for :func:`read_tfrecord` and :func:`read_sample`.
    """
    if path.suffix == ".parquet":
        return read_sample(path)
    return read_tfrecord(path, partial, on_progress)


def read_tfrecord(path: Path, partial: bool = False, on_progress: OnProgress = silent) -> ImportedColumns:
    """Read an official file, in one pass.

    The records of a cell need not stand together. Every checksum is compared, and every cell's MD5 hash with the
    one in its records.

    Args:
        path: ``nasbench_only108.tfrecord`` or ``nasbench_full.tfrecord``.
        partial: Whether cells or trainings may be missing.
        on_progress: Called with how many bytes were read, and of how many.

    Raises:
        TableError: The file cannot be read, is cut short or damaged, holds something else, or lacks cells or
            trainings; the message names the record, and how many before it are whole.
    """
    space = NASBench101()
    cells = _Cells(space, path.name)
    digest, done = sha256(), 0
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:

            def on_chunk(chunk: bytes) -> None:
                nonlocal done
                digest.update(chunk)
                done += len(chunk)
                on_progress(done, size)

            for number, record in enumerate(read_records(stream, path.name, on_chunk)):
                cells.add(number, record)
    except OSError as error:
        raise TableError(f"{path} cannot be read: {error.strerror or error}") from None
    return cells.measured(SourceFile(path.name, done, digest.hexdigest()), partial)


class _Cells:
    """The cells met so far, and the numbers of their trainings."""

    def __init__(self, space: NASBench101, name: str) -> None:
        self._space = space
        self._name = name
        self._indices: dict[bytes, int] = {}
        self._wording: list[int] = []
        self._choices = bytearray()
        self._trainings: dict[int, bytearray] = {}
        self._columns = ColumnBuilder()

    def add(self, number: int, record: bytes) -> None:
        try:
            training = _training(record)
            index = self._index_of(training)
            self._keep(index, training)
        except (ArchrankError, ValueError) as error:
            raise TableError(f"{self._name}: record {number + 1:,}: {error}; {good_before(number)}") from None

    def _index_of(self, training: _Training) -> int:
        key = bytes.fromhex(training.hash)
        wording = hash((training.adjacency, training.operations))
        index = self._indices.setdefault(key, len(self._wording))
        if index < len(self._wording):
            if self._wording[index] != wording:
                raise ValueError(f"another cell than in earlier records of the hash {training.hash}")
            return index
        architecture = self._space.from_matrix(_matrix(training.adjacency), training.operations.split(","))
        if (expected := self._space.module_hash(architecture)) != training.hash:
            raise ValueError(f"the hash is {training.hash}, but the cell's is {expected}")
        self._wording.append(wording)
        self._choices += bytes(architecture.choices)
        self._columns.put(index, "trainable_parameters", training.parameters)
        return index

    def _keep(self, index: int, training: _Training) -> None:
        counts = self._trainings.setdefault(training.epochs, bytearray())
        counts.extend(bytes(len(self._wording) - len(counts)))
        run = counts[index]
        if run == REPEATS:
            raise ValueError(f"training {REPEATS + 1} of one cell for {training.epochs} epochs")
        counts[index] += 1
        for name, number in zip(_names(training.epochs), training.numbers, strict=True):
            self._columns.put(index, f"{name}_{run}", number)

    def measured(self, source: SourceFile, partial: bool) -> ImportedColumns:
        cells = len(self._wording)
        if cells == 0:
            raise TableError(f"{self._name} holds no record")
        every = [(e, self._trainings[e]) for e in EPOCHS if e in self._trainings]
        lacking = {e: cells * REPEATS - sum(counts) for e, counts in every}
        if not partial and (cells < len(self._space) or any(lacking.values())):
            trainings = "".join(
                f"; {n:,} trainings for {e} epochs are missing" for e, n in lacking.items() if n
            )
            raise TableError(
                f"{self._name} holds {cells:,} of {len(self._space):,} cells{trainings}: it was cut off between "
                "two records, so download it again; or import what is there with --partial"
            )
        rows = np.frombuffer(self._choices, dtype=np.uint8).reshape(cells, -1).astype(np.int16)
        quantities = (*(q for e, _ in every for q in _quantities(e)), _PARAMETERS)
        return ImportedColumns(
            self._space, rows, quantities, self._columns.finished(quantities, cells), source
        )


def _training(record: bytes) -> _Training:
    try:
        fields = json.loads(record)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not JSON: {error}") from None
    kinds = (str, int, str, str, str)
    if not isinstance(fields, list) or [type(field) for field in fields] != list(kinds):
        raise ValueError("expected [hash, epochs, adjacency, operations, metrics]")
    module_hash, epochs, adjacency, operations, metrics = fields
    if len(module_hash) != 32:
        raise ValueError(f"the hash {module_hash!r} should have 32 hexadecimal digits")
    if epochs not in EPOCHS:
        raise ValueError(f"a training for {epochs} epochs; expected {', '.join(map(str, sorted(EPOCHS)))}")
    try:
        parameters, numbers = _metrics(base64.b64decode(metrics, validate=True))
    except (binascii.Error, WireError) as error:
        raise ValueError(f"its metrics are no message: {error}") from None
    return _Training(module_hash, epochs, adjacency, operations, parameters, numbers)


def _metrics(message: bytes) -> tuple[int, tuple[float, ...]]:
    """The parameters, and the KINDS halfway and at the end of a training."""
    parameters: int | None = None
    evaluations: list[bytes] = []
    for number, value in read_fields(message):
        if number == 1 and isinstance(value, bytes):
            evaluations.append(value)
        elif number == 2 and isinstance(value, int):
            parameters = value
    if len(evaluations) != 3:
        raise WireError(
            f"{len(evaluations)} evaluations; expected 3: before training, halfway, and at the end"
        )
    if parameters is None or parameters >= 1 << 31:
        raise WireError("no number of parameters")
    return parameters, (*_evaluation(evaluations[1]), *_evaluation(evaluations[2]))


def _evaluation(message: bytes) -> list[float]:
    numbers, rest = [math.nan] * len(KINDS), message
    if len(message) >= _COMMON.size and (fields := _COMMON.unpack_from(message))[::2] == _COMMON_KEYS:
        numbers, rest = [fields[index] for index in _COMMON_INDICES], message[_COMMON.size :]
    for number, value in read_fields(rest):
        if number in _FIELDS and isinstance(value, float):
            numbers[_FIELDS[number]] = value
    if not all(0 <= accuracy <= 1 for accuracy in numbers[:3]) or not 0 <= numbers[3] < math.inf:
        shown = ", ".join(f"{kind} {number}" for kind, number in zip(KINDS, numbers, strict=True))
        raise WireError(f"an evaluation with {shown}")
    return numbers


def _matrix(text: str) -> list[list[int]]:
    """The adjacency matrix of its digits, row by row."""
    size = math.isqrt(len(text))
    if size * size != len(text) or not set(text) <= {"0", "1"}:
        raise ValueError(f"the adjacency {text!r} should be V × V digits 0 and 1")
    digits = [int(digit) for digit in text]
    return [digits[row * size : (row + 1) * size] for row in range(size)]


def _names(epochs: int) -> Iterator[str]:
    ending = "" if epochs == EPOCHS[0] else f"_at_{epochs}"
    for when in ("halfway_", ""):
        for kind in KINDS:
            yield f"{when}{kind}{ending}"


def _quantities(epochs: int) -> list[Quantity]:
    """What one length of training measured: at the end, then halfway."""
    ending = "" if epochs == EPOCHS[0] else f"_at_{epochs}"
    found = []
    for when, words in (("", f"after {epochs} epochs"), ("halfway_", f"halfway through {epochs} epochs")):
        for kind, split in zip(KINDS, ("validation", "test", "train", "none"), strict=True):
            seconds = kind == "training_seconds"
            test = f"{when}test_accuracy{ending}" if split == "validation" else None
            found.append(
                Quantity(
                    f"{when}{kind}{ending}",
                    f"seconds of training, {words}"
                    if seconds
                    else f"CIFAR-10 {split} accuracy, as a fraction, {words}",
                    split,  # type: ignore[arg-type]
                    higher_is_better=not seconds,
                    epochs=epochs // 2 if when else epochs,
                    runs=tuple(range(REPEATS)),
                    test=test,
                )
            )
    return found


_PARAMETERS = Quantity(
    "trainable_parameters",
    "trainable parameters of the CIFAR-10 network",
    "none",
    higher_is_better=False,
    seeds="same in every run",
    measured=False,
)


def read_sample(path: Path) -> ImportedColumns:
    """Read a Parquet table of official records, one training a cell, in the table's order.

    Args:
        path: A file with ``module_adjacency`` (the flattened matrix), ``module_operations`` and
            ``validation_accuracy_108``; ``validation_accuracy_4``, ``_12``, ``_36``, ``training_time`` and
            ``trainable_parameters`` are read where they are there.

    Raises:
        TableError: The file cannot be read, lacks a column, or holds something else; the message names the row.
    """
    content = read_parquet(
        path, required=("module_adjacency", "module_operations", "validation_accuracy_108")
    )
    space = NASBench101()
    quantities = [q for column, q in _SAMPLE.items() if column in content.names]
    columns: dict[str, Column] = {
        q.name: content.numbers(column) for column, q in _SAMPLE.items() if column in content.names
    }
    return ImportedColumns(space, _sampled_rows(content, space), tuple(quantities), columns, content.source)


def _sampled_rows(content: ParquetColumns, space: NASBench101) -> Rows:
    cells = [content.lists(name) for name in ("module_adjacency", "module_operations")]
    rows, found = canonical_rows(space, *cells)
    for row in np.flatnonzero(~found).tolist():
        with content.naming(row):
            adjacency, operations = (column[row].as_py() for column in cells)
            rows[row] = space.from_matrix(_unflattened(adjacency), operations).choices
    check_distinct(rows, space, content.where)
    return rows


def _unflattened(adjacency: Any) -> list[Sequence[int]]:
    if not isinstance(adjacency, list):
        raise ValueError(f"the adjacency {adjacency!r} should be V × V numbers")
    size = math.isqrt(len(adjacency))
    if size * size != len(adjacency):
        raise ValueError(f"the adjacency has {len(adjacency)} numbers, no V × V matrix")
    return [adjacency[row * size : (row + 1) * size] for row in range(size)]


def _sampled(epochs: int) -> Quantity:
    (name,) = (q.name for q in _quantities(epochs) if q.name.startswith("validation_accuracy"))
    meaning = f"CIFAR-10 validation accuracy, as a fraction, after {epochs} epochs"
    if epochs != EPOCHS[0]:
        meaning += " (a separate, shorter training)"
    return Quantity(name, meaning, "validation", epochs=epochs, seeds="one run, the last of 3")


_SAMPLE = {f"validation_accuracy_{epochs}": _sampled(epochs) for epochs in EPOCHS} | {
    "training_time": Quantity(
        "training_seconds",
        "seconds of training, after 108 epochs",
        "none",
        higher_is_better=False,
        epochs=108,
        seeds="one run, the last of 3",
    ),
    "trainable_parameters": _PARAMETERS,
}
"""The columns of a sample, and what each is."""
