"""The interface of an encoder: settings that build a module, which turns a batch of graphs into B embeddings."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

__all__ = ["Encoder", "EncoderSettings", "MemberLinear", "Prepared"]


class Prepared(Protocol):
    """What an encoder computes of a batch once, without parameters."""

    @property
    def distinct(self) -> torch.Tensor:
        """The index of each architecture's embedding among the distinct ones: (B,)."""


class MemberLinear(nn.Module):
    """A linear layer of E members, each with parameters of its own.

    Args:
        members: E.
        width_in: D of the input.
        width_out: D of the output.
        bias: Whether there is a bias.
    """

    def __init__(self, members: int, width_in: int, width_out: int, bias: bool = True) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(members, width_in, width_out))
        self.bias = nn.Parameter(torch.empty(members, 1, width_out)) if bias else None

    def reset(self, generator: torch.Generator, bound: float | None = None) -> None:
        """Draw the parameters anew, uniform in ±``bound``; ±1/√(width in) as PyTorch does when None."""
        bound = self.weight.shape[1] ** -0.5 if bound is None else bound
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.uniform_(-bound, bound, generator=generator)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """(E, rows, D in) to (E, rows, D out)."""
        if self.bias is None:
            return torch.bmm(values, self.weight)
        return torch.baddbmm(self.bias, values, self.weight)


class Encoder(nn.Module, ABC):
    """Turns B architectures into embeddings, for E members of an ensemble at once.

    Members share only the indices; every parameter has a leading axis E. An embedding depends on the architecture
    alone, not on junction order, padding or the rest of the batch. Preparing (indices only) is separate from encoding
    (parameters), so that a batch that is used in many steps is prepared once.
    """

    features: int
    """D, the width of an embedding."""

    @abstractmethod
    def prepare(self, batch: Any, indices: npt.NDArray[np.int64] | None = None) -> Any:
        """Determine what must be computed.

        Args:
            batch: B graphs: a :class:`~archrank.encoders.GraphBatch`, or a :class:`~archrank.encoders.NetworkBatch`
                where the settings are ``of_networks``.
            indices: Those to encode, in this order; all for None.

        Returns:
            An object with a ``distinct`` tensor, for :meth:`forward` only.
        """

    @abstractmethod
    def forward(self, prepared: Any) -> torch.Tensor:
        """Compute the embeddings of the distinct architectures: (E, distinct, D)."""


@dataclass(frozen=True)
class EncoderSettings(ABC):
    """The settings of an encoder: plain values that are stored with a predictor and rebuild it."""

    of_networks: ClassVar[bool] = False
    """Whether it encodes networks of any operations, and so is given a :class:`~archrank.encoders.NetworkBatch`."""

    @classmethod
    def suited_to(cls, template: Any) -> Self:
        """The default settings for graphs with the cells, inputs and operations of ``template``."""
        return cls()

    def completed(self, batch: Any) -> Self:
        """With what is to be taken from the architectures that a predictor is trained on; here nothing."""
        return self

    @abstractmethod
    def build(self, template: Any, members: int, generator: torch.Generator) -> Encoder:
        """Make an encoder with fresh parameters.

        Args:
            template: A batch of the space's graphs; only its operation kinds, its numbers of cells and inputs, and the
                numbers of options of its choices are used. Complete settings ``of_networks`` use nothing of it.
            members: E, how many independent encoders to compute as one.
            generator: The source of the initial parameters.
        """
