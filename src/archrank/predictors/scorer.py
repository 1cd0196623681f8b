"""Encoder and head as one module: what a neural predictor trains, and what it scores with."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from archrank.encoders import Encoder, EncoderSettings, GraphBatch, NetworkBatch
from archrank.encoders.base import MemberLinear
from archrank.predictors.candidates import Candidates
from archrank.ranking import PairwiseComparator, RankingLoss
from archrank.ranking.comparator import Comparator
from archrank.system.threads import one_thread

__all__ = ["ComparingScorer", "HeadScorer", "PreparedBatch", "Scorer", "batch_for", "scores_of"]


@dataclass(frozen=True, slots=True, eq=False)
class PreparedBatch:
    """B architectures prepared for a scorer.

    Attributes:
        encoded: What the encoder's ``prepare`` made of them.
        distinct: Which of the distinct embeddings each of them has: (B,).
        features: The features that join the embeddings; None where these stand alone: (B, F).
    """

    encoded: Any
    distinct: torch.Tensor
    features: torch.Tensor | None


class Scorer(nn.Module, ABC):
    """An encoder and a head: scores of B architectures by E members, and the loss to train them by.

    Args:
        encoder: Turns a prepared batch into embeddings, for E members.
        features: F, how many features of a batch join every embedding; 0 for none.
    """

    def __init__(self, encoder: Encoder, features: int = 0) -> None:
        super().__init__()
        self.encoder = encoder
        self.features = features

    @property
    def width(self) -> int:
        """D + F, the width of what a head reads."""
        return self.encoder.features + self.features

    def prepare(
        self,
        batch: GraphBatch | NetworkBatch,
        features: npt.NDArray[np.float32] | None = None,
        indices: npt.NDArray[np.int64] | None = None,
    ) -> PreparedBatch:
        """Prepare architectures, without using any parameter.

        Args:
            batch: B architectures.
            features: Their features, where such join the embeddings: (B, F).
            indices: Which of them, in this order; all for None.
        """
        encoded = self.encoder.prepare(batch, indices)
        if features is None:
            return PreparedBatch(encoded, encoded.distinct, None)
        kept = torch.from_numpy(features if indices is None else features[indices])
        return PreparedBatch(encoded, encoded.distinct, kept)

    def embed(self, prepared: PreparedBatch) -> torch.Tensor:
        """What a head reads for each architecture, embedding and features: (E, B, D + F)."""
        values: torch.Tensor = self.encoder(prepared.encoded).index_select(1, prepared.distinct)
        if prepared.features is None:
            return values
        return torch.cat([values, prepared.features.expand(len(values), -1, -1)], dim=2)

    @abstractmethod
    def reset_head(self, generator: torch.Generator) -> None:
        """Draw the head's parameters anew."""

    @abstractmethod
    def forward(self, prepared: PreparedBatch) -> torch.Tensor:
        """Score B architectures: (E, B)."""

    @abstractmethod
    def loss(
        self, prepared: PreparedBatch, targets: torch.Tensor, generator: torch.Generator
    ) -> torch.Tensor:
        """The loss of a training step, summed over the members.

        Args:
            prepared: B architectures.
            targets: (B,).
            generator: The source of randomness.
        """

    def settle(
        self,
        known: GraphBatch | NetworkBatch,
        features: npt.NDArray[np.float32] | None,
        targets: torch.Tensor,
    ) -> None:
        """Take from the training set what scoring needs; called before scoring whenever parameters have changed.

        Args:
            known: The training set: B architectures.
            features: Their features, where such join the embeddings: (B, F).
            targets: (B,).
        """


class HeadScorer(Scorer):
    """A head of linear layers with ReLU and dropout between them.

    Args:
        encoder: Turns a prepared batch into embeddings, for E members.
        members: E.
        hidden: Widths of the head's hidden layers.
        dropout: Share of the hidden units left out at each training step.
        ranking_loss: Compares scores with targets.
        features: F, how many features of a batch join every embedding; 0 for none.
    """

    def __init__(
        self,
        encoder: Encoder,
        members: int,
        hidden: Sequence[int],
        dropout: float,
        ranking_loss: RankingLoss,
        features: int = 0,
    ) -> None:
        super().__init__(encoder, features)
        self.members = members
        self.dropout = dropout
        self.ranking_loss = ranking_loss
        widths = [self.width, *hidden, 1]
        self.head: Sequence[MemberLinear] = nn.ModuleList(  # type: ignore[assignment]
            MemberLinear(members, a, b) for a, b in pairwise(widths)
        )

    def reset_head(self, generator: torch.Generator) -> None:
        """Draw the head's parameters anew."""
        for layer in self.head:
            layer.reset(generator)

    def forward(self, prepared: PreparedBatch, kept: Sequence[torch.Tensor] = ()) -> torch.Tensor:
        """Score B architectures.

        Args:
            prepared: The architectures.
            kept: For training with dropout, a factor for every hidden unit: a tensor (E, B, width) a hidden layer.
                Without it, equal embeddings are scored once.

        Returns:
            Scores by every member: (E, B).
        """
        apart = bool(kept) or prepared.features is not None
        values = self.embed(prepared) if apart else self.encoder(prepared.encoded)
        for index, layer in enumerate(self.head[:-1]):
            values = torch.relu(layer(values))
            if kept:
                values = values * kept[index]
        scores: torch.Tensor = self.head[-1](values).squeeze(2)
        return scores if apart else scores.index_select(1, prepared.distinct)

    def loss(
        self, prepared: PreparedBatch, targets: torch.Tensor, generator: torch.Generator
    ) -> torch.Tensor:
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
        features: F, how many features of a batch join every embedding; 0 for none.
    """

    references: torch.Tensor
    """What the head reads for the R references: (E, R, D + F)."""

    def __init__(
        self,
        encoder: Encoder,
        members: int,
        dropout: float,
        comparing: PairwiseComparator,
        features: int = 0,
    ) -> None:
        super().__init__(encoder, features)
        self.dropout = dropout
        self.comparing = comparing
        self.comparator = Comparator(members, self.width, comparing.width)
        self.register_buffer("references", torch.zeros(members, comparing.references, self.width))

    def reset_head(self, generator: torch.Generator) -> None:
        """Draw the comparator's parameters anew."""
        self.comparator.reset(generator)

    def forward(self, prepared: PreparedBatch) -> torch.Tensor:
        """Score B architectures by how they fare against the references: (E, B)."""
        if prepared.features is not None:
            scores: torch.Tensor = self.comparator(self.embed(prepared), self.references)
            return scores
        scores = self.comparator(self.encoder(prepared.encoded), self.references)
        return scores.index_select(1, prepared.distinct)

    def loss(
        self, prepared: PreparedBatch, targets: torch.Tensor, generator: torch.Generator
    ) -> torch.Tensor:
        """The loss of drawn pairs in both orders."""
        return self.comparing.loss(self.comparator, self.embed(prepared), targets, generator, self.dropout)

    def settle(
        self,
        known: GraphBatch | NetworkBatch,
        features: npt.NDArray[np.float32] | None,
        targets: torch.Tensor,
    ) -> None:
        """Embed the references: training architectures evenly spaced in rank, some twice where there are few."""
        ranks = torch.linspace(0, len(targets) - 1, self.comparing.references).round().long()
        indices = torch.argsort(targets, stable=True)[ranks]
        with torch.no_grad():
            self.references = self.embed(self.prepare(known, features, indices.numpy()))


def scores_of(
    candidates: Candidates, scorer: Scorer, settings: EncoderSettings, simplify: bool = False
) -> npt.NDArray[np.float64]:
    """Score all candidates, a part after the other: (E, B).

    Args:
        candidates: B architectures; they keep what is prepared of them.
        scorer: Does the scoring.
        settings: Those of its encoder, for which preparations are kept.
        simplify: Whether the space's function rules simplify the graphs first.
    """
    parts = candidates.parts(simplify, settings.of_networks)

    def prepare() -> list[PreparedBatch]:
        features = candidates.features if scorer.features else None
        batch = batch_for(settings, candidates, simplify)
        return [scorer.prepare(batch, features, part) for part in parts]

    prepared = candidates.kept((settings, simplify, scorer.features > 0), prepare)
    with one_thread() as threads, ThreadPoolExecutor(threads) as pool:
        scored = list(pool.map(partial(_scored, scorer), prepared))
    scores = torch.cat(scored, dim=1).numpy().astype(np.float64)
    ordered = np.empty_like(scores)
    ordered[:, np.concatenate(parts)] = scores
    return ordered


def batch_for(
    settings: EncoderSettings, candidates: Candidates, simplify: bool = False
) -> GraphBatch | NetworkBatch:
    """The candidates in the form that an encoder of these settings reads."""
    return candidates.networks(simplify) if settings.of_networks else candidates.batch(simplify)


def _scored(scorer: Scorer, prepared: PreparedBatch) -> torch.Tensor:
    with torch.inference_mode():
        scores: torch.Tensor = scorer(prepared)
    return scores
