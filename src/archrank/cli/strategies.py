"""The only place where a strategy's name becomes a strategy."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from archrank.errors import UnknownName

if TYPE_CHECKING:
    from archrank.benchmarks.table import Table
    from archrank.space import SearchSpace
    from archrank.strategies.base import Strategy
    from archrank.study.stopwatch import Stopwatch

__all__ = ["STRATEGIES", "StrategyOptions", "strategy_from"]

STRATEGIES = ("guided", "evolution", "random")


@dataclass(frozen=True, slots=True)
class StrategyOptions:
    """What the command line was told about the strategy.

    Attributes:
        strategy: Its name.
        encoder: Name of the encoder (guided only, like all that follow).
        loss: Name of the ranking loss.
        inner: How the predictor's favourites are looked for.
        initial: How many random architectures come first.
        round: How many architectures a round proposes.
        members: How many predictors vote.
    """

    strategy: str = "guided"
    encoder: str = "gates"
    loss: str = "hinge"
    inner: str | None = None
    initial: int | None = None
    round: int | None = None
    members: int | None = None


def strategy_from(
    options: StrategyOptions, space: "SearchSpace", table: "Table", stopwatch: "Stopwatch"
) -> "Strategy":
    """Make the strategy that the command line names.

    Args:
        options: What the command line was told.
        space: The space to search.
        table: The table that is searched; where it does not hold all of the space, only its rows are
            proposed.
        stopwatch: Where a predictor adds up the seconds of its fits.

    Raises:
        UnknownName: No such strategy.
    """
    candidates = None if table.complete else table.architectures
    if options.strategy == "random":
        from archrank.strategies import RandomSearch

        return RandomSearch(space, candidates=candidates)
    if options.strategy == "evolution":
        from archrank.strategies import RegularizedEvolution

        return RegularizedEvolution(space, candidates=candidates)
    if options.strategy == "guided":
        from archrank.predictors.neural import NeuralPredictor
        from archrank.strategies.guided import GuidedSearch

        return GuidedSearch(space, NeuralPredictor(space, encoder=options.encoder, loss=options.loss))
    raise UnknownName("strategy", options.strategy, STRATEGIES)
