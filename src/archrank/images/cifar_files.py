"""The three file formats of CIFAR images."""

import tarfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from archrank.benchmarks.parquet_cells import check_size
from archrank.benchmarks.pickles import Allowed, restricted_loads
from archrank.errors import DataError, TableError
from archrank.images import pictures
from archrank.images.source import Part
from archrank.system.extras import extra_named
from archrank.system.foreign import message, shown

__all__ = ["Files", "binary_version", "of_archive", "of_paths", "parquet", "python_version"]

Files = Iterable[tuple[str, bytes]]
"""Files by their names in messages, with their contents."""

_SHAPE = (3, 32, 32)
_BYTES = 3 * 32 * 32
_AGAIN = "get the file again"


def of_paths(paths: Sequence[Path]) -> Iterator[tuple[str, bytes]]:
    """The files at some paths.

    Raises:
        DataError: One cannot be read.
    """
    for path in paths:
        try:
            yield str(path), path.read_bytes()
        except OSError as error:
            raise DataError(f"{path} cannot be read: {error.strerror or error}") from None


def of_archive(path: Path, members: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """Some of the files in an archive; nothing is unpacked to disk.

    Args:
        path: A ``.tar.gz`` file.
        members: The files' names in it.

    Raises:
        DataError: The archive is damaged or cut short, or lacks a file.
    """
    try:
        with tarfile.open(path, "r:gz") as archive:
            for member in members:
                content = archive.extractfile(member)
                if content is None:
                    raise KeyError(member)
                yield f"{member} of {path}", content.read()
    except KeyError:
        raise DataError(f"{path} holds no file {member}; {_AGAIN}") from None
    except (OSError, EOFError, tarfile.TarError, zlib.error) as error:
        raise DataError(f"{path} is damaged or cut short ({error}); {_AGAIN}") from None


def binary_version(files: Files, skipped: int) -> Part:
    """Records of a label and 3,072 bytes: red, green and blue, row by row.

    Args:
        files: The files of a part.
        skipped: Bytes before the label.

    Raises:
        DataError: A file does not hold whole records.
    """
    records = []
    for name, content in files:
        length = skipped + 1 + _BYTES
        if not content or len(content) % length:
            raise DataError(
                f"{name}: {len(content):,} bytes, expected a multiple of {length:,}, an image's; {_AGAIN}"
            )
        records.append(np.frombuffer(content, np.uint8).reshape(-1, length))
    whole = np.concatenate(records)
    return _decoded(whole[:, skipped + 1 :], whole[:, skipped])


def python_version(files: Files, label: str) -> Part:
    """Pickled dictionaries, which are read as data and run nothing.

    Args:
        files: The files of a part.
        label: The key of the labels.

    Raises:
        DataError: A file is damaged, holds no images, or refers to anything but an array of bytes.
    """
    pixels, labels = [], []
    for name, content in files:
        try:
            held = restricted_loads(content, _ARRAYS, name, remedy=_AGAIN, encoding="bytes")
        except TableError as error:
            raise DataError(str(error)) from None
        held = held if isinstance(held, dict) else {}
        array, marked = held.get(b"data"), held.get(label.encode())
        if not isinstance(array, _Array) or not isinstance(marked, list):
            raise DataError(f"{name} does not hold images and their {label}; {_AGAIN}")
        numbers = array.numbers(name)
        if len(numbers) != len(marked) or not all(isinstance(m, int) and 0 <= m < 256 for m in marked):
            raise DataError(
                f"{name}: {len(numbers):,} images and {len(marked):,} labels that do not fit; {_AGAIN}"
            )
        pixels.append(numbers)
        labels.append(np.array(marked, dtype=np.int64))
    return _decoded(np.concatenate(pixels), np.concatenate(labels))


def parquet(paths: Sequence[Path], label: str) -> Part:
    """Tables of encoded pictures: a column ``img`` of bytes and path, or its two fields as columns.

    Args:
        paths: The files of a part, in order.
        label: The column of the labels.

    Raises:
        DataError: A file is damaged or lacks a column, a label is missing, or pillow is not installed.
    """
    with extra_named("reading Parquet files"):
        import pyarrow as pa
        import pyarrow.parquet as pq

    pictures.need_pillow()
    rows: list[tuple[Path, int]] = []
    encoded: list[Any] = []
    labels: list[Any] = []
    for path in paths:
        try:
            file = pq.ParquetFile(path)
            check_size(str(path), file.metadata)
            table = file.read().flatten()
        except TableError as error:
            raise DataError(str(error)) from None
        except (pa.ArrowException, OSError, ValueError) as error:
            raise DataError(
                f"{path} is damaged, or not a Parquet file: {message(error, 200)}; {_AGAIN}"
            ) from None
        if missing := [column for column in ("img.bytes", label) if column not in table.column_names]:
            raise DataError(
                f"{path} has no column {missing[0]!r}; its columns are {shown(table.column_names)}"
            )
        try:
            encoded += table.column("img.bytes").to_pylist()
            labels += table.column(label).to_pylist()
        except (pa.ArrowException, ArithmeticError, LookupError, TypeError, ValueError) as error:
            raise DataError(f"{path} holds no images and labels: {message(error, 200)}; {_AGAIN}") from None
        rows += [(path, row) for row in range(table.num_rows)]
    for (path, row), content, marked in zip(rows, encoded, labels, strict=True):
        if not isinstance(content, bytes) or not isinstance(marked, int):
            raise DataError(f"{path}, row {row}: the image or its label is missing; {_AGAIN}")

    def image(place: int) -> npt.NDArray[np.uint8]:
        path, row = rows[place]
        pixels = pictures.picture(encoded[place], f"{path}, row {row}")
        if pixels.shape != _SHAPE:
            raise DataError(
                f"{path}, row {row}: an image of {pixels.shape[2]}×{pixels.shape[1]} pixels, expected 32×32"
            )
        return pixels

    return Part(np.array(labels, dtype=np.int64), image)


def _decoded(pixels: npt.NDArray[np.uint8], labels: npt.NDArray[Any]) -> Part:
    return Part(labels.astype(np.int64), pixels.reshape(-1, *_SHAPE).__getitem__)


class _Array:
    """Stands in for a pickled NumPy array: a shape and bytes."""

    def __init__(self, *_: Any) -> None:
        self._state: tuple[Any, ...] = ()

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self._state = state

    def numbers(self, name: str) -> npt.NDArray[np.uint8]:
        """The bytes of images: (N, 3072)."""
        match self._state:
            case (_, (int(count), width), _ByteType(), by_columns, bytes(content)):
                if width == _BYTES and len(content) == count * _BYTES and not by_columns:
                    return np.frombuffer(content, np.uint8).reshape(count, _BYTES)
        raise DataError(f"{name} does not hold an array of bytes with {_BYTES:,} for each image; {_AGAIN}")


class _ByteType:
    """Stands in for ``numpy.dtype("u1")``; its state says nothing that bytes have."""

    def __init__(self, code: object, *_: Any) -> None:
        if code not in (b"u1", "u1"):
            raise ValueError(f"numbers of type {shown(code)}, expected 'u1'")

    def __setstate__(self, state: object) -> None:
        pass


_ARRAYS: Allowed = {
    # Classes of their own for every pickle: whatever a pickle does to them ends with that pickle.
    ("numpy.core.multiarray", "_reconstruct"): lambda: type("_ArrayOfOnePickle", (_Array,), {}),
    ("numpy", "ndarray"): lambda: None,
    ("numpy", "dtype"): lambda: type("_ByteTypeOfOnePickle", (_ByteType,), {}),
}
