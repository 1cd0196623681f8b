"""Figures of the result of a search, for notebooks and scripts."""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from archrank.benchmarks.table import Table
from archrank.errors import ArchrankError, UnknownName
from archrank.plot.bands import comparison_bands
from archrank.plot.distributions import distribution_figure, draw_distribution
from archrank.plot.labels import metric_label
from archrank.plot.objectives import Axis, draw_pareto, hypervolume_figure, pareto_figure
from archrank.plot.predictions import draw_predictions, prediction_figure
from archrank.plot.search import Floats, draw_search, search_figure
from archrank.plot.style import theme
from archrank.plot.training import draw_curves, learning_figure, read_curves
from archrank.study.objectives import of_feasible
from archrank.study.pareto import dominated_volume, pareto_front
from archrank.study.result import SearchResult

__all__ = ["curve", "distribution", "hypervolume", "learning_curves", "pareto", "predicted"]


def curve(result: SearchResult, *, compare: bool = True, ax: Axes | None = None) -> Axes:
    """Plot the best value so far by the number of evaluations.

    After the search of a table, the figure also shows the optimum, the distance from it, and what random search and
    evolution find.

    Args:
        result: What a search found.
        compare: Whether to show random search and evolution, which takes one second or more.
        ax: Axes to draw into; None for a new figure.

    Raises:
        ArchrankError: The search has no evaluation.

    >>> import archrank as ar
    >>> table = ar.load_benchmark("analog-nasbench")
    >>> result = ar.search(table, strategy="random", budget=8)
    >>> ar.plot.curve(result, compare=False).get_ylabel()
    'baseline_accuracy (split not stated, one run)'
    """
    result = _checked(result)
    table, metric = _feasible(result), result.metric
    values = _values(result)
    reasons = [e.state if e.state == "infeasible" else e.reason for e in result.evaluations]
    bands = (
        comparison_bands(table, metric, len(values))
        if table is not None and compare and result.fidelities is None
        else ()
    )
    optimum = None if table is None else table.optimum(metric)[1]

    def draw(axes: Axes) -> None:
        draw_search(
            axes,
            values,
            reasons,
            _label(result, metric),
            higher_is_better=result.maximize,
            bands=bands,
            optimum=optimum,
        )

    def figure() -> Figure:
        return search_figure(
            values,
            reasons,
            _label(result, metric),
            higher_is_better=result.maximize,
            bands=bands,
            optimum=optimum,
        )

    return _axes(ax, draw, figure)


def predicted(result: SearchResult, *, ax: Axes | None = None) -> Axes:
    """Plot measured values against the scores predicted before.

    Scores are standardized within each round, because each round has its own predictor.

    Args:
        result: What a search found.
        ax: Axes to draw into; None for a new figure.

    Raises:
        ArchrankError: Fewer than two evaluations were predicted and measured.
    """
    result = _checked(result)
    values = _values(result)
    scores = np.array([np.nan if e.predicted is None else e.predicted for e in result.evaluations])
    rounds = np.array([e.round for e in result.evaluations], dtype=np.int64)
    known = ~np.isnan(values) & ~np.isnan(scores)
    if known.sum() < 2:
        raise ArchrankError(
            f"{int(known.sum())} of the {len(values)} evaluations were predicted and then measured, expected 2 or "
            "more: a guided search predicts after its initial random architectures"
        )
    data = scores[known], values[known], rounds[known], _label(result, result.metric)
    return _axes(
        ax,
        lambda axes: draw_predictions(axes, *data, higher_is_better=result.maximize),
        lambda: prediction_figure(*data, higher_is_better=result.maximize),
    )


def pareto(result: SearchResult, objectives: Sequence[str] | None = None, *, ax: Axes | None = None) -> Axes:
    """Plot two objectives of all evaluations, and the Pareto front.

    Args:
        result: What a search with several objectives found.
        objectives: The names of the two to show; None for the first two.
        ax: Axes to draw into; None for a new figure.

    Raises:
        ArchrankError: The search had one objective, or not two are named.
        UnknownName: It did not have one of those named.
    """
    result = _checked(result)
    known = list(result.objectives.directions)
    chosen = known[:2] if objectives is None else list(objectives)
    for name in chosen:
        if name not in known:
            raise UnknownName("objective", name, known)
    if len(set(chosen)) != 2:
        raise ArchrankError(
            f"a Pareto plot shows 2 objectives, not {chosen}: this search had {', '.join(known)}"
            + ("; archrank.plot.curve shows a search with one" if len(known) == 1 else "")
        )
    values = np.array([[_number(e.values.get(name)) for name in chosen] for e in result.evaluations])
    front = pareto_front(result.scores())
    infeasible = np.array([e.state == "infeasible" for e in result.evaluations], dtype=bool)
    best = None
    if (table := _feasible(result)) is not None:
        of_table = pareto_front(np.stack([table.scores(name) for name in known], axis=1))
        best = np.stack([table.column(name)[of_table] for name in chosen], axis=1)
    shown = [Axis(_label(result, name), result.objectives.directions[name] == "maximize") for name in chosen]
    joined = len(known) == 2
    return _axes(
        ax,
        lambda axes: draw_pareto(axes, values, shown, front, infeasible, best, joined),
        lambda: pareto_figure(values, shown, front, infeasible, best, joined=joined),
    )


def hypervolume(result: SearchResult) -> Axes:
    """Plot the hypervolume that the Pareto front dominates by the number of evaluations.

    Args:
        result: What a search with several objectives found.

    Raises:
        ArchrankError: The search had one objective, or nothing was measured.
    """
    result = _checked(result)
    names = list(result.objectives.directions)
    table = _feasible(result)
    everything = None if table is None else np.stack([table.scores(name) for name in names], axis=1)
    volume = None
    if len(names) > 1:
        volume = dominated_volume(result.scores(), np.array(result.objectives.signs), everything)
    if volume is None:
        raise ArchrankError(
            "a hypervolume needs several objectives and an evaluation with all of them; this search had "
            f"{', '.join(names)}"
        )
    record = volume.record(names)
    figure = hypervolume_figure(np.array(record["curve"]), record["reference"], record["of_everything"])
    return figure.axes[0]


def distribution(result: SearchResult, *, ax: Axes | None = None) -> Axes:
    """Plot the distribution of the values of the evaluated architectures, and of the whole table.

    Args:
        result: What the search of a table found.
        ax: Axes to draw into; None for a new figure.

    Raises:
        ArchrankError: No table was searched.
    """
    result = _checked(result)
    table = _feasible(result)
    if table is None:
        raise ArchrankError(
            f"{result!r} is not the result of searching a table, so the values of other architectures are unknown"
        )
    data = table.column(result.metric), _values(result), _label(result, result.metric)
    return _axes(
        ax,
        lambda axes: draw_distribution(axes, *data, higher_is_better=result.maximize),
        lambda: distribution_figure(*data, higher_is_better=result.maximize),
    )


def learning_curves(run: SearchResult | str | os.PathLike[str], *, ax: Axes | None = None) -> Axes:
    """Plot the validation accuracy of all training runs of a search by epoch.

    Args:
        run: What a search that trained found, or its folder.
        ax: Axes to draw into; None for a new figure.

    Raises:
        ArchrankError: There are no learning curves.
    """
    folder = run.folder if isinstance(run, SearchResult) else Path(run)
    curves = [] if folder is None else read_curves(Path(folder))
    if not curves:
        raise ArchrankError(
            f"{'a search without a folder' if folder is None else folder} holds no learning curves: a search leaves "
            "them in its folder when it trains (evaluator train)"
        )
    return _axes(ax, lambda axes: draw_curves(axes, curves), lambda: learning_figure(curves))


def _axes(ax: Axes | None, draw: Callable[[Axes], None], figure: Callable[[], Figure]) -> Axes:
    """Draw into the given axes with a legend inside, or into a new figure."""
    if ax is None:
        return figure().axes[0]
    if not isinstance(ax, Axes):
        raise ArchrankError(f"ax is {ax!r}, expected matplotlib axes, as plt.gca() gives them")
    with theme():
        draw(ax)
        if ax.get_legend_handles_labels()[0]:
            ax.legend()
    return ax


def _checked(result: object) -> SearchResult:
    """The result, with whole trainings alone: values after fewer epochs cannot be compared with theirs."""
    if not isinstance(result, SearchResult):
        raise ArchrankError(f"{result!r:.200} is no SearchResult, as archrank.search returns it")
    whole = tuple(evaluation for evaluation in result.evaluations if evaluation.whole)
    if not whole:
        raise ArchrankError("the search has no evaluations to plot")
    return result if len(whole) == len(result.evaluations) else replace(result, evaluations=whole)


def _feasible(result: SearchResult) -> Table | None:
    """The table, without what violates the constraints."""
    return None if result.table is None else of_feasible(result.table, result.objectives)


def _values(result: SearchResult) -> Floats:
    """The values of the evaluations, NaN where one failed or violates a constraint: (n,)."""
    return np.array([_number(e.value) if e.state == "measured" else np.nan for e in result.evaluations])


def _number(value: float | None) -> float:
    return np.nan if value is None else float(value)


def _label(result: SearchResult, name: str) -> str:
    return name if result.table is None else metric_label(result.table.metric(name))
