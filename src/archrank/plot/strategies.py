"""The plots of a comparison of strategies: medians with a band from quartile to quartile, on logarithmic axes."""

from collections.abc import Iterable, Mapping, Sequence
from textwrap import wrap

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullFormatter, NullLocator

from archrank.plot.labels import axis_label, legend_label
from archrank.plot.log_axis import log_axis, zero_height
from archrank.plot.style import MUTED, PAPER, RANDOM, WIDTH, legend_above, operation_colors, theme
from archrank.simulation.measures import RANDOM_NAME, Floats, Labels, Line, quantiles

__all__ = ["hours_figure", "needed_figure", "regret_figure"]

_NAME_LETTERS = 36
"""The number of letters of a strategy's name that fit on a line."""

_POINTS = 300


def regret_figure(curves: Mapping[str, Floats], label: str) -> Figure:
    """Plot regret against the number of evaluations.

    Args:
        curves: The quartiles by name, infinite while nothing was found: (3, n).
        label: The quantity whose regret is shown.
    """
    steps = {name: np.arange(1, curve.shape[1] + 1) for name, curve in curves.items()}
    return _curves(steps, curves, label, "number of evaluations (log scale)")


def hours_figure(lines: Sequence[Line], label: str) -> Figure:
    """Plot regret against simulated hours, up to the end of the shortest search of each line.

    Args:
        lines: Searches with simulated time.
        label: The quantity whose regret is shown.
    """
    times, curves = {}, {}
    for line in lines:
        first = float(np.median(line.ended.min(axis=1))) / 3600
        times[line.name] = hours = np.geomspace(max(first, 1e-6), line.all_hours.min(), _POINTS)
        curves[line.name] = quantiles(line.regret_at(hours))
    return _curves(times, curves, label, "simulated hours of training (log scale)")


def _curves(x: Mapping[str, Floats], curves: Mapping[str, Floats], label: str, below: str) -> Figure:
    colors, shown = _colors(curves), _shown(curves)
    seen = np.concatenate([curve.ravel() for curve in curves.values()])
    floor = zero_height(seen)
    with theme():
        figure = Figure(figsize=(WIDTH, 4.6), layout="constrained")
        axes = figure.subplots()
        # Where lines coincide, those below are wider.
        widths = np.linspace(1.6 + 1.2 * min(len(curves) - 1, 3), 1.6, len(curves))
        for (name, curve), width in zip(curves.items(), widths, strict=True):
            low, middle, high = np.where(np.isinf(curve), np.nan, np.maximum(curve, floor))
            # An infinite quartile cannot be drawn; the band begins where it is finite.
            axes.fill_between(x[name], low, high, step="post", color=colors[name], alpha=0.15, linewidth=0)
            axes.plot(
                x[name], middle, color=colors[name], linestyle=(0, (4, 2)) if name == RANDOM_NAME else "-",
                linewidth=width, drawstyle="steps-post", label=shown[name],
            )  # fmt: skip
        finite = seen[np.isfinite(seen)]
        log_axis(axes, seen, float(finite.max(initial=floor)) * 1.3)
        axes.set_xscale("log")
        axes.set_xlim(min(v[0] for v in x.values()), max(v[-1] for v in x.values()))
        _plain_numbers(axes)
        axes.set_xlabel(below)
        axes.set_ylabel(axis_label(f"distance from the best {label}") + "\n(log scale)")
        legend_above(figure, axes)
    return figure


def needed_figure(lines: Sequence[Line], labels: Labels, budget: int) -> Figure:
    """Plot how many evaluations were needed to find one of the best: dots at medians, bars between quartiles.

    Args:
        lines: The searches.
        labels: The labels of the whole table.
        budget: The number of evaluations of each search; an arrow begins there if more would have been needed.
    """
    targets = labels.targets
    names = [*(line.name for line in lines), RANDOM_NAME]
    colors = _colors(names)
    shown = list(_shown(names).values())
    height = max(0.34, 0.2 * max(name.count("\n") + 1 for name in shown))
    with theme():
        figure = Figure(figsize=(WIDTH, 1.35 + height * len(names)), layout="constrained")
        panels = figure.subplots(1, len(targets), sharex=True, sharey=True, squeeze=False)[0]
        for axes, target in zip(panels, targets, strict=True):
            found = [quantiles(line.queries(target.regret)) for line in lines]
            found.append(np.array(labels.random_queries(target), dtype=np.float64))
            for place, (name, quartiles) in enumerate(zip(names, found, strict=True)):
                low, middle, high = np.where(np.isinf(quartiles), budget, quartiles)
                axes.plot([low, high], [place, place], color=colors[name], linewidth=4, alpha=0.3)
                beyond = np.isinf(quartiles[1])
                marker, fill_with = (">", PAPER) if beyond else ("o", colors[name])
                axes.plot(
                    middle, place, marker, color=colors[name], markerfacecolor=fill_with, markersize=7,
                    markeredgewidth=1.4, clip_on=False, zorder=5,
                )  # fmt: skip
            axes.axvline(budget, color=MUTED, linewidth=0.9, linestyle=(0, (4, 3)))
            axes.set_xscale("log")
            axes.xaxis.set_major_locator(LogLocator(numticks=5))
            axes.xaxis.set_minor_locator(NullLocator())
            axes.xaxis.set_major_formatter(FuncFormatter(_short))
            axes.set_title(target.name, fontsize=9.5)
            axes.set_yticks(range(len(names)), labels=shown)
            axes.set_ylim(len(names) - 0.5, -0.5)
            axes.grid(visible=False, axis="y")
            axes.tick_params(axis="y", length=0)
        panels[0].set_xlim(0.9, max(panels[0].get_xlim()[1], 1.6 * budget))
        figure.supxlabel("number of evaluations (log scale); the dashed line is the budget", fontsize=9.5)
    return figure


def _shown(names: Iterable[str]) -> dict[str, str]:
    """The names as labels: on several lines, with an ellipsis for options that all names with options share.

    >>> list(_shown(["guided", "guided:loss=mse:round=10", "guided:loss=hinge:round=10"]).values())
    ['guided', 'guided: loss=mse, …', 'guided: loss=hinge, …']
    """
    parts = {name: name.split(":") for name in names}
    options = [set(rest) for _, *rest in parts.values() if rest]
    shared = set.intersection(*options) if len(options) > 1 else set()
    shown = {}
    for name, (strategy, *rest) in parts.items():
        named = [option for option in rest if option not in shared]
        named += ["…"] * (len(named) < len(rest))
        whole = ": ".join([strategy, *([", ".join(named)] if named else [])])
        shown[name] = "\n".join(
            wrap(legend_label(whole, 4 * _NAME_LETTERS), _NAME_LETTERS, break_on_hyphens=False)
        )
    return shown


def _short(number: float, _: int | None = None) -> str:
    """A short form of a power of ten.

    >>> _short(100), _short(10_000)
    ('100', '10k')
    """
    return f"{number:g}" if number < 1000 else f"{number / 1000:g}k"


def _colors(names: Sequence[str] | Mapping[str, Floats]) -> dict[str, str]:
    return operation_colors(name for name in names if name != RANDOM_NAME) | {RANDOM_NAME: RANDOM}


def _plain_numbers(axes: Axes) -> None:
    low, high = axes.get_xlim()
    decades = 10.0 ** np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
    ticks = [m * d for d in decades for m in (1, 2, 5) if low <= m * d <= high]
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
