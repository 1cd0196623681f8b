"""The network of NAS-Bench-101.

Reference: Ying et al., NAS-Bench-101 (ICML 2019), section 2 and the authors' ``model_builder.py``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from archrank.errors import SpaceError
from archrank.graph import Cell, Graph
from archrank.networks.cell import GraphCell
from archrank.networks.layers import GlobalAverage, conv_bn_relu, linear
from archrank.networks.network import Layer, Network
from archrank.networks.operations import OperationFactory, operation_layer
from archrank.networks.skeleton import Skeleton, checked_positive
from archrank.spaces.nasbench101_parameters import vertex_channels

__all__ = ["NASBench101Skeleton"]

OUTPUT = "output"


@dataclass(frozen=True)
class NASBench101Skeleton(Skeleton):
    """Stacks of the same module; between stacks the image is halved and the channels are doubled.

    Each vertex that reads the input of a module reads it through a 1×1 projection; the output concatenates the
    vertices that it reads, which divide the channels among them, and adds the projected input if it reads that.

    Attributes:
        channels: Channels of the stem and the first stack.
        stacks: How many stacks.
        modules: How many modules a stack has.
        classes: The number of classes.
        image_channels: Channels of an image.
    """

    channels: int = 128
    stacks: int = 3
    modules: int = 3
    classes: int = 10
    image_channels: int = 3

    def __post_init__(self) -> None:
        checked_positive(self, "channels", "stacks", "modules", "classes", "image_channels")

    def assemble(self, graph: Graph, operations: Mapping[str, OperationFactory]) -> Network:
        """Stack the one cell of a graph whose last site is ``output`` (see :meth:`Skeleton.assemble`)."""
        cell = _checked(graph)
        layers: list[Layer] = []
        channels = self.channels
        for stack in range(self.stacks):
            if stack:
                layers.append(Layer(nn.MaxPool2d(2)))
            for module in range(self.modules):
                out = 2 * channels if stack and not module else channels
                layers.append(Layer(_module(cell, channels, out, operations)))
                channels = out
        return Network(
            conv_bn_relu(self.image_channels, self.channels, 3),
            layers,
            nn.Sequential(GlobalAverage(), linear(channels, self.classes)),
        )


def _checked(graph: Graph) -> Cell:
    if len(graph.cells) == 1:
        cell = graph.cells[0]
        last = cell.junctions - 1
        on_node = [site.target for site in cell.sites] == [*range(1, last + 1)]
        if cell.inputs == 1 and cell.outputs == (last,) and on_node and cell.sites[-1].operation == OUTPUT:
            return cell
    raise SpaceError(
        "the skeleton of NAS-Bench-101 stacks one cell with one input, a site on every other junction, and "
        f"{OUTPUT!r} on the last, as the space nas-bench-101 makes it"
    )


def _module(cell: Cell, channels: int, out: int, operations: Mapping[str, OperationFactory]) -> GraphCell:
    masks = [0, *(sum(1 << source for source in site.sources) for site in cell.sites)]
    widths = [channels, *vertex_channels(masks, out)]
    if min(widths) < 1:
        raise SpaceError(
            f"{channels} channels are too few for this cell of NAS-Bench-101: the vertices that reach the output share "
            f"them, and one would have none; give {len(cell.sites) - 1} or more"
        )
    layers: list[nn.Module] = []
    for site in cell.sites[:-1]:
        width = widths[site.target]
        adapters = [
            conv_bn_relu(channels, width, 1) if source == 0 else _Truncated(width, widths[source] > width)
            for source in site.sources
        ]
        layers.append(_Vertex(adapters, operation_layer(operations, site.operation, width)))
    layers.append(_Output(conv_bn_relu(channels, out, 1) if 0 in cell.sites[-1].sources else None))
    return GraphCell(cell, layers)


class _Truncated(nn.Module):
    """The first channels of a vertex that is wider than its reader."""

    def __init__(self, width: int, needed: bool) -> None:
        super().__init__()
        self._width = width if needed else None

    def forward(self, value: Tensor) -> Tensor:
        return value[:, : self._width] if self._width is not None else value


class _Vertex(nn.Module):
    """An operation on the sum of a vertex's inputs, each truncated to the width of the vertex."""

    def __init__(self, adapters: Sequence[nn.Module], operation: nn.Module) -> None:
        super().__init__()
        self.adapters = nn.ModuleList(adapters)
        self.operation = operation

    def forward(self, *values: Tensor) -> Tensor:
        read = [adapter(value) for adapter, value in zip(self.adapters, values, strict=True)]
        result: Tensor = self.operation(sum(read[1:], start=read[0]))
        return result


class _Output(nn.Module):
    """The concatenation of the inner vertices, and the projected input, which comes first, added to it."""

    def __init__(self, projection: nn.Module | None) -> None:
        super().__init__()
        self.projection = projection

    def forward(self, *values: Tensor) -> Tensor:
        if self.projection is None:
            return torch.cat(values, dim=1)
        projected: Tensor = self.projection(values[0])
        return projected + torch.cat(values[1:], dim=1) if len(values) > 1 else projected
