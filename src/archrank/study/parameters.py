"""Architectures as Optuna's parameters: one categorical parameter a choice, its options by name."""

from collections.abc import Mapping
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution

from archrank.architecture import Architecture
from archrank.space import SearchSpace

__all__ = ["distributions", "from_parameters", "to_parameters"]


def distributions(space: SearchSpace) -> dict[str, BaseDistribution]:
    """The space as Optuna describes it."""
    return {choice.name: CategoricalDistribution(choice.options) for choice in space.choices}


def to_parameters(space: SearchSpace, architecture: Architecture) -> dict[str, Any]:
    """The chosen options by name."""
    return dict(space.options(architecture))


def from_parameters(space: SearchSpace, parameters: Mapping[str, Any]) -> Architecture:
    """The architecture that a trial's parameters say.

    Raises:
        InvalidArchitecture: They break the space's validity rule.
    """
    return space.architecture([choice.options.index(parameters[choice.name]) for choice in space.choices])
