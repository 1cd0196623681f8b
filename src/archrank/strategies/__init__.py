"""Strategies: pure functions from what was evaluated to what to evaluate next."""

from archrank.strategies.annealing import SimulatedAnnealing
from archrank.strategies.base import Evaluated, History, Proposal, Strategy, UniqueBy
from archrank.strategies.domain import Domain, Remaining, unseen
from archrank.strategies.evolution import RegularizedEvolution, TournamentEvolution
from archrank.strategies.guided import GuidedSearch
from archrank.strategies.local_search import LocalSearch
from archrank.strategies.random_search import RandomSearch
from archrank.strategies.scalarized import Scalarized

__all__ = [
    "Domain",
    "Evaluated",
    "GuidedSearch",
    "History",
    "LocalSearch",
    "Proposal",
    "RandomSearch",
    "RegularizedEvolution",
    "Remaining",
    "Scalarized",
    "SimulatedAnnealing",
    "Strategy",
    "TournamentEvolution",
    "UniqueBy",
    "unseen",
]
