"""Tables of spaces whose choices depend on each other: looked up, searched, ranked and compared like all others."""

import json

import numpy as np
import pandas as pd
import pytest

import archrank as ar
from archrank.benchmarks import as_table
from archrank.benchmarks.table import Metric, Table
from archrank.errors import TableError
from archrank.testing import check_table
from open_spaces import Chains, worth

SPACE = Chains("chains")


def drawn(n, seed=0):
    return list(dict.fromkeys(SPACE.sample(n, np.random.default_rng(seed))))


@pytest.fixture
def frame():
    architectures = drawn(60)
    return pd.DataFrame(
        {"architecture": map(SPACE.format, architectures), "value": map(worth, architectures)}
    )


def test_a_frame_and_a_file_become_a_table(frame, tmp_path):
    table = as_table(SPACE, frame)
    check_table(table)
    assert len(table) == len(frame)
    assert not table.complete
    assert table.architectures == drawn(60)
    architecture, best = table.optimum()
    assert best == frame["value"].max() == table.value(architecture)
    assert list(table.to_pandas()["architecture"]) == list(frame["architecture"])
    frame.to_csv(tmp_path / "measured.csv", index=False)
    again = as_table(SPACE, tmp_path / "measured.csv")
    assert again.architectures == table.architectures
    assert np.allclose(again.column(), table.column())


def test_architectures_may_be_mappings_of_their_choices(frame):
    records = [{"architecture": json.loads(a), "value": v} for a, v in frame.itertuples(index=False)]
    assert as_table(SPACE, records).architectures == drawn(60)


def test_rows_of_one_architecture_are_refused_or_averaged(frame):
    twice = pd.concat([frame, frame.assign(value=frame["value"] + 1)])
    with pytest.raises(TableError, match=r"are the same architecture, .*learning rate.*average them"):
        as_table(SPACE, twice)
    table = as_table(SPACE, twice, average=True)
    assert np.allclose(table.column(), frame["value"] + 0.5)


def test_a_text_of_no_architecture_names_its_row(frame):
    frame.loc[3, "architecture"] = '{"depth": 9}'
    with pytest.raises(TableError, match=r"row 3.*'depth'.*9"):
        as_table(SPACE, frame)


def test_option_indices_are_refused():
    with pytest.raises(TableError, match=r"rows of shape \(2, 3\), expected \(M,\)"):
        Table("t", SPACE, np.zeros((2, 3), np.int16), {"v": np.zeros(2)}, (Metric("v", "v", "none"),))


def test_a_table_is_searched_among_its_architectures(frame, tmp_path):
    table = as_table(SPACE, frame)
    found = ar.search(
        table, budget=16, initial=8, round=4, predictor="gaussian-process", folder=tmp_path / "run"
    )
    assert {e.architecture for e in found.evaluations} <= set(table.architectures)
    assert found.best_value == max(e.value for e in found.evaluations)
    again = ar.search(
        table,
        budget=16,
        initial=8,
        round=4,
        predictor="gaussian-process",
        folder=tmp_path / "run",
        resume=True,
    )
    assert again.best_value == found.best_value


def test_measured_architectures_are_ranked(frame):
    ranking = ar.rank(SPACE, frame, candidates=drawn(20, seed=1), effort="fast", target="value")
    assert len(ranking) == len(set(drawn(20, seed=1)) - set(drawn(60)))
    assert set(ranking["architecture"]) <= {SPACE.format(a) for a in drawn(20, seed=1)}


def test_predictors_and_strategies_are_compared(frame, tmp_path):
    table = as_table(SPACE, frame)
    predictors = ar.compare_predictors(
        table, ["gaussian-process", "trees"], sizes=[12], seeds=2, folder=tmp_path / "predictors"
    )
    assert {row["predictor"] for row in predictors.rows} == {"gaussian-process", "trees"}
    assert all(row["tau"] > 0 for row in predictors.rows)
    strategies = ar.compare_strategies(table, ["random"], budget=10, seeds=2)
    assert len(strategies.rows) == 2
