import numpy as np
import pytest

from archrank.errors import ArchrankError
from archrank.predictors import BoostedTrees, auto
from archrank.spaces import NASBench201
from archrank.strategies import Evaluated, GuidedSearch, History

SPACE = NASBench201()
HISTORY = History(Evaluated(a, float(sum(a.choices))) for a in SPACE.sample(30, np.random.default_rng(0)))


class Sums:
    def with_seed(self, seed):
        return self

    def fit(self, architectures, targets):
        return self

    def collate(self, architectures):
        assert len(architectures)
        return architectures

    def predict(self, candidates):
        return np.array([float(sum(a.choices)) for a in candidates])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"explore": 1.5}, "explore is 1.5; it is a share, from 0 to 1"),
        ({"explore": -0.1}, "explore is -0.1"),
        ({"ratio": 0}, "ratio is 0; give 1 or more"),
        ({"population": 0}, "population is 0"),
        ({"batch": 0}, "batch is 0"),
        ({"first": "zero-cost"}, "first is 'zero-cost'; expected a list of architectures"),
        ({"first": [(0, 0)]}, "expected architectures of nas-bench-201"),
    ],
)
def test_impossible_settings_are_refused(settings, message):
    with pytest.raises(ArchrankError, match=message):
        GuidedSearch(SPACE, Sums(), **settings)


def test_candidates_given_twice_are_proposed_once():
    candidates = [a for a in dict.fromkeys(SPACE.sample(9, np.random.default_rng(7))) if a not in HISTORY][:4]
    strategy = GuidedSearch(SPACE, Sums(), initial=2, acquisition="mean", candidates=candidates * 2)
    proposals = strategy.propose(HISTORY, 6, np.random.default_rng(0))
    assert sorted(p.architecture.choices for p in proposals) == sorted(a.choices for a in candidates)


def test_no_candidates_give_no_proposals():
    strategy = GuidedSearch(SPACE, Sums(), initial=2, acquisition="mean", candidates=[])
    assert strategy.propose(HISTORY, 3, np.random.default_rng(0)) == []


def test_a_single_member_is_refused_before_anything_is_evaluated():
    with pytest.raises(ArchrankError, match=r"'ei' needs an ensemble, and .* has one member"):
        GuidedSearch(SPACE, BoostedTrees(SPACE, members=1))


def test_without_a_predictor_it_has_the_measured_defaults():
    strategy = GuidedSearch(SPACE)
    assert (strategy.initial, strategy.batch, strategy.acquisition, strategy.explore) == (10, 5, "ei", 0.0)
    assert repr(strategy.predictor) == repr(auto(SPACE, "fast"))
