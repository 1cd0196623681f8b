"""A comparison of docs/results, whose raw results are not kept, is resumed where it is the same one."""

import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

FOLDER = Path(__file__).parents[2] / "docs" / "results" / "predictors-analog-nasbench"


@pytest.fixture
def kept(tmp_path):
    if not FOLDER.exists():
        pytest.skip("needs docs/results, which only the repository has")
    shutil.copytree(FOLDER, tmp_path / "kept")
    return tmp_path / "kept"


COMMAND = ("compare", "predictors", "analog-nasbench", "--predictors", "auto:effort=fast", "--workers", "1")


def test_the_same_comparison_goes_on(archrank, kept):
    before = json.loads((kept / "config.json").read_text())
    code, out, err = archrank(*COMMAND, "--sizes", "12", "--seeds", "1", "--out", kept)
    assert code == 0, err
    assert "auto:effort=fast" in out
    (row,) = pq.read_table(kept / "results.parquet").to_pylist()
    assert (row["predictor"], row["size"], row["error"]) == ("auto:effort=fast", 12, None)
    after = json.loads((kept / "config.json").read_text())
    assert before["config"].items() <= after["config"].items()
    assert after["environment"]["commands"][:-1] == before["environment"]["commands"]


def test_another_comparison_is_refused(archrank, kept):
    before = (kept / "config.json").read_text()
    code, _, err = archrank(*COMMAND, "--sizes", "12", "--pool", "100", "--out", kept)
    assert code == 2
    assert "has another configuration (pool: [0, 7812] there, [0, 100] now" in err
    assert (kept / "config.json").read_text() == before


def test_a_report_says_that_there_are_no_results(archrank, kept):
    code, _, err = archrank("compare", "report", kept)
    assert code == 2
    assert "holds no results of a comparison" in err
