import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import norm

from archrank.strategies.acquisition import log_expected_improvement, upper_confidence_bound, utilities


def rng(seed=0):
    return np.random.default_rng(seed)


def test_the_bound_is_the_mean_and_so_many_standard_deviations():
    scores = rng().normal(size=(5, 40))
    expected = scores.mean(axis=0) + 2 * scores.std(axis=0, ddof=1)
    assert upper_confidence_bound(scores, 2.0) == pytest.approx(expected)
    assert upper_confidence_bound(scores, 0.0) == pytest.approx(scores.mean(axis=0))


@given(st.floats(-4, 6), st.floats(0.01, 3))
def test_expected_improvement_is_the_integral_of_the_excess(gain, spread):
    z = np.linspace(-12, 12, 100_001)
    excess = np.maximum(gain + spread * np.sqrt(2) * z, 0.0) * norm.pdf(z)
    expected = excess.sum() * (z[1] - z[0])
    assume(expected > 1e-12)  # what the sum can see
    scores = np.array([[gain - spread], [gain + spread]])
    assert np.exp(log_expected_improvement(scores, 0.0)[0]) == pytest.approx(expected, rel=1e-3)


def test_expected_improvement_keeps_the_order_far_below_the_best():
    means = -np.geomspace(1e-3, 1e6, 500)
    improvement = log_expected_improvement(np.stack([means - 0.1, means + 0.1]), 0.0)
    assert np.isfinite(improvement).all()
    assert (np.diff(improvement) < 0).all()


def test_certain_members_improve_by_the_gain_and_keep_the_order_below_it():
    scores = np.array([[3.0, 1.5, 1.0, -2.0]] * 3)
    improvement = log_expected_improvement(scores, 1.0)
    assert np.exp(improvement[:2]) == pytest.approx([2.0, 0.5])
    assert (np.diff(improvement) < 0).all()


@pytest.mark.parametrize("acquisition", ["mean", "ucb", "ei", "ts"])
def test_all_picks_of_a_round_go_by_some_utility(acquisition):
    scores = rng().normal(size=(3, 8))
    found = utilities(acquisition, lambda candidates: scores, [], 7, 1.0, rng())
    assert sum(picks for _, picks in found) == 7
    assert all(utility(scores).shape == (8,) for utility, _ in found)


def test_improvement_is_on_the_best_mean_score_of_the_measured():
    known, new = np.array([[0.0, 1.0], [0.0, 2.0]]), np.array([[1.0, 2.0], [1.2, 2.2]])
    ((utility, _),) = utilities("ei", lambda measured: known, ["a", "b"], 1, 1.0, rng())
    assert utility(new) == pytest.approx(log_expected_improvement(new, 1.5))


def test_thompson_draws_members_evenly_for_the_picks():
    scores = np.eye(3)
    counts = np.zeros(3)
    for seed in range(100):
        for utility, picks in utilities("ts", lambda candidates: scores, [], 9, 1.0, rng(seed)):
            counts[np.argmax(utility(scores))] += picks
    # Binomial(900, 1/3): six standard deviations either side.
    assert (abs(counts - 300) < 6 * np.sqrt(200)).all()
