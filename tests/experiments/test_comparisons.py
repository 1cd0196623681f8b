"""The comparisons as calls of the library."""

import json
import sys

import numpy as np
import pytest
from matplotlib.axes import Axes
from typer.testing import CliRunner

from archrank.benchmarks import Table
from archrank.benchmarks.files import write_table
from archrank.benchmarks.table import Metric
from archrank.cli.compare import app
from archrank.encoders import MLP
from archrank.errors import ArchrankError, RunFolderError, TableError, UnknownName
from archrank.experiments import (
    compare_encoders,
    compare_losses,
    compare_predictors,
    compare_strategies,
    load_comparison,
)
from archrank.experiments.grid import read_rows, write_rows
from archrank.predictors import GaussianProcess
from archrank.ranking import MSE
from archrank.spaces import NASBench201
from archrank.strategies import RandomSearch

SPACE = NASBench201()
ROWS = SPACE.rows()[::150]
LOSS = -ROWS.sum(axis=1) - ROWS[:, 0] / 10
TABLE = Table(
    "mine", SPACE, ROWS, {"loss": LOSS}, (Metric("loss", "", "validation", higher_is_better=False),)
)
TAKEN = ("seconds", "seconds_fit", "seconds_score", "seconds_proposing")


def without_times(rows):
    return [{name: value for name, value in row.items() if name not in TAKEN} for row in rows]


def commands(*words):
    done = CliRunner().invoke(app, list(map(str, words)))
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("verb", "call", "words", "arguments"),
    [
        (
            "encoders",
            compare_encoders,
            ["--encoders", "mlp", "--epochs", "2", "--sizes", "10%", "--seeds", "1"],
            {"encoders": "mlp", "epochs": 2, "sizes": "10%", "seeds": 1},
        ),
        (
            "losses",
            compare_losses,
            ["--losses", "mse", "--encoder", "mlp", "--epochs", "2", "--sizes", "5", "--seeds", "1"],
            {"losses": ["mse"], "encoders": "mlp", "epochs": 2, "sizes": 5, "seeds": 1},
        ),
        (
            "predictors",
            compare_predictors,
            ["--predictors", "gaussian-process,trees:members=1", "--sizes", "10,20", "--seeds", "2"],
            {"predictors": ["gaussian-process", "trees:members=1"], "sizes": [10, 20], "seeds": 2},
        ),
        (
            "strategies",
            compare_strategies,
            ["--budget", "12", "--seeds", "2"],  # the default strategies
            {"budget": 12, "seeds": 2},
        ),
    ],
)
def test_command_line_and_python_one_worker_and_two_give_the_same_numbers(
    verb, call, words, arguments, tmp_path
):
    path = tmp_path / "mine.csv"
    write_table(
        path, {"architecture": [SPACE.format(a) for a in TABLE.architectures], "loss": LOSS.astype(float)}
    )
    own = ["--table", path, "--space", "nas-bench-201", "--minimize", "loss", "--out", tmp_path / "out"]
    said = commands(verb, *own, *words, "--workers", 1, "--json")
    called = call(TABLE, workers=2, **arguments)
    assert without_times(said) == without_times(called.rows)
    assert load_comparison(tmp_path / "out").config == json.loads(json.dumps(called.config))


def test_a_comparison_in_memory_leaves_nothing_and_can_be_reported_later(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    told = []
    found = compare_predictors(
        TABLE, {"mine": GaussianProcess(SPACE), "fast": "auto:effort=fast"}, sizes=[10, 20], seeds=2, workers=1,
        on_progress=told.append,
    )  # fmt: skip
    assert list(tmp_path.iterdir()) == []
    assert (told[0].done, told[-1].done, len(found), found.failures) == (0, 8, 8, [])
    first = found.summary[0]
    taus = [row["tau"] for row in found.rows if row["predictor"] == "mine" and row["size"] == 10]
    assert (first["predictor"], first["size"], first["n"]) == ("mine", 10, 2)
    assert first["tau"] == pytest.approx(np.mean(taus))
    assert first["tau_std"] == pytest.approx(np.std(taus, ddof=1))
    assert repr(found).splitlines()[0].startswith("predictors on mine: 8 runs")
    assert f"{first['tau']:.3f} ± {first['tau_std']:.3f}".replace("-", "−") in repr(found)
    assert "<th>mine</th>" in found._repr_html_()
    assert found.to_pandas()["tau"].tolist() == [row["tau"] for row in found.rows]
    axes = found.plot()
    assert isinstance(axes, Axes)
    assert {text.get_text() for text in axes.figure.legends[0].texts} == {"mine", "fast"}
    with pytest.raises(ArchrankError, match=r"has no folder: name one, as in comparison\.report"):
        found.report()
    page = found.report("runs/later")
    assert page == tmp_path / "runs/later/report.html" or page.samefile("runs/later/report.html")
    again = load_comparison("runs/later")
    assert (again.rows, again.summary) == (found.rows, found.summary)
    found.report()  # into the same folder
    # The folder is one like any other: it can be resumed.
    more = compare_predictors(
        TABLE,
        {"mine": GaussianProcess(SPACE)},
        sizes=10,
        seeds=3,
        workers=1,
        folder="runs/later",
        resume=True,
    )
    assert [row for row in more.rows if row in found.rows] == [
        *(row for row in found.rows if row["predictor"] == "mine" and row["size"] == 10),
        *(row for row in found.rows if row["predictor"] != "mine" or row["size"] != 10),
    ]
    assert len(more) == 9


def test_strategies_given_as_objects(tmp_path):
    found = compare_strategies(
        TABLE, [RandomSearch(SPACE, candidates=TABLE.architectures), "random:unique_by=function"], budget=20, seeds=3,
        workers=1, folder=tmp_path / "out",
    )  # fmt: skip
    assert [line["strategy"] for line in found.summary] == ["RandomSearch", "random:unique_by=function"]
    line = found.summary[0]
    best = [min(row["valid"]) for row in found.rows[:3]]
    assert line["value"] == pytest.approx(np.mean(best))
    assert line["value_std"] == pytest.approx(np.std(best, ddof=1))
    assert line["regret"] == pytest.approx(np.mean(best) - LOSS.min())
    assert line["found_best"] == sum(value == LOSS.min() for value in best)
    assert "RandomSearch" in repr(found)
    assert isinstance(found.plot(), Axes)
    assert (tmp_path / "out" / "report.html").exists()
    assert load_comparison(tmp_path / "out").summary == found.summary


def test_encoders_and_losses_given_as_objects():
    found = compare_encoders(
        TABLE, {"small": MLP(one_hot=True)}, losses={"mine": MSE()}, sizes=10, seeds=1, epochs=1, workers=1
    )
    assert [(row["encoder"], row["loss"], row["error"]) for row in found.rows] == [("small", "mine", None)]
    assert found.config["compared"]["small + mine"]["encoder"] == {"class": "MLP", "one_hot": True}


def test_a_frame_is_a_table():
    pd = pytest.importorskip("pandas")
    texts = [SPACE.format(a) for a in TABLE.architectures]
    arguments = {"sizes": 10, "seeds": 1, "workers": 1}
    from_table = compare_predictors(TABLE, "gaussian-process", **arguments)
    for architectures in (texts, TABLE.architectures):
        frame = pd.DataFrame({"architecture": architectures, "loss": LOSS, "note": "x"})
        found = compare_predictors(frame, "gaussian-process", space=SPACE, minimize="loss", **arguments)
        assert without_times(found.rows) == without_times(from_table.rows)


def test_a_folder_is_resumed_only_where_that_is_asked_for_and_nothing_has_changed(tmp_path):
    arguments = {"budget": 10, "seeds": 1, "workers": 1, "folder": tmp_path}
    random = RandomSearch(SPACE, candidates=TABLE.architectures)
    compare_strategies(TABLE, {"a": random}, **arguments)
    with pytest.raises(RunFolderError, match=r"already holds a run .*resume=True"):
        compare_strategies(TABLE, {"b": random}, **arguments)
    both = compare_strategies(TABLE, {"b": random}, **arguments, resume=True)
    assert [row["strategy"] for row in both.rows] == ["b", "a"]
    assert set(json.loads((tmp_path / "config.json").read_text())["config"]["compared"]) == {"a", "b"}
    with pytest.raises(RunFolderError, match=r'compared\.a\.unique_by: "encoding" there, "function" now'):
        compare_strategies(TABLE, {"a": "random:unique_by=function"}, **arguments, resume=True)


def test_a_folder_of_an_earlier_version_is_shown_but_not_continued(tmp_path):
    arguments = {"budget": 10, "seeds": 1, "workers": 1, "folder": tmp_path}
    compare_strategies(TABLE, "random", **arguments)
    record = json.loads((tmp_path / "config.json").read_text())
    del record["config"]["compared"]
    (tmp_path / "config.json").write_text(json.dumps(record))
    write_rows(tmp_path, [{**row, "settings": "RandomSearch(batch=1)"} for row in read_rows(tmp_path)])
    with pytest.raises(
        RunFolderError, match=r"by an earlier version of archrank, .* or remove .*results\.parquet"
    ):
        compare_strategies(TABLE, "random", **arguments, resume=True)
    assert "RandomSearch(batch=1)" in load_comparison(tmp_path).report().read_text()
    (tmp_path / "results.parquet").unlink()
    assert len(compare_strategies(TABLE, "random", **arguments, resume=True)) == 1


def test_a_fit_that_fails_is_told(monkeypatch, tmp_path):
    rows = compare_predictors(TABLE, "gaussian-process", sizes=10, seeds=2, workers=1, folder=tmp_path).rows
    write_rows(tmp_path, [rows[0], {**rows[1], "error": "ValueError: boom", "tau": None}])
    found = load_comparison(tmp_path)
    assert found.failures == ["gaussian-process, 10 architectures, seed 1: ValueError: boom"]
    assert "1 failed" in repr(found)


def test_pandas_is_asked_for_where_it_is_needed(monkeypatch):
    found = compare_strategies(TABLE, "random", budget=5, seeds=1, workers=1)
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ArchrankError, match=r"to_pandas\(\) needs pandas, .*: pip install pandas"):
        found.to_pandas()


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda: compare_predictors("analog-nasbnch"), UnknownName, "did you mean 'analog-nasbench'"),
        (lambda: compare_predictors(7), TableError, "int needs space="),
        (lambda: compare_predictors("mine.csv"), TableError, "mine.csv needs space="),
        (lambda: compare_predictors(TABLE, [7]), ArchrankError, "7 is no predictor; expected a name"),
        (lambda: compare_predictors(TABLE, []), ArchrankError, "no predictor is named"),
        (
            lambda: compare_predictors(TABLE, [GaussianProcess(SPACE), GaussianProcess(SPACE)]),
            ArchrankError,
            "'GaussianProcess' is named twice",
        ),
        (
            lambda: compare_predictors(TABLE, sizes=10, seeds=0),
            ArchrankError,
            "seeds is 0; expected a whole number from 1",
        ),
        (lambda: compare_encoders(TABLE, "gats"), UnknownName, "unknown encoder 'gats'"),
        (lambda: compare_encoders(TABLE, epochs=2.5), ArchrankError, "epochs is 2.5"),
        (lambda: compare_losses(TABLE, [3]), ArchrankError, "3 is no loss"),
        (lambda: compare_strategies(TABLE, "random", parallel=[0]), ArchrankError, "parallel is [0]"),
        (lambda: compare_strategies(TABLE, GaussianProcess(SPACE)), ArchrankError, "is no strategy"),
        (lambda: compare_strategies(TABLE, "random", budget="many"), ArchrankError, "budget is 'many'"),
    ],
)
def test_mistakes_are_told_before_anything_starts(call, error, said):
    with pytest.raises(error) as refused:
        call()
    assert said in str(refused.value)
