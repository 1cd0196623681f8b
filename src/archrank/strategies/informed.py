"""A strategy that knows more evaluations than the search itself made."""

import json
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import numpy as np

from archrank.strategies.around import Around
from archrank.strategies.base import Evaluated, History, Proposal, Strategy

__all__ = ["Informed"]


class Informed(Around):
    """Shows another strategy what was evaluated before the search, as if the search had done so at its start.

    What is known is learned from and is not proposed again. A strategy that begins at random, such as guided search,
    does so only as far as too little is known.

    Args:
        strategy: Chooses.
        known: What was evaluated before, oldest first, none of it pending.
    """

    def __init__(self, strategy: Strategy, known: Sequence[Evaluated]) -> None:
        super().__init__(strategy)
        self._known = tuple(known)

    def __repr__(self) -> str:
        """The strategy inside, and how much it knows."""
        return f"{type(self).__name__}({self.strategy!r}, {len(self._known)} known)"

    @property
    def settings(self) -> dict[str, Any]:
        """Those of the strategy inside, and a digest of what is known."""
        text = json.dumps(
            [(self.space.format(e.architecture), e.score, e.others, e.excesses) for e in self._known]
        )
        known = {"evaluations": len(self._known), "digest": sha256(text.encode()).hexdigest()[:12]}
        return {**self.strategy.settings, "known": known}

    def around(self, strategy: Strategy) -> "Informed":
        """The same around another strategy."""
        return Informed(strategy, self._known)

    def propose(self, history: History, n: int, rng: np.random.Generator) -> list[Proposal]:
        """What the strategy inside proposes after the known evaluations and the history."""
        return self.strategy.propose(History((*self._known, *history)), n, rng)
