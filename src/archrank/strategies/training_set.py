"""Which measurements a round of guided search learns from."""

import numpy as np

from archrank.architecture import Architecture
from archrank.strategies.base import History

__all__ = ["feasible_of", "training_set"]


def training_set(
    measured: list[tuple[Architecture, float]], size: int, most: int, seed: int
) -> list[tuple[Architecture, float]]:
    """The best of what was measured, in its order; all of it where those were all equal.

    Args:
        measured: Architectures and their scores.
        size: How many of the best.
        most: Of more than these the best ones and a random sample of the others.
        seed: The seed of the sample.
    """
    best = sorted(range(len(measured)), key=lambda i: -measured[i][1])[:size]
    kept = [measured[i] for i in sorted(best)]
    if len({score for _, score in kept}) == 1:
        best, kept = sorted(range(len(measured)), key=lambda i: -measured[i][1]), measured
    if len(kept) <= most:
        return kept
    half = most // 2
    rng = np.random.default_rng(seed)
    others = rng.choice(best[half:], most - half, replace=False).tolist()
    return [measured[i] for i in sorted(best[:half] + others)]


def feasible_of(history: History) -> list[Architecture]:
    """What was measured and meets the constraints; where there are some, and it is not known, it does not."""
    constrained = any(entry.excesses for entry in history)
    return [
        entry.architecture
        for entry in history
        if entry.score is not None and not entry.violation and (entry.excesses or not constrained)
    ]
