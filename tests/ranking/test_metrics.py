import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from archrank.ranking import kendall_tau, n_at_k, precision_at_k, regret

few = st.integers(0, 4)


def tau_b(scores, targets):
    """Concordant minus discordant pairs, over the geometric mean of the pairs that are no tie on either side."""
    pairs = list(itertools.combinations(range(len(scores)), 2))
    signs = [(np.sign(scores[i] - scores[j]), np.sign(targets[i] - targets[j])) for i, j in pairs]
    untied = [sum(s != 0 for s, _ in signs), sum(t != 0 for _, t in signs)]
    return sum(s * t for s, t in signs) / (untied[0] * untied[1]) ** 0.5 if all(untied) else float("nan")


@given(st.lists(st.tuples(few, few), min_size=1, max_size=15))
@settings(max_examples=150, deadline=None)
def test_kendall_tau_counts_pairs_and_corrects_for_ties(rows):
    scores, targets = zip(*rows, strict=True)
    assert kendall_tau(scores, targets) == pytest.approx(tau_b(scores, targets), nan_ok=True)


def test_kendall_tau_is_scipys():
    rng = np.random.default_rng(0)
    scores, targets = rng.normal(size=300), rng.integers(0, 20, size=300)
    assert kendall_tau(scores, targets) == pytest.approx(stats.kendalltau(scores, targets).statistic)


def test_kendall_tau_by_hand():
    assert kendall_tau([1, 2, 3], [4, 5, 6]) == pytest.approx(1.0)
    assert kendall_tau([1, 2, 3], [6, 5, 4]) == pytest.approx(-1.0)
    assert kendall_tau([1, 2, 3], [6, 4, 5]) == pytest.approx(-1 / 3)


@pytest.mark.parametrize(("scores", "targets"), [([1, 1, 1], [1, 2, 3]), ([1, 2], [5, 5]), ([1], [1])])
def test_kendall_tau_of_nothing_ranked_is_nan(scores, targets):
    assert np.isnan(kendall_tau(scores, targets))


def test_kendall_tau_minds_order_only():
    rng = np.random.default_rng(1)
    scores, targets = rng.normal(size=50), rng.normal(size=50)
    assert kendall_tau(np.exp(scores), targets**3) == pytest.approx(kendall_tau(scores, targets))


def test_n_at_k_by_hand():
    scores, targets = [0.9, 0.8, 0.7, 0.1], [70, 90, 80, 95]
    assert [n_at_k(scores, targets, k) for k in (1, 2, 3, 4)] == [4, 2, 2, 1]


def test_n_at_k_with_equal_targets_takes_the_better_rank():
    assert n_at_k([3, 2, 1], [90, 95, 95], 1) == 3
    assert n_at_k([1, 2, 3], [90, 95, 95], 1) == 1
    assert n_at_k([3, 2, 1], [90, 90, 95], 2) == 2


def test_n_at_k_with_equal_scores_takes_the_order_given():
    assert n_at_k([5, 5, 5], [1, 2, 3], 1) == 3
    assert n_at_k([5, 5, 5], [3, 2, 1], 1) == 1


def test_precision_at_k_by_hand():
    scores, targets = [0.9, 0.8, 0.7, 0.1], [70, 90, 80, 95]
    assert [precision_at_k(scores, targets, k) for k in (1, 2, 3)] == [0.0, 0.5, pytest.approx(2 / 3)]


def test_precision_at_k_with_equal_values_takes_the_order_given():
    assert precision_at_k([5, 5, 5, 5], [1, 1, 0, 0], 2) == 1.0
    assert precision_at_k([5, 5, 5, 5], [0, 0, 1, 1], 2) == 0.0
    assert precision_at_k([4, 3, 2, 1], [7, 7, 7, 7], 2) == 1.0


@pytest.mark.parametrize("k", [3, 4, 100])
def test_more_than_there_are_takes_all(k):
    assert n_at_k([1, 2, 3], [3, 2, 1], k) == 1
    assert precision_at_k([1, 2, 3], [3, 2, 1], k) == 1.0


@given(st.lists(st.tuples(few, few), min_size=1, max_size=12), st.integers(1, 15))
@settings(max_examples=100, deadline=None)
def test_a_perfect_ranking_is_perfect_and_a_longer_list_never_worse(rows, k):
    scores, targets = zip(*rows, strict=True)
    assert n_at_k(targets, targets, k) == 1
    assert precision_at_k(targets, targets, k) == 1.0
    assert n_at_k(scores, targets, k + 1) <= n_at_k(scores, targets, k)
    assert 1 <= n_at_k(scores, targets, k) <= len(rows)
    assert 0.0 <= precision_at_k(scores, targets, k) <= 1.0


def test_regret_is_what_is_missing():
    assert regret(93.0, 94.5) == 1.5
    assert regret(94.5, 94.5) == 0.0


@pytest.mark.parametrize(
    "measure", [kendall_tau, lambda s, t: n_at_k(s, t, 1), lambda s, t: precision_at_k(s, t, 1)]
)
@pytest.mark.parametrize(
    ("scores", "targets", "shapes"),
    [
        ([1, 2], [1, 2, 3], r"\(2,\) and targets \(3,\)"),
        ([], [], r"\(0,\) and targets \(0,\)"),
        ([[1, 2]], [[1, 2]], r"\(1, 2\) and targets \(1, 2\)"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(measure, scores, targets, shapes):
    with pytest.raises(ValueError, match=shapes):
        measure(scores, targets)


@pytest.mark.parametrize("measure", [n_at_k, precision_at_k])
@pytest.mark.parametrize("k", [0, -1])
def test_k_below_one_is_refused(measure, k):
    with pytest.raises(ValueError, match=f"k is {k}; it must be 1 or more"):
        measure([1, 2], [1, 2], k)


def test_the_order_given_also_decides_among_a_thousand_equal_scores():
    assert n_at_k(np.zeros(1000), np.arange(1000), 10) == 991
    assert precision_at_k(np.zeros(1000), np.arange(1000)[::-1], 10) == 1.0


@pytest.mark.parametrize(
    "measure", [kendall_tau, lambda s, t: n_at_k(s, t, 1), lambda s, t: precision_at_k(s, t, 1)]
)
@pytest.mark.parametrize(("scores", "targets"), [([1, np.nan], [1, 2]), ([1, 2], [np.nan, 2])])
def test_nan_is_refused_for_it_would_rank_as_perfect(measure, scores, targets):
    with pytest.raises(ValueError, match="must not hold NaN"):
        measure(scores, targets)
