"""Several objectives and constraints through the real command line."""

import json
from functools import partial

import numpy as np
import pytest

from archrank import benchmarks


@pytest.fixture
def search(run_search):
    return partial(run_search, "nas-bench-graph-cora")


BOTH = ("--strategy", "random", "--objectives", "valid_perf,latency", "--where", "perf < 0.79")


def test_a_front_with_its_report(search, tmp_path):
    code, out, _ = search(*BOTH, "--budget", 40, "--out", "run", "--json")
    assert code == 0
    record = json.loads(out)
    assert record["objectives"] == {"valid_perf": "maximize", "latency": "minimize"}
    table = benchmarks.load_benchmark("nas-bench-graph-cora")
    of = {name: table.column(name) for name in ("valid_perf", "latency", "perf")}
    places = [table.index(table.space.parse(e["architecture"])) for e in record["evaluations"]]
    infeasible = [of["perf"][p] >= 0.79 for p in places]
    assert [e["state"] == "infeasible" for e in record["evaluations"]] == infeasible
    assert record["infeasible"] == sum(infeasible) > 0
    met = [p for p, broken in zip(places, infeasible, strict=True) if not broken]
    front = [
        p
        for p in met
        if not any(
            of["valid_perf"][q] >= of["valid_perf"][p]
            and of["latency"][q] <= of["latency"][p]
            and (of["valid_perf"][q], of["latency"][q]) != (of["valid_perf"][p], of["latency"][p])
            for q in met
        )
    ]
    assert sorted(m["values"]["valid_perf"] for m in record["front"]) == sorted(of["valid_perf"][front])
    volume = record["hypervolume"]
    assert 0 < volume["share"] < 1
    assert set(volume["reference"]) == {"valid_perf", "latency"}
    assert (np.diff(volume["curve"]) >= 0).all()
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    for said in (
        "Members of the Pareto front",
        "Hypervolume",
        "perf &lt; 0.79",
        "reference point",
    ):
        assert said in page
    assert {"pareto.svg", "hypervolume.svg"} <= {p.name for p in (tmp_path / "run" / "plots").iterdir()}


def test_its_command_repeats_it_and_more_budget_goes_on_with_it(search, tmp_path):
    words = (*BOTH, "--strategy", "evolution", "--out", "whole")
    _, out, _ = search(*words, "--budget", 30, "--json")
    whole = json.loads(out)
    again = json.loads((tmp_path / "whole" / "result.json").read_text(encoding="utf-8"))["command"]
    assert "--objectives valid_perf,latency" in again
    assert "'perf < 0.79'" in again
    search(*words[:-1], "parts", "--budget", 17)
    code, out, _ = search(*words[:-1], "parts", "--budget", 30, "--resume", "--json")
    assert code == 0
    assert json.loads(out)["front"] == whole["front"]


def test_a_constraint_on_one_metric(search, tmp_path):
    words = ("--strategy", "evolution", "--where", "latency < 0.003", "--where", "para<=1", "--budget", 40)
    code, out, _ = search(*words, "--out", "run")
    assert code == 0
    assert "feasible" in out
    record = json.loads((tmp_path / "run" / "result.json").read_text(encoding="utf-8"))
    table = benchmarks.load_benchmark("nas-bench-graph-cora")
    met = (table.column("latency") < 0.003) & (table.column("para") <= 1)
    assert record["optimum"] == table.column("valid_perf")[met].max()
    places = [table.index(table.space.parse(e["architecture"])) for e in record["evaluations"]]
    assert table.column("para")[places].max() <= 1  # known beforehand
    assert table.column("latency")[places].max() >= 0.003
    place = table.index(table.space.parse(record["best"]["architecture"]))
    assert met[place]
    better = table.column("valid_perf") > record["best"]["value"]
    assert record["best"]["true_rank"] == 1 + np.count_nonzero(met & better)
    assert record["regret"] >= 0
    assert "Only what meets the constraints counts" in (tmp_path / "run" / "report.html").read_text("utf-8")


def test_guided_search_with_several_objectives_and_a_constraint(search):
    code, out, _ = search(
        *BOTH[2:], "--predictor", "trees", "--members", 2, "--initial", 8, "--round", 2, "--budget", 10, "--json",
    )  # fmt: skip
    assert code == 0
    record = json.loads(out)
    assert {e["reason"] for e in record["evaluations"]} >= {"random", "predicted"}
    assert record["settings"].startswith("Scalarized(GuidedSearch(")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--objectives", "valid_perf"), "give two or three, and metric for one"),
        (("--objectives", "valid_perf,valid_perf"), "names 1 different metrics in 2"),
        (("--objectives", "valid_perf,perf,latency,para"), "give two or three"),
        (("--objectives", "valid_perf,latncy"), "did you mean 'latency'"),
        (("--objectives", "valid_perf,latency", "--metric", "perf"), "give one of the two"),
        (("--where", "latncy < 3"), "did you mean 'latency'"),
        (
            ("--where", "latency < -1"),
            "no architecture of nas-bench-graph-cora meets 'latency < -1': latency is",
        ),
        (("--where", "latency is low"), "expected a name, one of < <= > >=, and a number"),
        (("--where", "latency < 0.001", "--where", "latency > 0.002"), "together"),
    ],
)
def test_mistakes_leave_no_folder_and_one_line(search, tmp_path, words, said):
    code, out, err = search("--strategy", "random", "--budget", 5, *words)
    assert code == 2
    assert said in err
    assert out == ""
    assert not (tmp_path / "runs").exists()
