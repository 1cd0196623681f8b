"""Features of the paths of a network from its inputs to its outputs: what is on all of them, and what is on most.

A skip connection changes them, where counts of operations stay almost the same.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from typing import TypeAlias

from archrank.graph import Cell, Graph, Node

__all__ = ["path_features"]

_PASSES = math.log(0.25)
"""The logarithm of what each operation lets pass; .25 ranks as well as .5, or better, on the tables at hand."""


def path_features(graph: Graph) -> dict[str, float]:
    """Numbers by name; what does not occur has none.

    ``shortest path`` and ``KIND: on every path`` are the fewest operations, and the fewest of a kind, on any path. For
    the others something flows along all paths, and each operation lets a quarter of it pass, so that short paths count
    most: ``flow`` is the logarithm of what arrives, ``path`` the mean number of operations on its way, and ``KIND:
    along the flow`` that of a kind. They are equal for isomorphic graphs.

    >>> nodes = (Node("conv", (0,), 1), Node("pool", (1,), 2), Node("pool", (0,), 2))
    >>> found = path_features(Graph((Cell(1, 3, nodes, (2,)),)))
    >>> found["shortest path"], found["pool: on every path"], found["pool: along the flow"]
    (1.0, 1.0, 1.0)
    >>> round(found["conv: along the flow"], 3)  # a fifth of what arrives passed it: 1/16 of 1/16 + 1/4
    0.2
    """
    found: dict[str, float] = {}
    kinds = {kind: index for index, kind in enumerate(sorted({_ANY, *_kinds(graph.cells, {})}))}
    fewest: dict[str, float] = {}
    arriving: list[_Flow] = []
    for cell in graph.cells:
        for kind, count in (_least(_fewest(cell, [{}] * cell.inputs)) or {}).items():
            fewest[kind] = fewest.get(kind, 0.0) + count
        arriving.append(_sum(_flow(cell, [(0.0, [0.0] * len(kinds))] * cell.inputs, kinds)))
    found["shortest path"] = fewest.pop(_ANY, 0.0)
    found |= {f"{kind}: on every path": count for kind, count in fewest.items()}
    flows = [flow for flow in arriving if flow is not None]
    if flows:
        found["flow"] = sum(flow[0] for flow in flows)
        for kind, index in kinds.items():
            along = sum(flow[1][index] for flow in flows)
            if along:
                found[f"{kind}: along the flow" if kind else "path"] = along
    return found


_ANY = ""
"""Stands for operations of any kind."""

_Fewest: TypeAlias = dict[str, int] | None
"""The fewest operations of each kind on any way from an input; kinds that one way has none of are left out. None where
no way leads."""


def _fewest(cell: Cell, given: Sequence[_Fewest]) -> list[_Fewest]:
    """Those at the outputs of a cell, from those at its inputs."""
    at: list[_Fewest] = [*given, *[None] * (cell.junctions - cell.inputs)]
    for site in sorted(cell.sites, key=attrgetter("target")):
        sources = [at[j] for j in site.sources]
        if isinstance(site, Node) and site.inner is not None:
            ends = _fewest(site.inner, sources)
        else:
            before = _least(sources)
            after = before
            if before is not None:
                after = before | {kind: before.get(kind, 0) + 1 for kind in (site.operation, _ANY)}
            ends = [after] * (len(site.targets) if isinstance(site, Node) else 1)
        for target, end in zip(site.targets if isinstance(site, Node) else (site.target,), ends, strict=True):
            at[target] = _least([at[target], end])
    return [at[j] for j in cell.outputs]


def _least(ways: Iterable[_Fewest]) -> _Fewest:
    """The fewest on one of several ways."""
    found: _Fewest = None
    for way in ways:
        if found is None or way is None:
            found = way if found is None else found
        else:
            found = {kind: min(count, way[kind]) for kind, count in found.items() if kind in way}
    return found


_Flow: TypeAlias = tuple[float, list[float]] | None
"""The logarithm of what arrives, and the mean number of operations of each kind on its way; None for nothing."""


def _flow(cell: Cell, given: Sequence[_Flow], kinds: dict[str, int]) -> list[_Flow]:
    """What arrives at the outputs of a cell, from what is at its inputs."""
    any_kind = kinds[_ANY]
    at: list[_Flow] = [*given, *[None] * (cell.junctions - cell.inputs)]
    for site in sorted(cell.sites, key=attrgetter("target")):
        targets = site.targets if isinstance(site, Node) else (site.target,)
        sources = [at[j] for j in site.sources]
        if isinstance(site, Node) and site.inner is not None:
            ends = _flow(site.inner, sources, kinds)
        else:
            read = _sum(sources)
            if read is None:
                continue
            along = read[1].copy()
            along[any_kind] += 1.0
            along[kinds[site.operation]] += 1.0
            ends = [(read[0] + _PASSES, along)] * len(targets)
        for target, end in zip(targets, ends, strict=True):
            at[target] = end if at[target] is None else _sum((at[target], end))
    return [at[j] for j in cell.outputs]


def _sum(flows: Sequence[_Flow]) -> _Flow:
    """Several flows as one."""
    some = [flow for flow in flows if flow is not None]
    if len(some) < 2:
        return some[0] if some else None
    (level, along), *others = some
    for other, values in others:
        most = max(level, other)
        mine, more = math.exp(level - most), math.exp(other - most)
        total = mine + more
        mine, more = mine / total, more / total
        along = [mine * one + more * two for one, two in zip(along, values, strict=True)]
        level = most + math.log(total)
    return level, along


def _kinds(cells: Iterable[Cell], seen: dict[int, Cell]) -> Iterator[str]:
    """The kinds of all operations, also inside of nodes."""
    for cell in cells:
        if id(cell) in seen:
            continue
        seen[id(cell)] = cell
        for site in cell.sites:
            if isinstance(site, Node) and site.inner is not None:
                yield from _kinds((site.inner,), seen)
            else:
                yield site.operation
