"""The schedule of a message-passing encoder: per layer, the states that a later layer reads."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch

from archrank.encoders.batch import GraphBatch
from archrank.encoders.incidence import Incidence, Numbers
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

_LARGE = 40
"""In graphs with more junctions than this, states that have seen the same are computed once."""


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
    needed = [used(np.concatenate([r.columns for r in reads]), len(batch.start))]
    for _ in range(layers):
        needed.insert(0, _before(batch, needed[0], flow))
    hold = _near if sum(cell.present.shape[1] for cell in batch.cells) > _LARGE else _held
    held = hold(batch, needed[0], batch.start[needed[0]])
    start = SparseSum.choice(batch.start[held.states], batch.inputs + len(batch.cells))
    levels: list[Level] = []
    for kept in needed[1:]:
        seen = _seen(batch, kept, held, flow) if hold is _near else kept
        before, held = held, hold(batch, kept, seen)
        levels.append(_level(batch, held.states, before, flow))
    embeddings = tuple(
        SparseSum.mean(Incidence(r.starts, held.position[r.columns]), len(held.states)) for r in reads
    )
    return Schedule(start, tuple(levels), embeddings, torch.from_numpy(which))


@dataclass(frozen=True, slots=True, eq=False)
class _Held:
    """The states that are held between two layers.

    Attributes:
        states: Which states of the batch they are, ascending: (held,).
        position: Which of them every state of the batch is, undefined for those that are not needed: (U,).
    """

    states: Ints
    position: Ints


def _held(batch: GraphBatch, kept: Ints, seen: Ints) -> _Held:
    return _Held(kept, positions(kept, len(batch.start)))


def _near(batch: GraphBatch, kept: Ints, seen: Ints) -> _Held:
    """One state for all that have seen the same.

    After a few layers a state has only seen what is near it, which in a large graph is the same in many places. So
    time and memory depend on how many different neighborhoods there are.
    """
    _, first, which = np.unique(seen, return_index=True, return_inverse=True)
    order = np.argsort(first)
    position = np.zeros(len(batch.start), dtype=np.int64)
    position[kept] = positions(order, len(order))[which]
    return _Held(kept[first[order]], position)


def _seen(batch: GraphBatch, kept: Ints, before: _Held, flow: Flow) -> Ints:
    """A number for what each kept state has seen after a layer, equal where that is equal: (kept,)."""
    arriving = batch.incoming.take(kept)
    flows = used(arriving.columns, len(batch.operation))
    reads = batch.sources.take(flows)
    read = Numbers().of_multisets(Incidence(reads.starts, before.position[reads.columns]).padded())
    message = Numbers().of(read, batch.operation[flows])
    message = message[positions(flows, len(batch.operation))[arriving.columns]]
    heard = Numbers().of_multisets(Incidence(arriving.starts, message).padded())
    own = np.zeros(len(kept), dtype=np.int64)
    looped = kept if flow.self_loops else _having_residual(batch, kept, flow)
    own[np.searchsorted(kept, looped)] = before.position[looped] + 1
    # An input passes its own state in another way.
    return Numbers().of(heard, 2 * own + (batch.start[kept] < batch.inputs))


def _before(batch: GraphBatch, kept: Ints, flow: Flow) -> Ints:
    """The states that a layer reads to compute the kept ones."""
    flows = used(batch.incoming.take(kept).columns, len(batch.operation))
    own = kept if flow.self_loops else _having_residual(batch, kept, flow)
    return used(np.concatenate([batch.sources.take(flows).columns, own]), len(batch.start))


def _having_residual(batch: GraphBatch, kept: Ints, flow: Flow) -> Ints:
    if flow.residual == "inputs":
        return kept[batch.start[kept] < batch.inputs]
    return kept if flow.residual == "all" else kept[:0]


def _level(batch: GraphBatch, kept: Ints, before: _Held, flow: Flow) -> Level:
    kinds, reads, arriving = (_looped if flow.self_loops else _messages)(batch, kept)
    aggregate = SparseSum.mean if flow.aggregate == "mean" else SparseSum.plain
    residual = _having_residual(batch, kept, flow)
    position, size = before.position, len(before.states)
    return Level(
        kinds=SparseSum.choice(kinds, len(batch.operations) + flow.self_loops),
        read=SparseSum.plain(Incidence(reads.starts, position[reads.columns]), size),
        add=None if _is_identity(arriving) else aggregate(arriving, len(kinds)),
        residual=SparseSum.choice(position[residual], size) if len(residual) else None,
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
