"""TA-GATES: an architecture is encoded as it is trained, by forward passes, backward passes and updates.

Reference: Ning et al., TA-GATES: An Encoding Scheme for Neural Network Architectures (NeurIPS 2022), section 3.
For t = 1 … T, with an embedding Q of every operation site and S of every junction::

    forward   y = GATES(Q_t)                                   the same weights at every step
    backward  z = MLP(y at the outputs), sent by gated layers of their own from targets to sources
    update    Q_{t+1} = Q_t + rate · MLP(Q_t, f, b)

where f and b are what a site sends forward and backward in the last layer of its pass. No gradient flows through f
and through the Q_t that the update reads. The last y at the outputs is the embedding.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import get_args

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from archrank.encoders.base import Encoder, EncoderSettings, MemberLinear
from archrank.encoders.batch import GraphBatch
from archrank.encoders.disjoint_union import POSITION_FEATURES, disjoint_union, position_features
from archrank.encoders.incidence import Incidence
from archrank.encoders.schedule import Residual
from archrank.encoders.sparse_sum import SparseSum
from archrank.errors import PredictorError, UnknownName

__all__ = ["TAGATES", "TAGATESEncoder"]


@dataclass(frozen=True)
class TAGATES(EncoderSettings):
    """Settings of TA-GATES.

    The defaults are the authors' for operation-on-edge graphs, without what supposes the names of operations;
    :meth:`suited_to` adds that.

    Attributes:
        steps: T, how many forward passes.
        layers: How many flow layers a pass has, forward and backward.
        width: The width of every layer; times C it is D.
        operation_features: Width of an operation's embedding.
        node_features: Width of a junction's start embedding.
        start_width: Width that start embeddings are mapped to before the first layer.
        residual: Which junctions add their own transformed state: ``"all"``, ``"none"``, or ``"inputs"`` in forward
            passes and the outputs in backward ones.
        self_loops: Whether a junction's own state passes its operations too (A + I).
        bias: Whether a layer adds a bias.
        trainable_other: Whether the start embedding of junctions that are not inputs is learnt; else it stays zero.
        rate: How far an update moves the embeddings of operations.
        only_convolutions: Whether operations are updated only if their name contains ``conv``: those with weights.
        open_skips: Whether operations whose name begins with ``skip`` let everything through instead of gating it.
        positions: How much an operation's position in the graph counts in its first embedding. The authors tell apart
            operations of one kind by noise, also when they predict, or by measurements that are made on the built
            network. With noise an architecture has no embedding, let alone the same one as its isomorphic copies;
            measurements do not belong to the graph. Here the position replaces them: the distances of a site from
            inputs and outputs, and its numbers of sources and readers, through an MLP like the authors' measurements.

    Raises:
        PredictorError: No step or no layer.
        UnknownName: No such ``residual``.
    """

    steps: int = 4
    layers: int = 3
    width: int = 128
    operation_features: int = 48
    node_features: int = 48
    start_width: int = 96
    residual: Residual = "inputs"
    self_loops: bool = False
    bias: bool = False
    trainable_other: bool = False
    rate: float = 0.1
    only_convolutions: bool = False
    open_skips: bool = False
    positions: float = 0.1

    def __post_init__(self) -> None:
        if self.residual not in get_args(Residual):
            raise UnknownName("residual", self.residual, get_args(Residual))
        for name, count in (("steps", self.steps), ("layers", self.layers)):
            if count < 1:
                raise PredictorError(f"{name} is {count}; information needs at least 1 to flow through")

    @classmethod
    def suited_to(cls, template: GraphBatch) -> "TAGATES":
        """The authors' settings for NAS-Bench-101 where every junction has one operation at most, else NAS-Bench-201's.

        There are as many layers as the longest path has operations, but no fewer than the authors'.
        """
        if np.diff(template.incoming.starts).max(initial=0) <= 1:
            layers = max(5, template.depth)
            return cls(steps=3, layers=layers, self_loops=True, bias=True, trainable_other=True)
        convolutions = any("conv" in name for name in template.operations)
        return cls(layers=max(3, template.depth), only_convolutions=convolutions, open_skips=True)

    def build(self, template: GraphBatch, members: int, generator: torch.Generator) -> "TAGATESEncoder":
        """Make an encoder with fresh parameters."""
        encoder = TAGATESEncoder(
            self, members, len(template.operations), template.inputs, len(template.cells)
        )
        encoder.reset(generator)
        return encoder


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """How information passes the sites in one direction.

    Attributes:
        read: Sums the junctions that a site reads.
        add: Sums the sites that a junction reads.
        residual: The junctions that add their own transformed state; None for all.
    """

    read: SparseSum
    add: SparseSum
    residual: torch.Tensor | None


@dataclass(frozen=True, slots=True, eq=False)
class Passes:
    """A prepared batch: the disjoint union of B architectures.

    Attributes:
        start: Chooses the start of every junction.
        kinds: Chooses the kind of every site.
        positions: The position features of the sites: (1, S, features).
        forward: From sources to targets.
        backward: From targets to sources.
        inputs: The junctions that are inputs, for their self loops; None without self loops.
        updated: 1 for sites whose embedding is updated, else 0: (S, 1).
        opened: 1 for sites that let everything through, else 0: (S, 1).
        outputs: For every cell, the mean over its outputs.
        returns: For every cell, puts what comes back at its outputs.
        distinct: The numbers below B: (B,).
    """

    start: SparseSum
    kinds: SparseSum
    positions: torch.Tensor
    forward: Way
    backward: Way
    inputs: torch.Tensor | None
    updated: torch.Tensor
    opened: torch.Tensor
    outputs: tuple[SparseSum, ...]
    returns: tuple[SparseSum, ...]
    distinct: torch.Tensor


class TAGATESEncoder(Encoder):
    """The TA-GATES module; see :class:`TAGATES` for its settings.

    The backward pass is the forward pass's transpose on every graph: a site hears from its target and sends to its
    sources. On operation-on-edge graphs this is the authors'; on operation-on-node graphs they gate what arrives at
    a node by its own operation instead of its successors', which is the same recursion with the ReLU after the gate.

    Args:
        settings: The settings.
        members: E, how many independent encoders.
        kinds: K, how many operation kinds there are.
        inputs: How many inputs the cells have together.
        cells: C, how many cells an architecture has; their embeddings are concatenated.
    """

    def __init__(self, settings: TAGATES, members: int, kinds: int, inputs: int, cells: int) -> None:
        super().__init__()
        s = self.settings = settings
        self.features = cells * s.width
        self.operations = nn.Parameter(torch.empty(members, kinds, s.operation_features))
        self.input_start = nn.Parameter(torch.empty(members, inputs, s.node_features))
        self.other_start = nn.Parameter(
            torch.empty(members, cells, s.node_features), requires_grad=s.trainable_other
        )
        self.project = MemberLinear(members, s.node_features, s.start_width)
        self.forward_layers = _layers(s, members, s.start_width)
        self.backward_layers = _layers(s, members, s.width)
        self.turn = _TwoLayers(members, self.features, s.width, self.features)
        self.update = _TwoLayers(members, s.operation_features + 2 * s.width, s.width, s.operation_features)
        self.position = _TwoLayers(members, POSITION_FEATURES, 64, s.operation_features)

    def reset(self, generator: torch.Generator) -> None:
        """Initialize all parameters as the authors do."""
        with torch.no_grad():
            self.operations.normal_(generator=generator)
            self.input_start.normal_(generator=generator)
            self.other_start.zero_()
        for part in (self.project, self.turn, self.update, self.position):
            part.reset(generator)
        for layer in (*self.forward_layers, *self.backward_layers):
            layer.reset(generator)

    def prepare(self, batch: GraphBatch, indices: npt.NDArray[np.int64] | None = None) -> Passes:
        """Make the disjoint union, and list what each site and junction reads in both directions."""
        s = self.settings
        graphs = disjoint_union(batch, indices)
        sites, junctions = len(graphs.operation), len(graphs.start)
        architectures = len(graphs.outputs[0])
        heard = graphs.sources.with_column(graphs.target) if s.self_loops else graphs.sources
        into = Incidence(np.arange(sites + 1), graphs.target)
        inputs = np.flatnonzero(graphs.start < batch.inputs)
        leaving = np.unique(np.concatenate([side.columns for side in graphs.outputs]))

        def way(read: Incidence, write: Incidence, ends: npt.NDArray[np.int64]) -> Way:
            kept = {"all": None, "inputs": torch.from_numpy(ends), "none": torch.from_numpy(ends[:0])}
            arriving, _ = write.transpose(junctions)
            return Way(SparseSum.plain(read, junctions), SparseSum.plain(arriving, sites), kept[s.residual])

        def named(which: list[bool]) -> torch.Tensor:
            return torch.from_numpy(np.array(which)[graphs.operation].astype(np.float32))[:, None]

        return Passes(
            start=SparseSum.choice(graphs.start, batch.inputs + len(batch.cells)),
            kinds=SparseSum.choice(graphs.operation, len(batch.operations)),
            positions=torch.from_numpy(position_features(graphs))[None],
            forward=way(heard, into, inputs),
            backward=way(into, heard, leaving),
            inputs=torch.from_numpy(inputs) if s.self_loops else None,
            updated=named([not s.only_convolutions or "conv" in name for name in batch.operations]),
            opened=named([s.open_skips and name.startswith("skip") for name in batch.operations]),
            outputs=tuple(SparseSum.mean(side, junctions) for side in graphs.outputs),
            returns=tuple(
                SparseSum.plain(side.transpose(junctions)[0], architectures) for side in graphs.outputs
            ),
            distinct=torch.arange(architectures),
        )

    def forward(self, prepared: Passes) -> torch.Tensor:
        """Run T forward passes with T − 1 updates, and read the outputs: (E, B, C · D)."""
        s = self.settings
        start = prepared.start(self.project(torch.cat([self.input_start, self.other_start], dim=1)))
        known = prepared.kinds(self.operations)
        if s.positions:
            known = known + s.positions * self.position(prepared.positions.expand(len(known), -1, -1))
        for step in range(s.steps):
            state, sent = self._flow(self.forward_layers, start, known, prepared, prepared.forward)
            read = torch.cat([mean(state) for mean in prepared.outputs], dim=2)
            if step == s.steps - 1:
                break
            turned = self.turn(read).split(s.width, dim=2)
            back = torch.stack([put(z) for put, z in zip(prepared.returns, turned, strict=True)]).sum(dim=0)
            _, returned = self._flow(self.backward_layers, back, known, prepared, prepared.backward)
            change = self.update(torch.cat([known.detach(), sent.detach(), returned], dim=2))
            known = known + s.rate * prepared.updated * change
        return read

    def _flow(
        self,
        layers: "Sequence[_Layer]",
        state: torch.Tensor,
        known: torch.Tensor,
        prepared: Passes,
        way: Way,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """One pass: the last states of the junctions, and what the sites sent in the last layer."""
        for position, layer in enumerate(layers):
            state, sent = layer(state if position == 0 else torch.relu(state), known, prepared, way)
        return state, sent


class _Layer(nn.Module):
    """A GATES layer with an embedding, and so a gate, of its own for every site."""

    def __init__(self, settings: TAGATES, members: int, width_in: int) -> None:
        super().__init__()
        self.move = MemberLinear(members, width_in, settings.width, bias=False)
        self.attention = MemberLinear(members, settings.operation_features, settings.width)
        self.bias = nn.Parameter(torch.zeros(members, 1, settings.width)) if settings.bias else None

    def reset(self, generator: torch.Generator) -> None:
        """Initialize the parameters: the moving weights and the bias uniform in ±1/√(width out)."""
        bound = self.move.weight.shape[2] ** -0.5
        self.move.reset(generator, bound)
        self.attention.reset(generator)
        if self.bias is not None:
            with torch.no_grad():
                self.bias.uniform_(-bound, bound, generator=generator)

    def forward(
        self, state: torch.Tensor, known: torch.Tensor, prepared: Passes, way: Way
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Pass states through the gated sites: (E, N, D) to (E, N, D), and what the sites sent, (E, S, D)."""
        moved = self.move(state)
        gates = torch.sigmoid(self.attention(known))
        gates = gates + prepared.opened * (1 - gates)
        sent = gates * way.read(moved)
        flow = way.add(sent)
        if prepared.inputs is not None:
            # An input has no operation: its own state passes the gate of a constant zero embedding.
            nothing = torch.sigmoid(self.attention(known.new_zeros(len(known), 1, known.shape[2])))
            flow = flow.index_add(1, prepared.inputs, nothing * moved.index_select(1, prepared.inputs))
        if way.residual is None:
            flow = flow + moved
        elif len(way.residual):
            flow = flow.index_add(1, way.residual, moved.index_select(1, way.residual))
        return flow if self.bias is None else flow + self.bias, sent


class _TwoLayers(nn.Module):
    """A linear layer, ReLU, and another linear layer."""

    def __init__(self, members: int, width_in: int, hidden: int, width_out: int) -> None:
        super().__init__()
        self.first = MemberLinear(members, width_in, hidden)
        self.second = MemberLinear(members, hidden, width_out)

    def reset(self, generator: torch.Generator) -> None:
        """Initialize the parameters."""
        self.first.reset(generator)
        self.second.reset(generator)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """(E, rows, D in) to (E, rows, D out)."""
        out: torch.Tensor = self.second(torch.relu(self.first(values)))
        return out


def _layers(settings: TAGATES, members: int, width_in: int) -> "Sequence[_Layer]":
    widths = [width_in] + [settings.width] * settings.layers
    layers: Sequence[_Layer] = nn.ModuleList(  # type: ignore[assignment]
        _Layer(settings, members, width) for width, _ in pairwise(widths)
    )
    return layers
