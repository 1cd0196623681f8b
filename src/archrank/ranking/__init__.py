"""Losses, and the measures of a ranking."""

from archrank.ranking.comparator import PairwiseComparator
from archrank.ranking.losses import MSE, ComparesValues, ListMLE, PairwiseBCE, PairwiseHinge, RankingLoss
from archrank.ranking.metrics import (
    kendall_tau,
    n_at_k,
    precision_at_k,
    precision_curve,
    regret,
    spearman,
    tau_in_top,
)

__all__ = [
    "LOSSES",
    "MSE",
    "ComparesValues",
    "ListMLE",
    "PairwiseBCE",
    "PairwiseComparator",
    "PairwiseHinge",
    "RankingLoss",
    "kendall_tau",
    "n_at_k",
    "precision_at_k",
    "precision_curve",
    "regret",
    "spearman",
    "tau_in_top",
]

LOSSES: dict[str, type[RankingLoss] | type[PairwiseComparator]] = {
    "hinge": PairwiseHinge,
    "bce": PairwiseBCE,
    "comparator": PairwiseComparator,
    "listmle": ListMLE,
    "mse": MSE,
}
"""The losses by the names that files and the command line use."""
