"""What zero-cost scores say before any label: the prior of a predictor, and the beginning of a search."""

import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from archrank.architecture import Architecture
from archrank.benchmarks.table import Table
from archrank.errors import TableError
from archrank.predictors.base import Predictor
from archrank.predictors.known_scores import KnownScores
from archrank.predictors.targets import normal_scores
from archrank.predictors.with_prior import FORGOTTEN, WithPrior
from archrank.space import Rows, SearchSpace
from archrank.strategies.base import History
from archrank.strategies.domain import Domain
from archrank.system.extras import needs
from archrank.system.on_progress import OnProgress, silent
from archrank.system.progress import progress_of
from archrank.verbs import zero_cost
from archrank.verbs.zero_cost import rank_zero_cost

__all__ = ["ZeroCostStart", "prior_of_columns", "prior_of_networks", "with_prior"]

_FEWEST = 5
"""Scored architectures from which others can be predicted."""


def with_prior(
    space: SearchSpace,
    model: Predictor,
    known: Sequence[Architecture],
    columns: Sequence[Table],
    networks: Mapping[str, Any],
    seed: int,
    on_progress: OnProgress | None,
) -> tuple[Predictor, str | None]:
    """The predictor of a ranking with zero-cost scores as its prior, and what there is to note about that.

    Args:
        space: The space.
        model: The predictor.
        known: Measured architectures.
        columns: A user's own scores; none if networks are scored.
        networks: Further arguments of :func:`prior_of_networks`.
        seed: Fixes everything random.
        on_progress: Called with how many networks are scored, and of how many; a bar for None.
    """
    if len(known) >= FORGOTTEN:
        return model, f"with {FORGOTTEN} measured architectures or more, zero-cost scores are not used"
    if columns:
        prior = prior_of_columns(space, columns, seed)
    else:
        with progress_of("scoring networks", on_progress) as told:
            prior = prior_of_networks(space, known, seed=seed, on_progress=told, **networks)
    if prior is None:
        return model, "all zero-cost scores are equal, so they are not used"
    return WithPrior(space, model, prior), None


def prior_of_networks(
    space: SearchSpace,
    known: Sequence[Architecture],
    pool: Rows,
    *,
    sample: int | None,
    seed: int,
    on_progress: OnProgress = silent,
    **scoring: Any,
) -> KnownScores | None:
    """Score the networks of measured architectures and of a random sample of the candidates.

    Args:
        space: The space.
        known: Measured architectures.
        pool: The rows of the candidates.
        sample: How many of these are scored; None for 200.
        seed: Fixes everything random.
        on_progress: Called with how many architectures are scored, and of how many.
        **scoring: Further arguments of :func:`~archrank.verbs.zero_cost.rank_zero_cost`.

    Returns:
        None if all scores are equal.

    Raises:
        ProxyError: The networks of the space cannot be built.
    """
    needs("training", "torch", what="zero-cost scores")
    size = min(zero_cost.SAMPLE if sample is None else sample, len(pool))
    drawn = pool[np.random.default_rng(seed).choice(len(pool), size, replace=False)]
    scored = list(dict.fromkeys([*known, *space.architectures(drawn)]))
    found = rank_zero_cost(
        space, len(scored), candidates=scored, seed=seed, on_progress=on_progress, **scoring
    )
    return _prior(space, found.architectures, found.score, seed)


def prior_of_columns(space: SearchSpace, columns: Sequence[Table], seed: int) -> KnownScores | None:
    """The mean of the normal scores of columns, over the architectures that are in all of them.

    Returns:
        None if all scores are equal.

    Raises:
        TableError: Fewer than five architectures have all scores.
    """
    each: list[dict[Architecture, float]] = []
    for table in columns:
        values = table.column()
        filled = np.flatnonzero(~np.isnan(values))
        scores = normal_scores(values[filled]) if len(filled) else values[:0]
        each.append(dict(zip(space.architectures(table.rows[filled]), scores.tolist(), strict=True)))
    shared = [architecture for architecture in each[0] if all(architecture in scores for scores in each)]
    if len(shared) < _FEWEST:
        names = ", ".join(repr(table.metric().name) for table in columns)
        raise TableError(
            f"zero_cost: {len(shared)} architectures have a number in {names}; give scores of {_FEWEST} or more"
        )
    return _prior(space, shared, np.array([np.mean([scores[a] for scores in each]) for a in shared]), seed)


def _prior(
    space: SearchSpace, architectures: Sequence[Architecture], scores: Any, seed: int
) -> KnownScores | None:
    if len(scores) < 2 or np.ptp(scores) == 0:
        return None  # they say nothing
    return KnownScores(space, seed=seed).fit(architectures, scores)


class ZeroCostStart:
    """The scores of a random sample, for the beginning of a search; computed when they are first asked for.

    Args:
        space: The space.
        candidates: The sample is drawn from these; from the whole space for None.
        top: How many of the best a search may begin with.
        seed: Fixes everything random.
        folder: The scores are kept there, so that a search that is resumed does not compute them again.

    Raises:
        ProxyError: The networks of the space cannot be built.
    """

    def __init__(
        self,
        space: SearchSpace,
        candidates: Sequence[Architecture] | None,
        top: int,
        seed: int,
        folder: str | os.PathLike[str] | None,
    ) -> None:
        needs("training", "torch", what="first='zero-cost'")
        from archrank.proxies import builder_for

        builder_for(space)  # refused here, before anything is evaluated
        self._space, self._candidates, self._top = space, candidates, top
        self._seed, self._folder = seed, None if folder is None else Path(folder)

    def first(self) -> Sequence[Architecture]:
        """The best of the sample."""
        return self._scored[0][: self._top]

    def prior(self) -> KnownScores | None:
        """The scores as a prior; None if all are equal."""
        return self._prior

    @cached_property
    def _prior(self) -> KnownScores | None:
        return _prior(self._space, *self._scored, self._seed)

    @cached_property
    def _scored(self) -> tuple[Sequence[Architecture], Any]:
        size, rng = zero_cost.SAMPLE, np.random.default_rng(self._seed)
        pool = Domain(self._space, self._candidates).remaining(History()).draw(size, rng)
        found = rank_zero_cost(self._space, size, candidates=pool, seed=self._seed, folder=self._folder)
        return found.architectures, found.score
