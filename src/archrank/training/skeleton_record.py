"""Skeletons as JSON values. What is read is bounded by the weights that belong to it, before anything is built."""

from collections.abc import Mapping
from dataclasses import asdict
from math import prod
from typing import Any, Literal, get_args, get_origin, get_type_hints

from torch import Tensor

from archrank.errors import SpaceError, TrainingError
from archrank.graph import Cell, Graph, Node
from archrank.networks.hierarchy import HierarchySkeleton
from archrank.networks.nasbench101 import NASBench101Skeleton
from archrank.networks.nasbench201 import NASBench201Skeleton
from archrank.networks.skeleton import Skeleton
from archrank.networks.stacked_cells import StackedCells
from archrank.training.recorded import flag, member, number, refusal, rows, whole

__all__ = ["LONGEST_SIDE", "check_operations", "recorded_skeleton", "skeleton_record"]

LONGEST_SIDE = 65_536
"""The most pixels of a side of an image."""

_DEPTHS = ("cells", "stacks", "modules")
"""Settings that say how often layers are repeated."""

_LAYERS = 1_000
"""A network may repeat its layers as often as this, or as often as its weights have arrays."""

_OPERATIONS = 100_000
"""The most operations of a network, in all of its layers."""

_SKELETONS: Mapping[str, type[Any]] = {
    kind.__name__: kind
    for kind in (StackedCells, NASBench101Skeleton, NASBench201Skeleton, HierarchySkeleton)
}


def skeleton_record(skeleton: Skeleton) -> dict[str, Any]:
    """The settings of a skeleton, with the name of its class.

    Raises:
        TrainingError: It is not one of archrank's own, so a file cannot name it.
    """
    name = type(skeleton).__name__
    if _SKELETONS.get(name) is not type(skeleton):
        raise TrainingError(
            f"the skeleton {skeleton!r} is not one of archrank's skeletons ({', '.join(_SKELETONS)}), so "
            "a file cannot name it; keep the weights yourself (network.state_dict())"
        )
    return {"name": name, **asdict(skeleton)}  # type: ignore[call-overload]


def recorded_skeleton(record: object, weights: Mapping[str, Tensor]) -> Any:
    """The skeleton of a record.

    Args:
        record: The record.
        weights: The weights of its network.

    Raises:
        ValueError: It is none, or would have more layers or channels than the weights have arrays or numbers.
    """
    name = member(record, "skeleton", "name")
    if not isinstance(name, str) or name not in _SKELETONS:
        raise refusal("skeleton.name", name, f"one of {', '.join(_SKELETONS)}")
    kind = _SKELETONS[name]
    settings = {key: value for key, value in dict(record).items() if key != "name"}  # type: ignore[call-overload]
    if "colours" in settings:  # release 0.1
        settings["image_channels"] = settings.pop("colours")
    types = get_type_hints(kind)
    numbers = max(1, sum(tensor.numel() for tensor in weights.values()))
    for key, value in settings.items():
        if key not in types:
            raise refusal("skeleton", {key: value}, f"settings of {name}")
        most = max(_LAYERS, len(weights)) if key in _DEPTHS else numbers
        _check(value, f"skeleton.{key}", types[key], most)
    try:
        return kind(**settings)
    except SpaceError as error:
        raise ValueError(f"skeleton: {error}") from None


def check_operations(graph: Graph, skeleton: Skeleton) -> None:
    """Check that the network has no more operations than can be built soon; even those without weights take time.

    Raises:
        ValueError: It has.
    """
    layers = prod(getattr(skeleton, name, 1) for name in _DEPTHS)
    sites = sum(map(_sites, graph.cells))
    if layers * sites > _OPERATIONS:
        raise ValueError(
            f"skeleton has {layers} layers of cells and graph has {sites} operations, expected at most {_OPERATIONS} "
            "operations in all"
        )


def _sites(cell: Cell) -> int:
    inner = (site.inner for site in cell.sites if isinstance(site, Node))
    return len(cell.sites) + sum(_sites(held) for held in inner if held is not None)


def _check(value: object, what: str, kind: Any, most: int) -> None:
    if kind is int:
        whole(value, what, 1, most)
    elif kind is bool:
        flag(value, what)
    elif kind is float:
        number(value, what)
    elif get_origin(kind) is Literal:
        if not isinstance(value, str) or value not in get_args(kind):
            raise refusal(what, value, f"one of {', '.join(get_args(kind))}")
    elif len(rows(value, what)) != len(get_args(kind)):
        raise refusal(what, value, f"{len(get_args(kind))} whole numbers")
    else:
        for place, side in enumerate(rows(value, what)):
            whole(side, f"{what}[{place}]", 1, LONGEST_SIDE)
