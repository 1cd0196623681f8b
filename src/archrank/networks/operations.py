"""The operations of sites as layers: factories by name.

Reference: Liu et al., DARTS (ICLR 2019), ``operations.py``; Dong and Yang, NAS-Bench-201 (ICLR 2020); Ying et al.,
NAS-Bench-101 (ICML 2019).
"""

from collections.abc import Callable, Mapping

from torch import nn

from archrank.errors import UnknownName
from archrank.networks.layers import FactorizedReduce, batch_norm, conv, conv_bn_relu, relu_conv_bn

__all__ = ["OPERATIONS", "OperationFactory", "operation_layer"]

OperationFactory = Callable[[int, int], nn.Module]
"""Makes a layer from the number of channels, in and out, and the stride, 1 or 2."""


def _skip(channels: int, stride: int) -> nn.Module:
    return nn.Identity() if stride == 1 else FactorizedReduce(channels, channels)


def _max_pool(channels: int, stride: int) -> nn.Module:
    return nn.MaxPool2d(3, stride, padding=1)


def _average_pool(channels: int, stride: int) -> nn.Module:
    return nn.AvgPool2d(3, stride, padding=1, count_include_pad=False)


def _separable(kernel: int) -> OperationFactory:
    """Depthwise and pointwise convolution, twice; only the first has the stride."""

    def make(channels: int, stride: int) -> nn.Module:
        layers: list[nn.Module] = []
        for step in (stride, 1):
            layers += [
                conv(channels, channels, kernel, step, groups=channels, relu=True),
                conv(channels, channels),
                batch_norm(channels),
            ]
        return nn.Sequential(*layers)

    return make


def _dilated(kernel: int) -> OperationFactory:
    """Dilated depthwise and pointwise convolution, once."""

    def make(channels: int, stride: int) -> nn.Module:
        return nn.Sequential(
            conv(channels, channels, kernel, stride, groups=channels, dilation=2, relu=True),
            conv(channels, channels),
            batch_norm(channels),
        )

    return make


OPERATIONS: Mapping[str, OperationFactory] = {
    "skip_connect": _skip,
    "max_pool_3x3": _max_pool,
    "avg_pool_3x3": _average_pool,
    "sep_conv_3x3": _separable(3),
    "sep_conv_5x5": _separable(5),
    "dil_conv_3x3": _dilated(3),
    "dil_conv_5x5": _dilated(5),
    "nor_conv_1x1": lambda channels, stride: relu_conv_bn(channels, channels, 1, stride),
    "nor_conv_3x3": lambda channels, stride: relu_conv_bn(channels, channels, 3, stride),
    "conv1x1-bn-relu": lambda channels, stride: conv_bn_relu(channels, channels, 1, stride),
    "conv3x3-bn-relu": lambda channels, stride: conv_bn_relu(channels, channels, 3, stride),
    "maxpool3x3": _max_pool,
}
"""The operations of NAS-Bench-101, NAS-Bench-201, ENAS and DARTS; add your own with ``OPERATIONS | {...}``."""


def operation_layer(
    operations: Mapping[str, OperationFactory], name: str, channels: int, stride: int = 1
) -> nn.Module:
    """Make the layer of one operation.

    Raises:
        UnknownName: The table does not have the operation.
    """
    if name not in operations:
        raise UnknownName("operation of a network", name, operations)
    return operations[name](channels, stride)
