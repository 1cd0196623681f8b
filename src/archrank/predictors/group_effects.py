"""What each group of features, and each hint, does to the scores of a predictor that reads them."""

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from archrank.predictors.candidates import Candidates, references
from archrank.predictors.feature_map import feature_map

if TYPE_CHECKING:
    from archrank.predictors.base import Predictor

__all__ = ["group_effects"]

Floats = npt.NDArray[np.float64]


def group_effects(predictor: Any, rng: np.random.Generator) -> dict[str, float]:
    """The effect of every group of features on the scores of a predictor that reads :attr:`Candidates.features`.

    Hints follow, by their titles if they have some that no other has, or as ``hint 1``, ``hint 2`` and so on.
    """
    known = references(predictor.space)
    scores, features = predictor.predict(known), known.features
    hinted = dict(zip(predictor.hints, known.hint_predictions(predictor.hints).T, strict=True))
    effects = {}
    for group in feature_map(predictor.space).groups:
        changed = features.copy()
        changed[:, group.columns] = features[rng.permutation(len(features))][:, group.columns]
        effects[group.name] = _effect(predictor.predict(_Changed(known, changed, hinted)) - scores, scores)
    for number, hint in enumerate(predictor.hints, start=1):
        others = {**hinted, hint: rng.permutation(hinted[hint])}
        gaps = predictor.predict(_Changed(known, features, others)) - scores
        title = getattr(hint, "title", None)
        effects[f"hint {number}" if title is None or title in effects else title] = _effect(gaps, scores)
    return effects


class _Changed(Candidates):
    """Candidates with other features, or other predictions by hints, than their own."""

    def __init__(
        self, known: Candidates, features: npt.NDArray[np.float32], hinted: "dict[Predictor, Floats]"
    ) -> None:
        super().__init__(known.space, known.rows)
        # What is cached under these names is what is computed otherwise.
        self.__dict__["distinct"] = np.ascontiguousarray(features), np.arange(len(features))
        self._hinted = hinted


def _effect(gaps: Floats, scores: Floats) -> float:
    """Half the mean square of changes, in the variance of the scores; in a sample it may be a little more than 1."""
    variance = float(scores.var())
    return min(1.0, float(np.mean(gaps**2) / (2 * variance))) if variance > 0 and len(gaps) else 0.0
