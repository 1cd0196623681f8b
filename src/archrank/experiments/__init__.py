"""Comparisons of searches, replayed in memory."""

from archrank.experiments.random_search import random_search_curve
from archrank.experiments.simulate import best_so_far, replay, simulate

__all__ = ["best_so_far", "random_search_curve", "replay", "simulate"]
