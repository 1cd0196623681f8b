"""The predictor that archrank takes where none is named."""

from collections.abc import Sequence
from typing import Literal, get_args

from archrank.encoders import GATES, BiFlow, EncoderSettings
from archrank.errors import UnknownName
from archrank.predictors.base import Predictor
from archrank.predictors.ensemble import Ensemble
from archrank.predictors.gaussian import GaussianProcess
from archrank.predictors.neural import NeuralPredictor
from archrank.predictors.trees import BoostedTrees, trees_can_grow
from archrank.space import SearchSpace

__all__ = ["EFFORTS", "Effort", "auto"]

Effort = Literal["fast", "balanced", "best"]
EFFORTS: tuple[Effort, ...] = get_args(Effort)

_HIDDEN, _EPOCHS = (300, 300), 150
"""Ranks by .003 worse to .005 better than the authors' five layers and 200 epochs, in half the time."""


def auto(
    space: SearchSpace, effort: Effort = "balanced", *, seed: int = 0, hints: Sequence[Predictor] = ()
) -> Ensemble:
    """The ensemble that ranked best for its time on the tables that settings are chosen on.

    Args:
        space: The space whose architectures are ranked.
        effort: ``"fast"``: boosted trees and a Gaussian process on graph features, a second or two; ``"balanced"``:
            these and three GATES networks; ``"best"``: three BiFlow networks too.
        seed: Fixes all randomness.
        hints: Fitted predictors of something else of the same space that goes along with what is ranked: shorter
            trainings, another data set, another metric, measured on more architectures. They join the features of
            the Gaussian process and of the trees.

    Where LightGBM cannot be loaded, there are no trees in it.

    Raises:
        UnknownName: No such effort.
    """
    if effort not in EFFORTS:
        raise UnknownName("effort", effort, EFFORTS)
    members: list[Predictor] = [GaussianProcess(space, hints=hints)]
    if trees_can_grow():
        members.append(BoostedTrees(space, hints=hints))
    encoders: dict[Effort, tuple[type[EncoderSettings], ...]] = {
        "fast": (),
        "balanced": (GATES,),
        "best": (GATES, BiFlow),
    }
    members += [
        NeuralPredictor(space, encoder, hidden=_HIDDEN, epochs=_EPOCHS, members=3, simplify=True)
        for encoder in encoders[effort]
    ]
    return Ensemble(space, tuple(members), seed=seed)
