"""The networks of ENAS and DARTS: a chain of normal and reduction cells, each of which reads the last two.

Reference: Liu et al., DARTS (ICLR 2019), section 3 and ``model.py`` of the authors' code.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import torch.nn.functional as F
from torch import Tensor, nn

from archrank.errors import SpaceError, UnknownName
from archrank.graph import Cell, Graph
from archrank.networks.cell import GraphCell, summed
from archrank.networks.layers import (
    FactorizedReduce,
    GlobalAverage,
    batch_norm,
    conv,
    conv_bn,
    linear,
    relu_conv_bn,
)
from archrank.networks.network import Layer, Network
from archrank.networks.operations import OperationFactory, operation_layer
from archrank.networks.skeleton import Skeleton, checked_positive

__all__ = ["StackedCells"]

Stem = Literal["cifar", "imagenet"]

INPUTS = 2


@dataclass(frozen=True)
class StackedCells(Skeleton):
    """Normal cells, with a reduction cell at a third and at two thirds, which halves the image and doubles channels.

    The defaults are those of DARTS for CIFAR-10; :meth:`imagenet` gives those for ImageNet.

    Attributes:
        channels: Channels of every node in the first cells.
        cells: The number of cells, including reduction cells.
        stem: ``"cifar"`` is one 3×3 convolution to three times the channels; ``"imagenet"`` three strided ones, which
            reduce the image to an eighth of its side.
        auxiliary: Whether there is an auxiliary head, after the second reduction.
        dropout: The dropout probability before the classifier.
        classes: The number of classes.
        image_channels: Channels of an image.
    """

    channels: int = 36
    cells: int = 20
    stem: Stem = "cifar"
    auxiliary: bool = False
    dropout: float = 0.0
    classes: int = 10
    image_channels: int = 3

    def __post_init__(self) -> None:
        checked_positive(self, "channels", "cells", "classes", "image_channels")
        if self.stem not in get_args(Stem):
            raise UnknownName("stem", self.stem, get_args(Stem))
        if not 0 <= self.dropout < 1:
            raise SpaceError(f"StackedCells: dropout={self.dropout}, expected 0 or more, and less than 1")

    @classmethod
    def imagenet(cls, channels: int = 48, cells: int = 14, *, auxiliary: bool = False) -> "StackedCells":
        """The mobile setting for ImageNet, images of 224×224 pixels."""
        return cls(channels, cells, "imagenet", auxiliary, classes=1000)

    @property
    def reductions(self) -> tuple[int, ...]:
        """The indices of the reduction cells, counted from 0."""
        return tuple(sorted({self.cells // 3, 2 * self.cells // 3}))

    def assemble(self, graph: Graph, operations: Mapping[str, OperationFactory]) -> Network:
        """Chain the normal and the reduction cell of a graph (see :meth:`Skeleton.assemble`).

        A graph with a single cell uses it as both.
        """
        normal, reduction = _checked(graph)
        stem, layers, width = self._stem()
        before, last, halved = width, width, self.stem == "imagenet"
        channels = self.channels
        auxiliary, auxiliary_after = None, 0
        for place in range(self.cells):
            reduces = place in self.reductions
            channels *= 2 if reduces else 1
            cell = reduction if reduces else normal
            layers.append(
                Layer(_CellLayer(cell, (before, last), channels, halved, reduces, operations), INPUTS)
            )
            before, last, halved = last, len(cell.outputs) * channels, reduces
            if self.auxiliary and place == 2 * self.cells // 3:
                auxiliary = _AuxiliaryHead(last, self.classes, self.stem)
                auxiliary_after = len(layers) - 1
        head: list[nn.Module] = [GlobalAverage(), linear(last, self.classes)]
        if self.dropout:
            head.insert(1, nn.Dropout(self.dropout))
        return Network(stem, layers, nn.Sequential(*head), auxiliary, auxiliary_after)

    def _stem(self) -> tuple[nn.Module, list[Layer], int]:
        """The stem, the layers before the cells, and the channels of both."""
        if self.stem == "cifar":
            width = 3 * self.channels
            return conv_bn(self.image_channels, width, 3), [], width
        width, half = self.channels, self.channels // 2
        first = nn.Sequential(
            conv(self.image_channels, half, 3, 2),
            batch_norm(half),
            nn.ReLU(inplace=True),
            conv(half, width, 3, 2),
            batch_norm(width),
        )
        return first, [Layer(relu_conv_bn(width, width, 3, 2))], width


def _checked(graph: Graph) -> tuple[Cell, Cell]:
    makes = [cell.inputs for cell in graph.cells]
    if makes not in ([INPUTS], [INPUTS, INPUTS]):
        raise SpaceError(
            "a chain of cells needs a normal and a reduction cell with two inputs each, but the graph's cells "
            f"have these numbers of inputs: {makes}"
        )
    return graph.cells[0], graph.cells[-1]


class _CellLayer(nn.Module):
    """A cell, with layers that bring its two inputs to the same channels and size.

    Args:
        cell: The graph.
        given: The channels of the previous two layers, the earlier first.
        channels: The channels of every node.
        halved: Whether the image of the previous layer is half the size of the one before it.
        reduces: Whether operations that read an input halve the image.
        operations: How to make operations.
    """

    def __init__(
        self,
        cell: Cell,
        given: tuple[int, int],
        channels: int,
        halved: bool,
        reduces: bool,
        operations: Mapping[str, OperationFactory],
    ) -> None:
        super().__init__()
        before, last = given
        self.before = FactorizedReduce(before, channels) if halved else relu_conv_bn(before, channels, 1)
        self.last = relu_conv_bn(last, channels, 1)
        layers = []
        for site in cell.sites:
            strides = {2 if reduces and source < INPUTS else 1 for source in site.sources}
            if len(strides) > 1:
                raise SpaceError(f"{site}: in a reduction cell, inputs and other junctions differ in size")
            layers.append(summed(site, operation_layer(operations, site.operation, channels, strides.pop())))
        self.cell = GraphCell(cell, layers, 2 if reduces else 1)

    def forward(self, before: Tensor, last: Tensor) -> Tensor:
        result: Tensor = self.cell(self.before(before), self.last(last))
        return result


class _AuxiliaryHead(nn.Module):
    """A small classifier on the output of the second reduction cell: 8×8 pixels on CIFAR-10, 7×7 on ImageNet."""

    def __init__(self, channels: int, classes: int, stem: Stem) -> None:
        super().__init__()
        self._stride = 3 if stem == "cifar" else 2
        self.narrow = conv_bn(channels, 128, 1)
        self.widen = conv(128, 768, 2, padding=0)
        # The authors' ImageNet head lacks this normalization, and the published counts are without it.
        self.norm = batch_norm(768) if stem == "cifar" else nn.Identity()
        self.classify = nn.Sequential(GlobalAverage(), linear(768, classes))

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(x)
        fits = (
            min(x.shape[-2:]) >= 5 + self._stride
        )  # smaller images than the head was made for are pooled to 2×2
        x = F.avg_pool2d(x, 5, self._stride) if fits else F.adaptive_avg_pool2d(x, 2)
        x = F.relu(self.norm(self.widen(F.relu(self.narrow(x)))))
        logits: Tensor = self.classify(x)
        return logits
