"""The plots of a search with several objectives, from plain arrays."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from archrank.plot.labels import axis_label
from archrank.plot.links import link
from archrank.plot.style import EVOLUTION, INK, MUTED, PAPER, RUN, WIDTH, theme
from archrank.system.text import shortened

__all__ = ["Axis", "draw_pareto", "hypervolume_figure", "pareto_figure"]

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Axis:
    """An objective as an axis.

    Attributes:
        label: Its label.
        higher_is_better: Its direction.
    """

    label: str
    higher_is_better: bool = True

    def text(self, *, horizontal: bool = False) -> str:
        """The label with its direction, folded."""
        direction = "higher" if self.higher_is_better else "lower"
        return axis_label(f"{shortened(self.label)}, {direction} is better", horizontal=horizontal)


def pareto_figure(
    values: Floats,
    axes: Sequence[Axis],
    front: Flags,
    infeasible: Flags,
    best: Floats | None = None,
    *,
    joined: bool | None = None,
    numbers: Sequence[int] | None = None,
) -> Figure:
    """Plot the evaluations in the objectives' own units, and the Pareto front; one panel for each pair of objectives.

    Args:
        values: The K values of the n evaluations, NaN where one failed: (n, K).
        axes: The K objectives.
        front: Which are in the Pareto front: (n,).
        infeasible: Which violate a constraint: (n,).
        best: The Pareto front of a whole table, where one is known: (m, K).
        joined: Whether to draw the fronts as lines; None for K = 2 only, since the front of more objectives is no line
            in two of them.
        numbers: The numbers of the evaluations as links to their rows in a page: (n,); None for no links.
    """
    pairs = list(combinations(range(len(axes)), 2))
    with theme():
        figure = Figure(figsize=(WIDTH, 4.6 * len(pairs)), layout="constrained")
        panels = np.atleast_1d(figure.subplots(len(pairs), 1))
        for panel, pair in zip(panels, pairs, strict=True):
            pick = list(pair)
            seen = [axes[i] for i in pick]
            draw_pareto(
                panel,
                values[:, pick],
                seen,
                front,
                infeasible,
                None if best is None else best[:, pick],
                len(axes) == 2 if joined is None else joined,
                numbers,
            )
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper left", ncols=2, handlelength=1.6)
    return figure


def draw_pareto(
    panel: Axes,
    values: Floats,
    axes: Sequence[Axis],
    front: Flags,
    infeasible: Flags,
    best: Floats | None,
    joined: bool,
    numbers: Sequence[int] | None = None,
) -> None:
    """Draw two objectives into axes, without a legend.

    Args:
        panel: The axes to draw into.
        values: The two values of the n evaluations, NaN where one failed: (n, 2).
        axes: The two objectives.
        front: Which are in the Pareto front: (n,).
        infeasible: Which violate a constraint: (n,).
        best: The Pareto front of a whole table, where one is known: (m, 2).
        joined: Whether to draw the fronts as lines, which they are where these two are all objectives.
        numbers: The numbers of the evaluations as links to their rows in a page: (n,); None for no links.
    """
    x, y = values.T
    dominated = ~front & ~infeasible & ~np.isnan(values).any(axis=1)
    if best is not None and joined:
        dashes = (0, (5, 3))
        _line(
            panel, best, axes, color=INK, linewidth=1.1, linestyle=dashes, label="Pareto front of the table"
        )
    elif best is not None:
        panel.scatter(
            best[:, 0],
            best[:, 1],
            s=12,
            marker="+",
            color=INK,
            linewidth=0.8,
            label="Pareto front of the table",
        )
    dots = panel.scatter(
        x[dominated],
        y[dominated],
        s=15,
        color=MUTED,
        alpha=0.6,
        linewidth=0,
        label="dominated",
    )
    link(dots, numbers, dominated)
    if infeasible.any():
        dots = panel.scatter(
            x[infeasible],
            y[infeasible],
            s=24,
            marker="x",
            color=EVOLUTION,
            linewidth=1,
            label="violates a constraint",
        )
        link(dots, numbers, infeasible)
    if joined:
        _line(panel, values[front], axes, color=RUN, linewidth=1.8)
    dots = panel.scatter(
        x[front],
        y[front],
        s=34,
        color=RUN,
        edgecolor=PAPER,
        linewidth=0.6,
        zorder=6,
        label="Pareto front found",
    )
    link(dots, numbers, front)
    panel.set_xlabel(axes[0].text(horizontal=True))
    panel.set_ylabel(axes[1].text())
    fronts = values[front] if best is None else np.vstack([values[front], best])
    panel.set_xlim(_limits(values[:, 0], fronts[:, 0], axes[0]))
    panel.set_ylim(_limits(values[:, 1], fronts[:, 1], axes[1]))
    ends = np.sort([panel.get_xlim(), panel.get_ylim()], axis=1)
    beyond = (dominated | infeasible) & ((values < ends[:, 0]) | (values > ends[:, 1])).any(axis=1)
    if beyond.any():
        panel.set_title(
            f"{int(beyond.sum())} worse values are not shown",
            fontsize=8.5,
            fontweight="normal",
            color=MUTED,
            loc="right",
        )


def _line(panel: Axes, points: Floats, axes: Sequence[Axis], **look: Any) -> None:
    """A Pareto front of two objectives, as the border of the area that it dominates."""
    points = points[np.argsort(points[:, 0])]
    # Between two members the border runs along the worse value of each.
    panel.step(*points.T, where="pre" if axes[0].higher_is_better else "post", zorder=5, **look)


def _limits(values: Floats, fronts: Floats, axis: Axis) -> tuple[float, float]:
    """The range of an axis: all of the fronts, and all but the worst tenth of the other values."""
    sign = 1.0 if axis.higher_is_better else -1.0
    known = sign * values[~np.isnan(values)]
    shown = np.concatenate([sign * fronts, np.quantile(known, [0.1, 1.0]) if len(known) else known])
    low, high = (float(shown.min()), float(shown.max())) if len(shown) else (0.0, 1.0)
    pad = 0.05 * (high - low) or max(abs(high) * 0.01, 1e-3)
    left, right = sorted((sign * (low - pad), sign * (high + pad)))
    return left, right


def hypervolume_figure(
    curve: Floats, reference: Mapping[str, float], of_everything: float | None = None
) -> Figure:
    """Plot the hypervolume after every evaluation.

    Args:
        curve: The hypervolume: (n,).
        reference: The reference point, by objective.
        of_everything: The hypervolume of a whole table, where one is known; the curve is then a share of it.
    """
    share = bool(of_everything)
    with theme():
        figure = Figure(figsize=(WIDTH, 3.6), layout="constrained")
        axes = figure.subplots()
        steps = np.arange(1, len(curve) + 1)
        shown = 100 * curve / of_everything if of_everything else curve
        axes.plot(steps, shown, color=RUN, linewidth=2.2, drawstyle="steps-post")
        if share:
            axes.axhline(100, color=INK, linewidth=1.1, linestyle=(0, (5, 3)))
        axes.set_xlim(0.5, max(len(curve), 2) + 0.5)
        axes.xaxis.set_major_locator(MaxNLocator(8, integer=True, steps=[1, 2, 2.5, 5, 10]))
        corner = ", ".join(f"{shortened(name, 30)} {value:.4g}" for name, value in reference.items())
        axes.set_xlabel(f"number of evaluations\n(reference point: {corner})")
        axes.set_ylabel("hypervolume, % of the whole table's" if share else "hypervolume")
    return figure
