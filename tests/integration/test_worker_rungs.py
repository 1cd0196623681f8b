"""Searches with rungs whose workers are elsewhere: checkpoints, what is paid, and how far the search is."""

import json

import pytest

pytest.importorskip("psycopg", reason="needs psycopg: pip install 'archrank[postgres]'")
pytest.importorskip("torch")

import archrank as ar
from archrank.study import Database
from postgres import running_server
from rungs_elsewhere import LEVELS, Elsewhere
from waiting import PATIENCE, wait_until


@pytest.fixture(scope="module")
def server():
    """A server of its own."""
    with running_server() as found:
        yield found


def ended(search, *workers):
    """The record of a search, and what it and its workers said."""
    try:
        out, said = search.communicate(timeout=PATIENCE)
        assert search.returncode == 0, said
        return json.loads(out), said, " ".join(worker.communicate(timeout=PATIENCE)[1] for worker in workers)
    finally:
        for process in (search, *workers):
            process.kill()


def costs(record):
    """The epochs of every training that goes on from the shorter ones, in the order of the record."""
    trained, found = {}, []
    for e in record["evaluations"]:
        before = trained.setdefault(e["architecture"], [0])
        found.append(e["fidelity"] - max(before))
        before.append(e["fidelity"])
    return found


def test_a_training_goes_on_in_another_process(server, tmp_path):
    there = Elsewhere(server, tmp_path, "shared", 4)
    record, said, theirs = ended(there.search(), there.worker(), there.worker())
    assert {e["fidelity"] for e in record["evaluations"]} == set(LEVELS)
    assert [e["epochs"] for e in record["evaluations"]] == costs(record)
    # Every epoch once, whoever trained it.
    assert set(there.epochs("end").values()) == {1}
    assert there.epochs("begin") == there.epochs("end")
    assert there.epochs("end").total() == record["epochs"]
    assert "epochs trained to reach 9" in theirs
    assert "trained again" not in " ".join(said.split())


def test_a_worker_without_the_checkpoint_begins_again_and_its_epochs_are_paid(server, tmp_path):
    there = Elsewhere(server, tmp_path, "apart", 4)
    record, said, _ = ended(there.search(), *(there.worker("--trainings", f"of {name}") for name in "abc"))
    assert there.epochs("end").total() == record["epochs"]
    again = record["epochs"] - sum(costs(record))
    repeated = there.epochs("end").total() - len(there.epochs("end"))
    assert again == repeated
    assert (f"{again} epochs were trained again" in " ".join(said.split())) == (again > 0)
    found = ar.status(tmp_path / "run")
    assert found.epochs == (record["epochs"], 36)


def test_the_state_of_a_search_whose_study_is_on_a_server(server, tmp_path):
    there = Elsewhere(server, tmp_path, "watched", 3, per_epoch=0.05)
    search = there.search()
    worker = there.worker()
    wait_until(lambda: len(there.recorded) >= 2, "two trainings were to be recorded")
    with Database(server, "watched") as database:
        found = ar.status(tmp_path / "run", database=database)
        assert found.state == "running"
        assert found.done >= 2
        page = ar.watch(tmp_path / "run", every=0.2, database=database, page=tmp_path / "page.html")
    record, *_ = ended(search, worker)
    text = page.read_text(encoding="utf-8")
    assert "The search has ended" in text
    assert f"{record['epochs']} of 27 epochs are trained" in text
