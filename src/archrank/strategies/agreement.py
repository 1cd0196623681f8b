"""How well shorter trainings tell what whole ones give, learned within a search."""

import math
from collections.abc import Mapping

import numpy as np

from archrank.architecture import Architecture
from archrank.strategies.common_scale import normal_scores_of
from archrank.strategies.rungs import Rungs

__all__ = ["correlations", "first_rung"]

_PRIOR = 2.0
"""Weight of the prior, in architectures."""

_RESIDUAL = 0.3
"""Residual variance of the prior, which has the slope 1: a correlation of .88 between neighboring rungs."""

_RELIABLE = 0.8
"""The share of the variance of whole trainings that is not noise: what a shorter one is compared with."""


_MARGIN = 2.0
"""How much more than whole trainings a shorter one has to tell for its epochs."""

_LEAST = 0.55
"""The correlation below which the values of a rung mislead the predictor more than they teach it."""


def correlations(rungs: Rungs) -> dict[int, float]:
    """The correlation of each rung with whole trainings.

    It is the product of those between neighboring rungs, as if each rung depended on the one before alone: neighbors
    have many architectures in common. They follow from slope and residual variance of a line, which do not depend on
    which architectures went on, as a correlation of those would.

    Args:
        rungs: What is known.

    Reference: Thorndike, Personnel Selection (1949), case 2, for correlations from a selected part.
    """
    levels = rungs.fidelities.levels
    normal = {level: normal_scores_of(rungs.scores(level)) for level in levels}
    found, product = {levels[-1]: 1.0}, 1.0
    for low, high in zip(levels[-2::-1], levels[:0:-1], strict=True):
        product *= _between(normal[low], normal[high])
        found[low] = product
    return found


def first_rung(rungs: Rungs) -> tuple[int, int]:
    """The rung that trainings begin on, and the lowest one whose values can be learned from.

    Trainings begin on the rung that tells most for each of its epochs, and on the last one where shorter trainings are
    hardly worth theirs. With the correlation ρ a training tells as much as a measurement with a noise of (1 - ρ²) / ρ².

    Args:
        rungs: What is known.
    """
    levels, found = rungs.fidelities.levels, correlations(rungs)
    usable = [level for level in levels if found[level] >= _LEAST]
    worth = {level: _precision(found[level] ** 2) / level for level in usable}
    worth[levels[-1]] = _MARGIN * _precision(_RELIABLE) / levels[-1]
    return max(usable, key=lambda level: worth[level]), usable[0]


def _precision(explained: float) -> float:
    return math.inf if explained >= 1 else explained / (1 - explained)


def _between(low: Mapping[Architecture, float], high: Mapping[Architecture, float]) -> float:
    """The correlation of two rungs among all architectures of the lower one."""
    both = [architecture for architecture in low if architecture in high]
    x, y = np.array([low[a] for a in both]), np.array([high[a] for a in both])
    x, y = (x - x.mean(), y - y.mean()) if both else (x, y)
    squares, products = float(x @ x) + _PRIOR, float(x @ y) + _PRIOR
    slope = max(0.0, products / squares)
    residuals = float(((y - slope * x) ** 2).sum()) + _PRIOR * (_RESIDUAL + (1 - slope) ** 2)
    variance = residuals / (len(both) + _PRIOR)
    return slope / math.sqrt(slope**2 + variance)
