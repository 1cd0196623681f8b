"""The choices themselves as the embedding: with a score head behind it, a multi-layer perceptron.

Reference: the MLP baseline of GATES (ECCV 2020), section 4.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from archrank.encoders.base import Encoder, EncoderSettings
from archrank.encoders.batch import GraphBatch
from archrank.encoders.flat import flat_choices

__all__ = ["MLP", "MLPEncoder", "OneHotMLP"]


@dataclass(frozen=True)
class MLP(EncoderSettings):
    """Settings of the flat encoding.

    It sees the encoding of an architecture, not what it computes: two encodings of isomorphic graphs have different
    embeddings.

    Attributes:
        one_hot: Whether an option is one-hot encoded; else it is its index as a number, as in the authors' code.
    """

    one_hot: bool = False

    def build(self, template: GraphBatch, members: int, generator: torch.Generator) -> "MLPEncoder":
        """Make an encoder; it has no parameters, so nothing is drawn."""
        return MLPEncoder(self, members, flat_choices(template).options)


@dataclass(frozen=True)
class OneHotMLP(MLP):
    """The MLP on one-hot options."""

    one_hot: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Flat:
    """The rows as numbers. Equal rows are not merged: finding them takes longer than it saves.

    Attributes:
        values: (B, D).
        distinct: The numbers below B: (B,).
    """

    values: torch.Tensor
    distinct: torch.Tensor


class MLPEncoder(Encoder):
    """The MLP's encoder, without parameters: what is learnt is the score head's; see :class:`MLP` for its settings.

    Args:
        settings: The settings.
        members: E, for how many independent heads.
        options: How many options each choice has.
    """

    def __init__(self, settings: MLP, members: int, options: tuple[int, ...]) -> None:
        super().__init__()
        self.settings = settings
        self.members = members
        self.features = sum(options) if settings.one_hot else len(options)

    def prepare(self, batch: GraphBatch, indices: npt.NDArray[np.int64] | None = None) -> Flat:
        """Turn the rows into numbers."""
        choices = flat_choices(batch, indices)
        values = choices.rows.astype(np.float32)
        if self.settings.one_hot:
            first = np.cumsum((0, *choices.options[:-1]))
            values = np.zeros((len(values), self.features), dtype=np.float32)
            np.put_along_axis(values, choices.rows + first, 1.0, axis=1)
        return Flat(torch.from_numpy(values), torch.arange(len(values)))

    def forward(self, prepared: Flat) -> torch.Tensor:
        """The same numbers for every member: (E, B, D)."""
        return prepared.values.expand(self.members, -1, -1)
