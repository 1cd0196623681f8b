"""What is refused leaves a folder byte for byte as it was, and no folder where none was."""

import json
import os
import shutil
import sys
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import optuna
import pytest
from optuna.storages.journal import JournalFileBackend

from archrank.cli.main import main
from archrank.errors import RunFolderError
from archrank.spaces import NASBench201
from archrank.strategies import RandomSearch
from archrank.study import RunFolder, search
from archrank.study.storage import MemoryStore

SPACE = NASBench201()
SEARCH = ("search", "analog-nasbench", "--strategy", "evolution", "--out", "run")
COMPARE = ("compare", "strategies", "analog-nasbench", "--budget", "12", "--out", "run")
CELL = "|nor_conv_3x3~0|+|none~0|nor_conv_1x1~1|+|skip_connect~0|none~1|avg_pool_3x3~2|"
TRAIN = ("train", "nas-bench-201", CELL, "--data", "digits", "--channels", "4", "--cells", "3", "--device", "cpu",
         "--out", "run")  # fmt: skip


def content(folder):
    """All files of a folder, and what is in them."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in Path(folder).rglob("*")
    }


@pytest.fixture
def refused(archrank):
    """Runs a command that must be refused without a trace; gives what it says."""

    def run(*words):
        before = content(".")
        code, _, err = archrank(*words)
        assert code == 2, err
        assert err.startswith("error: "), err
        assert content(".") == before
        return err

    return run


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    """A search that has ended, by the command line."""
    folder = tmp_path_factory.mktemp("searched")
    _main(folder, *SEARCH, "--budget", "12")
    return folder / "run"


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """A comparison that has ended."""
    folder = tmp_path_factory.mktemp("compared")
    _main(folder, *COMPARE, "--strategies", "evolution", "--seeds", "1", "--workers", "1")
    return folder / "run"


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """A training that was stopped."""
    folder = tmp_path_factory.mktemp("begun")
    module = import_module("archrank.training.train")
    learn = module._Training._learn

    def stopped(self, batches, number, *rest):
        if number == 2:
            raise KeyboardInterrupt
        return learn(self, batches, number, *rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module._Training, "_learn", stopped)
        _main(folder, *TRAIN, "--epochs", "2", code=130)
    return folder / "run"


def _main(folder, *words, code=0):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(sys, "argv", ["archrank", *words])
        with pytest.raises(SystemExit) as end:
            main()
    assert (end.value.code or 0) == code


@pytest.mark.parametrize("missing", [(), ("config.json",), ("config.json", "result.json"), ("result.json",)])
@pytest.mark.parametrize(
    "change",
    [
        ("--seed", "7"),
        ("--budget", "11"),
        ("--strategy", "random"),
        ("--unique-by", "function"),
        ("--asynchronous",),
    ],
)
def test_a_search_is_resumed_as_it_was_whatever_is_missing(archrank, refused, searched, missing, change):
    shutil.copytree(searched, "run")
    for name in missing:
        Path("run", name).unlink()
    refused(*SEARCH, "--budget", "12", *change, "--resume")
    # And it locks nothing: the run goes on with its own settings.
    code, _, err = archrank(*SEARCH, "--budget", "13", "--resume")
    assert code == 0, err
    assert json.loads(Path("run/config.json").read_text())["config"]["seed"] == 0
    assert len(json.loads(Path("run/result.json").read_text())["evaluations"]) == 13


def test_an_existing_search_is_refused_without_a_trace(refused, searched):
    shutil.copytree(searched, "run")
    assert "already holds a run" in refused(*SEARCH)


@pytest.mark.parametrize(
    "config",
    ["", "{", "[" * 100_000, '{"config": 3}', '{"config": {"budget": "x", "seed": [1]}}',
     '{"config": {"budget": 1e400}}']
)  # fmt: skip
def test_a_configuration_that_cannot_be_is_refused_without_a_trace(refused, searched, config):
    shutil.copytree(searched, "run")
    Path("run/config.json").write_text(config)
    refused(*SEARCH, "--budget", "12", "--resume")


@pytest.mark.parametrize(
    ("key", "value"),
    [("seed", "0"), ("space", "planted.py:Space"), ("objectives", None), ("metric", 3)],
)
def test_facts_that_were_edited_in_the_journal_are_refused_without_a_trace(refused, searched, key, value):
    shutil.copytree(searched, "run")
    study("run").set_user_attr(key, value)
    assert f"{key}: " in refused(*SEARCH, "--budget", "12", "--resume")


def test_a_trial_of_others_is_refused_without_a_trace(refused, searched):
    shutil.copytree(searched, "run")
    study("run").ask()
    assert "was not made by a search" in refused(*SEARCH, "--budget", "15", "--resume")


def test_a_second_driver_leaves_the_folder_alone(archrank, searched):
    shutil.copytree(searched, "run")
    with RunFolder.open("run", json.loads(Path("run/config.json").read_text())["config"], resume=True):
        before = content("run")
        for words in ((*SEARCH, "--budget", "12", "--resume"), SEARCH, COMPARE, (*TRAIN, "--epochs", "1")):
            code, _, err = archrank(*words)
            assert (code, f"in use by process {os.getpid()}" in err or "holds a run" in err) == (2, True), err
            assert content("run") == before


def test_a_second_driver_of_a_database_leaves_no_folder(tmp_path):
    class Driven(MemoryStore):
        patience = 1.0

        @contextmanager
        def driving(self):
            raise RunFolderError("the study is driven by another process")
            yield

    with (
        pytest.raises(RunFolderError, match="driven by another process"),
        RunFolder.open(tmp_path / "runs" / "second", {"seed": 0}) as folder,
    ):
        search(SPACE, None, RandomSearch(SPACE), budget=3, folder=folder, database=Driven())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("--budget", "13"), "evaluations: 12 there, 13 now"),
        (("--metric", "train_accuracy"), ""),
        (("--workers", "0"), "workers is 0"),
        (("--strategies", "evolutoin"), "did you mean 'evolution'"),
    ],
)
def test_a_comparison_is_refused_without_a_trace(refused, compared, change, said):
    shutil.copytree(compared, "run")
    assert said in refused(*COMPARE, *change)


def test_a_comparison_whose_files_are_damaged_is_refused_without_a_trace(refused, compared):
    shutil.copytree(compared, "run")
    rows = Path("run/results.parquet").read_bytes()
    Path("run/results.parquet").write_bytes(rows[: len(rows) // 2])
    assert "results.parquet" in refused(*COMPARE)
    Path("run/results.parquet").write_bytes(rows)
    Path("run/config.json").unlink()
    assert "no config.json that says of what" in refused(*COMPARE)


@pytest.mark.parametrize("commands", [None, 3, {"a": 1}, [["archrank"], 3], ["rm -rf"]])
def test_commands_of_a_comparison_are_text_and_no_more(archrank, compared, commands):
    shutil.copytree(compared, "run")
    record = json.loads(Path("run/config.json").read_text())
    record["environment"]["commands"] = commands
    Path("run/config.json").write_text(json.dumps(record))
    code, _, err = archrank(*COMPARE, "--strategies", "evolution", "--seeds", "1", "--workers", "1")
    assert code == 0, err


@pytest.mark.parametrize(
    "change",
    [(), ("--resume", "--seed", "1"), ("--resume", "--final"), ("--resume", "--learning-rate", "0.3")],
)
def test_a_training_is_refused_without_a_trace(archrank, refused, begun, change):
    shutil.copytree(begun, "run")
    refused(*TRAIN, "--epochs", "2", *change)
    code, _, err = archrank(*TRAIN, "--epochs", "2", "--resume")
    assert code == 0, err
    assert "trained network already" in refused(*TRAIN, "--epochs", "2", "--resume")
    assert ".lock" not in content("run")


def study(folder):
    storage = optuna.storages.JournalStorage(JournalFileBackend(f"{folder}/journal.log"))
    return optuna.load_study(study_name="archrank", storage=storage)


@pytest.mark.parametrize(
    ("where", "value"),
    [
        ("config", {"compare": "strategies"}), ("compared", "."), ("evaluations", "x"), ("size", None),
        ("versions", -1), ("commands", 3), ("metrics", {"valid": 3}), ("metrics", {"valid": {"name": "../x"}}),
    ],
)  # fmt: skip
def test_a_report_of_an_edited_comparison_is_one_message(archrank, compared, where, value):
    shutil.copytree(compared, "run")
    record = json.loads(Path("run/config.json").read_text())
    if where == "config":
        record["config"] = value
    else:
        record["config" if where in record["config"] else "environment"][where] = value
    Path("run/config.json").write_text(json.dumps(record))
    code, _, err = archrank("compare", "report", "run")
    assert (code, "not in the format of `archrank compare`" in err) == (2, True), err
