"""The states of networks by their contents: what is equal has one number, exactly."""

from array import array
from collections.abc import Iterable
from itertools import repeat

import numpy as np
import numpy.typing as npt

from archrank.canonical import number_of
from archrank.encoders.incidence import Incidence
from archrank.encoders.network_batch import WRITTEN

__all__ = ["NetworkStates", "Numbers", "Rows"]

Ints = npt.NDArray[np.int64]
Numbers = tuple[tuple[str, float], ...]

_READ = 2**32 - 1
"""The bits of a state in the number that a gate and a state make."""


class Rows:
    """The rows of an :class:`Incidence` that grows."""

    def __init__(self, rows: Iterable[tuple[int, ...]] = ()) -> None:
        self._starts, self._columns = array("q", [0]), array("q")
        for row in rows:
            self.append(row)

    def append(self, row: tuple[int, ...]) -> None:
        """Add a row."""
        self._columns.extend(row)
        self._starts.append(len(self._columns))

    def extend(self, rows: Ints) -> None:
        """Add rows of equal length: (n, length)."""
        n, length = rows.shape
        _extend(self._starts, len(self._columns) + length * np.arange(1, n + 1))
        _extend(self._columns, rows.reshape(-1))

    @property
    def incidence(self) -> Incidence:
        """The rows up to now."""
        return Incidence(np.array(self._starts, dtype=np.int64), np.array(self._columns, dtype=np.int64))


class NetworkStates:
    """Numbers operations, gates, messages and states, with a hash of the contents of each.

    Attributes:
        operations: The number of every kind and its numbers.
        gate_rows: Of every gate the operation, the inner state, the place and the output, as in
            :class:`~archrank.encoders.network_batch.NetworkBatch`.
        gate: The gate of every message.
        sources: The states that every message reads.
        incoming: The messages that flow into every state.
        start: The start of every state.
        level: The level of every state.
    """

    def __init__(self) -> None:
        self.operations: dict[tuple[str, Numbers], int] = {}
        self.gate_rows, self.gate = array("q"), array("q")
        self.sources, self.incoming = Rows(), Rows()
        self.start, self.level = array("q"), array("q")
        self.operation_hash, self.gate_hash = array("q"), array("q")
        self.message_hash, self.state_hash = array("q"), array("q")
        self._length = array("q")
        self._gates: dict[tuple[int, int, int, int], int] = {}
        # Most messages read one state: these go by the gate and the state in one number.
        self._single: dict[int, int] = {}
        self._several: dict[tuple[int, tuple[int, ...]], int] = {}
        self._written: dict[tuple[int, ...], int] = {}
        self._started: dict[int, int] = {}

    def operation(self, kind: str, numbers: Numbers) -> int:
        """The number of an operation."""
        number = self.operations.get((kind, numbers))
        if number is None:
            number = self.operations[kind, numbers] = len(self.operations)
            self.operation_hash.append(number_of((kind, numbers)))
        return number

    def gate_of(self, operation: int, inner: int, place: int, output: int) -> int:
        """The number of a gate."""
        key = (operation, inner, place, output)
        gate = self._gates.get(key)
        if gate is None:
            gate = self._gates[key] = len(self._gates)
            self.gate_rows.extend(key)
            gated_by = self.operation_hash[operation] if inner < 0 else self.state_hash[inner]
            self.gate_hash.append(hash((gated_by, inner < 0, place, output)))
        return gate

    def message(self, gate: int, reads: tuple[int, ...]) -> int:
        """The number of a message that reads a sum of states, at least one, in ascending order."""
        if len(reads) == 1:
            number = self._single.setdefault(gate << 32 | reads[0], len(self.gate))
        else:
            number = self._several.setdefault((gate, reads), len(self.gate))
        if number == len(self.gate):
            before = [self.level[state] for state in reads]
            inner = self.gate_rows[4 * gate + 1]
            self._length.append(1 + max(before if inner < 0 else [*before, self.level[inner]]))
            self.gate.append(gate)
            self.sources.append(reads)
            read = sorted([self.state_hash[state] for state in reads])
            self.message_hash.append(hash((self.gate_hash[gate], *read)))
        return number

    def started(self, start: int) -> int:
        """The number of a state that nothing flows into: an input, or what constants read."""
        number = self._started.get(start)
        if number is None:
            number = self._started[start] = self._new_state(start, ())
        return number

    def written(self, messages: tuple[int, ...]) -> int:
        """The number of a state that messages, in ascending order, flow into."""
        number = self._written.get(messages)
        if number is None:
            number = self._written[messages] = self._new_state(WRITTEN, messages)
        return number

    def single_messages(self, gates: Ints, reads: Ints) -> Ints:
        """The numbers of messages that read one state each: (n,), (n,) to (n,)."""
        known, keys = self._single, (gates << 32 | reads).tolist()
        new = [key for key in dict.fromkeys(keys) if key not in known]
        if new:
            known.update(zip(new, range(len(self.gate), len(self.gate) + len(new)), strict=True))
            codes = np.array(new, dtype=np.int64)
            gates, reads = codes >> 32, codes & _READ
            inner = np.frombuffer(self.gate_rows, dtype=np.int64)[4 * gates + 1]
            level = np.frombuffer(self.level, dtype=np.int64)
            _extend(self._length, 1 + np.maximum(level[reads], np.where(inner < 0, 0, level[inner])))
            pairs = zip(_taken(self.gate_hash, gates), _taken(self.state_hash, reads), strict=True)
            self.message_hash.extend(map(hash, pairs))
            self.sources.extend(reads[:, None])
            _extend(self.gate, gates)
        return np.array([known[key] for key in keys], dtype=np.int64)

    def written_states(self, messages: Ints) -> Ints:
        """The numbers of states that equally many messages flow into: (length, n) to (n,)."""
        known, keys = self._written, list(zip(*np.sort(messages, axis=0).tolist(), strict=True))
        new = [key for key in dict.fromkeys(keys) if key not in known]
        if new:
            known.update(zip(new, range(len(self.level), len(self.level) + len(new)), strict=True))
            rows = np.array(new, dtype=np.int64).reshape(len(new), -1)
            length = np.frombuffer(self._length, dtype=np.int64)[rows]
            arriving = np.sort(np.frombuffer(self.message_hash, dtype=np.int64)[rows], axis=1)
            self.state_hash.extend(map(hash, zip(repeat(WRITTEN), *arriving.T.tolist(), strict=False)))
            self.start.extend(repeat(WRITTEN, len(new)))
            self.incoming.extend(rows)
            _extend(self.level, length.max(axis=1))
        return np.array([known[key] for key in keys], dtype=np.int64)

    def _new_state(self, start: int, messages: tuple[int, ...]) -> int:
        self.level.append(max([self._length[message] for message in messages], default=0))
        self.start.append(start)
        self.incoming.append(messages)
        arriving = sorted([self.message_hash[message] for message in messages])
        self.state_hash.append(hash((start, *arriving)))
        return len(self.level) - 1


def _taken(numbers: "array[int]", at: Ints) -> list[int]:
    taken: list[int] = np.frombuffer(numbers, dtype=np.int64)[at].tolist()
    return taken


def _extend(numbers: "array[int]", more: Ints) -> None:
    numbers.frombytes(np.ascontiguousarray(more, dtype=np.int64).tobytes())
