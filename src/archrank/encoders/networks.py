"""From graphs of any operations to a batch: what is equal in several networks or inner cells is there once.

A junction's state depends only on what flows into it. So junctions with the same history are one *state*, and uses of
the same operation that read the same states are one *message*, in whatever network or inner cell they are. An inner
cell begins with the same starts as a network, so that equal inner cells have equal outputs: a node that holds one is
gated by the state of its output. Merging is exact: it is common-subexpression elimination over the batch.
"""

import math
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from archrank.canonical import number_of
from archrank.encoders.incidence import Incidence
from archrank.encoders.network_batch import CONSTANT, WRITTEN, NetworkBatch, needed
from archrank.errors import SpaceError
from archrank.graph import Cell, Graph, Node, Site
from archrank.network_features import scaled

__all__ = ["OUTPUT", "Networks", "collate_networks"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Numbers = tuple[tuple[str, float], ...]

OUTPUT = "output"
"""The kind of the operation that a network's results flow into."""


def collate_networks(graphs: Sequence[Graph]) -> NetworkBatch:
    """Merge B networks into one batch.

    Raises:
        SpaceError: No graph.

    >>> chain = Graph((Cell(1, 3, (Node("conv", (0,), 1), Node("conv", (1,), 2)), (2,)),))
    >>> len(collate_networks([chain, chain]).start)  # the input, two states, and what the output flows into
    4
    """
    networks = Networks()
    return networks.batch([networks.add(graph) for graph in graphs])


class Networks:
    """Numbers the states of networks that are added one after the other; equal ones get equal numbers, exactly."""

    def __init__(self) -> None:
        self._operations: dict[tuple[str, Numbers], int] = {}
        self._gates: dict[tuple[int, int, int, int], int] = {}
        self._messages: dict[tuple[int, tuple[int, ...]], int] = {}
        self._states: dict[tuple[int, tuple[int, ...]], int] = {}
        self._gate_rows, self._gate, self._length = array("q"), array("q"), array("q")
        self._start, self._level = array("q"), array("q")
        self._sources, self._incoming = _Rows(), _Rows()
        self._operation_hash, self._gate_hash = array("q"), array("q")
        self._message_hash, self._state_hash = array("q"), array("q")
        self._cells: dict[int, _Merged] = {}
        self._sent: dict[tuple[int, tuple[int, ...]], _Sent] = {}
        self._networks: list[tuple[int, tuple[int, ...], int]] = []

    def __len__(self) -> int:
        """How many states there are."""
        return len(self._level)

    def add(self, graph: Graph) -> int:
        """Add a network; returns its number."""
        cells = [self._cell(cell) for cell in graph.cells]
        results = [
            self._result(merged.outputs, cell.ordered)
            for merged, cell in zip(cells, graph.cells, strict=True)
        ]
        result = results[0] if len(results) == 1 else self._result(tuple(results), ordered=True)
        # Different states, so that they follow from the result: networks of one result are encoded once.
        live = [
            [merged.states[j] for j in _live(cell)] for merged, cell in zip(cells, graph.cells, strict=True)
        ]
        junctions = tuple(sorted(set(chain.from_iterable(live))))
        self._networks.append((result, junctions, sum(merged.size for merged in cells)))
        return len(self._networks) - 1

    def batch(self, networks: Sequence[int]) -> NetworkBatch:
        """Some of the networks as a batch, in this order.

        Raises:
            SpaceError: None of them.
        """
        if not len(networks):
            raise SpaceError("no network was given; a batch needs at least one")
        outputs, junctions, sizes = zip(*[self._networks[index] for index in networks], strict=True)
        gate_rows = _copied(self._gate_rows).reshape(-1, 4)
        gate, level = _copied(self._gate), _copied(self._level)
        sources, incoming = self._sources.incidence, self._incoming.incidence
        # Numbered by contents, so that sums have the same order whatever was added before.
        mask = needed(incoming, sources, gate_rows[:, 1][gate], level, np.array(outputs))[0]
        states = _ordered(np.flatnonzero(mask), self._state_hash, level)
        messages = _ordered(np.unique(incoming.take(states).columns), self._message_hash)
        gates = _ordered(np.unique(gate[messages]), self._gate_hash)
        gate_rows = gate_rows[gates]
        operations = _ordered(np.unique(gate_rows[:, 0][gate_rows[:, 0] >= 0]), self._operation_hash)
        at = _positions(states, len(level))
        found = list(self._operations)
        described = [found[operation] for operation in operations]
        kinds = tuple(sorted({kind for kind, _ in described}))
        names = tuple(sorted({name for _, numbers in described for name, _ in numbers}))
        return NetworkBatch(
            kinds=kinds,
            numbers=names,
            kind=np.array([kinds.index(kind) for kind, _ in described], dtype=np.int64),
            values=_table([numbers for _, numbers in described], names),
            operation=_positions(operations, len(found))[gate_rows[:, 0]],
            inner=at[gate_rows[:, 1]],
            place=gate_rows[:, 2],
            output=gate_rows[:, 3],
            gate=_positions(gates, len(self._gates))[gate[messages]],
            sources=_renumbered(sources.take(messages), at),
            incoming=_renumbered(incoming.take(states), _positions(messages, len(gate))),
            start=_copied(self._start)[states],
            level=level[states],
            outputs=at[np.array(outputs, dtype=np.int64)],
            junctions=_renumbered(_Rows(junctions).incidence, at),
            sizes=np.array(sizes, dtype=np.int64),
        )

    def _cell(self, cell: Cell) -> "_Merged":
        """The states of a cell; a cell that several nodes or networks hold is looked at once."""
        known = self._cells.get(id(cell))
        if known is not None:
            return known
        here = [self._state(i, ()) for i in range(cell.inputs)] + [-1] * (cell.junctions - cell.inputs)
        arriving: list[list[int]] = [[] for _ in here]
        inside: dict[int, int] = {}
        settled = cell.inputs
        for site in sorted(cell.sites, key=_first):
            # All sites that write to a junction come before those that read it.
            for junction in range(settled, max(site.sources, default=-1) + 1):
                here[junction] = self._state(WRITTEN, tuple(sorted(arriving[junction])))
                settled = junction + 1
            reads = tuple([here[j] for j in site.sources])
            sent = self._sent.get((id(site), reads))
            if sent is None:
                sent = self._sent[id(site), reads] = self._sent_by(site, list(reads))
            for target, message in sent.messages:
                arriving[target].append(message)
            inside.update(sent.inside)
        for junction in range(settled, cell.junctions):
            here[junction] = self._state(WRITTEN, tuple(sorted(arriving[junction])))
        merged = _Merged(cell, tuple(here), sum(inside.values()))
        self._cells[id(cell)] = merged
        return merged

    def _sent_by(self, site: Site, reads: list[int]) -> "_Sent":
        """The junctions that a site writes to, each with a message, and the sizes of inner cells."""
        given, inside = site, dict[int, int]()
        while isinstance(site, Node) and site.inner is not None and (only := _only(site.inner)) is not None:
            site = _in_place_of(site, only)
        if not isinstance(site, Node):
            operation = self._operation(site.operation, ())
            sent = [(site.target, m) for m in self._messages_of(operation, -1, 0, reads, ordered=False)]
            return _Sent(given, sent, inside)
        if site.inner is None:
            operation = self._operation(site.operation, _numbers(site))
            gates = [(operation, -1, output) for output in range(len(site.targets))]
        else:
            merged = self._cell(site.inner)
            inside[id(merged.cell)] = merged.size
            gates = [(-1, state, 0) for state in merged.outputs]
        sent = [
            (target, message)
            for target, gate in zip(site.targets, gates, strict=True)
            for message in self._messages_of(*gate, reads, site.ordered)
        ]
        return _Sent(given, sent, inside)

    def _result(self, outputs: tuple[int, ...], ordered: bool) -> int:
        """The state that results flow into."""
        messages = self._messages_of(self._operation(OUTPUT, ()), -1, 0, list(outputs), ordered)
        return self._state(WRITTEN, tuple(sorted(messages)))

    def _messages_of(
        self, operation: int, inner: int, output: int, reads: list[int], ordered: bool
    ) -> list[int]:
        """One message that reads a sum, or one for each argument where their order counts."""
        if not reads:
            reads = [self._state(CONSTANT, ())]
        if not ordered or len(reads) == 1:
            return [self._message((operation, inner, -1, output), tuple(sorted(reads)))]
        return [self._message((operation, inner, place, output), (read,)) for place, read in enumerate(reads)]

    def _operation(self, kind: str, numbers: Numbers) -> int:
        number = self._operations.get((kind, numbers))
        if number is None:
            number = self._operations[kind, numbers] = len(self._operations)
            self._operation_hash.append(number_of((kind, numbers)))
        return number

    def _message(self, key: tuple[int, int, int, int], reads: tuple[int, ...]) -> int:
        gate = self._gates.get(key)
        if gate is None:
            gate = self._gates[key] = len(self._gates)
            self._gate_rows.extend(key)
            operation, inner, place, output = key
            gated_by = self._operation_hash[operation] if inner < 0 else self._state_hash[inner]
            self._gate_hash.append(hash((gated_by, inner < 0, place, output)))
        number = self._messages.get((gate, reads))
        if number is None:
            number = self._messages[gate, reads] = len(self._messages)
            before = [self._level[state] for state in reads]
            inner = key[1]
            self._length.append(1 + max(before if inner < 0 else [*before, self._level[inner]]))
            self._gate.append(gate)
            self._sources.append(reads)
            read = sorted([self._state_hash[state] for state in reads])
            self._message_hash.append(hash((self._gate_hash[gate], *read)))
        return number

    def _state(self, start: int, messages: tuple[int, ...]) -> int:
        number = self._states.get((start, messages))
        if number is None:
            number = self._states[start, messages] = len(self._states)
            self._level.append(max([self._length[message] for message in messages], default=0))
            self._start.append(start)
            self._incoming.append(messages)
            arriving = sorted([self._message_hash[message] for message in messages])
            self._state_hash.append(hash((start, *arriving)))
        return number


class _Merged:
    """A cell, the states of its junctions, those of its outputs, and how many it needs."""

    __slots__ = ("cell", "outputs", "size", "states")

    def __init__(self, cell: Cell, states: tuple[int, ...], inside: int) -> None:
        self.cell = cell  # so that its id is not given to another one
        self.states = states
        self.outputs = tuple([states[j] for j in cell.outputs])
        self.size = cell.junctions + inside


class _Sent(NamedTuple):
    """What a site sends when it reads certain states, and the sizes of the cells inside of it by their ids."""

    site: Site  # so that its id is not given to another one
    messages: list[tuple[int, int]]
    inside: dict[int, int]


class _Rows:
    """The rows of an :class:`Incidence` that grows."""

    def __init__(self, rows: Iterable[tuple[int, ...]] = ()) -> None:
        self._starts, self._columns = array("q", [0]), array("q")
        for row in rows:
            self.append(row)

    def append(self, row: tuple[int, ...]) -> None:
        """Add a row."""
        self._columns.extend(row)
        self._starts.append(len(self._columns))

    @property
    def incidence(self) -> Incidence:
        """The rows up to now."""
        return Incidence(_copied(self._starts), _copied(self._columns))


def _ordered(numbers: Ints, hashes: "array[int]", level: Ints | None = None) -> Ints:
    """Numbers in the order of their hashes, of equal level where there are levels."""
    keys = [_copied(hashes)[numbers]] if level is None else [_copied(hashes)[numbers], level[numbers]]
    return numbers[np.lexsort(keys)]


def _positions(numbers: Ints, size: int) -> Ints:
    """The position of each number below ``size`` in ``numbers``, and at the end that of -1, which is -1."""
    at = np.full(size + 1, -1, dtype=np.int64)
    at[numbers] = np.arange(len(numbers))
    return at


def _renumbered(rows: Incidence, at: Ints) -> Incidence:
    """Rows whose columns have new numbers, in ascending order."""
    columns = at[rows.columns]
    owner = np.repeat(np.arange(len(rows)), np.diff(rows.starts))
    return Incidence(rows.starts, columns[np.lexsort([columns, owner])])


def _table(described: Sequence[Numbers], names: tuple[str, ...]) -> Floats:
    column = {name: index for index, name in enumerate(names)}
    values = np.full((len(described), len(names)), np.nan)
    for row, numbers in enumerate(described):
        for name, value in numbers:
            values[row, column[name]] = value
    return values


def _copied(numbers: "array[int]") -> Ints:
    return np.array(numbers, dtype=np.int64)


def _live(cell: Cell) -> list[int]:
    """The junctions that the outputs of a cell depend on, without its inputs."""
    live = set(cell.outputs)
    for site in sorted(cell.sites, key=_first, reverse=True):
        if not live.isdisjoint(site.targets if isinstance(site, Node) else (site.target,)):
            live.update(site.sources)
    return [junction for junction in live if junction >= cell.inputs]


def _only(cell: Cell) -> Site | None:
    """The one operation that a cell consists of, with the same inputs and outputs; None where there is more to it."""
    site = cell.sites[0] if len(cell.sites) == 1 else None
    if site is None or site.sources != tuple(range(cell.inputs)):
        return None
    return site if (site.targets if isinstance(site, Node) else (site.target,)) == cell.outputs else None


def _in_place_of(node: Node, site: Site) -> Site:
    """The operation of an inner cell in the place of the node that holds the cell."""
    if isinstance(site, Node):
        return replace(site, sources=node.sources, target=node.target, more_targets=node.more_targets)
    return Site(site.operation, node.sources, node.target)


def _numbers(node: Node) -> Numbers:
    """What describes an operation: its attributes, and its sizes as logarithms."""
    sizes = (
        ("parameters", node.parameters),
        ("multiply-adds", node.multiply_adds),
        ("activations", math.prod(node.shape) if node.shape else 0),
        ("weights from elsewhere", len(node.weights)),
    )
    described = [(f"{name}: attribute", scaled(value)) for name, value in node.attributes]
    return tuple(described + [(name, math.log1p(value)) for name, value in sizes if value > 0])


def _first(site: Site) -> int:
    return min(site.targets) if isinstance(site, Node) and site.more_targets else site.target
