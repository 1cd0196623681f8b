from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from archrank.spaces import NASBench201
from archrank.strategies import (
    Evaluated,
    GuidedSearch,
    History,
    LocalSearch,
    RandomSearch,
    RegularizedEvolution,
    Scalarized,
    SimulatedAnnealing,
    TournamentEvolution,
)
from archrank.strategies.scalarized import feasible_first, weighed
from archrank.study import dominated_volume
from archrank.testing import check_strategy

SPACE = NASBench201()


class Sums:
    """A predictor that learns nothing: the sum of the choices."""

    def with_seed(self, seed):
        return self

    def fit(self, architectures, targets):
        assert np.isfinite(targets).all()
        return self

    def collate(self, architectures):
        return architectures

    def predict(self, candidates):
        return np.array([float(sum(a.choices)) for a in candidates])

    def __repr__(self):
        return "Sums()"


def guided(space, **settings):
    return GuidedSearch(space, Sums(), acquisition="mean", initial=3, batch=2, **settings)


@pytest.mark.parametrize(
    "make",
    [
        RandomSearch,
        partial(RegularizedEvolution, population=3, tournament=2),
        partial(TournamentEvolution, population=3, tournament=2),
        LocalSearch,
        SimulatedAnnealing,
        guided,
    ],
)
def test_conformance(make):
    check_strategy(lambda space: Scalarized(make(space)))


def test_it_keeps_what_a_driver_asks_a_strategy_for():
    inner = guided(SPACE, unique_by="function")
    outer = Scalarized(inner)
    assert (outer.space, outer.batch, outer.unique_by) == (SPACE, 2, "function")
    assert repr(outer) == f"Scalarized({inner!r})"


POINTS = st.integers(1, 3).flatmap(
    lambda k: arrays(np.float64, st.tuples(st.integers(1, 12), st.just(k)), elements=st.integers(-5, 5))
)


@given(POINTS, st.integers(0, 2**31))
def test_what_dominates_scores_higher_whatever_the_weights(points, seed):
    weights = np.random.default_rng(seed).dirichlet(np.ones(points.shape[1]))
    scores = weighed(points, weights, np.ones(len(points), dtype=bool))
    for i in range(len(points)):
        better = (points > points[i]).all(axis=1)
        assert (scores[better] > scores[i]).all()


def test_weights_reach_every_member_of_a_concave_front():
    # In the middle a weighted sum is best nowhere.
    front = np.array([[0.0, 1.0], [0.3, 0.6], [0.4, 0.4], [0.6, 0.3], [1.0, 0.0]])
    rng = np.random.default_rng(0)
    drawn = [weighed(front, rng.dirichlet([1, 1]), np.ones(5, dtype=bool)).argmax() for _ in range(300)]
    assert set(drawn) == set(range(5))


@given(
    arrays(np.float64, 8, elements=st.floats(-1e6, 1e6)),
    arrays(np.float64, 8, elements=st.sampled_from([0.0, 1e-9, 0.5, 3.0])),
)
def test_feasible_ones_keep_their_scores_and_stand_above_the_rest(scores, violations):
    ordered, met = feasible_first(scores, violations), violations == 0
    assert (ordered[met] == scores[met]).all()
    assert not met.any() or met.all() or ordered[met].min() > ordered[~met].max()
    for low, high in ((1e-9, 0.5), (0.5, 3.0)):
        worse, better = ordered[violations == high], ordered[violations == low]
        assert not len(worse) or not len(better) or worse.max() < better.min()


def test_the_other_strategy_sees_one_score_each_and_the_rest_as_it_is():
    seen = []

    class Watching(RandomSearch):
        def propose(self, history, n, rng):
            seen.append(list(history))
            return super().propose(history, n, rng)

    a, b, c, d = SPACE.sample(4, np.random.default_rng(0))
    history = History(
        [
            Evaluated(a, 3.0, others=(1.0,)),
            Evaluated(b, None),
            Evaluated(c, None, pending=True),
            Evaluated(d, 9.0, others=(9.0,), excesses=(0.5,)),
        ]
    )
    for seed in (0, 1):
        Scalarized(Watching(SPACE)).propose(history, 1, np.random.default_rng(seed))
    first, second = seen
    assert first[1:3] == list(history)[1:3]
    assert [e.architecture for e in first] == [a, b, c, d]
    assert all(e.others == () and not e.violation for e in first)
    assert first[0].score > first[3].score
    assert first[0].score == second[0].score == 0.0  # the only feasible one is the best in everything


def test_a_strategy_that_handles_constraints_gets_them_beside_one_score():
    seen = []

    class Watching(RandomSearch):
        handles_constraints = True

        def propose(self, history, n, rng):
            seen.extend(history)
            return super().propose(history, n, rng)

    a, b = SPACE.sample(2, np.random.default_rng(0))
    history = History([Evaluated(a, 3.0, excesses=(-0.5, 0.0)), Evaluated(b, 9.0, excesses=(0.5, -1.0))])
    Scalarized(Watching(SPACE)).propose(history, 1, np.random.default_rng(0))
    assert [(e.score, e.excesses, e.violation) for e in seen] == [
        (3.0, (-0.5, 0.0), 0),
        (9.0, (0.5, -1.0), 0.5),
    ]


def test_evolution_dominates_more_than_random_search():
    def scores(architecture):
        return float(sum(c == 3 for c in architecture.choices)), -float(sum(architecture.choices) ** 1.5)

    def dominated(strategy, seed):
        history = History()
        while len(history) < 60:
            rng = np.random.default_rng([seed, len(history)])
            for proposal in strategy.propose(history, 1, rng):
                first, *others = scores(proposal.architecture)
                history.record(Evaluated(proposal.architecture, first, others=tuple(others)))
        return np.array([(e.score, *e.others) for e in history])

    everything = np.array([scores(a) for a in SPACE.architectures(SPACE.rows())])
    found = {
        name: np.median(
            [dominated_volume(dominated(make, s), np.ones(2), everything).curve[-1] for s in range(5)]
        )
        for name, make in (
            ("evolution", Scalarized(RegularizedEvolution(SPACE, population=10, tournament=4))),
            ("random", RandomSearch(SPACE)),
        )
    }
    assert found["evolution"] > found["random"]
