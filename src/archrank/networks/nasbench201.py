"""The network of NAS-Bench-201.

Reference: Dong and Yang, NAS-Bench-201 (ICLR 2020), section 2.1.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import nn

from archrank.errors import SpaceError
from archrank.graph import Graph
from archrank.networks.cell import GraphCell, summed
from archrank.networks.layers import GlobalAverage, Halving, batch_norm, conv_bn, linear
from archrank.networks.network import Layer, Network
from archrank.networks.operations import OperationFactory, operation_layer
from archrank.networks.skeleton import Skeleton, checked_positive

__all__ = ["NASBench201Skeleton"]


@dataclass(frozen=True)
class NASBench201Skeleton(Skeleton):
    """Three stages of the same cell, and between them a residual block that halves the image.

    Attributes:
        channels: Channels of the first stage; each further one has twice as many.
        cells: N, how many cells a stage has.
        classes: How many classes.
        image_channels: Channels of an image.
    """

    channels: int = 16
    cells: int = 5
    classes: int = 10
    image_channels: int = 3

    def __post_init__(self) -> None:
        checked_positive(self, "channels", "cells", "classes", "image_channels")

    def assemble(self, graph: Graph, operations: Mapping[str, OperationFactory]) -> Network:
        """Stack the one cell of a graph, with one input and one output (see :meth:`Skeleton.assemble`)."""
        make = [(cell.inputs, len(cell.outputs)) for cell in graph.cells]
        if make != [(1, 1)]:
            raise SpaceError(
                "the skeleton of NAS-Bench-201 stacks one cell with one input and one output, but the graph "
                f"has cells with these numbers of inputs and outputs: {make}"
            )
        (cell,) = graph.cells
        layers: list[Layer] = []
        channels = self.channels
        for stage in range(3):
            if stage:
                layers.append(Layer(Halving(channels, 2 * channels)))
                channels *= 2
            for _ in range(self.cells):
                sites = [summed(s, operation_layer(operations, s.operation, channels)) for s in cell.sites]
                layers.append(Layer(GraphCell(cell, sites)))
        head = nn.Sequential(
            batch_norm(channels), nn.ReLU(inplace=True), GlobalAverage(), linear(channels, self.classes)
        )
        return Network(conv_bn(self.image_channels, self.channels, 3), layers, head)
