"""The disjoint union of many graphs: every junction and site of every architecture is kept.

Where information also flows backwards, a junction's state depends on all that comes before and after it, so states of
different architectures are rarely equal and merging them (:mod:`~archrank.encoders.batch`) gains nothing.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from archrank.arrays import CellArrays
from archrank.encoders.batch import GraphBatch
from archrank.encoders.incidence import Incidence

__all__ = ["POSITION_FEATURES", "DisjointUnion", "disjoint_union", "position_features"]

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]

POSITION_FEATURES = 7
"""The number of :func:`position_features` of a site."""


@dataclass(frozen=True, slots=True, eq=False)
class DisjointUnion:
    """B graphs of C cells as one graph of N junctions and S sites, counted through all architectures and cells.

    Attributes:
        operation: The kind of every site: (S,).
        sources: The junctions that a site reads: S rows over N columns.
        target: The junction that a site writes to: (S,).
        start: As in :class:`GraphBatch`, the number of the input that a junction is, or ``inputs`` plus the number of
            the cell that it lies in: (N,).
        outputs: For every cell, the junctions that leave it: B rows over N columns.
        inputs: For every cell, the junctions that carry what comes into it: (B, inputs of the cell).
        owner: The cell that a site lies in, counted through the first cells of all architectures, then their second
            ones, and so on: (S,).
    """

    operation: Ints
    sources: Incidence
    target: Ints
    start: Ints
    outputs: tuple[Incidence, ...]
    inputs: tuple[Ints, ...]
    owner: Ints


def disjoint_union(batch: GraphBatch, indices: Ints | None = None, live: bool = False) -> DisjointUnion:
    """Number the junctions and sites of all graphs together.

    Args:
        batch: B graphs.
        indices: Those to use, in this order; all for None.
        live: Keep only what lies on a path from an input to an output, and inputs and outputs themselves.
    """
    operation: list[Ints] = []
    sources: list[Ints] = []
    target: list[Ints] = []
    start: list[Ints] = []
    outputs: list[Incidence] = []
    inputs: list[Ints] = []
    owner: list[Ints] = []
    junctions = before = 0
    for c, whole in enumerate(batch.cells):
        cell = whole if indices is None else _taken(whole, indices)
        present, sites, reads = (
            _live(cell) if live else (cell.present, cell.operation >= 0, cell.sources >= 0)
        )
        number = np.cumsum(present.ravel()).reshape(present.shape) + (junctions - 1)
        rows: Ints = np.arange(len(cell))[:, None]
        operation.append(cell.operation[sites].astype(np.int64))
        target.append(number[rows, np.broadcast_to(cell.target, sites.shape)][sites])
        sources.append(np.where(reads, number[rows[:, :, None], cell.sources], -1)[sites])
        position = np.arange(present.shape[1])
        kind = np.where(position < cell.inputs, before + position, batch.inputs + c)
        start.append(np.broadcast_to(kind, present.shape)[present])
        outputs.append(Incidence.of_padded(np.where(cell.outputs >= 0, number[rows, cell.outputs], -1)))
        inputs.append(number[:, : cell.inputs])
        owner.append(np.nonzero(sites)[0] + c * len(cell))
        junctions += int(present.sum())
        before += cell.inputs
    width = max(read.shape[1] for read in sources)
    padded = [np.pad(read, ((0, 0), (0, width - read.shape[1])), constant_values=-1) for read in sources]
    return DisjointUnion(
        operation=np.concatenate(operation),
        sources=Incidence.of_padded(np.concatenate(padded)),
        target=np.concatenate(target),
        start=np.concatenate(start),
        outputs=tuple(outputs),
        inputs=tuple(inputs),
        owner=np.concatenate(owner),
    )


def position_features(graphs: DisjointUnion) -> Floats:
    """The position of each site in its graph as numbers that do not depend on the order of junctions and sites: (S, 7).

    For the shortest and the longest path from an input to the site and from the site to an output, counted in
    operations including the site's own: 1 over the length, 0 where there is no path. Then log(1 + number) of the
    junctions that the site reads, of the sites that read its target, and of the sites that write to its target.
    """
    junctions = len(graphs.start)
    readers = np.repeat(np.arange(len(graphs.target)), np.diff(graphs.sources.starts))
    read, written = graphs.sources.columns, graphs.target[readers]
    inputs = np.concatenate([ends.ravel() for ends in graphs.inputs])
    outputs = np.concatenate([side.columns for side in graphs.outputs])
    closeness = []
    for step in (1, -1):
        before = _lengths(read, written, inputs, junctions, step)
        heard = np.full(len(graphs.target), np.inf)
        np.minimum.at(heard, readers, before[read])
        after = _lengths(written, read, outputs, junctions, step)[graphs.target]
        closeness += [np.where(np.isfinite(ways), 1 / (step * ways + 1), 0) for ways in (heard, after)]
    counts = [
        np.diff(graphs.sources.starts),
        np.bincount(read, minlength=junctions)[graphs.target],
        np.bincount(graphs.target, minlength=junctions)[graphs.target],
    ]
    return np.stack([*closeness, *(np.log1p(count) for count in counts)], axis=1).astype(np.float32)


def _lengths(begin: Ints, end: Ints, ends: Ints, junctions: int, step: int) -> npt.NDArray[np.float64]:
    """The shortest path from ``ends`` to every junction along links of length ``step``; infinite where there is none.

    With steps of -1 it is the longest path, times -1.
    """
    lengths = np.full(junctions, np.inf)
    lengths[ends] = 0
    while True:
        further = lengths.copy()
        np.minimum.at(further, end, lengths[begin] + step)
        if np.array_equal(further, lengths):
            return lengths
        lengths = further


def _taken(cell: CellArrays, indices: Ints) -> CellArrays:
    target = cell.target if cell.target.ndim == 1 else cell.target[indices]
    return CellArrays(
        cell.inputs,
        cell.present[indices],
        cell.operation[indices],
        target,
        cell.sources[indices],
        cell.outputs[indices],
    )


def _live(cell: CellArrays) -> tuple[Bools, Bools, Bools]:
    """Which junctions, sites and reads of sites lie on a path from an input to an output."""
    rows: Ints = np.arange(len(cell))[:, None]
    targets = np.broadcast_to(cell.target, cell.operation.shape)
    sites, reads = cell.operation >= 0, cell.sources >= 0
    reached: Bools = np.zeros(cell.present.shape, dtype=bool)
    reached[:, : cell.inputs] = True
    for junction in range(cell.inputs, reached.shape[1]):
        # Sources come before targets, so all that this junction's sites read is settled.
        heard = (reads & reached[rows[:, :, None], cell.sources]).any(axis=2)
        reached[:, junction] = (sites & heard & (targets == junction)).any(axis=1)
    needed = np.zeros_like(reached)
    leaving = np.nonzero(cell.outputs >= 0)
    needed[leaving[0], cell.outputs[leaving]] = True
    reads = reads & reached[rows[:, :, None], cell.sources]
    sites = sites & reads.any(axis=2)
    for junction in range(reached.shape[1] - 1, cell.inputs - 1, -1):
        wanted = sites & (targets == junction) & needed[:, junction, None]
        row, site, read = np.nonzero(reads & wanted[:, :, None])
        needed[row, cell.sources[row, site, read]] = True
    sites = sites & needed[rows, targets]
    needed[:, : cell.inputs] = True
    return needed, sites, reads & sites[:, :, None]
