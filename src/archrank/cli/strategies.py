"""The only place where a strategy's name becomes a strategy."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from archrank.errors import UnknownName

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archrank.architecture import Architecture
    from archrank.benchmarks.table import Table
    from archrank.predictors import NeuralPredictor
    from archrank.space import SearchSpace
    from archrank.strategies.base import Strategy
    from archrank.study.stopwatch import Stopwatch

__all__ = ["STRATEGIES", "StrategyOptions", "predictor_from", "strategy_from"]

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
    inner: str = "auto"
    initial: int = 20
    round: int = 10
    members: int = 3


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
        UnknownName: No such strategy, encoder, loss or inner search.
    """
    candidates = None if table.complete else table.architectures
    if options.strategy == "random":
        from archrank.strategies import RandomSearch

        return RandomSearch(space, candidates=candidates)
    if options.strategy == "evolution":
        from archrank.strategies import RegularizedEvolution

        return RegularizedEvolution(space, candidates=candidates)
    if options.strategy == "guided":
        return _guided(options, space, candidates, stopwatch)
    raise UnknownName("strategy", options.strategy, STRATEGIES)


def _guided(
    options: StrategyOptions,
    space: "SearchSpace",
    candidates: "Sequence[Architecture] | None",
    stopwatch: "Stopwatch",
) -> "Strategy":
    from archrank.strategies.guided import GuidedSearch
    from archrank.study.timed import TimedRanker

    predictor = predictor_from(space, options.encoder, options.loss, options.members)
    return GuidedSearch(
        space,
        TimedRanker(predictor, stopwatch),
        initial=options.initial,
        batch=options.round,
        inner=options.inner,  # type: ignore[arg-type]
        candidates=candidates,
    )


def predictor_from(
    space: "SearchSpace", encoder: str, loss: str, members: int, seed: int = 0
) -> "NeuralPredictor":
    """Make the predictor that the command line names.

    Raises:
        UnknownName: No such encoder or loss.
        PredictorError: Fewer than one member.
    """
    from archrank.encoders import ENCODERS
    from archrank.predictors import NeuralPredictor
    from archrank.ranking import LOSSES

    if encoder not in ENCODERS:
        raise UnknownName("encoder", encoder, ENCODERS)
    if loss not in LOSSES:
        raise UnknownName("loss", loss, LOSSES)
    # The encoder's settings are left to what suits the space's graphs.
    return NeuralPredictor(space, ENCODERS[encoder], LOSSES[loss](), members=members, seed=seed)
