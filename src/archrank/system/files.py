"""Files: whether what may be a path is one, reading within bounds, and writing whole: no reader sees a part."""

import os
import stat
import tempfile
from pathlib import Path

from archrank.errors import FileError

__all__ = ["exists", "is_file", "is_folder", "read_bounded", "read_text", "write_whole"]

_LARGEST_TEXT = 2**30
"""Bytes."""


def exists(path: str | os.PathLike[str]) -> bool:
    """Whether there is such a file or folder; False of a text that no path can be, such as a very long one."""
    return os.path.exists(path)  # noqa: PTH110, Path's raises an error there


def is_file(path: str | os.PathLike[str]) -> bool:
    """Whether there is such a file, as for :func:`exists`."""
    return os.path.isfile(path)  # noqa: PTH113


def is_folder(path: str | os.PathLike[str]) -> bool:
    """Whether there is such a folder, as for :func:`exists`."""
    return os.path.isdir(path)  # noqa: PTH112


def read_bounded(path: Path, most: int) -> bytes:
    """The content of a regular file of at most ``most`` bytes.

    Raises:
        OSError: There is none, or it cannot be read.
        ValueError: It is no regular file, or a larger one.
    """
    # A pipe without a writer would be waited for without end.
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as stream:
        found = os.fstat(stream.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise ValueError(f"{path.name} is no regular file")
        if found.st_size > most:
            raise ValueError(f"{path.name} has {found.st_size} bytes, expected at most {most}")
        return stream.read(most)


def read_text(path: Path) -> str:
    """A regular file of UTF-8 text, of at most a gigabyte.

    Raises:
        OSError: There is none, or it cannot be read.
        ValueError: It is no regular file, a larger one, or no UTF-8.
    """
    return read_bounded(path, _LARGEST_TEXT).decode()


def write_whole(path: Path, content: bytes | str) -> Path:
    """Write a file by way of a temporary one beside it, so that no half file is ever left.

    Args:
        path: Where to write; missing folders are made.
        content: What to write; text is encoded as UTF-8.

    Raises:
        FileError: The operating system refuses (read-only, full disk, no permission); the message says why.
    """
    data = content.encode() if isinstance(content, str) else content
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            # A temporary file is its owner's alone; this one is as readable as the user's other files.
            mask = os.umask(0)
            os.umask(mask)
            Path(beside).chmod(0o666 & ~mask)
            Path(beside).replace(path)
        except BaseException:
            Path(beside).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise FileError(f"cannot write {path}: {error.strerror or error}") from error
    return path
