"""Encoder and head as one module: what a neural predictor trains, and what it scores with."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import nn

from archrank.encoders import Encoder, GraphBatch
from archrank.encoders.base import MemberLinear
from archrank.ranking import PairwiseComparator, RankingLoss
from archrank.ranking.comparator import Comparator

__all__ = ["ComparingScorer", "HeadScorer", "Scorer"]


class Scorer(nn.Module, ABC):
    """An encoder and a head: scores of B architectures by E members, and the loss to train them by.

    Args:
        encoder: Turns a prepared batch into embeddings, for E members.
    """

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self.encoder = encoder

    @abstractmethod
    def reset_head(self, generator: torch.Generator) -> None:
        """Draw the head's parameters anew."""

    @abstractmethod
    def forward(self, prepared: Any) -> torch.Tensor:
        """Score the B architectures that the encoder's ``prepare`` made ready: (E, B)."""

    @abstractmethod
    def loss(self, prepared: Any, targets: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """The loss of a training step, summed over the members.

        Args:
            prepared: B architectures, made ready.
            targets: (B,).
            generator: The source of randomness.
        """

    def settle(self, known: GraphBatch, targets: torch.Tensor) -> None:
        """Take from the training set what scoring needs; called before scoring whenever parameters have changed."""


class HeadScorer(Scorer):
    """A head of linear layers with ReLU and dropout between them.

    Args:
        encoder: Turns a prepared batch into embeddings, for E members.
        members: E.
        hidden: Widths of the head's hidden layers.
        dropout: Share of the hidden units left out at each training step.
        ranking_loss: Compares scores with targets.
    """

    def __init__(
        self,
        encoder: Encoder,
        members: int,
        hidden: Sequence[int],
        dropout: float,
        ranking_loss: RankingLoss,
    ) -> None:
        super().__init__(encoder)
        self.members = members
        self.dropout = dropout
        self.ranking_loss = ranking_loss
        widths = [encoder.features, *hidden, 1]
        self.head: Sequence[MemberLinear] = nn.ModuleList(  # type: ignore[assignment]
            MemberLinear(members, a, b) for a, b in pairwise(widths)
        )

    def reset_head(self, generator: torch.Generator) -> None:
        """Draw the head's parameters anew."""
        for layer in self.head:
            layer.reset(generator)

    def forward(self, prepared: Any, kept: Sequence[torch.Tensor] = ()) -> torch.Tensor:
        """Score B architectures.

        Args:
            prepared: What the encoder's ``prepare`` made of them.
            kept: For training with dropout, a factor for every hidden unit: a tensor (E, B, width) a hidden layer.
                Without it, equal embeddings are scored once.

        Returns:
            Scores by every member: (E, B).
        """
        values = self.encoder(prepared)
        if kept:
            values = values.index_select(1, prepared.distinct)
        for place, layer in enumerate(self.head[:-1]):
            values = torch.relu(layer(values))
            if kept:
                values = values * kept[place]
        scores: torch.Tensor = self.head[-1](values).squeeze(2)
        return scores if kept else scores.index_select(1, prepared.distinct)

    def loss(self, prepared: Any, targets: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """The ranking loss of the scores, with dropout."""
        return self.ranking_loss(self(prepared, self._kept(len(targets), generator)), targets, generator)

    def _kept(self, n: int, generator: torch.Generator) -> list[torch.Tensor]:
        if self.dropout == 0:
            return []
        # Comparing uniform numbers is twice as quick as drawing Bernoulli ones.
        return [
            torch.rand(self.members, n, layer.weight.shape[1], generator=generator)
            .ge_(self.dropout)
            .div_(1 - self.dropout)
            for layer in self.head[1:]
        ]


class ComparingScorer(Scorer):
    """The head of a pairwise comparator; scores come from comparing with references of the training set.

    Args:
        encoder: Turns a prepared batch into embeddings, for E members.
        members: E.
        dropout: Share of the hidden units left out at each training step.
        comparing: The loss's settings.
    """

    references: torch.Tensor
    """The embeddings of the R references: (E, R, D)."""

    def __init__(self, encoder: Encoder, members: int, dropout: float, comparing: PairwiseComparator) -> None:
        super().__init__(encoder)
        self.dropout = dropout
        self.comparing = comparing
        self.comparator = Comparator(members, encoder.features, comparing.width)
        self.register_buffer("references", torch.zeros(members, comparing.references, encoder.features))

    def reset_head(self, generator: torch.Generator) -> None:
        """Draw the comparator's parameters anew."""
        self.comparator.reset(generator)

    def forward(self, prepared: Any) -> torch.Tensor:
        """Score B architectures by how they fare against the references: (E, B)."""
        scores: torch.Tensor = self.comparator(self.encoder(prepared), self.references)
        return scores.index_select(1, prepared.distinct)

    def loss(self, prepared: Any, targets: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """The loss of drawn pairs in both orders."""
        embeddings = self.encoder(prepared).index_select(1, prepared.distinct)
        return self.comparing.loss(self.comparator, embeddings, targets, generator, self.dropout)

    def settle(self, known: GraphBatch, targets: torch.Tensor) -> None:
        """Embed the references: training architectures evenly spaced in rank, some twice where there are few."""
        places = torch.linspace(0, len(targets) - 1, self.comparing.references).round().long()
        chosen = torch.argsort(targets, stable=True)[places]
        prepared = self.encoder.prepare(known, chosen.numpy())
        with torch.no_grad():
            self.references = self.encoder(prepared).index_select(1, prepared.distinct)
