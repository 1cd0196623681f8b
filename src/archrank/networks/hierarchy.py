"""Networks of graphs whose nodes hold cells: every level of the hierarchy is a module."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch.nn.functional as F
from torch import Tensor, nn

from archrank.errors import SpaceError
from archrank.graph import Cell, Graph, Node, Site
from archrank.networks.cell import GraphCell, summed
from archrank.networks.layers import GlobalAverage, batch_norm, conv_bn, linear
from archrank.networks.network import Layer, Network
from archrank.networks.operations import OperationFactory
from archrank.networks.shaped import Shape, kernel, shaped_layer
from archrank.networks.skeleton import Skeleton, checked_positive

__all__ = ["HierarchySkeleton"]

_ZEROS = ("zero", "none")
_MULTIPLE = 8
"""Images are padded to multiples of this, so that three halvings leave whole pixels."""


@dataclass(frozen=True)
class HierarchySkeleton(Skeleton):
    """A stem and a head around a graph that is the whole network, as those of a grammar are.

    What a zero cuts off, and what does not reach the output, is not built.

    Attributes:
        channels: Channels of the stem.
        classes: How many classes.
        image_channels: Channels of an image.
        image_size: Height and width of an image; (1, length) for signals, which may be given as (B, channels, length).
    """

    channels: int = 16
    classes: int = 10
    image_channels: int = 3
    image_size: tuple[int, int] = (32, 32)

    def __post_init__(self) -> None:
        checked_positive(self, "channels", "classes", "image_channels")
        object.__setattr__(self, "image_size", tuple(self.image_size))  # a file holds a list
        if len(self.image_size) != 2 or min(self.image_size) < 1:
            raise SpaceError(
                f"HierarchySkeleton: image_size={self.image_size}, expected a height and a width"
            )

    def assemble(self, graph: Graph, operations: Mapping[str, OperationFactory]) -> Network:
        """Build the one cell of a graph of nodes (see :meth:`Skeleton.assemble`)."""
        cell = graph.cells[0]
        nodes = all(isinstance(site, Node) for site in cell.sites)
        if len(graph.cells) != 1 or cell.inputs != 1 or len(cell.outputs) != 1 or not nodes:
            raise SpaceError(
                "a hierarchical network is one cell of nodes with one input and one output, as the graphs of a "
                "GrammarSpace are"
            )
        height, width = self.image_size
        padded = (height if height == 1 else _padded(height), _padded(width))
        start = (self.channels, *padded)
        stem: nn.Module = conv_bn(self.image_channels, self.channels, kernel(3, start))
        if padded != self.image_size or height == 1:
            stem = nn.Sequential(_Padding((padded[0] - height, padded[1] - width)), stem)
        body, (channels, _, _) = _block(cell, [start], operations)
        head = nn.Sequential(
            batch_norm(channels), nn.ReLU(inplace=True), GlobalAverage(), linear(channels, self.classes)
        )
        return Network(stem, [Layer(body)], head)


def _padded(side: int) -> int:
    return -(-side // _MULTIPLE) * _MULTIPLE


class _Padding(nn.Module):
    """Adds rows and columns of zeros; a signal becomes an image of height 1."""

    def __init__(self, more: tuple[int, int]) -> None:
        super().__init__()
        self._more = more

    def forward(self, x: Tensor) -> Tensor:
        x = x.unsqueeze(2) if x.dim() == 3 else x
        return F.pad(x, (0, self._more[1], 0, self._more[0])) if any(self._more) else x


class _Block(GraphCell):
    """A cell of a hierarchy. Drop-path spares a result that is not added to another: nothing would be left."""

    def __init__(self, cell: Cell, layers: Sequence[nn.Module]) -> None:
        super().__init__(cell, layers)
        writers = Counter(target for _, target in self._walk)
        self._spared = [
            spared or writers[target] == 1
            for spared, (_, target) in zip(self._spared, self._walk, strict=True)
        ]


def _block(
    cell: Cell, shapes: Sequence[Shape], operations: Mapping[str, OperationFactory]
) -> tuple[nn.Module, Shape]:
    """The module of a cell whose inputs have these shapes, and the shape of its output."""
    cell = _live(cell)
    at: dict[int, Shape] = dict(enumerate(shapes))
    made: list[nn.Module] = []
    for site in cell.sites:
        layer, shape = _layer(site, [at[junction] for junction in site.sources], operations)
        if at.setdefault(site.target, shape) != shape:
            raise SpaceError(
                f"branches of different shapes are joined: {at[site.target]}, and after {site.operation} {shape}"
            )
        made.append(layer)
    return _Block(cell, made), at[cell.outputs[0]]


def _layer(
    site: Site, shapes: Sequence[Shape], operations: Mapping[str, OperationFactory]
) -> tuple[nn.Module, Shape]:
    if isinstance(site, Node) and site.more_targets:
        raise SpaceError(f"{site.operation} has several outputs; a hierarchical network has nodes with one")
    if isinstance(site, Node) and site.inner is not None:
        return _block(site.inner, shapes, operations)
    if isinstance(site, Node) and site.ordered:
        return shaped_layer(operations, site.operation, shapes)
    if len(set(shapes)) > 1:
        raise SpaceError(f"{site.operation} reads the sum of different shapes: {', '.join(map(str, shapes))}")
    layer, shape = shaped_layer(operations, site.operation, shapes[:1])
    return summed(site, layer), shape


def _live(cell: Cell) -> Cell:
    """The cell without what no input reaches and what does not reach the output; sites in topological order.

    Raises:
        SpaceError: Nothing is left.
    """
    reached = set(range(cell.inputs))
    flowing: list[Site] = []
    for site in sorted(cell.sites, key=lambda site: site.target):
        sources = tuple([junction for junction in site.sources if junction in reached])
        if sources and _flows(site):
            flowing.append(site if sources == site.sources else replace(site, sources=sources))
            reached.add(site.target)
    needed = set(cell.outputs)
    kept: list[Site] = []
    for site in reversed(flowing):
        if site.target in needed:
            kept.append(site)
            needed.update(site.sources)
    if not reached.issuperset(cell.outputs):
        raise SpaceError("nothing reaches the output of a cell, because of zeros")
    return Cell(cell.inputs, cell.junctions, tuple(reversed(kept)), cell.outputs)


def _flows(site: Site) -> bool:
    if site.operation in _ZEROS:
        return False
    if not isinstance(site, Node) or site.inner is None:
        return True
    try:
        _live(site.inner)
    except SpaceError:
        return False
    return True
