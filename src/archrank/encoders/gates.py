"""GATES: an architecture is information that flows through operations.

Reference: Ning et al., A Generic Graph-based Neural Architecture Encoding Scheme for Predictor-based NAS (ECCV 2020),
section 3. One layer serves operation-on-node and operation-on-edge graphs::

    out = add ( sigmoid(A(op)) ∘ read (X W) )  +  residual (X W)  +  bias

where ``read`` sums the source states of every operation site and ``add`` sums sites into their targets
(or averages them).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import get_args

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from archrank.encoders.base import Encoder, EncoderSettings, MemberLinear
from archrank.encoders.batch import GraphBatch
from archrank.encoders.schedule import Aggregate, Flow, Level, Readout, Residual, Schedule, schedule
from archrank.errors import PredictorError, UnknownName

__all__ = ["GATES", "GATESEncoder"]

_DEEP, _NEAR = 40, 3
"""The most layers for a path through the whole graph, and the layers where there would be more."""


@dataclass(frozen=True)
class GATES(EncoderSettings):
    """Settings of GATES.

    The defaults are the authors' for operation-on-edge graphs (NAS-Bench-201); :meth:`on_node` gives those for
    operation-on-node graphs.

    Attributes:
        layers: How many flow layers.
        width: D, the width of every layer and of the embedding.
        operation_features: Width of an operation's embedding.
        node_features: Width of a junction's start embedding.
        start_width: Width that start embeddings are mapped to before the first layer.
        residual: Which junctions add their own transformed state: ``"all"``, ``"inputs"`` or ``"none"``.
        self_loops: Whether a junction's own state passes its operations too (A + I).
        bias: Whether a layer adds a bias.
        trainable_other: Whether the start embedding of junctions that are not inputs is learnt; else it stays zero.
        readout: ``"outputs"`` reads the cell's outputs, ``"junctions"`` the mean over all junctions but the inputs.
        aggregate: Whether a junction gets the ``"sum"`` or the ``"mean"`` of what its operations give.
    """

    layers: int = 5
    width: int = 128
    operation_features: int = 48
    node_features: int = 48
    start_width: int = 96
    residual: Residual = "inputs"
    self_loops: bool = False
    bias: bool = False
    trainable_other: bool = False
    readout: Readout = "outputs"
    aggregate: Aggregate = "sum"

    def __post_init__(self) -> None:
        for name, kinds in (("residual", Residual), ("readout", Readout), ("aggregate", Aggregate)):
            if getattr(self, name) not in get_args(kinds):
                raise UnknownName(name, getattr(self, name), get_args(kinds))
        if self.layers < 1:
            raise PredictorError(f"layers is {self.layers}; information needs at least 1 to flow through")

    @classmethod
    def on_node(cls) -> "GATES":
        """Settings for operation-on-node graphs: self loops instead of residuals (the authors' search example).

        Five layers do not see the input along a path of six operations; :meth:`suited_to` adds a layer where there
        are such paths.
        """
        return cls(residual="none", self_loops=True, bias=True, trainable_other=True)

    @classmethod
    def on_node_residual(cls) -> "GATES":
        """The other settings that the authors ship for NAS-Bench-101: four layers, residuals, a mean readout."""
        return cls(layers=4, residual="all", bias=True, trainable_other=True, readout="junctions")

    @classmethod
    def multi_edge(cls) -> "GATES":
        """Settings for cells whose nodes average several operations on edges, as in the spaces of ENAS and DARTS.

        The authors average over a node's two slots; here that is the mean over the operations that write to it.
        Their two layers see paths of two operations; set ``layers`` for more.
        """
        return cls(
            layers=2,
            start_width=48,
            residual="all",
            aggregate="mean",
            trainable_other=True,
            readout="junctions",
        )

    @classmethod
    def suited_to(cls, template: GraphBatch) -> "GATES":
        """On-node settings where every junction has one operation at most; else on-edge ones, or :meth:`multi_edge`.

        The last where there are several cells of several inputs each, in which every operation reads one junction: the
        normal and the reduction cell of ENAS and DARTS. There the authors' settings are taken as they stand, for no
        table of such cells was at hand to choose others on. Else there are as many layers as the longest path has
        operations, but no fewer than the authors' five. If the path is very long, three narrow layers encode what is
        near each junction, and the mean over all junctions is read: of what flows through many gates nothing is left.
        """
        on_edge = np.diff(template.incoming.starts).max(initial=0) > 1
        read_one = np.diff(template.sources.starts).max(initial=0) <= 1
        several_inputs = all(cell.inputs > 1 for cell in template.cells)
        if on_edge and read_one and several_inputs and len(template.cells) > 1:
            return cls.multi_edge()
        settings = cls() if on_edge else cls.on_node()
        if template.depth > _DEEP:
            return replace(settings, layers=_NEAR, width=64, start_width=48, readout="junctions")
        return replace(settings, layers=max(settings.layers, template.depth))

    def build(self, template: GraphBatch, members: int, generator: torch.Generator) -> "GATESEncoder":
        """Make an encoder with fresh parameters."""
        encoder = GATESEncoder(self, members, len(template.operations), template.inputs, len(template.cells))
        encoder.reset(generator)
        return encoder


class GATESEncoder(Encoder):
    """The GATES module; its settings are those of :class:`GATES`.

    Args:
        settings: The settings.
        members: E, how many independent encoders.
        kinds: K, how many operation kinds there are.
        inputs: How many inputs the cells have together.
        cells: C, how many cells an architecture has; their embeddings are concatenated.
    """

    def __init__(self, settings: GATES, members: int, kinds: int, inputs: int, cells: int) -> None:
        super().__init__()
        self.settings = settings
        self.features = cells * settings.width
        self.operations = nn.Parameter(torch.empty(members, kinds, settings.operation_features))
        self.input_start = nn.Parameter(torch.empty(members, inputs, settings.node_features))
        self.other_start = nn.Parameter(
            torch.empty(members, cells, settings.node_features), requires_grad=settings.trainable_other
        )
        self.project = MemberLinear(members, settings.node_features, settings.start_width)
        widths = [settings.start_width] + [settings.width] * settings.layers
        self.layers: Sequence[_FlowLayer] = nn.ModuleList(  # type: ignore[assignment]
            _FlowLayer(settings, members, a, b) for a, b in pairwise(widths)
        )

    def reset(self, generator: torch.Generator) -> None:
        """Initialize all parameters as the authors do."""
        with torch.no_grad():
            self.operations.normal_(generator=generator)
            self.input_start.normal_(generator=generator)
            self.other_start.zero_()
        self.project.reset(generator)
        for layer in self.layers:
            layer.reset(generator)

    def prepare(self, batch: GraphBatch, indices: npt.NDArray[np.int64] | None = None) -> Schedule:
        """Schedule the layers from the readout back to the inputs."""
        s = self.settings
        return schedule(batch, s.layers, Flow(s.residual, s.self_loops, s.aggregate), s.readout, indices)

    def forward(self, prepared: Schedule) -> torch.Tensor:
        """Compute the embeddings: (E, distinct, C · D)."""
        state = prepared.start(self.project(torch.cat([self.input_start, self.other_start], dim=1)))
        for position, (layer, level) in enumerate(zip(self.layers, prepared.levels, strict=True)):
            state = layer(state if position == 0 else torch.relu(state), self.operations, level)
        return torch.cat([mean(state) for mean in prepared.embeddings], dim=2)


class _FlowLayer(nn.Module):
    """One GATES layer. Gates depend on the operation kind alone: K of them are computed, not one per site."""

    def __init__(self, settings: GATES, members: int, width_in: int, width_out: int) -> None:
        super().__init__()
        self.self_loops = settings.self_loops
        self.move = MemberLinear(members, width_in, width_out, bias=False)
        self.attention = MemberLinear(members, settings.operation_features, width_out)
        self.bias = nn.Parameter(torch.zeros(members, 1, width_out)) if settings.bias else None

    def reset(self, generator: torch.Generator) -> None:
        """Initialize the parameters: the moving weights and the bias uniform in ±1/√(width out)."""
        bound = self.move.weight.shape[2] ** -0.5
        self.move.reset(generator, bound)
        self.attention.reset(generator)
        if self.bias is not None:
            with torch.no_grad():
                self.bias.uniform_(-bound, bound, generator=generator)

    def forward(self, state: torch.Tensor, operations: torch.Tensor, level: Level) -> torch.Tensor:
        """Pass states through gated operations into the kept states: (E, read, D) to (E, kept, D)."""
        if self.self_loops:
            # An input has no operation: its own state passes the gate of a constant zero embedding.
            operations = torch.cat([operations, torch.zeros_like(operations[:, :1])], dim=1)
        moved = self.move(state)
        gates = torch.sigmoid(self.attention(operations))
        flow = level.kinds(gates) * level.read(moved)
        if level.add is not None:
            flow = level.add(flow)
        if level.residual is not None:
            own = level.residual(moved)
            flow = flow + own if level.kept is None else flow.index_add(1, level.kept, own)
        return flow if self.bias is None else flow + self.bias
