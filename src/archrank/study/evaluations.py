"""One evaluation of a search, and one that was made before it."""

from collections.abc import Mapping
from dataclasses import dataclass

from archrank.architecture import Architecture

__all__ = ["Evaluation", "Known"]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One evaluation of a search.

    Attributes:
        number: Its number, from 0, in the order of proposing.
        architecture: What was evaluated.
        value: The metric's value, or the first objective's, in its own unit; None where it failed, or was given up
            because a value that was measured first breaks a constraint.
        values: All values that the evaluator gave.
        seconds: How long it took.
        error: Why it failed or was given up; None where it was not.
        round: The round it was proposed in, from 0.
        reason: Why it was proposed.
        predicted: The score that a predictor gave it when it was proposed; None where none was asked.
        violation: How far it breaks the constraints; 0 where it meets them, or failed.
        failure: The kind of failure, such as the exception's class; None where it did not fail, or where that was not
            recorded.
        unrelated: Whether it failed for a reason that has nothing to do with the architecture, so that the search
            learned nothing from it.
        fidelity: After how many epochs the training stopped; None in a search whose trainings are all whole.
        whole: Whether it was a whole training; what is not is never the best.
        epochs: How many epochs were trained; None in a search whose trainings are all whole.
        seed: 0 for the first evaluation of an architecture, and k for its k-th repeat.
    """

    number: int
    architecture: Architecture
    value: float | None
    values: Mapping[str, float | None]
    seconds: float
    error: str | None
    round: int
    reason: str
    predicted: float | None
    violation: float = 0.0
    failure: str | None = None
    unrelated: bool = False
    fidelity: int | None = None
    whole: bool = True
    epochs: int | None = None
    seed: int = 0

    @property
    def state(self) -> str:
        """``"measured"``, ``"infeasible"`` where it breaks a constraint, or ``"failed"``."""
        if self.violation:
            return "infeasible"
        return "measured" if self.error is None else "failed"


@dataclass(frozen=True, slots=True)
class Known:
    """An evaluation that was made before the search.

    Attributes:
        architecture: What was evaluated.
        values: What that gave, by name; empty where it failed.
        source: Where it comes from, in words.
    """

    architecture: Architecture
    values: Mapping[str, float]
    source: str
