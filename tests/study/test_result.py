import json
import math
import pickle

import numpy as np
import pytest

from archrank.benchmarks.table import Metric, Table
from archrank.errors import EvaluationError
from archrank.spaces import NASBench201
from archrank.strategies import RandomSearch
from archrank.study import TableEvaluator, measure, result_record, search
from evaluators_for_workers import total

SPACE = NASBench201()
ROWS = SPACE.rows()[::50]
ACCURACY = np.round(np.random.default_rng(0).uniform(10, 95, len(ROWS)), 1)
TABLE = Table(
    "small",
    SPACE,
    ROWS,
    {
        "accuracy": ACCURACY,
        "test": ACCURACY - 1,
        "latency": np.where(ACCURACY > 90, np.nan, ACCURACY / 10),
    },
    (
        Metric("accuracy", "accuracy in percent", "validation"),
        Metric("test", "accuracy in percent", "test"),
        Metric("latency", "milliseconds", "none", higher_is_better=False),
    ),
    {"accuracy": "test"},
)


def run(metric, budget=40):
    strategy = RandomSearch(SPACE, TABLE.architectures)
    maximize = TABLE.metric(metric).higher_is_better
    return search(
        SPACE, TableEvaluator(TABLE, metric), strategy, budget=budget, metric=metric, maximize=maximize
    )


def test_the_evaluator_says_what_the_table_says():
    evaluate = TableEvaluator(TABLE, "accuracy")
    for architecture, accuracy in zip(TABLE.architectures, ACCURACY, strict=True):
        assert evaluate(architecture) == {"accuracy": accuracy, "test": accuracy - 1}
    assert set(TableEvaluator(TABLE, "latency")(TABLE.architectures[0])) == {"latency"}


def test_the_evaluator_is_sent_small_and_arrives_whole():
    sent = pickle.dumps(TableEvaluator(TABLE, "accuracy"))
    assert len(sent) < 100 * len(TABLE)
    architecture = TABLE.architectures[7]
    assert pickle.loads(sent)(architecture) == TableEvaluator(TABLE, "accuracy")(architecture)


def test_what_the_table_lacks_is_a_failure():
    missing = next(a for a in SPACE.architectures(SPACE.rows()) if a not in TABLE)
    with pytest.raises(EvaluationError, match="the table small has no row"):
        TableEvaluator(TABLE, "accuracy")(missing)
    unmeasured = TABLE.architectures[int(np.argmax(ACCURACY))]
    assert measure(TableEvaluator(TABLE, "latency"), unmeasured, "latency").error == (
        "'latency' is nan, expected a finite number"
    )


def test_the_record_of_a_table_search():
    found = run("accuracy")
    record = json.loads(json.dumps(result_record(found, strategy="random", benchmark="small", table=TABLE)))
    values = [evaluation["value"] for evaluation in record["evaluations"]]
    best = record["best"]
    assert best["value"] == max(values)
    assert best["test_value"] == pytest.approx(max(values) - 1)
    assert best["true_rank"] == 1 + int((max(values) < ACCURACY).sum())
    assert record["optimum"] == ACCURACY.max()
    assert record["regret"] == ACCURACY.max() - max(values) >= 0
    assert (record["benchmark"], record["space"], record["metric"]) == ("small", SPACE.name, "accuracy")
    assert (record["strategy"], record["budget"], record["seed"]) == ("random", 40, 0)
    for number, evaluation in enumerate(record["evaluations"]):
        assert evaluation["number"] == number
        assert TABLE.value(SPACE.parse(evaluation["architecture"]), "accuracy") == evaluation["value"]
        assert evaluation["test_value"] == evaluation["value"] - 1
        assert (evaluation["state"], evaluation["error"], evaluation["predicted"]) == ("measured", None, None)
        assert evaluation["seconds"] > 0
    assert set(record["seconds"]) >= {"total", "fit", "propose", "evaluate"}


def test_the_record_of_a_minimised_metric_with_gaps():
    record = result_record(run("latency", len(TABLE)), benchmark="small", table=TABLE)
    assert record["best"]["value"] == record["optimum"] == np.nanmin(TABLE.column("latency"))
    assert record["best"]["true_rank"] == 1
    assert record["best"]["test_value"] is None
    assert record["regret"] == 0
    failed = [e for e in record["evaluations"] if e["state"] == "failed"]
    assert len(failed) == int(np.isnan(TABLE.column("latency")).sum())
    assert all(e["value"] is None and "nan" in e["error"] for e in failed)


def test_the_earliest_of_equals_is_the_best():
    result = search(SPACE, lambda a: 1.0, RandomSearch(SPACE), budget=5)
    assert result.best.number == 0


def test_a_search_without_a_table_leaves_unknown_what_is_unknown():
    def evaluate(architecture):
        return {"value": total(architecture), "held out": math.inf if architecture.choices[0] else 0.25}

    result = search(SPACE, evaluate, RandomSearch(SPACE), budget=12)
    record = result_record(result, test_metric="held out")
    assert record["benchmark"] is record["optimum"] is record["regret"] is record["best"]["true_rank"] is None
    assert {e["test_value"] for e in record["evaluations"]} == {None, 0.25}
    nothing = result_record(search(SPACE, lambda a: math.nan, RandomSearch(SPACE), budget=2))
    assert nothing["best"] is nothing["regret"] is None
