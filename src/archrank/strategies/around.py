"""What strategies have in common that change what another one sees or proposes."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt

from archrank.architecture import Architecture
from archrank.strategies.base import History, Strategy
from archrank.strategies.domain import Violation
from archrank.strategies.prior import Prior

if TYPE_CHECKING:
    from archrank.predictors.base import Predictor

__all__ = ["Around"]


class Around(Strategy):
    """A strategy around another one, whose space, rounds and objectives it has.

    Args:
        strategy: The one inside.
    """

    def __init__(self, strategy: Strategy) -> None:
        self.strategy = strategy
        self.space = strategy.space
        self.batch = strategy.batch
        self.unique_by = strategy.unique_by
        self.multi_objective = strategy.multi_objective
        self.handles_constraints = strategy.handles_constraints

    @abstractmethod
    def around(self, strategy: Strategy) -> Self:
        """The same around another strategy."""

    def within(self, violation: Violation) -> Self:
        """The same, with bounds on what the strategy inside proposes that are known before an evaluation."""
        return self.around(self.strategy.within(violation))

    def preferring(self, prior: Prior) -> Self:
        """The same, where the strategy inside is led by a belief."""
        return self.around(self.strategy.preferring(prior))

    def listening(self, hints: "Sequence[Predictor]") -> Self:
        """The same, where the strategy inside has hints."""
        return self.around(self.strategy.listening(hints))

    def predicted(
        self, history: History, architectures: Sequence[Architecture], rng: np.random.Generator
    ) -> npt.NDArray[np.float64] | None:
        """What the strategy inside expects."""
        return self.strategy.predicted(history, architectures, rng)
