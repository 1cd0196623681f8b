"""Operations of hierarchical networks, which may change the shape of an image: factories by name.

An image is (channels, height, width); a signal has height 1, and its kernels are as high.
"""

from collections.abc import Callable, Mapping, Sequence

from torch import nn

from archrank.errors import SpaceError, UnknownName
from archrank.networks.layers import Halving, Sides, batch_norm, conv
from archrank.networks.operations import OperationFactory
from archrank.networks.routing import JOINING_OPERATIONS, ROUTING_OPERATIONS, Shape

__all__ = ["SHAPED_OPERATIONS", "Shape", "ShapedFactory", "keeping", "kernel", "shaped_layer"]

ShapedFactory = Callable[[Shape], tuple[nn.Module, Shape]]
"""Makes a layer from the shape of its input; returns it with the shape of its output."""


def kernel(side: int, shape: Shape) -> Sides:
    """A square kernel, or one of height 1 for a signal."""
    return (1, side) if shape[1] == 1 else side


def keeping(make: Callable[[Shape], nn.Module]) -> ShapedFactory:
    """The factory of an operation that keeps the shape."""
    return lambda shape: (make(shape), shape)


def _average_pool(shape: Shape) -> nn.Module:
    return nn.AvgPool2d(kernel(3, shape), 1, padding=_beside(shape), count_include_pad=False)


def _max_pool(shape: Shape) -> nn.Module:
    return nn.MaxPool2d(kernel(3, shape), 1, padding=_beside(shape))


def _beside(shape: Shape) -> tuple[int, int]:
    return (0 if shape[1] == 1 else 1, 1)


def _halving(shape: Shape) -> tuple[nn.Module, Shape]:
    channels, height, width = shape
    if width % 2 or (height % 2 and height > 1):
        raise SpaceError(f"an image of {height}×{width} pixels cannot be halved; give larger images")
    return Halving(channels, 2 * channels, height), (2 * channels, max(1, height // 2), width // 2)


SHAPED_OPERATIONS: Mapping[str, ShapedFactory] = {
    "id": keeping(lambda shape: nn.Identity()),
    "identity": keeping(lambda shape: nn.Identity()),
    "conv1x1": keeping(lambda shape: conv(shape[0], shape[0])),
    "conv3x3": keeping(lambda shape: conv(shape[0], shape[0], kernel(3, shape))),
    "dconv3x3": keeping(lambda shape: conv(shape[0], shape[0], kernel(3, shape), groups=shape[0])),
    "avg_pool": keeping(_average_pool),
    "max_pool": keeping(_max_pool),
    "relu": keeping(lambda shape: nn.ReLU()),
    "gelu": keeping(lambda shape: nn.GELU()),
    "hardswish": keeping(lambda shape: nn.Hardswish()),
    "mish": keeping(lambda shape: nn.Mish()),
    "batch": keeping(lambda shape: batch_norm(shape[0])),
    # Normalization of single images, with scale and shift; groups also work where only one pixel is left.
    "instance": keeping(lambda shape: nn.GroupNorm(shape[0], shape[0])),
    "layer": keeping(lambda shape: nn.GroupNorm(1, shape[0])),
    "resBlock": _halving,
    "down": _halving,
    **ROUTING_OPERATIONS,
}
"""The operations of the hierarchical spaces.

``conv1x1``, ``conv3x3`` and ``dconv3x3`` (depthwise) are bare convolutions without bias; ``batch``, ``instance`` and
``layer`` are normalizations; ``resBlock`` and ``down`` are the residual block that halves the image and doubles the
channels.
"""


def shaped_layer(
    operations: Mapping[str, OperationFactory], name: str, shapes: Sequence[Shape]
) -> tuple[nn.Module, Shape]:
    """Make the layer of an operation: one of the table, or else one of :data:`SHAPED_OPERATIONS`.

    Args:
        operations: Operations that keep the shape.
        name: The operation.
        shapes: The shapes of its arguments; several where their order counts.

    Raises:
        SpaceError: It does not take such arguments.
        UnknownName: Neither table has it.
    """
    if name not in operations and name not in SHAPED_OPERATIONS and name not in JOINING_OPERATIONS:
        known = [*operations, *SHAPED_OPERATIONS, *JOINING_OPERATIONS]
        raise UnknownName("operation of a network", name, known)
    if name in JOINING_OPERATIONS:
        return JOINING_OPERATIONS[name](shapes)
    if len(shapes) != 1:
        raise SpaceError(f"the operation {name} takes one argument, and the graph gives it {len(shapes)}")
    (shape,) = shapes
    return (operations[name](shape[0], 1), shape) if name in operations else SHAPED_OPERATIONS[name](shape)
