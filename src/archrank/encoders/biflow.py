"""BiFlow: every operation hears of all that comes before it and all that comes after it.

Nodes are the operation sites, the inputs and one output of every cell; a node reads the sum of those whose results it
reads, and apart from that the sum of those that read its own::

    h ← h + relu( h S + A (h F) + Aᵀ (h B) + b ) W + c

An architecture is read out as the mean over its nodes. What lies on no path from an input to an output is left out.

Reference: the two directions and the block are in the spirit of NN-Former (CVPR 2025), whose graph-aware feed-forward
layer brings most of what that transformer gains, and of FlowerFormer (CVPR 2024), which passes information forward and
back; attention is left out, for what it would choose among are two or three neighbours.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from archrank.encoders.base import Encoder, EncoderSettings, MemberLinear
from archrank.encoders.batch import GraphBatch, Incidence
from archrank.encoders.sums import Sum
from archrank.encoders.union import union
from archrank.errors import PredictorError

__all__ = ["BiFlow", "BiFlowEncoder"]


@dataclass(frozen=True)
class BiFlow(EncoderSettings):
    """Settings of BiFlow.

    Attributes:
        layers: How many blocks.
        width: The width of a node's state; times C it is D.
        node_features: Width of an operation's or an input's embedding.

    Raises:
        PredictorError: No layer.
    """

    layers: int = 4
    width: int = 64
    node_features: int = 32

    def __post_init__(self) -> None:
        if self.layers < 1:
            raise PredictorError(
                f"layers is {self.layers}; operations need at least 1 to hear of one another"
            )

    def build(self, like: GraphBatch, members: int, generator: torch.Generator) -> "BiFlowEncoder":
        """Make an encoder with fresh parameters."""
        encoder = BiFlowEncoder(self, members, len(like.operations), like.inputs, like.cells)
        encoder.reset(generator)
        return encoder


@dataclass(frozen=True, slots=True, eq=False)
class Nodes:
    """The V nodes of B architectures beside one another.

    Attributes:
        kinds: Chooses the kind of every node: an operation, an input, or the output of a cell.
        before: Sums the nodes that a node reads.
        after: Sums the nodes that read a node.
        means: The mean over the nodes of every cell, the first cells of all architectures first: (C · B, V).
        distinct: The numbers below B: (B,).
    """

    kinds: Sum
    before: Sum
    after: Sum
    means: Sum
    distinct: torch.Tensor


class BiFlowEncoder(Encoder):
    """The BiFlow module; see :class:`BiFlow` for its settings.

    Args:
        settings: The settings.
        members: E, how many independent encoders.
        kinds: K, how many operation kinds there are.
        inputs: How many inputs the cells have together.
        cells: C, how many cells an architecture has; their embeddings are concatenated.
    """

    def __init__(self, settings: BiFlow, members: int, kinds: int, inputs: int, cells: int) -> None:
        super().__init__()
        self.settings = settings
        self.cells = cells
        self.features = cells * settings.width
        self.kinds = nn.Parameter(torch.empty(members, kinds + inputs + cells, settings.node_features))
        self.project = MemberLinear(members, settings.node_features, settings.width)
        self.blocks: Sequence[_Block] = nn.ModuleList(  # type: ignore[assignment]
            _Block(members, settings.width) for _ in range(settings.layers)
        )

    def reset(self, generator: torch.Generator) -> None:
        """Draw all parameters anew: embeddings normal, linear layers as PyTorch does."""
        with torch.no_grad():
            self.kinds.normal_(generator=generator)
        self.project.reset(generator)
        for block in self.blocks:
            block.reset(generator)

    def prepare(self, batch: GraphBatch, chosen: npt.NDArray[np.int64] | None = None) -> Nodes:
        """Number the nodes, sites first, and work out who reads whom."""
        graphs = union(batch, chosen, live=True)
        sites, architectures = len(graphs.target), len(graphs.outputs[0])
        inputs = np.concatenate([side.ravel() for side in graphs.inputs])
        writers = Incidence.of_pairs(
            np.concatenate([graphs.target, inputs]), np.arange(sites + len(inputs)), len(graphs.start)
        )
        reads = [graphs.sources, Incidence(np.zeros(len(inputs) + 1, np.int64), inputs[:0]), *graphs.outputs]
        before = Incidence.stacked([each.then(writers) for each in reads])
        kinds = np.concatenate(
            [
                graphs.operation,
                len(batch.operations) + graphs.start[inputs],
                len(batch.operations) + batch.inputs + np.repeat(np.arange(batch.cells), architectures),
            ]
        )
        cells = np.arange(batch.cells * architectures).reshape(batch.cells, architectures)
        owners = [np.repeat(each, side.shape[1]) for each, side in zip(cells, graphs.inputs, strict=True)]
        owner = np.concatenate([graphs.owner, *owners, cells.ravel()])
        nodes = len(kinds)
        return Nodes(
            kinds=Sum.choice(kinds, self.kinds.shape[1]),
            before=Sum.plain(before, nodes),
            after=Sum.plain(before.transpose(nodes)[0], nodes),
            means=Sum.mean(Incidence.of_pairs(owner, np.arange(nodes), cells.size), nodes),
            distinct=torch.arange(architectures),
        )

    def forward(self, prepared: Nodes) -> torch.Tensor:
        """Let every node hear of the others: (E, B, C · D)."""
        state = prepared.kinds(self.project(self.kinds))
        for block in self.blocks:
            state = block(state, prepared)
        return torch.cat(torch.chunk(prepared.means(state), self.cells, dim=1), dim=2)


class _Block(nn.Module):
    """What a node is, what comes before it and what comes after it, through one hidden layer."""

    def __init__(self, members: int, width: int) -> None:
        super().__init__()
        self.own = MemberLinear(members, width, width)
        self.before = MemberLinear(members, width, width, bias=False)
        self.after = MemberLinear(members, width, width, bias=False)
        self.out = MemberLinear(members, width, width)

    def reset(self, generator: torch.Generator) -> None:
        """Draw the parameters anew."""
        for layer in (self.own, self.before, self.after, self.out):
            layer.reset(generator)

    def forward(self, state: torch.Tensor, nodes: Nodes) -> torch.Tensor:
        """(E, V, D) to (E, V, D)."""
        heard = self.own(state) + nodes.before(self.before(state)) + nodes.after(self.after(state))
        changed: torch.Tensor = state + self.out(torch.relu(heard))
        return changed
