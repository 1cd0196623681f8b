"""Networks of any operations, over a whole batch as one graph: what is equal in several of them is there once.

A junction's state depends only on what flows into it. So junctions with the same history are one *state*, and uses of
the same operation that read the same states are one *message*, in whatever network or inner cell they are. An inner
cell begins with the same starts as a network, so that equal inner cells have equal outputs: a node that holds one is
gated by the state of its output. Merging is exact: it is common-subexpression elimination over the batch.
"""

import math
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np
import numpy.typing as npt

from archrank.encoders.batch import Incidence
from archrank.errors import SpaceError
from archrank.graph import Cell, Graph, Node, Site
from archrank.network_features import scaled

__all__ = ["CONSTANT", "OUTPUT", "NetworkBatch", "Networks", "collate_networks"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Numbers = tuple[tuple[str, float], ...]

OUTPUT = "output"
"""The kind of the operation that a network's results flow into."""

CONSTANT, _WRITTEN = -1, -2
"""In the place of an input's number: the start of what a constant reads, and a state that messages flow into."""


@dataclass(frozen=True, slots=True, eq=False)
class NetworkBatch:
    """B networks, merged into U states, M messages, G gates and O operations.

    A state's number is above those of the states that it is computed from.

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
        self._kinds: dict[str, int] = {}
        self._operations: dict[tuple[int, Numbers], int] = {}
        self._gates: dict[tuple[int, int, int, int], int] = {}
        self._messages: dict[tuple[int, tuple[int, ...]], int] = {}
        self._states: dict[tuple[int, tuple[int, ...]], int] = {}
        self._gate_rows, self._gate, self._length = array("q"), array("q"), array("q")
        self._start, self._level = array("q"), array("q")
        self._sources, self._incoming = _Rows(), _Rows()
        self._cells: dict[int, _Merged] = {}
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
        names = tuple(dict.fromkeys(name for _, numbers in self._operations for name, _ in numbers))
        at = {name: index for index, name in enumerate(names)}
        values = np.full((len(self._operations), len(names)), np.nan)
        for row, (_, numbers) in enumerate(self._operations):
            for name, value in numbers:
                values[row, at[name]] = value
        gates = _copied(self._gate_rows).reshape(-1, 4)
        outputs, junctions, sizes = zip(*[self._networks[index] for index in networks], strict=True)
        return NetworkBatch(
            kinds=tuple(self._kinds),
            numbers=names,
            kind=np.array([kind for kind, _ in self._operations], dtype=np.int64),
            values=values,
            operation=gates[:, 0],
            inner=gates[:, 1],
            place=gates[:, 2],
            output=gates[:, 3],
            gate=_copied(self._gate),
            sources=self._sources.incidence,
            incoming=self._incoming.incidence,
            start=_copied(self._start),
            level=_copied(self._level),
            outputs=np.array(outputs, dtype=np.int64),
            junctions=_Rows(junctions).incidence,
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
                here[junction] = self._state(_WRITTEN, tuple(sorted(arriving[junction])))
                settled = junction + 1
            for target, message in self._sent(site, [here[j] for j in site.sources], inside):
                arriving[target].append(message)
        for junction in range(settled, cell.junctions):
            here[junction] = self._state(_WRITTEN, tuple(sorted(arriving[junction])))
        merged = _Merged(cell, tuple(here), sum(inside.values()))
        self._cells[id(cell)] = merged
        return merged

    def _sent(self, site: Site, reads: list[int], inside: dict[int, int]) -> list[tuple[int, int]]:
        """The junctions that a site writes to, each with a message; the sizes of inner cells are noted."""
        while isinstance(site, Node) and site.inner is not None and (only := _only(site.inner)) is not None:
            site = _in_place_of(site, only)
        if not isinstance(site, Node):
            operation = self._operation(site.operation, ())
            return [(site.target, m) for m in self._messages_of(operation, -1, 0, reads, ordered=False)]
        if site.inner is None:
            operation = self._operation(site.operation, _numbers(site))
            gates = [(operation, -1, output) for output in range(len(site.targets))]
        else:
            merged = self._cell(site.inner)
            inside[id(site.inner)] = merged.size
            gates = [(-1, state, 0) for state in merged.outputs]
        return [
            (target, message)
            for target, gate in zip(site.targets, gates, strict=True)
            for message in self._messages_of(*gate, reads, site.ordered)
        ]

    def _result(self, outputs: tuple[int, ...], ordered: bool) -> int:
        """The state that results flow into."""
        messages = self._messages_of(self._operation(OUTPUT, ()), -1, 0, list(outputs), ordered)
        return self._state(_WRITTEN, tuple(sorted(messages)))

    def _messages_of(
        self, operation: int, inner: int, output: int, reads: list[int], ordered: bool
    ) -> list[int]:
        """One message that reads a sum, or one for each argument where their order counts."""
        if not reads:
            reads = [self._state(CONSTANT, ())]
        if not ordered or len(reads) == 1:
            return [self._message((operation, inner, -1, output), tuple(sorted(reads)))]
        return [
            self._message((operation, inner, place, output), (read,)) for place, read in enumerate(reads)
        ]

    def _operation(self, kind: str, numbers: Numbers) -> int:
        key = (self._kinds.setdefault(kind, len(self._kinds)), numbers)
        return self._operations.setdefault(key, len(self._operations))

    def _message(self, key: tuple[int, int, int, int], reads: tuple[int, ...]) -> int:
        gate = self._gates.get(key)
        if gate is None:
            gate = self._gates[key] = len(self._gates)
            self._gate_rows.extend(key)
        number = self._messages.get((gate, reads))
        if number is None:
            number = self._messages[gate, reads] = len(self._messages)
            before = [self._level[state] for state in reads]
            inner = key[1]
            self._length.append(1 + max(before if inner < 0 else [*before, self._level[inner]]))
            self._gate.append(gate)
            self._sources.append(reads)
        return number

    def _state(self, start: int, messages: tuple[int, ...]) -> int:
        number = self._states.get((start, messages))
        if number is None:
            number = self._states[start, messages] = len(self._states)
            self._level.append(max([self._length[message] for message in messages], default=0))
            self._start.append(start)
            self._incoming.append(messages)
        return number


class _Merged:
    """A cell, the states of its junctions, those of its outputs, and how many it needs."""

    __slots__ = ("cell", "outputs", "size", "states")

    def __init__(self, cell: Cell, states: tuple[int, ...], inside: int) -> None:
        self.cell = cell  # so that its id is not given to another one
        self.states = states
        self.outputs = tuple([states[j] for j in cell.outputs])
        self.size = cell.junctions + inside


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
    return min(site.targets) if isinstance(site, Node) else site.target
