"""`status`: how far a search is, what it found, and what going on may gain."""

import json
import re

import numpy as np
import pytest

import archrank as ar
from archrank.cli.main import main
from archrank.errors import ArchrankError, RunFolderError
from archrank.spaces import NASBench201
from archrank.study.lock import FolderLock
from archrank.verbs.outlook import NEXT, outlook

pytest.importorskip("sklearn")


def value(architecture):
    """Convolutions of kernel 3 are good, on the last edge twice."""
    return float(sum(o == 3 for o in architecture.choices) + (architecture.choices[5] == 3))


def stopped_after(count):
    """Interrupts a search."""

    def on_progress(progress):
        if progress.done == count:
            raise KeyboardInterrupt

    return on_progress


def test_an_ended_search(tmp_path):
    result = ar.search(NASBench201(), value, budget=25, folder=tmp_path / "run")
    found = ar.status(tmp_path / "run")
    assert (found.state, found.done, found.budget, found.failed, found.running) == ("ended", 25, 25, 0, 0)
    assert found.best == result.best_value
    assert found.best_architecture == NASBench201().format(result.best_architecture)
    assert found.best_at == result.best.number + 1
    assert set(found.outlook.gains) == {NEXT}
    assert sorted(found.outlook.choices) == sorted(choice.name for choice in NASBench201().choices)
    assert "best value" in repr(found)


def test_a_search_that_ran_out_of_architectures_has_ended(tmp_path):
    edges = {choice.name: choice.options[0] for choice in NASBench201().choices[:-1]}
    result = ar.search(NASBench201(), value, "random", budget=25, fix=edges, folder=tmp_path)
    found = ar.status(tmp_path)
    assert (found.state, found.done, found.budget) == ("ended", len(result.evaluations), 25)
    assert 0 < found.done < 25
    assert "nothing else was left" in repr(found)
    assert "seconds left" not in repr(found)


def test_an_interrupted_search_is_read_and_not_changed(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        ar.search(NASBench201(), value, budget=40, folder=tmp_path, on_progress=stopped_after(22))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    found = ar.status(tmp_path)
    assert (found.state, found.done, found.budget) == ("interrupted", 22, 40)
    assert set(found.outlook.gains) == {NEXT, 18}
    assert found.outlook.gains[18] >= found.outlook.gains[NEXT] >= 0
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert ar.search(NASBench201(), value, budget=40, folder=tmp_path, resume=True).evaluations


def test_what_counts_with_fidelities_is_said(tmp_path):
    ar.search(
        NASBench201(),
        lambda a, epochs: value(a) * epochs,
        "random",
        budget=3,
        fidelities=[1, 3],
        folder=tmp_path,
    )
    assert re.match(r"only whole trainings of 3 epochs count here: \d measurements", ar.status(tmp_path).note)


def test_a_search_that_is_under_way(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        ar.search(NASBench201(), value, "random", budget=40, folder=tmp_path, on_progress=stopped_after(5))
    with FolderLock(tmp_path):
        found = ar.status(tmp_path)
    assert found.state == "running"
    assert found.outlook is None
    assert "5 measurements are too few" in found.note
    assert "seconds left" in dict(found.lines)


def test_failures_and_constraints_do_not_count(tmp_path):
    def evaluate(architecture):
        if architecture.choices[0] == 0:
            raise MemoryError("too large")
        return {"accuracy": value(architecture), "latency": float(architecture.choices[1])}

    where = ["latency < 3"]
    result = ar.search(
        NASBench201(), evaluate, "random", budget=30, metric="accuracy", where=where, folder=tmp_path
    )
    found = ar.status(tmp_path)
    assert found.failed == sum(e.state == "failed" for e in result.evaluations) > 0
    assert found.best == result.best_value


def test_a_minimized_value(tmp_path):
    ar.search(NASBench201(), lambda a: -value(a), budget=25, maximize=False, folder=tmp_path)
    assert ar.status(tmp_path).outlook.gains[NEXT] >= 0


def test_a_space_of_ones_own_is_not_imported(tmp_path):
    class Mine(NASBench201):
        name = "mine"

    ar.search(Mine(), value, "random", budget=21, folder=tmp_path)
    assert "--space" in ar.status(tmp_path).note
    assert ar.status(tmp_path, Mine()).outlook is not None
    with pytest.raises(ArchrankError, match="searches mine"):
        ar.status(tmp_path, "nas-bench-201")


def test_what_is_no_run(tmp_path):
    with pytest.raises(RunFolderError, match="holds no run"):
        ar.status(tmp_path)
    with pytest.raises(RunFolderError, match="is no folder"):
        ar.status(tmp_path / "missing")


def test_the_command(tmp_path, monkeypatch, capsys):
    ar.search(NASBench201(), value, budget=25, folder=tmp_path)
    monkeypatch.setattr("sys.argv", ["archrank", "status", str(tmp_path), "--json"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    record = json.loads(capsys.readouterr().out)
    assert record["state"] == "ended"
    assert record["gains"].keys() == {str(NEXT)}
    monkeypatch.setattr("sys.argv", ["archrank", "status", str(tmp_path)])
    with pytest.raises(SystemExit):
        main()
    assert re.search(r"suggestion\s+\w", capsys.readouterr().out)


def test_nothing_is_gained_where_the_best_is_known():
    space = NASBench201()
    everything = space.architectures(space.rows())
    best = max(everything, key=value)
    known = [*space.sample(80, np.random.default_rng(0)), best]
    ahead = outlook(space, known, [value(a) for a in known], 0)
    worse = known[:-1]
    assert ahead.gains[NEXT] < outlook(space, worse, [value(a) for a in worse], 0).gains[NEXT]
    assert outlook(space, known[:5], [1.0, 2.0, 3.0, 4.0, 5.0], 3) is None
    assert outlook(space, known[:30], [1.0] * 30, 3) is None
