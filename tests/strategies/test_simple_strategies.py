from functools import partial
from itertools import pairwise

import numpy as np
import pytest

from archrank import Architecture, ArchrankError, Cell, Choice, Graph, SearchSpace, Site
from archrank.spaces import NASBench201
from archrank.strategies import (
    Evaluated,
    History,
    LocalSearch,
    RandomSearch,
    RegularizedEvolution,
    SimulatedAnnealing,
    TournamentEvolution,
    unseen,
)
from archrank.testing import check_strategy

SPACE = NASBench201()
PLAIN = [RandomSearch, RegularizedEvolution, TournamentEvolution, LocalSearch, SimulatedAnnealing]


class Lonely(SearchSpace):
    name = "lonely"
    choices = (Choice("only", ("conv",)),)
    operations = ("conv",)

    def graph(self, architecture):
        return Graph((Cell(1, 2, (Site("conv", (0,), 1),), (1,)),))


def rng(seed=0):
    return np.random.default_rng(seed)


def run(strategy, score, budget, seed=0, batch=1):
    history = History()
    proposals = []
    while len(history) < budget:
        for proposal in strategy.propose(history, batch, rng([seed, len(history)])):
            proposals.append(proposal)
            history.record(Evaluated(proposal.architecture, score(proposal.architecture)))
    return history, proposals


SMALL = [
    RandomSearch,
    partial(RegularizedEvolution, population=3, tournament=2),
    partial(TournamentEvolution, population=3, tournament=2),
    partial(LocalSearch, starts=2),
    partial(SimulatedAnnealing, starts=2, steps=4),
]


@pytest.mark.parametrize("make", [*PLAIN, *SMALL])
@pytest.mark.parametrize("unique_by", ["encoding", "function"])
def test_conformance(make, unique_by):
    check_strategy(partial(make, unique_by=unique_by))


@pytest.mark.parametrize("make", SMALL)
def test_conformance_with_candidates(make):
    check_strategy(lambda space: make(space, candidates=space.architectures(space.rows())))


@pytest.mark.parametrize("make", PLAIN)
def test_a_space_of_one_architecture(make):
    strategy = make(Lonely())
    only = Architecture("lonely", (0,))
    assert [p.architecture for p in strategy.propose(History(), 3, rng())] == [only]
    assert strategy.propose(History([Evaluated(only, 1.0)]), 3, rng()) == []


@pytest.mark.parametrize("make", PLAIN)
def test_candidates_are_never_left_and_all_come(make):
    candidates = SPACE.sample(40, rng(1))
    history, _ = run(
        make(SPACE, candidates=candidates), lambda a: float(sum(a.choices)), len(set(candidates))
    )
    assert {entry.architecture for entry in history} == set(candidates)
    assert make(SPACE, candidates=candidates).propose(history, 1, rng()) == []


def test_random_search_is_uniform_over_what_is_left():
    candidates = list(dict.fromkeys(SPACE.sample(60, rng())))
    seen, left = History(Evaluated(a, 0.0) for a in candidates[4:]), candidates[:4]
    counts = dict.fromkeys(left, 0)
    for seed in range(400):
        counts[RandomSearch(SPACE, candidates).propose(seen, 1, rng(seed))[0].architecture] += 1
    # Binomial(400, 1/4): six standard deviations either side.
    assert all(48 < count < 152 for count in counts.values())


def test_unseen_excludes_what_is_taken():
    taken = SPACE.architectures(SPACE.rows())[10:]
    assert sorted(a.choices for a in unseen(SPACE, History(), 99, rng(), taken)) == sorted(
        a.choices for a in SPACE.architectures(SPACE.rows())[:10]
    )


def test_evolution_starts_with_a_population_of_random_ones_and_then_evolves():
    _, proposals = run(RegularizedEvolution(SPACE, population=10), lambda a: float(sum(a.choices)), 40)
    assert [p.reason for p in proposals] == ["random"] * 10 + ["evolved"] * 30


def test_a_batch_may_straddle_the_end_of_the_founders():
    history = History(Evaluated(a, 0.0) for a in dict.fromkeys(SPACE.sample(9, rng())))
    reasons = [p.reason for p in RegularizedEvolution(SPACE, 10).propose(history, 4, rng())]
    assert reasons == ["random", "evolved", "evolved", "evolved"]


def test_a_child_differs_from_a_young_parent_in_one_choice():
    population = 5
    history, proposals = run(RegularizedEvolution(SPACE, population), lambda a: float(sum(a.choices)), 60)
    entries = [entry.architecture for entry in history]
    near = sum(
        any(sum(x != y for x, y in zip(child.choices, parent.choices, strict=True)) == 1 for parent in young)
        for i, child in enumerate(entries)
        if proposals[i].reason == "evolved"
        for young in [entries[i - population : i]]
    )
    evolved = sum(p.reason == "evolved" for p in proposals)
    assert near > 0.8 * evolved  # the others walked further, for their parents' neighbors were used up


def test_the_old_die_however_good():
    best = Architecture(SPACE.name, (3, 3, 3, 3, 3, 3))
    others = [a for a in SPACE.architectures(SPACE.rows()) if a.choices[0] == 0 and 3 not in a.choices][:10]
    history = History([Evaluated(best, 100.0)] + [Evaluated(a, 0.0) for a in others])
    for seed in range(30):
        child = RegularizedEvolution(SPACE, 10, 10).propose(history, 1, rng(seed))[0].architecture
        assert sum(option == 3 for option in child.choices) <= 1


def test_without_aging_the_worst_die_however_young():
    best = Architecture(SPACE.name, (3, 3, 3, 3, 3, 3))
    others = [a for a in SPACE.architectures(SPACE.rows()) if a.choices[0] == 0 and 3 not in a.choices][:40]
    history = History([Evaluated(best, 100.0), Evaluated(others[0], 50.0)])
    for a in others[1:]:
        history.record(Evaluated(a, 0.0))
    strategy = TournamentEvolution(SPACE, population=2, tournament=20)
    for seed in range(10):
        assert strategy.propose(history, 1, rng(seed))[0].architecture in SPACE.neighbors(best)


def test_failed_ones_are_neither_parents_nor_part_of_the_population():
    first, *rest = dict.fromkeys(SPACE.sample(30, rng()))
    history = History([Evaluated(first, 1.0)] + [Evaluated(a, None) for a in rest])
    proposals = RegularizedEvolution(SPACE, population=2, tournament=2).propose(history, 3, rng())
    assert [p.reason for p in proposals] == ["random", "evolved", "evolved"]
    for proposal in proposals[1:]:
        changed = sum(x != y for x, y in zip(proposal.architecture.choices, first.choices, strict=True))
        assert changed == 1


@pytest.mark.parametrize("make", PLAIN[1:])
def test_each_beats_random_search_where_neighbors_are_alike(make):
    def score(architecture):
        return float(sum(option == 3 for option in architecture.choices))

    def best(make):
        return np.mean(
            [max(s for _, s in run(make(SPACE), score, 60, seed)[0].measured) for seed in range(8)]
        )

    assert best(make) > best(RandomSearch) + 0.5


@pytest.mark.parametrize(("population", "tournament"), [(1, 1), (10, 0), (-3, 2)])
def test_impossible_settings_are_refused(population, tournament):
    with pytest.raises(ArchrankError, match=f"population {population} and tournament {tournament}"):
        RegularizedEvolution(SPACE, population, tournament)


def test_the_text_of_a_strategy_says_its_settings_and_no_address():
    text = "RegularizedEvolution(batch=1, population=7, tournament=3, unique_by='encoding')"
    assert repr(RegularizedEvolution(SPACE, 7, 3)) == text


def test_consecutive_rounds_share_nothing():
    _, proposals = run(RegularizedEvolution(SPACE), lambda a: float(a.choices[0]), 90, batch=7)
    assert len({p.architecture for p in proposals}) == len(proposals)
    assert all(a != b for a, b in pairwise(proposals))
