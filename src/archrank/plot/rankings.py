"""The plots of a comparison of encoders or losses, from rows of fits."""

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from archrank.plot.fits import Measure, grouped, percent, sizes_of
from archrank.plot.labels import legend_label
from archrank.plot.links import link
from archrank.plot.methods import MethodFigure
from archrank.plot.style import MUTED, operation_colors, theme
from archrank.ranking.metrics import N_AT

__all__ = ["n_at_k_figure", "precision_figure", "tau_figure"]

Row = Mapping[str, Any]

_PANELS = 3
"""Panels side by side."""

_CHANCE = "random order"
_DASHED: dict[str, Any] = {"linewidth": 1.1, "linestyle": (0, (4, 3))}


def tau_figure(rows: Sequence[Row], measure: Measure, what: str, pool: int) -> MethodFigure:
    """Plot tau against the training size: the mean over the seeds, and a band of one standard deviation.

    Args:
        rows: The results; each is a small dot, and a link to the row of a page if it has a ``number``.
        measure: Which tau.
        what: ``"encoders"`` or ``"losses"``: what is compared.
        pool: How many architectures may be trained on.
    """
    groups = grouped(rows, what)
    with theme():
        figure = MethodFigure(_labels(groups), operation_colors(groups), 4.4)
        axes = figure.subplots()
        for name, by_size in groups.items():
            known = {
                size: [row for row in fits if row[measure.column] is not None]
                for size, fits in sorted(by_size.items())
            }
            known = {size: fits for size, fits in known.items() if fits}
            values = [[float(fit[measure.column]) for fit in fits] for fits in known.values()]
            middle = np.array([statistics.fmean(some) for some in values])
            spread = np.array([statistics.stdev(some) if len(some) > 1 else 0.0 for some in values])
            if not known:
                continue
            for (size, fits), taus in zip(known.items(), values, strict=True):
                numbers = [int(fit["number"]) for fit in fits] if "number" in fits[0] else None
                dots = axes.scatter(
                    [size] * len(fits), taus, s=9, color=figure.colors[name], alpha=0.45, linewidth=0,
                )  # fmt: skip
                link(dots, numbers, np.ones(len(fits), dtype=bool))
                figure.mark(dots, name)
            curve = np.array([middle - spread, middle, middle + spread])
            words = "{:,.0f} training architectures".format
            figure.draw_line(axes, name, list(known), curve, words, marker="o", markersize=4.5)
        _size_axis(axes, sizes_of(rows), pool)
        axes.set_ylabel(f"{measure.title} on the test part")
        figure.add_legend()
    return figure


def precision_figure(rows: Sequence[Row], what: str, pool: int, tested: int) -> MethodFigure:
    """Plot Precision@K over K, the mean over the seeds, a panel for every training size.

    Args:
        rows: The results.
        what: ``"encoders"`` or ``"losses"``: what is compared.
        pool: How many architectures may be trained on.
        tested: How many are tested on.
    """

    def curve(fits: Sequence[Row]) -> tuple[Sequence[float], Any]:
        return fits[0]["curve_k"], np.mean([fit["precision_curve"] for fit in fits], axis=0)

    with theme():
        figure, panels = _panels(rows, what, pool, "Precision@K", curve, "K = {:,.0f}".format)
        ks = np.geomspace(1, tested, 100)
        for axes in panels:
            figure.draw_line(axes, _CHANCE, ks, ks / tested, "K = {:,.0f}".format, **_DASHED)
            axes.set_xscale("log")
            axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
            axes.set_ylim(-0.02, 1.02)
        figure.add_legend()
    return figure


def n_at_k_figure(rows: Sequence[Row], what: str, pool: int, tested: int) -> MethodFigure:
    """Plot N@K over K, the median over the seeds, a panel for every training size.

    Args:
        rows: The results.
        what: ``"encoders"`` or ``"losses"``: what is compared.
        pool: How many architectures may be trained on.
        tested: How many are tested on.
    """
    places = range(len(N_AT))

    def curve(fits: Sequence[Row]) -> tuple[Sequence[float], Any]:
        return places, [statistics.median(fit[f"n_at_{k}"] for fit in fits) for k in N_AT]

    def words(place: float) -> str:
        return f"K = {N_AT[int(place)]}"

    style: dict[str, Any] = {"marker": "o", "markersize": 4, "clip_on": False}
    with theme():
        figure, panels = _panels(rows, what, pool, "N@K, lower is better", curve, words, **style)
        chance = [1 + (tested - 1) * (1 - 0.5 ** (1 / k)) for k in N_AT]
        for axes in panels:
            figure.draw_line(axes, _CHANCE, places, chance, words, **_DASHED)
            axes.set_yscale("log")
            axes.set_ylim(1, max(2, tested))
            axes.yaxis.set_minor_locator(NullLocator())
            axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
            axes.set_xticks(places, labels=list(map(str, N_AT)))
        figure.add_legend()
    return figure


def _labels(groups: Mapping[str, Any]) -> dict[str, str]:
    return {name: legend_label(name) for name in groups}


def _panels(
    rows: Sequence[Row],
    what: str,
    pool: int,
    measure: str,
    curve: Callable[[Sequence[Row]], tuple[Sequence[float], Any]],
    words: Callable[[float], str],
    **style: Any,
) -> tuple[MethodFigure, list[Axes]]:
    """A panel for every training size, and in it a line for every label, through the points of ``curve(fits)``."""
    groups, sizes = grouped(rows, what), sizes_of(rows)
    columns = min(_PANELS, max(1, len(sizes)))
    lines = max(1, math.ceil(len(sizes) / columns))
    height = 1.0 + (2.5 if columns > 1 else 3.4) * lines
    figure = MethodFigure(
        {**_labels(groups), _CHANCE: _CHANCE}, {**operation_colors(groups), _CHANCE: MUTED}, height
    )
    every = list(figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False).flat)
    for axes, size in zip(every, sizes, strict=False):
        axes.set_title(f"{size:,} ({percent(size / pool)})", fontsize=9.5)
        for name, by_size in groups.items():
            if fits := by_size.get(size):
                figure.draw_line(axes, name, *curve(fits), words, **style)
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
