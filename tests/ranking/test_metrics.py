import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from archrank.errors import MeasureError
from archrank.ranking.metrics import (
    kendall_tau,
    n_at_k,
    precision_at_k,
    precision_curve,
    regret,
    spearman,
    tau_in_top,
    tau_interval,
)

few = st.integers(0, 4)

MEASURES = [
    kendall_tau,
    spearman,
    lambda s, t: tau_in_top(s, t, 0.5),
    lambda s, t: n_at_k(s, t, 1),
    lambda s, t: precision_at_k(s, t, 1),
    lambda s, t: precision_curve(s, t, [1]),
]


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


CORRELATIONS = [kendall_tau, spearman, lambda s, t: tau_in_top(s, t, 1.0)]


@pytest.mark.parametrize("correlation", CORRELATIONS)
@pytest.mark.parametrize(("scores", "targets"), [([1, 1, 1], [1, 2, 3]), ([1, 2], [5, 5]), ([1], [1])])
def test_a_correlation_where_nothing_is_ranked_is_nan(correlation, scores, targets):
    assert math.isnan(correlation(scores, targets))


@pytest.mark.parametrize("correlation", CORRELATIONS)
def test_a_correlation_minds_order_only(correlation):
    rng = np.random.default_rng(1)
    scores, targets = rng.normal(size=50), rng.normal(size=50)
    assert correlation(np.exp(scores), targets**3) == pytest.approx(correlation(scores, targets))


def mean_ranks(values):
    """One plus how many are smaller, plus half of how many others are equal."""
    return [sum((w < v) + (w == v) / 2 for w in values) + 0.5 for v in values]


@given(st.lists(st.tuples(few, few), min_size=2, max_size=15))
@settings(max_examples=100, deadline=None)
def test_spearman_correlates_mean_ranks(rows):
    scores, targets = zip(*rows, strict=True)
    if len(set(scores)) > 1 and len(set(targets)) > 1:
        expected = np.corrcoef(mean_ranks(scores), mean_ranks(targets))[0, 1]
        assert spearman(scores, targets) == pytest.approx(expected)


def test_spearman_by_hand():
    assert spearman([1, 2], [4, 5]) == pytest.approx(1.0)
    assert spearman([1, 2, 3], [6, 5, 4]) == pytest.approx(-1.0)
    assert spearman([1, 2, 3], [6, 4, 5]) == pytest.approx(-0.5)


def test_tau_in_top_by_hand():
    targets = [60, 70, 80, 90, 95]
    scores = [9, 8, 1, 2, 3]  # the worse two come first, the top three are in order
    assert tau_in_top(scores, targets, 0.6) == pytest.approx(1.0)
    assert tau_in_top(scores, targets, 0.7) == pytest.approx(tau_b([8, 1, 2, 3], [70, 80, 90, 95]))
    assert tau_in_top(scores, targets, 1.0) == pytest.approx(kendall_tau(scores, targets))


def test_the_top_is_never_fewer_than_two():
    assert tau_in_top([1, 3, 2], [1, 2, 3], 0.01) == pytest.approx(-1.0)


def test_all_that_tie_with_the_last_of_the_top_belong_to_it():
    scores, targets = [1, 2, 3, 4], [90, 80, 80, 10]
    assert tau_in_top(scores, targets, 0.5) == pytest.approx(tau_b([1, 2, 3], [90, 80, 80]))
    assert math.isnan(tau_in_top([1, 2, 3, 4], [90, 90, 90, 10], 0.5))


@pytest.mark.parametrize("share", [0.07, 0.14, 0.28, 0.55, 0.56, 0.57, 0.58])
def test_a_share_that_is_a_whole_number_of_architectures_is_not_rounded_up(share):
    """Each of these times a hundred is a little more, or less, than whole in floating point."""
    size = round(share * 100)
    targets = np.arange(100)[::-1]
    scores = np.where(targets >= 100 - size, targets, 1000)  # one more in the top would be predicted best
    assert tau_in_top(scores, targets, share) == pytest.approx(1.0)
    assert tau_in_top(scores, targets, share + 0.001) < 1


@given(st.lists(st.tuples(few, few), min_size=2, max_size=12), st.integers(1, 8))
@settings(max_examples=100, deadline=None)
def test_the_tau_in_top_is_the_tau_of_the_best_by_target(rows, eighths):
    scores, targets = zip(*rows, strict=True)
    size = max(2, -(-eighths * len(rows) // 8))
    last = sorted(targets, reverse=True)[size - 1]
    top = [row for row in rows if row[1] >= last]
    expected = tau_b(*zip(*top, strict=True))
    assert tau_in_top(scores, targets, eighths / 8) == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize("share", [0, -0.1, 1.01, math.nan])
def test_a_share_that_is_none_is_refused(share):
    with pytest.raises(MeasureError, match=f"share is {share}; it must be above 0 and at most 1"):
        tau_in_top([1, 2], [1, 2], share)


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


@given(st.lists(st.tuples(few, few), min_size=1, max_size=15), st.lists(st.integers(1, 20), max_size=6))
@settings(max_examples=150, deadline=None)
def test_a_precision_curve_is_the_precision_at_each_k(rows, ks):
    scores, targets = zip(*rows, strict=True)
    assert precision_curve(scores, targets, ks).tolist() == [precision_at_k(scores, targets, k) for k in ks]


def test_regret_is_what_is_missing():
    assert regret(93.0, 94.5) == 1.5
    assert regret(94.5, 94.5) == 0.0


@pytest.mark.parametrize("measure", MEASURES)
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


@pytest.mark.parametrize(
    "measure", [n_at_k, precision_at_k, lambda s, t, k: precision_curve(s, t, [1, k, 2])]
)
@pytest.mark.parametrize("k", [0, -1])
def test_k_below_one_is_refused(measure, k):
    with pytest.raises(ValueError, match=f"k is {k}; it must be 1 or more"):
        measure([1, 2], [1, 2], k)


def test_the_order_given_also_decides_among_a_thousand_equal_scores():
    assert n_at_k(np.zeros(1000), np.arange(1000), 10) == 991
    assert precision_at_k(np.zeros(1000), np.arange(1000)[::-1], 10) == 1.0


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize(("scores", "targets"), [([1, np.nan], [1, 2]), ([1, 2], [np.nan, 2])])
def test_nan_is_refused_for_it_would_rank_as_perfect(measure, scores, targets):
    with pytest.raises(ValueError, match="must not hold NaN"):
        measure(scores, targets)


def test_an_interval_of_tau_covers_the_tau_of_the_population():
    rng = np.random.default_rng(0)
    for rho in (0.0, 0.6, 0.9):
        truth = 2 / np.pi * np.arcsin(rho)  # of a normal distribution
        covered = 0
        for _ in range(200):
            x, noise = rng.normal(size=(2, 40))
            low, high = tau_interval(kendall_tau(x, rho * x + np.sqrt(1 - rho**2) * noise), 40)
            covered += low <= truth <= high
        assert 0.9 <= covered / 200 <= 0.99


def test_an_interval_of_tau_is_narrower_with_more_architectures_and_ends_within_its_range():
    widths = [np.diff(tau_interval(0.5, n))[0] for n in (5, 20, 100, 1000)]
    assert widths == sorted(widths, reverse=True)
    low, high = tau_interval(1.0, 20)
    assert 0.8 < low < high < 1
    assert tau_interval(-1.0, 20) == pytest.approx((-high, -low))
    with pytest.raises(MeasureError, match="5 or more"):
        tau_interval(0.5, 4)
    with pytest.raises(MeasureError, match="between 0 and 1"):
        tau_interval(0.5, 20, 95)
