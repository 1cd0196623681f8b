"""What the workers of a search do: evaluate an architecture."""

from collections.abc import Sequence
from dataclasses import dataclass

from archrank.architecture import Architecture
from archrank.workers.job import Job
from archrank.workers.outcome import Evaluator, Outcome, measure

__all__ = ["Task", "evaluation"]


@dataclass(frozen=True, slots=True)
class Task:
    """One architecture to evaluate, under its trial's number; trained for some epochs where a search says how many.

    The seed is 0 for the first evaluation, and k for the k-th repeat.
    """

    number: int
    architecture: Architecture
    fidelity: int | None = None
    seed: int = 0


def evaluation(evaluate: Evaluator, metric: str | Sequence[str]) -> Job[Task]:
    """The job of evaluating.

    Args:
        evaluate: The evaluator.
        metric: Name of the value that the search goes by, or of several.
    """
    return Job(_Measure(evaluate, metric))


@dataclass(frozen=True, slots=True)
class _Measure:
    evaluate: Evaluator
    metric: str | Sequence[str]

    def __call__(self, task: Task) -> Outcome:
        return measure(self.evaluate, task.architecture, self.metric, task.fidelity, task.seed)
