import numpy as np
import pytest

from archrank.predictors import GaussianProcess
from archrank.predictors.candidates import Candidates
from archrank.spaces import NASBench201
from archrank.strategies import Evaluated, GuidedSearch, History, RandomSearch
from archrank.strategies.feasibility import LEAST, Feasibility

SPACE = NASBench201()
CONV3X3 = 3


def drawn(n, seed=0):
    return list(dict.fromkeys(SPACE.sample(2 * n, np.random.default_rng(seed))))[:n]


def large(architecture):
    return architecture.choices.count(CONV3X3) >= 2


def value(architecture):
    return architecture.choices.count(CONV3X3) + 0.1 * architecture.choices.count(1)


def failing(architectures, unrelated=False):
    return [
        Evaluated(a, None, unrelated=unrelated) if large(a) else Evaluated(a, value(a)) for a in architectures
    ]


def bounded(architectures):
    return [Evaluated(a, value(a), excesses=(value(a) - 1.5, -1.0)) for a in architectures]


def auc(scores, labels):
    places = np.argsort(np.argsort(scores))[labels]
    return (places.mean() - (labels.sum() - 1) / 2) / (~labels).sum()


@pytest.mark.parametrize("history", [failing, bounded])
def test_it_tells_what_is_feasible_from_what_is_not(history):
    model = Feasibility.learned(SPACE, history(drawn(40)))
    others = drawn(400, seed=1)
    found = model.probability(others)
    assert found.shape == (400,)
    assert ((found >= LEAST) & (found <= 1)).all()
    assert auc(found, ~np.array([large(a) for a in others])) > 0.75


def test_what_is_more_likely_to_fail_counts_next_to_nothing():
    model, others = Feasibility.learned(SPACE, failing(drawn(40))), drawn(400, seed=1)
    chance, weight = model.probability(others), model(others)
    least = model._success(Candidates(SPACE, others)) < 0.35
    assert 50 < least.sum() < 350
    assert (weight[~least] == chance[~least]).all()
    assert weight[least].max() < 1e-90 * chance.min()


def test_no_region_is_closed_for_good():
    model, rng = Feasibility.learned(SPACE, failing(drawn(40))), np.random.default_rng(0)
    daring = [each for each in (model.sometimes_daring(rng) for _ in range(400)) if each is not model]
    assert 5 < len(daring) < 50
    others = drawn(100, seed=1)
    np.testing.assert_array_equal(daring[0](others), model.probability(others))


def test_constraints_keep_nothing_out():
    model = Feasibility.learned(SPACE, bounded(drawn(40)))
    others = drawn(100, seed=1)
    np.testing.assert_array_equal(model(others), model.probability(others))
    assert model.sometimes_daring(np.random.default_rng(0)) is model


def test_what_was_seen_to_fail_almost_surely_fails_and_is_never_impossible():
    known = drawn(40)
    found = Feasibility.learned(SPACE, failing(known)).probability(known)
    failed = np.array([large(a) for a in known])
    assert found[failed].max() < 0.35
    assert found[~failed].min() > 0.65
    assert found.min() >= LEAST


@pytest.mark.parametrize(
    "history",
    [
        [],
        [Evaluated(a, value(a)) for a in drawn(9)],
        failing(drawn(30), unrelated=True),
        [Evaluated(a, None, pending=True) for a in drawn(5)],
        [Evaluated(a, None) for a in drawn(5)],
        [Evaluated(a, 1.0, excesses=(-1.0, 0.0)) for a in drawn(9)],
        [Evaluated(a, 1.0, excesses=(1.0,)) for a in drawn(9)],
    ],
    ids=["nothing", "all fine", "unrelated", "pending", "all failed", "all met", "all broken alike"],
)
def test_where_there_is_nothing_to_learn_there_is_no_model(history):
    assert Feasibility.learned(SPACE, history) is None


def test_where_all_break_a_constraint_the_least_broken_is_likeliest():
    known = drawn(30)
    history = [Evaluated(a, 0.0, excesses=(1.0 + value(a),)) for a in known]
    found = Feasibility.learned(SPACE, history)(known)
    assert found.max() < 0.5
    assert value(known[int(found.argmax())]) == min(value(a) for a in known)


def run(strategy, evaluated, budget, seed=0):
    history = History()
    while len(history) < budget:
        rng = np.random.default_rng([seed, len(history)])
        for proposal in strategy.propose(history, min(strategy.batch, budget - len(history)), rng):
            history.record(evaluated(proposal.architecture))
    return list(history)


class Unaware(GuidedSearch):
    """Guided search that learns nothing from failures and constraints."""

    def _feasibility(self, history):
        return None


def guided(kind=GuidedSearch, **settings):
    return kind(SPACE, GaussianProcess(SPACE), **settings)


def test_guided_search_learns_where_evaluations_fail():
    failed = {
        kind: np.mean(
            [
                e.failed
                for seed in range(3)
                for e in run(guided(kind), lambda a: failing([a])[0], 40, seed)[10:]
            ]
        )
        for kind in (GuidedSearch, Unaware)
    }
    assert failed[GuidedSearch] < 0.6 * failed[Unaware]


def test_unrelated_failures_change_nothing():
    """The proposals are those of a search that knows nothing of failures."""

    def flaky(unrelated):
        def evaluated(a):
            return Evaluated(a, None, unrelated=unrelated) if a.choices[0] == 4 else Evaluated(a, value(a))

        return evaluated

    found = [
        run(guided(strategy), flaky(unrelated), 30)
        for strategy, unrelated in ((GuidedSearch, True), (Unaware, False), (GuidedSearch, False))
    ]
    ignored, unaware, learned = ([e.architecture for e in history] for history in found)
    assert ignored == unaware
    assert learned != unaware


def test_without_failures_and_constraints_proposals_are_as_ever():
    def fine(a):
        return Evaluated(a, value(a))

    def met(a):
        return Evaluated(a, value(a), excesses=(-1.0, 0.0))

    histories = [run(guided(), fine, 25), run(guided(Unaware), fine, 25), run(guided(), met, 25)]
    first, second, third = ([e.architecture for e in history] for history in histories)
    assert first == second == third


def test_where_most_fail_random_ones_come_from_what_is_likely_feasible():
    def fails(architecture):
        return CONV3X3 in architecture.choices

    known = [Evaluated(a, None if fails(a) else value(a)) for a in drawn(60)]
    assert sum(not entry.failed for entry in known) < 30
    share = {}
    for name, strategy, history in (
        ("guided", guided(initial=30), known),
        ("guided, early", guided(initial=31), known),
        ("random", RandomSearch(SPACE), known),
    ):
        proposals = strategy.propose(History(history), 200, np.random.default_rng(0))
        assert {p.reason for p in proposals} == {"random"}
        share[name] = np.mean([fails(p.architecture) for p in proposals])
    assert share["guided"] < 0.8 * share["random"]
    assert share["guided, early"] == share["random"]


def test_under_constraints_it_finds_better_feasible_ones_than_by_improvement_alone():
    best = {
        kind: np.mean(
            [
                max(
                    e.score for e in run(guided(kind), lambda a: bounded([a])[0], 40, seed) if not e.violation
                )
                for seed in range(3)
            ]
        )
        for kind in (GuidedSearch, Unaware)
    }
    assert best[GuidedSearch] > best[Unaware]
