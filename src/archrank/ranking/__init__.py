"""Ranking losses and the measures of a ranking."""

from archrank.ranking.losses import PairwiseHinge
from archrank.ranking.metrics import kendall_tau, n_at_k, precision_at_k, regret

__all__ = ["LOSSES", "PairwiseHinge", "kendall_tau", "n_at_k", "precision_at_k", "regret"]

LOSSES: dict[str, type[PairwiseHinge]] = {"hinge": PairwiseHinge}
"""The losses by the names that files and the command line use."""
