"""Losses by name: the names that files, the command line and ``NeuralPredictor(space, loss="hinge")`` use."""

from typing import TYPE_CHECKING

from archrank.lazy_names import LazyNames
from archrank.plugins import Names
from archrank.system.foreign import shown

if TYPE_CHECKING:
    from archrank.ranking.comparator import PairwiseComparator
    from archrank.ranking.losses import RankingLoss

__all__ = ["LOSSES", "named_loss"]

_BUILT_IN: "LazyNames[type[RankingLoss] | type[PairwiseComparator]]" = LazyNames(
    {
        "hinge": "archrank.ranking.losses:PairwiseHinge",
        "bce": "archrank.ranking.losses:PairwiseBCE",
        "comparator": "archrank.ranking.comparator:PairwiseComparator",
        "listmle": "archrank.ranking.losses:ListMLE",
        "mse": "archrank.ranking.losses:MSE",
    }
)


def _accept(name: str, value: object) -> "type[RankingLoss] | type[PairwiseComparator]":
    from archrank.ranking.comparator import PairwiseComparator

    if isinstance(value, type) and (callable(made := value()) or isinstance(made, PairwiseComparator)):
        return value
    raise TypeError(f"{shown(value)} is no class of a loss")


LOSSES: "Names[type[RankingLoss] | type[PairwiseComparator]]" = Names("losses", _BUILT_IN, _accept)
"""The class of each loss, by its name; imported when it is first used."""


def named_loss(name: str) -> "RankingLoss | PairwiseComparator":
    """A loss with its default settings.

    Raises:
        UnknownName: No such loss.
        PluginError: The installed package that adds it cannot be used.
        MissingExtra: The extra ``neural`` is not installed.
    """
    return LOSSES.look_up(name)()
