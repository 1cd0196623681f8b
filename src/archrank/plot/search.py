"""The plots of a search, from plain arrays."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from archrank.plot.labels import axis_label, legend_label
from archrank.plot.links import link
from archrank.plot.log_axis import log_axis, zero_height
from archrank.plot.style import FAILED, INFEASIBLE, INK, MUTED, PAPER, REASONS, RUN, WIDTH, theme, widths
from archrank.system.text import shortened

__all__ = ["Band", "draw_search", "search_figure"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Band:
    """What another strategy finds with the same number of evaluations.

    Attributes:
        label: Its name in the legend.
        color: Its color.
        middle: The median of the best value so far, in the metric's own unit: (n,).
        low: The quartile below it: (n,).
        high: The quartile above it: (n,).
    """

    label: str
    color: str
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
    numbers: Sequence[int] | None = None,
) -> Figure:
    """Plot the best value so far and, where the optimum is known, its distance from the optimum below.

    Args:
        values: The value of each evaluation, NaN where it failed, in the order of evaluation: (n,).
        reasons: Why each was proposed, or ``"infeasible"`` where its value is NaN for violating a constraint: (n,).
        metric: What the values are, as the label of their axis.
        higher_is_better: Their direction.
        bands: Other searches to compare with.
        optimum: The best value of the table; None where it is unknown.
        numbers: The numbers of the evaluations as links to their rows in a page: (n,); None for no links.
    """
    sign = 1.0 if higher_is_better else -1.0
    best = sign * np.fmax.accumulate(sign * values)
    distance = optimum is not None and not np.isnan(best).all()
    with theme():
        figure = Figure(figsize=(WIDTH, 6.3 if distance else 4.4), layout="constrained")
        if distance:
            upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(1.75, 1))
        else:
            upper, lower = figure.subplots(), None
        draw_search(
            upper,
            values,
            reasons,
            metric,
            higher_is_better=higher_is_better,
            bands=bands,
            optimum=optimum,
            numbers=numbers,
        )
        if lower is not None and optimum is not None:
            upper.set_xlabel("")
            _regret_panel(lower, best, bands, optimum, sign)
            _count_axis(lower, len(values))
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


def draw_search(
    axes: Axes,
    values: Floats,
    reasons: Sequence[str],
    metric: str,
    *,
    higher_is_better: bool = True,
    bands: Sequence[Band] = (),
    optimum: float | None = None,
    numbers: Sequence[int] | None = None,
) -> None:
    """Draw the best value so far into axes, without a legend; the arguments are those of :func:`search_figure`."""
    sign = 1.0 if higher_is_better else -1.0
    best = sign * np.fmax.accumulate(sign * values)
    _best_panel(axes, values, reasons, best, bands, optimum, sign, numbers)
    label = axis_label(metric)
    axes.set_ylabel(label if higher_is_better else f"{label}\n(lower is better)")
    _count_axis(axes, len(values))


def _count_axis(axes: Axes, count: int) -> None:
    axes.set_xlabel("number of evaluations")
    axes.set_xlim(0.5, max(count, 2) + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True, steps=[1, 2, 2.5, 5, 10]))


def _best_panel(
    axes: Axes,
    values: Floats,
    reasons: Sequence[str],
    best: Floats,
    bands: Sequence[Band],
    optimum: float | None,
    sign: float,
    numbers: Sequence[int] | None,
) -> None:
    steps = np.arange(1, len(values) + 1)
    run, *others = widths(1 + len(bands))
    axes.plot(
        steps,
        best,
        color=RUN,
        linewidth=max(run, 2.2),
        drawstyle="steps-post",
        label="this run, best so far",
        zorder=4,
    )
    for band, width in zip(bands, others, strict=True):
        x = np.arange(1, len(band.middle) + 1)
        axes.fill_between(x, band.low, band.high, color=band.color, alpha=0.16, linewidth=0)
        axes.plot(x, band.middle, color=band.color, linewidth=width, label=legend_label(band.label), zorder=5)
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
        color = REASONS.get(reason, MUTED)
        dots = axes.scatter(
            steps[mine & inside], values[mine & inside], s=15, color=color, alpha=0.85, linewidth=0.4,
            edgecolor=PAPER, label=f"evaluated: {shortened(reason, 40)}", zorder=6,
        )  # fmt: skip
        link(dots, numbers, mine & inside)
        outside = mine & ~inside
        dots = axes.scatter(
            steps[outside], np.full(int(outside.sum()), edge), s=13, marker="v" if sign > 0 else "^",
            color=color, alpha=0.7, linewidth=0, clip_on=False, zorder=6,
        )  # fmt: skip
        link(dots, numbers, outside)
    if (beyond := int((~inside & ~np.isnan(values)).sum())) > 0:
        axes.annotate(
            f"{'▾' if sign > 0 else '▴'} {beyond} values beyond this edge", (1, 0 if sign > 0 else 1),
            xycoords="axes fraction", xytext=(-2, 7 if sign > 0 else -7), textcoords="offset points",
            ha="right", va="bottom" if sign > 0 else "top", fontsize=8.5, color=MUTED, zorder=7,
            bbox={"facecolor": PAPER, "edgecolor": "none", "alpha": 0.85, "pad": 1.5},
        )  # fmt: skip
    broken = kinds == INFEASIBLE
    for lost, marker, color, label in (
        (np.isnan(values) & ~broken, "x", FAILED, "failed"),
        (broken, "|", MUTED, "violates a constraint"),
    ):
        if lost.any():
            dots = axes.scatter(
                steps[lost], np.full(int(lost.sum()), edge), s=26, marker=marker, color=color, linewidth=1.4,
                clip_on=False, label=label, zorder=7,
            )  # fmt: skip
            link(dots, numbers, lost)
    axes.set_ylim(min(limits), max(limits))


def _interesting(
    values: Floats, best: Floats, bands: Sequence[Band], optimum: float | None, sign: float
) -> tuple[float, float]:
    """The range of the value axis: from the early values of the curves to just above the best."""
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
    # With few evaluations, all of them are shown.
    low = start - 0.3 * span
    if len(finite) and len(values) < 20 and not bands:
        low = min(low, float(finite.min()) - 0.05 * (top - float(finite.min())))
    return sign * low, sign * (top + 0.08 * (top - low))


def _regret_panel(axes: Axes, best: Floats, bands: Sequence[Band], optimum: float, sign: float) -> None:
    def regret(found: Floats) -> Floats:
        return np.maximum(sign * (optimum - found), 0.0)

    lines = [regret(best), *(regret(part) for band in bands for part in (band.middle, band.low, band.high))]
    seen = np.concatenate(lines)
    floor = zero_height(seen)

    def shown(found: Floats) -> Floats:
        return np.where(np.isnan(found), np.nan, np.maximum(regret(found), floor))

    run, *others = widths(1 + len(bands))
    steps = np.arange(1, len(best) + 1)
    axes.plot(steps, shown(best), color=RUN, linewidth=max(run, 2.2), drawstyle="steps-post", zorder=4)
    for band, width in zip(bands, others, strict=True):
        x = np.arange(1, len(band.middle) + 1)
        axes.fill_between(x, shown(band.low), shown(band.high), color=band.color, alpha=0.16, linewidth=0)
        axes.plot(x, shown(band.middle), color=band.color, linewidth=width, zorder=5)
    early = min(len(best) - 1, max(2, len(best) // 20))
    late_part = np.concatenate([line[min(early, len(line) - 1) :] for line in lines])
    log_axis(axes, seen, top=float(np.nanmax(late_part, initial=floor)) * 1.6)
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
