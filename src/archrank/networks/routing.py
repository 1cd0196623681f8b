"""Layers of networks of free form: they rearrange an image, split it, or join several.

All work on (B, channels, height, width), so that what is between two swaps sees rows or columns as channels.
"""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

from archrank.errors import SpaceError
from archrank.networks.layers import conv

__all__ = ["JOINING_OPERATIONS", "ROUTING_OPERATIONS", "JoiningFactory", "Shape"]

Shape = tuple[int, int, int]
"""Channels, height and width."""

JoiningFactory = Callable[[Sequence[Shape]], tuple[nn.Module, Shape]]
"""Makes a layer of several arguments from their shapes; returns it with the shape of its output."""


class Swap(nn.Module):
    """Exchanges channels with rows (axis 2) or with columns (axis 3)."""

    def __init__(self, axis: int) -> None:
        super().__init__()
        self._axis = axis

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, H, C, W), or to (B, W, H, C)."""
        return x.transpose(1, self._axis)


class Patches(nn.Module):
    """The pixels of a patch as channels: two side by side, and as many below them as the patch is high."""

    def __init__(self, high: int) -> None:
        super().__init__()
        self._high = high

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, 2 · high · C, H / high, W / 2)."""
        batch, channels, height, width = x.shape
        split = x.reshape(batch, channels, height // self._high, self._high, width // 2, 2)
        return split.permute(0, 1, 3, 5, 2, 4).reshape(batch, -1, height // self._high, width // 2)


class Unpatch(nn.Module):
    """What :class:`Patches` does, undone."""

    def __init__(self, high: int) -> None:
        super().__init__()
        self._high = high

    def forward(self, x: Tensor) -> Tensor:
        """(B, 2 · high · C, H, W) to (B, C, high · H, 2 · W)."""
        batch, channels, height, width = x.shape
        split = x.reshape(batch, channels // (2 * self._high), self._high, 2, height, width)
        return split.permute(0, 1, 4, 2, 5, 3).reshape(batch, -1, height * self._high, width * 2)


class Half(nn.Module):
    """The first or the second half of the channels."""

    def __init__(self, channels: int, second: bool) -> None:
        super().__init__()
        self._part = slice(channels // 2, None) if second else slice(channels // 2)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C / 2, H, W)."""
        return x[:, self._part]


class Concat(nn.Module):
    """The channels of all arguments."""

    def forward(self, *values: Tensor) -> Tensor:
        """Each (B, C, H, W) to (B, sum of C, H, W)."""
        return torch.cat(values, dim=1)


class Gate(nn.Module):
    """The first argument times a sigmoid of the second."""

    def forward(self, value: Tensor, gate: Tensor) -> Tensor:
        """Both (B, C, H, W)."""
        return value * torch.sigmoid(gate)


class AttentionWeights(nn.Module):
    """For each pixel, the weights of all pixels of its row, from queries and keys.

    Reference: Vaswani et al., Attention Is All You Need (NeurIPS 2017), section 3.2.1.
    """

    def forward(self, queries: Tensor, keys: Tensor) -> Tensor:
        """Both (B, C, H, W) to (B, H, W, W)."""
        products = queries.permute(0, 2, 3, 1) @ keys.permute(0, 2, 1, 3)
        return torch.softmax(products * queries.shape[1] ** -0.5, dim=3)


class WeightedSum(nn.Module):
    """The values of a row, weighted for each of its pixels."""

    def forward(self, weights: Tensor, values: Tensor) -> Tensor:
        """(B, H, W, W) and (B, C, H, W) to (B, C, H, W)."""
        return (weights @ values.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


def _swap(axis: int) -> Callable[[Shape], tuple[nn.Module, Shape]]:
    def make(shape: Shape) -> tuple[nn.Module, Shape]:
        channels, height, width = shape
        return Swap(axis), (height, channels, width) if axis == 2 else (width, height, channels)

    return make


def _patches(high: int) -> Callable[[Shape], tuple[nn.Module, Shape]]:
    def make(shape: Shape) -> tuple[nn.Module, Shape]:
        channels, height, width = shape
        if height % high or width % 2:
            raise SpaceError(
                f"an image of {height}×{width} pixels has no patches of {high}×2; give larger images"
            )
        return Patches(high), (2 * high * channels, height // high, width // 2)

    return make


def _unpatch(high: int) -> Callable[[Shape], tuple[nn.Module, Shape]]:
    def make(shape: Shape) -> tuple[nn.Module, Shape]:
        channels, height, width = shape
        return Unpatch(high), (channels // (2 * high), high * height, 2 * width)

    return make


def _half(second: bool) -> Callable[[Shape], tuple[nn.Module, Shape]]:
    def make(shape: Shape) -> tuple[nn.Module, Shape]:
        channels, height, width = shape
        if channels < 2:
            raise SpaceError("one channel has no halves; give the network more channels, or larger images")
        return Half(channels, second), (channels - channels // 2 if second else channels // 2, height, width)

    return make


def _narrow(shape: Shape) -> tuple[nn.Module, Shape]:
    channels, height, width = shape
    return conv(channels, channels // 2), (channels // 2, height, width)


ROUTING_OPERATIONS: Mapping[str, Callable[[Shape], tuple[nn.Module, Shape]]] = {
    "swap_rows": _swap(2),
    "swap_columns": _swap(3),
    "patches": _patches(2),
    "unpatch": _unpatch(2),
    "pairs": _patches(1),
    "unpair": _unpatch(1),
    "first_half": _half(second=False),
    "second_half": _half(second=True),
    "narrow": _narrow,
}
"""Operations of one argument.

``patches`` are of 2×2 pixels and ``pairs`` of 1×2; ``narrow`` is a 1×1 convolution to half of the channels.
"""


def _concat(shapes: Sequence[Shape]) -> tuple[nn.Module, Shape]:
    _equal("concat", [shape[1:] for shape in shapes])
    return Concat(), (sum(shape[0] for shape in shapes), *shapes[0][1:])


def _gate(shapes: Sequence[Shape]) -> tuple[nn.Module, Shape]:
    _equal("gate", shapes, 2)
    return Gate(), shapes[0]


def _weights(shapes: Sequence[Shape]) -> tuple[nn.Module, Shape]:
    _equal("attention_weights", shapes, 2)
    _, height, width = shapes[0]
    return AttentionWeights(), (height, width, width)


def _weighted(shapes: Sequence[Shape]) -> tuple[nn.Module, Shape]:
    if len(shapes) != 2 or shapes[0] != (shapes[1][1], shapes[1][2], shapes[1][2]):
        raise SpaceError(f"weighted_sum reads weights and values, and was given the shapes {list(shapes)}")
    return WeightedSum(), shapes[1]


def _equal(name: str, shapes: Sequence[tuple[int, ...]], count: int | None = None) -> None:
    if len(set(shapes)) != 1 or count not in (None, len(shapes)):
        raise SpaceError(f"{name} joins {count or 'parts'} of equal shape, and was given {list(shapes)}")


JOINING_OPERATIONS: Mapping[str, JoiningFactory] = {
    "concat": _concat,
    "gate": _gate,
    "attention_weights": _weights,
    "weighted_sum": _weighted,
}
"""Operations whose arguments have an order."""
