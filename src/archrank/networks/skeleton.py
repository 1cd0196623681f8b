"""The part of a network around its cells, and the builder of networks from graphs and skeletons."""

from abc import ABC, abstractmethod
from collections.abc import Mapping

import torch

from archrank.errors import SpaceError
from archrank.graph import Graph
from archrank.networks.layers import draw_weights
from archrank.networks.network import Network
from archrank.networks.operations import OPERATIONS, OperationFactory

__all__ = ["Skeleton", "build", "checked_positive", "outline"]


class Skeleton(ABC):
    """Everything in a network except its cells: their number and width, and the layers before and after them.

    Skeletons are data: frozen dataclasses, one for every way in which the field stacks cells.
    """

    @abstractmethod
    def assemble(self, graph: Graph, operations: Mapping[str, OperationFactory]) -> Network:
        """Stack the cells of a graph; weights are not drawn yet.

        Args:
            graph: The C cells.
            operations: How to make the operations on their sites.

        Raises:
            SpaceError: The skeleton cannot stack the graph's cells.
            UnknownName: An operation that is not in the table.
        """


def build(
    graph: Graph,
    skeleton: Skeleton,
    generator: torch.Generator,
    *,
    operations: Mapping[str, OperationFactory] = OPERATIONS,
) -> Network:
    """Make the trainable network of an architecture.

    Args:
        graph: The graph of the architecture: ``space.graph(architecture)``.
        skeleton: The part around the cells.
        generator: The source of the initial weights.
        operations: How to make the operations on sites; with operations of your own,
            ``OPERATIONS | {"my_conv": lambda channels, stride: …}``.

    Raises:
        SpaceError: The skeleton cannot stack the graph's cells.
        UnknownName: An operation that is not in the table.

    >>> from archrank.spaces import NASBench201
    >>> from archrank.networks import NASBench201Skeleton
    >>> space = NASBench201()
    >>> cell = "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|none~1|nor_conv_1x1~2|"
    >>> network = build(space.graph(space.parse(cell)), NASBench201Skeleton(), torch.Generator().manual_seed(0))
    >>> network(torch.zeros(2, 3, 32, 32)).shape
    torch.Size([2, 10])
    """
    network = skeleton.assemble(graph, operations)
    draw_weights(network, generator)
    return network


def outline(
    graph: Graph, skeleton: Skeleton, *, operations: Mapping[str, OperationFactory] = OPERATIONS
) -> Network:
    """The same network without values, on PyTorch's ``meta`` device: enough to count parameters, at any size.

    Args:
        graph: The graph of the architecture.
        skeleton: The part around the cells.
        operations: How to make the operations on sites.

    Raises:
        SpaceError: The skeleton cannot stack the graph's cells.
        UnknownName: An operation that is not in the table.
    """
    with torch.device("meta"):
        return skeleton.assemble(graph, operations)


def checked_positive(skeleton: Skeleton, *names: str) -> None:
    """Raise SpaceError if one of a skeleton's numbers is below 1."""
    for name in names:
        value = getattr(skeleton, name)
        if value < 1:
            raise SpaceError(f"{type(skeleton).__name__}: {name}={value}, expected 1 or more")
