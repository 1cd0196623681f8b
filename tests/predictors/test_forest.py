import lightgbm
import numpy as np
import pytest

from archrank.predictors.forest import Forest


def grown(x, y, **settings):
    parameters = {"verbosity": -1, "min_data_in_leaf": 1, "num_threads": 1, "seed": 0} | settings
    return lightgbm.train(parameters, lightgbm.Dataset(x, y, params={"min_data_in_bin": 1}), 20)


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    x = rng.integers(-2, 4, size=(200, 6)).astype(np.float32) / np.float32(3)
    return x, x[:, 0] * x[:, 1] + x[:, 2] + 0.1 * rng.normal(size=200)


@pytest.mark.parametrize("leaves", [2, 3, 15, 16, 17, 40])
def test_scores_are_those_of_lightgbm_to_the_last_bit(data, leaves):
    booster = grown(*data, num_leaves=leaves)
    # Many more than are scored at a time, and values on thresholds and beyond what was learnt from.
    x = np.random.default_rng(1).integers(-9, 12, size=(20_001, 6)).astype(np.float32) / np.float32(3)
    assert np.array_equal(Forest.read(booster.model_to_string(), 6)(x), booster.predict(x))
    assert len(set(booster.predict(x).tolist())) > leaves


def test_trees_that_are_a_single_leaf(data):
    x, _ = data
    booster = grown(x, np.ones(len(x)))
    assert np.array_equal(Forest.read(booster.model_to_string(), 6)(x), booster.predict(x))
