"""The plots of a run, with what random search and evolution would have found on the same table."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from archrank.benchmarks.table import Table
from archrank.plot.bands import comparison_bands
from archrank.plot.distributions import distribution_figure
from archrank.plot.labels import metric_label
from archrank.plot.predictions import prediction_figure
from archrank.plot.search import Floats, search_figure
from archrank.plot.style import INFEASIBLE
from archrank.report.run.pareto import pareto_figures
from archrank.report.run.rows import row_numbers

__all__ = ["comparison_bands", "metric_label", "run_figures"]


def run_figures(result: Mapping[str, Any], table: Table | None) -> dict[str, Figure]:
    """The plots of a run, by name.

    They are ``search``, ``predicted`` and ``distribution``; with several objectives ``pareto`` and ``hypervolume``.

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
        return pareto_figures(result, labels, table)
    metric = table.metric(result["metric"]) if table is not None else None
    label = metric_label(metric) if metric else str(result["metric"])
    higher = metric.higher_is_better if metric else bool(result.get("maximize", True))
    values, rows = numbers(evaluations, "value"), row_numbers(evaluations)
    broken = np.array([e.get("state") == INFEASIBLE for e in evaluations], dtype=bool)
    values[broken] = np.nan
    # Other strategies began with nothing, and trained everything to the end.
    alone = not (result.get("known") or result.get("fidelities"))
    figures = {
        "search": search_figure(
            values,
            [
                INFEASIBLE if e.get("state") == INFEASIBLE else str(e.get("reason") or "unknown")
                for e in evaluations
            ],
            label,
            higher_is_better=higher,
            bands=comparison_bands(table, result["metric"], len(values))
            if table is not None and alone
            else (),
            optimum=result.get("optimum"),
            numbers=rows,
        )
    }
    predicted = numbers(evaluations, "predicted")
    both = ~np.isnan(values) & ~np.isnan(predicted)
    if both.sum() > 1:
        rounds = np.array([e.get("round") or 0 for e in evaluations], dtype=np.int64)
        figures["predicted"] = prediction_figure(
            predicted[both],
            values[both],
            rounds[both],
            label,
            higher_is_better=higher,
            numbers=[number for number, seen in zip(rows, both, strict=True) if seen],
        )
    if table is not None:
        column = table.column(result["metric"])
        figures["distribution"] = distribution_figure(column, values, label, higher_is_better=higher)
    return figures


def numbers(evaluations: Sequence[Mapping[str, Any]], key: str) -> Floats:
    """One number of every evaluation, NaN where there is none: (n,)."""
    given = [evaluation.get(key) for evaluation in evaluations]
    return np.array([math.nan if value is None else float(value) for value in given], dtype=np.float64)
