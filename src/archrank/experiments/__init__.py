"""Comparisons of searches, replayed in memory."""

from archrank.experiments.simulate import best_so_far, random_search_curve, simulate

__all__ = ["best_so_far", "random_search_curve", "simulate"]
