"""The distribution of a metric over a table and over the evaluated architectures."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from archrank.plot.labels import axis_label
from archrank.plot.search import Floats
from archrank.plot.style import INK, MUTED, RUN, WIDTH, theme

__all__ = ["distribution_figure", "draw_distribution"]


def distribution_figure(
    everything: Floats, evaluated: Floats, metric: str, *, higher_is_better: bool = True
) -> Figure:
    """Plot the distribution of a metric over the whole table and over the evaluated architectures.

    Args:
        everything: All values of the table; NaN are left out: (M,).
        evaluated: The values of the evaluated ones; NaN are left out: (n,).
        metric: What the values are, as the label of their axis.
        higher_is_better: Their direction.
    """
    with theme():
        figure = Figure(figsize=(WIDTH, 4.0), layout="constrained")
        axes = figure.subplots()
        draw_distribution(axes, everything, evaluated, metric, higher_is_better=higher_is_better)
        figure.legend(loc="outside upper left", ncols=4, handlelength=1.6, columnspacing=1.6)
    return figure


def draw_distribution(
    axes: Axes, everything: Floats, evaluated: Floats, metric: str, *, higher_is_better: bool = True
) -> None:
    """Draw them into axes, without a legend; the arguments are those of :func:`distribution_figure`."""
    everything, evaluated = everything[~np.isnan(everything)], evaluated[~np.isnan(evaluated)]
    sign = 1.0 if higher_is_better else -1.0
    best = sign * (sign * everything).max()
    # The worst values can be far away, so the last bar counts the worst tenth.
    worst = float(np.quantile(sign * everything, 0.10))
    span = sign * best - worst
    if span <= 0:
        span = max(abs(float(best)) * 0.01, 1e-3)
    edges = np.linspace(sign * best - 1.02 * span, sign * best + 0.02 * span, 41)
    for values, label, color, strength in (
        (everything, f"all {len(everything):,} in the table", MUTED, 0.35),
        (evaluated, f"the {len(evaluated):,} evaluated", RUN, 0.28),
    ):
        if len(values) == 0:
            continue
        inside = np.clip(sign * values, edges[0], edges[-1])
        share = 100 * np.histogram(inside, edges)[0] / len(values)
        bounds = sign * edges
        axes.stairs(share, bounds, fill=True, label=label, linewidth=0, color=color, alpha=strength)
        axes.stairs(share, bounds, color=color, linewidth=1.2)
    if len(evaluated):
        found = sign * (sign * evaluated).max()
        axes.axvline(found, color=RUN, linewidth=1.6, label=f"best found, {found:.5g}")
    axes.axvline(best, color=INK, linewidth=1.1, linestyle=(0, (5, 3)), label=f"the optimum, {best:.5g}")
    axes.set_xlim(min(sign * edges[0], sign * edges[-1]), max(sign * edges[0], sign * edges[-1]))
    axes.set_ylim(bottom=0)
    axes.grid(visible=False, axis="x")
    side = "leftmost" if higher_is_better else "rightmost"
    name = axis_label(metric if higher_is_better else f"{metric} (lower is better)", horizontal=True)
    axes.set_xlabel(f"{name}\nthe {side} bar counts everything worse than {sign * edges[1]:.4g} too")
    axes.set_ylabel("share of architectures (%)")
