"""Graph convolution over operations: nodes carry operations, which in GATES transform the information instead.

Nodes are the operation sites and the inputs of the cells; an edge leads from what writes to a junction to every site
that reads that junction. For operation-on-node cells this is the cell's own graph, for operation-on-edge cells its
line graph.

Reference: Kipf and Welling, Semi-Supervised Classification with Graph Convolutional Networks (ICLR 2017); as the
baseline of GATES (ECCV 2020), section 4.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from archrank.encoders.base import Encoder, EncoderSettings, MemberLinear
from archrank.encoders.batch import GraphBatch
from archrank.encoders.incidence import Incidence
from archrank.encoders.schedule import distinct, positions, used
from archrank.encoders.sparse_sum import SparseSum
from archrank.errors import PredictorError

__all__ = ["GCN", "GCNEncoder", "GlobalNodeGCN"]

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class GCN(EncoderSettings):
    """Settings of the graph convolution: layers Y = Ã (X W) + b, with ReLU between them.

    Attributes:
        layers: How many layers.
        width: Width of every layer; times C it is D.
        node_features: Width of an operation's or an input's embedding.
        start_width: Width that embeddings are mapped to before the first layer.
        self_loops: Whether a node's own state counts too: Ã = Aᵀ + I. The authors' default is Aᵀ alone, under which a
            node forgets its own operation in the first layer.
        normalize: Whether an entry of Ã is divided by the root of the row sums of both its nodes.
        global_node: Whether a further node, which all operations and inputs lead to, is read instead of the mean over
            the operations.

    Raises:
        PredictorError: No layer, or normalization without self loops, where row sums may be 0.
    """

    layers: int = 3
    width: int = 128
    node_features: int = 48
    start_width: int = 48
    self_loops: bool = True
    normalize: bool = False
    global_node: bool = False

    def __post_init__(self) -> None:
        if self.layers < 1:
            raise PredictorError(
                f"layers is {self.layers}; information needs at least 1 to flow between operations"
            )
        if self.normalize and not self.self_loops:
            raise PredictorError(
                "normalize is True but self_loops is False: an operation that reads nothing has the row sum 0; "
                "set self_loops to True"
            )

    def build(self, template: GraphBatch, members: int, generator: torch.Generator) -> "GCNEncoder":
        """Make an encoder with fresh parameters."""
        encoder = GCNEncoder(self, members, len(template.operations), template.inputs, len(template.cells))
        encoder.reset(generator)
        return encoder


@dataclass(frozen=True)
class GlobalNodeGCN(GCN):
    """The GCN that is read from a global node."""

    global_node: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Nodes:
    """The nodes of a batch. Operations of one kind that read the same are one node, in however many architectures.

    Attributes:
        start: Chooses each node's start: a kind, an input, or a cell's global node.
        inner: Ã: (nodes, nodes).
        last: The rows of Ã for the nodes that are read out.
        embeddings: For every cell, what is read out of each distinct architecture: the mean over its operations, or
            its global node.
        distinct: Which distinct embedding each of the B architectures has: (B,).
    """

    start: SparseSum
    inner: SparseSum
    last: SparseSum
    embeddings: tuple[SparseSum, ...]
    distinct: torch.Tensor


class GCNEncoder(Encoder):
    """The GCN module; see :class:`GCN` for its settings.

    Args:
        settings: The settings.
        members: E, how many independent encoders.
        kinds: K, how many operation kinds there are.
        inputs: How many inputs the cells have together.
        cells: C, how many cells an architecture has; their embeddings are concatenated.
    """

    def __init__(self, settings: GCN, members: int, kinds: int, inputs: int, cells: int) -> None:
        super().__init__()
        self.settings = settings
        self.features = cells * settings.width
        self.operations = nn.Parameter(torch.empty(members, kinds, settings.node_features))
        self.input_start = nn.Parameter(torch.empty(members, inputs, settings.node_features))
        self.global_start = (
            nn.Parameter(torch.empty(members, cells, settings.node_features))
            if settings.global_node
            else None
        )
        self.project = MemberLinear(members, settings.node_features, settings.start_width)
        widths = [settings.start_width] + [settings.width] * settings.layers
        self.layers: Sequence[_Convolution] = nn.ModuleList(  # type: ignore[assignment]
            _Convolution(members, a, b) for a, b in pairwise(widths)
        )

    def reset(self, generator: torch.Generator) -> None:
        """Initialize all parameters as the authors do."""
        with torch.no_grad():
            self.operations.normal_(generator=generator)
            self.input_start.normal_(generator=generator)
            if self.global_start is not None:
                self.global_start.zero_()
        self.project.reset(generator)
        for layer in self.layers:
            layer.reset(generator)

    def prepare(self, batch: GraphBatch, indices: npt.NDArray[np.int64] | None = None) -> Nodes:
        """Find the nodes of the architectures and the nodes that each one reads."""
        rows = np.arange(len(batch)) if indices is None else np.asarray(indices, dtype=np.int64)
        junctions, which = distinct([side.take(rows) for side in batch.junctions])
        sites = [side.then(batch.incoming) for side in junctions]
        operations = used(np.concatenate([side.columns for side in sites]), len(batch.operation))
        position = positions(operations, len(batch.operation))
        sites = [Incidence(side.starts, position[side.columns]) for side in sites]

        kinds, cells = len(batch.operations), len(batch.cells)
        start = np.concatenate([batch.operation[operations], kinds + np.arange(batch.inputs)])
        edges = [_edges(batch, operations, position)]
        read, readouts = np.arange(len(operations)), [SparseSum.mean(side, len(operations)) for side in sites]
        if self.settings.global_node:
            read = len(start) + np.arange(cells * len(sites[0]))
            readouts = [SparseSum.choice(part, len(read)) for part in np.split(read - len(start), cells)]
            edges += _edges_to_globals(sites, read, len(operations) + np.arange(batch.inputs))
            start = np.append(start, kinds + batch.inputs + np.repeat(np.arange(cells), len(sites[0])))
        every = np.arange(len(start))
        if self.settings.self_loops:
            edges.append((every, every))
        readers, read_by_them = (np.concatenate(side) for side in zip(*edges, strict=True))
        adjacency = Incidence.of_pairs(readers, read_by_them, len(start))
        return Nodes(
            start=SparseSum.choice(start, kinds + batch.inputs + (cells if self.settings.global_node else 0)),
            inner=self._rows(adjacency, every),
            last=self._rows(adjacency, read),
            embeddings=tuple(readouts),
            distinct=torch.from_numpy(which),
        )

    def forward(self, prepared: Nodes) -> torch.Tensor:
        """Pass states along the edges: (E, distinct, C · D)."""
        starts: list[torch.Tensor] = [self.operations, self.input_start]
        if self.global_start is not None:
            starts.append(self.global_start)
        state = prepared.start(self.project(torch.cat(starts, dim=1)))
        for layer in self.layers[:-1]:
            state = torch.relu(layer(state, prepared.inner))
        state = self.layers[-1](state, prepared.last)
        return torch.cat([read(state) for read in prepared.embeddings], dim=2)

    def _rows(self, adjacency: Incidence, rows: Ints) -> SparseSum:
        """The given rows of Ã."""
        kept = adjacency.take(rows)
        if not self.settings.normalize:
            return SparseSum.plain(kept, len(adjacency))
        sums = np.diff(adjacency.starts)
        products = np.repeat(sums[rows], sums[rows]) * sums[kept.columns]
        return SparseSum(kept, len(adjacency), (products**-0.5).astype(np.float32))


class _Convolution(nn.Module):
    """One layer, Ã (X W) + b."""

    def __init__(self, members: int, width_in: int, width_out: int) -> None:
        super().__init__()
        self.move = MemberLinear(members, width_in, width_out, bias=False)
        self.bias = nn.Parameter(torch.empty(members, 1, width_out))

    def reset(self, generator: torch.Generator) -> None:
        """Initialize the parameters, uniform in ±1/√(width out)."""
        bound = self.move.weight.shape[2] ** -0.5
        self.move.reset(generator, bound)
        with torch.no_grad():
            self.bias.uniform_(-bound, bound, generator=generator)

    def forward(self, state: torch.Tensor, adjacency: SparseSum) -> torch.Tensor:
        """(E, nodes, D in) to (E, rows of the adjacency, D out)."""
        moved: torch.Tensor = adjacency(self.move(state))
        return moved + self.bias


def _edges(batch: GraphBatch, operations: Ints, position: Ints) -> tuple[Ints, Ints]:
    """Readers, and the operations and inputs that they read: twice (edges,)."""
    reads = batch.sources.take(operations)
    readers = np.repeat(np.arange(len(operations)), np.diff(reads.starts))
    arriving = batch.incoming.take(reads.columns)
    starts = batch.start[reads.columns]
    inputs = starts < batch.inputs
    return (
        np.concatenate([np.repeat(readers, np.diff(arriving.starts)), readers[inputs]]),
        np.concatenate([position[arriving.columns], len(operations) + starts[inputs]]),
    )


def _edges_to_globals(sites: Sequence[Incidence], nodes: Ints, inputs: Ints) -> list[tuple[Ints, Ints]]:
    """The same for the global nodes: those of the first cell's rows, then of the second's, and so on.

    Inputs are the same in every architecture, so the nodes of all cells may read all of them.
    """
    lengths = np.concatenate([np.diff(side.starts) for side in sites])
    return [
        (np.repeat(nodes, lengths), np.concatenate([side.columns for side in sites])),
        (np.repeat(nodes, len(inputs)), np.tile(inputs, len(nodes))),
    ]
