"""The networks of a space's architectures as encoders of networks read them."""

from functools import lru_cache

from archrank.architecture import Architecture
from archrank.encoders.network_batch import NetworkBatch
from archrank.encoders.networks import Networks
from archrank.folding import fold
from archrank.graph import Graph, Node
from archrank.space import Rows, SearchSpace

__all__ = ["NetworkMap", "network_map"]

_KEPT = 1_000_000
"""States of networks that are remembered."""


class NetworkMap:
    """Merges networks of a space; what was merged once is remembered.

    Calls of modules are folded, so that a network is a hierarchy of the modules that it was written in.

    Args:
        space: The space.
    """

    def __init__(self, space: SearchSpace) -> None:
        self._space = space
        self._forget()

    def __call__(self, rows: Rows, simplify: bool = False) -> NetworkBatch:
        """The networks of B architectures.

        Args:
            rows: Architectures as the space packs them: (B, …).
            simplify: Whether the space's function rules simplify the graphs first.

        Raises:
            SpaceError: No architecture.
        """
        if len(self._networks) > _KEPT:
            self._forget()
        lower = self._space.function if simplify else self._space.graph
        keys = [(architecture, simplify) for architecture in self._space.architectures(rows)]
        new = [key for key in dict.fromkeys(keys) if key not in self._numbers]
        # One graph after the other: they are dropped when they have been merged.
        numbers = self._networks.add_all(_folded(lower(architecture)) for architecture, _ in new)
        self._numbers.update(zip(new, numbers, strict=True))
        return self._networks.batch([self._numbers[key] for key in keys])

    def _forget(self) -> None:
        self._networks = Networks()
        self._numbers: dict[tuple[Architecture, bool], int] = {}


def _folded(graph: Graph) -> Graph:
    for cell in graph.cells:
        calls = [site.path[0] for site in cell.sites if isinstance(site, Node) and site.path]
        if len(set(calls)) < len(calls):
            return fold(graph)
    return graph  # no two of its nodes are in one call


@lru_cache(maxsize=4)
def network_map(space: SearchSpace) -> NetworkMap:
    """The map of a space, made once."""
    return NetworkMap(space)
