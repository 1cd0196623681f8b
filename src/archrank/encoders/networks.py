"""From graphs of any operations to a batch: what is equal in several networks or inner cells is there once.

A junction's state depends only on what flows into it. So junctions with the same history are one *state*, and uses of
the same operation that read the same states are one *message*, in whatever network or inner cell they are. An inner
cell begins with the same starts as a network, so that equal inner cells have equal outputs: a node that holds one is
gated by the state of its output. Merging is exact: it is common-subexpression elimination over the batch.
"""

from array import array
from collections.abc import Container, Iterable, Sequence
from itertools import islice
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from archrank.encoders.incidence import Incidence
from archrank.encoders.network_batch import CONSTANT, NetworkBatch, needed
from archrank.encoders.network_sites import first_target, in_place_of, live, numbers_of, only_site
from archrank.encoders.network_states import NetworkStates, Numbers, Rows
from archrank.errors import SpaceError
from archrank.graph import Cell, Graph, Node, Site
from archrank.system.garbage import without_collection

__all__ = ["OUTPUT", "Networks", "collate_networks"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

OUTPUT = "output"
"""The kind of the operation that a network's results flow into."""

_TOGETHER, _ALIKE = 256, 8
"""Networks whose cells are merged together, and how many cells must be wired alike for it."""

_KEPT = 20_000
"""Cells whose states are remembered."""


def collate_networks(graphs: Sequence[Graph]) -> NetworkBatch:
    """Merge B networks into one batch.

    Raises:
        SpaceError: No graph.

    >>> chain = Graph((Cell(1, 3, (Node("conv", (0,), 1), Node("conv", (1,), 2)), (2,)),))
    >>> len(collate_networks([chain, chain]).start)  # the input, two states, and what the output flows into
    4
    """
    networks = Networks()
    return networks.batch(networks.add_all(graphs))


class Networks:
    """Numbers the states of networks that are added one after the other; equal ones get equal numbers, exactly."""

    def __init__(self) -> None:
        self._states = NetworkStates()
        self._networks: list[tuple[int, tuple[int, ...], int]] = []
        self._plain: dict[int, _Plain] = {}
        self._forget()

    def __len__(self) -> int:
        """How many states there are."""
        return len(self._states.level)

    def add(self, graph: Graph) -> int:
        """Add a network; returns its number."""
        return self.add_all([graph])[0]

    def add_all(self, graphs: Iterable[Graph]) -> list[int]:
        """Add networks, cells that are wired alike together; returns their numbers."""
        numbers, left = [], iter(graphs)
        while True:
            with without_collection():
                some = list(islice(left, _TOGETHER))
                if len(self._cells) > _KEPT:
                    self._forget()
                self._merge([cell for graph in some for cell in graph.cells])
                numbers += [self._added(graph) for graph in some]
            if len(some) < _TOGETHER:
                return numbers

    def _forget(self) -> None:
        """Forget what is known of cells and sites, but for those that were met again: their states stay."""
        if len(self._plain) > _KEPT:
            self._plain.clear()
        again = [merged for _, _, _, merged in self._plain.values() if merged is not None]
        self._cells: dict[int, _Merged] = {id(merged.cell): merged for merged in again}
        self._sent: dict[tuple[int, tuple[int, ...]], _Sent] = {}

    def _added(self, graph: Graph) -> int:
        cells = [self._cell(cell) for cell in graph.cells]
        results = [
            self._result(merged.outputs, cell.ordered)
            for merged, cell in zip(cells, graph.cells, strict=True)
        ]
        result = results[0] if len(results) == 1 else self._result(tuple(results), ordered=True)
        # Different states, so that they follow from the result: networks of one result are encoded once.
        different = {
            merged.states[j] for merged, cell in zip(cells, graph.cells, strict=True) for j in live(cell)
        }
        junctions = tuple(sorted(different))
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
        known = self._states
        gate_rows = _copied(known.gate_rows).reshape(-1, 4)
        gate, level = _copied(known.gate), _copied(known.level)
        sources, incoming = known.sources.incidence, known.incoming.incidence
        # Numbered by contents, so that sums have the same order whatever was added before.
        mask = needed(incoming, sources, gate_rows[:, 1][gate], level, np.array(outputs))[0]
        states = _ordered(np.flatnonzero(mask), known.state_hash, level)
        messages = _ordered(np.unique(incoming.take(states).columns), known.message_hash)
        gates = _ordered(np.unique(gate[messages]), known.gate_hash)
        every, gate_rows = len(gate_rows), gate_rows[gates]
        operations = _ordered(np.unique(gate_rows[:, 0][gate_rows[:, 0] >= 0]), known.operation_hash)
        at = _positions(states, len(level))
        found = list(known.operations)
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
            gate=_positions(gates, every)[gate[messages]],
            sources=_renumbered(sources.take(messages), at),
            incoming=_renumbered(incoming.take(states), _positions(messages, len(gate))),
            start=_copied(known.start)[states],
            level=level[states],
            outputs=at[np.array(outputs, dtype=np.int64)],
            junctions=_renumbered(Rows(junctions).incidence, at),
            sizes=np.array(sizes, dtype=np.int64),
        )

    def _merge(self, cells: list[Cell]) -> None:
        """Find the states of cells and of those inside of them, from the inside to the outside."""
        known, heights = self._cells, dict[int, int]()
        levels: list[list[Cell]] = []

        def height(cell: Cell) -> int:
            found = heights.get(id(cell))
            if found is None:
                below = 0
                for site in cell.sites:
                    inner = site.inner if isinstance(site, Node) else None
                    if inner is not None and id(inner) not in known:
                        below = max(below, height(inner))
                found = heights[id(cell)] = below + 1
                if found > len(levels):
                    levels.append([])
                levels[below].append(cell)
            return found

        for cell in cells:
            if id(cell) not in known:
                height(cell)
        for level in levels:
            for group in self._alike(level, heights):
                # Few are looked at one by one where they are needed.
                if len(group.cells) >= _ALIKE:
                    self._merge_alike(group)

    def _alike(self, cells: list[Cell], new: Container[int]) -> Iterable["_Alike"]:
        """Cells whose inner cells are known and that are wired alike, if all sites read and write one junction."""
        groups: dict[tuple[Any, ...], _Alike] = {}
        for cell in cells:
            edges: list[tuple[int, int]] = []
            gates: list[int] = []
            sizes: dict[int, int] = {}
            for site in cell.sites:
                found = self._plain.get(id(site)) or self._plain_of(site, new)
                if found is None:
                    break
                _, edge, gate, merged = found
                edges.append(edge)
                gates.append(gate)
                if merged is not None:
                    sizes[id(merged)] = merged.size
            else:
                group = groups.get(wiring := (cell.inputs, cell.junctions, *edges))
                if group is None:
                    group = groups[wiring] = _Alike(tuple(edges), [], [], [])
                group.cells.append(cell)
                group.gates.extend(gates)
                group.inside.append(sum(sizes.values()))
        return groups.values()

    def _merge_alike(self, group: "_Alike") -> None:
        """Find the states of cells that are wired alike, junction by junction."""
        n, first = len(group.cells), group.cells[0]
        gates = np.array(group.gates, dtype=np.int64).reshape(n, -1)
        here = [np.full(n, self._states.started(i)) for i in range(first.inputs)]
        for junction in range(first.inputs, first.junctions):
            arriving = [
                self._states.single_messages(gates[:, place], here[source])
                for place, (source, target) in enumerate(group.edges)
                if target == junction
            ]
            if arriving:
                here.append(self._states.written_states(np.stack(arriving)))
            else:
                here.append(np.full(n, self._states.written(())))
        states = zip(*[each.tolist() for each in here], strict=True)
        for cell, mine, inside in zip(group.cells, states, group.inside, strict=True):
            self._cells[id(cell)] = _Merged(cell, mine, inside)

    def _plain_of(self, site: Site, new: Container[int]) -> "_Plain | None":
        """A site that reads one junction and writes to one, whose inner cell is known; None for others.

        It is remembered unless its inner cell is among new ones.
        """
        if len(site.sources) != 1:
            return None
        merged, operation, inner = None, -1, -1
        if not isinstance(site, Node):
            operation = self._states.operation(site.operation, ())
        elif site.more_targets:
            return None
        elif site.inner is None:
            operation = self._states.operation(site.operation, numbers_of(site))
        elif len(site.inner.sites) == 1:
            return None
        else:
            merged = self._cells.get(id(site.inner)) or self._cell(site.inner)
            inner = merged.outputs[0]
        found = (site, (site.sources[0], site.target), self._states.gate_of(operation, inner, -1, 0), merged)
        if merged is None or id(merged.cell) not in new:
            self._plain[id(site)] = found
        return found

    def _cell(self, cell: Cell) -> "_Merged":
        """The states of a cell; a cell that several nodes or networks hold is looked at once."""
        known = self._cells.get(id(cell))
        if known is not None:
            return known
        here = [self._states.started(i) for i in range(cell.inputs)] + [-1] * (cell.junctions - cell.inputs)
        arriving: list[list[int]] = [[] for _ in here]
        inside: dict[int, int] = {}
        settled = cell.inputs
        for site in sorted(cell.sites, key=first_target):
            # All sites that write to a junction come before those that read it.
            for junction in range(settled, max(site.sources, default=-1) + 1):
                here[junction] = self._states.written(tuple(sorted(arriving[junction])))
                settled = junction + 1
            reads = tuple([here[j] for j in site.sources])
            sent = self._sent.get((id(site), reads))
            if sent is None:
                sent = self._sent[id(site), reads] = self._sent_by(site, list(reads))
            for target, message in sent.messages:
                arriving[target].append(message)
            inside.update(sent.inside)
        for junction in range(settled, cell.junctions):
            here[junction] = self._states.written(tuple(sorted(arriving[junction])))
        merged = _Merged(cell, tuple(here), sum(inside.values()))
        self._cells[id(cell)] = merged
        return merged

    def _sent_by(self, site: Site, reads: list[int]) -> "_Sent":
        """The junctions that a site writes to, each with a message, and the sizes of inner cells."""
        given, inside = site, dict[int, int]()
        while (
            isinstance(site, Node) and site.inner is not None and (only := only_site(site.inner)) is not None
        ):
            site = in_place_of(site, only)
        if not isinstance(site, Node):
            operation = self._states.operation(site.operation, ())
            sent = [(site.target, m) for m in self._messages_of(operation, -1, 0, reads, ordered=False)]
            return _Sent(given, sent, inside)
        if site.inner is None:
            operation = self._states.operation(site.operation, numbers_of(site))
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
        messages = self._messages_of(self._states.operation(OUTPUT, ()), -1, 0, list(outputs), ordered)
        return self._states.written(tuple(sorted(messages)))

    def _messages_of(
        self, operation: int, inner: int, output: int, reads: list[int], ordered: bool
    ) -> list[int]:
        """One message that reads a sum, or one for each argument where their order counts."""
        if not reads:
            reads = [self._states.started(CONSTANT)]
        known = self._states
        if not ordered or len(reads) == 1:
            return [known.message(known.gate_of(operation, inner, -1, output), tuple(sorted(reads)))]
        return [
            known.message(known.gate_of(operation, inner, place, output), (read,))
            for place, read in enumerate(reads)
        ]


class _Merged:
    """A cell, the states of its junctions, those of its outputs, and how many it needs."""

    __slots__ = ("cell", "outputs", "size", "states")

    def __init__(self, cell: Cell, states: tuple[int, ...], inside: int) -> None:
        self.cell = cell  # so that its id is not given to another one
        self.states = states
        self.outputs = tuple([states[j] for j in cell.outputs])
        self.size = cell.junctions + inside


_Plain: TypeAlias = tuple[Site, tuple[int, int], int, _Merged | None]
"""A site that reads one junction and writes to one; its edge, its gate, and its inner cell.

The site is there so that its id is not given to another one.
"""


class _Alike(NamedTuple):
    """Cells that are wired alike: the edges of their sites, and of every cell the gates and what is inside."""

    edges: tuple[tuple[int, int], ...]
    cells: list[Cell]
    gates: list[int]
    inside: list[int]


class _Sent(NamedTuple):
    """What a site sends when it reads certain states, and the sizes of the cells inside of it by their ids."""

    site: Site  # so that its id is not given to another one
    messages: list[tuple[int, int]]
    inside: dict[int, int]


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
