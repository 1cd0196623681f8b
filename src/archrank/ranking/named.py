"""Losses by name: the names that files, the command line and ``NeuralPredictor(space, loss="hinge")`` use."""

from archrank.errors import UnknownName
from archrank.ranking.comparator import PairwiseComparator
from archrank.ranking.losses import MSE, ListMLE, PairwiseBCE, PairwiseHinge, RankingLoss

__all__ = ["LOSSES", "named_loss"]

LOSSES: dict[str, type[RankingLoss] | type[PairwiseComparator]] = {
    "hinge": PairwiseHinge,
    "bce": PairwiseBCE,
    "comparator": PairwiseComparator,
    "listmle": ListMLE,
    "mse": MSE,
}
"""The class of each loss, by its name."""


def named_loss(name: str) -> RankingLoss | PairwiseComparator:
    """A loss with its default settings.

    Raises:
        UnknownName: No such loss.
    """
    if name not in LOSSES:
        raise UnknownName("loss", name, LOSSES)
    return LOSSES[name]()
