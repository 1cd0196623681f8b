"""A strategy that begins with architectures that a person names."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from archrank.architecture import Architecture
from archrank.fingerprints import check_made_by
from archrank.strategies.around import Around
from archrank.strategies.base import Evaluated, History, Proposal, Strategy
from archrank.strategies.fidelities import Fidelities

__all__ = ["StartingWith", "warn_of_many"]


class StartingWith(Around):
    """Proposes given architectures first, then what another strategy proposes, which learns from them.

    Args:
        strategy: Chooses after that.
        first: What to propose first, in this order.

    Raises:
        SpaceError: Architectures that an earlier version of the space made.
    """

    def __init__(self, strategy: Strategy, first: Sequence[Architecture]) -> None:
        super().__init__(strategy)
        self._first = tuple(dict.fromkeys(first))
        check_made_by(self.space, self._first)

    def __repr__(self) -> str:
        """The strategy inside, and how many come first."""
        return f"{type(self).__name__}({self.strategy!r}, {len(self._first)} first)"

    @property
    def settings(self) -> dict[str, Any]:
        """Those of the strategy inside, and what comes first."""
        return {**self.strategy.settings, "start": [self.space.format(a) for a in self._first]}

    def around(self, strategy: Strategy) -> "StartingWith":
        """The same around another strategy."""
        return StartingWith(strategy, self._first)

    def propose(self, history: History, n: int, rng: np.random.Generator) -> list[Proposal]:
        """What is left of the named architectures, then what the strategy inside proposes."""
        named = [architecture for architecture in self._first if architecture not in history][:n]
        proposals = [Proposal(architecture, "given") for architecture in named]
        if len(named) == n:
            return proposals
        begun = History((*history, *(Evaluated(a, None, pending=True) for a in named)))
        return proposals + self.strategy.propose(begun, n - len(named), rng)


def warn_of_many(first: Sequence[Architecture], budget: int, fidelities: Fidelities | None) -> None:
    """Warn where the budget does not pay for all architectures that a person names."""
    count, most = len(set(first)), budget
    if fidelities is not None:
        most = budget * fidelities.full // fidelities.levels[0]
    if count > most:
        warnings.warn(
            f"start names {count} architectures, and budget={budget} pays {most}: the others are left out",
            stacklevel=3,
        )
