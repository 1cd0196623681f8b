"""The right to write in a folder, which one process has at a time."""

import errno
import fcntl
import os
import stat
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from archrank.errors import FileError, RunFolderError

__all__ = ["FolderLock", "is_taken"]

_NAME = ".lock"
_NO_LOCKS = {errno.EBADF, errno.EINVAL, errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP}
"""How file systems of networks say that folders cannot be locked there."""

_TRIES = 100
"""Another process may give the folder up, and remove what it made, while this one takes it: then it is taken again."""

_ASKED, _MOMENT = 10, 0.02
"""Tries, and seconds between them: a process that only asks whether the folder is taken has it for less than that."""


class FolderLock:
    """A folder that no other process has; a context manager, which leaves the folder as it was.

    Both the folder itself and its file ``.lock`` are locked: the folder, because a file can be deleted while it is
    locked, and the file, because not every file system locks folders. The file says which process has the folder. The
    locks are the operating system's, so they go with the process however that ends.

    Args:
        folder: The folder; what is missing of it is made.

    Raises:
        RunFolderError: Another process has it, or ``.lock`` is something else than a file.
        FileError: The system refuses.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._handles: list[int] = []
        self._made: list[Path] = []
        self._before: bytes | None = None
        try:
            for left in reversed(range(_TRIES)):
                try:
                    self._take()
                except (FileNotFoundError, FileExistsError):
                    if not left:
                        raise
                    self.undo()
                else:
                    return
        except BaseException as error:
            self.undo()
            if isinstance(error, OSError):
                raise FileError(f"cannot write in {folder}: {error.strerror or error}") from error
            raise

    def close(self) -> None:
        """Let other processes have the folder."""
        while self._handles:
            os.close(self._handles.pop())

    def undo(self) -> None:
        """Let other processes have the folder, and leave nothing there that taking it made."""
        if len(self._handles) == 2:
            if self._before is not None:
                _write(self._handles[1], self._before)
            elif self._is_there():
                (self.folder / _NAME).unlink()
        for folder in self._made:
            with suppress(OSError):  # something is in it
                folder.rmdir()
        self._made.clear()
        self.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.undo()

    def _take(self) -> None:
        self._made = [path for path in (self.folder, *self.folder.parents) if not path.exists()]
        self.folder.mkdir(parents=True, exist_ok=True)
        self._handles.append(os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY))
        try:
            _lock(self._handles[0])
        except BlockingIOError:
            raise self._busy() from None
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
        handle, new = self._opened()
        try:
            _lock(handle)
        except BlockingIOError:
            os.close(handle)
            raise self._busy() from None
        except BaseException:
            os.close(handle)
            raise
        self._before = None if new else os.pread(handle, 1000, 0)
        self._handles.append(handle)
        if not self._is_there():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(self.folder / _NAME))
        _write(handle, str(os.getpid()).encode("ascii"))

    def _opened(self) -> tuple[int, bool]:
        """The file ``.lock``, and whether it is new; links are not followed, and nothing is waited for."""
        path, flags = self.folder / _NAME, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK
        try:
            return os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o644), True
        except FileExistsError:
            pass
        if not stat.S_ISREG(os.lstat(path).st_mode):
            raise RunFolderError(
                f"{path} is a link, a folder or a device, expected a file: remove it, or choose another folder"
            )
        return os.open(path, flags), False

    def _is_there(self) -> bool:
        """Whether the file that is locked is the one that others would find."""
        try:
            return os.path.samestat(os.fstat(self._handles[1]), os.lstat(self.folder / _NAME))
        except FileNotFoundError:
            return False

    def _busy(self) -> RunFolderError:
        owner = "another process"
        with suppress(OSError, UnicodeDecodeError):
            handle = os.open(self.folder / _NAME, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            with os.fdopen(handle, "rb") as file:
                if (number := file.read(32).decode("ascii").strip()).isdecimal():
                    owner = f"process {number}"
        return RunFolderError(
            f"the folder {self.folder} is in use by {owner}: wait for it to end, or choose another folder"
        )


def is_taken(folder: Path) -> bool:
    """Whether a process has a folder; asking changes nothing there, and stops no process from taking it."""
    for path, links in ((folder, 0), (folder / _NAME, os.O_NOFOLLOW)):
        try:
            handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | links)
        except OSError:
            continue
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            continue  # a file system without locks
        finally:
            os.close(handle)
    return False


def _lock(handle: int) -> None:
    """Lock a file or folder; BlockingIOError if another process keeps it locked."""
    for _ in range(_ASKED):
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_MOMENT)
        else:
            return
    raise BlockingIOError


def _write(handle: int, content: bytes) -> None:
    os.ftruncate(handle, 0)
    os.pwrite(handle, content, 0)
