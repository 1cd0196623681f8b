"""``archrank compare predictors`` through the real command line."""

import json
import subprocess
import sys

import pyarrow.parquet as pq
import pytest

ARCHRANK = [sys.executable, "-m", "archrank.cli.main", "compare", "predictors"]


def run(*words):
    return subprocess.run([*ARCHRANK, *map(str, words)], capture_output=True, text=True, check=False)


def test_predictors_are_compared_and_a_folder_grows(tmp_path):
    out = tmp_path / "out"
    words = ["nas-bench-graph-proteins", "--sizes", "30,60", "--seeds", "2", "--workers", "1", "--out", out]
    first = run(*words, "--predictors", "gaussian-process")
    assert first.returncode == 0, first.stderr
    more = run(*words, "--predictors", "gaussian-process,neural:encoder=mlp:loss=mse:members=1", "--json")
    assert more.returncode == 0, more.stderr
    rows = json.loads(more.stdout)
    assert [(r["predictor"], r["size"], r["seed"]) for r in rows] == [
        (name, size, seed)
        for name in ("gaussian-process", "neural:encoder=mlp:loss=mse:members=1")
        for size in (30, 60)
        for seed in (0, 1)
    ]
    assert all(row["error"] is None and -1 < row["tau"] < 1 for row in rows)
    assert rows[:4] == [row for row in rows if row["predictor"] == "gaussian-process"]
    compared = json.loads((out / "config.json").read_text())["config"]["compared"]
    assert [each["class"] for each in compared.values()] == ["GaussianProcess", "NeuralPredictor"]
    # What was there is not done again: another time would have been taken.
    kept = pq.read_table(out / "results.parquet").to_pylist()
    assert {row["seconds_fit"] for row in kept} == {row["seconds_fit"] for row in rows}
    page = (out / "report.html").read_text()
    assert "Predictors" in (out / "tables.md").read_text()
    assert "gaussian-process" in page
    assert "Seconds of a fit" in page


def test_a_published_protocol_settles_the_split_and_shows_its_figures(tmp_path):
    out = tmp_path / "out"
    words = ["analog-nasbench", "--protocol", "tnasp", "--predictors", "gaussian-process", "--seeds", "1"]
    done = run(*words, "--sizes", "78,156", "--workers", "1", "--out", out)
    assert done.returncode == 0, done.stderr
    config = json.loads((out / "config.json").read_text())
    assert config["config"]["protocol"] == "tnasp"
    assert config["config"]["pool"] == config["config"]["test"] == [0, 15625]
    tables = (out / "tables.md").read_text()
    assert "- protocol: tnasp: TNASP and PINAT draw" in tables
    assert "| PINAT, AAAI 2023 | 0.549 | 0.631 |" in tables
    assert "| NN-Former, CVPR 2025 | – | 0.804 |" in tables
    page = (out / "report.html").read_text()
    assert "Published figures" in page
    assert "the 15,625 architectures, training ones included, of analog-nasbench" in page


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["analog-nasbench", "--predictors", "tree"], "unknown predictor 'tree'; did you mean 'trees'"),
        (["analog-nasbench", "--predictors", "auto:effort=quick"], "unknown effort 'quick'"),
        (["--predictors", "trees"], "name what to compare on"),
        (["analog-nasbench", "--protocol", "gates", "--split", "random"], "'gates' determines split"),
        (["nas-bench-graph-proteins", "--protocol", "gates"], "is about nas-bench-101 and nas-bench-201"),
    ],
)
def test_a_mistake_is_one_message(words, said):
    done = run(*words)
    assert done.returncode == 2
    assert said in done.stderr.replace("\n", " ")
    assert "Traceback" not in done.stderr
