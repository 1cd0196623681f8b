"""Predicted against measured."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure

from archrank.plot.labels import axis_label
from archrank.plot.links import link
from archrank.plot.search import Floats
from archrank.plot.style import MUTED, PAPER, WIDTH, theme

__all__ = ["draw_predictions", "prediction_figure"]

_FEWEST = 20
"""Of fewer architectures no rank correlation is shown: by chance alone it may be .3 or −.3."""


def prediction_figure(
    predicted: Floats,
    measured: Floats,
    rounds: npt.NDArray[np.int64],
    metric: str,
    *,
    higher_is_better: bool = True,
    numbers: Sequence[int] | None = None,
) -> Figure:
    """Plot measured values against the scores predicted when the architectures were proposed.

    Each round has its own predictor, whose scores have their own scale, so they are standardized per round.
    Up and right are always better: the axis of a metric to minimize is inverted.

    Args:
        predicted: Scores, higher is better, finite: (n,).
        measured: The measured values, in the metric's unit, finite: (n,).
        rounds: The round of each: (n,).
        metric: What the values are, as the label of their axis.
        higher_is_better: Their direction.
        numbers: The numbers of the evaluations as links to their rows in a page: (n,); None for no links.
    """
    with theme():
        figure = Figure(figsize=(WIDTH, 4.6), layout="constrained")
        draw_predictions(
            figure.subplots(),
            predicted,
            measured,
            rounds,
            metric,
            higher_is_better=higher_is_better,
            numbers=numbers,
        )
    return figure


def draw_predictions(
    axes: Axes,
    predicted: Floats,
    measured: Floats,
    rounds: npt.NDArray[np.int64],
    metric: str,
    *,
    higher_is_better: bool = True,
    numbers: Sequence[int] | None = None,
) -> None:
    """Draw predicted against measured into axes; the arguments are those of :func:`prediction_figure`."""
    present = np.unique(rounds)
    score = np.zeros(len(predicted))
    for number in present:
        mine = rounds == number
        spread = predicted[mine].std()
        score[mine] = (predicted[mine] - predicted[mine].mean()) / spread if spread > 0 else 0.0
    colors = colormaps["viridis"](np.linspace(0.2, 0.92, max(2, len(present))))
    palette = ListedColormap(colors[: len(present)])
    indices = np.searchsorted(present, rounds)
    sign = 1.0 if higher_is_better else -1.0
    goodness = sign * measured
    low, high = _without_outliers(goodness), float(goodness.max())
    inside = goodness >= low
    for marker, part in (("o", inside), ("v", ~inside)):
        dots = axes.scatter(
            score[part], sign * np.maximum(goodness[part], low), s=26, marker=marker,
            c=palette(indices[part]), linewidth=0.5, edgecolor=PAPER, clip_on=False, zorder=3,
        )  # fmt: skip
        link(dots, numbers, part)
    pad = 0.05 * (high - low) or max(abs(high) * 0.01, 1e-3)
    axes.set_ylim(sign * (low - pad), sign * (high + pad))
    if not inside.all():
        axes.text(
            0.99, 0.02, f"▾ {int((~inside).sum())} worse than this edge", transform=axes.transAxes,
            ha="right", fontsize=8.5, color=MUTED,
        )  # fmt: skip
    axes.set_xlabel("predicted score before evaluation, standardized within its round (right is better)")
    label = axis_label(metric)
    axes.set_ylabel(label if higher_is_better else f"{label}\n(lower is better, so the axis is inverted)")
    axes.set_title(_agreement(predicted, measured if higher_is_better else -measured, rounds))
    if len(present) > 1:
        bounds = np.arange(len(present) + 1) - 0.5
        bar = axes.figure.colorbar(
            ScalarMappable(BoundaryNorm(bounds.tolist(), palette.N), palette),
            ax=axes,
            pad=0.015,
            aspect=32,
        )
        ticks = range(0, len(present), -(-len(present) // 8))
        bar.set_ticks(list(ticks), labels=[str(present[t]) for t in ticks])
        bar.minorticks_off()
        bar.ax.tick_params(length=0)
        bar.outline.set_visible(False)
        bar.set_label("round")


def _agreement(predicted: Floats, measured: Floats, rounds: npt.NDArray[np.int64]) -> str:
    """Kendall's tau between prediction and measurement, as a title."""
    from scipy.stats import kendalltau

    count = f"{len(measured)} architectures"
    if len(measured) < _FEWEST:
        return f"{count}, too few for a rank correlation"
    taus = []
    for number in np.unique(rounds):
        mine = rounds == number
        if len(np.unique(predicted[mine])) > 1 and len(np.unique(measured[mine])) > 1:
            taus.append(float(kendalltau(predicted[mine], measured[mine]).statistic))
    if not taus:
        return f"{count}, without an order to compare"
    mean = f"{np.mean(taus):+.2f}".replace("-", "−")
    rounds_of = f"{len(taus)} rounds, " if len(taus) > 1 else ""
    return f"Kendall's tau within a round: {mean} ({rounds_of}{count})"


def _without_outliers(goodness: Floats) -> float:
    """The lowest value that is not far below the others."""
    q1, q3 = np.quantile(goodness, (0.25, 0.75))
    near = goodness[goodness >= q1 - 4 * (q3 - q1)]
    return float(near.min())
