"""A strategy that begins with architectures that a person names."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from archrank.architecture import Architecture
from archrank.strategies.base import Evaluated, History, Proposal, Strategy
from archrank.strategies.domain import Violation

__all__ = ["StartingWith"]


class StartingWith(Strategy):
    """Proposes given architectures first, then what another strategy proposes, which learns from them.

    Args:
        strategy: Chooses after that.
        first: What to propose first, in this order.
    """

    def __init__(self, strategy: Strategy, first: Sequence[Architecture]) -> None:
        self.strategy = strategy
        self.space = strategy.space
        self.batch = strategy.batch
        self.unique_by = strategy.unique_by
        self.multi_objective = strategy.multi_objective
        self.handles_constraints = strategy.handles_constraints
        self._first = tuple(dict.fromkeys(first))

    def __repr__(self) -> str:
        """The strategy inside, and how many come first."""
        return f"{type(self).__name__}({self.strategy!r}, {len(self._first)} first)"

    @property
    def settings(self) -> dict[str, Any]:
        """Those of the strategy inside, and what comes first."""
        return {**self.strategy.settings, "start": [self.space.format(a) for a in self._first]}

    def within(self, violation: Violation) -> "StartingWith":
        """The same, with bounds that are known before an evaluation; what was named comes first all the same."""
        return StartingWith(self.strategy.within(violation), self._first)

    def propose(self, history: History, n: int, rng: np.random.Generator) -> list[Proposal]:
        """What is left of the named architectures, then what the strategy inside proposes."""
        named = [architecture for architecture in self._first if architecture not in history][:n]
        proposals = [Proposal(architecture, "given") for architecture in named]
        if len(named) == n:
            return proposals
        begun = History((*history, *(Evaluated(a, None, pending=True) for a in named)))
        return proposals + self.strategy.propose(begun, n - len(named), rng)
