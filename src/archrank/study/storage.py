"""Where a study is kept: in memory, in a run folder, or (in ``database.py``) in a database."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TypeVar

from optuna.storages import BaseStorage, InMemoryStorage, JournalStorage

from archrank.errors import RunFolderError
from archrank.study.folder import RunFolder
from archrank.study.journal import CheckedJournal
from archrank.system.foreign import in_one_line
from archrank.system.interrupts import uninterrupted

__all__ = ["JournalStore", "MemoryStore", "StudyStore"]

T = TypeVar("T")


class StudyStore(ABC):
    """Where one study is kept.

    Attributes:
        name: The study's name there.
        where: The place in words, for messages.
        instead: What to do where it holds another study.
    """

    name: str
    where: str
    instead = "choose another folder"

    @abstractmethod
    def open(self) -> BaseStorage:
        """Optuna's storage.

        Raises:
            RunFolderError: It cannot be reached or read.
        """

    def begin(self, finished: int) -> None:  # noqa: B027, most stores hold nothing but the study
        """Write what stands beside the study; called before anything is written, when what is there was checked.

        Args:
            finished: How many finished evaluations the study holds.

        Raises:
            RunFolderError: More of them are recorded beside the study.
        """

    def driving(self) -> AbstractContextManager[None]:
        """A context in which no other process drives the study.

        Raises:
            RunFolderError: Another one does.
        """
        return nullcontext()

    def writing(self) -> AbstractContextManager[None]:
        """A context for all reading and writing: an interrupt waits, and a refusal is explained."""
        return nullcontext()

    def lasting(self, function: Callable[[], T]) -> T:
        """Call a function that reads or writes the study; where that may be away for a while, call it again.

        Args:
            function: What may be repeated without harm: a first call may have been carried out, and its answer lost.
        """
        return function()


class MemoryStore(StudyStore):
    """A study that ends with the process."""

    name = "archrank"
    where = "memory"

    def open(self) -> BaseStorage:
        """A new one."""
        return InMemoryStorage()


class JournalStore(StudyStore):
    """A study in the journal file of a run folder.

    Args:
        folder: The run folder, opened.
    """

    name = "archrank"

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        self.where = str(folder.path)

    def open(self) -> BaseStorage:
        """Read the journal.

        Raises:
            RunFolderError: It is damaged, or missing though evaluations were finished.
        """
        self._folder.check_present()
        try:
            return JournalStorage(CheckedJournal(self._folder.journal))
        except OSError:
            raise
        except Exception as error:  # it was checked, but Optuna's own reading may know better
            raise RunFolderError(
                f"the journal {self._folder.journal} is damaged ({in_one_line(error)}): choose another folder"
            ) from error

    def begin(self, finished: int) -> None:
        """Write the configuration.

        Raises:
            RunFolderError: The folder records more finished evaluations than the journal holds.
        """
        self._folder.check_whole(finished)
        self._folder.begin()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """An interrupt waits, and the system's refusal is explained."""
        with uninterrupted(), self._folder.writing():
            yield
