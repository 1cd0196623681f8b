"""What the cell spaces of ENAS and DARTS share: a normal and a reduction cell, two operations a node."""

import itertools
import math
import re
from collections.abc import Iterator
from functools import cached_property

import numpy as np

from archrank.architecture import Architecture
from archrank.arrays import CellArrays
from archrank.errors import ParseError, SpaceError
from archrank.graph import Cell, Graph, Site
from archrank.space import Choice, Rows, SearchSpace
from archrank.spaces.genotype import INPUTS, CellText, format_genotype, parse_genotype, plain_genotype

__all__ = ["TwoCells"]

CELL_NAMES = ("normal", "reduction")
WIDTH = 4
"""A node's choices: source and operation, twice."""


class TwoCells(SearchSpace):
    """A normal and a reduction cell; every node adds two operations, each of which reads an earlier node.

    Nodes 0 and 1 of a cell are what the last cell but one and the last cell give; the others follow, from 2. What
    leaves a cell is a concatenation of nodes: of all, or of the loose ends, those that no node of the cell reads.

    **Canonical.** The two (source, operation) pairs of a node are added, so their order has no meaning: the canonical
    row has them sorted, by source and then by operation. That is all. Two rows whose cells become equal when nodes
    are numbered anew are two architectures, as in the field's counts, with the same function key.

    Subclasses fix the arguments.

    Args:
        name: The space's name.
        operations: The operations that a node may apply.
        nodes: How many nodes a cell has beside its two inputs.
        double: Whether both operations of a node may read the same node.
        loose_ends: Whether only the loose ends are concatenated.

    Raises:
        SpaceError: No node.
    """

    numbered: tuple[str, ...] = ()
    """The operations that numbers mean in NASLib's compact form; none if the form does not know the space."""

    cell_names = tuple(f"{name.capitalize()} cell" for name in CELL_NAMES)

    def __init__(
        self, name: str, operations: tuple[str, ...], nodes: int, *, double: bool, loose_ends: bool
    ) -> None:
        if nodes < 1:
            raise SpaceError(f"nodes={nodes}: expected 1 or more")
        self.name = name
        self.operations = operations
        self.nodes = nodes
        self.loose_ends = loose_ends
        self._double = double
        self.choices = tuple(
            choice
            for cell in CELL_NAMES
            for node in self._numbers
            for index in (1, 2)
            for choice in (
                Choice(f"{cell} node {node} source {index}", tuple(map(str, range(node)))),
                Choice(f"{cell} node {node} operation {index}", operations),
            )
        )
        self._options = [self._options_of(node) for node in self._numbers]

    @property
    def _numbers(self) -> range:
        return range(INPUTS, INPUTS + self.nodes)

    def _options_of(self, node: int) -> np.ndarray[tuple[int, int], np.dtype[np.int16]]:
        """Every canonical way to fill a node, each once: (ways, 4)."""
        pairs = itertools.product(range(node), range(len(self.operations)))
        two = itertools.combinations_with_replacement(pairs, 2)
        return np.array([(*a, *b) for a, b in two if self._double or a[0] != b[0]], dtype=np.int16)

    @property
    def size(self) -> int:
        """How many architectures there are: every node is filled for itself."""
        ways: int = math.prod(len(options) for options in self._options)
        return ways * ways

    def __len__(self) -> int:
        """As :attr:`size`; Python's ``len`` raises OverflowError beyond 2**63 - 1."""
        return self.size

    def is_valid(self, choices: tuple[int, ...]) -> bool:
        """Every row where double connections are allowed; else those whose nodes read two nodes each."""
        return self._double or all(a != b for a, _, b, _ in _nodes(choices))

    def canonical(self, choices: tuple[int, ...]) -> tuple[int, ...]:
        """The row with each node's two pairs sorted."""
        return tuple(
            index for a, x, b, y in _nodes(choices) for pair in sorted([(a, x), (b, y)]) for index in pair
        )

    def sample(self, n: int, rng: np.random.Generator) -> list[Architecture]:
        """Draw ``n`` architectures independently and uniformly: a way to fill every node."""
        drawn = [options[rng.integers(len(options), size=n)] for options in self._options * len(CELL_NAMES)]
        return self.architectures(np.concatenate(drawn, axis=1))

    def graph(self, architecture: Architecture) -> Graph:
        """Two cells, the normal one first; in each, two sites a node."""
        return Graph(tuple(self._cell(half) for half in self._halves(architecture.choices)))

    def _cell(self, half: tuple[int, ...]) -> Cell:
        sites = tuple(
            Site(self.operations[operation], (source,), node)
            for node, (a, x, b, y) in zip(self._numbers, _nodes(half), strict=True)
            for source, operation in ((a, x), (b, y))
        )
        return Cell(INPUTS, INPUTS + self.nodes, sites, self._concatenated(half))

    def _concatenated(self, half: tuple[int, ...]) -> tuple[int, ...]:
        read = {*half[::2]} if self.loose_ends else set()
        return tuple(node for node in self._numbers if node not in read)

    def _halves(self, choices: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
        return choices[: WIDTH * self.nodes], choices[WIDTH * self.nodes :]

    def arrays(self, rows: Rows) -> tuple[CellArrays, ...]:
        """Two sites a node, whatever the row."""
        targets = np.repeat(np.array(self._numbers, dtype=np.int16), 2)
        cells = []
        for half in np.split(np.asarray(rows), len(CELL_NAMES), axis=1):
            sources = half[:, ::2]
            outputs = np.tile(np.array(self._numbers, dtype=np.int16), (len(half), 1))
            if self.loose_ends:
                outputs[(sources[:, :, None] == outputs[:, None, :]).any(axis=1)] = -1
            cells.append(
                CellArrays(
                    inputs=INPUTS,
                    present=np.ones((len(half), INPUTS + self.nodes), dtype=bool),
                    operation=half[:, 1::2],
                    target=targets,
                    sources=sources[:, :, None],
                    outputs=outputs,
                )
            )
        return tuple(cells)

    def format(self, architecture: Architecture) -> str:
        """``Genotype(normal=[('op', source), …], normal_concat=[…], reduce=[…], reduce_concat=[…])``."""
        return format_genotype(
            [
                CellText(
                    tuple((self.operations[x], a) for a, x in zip(half[::2], half[1::2], strict=True)),
                    self._concatenated(half),
                )
                for half in self._halves(architecture.choices)
            ]
        )

    def parse(self, text: str) -> Architecture:
        """Read a genotype as papers, logs and programs print it, its pairs in any order within a node.

        Raises:
            ParseError: As for :func:`~archrank.spaces.genotype.parse_genotype`; a node that reads one node twice
                where the space has no double connections; or another concatenation than the space's.
        """
        if (plain := self._plain.fullmatch(text)) is not None:
            ways = [known.get(pairs) for known, pairs in zip(self._written * 2, plain.groups(), strict=True)]
            if None not in ways:
                return Architecture(self.name, tuple(itertools.chain(*ways)), self.fingerprint)  # type: ignore[arg-type]
        row: list[int] = []
        cells = parse_genotype(text, self.nodes, self.operations, self.numbered)
        for name, cell in zip(CELL_NAMES, cells, strict=True):
            half = tuple(i for op, source in cell.pairs for i in (source, self.operations.index(op)))
            for node, (a, _, b, _) in zip(self._numbers, _nodes(half), strict=True):
                if a == b and not self._double:
                    raise ParseError(
                        f"{name} cell: node {node} reads node {a} twice; in {self.name} it reads two different ones"
                    )
            expected = self._concatenated(half)
            if cell.concat not in (None, expected):
                what = "the nodes that no other reads" if self.loose_ends else "all its nodes"
                raise ParseError(
                    f"{name} cell: nodes {list(cell.concat or ())} are concatenated, but in {self.name} a cell "
                    f"concatenates {what}, here {list(expected)}"
                )
            row += half
        return self.architecture(row)

    @cached_property
    def _plain(self) -> "re.Pattern[str]":
        return re.compile("(?!)") if self.loose_ends else plain_genotype(self.nodes)

    @cached_property
    def _written(self) -> list[dict[str, tuple[int, ...]]]:
        """For each node every way to write its two pairs, and what is chosen: tables hold millions of these."""
        ops = self.operations
        return [
            {
                f"('{ops[y]}', {b}), ('{ops[x]}', {a})": row
                for row in map(tuple, options.tolist())
                for a, x, b, y in (row, row[2:] + row[:2])
            }
            for options in self._options
        ]


def _nodes(choices: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Source, operation, source, operation of every node."""
    return (choices[start : start + WIDTH] for start in range(0, len(choices), WIDTH))
