"""The pairwise comparator: a small network that predicts from two embeddings which architecture is better."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

from archrank.encoders.base import MemberLinear
from archrank.ranking.losses import ordered_pairs

__all__ = ["Comparator", "PairwiseComparator"]

_NUMBERS = 4_000_000
"""The number of hidden units of pairs in memory at a time when a set is ranked (16 MB)."""


@dataclass(frozen=True)
class PairwiseComparator:
    """A loss with its own head: it compares embeddings, while other losses compare scores.

    A network z(a, b) of two embeddings predicts the log odds that b is better than a. It is trained on both orders
    of every pair: the mean over pairs of -log sigmoid(z(worse, better)) - log sigmoid(-z(better, worse)), halved.

    To rank a set, every architecture is compared with the same reference architectures, drawn from the training set,
    and its score is its mean log odds over both orders of these comparisons. The authors' code sorts a set by quicksort
    with random pivots; mean odds need no random pivots, and the score of an architecture does not depend on the others.

    Attributes:
        width: Hidden units of the comparing network, which has one hidden layer.
        ratio: Pairs per architecture and batch at most.
        threshold: Targets this close or closer are ties and not compared.
        references: The largest number of training architectures that every architecture is compared with.

    Reference: GATES, section 3.3, pairwise ranking loss (comparator).
    """

    width: int = 200
    ratio: float = 4.0
    threshold: float = 0.0
    references: int = 128

    def loss(
        self,
        comparator: "Comparator",
        embeddings: torch.Tensor,
        targets: torch.Tensor,
        generator: torch.Generator,
        dropout: float = 0.0,
    ) -> torch.Tensor:
        """The loss of B embeddings against B targets; 0 where nothing is to be ranked.

        Args:
            comparator: The network.
            embeddings: (E, B, D).
            targets: (B,).
            generator: Draws the pairs and the units left out.
            dropout: Share of the hidden units left out.
        """
        better, worse = ordered_pairs(targets, generator, self.ratio, self.threshold)
        if len(better) == 0:
            return embeddings.sum() * 0.0
        firsts, seconds = comparator.sides(embeddings)
        odds = []
        for first, second in ((worse, better), (better, worse)):
            hidden = torch.relu(firsts.index_select(1, first) + seconds.index_select(1, second))
            if dropout:
                kept = torch.rand(hidden.shape, generator=generator).ge_(dropout)
                hidden = hidden * kept.div_(1 - dropout)
            odds.append(comparator.judge(hidden).squeeze(2))
        won, lost = odds
        return (F.softplus(-won) + F.softplus(lost)).mean(dim=1).sum() / 2


class Comparator(nn.Module):
    """The comparing network of E members: one hidden layer over two embeddings.

    Args:
        members: E.
        features: D, the width of an embedding.
        width: Hidden units.
    """

    def __init__(self, members: int, features: int, width: int) -> None:
        super().__init__()
        self.first = MemberLinear(members, features, width)
        self.second = MemberLinear(members, features, width, bias=False)
        self.judge = MemberLinear(members, width, 1)

    def reset(self, generator: torch.Generator) -> None:
        """Draw the parameters anew, as PyTorch does for a layer that reads both embeddings at once."""
        bound = (2 * self.first.weight.shape[1]) ** -0.5
        self.first.reset(generator, bound)
        self.second.reset(generator, bound)
        self.judge.reset(generator)

    def sides(self, embeddings: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """What each architecture adds to the hidden units as the first and as the second of a pair: (E, B, width)."""
        return self.first(embeddings), self.second(embeddings)

    def forward(self, embeddings: torch.Tensor, references: torch.Tensor) -> torch.Tensor:
        """Score architectures by comparing them with references.

        Args:
            embeddings: (E, B, D).
            references: (E, R, D).

        Returns:
            The mean over references of (z(reference, x) - z(x, reference)) / 2: (E, B).
        """
        return torch.cat(list(self._scores(embeddings, references)), dim=1)

    def _scores(self, embeddings: torch.Tensor, references: torch.Tensor) -> Iterator[torch.Tensor]:
        known_first, known_second = (side[:, None] for side in self.sides(references))
        per_architecture = known_first[..., 0].numel() * known_first.shape[-1]
        step = max(1, _NUMBERS // per_architecture)
        for begin in range(0, embeddings.shape[1], step):
            first, second = (side[:, :, None] for side in self.sides(embeddings[:, begin : begin + step]))
            # The judging layer is linear, so references are averaged before it; its bias is in both orders.
            apart = torch.relu(known_first + second).mean(dim=2) - torch.relu(first + known_second).mean(
                dim=2
            )
            yield torch.bmm(apart, self.judge.weight).squeeze(2) / 2
