"""The labels of Weisfeiler–Lehman refinement: what a graph looks like around each of its operations.

Operations are the nodes; an edge leads from an operation that writes a junction to one that reads it. Inputs and
outputs are nodes too. A label is a number that depends on nothing but the neighborhood, so that the same one means the
same in any process and any version.

Reference: Shervashidze et al., Weisfeiler-Lehman Graph Kernels (JMLR 2011), section 3.1; on hierarchies, level by
level, as in Schrodi et al. (NeurIPS 2023), section 4.
"""

from collections import Counter
from collections.abc import Hashable, Sequence
from functools import lru_cache
from hashlib import blake2b

import numpy as np

from archrank.folding import unfold
from archrank.graph import Cell, Graph, Node, Site

__all__ = ["depth", "level_graphs", "wl_counts"]

_FORWARD, _BACKWARD, _ORDERED = 1, 2, 3


def level_graphs(graph: Graph, function: Graph, levels: int) -> list[Graph]:
    """A graph seen at several levels of its hierarchy, the coarsest first.

    The coarsest has one node for each cell of the outermost, the next has what is in these, and so on. The last level
    is the function, which is flat.

    Args:
        graph: A graph with cells in its nodes, or a flat one.
        function: The flat graph of what it computes.
        levels: How many levels, at least 1.
    """
    coarse = [graph if level == 0 else unfold(graph, levels=level) for level in range(levels - 1)]
    return [*coarse, function]


def depth(graph: Graph) -> int:
    """How many levels a graph has: 1 for a flat one."""
    return max(_cell_depth(cell) for cell in graph.cells)


@lru_cache(maxsize=65_536)
def _cell_depth(cell: Cell) -> int:
    inner = [site.inner for site in cell.sites if isinstance(site, Node) and site.inner is not None]
    return 1 + max((_cell_depth(each) for each in inner), default=0)


def wl_counts(graph: Graph, iterations: int) -> list[Counter[int]]:
    """How often each label occurs, after 0, 1, … iterations of refinement.

    Labels of different iterations are different numbers.

    Args:
        graph: A graph; a node that holds a cell counts as one operation.
        iterations: How many times labels are refined.

    Returns:
        One mapping from labels to counts for each of the iterations, and one for the first labels.

    >>> chain = Graph((Cell(1, 3, (Site("conv", (0,), 1), Site("conv", (1,), 2)), (2,)),))
    >>> [sorted(counts.values()) for counts in wl_counts(chain, 1)]
    [[1, 1, 2], [1, 1, 1, 1]]
    """
    nodes = _Nodes(graph)
    labels = nodes.labels
    found = [Counter(labels)]
    for _ in range(iterations):
        labels = [
            _number(
                (
                    labels[node],
                    _ORDERED if nodes.ordered[node] else _FORWARD,
                    *_arguments(
                        [[labels[w] for w in part] for part in nodes.reads[node]], nodes.ordered[node]
                    ),
                    _BACKWARD,
                    *sorted(labels[reader] for reader in nodes.read_by[node]),
                )
            )
            for node in range(len(labels))
        ]
        found.append(Counter(labels))
    return found


def _arguments(written: list[list[int]], ordered: bool) -> list[int]:
    """The labels of what is read: those of a sum in any order, those of ordered arguments one after the other."""
    if not ordered:
        return sorted(label for part in written for label in part)
    return [number for part in written for number in (len(part), *sorted(part))]


class _Nodes:
    """The operations, inputs and outputs of a graph.

    Attributes:
        labels: The first label of every node.
        reads: For every node, what writes each of the junctions that it reads.
        read_by: For every node, who reads what it writes.
        ordered: For every node, whether the order of its arguments counts.
    """

    def __init__(self, graph: Graph) -> None:
        self.labels: list[int] = []
        self.reads: list[list[list[int]]] = []
        self.read_by: list[list[int]] = []
        self.ordered: list[bool] = []
        for place, cell in enumerate(graph.cells):
            self._add_cell(cell, place)

    def _add_cell(self, cell: Cell, place: int) -> None:
        writers: list[list[int]] = [[] for _ in range(cell.junctions)]
        for number in range(cell.inputs):
            writers[number].append(self._add(("input", place, number), [], False))
        # All writers of a junction come before its readers.
        for site in sorted(cell.sites, key=_first_target):
            node = site if isinstance(site, Node) else None
            attributes = () if node is None else node.attributes
            symbol = node.classes[-1:] if node is not None and node.inner is not None else ()
            reads = [writers[junction] for junction in site.sources]
            added = self._add(
                ("site", place, site.operation, attributes, symbol), reads, node is not None and node.ordered
            )
            for target in (site.target,) if node is None else node.targets:
                writers[target].append(added)
        for number, junction in enumerate(cell.outputs):
            self._add(("output", place, number if cell.ordered else 0), [writers[junction]], False)

    def _add(self, what: Hashable, reads: Sequence[list[int]], ordered: bool) -> int:
        number = len(self.labels)
        self.labels.append(_first_label(what))
        self.reads.append(list(reads))
        self.read_by.append([])
        self.ordered.append(ordered)
        for part in reads:
            for writer in part:
                self.read_by[writer].append(number)
        return number


@lru_cache(maxsize=65_536)
def _first_label(what: Hashable) -> int:
    return _digest(repr(what).encode())


@lru_cache(maxsize=1_000_000)
def _number(what: tuple[int, ...]) -> int:
    return _digest(np.array(what, dtype="<i8").tobytes())


def _digest(content: bytes) -> int:
    """A number of 53 bits, which a float holds; two of a million contents share one with probability 1 / 18,000."""
    return int.from_bytes(blake2b(content, digest_size=8).digest(), "little") >> 11


def _first_target(site: Site) -> int:
    return min(site.targets) if isinstance(site, Node) else site.target
