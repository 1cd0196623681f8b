"""Bounds on values that are known before anything is evaluated."""

import numpy as np
import pytest

from archrank.benchmarks.table import Metric, Table
from archrank.errors import ArchrankError
from archrank.spaces import NASBench201
from archrank.strategies import RandomSearch, RegularizedEvolution, Strategy, unseen
from archrank.strategies.base import Proposal
from archrank.study import search
from archrank.study.bounds import KnownBounds
from archrank.study.objectives import Constraint


class Counted(NASBench201):
    """Its cells have a size that is known."""

    def known_values(self, architecture):
        return {
            "size": float(sum(architecture.choices)),
            "convolutions": float(architecture.choices.count(3)),
        }


SPACE = Counted()


def size(architecture):
    return sum(architecture.choices)


def value(architecture):
    return float(architecture.choices[0])


def find(where, evaluate=value, space=SPACE, budget=30, **more):
    return search(space, evaluate, RandomSearch(SPACE), budget=budget, where=where, **more)


def test_only_what_meets_them_is_evaluated_and_its_values_are_recorded():
    result = find(["size < 6"])
    assert len(result.evaluations) == 30
    assert all(size(e.architecture) < 6 for e in result.evaluations)
    assert all(
        e.values == {"value": value(e.architecture), "size": size(e.architecture)} for e in result.evaluations
    )
    assert result.infeasible == 0


@pytest.mark.parametrize(
    "evaluate",
    [
        lambda a: {"accuracy": 1.0, "latency": 2.0},
        lambda a: (1.0, 2.0),
        lambda a: {"accuracy": 1.0, "latency": 2.0, "size": -1.0},
    ],
)
def test_what_an_evaluator_returns_itself_counts(evaluate):
    objectives = {"accuracy": "maximize", "latency": "minimize"}
    result = find(["size < 6"], evaluate, budget=5, objectives=objectives)
    given = evaluate(SPACE.sample(1, np.random.default_rng(0))[0])
    for evaluation in result.evaluations:
        assert (evaluation.values["accuracy"], evaluation.values["latency"]) == (1.0, 2.0)
        expected = given["size"] if "size" in given else size(evaluation.architecture)
        assert evaluation.values["size"] == expected


def test_a_bound_on_a_measured_value_is_left_to_the_evaluation():
    def both(architecture):
        return {"value": value(architecture), "latency": float(architecture.choices[1])}

    result = find(["size < 9", "latency < 2"], both)
    assert all(size(e.architecture) < 9 for e in result.evaluations)
    assert 0 < result.infeasible < 30


def test_an_evaluator_may_know_values_and_overrides_the_space():
    class Knowing:
        def known_values(self, architecture):
            return {"size": float(architecture.choices[5])}

        def __call__(self, architecture):
            return {"value": value(architecture), **self.known_values(architecture)}

    result = find(["size < 1", "convolutions > 2"], Knowing())
    assert all(e.architecture.choices[5] == 0 for e in result.evaluations)
    assert all(e.architecture.choices.count(3) > 2 for e in result.evaluations)


@pytest.mark.parametrize(
    ("where", "said"),
    [
        (["size < 0"], "meets 'size < 0': among all 15,625 size is between 0 and 24. Nothing was evaluated"),
        (
            ["size >= 0", "convolutions > 6"],
            "meets 'convolutions > 6': among all 15,625 convolutions is between 0 and 6",
        ),
        (
            ["size < 9", "convolutions >= 4"],
            "meets 'size < 9 and convolutions >= 4': among all 15,625 size is between 0 and 24 and convolutions is",
        ),
    ],
)
def test_what_nothing_meets_is_refused_before_the_first_evaluation(where, said):
    def never(architecture):
        raise AssertionError

    with pytest.raises(ArchrankError) as refusal:
        find(where, never)
    assert said in str(refusal.value)


def test_what_a_single_one_meets_is_found():
    result = find(["size <= 0"])
    assert [e.architecture.choices for e in result.evaluations] == [(0,) * 6]


def table():
    rows = SPACE.rows()[::3]
    columns = {
        "accuracy": np.random.default_rng(0).normal(size=len(rows)),
        "parameters": rows.sum(axis=1).astype(float),
        "latency": rows[:, 0].astype(float),
    }
    metrics = (
        Metric("accuracy", "made-up accuracy", "validation"),
        Metric("parameters", "made-up parameters", "none", False, measured=False),
        Metric("latency", "made-up latency", "none", False),
    )
    return Table("made-up", SPACE, rows, columns, metrics)


def test_a_table_knows_what_needs_no_measurement():
    made = table()
    strategy = RegularizedEvolution(SPACE, 8, 4, candidates=made.candidates)
    result = search(made, None, strategy, budget=40, where=["parameters < 8", "latency < 2"])
    assert all(size(e.architecture) < 8 for e in result.evaluations)
    assert result.infeasible > 0


def test_a_missing_value_meets_no_bound():
    made = table()
    column = made.column("parameters").copy()
    column[:100] = np.nan
    columns = {"accuracy": made.column("accuracy"), "parameters": column}
    unknown = Table("made-up", SPACE, made.rows, columns, made.metrics[:2])
    bounds = KnownBounds(SPACE, [Constraint("parameters", "<", 99.0)], None, unknown)
    met = [bounds.violation(a) == 0 for a in unknown.architectures]
    assert met == (~np.isnan(column)).tolist()


def test_a_strategy_without_a_domain_sees_them_as_other_constraints():
    class Own(Strategy):
        space, batch = SPACE, 1

        def propose(self, history, n, rng):
            return [Proposal(a, "random") for a in unseen(SPACE, history, n, rng)]

    result = search(SPACE, value, Own(), budget=20, where=["size < 12"])
    assert 0 < result.infeasible < 20
