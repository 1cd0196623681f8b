import numpy as np
import pytest

from archrank.features import feature_names, graph_features
from archrank.predictors.candidates import Candidates
from archrank.predictors.feature_map import FeatureMap, feature_map
from archrank.spaces import EnasMacro, NASBench101, NASBench201, NASBenchGraph

SPACES = [NASBench201(), NASBenchGraph(), NASBench101(vertices=6), EnasMacro()]


@pytest.mark.parametrize("space", SPACES, ids=lambda s: s.name)
def test_features_of_the_space_lie_around_zero_with_a_spread_of_one(space):
    rows = np.array([a.choices for a in space.sample(1_000, np.random.default_rng(1))], dtype=np.int16)
    values = FeatureMap(space)(rows)
    assert values.shape == (1_000, len(FeatureMap(space).names))
    assert abs(values.mean(axis=0)).max() < 0.3
    assert 0.5 < np.median(values.std(axis=0)) < 1.5
    assert abs(values).max() <= 5


def test_names_belong_to_their_columns():
    space = NASBench201()
    rows = space.rows()[::97]
    values, names = FeatureMap(space)(rows), FeatureMap(space).names
    raw = graph_features(space.function_arrays(rows), space.operations)
    everything = feature_names(space.operations)
    for name in ("live nor_conv_3x3", "longest path through skip_connect, nor_conv_3x3"):
        column, expected = values[:, names.index(name)], raw[:, everything.index(name)]
        assert np.corrcoef(column, expected)[0, 1] > 0.95  # what lies far outside is moved


@pytest.mark.parametrize("space", SPACES, ids=lambda s: s.name)
def test_no_architectures_have_no_rows_of_features(space):
    assert Candidates(space, []).features.shape == (0, len(FeatureMap(space).names))


def test_what_never_varies_is_left_out():
    space = NASBench201()
    assert len(FeatureMap(space).names) < len(feature_names(space.operations))
    assert (np.ptp(FeatureMap(space)(space.rows()), axis=0) > 0).all()


def test_equal_functions_have_equal_features():
    """One convolution and a skip connection, three ways; two convolutions."""
    space = NASBench201()
    rows = np.array(
        [(1, 0, 0, 3, 0, 0), (0, 3, 0, 0, 0, 1), (0, 1, 0, 0, 0, 3), (0, 3, 0, 0, 0, 3)], dtype=np.int16
    )
    keys = [space.function_key(a) for a in space.architectures(rows)]
    assert keys[0] == keys[1] == keys[2] != keys[3]
    values = FeatureMap(space)(rows)
    assert np.array_equal(values[0], values[1])
    assert np.array_equal(values[0], values[2])
    assert not np.array_equal(values[0], values[3])


def test_a_space_has_one_map():
    space = NASBench201()
    assert feature_map(space) is feature_map(space)


def test_candidates_keep_equal_features_once():
    space = NASBench201()
    candidates = Candidates(space, space.rows()[::5])
    features, which = candidates.distinct
    assert np.array_equal(features[which], candidates.features)
    assert len(features) == len(np.unique(candidates.features, axis=0)) < len(candidates)
