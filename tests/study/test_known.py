"""Searches that begin with what was measured before."""

import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import archrank as ar
from archrank.benchmarks import as_table, catalog
from archrank.cli.main import app
from archrank.errors import ArchrankError, RunFolderError, TableError
from archrank.graph import Cell, Graph, Site
from archrank.predictors import GaussianProcess
from archrank.space import Choice, SearchSpace
from archrank.spaces import NASBench201
from archrank.strategies import GuidedSearch, RandomSearch, RegularizedEvolution
from archrank.study import search

SPACE = NASBench201()


def total(architecture):
    return float(sum(architecture.choices))


def drawn(n, seed=0):
    return list(dict.fromkeys(SPACE.sample(n, np.random.default_rng(seed))))


def frame(architectures, name="value"):
    return pd.DataFrame({"architecture": map(SPACE.format, architectures), name: map(total, architectures)})


def guided(**given):
    return GuidedSearch(SPACE, predictor=GaussianProcess(SPACE), **given)


def test_known_architectures_are_learned_from_and_not_proposed_again():
    before = drawn(30)
    result = search(SPACE, total, guided(), budget=10, known=frame(before))
    found = [evaluation.architecture for evaluation in result.evaluations]
    assert len(found) == 10
    assert not set(found) & set(before)
    assert {evaluation.reason for evaluation in result.evaluations} == {"predicted"}
    assert {known.architecture for known in result.known} == set(before)
    assert result.best_known.values["value"] == max(map(total, before))
    cold = search(SPACE, total, guided(), budget=10)
    assert {evaluation.reason for evaluation in cold.evaluations} == {"random"}
    assert result.best_value > cold.best_value
    assert "30 known before" in repr(result)


@pytest.mark.parametrize("strategy", [RandomSearch, RegularizedEvolution])
def test_other_strategies_do_not_propose_them_again_either(strategy):
    before = drawn(40)
    result = search(SPACE, total, strategy(SPACE), budget=20, known=frame(before))
    assert not {evaluation.architecture for evaluation in result.evaluations} & set(before)


def test_an_earlier_result_its_folder_and_a_file_are_the_same(tmp_path):
    def fails_sometimes(architecture):
        if architecture.choices[0] == 4:
            raise ValueError("too large")
        return total(architecture)

    earlier = ar.search(SPACE, fails_sometimes, "random", budget=30, folder=tmp_path / "run")
    assert any(evaluation.state == "failed" for evaluation in earlier.evaluations)
    one = search(SPACE, total, guided(), budget=5, known=earlier)
    two = search(SPACE, total, guided(), budget=5, known=tmp_path / "run")
    (tmp_path / "run" / "result.json").unlink()  # as after an interruption
    three = search(SPACE, total, guided(), budget=5, known=str(tmp_path / "run"))
    assert len(one.known) == 30
    assert [k.values for k in one.known] == [k.values for k in two.known] == [k.values for k in three.known]
    texts = [[e.architecture for e in result.evaluations] for result in (one, two, three)]
    assert texts[0] == texts[1] == texts[2]
    measured = earlier.to_pandas()
    measured.to_csv(tmp_path / "earlier.csv", index=False)
    with pytest.warns(
        UserWarning, match=r"6 of 30 evaluations of .*earlier\.csv have no value, and are left out"
    ):
        four = search(SPACE, total, RandomSearch(SPACE), budget=5, known=tmp_path / "earlier.csv")
    assert len(four.known) == sum(evaluation.state == "measured" for evaluation in earlier.evaluations)


def test_several_sources_and_values_are_averaged_and_it_is_said():
    a, b = drawn(2)
    sources = [frame([a, b]), frame([a, b]).assign(value=lambda f: f["value"] + 2)]
    with pytest.warns(UserWarning, match="2 known architectures have several values, which are averaged"):
        result = search(SPACE, total, RandomSearch(SPACE), budget=1, known=sources)
    assert [known.values["value"] for known in result.known] == [total(a) + 1, total(b) + 1]


def test_a_single_column_of_another_name_is_the_value():
    result = search(SPACE, total, RandomSearch(SPACE), budget=1, known=frame(drawn(3), "accuracy"))
    assert len(result.known) == 3


def test_a_resumed_search_needs_the_same_known_evaluations(tmp_path):
    before, fewer = frame(drawn(12)), frame(drawn(5))
    whole = search(SPACE, total, guided(), budget=12, known=before)
    search(SPACE, total, guided(), budget=5, known=before, folder=tmp_path / "run")
    for other in (None, fewer):
        with pytest.raises(RunFolderError, match="known"):
            search(SPACE, total, guided(), budget=12, known=other, folder=tmp_path / "run", resume=True)
    again = search(SPACE, total, guided(), budget=12, known=before, folder=tmp_path / "run", resume=True)
    assert [e.architecture for e in again.evaluations] == [e.architecture for e in whole.evaluations]


class Layers(SearchSpace):
    operations = ("conv", "pool", "wide conv")

    def __init__(self, choices):
        self.name = "layers"
        self.choices = tuple(Choice(name, options) for name, options in choices.items())

    def graph(self, architecture):
        kinds = [option.split()[-1] for option in self.options(architecture).values()]
        sites = tuple(Site(kind, (i,), i + 1) for i, kind in enumerate(kinds))
        return Graph((Cell(1, len(sites) + 1, sites, (len(sites),)),))


OLD = Layers({"first": ("conv", "pool"), "second": ("conv", "pool")})


def old_rows():
    architectures = OLD.architectures(OLD.rows())
    return [{"architecture": OLD.format(a), "value": total(a)} for a in architectures]


def test_what_belongs_to_a_changed_space_is_carried_over_and_the_rest_is_said():
    grown = Layers({"first": ("conv", "pool", "wide conv"), "second": ("pool", "conv")})
    result = search(grown, total, RandomSearch(grown), budget=2, known=old_rows())
    assert [grown.options(k.architecture) for k in result.known] == [
        json.loads(row["architecture"]) for row in old_rows()
    ]
    shrunk = Layers({"first": ("conv", "wide conv"), "second": ("conv", "pool")})
    with pytest.warns(
        UserWarning, match=r"2 of 4 architectures .* do not belong to the space layers .*'pool'"
    ):
        result = search(shrunk, total, RandomSearch(shrunk), budget=2, known=old_rows())
    assert len(result.known) == 2


def test_renamed_choices_and_options_are_carried_over():
    present = Layers({"layer 1": ("conv", "max pool"), "second": ("conv", "max pool")})
    with pytest.raises(ArchrankError, match="none of 4 architectures"):
        search(present, total, RandomSearch(present), budget=1, known=old_rows())
    renamed = {"first": "layer 1", "pool": "max pool"}
    with pytest.raises(ArchrankError):  # all four are known: nothing is left
        search(present, total, RandomSearch(present), budget=0, known=old_rows(), renamed=renamed)
    result = search(present, total, RandomSearch(present), budget=1, known=old_rows()[:3], renamed=renamed)
    assert len(result.known) == 3


def test_mistakes_are_named(tmp_path):
    def run(known, **given):
        search(SPACE, total, RandomSearch(SPACE), budget=1, known=known, **given)

    two = frame(drawn(5)).assign(other=1.0, value=2.0).rename(columns={"value": "accuracy"})
    with pytest.raises(
        TableError, match=r"unknown column with numbers 'value'.*needs? the values that are searched by"
    ):
        run(two)
    with pytest.raises(ArchrankError, match="to maximize, and this search is to minimize it"):
        run(search(SPACE, total, RandomSearch(SPACE), budget=2), maximize=False)
    with pytest.raises(RunFolderError, match="holds no run of a search"):
        run(tmp_path)
    (tmp_path / "result.json").write_text('{"evaluations": 3}')
    with pytest.raises(RunFolderError, match="cannot be read"):
        run(tmp_path)
    with pytest.raises(TableError, match="is no table"):
        run(3)
    with pytest.raises(TableError, match=r"missing\.csv"):
        run(tmp_path / "missing.csv")


def test_constraints_of_known_evaluations_count():
    before = frame(drawn(30)).assign(size=lambda f: f["value"])
    result = search(
        SPACE,
        lambda a: {"value": total(a), "size": total(a)},
        guided(),
        budget=5,
        where=["size < 12"],
        known=before,
    )
    assert result.best_known.values["value"] < 12


def test_what_lacks_the_value_of_a_constraint_is_left_out_unless_another_is_broken():
    a, b, c = drawn(3)
    rows = [
        {"architecture": SPACE.format(a), "value": 99.0, "size": None, "cost": 1.0},
        {"architecture": SPACE.format(b), "value": 98.0, "size": None, "cost": 9.0},
        {"architecture": SPACE.format(c), "value": 1.0, "size": 1.0, "cost": 1.0},
    ]
    with pytest.warns(
        UserWarning, match="1 of 3 evaluations of the records have no value or no size or no cost"
    ):
        result = search(
            SPACE,
            lambda architecture: {"value": 1.0, "size": 1.0, "cost": 1.0},
            RandomSearch(SPACE),
            budget=1,
            where=["size < 5", "cost < 5"],
            known=rows,
        )
    assert [known.architecture for known in result.known] == [b, c]
    assert result.best_known.architecture == c


def test_the_command_line_gives_the_same_search_and_report(tmp_path):
    table = ar.load_benchmark("analog-nasbench")
    known = (
        frame(drawn(20)).assign(baseline_accuracy=[table.value(a) for a in drawn(20)]).drop(columns="value")
    )
    known.to_csv(tmp_path / "known.csv", index=False)
    words = ["search", "analog-nasbench", "--budget", "10", "--predictor", "gaussian-process"]
    done = CliRunner().invoke(
        app, [*words, "--known", str(tmp_path / "known.csv"), "--out", str(tmp_path / "run")]
    )
    assert done.exit_code == 0, done.output
    assert "known before" in done.output
    record = json.loads((tmp_path / "run" / "result.json").read_text())
    assert f"--known {tmp_path / 'known.csv'}" in record["command"]
    assert len(record["known"]) == 20
    result = ar.search(
        "analog-nasbench", budget=10, predictor="gaussian-process", known=tmp_path / "known.csv"
    )
    assert [e["architecture"] for e in record["evaluations"]] == list(result.to_pandas()["architecture"])
    page = (tmp_path / "run" / "report.html").read_text()
    assert "Known before the search" in page


def test_the_name_of_a_benchmark_is_its_table_unless_a_file_has_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = as_table(SPACE, frame(drawn(12), "accuracy"))
    name = "nas-bench-201-cifar10"
    monkeypatch.setattr(catalog, "load_benchmark", {name: made}.get)
    options = {"metric": "accuracy", "budget": 2, "strategy": "random"}
    assert [k.architecture for k in ar.search(SPACE, total, known=name, **options).known] == drawn(12)
    hinted = ar.search(SPACE, total, metric="accuracy", budget=12, hints=(name, "accuracy"))
    assert hinted.hints[0].source == f"the table {made.name}"
    frame(drawn(3), "accuracy").to_csv(name, index=False)
    with pytest.raises(TableError, match=name):  # which has no ending
        ar.search(SPACE, total, known=name, **options)
