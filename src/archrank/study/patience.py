"""A database server that is away for a while: calls are repeated, and lost locks are taken anew."""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from optuna.exceptions import StorageInternalError

from archrank.system.interrupts import interrupt_waits

if TYPE_CHECKING:
    import sqlalchemy

__all__ = ["Lock", "outlasted", "reached"]

T = TypeVar("T")

_PAUSE, _LONGEST_PAUSE, _NAP = 0.1, 5.0, 0.1
"""Seconds between two tries, which grow, and between two looks whether an interrupt came."""

_KNOCKING = 4.0
"""Seconds in which a server that was started a moment ago begins to listen."""

_STARTING = (
    "the database system is starting up",
    "the database system is not yet accepting",
    "is shutting down",
)


def outlasted(function: Callable[[], T], patience: float) -> T:
    """Call a function that asks a database server; again while the server is away.

    Args:
        function: What may be repeated without harm.
        patience: Seconds for which the server may be away.

    Raises:
        SQLAlchemyError: The server was away for longer, or refused for another reason, or an interrupt came.
    """
    return _repeated(function, lambda error: patience if _is_away(error) else 0.0)


def reached(connect: Callable[[], T], patience: float) -> T:
    """Connect for the first time, when a server may have been started together with this program.

    Args:
        connect: Makes a connection.
        patience: Seconds to wait for a server that says that it is starting. One that does not answer may also not
            exist, and is waited for only briefly; one that refuses, as a wrong password, not at all.

    Raises:
        SQLAlchemyError: No connection could be made.
    """

    def waits(error: Exception) -> float:
        text = str(error)
        if any(words in text for words in _STARTING):
            return patience
        return min(_KNOCKING, patience) if _is_away(error) and "FATAL" not in text else 0.0

    return _repeated(connect, waits)


def _repeated(function: Callable[[], T], waits: Callable[[Exception], float]) -> T:
    """Call a function, again while it fails with errors for which so many seconds since the beginning are waited."""
    from sqlalchemy.exc import SQLAlchemyError

    began, pause = time.monotonic(), _PAUSE
    while True:
        try:
            return function()
        except (SQLAlchemyError, StorageInternalError) as error:
            until = began + waits(error)
            if time.monotonic() >= until:
                raise
            end = min(until, time.monotonic() + pause)
            while time.monotonic() < end:
                if interrupt_waits():
                    raise
                time.sleep(_NAP)
            pause = min(2 * pause, _LONGEST_PAUSE)


def _is_away(error: BaseException) -> bool:
    """Whether an error is of the connection, and not of what was asked."""
    from sqlalchemy.exc import InterfaceError, OperationalError, PendingRollbackError

    cause: BaseException | None = error
    while cause is not None:
        # The last where Optuna asks once more in a transaction whose connection was lost.
        if isinstance(cause, OperationalError | InterfaceError | PendingRollbackError):
            return True
        cause = cause.__cause__
    return False


class Lock:
    """A lock that the server keeps as long as a connection lasts; it goes however this process ends.

    Args:
        engine: Makes connections that are not shared.
        name: What is locked.
    """

    def __init__(self, engine: "sqlalchemy.Engine", name: str) -> None:
        self._engine, self._name = engine, name
        self._connection: sqlalchemy.Connection | None = None
        self._held = False

    def hold(self, patience: float = 0.0) -> bool:
        """Take the lock, unless it is held already; returns whether it is held then.

        Args:
            patience: Seconds to wait for it: a server may think for a while that a lost connection is still there.

        Raises:
            SQLAlchemyError: The server cannot be reached.
        """
        until = time.monotonic() + patience
        while not self._asked():
            if time.monotonic() >= until or interrupt_waits():
                return False
            time.sleep(_NAP)
        return True

    def _asked(self) -> bool:
        import sqlalchemy

        if self._connection is not None:
            with suppress(sqlalchemy.exc.SQLAlchemyError):
                if self._held:
                    self._connection.execute(sqlalchemy.text("SELECT 1"))
                    return True
                return self._taken(self._connection)
            self.close()
        self._connection = self._engine.connect()
        return self._taken(self._connection)

    def _taken(self, connection: "sqlalchemy.Connection") -> bool:
        import sqlalchemy

        words = sqlalchemy.text("SELECT pg_try_advisory_lock(hashtextextended(:name, 0))")
        self._held = bool(connection.execute(words, {"name": self._name}).scalar())
        return self._held

    def close(self) -> None:
        """Give the lock back."""
        import sqlalchemy

        if self._connection is not None:
            with suppress(sqlalchemy.exc.SQLAlchemyError):
                self._connection.close()
            self._connection, self._held = None, False
