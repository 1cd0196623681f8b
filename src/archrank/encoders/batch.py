"""Many graphs as one: equal partial states are merged, so that each is computed once.

A junction's state in a flow encoder depends only on what flows into it. So over a set of B graphs, junctions with the
same history (the same operations applied to the same sums of the same states) are one *state*, and operations of the
same kind that read the same states are one *message*. The merged graph of all 15,625 NAS-Bench-201 cells has
11,156 states instead of 62,500; each of the B architectures only refers to the states that it is read from. Merging is
exact: it is common-subexpression elimination over the batch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from archrank.arrays import CellArrays, stack
from archrank.encoders.incidence import Incidence, Numbers
from archrank.graph import Graph

__all__ = ["Choices", "GraphBatch", "collate", "merge"]

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Choices:
    """The option indices of B architectures: what encoders of flat choices read.

    Attributes:
        rows: Option indices, of any integer type: (B, number of choices).
        options: How many options each choice has.
    """

    rows: npt.NDArray[np.signedinteger[Any]]
    options: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class GraphBatch:
    """B graphs of C cells each, merged into U states and M messages.

    Attributes:
        operations: The names of the K operation kinds.
        operation: The kind of every message: (M,).
        sources: The states whose sum a message reads: M rows over U columns.
        incoming: The messages that a state sums: U rows over M columns.
        start: The index of a state's start: for an input its number, counted through all cells; ``inputs + c`` for any
            other junction of cell c: (U,).
        inputs: How many inputs the C cells have together.
        outputs: For every cell, the states that leave it: B rows over U columns.
        junctions: For every cell, the states of all its junctions but the inputs: B rows over U columns.
        cells: The C cells of the B graphs before merging, for encoders whose states also depend on what comes after, so
            that architectures share none.
        choices: The rows of choices that the graphs were made from, if any.
    """

    operations: tuple[str, ...]
    operation: Ints
    sources: Incidence
    incoming: Incidence
    start: Ints
    inputs: int
    outputs: tuple[Incidence, ...]
    junctions: tuple[Incidence, ...]
    cells: tuple[CellArrays, ...]
    choices: Choices | None = None

    def __len__(self) -> int:
        return len(self.outputs[0])

    @property
    def depth(self) -> int:
        """How many operations there are on the longest path."""
        depths: list[int] = []
        for state in range(len(self.start)):
            flows = self.incoming.row(state)
            # States are numbered after those that flow into them.
            depths.append(1 + max(depths[s] for f in flows for s in self.sources.row(f)) if len(flows) else 0)
        return max(depths)

    def neighborly(self) -> Ints:
        """An order of the B architectures in which those that share states are close together: (B,).

        Consecutive parts of the batch then have few states in common, so that encoding part after part computes little
        twice.
        """
        newest = _largest(self.sources, np.arange(len(self.start)))
        newest = _largest(self.incoming, newest)
        return np.lexsort([_largest(side, newest) for side in reversed(self.outputs)])


def _largest(incidence: Incidence, numbers: Ints) -> Ints:
    """The largest number among each row's columns, -1 for an empty row."""
    largest = np.full(len(incidence), -1, dtype=np.int64)
    rows = np.flatnonzero(np.diff(incidence.starts))
    if len(rows):
        largest[rows] = np.maximum.reduceat(numbers[incidence.columns], incidence.starts[rows])
    return largest


def collate(graphs: Sequence[Graph], operations: Sequence[str]) -> GraphBatch:
    """Merge B graphs into one batch.

    Args:
        graphs: B graphs, all with the same number of cells and of inputs per cell.
        operations: The K operation kinds that may occur.

    Raises:
        SpaceError: No graph, or graphs with different numbers of cells or inputs.
        UnknownName: An operation that is not among ``operations``.
    """
    return merge(stack(graphs, operations), operations)


def merge(
    cells: Sequence[CellArrays], operations: Sequence[str], choices: Choices | None = None
) -> GraphBatch:
    """Merge B graphs, given as arrays, into one batch.

    Junction after junction, over all graphs at once: what arrives at a junction is a multiset of messages, a message
    is an operation and a multiset of states, and every different multiset gets a number.

    Args:
        cells: The C cells of the B graphs.
        operations: The K operation kinds that the arrays index.
        choices: The rows of choices that the graphs were made from, for encoders that read these.
    """
    inputs = [cell.inputs for cell in cells]
    reads, messages, flows, states = Numbers(), Numbers(), Numbers(), Numbers()
    outputs: list[Incidence] = []
    junctions: list[Incidence] = []
    for c, cell in enumerate(cells):
        here = np.full(cell.present.shape, -1, dtype=np.int64)
        targets = np.broadcast_to(cell.target, cell.operation.shape)
        for junction, sites in enumerate(_writers(cell)):
            arriving = np.full((len(cell), len(sites)), -1, dtype=np.int64)
            for column, site in enumerate(sites):
                rows = np.flatnonzero((targets[:, site] == junction) & (cell.operation[:, site] >= 0))
                if len(rows):
                    sources = cell.sources[rows, site]
                    read = np.where(sources >= 0, here[rows[:, None], sources], -1)
                    kinds = cell.operation[rows, site].astype(np.int64)
                    arriving[rows, column] = messages.of(reads.of_multisets(read), kinds)
            start = sum(inputs[:c]) + junction if junction < cell.inputs else sum(inputs) + c
            rows = np.flatnonzero(cell.present[:, junction])
            here[rows, junction] = states.of(flows.of_multisets(arriving[rows]), np.full(len(rows), start))
        positions = np.where(
            cell.outputs >= 0, np.take_along_axis(here, cell.outputs.astype(np.int64), 1), -1
        )
        outputs.append(Incidence.of_padded(positions))
        inner = here[:, cell.inputs :]
        junctions.append(Incidence.of_padded(inner if inner.shape[1] else here))
    read_by, operation = messages.pairs
    arriving_at, starts = states.pairs
    return GraphBatch(
        operations=tuple(operations),
        operation=operation,
        sources=reads.multisets(read_by),
        incoming=flows.multisets(arriving_at),
        start=starts,
        inputs=sum(inputs),
        outputs=tuple(outputs),
        junctions=tuple(junctions),
        cells=tuple(cells),
        choices=choices,
    )


def _writers(cell: CellArrays) -> list[list[int]]:
    """For each junction the sites that write to it in some graph, ascending."""
    width = cell.operation.shape[1]
    targets = np.broadcast_to(cell.target, cell.operation.shape).astype(np.int64)
    pairs = np.unique((targets * width + np.arange(width))[cell.operation >= 0])
    writers: list[list[int]] = [[] for _ in range(cell.present.shape[1])]
    for pair in pairs.tolist():
        writers[pair // width].append(pair % width)
    return writers
