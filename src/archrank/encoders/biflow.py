"""BiFlow: information flows to every operation from all that comes before and all that comes after it.

Nodes are the operation sites, the inputs and one output of every cell; a node reads the sum of those whose results it
reads, and apart from that the sum of those that read its own::

    h ← h + relu( h S + A (h F) + Aᵀ (h B) + b ) W + c

A cell is read out at its output, at its inputs, and as the mean over its nodes. What lies on no path from an input to
an output is left out.

Reference: the two directions and the block are in the spirit of NN-Former (CVPR 2025), whose graph-aware feed-forward
layer brings most of what that transformer gains, and of FlowerFormer (CVPR 2024), which passes information forward and
back; there is no attention, because a node has only two or three neighbors.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from archrank.encoders.base import Encoder, EncoderSettings, MemberLinear
from archrank.encoders.batch import GraphBatch
from archrank.encoders.disjoint_union import DisjointUnion, disjoint_union
from archrank.encoders.incidence import Incidence
from archrank.encoders.sparse_sum import SparseSum
from archrank.errors import PredictorError

__all__ = ["BiFlow", "BiFlowEncoder"]


@dataclass(frozen=True)
class BiFlow(EncoderSettings):
    """Settings of BiFlow.

    Attributes:
        layers: How many blocks.
        width: The width of a node's state; three times C times this is D.
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
                f"layers is {self.layers}; information needs at least 1 to flow between operations"
            )

    def build(self, template: GraphBatch, members: int, generator: torch.Generator) -> "BiFlowEncoder":
        """Make an encoder with fresh parameters."""
        encoder = BiFlowEncoder(self, members, len(template.operations), template.inputs, len(template.cells))
        encoder.reset(generator)
        return encoder


@dataclass(frozen=True, slots=True, eq=False)
class Nodes:
    """The V nodes of the disjoint union of B architectures.

    Attributes:
        kinds: Chooses the kind of every node: an operation, an input, or the output of a cell.
        before: Sums the nodes that a node reads.
        after: Sums the nodes that read a node.
        readouts: For every cell, its output, the mean over its inputs, and the mean over all its nodes: (B, V) each.
        distinct: The numbers below B: (B,).
    """

    kinds: SparseSum
    before: SparseSum
    after: SparseSum
    readouts: tuple[SparseSum, ...]
    distinct: torch.Tensor


class BiFlowEncoder(Encoder):
    """The BiFlow module; see :class:`BiFlow` for its settings.

    Args:
        settings: The settings.
        members: E, how many independent encoders.
        kinds: K, how many operation kinds there are.
        inputs: How many inputs the cells have together.
        cells: C, how many cells an architecture has; what is read out of them is concatenated.
    """

    def __init__(self, settings: BiFlow, members: int, kinds: int, inputs: int, cells: int) -> None:
        super().__init__()
        self.settings = settings
        self.features = 3 * cells * settings.width
        self.kinds = nn.Parameter(torch.empty(members, kinds + inputs + cells, settings.node_features))
        self.project = MemberLinear(members, settings.node_features, settings.width)
        self.blocks: Sequence[_Block] = nn.ModuleList(  # type: ignore[assignment]
            _Block(members, settings.width) for _ in range(settings.layers)
        )

    def reset(self, generator: torch.Generator) -> None:
        """Initialize all parameters: embeddings normal, linear layers as PyTorch does."""
        with torch.no_grad():
            self.kinds.normal_(generator=generator)
        self.project.reset(generator)
        for block in self.blocks:
            block.reset(generator)

    def prepare(self, batch: GraphBatch, indices: npt.NDArray[np.int64] | None = None) -> Nodes:
        """Number the nodes, sites first, and list the nodes that each one reads."""
        graphs = disjoint_union(batch, indices, live=True)
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
                len(batch.operations) + batch.inputs + np.repeat(np.arange(len(batch.cells)), architectures),
            ]
        )
        nodes = len(kinds)
        return Nodes(
            kinds=SparseSum.choice(kinds, self.kinds.shape[1]),
            before=SparseSum.plain(before, nodes),
            after=SparseSum.plain(before.transpose(nodes)[0], nodes),
            readouts=tuple(self._readouts(graphs, nodes)),
            distinct=torch.arange(architectures),
        )

    def _readouts(self, graphs: DisjointUnion, nodes: int) -> Iterator[SparseSum]:
        """The readouts of every cell; input nodes come after the sites, output nodes last."""
        architectures = len(graphs.outputs[0])
        first = len(graphs.target)
        output = nodes - len(graphs.outputs) * architectures
        for c, inputs in enumerate(graphs.inputs):
            every = np.arange(architectures)
            sites = np.flatnonzero(graphs.owner // architectures == c)
            entering = first + np.arange(inputs.size)
            owners = [graphs.owner[sites] - c * architectures, np.repeat(every, inputs.shape[1]), every]
            owned = np.concatenate([sites, entering, output + every])
            yield SparseSum.choice(output + every, nodes)
            yield SparseSum.mean(Incidence.of_pairs(owners[1], entering, architectures), nodes)
            yield SparseSum.mean(Incidence.of_pairs(np.concatenate(owners), owned, architectures), nodes)
            first, output = first + inputs.size, output + architectures

    def forward(self, prepared: Nodes) -> torch.Tensor:
        """Compute the embeddings: (E, B, D)."""
        state = prepared.kinds(self.project(self.kinds))
        for block in self.blocks:
            state = block(state, prepared)
        return torch.cat([read(state) for read in prepared.readouts], dim=2)


class _Block(nn.Module):
    """A node's own state, those before it and those after it, through one hidden layer."""

    def __init__(self, members: int, width: int) -> None:
        super().__init__()
        self.own = MemberLinear(members, width, width)
        self.before = MemberLinear(members, width, width, bias=False)
        self.after = MemberLinear(members, width, width, bias=False)
        self.out = MemberLinear(members, width, width)

    def reset(self, generator: torch.Generator) -> None:
        """Initialize the parameters."""
        for layer in (self.own, self.before, self.after, self.out):
            layer.reset(generator)

    def forward(self, state: torch.Tensor, nodes: Nodes) -> torch.Tensor:
        """(E, V, D) to (E, V, D)."""
        read = self.own(state) + nodes.before(self.before(state)) + nodes.after(self.after(state))
        changed: torch.Tensor = state + self.out(torch.relu(read))
        return changed
