"""One evaluation of a search, and what was known before it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from archrank.architecture import Architecture

__all__ = ["Evaluation", "HintUse", "Known"]


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
        value: The metric's value, or the first objective's, in its own unit; None where it failed.
    """

    architecture: Architecture
    values: Mapping[str, float]
    source: str
    value: float | None = None


@dataclass(frozen=True, slots=True)
class HintUse:
    """How a hint agrees with what the search has measured.

    Attributes:
        source: Where it comes from, in words.
        evaluations: How many measurements it is from.
        tau: Kendall's tau between its predictions and the measured values; NaN where it cannot be said.
        used: Whether that is significantly above 0, so that the predictor uses the hint.
    """

    source: str
    evaluations: int
    tau: float
    used: bool

    @property
    def record(self) -> dict[str, Any]:
        """As JSON values."""
        tau = None if math.isnan(self.tau) else self.tau
        return {"source": self.source, "evaluations": self.evaluations, "tau": tau, "used": self.used}

    def __str__(self) -> str:
        if math.isnan(self.tau):
            return f"{self.source}: not compared, as too little was measured"
        state = "used" if self.used else "switched off"
        return f"{self.source}: {state}, Kendall's tau {self.tau:.2f} with the measured values"
