"""A batch of networks of any operations, as one graph of states and messages."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from archrank.encoders.incidence import Incidence

__all__ = ["CONSTANT", "WRITTEN", "NetworkBatch", "grouped", "needed"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

CONSTANT, WRITTEN = -1, -2
"""In the place of an input's number: the start of what a constant reads, and a state that messages flow into."""


@dataclass(frozen=True, slots=True, eq=False)
class NetworkBatch:
    """B networks, merged into U states, M messages, G gates and O operations.

    States are numbered by levels, so a state's number is above those of the states that it is computed from. All
    numbers follow from the contents of the networks, not from their order.

    Attributes:
        kinds: The names of the K kinds of operations.
        numbers: The names of the F numbers that describe an operation.
        kind: The kind of every operation: (O,).
        values: The numbers of every operation, NaN for those that it does not have: (O, F).
        operation: The operation of every gate, -1 where the gate is an inner cell's output: (G,).
        inner: The state that leaves the inner cell, -1 where the gate is an operation: (G,).
        place: Which of the ordered arguments is gated, -1 where their order does not count: (G,).
        output: Which of the operation's outputs is written: (G,).
        gate: The gate of every message: (M,).
        sources: The states whose sum a message reads: M rows over U columns.
        incoming: The messages that a state sums: U rows over M columns.
        start: The number of the input that a state is; -1 for what constants read, -2 for all others: (U,).
        level: How many messages there are on the longest way to a state: (U,).
        outputs: The state that leaves each network: (B,).
        junctions: The different states of the outermost junctions that each network's outputs depend on, without its
            inputs: B rows over U columns.
        sizes: An upper bound on the states that each network is computed from: (B,).
    """

    kinds: tuple[str, ...]
    numbers: tuple[str, ...]
    kind: Ints
    values: Floats
    operation: Ints
    inner: Ints
    place: Ints
    output: Ints
    gate: Ints
    sources: Incidence
    incoming: Incidence
    start: Ints
    level: Ints
    outputs: Ints
    junctions: Incidence
    sizes: Ints

    def __len__(self) -> int:
        return len(self.outputs)

    def parts(self, states: int) -> list[Ints]:
        """Blocks of networks to compute together, of similar depth, with about ``states`` states at most.

        A network that has more is a block of its own.
        """
        order = np.lexsort([self.outputs, self.level[self.outputs]])
        block = np.cumsum(self.sizes[order]) // states
        return np.split(order, np.flatnonzero(np.diff(block)) + 1) if len(order) else []


def needed(
    incoming: Incidence, sources: Incidence, inner: Ints, level: Ints, wanted: Ints
) -> tuple[npt.NDArray[np.bool_], Ints]:
    """Which states others come from, and the last level at which each is read.

    Args:
        incoming: As in :class:`NetworkBatch`, like ``sources`` and ``level``.
        sources: The states whose sum a message reads.
        inner: The state that gates a message, -1 for an operation: (M,).
        level: The level of every state.
        wanted: The states that are wanted.

    Returns:
        (U,), (U,).
    """
    mask = np.zeros(len(level), dtype=bool)
    mask[wanted] = True
    last = np.zeros(len(level), dtype=np.int64)
    by_level = grouped(np.arange(len(level)), level)
    for number in range(len(by_level) - 1, 0, -1):
        states = by_level[number][mask[by_level[number]]]
        messages = np.unique(incoming.take(states).columns)
        gating = inner[messages]
        read = np.concatenate([sources.take(messages).columns, gating[gating >= 0]])
        mask[read] = True
        last[read] = np.maximum(last[read], number)
    return mask, last


def grouped(states: Ints, level: Ints) -> list[Ints]:
    """The states of each level, from 0 to the last."""
    order = states[np.argsort(level[states], kind="stable")]
    return np.split(order, np.cumsum(np.bincount(level[states]))[:-1])
