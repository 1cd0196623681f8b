"""Ranking losses and the measures of a ranking."""

from archrank.ranking.losses import ListMLE, PairwiseBCE, PairwiseHinge, RankingLoss
from archrank.ranking.metrics import kendall_tau, n_at_k, precision_at_k, regret

__all__ = [
    "LOSSES",
    "ListMLE",
    "PairwiseBCE",
    "PairwiseHinge",
    "RankingLoss",
    "kendall_tau",
    "n_at_k",
    "precision_at_k",
    "regret",
]

LOSSES: dict[str, type[RankingLoss]] = {"hinge": PairwiseHinge, "bce": PairwiseBCE, "listmle": ListMLE}
"""The losses by the names that files and the command line use."""
