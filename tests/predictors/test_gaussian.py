import json
import math

import numpy as np
import pytest
import torch

from archrank.errors import PredictorError
from archrank.predictors import GaussianProcess, load_predictor
from archrank.predictors.candidates import Candidates
from archrank.predictors.feature_map import feature_map
from archrank.predictors.targets import normal_scores
from archrank.ranking import kendall_tau
from archrank.spaces import NASBench101, NASBench201, NASBenchGraph
from archrank.testing import check_predictor
from kernel_distances import distances

SPACE = NASBench201()
DRAWN = list(dict.fromkeys(SPACE.sample(400, np.random.default_rng(0))))
KNOWN, OTHERS = DRAWN[:60], DRAWN[60:300]


def worth(architectures):
    """What the operations that reach the output are worth."""
    each = {"nor_conv_3x3": 1.0, "nor_conv_1x1": 0.3}
    return np.array(
        [sum(each.get(s.operation, 0.0) for s in SPACE.function(a).cells[0].sites) for a in architectures]
    )


@pytest.mark.parametrize("space", [SPACE, NASBenchGraph(), NASBench101(vertices=5)], ids=lambda s: s.name)
def test_conformance(space):
    check_predictor(GaussianProcess, space)


def test_conformance_where_a_part_is_taken():
    check_predictor(lambda space: GaussianProcess(space, max_train=20), SPACE)


def test_only_the_order_of_the_targets_counts():
    targets = worth(KNOWN) + 0.01 * np.arange(60)
    first = GaussianProcess(SPACE).fit(KNOWN, targets).predict(OTHERS)
    assert np.array_equal(GaussianProcess(SPACE).fit(KNOWN, np.exp(targets)).predict(OTHERS), first)


def linear(candidates, deep):
    """A linear function of the features that say how deep operations lie, or of the others."""
    features = candidates.features[:, feature_map(SPACE).deep == deep]
    return features @ np.random.default_rng(4).normal(size=features.shape[1])


@pytest.mark.parametrize("deep", [False, True])
def test_the_posterior_is_that_of_the_textbook(deep):
    known = Candidates(SPACE, KNOWN)
    targets = linear(known, deep)
    predictor = GaussianProcess(SPACE).fit(KNOWN, targets)
    assert (predictor.depth_ > 0.25) == deep
    mean, spread = predictor.predict_distribution(OTHERS)
    x, z = known, Candidates(SPACE, OTHERS)

    def kernel(a, b):
        r = math.sqrt(3) * distances(predictor, a, b)
        return (1 + r) * np.exp(-r)

    y = normal_scores(targets)
    noise = predictor.noise_ / (1 - predictor.noise_)
    covariance, shared = kernel(x, x) + (noise + 1e-6) * np.eye(60), kernel(z, x)
    variance = y @ np.linalg.solve(covariance, y) / 60  # the most likely one
    explained = (shared * np.linalg.solve(covariance, shared.T).T).sum(axis=1)
    assert mean == pytest.approx(shared @ np.linalg.solve(covariance, y), abs=1e-6)
    assert spread == pytest.approx(np.sqrt(variance * (1 - explained)), rel=1e-3)


def test_it_is_surer_of_what_it_knows():
    predictor = GaussianProcess(SPACE).fit(KNOWN, worth(KNOWN))
    known, others = (predictor.predict_distribution(a)[1] for a in (KNOWN, OTHERS))
    assert known.mean() < others.mean()


def test_it_finds_the_noise():
    rng = np.random.default_rng(0)
    clean = GaussianProcess(SPACE).fit(DRAWN[:300], worth(DRAWN[:300]))
    noisy = GaussianProcess(SPACE).fit(DRAWN[:300], worth(DRAWN[:300]) + rng.normal(0, 1, 300))
    assert noisy.noise_ > 5 * clean.noise_


def test_it_ranks_from_few():
    assert kendall_tau(GaussianProcess(SPACE).fit(KNOWN, worth(KNOWN)).predict(OTHERS), worth(OTHERS)) > 0.8


@pytest.mark.parametrize(
    "change", [{"learned": {}}, {"learned": {"kernel": [1.0]}}, {"settings": {"other": 1}}]
)
def test_a_record_that_was_tampered_with(change, tmp_path):
    GaussianProcess(SPACE).fit(KNOWN, worth(KNOWN)).save(tmp_path)
    path = tmp_path / "predictor.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(PredictorError, match="damaged"):
        load_predictor(tmp_path, SPACE)


def test_too_few_to_learn_from_is_refused():
    with pytest.raises(PredictorError, match="max_train is 1; it must be 2 or more"):
        GaussianProcess(SPACE, max_train=1).fit(KNOWN, worth(KNOWN))


def test_the_global_number_of_threads_is_left_alone():
    before = torch.get_num_threads()
    GaussianProcess(SPACE).fit(KNOWN, worth(KNOWN))
    assert torch.get_num_threads() == before
