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
        numbers = []
        for architecture in self._space.architectures(rows):
            key = (architecture, simplify)
            if key not in self._numbers:
                self._numbers[key] = self._networks.add(_folded(lower(architecture)))
            numbers.append(self._numbers[key])
        return self._networks.batch(numbers)

    def _forget(self) -> None:
        self._networks = Networks()
        self._numbers: dict[tuple[Architecture, bool], int] = {}


def _folded(graph: Graph) -> Graph:
    called = any(isinstance(site, Node) and site.path for cell in graph.cells for site in cell.sites)
    return fold(graph) if called else graph


@lru_cache(maxsize=4)
def network_map(space: SearchSpace) -> NetworkMap:
    """The map of a space, made once."""
    return NetworkMap(space)
