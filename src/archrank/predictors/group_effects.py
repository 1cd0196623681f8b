"""What each group of features does to the scores of a predictor that reads them."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from archrank.predictors.candidates import Candidates, references
from archrank.predictors.feature_map import feature_map
from archrank.space import SearchSpace

if TYPE_CHECKING:
    from archrank.predictors.base import Predictor

__all__ = ["group_effects"]

Floats = npt.NDArray[np.float64]


def group_effects(predictor: "Predictor", rng: np.random.Generator) -> dict[str, float]:
    """The effect of every group of features on the scores of a predictor that reads :attr:`Candidates.features`."""
    space = predictor.space
    known = references(space)
    scores, features = predictor.predict(known), known.features
    effects = {}
    for group in feature_map(space).groups:
        changed = features.copy()
        changed[:, group.columns] = features[rng.permutation(len(features))][:, group.columns]
        effects[group.name] = _effect(predictor.predict(_Changed(space, known, changed)) - scores, scores)
    return effects


class _Changed(Candidates):
    """Candidates with other features than their own."""

    def __init__(self, space: SearchSpace, known: Candidates, features: npt.NDArray[np.float32]) -> None:
        super().__init__(space, known.rows)
        # What is cached under this name is what is computed otherwise.
        self.__dict__["distinct"] = np.ascontiguousarray(features), np.arange(len(features))


def _effect(gaps: Floats, scores: Floats) -> float:
    """Half the mean square of changes, in the variance of the scores."""
    variance = float(scores.var())
    return float(np.mean(gaps**2) / (2 * variance)) if variance > 0 and len(gaps) else 0.0
