"""Calls that outlast a server which is away."""

import os
import signal
import socket
import struct
import threading

import pytest

pytest.importorskip("psycopg", reason="needs psycopg: pip install 'archrank[postgres]'")

from optuna.exceptions import StorageInternalError
from sqlalchemy.exc import OperationalError, PendingRollbackError, ProgrammingError

from archrank.errors import RunFolderError
from archrank.study import Database, patience
from archrank.study.patience import outlasted, reached
from archrank.system.interrupts import uninterrupted


class Failing:
    """Fails as often as it is told."""

    def __init__(self, times, error):
        self.left, self.error, self.calls = times, error, 0

    def __call__(self):
        self.calls += 1
        if self.left:
            self.left -= 1
            raise self.error
        return self.calls


def away():
    return OperationalError("SELECT 1", {}, Exception("server closed the connection unexpectedly"))


def within_optuna():
    error = StorageInternalError("An exception is raised during the commit.")
    error.__cause__ = away()
    return error


def in_a_lost_transaction():
    return PendingRollbackError("Can't reconnect until invalid transaction is rolled back.")


@pytest.mark.parametrize("make", [away, within_optuna, in_a_lost_transaction])
def test_a_call_is_repeated_until_the_server_is_back(make):
    assert outlasted(Failing(3, make()), patience=600) == 4


def answering(words):
    return OperationalError("", {}, Exception(words))


@pytest.mark.parametrize(
    "words", ["connection refused", "connection failed: FATAL:  the database system is starting up"]
)
def test_a_server_that_is_being_started_is_waited_for(monkeypatch, words):
    monkeypatch.setattr(patience, "_KNOCKING", 600)
    assert reached(Failing(3, answering(words)), patience=600) == 4


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ("connection refused", 0),
        ('FATAL:  password authentication failed for user "me"', 600),
        ('FATAL:  database "x" does not exist', 600),
    ],
)
def test_a_server_that_refuses_is_not_waited_for(words, seconds):
    failing = Failing(10**9, answering(words))
    with pytest.raises(OperationalError):
        reached(failing, patience=seconds)
    assert failing.calls == 1


def test_a_server_that_does_not_answer_is_waited_for_only_briefly(monkeypatch):
    monkeypatch.setattr(patience, "_KNOCKING", 0)
    failing = Failing(10**9, answering("connection refused"))
    with pytest.raises(OperationalError):
        reached(failing, patience=600)
    assert failing.calls == 1


def test_patience_ends():
    failing = Failing(10**9, away())
    with pytest.raises(OperationalError):
        outlasted(failing, patience=0)
    assert failing.calls == 1


@pytest.mark.parametrize(
    "error", [ProgrammingError("x", {}, Exception("y")), StorageInternalError("z"), ValueError()]
)
def test_what_is_no_matter_of_the_connection_is_not_repeated(error):
    failing = Failing(10**9, error)
    with pytest.raises(type(error)):
        outlasted(failing, patience=600)
    assert failing.calls == 1


def test_an_interrupt_ends_the_waiting():
    failing = Failing(10**9, away())

    def interrupted():
        os.kill(os.getpid(), signal.SIGINT)
        return failing()

    with pytest.raises(KeyboardInterrupt), uninterrupted():
        outlasted(interrupted, patience=600)
    assert failing.calls == 1


class WrongPassword(threading.Thread):
    """A server that refuses every password; counts who asked."""

    def __init__(self):
        super().__init__(daemon=True)
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port, self.refused = self.socket.getsockname()[1], 0
        self.start()

    def run(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with connection:
                self.answer(connection)

    def answer(self, connection):
        (length,) = struct.unpack("!i", connection.recv(4))
        while connection.recv(length - 4)[:4] in (struct.pack("!i", 80877103), struct.pack("!i", 80877104)):
            connection.sendall(b"N")  # no encryption
            (length,) = struct.unpack("!i", connection.recv(4))
        connection.sendall(b"R" + struct.pack("!ii", 8, 3))
        connection.recv(1024)
        said = b'SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed for user "me"\0\0'
        self.refused += 1  # before the answer: who gets it may look at once
        connection.sendall(b"E" + struct.pack("!i", len(said) + 4) + said)


def test_a_wrong_password_is_not_tried_again():
    server = WrongPassword()
    with (
        Database(f"postgresql://me:wrong@127.0.0.1:{server.port}/archrank", "mine") as database,
        pytest.raises(RunFolderError, match="password authentication failed"),
    ):
        database.open()
    server.socket.close()
    assert server.refused == 1
