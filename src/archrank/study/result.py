"""What a search found, as objects and as the record that ``result.json`` holds."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from archrank.architecture import Architecture
from archrank.benchmarks.table import Table
from archrank.space import SearchSpace

__all__ = ["Evaluation", "SearchResult", "result_record"]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One evaluation of a search.

    Attributes:
        number: Its number, from 0, in the order of proposing.
        architecture: What was evaluated.
        value: The metric's value, in its own unit; None where it failed.
        values: All values that the evaluator gave.
        seconds: How long it took.
        error: Why it failed; None where it did not.
        round: The round it was proposed in, from 0.
        reason: Why it was proposed.
        predicted: The score that a predictor gave it when it was proposed; None where none was asked.
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


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What a search found.

    Attributes:
        space: The space that was searched.
        metric: Name of the value that the search went by.
        maximize: Its direction.
        strategy: The strategy and its settings.
        budget: How many evaluations were allowed, failed ones included.
        seed: The seed.
        evaluations: All evaluations, by number.
        seconds: Seconds in all, and by ``fit``, ``propose`` and ``evaluate``, over all resumed parts. With
            several workers ``evaluate`` adds up their time.
    """

    space: SearchSpace
    metric: str
    maximize: bool
    strategy: str
    budget: int
    seed: int
    evaluations: tuple[Evaluation, ...]
    seconds: Mapping[str, float]

    @property
    def best(self) -> Evaluation | None:
        """The evaluation with the best value, the earliest of equals; None where nothing was measured."""
        sign = 1.0 if self.maximize else -1.0
        measured = [(sign * e.value, -e.number, e) for e in self.evaluations if e.value is not None]
        return max(measured)[2] if measured else None


def result_record(
    result: SearchResult,
    *,
    strategy: str | None = None,
    benchmark: str | None = None,
    table: Table | None = None,
    test_metric: str | None = None,
    command: str | None = None,
    versions: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The record of a search for ``result.json``; what is not known is None.

    Args:
        result: What was found.
        strategy: The strategy's short name, instead of its full description.
        benchmark: Name of the benchmark.
        table: The table that was searched, which knows the optimum and the true ranks.
        test_metric: The value to report as test value beside the metric; a table names its own.
        command: The command that made it.
        versions: Versions of what it was made with.
    """
    if table is not None:
        test_metric = table.test_metrics.get(result.metric)
    best = result.best
    optimum = None if table is None else table.optimum(result.metric)[1]
    regret = None
    if best is not None and best.value is not None and optimum is not None:
        regret = optimum - best.value if result.maximize else best.value - optimum
    return {
        "benchmark": benchmark,
        "space": result.space.name,
        "metric": result.metric,
        "maximize": result.maximize,
        "strategy": strategy or result.strategy,
        "budget": result.budget,
        "seed": result.seed,
        "evaluations": [_evaluation(result.space, e, test_metric) for e in result.evaluations],
        "best": None if best is None else _best(result, best, test_metric, table),
        "optimum": optimum,
        "regret": regret,
        "seconds": dict(result.seconds),
        "settings": result.strategy,
        "test_metric": test_metric,
        "command": command,
        "versions": dict(versions or {}),
    }


def _evaluation(space: SearchSpace, evaluation: Evaluation, test_metric: str | None) -> dict[str, Any]:
    return {
        "number": evaluation.number,
        "architecture": space.format(evaluation.architecture),
        "value": evaluation.value,
        "test_value": evaluation.values.get(test_metric) if test_metric else None,
        "seconds": evaluation.seconds,
        "state": "measured" if evaluation.error is None else "failed",
        "error": evaluation.error,
        "round": evaluation.round,
        "reason": evaluation.reason,
        "predicted": evaluation.predicted,
    }


def _best(
    result: SearchResult, best: Evaluation, test_metric: str | None, table: Table | None
) -> dict[str, Any]:
    known = table is not None and best.architecture in table
    return {
        "number": best.number,
        "architecture": result.space.format(best.architecture),
        "value": best.value,
        "test_value": best.values.get(test_metric) if test_metric else None,
        "true_rank": table.true_rank(best.architecture, result.metric)
        if table is not None and known
        else None,
    }
