"""The options of guided search beside its defaults: acquisitions, annealing, shrinking, distinct functions."""

import copy

import numpy as np
import pytest

from archrank.encoders import GATES
from archrank.errors import ArchrankError, UnknownName
from archrank.predictors import NeuralPredictor
from archrank.spaces import NASBench201
from archrank.strategies import Evaluated, GuidedSearch, History
from archrank.testing import check_strategy

SPACE = NASBench201()
WHOLE = SPACE.architectures(SPACE.rows())


def rng(seed=0):
    return np.random.default_rng(seed)


def convs(architecture):
    return sum(option == 3 for option in architecture.choices) + architecture.choices[0] / 100


def pools(architecture):
    return sum(option == 4 for option in architecture.choices) + architecture.choices[0] / 100


class Ensemble:
    """Members that know what they score by; notes what it was fitted on."""

    def __init__(self, *members):
        self.members, self.fitted = members, []

    def __repr__(self):
        return f"Ensemble({len(self.members)})"

    def with_seed(self, seed):
        return copy.copy(self)

    def fit(self, architectures, targets):
        self.fitted.append(list(zip(architectures, targets, strict=True)))
        return self

    def collate(self, architectures):
        return architectures

    def predict_distribution(self, candidates):
        scores = np.array([[float(score(a)) for a in candidates] for score in self.members])
        return scores.mean(axis=0), scores.std(axis=0)

    def predict(self, candidates):
        return self.predict_distribution(candidates)[0]


class Single:
    """A ranker with no more than a ranker needs."""

    with_seed, fit, collate = Ensemble.with_seed, Ensemble.fit, Ensemble.collate
    fitted: list = []  # noqa: RUF012

    def __repr__(self):
        return "Single()"

    def predict(self, candidates):
        return np.array([convs(a) for a in candidates])


def measured(n=30, score=convs):
    drawn = list(dict.fromkeys(SPACE.sample(2 * n, rng(9))))[:n]
    return History(Evaluated(a, score(a)) for a in drawn)


def guided(ranker, **settings):
    return GuidedSearch(SPACE, ranker, **({"initial": 5, "acquisition": "mean"} | settings))


@pytest.mark.parametrize(
    "settings",
    [
        {"inner": "annealing"},
        {"inner": "annealing", "acquisition": "ts", "unique_by": "function"},
        {"acquisition": "ei", "shrink": 0.5},
        {"inner": "random", "acquisition": "ucb", "unique_by": "function"},
        {"inner": "evolution", "unique_by": "function"},
        {"inner": "whole", "unique_by": "function", "explore": 1.0},
    ],
)
def test_conformance(settings):
    small = {"ratio": 2, "population": 4, "generations": 1, "chains": 3, "steps": 2}
    check_strategy(
        lambda space: GuidedSearch(
            space,
            Ensemble(lambda a: float(sum(a.choices)), lambda a: float(a.choices[-1]), lambda a: 0.0),
            initial=3,
            batch=3,
            **(small | settings),
        )
    )


def test_a_real_ensemble_says_how_unsure_it_is():
    encoder = GATES(layers=2, width=4, operation_features=3, node_features=3, start_width=4)
    predictor = NeuralPredictor(SPACE, encoder, hidden=(4,), epochs=2, members=2)
    for acquisition in ("ucb", "ei", "ts", "portfolio"):
        strategy = guided(predictor, acquisition=acquisition, inner="random", ratio=5)
        proposals = strategy.propose(measured(), 4, rng())
        assert [p.reason for p in proposals] == ["predicted"] * 4
        assert all(np.isfinite(p.score) for p in proposals)


def test_a_high_bound_goes_where_members_disagree():
    """Members agree on the mean of all but one architecture, and differ on that."""
    odd = WHOLE[7000]
    ranker = Ensemble(lambda a: convs(a) - 100 * (a == odd), lambda a: convs(a) + 100 * (a == odd))
    plain = guided(ranker).propose(measured(), 5, rng())
    daring = guided(ranker, acquisition="ucb", beta=1.0).propose(measured(), 5, rng())
    assert odd not in [p.architecture for p in plain]
    assert daring[0].architecture == odd
    # What is recorded is the prediction, not the bound.
    assert daring[0].score == pytest.approx(convs(odd))


def test_a_portfolio_takes_half_of_its_picks_by_the_mean():
    """Where members disagree there may be much to gain, and by the mean there is less than elsewhere."""
    ranker = Ensemble(
        lambda a: convs(a) - 30 * (a.choices[0] == 4), lambda a: convs(a) + 20 * (a.choices[0] == 4)
    )

    def improving(acquisition, n, seed=0):
        picked = guided(ranker, acquisition=acquisition).propose(measured(), n, rng(seed))
        return sum(p.architecture.choices[0] == 4 for p in picked)

    assert improving("mean", 4) == 0
    assert improving("ei", 4) == 4
    assert improving("portfolio", 4) == 2
    # A search that asks for one at a time has both kinds too.
    assert {improving("portfolio", 1, seed) for seed in range(9)} == {0, 1}


def test_a_bound_without_beta_is_the_mean():
    ranker = Ensemble(convs, pools)
    mean = guided(ranker).propose(measured(), 6, rng())
    assert guided(ranker, acquisition="ucb", beta=0.0).propose(measured(), 6, rng()) == mean


@pytest.mark.parametrize("inner", ["whole", "annealing", "evolution"])
def test_thompson_spreads_its_picks_as_far_as_the_predictor_is_unsure(inner):
    """All are worth the same on average; what ends with a convolution may be worth far more or less."""

    def ends(a):
        return 10.0 * (a.choices[-1] == 3)

    picked = [
        p.architecture
        for seed in range(4)
        for p in guided(Ensemble(ends, lambda a: -ends(a)), acquisition="ts", inner=inner).propose(
            measured(), 3, rng(seed)
        )
    ]
    assert len(picked) == 12
    assert all(a.choices[-1] == 3 for a in picked)


def test_annealing_finds_the_predictors_favourites_with_few_predictions():
    class Counting(Single):
        asked = 0

        def predict(self, candidates):
            Counting.asked += len(candidates)
            return super().predict(candidates)

    best = guided(Counting(), inner="annealing").propose(measured(), 3, rng())
    assert min(p.score for p in best) > 5
    assert Counting.asked <= 20 * 101


@pytest.mark.parametrize(
    ("n", "shrink", "fitted"), [(60, 1.0, 60), (60, 0.5, 30), (60, 0.1, 25), (24, 0.5, 24), (25, 0.1, 25)]
)
def test_later_rounds_learn_from_the_best_share_but_not_from_fewer_than_the_third_had(n, shrink, fitted):
    ranker, past = Ensemble(convs), measured(n, lambda a: convs(a) + sum(a.choices) / 1000)
    guided(ranker, initial=5, batch=10, shrink=shrink).propose(past, 2, rng())
    ((known),) = ranker.fitted
    assert len(known) == fitted
    left_out = [s for a, s in past.measured if (a, s) not in known]
    assert max(left_out, default=-np.inf) <= min(s for _, s in known)
    assert known == [entry for entry in past.measured if entry in known]


def test_where_the_best_share_is_all_equal_all_are_learnt_from():
    ranker, past = Ensemble(convs), measured(60, lambda a: float(a.choices[0] > 0))
    guided(ranker, shrink=0.5).propose(past, 2, rng())
    assert len(ranker.fitted[0]) == 60


@pytest.mark.parametrize("inner", ["whole", "random", "annealing", "evolution"])
def test_with_functions_none_is_proposed_that_history_or_the_round_holds(inner):
    past = measured(40)
    strategy = guided(Ensemble(convs), inner=inner, unique_by="function", explore=0.3)
    keys = [SPACE.function_key(p.architecture) for p in strategy.propose(past, 30, rng())]
    assert len(set(keys)) == 30
    assert not {SPACE.function_key(entry.architecture) for entry in past} & set(keys)


def test_scoring_the_whole_space_works_few_function_keys_out(monkeypatch):
    asked, plain = [], SPACE.function_key
    monkeypatch.setattr(SPACE, "function_key", lambda a: asked.append(a) or plain(a), raising=False)
    noise = dict(zip(WHOLE, rng().random(len(WHOLE)), strict=True))
    strategy = guided(Ensemble(noise.get), inner="whole", unique_by="function")
    strategy.propose(measured(40), 10, rng())
    assert len(asked) < 100  # of 15,625


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"shrink": 0.0}, "shrink is 0.0; it is a share, above 0"),
        ({"shrink": 1.2}, "shrink is 1.2"),
        ({"beta": -1.0}, "beta is -1.0"),
        ({"chains": 0}, "chains is 0"),
        ({"acquisition": "ucb"}, r"'ucb' needs to know how unsure a prediction is, and Single\(\) has no"),
    ],
)
def test_impossible_settings_are_refused(settings, said):
    with pytest.raises(ArchrankError, match=said):
        guided(Single(), **settings)


def test_an_unknown_acquisition_is_refused():
    with pytest.raises(UnknownName, match="unknown acquisition 'ucbs'; did you mean 'ucb'"):
        guided(Ensemble(convs), acquisition="ucbs")
