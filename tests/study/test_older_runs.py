"""Run folders of release 0.1 hold evaluations that somebody paid for: they are continued."""

import json
import shutil
from pathlib import Path

import pytest

import archrank as ar
from archrank.errors import RunFolderError

OLD = Path(__file__).parent / "run-0.1"


@pytest.fixture
def old(tmp_path):
    """A copy of a guided search of 12 evaluations, made by release 0.1."""
    return Path(shutil.copytree(OLD, tmp_path / "old"))


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
    with pytest.raises(RunFolderError, match="seed: 3 there, 4 now"):
        ar.search("nas-bench-graph-proteins", budget=16, seed=4, folder=old, resume=True)
