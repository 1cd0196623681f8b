"""The page of a search that is under way."""

import re
import threading

import pytest

import archrank as ar
from archrank.cli.main import main
from archrank.errors import ArchrankError, RunFolderError
from archrank.spaces import NASBench201
from archrank.study.lock import FolderLock, is_taken
from archrank.verbs.watch import LIVE, watch
from waiting import PATIENCE

pytest.importorskip("sklearn")


def value(architecture):
    """Convolutions of kernel 3 are good."""
    return float(sum(o == 3 for o in architecture.choices))


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file() and path.name != LIVE}


def in_background(**arguments):
    """Watches a run until that ends, in a thread: what was written, as states."""
    states = []
    thread = threading.Thread(
        target=watch,
        kwargs={**arguments, "every": 0.05, "on_written": lambda found, page: states.append(found.state)},
        daemon=True,
    )
    thread.start()
    return thread, states


def test_an_ended_search_is_shown_once_and_not_changed(tmp_path):
    result = ar.search(NASBench201(), value, budget=25, folder=tmp_path)
    before = files(tmp_path)
    text = watch(tmp_path).read_text(encoding="utf-8")
    assert files(tmp_path) == before
    assert "The search has ended: 25 of 25 evaluations are finished." in text
    assert f"value <b>{result.best_value:g}</b>" in text
    assert NASBench201().format(result.best_architecture) in text
    assert text.count("<svg") >= 3
    assert "What the predictions depend on" in text
    assert 'http-equiv="refresh"' not in text
    assert not re.search(r"""(src|href)=["'](?!#)""", text)


def test_the_page_follows_a_search_until_its_end(tmp_path):
    running, seen = threading.Event(), threading.Event()

    def evaluate(architecture):
        if len(evaluated) == 8:
            running.set()
            assert seen.wait(PATIENCE)
        evaluated.append(architecture)
        return value(architecture)

    evaluated = []
    search = threading.Thread(
        target=ar.search,
        args=(NASBench201(), evaluate, "random"),
        kwargs={"budget": 12, "folder": tmp_path / "run"},
        daemon=True,
    )
    search.start()
    assert running.wait(PATIENCE)
    watching, states = in_background(folder=tmp_path / "run", page=tmp_path / "page.html")
    while not (tmp_path / "page.html").exists():
        assert watching.is_alive()
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "The search is running: 8 of 12 evaluations are finished." in text
    assert 'http-equiv="refresh"' in text
    assert "too few to say" in text
    seen.set()
    search.join(PATIENCE)
    watching.join(PATIENCE)
    assert not watching.is_alive()
    assert states[0] == "running"
    assert states[-1] == "ended"
    assert "The search has ended: 12 of 12" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_half_written_files_are_waited_for(tmp_path):
    ar.search(NASBench201(), value, "random", budget=12, folder=tmp_path)
    (tmp_path / "result.json").unlink()
    journal = tmp_path / "journal.log"
    whole = journal.read_bytes()
    lines = whole.splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:40]) + b'{"op_code": 4, \n' + b"".join(lines[40:]))
    with FolderLock(tmp_path):
        watching, states = in_background(folder=tmp_path)
        watching.join(0.3)
        assert watching.is_alive()
        assert states == []
        journal.write_bytes(whole + lines[-1][:20])
        while not states:
            assert watching.is_alive()
    watching.join(PATIENCE)
    assert not watching.is_alive()
    assert "12 of 12" in (tmp_path / LIVE).read_text(encoding="utf-8")


def test_rungs_count_epochs(tmp_path):
    result = ar.search(
        NASBench201(), lambda a, epochs: value(a) * epochs, budget=5, fidelities=[1, 3, 9], folder=tmp_path
    )
    found = ar.status(tmp_path)
    assert found.epochs == (result.epochs, 45)
    text = watch(tmp_path).read_text(encoding="utf-8")
    assert f"{result.epochs} of 45 epochs are trained, in {len(result.evaluations)} trainings" in text


def test_several_objectives_and_constraints(tmp_path):
    def evaluate(architecture):
        if architecture.choices[0] == 0:
            raise MemoryError("<too large>")
        return {"accuracy": value(architecture), "cost": float(sum(architecture.choices)), "size": 1.0}

    ar.search(
        NASBench201(), evaluate, "random", budget=12, objectives=["accuracy", "cost:min"], where=["size < 2"],
        folder=tmp_path,
    )  # fmt: skip
    text = watch(tmp_path).read_text(encoding="utf-8")
    assert "Pareto front" in text
    assert "<too large>" not in text
    assert "The best so far" not in text


def test_asking_whether_a_folder_is_taken_keeps_nobody_out(tmp_path):
    assert not is_taken(tmp_path)
    assert not is_taken(tmp_path / "missing")
    assert list(tmp_path.iterdir()) == []
    with FolderLock(tmp_path):
        assert is_taken(tmp_path)
    asking = threading.Event()

    def ask():
        while not asking.is_set():
            is_taken(tmp_path)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        for _ in range(200):
            FolderLock(tmp_path).undo()
    finally:
        asking.set()
        thread.join()


def test_what_cannot_be_watched(tmp_path):
    with pytest.raises(RunFolderError, match="holds no run"):
        watch(tmp_path)
    with pytest.raises(RunFolderError, match="is no folder"):
        watch(tmp_path / "missing")
    with pytest.raises(ArchrankError, match="every is 0"):
        watch(tmp_path, every=0)


@pytest.mark.parametrize(
    ("words", "said"),
    [(["--live", "--json"], "give one of them"), (["--every", "3"], "add --live")],
)
def test_options_that_conflict(tmp_path, monkeypatch, capsys, words, said):
    monkeypatch.setattr("sys.argv", ["archrank", "status", str(tmp_path), *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert said in " ".join(capsys.readouterr().err.split())


def test_the_command(tmp_path, monkeypatch, capsys):
    ar.search(NASBench201(), value, "random", budget=6, folder=tmp_path)
    monkeypatch.setattr("sys.argv", ["archrank", "status", str(tmp_path), "--live"])
    monkeypatch.setattr("os.nice", lambda more: 0)
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    assert "has ended" in capsys.readouterr().err
    assert (tmp_path / LIVE).exists()
