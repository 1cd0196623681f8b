"""The only place where a strategy's name becomes a strategy."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from archrank.cli.predictors import predictor_from
from archrank.errors import ArchrankError, UnknownName

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archrank.architecture import Architecture
    from archrank.benchmarks.table import Table
    from archrank.space import SearchSpace
    from archrank.strategies.base import Strategy
    from archrank.study.stopwatch import Stopwatch

__all__ = ["STRATEGIES", "USUAL", "StrategyOptions", "strategy_from"]


@dataclass(frozen=True, slots=True)
class StrategyOptions:
    """What the command line was told about the strategy.

    Attributes:
        strategy: Its name.
        distinct: What never comes twice.
        predictor: Name of the predictor (guided only, like all that follow).
        effort: How much work the predictor ``auto`` does; by default as little as it can, for it is fitted every round.
        encoder: Name of the neural predictor's encoder.
        loss: Name of its loss.
        members: How many networks or sets of trees are averaged.
        bootstrap: How many fits to resamples of the measured are averaged; None for one fit to all of them.
        inner: How the predictor's favourites are looked for.
        acquisition: What makes a favourite: the predicted score, or a use of how unsure the predictor is of it.
        initial: How many random architectures come first.
        round: How many architectures a round proposes.
        explore: Share of each round that is drawn at random.
        shrink: Share of the measured ones that later rounds learn from, the best ones.
    """

    strategy: str = "guided"
    distinct: str = "rows"
    predictor: str | None = None
    effort: str | None = None
    encoder: str | None = None
    loss: str | None = None
    members: int | None = None
    bootstrap: int | None = None
    inner: str = "auto"
    acquisition: str = "ei"
    initial: int = 10
    round: int = 5
    explore: float = 0.0
    shrink: float = 1.0

    @property
    def that_matter(self) -> dict[str, Any]:
        """The options that the strategy named looks at, by name."""
        names = [field.name for field in fields(self)]
        kept = names if self.strategy == "guided" else names[:2]
        return {name: getattr(self, name) for name in kept}


USUAL = StrategyOptions()
"""What a search does where nothing is said."""

Factory = Callable[[StrategyOptions, "SearchSpace", "Sequence[Architecture] | None", "Stopwatch"], "Strategy"]


def strategy_from(
    options: StrategyOptions, space: "SearchSpace", table: "Table | None", stopwatch: "Stopwatch"
) -> "Strategy":
    """Make the strategy that the command line names.

    Args:
        options: What the command line was told.
        space: The space to search.
        table: The table that is searched, if there is one; where it does not hold all of the space, only its rows
            are proposed.
        stopwatch: Where a predictor adds up the seconds of its fits.

    Raises:
        UnknownName: No such strategy, ``distinct``, encoder, loss, inner search or acquisition.
        ArchrankError: An acquisition that needs more members.
    """
    if options.strategy not in STRATEGIES:
        raise UnknownName("strategy", options.strategy, STRATEGIES)
    candidates = None if table is None or table.complete else table.architectures
    return STRATEGIES[options.strategy](options, space, candidates, stopwatch)


def _plain(name: str) -> Factory:
    """Makes a strategy that learns nothing, from the name of its class."""

    def make(
        options: StrategyOptions,
        space: "SearchSpace",
        candidates: "Sequence[Architecture] | None",
        stopwatch: "Stopwatch",
    ) -> "Strategy":
        from archrank import strategies

        strategy: Strategy = getattr(strategies, name)(
            space, candidates=candidates, distinct=options.distinct
        )
        return strategy

    return make


def _guided(
    options: StrategyOptions,
    space: "SearchSpace",
    candidates: "Sequence[Architecture] | None",
    stopwatch: "Stopwatch",
) -> "Strategy":
    from archrank.strategies import GuidedSearch
    from archrank.study.timed import TimedRanker

    predictor = predictor_from(
        space,
        predictor=options.predictor,
        effort=options.effort,
        encoder=options.encoder,
        loss=options.loss,
        members=options.members,
        bootstrap=options.bootstrap,
        usual_effort="fast",
    )
    strategy = GuidedSearch(
        space,
        TimedRanker(predictor, stopwatch),
        initial=options.initial,
        batch=options.round,
        inner=options.inner,  # type: ignore[arg-type]
        acquisition=options.acquisition,  # type: ignore[arg-type]
        explore=options.explore,
        shrink=options.shrink,
        candidates=candidates,
        distinct=options.distinct,  # type: ignore[arg-type]
    )
    if options.acquisition != "mean" and getattr(predictor, "members", 2) < 2:
        raise ArchrankError(
            f"the acquisition {options.acquisition!r} needs members that may disagree; give --members 2 or more, "
            "or --acquisition mean"
        )
    return strategy


STRATEGIES: Mapping[str, Factory] = {
    "guided": _guided,
    "evolution": _plain("RegularizedEvolution"),
    "tournament-evolution": _plain("TournamentEvolution"),
    "local-search": _plain("LocalSearch"),
    "annealing": _plain("SimulatedAnnealing"),
    "random": _plain("RandomSearch"),
}
"""What makes each strategy, by its name on the command line."""
