"""The journal of a run: Optuna's, with a check in each line; read through before anything is added to it."""

import errno
import json
import os
import re
import shlex
import shutil
import stat
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from optuna.storages.journal import JournalFileBackend, JournalFileSymlinkLock

from archrank.errors import RunFolderError
from archrank.study.journal_lines import BadLine, parsed
from archrank.study.journal_replay import JournalReplay

__all__ = ["CheckedJournal", "mend_journal"]

_LONGEST_LINE = 2**24
"""Bytes. The longest lines describe all choices of a space, or hold all values of an evaluation."""

_CHECK = re.compile(rb',"check":"([0-9a-f]{8})"\}$')


class CheckedJournal(JournalFileBackend):
    """Optuna's journal file, in which each line ends in a checksum of itself and of the checksum before it.

    So a line that was changed, lost, repeated or moved is noticed. To Optuna it is one field more, which it does not
    look at; lines without it, which other programs add, are no part of the chain.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self._file = path
        self._turn = JournalFileSymlinkLock(str(path))
        super().__init__(str(path), lock_obj=self._turn)
        self._last, self._read = b"", 0
        self._failed: OSError | None = None

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Add lines, all of them or, where the system refuses, a part that the next start sets aside.

        Raises:
            OSError: The system refuses, or did so before.
            RunFolderError: A line is longer than could be read again.
        """
        if self._failed is not None:
            # Behind half a line nothing could be read.
            raise self._failed
        bodies = [json.dumps(log, separators=(",", ":"))[:-1].encode("ascii") for log in logs]
        if (longest := max(map(len, bodies), default=0)) > _LONGEST_LINE - 100:
            raise RunFolderError(
                f"{self._file}: an entry would take {longest:,} bytes, and no more than {_LONGEST_LINE:,} can be read "
                "again: give a space with fewer or shorter names, or an evaluator that gives fewer values"
            )
        self._turn.acquire()
        try:
            if self._read and not self._file.exists():
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(self._file))
            with self._file.open("a+b") as file:
                self._catch_up(file)
                for body in bodies:
                    self._last = _check(self._last, body)
                    file.write(body + b',"check":"' + self._last + b'"}\n')
                file.flush()
                os.fsync(file.fileno())
                self._read = file.tell()
        except OSError as error:
            self._failed = error
            raise
        finally:
            self._turn.release()

    def _catch_up(self, file: BinaryIO) -> None:
        """Find the last check; others may have added lines, or set a bad end aside."""
        if os.fstat(file.fileno()).st_size < self._read:
            self._last, self._read = b"", 0
        file.seek(self._read)
        for _, line in _lines(file):
            if line is not None and (match := _CHECK.search(line.rstrip(b"\r\n"))) is not None:
                self._last = match[1]


def mend_journal(journal: Path) -> None:
    """Read a journal through; a bad end is set aside in a file beside it, with a warning.

    The end is bad where no good line follows. The folder's lock must be held, so that no other process writes.

    Args:
        journal: The file; where there is none there is nothing to do.

    Raises:
        RunFolderError: A line is bad and good ones follow it, or nothing in the file is good. Then it is unchanged.
    """
    if not journal.exists():
        return
    if not stat.S_ISREG(journal.stat().st_mode):
        raise RunFolderError(f"{journal} is no ordinary file: choose another folder")
    with journal.open("r+b") as file:
        found = _first_bad(file)
        if found is None:
            return
        number, offset, problem = found
        file.seek(offset)
        rest = _lines(file)
        _, bad = next(rest)
        if any(line is not None and _is_good(line) for _, line in rest):
            raise RunFolderError(_refusal(journal, number, problem))
        if number == 1 and (bad is None or bad.endswith(b"\n")):
            raise RunFolderError(
                f"{journal} is no journal of a search: {problem}, and no line after it is good. "
                "Choose another folder, or move the file away to begin anew"
            )
        aside = _copied_aside(journal, file, offset)
        file.truncate(offset)
        file.flush()
        os.fsync(file.fileno())
    warnings.warn(
        f"{journal}: line {number} {problem}, and no good line follows: the end was set aside in {aside.name}; "
        f"the run goes on with {'the line' if number == 2 else f'the {number - 1:,} lines'} before it",
        stacklevel=2,
    )


def _first_bad(file: BinaryIO) -> tuple[int, int, str] | None:
    """The number of the first bad line, where it begins, and what is wrong with it."""
    replay, last = JournalReplay(), b""
    for number, (offset, line) in enumerate(_lines(file), start=1):
        try:
            if line is None:
                raise BadLine(f"is longer than {_LONGEST_LINE:,} bytes")
            operation = parsed(line)
            if (match := _CHECK.search(line.rstrip(b"\r\n"))) is not None:
                if _check(last, line[: match.start()]) != match[1]:
                    raise BadLine("was changed, or is not the one that followed the line before it")
                last = match[1]
            replay.follow(operation)
        except BadLine as problem:
            return number, offset, str(problem)
    return None


def _lines(file: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    """Where each line begins, and the line; None for one that is too long, which is never held as a whole."""
    while True:
        offset = file.tell()
        line = file.readline(_LONGEST_LINE + 1)
        if not line:
            return
        if len(line) <= _LONGEST_LINE:
            yield offset, line
            continue
        while line and not line.endswith(b"\n"):
            line = file.readline(_LONGEST_LINE)
        yield offset, None


def _is_good(line: bytes) -> bool:
    """Whether a line is good by itself, whatever stands before it."""
    try:
        parsed(line)
    except BadLine:
        return False
    return True


def _refusal(journal: Path, number: int, problem: str) -> str:
    way_out = "remove the line"
    if number > 1:
        name, part = shlex.quote(str(journal)), shlex.quote(f"{journal}.part")
        way_out = (
            f"mend that line, or go on with what stands before it, by `head -n {number - 1} {name} > {part}` and "
            f"`mv {part} {name}`, keeping a copy"
        )
    return (
        f"the journal {journal} is damaged: line {number} {problem}, and good lines follow it. Nothing was changed: "
        f"{way_out}; or choose another folder"
    )


def _copied_aside(journal: Path, file: BinaryIO, offset: int) -> Path:
    """Copy the file from there on into a new one beside it."""
    number = 1
    while True:
        aside = journal.with_name(f"{journal.name}.damaged-{number}")
        try:
            copy = aside.open("xb")
            break
        except FileExistsError:
            number += 1
    with copy:
        file.seek(offset)
        shutil.copyfileobj(file, copy)
        copy.flush()
        os.fsync(copy.fileno())
    return aside


def _check(last: bytes, body: bytes) -> bytes:
    return f"{zlib.crc32(body, zlib.crc32(last)):08x}".encode("ascii")
