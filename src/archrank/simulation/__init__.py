"""Searches replayed in memory on a table, exact random search, and measures of searches."""

from archrank.simulation.random_search import random_search_curve
from archrank.simulation.replay import best_so_far, replay, simulate

__all__ = ["best_so_far", "random_search_curve", "replay", "simulate"]
