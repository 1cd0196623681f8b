"""The run folder: one search on disk."""

import json
import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from difflib import ndiff
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from archrank.errors import FileError, RunFolderError
from archrank.settings import differences
from archrank.study.journal import mend_journal
from archrank.study.lock import FolderLock
from archrank.system.files import is_file, read_text, write_whole
from archrank.system.foreign import bounded, message

__all__ = ["SPACE", "RunFolder", "check_same"]

SPACE = "space definition"
"""What is recorded of a space beside its digest."""

_LINES, _LONGEST_LINE, _COMPARED = 6, 120, 1_000
"""Changed lines of a definition that a message shows, their length, and the lines that are compared."""

_PRESENT = {"recipe.optimiser": "recipe.optimizer", "distinct": "unique_by"}
"""Names that fields had in older run folders, and their present names."""

_PRESENT_VALUES = {"unique_by": {"rows": "encoding", "functions": "function"}}
"""Values that fields had in older run folders, by the field's present name, and their present values."""

_GROWS = "budget"
"""The field that may grow on resuming."""

_JOINS = "compared"
"""The field that maps names to settings: names may join on resuming, but what a name stands for must not change."""


class RunFolder:
    """A locked folder with ``journal.log`` (Optuna's), ``config.json`` and ``result.json``.

    Made by :meth:`open`; a context manager. Everything is checked first and written last: ``config.json`` is written by
    :meth:`begin`, which a search calls once the study agrees too. Where an exception ends the context before that, the
    folder is left as it was found, or not at all.

    Attributes:
        path: The folder.
        resumed: Whether a run was there before.
        config: The configuration as it is recorded.
    """

    def __init__(self, lock: FolderLock, resumed: bool, record: Mapping[str, Any]) -> None:
        self.path = lock.folder
        self.resumed = resumed
        self.config: Mapping[str, Any] = record["config"]
        self._lock = lock
        self._record: Mapping[str, Any] | None = record

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        config: Mapping[str, Any],
        environment: Mapping[str, Any] | None = None,
        resume: bool = False,
    ) -> Self:
        """Take the folder, new or to go on with the run that it holds; nothing is written there yet.

        Args:
            path: The folder; what is missing of it is created.
            config: What makes the run what it is, as JSON values: all of it must agree on resuming, but
                ``budget`` may grow, and ``compared``, settings by name, may get more names.
            environment: What may differ on resuming, such as versions; recorded beside the configuration.
            resume: Go on with an existing run; where there is none, start one.

        Raises:
            RunFolderError: Another process has the folder, it holds a run and ``resume`` is not set, its run
                has another configuration, or the system refuses to write there.
        """
        folder = Path(path).absolute()
        with _explained(folder):
            lock = FolderLock(folder)
        try:
            existing = [
                name for name in ("config.json", "journal.log", "result.json") if (folder / name).exists()
            ]
            if existing and not resume:
                raise RunFolderError(
                    f"the folder {folder} already holds a run ({', '.join(existing)}): "
                    "continue it with resume=True (--resume), or choose another folder"
                )
            wanted = _as_json(config)
            if (folder / "config.json").exists():
                stored = _read_json(folder / "config.json")
                old = stored["config"]
                try:
                    check_same(old, wanted, str(folder))
                except RunFolderError as error:
                    now = (environment or {}).get(SPACE)
                    raise RunFolderError(f"{error}{_edited(stored.get('environment'), now)}") from None
                if _JOINS in old and _JOINS in wanted:
                    wanted[_JOINS] = {**old[_JOINS], **wanted[_JOINS]}
            record = {"config": wanted, "environment": dict(environment or {})}
            opened = cls(lock, bool(existing), record)
            with _explained(folder):
                _mend_journal(opened.journal)
            return opened
        except BaseException:
            lock.undo()
            raise

    def begin(self) -> None:
        """Write ``config.json``, once: all that may be refused was checked.

        Raises:
            RunFolderError: The system refuses.
        """
        if self._record is not None:
            self._write_json("config.json", self._record)
            self._record = None

    def check_whole(self, finished: int) -> None:
        """Compare the journal with ``result.json``, which tells what was finished when the search last ended.

        Args:
            finished: How many finished evaluations the journal holds.

        Raises:
            RunFolderError: The journal was removed, emptied or cut since.
        """
        ended = _finished(self.result)
        if finished < ended:
            raise RunFolderError(
                f"{self.result} names {ended:,} finished evaluations, but {self.journal} holds {finished:,}: it was "
                "removed, emptied or cut. Put the whole journal back, or choose another folder and take what was "
                f"measured with known={str(self.path)!r} (--known)"
            )

    def check_present(self) -> None:
        """Where a run was here before, its journal should be too.

        Raises:
            RunFolderError: It is missing or empty, and ``result.json`` tells of finished evaluations.
        """
        if self.resumed and not (is_file(self.journal) and self.journal.stat().st_size):
            self.check_whole(0)
            warnings.warn(
                f"{self.path} holds the settings of a search, but no evaluations: {self.journal.name} is missing or "
                "empty, so the search begins anew",
                stacklevel=2,
            )

    @property
    def journal(self) -> Path:
        """Optuna's journal file."""
        return self.path / "journal.log"

    @property
    def result(self) -> Path:
        """The summary of the run, written when it ends."""
        return self.path / "result.json"

    def write_result(self, record: Mapping[str, Any]) -> Path:
        """Write ``result.json``, whole or not at all.

        Raises:
            RunFolderError: The system refuses.
        """
        self.begin()
        self._write_json("result.json", record)
        return self.result

    def writing(self) -> AbstractContextManager[None]:
        """A context in which the system's refusal to write becomes a RunFolderError."""
        return _explained(self.path)

    def close(self) -> None:
        """Write the configuration, unless it was, and let other processes have the folder.

        Raises:
            RunFolderError: The system refuses.
        """
        try:
            self.begin()
        except BaseException:
            self._lock.undo()
            raise
        self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None and self._record is not None:
            self._record = None
            self._lock.undo()
        else:
            self.close()

    def _write_json(self, name: str, record: Mapping[str, Any]) -> None:
        text = json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False)
        if not _is_unicode(text):  # names of files need not be
            text = json.dumps(record, indent=2, allow_nan=False)
        with _explained(self.path):
            write_whole(self.path / name, text + "\n")


def _edited(environment: Any, now: Any) -> str:
    """What changed in the definition of the space, for a message; empty where nothing did or nothing is known."""
    before = environment.get(SPACE) if isinstance(environment, dict) else None
    if not (
        isinstance(before, list) and all(isinstance(line, str) for line in before) and isinstance(now, list)
    ):
        return ""
    changed = [
        bounded(line, _LONGEST_LINE)
        for line in ndiff(before[:_COMPARED], now[:_COMPARED])
        if line[:2] in ("- ", "+ ")
    ]
    if not changed:
        return ""
    more = f", and {len(changed) - _LINES} more lines" if len(changed) > _LINES else ""
    return f". The space was edited (- before, + now): {' | '.join(changed[:_LINES])}{more}"


def check_same(
    old: Mapping[str, Any], new: Mapping[str, Any], where: str, instead: str = "choose another folder"
) -> None:
    """Compare the configuration of a run with the one it is to be resumed with.

    Args:
        old: The run's configuration.
        new: The one it is to be resumed with.
        where: The place of the run, in words.
        instead: What else can be done.

    Raises:
        RunFolderError: They differ; the message lists each field with both values. A larger budget is no
            difference, and neither is a name of ``compared`` that only one of them has.
    """
    old = _in_present_names(old)
    if "format" in new and "format" not in old:
        # Release 0.1 recorded the strategy as text; all else that it recorded is compared.
        old = {key: value for key, value in old.items() if key != "settings"}
        new = {key: new[key] for key in old if key in new}
    before, now = old.get(_GROWS), new.get(_GROWS)
    if isinstance(before, int) and isinstance(now, int) and now < before:
        raise RunFolderError(
            f"the run in {where} has a budget of {before}, so it cannot be resumed with {now}: "
            f"give {before} or more, or {instead}"
        )
    if fields := differences(_compared(old, new), _compared(new, old)):
        listed = "; ".join(f"{name}: {there} there, {now} now" for name, there, now in fields)
        raise RunFolderError(
            f"the run in {where} has another configuration ({listed}): "
            f"resume it with the same settings, or {instead}"
        )


def _in_present_names(value: Any) -> Any:
    """A recorded value whose fields, at any depth, have the names and values of this release."""
    if isinstance(value, list):
        return [_in_present_names(each) for each in value]
    if not isinstance(value, dict):
        return value
    renamed = {_PRESENT.get(name, name): _in_present_names(each) for name, each in value.items()}
    for name, values in _PRESENT_VALUES.items():
        if isinstance(renamed.get(name), str):
            renamed[name] = values.get(renamed[name], renamed[name])
    return renamed


def _compared(config: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """What of a configuration has to be the same in another one."""
    kept = dict(config)
    if all(isinstance(budget, int | None) for budget in (config.get(_GROWS), other.get(_GROWS))):
        kept.pop(_GROWS, None)
    named, others = config.get(_JOINS, {}), other.get(_JOINS, {})
    if isinstance(named, Mapping) and isinstance(others, Mapping):
        kept[_JOINS] = {name: each for name, each in named.items() if name in others}
    return kept


def _as_json(config: Mapping[str, Any]) -> dict[str, Any]:
    try:
        plain: dict[str, Any] = json.loads(json.dumps(config, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise RunFolderError(
            f"the configuration of the run cannot be recorded as JSON ({message(error)}): give texts, finite numbers, "
            "lists and mappings of these"
        ) from None
    return plain


def _finished(result: Path) -> int:
    """How many finished evaluations a summary names; 0 where there is none, or none that can be read."""
    try:
        record = json.loads(read_text(result))
        return len(record["evaluations"]) + len(record.get("repeats") or ())
    except (ValueError, OSError, RecursionError, KeyError, TypeError, AttributeError):
        return 0


def _read_json(path: Path) -> dict[str, Any]:
    try:
        record = json.loads(read_text(path))
        if isinstance(record, dict) and isinstance(record.get("config"), dict):
            record["config"] = _in_present_names(record["config"])
            return record
        reason = "it does not hold a configuration"
    except (ValueError, OSError, RecursionError) as error:
        reason = str(error)
    raise RunFolderError(f"{path} cannot be read ({reason}): choose another folder") from None


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _mend_journal(journal: Path) -> None:
    """Remove what a killed writer may leave: Optuna's lock files, and an end that cannot be read.

    The folder's own lock is held, so no driver can be writing.
    """
    mend_journal(journal)
    for left_over in journal.parent.glob(f"{journal.name}.lock*"):
        left_over.unlink()


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    try:
        yield
    except (FileError, OSError) as error:
        cause = error.__cause__ if isinstance(error, FileError) else error
        reason = getattr(cause, "strerror", None) or cause
        if is_file(folder):
            raise RunFolderError(f"{folder} is a file: give a folder, new or with a run") from error
        if isinstance(cause, FileNotFoundError):
            raise RunFolderError(
                f"{cause.filename or folder} was removed while the run used it, and what was in it is lost: begin anew "
                "in another folder"
            ) from error
        raise RunFolderError(
            f"cannot write in the run folder {folder}: {reason}. "
            "What was finished stays there; fix the cause and run it again, a search with resume=True (--resume)"
        ) from error
