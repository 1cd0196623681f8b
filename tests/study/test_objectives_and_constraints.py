import numpy as np
import pytest

from archrank.benchmarks.table import Metric, Table
from archrank.errors import ArchrankError, UnknownName
from archrank.spaces import NASBench201
from archrank.study import Constraint, Objectives, check_constraints, of_feasible

SPACE = NASBench201()
ROWS = SPACE.rows()[:6]
TABLE = Table(
    "six",
    SPACE,
    ROWS,
    {
        "accuracy": np.array([90.0, 80, 70, 60, 50, 40]),
        "latency": np.array([30.0, 20, 10, np.nan, 5, 1]),
        "size": np.array([1.0, 2, 3, 4, 5, 6]),
    },
    (
        Metric("accuracy", "percent", "validation"),
        Metric("latency", "ms", "none", higher_is_better=False),
        Metric("size", "M", "none", higher_is_better=False),
    ),
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("latency < 20", Constraint("latency", "<", 20.0)),
        ("latency<=2e1", Constraint("latency", "<=", 20.0)),
        ("  test accuracy >= -0.5 ", Constraint("test accuracy", ">=", -0.5)),
        ("x>.1", Constraint("x", ">", 0.1)),
    ],
)
def test_constraints_are_read_and_written(text, expected):
    assert Constraint.parse(text) == expected
    assert Constraint.parse(str(expected)) == expected


@pytest.mark.parametrize(
    "text",
    ["", "latency", "latency <", "< 20", "latency = 20", "latency == 20", "1 < latency < 2", "20 > latency", "x < nan",
     "x < inf", "x << 1", "latency < twenty", "latency < 1_0", "__import__('os').getpid() < 1 or 1"],
)  # fmt: skip
def test_what_is_no_constraint_is_refused_with_an_example(text):
    with pytest.raises(ArchrankError, match="'latency_ms < 20'") as error:
        Constraint.parse(text)
    assert repr(text) in str(error.value)


@pytest.mark.parametrize(
    ("text", "met", "broken"),
    [("x < 20", [19.9, -5], [20, 25]), ("x <= 20", [20, 0], [20.1, 40]), ("x > 0", [0.1], [0, -1]),
     ("x >= -3", [-3, 0], [-3.1])],
)  # fmt: skip
def test_a_value_meets_a_constraint_or_exceeds_it(text, met, broken):
    constraint = Constraint.parse(text)
    assert all(constraint.excess(value) <= 0 for value in met)
    excesses = [constraint.excess(value) for value in broken]
    assert all(excess > 0 for excess in excesses)
    assert excesses == sorted(excesses)


def test_violations_of_several_constraints_add_up_in_units_of_their_bounds():
    goal = Objectives.of({"accuracy": "maximize"}, ["latency < 20", "size <= 2", "accuracy > 10"])
    assert goal.needed == ("accuracy", "latency", "size")
    assert goal.violation({"accuracy": 90, "latency": 30, "size": 3}) == 0.5 + 0.5
    assert goal.violation({"accuracy": 90, "latency": 19, "size": 2}) == 0


def test_a_goal_is_found_again_in_its_facts():
    goal = Objectives.of({"accuracy": "maximize", "latency": "minimize"}, ["size <= 2.5"])
    assert Objectives.from_metadata(goal.metadata) == goal
    # What studies of one metric have always stored is enough.
    assert Objectives.from_metadata({"metric": "latency", "maximize": False}) == Objectives.of(
        {"latency": "minimize"}
    )


def test_a_direction_that_is_none_names_the_closest():
    with pytest.raises(UnknownName, match="did you mean 'minimize'"):
        Objectives.of({"latency": "minimise"})


@pytest.mark.parametrize(
    ("where", "said"),
    [
        (["latncy < 3"], "did you mean 'latency'"),
        (["latency < 1"], "no architecture of six meets 'latency < 1': latency is between 1 and 30"),
        (["accuracy > 85", "size > 3"], "meets accuracy > 85 and size > 3 together"),
    ],
)
def test_constraints_that_no_architecture_meets_are_refused(where, said):
    with pytest.raises(ArchrankError) as error:
        check_constraints(Objectives.of({"accuracy": "maximize"}, where).constraints, TABLE)
    assert said in str(error.value)


def test_the_optimum_and_ranks_among_what_is_feasible():
    goal = Objectives.of({"accuracy": "maximize"}, ["latency < 20"])
    check_constraints(goal.constraints, TABLE)
    feasible = of_feasible(TABLE, goal)
    first, value = feasible.optimum("accuracy")
    assert (TABLE.index(first), value) == (2, 70.0)
    assert [feasible.true_rank(TABLE.architectures[i], "accuracy") for i in (2, 4, 5)] == [1, 2, 3]
    # What was not measured meets no constraint.
    assert np.isnan(feasible.column("accuracy")).tolist() == [True, True, False, True, False, False]
    assert np.array_equal(feasible.column("latency"), TABLE.column("latency"), equal_nan=True)
    assert of_feasible(TABLE, Objectives.of({"accuracy": "maximize"})) is TABLE
