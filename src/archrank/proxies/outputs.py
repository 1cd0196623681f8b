"""What the blocks and the layers of a network give in one forward pass."""

from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

__all__ = ["Outputs", "spectrum"]


class Outputs:
    """Within it, the outputs of blocks and of layers are collected while a network is called.

    The blocks are the children of the network, or of its only child. Containers are replaced by what they hold:
    lists, and sequences that hold more than single layers. A single layer without a weight of two or more dimensions,
    such as a normalization or a pooling, belongs to the block before it. What gives its input unchanged is no block.
    An output that a later layer overwrites counts as it is then.

    Args:
        network: The network.

    Attributes:
        layers: The output of each layer that has a trainable weight of two or more dimensions.
    """

    def __init__(self, network: nn.Module) -> None:
        self.layers: list[Tensor] = []
        self._network = network
        self._wide: list[Tensor] = []
        self._flat: list[Tensor] = []
        self._handles: list[RemovableHandle] = []

    def __enter__(self) -> Self:
        for part in _parts(self._network):
            self._handles.append(part.register_forward_hook(self._after_part))
        for layer in self._network.modules():
            if _weighted(layer, recurse=False):
                self._handles.append(layer.register_forward_hook(self._after_layer))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for handle in self._handles:
            handle.remove()

    def blocks(self, output: Tensor) -> list[Tensor]:
        """The outputs of the blocks that have positions, in order; those without if none has: (B, C, …) each.

        Args:
            output: What the network gave, which is not the output of a block.
        """
        return [each for each in self._wide or self._flat if each is not output]

    def _after_layer(self, layer: nn.Module, given: Any, result: Any) -> None:
        if (found := _tensor(result)) is not None:
            self.layers.append(found)

    def _after_part(self, part: nn.Module, given: Any, result: Any) -> None:
        if (found := _tensor(result)) is None:
            return
        blocks = self._wide if found.dim() > 2 and found[0, 0].numel() > 1 else self._flat
        if any(part.children()) or _weighted(part, recurse=True):
            if not blocks or not _same(blocks[-1], found):
                blocks.append(found)
        elif blocks:
            blocks[-1] = found


def spectrum(values: Tensor, *, signals: bool = False) -> Tensor:
    """A matrix with the nonzero eigenvalues of the covariance of channels over images and positions.

    It is the covariance, or the smaller matrix of inner products where there are more channels than positions.

    Args:
        values: (B, C, …), or tokens (B, T, C).
        signals: Whether three dimensions are (B, C, length).
    """
    flat = as_images(values.detach(), signals=signals).flatten(2)
    images, channels, positions = flat.shape
    flat = flat - flat.mean((0, 2), keepdim=True)
    if images * positions < channels:
        rows = flat.transpose(1, 2).reshape(-1, channels)
        return (rows @ rows.T).double() / len(rows)
    return torch.bmm(flat, flat.transpose(1, 2)).double().sum(0) / (images * positions)


def as_images(values: Tensor, *, signals: bool = False) -> Tensor:
    """Features with two dimensions of positions: (B, C, H, W)."""
    if values.dim() == 2:
        return values[:, :, None, None]
    if values.dim() == 3:
        return (values if signals else values.transpose(1, 2)).unsqueeze(2)
    return values if values.dim() == 4 else values.flatten(3)


def _parts(network: nn.Module) -> list[nn.Module]:
    parts = [part for child in network.children() for part in _opened(child)]
    while len(parts) == 1 and any(parts[0].children()):
        parts = [part for child in parts[0].children() for part in _opened(child)]
    return parts or [network]


def _opened(module: nn.Module) -> Iterator[nn.Module]:
    several = isinstance(module, nn.Sequential) and any(any(child.children()) for child in module)
    if several or isinstance(module, nn.ModuleList | nn.ModuleDict):
        for child in module.children():
            yield from _opened(child)
    else:
        yield module


def _weighted(module: nn.Module, *, recurse: bool) -> bool:
    return any(p.requires_grad and p.dim() > 1 for p in module.parameters(recurse=recurse))


def _same(before: Tensor, after: Tensor) -> bool:
    return before is after or (before.shape == after.shape and torch.equal(before, after))


def _tensor(result: Any) -> Tensor | None:
    found = result[0] if isinstance(result, tuple) and result else result
    return found if isinstance(found, Tensor) and found.dim() > 1 and found.is_floating_point() else None
