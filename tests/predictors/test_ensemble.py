import json
import sys

import numpy as np
import pytest

from archrank.encoders import GATES
from archrank.errors import PredictorError, UnknownName
from archrank.predictors import (
    BoostedTrees,
    Ensemble,
    GaussianProcess,
    NeuralPredictor,
    auto,
    load_predictor,
)
from archrank.predictors.ensemble import _calibration, _resample, _stacked
from archrank.predictors.targets import normal_scores
from archrank.ranking import kendall_tau
from archrank.spaces import NASBench201, NASBenchGraph
from archrank.testing import check_predictor

SPACE = NASBench201()
DRAWN = list(dict.fromkeys(SPACE.sample(700, np.random.default_rng(0))))
KNOWN, OTHERS = DRAWN[:80], DRAWN[80:480]


def worth(architectures, noise=0.0):
    """What the operations that reach the output are worth."""
    each = {"nor_conv_3x3": 1.0, "nor_conv_1x1": 0.3}
    sums = [sum(each.get(s.operation, 0.0) for s in SPACE.function(a).cells[0].sites) for a in architectures]
    return np.array(sums) + np.random.default_rng(1).normal(0, noise, len(sums))


def quick(space):
    return NeuralPredictor(space, GATES(layers=2, width=16), hidden=(16,), epochs=20, learning_rate=5e-3)


class Constant(GaussianProcess):
    """Knows nothing."""

    def _predict_distribution(self, candidates, std=True):
        return np.zeros(len(candidates)), np.zeros(len(candidates))


class Reversed(GaussianProcess):
    """Errs on purpose."""

    def _predict_distribution(self, candidates, std=True):
        mean, deviation = super()._predict_distribution(candidates, std)
        return -mean, deviation


@pytest.mark.parametrize(
    "settings",
    [{}, {"folds": 3}, {"folds": 3, "stack": True}, {"discount": True}, {"bootstrap": True}],
    ids=str,
)
def test_conformance(settings):
    check_predictor(lambda s: Ensemble(s, (GaussianProcess(s), quick(s)), **settings), SPACE)


def test_fits_to_resamples_differ_where_fits_to_all_labels_are_the_same():
    targets = worth(KNOWN)
    twice = (GaussianProcess(SPACE), GaussianProcess(SPACE))
    alike = Ensemble(SPACE, twice).fit(KNOWN, targets).predict_members(OTHERS)
    differing = Ensemble(SPACE, twice, bootstrap=True).fit(KNOWN, targets).predict_members(OTHERS)
    assert np.array_equal(alike[0], alike[1])
    assert 0.8 < kendall_tau(differing[0], differing[1]) < 0.999


def test_a_resample_leaves_something_to_rank():
    targets = np.array([0.0] * 9 + [1.0])
    drawn = [_resample(targets, seed) for seed in range(50)]
    assert all(len(places) == 10 and np.ptp(targets[places]) > 0 for places in drawn)
    assert any(len(set(places.tolist())) < 10 for places in drawn)


def test_conformance_of_the_quick_default():
    check_predictor(lambda s: auto(s, "fast"), NASBenchGraph())


def test_members_are_brought_to_one_scale():
    ensemble = Ensemble(SPACE, (GaussianProcess(SPACE), quick(SPACE))).fit(KNOWN, worth(KNOWN))
    sample = SPACE.sample(2_000, np.random.default_rng(5))
    members = ensemble.predict_members(sample)
    assert abs(members.mean(axis=1)).max() < 0.2
    assert members.std(axis=1) == pytest.approx([1, 1], abs=0.1)


def test_candidates_are_collated_once_for_all_members():
    ensemble = Ensemble(SPACE, (GaussianProcess(SPACE), quick(SPACE))).fit(KNOWN, worth(KNOWN))
    candidates = ensemble.collate(OTHERS)
    expected = ensemble.predict(OTHERS)
    assert ensemble.predict(candidates) == pytest.approx(expected, abs=1e-4)
    assert ensemble.members_[0].predict(candidates) == pytest.approx(
        ensemble.members_[0].predict(OTHERS), abs=1e-6
    )


def test_it_is_unsure_where_members_disagree_or_are_unsure_themselves():
    mean, spread = (
        Ensemble(SPACE, (GaussianProcess(SPACE), GaussianProcess(SPACE)))
        .fit(KNOWN, worth(KNOWN))
        .predict_distribution(OTHERS)
    )
    alone, own = GaussianProcess(SPACE).fit(KNOWN, worth(KNOWN)).predict_distribution(OTHERS)
    assert np.corrcoef(mean, alone)[0, 1] > 1 - 1e-9
    assert spread / own == pytest.approx(
        np.full(len(OTHERS), spread[0] / own[0])
    )  # twice the same: no disagreement
    opposed = Ensemble(SPACE, (GaussianProcess(SPACE), Reversed(SPACE))).fit(KNOWN, worth(KNOWN))
    mean, spread = opposed.predict_distribution(OTHERS)
    assert abs(mean).max() < 1e-6
    assert np.corrcoef(spread, abs(alone - alone.mean()))[0, 1] > 0.8


def test_two_thirds_of_what_is_measured_lies_within_one_calibrated_standard_deviation():
    ensemble = Ensemble(SPACE, (GaussianProcess(SPACE), BoostedTrees(SPACE, n_estimators=100)), folds=5)
    ensemble.fit(DRAWN[:200], worth(DRAWN[:200], noise=0.5))
    mean, spread = ensemble.predict_distribution(DRAWN[200:600])
    truth = normal_scores(worth(DRAWN[200:600], noise=0.5))
    slope, offset = np.polyfit(mean, truth, 1)
    within = abs((truth - offset) / slope - mean) < spread
    assert 0.55 < within.mean() < 0.8


def test_stacking_leaves_out_who_knows_nothing():
    members = (Constant(SPACE), GaussianProcess(SPACE), Reversed(SPACE))
    ensemble = Ensemble(SPACE, members, folds=4, stack=True).fit(KNOWN, worth(KNOWN))
    assert ensemble.weights_.sum() == pytest.approx(1)
    assert ensemble.weights_[1] > 0.5
    assert kendall_tau(ensemble.predict(OTHERS), worth(OTHERS)) > 0.7
    plain = Ensemble(SPACE, members).fit(KNOWN, worth(KNOWN))
    assert plain.weights_.tolist() == pytest.approx([1 / 3] * 3)


def test_stacked_weights_are_those_of_the_sum():
    rng = np.random.default_rng(0)
    means = rng.normal(size=(3, 100_000))
    prior = np.array([0.2, 0.2, 0.6])
    weights = _stacked(means, np.array([0.6, 0.2, 0.0]) @ means + 5, prior, 100)
    assert weights == pytest.approx([0.75, 0.25, 0.0], abs=1e-2)
    assert _stacked(means, -means.sum(axis=0), prior, 100).tolist() == prior.tolist()
    halfway = _stacked(means, means[0], prior, 100_000)
    assert halfway == pytest.approx([0.6, 0.1, 0.3], abs=1e-2)


def test_a_member_without_a_prior_weight_needs_evidence():
    members = (GaussianProcess(SPACE), Constant(SPACE))
    settings = {"folds": 4, "stack": True, "prior": (1.0, 0.0), "halfway": 10}
    assert Ensemble(SPACE, members, **settings).fit(KNOWN, worth(KNOWN)).weights_.tolist() == [1.0, 0.0]
    turned = Ensemble(SPACE, members[::-1], **settings).fit(KNOWN, worth(KNOWN))
    assert turned.weights_[1] == pytest.approx(len(KNOWN) / (len(KNOWN) + 10))
    assert Ensemble(SPACE, members, prior=(3, 1)).fit(KNOWN, worth(KNOWN)).weights_.tolist() == [0.75, 0.25]


def test_the_calibration_is_the_size_of_the_errors_over_the_disagreement():
    rng = np.random.default_rng(0)
    mean, disagreement = rng.normal(size=100_000), rng.uniform(0.1, 0.2, 100_000)
    targets = 2 * (mean + 3 * disagreement * rng.normal(size=100_000)) + 1
    # The line through noisy points is a little flatter than the truth.
    assert _calibration(mean, disagreement, targets) == pytest.approx(3, rel=0.05)
    assert _calibration(mean, disagreement, -targets) == 1.0
    assert _calibration(mean, 0 * mean, targets) == 1.0


def test_few_labels_and_many_equal_ones_are_no_trouble():
    ensemble = Ensemble(SPACE, (GaussianProcess(SPACE),), folds=5, stack=True)
    assert np.isfinite(ensemble.fit(KNOWN[:5], [1, 1, 1, 1, 2]).predict_distribution(OTHERS)).all()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"predictors": ()}, "without predictors"),
        ({"folds": 1}, "folds is 1; it must be 0, for no cross-validation, or 2 or more"),
        ({"prior": (1.0, 2.0)}, "a weight from 0 on for each of the 1 predictors"),
        ({"prior": (0.0,)}, "not all 0"),
        ({"halfway": -1}, "halfway is -1"),
        ({"stack": True}, "stacking needs cross-validation; give folds=5"),
        ({"predictors": (GaussianProcess(NASBenchGraph()),)}, "is for the space 'nas-bench-graph'"),
    ],
)
def test_settings_that_cannot_be_used(settings, said):
    with pytest.raises(PredictorError, match=said):
        Ensemble(SPACE, **({"predictors": (GaussianProcess(SPACE),)} | settings)).fit(KNOWN, worth(KNOWN))


def test_what_is_saved_is_loaded_without_naming_a_class(tmp_path):
    ensemble = auto(SPACE, "fast").fit(KNOWN, worth(KNOWN))
    ensemble.save(tmp_path)
    loaded = load_predictor(tmp_path, SPACE)
    for found, expected in zip(
        loaded.predict_distribution(OTHERS), ensemble.predict_distribution(OTHERS), strict=True
    ):
        assert np.array_equal(found, expected)


def test_a_class_that_is_not_known_is_refused(tmp_path):
    GaussianProcess(SPACE).fit(KNOWN, worth(KNOWN)).save(tmp_path)
    path = tmp_path / "predictor.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"predictor": "Oracle"}))
    with pytest.raises(
        PredictorError, match=r"of the class 'Oracle'; archrank's own are NeuralPredictor, .*also=.Oracle"
    ):
        load_predictor(tmp_path, SPACE)


def test_efforts_differ_in_what_they_use():
    used = {effort: [type(p).__name__ for p in auto(SPACE, effort).predictors] for effort in ("fast", "best")}
    assert used["fast"] == ["GaussianProcess", "BoostedTrees"]
    assert used["best"] == ["GaussianProcess", "BoostedTrees", "NeuralPredictor", "NeuralPredictor"]
    with pytest.raises(UnknownName, match="unknown effort 'quick'"):
        auto(SPACE, "quick")


def test_the_default_does_without_trees_where_lightgbm_cannot_be_loaded(monkeypatch):
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    assert [type(p) for p in auto(SPACE, "fast").predictors] == [GaussianProcess]
