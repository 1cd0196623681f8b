"""One score for architectures that were trained for different numbers of epochs."""

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from archrank.architecture import Architecture
from archrank.strategies.rungs import Rungs

__all__ = ["common_scale", "normal_scores_of"]

Floats = npt.NDArray[np.float64]

_FEWEST = 3
"""Architectures that a rung is compared by."""

_PRIOR = 2.0
"""Weight of the slope 1, in architectures that are a standard deviation from the mean."""


def common_scale(rungs: Rungs, least: int = 0) -> Callable[[Architecture, Mapping[int, float]], float | None]:
    """What an architecture would score after a whole training, as far as its rungs tell.

    Values of different rungs cannot be compared: after one epoch all networks are bad. So each rung's scores become
    normal scores, and a line through the architectures that were trained on both takes those of a lower rung to the
    highest one that at least three have reached. The line is drawn towards a slope of 1 where few architectures
    are on it. It does not matter that the better ones went on, because it predicts the higher rung from the lower.

    Args:
        rungs: What is known.
        least: The lowest rung that counts.

    Returns:
        From an architecture and its scores by rung to one score; None where only lower rungs are known.

    Reference: Kennedy and O'Hagan, Predicting the Output from a Complex Computer Code When Fast Approximations Are
    Available (Biometrika, 2000), for the linear relation between fidelities.
    """
    levels = rungs.fidelities.levels
    normal = {level: normal_scores_of(rungs.scores(level)) for level in levels}
    reached = [level for level in levels if len(normal[level]) >= _FEWEST]
    top = max(reached, default=levels[0])
    lines = {level: _line(normal[level], normal[top]) for level in levels if level <= top}

    def score(architecture: Architecture, scores: Mapping[int, float]) -> float | None:
        level = max((level for level in scores if level <= top), default=min(scores))
        if max(scores) < least:
            return None
        offset, slope = lines.get(level, (0.0, 1.0))
        return offset + slope * normal[level][architecture]

    return score


def normal_scores_of(scores: Mapping[Architecture, float]) -> dict[Architecture, float]:
    """The quantiles of the normal distribution at the ranks of some scores."""
    if not scores:
        return {}
    from archrank.predictors.targets import normal_scores  # here, because it loads SciPy

    values = normal_scores(np.array(list(scores.values())))
    return dict(zip(scores, values.tolist(), strict=True))


def _line(low: Mapping[Architecture, float], high: Mapping[Architecture, float]) -> tuple[float, float]:
    """Offset and slope that take the scores of a rung to those of a higher one."""
    both = [architecture for architecture in low if architecture in high]
    if len(both) < _FEWEST:
        return 0.0, 1.0
    x, y = np.array([low[a] for a in both]), np.array([high[a] for a in both])
    centered = x - x.mean()
    slope = max(0.0, float((centered @ y + _PRIOR) / (centered @ centered + _PRIOR)))
    return float(y.mean() - slope * x.mean()), slope
