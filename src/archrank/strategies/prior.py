"""What a person believes about options before a search: a weight for some of the options of each choice."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from archrank.architecture import Architecture
from archrank.space import SearchSpace

__all__ = ["Prior"]

Floats = npt.NDArray[np.float64]

_BETA = 10.0
"""Labels with which the acquisition is multiplied by the prior itself; the default of the reference."""


class Prior:
    """How likely architectures are to be good, by the options that they have.

    The probability of an option is its weight as a share of the weights of all options of its choice, and that of an
    architecture the product over its active choices.

    Args:
        space: The space.
        weights: For each choice the weights of its options; those that are not named have weight 1.
        sizes: For each of these choices how many options it has.

    Reference: Hvarfner et al., πBO: Augmenting Acquisition Functions with User Beliefs for Bayesian Optimization (ICLR
    2022), equation 6, with β = 10.
    """

    def __init__(
        self, space: SearchSpace, weights: Mapping[str, Mapping[Any, float]], sizes: Mapping[str, int]
    ) -> None:
        self.space = space
        self.weights = weights
        # Relative to the mean of the choice's options, so that being active is neither good nor bad.
        self._means = {
            name: math.log((sum(given.values()) + sizes[name] - len(given)) / sizes[name])
            for name, given in weights.items()
        }

    @property
    def fingerprint(self) -> dict[str, Any]:
        """The weights as JSON values."""
        return {"likely": {name: {str(o): w for o, w in each.items()} for name, each in self.weights.items()}}

    def log(self, architectures: Sequence[Architecture]) -> Floats:
        """The logarithm of the prior, relative to that of uniformly drawn options: (B,)."""
        return np.array([self._log(architecture) for architecture in architectures], dtype=np.float64)

    def share(self, labels: int) -> float:
        """By which power of the prior the acquisition is multiplied: it falls as 1 / labels."""
        return _BETA / max(labels, 1)

    def _log(self, architecture: Architecture) -> float:
        values = self.space.options(architecture)
        return sum(
            math.log(given.get(values[name], 1.0)) - self._means[name]
            for name, given in self.weights.items()
            if name in values
        )
