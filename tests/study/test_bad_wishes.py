"""What a user gives before a search and that cannot be used: one error or warning that names it."""

import math

import numpy as np
import pandas as pd
import pytest

import archrank as ar
from archrank.benchmarks.table import Metric, Table
from archrank.errors import ArchrankError, BudgetError, ParseError, SpaceError, TableError, UnknownName
from archrank.spaces import NASBench201

SPACE = NASBench201()
DRAWN = list(dict.fromkeys(SPACE.sample(20, np.random.default_rng(0))))


def total(architecture):
    return float(sum(architecture.choices))


KNOWN = pd.DataFrame({"architecture": map(SPACE.format, DRAWN), "value": map(total, DRAWN)})


def search(**options):
    return ar.search(SPACE, total, "random", budget=5, **options)


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"known": KNOWN.drop(columns="architecture")}, TableError, "unknown column 'architecture'"),
        (
            {"known": KNOWN.rename(columns={"value": "a"}).assign(b=1.0)},
            TableError,
            "unknown column with numbers 'value'.*searched by",
        ),
        (
            {"known": KNOWN.assign(value="high")},
            TableError,
            "known: .*'high' in column 'value', which holds no",
        ),
        (
            {"known": KNOWN.assign(value=math.nan)},
            TableError,
            "known: .*no value in column 'value', which holds",
        ),
        ({"known": "nope"}, TableError, "'nope': there is no such file or folder"),
        ({"hints": "nope"}, TableError, "'nope': there is no such file or folder"),
        ({"known": KNOWN, "known_defaults": ["lr"]}, ArchrankError, "known_defaults is .*expected a mapping"),
        (
            {"known": [{"architecture": "|a~0|+|b~0|c~1|+|d~0|e~1|f~2|", "value": 1.0}]},
            ArchrankError,
            "none of 1 arch",
        ),
        ({"known": KNOWN, "renamed": ["pool"]}, ArchrankError, "renamed is .*expected a mapping"),
        ({"start": ["x"]}, ParseError, "'x' is not a nas-bench-201 cell"),
        ({"fix": {"0→1": "conv"}}, UnknownName, "did you mean 'nor_conv"),
        ({"likely": {"0→1": {"conv": 2}}}, UnknownName, "did you mean 'nor_conv"),
        ({"forbid": [{"0→7": "none"}]}, UnknownName, "choice of nas-bench-201 in forbid '0→7'"),
        ({"repeat_best": 1.5}, BudgetError, "repeat_best is 1.5, expected a whole number"),
    ],
)
def test_nothing_is_evaluated(options, error, said):
    with pytest.raises(error, match=said):
        ar.search(SPACE, lambda architecture: 1 / 0, "random", budget=5, **options)


def test_values_that_are_no_numbers_are_left_out_and_said():
    values = [math.nan, math.inf, *KNOWN["value"][2:]]
    said = r"2 of 20 evaluations of the DataFrame have no value, and are left out \(inf in 1\)"
    with pytest.warns(UserWarning, match=said):
        result = search(known=KNOWN.assign(value=values))
    assert len(result.known) == 18


@pytest.mark.parametrize("empty", [[], {}, KNOWN[:0], {"architecture": [], "value": []}])
def test_nothing_known_is_no_mistake(empty):
    assert search(known=empty).known == ()


def test_other_values_of_one_architecture_are_averaged_and_said():
    with pytest.warns(UserWarning, match="20 known architectures have several values, which are averaged"):
        result = search(known=pd.concat([KNOWN, KNOWN.assign(value=KNOWN["value"] + 3)]))
    assert [k.values["value"] for k in result.known] == [total(a) + 1.5 for a in DRAWN]


def test_another_unit_is_said():
    said = "known values of 'value' are around 0.[0-9]+, and those measured now around 1[0-9]"
    with pytest.warns(UserWarning, match=said):
        search(known=KNOWN.assign(value=KNOWN["value"] / 100))
    rows = SPACE.rows()[::40]
    table = Table(
        "some", SPACE, rows, {"acc": rows.sum(axis=1) + 1.0}, (Metric("acc", "percent", "validation"),)
    )
    share = KNOWN.rename(columns={"value": "acc"}).assign(acc=KNOWN["value"] / 100)
    with pytest.warns(UserWarning, match="bring them to one unit"):
        ar.search(table, strategy="random", budget=5, known=share)
    search(known=KNOWN)  # a warning would be an error


def test_another_direction_is_refused():
    earlier = ar.search(SPACE, total, "random", budget=5, maximize=False)
    with pytest.raises(
        ArchrankError, match="has values of 'value' to minimize, and this search is to maximize it"
    ):
        search(known=earlier)


@pytest.mark.parametrize(
    ("fidelities", "error", "said"),
    [
        (
            [12, 500],
            ArchrankError,
            "the last of the fidelities .* is 500, and .* was measured after 200 epochs",
        ),
        ([200, 12], BudgetError, "ascending order"),
        ([0, 200], BudgetError, "whole numbers of epochs from 1"),
        ([math.nan, 200], BudgetError, "nan"),
        ([], BudgetError, "fidelities"),
    ],
)
def test_fidelities_that_were_not_measured(fidelities, error, said):
    with pytest.raises(error, match=said):
        ar.search("nas-bench-201-cifar10", strategy="random", budget=5, fidelities=fidelities)


def test_rungs_without_a_number_are_failures_with_a_reason():
    with pytest.warns(UserWarning, match=r"all 13 evaluations failed, .*'value' is nan"):
        result = ar.search(SPACE, lambda a, epochs: math.nan, "random", budget=5, fidelities=[1, 3])
    assert result.best is None


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: ar.log(0, 1), "must be above 0 for a logarithmic scale"),
        (lambda: ar.log(-1, 1), "must be above 0 for a logarithmic scale"),
        (lambda: ar.integer(5, 1), "the lower bound 5 is above the upper bound 1"),
        (lambda: ar.log(math.nan, 1), "must be finite numbers"),
        (lambda: ar.ordered(), "without options"),
        (lambda: SPACE & {"lr": []}, "expected a domain"),
    ],
)
def test_empty_ranges(made, said):
    with pytest.raises(SpaceError, match=said):
        made()
