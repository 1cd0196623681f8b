import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archrank.benchmarks.table import Metric, Table
from archrank.experiments import best_so_far, random_search_curve, simulate
from archrank.spaces import NASBench201
from archrank.strategies import History, Proposal, RandomSearch, RegularizedEvolution, Strategy

SPACE = NASBench201()


def made_up_table(higher=True, missing=()):
    rows = SPACE.rows()
    column = np.random.default_rng(5).normal(size=len(rows)) + (rows == 3).sum(axis=1)
    column[list(missing)] = np.nan
    return Table("made-up", SPACE, rows, {"accuracy": column}, (Metric("accuracy", "", "none", higher),))


class InOrder(Strategy):
    """The rows of the space in their order, three at a time."""

    def __init__(self, stop=None):
        self.space = SPACE
        self.batch = 3
        self.stop = stop
        self.asked = []

    def propose(self, history: History, n, rng):
        self.asked.append((len(history), n, rng.integers(2**40)))
        last = self.stop if self.stop is not None else len(SPACE)
        rows = SPACE.rows()[len(history) : min(len(history) + n, last)]
        return [Proposal(architecture, "random") for architecture in SPACE.architectures(rows)]


def test_scores_come_in_the_order_of_proposing_and_higher_is_better():
    table = made_up_table()
    assert simulate(table, "accuracy", InOrder(), 8, 0).tolist() == table.column("accuracy")[:8].tolist()
    lower = made_up_table(higher=False)
    assert simulate(lower, "accuracy", InOrder(), 8, 0).tolist() == (-lower.column("accuracy")[:8]).tolist()


def test_a_strategy_is_asked_in_rounds_with_the_generator_of_a_study():
    strategy = InOrder()
    simulate(made_up_table(), "accuracy", strategy, 7, seed=9)
    generator = [np.random.default_rng([9, n]).integers(2**40) for n in (0, 3, 6)]
    assert strategy.asked == [(0, 3, generator[0]), (3, 3, generator[1]), (6, 1, generator[2])]


def test_it_ends_where_the_strategy_has_nothing_more():
    assert len(simulate(made_up_table(), "accuracy", InOrder(stop=5), 100, 0)) == 5


def test_what_was_not_measured_counts_as_failed():
    class Watching(InOrder):
        def propose(self, history, n, rng):
            self.seen = [entry.score for entry in history]
            return super().propose(history, n, rng)

    strategy = Watching()
    scores = simulate(made_up_table(missing=[1]), "accuracy", strategy, 4, 0)
    assert np.isnan(scores).tolist() == [False, True, False, False]
    assert strategy.seen[1] is None


def test_same_seed_same_run_other_seed_other_run():
    table = made_up_table()
    runs = [simulate(table, "accuracy", RegularizedEvolution(SPACE), 40, seed).tolist() for seed in (1, 1, 2)]
    assert runs[0] == runs[1] != runs[2]


def test_best_so_far_never_falls_and_skips_failures():
    assert best_so_far([np.nan, 2.0, np.nan, 1.0, 5.0])[1:].tolist() == [2.0, 2.0, 2.0, 5.0]
    assert np.isnan(best_so_far([np.nan, 2.0])[0])


@given(
    st.lists(st.integers(0, 6), min_size=1, max_size=6),
    st.sampled_from([0.01, 0.25, 0.5, 0.75, 1.0]),
)
def test_random_search_is_exact(scores, quantile):
    """Every subset of k scores is as likely as any other: compare with counting them all."""
    scores = np.array(scores, dtype=float)
    expected, (bound,) = random_search_curve(scores, len(scores), [quantile])
    for k in range(1, len(scores) + 1):
        best = np.sort([max(subset) for subset in itertools.combinations(scores, k)])
        assert expected[k - 1] == pytest.approx(best.mean())
        place = int(np.ceil(quantile * len(best) - 1e-9)) - 1
        assert bound[k - 1] == best[place]


def test_random_search_agrees_with_simulating_it():
    table = made_up_table()
    runs = [best_so_far(simulate(table, "accuracy", RandomSearch(SPACE), 30, seed)) for seed in range(200)]
    expected, (low, _, high) = random_search_curve(table.scores("accuracy"), 30)
    error = np.std(runs, axis=0) / np.sqrt(len(runs))
    assert np.all(np.abs(np.mean(runs, axis=0) - expected) < 5 * error)
    inside = np.mean((np.array(runs) >= low) & (np.array(runs) <= high), axis=0)
    assert np.all(np.abs(inside - 0.5) < 0.16)


def test_all_draws_find_the_best_and_unmeasured_ones_are_left_out():
    expected, _ = random_search_curve(np.array([3.0, np.nan, 1.0]), 2)
    assert expected.tolist() == [2.0, 3.0]
    with pytest.raises(ValueError, match="draws is 3, expected 1 to 2"):
        random_search_curve(np.array([3.0, np.nan, 1.0]), 3)


def test_many_draws_from_a_large_table_lose_no_precision():
    scores = np.arange(20_000.0)
    expected, _ = random_search_curve(scores, 2_000)
    draws = np.arange(1, 2_001)
    # The expected maximum of k of the numbers 1 … M is k (M + 1) / (k + 1).
    assert expected + 1 == pytest.approx(draws * 20_001 / (draws + 1), rel=1e-9)
