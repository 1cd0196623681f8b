import sys

import numpy as np
import pytest

from archrank.errors import PredictorError, UnknownName
from archrank.predictors import BoostedTrees, load_predictor
from archrank.predictors.trees import _grades, _groups
from archrank.ranking import kendall_tau
from archrank.spaces import NASBench101, NASBench201, NASBenchGraph
from archrank.testing import check_predictor

SPACE = NASBench201()
DRAWN = list(dict.fromkeys(SPACE.sample(400, np.random.default_rng(0))))
KNOWN, OTHERS = DRAWN[:80], DRAWN[80:300]


def worth(architectures):
    """What the operations that reach the output are worth."""
    each = {"nor_conv_3x3": 1.0, "nor_conv_1x1": 0.3}
    return np.array(
        [sum(each.get(s.operation, 0.0) for s in SPACE.function(a).cells[0].sites) for a in architectures]
    )


@pytest.mark.parametrize("objective", ["regression", "ranking"])
@pytest.mark.parametrize("space", [SPACE, NASBenchGraph(), NASBench101(vertices=5)], ids=lambda s: s.name)
def test_conformance(space, objective):
    check_predictor(lambda s: BoostedTrees(s, objective, n_estimators=30, members=2), space)


@pytest.mark.parametrize("objective", ["regression", "ranking"])
def test_it_ranks_from_few_and_only_the_order_counts(objective):
    targets = worth(KNOWN) + 0.001 * np.arange(80)
    scores = BoostedTrees(SPACE, objective).fit(KNOWN, targets).predict(OTHERS)
    assert kendall_tau(scores, worth(OTHERS)) > 0.75
    assert np.array_equal(BoostedTrees(SPACE, objective).fit(KNOWN, np.exp(targets)).predict(OTHERS), scores)


def test_five_labels_are_enough_to_say_something():
    scores = BoostedTrees(SPACE).fit(KNOWN[:5], np.arange(5)).predict(OTHERS)
    assert len(set(scores.tolist())) > 1


def test_members_differ():
    members = BoostedTrees(SPACE, members=3).fit(KNOWN, worth(KNOWN)).predict_members(OTHERS)
    assert members.shape == (3, len(OTHERS))
    assert np.corrcoef(members)[0, 1] < 0.999


def test_grades_go_by_rank_and_keep_equals_together():
    assert _grades(np.array([5.0, 1.0, 5.0, 3.0])).tolist() == [2, 0, 2, 1]
    many = _grades(np.arange(1_000.0))
    assert (many.min(), many.max()) == (0, 29)
    assert (np.diff(many) >= 0).all()


def test_lists_of_a_ranking_are_of_nearly_equal_length():
    assert _groups(10) == [10]
    assert _groups(25_001) == [8_334, 8_334, 8_333]


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"objective": "rank"}, UnknownName, "unknown objective 'rank'; did you mean 'ranking'"),
        ({"n_estimators": 0}, PredictorError, "n_estimators is 0; it must be 1 or more"),
        ({"num_leaves": 1}, PredictorError, "num_leaves is 1; it must be 2 or more"),
        ({"subsample": 0.0}, PredictorError, "subsample is 0.0; it must be above 0 and at most 1"),
    ],
)
def test_settings_that_cannot_be_used(settings, error, message):
    with pytest.raises(error, match=message):
        BoostedTrees(SPACE, **settings).fit(KNOWN, worth(KNOWN))


def test_without_lightgbm_the_way_out_is_named_and_what_was_saved_is_loaded(monkeypatch, tmp_path):
    known = BoostedTrees(SPACE, num_leaves=31, n_estimators=9).fit(KNOWN, worth(KNOWN))
    known.save(tmp_path)
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    with pytest.raises(PredictorError, match="pip install lightgbm"):
        BoostedTrees(SPACE).fit(KNOWN, worth(KNOWN))
    assert np.array_equal(load_predictor(tmp_path, SPACE).predict(OTHERS), known.predict(OTHERS))
