import json

import pytest
import typer
from typer.testing import CliRunner

from archrank.benchmarks import SOURCES, import_table, names
from archrank.cli import benchmarks, spaces
from archrank.cli.names import space
from archrank.errors import UnknownName
from archrank.plugins import Names
from archrank.spaces import SPACES, NASBench101, named_space
from official_files import cells, records, tfrecord


@pytest.fixture
def run(monkeypatch, data_folder):
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
    monkeypatch.setattr(
        "archrank.benchmarks.catalog.SOURCES", Names("benchmarks", few, lambda name, value: value)
    )
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
    ready = [record for record in listed.values() if record["ready"]]
    assert all(metric["meaning"] for record in ready for metric in record["metrics"])
    parts = [record["name"] for record in ready if not record["complete"]]
    assert parts == ["hierarchical-nas-bench-201-cifar10", "free-form-cifar10"]
    assert all((r["space_size"] > r["architectures"]) == (r["name"] in parts) for r in ready)


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
    assert {name: record["architectures"] for name, record in listed.items()} == {
        "nas-bench-101": 423_624,
        "nas-bench-201": 15_625,
        "nas-bench-graph": 26_206,
        "nas-bench-graph-proteins": 2_021,
        "nats-bench-size": 32_768,
        "enas": 450_450_000**2,
        "enas-5-nodes-loose-ends": (450_450_000 * 465) ** 2,
        "darts": (180 * 7**8) ** 2,
        "enas-macro": 1_528_823_808,
        "hpolib": 62_208,
        "hierarchical-nas-bench-201": named_space("hierarchical-nas-bench-201").size,
        "hierarchical-nas-bench-201-fixed-blocks": named_space(
            "hierarchical-nas-bench-201-fixed-blocks"
        ).size,
        "hierarchical-nas-bench-201-fixed-macro": 30 ** (6 * 15),
        "hierarchical-nas-bench-201-fixed-macro-fixed-blocks": 5 ** (6 * 15),
        "free-form": named_space("free-form").size,
        "free-form-signals": named_space("free-form-signals").size,
    }
    for name, record in listed.items():
        assert space(name).format(space(name).parse(record["example"])) == record["example"]


def test_spaces_for_people(run):
    text = run("spaces")
    assert all(name in text for name in SPACES)
    assert "26,206" in text


def test_what_is_not_there_says_what_to_get_and_what_to_run(run):
    listed = {record["name"]: record for record in json.loads(run("benchmarks", "--json"))}
    assert not listed["nasbench101"]["ready"]
    assert listed["nasbench101"]["file"] == "nasbench_only108.tfrecord"
    assert "499 MB" in listed["nasbench101"]["size"]
    assert listed["nasbench101"]["command"] == "archrank import nasbench101 nasbench_only108.tfrecord"
    text = run("benchmarks", "natsbench-tss")
    assert "not available yet" in text
    assert "archrank import natsbench-tss NATS-tss-v1_0-3ffb9-simple" in text


@pytest.fixture
def imported(data_folder, tmp_path):
    """Ten cells of NAS-Bench-101."""
    path = tmp_path / "f.tfrecord"
    path.write_bytes(tfrecord(records(cells(NASBench101(vertices=4), 10))))
    return import_table("nasbench101", path, partial=True)


def test_a_table_of_a_part_says_so(run, imported):
    (record,) = json.loads(run("benchmarks", "nasbench101", "--json"))
    assert (record["architectures"], record["space_size"], record["complete"]) == (10, 423_624, False)
    text = run("benchmarks", "nasbench101")
    assert "covers 10 of 423,624" in text
    assert "halfway_test_accuracy_2" in text


def test_a_damaged_table_leaves_the_others(run, imported, monkeypatch):
    imported.write_bytes(imported.read_bytes()[:-100])
    few = {name: SOURCES[name] for name in ("nasbench101", "nas-bench-graph-proteins")}
    monkeypatch.setattr(
        "archrank.benchmarks.catalog.SOURCES", Names("benchmarks", few, lambda name, value: value)
    )
    listed = {record["name"]: record for record in json.loads(run("benchmarks", "--json"))}
    assert "is damaged" in listed["nasbench101"]["error"]
    assert listed["nas-bench-graph-proteins"]["ready"]
    assert "import the official file again" in " ".join(run("benchmarks").split())
