import socket

import pytest

pytest.importorskip("psycopg", reason="needs psycopg: pip install 'archrank[postgres]'")

from archrank.errors import EvaluationError, RunFolderError
from archrank.spaces import NASBench201
from archrank.strategies import RandomSearch
from archrank.study import Database, RayCluster, patience, search

SPACE = NASBench201()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("sqlite:///study.db", "SQLite hands one architecture to two workers"),
        ("here", "is no address of a database"),
        ("postgresql+psycopg3://localhost/x", "is no address of a database"),
    ],
)
def test_what_several_machines_cannot_share_is_refused(url, said):
    with pytest.raises(RunFolderError, match=said):
        Database(url, "mine")


def test_a_server_that_does_not_answer_is_named_without_its_password(monkeypatch):
    monkeypatch.setattr(patience, "_KNOCKING", 0)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    database = Database(f"postgresql://me:secret@127.0.0.1:{port}/archrank", "mine")
    with pytest.raises(RunFolderError) as caught:
        search(SPACE, None, RandomSearch(SPACE), budget=2, database=database)
    assert f"postgresql+psycopg://me:***@127.0.0.1:{port}/archrank" in str(caught.value)
    assert "refused" in str(caught.value)
    assert "initdb" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_database_has_workers_of_its_own():
    database = Database("postgresql://me@127.0.0.1/archrank", "mine")
    with pytest.raises(EvaluationError, match="not both"):
        search(SPACE, None, RandomSearch(SPACE), budget=2, database=database, executor=RayCluster())
    with pytest.raises(EvaluationError, match="archrank worker"):
        search(SPACE, None, RandomSearch(SPACE), budget=2, database=database, timeout=3)
