"""Modules of NAS-Bench-101: pruning, the one form that stands for all relabelled ones, and the list of all.

A module is a directed acyclic graph of vertices; the first is the input, the last the output, and every other one
has a label, which stands for its operation.
"""

import itertools
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["Module", "Modules", "canonical_module", "every_module", "pruned", "pruned_matrices"]

Order = tuple[int, ...]
"""The inner vertices, in the order in which to number them."""


class Module(NamedTuple):
    """One pruned module of V vertices.

    Attributes:
        sources: For each of the V vertices, the vertices that it reads as a bit mask: bit s stands for vertex s.
        labels: A label for each of the V - 2 inner vertices.
    """

    sources: tuple[int, ...]
    labels: tuple[int, ...]

    @property
    def edges(self) -> int:
        """How many edges there are."""
        return sum(mask.bit_count() for mask in self.sources)


class Modules(NamedTuple):
    """All canonical modules of V vertices.

    Attributes:
        sources: Bit masks as in :class:`Module`: (M, V).
        labels: Labels: (M, V - 2).
    """

    sources: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int8]


def pruned(sources: Sequence[int], labels: Sequence[int]) -> Module | None:
    """Leave out every vertex that is not on a path from the input to the output.

    Args:
        sources: For each of the V vertices, the earlier vertices that it reads, as a bit mask.
        labels: A label for each of the V - 2 inner vertices.

    Returns:
        The module of the vertices that are left, or None if no path leads from the input to the output.

    >>> pruned([0, 0b1, 0b1, 0b100], [7, 8])  # nothing reads vertex 1
    Module(sources=(0, 1, 2), labels=(8,))
    """
    last = len(sources) - 1
    reached, needed = 1, 1 << last
    for vertex in range(1, last + 1):
        if sources[vertex] & reached:
            reached |= 1 << vertex
    for vertex in range(last, 0, -1):
        if needed >> vertex & 1:
            needed |= sources[vertex]
    live = reached & needed
    if not live >> last & 1:
        return None
    kept = [vertex for vertex in range(last + 1) if live >> vertex & 1]
    return Module(
        tuple(_renumbered(sources[vertex], kept) for vertex in kept),
        tuple(labels[vertex - 1] for vertex in kept[1:-1]),
    )


def canonical_module(module: Module) -> Module:
    """The module that stands for all that relabelling makes of this one.

    It is the one that the benchmark's own enumeration meets first and so keeps: of all ways to number the inner
    vertices so that edges lead upwards, the smallest list of sources, compared from the output backwards, and
    among equal ones the smallest labels.
    """
    sources, orders = _smallest(module.sources)
    return Module(sources, min(tuple(module.labels[v - 1] for v in order) for order in orders))


@lru_cache(maxsize=1 << 16)
def _smallest(sources: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[Order, ...]]:
    """The smallest list of sources, and every order of the inner vertices that gives it."""
    ways: dict[tuple[int, ...], list[Order]] = {}
    last = len(sources) - 1
    for order in _upward_orders(sources, last, ()):
        kept = (0, *order, last)
        backwards = tuple(_renumbered(sources[vertex], kept) for vertex in reversed(kept))
        ways.setdefault(backwards, []).append(order)
    backwards = min(ways)
    return backwards[::-1], tuple(ways[backwards])


def _upward_orders(sources: tuple[int, ...], last: int, begun: Order) -> Iterator[Order]:
    if len(begun) == last - 1:
        yield begun
        return
    numbered = 1 | sum(1 << vertex for vertex in begun)
    for vertex in range(1, last):
        if not numbered >> vertex & 1 and not sources[vertex] & ~numbered:
            yield from _upward_orders(sources, last, (*begun, vertex))


def _renumbered(mask: int, kept: Sequence[int]) -> int:
    """The bit mask after ``kept[i]`` has become vertex i."""
    return sum((mask >> old & 1) << new for new, old in enumerate(kept))


def every_module(vertices: int, edges: int, kinds: int) -> Modules:
    """All canonical modules of V = ``vertices`` vertices, each once.

    A module is kept exactly when no other numbering of its inner vertices is smaller, which is tried with all
    of them, for all modules at once: first the graphs, then the labels under each graph's symmetries.

    Args:
        vertices: V, from 2 to 7.
        edges: The most edges that a module may have.
        kinds: How many labels there are.

    >>> [len(every_module(vertices, edges=9, kinds=3).labels) for vertices in (2, 3, 4, 5)]
    [1, 6, 84, 2441]
    """
    inner = vertices - 2
    orders = list(itertools.permutations(range(1, vertices - 1)))
    sources = _pruned_graphs(vertices, edges)
    for order in orders:
        sources = sources[_compared(sources, order) >= 0]
    labels = np.array([*itertools.product(range(kinds), repeat=inner)], dtype=np.int8)
    keep = np.ones((len(sources), len(labels)), dtype=bool)
    weights = kinds ** np.arange(inner - 1, -1, -1)
    for order in orders:
        symmetric = _compared(sources, order) == 0
        not_larger = labels @ weights <= labels[:, np.array(order, dtype=np.intp) - 1] @ weights
        keep[symmetric] &= not_larger
    graph, labelling = np.nonzero(keep)
    return Modules(sources[graph], labels[labelling])


def _pruned_graphs(vertices: int, edges: int) -> npt.NDArray[np.uint8]:
    """The sources of all graphs with edges upwards only, and every vertex on a path from input to output."""
    count = vertices * (vertices - 1) // 2
    numbers = np.arange(1 << count, dtype=np.int32)
    columns = [
        (numbers >> (target * (target - 1) // 2) & ((1 << target) - 1)).astype(np.uint8)
        for target in range(vertices)
    ]
    size = np.array([number.bit_count() for number in range(1 << (vertices - 1))], dtype=np.uint8)
    fits = sum(size[column] for column in columns) <= edges
    # Upward edges only: a source for each vertex and a reader of each are a path there and onwards.
    fits &= np.logical_and.reduce([column != 0 for column in columns[1:]])
    fits &= np.bitwise_or.reduce(columns) == (1 << (vertices - 1)) - 1
    return np.stack([column[fits] for column in columns], axis=1)


def _compared(sources: npt.NDArray[np.uint8], order: Order) -> npt.NDArray[np.int8]:
    """Whether renumbering by ``order`` makes the lists of sources larger (1), smaller (-1), or keeps them: (M,).

    An order that leads an edge downwards is none of the allowed ones, and counts as larger.
    """
    vertices = sources.shape[1]
    kept = (0, *order, vertices - 1)
    table = np.array([_renumbered(mask, kept) for mask in range(1 << (vertices - 1))], dtype=np.uint8)
    result = np.zeros(len(sources), dtype=np.int8)
    downwards = np.zeros(len(sources), dtype=bool)
    for new in range(vertices - 1, 0, -1):
        column = table[sources[:, kept[new]]]
        downwards |= column >= 1 << new
        undecided = result == 0
        result[undecided & (column > sources[:, new])] = 1
        result[undecided & (column < sources[:, new])] = -1
    result[downwards] = 1
    return result


def pruned_matrices(
    adjacency: npt.NDArray[np.bool_], labels: npt.NDArray[np.int8]
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.int8]]:
    """Do what :func:`pruned` does for many modules of N vertices at once.

    Args:
        adjacency: Whether there is an edge from vertex s to vertex t: (M, N, N).
        labels: A label for each vertex, (M, N); those of the first and the last stay as they are.

    Returns:
        The same of the vertices that are left, in their order: absent ones, without edges and of label -1, stand
        just before the output. Both are all absent where the output is out of reach.
    """
    last = adjacency.shape[1] - 1
    reached = np.zeros(labels.shape, dtype=bool)
    needed = np.zeros(labels.shape, dtype=bool)
    reached[:, 0] = needed[:, last] = True
    for vertex in range(1, last + 1):
        reached[:, vertex] = (reached[:, :vertex] & adjacency[:, :vertex, vertex]).any(axis=1)
    for vertex in range(last - 1, -1, -1):
        needed[:, vertex] = (needed[:, vertex + 1 :] & adjacency[:, vertex, vertex + 1 :]).any(axis=1)
    live = reached & needed
    adjacency = adjacency & live[:, :, None] & live[:, None, :]
    labels = np.where(live, labels, np.int8(-1))
    inner = np.argsort(~live[:, 1:last], axis=1, kind="stable") + 1
    moved = np.flatnonzero((inner != np.arange(1, last)).any(axis=1))
    order = np.zeros((len(moved), last + 1), dtype=np.intp)
    order[:, 1:last], order[:, last] = inner[moved], last
    labels[moved] = np.take_along_axis(labels[moved], order, axis=1)
    rearranged = np.take_along_axis(adjacency[moved], order[:, :, None], axis=1)
    adjacency[moved] = np.take_along_axis(rearranged, order[:, None, :], axis=2)
    return adjacency, labels
