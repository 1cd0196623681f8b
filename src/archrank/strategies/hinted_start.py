"""What a search with hints begins with."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from archrank.architecture import Architecture
from archrank.strategies.domain import Domain

if TYPE_CHECKING:
    from archrank.predictors.base import Predictor

__all__ = ["best_by_hints"]

_BEGUN = 3
"""Evaluations that are chosen by hints alone: so many are lost where they are wrong."""

_DRAWN = 2_000
"""Of a large space so many random architectures are compared."""


def best_by_hints(
    hints: "Sequence[Predictor]", domain: Domain, pool: Sequence[Architecture] | None
) -> list[Architecture]:
    """The best three by the mean of the hints, of different scores.

    Args:
        hints: Fitted predictors.
        domain: What may be proposed.
        pool: All of it; None where the space is large.
    """
    everything = domain.sample(_DRAWN, np.random.default_rng(0)) if pool is None else pool
    architectures = [architecture for architecture in everything if domain.meets(architecture)]
    if not architectures:
        return []
    scores = np.zeros(len(architectures))
    for hint in hints:
        predicted = hint.predict(architectures)
        scores += (predicted - predicted.mean()) / (predicted.std() or 1.0)
    _, first = np.unique(-scores, return_index=True)  # equal functions have equal scores
    return [architectures[int(i)] for i in first[:_BEGUN]]
