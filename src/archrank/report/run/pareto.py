"""The plots of a search with several objectives or constraints, from ``result.json``."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from archrank.benchmarks.table import Table
from archrank.plot.objectives import Axis, hypervolume_figure, pareto_figure
from archrank.report.run.rows import row_numbers
from archrank.study.pareto import pareto_front

__all__ = ["objective_values", "pareto_figures"]


def pareto_figures(
    result: Mapping[str, Any], labels: Mapping[str, str], table: Table | None
) -> dict[str, Figure]:
    """The plots of a search with several objectives, by name: ``pareto`` and ``hypervolume``.

    Args:
        result: The run, as in ``result.json``.
        labels: The axis label of each objective.
        table: The table that was searched, as :func:`~archrank.study.of_feasible` makes it.
    """
    objectives: Mapping[str, str] = result["objectives"]
    evaluations: Sequence[Mapping[str, Any]] = result["evaluations"]
    axes = [Axis(labels[name], direction == "maximize") for name, direction in objectives.items()]
    indices = {evaluation["number"]: i for i, evaluation in enumerate(evaluations)}
    front = np.zeros(len(evaluations), dtype=bool)
    front[[indices[member["number"]] for member in result["front"]]] = True
    infeasible = np.array([evaluation["state"] == "infeasible" for evaluation in evaluations], dtype=bool)
    best = None
    if table is not None:
        scores = np.stack([table.scores(name) for name in objectives], axis=1)
        of_best = pareto_front(scores)
        best = np.stack([table.column(name)[of_best] for name in objectives], axis=1)
    rows = row_numbers(evaluations)
    figures = {"pareto": pareto_figure(objective_values(result), axes, front, infeasible, best, numbers=rows)}
    if volume := result.get("hypervolume"):
        curve = np.array(volume["curve"], dtype=np.float64)
        figures["hypervolume"] = hypervolume_figure(curve, volume["reference"], volume["of_everything"])
    return figures


def objective_values(result: Mapping[str, Any]) -> npt.NDArray[np.float64]:
    """The K objectives of the n evaluations, in their own units, NaN where one failed: (n, K)."""
    names = list(result["objectives"])
    rows = [[e["values"].get(name, np.nan) for name in names] for e in result["evaluations"]]
    return np.array(rows, dtype=np.float64).reshape(len(rows), len(names))
