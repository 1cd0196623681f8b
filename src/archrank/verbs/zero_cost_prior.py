"""What zero-cost scores say before any label: the prior and the hints of a predictor."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from archrank.architecture import Architecture
from archrank.benchmarks.table import Table
from archrank.errors import TableError
from archrank.predictors.base import Floats, Predictor
from archrank.predictors.hinted import with_more_hints
from archrank.predictors.known_scores import KnownScores
from archrank.predictors.targets import normal_scores
from archrank.predictors.with_prior import FORGOTTEN, WithPrior
from archrank.proxies.combining import standardized_ranks
from archrank.proxies.named import DEFAULTS, named_combination, named_proxies
from archrank.space import Rows, SearchSpace
from archrank.system.extras import needs
from archrank.system.on_progress import OnProgress, silent
from archrank.system.progress import progress_of
from archrank.verbs import zero_cost
from archrank.verbs.zero_cost import rank_zero_cost

__all__ = [
    "ZeroCostPrior",
    "check_scoring",
    "prior_for_ranking",
    "prior_of_columns",
    "prior_of_networks",
]

_FEWEST = 5
"""Scored architectures from which others can be predicted."""

_ROUNDING = 1e-9
"""A spread of the mean of scores that is less than this share of theirs is rounding."""

_NOTHING = "the zero-cost scores are all equal, or cancel each other out, so they are not used"


@dataclass(frozen=True, eq=False)
class ZeroCostPrior:
    """What zero-cost scores give a predictor: their combination as a prior, and each of them as a hint.

    On NAS-Bench-Macro and NAS-Bench-101 both together ranked better with 10 to 50 labels than either.

    Attributes:
        combined: All scores as one.
        parts: Each score that is not the same for all.
    """

    combined: KnownScores
    parts: tuple[KnownScores, ...]

    @classmethod
    def of(
        cls,
        space: SearchSpace,
        architectures: Sequence[Architecture],
        combined: Floats,
        parts: Iterable[tuple[str, Floats]],
        seed: int,
    ) -> "ZeroCostPrior | None":
        """Learn from the scores of B architectures, (B,) each; None if they say nothing.

        They say nothing if all are equal, or if they cancel each other out but for rounding.
        """
        ranked = [(name, standardized_ranks({name: scores})) for name, scores in parts]
        largest = max((float(np.ptp(ranks)) for _, ranks in ranked), default=0.0)
        if len(architectures) < 2 or np.ptp(combined) <= _ROUNDING * largest:
            return None
        learned = [
            KnownScores(space, seed=seed, title=f"score {name}").fit(architectures, ranks)
            for name, ranks in ranked
            if np.ptp(ranks) > 0
        ]
        whole = KnownScores(space, seed=seed, title="zero-cost scores").fit(architectures, combined)
        return cls(whole, tuple(learned))

    def given_to(self, predictor: Predictor) -> Predictor:
        """The predictor with this prior, and with the hints if it takes hints."""
        return WithPrior(predictor.space, with_more_hints(predictor, self.parts), self.combined)


def prior_for_ranking(
    space: SearchSpace,
    known: Sequence[Architecture],
    columns: Sequence[Table],
    networks: Mapping[str, Any],
    seed: int,
    on_progress: OnProgress | None,
) -> tuple[ZeroCostPrior | None, list[str]]:
    """The prior of a ranking, if it has one, and what is to be noted.

    Args:
        space: The space.
        known: Measured architectures.
        columns: A user's own scores; none if networks are scored.
        networks: Further arguments of :func:`prior_of_networks`.
        seed: Fixes everything random.
        on_progress: Called with how many networks are scored, and of how many; a bar for None.
    """
    if len(known) >= FORGOTTEN:
        return None, [f"with {FORGOTTEN} measured architectures or more, zero-cost scores are not used"]
    notes = [*filter(None, map(_without_number, columns))]
    if columns:
        prior = prior_of_columns(space, columns, seed)
    else:
        with progress_of("scoring networks", on_progress) as told:
            prior = prior_of_networks(space, known, seed=seed, on_progress=told, **networks)
    return prior, [*notes, *([_NOTHING] if prior is None else [])]


def check_scoring(proxies: Any, combine: Any, batch: Any, labels: Any) -> None:
    """Make sure that networks can be scored so, as :func:`~archrank.verbs.zero_cost.rank_zero_cost` would.

    Raises:
        ProxyError: A setting cannot be used.
        UnknownName: No such score or combination.
    """
    named_proxies(DEFAULTS if proxies is None else proxies)
    named_combination(combine)
    if batch is not None:
        needs("training", "torch", what="zero-cost scores")
        from archrank.proxies.probe import images_of, labels_of

        count = len(images_of(batch, 0))
        if labels is not None:
            labels_of(labels, count)


def _without_number(table: Table) -> str | None:
    """How many rows a column of scores has without a finite number."""
    count = int(np.isnan(table.column()).sum())
    if not count:
        return None
    rows = "1 row has" if count == 1 else f"{count} rows have"
    return f"{rows} no finite number in the scores {table.metric().name!r}, and no part in them"


def prior_of_networks(
    space: SearchSpace,
    known: Sequence[Architecture],
    pool: Rows,
    *,
    sample: int | None,
    seed: int,
    on_progress: OnProgress = silent,
    **scoring: Any,
) -> ZeroCostPrior | None:
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
    return ZeroCostPrior.of(space, found.architectures, found.score, found.scores.items(), seed)


def prior_of_columns(space: SearchSpace, columns: Sequence[Table], seed: int) -> ZeroCostPrior | None:
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
    names = [table.metric().name for table in columns]
    if len(shared) < _FEWEST:
        raise TableError(
            f"too few architectures have a finite number in the scores {', '.join(map(repr, names))}: {len(shared)}; "
            f"give scores of {_FEWEST} or more"
        )
    parts = np.array([[scores[a] for a in shared] for scores in each])
    return ZeroCostPrior.of(space, shared, parts.mean(axis=0), zip(names, parts, strict=True), seed)
