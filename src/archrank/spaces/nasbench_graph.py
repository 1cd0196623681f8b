"""NAS-Bench-Graph: four graph-neural-network operations in a tree, an operation on each node.

Reference: Qin et al., NAS-Bench-Graph (NeurIPS 2022).
"""

import itertools
import json
from collections import Counter
from functools import cache, cached_property
from typing import Any

import numpy as np

from archrank.architecture import Architecture
from archrank.errors import InvalidArchitecture, ParseError, SpaceError, UnknownName
from archrank.graph import Cell, Graph, Site
from archrank.space import Choice, Rows, SearchSpace
from archrank.system.foreign import shown
from archrank.system.mapping_texts import parse_json_object

__all__ = ["NODES", "OPERATIONS", "PROTEINS_OPERATIONS", "NASBenchGraph", "trees"]

OPERATIONS = ("gat", "gcn", "gin", "cheb", "sage", "arma", "graph", "fc", "skip")
"""The nine operations, in the order of the published table's digits."""

PROTEINS_OPERATIONS = ("gcn", "sage", "arma", "fc", "skip")
"""The five operations that were trained on the proteins graph."""

NODES = 4

Parents = tuple[int, ...]
"""What each node reads, nodes counted from 1: 0 is the input, k is node k."""

Order = tuple[int, ...]
"""Places of nodes, counted from 0, in the order in which to write them down."""


class NASBenchGraph(SearchSpace):
    """The 26,206 architectures of NAS-Bench-Graph.

    Each of four nodes applies an operation to the input or to an earlier node; the nodes that nothing reads,
    the leaves, make the output. 157,464 rows encode these architectures. One row stands for all that are the
    same by the benchmark's rules, the one that the published table uses:

    >>> space = NASBenchGraph()
    >>> same = space.parse('{"link": [0, 1, 0, 1], "operations": ["gcn", "gin", "fc", "cheb"]}')
    >>> space.format(same)
    '{"link": [0, 0, 1, 1], "operations": ["gcn", "fc", "gin", "cheb"]}'

    Args:
        name: The space's name.
        operations: The operations to choose from, in the table's order; with ``"skip"``.

    Raises:
        SpaceError: No ``"skip"`` among the operations.
    """

    summary = "operation on node, 4 nodes in a tree, a graph-neural-network operation each"

    def __init__(self, name: str = "nas-bench-graph", operations: tuple[str, ...] = OPERATIONS) -> None:
        if "skip" not in operations:
            raise SpaceError(f"operations {operations}: 'skip' must be among them, the rules speak of it")
        self.name = name
        self.choices = (
            *(Choice(f"link {node}", tuple(map(str, range(node)))) for node in range(2, NODES + 1)),
            *(Choice(f"operation {node}", operations) for node in range(1, NODES + 1)),
        )
        self.operations = (*operations, "output")
        self._options = operations
        self._skip = operations.index("skip")

    @classmethod
    def proteins(cls) -> "NASBenchGraph":
        """The 2,021 architectures of the five operations that were trained on the proteins graph."""
        return cls("nas-bench-graph-proteins", PROTEINS_OPERATIONS)

    def graph(self, architecture: Architecture) -> Graph:
        """A junction and a site for every node as written, and an ``output`` site that reads the leaves."""
        parents, operations = self._split(architecture.choices)
        return _lower(parents, [self._options[o] for o in operations])

    def function(self, architecture: Architecture) -> Graph:
        """The nodes that the benchmark's rules keep, and the ``output`` that reads the leaves among them."""
        parents, operations = self._split(architecture.choices)
        reads = _simplify(parents, self._skips(operations))
        index = {0: 0} | {node: new for new, node in enumerate(reads, start=1)}
        return _lower(
            tuple(index[parent] for parent in reads.values()),
            [self._options[operations[node - 1]] for node in reads],
        )

    def is_valid(self, choices: tuple[int, ...]) -> bool:
        """Every row but those with four skips, which compute nothing."""
        return any(option != self._skip for option in choices[NODES - 1 :])

    def canonical(self, choices: tuple[int, ...]) -> tuple[int, ...]:
        """The published row: removed skips as a chain at the input, and of this tree the smallest row."""
        parents, operations = self._split(choices)
        published, orders = _published(parents, self._skips(operations))
        return published[1:] + min(tuple(operations[i] for i in order) for order in orders)

    def format(self, architecture: Architecture) -> str:
        """``{"link": [0, …], "operations": ["gcn", …]}``: what each node reads (0: input), and applies."""
        parents, operations = self._split(architecture.choices)
        return json.dumps({"link": parents, "operations": [self._options[o] for o in operations]})

    def parse(self, text: str) -> Architecture:
        """Read any of the rows that encode an architecture; the published one is returned.

        Raises:
            ParseError: Not such a JSON object, a node that reads itself or a later one, or an operation that
                the space does not have.
            InvalidArchitecture: Four skips.
        """
        record = parse_json_object(text, self.name)
        for key in record:
            if key not in ("link", "operations"):
                raise ParseError(f"{shown(text)}: {UnknownName('key', key, ['link', 'operations'])}")
        links = self._list_of_four(text, record, "link")
        names = self._list_of_four(text, record, "operations")
        for node, link in enumerate(links, start=1):
            if type(link) is not int or not 0 <= link < node:
                allowed = (
                    "0, the input" if node == 1 else f"0 (the input) or an earlier node up to {node - 1}"
                )
                raise ParseError(f"{shown(text)}: node {node} reads {shown(link, 60)}, expected {allowed}")
        operations = [self.option_index(NODES - 1 + index, name) for index, name in enumerate(names)]
        if all(option == self._skip for option in operations):
            raise InvalidArchitecture(
                f"{shown(text)}: all four operations are 'skip', which computes nothing"
            )
        return self.architecture([*links[1:], *operations])

    def sample(self, n: int, rng: np.random.Generator) -> list[Architecture]:
        """Draw ``n`` architectures independently and uniformly, from the list of all."""
        rows = self.rows()
        return self.architectures(rows[rng.integers(len(rows), size=n)])

    @cached_property
    def _rows(self) -> Rows:
        """The rows that are their own canonical row, found per tree and set of skips, not row by row."""
        count = len(self._options)
        operations = np.indices((count,) * NODES, dtype=np.int16).reshape(NODES, -1).T
        weights = count ** np.arange(NODES - 1, -1, -1)
        where = operations == self._skip
        found = []
        for parents in trees():
            for skips in itertools.product((False, True), repeat=NODES):
                published, orders = _published(parents, skips)
                if published != parents or all(skips):
                    continue
                chosen = operations[(where == skips).all(axis=1)]
                smallest = np.min([chosen[:, order] @ weights for order in orders], axis=0)
                chosen = chosen[chosen @ weights == smallest]
                found.append(
                    np.hstack([np.tile(np.array(parents[1:], dtype=np.int16), (len(chosen), 1)), chosen])
                )
        rows = np.concatenate(found)
        rows = np.ascontiguousarray(rows[np.lexsort(rows.T[::-1])])
        rows.setflags(write=False)
        return rows

    def _split(self, choices: tuple[int, ...]) -> tuple[Parents, tuple[int, ...]]:
        return (0, *choices[: NODES - 1]), choices[NODES - 1 :]

    def _skips(self, operations: tuple[int, ...]) -> tuple[bool, ...]:
        return tuple(option == self._skip for option in operations)

    def _list_of_four(self, text: str, record: Any, key: str) -> list[Any]:
        value = record.get(key)
        if not isinstance(value, list | tuple) or len(value) != NODES:
            given = "is missing" if key not in record else f"is {shown(value, 60)}"
            raise ParseError(
                f"{shown(text)}: {key!r} {given}, expected a list of {NODES}, one for every node"
            )
        return list(value)


def _lower(parents: Parents, operations: list[str]) -> Graph:
    """One junction and site a node, and an output that reads the leaves, or the input if there is no node."""
    output = len(parents) + 1
    sites = [
        Site(op, (parent,), node)
        for node, (parent, op) in enumerate(zip(parents, operations, strict=True), start=1)
    ]
    leaves = tuple(j for j in range(output) if j not in parents and (j or not parents))
    return Graph((Cell(1, output + 1, (*sites, Site("output", leaves, output)), (output,)),))


def _simplify(parents: Parents, skips: tuple[bool, ...]) -> dict[int, int]:
    """The nodes that the benchmark's rules keep, and what each then reads.

    A skip that is read is transparent. A skip that is a leaf counts only beside others and below an
    operation: there it gives the output what that operation made once more.
    """
    reads = dict(enumerate(parents, start=1))
    for node in list(reads):
        if skips[node - 1] and node in reads.values():
            source = reads.pop(node)
            reads = {reader: source if parent == node else parent for reader, parent in reads.items()}
    readers = Counter(reads.values())
    return {
        node: parent
        for node, parent in reads.items()
        if not skips[node - 1] or (parent != 0 and readers[parent] > 1)
    }


def _smallest(parents: Parents) -> tuple[Parents, tuple[Order, ...]]:
    """The smallest way to write a tree down, and every order of its nodes that gives it."""
    ways: dict[Parents, list[Order]] = {}
    for order in itertools.permutations(range(len(parents))):
        index = {0: 0} | {old + 1: new for new, old in enumerate(order, start=1)}
        renamed = tuple(index[parents[old]] for old in order)
        if all(parent <= new for new, parent in enumerate(renamed)):
            ways.setdefault(renamed, []).append(order)
    smallest = min(ways)
    return smallest, tuple(ways[smallest])


@cache
def _published(parents: Parents, skips: tuple[bool, ...]) -> tuple[Parents, tuple[Order, ...]]:
    """The published way to write an architecture down, and every order of its nodes that gives it.

    It depends on where the skips are only, so 24 trees times 16 sets of skips are worked out, each once.
    """
    reads = _simplify(parents, skips)
    removed = [node for node in range(1, len(parents) + 1) if node not in reads]
    nodes = [*removed, *reads]
    index = {node: new for new, node in enumerate(nodes, start=1)}
    chain = range(len(removed))
    hanging = [index[parent] if parent else len(removed) for parent in reads.values()]
    published, orders = _smallest((*chain, *hanging))
    return published, tuple(tuple(nodes[i] - 1 for i in order) for order in orders)


def trees() -> list[Parents]:
    """The nine trees of four nodes, each as the published table writes it."""
    return sorted({_smallest(parents)[0] for parents in itertools.product(*map(range, range(1, NODES + 1)))})
