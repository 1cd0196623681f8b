"""Convolutions and the small blocks of the networks.

Weights are not drawn when a layer is made: a network draws all of them at the end, from one generator.
"""

from functools import lru_cache
from typing import Any, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = [
    "FactorizedReduce",
    "GlobalAverage",
    "Halving",
    "Sides",
    "batch_norm",
    "conv",
    "conv_bn",
    "conv_bn_relu",
    "draw_weights",
    "linear",
    "relu_conv_bn",
]


_Layer = TypeVar("_Layer", bound=nn.Module)

Sides = int | tuple[int, int]
"""A number for both sides of an image, or one for its height and one for its width."""

_FEW = 16
"""The number of values in a vector register; on some processors it is half of that."""


class _Conv(nn.Conv2d):
    """A convolution, optionally with a ReLU before it.

    A 1×1 convolution that skips pixels and reads few channels is one of stride 1 on the pixels that are left. It is the
    same arithmetic, and it is safe: oneDNN writes past the end of a buffer in the backward pass of the strided one, if
    images are in channels-last order and their channels fewer than a register holds (so with PyTorch 2.13 and 2.14).
    """

    def __init__(self, channels: int, out: int, *, stride: Sides, relu: bool, **settings: Any) -> None:
        unsafe = settings["kernel_size"] == 1 and channels < _FEW
        super().__init__(channels, out, stride=1 if unsafe else stride, **settings)
        self._every = stride if unsafe else 1
        self._relu = relu

    def forward(self, x: Tensor) -> Tensor:
        if self._every != 1:
            x = F.avg_pool2d(x, 1, self._every)  # faster than a slice, forward and backward
        return super().forward(F.relu(x) if self._relu else x)


class _Linear(nn.Linear):
    def reset_parameters(self) -> None:
        """Do nothing: PyTorch would draw the weights from its global generator."""


def conv(
    channels: int,
    out: int,
    kernel: Sides = 1,
    stride: Sides = 1,
    *,
    padding: Sides | None = None,
    groups: int = 1,
    dilation: int = 1,
    relu: bool = False,
) -> nn.Module:
    """A convolution without bias, of the ReLU of its input where ``relu``.

    By default it is padded so that stride 1 keeps the size of an image.
    """
    height, width = (kernel, kernel) if isinstance(kernel, int) else kernel
    if padding is None:
        padding = dilation * (height // 2), dilation * (width // 2)
    layer = _copy_of(_plain_conv(channels, out, kernel, stride, padding, dilation, groups, relu))
    layer.weight = nn.Parameter(torch.empty(out, channels // groups, height, width))
    return layer


def linear(features: int, out: int) -> nn.Module:
    """A linear layer with bias."""
    return _Linear(features, out)


def batch_norm(channels: int) -> nn.Module:
    """Batch normalization with scale and shift."""
    layer = _copy_of(_plain_norm(channels))
    layer.weight, layer.bias = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))
    layer.running_mean, layer.running_var = torch.zeros(channels), torch.ones(channels)
    layer.num_batches_tracked = torch.zeros((), dtype=torch.long)
    return layer


@lru_cache(maxsize=1024)
def _plain_conv(
    channels: int,
    out: int,
    kernel: Sides,
    stride: Sides,
    padding: Sides,
    dilation: int,
    groups: int,
    relu: bool,
) -> _Conv:
    return _Conv(
        channels,
        out,
        kernel_size=kernel,
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=groups,
        bias=False,
        relu=relu,
        device="meta",
    )


@lru_cache(maxsize=256)
def _plain_norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, device="meta")


def _copy_of(layer: _Layer) -> _Layer:
    """A layer with the same settings and separate, uninitialized parameters.

    A network has hundreds of layers of a few kinds, and PyTorch takes as long to make one as to make ten copies.
    """
    copied = layer.__new__(type(layer))
    copied.__dict__ = {
        name: value.copy() if isinstance(value, dict | set | list) else value
        for name, value in layer.__dict__.items()
    }
    return copied


def conv_bn(channels: int, out: int, kernel: Sides, stride: Sides = 1) -> nn.Sequential:
    """Convolution, batch normalization."""
    return nn.Sequential(conv(channels, out, kernel, stride), batch_norm(out))


def conv_bn_relu(channels: int, out: int, kernel: Sides, stride: Sides = 1) -> nn.Sequential:
    """Convolution, batch normalization, ReLU: the order of NAS-Bench-101."""
    return nn.Sequential(conv(channels, out, kernel, stride), batch_norm(out), nn.ReLU(inplace=True))


def relu_conv_bn(channels: int, out: int, kernel: Sides, stride: Sides = 1) -> nn.Sequential:
    """ReLU, convolution, batch normalization: the order of NAS-Bench-201 and DARTS."""
    return nn.Sequential(conv(channels, out, kernel, stride, relu=True), batch_norm(out))


class FactorizedReduce(nn.Module):
    """Halve an image without discarding any pixel: two strided 1×1 convolutions, one shifted by a pixel, side by side.

    Args:
        channels: The number of input channels.
        out: The number of output channels.

    Reference: Zoph et al., NASNet (CVPR 2018), as in the code of DARTS.
    """

    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.even = conv(channels, out // 2, 1, 2)
        self.odd = conv(channels, out - out // 2, 1, 2)
        self.norm = batch_norm(out)

    def forward(self, x: Tensor) -> Tensor:
        """(B, channels, H, W) to (B, out, H/2, W/2), rounded up."""
        x = F.relu(x)
        height, width = x.shape[-2:]
        # An odd image gets a row or column of zeros, so that both halves have one size.
        shifted = F.pad(x, (0, width % 2, 0, height % 2)) if height % 2 or width % 2 else x
        joined: Tensor = self.norm(torch.cat([self.even(x), self.odd(shifted[:, :, 1:, 1:])], dim=1))
        return joined


class Halving(nn.Module):
    """The residual block between stages: two 3×3 convolutions beside a pooled and widened input.

    Args:
        channels: The number of input channels.
        out: The number of output channels.
        height: The height of the input; a signal, of height 1, is halved along its length only.

    Reference: Dong and Yang, NAS-Bench-201 (ICLR 2020), section 2.1.
    """

    def __init__(self, channels: int, out: int, height: int | None = None) -> None:
        super().__init__()
        kernel: Sides = (1, 3) if height == 1 else 3
        step: Sides = (1, 2) if height == 1 else 2
        self.first = relu_conv_bn(channels, out, kernel, step)
        self.second = relu_conv_bn(out, out, kernel)
        self.beside = nn.Sequential(nn.AvgPool2d(step), conv(channels, out))

    def forward(self, x: Tensor) -> Tensor:
        """(B, channels, H, W) to (B, out, H/2, W/2)."""
        result: Tensor = self.beside(x) + self.second(self.first(x))
        return result


class GlobalAverage(nn.Module):
    """The mean over all pixels: (B, channels, H, W) to (B, channels)."""

    def forward(self, x: Tensor) -> Tensor:
        """Average."""
        return x.mean((2, 3))


def draw_weights(network: nn.Module, generator: torch.Generator) -> None:
    """Draw the weights of all convolutions and linear layers, from the distributions that PyTorch draws them from.

    Args:
        network: The network; its other layers keep their initial values.
        generator: The source of randomness.
    """
    with torch.no_grad():
        for layer in network.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                bound = layer.weight[0].numel() ** -0.5
                layer.weight.uniform_(-bound, bound, generator=generator)
                if layer.bias is not None:
                    layer.bias.uniform_(-bound, bound, generator=generator)
