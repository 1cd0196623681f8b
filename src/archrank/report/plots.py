"""The plots of a search, from plain arrays."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from archrank.report.distances import distance_axis, distance_floor
from archrank.report.style import (
    FAILED,
    INFEASIBLE,
    INK,
    MUTED,
    PAPER,
    REASONS,
    RUN,
    axis_label,
    legend_label,
    theme,
)
from archrank.text import shortened

__all__ = ["Band", "distribution_figure", "prediction_figure", "search_figure"]

Floats = npt.NDArray[np.float64]

_WIDTH = 7.4
_LOWER = "lower is better"


@dataclass(frozen=True, slots=True)
class Band:
    """What another way to search would have found by then.

    Attributes:
        label: Its name in the legend.
        colour: Its colour.
        middle: The median of the best value so far, in the metric's own unit: (n,).
        low: The quartile below it: (n,).
        high: The quartile above it: (n,).
    """

    label: str
    colour: str
    middle: Floats
    low: Floats
    high: Floats


def search_figure(
    values: Floats,
    reasons: Sequence[str],
    metric: str,
    *,
    higher_is_better: bool = True,
    bands: Sequence[Band] = (),
    optimum: float | None = None,
) -> Figure:
    """Plot the best value so far, and below it, where the optimum is known, how far it is from there.

    Args:
        values: What each evaluation gave, NaN where it failed, in the order of evaluating: (n,).
        reasons: Why each was evaluated, or ``"infeasible"`` where its value is NaN for breaking a constraint: (n,).
        metric: What the values are, as the label of their axis.
        higher_is_better: Their direction.
        bands: Other searches to compare with.
        optimum: The best value that there is; None where nobody knows.
    """
    sign = 1.0 if higher_is_better else -1.0
    best = sign * np.fmax.accumulate(sign * values)
    distance = optimum is not None and not np.isnan(best).all()
    with theme():
        figure = Figure(figsize=(_WIDTH, 6.3 if distance else 4.4), layout="constrained")
        if distance:
            upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(1.75, 1))
        else:
            upper, lower = figure.subplots(), None
        _best_panel(upper, values, reasons, best, bands, optimum, sign)
        label = axis_label(metric)
        upper.set_ylabel(label if higher_is_better else f"{label}\n({_LOWER})")
        if lower is not None and optimum is not None:
            _regret_panel(lower, best, bands, optimum, sign)
        bottom = lower or upper
        bottom.set_xlabel("number of evaluations")
        bottom.set_xlim(0.5, max(len(values), 2) + 0.5)
        bottom.xaxis.set_major_locator(MaxNLocator(8, integer=True, steps=[1, 2, 2.5, 5, 10]))
        handles, labels = upper.get_legend_handles_labels()
        figure.legend(
            handles,
            labels,
            loc="outside upper left",
            ncols=2,
            handlelength=1.6,
            columnspacing=1.6,
            markerscale=1.5,
        )
    return figure


def _best_panel(
    axes: Axes,
    values: Floats,
    reasons: Sequence[str],
    best: Floats,
    bands: Sequence[Band],
    optimum: float | None,
    sign: float,
) -> None:
    steps = np.arange(1, len(values) + 1)
    axes.plot(
        steps, best, color=RUN, linewidth=2.2, drawstyle="steps-post", label="this run, best so far", zorder=5
    )
    for band in bands:
        x = np.arange(1, len(band.middle) + 1)
        axes.fill_between(x, band.low, band.high, color=band.colour, alpha=0.16, linewidth=0)
        axes.plot(x, band.middle, color=band.colour, linewidth=1.5, label=legend_label(band.label), zorder=4)
    if optimum is not None:
        axes.axhline(
            optimum, color=INK, linewidth=1.1, linestyle=(0, (5, 3)), label=f"the optimum, {optimum:.5g}"
        )
    limits = _interesting(values, best, bands, optimum, sign)
    edge = limits[0]
    inside = sign * values >= sign * edge
    kinds = np.array(reasons, dtype=object)
    for reason in sorted(set(reasons) - {INFEASIBLE}, key=lambda r: [*REASONS, r].index(r)):
        mine = (kinds == reason) & ~np.isnan(values)
        colour = REASONS.get(reason, MUTED)
        axes.scatter(
            steps[mine & inside], values[mine & inside], s=15, color=colour, alpha=0.85, linewidth=0.4,
            edgecolor=PAPER, label=f"evaluated: {shortened(reason, 40)}", zorder=6,
        )  # fmt: skip
        outside = mine & ~inside
        axes.scatter(
            steps[outside], np.full(int(outside.sum()), edge), s=13, marker="v" if sign > 0 else "^",
            color=colour, alpha=0.7, linewidth=0, clip_on=False, zorder=6,
        )  # fmt: skip
    if (beyond := int((~inside & ~np.isnan(values)).sum())) > 0:
        axes.annotate(
            f"{'▾' if sign > 0 else '▴'} {beyond} evaluated beyond this edge", (1, 0 if sign > 0 else 1),
            xycoords="axes fraction", xytext=(-2, 7 if sign > 0 else -7), textcoords="offset points",
            ha="right", va="bottom" if sign > 0 else "top", fontsize=8.5, color=MUTED, zorder=7,
            bbox={"facecolor": PAPER, "edgecolor": "none", "alpha": 0.85, "pad": 1.5},
        )  # fmt: skip
    broken = kinds == INFEASIBLE
    for lost, marker, colour, label in (
        (np.isnan(values) & ~broken, "x", FAILED, "failed"),
        (broken, "|", MUTED, "breaks a constraint"),
    ):
        if lost.any():
            axes.scatter(
                steps[lost], np.full(int(lost.sum()), edge), s=26, marker=marker, color=colour, linewidth=1.4,
                clip_on=False, label=label, zorder=7,
            )  # fmt: skip
    axes.set_ylim(min(limits), max(limits))


def _interesting(
    values: Floats, best: Floats, bands: Sequence[Band], optimum: float | None, sign: float
) -> tuple[float, float]:
    """The part of the value axis where the curves move: from their early height to just above the best."""
    early = min(len(values) - 1, max(2, len(values) // 20))
    tops = [sign * v for v in (best[-1], optimum if optimum is not None else np.nan) if not np.isnan(v)]
    starts = [sign * best[early]] + [
        sign * (band.low if sign > 0 else band.high)[min(early, len(band.low) - 1)] for band in bands
    ]
    starts = [start for start in starts if not np.isnan(start)]
    if not tops:
        return (0.0, 1.0)
    top = max(tops)
    start = min(starts, default=top)
    finite = sign * values[~np.isnan(values)]
    if top - start < 1e-12:
        start = (
            float(finite.min()) if len(finite) and finite.min() < top else top - max(abs(top) * 0.01, 1e-3)
        )
    span = top - start
    # Without curves to show, few evaluations are worth seeing all.
    low = start - 0.3 * span
    if len(finite) and len(values) < 20 and not bands:
        low = min(low, float(finite.min()) - 0.05 * (top - float(finite.min())))
    return sign * low, sign * (top + 0.08 * (top - low))


def _regret_panel(axes: Axes, best: Floats, bands: Sequence[Band], optimum: float, sign: float) -> None:
    def regret(found: Floats) -> Floats:
        return np.maximum(sign * (optimum - found), 0.0)

    lines = [regret(best), *(regret(part) for band in bands for part in (band.middle, band.low, band.high))]
    seen = np.concatenate(lines)
    floor = distance_floor(seen)

    def shown(found: Floats) -> Floats:
        return np.where(np.isnan(found), np.nan, np.maximum(regret(found), floor))

    for band in bands:
        x = np.arange(1, len(band.middle) + 1)
        axes.fill_between(x, shown(band.low), shown(band.high), color=band.colour, alpha=0.16, linewidth=0)
        axes.plot(x, shown(band.middle), color=band.colour, linewidth=1.5)
    steps = np.arange(1, len(best) + 1)
    axes.plot(steps, shown(best), color=RUN, linewidth=2.2, drawstyle="steps-post", zorder=5)
    early = min(len(best) - 1, max(2, len(best) // 20))
    late_part = np.concatenate([line[min(early, len(line) - 1) :] for line in lines])
    distance_axis(axes, seen, top=float(np.nanmax(late_part, initial=floor)) * 1.6)
    axes.set_ylabel("distance from optimum\n(log scale)")
    if np.any(regret(best) == 0):
        first = int(np.argmax(regret(best) == 0))
        axes.scatter(
            [steps[first]], [floor], s=42, color=RUN, edgecolor=PAPER, linewidth=1, zorder=8, clip_on=False
        )
        late = first > 0.6 * len(best)
        axes.annotate(
            f"optimum found at evaluation {steps[first]}", (float(steps[first]), floor),
            xytext=(-8 if late else 8, 9), textcoords="offset points", ha="right" if late else "left",
            va="bottom", fontsize=9, color=RUN, zorder=9,
            bbox={"facecolor": PAPER, "edgecolor": "none", "alpha": 0.85, "pad": 1.5},
        )  # fmt: skip


def prediction_figure(
    predicted: Floats,
    measured: Floats,
    rounds: npt.NDArray[np.int64],
    metric: str,
    *,
    higher_is_better: bool = True,
) -> Figure:
    """Plot what was measured against what had been predicted when the architecture was proposed.

    Each round has a predictor of its own whose scores have their own scale, so they are standardised per
    round. Up and right are always better: the axis of a metric that should be low is turned.

    Args:
        predicted: Scores, higher is better, finite: (n,).
        measured: What was measured then, in the metric's own unit, finite: (n,).
        rounds: The round of each: (n,).
        metric: What the values are, as the label of their axis.
        higher_is_better: Their direction.
    """
    present = np.unique(rounds)
    score = np.zeros(len(predicted))
    for number in present:
        mine = rounds == number
        spread = predicted[mine].std()
        score[mine] = (predicted[mine] - predicted[mine].mean()) / spread if spread > 0 else 0.0
    with theme():
        figure = Figure(figsize=(_WIDTH, 4.6), layout="constrained")
        axes = figure.subplots()
        colours = colormaps["viridis"](np.linspace(0.2, 0.92, max(2, len(present))))
        palette = ListedColormap(colours[: len(present)])
        places = np.searchsorted(present, rounds)
        sign = 1.0 if higher_is_better else -1.0
        goodness = sign * measured
        low, high = _without_outliers(goodness), float(goodness.max())
        inside = goodness >= low
        for marker, part in (("o", inside), ("v", ~inside)):
            axes.scatter(
                score[part], sign * np.maximum(goodness[part], low), s=26, marker=marker,
                c=palette(places[part]), linewidth=0.5, edgecolor=PAPER, clip_on=False, zorder=3,
            )  # fmt: skip
        pad = 0.05 * (high - low) or max(abs(high) * 0.01, 1e-3)
        axes.set_ylim(sign * (low - pad), sign * (high + pad))
        if not inside.all():
            axes.text(
                0.99, 0.02, f"▾ {int((~inside).sum())} worse than this edge", transform=axes.transAxes,
                ha="right", fontsize=8.5, color=MUTED,
            )  # fmt: skip
        axes.set_xlabel("predicted score before evaluation, standardised within its round (right is better)")
        label = axis_label(metric)
        axes.set_ylabel(label if higher_is_better else f"{label}\n({_LOWER}, so the axis is turned)")
        axes.set_title(_agreement(predicted, measured if higher_is_better else -measured, rounds))
        if len(present) > 1:
            bounds = np.arange(len(present) + 1) - 0.5
            bar = figure.colorbar(
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
    return figure


def _agreement(predicted: Floats, measured: Floats, rounds: npt.NDArray[np.int64]) -> str:
    """Kendall's tau between prediction and measurement, as a title."""
    from scipy.stats import kendalltau

    taus = []
    for number in np.unique(rounds):
        mine = rounds == number
        if len(np.unique(predicted[mine])) > 1 and len(np.unique(measured[mine])) > 1:
            taus.append(float(kendalltau(predicted[mine], measured[mine]).statistic))
    if not taus:
        return "Predicted against measured"
    mean = f"{np.mean(taus):+.2f}".replace("-", "−")
    return f"Kendall's tau within a round: {mean}" + (
        f" (mean of {len(taus)} rounds)" if len(taus) > 1 else ""
    )


def _without_outliers(goodness: Floats) -> float:
    """The least value that is not far below the rest."""
    q1, q3 = np.quantile(goodness, (0.25, 0.75))
    near = goodness[goodness >= q1 - 4 * (q3 - q1)]
    return float(near.min())


def distribution_figure(
    everything: Floats, evaluated: Floats, metric: str, *, higher_is_better: bool = True
) -> Figure:
    """Plot how good all architectures of the table are, and how good those are that were evaluated.

    Args:
        everything: All values of the table; NaN are left out: (M,).
        evaluated: The values of the evaluated ones; NaN are left out: (n,).
        metric: What the values are, as the label of their axis.
        higher_is_better: Their direction.
    """
    everything, evaluated = everything[~np.isnan(everything)], evaluated[~np.isnan(evaluated)]
    sign = 1.0 if higher_is_better else -1.0
    best = sign * (sign * everything).max()
    # The bad end is long: what lies beyond the worst tenth is counted in the last bar.
    worst = float(np.quantile(sign * everything, 0.10))
    span = sign * best - worst
    if span <= 0:
        span = max(abs(float(best)) * 0.01, 1e-3)
    edges = np.linspace(sign * best - 1.02 * span, sign * best + 0.02 * span, 41)
    with theme():
        figure = Figure(figsize=(_WIDTH, 4.0), layout="constrained")
        axes = figure.subplots()
        for values, label, colour, strength in (
            (everything, f"all {len(everything):,} in the table", MUTED, 0.35),
            (evaluated, f"the {len(evaluated):,} evaluated", RUN, 0.28),
        ):
            if len(values) == 0:
                continue
            inside = np.clip(sign * values, edges[0], edges[-1])
            share = 100 * np.histogram(inside, edges)[0] / len(values)
            bounds = sign * edges
            axes.stairs(share, bounds, fill=True, label=label, linewidth=0, color=colour, alpha=strength)
            axes.stairs(share, bounds, color=colour, linewidth=1.2)
        if len(evaluated):
            found = sign * (sign * evaluated).max()
            axes.axvline(found, color=RUN, linewidth=1.6, label=f"best found, {found:.5g}")
        axes.axvline(best, color=INK, linewidth=1.1, linestyle=(0, (5, 3)), label=f"the optimum, {best:.5g}")
        axes.set_xlim(min(sign * edges[0], sign * edges[-1]), max(sign * edges[0], sign * edges[-1]))
        axes.set_ylim(bottom=0)
        axes.grid(visible=False, axis="x")
        side = "leftmost" if higher_is_better else "rightmost"
        name = axis_label(metric if higher_is_better else f"{metric} ({_LOWER})")
        axes.set_xlabel(f"{name}\nthe {side} bar counts everything worse than {sign * edges[1]:.4g} too")
        axes.set_ylabel("share of architectures (%)")
        figure.legend(loc="outside upper left", ncols=4, handlelength=1.6, columnspacing=1.6)
    return figure
