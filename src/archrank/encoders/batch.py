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
from archrank.graph import Graph

__all__ = ["Choices", "GraphBatch", "Incidence", "collate", "merge"]

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Incidence:
    """The columns of each row: a sparse 0/1 matrix, in which a column that is listed twice counts twice.

    Attributes:
        starts: Where each row's columns begin in ``columns``: (rows + 1,).
        columns: The column indices, row after row: (entries,).
    """

    starts: Ints
    columns: Ints

    @classmethod
    def of_padded(cls, rows: Ints) -> "Incidence":
        """Build from a table of columns, (rows, width), padded with -1."""
        starts = np.zeros(len(rows) + 1, dtype=np.int64)
        np.cumsum((rows >= 0).sum(axis=1), out=starts[1:])
        return cls(starts, rows[rows >= 0])

    @classmethod
    def of_pairs(cls, rows: Ints, columns: Ints, count: int) -> "Incidence":
        """Build ``count`` rows from pairs of a row and a column, (entries,) each, in any order."""
        turned, order = cls(np.arange(len(rows) + 1), rows).transpose(count)
        return cls(turned.starts, columns[order])

    @classmethod
    def stacked(cls, parts: "Sequence[Incidence]") -> "Incidence":
        """The rows of several matrices over the same columns, one after the other."""
        lengths = np.concatenate([np.diff(part.starts) for part in parts])
        return cls(
            np.concatenate([[0], np.cumsum(lengths)]), np.concatenate([part.columns for part in parts])
        )

    def __len__(self) -> int:
        return len(self.starts) - 1

    def row(self, row: int) -> Ints:
        """The columns of one row."""
        return self.columns[self.starts[row] : self.starts[row + 1]]

    def take(self, rows: Ints) -> "Incidence":
        """The given rows, in the order given."""
        lengths = self.starts[rows + 1] - self.starts[rows]
        starts = np.zeros(len(rows) + 1, dtype=np.int64)
        np.cumsum(lengths, out=starts[1:])
        within = np.arange(starts[-1]) - np.repeat(starts[:-1], lengths)
        return Incidence(starts, self.columns[np.repeat(self.starts[rows], lengths) + within])

    def then(self, other: "Incidence") -> "Incidence":
        """The product of two matrices: each row lists rows of ``other``, and the result lists the columns of these."""
        taken = other.take(self.columns)
        return Incidence(taken.starts[self.starts], taken.columns)

    def with_column(self, column: Ints) -> "Incidence":
        """With one more column in every row: (rows,)."""
        return Incidence(
            self.starts + np.arange(len(self.starts)), np.insert(self.columns, self.starts[1:], column)
        )

    def transpose(self, columns: int) -> "tuple[Incidence, Ints]":
        """The rows of each of the ``columns`` columns, and for each entry of the result its index in this matrix."""
        order = np.argsort(self.columns, kind="stable")
        rows = np.repeat(np.arange(len(self)), np.diff(self.starts))
        starts = np.zeros(columns + 1, dtype=np.int64)
        np.cumsum(np.bincount(self.columns, minlength=columns), out=starts[1:])
        return Incidence(starts, rows[order]), order


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
    reads, messages, flows, states = _Numbers(), _Numbers(), _Numbers(), _Numbers()
    outputs: list[Incidence] = []
    junctions: list[Incidence] = []
    for c, cell in enumerate(cells):
        here = np.full(cell.present.shape, -1, dtype=np.int64)
        targets = np.broadcast_to(cell.target, cell.operation.shape)
        for junction in range(cell.present.shape[1]):
            arriving = np.full(cell.operation.shape, -1, dtype=np.int64)
            for site in range(cell.operation.shape[1]):
                rows = np.flatnonzero((targets[:, site] == junction) & (cell.operation[:, site] >= 0))
                if len(rows):
                    sources = cell.sources[rows, site]
                    read = np.where(sources >= 0, here[rows[:, None], sources], -1)
                    kinds = cell.operation[rows, site].astype(np.int64)
                    arriving[rows, site] = messages.of(reads.of_multisets(read), kinds)
            start = sum(inputs[:c]) + junction if junction < cell.inputs else sum(inputs) + c
            rows = np.flatnonzero(cell.present[:, junction])
            here[rows, junction] = states.of(flows.of_multisets(arriving[rows]), np.full(len(rows), start))
        positions = np.where(
            cell.outputs >= 0, np.take_along_axis(here, cell.outputs.astype(np.int64), 1), -1
        )
        outputs.append(Incidence.of_padded(positions))
        inner = here[:, cell.inputs :]
        junctions.append(Incidence.of_padded(inner if inner.shape[1] else here))
    return GraphBatch(
        operations=tuple(operations),
        operation=messages.second,
        sources=reads.multisets(messages.first),
        incoming=flows.multisets(states.first),
        start=states.second,
        inputs=sum(inputs),
        outputs=tuple(outputs),
        junctions=tuple(junctions),
        cells=tuple(cells),
        choices=choices,
    )


class _Numbers:
    """Numbers pairs of numbers, from 0: equal pairs get equal numbers, exactly.

    A multiset is a pair too: the multiset without its largest item, and that item.

    Attributes:
        first: The first of each numbered pair.
        second: The second.
    """

    def __init__(self) -> None:
        self.first = np.empty(0, dtype=np.int64)
        self.second = np.empty(0, dtype=np.int64)
        self._known = np.empty(0, dtype=np.int64)
        self._numbers = np.empty(0, dtype=np.int64)

    def of(self, first: Ints, second: Ints) -> Ints:
        """The numbers of pairs, new ones where a pair is new: (n,). A first may be -1."""
        pairs: Ints = ((first + 1) << 32) | second
        codes, inverse = np.unique(pairs, return_inverse=True)
        position = np.searchsorted(self._known, codes)
        old = np.zeros(len(codes), dtype=bool)
        inside = position < len(self._known)
        old[inside] = self._known[position[inside]] == codes[inside]
        numbers = np.empty(len(codes), dtype=np.int64)
        numbers[old] = self._numbers[position[old]]
        new = codes[~old]
        numbers[~old] = len(self.first) + np.arange(len(new))
        self.first = np.concatenate([self.first, (new >> 32) - 1])
        self.second = np.concatenate([self.second, new & 0xFFFFFFFF])
        # Both parts are sorted, so putting the new ones in keeps the whole sorted.
        self._known = np.insert(self._known, position[~old], new)
        self._numbers = np.insert(self._numbers, position[~old], numbers[~old])
        return numbers[inverse]

    def of_multisets(self, items: Ints) -> Ints:
        """The numbers of the multisets in the rows of ``items``, -1 for an empty one: (n, width) to (n,)."""
        numbers = np.full(len(items), -1, dtype=np.int64)
        for column in np.sort(items, axis=1).T:
            rows = np.flatnonzero(column >= 0)
            if len(rows):
                numbers[rows] = self.of(numbers[rows], column[rows])
        return numbers

    def multisets(self, numbers: Ints) -> Incidence:
        """The multisets with these numbers."""
        columns: list[Ints] = []
        while (numbers >= 0).any():
            items = np.full(len(numbers), -1, dtype=np.int64)
            rows = np.flatnonzero(numbers >= 0)
            items[rows] = self.second[numbers[rows]]
            columns.append(items)
            numbers = numbers.copy()
            numbers[rows] = self.first[numbers[rows]]
        width = len(columns)
        return Incidence.of_padded(
            np.stack(columns, axis=1) if width else np.empty((len(numbers), 0), dtype=np.int64)
        )
