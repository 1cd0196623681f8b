import json

import pytest
import typer
from typer.testing import CliRunner

from archrank.benchmarks import SOURCES, names
from archrank.cli import benchmarks, spaces
from archrank.cli.names import SPACES, space
from archrank.errors import UnknownName


@pytest.fixture
def run(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    app = typer.Typer()
    app.command("benchmarks")(benchmarks.command)
    app.command("spaces")(spaces.command)

    def invoke(*words):
        result = CliRunner().invoke(app, list(words))
        if result.exception is not None:
            raise result.exception
        return result.stdout

    return invoke


@pytest.fixture
def two(monkeypatch):
    """Two of the benchmarks, for tests that look at the form only."""
    few = {name: SOURCES[name] for name in ("analog-nasbench", "nas-bench-graph-proteins")}
    monkeypatch.setattr("archrank.benchmarks.catalog.SOURCES", few)
    return few


def test_benchmarks_for_programs(run):
    listed = {record["name"]: record for record in json.loads(run("benchmarks", "--json"))}
    assert list(listed) == names()
    analog = listed["analog-nasbench"]
    assert (analog["space"], analog["architectures"]) == ("nas-bench-201", 15_625)
    assert analog["default_metric"] == "baseline_accuracy"
    assert analog["metrics"][0]["best"] == 94.0664
    cora = listed["nas-bench-graph-cora"]["metrics"]
    assert [metric["split"] for metric in cora] == ["validation", "test", "none", "none"]
    assert cora[0]["test_metric"] == "perf"
    assert all(metric["meaning"] for record in listed.values() for metric in record["metrics"])


def test_benchmarks_for_people(run, two):
    text = run("benchmarks")
    assert all(name in text for name in two)
    assert "● valid_perf" in text
    assert max(map(len, text.splitlines())) <= 80


def test_one_benchmark_with_what_its_columns_mean(run):
    text = run("benchmarks", "nas-bench-graph-proteins")
    assert "ROC-AUC" in text
    assert "analog" not in text
    with pytest.raises(UnknownName, match="did you mean"):
        run("benchmarks", "nas-bench-graph-protein")


def test_a_missing_package_leaves_the_others(run, two, monkeypatch):
    from importlib import util

    found = util.find_spec
    monkeypatch.setattr(util, "find_spec", lambda name: None if name == "analognasbench" else found(name))
    listed = {record["name"]: record for record in json.loads(run("benchmarks", "--json"))}
    assert "pip install analog-nasbench" in listed["analog-nasbench"]["error"]
    assert "error" not in listed["nas-bench-graph-proteins"]
    assert "pip install analog-nasbench" in " ".join(run("benchmarks").split())


def test_spaces_for_programs(run):
    listed = {record["name"]: record for record in json.loads(run("spaces", "--json"))}
    assert list(listed) == list(SPACES)
    assert [record["architectures"] for record in listed.values()] == [15_625, 26_206, 2_021]
    for name, record in listed.items():
        assert space(name).format(space(name).parse(record["example"])) == record["example"]


def test_spaces_for_people(run):
    text = run("spaces")
    assert all(name in text for name in SPACES)
    assert "26,206" in text
