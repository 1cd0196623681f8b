"""Features of networks: named numbers that describe a graph of any operations with attributes.

In contrast to :mod:`archrank.features`, nothing here depends on a fixed list of operations. What an operation is and
its attributes are apart, so a convolution of kernel 3 and one of kernel 5 share all but the mean of their kernels.
"""

import math
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from operator import attrgetter

from archrank.graph import Cell, Graph, Node, Site
from archrank.network_paths import path_features

__all__ = ["KNOWN", "SIZES", "known_values", "network_features", "scaled"]

SIZES = ("operations", "depth", "parameters", "multiply-adds", "activations")
"""The features of :func:`network_features` that measure a whole network."""

KNOWN = frozenset(("parameters", "multiply_adds", "depth", "activation_bytes"))
"""The names of :func:`known_values`."""


def network_features(graph: Graph) -> dict[str, float]:
    """The features of a graph by name; what does not occur in it has none.

    Sizes and counts enter as log(1 + number). Of every kind of operation there are the count, the parameters, the
    multiply-adds, where it is on average between input and output (0 to 1), and the mean of every attribute; of every
    pair of kinds, how often the first writes what the second reads; and the features of paths
    (:func:`archrank.network_paths.path_features`). They are equal for isomorphic graphs.

    >>> pool = Node("pool", (0,), 1, attributes=(("kernel", 3.0),))
    >>> features = network_features(Graph((Cell(1, 2, (pool,), (1,)),)))
    >>> features["pool: mean kernel"], features["depth"]
    (3.0, 1.0)
    """
    tally = _Tally()
    depth = sum(_walk(cell, tally, 0) for cell in graph.cells)
    found = {
        "operations": _log(sum(tally.count.values())),
        "depth": float(depth),
        "parameters": _log(sum(tally.parameters.values())),
        "multiply-adds": _log(sum(tally.multiply_adds.values())),
        "activations": _log(tally.activations),
    }
    found |= path_features(graph)
    for kind, count in tally.count.items():
        found[f"{kind}: count"] = _log(count)
        found[f"{kind}: place"] = tally.place[kind] / count / max(depth, 1)
        if tally.parameters[kind]:
            found[f"{kind}: parameters"] = _log(tally.parameters[kind])
        if tally.multiply_adds[kind]:
            found[f"{kind}: multiply-adds"] = _log(tally.multiply_adds[kind])
    for (kind, name), total in tally.attributes.items():
        found[f"{kind}: mean {name}"] = total / tally.count[kind]
    for (kind, reader), count in tally.links.items():
        found[f"{kind} → {reader}"] = _log(count)
    return found


def known_values(graph: Graph) -> dict[str, float]:
    """What is known of a network before it is trained.

    Returns:
        ``parameters``, trainable numbers; ``multiply_adds`` for one input; ``depth``, the operations on the longest
        path; ``activation_bytes``, the size of all results for one input, 4 bytes a number.
    """
    tally = _Tally()
    depth = sum(_walk(cell, tally, 0) for cell in graph.cells)
    return {
        "parameters": float(sum(tally.parameters.values())),
        "multiply_adds": float(sum(tally.multiply_adds.values())),
        "depth": float(depth),
        "activation_bytes": 4.0 * tally.activations,
    }


@dataclass(slots=True)
class _Tally:
    count: Counter[str] = field(default_factory=Counter)
    place: Counter[str] = field(default_factory=Counter)
    parameters: Counter[str] = field(default_factory=Counter)
    multiply_adds: Counter[str] = field(default_factory=Counter)
    attributes: dict[tuple[str, str], float] = field(default_factory=dict)
    links: Counter[tuple[str, str]] = field(default_factory=Counter)
    activations: int = 0


def _walk(cell: Cell, tally: _Tally, before: int) -> int:
    """Count what is in a cell that begins after ``before`` operations; returns its depth.

    Only nodes are counted where there are both: a node that holds a cell counts as what is in it.
    """
    at = [before] * cell.junctions
    writers: list[list[str]] = [[] for _ in range(cell.junctions)]
    for site in sorted(cell.sites, key=attrgetter("target")):
        start = max((at[j] for j in site.sources), default=before)
        node = site if isinstance(site, Node) else None
        if node is not None and node.inner is not None:
            end = start + _walk(node.inner, tally, start)
            kind = node.operation
        else:
            end, kind = start + 1, site.operation
            _count(site, kind, end, tally)
        for source in site.sources:
            for writer in writers[source]:
                tally.links[writer, kind] += 1
        for target in (site.target,) if node is None else node.targets:
            at[target] = max(at[target], end)
            writers[target].append(kind)
    return max(at[j] for j in cell.outputs) - before


def _count(site: Site, kind: str, end: int, tally: _Tally) -> None:
    tally.count[kind] += 1
    tally.place[kind] += end
    if isinstance(site, Node):
        tally.parameters[kind] += site.parameters
        tally.multiply_adds[kind] += site.multiply_adds
        tally.activations += math.prod(site.shape) if site.shape else 0
        attributes = tally.attributes
        for name, value in _numbers(kind, site.attributes):
            attributes[name] = attributes.get(name, 0.0) + value


@lru_cache(maxsize=65_536)
def _numbers(
    kind: str, attributes: tuple[tuple[str, float], ...]
) -> tuple[tuple[tuple[str, str], float], ...]:
    """The attributes of an operation, scaled; the same ones come in most networks of a space."""
    return tuple([((kind, name), scaled(value)) for name, value in attributes])


def _log(number: float) -> float:
    return math.log1p(max(number, 0.0))


def scaled(value: float) -> float:
    """An attribute: large numbers, such as of channels, as logarithms; small ones as they are."""
    return value if -8.0 <= value <= 8.0 else math.copysign(5.0 + math.log2(abs(value)), value)
