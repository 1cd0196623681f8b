"""Losses: pure functions of scores and targets, one score per architecture per batch."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch.nn import functional as F

__all__ = ["MSE", "ComparesValues", "ListMLE", "PairwiseBCE", "PairwiseHinge", "RankingLoss", "ordered_pairs"]


class RankingLoss(Protocol):
    """Anything that turns scores and targets into one number; a frozen dataclass can be stored with a predictor."""

    def __call__(
        self, scores: torch.Tensor, targets: torch.Tensor, generator: torch.Generator
    ) -> torch.Tensor:
        """The loss of B scores, higher is better, against B targets; 0 where nothing is to be ranked.

        Args:
            scores: (..., B); leading axes are members of an ensemble, over which losses are summed.
            targets: (B,).
            generator: The source of randomness.
        """


@runtime_checkable
class ComparesValues(Protocol):
    """A loss that depends on the values of the targets, not only on their order: it declares their scale."""

    def rescaled(self, targets: torch.Tensor) -> torch.Tensor:
        """All training targets, (n,), on the scale of the scores; computed once, before training."""


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
        The indices of the better and of the worse one of P pairs: two tensors (P,).

    Reference: the authors' pair rule; they embed both sides of every pair again; here a pair is two indices.
    """
    better, worse = (targets[:, None] - targets[None, :] > threshold).nonzero(as_tuple=True)
    limit = int(ratio * len(targets))
    if len(better) > limit:
        kept = torch.randperm(len(better), generator=generator)[:limit]
        better, worse = better[kept], worse[kept]
    return better, worse


def _apart(scores: torch.Tensor, pairs: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor | None:
    """Score of the better less score of the worse, pair by pair: (..., P); None where there are no pairs."""
    better, worse = pairs
    if len(better) == 0:
        return None
    return scores.index_select(-1, better) - scores.index_select(-1, worse)


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
        """See :class:`RankingLoss`; the generator draws the pairs."""
        apart = _apart(scores, ordered_pairs(targets, generator, self.ratio, self.threshold))
        return scores.sum() * 0.0 if apart is None else torch.relu(self.margin - apart).mean(dim=-1).sum()


@dataclass(frozen=True)
class PairwiseBCE:
    """Mean over pairs of -log sigmoid(score of the better - score of the worse), as in RankNet.

    Attributes:
        ratio: Pairs per architecture and batch at most.
        threshold: Targets this close or closer are ties and not compared.

    Reference: GATES, section 3.3, pairwise ranking loss (binary cross-entropy).
    """

    ratio: float = 4.0
    threshold: float = 0.0

    def __call__(
        self, scores: torch.Tensor, targets: torch.Tensor, generator: torch.Generator
    ) -> torch.Tensor:
        """See :class:`RankingLoss`; the generator draws the pairs."""
        apart = _apart(scores, ordered_pairs(targets, generator, self.ratio, self.threshold))
        return scores.sum() * 0.0 if apart is None else F.softplus(-apart).mean(dim=-1).sum()


@dataclass(frozen=True)
class ListMLE:
    """Minus the log-likelihood of the measured order, per position (Plackett and Luce's model).

    The batch is one list. At each position, best first, the loss is the log of the sum of exp(score) over this
    architecture and all below it, less its own score. Architectures with equal targets have no order among them: a
    position sums over its equals too, in whichever order they come.

    Reference: GATES, section 3.3, listwise ranking loss; Xia et al. (ICML 2008). The authors' code clamps the sum of
    exponentials; here it is computed in logarithms, which needs no clamp.
    """

    def __call__(
        self, scores: torch.Tensor, targets: torch.Tensor, generator: torch.Generator
    ) -> torch.Tensor:
        """See :class:`RankingLoss`; no randomness is needed."""
        ordered, order = torch.sort(targets, descending=True, stable=True)
        if len(ordered) == 0 or ordered[0] == ordered[-1]:
            return scores.sum() * 0.0
        ranked = scores.index_select(-1, order)
        below = ranked.flip(-1).logcumsumexp(dim=-1).flip(-1)
        # Of equal targets, the first one's sum holds them all.
        first = torch.searchsorted(-ordered, -ordered)
        return (below.index_select(-1, first) - ranked).mean(dim=-1).sum()


@dataclass(frozen=True)
class MSE:
    """Regression: the mean squared difference between score and target.

    Scores then estimate the targets: in standard deviations from the mean of the training targets, or, with a sigmoid,
    rescaled to the range from 0 (the worst of them) to 1 (the best).

    Attributes:
        sigmoid: Whether a score passes a sigmoid before it is compared, as in the authors' code.

    Reference: GATES, section 4.2, regression loss, which the ranking losses are compared with.
    """

    sigmoid: bool = False

    def rescaled(self, targets: torch.Tensor) -> torch.Tensor:
        """Targets with mean 0 and standard deviation 1, or from 0 to 1 for a sigmoid: (n,)."""
        if self.sigmoid:
            return (targets - targets.min()) / (targets.max() - targets.min())
        return (targets - targets.mean()) / targets.std(correction=0)

    def __call__(
        self, scores: torch.Tensor, targets: torch.Tensor, generator: torch.Generator
    ) -> torch.Tensor:
        """See :class:`RankingLoss`; no randomness is needed."""
        guesses = torch.sigmoid(scores) if self.sigmoid else scores
        return (guesses - targets.to(guesses.dtype)).square().mean(dim=-1).sum()
