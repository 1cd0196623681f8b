"""Strategies by name: the one place where a strategy's name becomes a strategy, and the defaults of a search."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from archrank.errors import ArchrankError, UnknownName
from archrank.plugins import Names, check_subclass
from archrank.predictors.named import named_predictor
from archrank.system.arguments import checked_whole

if TYPE_CHECKING:
    from archrank.architecture import Architecture
    from archrank.space import SearchSpace
    from archrank.strategies.base import Strategy
    from archrank.strategies.domain import Domain

__all__ = ["DEFAULTS", "FIRST", "STRATEGIES", "StrategyOptions", "named_strategy"]


@dataclass(frozen=True, slots=True)
class StrategyOptions:
    """A strategy's name and options.

    Attributes:
        strategy: Its name.
        unique_by: Which architectures count as the same and are never evaluated twice: those with the same
            ``"encoding"`` (row of choices), or that compute the same ``"function"``.
        predictor: Name of the predictor (guided only, like all that follow).
        effort: How much work the predictor ``auto`` does; ``"fast"`` for None, because it is fitted every round.
        encoder: Name of the neural predictor's encoder.
        loss: Name of its loss.
        members: The size of its ensemble of networks or sets of trees.
        bootstrap: How many fits to resamples of the labels are averaged; None for one fit to all labels.
        inner: How the architectures with the best predictions are found.
        acquisition: What makes a prediction good: its mean, or a function of mean and standard deviation.
        initial: How many random architectures come first.
        first: What the search begins with: ``"random"`` architectures; or ``"zero-cost"``, in turn random ones and the
            best of a sample by zero-cost scores.
        round: How many architectures a round proposes.
        explore: Share of each round that is drawn at random.
        shrink: Share of the measured architectures, the best ones, that later rounds learn from.
    """

    strategy: str = "guided"
    unique_by: str = "encoding"
    predictor: str | None = None
    effort: str | None = None
    encoder: str | None = None
    loss: str | None = None
    members: int | None = None
    bootstrap: int | None = None
    inner: str = "auto"
    acquisition: str = "ei"
    initial: int = 10
    first: str = "random"
    round: int = 5
    explore: float = 0.0
    shrink: float = 1.0

    @property
    def active(self) -> dict[str, Any]:
        """The options that apply to this strategy, by name."""
        names = [field.name for field in fields(self)]
        kept = names if self.strategy == "guided" else names[:2]
        return {name: getattr(self, name) for name in kept}

    @property
    def unused(self) -> list[str]:
        """The options that were set and do not apply to this strategy."""
        return [
            field.name
            for field in fields(self)
            if field.name not in self.active and getattr(self, field.name) != field.default
        ]


FIRST = ("random", "zero-cost")
"""What a guided search may begin with."""

DEFAULTS = StrategyOptions()
"""The options of a search that names none."""

Factory = Callable[[StrategyOptions, "SearchSpace", "Sequence[Architecture] | None"], "Strategy"]


def named_strategy(
    space: "SearchSpace",
    options: StrategyOptions = DEFAULTS,
    candidates: "Sequence[Architecture] | None" = None,
    first: "Callable[[Domain], Sequence[Architecture]] | None" = None,
) -> "Strategy":
    """Make a strategy by its name.

    Args:
        space: The space to search.
        options: Its name and options.
        candidates: Propose only these; the whole space for None.
        first: Returns the best architectures by zero-cost scores, for ``first="zero-cost"``.

    Raises:
        UnknownName: No such strategy, ``unique_by``, predictor, encoder, loss, inner search or acquisition.
        PluginError: The installed package that adds one of them cannot be used.
        ArchrankError: An option out of its range, or an acquisition that needs an ensemble.

    >>> from archrank.spaces import NASBench201
    >>> named_strategy(NASBench201(), StrategyOptions("evolution")).batch
    1
    """
    strategy = STRATEGIES.look_up(options.strategy)(options, space, candidates)
    if options.first not in FIRST:
        raise UnknownName("first", options.first, FIRST)
    if options.strategy == "guided" and options.first == "zero-cost":
        if first is None:
            raise ArchrankError(
                "first='zero-cost' is an option of archrank.search and archrank search; elsewhere give architectures: "
                "GuidedSearch(space, first=[…])"
            )
        strategy.first = first  # type: ignore[attr-defined]
    return strategy


def _plain(name: str) -> Factory:
    """A factory of a strategy that learns nothing, from the name of its class."""

    def make(
        options: StrategyOptions, space: "SearchSpace", candidates: "Sequence[Architecture] | None"
    ) -> "Strategy":
        from archrank import strategies

        strategy: Strategy = getattr(strategies, name)(
            space, candidates=candidates, unique_by=options.unique_by
        )
        return strategy

    return make


def _guided(
    options: StrategyOptions, space: "SearchSpace", candidates: "Sequence[Architecture] | None"
) -> "Strategy":
    from archrank.strategies.guided import GuidedSearch

    checked_whole("round", options.round)
    predictor = named_predictor(
        space,
        options.predictor,
        effort=options.effort,
        encoder=options.encoder,
        loss=options.loss,
        members=options.members,
        bootstrap=options.bootstrap,
        default_effort="fast",
    )
    return GuidedSearch(
        space,
        predictor,
        initial=options.initial,
        batch=options.round,
        inner=options.inner,  # type: ignore[arg-type]
        acquisition=options.acquisition,  # type: ignore[arg-type]
        explore=options.explore,
        shrink=options.shrink,
        candidates=candidates,
        unique_by=options.unique_by,  # type: ignore[arg-type]
    )


_BUILT_IN: Mapping[str, Factory] = {
    "guided": _guided,
    "evolution": _plain("RegularizedEvolution"),
    "tournament-evolution": _plain("TournamentEvolution"),
    "local-search": _plain("LocalSearch"),
    "annealing": _plain("SimulatedAnnealing"),
    "random": _plain("RandomSearch"),
}


def _accept(name: str, value: object) -> Factory:
    from archrank.strategies.base import Strategy

    kind: Callable[..., Strategy] = check_subclass(value, Strategy)
    # A TypeError names what it does not take.
    inspect.signature(kind).bind(None, candidates=None, unique_by="encoding")
    return lambda options, space, candidates: kind(space, candidates=candidates, unique_by=options.unique_by)


STRATEGIES: Names[Factory] = Names("strategies", _BUILT_IN, _accept)
"""The factory of each strategy, by its name."""
