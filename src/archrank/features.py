"""Features of graphs: named numbers that describe an architecture of any space.

In the spirit of GRAF (Kadlecová et al., Surprisingly Strong Performance Prediction with Neural Graph Features, ICML
2024): counts of operations, lengths and numbers of paths through some operations only, degrees, links, and the depth of
operations. They are equal for isomorphic architectures.
"""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import numpy.typing as npt

from archrank.arrays import CellArrays
from archrank.sites import NOWHERE, Shorts, Sites, depths, live_sites

__all__ = ["depth_features", "feature_names", "graph_features"]

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]

_ALL_SUBSETS = 5
"""Up to this many operation kinds, every subset of them has path features; else only small and large subsets."""

_DEPTHS = 6
"""The number of different depths of operations; the last stands for all greater ones."""

_DEPTH_KINDS = ("shortest path in", "longest path in", "shortest path out", "longest path out")

_PART = 8_192

_MANY_PATHS = np.float32(1e30)
"""Numbers of paths are not counted beyond this: they double with every site of some long chains."""


def feature_names(operations: Sequence[str], cells: int = 1) -> tuple[str, ...]:
    """The names of the F features of :func:`graph_features`.

    Args:
        operations: The K operation kinds.
        cells: C, the number of cells of a graph.

    >>> feature_names(("conv", "pool"))[:4]
    ('junctions', 'operations', 'live operations', 'reads')
    """
    names = ["junctions", "operations", "live operations", "reads"]
    names += [f"{kind}" for kind in operations]
    names += [f"live {kind}" for kind in operations]
    for side in ("inputs", "readers"):
        names += [f"{how} {side} of {kind}" for how in ("mean", "max") for kind in operations]
    names += [f"cell input → {kind}" for kind in operations]
    names += [f"{kind} → cell output" for kind in operations]
    names += [f"{a} → {b}" for a in operations for b in operations]
    for subset in _subsets(len(operations)):
        through = ", ".join(operations[kind] for kind in subset)
        names += [f"{what} through {through}" for what in ("paths", "shortest path", "longest path")]
    levels = [*map(str, range(_DEPTHS - 1)), f"{_DEPTHS - 1} or more"]
    names += [f"{kind}: {way} {depth}" for way in _DEPTH_KINDS for kind in operations for depth in levels]
    if cells == 1:
        return tuple(names)
    return tuple(f"cell {c}: {name}" for c in range(cells) for name in names)


def depth_features(operations: Sequence[str], cells: int = 1) -> npt.NDArray[np.bool_]:
    """Which of the F features describe the depth of operations: (F,)."""
    names = len(feature_names(operations))
    deep = len(_DEPTH_KINDS) * len(operations) * _DEPTHS
    return np.tile(np.arange(names) >= names - deep, cells)


def graph_features(cells: Sequence[CellArrays], operations: Sequence[str]) -> Floats:
    """Compute the features of B graphs.

    A path leads from an input to an output of a cell; its length is the number of its operations, and 0 where there
    is no path. An operation is live if it lies on a path. Numbers of paths are given as log(1 + number). The inputs of
    an operation are the operations and cell inputs that write to the junctions that it reads; its readers are the
    operations and cell outputs that read its target. *Pool: longest path out 2* counts the live pools after which there
    are 2 operations on the longest path to an output; *shortest path in 0* those that are the first on a path.

    Args:
        cells: The C cells of the B graphs.
        operations: The K operation kinds that the arrays index.

    Returns:
        (B, F), in the order of :func:`feature_names`.
    """
    kinds = len(operations)
    parts = []
    for begin in range(0, len(cells[0]), _PART):
        rows = slice(begin, begin + _PART)
        parts.append(np.concatenate([_of_cell(Sites(cell, rows), kinds) for cell in cells], axis=1))
    return np.concatenate(parts)


def _subsets(kinds: int) -> list[tuple[int, ...]]:
    sizes = range(1, kinds + 1) if kinds <= _ALL_SUBSETS else (1, 2, kinds - 1, kinds)
    return [subset for size in sizes for subset in combinations(range(kinds), size)]


def _of_cell(sites: Sites, kinds: int) -> Floats:
    visits = sites.in_order()
    live = live_sites(sites, visits)
    of_kind = sites.kind[:, :, None] == np.arange(kinds)
    reads = (sites.sources < sites.present.shape[1]).sum(axis=2)
    columns = [
        np.stack([sites.present.sum(1), sites.there.sum(1), live.sum(1), reads.sum(1)], axis=1),
        of_kind.sum(axis=1),
        (of_kind & live[:, :, None]).sum(axis=1),
        *_degrees(sites, of_kind),
        *_links(sites, of_kind),
        _paths(sites, visits, kinds),
        *(_of_depth(sites, live, depth, kinds) for depth in depths(sites, visits)),
    ]
    return np.concatenate(columns, axis=1, dtype=np.float32)


def _degrees(sites: Sites, of_kind: npt.NDArray[np.bool_]) -> list[Floats]:
    """Mean and largest number of inputs, then of readers, of the sites of each kind: four times (B, K)."""
    count, junctions = sites.present.shape
    written, read = (np.zeros((count, junctions + 1), dtype=np.int32) for _ in range(2))
    written[:, : sites.inputs] = 1
    each = sites.rows[:, 0]
    for site in range(sites.kind.shape[1]):
        written[each, sites.target[:, site]] += 1
        for source in sites.sources[:, site].T:
            read[each, source] += 1
    for output in sites.outputs.T:
        read[each, output] += 1
    written[:, junctions] = 0
    inputs = sites.at(written, sites.sources).sum(axis=2)
    readers = sites.at(read, sites.target)
    number = np.maximum(of_kind.sum(axis=1), 1)
    columns = []
    for degrees in (inputs, readers):
        by_kind = np.where(of_kind, degrees[:, :, None], 0)
        columns += [by_kind.sum(axis=1) / number, by_kind.max(axis=1, initial=0)]
    return columns


def _links(sites: Sites, of_kind: npt.NDArray[np.bool_]) -> list[Ints]:
    """The numbers of links from inputs to kinds, kinds to outputs, and kinds to kinds: (B, K), (B, K), (B, K²)."""
    junctions = sites.present.shape[1]
    number = of_kind.astype(np.int32)
    at_inputs = (sites.sources < sites.inputs).sum(axis=2)
    # How many sites of each kind write to each junction: (B, N + 1, K).
    writers = np.zeros((len(number), junctions + 1, number.shape[2]), dtype=np.int32)
    for site in range(number.shape[1]):
        writers[sites.rows[:, 0], sites.target[:, site]] += number[:, site]
    writers[:, junctions] = 0
    at_outputs = writers[sites.rows, sites.outputs].sum(axis=1)
    fed = np.zeros((len(number), number.shape[1], number.shape[2]), dtype=np.int32)
    for read in range(sites.sources.shape[2]):
        fed += writers[sites.rows, sites.sources[:, :, read]]
    pairs = np.einsum("bsi,bsj->bij", fed, number).reshape(len(number), -1)
    return [np.einsum("bs,bsk->bk", at_inputs, number), at_outputs, pairs]


def _paths(sites: Sites, visits: list[tuple[int, Ints]], kinds: int) -> Floats:
    """Paths, shortest and longest path through each subset of the kinds: (B, 3 Q)."""
    subsets = _subsets(kinds)
    count, junctions = sites.present.shape
    allowed = np.array([[kind in subset for kind in range(kinds)] for subset in subsets])
    number = np.zeros((count, junctions + 1, len(subsets)), dtype=np.float32)
    number[:, : sites.inputs] = 1
    # Fewest and most operations. The maximum is the minimum of the negative, so one minimum computes both.
    step = np.array([[1], [-1]], dtype=np.int16)
    far = np.full((count, junctions + 1, 2, len(subsets)), NOWHERE, dtype=np.int16)
    far[:, : sites.inputs] = 0
    for site, rows in visits:
        passing = allowed.T[sites.kind[rows, site]]
        sources, target = sites.sources[rows, site], sites.target[rows, site]
        at = rows[:, None], sources
        through = np.where(passing, number[at].sum(axis=1), 0)
        number[rows, target] = np.minimum(number[rows, target] + through, _MANY_PATHS)
        ways = np.where(passing[:, None], far[at].min(axis=1) + step, np.int16(NOWHERE))
        far[rows, target] = np.minimum(far[rows, target], ways)
    ends = sites.rows, sites.outputs
    paths = number[ends].sum(axis=1)
    lengths = np.where(paths[:, None] > 0, far[ends].min(axis=1) * step, 0)
    return np.stack([np.log1p(paths), lengths[:, 0], lengths[:, 1]], axis=2).reshape(count, -1)


def _of_depth(sites: Sites, live: npt.NDArray[np.bool_], depth: Shorts, kinds: int) -> Ints:
    """The number of live sites of each kind at each depth: (B, K · depths)."""
    counts = np.zeros((len(live), kinds, _DEPTHS), dtype=np.int32)
    for site in range(live.shape[1]):
        rows = np.flatnonzero(live[:, site])
        counts[rows, sites.kind[rows, site], np.minimum(depth[rows, site], _DEPTHS - 1)] += 1
    return counts.reshape(len(live), -1)
