"""Many graphs as one: equal partial states are merged, so that each is computed once.

A junction's state in a flow encoder depends only on what flows into it. So over a set of B graphs, junctions with the
same history (the same operations applied to the same sums of the same states) are one *state*, and operations of the
same kind that read the same states are one *message*. The merged graph of all 15,625 NAS-Bench-201 cells has
11,156 states instead of 62,500, and the B architectures merely point at the states they are read from. Merging is
exact: it is common-subexpression elimination over the batch.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from archrank.errors import SpaceError, UnknownName
from archrank.graph import Graph

__all__ = ["GraphBatch", "Incidence", "collate"]

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Incidence:
    """Which columns belong to which row: a sparse 0/1 matrix, a column twice in a row counting twice.

    Attributes:
        starts: Where each row's columns begin in ``columns``: (rows + 1,).
        columns: The column indices, row after row: (entries,).
    """

    starts: Ints
    columns: Ints

    @classmethod
    def of(cls, lists: Sequence[Sequence[int]]) -> "Incidence":
        """Build from one list of columns per row."""
        starts = np.zeros(len(lists) + 1, dtype=np.int64)
        np.cumsum([len(row) for row in lists], out=starts[1:])
        columns = np.fromiter((c for row in lists for c in row), dtype=np.int64, count=int(starts[-1]))
        return cls(starts, columns)

    def __len__(self) -> int:
        return len(self.starts) - 1

    def take(self, rows: Ints) -> "Incidence":
        """The chosen rows, in the order chosen."""
        lengths = self.starts[rows + 1] - self.starts[rows]
        starts = np.zeros(len(rows) + 1, dtype=np.int64)
        np.cumsum(lengths, out=starts[1:])
        within = np.arange(starts[-1]) - np.repeat(starts[:-1], lengths)
        return Incidence(starts, self.columns[np.repeat(self.starts[rows], lengths) + within])

    def transpose(self, columns: int) -> "tuple[Incidence, Ints]":
        """Which rows each of the ``columns`` columns occurs in, and which entry of this one each of its own is."""
        order = np.argsort(self.columns, kind="stable")
        rows = np.repeat(np.arange(len(self)), np.diff(self.starts))
        starts = np.zeros(columns + 1, dtype=np.int64)
        np.cumsum(np.bincount(self.columns, minlength=columns), out=starts[1:])
        return Incidence(starts, rows[order]), order


@dataclass(frozen=True, slots=True, eq=False)
class GraphBatch:
    """B graphs of C cells each, merged into U states and M messages.

    Attributes:
        operations: The K names that ``operation`` indexes.
        operation: The kind of every message: (M,).
        sources: The states whose sum a message reads: M rows over U columns.
        incoming: The messages that a state sums: U rows over M columns.
        start: What a state carries before anything flows: its input's number, counted through all cells; or
            ``inputs + c`` for any other junction of cell c: (U,).
        inputs: How many inputs the C cells have together.
        outputs: For every cell, the states that leave it: B rows over U columns.
        junctions: For every cell, the states of all its junctions but the inputs: B rows over U columns.
    """

    operations: tuple[str, ...]
    operation: Ints
    sources: Incidence
    incoming: Incidence
    start: Ints
    inputs: int
    outputs: tuple[Incidence, ...]
    junctions: tuple[Incidence, ...]

    def __len__(self) -> int:
        return len(self.outputs[0])

    @property
    def cells(self) -> int:
        """C, how many cells each graph has."""
        return len(self.outputs)


def collate(graphs: Sequence[Graph], operations: Sequence[str]) -> GraphBatch:
    """Merge B graphs into one batch.

    Args:
        graphs: B graphs, all with the same number of cells and of inputs per cell.
        operations: The K operation kinds that may occur.

    Raises:
        SpaceError: No graph, or graphs of unlike make.
        UnknownName: An operation that is not among ``operations``.
    """
    if not graphs:
        raise SpaceError("cannot collate 0 graphs; give at least one")
    kinds = {name: index for index, name in enumerate(operations)}
    make = tuple(cell.inputs for cell in graphs[0].cells)
    first_input = [sum(make[:c]) for c in range(len(make))]
    states: dict[tuple[int, tuple[int, ...]], int] = {}
    messages: dict[tuple[int, tuple[int, ...]], int] = {}
    outputs: list[list[list[int]]] = [[] for _ in make]
    junctions: list[list[list[int]]] = [[] for _ in make]
    for graph in graphs:
        if tuple(cell.inputs for cell in graph.cells) != make:
            raise SpaceError(
                f"graphs of unlike make in one batch: cells with {make} inputs and "
                f"{tuple(cell.inputs for cell in graph.cells)}; collate them apart"
            )
        for c, cell in enumerate(graph.cells):
            arriving: list[list[tuple[int, tuple[int, ...]]]] = [[] for _ in range(cell.junctions)]
            for site in cell.sites:
                kind = kinds.get(site.operation)
                if kind is None:
                    raise UnknownName("operation", site.operation, operations)
                arriving[site.target].append((kind, site.sources))
            here: list[int] = []
            for junction, sites in enumerate(arriving):
                flows: list[int] = []
                for kind, sources in sites:
                    read = (
                        (here[sources[0]],)
                        if len(sources) == 1
                        else tuple(sorted([here[s] for s in sources]))
                    )
                    flows.append(messages.setdefault((kind, read), len(messages)))
                flows.sort()
                start = first_input[c] + junction if junction < cell.inputs else sum(make) + c
                here.append(states.setdefault((start, tuple(flows)), len(states)))
            outputs[c].append([here[j] for j in cell.outputs])
            junctions[c].append(here[cell.inputs :] or here)
    return GraphBatch(
        operations=tuple(operations),
        operation=np.fromiter((kind for kind, _ in messages), dtype=np.int64, count=len(messages)),
        sources=Incidence.of([read for _, read in messages]),
        incoming=Incidence.of([flows for _, flows in states]),
        start=np.fromiter((start for start, _ in states), dtype=np.int64, count=len(states)),
        inputs=sum(make),
        outputs=tuple(Incidence.of(rows) for rows in outputs),
        junctions=tuple(Incidence.of(rows) for rows in junctions),
    )
