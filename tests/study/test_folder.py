import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from archrank import Cell, Choice, Graph, SearchSpace, Site
from archrank.errors import RunFolderError
from archrank.spaces import NASBench201
from archrank.strategies import RandomSearch
from archrank.study import RunFolder, search
from evaluators_for_workers import total

SPACE = NASBench201()
TESTS = Path(__file__).parents[1]


def run(path, budget=5, resume=False, **config):
    with RunFolder.open(path, config, resume=resume) as folder:
        return search(SPACE, total, RandomSearch(SPACE), budget=budget, folder=folder)


def test_the_folder_holds_configuration_and_result(tmp_path):
    with RunFolder.open(tmp_path / "a" / "b", {"seed": 1}, {"versions": {"numpy": "2"}}) as folder:
        folder.write_result({"best": None})
    assert json.loads((tmp_path / "a/b/config.json").read_text()) == {
        "config": {"seed": 1},
        "environment": {"versions": {"numpy": "2"}},
    }
    assert json.loads((tmp_path / "a/b/result.json").read_text()) == {"best": None}
    assert sorted(p.name for p in (tmp_path / "a/b").iterdir()) == [".lock", "config.json", "result.json"]


def test_an_existing_run_is_not_touched_without_resume(tmp_path):
    run(tmp_path)
    before = {p: p.read_bytes() for p in tmp_path.iterdir()}
    with pytest.raises(RunFolderError, match=r"already holds a run .*--resume.*another folder"):
        run(tmp_path)
    assert {p: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_resuming_nothing_starts_a_run(tmp_path):
    assert len(run(tmp_path / "new", resume=True).evaluations) == 5


def test_another_configuration_is_listed_field_by_field(tmp_path):
    run(tmp_path, encoder="gates", seed=1, loss="hinge")
    with pytest.raises(RunFolderError) as caught:
        run(tmp_path, resume=True, encoder="mlp", seed=1, rounds=4)
    text = str(caught.value)
    for part in (
        'encoder: "gates" there, "mlp" now',
        'loss: "hinge" there, nothing now',
        "rounds: nothing there, 4 now",
    ):
        assert part in text
    assert "seed" not in text


def test_versions_may_differ_on_resuming(tmp_path):
    RunFolder.open(tmp_path, {"seed": 1}, {"versions": {"numpy": "1"}}).close()
    RunFolder.open(tmp_path, {"seed": 1}, {"versions": {"numpy": "2"}}, resume=True).close()
    assert json.loads((tmp_path / "config.json").read_text())["environment"] == {"versions": {"numpy": "2"}}


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"config": 3}', "\udce4"])
def test_an_unreadable_configuration_is_named(tmp_path, content):
    (tmp_path / "config.json").write_text(content, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(RunFolderError, match=r"config\.json cannot be read"):
        RunFolder.open(tmp_path, {}, resume=True)


def test_a_second_opener_is_told_who_has_the_folder(tmp_path):
    with (
        RunFolder.open(tmp_path, {}),
        pytest.raises(RunFolderError, match=f"in use by process {os.getpid()}"),
    ):
        RunFolder.open(tmp_path, {}, resume=True)
    RunFolder.open(tmp_path, {}, resume=True).close()


def test_a_second_process_is_refused_and_the_lock_goes_with_the_process(tmp_path):
    script = (
        "import sys; from archrank.study import RunFolder; RunFolder.open(sys.argv[1], {}); "
        "print('open', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as owner:
        assert owner.stdout.readline() == "open\n"
        with pytest.raises(RunFolderError, match=f"in use by process {owner.pid}"):
            RunFolder.open(tmp_path, {}, resume=True)
        owner.kill()
        owner.wait()
    RunFolder.open(tmp_path, {}, resume=True).close()


def test_a_file_in_the_way(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunFolderError, match="file is a file: give a folder"):
        RunFolder.open(tmp_path / "file", {})


@pytest.fixture
def ordinary_user():
    """Root may write everywhere, so a test of permissions sheds that."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    yield
    os.seteuid(0)


@pytest.fixture
def read_only(request, tmp_path):
    run(tmp_path / "run")
    (tmp_path / "run").chmod(0o555)
    request.getfixturevalue("ordinary_user")
    return tmp_path / "run"


def test_a_read_only_folder(read_only):
    with pytest.raises(RunFolderError, match=r"cannot write in the run folder .*Permission denied"):
        RunFolder.open(read_only, {}, resume=True)
    with pytest.raises(RunFolderError, match="Permission denied"):
        RunFolder.open(read_only / "deeper", {})


@pytest.mark.parametrize("torn", [b"{", b'{"op_code":8,"worker', b"\x00\xff"])
def test_a_torn_last_line_is_set_aside(tmp_path, torn):
    before = run(tmp_path, budget=5)
    with (tmp_path / "journal.log").open("ab") as journal:
        journal.write(torn)
    with pytest.warns(UserWarning, match=r"line \d+ is cut off.*set aside in journal.log.damaged-1"):
        after = run(tmp_path, budget=9, resume=True)
    assert (tmp_path / "journal.log.damaged-1").read_bytes() == torn
    assert after.evaluations[:5] == before.evaluations
    assert len(after.evaluations) == 9


def test_a_journal_damaged_inside_is_named(tmp_path):
    run(tmp_path)
    lines = (tmp_path / "journal.log").read_bytes().splitlines(keepends=True)
    (tmp_path / "journal.log").write_bytes(b"".join([*lines[:9], b"?\n", *lines[9:]]))
    with pytest.raises(RunFolderError, match=r"journal\.log is damaged: line 10 is not JSON"):
        run(tmp_path, resume=True)


def test_a_lock_that_a_dead_writer_left_does_not_stall(tmp_path):
    run(tmp_path, budget=3)
    (tmp_path / "journal.log.lock").symlink_to(tmp_path / "journal.log")
    assert len(run(tmp_path, budget=6, resume=True).evaluations) == 6
    assert not (tmp_path / "journal.log.lock").is_symlink()


def test_trials_of_others_are_refused(tmp_path):
    import optuna
    from optuna.storages.journal import JournalFileBackend

    run(tmp_path, budget=3)
    storage = optuna.storages.JournalStorage(JournalFileBackend(str(tmp_path / "journal.log")))
    optuna.load_study(study_name="archrank", storage=storage).ask()
    with pytest.raises(RunFolderError, match=r"trial 3 of the study .* was not made by a search"):
        run(tmp_path, budget=5, resume=True)


FULL_DISK = """
import resource, sys
from archrank.errors import RunFolderError
from archrank.spaces import NASBench201
from archrank.strategies import RandomSearch
from archrank.study import RunFolder, search
from evaluators_for_workers import total
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
space = NASBench201()
try:
    with RunFolder.open(sys.argv[1], {}) as folder:
        search(space, total, RandomSearch(space), budget=12, folder=folder)
except RunFolderError as error:
    print(error)
"""


@pytest.mark.filterwarnings("ignore:.*set aside")
@pytest.mark.parametrize("limit", [9_001, 14_567, 17_000])
def test_a_full_disk_is_told_and_the_run_goes_on_later(tmp_path, limit):
    # A limit on the size of files stops a write in its middle, as a full disk does.
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path), str(limit)],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": str(TESTS)},
    )
    assert "cannot write in the run folder" in done.stdout
    assert "File too large" in done.stdout
    assert (tmp_path / "journal.log").stat().st_size == limit
    stored = (tmp_path / "journal.log").read_text().count('"user_attr":{"result"')
    result = run(tmp_path, budget=12, resume=True)
    assert [(e.architecture, e.value) for e in result.evaluations] == [
        (e.architecture, e.value) for e in run(tmp_path / "whole", budget=12).evaluations
    ]
    assert 1 <= stored <= 12


def test_a_result_is_written_whole_or_not_at_all(tmp_path):
    with RunFolder.open(tmp_path, {}) as folder:
        folder.write_result({"old": 1})
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
        try:
            with pytest.raises(RunFolderError, match="File too large"):
                folder.write_result({"new": "x" * 1000})
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert sorted(p.name for p in tmp_path.iterdir()) == [".lock", "config.json", "result.json"]
    assert json.loads((tmp_path / "result.json").read_text()) == {"old": 1}


def test_an_edited_space_is_refused_with_what_changed(tmp_path):
    class Chain(SearchSpace):
        name = "chain"
        operations = ("conv", "pool")

        def __init__(self, *options):
            self.choices = (Choice("first", options), Choice("second", ("conv", "pool")))

        def graph(self, architecture):
            first, second = architecture.choices
            sites = (Site("conv", (0,), 1), Site("pool" if second else "conv", (1,), 2))
            return Graph((Cell(1, 3, sites[: 1 + first], (1 + bool(first),)),))

    def run(space, **options):
        return search(space, lambda a: float(sum(a.choices)), RandomSearch(space), budget=2, **options)

    run(Chain("none", "one"), folder=tmp_path / "run")
    with pytest.raises(RunFolderError) as caught:
        run(Chain("none", "one", "two"), folder=tmp_path / "run", resume=True)
    assert "- first: none, one | + first: none, one, two" in str(caught.value)
