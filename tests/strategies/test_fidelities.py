import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archrank.errors import BudgetError
from archrank.spaces import NASBench201
from archrank.strategies import Evaluated, GuidedSearch, History, Proposal, RandomSearch
from archrank.strategies.agreement import correlations, first_rung
from archrank.strategies.common_scale import common_scale
from archrank.strategies.fidelities import Fidelities
from archrank.strategies.halving import Hyperband, SuccessiveHalving
from archrank.strategies.promotion import ModelPromotion
from archrank.strategies.reserve import affordable
from archrank.strategies.rungs import Rungs

SPACE = NASBench201()
LEVELS = Fidelities((1, 3, 9))
RULES = [ModelPromotion, SuccessiveHalving, Hyperband]


def quality(architecture):
    return sum(choice == 3 for choice in architecture.choices) + 0.1 * architecture.choices[0]


def value(architecture, epochs):
    return quality(architecture) * (1 - 0.9**epochs)


def trained(architectures, level, score=value):
    return [Evaluated(a, score(a, level), fidelity=level) for a in architectures]


def some(n, seed=0):
    return list(dict.fromkeys(SPACE.sample(n, np.random.default_rng(seed))))


def searched(strategy, rounds, seed=0, score=value):
    """The history of a search in rounds of five."""
    history = History()
    for _ in range(rounds):
        for proposal in strategy.propose(history, 5, np.random.default_rng([seed, len(history)])):
            assert not history.holds(proposal)
            found = score(proposal.architecture, proposal.fidelity)
            history.record(Evaluated(proposal.architecture, found, fidelity=proposal.fidelity))
    return history


@pytest.mark.parametrize(
    ("given_levels", "said"),
    [
        ([9], "at least two numbers of epochs"),
        ([], "at least two numbers of epochs"),
        ([3, 3], "at least two numbers of epochs"),
        ([1, 9, 3], r"in ascending order: \[1, 3, 9\]"),
        ([1, 3, 3], r"each number of epochs once, in ascending order: \[1, 3\]"),
        ([0, 3], "holds 0, expected whole numbers of epochs from 1"),
        ([1.5, 3], "holds 1.5"),
        ([True, 3], "holds True"),
        ([1, "3"], "holds '3'"),
        ("1,3", "is '1,3', expected numbers of epochs such as"),
        (9, "is 9, expected numbers of epochs"),
        ([1, 10**9], "1,000,000"),
    ],
)
def test_bad_fidelities_are_refused(given_levels, said):
    with pytest.raises(BudgetError, match=said):
        Fidelities.of(given_levels)


def test_a_training_that_goes_on_costs_the_difference():
    alone, continued = Fidelities.of((4, 12, 36)), Fidelities.of(np.array([4, 12, 36]), continued=True)
    assert alone.levels == continued.levels == (4, 12, 36)
    assert [alone.cost(level, [4, 12, 36]) for level in alone.levels] == [4, 12, 36]
    assert [continued.cost(level, [4, 12, 36]) for level in continued.levels] == [4, 8, 24]
    assert continued.cost(36, [4]) == 32
    assert continued.cost(4, [36]) == 4


def test_a_history_holds_a_training_for_each_fidelity():
    a, b, *_ = some(2)
    history = History([Evaluated(a, None, pending=True, fidelity=1), Evaluated(a, 0.5, fidelity=1)])
    assert (len(history), history.measured) == (1, [(a, 0.5)])
    history.record(Evaluated(a, 0.7, fidelity=3))
    assert len(history) == 2
    assert a in history
    assert b not in history
    assert history.holds(Proposal(a, "promoted", fidelity=3))
    assert not history.holds(Proposal(a, "promoted", fidelity=9))


def test_rungs_know_what_is_paused_and_what_was_spent():
    a, b, c, d, *_ = some(4)
    history = History(
        [*trained([a, b, c], 1), Evaluated(d, None, fidelity=1), Evaluated(a, None, True, fidelity=3)]
    )
    rungs = Rungs(history, LEVELS)
    assert list(rungs.paused(1)) == [b, c]
    assert rungs.paused(3) == {}
    assert [entry.architecture for entry in rungs.ended(1)] == [a, b, c, d]
    assert rungs.spent == {1: 4, 3: 3, 9: 0}
    assert Rungs(history, Fidelities((1, 3, 9), continued=True)).spent == {1: 4, 3: 2, 9: 0}
    known = History([*history, Evaluated(some(9)[8], 3.0)])  # a whole training from before the search
    assert Rungs(known, LEVELS).spent == rungs.spent
    assert len(Rungs(known, LEVELS).scores(9)) == 1
    single = rungs.as_one(lambda architecture, scores: max(scores.values()))
    assert [(e.architecture, e.failed, e.pending) for e in single] == [
        (a, False, False), (b, False, False), (c, False, False), (d, True, False),
    ]  # fmt: skip


def begun(architectures, level=1):
    return [Proposal(a, "random", fidelity=level) for a in architectures]


def test_the_epochs_of_a_whole_training_are_kept_until_there_is_one():
    a, b, c, d, *_ = some(6)
    paused = trained([a, b], 1) + trained([c], 3)
    alone, continued = Fidelities((1, 3, 9)), Fidelities((1, 3, 9), continued=True)
    for fidelities, whole in ((alone, 9), (continued, 6)):
        rungs = Rungs(History(paused), fidelities)
        assert affordable(begun([d]), rungs, whole + 1) == begun([d])
        assert affordable(begun([d]), rungs, whole) == [Proposal(c, "promoted", fidelity=9)]
        # There is no whole training any more, so nothing is kept for one.
        assert affordable(begun([d]), rungs, whole - 1) == begun([d])
        for ended in (Evaluated(a, 1.0, fidelity=9), Evaluated(a, None, pending=True, fidelity=9)):
            had = Rungs(History([*paused, ended]), fidelities)
            assert affordable(begun([d]), had, whole) == begun([d])
        for ended in (Evaluated(a, None, fidelity=9), Evaluated(a, 1.0, excesses=(2.0,), fidelity=9)):
            rungs = Rungs(History([*paused, ended]), fidelities)
            assert affordable(begun([d]), rungs, whole) == [Proposal(c, "promoted", fidelity=9)]
    under_way = Rungs(History([*paused, Evaluated(d, None, pending=True, fidelity=1)]), alone)
    assert affordable(begun([a], 3), under_way, 9) == []
    assert affordable(begun([d, c]), Rungs(History(), alone), 9) == begun([d], 9)
    both = begun([d]) + begun([a], 9)
    assert affordable(both, Rungs(History(), alone), 10) == both
    assert affordable(both, Rungs(History(), alone), 9) == begun([d], 9)


def test_asynchronous_halving_promotes_the_best_third():
    first = some(9)
    rule = SuccessiveHalving(RandomSearch(SPACE), LEVELS)
    best = sorted(first, key=quality, reverse=True)[:3]
    promoted = rule.propose(History(trained(first, 1)), 3, np.random.default_rng(0))
    assert {(p.architecture, p.fidelity, p.reason) for p in promoted} == {(a, 3, "promoted") for a in best}
    both = History([*trained(first, 1), *trained(best, 3)])
    (last, *others) = rule.propose(both, 3, np.random.default_rng(0))
    assert (last.architecture, last.fidelity) == (max(best, key=quality), 9)
    assert [(p.fidelity, p.reason) for p in others] == [(1, "random")] * 2
    # Two of a rung are too few for one to be among the best third.
    assert {
        p.fidelity for p in rule.propose(History(trained(first[:2], 1)), 4, np.random.default_rng(0))
    } == {1}


def test_what_failed_or_breaks_a_bound_does_not_go_on():
    first = some(9)
    bad = [
        Evaluated(a, 100.0, excesses=(1.0,), fidelity=1) if i % 2 else Evaluated(a, None, fidelity=1)
        for i, a in enumerate(first)
    ]
    for rule in RULES:
        proposals = rule(RandomSearch(SPACE), LEVELS).propose(History(bad), 5, np.random.default_rng(0))
        assert len(proposals) == 5
        assert not {p.architecture for p in proposals} & set(first)


def test_brackets_of_hyperband_cost_about_the_same():
    history = searched(Hyperband(RandomSearch(SPACE), LEVELS), 40)
    brackets = {}
    for trainings in Rungs(history, LEVELS).entries.values():
        brackets[min(trainings)] = brackets.get(min(trainings), 0) + sum(trainings)
    assert set(brackets) == {1, 3, 9}
    assert max(brackets.values()) < 2 * min(brackets.values())


@pytest.mark.parametrize("rule", RULES)
def test_a_used_up_space_is_trained_to_the_end(rule):
    few = some(7)
    history = searched(rule(RandomSearch(SPACE, candidates=few), LEVELS), 20)
    assert {a for a, of in Rungs(history, LEVELS).entries.items() if 9 in of} == set(few)
    assert (
        rule(RandomSearch(SPACE, candidates=few), LEVELS).propose(history, 5, np.random.default_rng(0)) == []
    )


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("n", [1, 4])
def test_the_same_history_gives_the_same_proposals(rule, n):
    history = searched(rule(RandomSearch(SPACE), LEVELS), 6)
    strategy = rule(GuidedSearch(SPACE), LEVELS)
    first, again = (strategy.propose(history, n, np.random.default_rng(5)) for _ in range(2))
    assert first == again == rule(GuidedSearch(SPACE), LEVELS).propose(history, n, np.random.default_rng(5))
    assert len(first) == n


def test_the_model_shares_the_epochs_among_the_rungs_and_finds_the_best():
    history = searched(ModelPromotion(GuidedSearch(SPACE), LEVELS), 12)
    spent = Rungs(history, LEVELS).spent
    assert max(spent.values()) - min(spent.values()) <= 9 + 3
    best = max((e for e in history if e.fidelity == 9), key=lambda e: e.score)
    assert quality(best.architecture) >= 5


def test_rungs_that_tell_nothing_are_left_out():
    rng = np.random.default_rng(0)
    noise = {a: float(rng.random()) for a in SPACE.architectures(SPACE.rows()[:2000])}

    def useless(architecture, epochs):
        return value(architecture, 9) if epochs == 9 else noise.get(architecture, rng.random())

    history = searched(ModelPromotion(RandomSearch(SPACE), LEVELS), 60, score=useless)
    rungs = Rungs(history, LEVELS)
    assert first_rung(rungs)[0] == 9
    # Then whole trainings begin at once.
    assert [e.fidelity for e in list(history)[-10:]] == [9] * 10
    useful = searched(ModelPromotion(RandomSearch(SPACE), LEVELS), 30)
    assert first_rung(Rungs(useful, LEVELS)) == (1, 1)


def test_what_is_paused_below_goes_on_where_it_is_predicted_to_be_better():
    """The lower rung costs nearly as much as the other, so nothing begins there any more."""
    rng, fidelities = np.random.default_rng(0), Fidelities((8, 9))
    first = some(40)
    low = [Evaluated(a, quality(a) + rng.normal(), fidelity=8) for a in first]
    high = [Evaluated(a, quality(a), fidelity=9) for a in first[:15]]
    history = History([*low, *high])
    assert first_rung(Rungs(history, fidelities)) == (9, 8)
    candidates = [*first, *some(50, seed=1)[:10]]
    rule = ModelPromotion(GuidedSearch(SPACE, candidates=candidates), fidelities)
    few, many = (rule.propose(history, n, np.random.default_rng(0)) for n in (5, 20))
    assert {p.fidelity for p in many} == {9}
    assert {p.reason for p in many} == {"predicted", "promoted"}
    assert {p.architecture for p in many if p.reason == "promoted"} <= set(first[15:])
    scores = [p.score for p in few]
    assert scores == sorted(scores, reverse=True)


def test_correlations_do_not_suffer_from_selection():
    """The better third of 300 went on, which hides most of the correlation in what both rungs have."""
    rng = np.random.default_rng(1)
    architectures = some(300)
    low = dict(zip(architectures, rng.normal(size=len(architectures)).tolist(), strict=True))
    high = {a: 0.8 * z + 0.6 * rng.normal() for a, z in low.items()}
    better = sorted(architectures, key=lambda a: -low[a])[:100]
    fidelities = Fidelities((1, 9))
    history = [Evaluated(a, z, fidelity=1) for a, z in low.items()]
    history += [Evaluated(a, high[a], fidelity=9) for a in better]
    found = correlations(Rungs(History(history), fidelities))[1]
    plain = np.corrcoef([low[a] for a in better], [high[a] for a in better])[0, 1]
    assert plain < 0.7
    assert abs(found - 0.8) < 0.05


@given(st.permutations(range(12)), st.integers(3, 12))
def test_rungs_in_agreement_keep_their_order_on_one_scale(order, count):
    architectures = some(40)[:12]
    low = [Evaluated(a, float(rank), fidelity=1) for a, rank in zip(architectures, order, strict=True)]
    high = [Evaluated(e.architecture, 100 * e.score, fidelity=9) for e in low[:count]]
    rungs = Rungs(History([*low, *high]), Fidelities((1, 9)))
    single = rungs.as_one(common_scale(rungs))
    assert len(single) == 12
    measured = dict(single.measured)
    for same in (low[:count], low[count:]):
        ranked = sorted(same, key=lambda e: e.score)
        assert [e.architecture for e in ranked] == sorted(
            (e.architecture for e in same), key=lambda a: measured[a]
        )
