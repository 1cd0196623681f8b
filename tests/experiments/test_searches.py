import pickle

import numpy as np
import pytest

from archrank.benchmarks import load_benchmark
from archrank.benchmarks.table import Metric, Table
from archrank.errors import BudgetError, RunFolderError, TableError
from archrank.experiments.searches import Searches, search_tasks, time_metric
from archrank.simulation.files import evaluations, read_labels, save_labels
from archrank.spaces import NASBench201
from archrank.strategies import LocalSearch, RandomSearch, RegularizedEvolution, SimulatedAnnealing

SPACE = NASBench201()
METRICS = (
    Metric("loss", "", "validation", higher_is_better=False),
    Metric("accuracy", "", "test"),
    Metric("train_seconds", "", "none", higher_is_better=False),
    Metric("unused", "", "none"),
)


def table(part=slice(None), missing=()):
    rows = SPACE.rows()[part]
    loss = (rows != 3).sum(axis=1) + np.arange(len(rows)) / len(rows)
    loss[list(missing)] = np.nan

    def unread():
        raise AssertionError("this column is not asked for")

    columns = {
        "loss": loss,
        "accuracy": 100 - loss,
        "train_seconds": 10.0 + rows[:, 0],
        "unused": unread,
    }
    return Table("made-up", SPACE, rows, columns, METRICS)


def searches(of, budget=9, **more):
    return Searches(of, {"random": RandomSearch(SPACE, of.architectures)}, budget, "loss", **more)


def test_a_folder_may_hold_searches_of_strategies_that_are_not_run_now():
    """The time left is estimated from all that a folder holds."""
    work = searches(table())
    task = {"strategy": "guided:encoder=gcn", "parallel": 1, "asynchronous": False, "seed": 0}
    assert work.cost(task) == work.budget


def test_a_search_is_kept_evaluation_by_evaluation():
    of = table(slice(0, 40), missing=range(0, 40, 2))
    work = searches(of, 40, test_metric="accuracy", time_metric="train_seconds")
    (task,) = search_tasks(work.strategies, 1)
    row = work(task)
    places = row["index"]
    assert sorted(places) == list(range(40))
    assert row["valid"] == [None if p % 2 == 0 else of.column("loss")[p] for p in places]
    assert row["test"] == [None if p % 2 == 0 else of.column("accuracy")[p] for p in places]
    assert row["ended"] == np.cumsum(of.column("train_seconds")[places]).tolist()
    assert row["began"] == [0.0, *row["ended"][:-1]]
    assert set(row["reason"]) == {"random"}
    flat = evaluations([{**task, **row, "error": None}, {**task, "seed": 1, "error": "boom"}])
    assert flat["evaluation"] == list(range(1, 41))
    assert flat["seed"] == [0] * 40
    assert flat["index"] == places


def test_a_search_ends_where_it_met_the_best_unless_its_time_counts():
    of = table(slice(0, 40))
    best = int(np.argmin(of.column("loss")))
    for seed, task in enumerate(search_tasks({"random": None}, 3)):
        assert task["seed"] == seed
        ended = searches(of, 40)(task)["index"]
        timed = searches(of, 40, time_metric="train_seconds")(task)["index"]
        assert ended[-1] == best
        assert len(timed) == 40
        assert timed[: len(ended)] == ended


def test_workers_get_the_columns_that_are_looked_at_and_search_alike():
    work = searches(table(), test_metric="accuracy")
    tasks = search_tasks(work.strategies, 2, parallel=(1, 3))
    assert [(t["parallel"], t["seed"]) for t in tasks] == [(1, 0), (1, 1), (3, 0), (3, 1)]
    sent = pickle.loads(pickle.dumps(work))
    for task in tasks:
        # All but the seconds of proposing.
        names = ("index", "valid", "test", "reason")
        assert [sent(task)[name] for name in names] == [work(task)[name] for name in names]
        assert work(task)["ended"] is None


def test_another_label_is_another_comparison():
    digests = {
        searches(of, test_metric=test).digest
        for of in (table(), table(missing=[7]), table(slice(0, 99)))
        for test in (None, "accuracy")
    }
    assert len(digests) == 6


@pytest.mark.parametrize("kind", [RegularizedEvolution, LocalSearch, SimulatedAnnealing])
def test_a_table_that_lacks_neighbors_is_no_place_for_neighborhood_search(kind):
    few = table(slice(0, 500))
    with pytest.raises(TableError, match=r"most neighbors are not in it.* Compare guided and random there"):
        Searches(few, {"mine": kind(SPACE, candidates=few.architectures)}, 9, "loss")
    assert Searches(table(), {"mine": kind(SPACE)}, 9, "loss").budget == 9


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"budget": 0}, BudgetError, "a budget of 0 evaluations cannot be spent on made-up"),
        ({"budget": 41}, BudgetError, "40 architectures; give 1 to 40"),
        ({"missing": range(40)}, TableError, "holds no measurement of 'loss'"),
    ],
)
def test_what_cannot_be_searched_is_told_at_once(change, error, said):
    of = table(slice(0, 40), missing=change.get("missing", ()))
    with pytest.raises(error, match=said):
        searches(of, change.get("budget", 9))


def test_evaluations_without_a_time_are_told_at_once():
    of = table(slice(0, 40))
    times = of.column("train_seconds").copy()
    times[3:5] = np.nan
    lacking = Table(
        "made-up", SPACE, of.rows, {"loss": of.column("loss"), "train_seconds": times}, METRICS[::2]
    )
    with pytest.raises(TableError, match="no 'train_seconds' for 2 of its architectures"):
        searches(lacking, time_metric="train_seconds")


def test_the_time_of_a_training_is_found_by_its_name_and_epochs():
    def named(*names, epochs=12):
        metrics = tuple(Metric(name, "", "none", epochs=epochs) for name in names)
        return Table("t", SPACE, SPACE.rows()[:1], {n: np.zeros(1) for n in names}, metrics)

    nats = named(
        "cifar10_valid_accuracy_12", "cifar10_train_seconds_12", "cifar10_train_seconds_12_seed777",
        "cifar100_valid_accuracy_12", "cifar100_train_seconds_12",
    )  # fmt: skip
    assert time_metric(nats, "cifar100_valid_accuracy_12").name == "cifar100_train_seconds_12"
    assert time_metric(nats, "cifar10_valid_accuracy_12").name == "cifar10_train_seconds_12"
    assert time_metric(named("validation_accuracy", "training_seconds"), "validation_accuracy") is not None
    assert time_metric(load_benchmark("analog-nasbench"), "baseline_accuracy") is None
    assert (
        time_metric(load_benchmark("nas-bench-graph-proteins"), "valid_perf") is None
    )  # a latency is no training


def test_labels_are_kept_with_their_direction(tmp_path):
    save_labels(tmp_path, {"valid": np.array([1.0, np.nan]), "test": None})
    found = read_labels(tmp_path, valid_sign=-1.0, test_sign=1.0)
    assert found.valid[0] == -1.0
    assert np.isnan(found.valid[1])
    assert found.test is None
    with pytest.raises(RunFolderError, match="run the command of the comparison again"):
        read_labels(tmp_path / "nowhere", valid_sign=1.0, test_sign=1.0)
