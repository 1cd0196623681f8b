"""What encoders of networks read of a site and of a cell."""

import math
from dataclasses import replace

from archrank.encoders.network_states import Numbers
from archrank.graph import Cell, Node, Site
from archrank.network_features import scaled

__all__ = ["first_target", "in_place_of", "live", "numbers_of", "only_site"]


def live(cell: Cell) -> list[int]:
    """The junctions that the outputs of a cell depend on, without its inputs."""
    live = set(cell.outputs)
    for site in sorted(cell.sites, key=first_target, reverse=True):
        if not live.isdisjoint(site.targets if isinstance(site, Node) else (site.target,)):
            live.update(site.sources)
    return [junction for junction in live if junction >= cell.inputs]


def only_site(cell: Cell) -> Site | None:
    """The one operation that a cell consists of, with the same inputs and outputs; None where there is more to it."""
    site = cell.sites[0] if len(cell.sites) == 1 else None
    if site is None or site.sources != tuple(range(cell.inputs)):
        return None
    return site if (site.targets if isinstance(site, Node) else (site.target,)) == cell.outputs else None


def in_place_of(node: Node, site: Site) -> Site:
    """The operation of an inner cell in the place of the node that holds the cell."""
    if isinstance(site, Node):
        return replace(site, sources=node.sources, target=node.target, more_targets=node.more_targets)
    return Site(site.operation, node.sources, node.target)


def numbers_of(node: Node) -> Numbers:
    """What describes an operation: its attributes, and its sizes as logarithms."""
    sizes = (
        ("parameters", node.parameters),
        ("multiply-adds", node.multiply_adds),
        ("activations", math.prod(node.shape) if node.shape else 0),
        ("weights from elsewhere", len(node.weights)),
    )
    described = [(f"{name}: attribute", scaled(value)) for name, value in node.attributes]
    return tuple(described + [(name, math.log1p(value)) for name, value in sizes if value > 0])


def first_target(site: Site) -> int:
    """The first junction that a site writes to."""
    return min(site.targets) if isinstance(site, Node) and site.more_targets else site.target
