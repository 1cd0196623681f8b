"""A whole network: a stem, a chain of layers that read the last one or the last two, and a head."""

from collections.abc import Sequence
from typing import NamedTuple

from torch import Tensor, nn

from archrank.networks.cell import GraphCell

__all__ = ["Layer", "Network"]


class Layer(NamedTuple):
    """A link of the chain.

    Attributes:
        module: The layer.
        reads: 1 if it reads the output of the previous layer, 2 if it reads those of the previous two.
    """

    module: nn.Module
    reads: int = 1


class Network(nn.Module):
    """A trainable network for images.

    Args:
        stem: The first module. For the first layer its output counts as those of the previous two layers.
        layers: The chain.
        head: Computes logits (B, classes) from the output of the last layer.
        auxiliary: A second head, used only in training.
        auxiliary_after: The index of the layer that the second head reads, counted from 0.
    """

    def __init__(
        self,
        stem: nn.Module,
        layers: Sequence[Layer],
        head: nn.Module,
        auxiliary: nn.Module | None = None,
        auxiliary_after: int = 0,
    ) -> None:
        super().__init__()
        self.stem = stem
        self.layers = nn.ModuleList(layer.module for layer in layers)
        self.head = head
        self.auxiliary = auxiliary
        self._auxiliary_after = auxiliary_after
        self._reads = [layer.reads for layer in layers]

    def forward(self, images: Tensor) -> Tensor:
        """The logits: (B, channels, H, W) to (B, classes)."""
        return self.with_auxiliary(images, wanted=False)[0]

    def with_auxiliary(self, images: Tensor, *, wanted: bool = True) -> tuple[Tensor, Tensor | None]:
        """The logits of the head, and those of the auxiliary head or None.

        Args:
            images: (B, channels, H, W).
            wanted: Whether to compute the auxiliary logits.
        """
        before = last = self.stem(images)
        second: Tensor | None = None
        for place, (layer, reads) in enumerate(zip(self.layers, self._reads, strict=True)):
            before, last = last, layer(before, last) if reads == 2 else layer(last)
            if wanted and self.auxiliary is not None and place == self._auxiliary_after:
                second = self.auxiliary(last)
        return self.head(last), second

    def set_drop_path(self, probability: float) -> None:
        """Set the drop-path probability: that of dropping an operation's result for an image, in training."""
        for module in self.modules():
            if isinstance(module, GraphCell):
                module.drop_path = probability
