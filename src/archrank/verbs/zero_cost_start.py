"""The beginning of a search from zero-cost scores, and the prior of its predictor."""

import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from archrank.architecture import Architecture
from archrank.errors import ArchrankError
from archrank.predictors.base import Predictor
from archrank.space import SearchSpace
from archrank.strategies.base import History, Reason
from archrank.strategies.domain import Domain
from archrank.system.arguments import checked_path
from archrank.system.extras import needs
from archrank.system.on_progress import OnProgress, silent
from archrank.verbs import zero_cost
from archrank.verbs.zero_cost import FILE, ZeroCostRanking, networks_of, rank_zero_cost
from archrank.verbs.zero_cost_prior import ZeroCostPrior

__all__ = ["ZeroCostStart"]


class ZeroCostStart:
    """The best of a random sample by zero-cost scores; a search calls it with its domain when it begins.

    The sample is of what may be proposed. The scores are computed once.

    Args:
        space: The space.
        top: How many of the best a search may begin with.
        seed: Fixes everything random.
        folder: The scores are kept there, so that a search that is resumed does not compute them again.
        on_progress: Called with how many networks are scored, and of how many.

    Attributes:
        reason: What evaluations of these are recorded with.

    Raises:
        ProxyError: The networks of the space cannot be built.
    """

    reason: Reason = "zero-cost"

    def __init__(
        self,
        space: SearchSpace,
        top: int,
        seed: int,
        folder: str | os.PathLike[str] | None,
        on_progress: OnProgress = silent,
    ) -> None:
        needs("training", "torch", what="first='zero-cost'")
        from archrank.proxies import builder_for

        builder_for(space)  # refused here, before anything is evaluated
        self._space, self._top, self._seed, self._on_progress = space, top, seed, on_progress
        self._folder: Path | None = None if folder is None else checked_path("folder", folder) / FILE
        self._domain: Domain | None = None

    def __call__(self, domain: Domain) -> Sequence[Architecture]:
        """The best of the sample."""
        self._domain = domain
        return [] if self._scored is None else self._scored.architectures[: self._top]

    @property
    def settings(self) -> Mapping[str, Any]:
        """What a run records."""
        return {"best by zero-cost scores": self._top}

    def with_prior(self, predictor: Predictor) -> Predictor:
        """A predictor with the scores as its prior; the same predictor if they say nothing."""
        return predictor if self._prior is None else self._prior.given_to(predictor)

    @cached_property
    def _prior(self) -> ZeroCostPrior | None:
        if self._scored is None:
            return None
        # Without hints: near the best of a space they mislead more than they tell.
        return ZeroCostPrior.of(self._space, self._scored.architectures, self._scored.score, (), self._seed)

    @cached_property
    def _scored(self) -> ZeroCostRanking | None:
        """The scores of the sample; None if nothing may be proposed."""
        if self._domain is None:
            raise ArchrankError("zero-cost scores are a prior of a search that begins with them")
        size, rng = zero_cost.SAMPLE, np.random.default_rng(self._seed)
        pool = networks_of(self._space, self._domain.remaining(History()).draw(size, rng))
        if not pool:
            return None
        return rank_zero_cost(
            self._space,
            size,
            candidates=pool,
            seed=self._seed,
            folder=self._folder,
            on_progress=self._on_progress,
        )
