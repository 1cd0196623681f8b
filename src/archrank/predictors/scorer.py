"""Encoder and score head as one module."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import nn

from archrank.encoders import Encoder
from archrank.encoders.base import MemberLinear

__all__ = ["Scorer"]


class Scorer(nn.Module):
    """An encoder and a head of linear layers with ReLU and dropout between them: one score an architecture.

    Args:
        encoder: Turns a prepared batch into embeddings, for E members.
        members: E.
        hidden: Widths of the head's hidden layers.
    """

    def __init__(self, encoder: Encoder, members: int, hidden: Sequence[int]) -> None:
        super().__init__()
        self.encoder = encoder
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
