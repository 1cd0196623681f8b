"""How long trainings are in a search that stops some of them early, and what each of them costs."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from archrank.errors import BudgetError
from archrank.system.foreign import shown

__all__ = ["Fidelities"]

_LONGEST = 10**6
"""Epochs; a larger number is a mistake."""


@dataclass(frozen=True, slots=True)
class Fidelities:
    """The rungs of a search: after how many epochs its trainings may stop.

    Attributes:
        levels: Epochs, ascending; the last is a whole training.
        continued: Whether a longer training goes on where the shorter one of the same architecture stopped, so that
            only the difference is paid; otherwise every training is paid in full.
    """

    levels: tuple[int, ...]
    continued: bool = False

    @classmethod
    def of(cls, levels: Any, continued: bool = False) -> Self:
        """Check what a user gives.

        Args:
            levels: Epochs, a list or the keys of a mapping.
            continued: As for the class.

        Raises:
            BudgetError: They are no numbers of epochs, fewer than two, or not in ascending order.
        """
        if isinstance(levels, str | bytes) or not isinstance(levels, Collection):
            raise BudgetError(
                f"fidelities is {shown(levels)}, expected numbers of epochs such as [4, 12, 36, 108]"
            )
        found = list(levels.keys() if isinstance(levels, Mapping) else levels)
        for level in found:
            whole = isinstance(level, int | np.integer) and not isinstance(level, bool | np.bool_)
            if not (whole and 1 <= level <= _LONGEST):
                raise BudgetError(
                    f"fidelities holds {shown(level)}, expected whole numbers of epochs from 1 to {_LONGEST:,}"
                )
        if len(set(found)) < 2:
            raise BudgetError(
                f"fidelities is {shown(levels)}: give at least two numbers of epochs, the last one that of a whole "
                "training; without shorter ones leave it out"
            )
        if found != sorted(set(found)):
            raise BudgetError(
                f"fidelities is {shown(levels)}, expected each number of epochs once, in ascending order: "
                f"{sorted(set(found))}"
            )
        return cls(tuple(map(int, found)), continued)

    @property
    def full(self) -> int:
        """The epochs of a whole training."""
        return self.levels[-1]

    def cost(self, fidelity: int, trained: Collection[int]) -> int:
        """The epochs that a training costs.

        Args:
            fidelity: After how many epochs it ends.
            trained: The fidelities at which its architecture was trained before.

        >>> Fidelities((4, 12)).cost(12, [4]), Fidelities((4, 12), continued=True).cost(12, [4])
        (12, 8)
        """
        shorter = [level for level in trained if level < fidelity]
        return fidelity - (max(shorter, default=0) if self.continued else 0)
