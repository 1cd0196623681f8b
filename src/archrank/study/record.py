"""A search as the record that ``result.json`` holds."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from archrank.benchmarks.table import Table
from archrank.space import SearchSpace
from archrank.strategies.fidelities import Fidelities
from archrank.study.evaluations import Evaluation, Known
from archrank.study.objectives import of_feasible
from archrank.study.pareto import dominated_volume
from archrank.study.result import SearchResult

__all__ = ["result_record"]


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
        table: The table that was searched, which knows the optimum and the true ranks, both among what meets the
            constraints.
        test_metric: The value to report as test value beside the metric; a table names its own.
        command: The command that made it.
        versions: Versions of what it was made with.
    """
    if table is not None:
        table = of_feasible(table, result.objectives)
        test_metric = table.test_metrics.get(result.metric)
    best = result.best
    optimum = None if table is None else table.optimum(result.metric)[1]
    regret = None
    if best is not None and best.value is not None and optimum is not None:
        regret = optimum - best.value if result.maximize else best.value - optimum
    return {
        "benchmark": benchmark,
        "space": result.space.name,
        **result.objectives.metadata,
        "strategy": strategy or result.strategy,
        "budget": result.budget,
        "seed": result.seed,
        "evaluations": [_evaluation(result.space, e, test_metric) for e in result.evaluations],
        "best": None if best is None else _best(result, best, test_metric, table),
        "infeasible": result.infeasible,
        **({} if result.fidelities is None else _fidelities(result, result.fidelities)),
        **({"repeats": [_repeat(result, e, test_metric) for e in result.repeats]} if result.repeats else {}),
        **_several(result, table),
        "optimum": optimum,
        "regret": regret,
        **({"known": [_known(result.space, known) for known in result.known]} if result.known else {}),
        **({"hints": [use.record for use in result.hints]} if result.hints else {}),
        "seconds": dict(result.seconds),
        "settings": result.strategy,
        "test_metric": test_metric,
        "command": command,
        "versions": dict(versions or {}),
    }


def _repeat(result: SearchResult, evaluation: Evaluation, test_metric: str | None) -> dict[str, Any]:
    return {**_evaluation(result.space, evaluation, test_metric), "seed": evaluation.seed}


def _several(result: SearchResult, table: Table | None) -> dict[str, Any]:
    """The Pareto front and what it dominates, where there are several objectives."""
    objectives = list(result.objectives.directions)
    if len(objectives) == 1:
        return {"front": None, "hypervolume": None}
    everything = None if table is None else np.stack([table.scores(name) for name in objectives], axis=1)
    volume = dominated_volume(result.scores(), np.array(result.objectives.signs), everything)
    front = [
        {
            "number": evaluation.number,
            "architecture": result.space.format(evaluation.architecture),
            "values": {name: evaluation.values[name] for name in objectives},
        }
        for evaluation in result.front
    ]
    return {"front": front, "hypervolume": None if volume is None else volume.record(objectives)}


def _fidelities(result: SearchResult, fidelities: Fidelities) -> dict[str, Any]:
    """The rungs, and what was trained on each."""
    rungs = [
        {
            "fidelity": level,
            "trainings": sum(e.fidelity == level for e in result.evaluations),
            "epochs": sum(e.epochs or 0 for e in result.evaluations if e.fidelity == level),
        }
        for level in fidelities.levels
    ]
    return {
        "fidelities": {"levels": list(fidelities.levels), "continued": fidelities.continued, "rungs": rungs},
        "epochs": result.epochs,
    }


def _evaluation(space: SearchSpace, evaluation: Evaluation, test_metric: str | None) -> dict[str, Any]:
    return {
        "number": evaluation.number,
        "architecture": space.format(evaluation.architecture),
        "value": evaluation.value,
        "values": dict(evaluation.values),
        "test_value": evaluation.values.get(test_metric) if test_metric else None,
        "seconds": evaluation.seconds,
        "state": evaluation.state,
        "violation": evaluation.violation,
        **({} if evaluation.fidelity is None else _training(evaluation)),
        "error": evaluation.error,
        **({} if evaluation.failure is None else _failure(evaluation)),
        "round": evaluation.round,
        "reason": evaluation.reason,
        "predicted": evaluation.predicted,
    }


def _known(space: SearchSpace, known: Known) -> dict[str, Any]:
    return {
        "architecture": space.format(known.architecture),
        "values": dict(known.values),
        "source": known.source,
    }


def _training(evaluation: Evaluation) -> dict[str, Any]:
    return {"fidelity": evaluation.fidelity, "whole": evaluation.whole, "epochs": evaluation.epochs}


def _failure(evaluation: Evaluation) -> dict[str, Any]:
    return {"failure": evaluation.failure, "unrelated": evaluation.unrelated}


def _best(
    result: SearchResult, best: Evaluation, test_metric: str | None, table: Table | None
) -> dict[str, Any]:
    known = table is not None and best.architecture in table
    again = result.best_repeated
    return {
        "number": best.number,
        "architecture": result.space.format(best.architecture),
        "value": best.value,
        **({} if again is None else {"mean": result.best_value, "evaluations": again.count}),
        "test_value": best.values.get(test_metric) if test_metric else None,
        "true_rank": table.true_rank(best.architecture, result.metric)
        if table is not None and known
        else None,
    }
