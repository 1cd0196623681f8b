"""Hierarchical GATES: information flows through a network of any operations, level by level.

The idea is that of :mod:`~archrank.encoders.gates`: an operation reads the sum of what flows into it, and its embedding
gates what flows on. Here every junction is computed once, after those that it depends on, with the same parameters
everywhere::

    state = ReLU ( norm ( Σ over messages: gate ∘ (x + 0.3 x W) ) ),   x = sum of the states read

where ``norm`` divides by √(1 + mean square), scales and shifts. So what passes an operation becomes less, and a state
tells by its size how many operations lie before it, while large sums stay bounded. An operation's gate is
``sigmoid(A(embedding))``, with an embedding of its kind plus a linear map of its numbers. The gate of a node that holds
an inner cell is the state that leaves the cell, times that of an operation without an embedding: a cell's answer to a
constant input. So a hierarchy is computed from the inside to the outside. Where the order of arguments counts, each is
a message of its own, and the embedding of its place is added.

Reference: Ning et al., A Generic Graph-based Neural Architecture Encoding Scheme for Predictor-based NAS (ECCV 2020),
section 3, whose outlook names larger and hierarchical search spaces.
"""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from archrank.encoders.base import Encoder, EncoderSettings, MemberLinear
from archrank.encoders.network_batch import CONSTANT, NetworkBatch
from archrank.encoders.network_schedule import NetworkLevel, NetworkSchedule, network_schedule
from archrank.errors import PredictorError

__all__ = ["HierarchicalGATES", "HierarchicalGATESEncoder", "PreparedNetworks"]

_INPUTS, _PLACES, _OUTPUTS = 6, 6, 4
"""Inputs, places of arguments and outputs with an embedding of their own; later ones share the last."""

_CLIP = 5.0
"""Numbers further from the mean than this, in standard deviations, are clipped."""

_MIXED = 0.3
"""How much of what an operation reads is mixed; the rest passes as it is, so that much is known before training."""


@dataclass(frozen=True)
class HierarchicalGATES(EncoderSettings):
    """Settings of hierarchical GATES, for networks of any operations and for hierarchies.

    ``kinds`` and ``numbers`` are taken from the networks that a predictor is trained on unless they are given.
    Operations of another kind have the mean embedding of the kinds; other numbers are left out.

    Attributes:
        width: Width of every state; an embedding has D = 2 · ``width``.
        operation_features: Width of an operation's embedding.
        kinds: The kinds of operations that have an embedding.
        numbers: The numbers of operations that are read: name, mean and standard deviation of each.
    """

    of_networks: ClassVar[bool] = True

    width: int = 64
    operation_features: int = 32
    kinds: tuple[str, ...] = ()
    numbers: tuple[tuple[str, float, float], ...] = ()

    def __post_init__(self) -> None:
        for name in ("width", "operation_features"):
            if not isinstance(getattr(self, name), int) or getattr(self, name) < 1:
                raise PredictorError(
                    f"{name} is {getattr(self, name)!r}; it must be a whole number from 1 on"
                )
        # A file holds lists.
        object.__setattr__(self, "kinds", tuple(self.kinds))
        numbers = tuple((str(name), float(mean), float(std)) for name, mean, std in self.numbers)
        object.__setattr__(self, "numbers", numbers)

    def completed(self, batch: NetworkBatch) -> "HierarchicalGATES":
        """With the kinds of operations of a batch and the scales of their numbers, unless there are kinds already.

        Every different operation of the batch counts once.
        """
        if self.kinds:
            return self
        operations = network_schedule(batch)
        kinds = sorted({batch.kinds[kind] for kind in operations.kind})
        numbers = []
        for name, values in zip(batch.numbers, operations.values.T, strict=True):
            known = values[~np.isnan(values)]
            if len(known):
                std = float(known.std())
                numbers.append((name, float(known.mean()), std if std > 0 else 1.0))
        return replace(self, kinds=tuple(kinds), numbers=tuple(sorted(numbers)))

    def build(self, template: Any, members: int, generator: torch.Generator) -> "HierarchicalGATESEncoder":
        """Make an encoder with fresh parameters; the template is looked at only where ``kinds`` are not given."""
        encoder = HierarchicalGATESEncoder(self.completed(template), members)
        encoder.reset(generator)
        return encoder


@dataclass(frozen=True, slots=True, eq=False)
class PreparedNetworks:
    """Networks prepared for an encoder.

    Attributes:
        schedule: What is computed from what.
        kind: The kind of every operation among the encoder's, K for one that it does not know: (O,).
        numbers: The standardized numbers of every operation, 0 for one that it does not have: (O, F).
    """

    schedule: NetworkSchedule
    kind: torch.Tensor
    numbers: torch.Tensor

    @property
    def distinct(self) -> torch.Tensor:
        """Which of the distinct networks each of the B networks is: (B,)."""
        return self.schedule.distinct


class HierarchicalGATESEncoder(Encoder):
    """The module of hierarchical GATES.

    Args:
        settings: The settings, with kinds.
        members: E, how many independent encoders.
    """

    def __init__(self, settings: HierarchicalGATES, members: int) -> None:
        super().__init__()
        self.settings = settings
        width, features = settings.width, settings.operation_features
        self.features = 2 * width
        self.kinds = nn.Parameter(torch.empty(members, len(settings.kinds), features))
        self.numbers = MemberLinear(members, max(len(settings.numbers), 1), features, bias=False)
        self.places = nn.Parameter(torch.empty(members, _PLACES, features))
        self.outputs = nn.Parameter(torch.empty(members, _OUTPUTS - 1, features))
        self.start = nn.Parameter(torch.empty(members, _INPUTS + 1, width))
        self.attention = MemberLinear(members, features, width)
        self.move = MemberLinear(members, width, width, bias=False)
        self.scale = nn.Parameter(torch.ones(members, 1, width))
        self.shift = nn.Parameter(torch.zeros(members, 1, width))

    def reset(self, generator: torch.Generator) -> None:
        """Draw all parameters anew."""
        with torch.no_grad():
            for parameter in (self.kinds, self.places, self.outputs, self.start):
                parameter.normal_(generator=generator)
            self.scale.fill_(1.0)
            self.shift.zero_()
        for layer in (self.numbers, self.attention, self.move):
            layer.reset(generator)

    def prepare(self, batch: NetworkBatch, indices: npt.NDArray[np.int64] | None = None) -> PreparedNetworks:
        """Schedule the levels, and bring the operations into the form that the parameters are for."""
        scheduled = network_schedule(batch, indices)
        at = {kind: index for index, kind in enumerate(self.settings.kinds)}
        kinds = np.array([at.get(kind, len(at)) for kind in batch.kinds], dtype=np.int64)
        numbers = np.zeros((len(scheduled.kind), self.numbers.weight.shape[1]))
        columns = {name: column for column, name in enumerate(batch.numbers)}
        for index, (name, mean, std) in enumerate(self.settings.numbers):
            if name in columns:
                standard = (scheduled.values[:, columns[name]] - mean) / std
                numbers[:, index] = np.nan_to_num(np.clip(standard, -_CLIP, _CLIP), nan=0.0)
        return PreparedNetworks(
            scheduled,
            torch.from_numpy(kinds[scheduled.kind]),
            torch.from_numpy(numbers.astype(np.float32)),
        )

    def forward(self, prepared: PreparedNetworks) -> torch.Tensor:
        """Compute the embeddings, output states beside means over the junctions: (E, distinct, 2 · width)."""
        scheduled = prepared.schedule
        gates = self._gates(self._operations(prepared), scheduled.place)
        nothing = torch.zeros_like(self.start[:, :1])
        starts = (scheduled.start - CONSTANT + 1).clamp(max=_INPUTS + 1)
        held = torch.cat([nothing, self.start], dim=1).index_select(1, starts)
        states = [held]
        for level in scheduled.levels:
            new = self._level(level, held, gates)
            states.append(new)
            held = torch.cat([held.index_select(1, level.kept), new.index_select(1, level.onward)], dim=1)
        every = torch.cat(states, dim=1)
        return torch.cat([every.index_select(1, scheduled.outputs), scheduled.junctions(every)], dim=2)

    def _operations(self, prepared: PreparedNetworks) -> torch.Tensor:
        """The embeddings of the operations of all gates: (E, G, features)."""
        scheduled = prepared.schedule
        kinds = torch.cat([self.kinds, self.kinds.mean(dim=1, keepdim=True)], dim=1)
        numbers: torch.Tensor = self.numbers(prepared.numbers.expand(len(kinds), -1, -1))
        embeddings = (kinds.index_select(1, prepared.kind) + numbers).index_select(1, scheduled.operation)
        # The first output has no embedding of its own.
        outputs = torch.cat([torch.zeros_like(self.outputs[:, :1]), self.outputs], dim=1)
        return embeddings + outputs.index_select(1, scheduled.output.clamp(max=_OUTPUTS - 1))

    def _gates(self, embeddings: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
        """The gates of operations in their places, 0 where the order does not count: (E, n, width)."""
        at = torch.cat([torch.zeros_like(self.places[:, :1]), self.places], dim=1)
        placed = embeddings + at.index_select(1, places.clamp(max=_PLACES))
        return torch.sigmoid(self.attention(placed))

    def _level(self, level: NetworkLevel, held: torch.Tensor, gates: torch.Tensor) -> torch.Tensor:
        """The states of one level: (E, held, width) to (E, new, width)."""
        chosen = gates.index_select(1, level.gates)
        if len(level.inner):
            nothing = self.kinds.new_zeros(
                len(self.kinds), len(level.inner), self.settings.operation_features
            )
            inner = held.index_select(1, level.inner) * self._gates(nothing, level.place)
            chosen = torch.cat([chosen, inner], dim=1)
        read = level.read(held)
        flow = chosen * (read + _MIXED * self.move(read))
        if level.add is not None:
            flow = level.add(flow)
        flow = flow * torch.rsqrt(flow.square().mean(dim=2, keepdim=True) + 1.0)
        return torch.relu(flow * self.scale + self.shift)
