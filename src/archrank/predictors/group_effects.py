"""What each group of features, and each hint, does to the scores of a predictor that reads them."""

from collections.abc import Container
from itertools import chain, count
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from archrank.predictors.candidates import Candidates, references
from archrank.predictors.feature_map import feature_map

if TYPE_CHECKING:
    from archrank.predictors.base import Predictor

__all__ = ["group_effects", "unused"]

Floats = npt.NDArray[np.float64]


def group_effects(predictor: Any, rng: np.random.Generator) -> dict[str, float]:
    """The effect of every group of features on the scores of a predictor that reads :attr:`Candidates.features`.

    Hints follow, by their titles, or as ``hint 1``, ``hint 2`` and so on; a second one of a title has ``(2)`` after it.
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
        effects[unused(f"hint {number}" if title is None else title, effects)] = _effect(gaps, scores)
    return effects


def unused(name: str, taken: Container[str]) -> str:
    """The name, or one with the first number after it that is not taken.

    >>> unused("hint", {"hint", "hint (2)"})
    'hint (3)'
    """
    numbered = (f"{name} ({number})" for number in count(2))
    return next(each for each in chain([name], numbered) if each not in taken)


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
    """Half the mean square of changes, in the variance of the scores."""
    variance = float(scores.var()) if len(scores) else 0.0
    return float(np.mean(gaps**2) / (2 * variance)) if variance > 0 else 0.0
