"""Derivations as graphs: with their hierarchy as it stands, and flat after the rules of what computes nothing."""

from collections import Counter
from collections.abc import Collection
from dataclasses import replace

from archrank.graph import Cell, Graph, Node, Site
from archrank.spaces.grammars.rules import Grammar
from archrank.spaces.grammars.topologies import Part
from archrank.spaces.grammars.tree import Tree

__all__ = ["Lowering", "flat_function"]

_KEPT = 20_000
_EXACT = 2**53
_OPEN, _SHUT = "open", "shut"

Terms = Counter[int]
"""A sum of results: how often each junction is in it."""


class Lowering:
    """Lowers derivations of a grammar: one node for each rule with a topology, equal ones with one cell.

    Args:
        grammar: The rules.
    """

    def __init__(self, grammar: Grammar) -> None:
        self._grammar = grammar
        self._parts: dict[Tree, Part] = {}
        self._flows: dict[Tree, bool] = {}

    def graph(self, tree: Tree) -> Graph:
        """The graph of a derivation, with cells in its nodes."""
        part = self.part(tree)
        return Graph((part.inner if part.inner is not None else Cell(1, 2, (part(0, 1),), (1,)),))

    def part(self, tree: Tree) -> Part:
        """A derivation as an argument of a topology."""
        if tree not in self._parts:
            if len(self._parts) >= _KEPT:
                self._parts.clear()
            a = self._grammar.rules[tree.symbol][tree.alternative]
            children = iter(tree.children)
            parts = [
                self.part(next(children)).named(place) if name in self._grammar.rules else Part(name)
                for place, name in enumerate(a.parts, start=1)
            ]
            if a.topology is None:
                (made,) = parts
            else:
                cell = self._grammar.topologies[a.topology].cell(parts)
                made = Part(a.topology, cell, tree.symbol)
            self._parts[tree] = made
        return self._parts[tree]

    def flows(self, tree: Tree, zeros: Collection[str]) -> bool:
        """Whether anything reaches the output of a derivation."""
        if tree not in self._flows:
            if len(self._flows) >= _KEPT:
                self._flows.clear()
            a = self._grammar.rules[tree.symbol][tree.alternative]
            children = iter(tree.children)
            parts = [
                self.flows(next(children), zeros) if name in self._grammar.rules else name not in zeros
                for name in a.parts
            ]
            if a.topology is None or all(parts):
                found = all(parts)
            else:
                marked = self._grammar.topologies[a.topology].cell(
                    [Part(_OPEN if p else _SHUT) for p in parts]
                )
                reached = set(range(marked.inputs))
                for site in sorted(marked.sites, key=_target):
                    if site.operation != _SHUT and reached.intersection(site.sources):
                        reached.add(site.target)
                found = bool(reached.intersection(marked.outputs))
            self._flows[tree] = found
        return self._flows[tree]


def flat_function(graph: Graph, identities: Collection[str], zeros: Collection[str]) -> Graph:
    """The operations that reach the output, each a node that reads a sum of others.

    An identity is transparent and a zero is no edge. Two equal operations stay two, and a result that a sum holds
    several times is multiplied.
    """
    return Graph(tuple(_Flat(identities, zeros).cell(cell) for cell in graph.cells))


class _Flat:
    """Collects the nodes of one flat cell; junction 0 is its input."""

    def __init__(self, identities: Collection[str], zeros: Collection[str]) -> None:
        self._identities, self._zeros = identities, zeros
        self._nodes: list[Node] = []

    def cell(self, cell: Cell) -> Cell:
        """A cell without what computes nothing; an output that nothing reaches is a junction without a writer."""
        ends = [
            next(iter(self._add(Node("output", self._sources(result), 0)))) if result else -1
            for result in self._results(cell, [Counter([junction]) for junction in range(cell.inputs)])
        ]
        live: set[int] = set()
        pending = list(ends)
        while pending:
            junction = pending.pop()
            if junction > 0 and junction not in live:
                live.add(junction)
                pending += self._nodes[junction - 1].sources
        at = {0: 0} | {junction: i for i, junction in enumerate(sorted(live), start=1)}
        nodes = [
            replace(node, sources=tuple([at[j] for j in node.sources]), target=at[node.target])
            for node in self._nodes
            if node.target in live
        ]
        return Cell(1, len(at) + (-1 in ends), tuple(nodes), tuple([at.get(end, len(at)) for end in ends]))

    def _results(self, cell: Cell, inputs: list[Terms]) -> list[Terms]:
        """What the outputs of a cell are sums of."""
        terms = inputs + [Counter() for _ in range(cell.junctions - len(inputs))]
        for site in sorted(cell.sites, key=_target):
            terms[site.target].update(self._written(site, terms))
        return [terms[junction] for junction in cell.outputs]

    def _written(self, site: Site, terms: list[Terms]) -> Terms:
        if site.operation in self._zeros:
            return Counter()
        node = site if isinstance(site, Node) else None
        if node is not None and node.inner is not None:
            (result,) = self._results(node.inner, [Counter(terms[j]) for j in site.sources])
            return result
        if node is not None and node.ordered:
            sources = [self._one(terms[j]) for j in site.sources]
            return self._add(
                Node(site.operation, tuple(sources), 0, attributes=node.attributes, ordered=True)
            )
        total: Terms = Counter()
        for junction in site.sources:
            total.update(terms[junction])
        if not total or site.operation in self._identities:
            return total
        attributes = () if node is None else node.attributes
        return self._add(Node(site.operation, self._sources(total), 0, attributes=attributes))

    def _sources(self, total: Terms) -> tuple[int, ...]:
        """The junctions of a sum, one for each different result."""
        return tuple(
            sorted(j if n == 1 else next(iter(self._add(_times(j, 0, n)))) for j, n in total.items())
        )

    def _one(self, total: Terms) -> int:
        """The junction that holds a sum."""
        if len(total) == 1 and next(iter(total.values())) == 1:
            return next(iter(total))
        return next(iter(self._add(Node("sum" if total else "zeros", self._sources(total), 0))))

    def _add(self, node: Node) -> Terms:
        junction = len(self._nodes) + 1
        self._nodes.append(replace(node, target=junction))
        return Counter([junction])


def _times(source: int, target: int, times: int) -> Node:
    """A multiple of a result; a large number has two parts, so that it is exact."""
    high = times // _EXACT
    attributes = (("factor", float(times % _EXACT)),) + ((("factor high", float(high)),) if high else ())
    return Node("multiple", (source,), target, attributes=attributes)


def _target(site: Site) -> int:
    return site.target
