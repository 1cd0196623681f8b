"""Hierarchy of a traced network: the nodes of one module call as one node, and back.

A module call is an interval of time, so its nodes stand next to each other and no path leaves them and comes back.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import count, groupby
from typing import Any

from archrank.errors import SpaceError
from archrank.graph import Cell, Graph, Node, Site
from archrank.system.arguments import checked_whole
from archrank.system.foreign import shown

__all__ = ["fold", "numbered", "unfold"]

Path = tuple[str, ...]


def fold(graph: Graph, depth: int | None = None, paths: Iterable[Sequence[str]] | None = None) -> Graph:
    """Replace the nodes of module calls by one node each, which holds them as its inner cell.

    The new node's operation is the module's class, and equal calls have one inner cell. A call of a single operation
    stays that operation.

    Args:
        graph: A graph whose nodes have paths, such as :func:`archrank.trace` returns.
        depth: How many modules deep the calls are; 1 for the parts of the whole network.
        paths: The calls instead of a depth, as in :attr:`~archrank.graph.Node.path`. With neither, all calls are
            folded, one within the other.

    Raises:
        SpaceError: It is no graph, or the depth is no whole number.

    >>> nodes = [Node("conv", (0,), 1, path=("block", "a")), Node("relu", (1,), 2, path=("block", "b"))]
    >>> folded = fold(Graph((Cell(1, 3, tuple(nodes), (2,), ordered=True),)), depth=1)
    >>> [(node.operation, len(node.inner.sites)) for node in folded.cells[0].sites]
    [('block', 2)]
    """
    _check(graph, "depth", depth)
    wanted = None if paths is None else {tuple(path) for path in paths}

    def call_of(site: Site) -> Path | None:
        path = site.path if isinstance(site, Node) else ()
        if wanted is not None:
            return next((path[:n] for n in range(1, len(path) + 1) if path[:n] in wanted), None)
        n = 1 if depth is None else depth
        return path[:n] if len(path) >= n > 0 else None

    known: dict[Any, Cell] = {}
    nested = wanted is None and depth is None
    return Graph(tuple([_folded(cell, call_of, nested, known) for cell in graph.cells]))


def unfold(graph: Graph, levels: int | None = None) -> Graph:
    """Replace nodes that hold an inner cell by the nodes of this cell.

    Args:
        graph: The graph.
        levels: How many levels of inner cells; None for all.

    Raises:
        SpaceError: It is no graph, or the levels are no whole number.
    """
    _check(graph, "levels", levels)
    return Graph(tuple(_unfolded(cell, levels) for cell in graph.cells))


def _check(graph: object, name: str, number: object) -> None:
    if not isinstance(graph, Graph):
        raise SpaceError(
            f"{shown(graph)} is no graph; give a Graph, such as archrank.trace(module, example) returns"
        )
    if number is not None:
        checked_whole(name, number, minimum=0, error=SpaceError)


def _folded(cell: Cell, call_of: Callable[[Site], Path | None], nested: bool, known: dict[Any, Cell]) -> Cell:
    uses = _Uses(cell)
    sites: list[Site] = []
    for call, group in groupby(sorted(cell.sites, key=_first), key=call_of):
        run = list(group)
        if call is None or len(run) == 1:
            sites += run
            continue
        node, inner = uses.node_of(call, [site for site in run if isinstance(site, Node)])
        if nested:
            inner = _folded(inner, call_of, nested, known)
        only = inner.sites[0]
        if len(inner.sites) == 1 and isinstance(only, Node) and only.inner and _is_all(inner, only):
            # A module that does nothing but call another one is that one.
            names = (*call, *only.path), (*node.classes, *only.classes)
            node, inner = replace(node, operation=only.operation, path=names[0], classes=names[1]), only.inner
        sites.append(replace(node, inner=known.setdefault(_details(inner), inner)))
    return numbered(cell, sites)


class _Uses:
    """Which nodes of a cell read its junctions and use its shared weights."""

    def __init__(self, cell: Cell) -> None:
        self._outputs, self._weights = set(cell.outputs), cell.weights
        self._readers: dict[int, set[int]] = {}
        self._users: dict[int, set[int]] = {}
        for site in cell.sites:
            for junction in site.sources:
                self._readers.setdefault(junction, set()).add(id(site))
            for weight in _weights(site):
                self._users.setdefault(weight, set()).add(id(site))

    def node_of(self, call: Path, run: list[Node]) -> tuple[Node, Cell]:
        """The node of one call without its inner cell, and that cell, whose paths are relative to the call."""
        members, deep = {id(node) for node in run}, len(call)
        written = dict.fromkeys(junction for node in run for junction in node.targets)
        sources = dict.fromkeys(j for node in run for j in node.sources if j not in written)
        targets = [j for j in written if j in self._outputs or self._readers.get(j, set()) - members]
        weights = dict.fromkeys(weight for node in run for weight in node.weights)
        outside = [w for w in weights if w < self._weights or self._users[w] - members]
        at = {junction: place for place, junction in enumerate((*sources, *written))}
        weights_at = {w: i for i, w in enumerate(dict.fromkeys((*outside, *weights)))}
        parts = [
            _moved(replace(node, path=node.path[deep:], classes=node.classes[deep:]), at, weights_at)
            for node in run
        ]
        outputs = tuple([at[j] for j in targets])
        inner = Cell(len(sources), len(at), tuple(parts), outputs, ordered=True, weights=len(outside))
        classes = run[0].classes[:deep]
        node = Node(
            classes[-1] if len(classes) == deep else call[-1].partition("#")[0],
            tuple(sources),
            targets[0],
            ordered=True,
            more_targets=tuple(targets[1:]),
            weights=tuple(outside),
            path=call,
            classes=classes,
            shape=next((node.shape for node in run if node.target == targets[0]), ()),
            parameters=sum(node.parameters for node in run),
            multiply_adds=sum(node.multiply_adds for node in run),
        )
        return node, inner


def _unfolded(cell: Cell, levels: int | None) -> Cell:
    if levels == 0 or not any(isinstance(site, Node) and site.inner for site in cell.sites):
        return cell
    junctions = count(cell.junctions)
    weights = count(max((w + 1 for site in cell.sites for w in _weights(site)), default=0) + cell.weights)
    sites: list[Site] = []
    for site in sorted(cell.sites, key=_first):
        if isinstance(site, Node) and site.inner:
            sites += _inside(site, _unfolded(site.inner, levels and levels - 1), junctions, weights)
        else:
            sites.append(site)
    return numbered(cell, sites)


def _inside(node: Node, inner: Cell, junctions: Iterator[int], weights: Iterator[int]) -> Iterator[Site]:
    """The sites of a node's cell, as they stand in the cell around it."""
    at = dict(enumerate(node.sources))
    weights_at = dict(enumerate(node.weights))
    copies = []
    for output, target in zip(inner.outputs, node.targets, strict=True):
        if output in at:
            copies.append((output, target))
        at.setdefault(output, target)
    for site in inner.sites:
        for junction in _targets(site):
            if junction not in at:
                at[junction] = next(junctions)
        for weight in _weights(site):
            if weight not in weights_at:
                weights_at[weight] = next(weights)
        moved = _moved(site, at, weights_at)
        if isinstance(moved, Node):
            moved = replace(moved, path=node.path + moved.path, classes=node.classes + moved.classes)
        yield moved
    for output, target in copies:
        yield Node("identity", (at[output],), target, ordered=True, path=node.path, classes=node.classes)


def numbered(cell: Cell, sites: Sequence[Site]) -> Cell:
    """A cell of other sites, its junctions and weights numbered in their order."""
    at = {junction: junction for junction in range(cell.inputs)}
    weights_at = {weight: weight for weight in range(cell.weights)}
    # A junction comes after all that is within the nodes that add to it, so its last writer counts.
    writers = Counter(junction for site in sites for junction in _targets(site))
    for site in sites:
        for junction in _targets(site):
            writers[junction] -= 1
            if not writers[junction]:
                at.setdefault(junction, len(at))
        for weight in _weights(site):
            weights_at.setdefault(weight, len(weights_at))
    outputs = tuple([at.setdefault(junction, len(at)) for junction in cell.outputs])
    moved = tuple([_moved(site, at, weights_at) for site in sites])
    return Cell(cell.inputs, len(at), moved, outputs, cell.ordered, cell.weights)


def _moved(site: Site, at: dict[int, int], weights_at: dict[int, int]) -> Site:
    sources, target = tuple([at[j] for j in site.sources]), at[site.target]
    if not isinstance(site, Node):
        return Site(site.operation, sources, target)
    return replace(
        site,
        sources=sources,
        target=target,
        more_targets=tuple([at[j] for j in site.more_targets]),
        weights=tuple([weights_at[w] for w in site.weights]),
    )


def _targets(site: Site) -> tuple[int, ...]:
    return site.targets if isinstance(site, Node) else (site.target,)


def _first(site: Site) -> int:
    return min(_targets(site))


def _weights(site: Site) -> tuple[int, ...]:
    return site.weights if isinstance(site, Node) else ()


def _is_all(cell: Cell, node: Node) -> bool:
    """Whether a node does all that its cell does."""
    return (
        node.sources == tuple(range(cell.inputs))
        and node.targets == cell.outputs
        and node.weights == tuple(range(cell.weights))
    )


def _details(cell: Cell) -> tuple[Any, ...]:
    """A cell with what is no part of its identity, so that cells of other sizes stay apart."""
    return (cell, tuple([_facts(site) for site in cell.sites]))


def _facts(site: Site) -> tuple[Any, ...]:
    if not isinstance(site, Node):
        return ()
    inside = () if site.inner is None else _details(site.inner)
    return (site.path, site.shape, site.parameters, site.multiply_adds, inside)
