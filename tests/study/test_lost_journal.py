"""A journal that was removed, emptied or cut is never taken for a search that begins."""

import json
import os
import shutil

import pytest

import archrank as ar
from archrank.errors import RunFolderError
from archrank.spaces import NASBench201

SPACE = NASBench201()


def score(architecture):
    return float(sum(architecture.choices))


def searched(folder, budget=6, evaluate=score, resume=True):
    return ar.search(
        SPACE,
        evaluate,
        strategy="random",
        budget=budget,
        seed=0,
        folder=folder,
        resume=resume,
        progress=False,
    )


@pytest.fixture(scope="module")
def ended(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ended") / "run"
    searched(folder)
    return folder


@pytest.fixture
def run(ended, tmp_path):
    return shutil.copytree(ended, tmp_path / "run")


def contents(folder):
    return {
        path.name: path.read_bytes() for path in folder.iterdir() if path.is_file() and path.name != ".lock"
    }


def removed(journal):
    journal.unlink()


def emptied(journal):
    journal.write_bytes(b"")


def cut(journal):
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[: len(lines) // 2]))


@pytest.mark.parametrize("harm", [removed, emptied, cut])
@pytest.mark.parametrize("budget", [6, 9])
def test_where_the_summary_names_more_nothing_is_evaluated_again(run, harm, budget):
    harm(run / "journal.log")
    before = contents(run)
    called = []
    with pytest.raises(RunFolderError, match=r"names 6 finished evaluations.*holds \d.*known="):
        searched(run, budget, called.append)
    assert not called
    assert contents(run) == before


def test_what_was_measured_can_be_taken_from_the_summary(run, tmp_path):
    removed(run / "journal.log")
    found = ar.search(
        SPACE, score, strategy="random", budget=2, seed=1, known=run, folder=tmp_path / "new", progress=False
    )
    assert len(found.known) == 6


@pytest.mark.parametrize("harm", [removed, emptied])
def test_without_a_summary_it_is_said_that_the_search_begins_anew(run, harm):
    harm(run / "journal.log")
    (run / "result.json").unlink()
    with pytest.warns(UserWarning, match="journal.log is missing or empty, so the search begins anew"):
        assert len(searched(run).evaluations) == 6


@pytest.mark.filterwarnings("error")
def test_an_ended_run_and_a_new_one_are_resumed_silently(run, tmp_path):
    assert len(searched(run, 8).evaluations) == 8
    assert len(searched(tmp_path / "new").evaluations) == 6


def test_a_journal_that_the_evaluator_removes_ends_the_search(tmp_path):
    def harmful(architecture):
        (tmp_path / "run" / "journal.log").unlink(missing_ok=True)
        return 1.0

    with pytest.raises(RunFolderError, match=r"journal\.log was removed while the run used it"):
        searched(tmp_path / "run", evaluate=harmful)


@pytest.mark.parametrize("depth", [200, 400, 600, 900, 3_000])
def test_settings_that_are_nested_deeply_are_refused(run, depth):
    record = json.loads((run / "config.json").read_text())
    text = json.dumps({**record, "config": {**record["config"], "more": "here"}})
    (run / "config.json").write_text(text.replace('"here"', "[" * depth + "]" * depth))
    with pytest.raises(RunFolderError):
        searched(run)


@pytest.mark.parametrize("name", ["config.json", "result.json"])
def test_a_pipe_in_place_of_a_file_is_no_reason_to_wait(run, name):
    (run / name).unlink()
    os.mkfifo(run / name)
    if name == "config.json":
        with pytest.raises(RunFolderError, match="no regular file"):
            searched(run)
    else:
        assert len(searched(run).evaluations) == 6


def test_a_comparison_with_a_pipe_in_place_of_its_settings_is_refused(tmp_path):
    from archrank.experiments.comparison import recorded

    os.mkfifo(tmp_path / "config.json")
    assert recorded(tmp_path) is None
