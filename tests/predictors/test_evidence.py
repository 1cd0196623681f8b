import numpy as np
import pytest
from scipy.optimize import approx_fprime

from archrank.predictors.evidence import _Evidence, weighed
from archrank.predictors.feature_map import feature_map
from archrank.predictors.kernel import Points, tuned
from archrank.predictors.targets import normal_scores
from seen_spaces import Described, drawn

SPACE = Described()
MAP = feature_map(SPACE)
_, ROWS = drawn(SPACE, 60)


def points(hints=0):
    linear = np.random.default_rng(1).normal(size=(len(ROWS), hints))
    return Points.of(MAP(ROWS), MAP.deep, MAP.beside, linear)


@pytest.mark.parametrize("hints", [0, 1])
def test_the_gradient_is_that_of_the_likelihood(hints):
    x, y = points(hints), normal_scores(ROWS @ np.arange(9.0))
    evidence = _Evidence(tuned(x, y), x, y, MAP.further)
    at = evidence.start(np.array([0.3, 0.2]), 0.1, 0.2)
    at += 0.05 * np.random.default_rng(0).random(len(at))
    _, gradient = evidence(at)
    assert gradient == pytest.approx(approx_fprime(at, lambda p: evidence(p)[0], 1e-7), rel=1e-3, abs=1e-3)


def test_groups_are_weighed_by_what_they_explain():
    """The label depends on the third layer only, which the sums of attributes say nothing of."""
    x, y = points(), normal_scores(1.0 * (ROWS[:, 2] == 1))
    base = tuned(x, y)
    scales = np.array(weighed(base, x, y, MAP.further).scales)
    weights = {group.name: (scales[group.columns] ** 2).sum() for group in MAP.further}
    assert weights["choices"] > 20 * weights["attributes"]


def test_the_kernel_of_a_start_is_that_of_the_graph():
    x, y = points(), normal_scores(ROWS.sum(axis=1))
    base = tuned(x, y)
    evidence = _Evidence(base, x, y, MAP.further)
    weights = np.array([1 - base.depth, base.depth]) / base.length**2
    same = evidence.kernel(evidence.start(weights, 0.0, base.noise))
    assert np.allclose(same.covariance(x, x), base.covariance(x, x))
