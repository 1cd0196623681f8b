"""The plots of a search that trained networks: learning curves, and the metric by size."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from archrank.plot.objectives import Axis, pareto_figure
from archrank.plot.style import INFEASIBLE
from archrank.plot.training import Curve, learning_figure, read_curves
from archrank.report.run.rows import row_numbers
from archrank.study.pareto import pareto_front
from archrank.system.trainings import training_folder

__all__ = ["training_figures"]

SIZES = {"parameters": "parameters", "multiply_adds": "multiply-adds"}
"""The sizes of a network that an evaluator may give, by name, and their labels."""

_UNITS = ((1e9, "thousand millions"), (1e6, "millions"), (1e3, "thousands"))


def training_figures(
    folder: Path, result: Mapping[str, Any], label: str, higher_is_better: bool
) -> dict[str, Figure]:
    """The plots of a search that trained networks, by name.

    They are ``curves`` where trainings left their learning curves, ``parameters`` and ``multiply_adds`` where the
    evaluator gave them beside the metric.

    Args:
        folder: The run folder.
        result: The run, as in ``result.json``.
        label: What the metric is called on an axis.
        higher_is_better: Its direction.
    """
    figures = {}
    if curves := read_curves(folder):
        figures["curves"] = learning_figure(curves, _numbers(result, curves))
    objectives = result.get("objectives") or {result["metric"]: None}
    for name in SIZES:
        if name not in objectives and (figure := _size_figure(name, result, Axis(label, higher_is_better))):
            figures[name] = figure
    return figures


def _numbers(result: Mapping[str, Any], curves: Sequence[Curve]) -> dict[str, int]:
    """The number of the evaluation of every learning curve, by the curve's folder."""
    evaluations: Sequence[Mapping[str, Any]] = result.get("evaluations") or []
    texts = [training_folder(str(evaluation.get("architecture"))) for evaluation in evaluations]
    # An architecture that was evaluated again has its training from the first time.
    known = dict(zip(reversed(texts), reversed(row_numbers(evaluations)), strict=True))
    stems = {curve.folder: curve.folder.partition("-")[0] for curve in curves}
    return {folder: known[stem] for folder, stem in stems.items() if stem in known}


def _size_figure(name: str, result: Mapping[str, Any], metric: Axis) -> Figure | None:
    """The metric against a size; None where fewer than two evaluations gave both."""
    evaluations: Sequence[Mapping[str, Any]] = result.get("evaluations") or []
    rows = [((e.get("values") or {}).get(name), e.get("value")) for e in evaluations]
    values = np.array(rows, dtype=np.float64).reshape(len(rows), 2)
    values[np.isnan(values).any(axis=1)] = np.nan
    if np.isfinite(values[:, 0]).sum() < 2:
        return None
    infeasible = np.array([e.get("state") == INFEASIBLE for e in evaluations], dtype=bool)
    scores = values * [-1.0, 1.0 if metric.higher_is_better else -1.0]
    scores[infeasible] = np.nan
    largest = np.nanmax(values[:, 0])
    unit, word = next(((u, w) for u, w in _UNITS if largest >= u), (1.0, ""))
    values[:, 0] /= unit
    size = Axis(f"{SIZES[name]}, {word}" if word else SIZES[name], higher_is_better=False)
    return pareto_figure(
        values, (size, metric), pareto_front(scores), infeasible, numbers=row_numbers(evaluations)
    )
