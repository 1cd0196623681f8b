import json

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from archrank.benchmarks.files import write_table
from archrank.cli.compare import app
from archrank.errors import ArchrankError, RunFolderError
from archrank.spaces import NASBench201
from archrank.strategies import RegularizedEvolution

SPACE = NASBench201()


def compare(*words):
    result = CliRunner().invoke(app, list(map(str, words)))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


def own_table(folder, architectures, **columns):
    path = folder / "mine.csv"
    write_table(path, {"architecture": [SPACE.format(a) for a in architectures], **columns})
    return ["--table", path, "--space", "nas-bench-201"]


@pytest.fixture
def part(tmp_path):
    """A small part of a space, with a time for every training."""
    some = SPACE.architectures(SPACE.rows()[::150])
    loss = [-float(sum(a.choices)) - a.choices[0] / 10 for a in some]
    return [
        *own_table(
            tmp_path, some, loss=loss, tested=[2 * x for x in loss], train_seconds=[60.0 + a.choices[0] for a in some]
        ),
        *("--minimize", "loss,tested", "--budget", "12", "--workers", "1"),
    ]  # fmt: skip


def test_simulated_hours_of_a_table_of_ones_own(part, tmp_path):
    out = tmp_path / "out"
    common = ["strategies", *part, "--strategies", "random", "--test-metric", "tested", "--out", out]
    shown = compare(*common, "--parallel", "1,4", "--seeds", "2")
    assert "random, 4 workers" in shown
    rows = json.loads(compare(*common, "--parallel", "4", "--asynchronous", "--seeds", "1", "--json"))
    assert rows == pq.read_table(out / "results.parquet").to_pylist()
    assert [(r["parallel"], r["asynchronous"], r["seed"]) for r in rows] == [
        (4, True, 0), (1, False, 0), (1, False, 1), (4, False, 0), (4, False, 1),
    ]  # fmt: skip
    assert max(rows[0]["ended"]) < max(rows[1]["ended"]) / 3
    config = json.loads((out / "config.json").read_text())["config"]
    assert (config["metric"], config["test_metric"], config["time_metric"]) == (
        "loss",
        "tested",
        "train_seconds",
    )
    plots = {path.stem for path in (out / "plots").iterdir()}
    assert plots == {"regret", "needed", "test-regret", "hours"}
    assert len(pq.read_table(out / "evaluations.parquet")) == 5 * 12
    before = (out / "report.html").read_bytes()
    (out / "report.html").unlink()
    compare("report", out)
    assert (out / "report.html").read_bytes() == before


def test_what_must_be_equal_in_a_folder(part, tmp_path, monkeypatch):
    common = ["strategies", *part, "--seeds", "1", "--out", tmp_path / "out"]
    compare(*common, "--strategies", "random")
    with pytest.raises(RunFolderError, match="evaluations: 12 there, 13 now"):
        compare(*common, "--strategies", "random", "--budget", "13")
    with pytest.raises(RunFolderError, match="test_metric: null there"):
        compare(*common, "--strategies", "random", "--test-metric", "tested")
    with monkeypatch.context() as patch:
        settings = {"class": "RandomSearch", "newer": 1}
        patch.setattr("archrank.strategies.RandomSearch.settings", settings)
        with pytest.raises(RunFolderError, match=r"compared\.random\.newer: nothing there, 1 now"):
            compare(*common, "--strategies", "random")


def test_by_default_a_part_of_a_space_is_searched_by_what_works_there(part, tmp_path):
    words = ["strategies", *part, "--seeds", "1", "--budget", "8", "--out", tmp_path / "out"]
    compare(*words)
    rows = pq.read_table(tmp_path / "out" / "results.parquet").to_pylist()
    assert [row["strategy"] for row in rows] == ["guided", "random"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (["--strategies", "randon"], "unknown strategy 'randon'; did you mean 'random'?"),
        (["--strategies", ","], "no strategy is named"),
        (["--strategies", "random,random"], "the strategy 'random' is named twice"),
        (["--strategies", "guided:encoder=gate"], "the strategy guided:encoder=gate: unknown encoder 'gate'"),
        (["--strategies", "guided:round=0"], "the strategy guided:round=0: round is 0"),
        (["--strategies", "random,evolution"], "evolution steps from an architecture to its neighbors"),
        (["--metric", "los"], "did you mean 'loss'?"),
        (["--test-metric", "teste"], "did you mean 'tested'?"),
        (["--time-metric", "secnds"], "unknown metric of mine 'secnds'"),
        (["--time-metric", "loss"], "has no 'loss' for 104 of its architectures"),
        (["--parallel", "0,4"], "parallel is '0,4', expected numbers of workers from 1"),
        (["--parallel", "many"], "parallel is 'many'"),
        (["--budget", "0"], "a budget of 0 evaluations"),
        (["--budget", "1000"], "give 1 to 105"),
        (["--workers", "0"], "workers is 0"),
    ],
)
def test_mistakes_are_messages_and_leave_nothing(part, tmp_path, change, message):
    with pytest.raises(ArchrankError) as refused:
        compare("strategies", *part, "--strategies", "random", "--out", tmp_path / "out", *change)
    assert message in str(refused.value)
    assert not (tmp_path / "out" / "results.parquet").exists()


@pytest.mark.parametrize("option", [["--parallel", "1"], ["--asynchronous"]])
def test_workers_cannot_be_simulated_where_no_time_is_known(tmp_path, option):
    with pytest.raises(ArchrankError, match=r"no column of training seconds .* leave parallel and"):
        compare("strategies", "nas-bench-graph-proteins", *option, "--out", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_neighborhood_search_is_compared_on_a_complete_table(tmp_path):
    out = tmp_path / "out"
    words = (
        "strategies nas-bench-graph-proteins --strategies evolution,evolution:unique_by=function,local-search"
    )
    shown = compare(*words.split(), "--seeds", "3", "--budget", "60", "--workers", "1", "--out", out)
    assert "evolution:unique_by=function" in shown
    rows = pq.read_table(out / "results.parquet").to_pylist()
    assert len(rows) == 9
    compared = json.loads((out / "config.json").read_text())["config"]["compared"]
    assert compared["evolution"] == RegularizedEvolution(SPACE).settings
    for row in rows:
        assert len(set(row["index"])) == 60
    assert rows[0]["index"] != rows[1]["index"]
    assert "Sample efficiency against evolution" in (out / "tables.md").read_text()
