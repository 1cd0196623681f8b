import numpy as np
import pytest

from archrank.benchmarks import load_benchmark
from archrank.benchmarks.table import Table
from archrank.errors import ArchrankError, UnknownName
from archrank.strategies import History
from archrank.strategies.named import STRATEGIES, StrategyOptions, named_strategy


@pytest.fixture(scope="module")
def table():
    return load_benchmark("analog-nasbench")


def made(table, **options):
    candidates = None if table.complete else table.architectures
    return named_strategy(table.space, StrategyOptions(**options), candidates)


def test_every_name_makes_a_strategy_of_its_own(table):
    found = [made(table, strategy=name, unique_by="function") for name in STRATEGIES]
    assert len({type(strategy) for strategy in found}) == len(STRATEGIES)
    for strategy in found:
        assert strategy.unique_by == "function"
        assert len(strategy.propose(History(), 2, np.random.default_rng(0))) == 2


def test_only_the_rows_of_an_incomplete_table_are_proposed(table):
    metric = table.metric()
    column = {metric.name: table.column()[20:30]}
    few = Table("few", table.space, table.rows[20:30], column, (metric,))
    for name in STRATEGIES:
        proposals = made(few, strategy=name).propose(History(), 10, np.random.default_rng(0))
        assert {p.architecture for p in proposals} == set(few.architectures)


def test_the_options_of_guided_search_arrive(table):
    strategy = made(table, inner="annealing", shrink=0.5, initial=7, round=3)
    assert (strategy.inner, strategy.shrink, strategy.initial, strategy.batch) == ("annealing", 0.5, 7, 3)


def test_expected_improvement_needs_an_ensemble(table):
    with pytest.raises(
        ArchrankError, match=r"'ei' needs an ensemble, and .* has one member: choose 2 members or more"
    ):
        made(table, acquisition="ei", members=1)


def test_only_options_active_are_written_down():
    assert StrategyOptions("evolution").active == {"strategy": "evolution", "unique_by": "encoding"}
    assert set(StrategyOptions().active) == {
        "strategy", "unique_by", "predictor", "effort", "encoder", "loss", "members", "bootstrap", "inner",
        "acquisition", "initial", "first", "round", "explore", "shrink",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"strategy": "anealing"}, "unknown strategy 'anealing'; did you mean 'annealing'"),
        ({"strategy": "localsearch"}, "did you mean 'local-search'"),
        (
            {"strategy": "random", "unique_by": "functions"},
            "unknown unique_by 'functions'; did you mean 'function'",
        ),
        ({"inner": "anneal"}, "unknown inner search 'anneal'; did you mean 'annealing'"),
        ({"first": "zerocost"}, "unknown first 'zerocost'; did you mean 'zero-cost'"),
        ({"acquisition": "ubc", "members": 1}, "unknown acquisition 'ubc'; did you mean 'ucb'"),
    ],
)
def test_an_unknown_name_gives_the_closest(table, options, said):
    with pytest.raises(UnknownName, match=said):
        made(table, **options)
