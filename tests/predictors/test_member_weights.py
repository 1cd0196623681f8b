"""Weights of members move only where labels that they were not fitted to say so."""

import numpy as np
import pytest

from archrank.predictors import (
    BoostedTrees,
    Ensemble,
    GaussianProcess,
    WeisfeilerLehman,
    auto,
    load_predictor,
)
from archrank.predictors.candidates import Candidates
from archrank.predictors.ensemble import _folds
from archrank.predictors.member_weights import shifted, tells_held_out
from archrank.predictors.targets import normal_scores
from archrank.spaces import HPOLib, NASBench201

SPACE = NASBench201()
ROWS = np.random.default_rng(0).permutation(SPACE.rows())
KNOWN = ROWS[:120]
PARTS = np.random.default_rng(1).permutation(len(KNOWN)) % 4


def worth(rows, noise=0.0):
    """What the options are worth: every edge counts differently."""
    sums = (rows == 3) @ np.arange(1.0, 7.0) + (rows == 1) @ np.arange(6.0, 0.0, -1.0) / 3
    return sums + np.random.default_rng(1).normal(0, noise, len(sums))


def taught(scale, seed=0, n=200):
    """Predictions with errors of these sizes, and the truth."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=n)
    return truth + np.array(scale)[:, None] * rng.normal(size=(len(scale), n)), truth


def test_members_that_are_equally_good_keep_their_weights_in_most_draws():
    given = np.array([0.3, 0.7])
    given_weights = [shifted(np.array([0.5, 0.5]), *taught([1.0, 1.0], seed)) for seed in range(50)]
    assert sum((weights == 0.5).all() for weights in given_weights) > 40
    few = shifted(given, *taught([1.0, 1.0], n=4))
    assert few.tolist() == given.tolist()


@pytest.mark.parametrize("scales", [[0.3, 1.5], [0.3, 1.5, 1.5]])
def test_a_better_member_has_the_more_weight_the_more_labels_there_are(scales):
    equal = np.full(len(scales), 1 / len(scales))
    found = [np.mean([shifted(equal, *taught(scales, seed, n))[0] for seed in range(10)]) for n in (30, 400)]
    assert equal[0] < found[0] < found[1] < 1
    assert found[1] > 0.85
    assert shifted(equal, *taught(scales)).sum() == pytest.approx(1)


def test_a_member_that_errs_on_purpose_has_no_weight_and_one_that_nobody_learned_from_changes_nothing():
    held_out, truth = taught([0.3, 0.3])
    assert shifted(np.array([0.5, 0.5]), np.array([held_out[0], -held_out[1]]), truth)[1] < 0.05
    assert shifted(np.array([0.5, 0.5]), -held_out, truth).tolist() == [0.5, 0.5]
    same = np.array([held_out[0], held_out[0]])
    assert shifted(np.array([0.5, 0.5]), same, truth) == pytest.approx([0.5, 0.5])


def test_a_gaussian_process_predicts_each_fold_as_if_it_did_not_know_it():
    model = GaussianProcess(SPACE).fit(KNOWN, worth(KNOWN, 1.0))
    found = model._held_out(KNOWN, worth(KNOWN, 1.0), PARTS)
    y = normal_scores(worth(KNOWN, 1.0))
    for fold in range(4):
        known, held = KNOWN[fold != PARTS], KNOWN[fold == PARTS]
        alone = GaussianProcess(SPACE)
        points = model._points(Candidates(SPACE, known).features, np.empty((len(known), 0)))
        alone._learn(model._kernel, points, y[fold != PARTS])
        alone.minimize_ = False
        assert found[fold == PARTS] == pytest.approx(alone.predict(held), abs=1e-5)


@pytest.mark.parametrize("objective", ["regression", "ranking"])
def test_trees_predict_a_fold_without_its_labels(objective):
    targets = worth(KNOWN)
    model = BoostedTrees(SPACE, objective).fit(KNOWN, targets)
    found = model._held_out(KNOWN, targets, PARTS)
    shuffled = targets.copy()
    shuffled[PARTS == 2] = np.random.default_rng(0).permutation(targets[PARTS == 2])
    changed = model._held_out(KNOWN, shuffled, PARTS)
    assert found[PARTS == 2].tolist() == changed[PARTS == 2].tolist()
    assert found[PARTS == 0].tolist() != changed[PARTS == 0].tolist()
    assert np.corrcoef(found, targets)[0, 1] > 0.5


def test_the_default_prefers_the_member_that_ranks_held_out_labels_better(tmp_path):
    """In HPOlib's space of numbers a smooth function is easier for the Gaussian process than for the trees."""
    space = HPOLib()
    rows = np.random.default_rng(0).permutation(space.rows())[:200]
    values = [dict(each.choices) for each in rows]
    targets = [np.log(v["units 1"]) * (1 + v["dropout 2"]) + np.log(v["learning rate"]) for v in values]
    fitted = auto(space, "fast").fit(rows, targets)
    assert fitted.weights_[0] > 0.7
    fitted.save(tmp_path / "weighed")
    assert load_predictor(tmp_path / "weighed", space).weights_.tolist() == fitted.weights_.tolist()
    assert auto(space, "fast").fit(rows[:20], targets[:20]).weights_.sum() == pytest.approx(1)


def test_members_without_held_out_predictions_keep_their_share():
    class Other(GaussianProcess):
        def _quick(self, n):
            return False

    members = (GaussianProcess(SPACE), Other(SPACE), BoostedTrees(SPACE, n_estimators=3))
    fitted = Ensemble(SPACE, members, weigh=True).fit(KNOWN, worth(KNOWN))
    assert fitted.weights_[1] == pytest.approx(1 / 3)
    assert fitted.weights_[0] > 0.4
    assert fitted.weights_.sum() == pytest.approx(1)
    with_resamples = Ensemble(SPACE, members, weigh=True, bootstrap=True).fit(KNOWN, worth(KNOWN))
    assert with_resamples.weights_.tolist() == [1 / 3] * 3


class Reversed(GaussianProcess):
    """Predicts the opposite of what it learned, held-out labels included."""

    def _predict_distribution(self, candidates, std=True):
        mean, deviation = super()._predict_distribution(candidates, std)
        return -mean, deviation


def test_a_class_that_predicts_otherwise_is_not_judged_by_what_it_inherits():
    assert tells_held_out(GaussianProcess(SPACE), 120)

    class Named(GaussianProcess):
        """Changes nothing."""

    assert tells_held_out(Named(SPACE), 120)
    assert not tells_held_out(Reversed(SPACE), 120)
    members = (BoostedTrees(SPACE, n_estimators=3), Reversed(SPACE))
    assert Ensemble(SPACE, members, weigh=True).fit(KNOWN, worth(KNOWN)).weights_.tolist() == [0.5, 0.5]


def test_an_architecture_that_was_measured_again_is_in_one_fold():
    twice = np.concatenate([KNOWN[:30], KNOWN[:30]])
    which = Ensemble(SPACE, (GaussianProcess(SPACE),))._distinct(twice)
    assert which.tolist() == [*range(30), *range(30)]
    folds = _folds(which, 5, np.random.default_rng(0))
    assert folds[:30].tolist() == folds[30:].tolist()
    assert np.bincount(folds).tolist() == [12] * 5


def test_without_repeats_the_folds_are_a_permutation_of_the_rows():
    found = _folds(np.arange(23), 5, np.random.default_rng(4))
    assert found.tolist() == (np.random.default_rng(4).permutation(23) % 5).tolist()
    assert _folds(np.arange(3), 5, np.random.default_rng(4)).max() == 2


def test_nine_architectures_are_too_few_to_move_weights_however_often_they_were_measured():
    members = (GaussianProcess(SPACE), BoostedTrees(SPACE, n_estimators=3))
    often = np.repeat(KNOWN[:9], 8, axis=0)
    assert Ensemble(SPACE, members, weigh=True).fit(often, worth(often)).weights_.tolist() == [0.5, 0.5]


def test_cross_validation_holds_out_every_measurement_of_an_architecture():
    """One that is known from another measurement would be predicted from it."""
    labels = np.random.default_rng(0).normal(size=40)
    often, same = np.repeat(KNOWN[:40], 5, axis=0), np.repeat(labels, 5)
    ensemble = Ensemble(SPACE, (GaussianProcess(SPACE),), folds=5, seed=1)
    tested = ensemble._cross_validated(often, same, np.zeros((5, 1), dtype=int), np.random.default_rng(1))
    assert abs(np.corrcoef(tested[0][0], same)[0, 1]) < 0.6
    one = np.repeat(KNOWN[:1], 4, axis=0)
    assert Ensemble(SPACE, (GaussianProcess(SPACE),), folds=3).fit(one, [1, 2, 3, 4]).calibration_ == 1.0


def test_nothing_is_held_out_where_only_one_member_can_tell(monkeypatch):
    asked = []
    monkeypatch.setattr(BoostedTrees, "_held_out", lambda *given: asked.append(given))
    members = (BoostedTrees(SPACE, n_estimators=3), GaussianProcess(SPACE, max_train=50))
    fitted = Ensemble(SPACE, members, weigh=True).fit(KNOWN, worth(KNOWN))
    assert fitted.weights_.tolist() == [0.5, 0.5]
    assert not asked
    assert tells_held_out(members[1], 50)
    assert not tells_held_out(members[1], 51)


def test_the_calibration_is_that_of_the_weights_that_are_used():
    members = (GaussianProcess(SPACE), BoostedTrees(SPACE, n_estimators=3))
    settings = {"folds": 3, "prior": (0.5, 0.5)}
    plain, weighed = (
        Ensemble(SPACE, members, weigh=weigh, **settings).fit(KNOWN, worth(KNOWN)) for weigh in (False, True)
    )
    assert weighed.weights_[0] > 0.5
    alone = Ensemble(SPACE, members, folds=3, prior=weighed.weights_.tolist()).fit(KNOWN, worth(KNOWN))
    assert weighed.calibration_ == pytest.approx(alone.calibration_, rel=1e-9)
    assert weighed.calibration_ != pytest.approx(plain.calibration_, rel=1e-6)


@pytest.mark.parametrize("n", [2, 3, 5, 9, 10, 12])
@pytest.mark.parametrize("kind", ["different", "one apart", "one huge", "one architecture"])
def test_few_or_odd_labels_leave_weights_that_sum_to_one(n, kind):
    rng = np.random.default_rng(0)
    targets = {
        "different": np.arange(float(n)),
        "one apart": np.r_[1.0, np.zeros(n - 1)],
        "one huge": np.r_[1e300, rng.normal(size=n - 1)],
        "one architecture": rng.normal(size=n),
    }[kind]
    rows = np.repeat(KNOWN[:1], n, axis=0) if kind == "one architecture" else KNOWN[:n]
    fitted = auto(SPACE, "fast").fit(rows, targets)
    assert (fitted.weights_ >= 0).all()
    assert fitted.weights_.sum() == pytest.approx(1)
    assert np.isfinite(fitted.predict(ROWS[:200])).all()


def test_labels_that_are_repeated_are_no_further_evidence():
    members = (GaussianProcess(SPACE), BoostedTrees(SPACE, n_estimators=30))
    targets = worth(KNOWN[:40], 1.0)
    once = Ensemble(SPACE, members, weigh=True).fit(KNOWN[:40], targets)
    repeated = Ensemble(SPACE, members, weigh=True).fit(np.tile(KNOWN[:40], (8, 1)), np.tile(targets, 8))
    assert once.weights_.tolist() == repeated.weights_.tolist() == [0.5, 0.5]


def test_members_without_weight_explain_nothing():
    members = (BoostedTrees(SPACE, n_estimators=3), WeisfeilerLehman(SPACE))
    fitted = Ensemble(SPACE, members, prior=(0, 1)).fit(KNOWN[:30], worth(KNOWN[:30]))
    assert fitted.explain().groups == {}
