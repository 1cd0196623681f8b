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
from archrank.ranking.named import LOSSES, named_loss

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
    "named_loss",
    "precision_at_k",
    "precision_curve",
    "regret",
    "spearman",
    "tau_in_top",
]
