"""The plots of a comparison of encoders or losses, from rows of fits."""

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from archrank.plot.fits import Measure, grouped, percent, sizes_of
from archrank.plot.labels import legend_label
from archrank.plot.style import MUTED, WIDTH, legend_above, operation_colors, theme
from archrank.ranking.metrics import N_AT

__all__ = ["n_at_k_figure", "precision_figure", "tau_figure"]

Row = Mapping[str, Any]

_PANELS = 3
"""Panels side by side."""

_CHANCE: dict[str, Any] = {
    "color": MUTED,
    "linewidth": 1.1,
    "linestyle": (0, (4, 3)),
    "label": "random order",
}


def tau_figure(rows: Sequence[Row], measure: Measure, what: str, pool: int) -> Figure:
    """Plot tau against the training size: the mean over the seeds, and a band of one standard deviation.

    Args:
        rows: The results.
        measure: Which tau.
        what: ``"encoders"`` or ``"losses"``: what is compared.
        pool: How many architectures may be trained on.
    """
    groups = grouped(rows, what)
    colors = operation_colors(groups)
    with theme():
        figure = Figure(figsize=(WIDTH, 4.4), layout="constrained")
        axes = figure.subplots()
        for name, by_size in groups.items():
            x, middle, spread = [], [], []
            for size in sorted(by_size):
                values = [row[measure.column] for row in by_size[size] if row[measure.column] is not None]
                if values:
                    x.append(size)
                    middle.append(statistics.fmean(values))
                    spread.append(statistics.stdev(values) if len(values) > 1 else 0.0)
            low, high = np.subtract(middle, spread), np.add(middle, spread)
            axes.fill_between(x, low, high, color=colors[name], alpha=0.16, linewidth=0)
            axes.plot(
                x,
                middle,
                color=colors[name],
                label=legend_label(name),
                linewidth=1.8,
                marker="o",
                markersize=4.5,
            )
        _size_axis(axes, sizes_of(rows), pool)
        axes.set_ylabel(f"{measure.title} on the test part")
        legend_above(figure, axes)
    return figure


def precision_figure(rows: Sequence[Row], what: str, pool: int, tested: int) -> Figure:
    """Plot Precision@K over K, the mean over the seeds, a panel for every training size.

    Args:
        rows: The results.
        what: ``"encoders"`` or ``"losses"``: what is compared.
        pool: How many architectures may be trained on.
        tested: How many are tested on.
    """
    with theme():
        figure, panels = _panels(rows, what, pool, "Precision@K", _precision)
        ks = np.geomspace(1, tested, 100)
        for axes in panels:
            axes.plot(ks, ks / tested, **_CHANCE)
            axes.set_xscale("log")
            axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
            axes.set_ylim(-0.02, 1.02)
        legend_above(figure, panels[0])
    return figure


def _precision(axes: Axes, fits: Sequence[Row], **style: Any) -> None:
    mean = np.mean([fit["precision_curve"] for fit in fits], axis=0)
    axes.plot(fits[0]["curve_k"], mean, **style)


def n_at_k_figure(rows: Sequence[Row], what: str, pool: int, tested: int) -> Figure:
    """Plot N@K over K, the median over the seeds, a panel for every training size.

    Args:
        rows: The results.
        what: ``"encoders"`` or ``"losses"``: what is compared.
        pool: How many architectures may be trained on.
        tested: How many are tested on.
    """
    places = range(len(N_AT))
    with theme():
        figure, panels = _panels(rows, what, pool, "N@K, lower is better", _n_at_k)
        chance = [1 + (tested - 1) * (1 - 0.5 ** (1 / k)) for k in N_AT]
        for axes in panels:
            axes.plot(places, chance, **_CHANCE)
            axes.set_yscale("log")
            axes.set_ylim(1, max(2, tested))
            axes.yaxis.set_minor_locator(NullLocator())
            axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
            axes.set_xticks(places, labels=list(map(str, N_AT)))
        legend_above(figure, panels[0])
    return figure


def _n_at_k(axes: Axes, fits: Sequence[Row], **style: Any) -> None:
    medians = [statistics.median(fit[f"n_at_{k}"] for fit in fits) for k in N_AT]
    axes.plot(range(len(N_AT)), medians, marker="o", markersize=4, clip_on=False, **style)


def _panels(
    rows: Sequence[Row], what: str, pool: int, measure: str, draw: Callable[..., None]
) -> tuple[Figure, list[Axes]]:
    """A panel for every training size, and in it a line for every label: ``draw(axes, fits, **style)``."""
    groups, sizes = grouped(rows, what), sizes_of(rows)
    colors = operation_colors(groups)
    columns = min(_PANELS, max(1, len(sizes)))
    lines = max(1, math.ceil(len(sizes) / columns))
    height = 1.0 + (2.5 if columns > 1 else 3.4) * lines
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    every = list(figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False).flat)
    for axes, size in zip(every, sizes, strict=False):
        axes.set_title(f"{size:,} ({percent(size / pool)})", fontsize=9.5)
        for name, by_size in groups.items():
            if fits := by_size.get(size):
                draw(axes, fits, color=colors[name], label=legend_label(name), linewidth=1.6)
    for axes in every[max(1, len(sizes)) :]:
        axes.set_visible(False)
    # A panel above an empty place shows the tick labels that the panel below it would have shown.
    for axes in every[max(0, len(sizes) - columns) : len(sizes)]:
        axes.tick_params(labelbottom=True)
    figure.supxlabel("K", fontsize=9.5)
    figure.supylabel(measure, fontsize=9.5)
    return figure, every[: len(sizes)]


def _size_axis(axes: Axes, sizes: Sequence[int], pool: int) -> None:
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator(list(sizes)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda size, _: f"{round(size):,}\n{percent(size / pool)}"))
    axes.set_xlabel("training architectures, and their share of the pool (log scale)")
