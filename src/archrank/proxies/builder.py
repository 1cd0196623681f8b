"""Networks of a space's architectures, with the size at which they are scored."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from archrank.architecture import Architecture
from archrank.errors import ArchrankError, ProxyError
from archrank.modules.module_space import ModuleSpace
from archrank.modules.nested import tensors_in
from archrank.networks.hierarchy import HierarchySkeleton
from archrank.networks.nasbench101 import NASBench101Skeleton
from archrank.networks.nasbench201 import NASBench201Skeleton
from archrank.networks.skeleton import Skeleton, build
from archrank.networks.stacked_cells import StackedCells
from archrank.settings import settings_of
from archrank.space import SearchSpace

__all__ = ["BUILDABLE", "Builder", "builder_for"]

IMAGES = 16
"""The images of a random batch."""

SKELETONS: tuple[Skeleton, ...] = (
    HierarchySkeleton(),
    NASBench201Skeleton(),
    NASBench101Skeleton(channels=16),
    StackedCells(channels=16, cells=8),
)
"""That of NAS-Bench-201 as published; of the others narrower or shorter ones, which take a fraction of the time."""

BUILDABLE = (
    "nas-bench-101",
    "nas-bench-201",
    "enas",
    "enas-5-nodes-loose-ends",
    "darts",
    "hierarchical-nas-bench-201",
    "hierarchical-nas-bench-201-fixed-blocks",
    "hierarchical-nas-bench-201-fixed-macro",
    "hierarchical-nas-bench-201-fixed-macro-fixed-blocks",
    "free-form",
    "free-form-signals",
)
"""The built-in spaces whose networks can be built."""


@dataclass(frozen=True)
class Builder:
    """How the networks of a space are built.

    Attributes:
        build: Makes the network of an architecture; its weights are drawn from a seed.
        shape: The shape of a random batch: (B, …).
        settings: What the scores depend on, as JSON values.
        fresh: Whether each call makes another network, which may be changed.
    """

    build: Callable[[Architecture, int], nn.Module]
    shape: tuple[int, ...]
    settings: Any
    fresh: bool = False


def builder_for(space: SearchSpace, skeleton: Skeleton | None = None) -> Builder:
    """How the networks of a space are built: by the space itself, or by a skeleton that stacks its cells.

    Args:
        space: A :class:`~archrank.ModuleSpace`, or a space of cells with operations of
            :data:`~archrank.networks.OPERATIONS`, or a :class:`~archrank.GrammarSpace` with these or the shaped ones.
        skeleton: The part around the cells; None for the first of :data:`SKELETONS` that stacks them.

    Raises:
        ProxyError: The networks of the space cannot be built.
    """
    if isinstance(space, ModuleSpace):
        inputs = list(tensors_in(space.example))
        if len(inputs) != 1 or inputs[0].dim() < 2 or not inputs[0].is_floating_point():
            shapes = ", ".join(str(tuple(tensor.shape)) for tensor in inputs)
            raise ProxyError(
                f"the networks of {space.name} take inputs of the shapes {shapes}; zero-cost scores need one input of "
                "floating-point numbers with a batch dimension"
            )
        shape = (IMAGES, *inputs[0].shape[1:])
        return Builder(lambda a, seed: space.build(a, seed=seed), shape, space.source)
    for candidate in SKELETONS if skeleton is None else (skeleton,):
        chosen = candidate

        def built(architecture: Architecture, seed: int) -> nn.Module:
            return build(space.graph(architecture), chosen, torch.Generator().manual_seed(seed))  # noqa: B023

        try:
            built(space.sample(1, np.random.default_rng(0))[0], 0)
        except ArchrankError:
            continue
        settings = settings_of(chosen)
        return Builder(built, (IMAGES, settings["image_channels"], 32, 32), settings, fresh=True)
    raise ProxyError(
        f"zero-cost scores need networks, and those of {space.name} cannot be built; they can for a ModuleSpace, and "
        f"for {', '.join(BUILDABLE)}"
    )
