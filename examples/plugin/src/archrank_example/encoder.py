"""The encoder ``bag``: the mean of an architecture's operation embeddings, however they are connected."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from archrank.encoders import Encoder, EncoderSettings


@dataclass(frozen=True)
class BagOfOperations(EncoderSettings):
    """The settings: the width of an operation's embedding."""

    width: int = 32

    def build(self, like, members, generator):
        encoder = BagEncoder(self.width, members, len(like.operations))
        with torch.no_grad():
            encoder.table.normal_(generator=generator)
        return encoder


@dataclass(frozen=True, eq=False)
class Bags:
    """The shares of the operations in each distinct architecture, and which of them each of the B is."""

    shares: torch.Tensor
    distinct: torch.Tensor


class BagEncoder(Encoder):
    def __init__(self, width, members, kinds):
        super().__init__()
        self.features = width
        self.table = nn.Parameter(torch.empty(members, kinds, width))

    def prepare(self, batch, chosen=None):
        counts = np.zeros((len(batch), len(batch.operations)), dtype=np.float32)
        for junctions in batch.junctions:  # one entry a cell
            owner = np.repeat(np.arange(len(batch)), np.diff(junctions.starts))
            arriving = batch.incoming.take(junctions.columns)
            owner = np.repeat(owner, np.diff(arriving.starts))
            np.add.at(counts, (owner, batch.operation[arriving.columns]), 1)
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        unique, distinct = np.unique(
            shares if chosen is None else shares[chosen], axis=0, return_inverse=True
        )
        return Bags(torch.from_numpy(unique), torch.from_numpy(distinct.reshape(-1)))

    def forward(self, prepared):
        return prepared.shares @ self.table
