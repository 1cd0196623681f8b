"""The predictor that archrank takes where none is named."""

from typing import Literal, get_args

from archrank.encoders import GATES
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


def auto(space: SearchSpace, effort: Effort = "balanced", *, seed: int = 0) -> Ensemble:
    """The ensemble that ranked best for its time on the tables that settings are chosen on.

    Args:
        space: The space whose architectures are ranked.
        effort: ``"fast"``: boosted trees and a Gaussian process on graph features, a second or two; ``"balanced"``:
            these and three GATES networks; ``"best"``: more of each.
        seed: Fixes all randomness.

    Where LightGBM cannot be loaded, there are no trees in it.

    Raises:
        UnknownName: No such effort.
    """
    if effort not in EFFORTS:
        raise UnknownName("effort", effort, EFFORTS)
    members: list[Predictor] = [GaussianProcess(space)]
    if trees_can_grow():
        members.append(BoostedTrees(space, members=8 if effort == "best" else 4))
    if effort != "fast":
        members.append(NeuralPredictor(space, GATES, members=8 if effort == "best" else 3, simplify=True))
    return Ensemble(space, members, seed=seed)
