"""Sums in traced networks: the order in which terms are added does not count."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from archrank.folding import numbered
from archrank.graph import Cell, Graph, Node, Site

__all__ = ["merge_sums"]


def merge_sums(graph: Graph) -> Graph:
    """Put a sum that only another sum reads into that one, so that ``a + (b + c)`` and ``(c + a) + b`` are equal.

    They differ in rounding only.

    >>> nodes = (Node("add", (0, 1), 3), Node("add", (3, 2), 4))
    >>> merge_sums(Graph((Cell(3, 5, nodes, (4,)),))).cells[0].sites[0].sources
    (2, 0, 1)
    """
    cells = tuple(map(_merged, graph.cells))
    return graph if all(new is old for new, old in zip(cells, graph.cells, strict=True)) else Graph(cells)


def _merged(cell: Cell) -> Cell:
    reads = Counter([*cell.outputs, *(j for site in cell.sites for j in site.sources)])
    writes = Counter(site.target for site in cell.sites)
    summed_once = {
        site.target: site
        for site in cell.sites
        if _is_sum(site) and reads[site.target] == 1 and writes[site.target] == 1
    }
    inner = {j for site in cell.sites if _is_sum(site) for j in site.sources if j in summed_once}
    if not inner:
        return cell
    sites: list[Site] = []
    for site in cell.sites:
        if isinstance(site, Node) and _is_sum(site):
            if site.target not in inner:
                sites.append(_with_terms(site, summed_once))
        else:
            sites.append(site)
    return numbered(cell, sites)


def _with_terms(node: Node, summed_once: dict[int, Site]) -> Node:
    own = [j for j in node.sources if j not in summed_once]
    pending: Sequence[int] = [j for j in node.sources if j in summed_once]
    while pending:
        terms = [j for sum_ in pending for j in summed_once[sum_].sources]
        own += [j for j in terms if j not in summed_once]
        pending = [j for j in terms if j in summed_once]
    return replace(node, sources=tuple(own))


def _is_sum(site: Site) -> bool:
    return (
        isinstance(site, Node)
        and site.operation == "add"
        and len(site.sources) > 1
        and not (site.attributes or site.ordered or site.more_targets or site.weights or site.inner)
    )
