"""The predictor that archrank takes where none is named."""

import warnings
from collections.abc import Iterator, Sequence
from typing import Literal, get_args

from archrank.errors import UnknownName
from archrank.given import check_is_space
from archrank.open_space import OpenSpace
from archrank.predictors.base import Predictor
from archrank.predictors.ensemble import Ensemble
from archrank.predictors.gaussian import GaussianProcess
from archrank.predictors.trees import BoostedTrees, trees_can_grow
from archrank.space import SearchSpace
from archrank.spaces.named import named_space
from archrank.system.extras import installed, needs

__all__ = ["EFFORTS", "Effort", "auto", "default_effort"]

Effort = Literal["fast", "balanced", "best"]
EFFORTS: tuple[Effort, ...] = get_args(Effort)

_FOLDS, _HALFWAY = 3, 25
"""Of the cross-validation that weighs the members in an open space."""

_HIDDEN, _EPOCHS = (300, 300), 150
"""Ranks by .003 worse to .005 better than the authors' five layers and 200 epochs, in half the time."""


def default_effort() -> tuple[Effort, str | None]:
    """The effort of :func:`auto` where none is given, and why it is not ``"balanced"``; None where it is."""
    if installed("torch"):
        return "balanced", None
    return "fast", (
        "the effort is 'fast', because torch is not installed; for the default 'balanced', "
        "which ranks better: pip install 'archrank[neural]'"
    )


def auto(
    space: SearchSpace | str, effort: Effort | None = None, *, seed: int = 0, hints: Sequence[Predictor] = ()
) -> Ensemble:
    """The ensemble that ranked best for its time on the tables that settings are chosen on.

    Args:
        space: The space whose architectures are ranked, or the name of a built-in one.
        effort: ``"fast"``: boosted trees and a Gaussian process on graph features, a second or two; ``"balanced"``:
            these and three GATES networks; ``"best"``: three BiFlow networks too. None for ``"balanced"``, or, if
            the extra ``neural`` is not installed, ``"fast"`` with a warning (see :func:`default_effort`).
        seed: Fixes all randomness.
        hints: Fitted predictors of other targets of the same space that correlate with the one to rank: shorter
            trainings, another data set, another metric, measured on more architectures. They join the features of
            the Gaussian process and of the trees.

    Without LightGBM it has no trees. In a space of networks of any operations, such as one of modules or of a grammar,
    ``"balanced"`` and ``"best"`` have three networks of hierarchical GATES, and the members' weights come from
    cross-validation, which makes four fits of one. Without evidence for them, the weight of the networks is 0.

    Otherwise the members have equal weights. Those of the Gaussian process and of the trees move toward the one that
    predicts held-out labels significantly better. Those of networks, which read graphs alone, are multiplied by the
    square of the share of the ranking that rests on graphs, not on choices or on attributes of operations.

    Raises:
        UnknownName: No such effort or space.
        SpaceError: What is given is no space.
        MissingExtra: An effort with networks is named, and the extra ``neural`` is not installed.
    """
    if isinstance(space, str):
        space = named_space(space)
    check_is_space(space)
    if effort is None:
        effort, reason = default_effort()
        if reason is not None:
            warnings.warn(reason, stacklevel=2)
    if not isinstance(effort, str) or effort not in EFFORTS:
        raise UnknownName("effort", effort, EFFORTS)
    members: list[Predictor] = [GaussianProcess(space, hints=hints)]
    if trees_can_grow():
        members.append(BoostedTrees(space, hints=hints))
    networks = list(_networks(space, effort))
    if networks and isinstance(space, OpenSpace):
        # There it depends on the space and on the target whether the networks or the features rank better.
        prior = (1.0,) * len(members) + (0.0,) * len(networks)
        return Ensemble(
            space, (*members, *networks), folds=_FOLDS, stack=True, prior=prior, halfway=_HALFWAY, seed=seed
        )
    return Ensemble(space, (*members, *networks), discount=bool(networks), weigh=True, seed=seed)


def _networks(space: SearchSpace, effort: Effort) -> Iterator[Predictor]:
    if effort == "fast":
        return
    needs("neural", "torch", what=f"the effort {effort!r}")
    from archrank.encoders import GATES, BiFlow
    from archrank.predictors.neural import FOR_NETWORKS, NeuralPredictor

    if isinstance(space, OpenSpace):
        yield NeuralPredictor(space, GATES, members=3, simplify=True, **FOR_NETWORKS)
        return
    for encoder in (GATES, BiFlow) if effort == "best" else (GATES,):
        yield NeuralPredictor(space, encoder, hidden=_HIDDEN, epochs=_EPOCHS, members=3, simplify=True)
