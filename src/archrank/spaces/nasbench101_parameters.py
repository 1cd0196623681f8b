"""How large NAS-Bench-101's CIFAR-10 network is when it is built from a cell: its parameters."""

from collections.abc import Sequence

from archrank.spaces.nasbench101_modules import Module

__all__ = ["trainable_parameters", "vertex_channels"]

IMAGE_CHANNELS = 3
STEM_CHANNELS = 128
STACKS = 3
MODULES_IN_A_STACK = 3
CLASSES = 10

KERNEL_AREAS = (9, 1, 0)
"""By label: a 3×3 convolution, a 1×1 convolution, and pooling, which has no parameters."""


def trainable_parameters(module: Module) -> int:
    """The parameters of the whole network: a 3×3 stem, three stacks of three modules, and a dense layer.

    Each stack but the first begins with a module that doubles the channels.

    The count depends on how the vertices are numbered where channels do not divide evenly; the published counts
    are those of the canonical numbering.

    >>> trainable_parameters(Module((0, 1), ()))  # nine projections
    882570
    """
    total = _convolution(9, IMAGE_CHANNELS, STEM_CHANNELS)
    channels = STEM_CHANNELS
    for stack in range(STACKS):
        widened = channels if stack == 0 else 2 * channels
        total += _in_module(module, channels, widened)
        total += (MODULES_IN_A_STACK - 1) * _in_module(module, widened, widened)
        channels = widened
    return total + (channels + 1) * CLASSES


def _in_module(module: Module, channels: int, out: int) -> int:
    *inner, read_by_output = module.sources[1:]
    total = 0
    for sources, label, width in zip(inner, module.labels, vertex_channels(module.sources, out), strict=True):
        if sources & 1:  # the module's input comes through a 1×1 projection
            total += _convolution(1, channels, width)
        if area := KERNEL_AREAS[label]:
            total += _convolution(area, width, width)
    if read_by_output & 1:
        total += _convolution(1, channels, out)
    return total


def vertex_channels(sources: Sequence[int], out: int) -> list[int]:
    """The channels of each inner vertex of a module of V vertices.

    The output concatenates the inner vertices that it reads, so these share its channels, and the first of them
    get one more where the division leaves a remainder. Any other vertex is as wide as the widest that reads it.

    Args:
        sources: For each of the V vertices, the vertices that it reads, as a bit mask.
        out: The channels of the output.

    >>> vertex_channels([0, 0b1, 0b11, 0b110], 127)
    [64, 63]
    """
    last = len(sources) - 1
    concatenated = [vertex for vertex in range(1, last) if sources[last] >> vertex & 1]
    widths = [0] * (last + 1)
    for index, vertex in enumerate(concatenated):
        share, remainder = divmod(out, len(concatenated))
        widths[vertex] = share + (index < remainder)
    for vertex in range(last - 1, 0, -1):
        if vertex not in concatenated:
            widths[vertex] = max(widths[t] for t in range(1, last) if sources[t] >> vertex & 1)
    return widths[1:last]


def _convolution(area: int, channels: int, out: int) -> int:
    """A convolution without bias, and its batch normalization's scale and shift."""
    return area * channels * out + 2 * out
