"""Comparisons of encoders, losses, predictors and strategies on tables of measured architectures."""

from archrank.experiments.compare_rankings import compare_encoders, compare_losses, compare_predictors
from archrank.experiments.compare_strategies import compare_strategies
from archrank.experiments.comparison import Comparison
from archrank.experiments.stored import load_comparison
from archrank.experiments.suite import compare_suite

__all__ = [
    "Comparison",
    "compare_encoders",
    "compare_losses",
    "compare_predictors",
    "compare_strategies",
    "compare_suite",
    "load_comparison",
]
