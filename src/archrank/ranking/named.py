"""Losses by name: the names that files, the command line and ``NeuralPredictor(space, loss="hinge")`` use."""

from typing import TYPE_CHECKING

from archrank.errors import UnknownName
from archrank.lazy_names import LazyNames

if TYPE_CHECKING:
    from archrank.ranking.comparator import PairwiseComparator
    from archrank.ranking.losses import RankingLoss

__all__ = ["LOSSES", "named_loss"]

LOSSES: "LazyNames[type[RankingLoss] | type[PairwiseComparator]]" = LazyNames(
    {
        "hinge": "archrank.ranking.losses:PairwiseHinge",
        "bce": "archrank.ranking.losses:PairwiseBCE",
        "comparator": "archrank.ranking.comparator:PairwiseComparator",
        "listmle": "archrank.ranking.losses:ListMLE",
        "mse": "archrank.ranking.losses:MSE",
    }
)
"""The class of each loss, by its name; imported when it is first used."""


def named_loss(name: str) -> "RankingLoss | PairwiseComparator":
    """A loss with its default settings.

    Raises:
        UnknownName: No such loss.
        MissingExtra: The extra ``neural`` is not installed.
    """
    if name not in LOSSES:
        raise UnknownName("loss", name, LOSSES)
    return LOSSES[name]()
