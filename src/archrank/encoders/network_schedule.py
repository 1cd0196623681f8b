"""The schedule of an encoder of networks: level by level, the states that are computed from those before."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from archrank.encoders.incidence import Incidence
from archrank.encoders.network_batch import NetworkBatch, grouped, needed
from archrank.encoders.schedule import positions, used
from archrank.encoders.sparse_sum import SparseSum

__all__ = ["NetworkLevel", "NetworkSchedule", "network_schedule"]

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class NetworkLevel:
    """From the states that are held to those of the next level.

    Messages are sorted: first those that an operation gates, then those that an inner cell gates.

    Attributes:
        gates: The gate of every message of an operation, among those of the schedule: (m,).
        inner: The held state that gates each of the other messages: (n,).
        place: The place of the argument that each of these reads: (n,).
        read: Sums the held states that every message reads: m + n rows.
        add: Sums the messages that arrive at every new state; None where message i is state i.
        kept: The held states that are held on: (k,).
        onward: The new states that are held with them: (j,).
    """

    gates: torch.Tensor
    inner: torch.Tensor
    place: torch.Tensor
    read: SparseSum
    add: SparseSum | None
    kept: torch.Tensor
    onward: torch.Tensor


@dataclass(frozen=True, slots=True, eq=False)
class NetworkSchedule:
    """Networks prepared for an encoder.

    Attributes:
        start: The start of every state that is held first, as in :attr:`NetworkBatch.start`: (s,).
        operation: The operation of every gate that is not an inner cell: (G,).
        place: The place of the argument that it gates, 0 where the order does not count: (G,).
        output: The output that it writes: (G,).
        kind: The kind of every operation, among those of the batch: (O,).
        values: The numbers of every operation, NaN for those that it does not have: (O, F).
        levels: The levels, first to last.
        outputs: The state that leaves each distinct network, among all new states of all levels: (distinct,).
        junctions: The mean over the different states of the outermost junctions: distinct rows.
        distinct: Which of the distinct networks each of the B networks is: (B,).
    """

    start: torch.Tensor
    operation: torch.Tensor
    place: torch.Tensor
    output: torch.Tensor
    kind: Ints
    values: npt.NDArray[np.float64]
    levels: tuple[NetworkLevel, ...]
    outputs: torch.Tensor
    junctions: SparseSum
    distinct: torch.Tensor


def network_schedule(batch: NetworkBatch, indices: Ints | None = None) -> NetworkSchedule:
    """Determine what must be computed.

    Args:
        batch: The merged networks.
        indices: The networks to compute, in this order; all for None.
    """
    rows = np.arange(len(batch)) if indices is None else np.asarray(indices, dtype=np.int64)
    _, first, which = np.unique(batch.outputs[rows], return_index=True, return_inverse=True)
    outputs, junctions = batch.outputs[rows[first]], batch.junctions.take(rows[first])
    mask, last = needed(batch.incoming, batch.sources, batch.inner[batch.gate], batch.level, outputs)
    states = np.flatnonzero(mask)
    by_level = grouped(states, batch.level)
    held = by_level[0]
    start = batch.start[held]
    gates = used(batch.gate[batch.incoming.take(states).columns], len(batch.operation))
    gates = gates[batch.operation[gates] >= 0]
    gate_at = positions(gates, len(batch.operation))
    operations = used(batch.operation[gates], len(batch.kind))
    levels: list[NetworkLevel] = []
    for number, new in enumerate(by_level[1:], start=1):
        level, held = _level(batch, held, new, last, number, gate_at)
        levels.append(level)
    order = np.concatenate(by_level)
    at = positions(order, len(batch.level))
    return NetworkSchedule(
        start=torch.from_numpy(start),
        operation=torch.from_numpy(positions(operations, len(batch.kind))[batch.operation[gates]]),
        place=torch.from_numpy(batch.place[gates] + 1),
        output=torch.from_numpy(batch.output[gates]),
        kind=batch.kind[operations],
        values=batch.values[operations],
        levels=tuple(levels),
        outputs=torch.from_numpy(at[outputs]),
        junctions=SparseSum.mean(Incidence(junctions.starts, at[junctions.columns]), len(order)),
        distinct=torch.from_numpy(which.reshape(-1)),
    )


def _level(
    batch: NetworkBatch, held: Ints, new: Ints, last: Ints, number: int, gate_at: Ints
) -> tuple[NetworkLevel, Ints]:
    arriving = batch.incoming.take(new)
    messages = np.unique(arriving.columns)
    messages = messages[np.argsort(batch.inner[batch.gate[messages]] >= 0, kind="stable")]
    arriving = Incidence(arriving.starts, positions(messages, len(batch.gate))[arriving.columns])
    gates = batch.gate[messages]
    plain = int((batch.inner[gates] < 0).sum())
    at = positions(held, len(batch.level))
    reads = batch.sources.take(messages)
    kept, onward = np.flatnonzero(last[held] > number), np.flatnonzero(last[new] > number)
    identity = np.array_equal(arriving.columns, np.arange(len(new)))
    level = NetworkLevel(
        gates=torch.from_numpy(gate_at[gates[:plain]]),
        inner=torch.from_numpy(at[batch.inner[gates[plain:]]]),
        place=torch.from_numpy(batch.place[gates[plain:]] + 1),
        read=SparseSum.plain(Incidence(reads.starts, at[reads.columns]), len(held)),
        add=None if identity else SparseSum.plain(arriving, len(messages)),
        kept=torch.from_numpy(kept),
        onward=torch.from_numpy(onward),
    )
    return level, np.concatenate([held[kept], new[onward]])
