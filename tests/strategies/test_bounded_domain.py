"""Bounds that are known before an evaluation, for every strategy."""

import numpy as np
import pytest

from archrank import Cell, Choice, Graph, SearchSpace, Site
from archrank.errors import SpaceError
from archrank.predictors import GaussianProcess
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
from archrank.strategies.domain import Domain

SPACE = NASBench201()


class Long(SearchSpace):
    """Forty choices: too large to list, and hardly any has so few convolutions."""

    name = "long"
    choices = tuple(Choice(f"layer {i}", ("conv", "skip")) for i in range(40))
    operations = ("conv", "skip")

    def graph(self, architecture):
        names = self.options(architecture).values()
        return Graph((Cell(1, 41, tuple(Site(o, (i,), i + 1) for i, o in enumerate(names)), (40,)),))


def convolutions(architecture):
    return architecture.choices.count(3)


def too_many(architecture):
    return float(max(0, convolutions(architecture) - 1))


MAKERS = {
    "random": RandomSearch,
    "evolution": lambda space: RegularizedEvolution(space, population=5, tournament=3),
    "tournament evolution": lambda space: TournamentEvolution(space, population=5, tournament=3),
    "local search": lambda space: LocalSearch(space, starts=3),
    "annealing": lambda space: SimulatedAnnealing(space, starts=3),
    "guided, whole": lambda space: GuidedSearch(space, GaussianProcess(space), initial=5),
    "guided, evolution": lambda space: GuidedSearch(
        space, GaussianProcess(space), initial=5, inner="evolution", population=10, generations=3
    ),
    "guided, annealing": lambda space: GuidedSearch(
        space, GaussianProcess(space), initial=5, inner="annealing", chains=5, steps=5
    ),
    "guided, random": lambda space: GuidedSearch(
        space, GaussianProcess(space), initial=5, inner="random", ratio=5
    ),
}


def run(strategy, budget, seed=0):
    history = History()
    while len(history) < budget:
        rng = np.random.default_rng([seed, len(history)])
        proposals = strategy.propose(history, strategy.batch, rng)
        if not proposals:
            break
        for proposal in proposals:
            a = proposal.architecture
            history.record(Evaluated(a, float(sum(a.choices)) + 5 * convolutions(a)))
    return [entry.architecture for entry in history]


@pytest.mark.parametrize("maker", MAKERS.values(), ids=MAKERS)
def test_nothing_beyond_the_bounds_is_proposed(maker):
    strategy = maker(SPACE).within(too_many)
    found = run(strategy, 25)
    assert len(found) >= 25
    assert max(map(convolutions, found)) == 1
    assert strategy.settings == maker(SPACE).settings


def test_several_objectives_are_bounded_too():
    strategy = Scalarized(RandomSearch(SPACE)).within(too_many)
    assert max(map(convolutions, run(strategy, 40))) == 1


def test_all_that_meets_the_bounds_is_found_and_then_nothing():
    def all_convolutions(architecture):
        return 6.0 - convolutions(architecture) if convolutions(architecture) < 5 else 0.0

    met = [a for a in SPACE.architectures(SPACE.rows()) if all_convolutions(a) == 0]
    for maker in (RandomSearch, MAKERS["evolution"], MAKERS["guided, whole"]):
        assert set(run(maker(SPACE).within(all_convolutions), 100)) == set(met)


def test_candidates_are_bounded_too():
    few = SPACE.architectures(SPACE.rows())[:500]
    domain = Domain(SPACE, few).within(too_many)
    drawn = domain.remaining(History()).draw(1000, np.random.default_rng(0))
    assert set(drawn) == {a for a in few if too_many(a) == 0}


def test_what_chance_never_meets_is_walked_to():
    space = Long()
    domain = Domain(space).within(lambda a: float(max(0, a.choices.count(0) - 1)))
    drawn = domain.sample(5, np.random.default_rng(0))
    assert len(drawn) == 5
    assert all(a.choices.count(0) <= 1 for a in drawn)


def test_a_large_space_where_nothing_more_meets_them_ends_the_search():
    space = Long()
    domain = Domain(space).within(lambda a: float(a.choices.count(0)))
    assert len(domain.remaining(History()).draw(3, np.random.default_rng(0))) == 1
    with pytest.raises(SpaceError, match="too many to list"):
        Domain(space).everything()


def test_without_bounds_nothing_changes():
    first, second = (
        Domain(SPACE).sample(20, np.random.default_rng(0)),
        SPACE.sample(20, np.random.default_rng(0)),
    )
    assert first == second
