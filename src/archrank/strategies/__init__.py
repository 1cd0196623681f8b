"""Strategies: pure functions from what was evaluated to what to evaluate next."""

from archrank.strategies.base import Evaluated, History, Proposal, Strategy, unseen
from archrank.strategies.evolution import RegularizedEvolution
from archrank.strategies.guided import GuidedSearch
from archrank.strategies.random_search import RandomSearch

__all__ = [
    "Evaluated",
    "GuidedSearch",
    "History",
    "Proposal",
    "RandomSearch",
    "RegularizedEvolution",
    "Strategy",
    "unseen",
]
