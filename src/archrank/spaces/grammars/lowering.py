"""Derivations as graphs: with their hierarchy as it stands, and flat after the rules of what computes nothing."""

from collections.abc import Collection
from typing import NamedTuple, TypeAlias

from archrank.graph import Cell, Graph, Node, Site
from archrank.spaces.grammars.rules import Grammar
from archrank.spaces.grammars.topologies import Part
from archrank.spaces.grammars.tree import Tree

__all__ = ["Lowering", "flat_function"]

_KEPT = 20_000
_EXACT = 2**53

Terms: TypeAlias = dict[int, int]
"""A sum of results: how often each junction is in it."""


class Lowering:
    """Lowers derivations of a grammar: one node for each rule with a topology, equal ones with one cell.

    Args:
        grammar: The rules.
    """

    def __init__(self, grammar: Grammar) -> None:
        self._grammar = grammar
        self._operations = {name: Part(name, kept=True) for name in grammar.operations}
        self._parts: dict[Tree, Part] = {}
        self._few: dict[Tree, Part] = {}

    def graph(self, tree: Tree) -> Graph:
        """The graph of a derivation, with cells in its nodes."""
        part = self.part(tree)
        return Graph((part.inner if part.inner is not None else Cell(1, 2, (part(0, 1),), (1,)),))

    def part(self, tree: Tree) -> Part:
        """A derivation as an argument of a topology."""
        few = tree.symbol in self._grammar.few
        known = self._few if few else self._parts
        found = known.get(tree)
        if found is None:
            if len(known) >= _KEPT:
                known.clear()
            found = known[tree] = self._made(tree, few)
        return found

    def _made(self, tree: Tree, kept: bool) -> Part:
        rules, few, known = self._grammar.rules, self._grammar.few, self._few
        a = rules[tree.symbol][tree.alternative]
        parts = [(known.get(c) if c.symbol in few else None) or self.part(c) for c in tree.children]
        if len(parts) < len(a.parts):
            children = iter(parts)
            parts = [next(children) if name in rules else self._operations[name] for name in a.parts]
        if a.topology is None:
            return parts[0]
        cell = self._grammar.topologies[a.topology].cell(parts)
        return Part(a.topology, cell, tree.symbol, kept=kept)


def flat_function(graph: Graph, identities: Collection[str], zeros: Collection[str]) -> Graph:
    """The operations that reach the output, each a node that reads a sum of others.

    An identity is transparent and a zero is no edge. Two equal operations stay two, and a result that a sum holds
    several times is multiplied.
    """
    return Graph(tuple(_Flat(identities, zeros).cell(cell) for cell in graph.cells))


class _Flat:
    """Collects the nodes of one flat cell; junction 0 is its input, and node i writes to junction i + 1."""

    def __init__(self, identities: Collection[str], zeros: Collection[str]) -> None:
        self._identities, self._zeros = identities, zeros
        self._nodes: list[_Made] = []

    def cell(self, cell: Cell) -> Cell:
        """A cell without what computes nothing; an output that nothing reaches is a junction without a writer."""
        ends = [
            self._add("output", self._sources(result)) if result else -1
            for result in self._results(cell, [{junction: 1} for junction in range(cell.inputs)])
        ]
        live: set[int] = set()
        pending = list(ends)
        while pending:
            junction = pending.pop()
            if junction > 0 and junction not in live:
                live.add(junction)
                pending += self._nodes[junction - 1].sources
        at = {0: 0} | {junction: i for i, junction in enumerate(sorted(live), start=1)}
        nodes = []
        for junction in sorted(live):
            made = self._nodes[junction - 1]
            nodes.append(
                Node(
                    made.operation,
                    tuple([at[j] for j in made.sources]),
                    at[junction],
                    attributes=made.attributes,
                    ordered=made.ordered,
                )
            )
        outputs = tuple([at.get(end, len(at)) for end in ends])
        return Cell.unchecked(1, len(at) + (-1 in ends), tuple(nodes), outputs, False)

    def _results(self, cell: Cell, inputs: list[Terms]) -> list[Terms]:
        """What the outputs of a cell are sums of."""
        terms = inputs + [{} for _ in range(cell.junctions - len(inputs))]
        for site in sorted(cell.sites, key=_target):
            total = self._written(site, terms)
            terms[site.target] = _sum(terms[site.target], total) if terms[site.target] else total
        return [terms[junction] for junction in cell.outputs]

    def _written(self, site: Site, terms: list[Terms]) -> Terms:
        """What a site writes; the caller does not change it."""
        if site.operation in self._zeros:
            return {}
        node = site if isinstance(site, Node) else None
        if node is not None and node.inner is not None:
            (result,) = self._results(node.inner, [terms[j] for j in site.sources])
            return result
        if node is not None and node.ordered:
            sources = tuple([self._one(terms[j]) for j in site.sources])
            return {self._add(site.operation, sources, node.attributes, ordered=True): 1}
        total = terms[site.sources[0]] if site.sources else {}
        for junction in site.sources[1:]:
            total = _sum(total, terms[junction])
        if not total or site.operation in self._identities:
            return total
        return {self._add(site.operation, self._sources(total), () if node is None else node.attributes): 1}

    def _sources(self, total: Terms) -> tuple[int, ...]:
        """The junctions of a sum, one for each different result."""
        return tuple(sorted([j if n == 1 else self._times(j, n) for j, n in total.items()]))

    def _one(self, total: Terms) -> int:
        """The junction that holds a sum."""
        if len(total) == 1 and next(iter(total.values())) == 1:
            return next(iter(total))
        return self._add("sum" if total else "zeros", self._sources(total))

    def _times(self, source: int, times: int) -> int:
        """A multiple of a result; a large number has two parts, so that it is exact."""
        high = times // _EXACT
        factors = (("factor", float(times % _EXACT)),) + ((("factor high", float(high)),) if high else ())
        return self._add("multiple", (source,), factors)

    def _add(
        self,
        operation: str,
        sources: tuple[int, ...],
        attributes: tuple[tuple[str, float], ...] = (),
        ordered: bool = False,
    ) -> int:
        """Add a node; returns the junction that it writes to."""
        self._nodes.append(_Made(operation, sources, attributes, ordered))
        return len(self._nodes)


class _Made(NamedTuple):
    """A node of a flat cell before its junctions have their last numbers."""

    operation: str
    sources: tuple[int, ...]
    attributes: tuple[tuple[str, float], ...]
    ordered: bool


def _sum(a: Terms, b: Terms) -> Terms:
    found = dict(a)
    for junction, times in b.items():
        found[junction] = found.get(junction, 0) + times
    return found


def _target(site: Site) -> int:
    return site.target
