import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archrank.benchmarks.table import Metric, Table
from archrank.simulation import best_so_far, simulate
from archrank.simulation.random_search import (
    chance_to_reach,
    draws_to_reach,
    random_incumbent_curve,
    random_search_curve,
)
from archrank.spaces import NASBench201
from archrank.strategies import RandomSearch

NONE = math.nan


def at(values, quantile):
    """The smallest that at least so many are not above; what is none counts as lowest."""
    ordered = np.sort(np.where(np.isnan(values), -np.inf, values))
    found = ordered[math.ceil(quantile * len(ordered) - 1e-9) - 1]
    return NONE if np.isinf(found) else found


@given(
    st.lists(st.one_of(st.integers(0, 4).map(float), st.just(NONE)), min_size=1, max_size=6),
    st.lists(st.integers(0, 9).map(float), min_size=6, max_size=6),
    st.sampled_from([0.01, 0.25, 0.5, 0.75, 1.0]),
)
def test_random_search_is_exact(scores, tests, quantile):
    """Every order of drawing is as likely as any other: compare with going through them all."""
    scores, tests = np.array(scores), np.array(tests)[: len(scores)]
    size = len(scores)
    expected, (bound,) = random_search_curve(scores, size, [quantile])
    (test_bound,) = random_incumbent_curve(scores, tests, size, [quantile])
    orders = [list(order) for order in itertools.permutations(range(size))]
    for k in range(1, size + 1):
        best, incumbents = [], []
        for order in orders:
            drawn = np.where(np.isnan(scores[order[:k]]), -np.inf, scores[order[:k]])
            first = order[int(np.argmax(drawn))]
            best.append(scores[first])
            incumbents.append(NONE if np.isnan(scores[first]) else tests[first])
        assert expected[k - 1] == pytest.approx(np.mean(best), nan_ok=True)
        assert bound[k - 1] == pytest.approx(at(best, quantile), nan_ok=True)
        assert test_bound[k - 1] == pytest.approx(at(incumbents, quantile), nan_ok=True)


@given(st.integers(1, 6), st.integers(1, 6), st.sampled_from([0.25, 0.5, 0.75, 1.0]))
def test_draws_until_one_of_some_are_exact(hits, others, quantile):
    size = hits + others
    needed = sorted(min(places) + 1 for places in itertools.combinations(range(size), hits))
    assert draws_to_reach(hits, size, [quantile]) == [needed[math.ceil(quantile * len(needed) - 1e-9) - 1]]
    for draws in range(1, size + 1):
        share = np.mean([each <= draws for each in needed])
        assert chance_to_reach(hits, size, draws) == pytest.approx(share)


def test_random_search_agrees_with_simulating_it():
    space = NASBench201()
    rows = space.rows()
    column = np.random.default_rng(5).normal(size=len(rows)) + (rows == 3).sum(axis=1)
    table = Table("made-up", space, rows, {"accuracy": column}, (Metric("accuracy", "", "none"),))
    runs = np.array(
        [best_so_far(simulate(table, "accuracy", RandomSearch(space), 30, seed)) for seed in range(200)]
    )
    expected, (low, _, high) = random_search_curve(column, 30)
    error = np.std(runs, axis=0) / np.sqrt(len(runs))
    assert np.all(np.abs(np.mean(runs, axis=0) - expected) < 5 * error)
    assert np.all(np.abs(np.mean((runs >= low) & (runs <= high), axis=0) - 0.5) < 0.16)
    hundredth = np.sort(column)[-156]
    met = np.mean(runs[:, -1] >= hundredth)
    assert abs(met - chance_to_reach(156, len(column), 30)) < 4 * math.sqrt(met * (1 - met) / len(runs))


def test_as_many_draws_as_there_are_find_the_best():
    expected, _ = random_search_curve(np.array([3.0, NONE, 1.0]), 3)
    assert expected[-1] == 3.0
    with pytest.raises(ValueError, match="draws is 4, expected 1 to 3"):
        random_search_curve(np.array([3.0, NONE, 1.0]), 4)


def test_many_draws_from_a_large_table_lose_no_precision():
    scores = np.arange(20_000.0)
    expected, _ = random_search_curve(scores, 2_000)
    draws = np.arange(1, 2_001)
    # The expected maximum of k of the numbers 1 … M is k (M + 1) / (k + 1).
    assert expected + 1 == pytest.approx(draws * 20_001 / (draws + 1), rel=1e-9)
    # Of half a million, one: the median is the middle.
    assert draws_to_reach(1, 500_000, [0.5]) == [250_000]
