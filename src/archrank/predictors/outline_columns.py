"""Features of the outlines of networks: paths, links and depths, as for the cells of fixed spaces."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from archrank.arrays import stack
from archrank.features import depth_features, feature_names, graph_features
from archrank.graph import Graph, Site
from archrank.outline import SKIP, is_main, outline, plain_sites, shape_name

__all__ = ["OutlineColumns"]

Floats = npt.NDArray[np.float32]

_MOST_KINDS = 12
"""Outlines with more kinds of operations have no features: these are about pairs and sets of kinds."""

_MOST_SITES = 120

_OTHER = "other operation"


class OutlineColumns:
    """The features of the outlines of networks, none where these are large or have many kinds of operations.

    Where there are few kinds, operations with other windows are other kinds, such as convolutions of kernel 3 and 5.
    Networks in which nothing computes with weights or over windows keep all of their operations.

    Args:
        graphs: A sample of the networks.

    Attributes:
        names: The names of the F features.
        groups: The group of each, ``"graph"`` or ``"depth"``: (F,).
    """

    def __init__(self, graphs: Sequence[Graph]) -> None:
        self.names: tuple[str, ...] = ()
        self.groups: tuple[str, ...] = ()
        self._known: tuple[str, ...] = ()
        every = [[site for cell in graph.cells for site in plain_sites(cell)] for graph in graphs]
        main = [[site for site in sites if is_main(site)] for sites in every]
        self._main = is_main if any(main) else _every
        for self._name_of in (shape_name, _kind):
            kinds = {self._name_of(site) for sites in (main if any(main) else every) for site in sites}
            if len(kinds) < _MOST_KINDS:
                break
        inputs = {tuple(cell.inputs for cell in graph.cells) for graph in graphs}
        large = max(map(len, main if any(main) else every), default=0) > _MOST_SITES
        if large or not 0 < len(kinds) < _MOST_KINDS or len(inputs) != 1:
            return
        self._known = (*sorted(kinds), SKIP, _OTHER)
        cells = len(graphs[0].cells)
        self.names = tuple(f"{name} (outline)" for name in feature_names(self._known, cells))
        self.groups = tuple(np.where(depth_features(self._known, cells), "depth", "graph").tolist())

    def __call__(self, graphs: Sequence[Graph]) -> Floats:
        """The features of B networks: (B, F)."""
        if not self.names or not graphs:
            return np.empty((len(graphs), len(self.names)), dtype=np.float32)
        place = {graph: index for index, graph in enumerate(dict.fromkeys(graphs))}
        outlines = [outline(graph, self._named, self._main) for graph in place]
        found = graph_features(stack(outlines, self._known), self._known)
        return found[[place[graph] for graph in graphs]]

    def _named(self, site: Site) -> str:
        name = self._name_of(site)
        return name if name in self._known else _OTHER


def _every(site: Site) -> bool:
    return True


def _kind(site: Site) -> str:
    return site.operation
