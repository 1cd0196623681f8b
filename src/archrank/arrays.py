"""Many cells with the same number of inputs as padded arrays, for spaces of hundreds of thousands of architectures."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from archrank.errors import SpaceError, UnknownName
from archrank.graph import Cell, Graph

__all__ = ["CellArrays", "stack"]

Shorts = npt.NDArray[np.int16]


@dataclass(frozen=True, slots=True, eq=False)
class CellArrays:
    """One cell of each of B graphs; -1 stands where a graph has no such site, source or output.

    Attributes:
        inputs: How many junctions, the first ones, carry what comes into the cell.
        present: Which of the N junctions a graph has: (B, N).
        operation: Index of the operation at every site: (B, S).
        target: The junction that a site writes to: (B, S), or (S,) where it is the same for all graphs.
        sources: The junctions that a site reads, in any order: (B, S, most sources).
        outputs: The junctions that leave the cell, in any order: (B, most outputs).
    """

    inputs: int
    present: npt.NDArray[np.bool_]
    operation: Shorts
    target: Shorts
    sources: Shorts
    outputs: Shorts

    def __len__(self) -> int:
        return len(self.present)


def stack(graphs: Sequence[Graph], operations: Sequence[str]) -> tuple[CellArrays, ...]:
    """Turn graphs into arrays, one after the other; a space may have a faster way.

    Args:
        graphs: B graphs, all with the same number of cells and of inputs per cell.
        operations: The K operation kinds that may occur.

    Returns:
        One set of arrays for each of the C cells.

    Raises:
        SpaceError: No graph, or graphs with different numbers of cells or inputs.
        UnknownName: An operation that is not among ``operations``.
    """
    if not graphs:
        raise SpaceError("0 graphs cannot be collated; give at least one")
    make = tuple(cell.inputs for cell in graphs[0].cells)
    for graph in graphs:
        other = tuple(cell.inputs for cell in graph.cells)
        if other != make:
            raise SpaceError(
                f"graphs with different cells in one batch: cells with {make} inputs and {other}; "
                "collate them separately"
            )
    kinds = {name: index for index, name in enumerate(operations)}
    for graph in graphs:
        for cell in graph.cells:
            for site in cell.sites:
                if site.operation not in kinds:
                    raise UnknownName("operation", site.operation, operations)
    return tuple(_stack([graph.cells[c] for graph in graphs], kinds) for c in range(len(make)))


def _stack(cells: list[Cell], kinds: dict[str, int]) -> CellArrays:
    width = max(len(cell.sites) for cell in cells)
    reads = max((len(site.sources) for cell in cells for site in cell.sites), default=0)
    junctions = np.array([cell.junctions for cell in cells])
    return CellArrays(
        inputs=cells[0].inputs,
        present=np.arange(junctions.max()) < junctions[:, None],
        operation=_padded([[kinds[site.operation] for site in cell.sites] for cell in cells], width),
        target=_padded([[site.target for site in cell.sites] for cell in cells], width),
        sources=_padded(
            [
                [j for site in cell.sites for j in (*site.sources, *(-1,) * (reads - len(site.sources)))]
                for cell in cells
            ],
            width * reads,
        ).reshape(len(cells), width, reads),
        outputs=_padded([list(cell.outputs) for cell in cells], max(len(cell.outputs) for cell in cells)),
    )


def _padded(rows: list[list[int]], width: int) -> Shorts:
    flat = [number for row in rows for number in (*row, *(-1,) * (width - len(row)))]
    return np.array(flat, dtype=np.int16).reshape(len(rows), width)
