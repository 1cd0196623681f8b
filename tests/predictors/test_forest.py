import re

import lightgbm
import numpy as np
import pytest

from archrank.predictors.forest import Forest


def grown(x, y, **settings):
    parameters = {"verbosity": -1, "min_data_in_leaf": 1, "num_threads": 1, "seed": 0} | settings
    return lightgbm.train(
        parameters, lightgbm.Dataset(x, y, params={"min_data_in_bin": 1, "max_bin": 1000}), 20
    )


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


@pytest.mark.parametrize("leaves", [15, 300])
def test_few_and_many_architectures_have_the_same_scores(leaves):
    rng = np.random.default_rng(2)
    known, x = (rng.normal(size=(count, 6)).astype(np.float32) for count in (2_000, 70_001))
    booster = grown(known, rng.normal(size=2_000), num_leaves=leaves)
    forest = Forest.read(booster.model_to_string(), 6)
    assert forest.values.shape[1] == leaves
    every = forest(x)
    assert np.array_equal(every, booster.predict(x))
    for count in (0, 1, 7, 256, 257, 1_003):
        assert np.array_equal(forest(x[-count or len(x) :]), every[-count or len(x) :])


def test_thresholds_between_two_neighbouring_numbers_of_32_bits(data):
    x, y = data
    text = grown(x, y, num_leaves=4).model_to_string()
    value = np.float32(1) / np.float32(3)
    above, below = (float(np.nextafter(value, np.float32(side))) for side in (1, 0))
    between = [(float(value) + other) / 2 for other in (above, below)]
    for threshold in (*between, float(value), 1e300, -1e300):
        same = "threshold=" + " ".join([repr(threshold)] * 3)
        changed = re.sub(r"threshold=.*", same, text)
        # No tree that LightGBM grows would split by one threshold three times; its own scores say what is right.
        booster = lightgbm.Booster(model_str=re.sub(r"tree_sizes=.*\n", "", changed))
        rows = np.full((300, 6), [[below], [value], [above]] * 100, dtype=np.float32).reshape(300, 6)
        assert np.array_equal(Forest.read(changed, 6)(rows), booster.predict(rows))
