"""The plots of a comparison of strategies: medians with a band from quartile to quartile, on logarithmic axes."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from textwrap import wrap

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullFormatter, NullLocator

from archrank.plot.labels import axis_label, legend_label
from archrank.plot.links import ROW, link
from archrank.plot.log_axis import log_axis, zero_height
from archrank.plot.methods import MethodFigure
from archrank.plot.style import MUTED, PAPER, RANDOM, operation_colors, theme
from archrank.simulation.measures import RANDOM_NAME, Floats, Labels, Line, quantiles

__all__ = ["hours_figure", "needed_figure", "numbered", "regret_figure"]

_NAME_LETTERS = 36
"""The number of letters of a strategy's name that fit on a line."""

_POINTS = 300


def numbered(lines: Iterable[Line]) -> dict[str, range]:
    """The numbers of the searches of each line, from 1: those of their rows in a page."""
    found, start = {}, 1
    for line in lines:
        found[line.name] = range(start, start + len(line.seeds))
        start += len(line.seeds)
    return found


def regret_figure(
    curves: Mapping[str, Floats],
    label: str,
    searches: Mapping[str, Floats] | None = None,
    numbers: Mapping[str, Sequence[int]] | None = None,
) -> MethodFigure:
    """Plot regret against the number of evaluations.

    Args:
        curves: The quartiles by name, infinite while nothing was found: (3, n).
        label: The quantity whose regret is shown.
        searches: The regret of single searches by name, as thin lines: (seeds, n).
        numbers: The numbers of these searches by name, as links to their rows in a page; None for no links.
    """
    steps = {name: np.arange(1.0, curve.shape[1] + 1) for name, curve in curves.items()}
    return _curves(
        steps, curves, label, "number of evaluations (log scale)", _after, searches or {}, numbers or {}
    )


def _after(evaluations: float) -> str:
    return f"after {evaluations:,.0f} evaluation{'' if evaluations == 1 else 's'}"


def hours_figure(
    lines: Sequence[Line], label: str, numbers: Mapping[str, Sequence[int]] | None = None
) -> MethodFigure:
    """Plot regret against simulated hours, up to the end of the shortest search of each line.

    Args:
        lines: The searches; those with simulated time are shown.
        label: The quantity whose regret is shown.
        numbers: The numbers of these searches by name, as links to their rows in a page; None for no links.
    """
    times, curves, searches = {}, {}, {}
    for line in (line for line in lines if line.timed):
        first = float(np.median(line.ended.min(axis=1))) / 3600
        times[line.name] = hours = np.geomspace(max(first, 1e-6), line.all_hours.min(), _POINTS)
        searches[line.name] = line.regret_at(hours)
        curves[line.name] = quantiles(searches[line.name])
    words: Callable[[float], str] = "after {:.3g} hours".format
    below = "simulated hours of training (log scale)"
    names = [line.name for line in lines]
    return _curves(times, curves, label, below, words, searches, numbers or {}, names)


def _curves(
    x: Mapping[str, Floats],
    curves: Mapping[str, Floats],
    label: str,
    below: str,
    words: Callable[[float], str],
    searches: Mapping[str, Floats],
    numbers: Mapping[str, Sequence[int]],
    names: Sequence[str] | None = None,
) -> MethodFigure:
    seen = np.concatenate([curve.ravel() for curve in (*curves.values(), *searches.values())])
    floor = zero_height(seen)
    with theme():
        names = names or list(curves)
        figure = MethodFigure(_shown(names), _colors(names), 4.6)
        axes = figure.subplots()
        for name, several in searches.items():
            for place, regret in enumerate(several):
                line = _draw_search(figure, axes, name, x[name], np.maximum(regret, floor))
                if line is not None and name in numbers:
                    line.set_url(f"#{ROW}{numbers[name][place]}")
        for name, curve in curves.items():
            dashes = {"linestyle": (0, (4, 2))} if name == RANDOM_NAME else {}
            figure.draw_line(axes, name, x[name], curve, words, floor=floor, drawstyle="steps-post", **dashes)
        finite = seen[np.isfinite(seen)]
        log_axis(axes, seen, float(finite.max(initial=floor)) * 1.3)
        axes.set_xscale("log")
        axes.set_xlim(min(v[0] for v in x.values()), max(v[-1] for v in x.values()))
        _plain_numbers(axes)
        axes.set_xlabel(below)
        axes.set_ylabel(axis_label(f"distance from the best {label}") + "\n(log scale)")
        figure.add_legend()
    return figure


def _draw_search(figure: MethodFigure, axes: Axes, name: str, x: Floats, regret: Floats) -> Line2D | None:
    """Draw a single search as a thin line, with a point where it changes; None where it found nothing."""
    known = np.isfinite(regret)
    if not known.any():
        return None
    x, regret = x[known], regret[known]
    kept = np.flatnonzero(np.diff(regret, prepend=np.nan, append=np.nan)[:-1])
    kept = np.append(kept, len(x) - 1)
    line = axes.plot(
        x[kept], regret[kept], color=figure.colors[name], linewidth=0.6, alpha=0.35, drawstyle="steps-post",
        zorder=1.5,
    )[0]  # fmt: skip
    figure.mark(line, name)
    return line


def needed_figure(
    lines: Sequence[Line],
    labels: Labels,
    budget: int,
    numbers: Mapping[str, Sequence[int]] | None = None,
) -> MethodFigure:
    """Plot how many evaluations were needed to find one of the best: dots at medians, bars between quartiles.

    Args:
        lines: The searches; each is a small dot below the bar of its line.
        labels: The labels of the whole table.
        budget: The number of evaluations of each search; an arrow begins there if more would have been needed.
        numbers: The numbers of the searches by name, as links to their rows in a page; None for no links.
    """
    targets = labels.targets
    names = [*(line.name for line in lines), RANDOM_NAME]
    shown = _shown(names)
    height = max(0.34, 0.2 * max(name.count("\n") + 1 for name in shown.values()))
    with theme():
        figure = MethodFigure(shown, _colors(names), 1.35 + height * len(names))
        panels = figure.subplots(1, len(targets), sharex=True, sharey=True, squeeze=False)[0]
        for axes, target in zip(panels, targets, strict=True):
            for place, line in enumerate(lines):
                found = line.queries(target.regret)
                _draw_needed(figure, axes, line.name, place, quantiles(found), budget)
                _draw_searches(figure, axes, line.name, place, found, budget, (numbers or {}).get(line.name))
            random = np.array(labels.random_queries(target), dtype=np.float64)
            _draw_needed(figure, axes, RANDOM_NAME, len(lines), random, budget)
            axes.axvline(budget, color=MUTED, linewidth=0.9, linestyle=(0, (4, 3)))
            axes.set_xscale("log")
            axes.xaxis.set_major_locator(LogLocator(numticks=5))
            axes.xaxis.set_minor_locator(NullLocator())
            axes.xaxis.set_major_formatter(FuncFormatter(_short))
            axes.set_title(target.name, fontsize=9.5)
            axes.set_yticks(range(len(names)), labels=list(shown.values()))
            axes.set_ylim(len(names) - 0.5, -0.5)
            axes.grid(visible=False, axis="y")
            axes.tick_params(axis="y", length=0)
        panels[0].set_xlim(0.9, max(panels[0].get_xlim()[1], 1.6 * budget))
        figure.supxlabel("number of evaluations (log scale); the dashed line is the budget", fontsize=9.5)
    return figure


def _draw_needed(
    figure: MethodFigure, axes: Axes, name: str, place: int, quartiles: Floats, budget: int
) -> None:
    """Draw the median of a line as a dot, and its quartiles as a bar."""
    color = figure.colors[name]
    low, middle, high = np.where(np.isinf(quartiles), budget, quartiles)
    figure.mark(axes.plot([low, high], [place, place], color=color, linewidth=4, alpha=0.3)[0], name)
    beyond = np.isinf(quartiles[1])
    marker, fill_with = (">", PAPER) if beyond else ("o", color)
    dot = axes.plot(
        middle, place, marker, color=color, markerfacecolor=fill_with, markersize=7, markeredgewidth=1.4,
        clip_on=False, zorder=5,
    )[0]  # fmt: skip
    figure.mark(dot, name)


def _draw_searches(
    figure: MethodFigure,
    axes: Axes,
    name: str,
    place: int,
    found: Floats,
    budget: int,
    numbers: Sequence[int] | None,
) -> None:
    """Draw the searches of a line as small dots below its bar; those beyond the budget lie at its end."""
    ends = np.where(np.isinf(found), budget, found)
    heights = place + 0.25 + 0.1 * (np.arange(len(found)) % 2)
    for part, marker in ((np.isfinite(found), "o"), (np.isinf(found), ">")):
        if part.any():
            dots = axes.scatter(
                ends[part], heights[part], s=9, marker=marker, linewidth=0, alpha=0.6,
                color=figure.colors[name], clip_on=False, zorder=4,
            )  # fmt: skip
            link(dots, numbers, part)
            figure.mark(dots, name)


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
