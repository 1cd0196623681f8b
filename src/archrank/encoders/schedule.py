"""The schedule of a message-passing encoder: per layer, the states that a later layer reads."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch

from archrank.encoders.batch import GraphBatch, Incidence
from archrank.encoders.sparse_sum import SparseSum

__all__ = [
    "Aggregate",
    "Flow",
    "Level",
    "Readout",
    "Residual",
    "Schedule",
    "distinct",
    "positions",
    "schedule",
    "used",
]

Ints = npt.NDArray[np.int64]
Residual = Literal["all", "inputs", "none"]
Aggregate = Literal["sum", "mean"]
Readout = Literal["outputs", "junctions"]


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    """One layer: from the states that it reads to those that later layers need.

    Attributes:
        kinds: Chooses each message's operation kind among the K; with self loops also kind K, for inputs have no
            operation.
        read: Sums the read states of every message, with self loops the state's own that it is sent to too.
        add: Sums or averages the messages that arrive at every kept state; None where message i is state i.
        residual: Chooses, for the kept states ``kept``, the read states that their residuals come from.
        kept: Which kept states have a residual, None for all of them: (residuals,).
    """

    kinds: SparseSum
    read: SparseSum
    add: SparseSum | None
    residual: SparseSum | None
    kept: torch.Tensor | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Schedule:
    """A batch prepared for an encoder with a given number of layers.

    Attributes:
        start: Chooses the start of every state that the first layer reads.
        levels: The layers, first to last.
        embeddings: For every cell, the mean over the states that are read out of each distinct architecture.
        distinct: Which distinct embedding each of the B architectures has: (B,).
    """

    start: SparseSum
    levels: tuple[Level, ...]
    embeddings: tuple[SparseSum, ...]
    distinct: torch.Tensor


@dataclass(frozen=True, slots=True)
class Flow:
    """What a layer reads.

    Attributes:
        residual: Which junctions add their own transformed state: all, inputs only, or none.
        self_loops: Whether a state's own previous value passes its operations too.
        aggregate: Whether a state is the sum or the mean of what its operations give.
    """

    residual: Residual
    self_loops: bool = False
    aggregate: Aggregate = "sum"


def schedule(
    batch: GraphBatch, layers: int, flow: Flow, readout: Readout, indices: Ints | None = None
) -> Schedule:
    """Determine what must be computed, from the readout back to the first layer.

    Args:
        batch: The merged graphs.
        layers: The number of layers, at least 1.
        flow: What a layer reads.
        readout: Whether the outputs of a cell or all its junctions but the inputs are averaged.
        indices: The architectures to compute, in this order; all for None.
    """
    rows = np.arange(len(batch)) if indices is None else np.asarray(indices, dtype=np.int64)
    sides = batch.outputs if readout == "outputs" else batch.junctions
    reads, which = distinct([side.take(rows) for side in sides])
    needed = used(np.concatenate([r.columns for r in reads]), len(batch.start))
    position = positions(needed, len(batch.start))
    embeddings = tuple(SparseSum.mean(Incidence(r.starts, position[r.columns]), len(needed)) for r in reads)
    levels: list[Level] = []
    for _ in range(layers):
        kept, needed = needed, _before(batch, needed, flow)
        levels.append(_level(batch, kept, needed, flow))
    start = SparseSum.choice(batch.start[needed], batch.inputs + len(batch.cells))
    return Schedule(start, tuple(reversed(levels)), embeddings, torch.from_numpy(which))


def _before(batch: GraphBatch, kept: Ints, flow: Flow) -> Ints:
    """The states that a layer reads to compute the kept ones."""
    flows = used(batch.incoming.take(kept).columns, len(batch.operation))
    own = kept if flow.self_loops else _having_residual(batch, kept, flow)
    return used(np.concatenate([batch.sources.take(flows).columns, own]), len(batch.start))


def _having_residual(batch: GraphBatch, kept: Ints, flow: Flow) -> Ints:
    if flow.residual == "inputs":
        return kept[batch.start[kept] < batch.inputs]
    return kept if flow.residual == "all" else kept[:0]


def _level(batch: GraphBatch, kept: Ints, before: Ints, flow: Flow) -> Level:
    kinds, reads, arriving = (_looped if flow.self_loops else _messages)(batch, kept)
    position = positions(before, len(batch.start))
    aggregate = SparseSum.mean if flow.aggregate == "mean" else SparseSum.plain
    residual = _having_residual(batch, kept, flow)
    return Level(
        kinds=SparseSum.choice(kinds, len(batch.operations) + flow.self_loops),
        read=SparseSum.plain(Incidence(reads.starts, position[reads.columns]), len(before)),
        add=None if _is_identity(arriving) else aggregate(arriving, len(kinds)),
        residual=SparseSum.choice(position[residual], len(before)) if len(residual) else None,
        kept=torch.from_numpy(np.searchsorted(kept, residual)) if len(residual) < len(kept) else None,
    )


def _messages(batch: GraphBatch, kept: Ints) -> tuple[Ints, Incidence, Incidence]:
    """The kinds of the messages to the kept states, the states that each reads, and the messages to each state."""
    arriving = batch.incoming.take(kept)
    flows = used(arriving.columns, len(batch.operation))
    arriving = Incidence(arriving.starts, positions(flows, len(batch.operation))[arriving.columns])
    return batch.operation[flows], batch.sources.take(flows), arriving


def _looped(batch: GraphBatch, kept: Ints) -> tuple[Ints, Incidence, Incidence]:
    """The same where every message also reads the state that it is sent to, so is one for each such state.

    An input, at which nothing arrives, sends its own state to itself.
    """
    arriving = batch.incoming.take(kept)
    inputs = np.flatnonzero(batch.start[kept] < batch.inputs)
    to = np.repeat(np.arange(len(kept)), np.diff(arriving.starts))
    kinds = np.append(batch.operation[arriving.columns], np.full(len(inputs), len(batch.operations)))
    heard = batch.sources.take(arriving.columns).with_column(kept[to])
    reads = Incidence.stacked([heard, Incidence(np.arange(len(inputs) + 1), kept[inputs])])
    to = np.append(to, inputs)
    order = np.argsort(to, kind="stable")
    starts = np.append(0, np.cumsum(np.bincount(to, minlength=len(kept))))
    return kinds[order], reads.take(order), Incidence(starts, np.arange(len(order)))


def _is_identity(rows: Incidence) -> bool:
    return np.array_equal(rows.columns, np.arange(len(rows))) and bool((np.diff(rows.starts) == 1).all())


def distinct(reads: list[Incidence]) -> tuple[list[Incidence], Ints]:
    """Find the architectures that read the same states in every cell, as far as that is fast: they have one embedding.

    Args:
        reads: For every cell, the states that are read: B rows over U columns.

    Returns:
        The rows of the distinct ones, and which of them each of the B architectures is: (B,).
    """
    widths = {int(w) for r in reads for w in np.unique(np.diff(r.starts))}
    if len(widths) != 1:
        return reads, np.arange(len(reads[0]))
    width = widths.pop()
    table = np.concatenate([np.sort(r.columns.reshape(-1, width), axis=1) for r in reads], axis=1)
    if table.shape[1] == 1:
        unique, which = np.unique(table[:, 0], return_inverse=True)
        first = unique[:, None]
    else:
        first, which = np.unique(table, axis=0, return_inverse=True)
    starts = np.arange(len(first) + 1) * width
    parts = np.split(first, len(reads), axis=1)
    return [Incidence(starts, part.reshape(-1)) for part in parts], which.reshape(-1)


def used(indices: Ints, size: int) -> Ints:
    """The distinct values of ``indices``, all below ``size``, sorted."""
    mask = np.zeros(size, dtype=bool)
    mask[indices] = True
    return np.flatnonzero(mask)


def positions(indices: Ints, size: int) -> Ints:
    """The position of each number below ``size`` in ``indices``, undefined for numbers that are not there: (size,)."""
    position = np.empty(size, dtype=np.int64)
    position[indices] = np.arange(len(indices))
    return position
