"""A recurrent network that reads an architecture choice by choice.

Reference: the LSTM baseline of GATES (ECCV 2020), section 4; Hochreiter and Schmidhuber, Long Short-Term Memory
(Neural Computation 1997), in PyTorch's form.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from archrank.encoders.base import Encoder, EncoderSettings, MemberLinear
from archrank.encoders.batch import GraphBatch
from archrank.encoders.flat import flat_choices
from archrank.encoders.sparse_sum import SparseSum

__all__ = ["LSTM", "LSTMEncoder"]


@dataclass(frozen=True)
class LSTM(EncoderSettings):
    """Settings of the LSTM.

    Choices with equally many options share one table of embeddings, as the edges of NAS-Bench-101 and its vertices
    do, or all edges of NAS-Bench-201: they are mostly the same options at another position, and the order of the
    sequence gives the position.

    Attributes:
        width: Width of an option's embedding.
        hidden: D, the width of the state, whose last value is the embedding of the architecture.
    """

    width: int = 100
    hidden: int = 100

    def build(self, template: GraphBatch, members: int, generator: torch.Generator) -> "LSTMEncoder":
        """Make an encoder with fresh parameters."""
        encoder = LSTMEncoder(self, members, flat_choices(template).options)
        encoder.reset(generator)
        return encoder


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One choice: from the distinct beginnings of the rows before it to those that include it.

    Attributes:
        before: Chooses the beginning that each one continues.
        option: Chooses the option that it continues with, among the rows of all tables.
    """

    before: SparseSum
    option: SparseSum


@dataclass(frozen=True, slots=True, eq=False)
class Sequences:
    """The rows of a batch, in which equal beginnings are one.

    Attributes:
        steps: One for each choice.
        distinct: Which of the distinct rows each of the B architectures is: (B,).
    """

    steps: tuple[Step, ...]
    distinct: torch.Tensor


class LSTMEncoder(Encoder):
    """The LSTM module; see :class:`LSTM` for its settings.

    Args:
        settings: The settings.
        members: E, how many independent encoders.
        options: How many options each choice has.
    """

    def __init__(self, settings: LSTM, members: int, options: tuple[int, ...]) -> None:
        super().__init__()
        self.settings = settings
        self.features = settings.hidden
        tables = tuple(dict.fromkeys(options))
        first = dict(zip(tables, np.cumsum((0, *tables[:-1])).tolist(), strict=True))
        self.first = tuple(first[size] for size in options)
        self.options = nn.Parameter(torch.empty(members, sum(tables), settings.width))
        self.read = MemberLinear(members, settings.width, 4 * settings.hidden)
        self.recur = MemberLinear(members, settings.hidden, 4 * settings.hidden)

    def reset(self, generator: torch.Generator) -> None:
        """Initialize all parameters as PyTorch does: embeddings normal, all others uniform in ±1/√hidden."""
        with torch.no_grad():
            self.options.normal_(generator=generator)
        for layer in (self.read, self.recur):
            layer.reset(generator, self.settings.hidden**-0.5)

    def prepare(self, batch: GraphBatch, indices: npt.NDArray[np.int64] | None = None) -> Sequences:
        """Number the distinct beginnings of the rows, choice after choice."""
        choices = flat_choices(batch, indices)
        beginning = np.zeros(len(choices.rows), dtype=np.int64)
        beginnings = 1
        steps: list[Step] = []
        for column, size, first in zip(choices.rows.T, choices.options, self.first, strict=True):
            longer, beginning = np.unique(beginning * size + column, return_inverse=True)
            before, option = np.divmod(longer, size)
            steps.append(
                Step(
                    SparseSum.choice(before, beginnings),
                    SparseSum.choice(first + option, self.options.shape[1]),
                )
            )
            beginnings = len(longer)
        return Sequences(tuple(steps), torch.from_numpy(beginning))

    def forward(self, prepared: Sequences) -> torch.Tensor:
        """Read the rows and keep the last state: (E, distinct, D)."""
        # There are few options, so their part of the gates is computed once and not at every step.
        read = self.read(self.options)
        state: torch.Tensor = read.new_zeros(len(read), 1, self.settings.hidden)
        memory = state
        for step in prepared.steps:
            gates = step.option(read) + step.before(self.recur(state))
            enter, keep, new, leave = gates.chunk(4, dim=2)
            memory = torch.sigmoid(keep) * step.before(memory) + torch.sigmoid(enter) * torch.tanh(new)
            state = torch.sigmoid(leave) * torch.tanh(memory)
        return state
