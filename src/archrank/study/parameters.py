"""Architectures as Optuna's parameters: one parameter for each active choice, its options by name."""

from collections.abc import Mapping
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from archrank.architecture import Architecture
from archrank.domains import Domain, Options
from archrank.open_space import OpenSpace
from archrank.space import SearchSpace

__all__ = ["distributions", "from_parameters", "to_parameters"]


def distributions(space: SearchSpace, architecture: Architecture) -> dict[str, BaseDistribution]:
    """The active choices of an architecture as Optuna describes them."""
    if isinstance(space, OpenSpace):
        return {name: _distribution(domain) for name, domain in space.domains(architecture).items()}
    return {choice.name: CategoricalDistribution(choice.options) for choice in space.choices}


def to_parameters(space: SearchSpace, architecture: Architecture) -> dict[str, Any]:
    """The chosen values by name."""
    return dict(space.options(architecture))


def from_parameters(space: SearchSpace, parameters: Mapping[str, Any]) -> Architecture:
    """The architecture that a trial's parameters say.

    Raises:
        KeyError: One is missing.
        ParseError: A value that its choice does not take.
        InvalidArchitecture: They break the space's validity rule.
    """
    if isinstance(space, OpenSpace):
        return space.from_options(parameters)
    return space.architecture([choice.options.index(parameters[choice.name]) for choice in space.choices])


def _distribution(domain: Domain) -> BaseDistribution:
    if isinstance(domain, Options):
        return CategoricalDistribution(domain.values)
    if domain.integer:
        return IntDistribution(int(domain.low), int(domain.high), log=domain.log)
    return FloatDistribution(domain.low, domain.high, log=domain.log)
