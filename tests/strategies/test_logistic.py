import numpy as np
import pytest

from archrank.strategies.logistic import LogisticRegression


@pytest.mark.parametrize("features", [3, 40])
def test_it_is_the_one_of_scikit_learn(features):
    linear_model = pytest.importorskip("sklearn.linear_model")
    rng = np.random.default_rng(0)
    x = rng.normal(size=(30, features)) * rng.uniform(0.1, 9, size=features) + 5
    labels = x[:, 0] > np.median(x[:, 0]) + rng.normal(size=30)
    others = rng.normal(size=(9, features)) + 5
    mean, std = x.mean(axis=0), x.std(axis=0)
    peer = linear_model.LogisticRegression(C=1 / 3, tol=1e-8, max_iter=10_000).fit((x - mean) / std, labels)
    expected = peer.predict_proba((others - mean) / std)[:, 1]
    np.testing.assert_allclose(LogisticRegression(x, labels)(others), expected, atol=1e-3)


def test_constant_features_and_equal_labels_do_no_harm():
    x = np.array([[1.0, 0.0], [1.0, 2.0], [1.0, 4.0]])
    found = LogisticRegression(x, np.array([True, True, True]))(np.array([[9.0, 1.0], [-9.0, 3.0]]))
    assert (found > 0.9).all()
    model = LogisticRegression(x, np.array([True, False, False]))
    np.testing.assert_array_equal(model(np.array([[9.0, 1.0]])), model(np.array([[1.0, 1.0]])))
