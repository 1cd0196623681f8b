"""Graphs of junctions and operation sites: the common form that every search space is lowered to.

Junctions hold data. A site reads the sum of its source junctions, applies its operation, and adds the result to
its target junction. Operation-on-edge cells have one site per edge; operation-on-node cells have one site per
node, whose target is the node itself.
"""

from collections import Counter
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Any

from archrank.errors import SpaceError

__all__ = ["Cell", "Graph", "Site"]


@dataclass(frozen=True, slots=True)
class Site:
    """One operation of a cell.

    Attributes:
        operation: Name of the operation.
        sources: Junctions whose sum the operation reads; a junction listed twice counts twice.
        target: Junction that the result is added to.
    """

    operation: str
    sources: tuple[int, ...]
    target: int


@dataclass(frozen=True, slots=True)
class Cell:
    """A directed acyclic graph of N junctions and S sites.

    Junctions are numbered in topological order: a site's sources all come before its target.

    Attributes:
        inputs: How many junctions, the first ones, carry what comes into the cell.
        junctions: N, how many junctions there are.
        sites: The S operations.
        outputs: Junctions that leave the cell; several are concatenated, in any order.

    Raises:
        SpaceError: A junction that does not exist, a source that does not come before its target, or a site that
            writes to an input.
    """

    inputs: int
    junctions: int
    sites: tuple[Site, ...]
    outputs: tuple[int, ...]

    def __post_init__(self) -> None:
        for site in self.sites:
            if not site.sources or min(site.sources) < 0 or max(site.sources) >= site.target:
                raise SpaceError(
                    f"{site}: sources must be junctions numbered below the target {site.target}, at least one"
                )
            if not self.inputs <= site.target < self.junctions:
                raise SpaceError(
                    f"{site}: the target must be one of the junctions {self.inputs} to {self.junctions - 1}, "
                    f"because the first {self.inputs} are inputs"
                )
        if not self.outputs or min(self.outputs) < 0 or max(self.outputs) >= self.junctions:
            raise SpaceError(
                f"outputs {self.outputs} must be among the {self.junctions} junctions, at least one"
            )


@dataclass(frozen=True, slots=True)
class Graph:
    """The computation of an architecture: C cells of junctions and sites.

    Attributes:
        cells: The cells; most spaces have one, others a normal and a reduction cell.

    >>> chain = Cell(1, 3, (Site("conv", (0,), 1), Site("pool", (1,), 2)), (2,))
    >>> Graph((chain,)).key == Graph((chain,)).key
    True
    """

    cells: tuple[Cell, ...]

    @property
    def key(self) -> Hashable:
        """A canonical form: two graphs have equal keys exactly when relabeling makes them equal.

        It is an exact certificate, not a hash: the smallest description of the graph over the junction orders that
        colour refinement leaves open.
        """
        return tuple(_canonical(cell) for cell in self.cells)


Certificate = tuple[Any, ...]


def _canonical(cell: Cell) -> Certificate:
    """The smallest certificate over all colour-respecting junction orders (individualisation and refinement)."""
    start = [(min(j, cell.inputs), cell.outputs.count(j)) for j in range(cell.junctions)]
    return min(_leaves(cell, _ranks(start)))


def _ranks(signatures: list[Any]) -> list[int]:
    order = {signature: rank for rank, signature in enumerate(sorted(set(signatures)))}
    return [order[signature] for signature in signatures]


def _refine(cell: Cell, colours: list[int]) -> list[int]:
    while True:
        around: list[list[Any]] = [[] for _ in range(cell.junctions)]
        for site in cell.sites:
            sources = tuple(sorted(colours[s] for s in site.sources))
            around[site.target].append((0, site.operation, sources, 0))
            for source in site.sources:
                around[source].append((1, site.operation, sources, colours[site.target]))
        refined = _ranks([(colours[j], tuple(sorted(around[j]))) for j in range(cell.junctions)])
        if max(refined) == max(colours):
            return refined
        colours = refined


def _leaves(cell: Cell, colours: list[int]) -> Iterator[Certificate]:
    colours = _refine(cell, colours)
    tied = next((c for c, count in sorted(Counter(colours).items()) if count > 1), None)
    if tied is None:
        yield _certificate(cell, colours)
        return
    members = [j for j in range(cell.junctions) if colours[j] == tied]
    tried: list[int] = []
    for member in members:
        if any(_interchangeable(cell, member, other) for other in tried):
            continue
        tried.append(member)
        yield from _leaves(cell, _ranks([(c, j != member) for j, c in enumerate(colours)]))


def _certificate(cell: Cell, order: list[int]) -> Certificate:
    sites = sorted(
        (order[s.target], s.operation, tuple(sorted(order[j] for j in s.sources))) for s in cell.sites
    )
    return (cell.inputs, cell.junctions, tuple(sites), tuple(sorted(order[j] for j in cell.outputs)))


def _interchangeable(cell: Cell, a: int, b: int) -> bool:
    """Whether swapping two junctions leaves the cell as it is, so that only one of them need be tried."""

    def swap(j: int) -> int:
        return b if j == a else a if j == b else j

    plain = Counter((s.operation, tuple(sorted(s.sources)), s.target) for s in cell.sites)
    swapped = Counter((s.operation, tuple(sorted(map(swap, s.sources))), swap(s.target)) for s in cell.sites)
    return plain == swapped
