"""What random search and evolution would have found on the same table."""

import numpy as np

from archrank.benchmarks.table import Table
from archrank.plot.search import Band
from archrank.plot.style import EVOLUTION, RANDOM
from archrank.simulation import best_so_far, random_search_curve, simulate
from archrank.strategies import RegularizedEvolution

__all__ = ["comparison_bands"]

_SEEDS = 20
_LOOK_UPS = 20_000
"""For long searches evolution is simulated with fewer seeds, to keep reports fast."""


def comparison_bands(table: Table, metric: str, evaluations: int) -> list[Band]:
    """The exact curve of random search and, on a complete table, simulated evolution.

    Args:
        table: The table.
        metric: The metric that the search optimizes.
        evaluations: The number of evaluations n on the curves.
    """
    scores = table.scores(metric)
    sign = 1.0 if table.metric(metric).higher_is_better else -1.0
    if evaluations < 1 or np.isnan(scores).all():
        return []
    _, (low, middle, high) = random_search_curve(scores, min(evaluations, len(scores)))
    bands = [Band("random search, median and quartiles", RANDOM, sign * middle, sign * low, sign * high)]
    # Where most children are missing from the table, or violate constraints that evolution does not see, the
    # comparison would be unfair to evolution.
    if table.complete and not np.isnan(scores).any():
        seeds = max(4, min(_SEEDS, _LOOK_UPS // evaluations))
        strategy = RegularizedEvolution(table.space)
        runs = [simulate(table, metric, strategy, evaluations, seed) for seed in range(seeds)]
        curves = np.array([best_so_far(run) for run in runs])
        low, middle, high = np.quantile(curves, (0.25, 0.5, 0.75), axis=0)
        label = f"evolution, median and quartiles of {seeds} seeds"
        bands.append(Band(label, EVOLUTION, sign * middle, sign * low, sign * high))
    return bands
