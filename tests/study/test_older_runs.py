"""Older run folders hold evaluations that somebody paid for: they are continued."""

import json
import shutil
from pathlib import Path

import pytest

import archrank as ar
from archrank.errors import RunFolderError

HERE = Path(__file__).parent
OLD = HERE / "run-0.1"
FORMER_NAMES = HERE / "run-former-names"


@pytest.fixture
def old(tmp_path):
    """A copy of a guided search of 12 evaluations, made by release 0.1."""
    return Path(shutil.copytree(OLD, tmp_path / "old"))


@pytest.fixture
def former_names(tmp_path):
    """A copy of an evolution of 6 evaluations, made when ``unique_by`` was called ``distinct``."""
    return Path(shutil.copytree(FORMER_NAMES, tmp_path / "former"))


def test_a_run_of_the_first_release_goes_on(old):
    before = json.loads((OLD / "result.json").read_text())["evaluations"]
    result = ar.search("nas-bench-graph-proteins", budget=16, seed=3, folder=old, resume=True)
    assert [e.value for e in result.evaluations[:12]] == [e["value"] for e in before]
    assert len(result.evaluations) == 16
    again = ar.search("nas-bench-graph-proteins", budget=16, seed=3, folder=old, resume=True)
    assert [e.architecture for e in again.evaluations] == [e.architecture for e in result.evaluations]


def test_what_it_recorded_must_still_agree(old):
    with pytest.raises(RunFolderError, match='acquisition: "ei" there, "mean" now'):
        ar.search("nas-bench-graph-proteins", budget=16, seed=3, folder=old, resume=True, acquisition="mean")
    with pytest.raises(RunFolderError, match='unique_by: "encoding" there, "function" now'):
        ar.search(
            "nas-bench-graph-proteins", budget=16, seed=3, folder=old, resume=True, unique_by="function"
        )
    with pytest.raises(RunFolderError, match="seed: 3 there, 4 now"):
        ar.search("nas-bench-graph-proteins", budget=16, seed=4, folder=old, resume=True)


def test_a_run_with_former_names_of_options_goes_on(former_names):
    before = json.loads((FORMER_NAMES / "result.json").read_text())["evaluations"]
    arguments = {"seed": 1, "folder": former_names, "resume": True, "unique_by": "function"}
    result = ar.search("nas-bench-graph-proteins", strategy="evolution", budget=9, **arguments)
    assert [e.value for e in result.evaluations[:6]] == [e["value"] for e in before]
    assert len(result.evaluations) == 9
    again = ar.search("nas-bench-graph-proteins", strategy="evolution", budget=9, **arguments)
    assert [e.architecture for e in again.evaluations] == [e.architecture for e in result.evaluations]
    recorded = json.loads((former_names / "config.json").read_text())["config"]
    assert recorded["unique_by"] == recorded["settings"]["unique_by"] == "function"
    assert "distinct" not in recorded


def test_options_under_former_names_must_still_agree(former_names):
    with pytest.raises(RunFolderError, match=r'settings\.unique_by: "function" there, "encoding" now'):
        ar.search(
            "nas-bench-graph-proteins",
            strategy="evolution",
            budget=9,
            seed=1,
            folder=former_names,
            resume=True,
        )
