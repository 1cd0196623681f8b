"""How the parts of a rule are wired: chains, residual blocks, cells, parallel branches, and a user's own."""

import copy
import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np

from archrank.errors import ArchrankError, InvalidArchitecture, SpaceError
from archrank.graph import Cell, Node, Site
from archrank.spaces.grammars.words import check_name
from archrank.system.arguments import checked_whole
from archrank.system.foreign import bounded, in_one_line, kind_of, shown

__all__ = ["Part", "Topology", "built_in", "topology_of"]

_FAMILIES = re.compile(r"(Linear|Residual|SplitJoin|SplitConcat)([1-9]\d{0,2})")

_MOST = 100_000
"""Parts of a topology."""

CELL_EDGES = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))
"""The edges of a NAS-Bench-201 cell, in the order of its parts."""


Edge: TypeAlias = tuple[int, int, int]
"""The place of a part in a cell, and the junctions that it reads and adds to."""

_NONE: dict[Edge, Node] = {}
"""The nodes of a part of which none are remembered."""


class Part:
    """An argument of a topology: an operation, or the cell that a rule became.

    Args:
        operation: The operation, or the topology of the cell.
        inner: The cell.
        symbol: The rule that it came from.
        place: Its place within the cell around it, from 1 on.
        kept: Whether its nodes are remembered, because it is used again and again.

    Attributes:
        nodes: Its nodes that are remembered.

    Calling it gives the node from one junction to another.
    """

    __slots__ = ("inner", "nodes", "operation", "place", "symbol")

    def __init__(
        self,
        operation: str,
        inner: Cell | None = None,
        symbol: str = "",
        place: int = 0,
        *,
        kept: bool = False,
    ) -> None:
        self.operation = operation
        self.inner = inner
        self.symbol = symbol
        self.place = place
        self.nodes: dict[Edge, Node] = {} if kept else _NONE

    def at(self, place: int) -> "Part":
        """The same at a place of a cell."""
        other = Part(self.operation, self.inner, self.symbol, place)
        other.nodes = self.nodes
        return other

    def __call__(self, source: int, target: int) -> Node:
        """The node that reads junction ``source`` and adds its result to ``target``."""
        edge = self.place, source, target
        return self.nodes.get(edge) or self.node(edge)

    def node(self, edge: Edge) -> Node:
        """A node that is not among those remembered."""
        place, source, target = edge
        path, classes = _called(place, self.symbol)
        found = Node.between(self.operation, _sources(source), target, self.inner, path, classes)
        if self.nodes is not _NONE:
            self.nodes[edge] = found
        return found


@lru_cache(maxsize=4096)
def _called(place: int, symbol: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The path and the classes of a rule's node."""
    return ((f"{place}.{symbol}",), (symbol,)) if place and symbol else ((), ())


@lru_cache(maxsize=4096)
def _sources(source: int) -> tuple[int]:
    return (source,)


class Topology:
    """How a fixed number of parts are wired.

    Args:
        arity: How many parts there are.
        wire: Makes the cell of these parts: one input junction, one output junction.
        edges: Instead, the source and the target junction of every part: 0 is the input, the largest the output.

    >>> diamond = Topology(edges=((0, 1), (0, 2), (1, 3), (2, 3)))
    >>> len(diamond.cell([Part("conv")] * 4).sites)
    4
    """

    def __init__(
        self,
        arity: int | None = None,
        wire: Callable[[Sequence[Part]], Cell] | None = None,
        *,
        edges: Iterable[Sequence[int]] | None = None,
    ) -> None:
        self.name = ""
        if (edges is None) == (wire is None):
            raise SpaceError("a topology needs either a function that wires its parts, or edges")
        self.edges = None if edges is None else _pairs(edges)
        self._last = max((target for _, target in self.edges or ()), default=0)
        self._outputs = (self._last,)
        self._placed = [(place, *edge) for place, edge in enumerate(self.edges or (), start=1)]
        self.wire = wire
        if wire is not None and not callable(wire):
            raise SpaceError(
                f"a topology has {shown(wire)} as its function; expected one that makes a Cell of a list of parts"
            )
        if arity is None and self.edges is None:
            raise SpaceError(
                "a topology with a function needs the number of its parts, such as Topology(2, wire)"
            )
        self.arity = (
            len(self.edges or ())
            if arity is None
            else checked_whole("arity", arity, maximum=_MOST, error=SpaceError)
        )
        if self.edges == ():
            raise SpaceError("a topology needs at least one edge, such as (0, 1)")
        if self.edges is not None and self.arity != len(self.edges):
            raise SpaceError(f"a topology of {self._parts} needs as many edges, but has {len(self.edges)}")
        self._check()

    def _check(self) -> None:
        """Try it with parts that can be told apart."""
        marks = self._marks
        try:
            made = self.cell(marks)
            if self.edges is not None:
                Cell(made.inputs, made.junctions, made.sites, made.outputs)  # which checks it
        except ArchrankError as error:
            raise SpaceError(f"a topology of {self._parts} is wired wrongly: {error}") from None
        live = set(live_operations(made))
        if idle := [place for place, mark in enumerate(marks, start=1) if mark.operation not in live]:
            raise SpaceError(
                f"a topology of {self._parts} is wired wrongly: part {idle[0]} never matters, because the input "
                "does not reach it or it does not reach the output"
            )
        # Every junction is in the lists that are made for each cell.
        written = {target for _, target in self.edges or ()}
        if gap := next((j for j in range(1, len(written) + 1) if j not in written), None):
            raise SpaceError(
                f"no edge leads to junction {gap} of 0 to {self._last}; number the junctions without gaps"
            )

    def called(self, name: str) -> "Topology":
        """The same under the name that a grammar has for it, which errors tell."""
        other = copy.copy(self)
        other.name = name
        return other

    def cell(self, parts: Sequence[Part]) -> Cell:
        """The cell of some parts.

        Raises:
            SpaceError: Its function fails, or gives no cell.
        """
        if self.edges is not None:
            placed = zip(parts, self._placed, strict=True)
            nodes = [part.nodes.get(edge) or part.node(edge) for part, edge in placed]
            return Cell.unchecked(1, self._last + 1, tuple(nodes), self._outputs, False)
        try:
            made: object = self.wire([part.at(place) for place, part in enumerate(parts, 1)])  # type: ignore[misc] # one of the two is given
        except InvalidArchitecture:
            raise
        except Exception as error:
            raise SpaceError(f"{self._title} failed: {in_one_line(error)}") from error
        if not isinstance(made, Cell) or made.inputs != 1 or len(made.outputs) != 1:
            raise SpaceError(
                f"{self._title} gave {shown(made)}; expected a Cell with one input and one output"
            )
        return made

    @property
    def _parts(self) -> str:
        return "1 part" if self.arity == 1 else f"{self.arity} parts"

    @property
    def _title(self) -> str:
        called = bounded(str(getattr(self.wire, "__name__", kind_of(self.wire))), 100)
        return f"the function {called} of {f'the topology {self.name}' if self.name else 'a topology'}"

    @property
    def operations(self) -> tuple[str, ...]:
        """The operations that it adds to its parts."""
        marks = self._marks
        given = {mark.operation for mark in marks}
        return tuple(dict.fromkeys(s.operation for s in self.cell(marks).sites if s.operation not in given))

    @property
    def source(self) -> str:
        """What it does, as text that changes when it does."""
        if self.edges is not None:
            return str(self.edges)
        # The cell tells what a function made by another function does, the code how it treats parts differently.
        wired = str(self.cell(self._marks))
        try:
            return f"{wired}\n{inspect.getsource(self.wire)}"  # type: ignore[arg-type] # there are no edges
        except (OSError, TypeError):
            return wired

    @property
    def _marks(self) -> list[Part]:
        return [Part(f"part {place}") for place in range(self.arity)]


def topology_of(name: object, given: Any) -> Topology:
    """A user's own topology, which may be given by its edges alone.

    Raises:
        SpaceError: It is none.
    """
    if not isinstance(name, str):
        raise SpaceError(f"the topology {shown(name)} needs a text as its name")
    check_name(name)
    if isinstance(given, Topology):
        return given.called(name)
    if not isinstance(given, Iterable):
        raise SpaceError(
            f"the topology {name} is {shown(given)}; expected a Topology, or pairs of a source and a target junction"
        )
    try:
        return Topology(edges=given).called(name)
    except SpaceError as error:
        raise SpaceError(f"the topology {name}: {error}") from None


def _pairs(edges: Iterable[Any]) -> tuple[tuple[int, int], ...]:
    """Edges, as pairs of whole numbers."""
    if not isinstance(edges, Iterable) or isinstance(edges, str | bytes | Mapping | Set):
        raise SpaceError(f"the edges are {shown(edges)}; expected a list of pairs such as [(0, 1), (1, 2)]")
    found = []
    for place, edge in enumerate(edges, start=1):
        pair = edge if isinstance(edge, list | tuple | np.ndarray) else ()
        if len(pair) != 2 or not all(
            isinstance(j, int | np.integer) and not isinstance(j, bool) for j in pair
        ):
            raise SpaceError(
                f"edge {place} is {shown(edge)}; expected a source and a target junction, such as (0, 1)"
            )
        found.append((int(pair[0]), int(pair[1])))
    return tuple(found)


def live_operations(cell: Cell) -> Iterator[str]:
    """The operations that the input reaches and that reach the output, those of cells within them too."""
    sites = sorted(cell.sites, key=_first_target)
    fed = set(range(cell.inputs))
    reached = []
    for site in sites:
        # What reads nothing is a constant.
        if not site.sources or not fed.isdisjoint(site.sources):
            fed.update(_targets(site))
            reached.append(site)
    useful = set(cell.outputs)
    for site in reversed(reached):
        if not useful.isdisjoint(_targets(site)):
            useful.update(site.sources)
            yield site.operation
            if isinstance(site, Node) and site.inner is not None:
                yield from live_operations(site.inner)


def _targets(site: Site) -> tuple[int, ...]:
    return site.targets if isinstance(site, Node) else (site.target,)


def _first_target(site: Site) -> int:
    return min(_targets(site))


def built_in(name: str) -> Topology | None:
    """The built-in topology of a name; None where there is none.

    ``LinearN`` is a chain of N parts. ``ResidualN`` has N + 1: a chain of N with a skip around it, and the last but one
    part is the skip, as in the published grammars: ``Residual2 a skip b``, ``Residual3 a b skip c``. ``SplitJoinN``
    adds the results of N parallel parts, ``SplitConcatN`` concatenates them. ``Cell`` is the NAS-Bench-201 cell.
    """
    if name == "Cell":
        return Topology(edges=CELL_EDGES)
    match = _FAMILIES.fullmatch(name)
    if match is None:
        return None
    n = int(match[2])
    chain = [(i, i + 1) for i in range(n)]
    if match[1] == "Linear":
        return Topology(edges=chain)
    if match[1] == "Residual":
        return Topology(edges=[*chain[:-1], (0, n), chain[-1]])
    if match[1] == "SplitJoin":
        return Topology(edges=[(0, 1)] * n)
    return Topology(n, _concatenated)


def _concatenated(parts: Sequence[Part]) -> Cell:
    n = len(parts)
    branches = [part(0, i) for i, part in enumerate(parts, start=1)]
    joined = Node("concat", tuple(range(1, n + 1)), n + 1, ordered=True)
    return Cell(1, n + 2, (*branches, joined), (n + 1,))
