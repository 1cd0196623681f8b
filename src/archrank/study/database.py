"""A study in a PostgreSQL database, where workers on many machines find it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

import optuna
from optuna.storages import BaseStorage

from archrank.errors import RunFolderError, UnknownName
from archrank.study.metadata import checked_metadata
from archrank.study.patience import Lock, outlasted, reached
from archrank.study.storage import StudyStore
from archrank.system.foreign import message
from archrank.system.interrupts import uninterrupted

if TYPE_CHECKING:
    import sqlalchemy

__all__ = ["Database"]

T = TypeVar("T")

_FORM = "postgresql+psycopg://user@host:5432/database"
_CONNECTING = 10
"""Seconds that a server has to answer."""


class Database(StudyStore):
    """A study in a database; a context manager, which closes its connections.

    Args:
        url: Where the database is, as SQLAlchemy writes it: ``postgresql+psycopg://user@host:5432/database``. A
            password may be left to ``~/.pgpass`` or the environment variable ``PGPASSWORD``.
        study: The study's name.
        patience: Seconds without a sign of life after which the search gives a worker up and queues its architecture
            again; and for how long a server that was there may be away.

    Raises:
        RunFolderError: No database of the kind that several machines can share, or what connects to it is missing.
    """

    instead = "give another name"

    def __init__(self, url: str, study: str, patience: float = 60.0) -> None:
        self.name = study
        self.patience = patience
        self._url = _parsed(url)
        self._storage: optuna.storages.RDBStorage | None = None
        self._lock: Lock | None = None
        self._connections = 0
        self.where = f"{self.address}, named {study}"

    @property
    def address(self) -> str:
        """The database's URL without its password."""
        return self._url.render_as_string(hide_password=True)

    def open(self) -> BaseStorage:
        """Connect, and make Optuna's tables where they are missing.

        Raises:
            RunFolderError: The server cannot be reached, or refuses.
        """
        if self._storage is not None:
            return self._storage
        import sqlalchemy

        # Several processes that make the tables at the same time would be in each other's way.
        with self._connected() as (connection, ask), self._explained():
            connection.execute(ask("SELECT pg_advisory_lock(hashtextextended('archrank tables', 0))"))
            self._storage = optuna.storages.RDBStorage(
                self._url.render_as_string(hide_password=False),
                engine_kwargs={"pool_pre_ping": True, "connect_args": {"connect_timeout": _CONNECTING}},
            )
            sqlalchemy.event.listen(self._storage.engine, "connect", self._count)
        return self._storage

    def _count(self, *_: Any) -> None:
        self._connections += 1

    def close(self) -> None:
        """Close the connections; opening it again makes new ones."""
        if self._storage is not None:
            self._storage.remove_session()
            self._storage.engine.dispose()
            self._storage = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def holds(self) -> bool:
        """Whether there is a study of that name."""
        storage = self.open()
        with self._explained():
            return self.name in optuna.get_all_study_names(storage)

    def metadata(self) -> dict[str, Any]:
        """What the search wrote down about its study, such as the names of its space and metric.

        Raises:
            UnknownName: There is no study of that name.
            RunFolderError: No search made it, or what it says cannot be.
        """
        return checked_metadata(self.study().user_attrs, self.where, self.instead)

    def study(self) -> optuna.Study:
        """The study, which is there already.

        Raises:
            UnknownName: It is not.
        """
        storage = self.open()
        with self._explained():
            names = optuna.get_all_study_names(storage)
            if self.name not in names:
                raise UnknownName(
                    f"study in {self.address}", self.name, names or ["none yet: start the search first"]
                )
            return optuna.load_study(study_name=self.name, storage=storage)

    @contextmanager
    def driving(self) -> Iterator[None]:
        """The server keeps a lock as long as this process is connected.

        Raises:
            RunFolderError: Another process drives the study.
        """
        lock = Lock(self._engine(), f"archrank study {self.name}")
        try:
            with self._explained():
                self._check_held(lock.hold())
            self._lock = lock
            yield
        finally:
            self._lock = None
            lock.close()

    def _check_held(self, held: bool) -> None:
        if not held:
            raise RunFolderError(
                f"the study in {self.where}, is driven by another process: wait for it to end, or {self.instead}"
            )

    def lasting(self, function: Callable[[], T]) -> T:
        """Call a function; where the server is away, again with growing pauses until the patience is over.

        Raises:
            RunFolderError: Another process drives the study since the server was away.
        """
        known = self._connections
        found = outlasted(function, self.patience)
        if (
            self._connections != known and self._lock is not None
        ):  # a server that was restarted forgot the lock
            self._check_held(outlasted(partial(self._lock.hold, self.patience), self.patience))
        return found

    @contextmanager
    def writing(self) -> Iterator[None]:
        """An interrupt waits, and a server that is gone is explained."""
        with uninterrupted(), self._explained():
            yield

    @contextmanager
    def _connected(self) -> "Iterator[tuple[sqlalchemy.Connection, Callable[[str], sqlalchemy.TextClause]]]":
        """A connection of its own, and what makes a statement of a text."""
        import sqlalchemy

        engine = self._engine()
        with self._explained():
            connection = reached(engine.connect, self.patience)
        with connection:
            yield connection, sqlalchemy.text

    def _engine(self) -> "sqlalchemy.Engine":
        import sqlalchemy

        return sqlalchemy.create_engine(
            self._url,
            isolation_level="AUTOCOMMIT",
            poolclass=sqlalchemy.pool.NullPool,
            connect_args={"connect_timeout": _CONNECTING},
        )

    @contextmanager
    def _explained(self) -> Iterator[None]:
        from sqlalchemy.exc import SQLAlchemyError

        try:
            yield
        except (SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
            cause = error.__cause__ or error
            reason = message(getattr(cause, "orig", None) or cause)
            raise RunFolderError(
                f"the storage {self.address} cannot be used: {reason}. What was finished stays there. "
                "Start a server (`initdb -D DIR && pg_ctl -D DIR -l log start && createdb archrank`) or name a "
                "running one, and go on"
            ) from error


def _parsed(url: str) -> "sqlalchemy.URL":
    import sqlalchemy

    try:
        parsed = sqlalchemy.make_url(url)
        if parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        dialect = parsed.get_dialect()
        if parsed.get_backend_name() == "postgresql":
            dialect.import_dbapi()
    except sqlalchemy.exc.ArgumentError as error:
        raise RunFolderError(
            f"{url!r} is no address of a database ({message(error)}), expected {_FORM}"
        ) from None
    except ImportError as error:
        raise RunFolderError(
            f"what connects to {parsed.drivername} is not installed ({message(error)}): "
            "pip install 'archrank[postgres]'"
        ) from None
    if parsed.get_backend_name() != "postgresql":
        raise RunFolderError(
            f"many machines need a PostgreSQL server ({_FORM}), not {parsed.get_backend_name()!r}: SQLite hands one "
            "architecture to two workers, and others were not tried"
        )
    return parsed
