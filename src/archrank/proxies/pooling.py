"""A faster average of 3 × 3 pixels, with the same result to the last bit."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["quicken"]

_MANY = 2**16
"""Up to so many values PyTorch is as fast."""


def quicken(layer: nn.Module) -> None:
    """Let a layer that averages 3 × 3 pixels, with stride 1, do so faster; other layers stay as they are.

    PyTorch averages images with the channels first one pixel at a time. Here whole images are added instead, shifted,
    in the same order, forward and backward.
    """
    if type(layer) is nn.AvgPool2d and "forward" not in vars(layer):
        sides = (layer.kernel_size, layer.stride, layer.padding)
        plain = not (layer.ceil_mode or layer.count_include_pad or layer.divisor_override)
        if plain and all(side in (n, (n, n)) for side, n in zip(sides, (3, 1, 1), strict=True)):
            # A function without state, so that a copy of the layer may have it too.
            layer.forward = _average  # type: ignore[method-assign, assignment]


def _average(x: Tensor) -> Tensor:
    """The average of each pixel and its neighbors in the image."""
    if x.dim() != 4 or not x.is_contiguous() or x.numel() <= _MANY:
        return F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)
    result: Tensor = _Average.apply(x)  # type: ignore[no-untyped-call]
    return result


class _Average(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, x: Tensor) -> Tensor:
        context.counts = _sums(x.new_ones(1, 1, *x.shape[2:]))
        return _sums(x).div_(context.counts)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> Tensor:
        return _sums(gradients[0] / context.counts)


def _sums(x: Tensor) -> Tensor:
    """The sum of each pixel and its neighbors, row by row: (B, C, H, W)."""
    height, width = x.shape[2:]
    wider = F.pad(x, (1, 1, 1, 1))
    shifted = [wider[:, :, i : i + height, j : j + width] for i in range(3) for j in range(3)]
    total = shifted[0] + shifted[1]
    for each in shifted[2:]:
        total += each
    return total
