import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import norm

from archrank.strategies.acquisition import log_expected_improvement, utilities


def rng(seed=0):
    return np.random.default_rng(seed)


@given(st.floats(-4, 6), st.floats(0.01, 3))
def test_expected_improvement_is_the_integral_of_the_excess(gain, spread):
    z = np.linspace(-12, 12, 100_001)
    excess = np.maximum(gain + spread * z, 0.0) * norm.pdf(z)
    expected = excess.sum() * (z[1] - z[0])
    assume(expected > 1e-12)  # what the sum can see
    improvement = log_expected_improvement(np.array([gain]), np.array([spread]), 0.0)
    assert np.exp(improvement[0]) == pytest.approx(expected, rel=1e-3)


def test_expected_improvement_keeps_the_order_far_below_the_best():
    means = -np.geomspace(1e-3, 1e6, 500)
    improvement = log_expected_improvement(means, np.full(500, 0.1), 0.0)
    assert np.isfinite(improvement).all()
    assert (np.diff(improvement) < 0).all()


def test_what_is_certain_improves_by_the_gain_and_keeps_the_order_below_it():
    improvement = log_expected_improvement(np.array([3.0, 1.5, 1.0, -2.0]), np.zeros(4), 1.0)
    assert np.exp(improvement[:2]) == pytest.approx([2.0, 0.5])
    assert (np.diff(improvement) < 0).all()


@pytest.mark.parametrize("acquisition", ["mean", "ucb", "ei", "ts", "portfolio"])
def test_all_picks_of_a_round_go_by_some_utility(acquisition):
    mean, spread = rng().normal(size=8), np.ones(8)
    found = utilities(acquisition, lambda candidates: (mean, spread), ["a"], ["a"], 7, 1.0, rng())
    assert sum(picks for _, picks in found) == 7
    for chance in (None, np.full(8, 0.5)):
        assert all(utility(mean, spread, chance).shape == (8,) for utility, _ in found)


@pytest.mark.parametrize("acquisition", ["mean", "ucb", "ei", "ts", "portfolio"])
def test_of_equals_the_likelier_feasible_one_is_better(acquisition):
    known = np.array([-1.0, 0.0]), np.array([0.1, 0.1])
    found = utilities(acquisition, lambda measured: known, ["a", "b"], ["b"], 2, 0.0, rng())
    for utility, _ in found:
        values = utility(np.full(3, 0.5), np.zeros(3), np.array([0.1, 0.9, 0.5]))
        assert np.argsort(values).tolist() == [0, 2, 1]


@pytest.mark.parametrize("acquisition", ["mean", "ucb", "ei", "ts", "portfolio"])
def test_where_nothing_feasible_is_known_only_the_probability_counts(acquisition):
    found = utilities(acquisition, lambda measured: ([0.0], [1.0]), ["a"], [], 3, 1.0, rng())
    ((utility, picks),) = found
    assert picks == 3
    chance = np.array([0.2, 0.7, 0.1])
    assert utility(np.array([5.0, 0.0, 9.0]), np.ones(3), chance).tolist() == chance.tolist()


def test_improvement_is_multiplied_by_the_probability():
    mean, spread, chance = np.array([1.1, 2.1]), np.array([0.1, 0.2]), np.array([1.0, 0.25])
    known = np.array([1.5]), np.array([9.0])
    ((utility, _),) = utilities("ei", lambda measured: known, ["a", "b"], ["b"], 1, 1.0, rng())
    expected = np.exp(log_expected_improvement(mean, spread, 1.5)) * chance
    assert np.exp(utility(mean, spread, chance)) == pytest.approx(expected)


def test_improvement_is_on_the_best_mean_of_the_measured():
    known = np.array([0.0, 1.5]), np.array([9.0, 9.0])
    mean, spread = np.array([1.1, 2.1]), np.array([0.1, 0.2])
    ((utility, _),) = utilities("ei", lambda measured: known, ["a", "b"], ["a", "b"], 1, 1.0, rng())
    assert utility(mean, spread, None) == pytest.approx(log_expected_improvement(mean, spread, 1.5))


def test_thompson_picks_each_by_a_draw_of_its_own():
    """Of two equals each is picked half of the time, and what is surely worse never."""
    mean, spread = np.array([0.0, 0.0, -9.0]), np.array([1.0, 1.0, 0.1])
    counts = np.zeros(3)
    for utility, picks in utilities("ts", lambda candidates: (mean, spread), ["a"], ["a"], 900, 1.0, rng()):
        counts[np.argmax(utility(mean, spread, None))] += picks
    assert counts[2] == 0
    assert abs(counts[0] - 450) < 6 * np.sqrt(225)  # Binomial(900, 1/2): six standard deviations
