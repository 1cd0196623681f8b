"""Ranking losses: pure functions of scores and targets, one score per architecture per batch."""

from dataclasses import dataclass

import torch

__all__ = ["PairwiseHinge", "ordered_pairs"]


def ordered_pairs(
    targets: torch.Tensor, generator: torch.Generator, ratio: float = 4.0, threshold: float = 0.0
) -> tuple[torch.Tensor, torch.Tensor]:
    """Draw pairs of a batch whose targets differ.

    Of all pairs whose targets differ by more than ``threshold``, at most ``floor(ratio · B)`` are kept, drawn
    uniformly without replacement.

    Args:
        targets: (B,).
        generator: The source of randomness.
        ratio: Pairs per architecture at most.
        threshold: Pairs this close or closer are ties and left out.

    Returns:
        Places of the better and of the worse one of P pairs: two tensors (P,).

    Reference: the authors' pair rule; they embed both sides of every pair anew, here a pair is two places in B scores.
    """
    better, worse = (targets[:, None] - targets[None, :] > threshold).nonzero(as_tuple=True)
    most = int(ratio * len(targets))
    if len(better) > most:
        kept = torch.randperm(len(better), generator=generator)[:most]
        better, worse = better[kept], worse[kept]
    return better, worse


@dataclass(frozen=True)
class PairwiseHinge:
    """Mean over pairs of max(0, margin - (score of the better - score of the worse)).

    Attributes:
        margin: How far apart the scores of a pair should be.
        ratio: Pairs per architecture and batch at most.
        threshold: Targets this close or closer are ties and not compared.

    Reference: GATES, section 3.3, pairwise ranking loss (hinge).
    """

    margin: float = 0.1
    ratio: float = 4.0
    threshold: float = 0.0

    def __call__(
        self, scores: torch.Tensor, targets: torch.Tensor, generator: torch.Generator
    ) -> torch.Tensor:
        """The loss of B scores, higher is better, against B targets; 0 where no pair differs.

        Args:
            scores: (..., B); leading axes are members of an ensemble, over which losses are summed.
            targets: (B,).
            generator: Draws the pairs.
        """
        better, worse = ordered_pairs(targets, generator, self.ratio, self.threshold)
        if len(better) == 0:
            return scores.sum() * 0.0
        short = self.margin - (scores.index_select(-1, better) - scores.index_select(-1, worse))
        return torch.relu(short).mean(dim=-1).sum()
