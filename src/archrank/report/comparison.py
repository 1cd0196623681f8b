"""The plots of a run, with what random search and evolution would have found on the same table."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from archrank.benchmarks.table import Metric, Table
from archrank.report.front import front_figures
from archrank.report.plots import (
    Band,
    Floats,
    distribution_figure,
    prediction_figure,
    search_figure,
)
from archrank.report.style import EVOLUTION, INFEASIBLE, RANDOM
from archrank.simulation import best_so_far, random_search_curve, simulate
from archrank.strategies import RegularizedEvolution

__all__ = ["comparison_bands", "metric_label", "run_figures"]

_SEEDS = 20
_LOOK_UPS = 20_000
"""Long searches are compared with fewer seeds of evolution, so that a report stays quick."""


def run_figures(result: Mapping[str, Any], table: Table | None) -> dict[str, Figure]:
    """The plots that a run gives reason for, by name.

    They are ``search``, ``predicted`` and ``distribution``; with several objectives ``front`` and ``hypervolume``.

    Args:
        result: The run, as in ``result.json``.
        table: The table that it searched, as :func:`~archrank.study.of_feasible` makes it; None for an evaluator of the
            user's own.
    """
    evaluations: Sequence[Mapping[str, Any]] = result.get("evaluations") or []
    if not evaluations:
        return {}
    if result.get("front") is not None:
        labels = {
            name: name if table is None else metric_label(table.metric(name)) for name in result["objectives"]
        }
        return front_figures(result, labels, table)
    metric = table.metric(result["metric"]) if table is not None else None
    label = metric_label(metric) if metric else str(result["metric"])
    higher = metric.higher_is_better if metric else bool(result.get("maximize", True))
    values = numbers(evaluations, "value")
    broken = np.array([e.get("state") == INFEASIBLE for e in evaluations], dtype=bool)
    values[broken] = np.nan
    figures = {
        "search": search_figure(
            values,
            [
                INFEASIBLE if e.get("state") == INFEASIBLE else str(e.get("reason") or "unknown")
                for e in evaluations
            ],
            label,
            higher_is_better=higher,
            bands=comparison_bands(table, result["metric"], len(values)) if table is not None else (),
            optimum=result.get("optimum"),
        )
    }
    predicted = numbers(evaluations, "predicted")
    both = ~np.isnan(values) & ~np.isnan(predicted)
    if both.sum() > 1:
        rounds = np.array([e.get("round") or 0 for e in evaluations], dtype=np.int64)
        figures["predicted"] = prediction_figure(
            predicted[both], values[both], rounds[both], label, higher_is_better=higher
        )
    if table is not None:
        column = table.column(result["metric"])
        figures["distribution"] = distribution_figure(column, values, label, higher_is_better=higher)
    return figures


def comparison_bands(table: Table, metric: str, evaluations: int) -> list[Band]:
    """Random search, exactly, and on a complete table evolution, simulated.

    Args:
        table: The table.
        metric: The metric that is searched by.
        evaluations: n, how far the curves go.
    """
    scores = table.scores(metric)
    sign = 1.0 if table.metric(metric).higher_is_better else -1.0
    if evaluations < 1 or np.isnan(scores).all():
        return []
    _, (low, middle, high) = random_search_curve(scores, min(evaluations, len(scores)))
    bands = [Band("random search, median and quartiles", RANDOM, sign * middle, sign * low, sign * high)]
    # Where children are mostly not there, or break constraints that it does not see, the comparison would be unfair to
    # evolution.
    if table.complete and not np.isnan(scores).any():
        seeds = max(4, min(_SEEDS, _LOOK_UPS // evaluations))
        strategy = RegularizedEvolution(table.space)
        runs = [simulate(table, metric, strategy, evaluations, seed) for seed in range(seeds)]
        curves = np.array([best_so_far(run) for run in runs])
        low, middle, high = np.quantile(curves, (0.25, 0.5, 0.75), axis=0)
        label = f"evolution, median and quartiles of {seeds} seeds"
        bands.append(Band(label, EVOLUTION, sign * middle, sign * low, sign * high))
    return bands


def metric_label(metric: Metric) -> str:
    """A metric as the label of an axis: its name, split and seeds.

    >>> metric_label(Metric("accuracy", "accuracy in %", "validation", seeds="mean of 3 runs"))
    'accuracy (validation, mean of 3 runs)'
    """
    split = {"unstated": "split not stated", "none": ""}.get(metric.split, metric.split)
    seeds = "" if metric.seeds == "unstated" else metric.seeds
    notes = ", ".join(part for part in (split, seeds) if part)
    return f"{metric.name} ({notes})" if notes else metric.name


def numbers(evaluations: Sequence[Mapping[str, Any]], key: str) -> Floats:
    """One number of every evaluation, NaN where there is none: (n,)."""
    given = [evaluation.get(key) for evaluation in evaluations]
    return np.array([math.nan if value is None else float(value) for value in given], dtype=np.float64)
