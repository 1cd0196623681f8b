"""The page of a search that is under way, written anew at intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup
from matplotlib.figure import Figure

from archrank.errors import ArchrankError
from archrank.plot.objectives import Axis, pareto_figure
from archrank.plot.search import search_figure
from archrank.plot.style import INFEASIBLE
from archrank.report.drawing.sketch import svg_of
from archrank.report.parts import Tile, picture_of
from archrank.report.render import duration, number, render
from archrank.report.run.sketches import Sketcher, description_of
from archrank.space import SearchSpace
from archrank.study.pareto import pareto_front
from archrank.study.recorded import RecordedEvaluation, RecordedRun
from archrank.system.text import shortened

__all__ = ["LiveFacts", "live_page"]

_LATEST, _EFFECTS = 12, 12
"""Evaluations and choices that the page lists."""

_FLAT = 2.2
"""From this ratio of width to height on a drawing is too flat to stand beside a text."""


@dataclass(frozen=True, slots=True)
class LiveFacts:
    """What is known of the search beside its evaluations.

    Attributes:
        state: ``"running"``, ``"ended"`` or ``"interrupted"``.
        headline: How far it is, as a sentence.
        share: How much of the budget is spent, from 0 to 1; None where that is not known.
        tiles: The most important numbers.
        best: The best value; None where nothing counts yet.
        architecture: The best architecture, as text.
        effects: The effect of each choice on the predictions, largest first.
        note: What cannot be said, and why.
        written: When this was.
        refresh: Seconds after which the page reloads itself; None for never.
    """

    state: str
    headline: str
    share: float | None
    tiles: Sequence[Tile]
    best: float | None
    architecture: str | None
    effects: Mapping[str, float]
    note: str | None
    written: str
    refresh: int | None


def live_page(run: RecordedRun, space: SearchSpace | None, facts: LiveFacts) -> str:
    """The page, as HTML that needs no other file.

    Args:
        run: The run as it is.
        space: The space, for the drawing; None where it is not known.
        facts: What else the page shows.
    """
    drawing, flat = _drawing(space, facts.architecture)
    headings, rows = _latest(run)
    figures = _figures(run)
    return render(
        "live.html.j2",
        title=f"archrank search · {shortened(run.space)} · {facts.state}",
        headline=facts.headline,
        metric=shortened(run.objectives.metric),
        best=None if facts.best is None else number(facts.best, 5),
        share=facts.share,
        tiles=facts.tiles,
        pictures=[picture_of(name, figure, *_CAPTIONS[name]) for name, figure in figures.items()],
        effects=list(facts.effects.items())[:_EFFECTS],
        text=facts.architecture,
        drawing=drawing,
        flat=flat,
        headings=headings,
        rows=rows,
        note=facts.note,
        written=facts.written,
        refresh=facts.refresh,
    )


_CAPTIONS = {
    "search": (
        "The search",
        "Each dot is one evaluated architecture; the blue line is the best value so far.",
    ),
    "pareto": (
        "Pareto front",
        "Each dot is one evaluated architecture. No other evaluated architecture dominates a blue one.",
    ),
}


def _figures(run: RecordedRun) -> dict[str, Figure]:
    whole = [each for each in run.evaluations if each.whole]
    if not whole:
        return {}
    objectives = run.objectives
    broken = np.array([_is_infeasible(run, each) for each in whole])
    names = list(objectives.directions)
    values = np.array([[_value(each, name) for name in names] for each in whole], dtype=np.float64)
    if len(names) > 1:
        scores = np.where(broken[:, None], np.nan, values * np.array(objectives.signs))
        axes = [Axis(name, direction == "maximize") for name, direction in objectives.directions.items()]
        return {"pareto": pareto_figure(values, axes, pareto_front(scores), broken)}
    line = np.where(broken, np.nan, values[:, 0])
    reasons = [
        INFEASIBLE if infeasible else each.reason for each, infeasible in zip(whole, broken, strict=True)
    ]
    return {"search": search_figure(line, reasons, objectives.metric, higher_is_better=objectives.maximize)}


def _latest(run: RecordedRun) -> tuple[list[str], list[tuple[str, list[str]]]]:
    """The evaluations that were recorded last, the newest first: headings, and a CSS class and cells of each row."""
    names, stopped = list(run.objectives.needed), run.fidelities is not None
    rows = []
    numbered = list(enumerate(run.evaluations, start=1))
    for place, each in numbered[: -_LATEST - 1 : -1]:
        failed = each.error is not None and not each.values
        mark = "failed" if failed else "infeasible" if _is_infeasible(run, each) else ""
        values = [number(_value(each, name)) if name in each.values else "–" for name in names]
        epochs = [str(each.fidelity)] if stopped else []
        what = f"{each.architecture} {each.error}" if failed else each.architecture
        rows.append((mark, [str(place), *values, *epochs, each.reason, duration(each.seconds), what]))
    return [
        "#",
        *map(shortened, names),
        *(["epochs"] if stopped else []),
        "reason",
        "time",
        "architecture",
    ], rows


def _drawing(space: SearchSpace | None, text: str | None) -> tuple[Markup | None, bool]:
    """The drawing of an architecture, and whether it is much wider than high."""
    if space is None or text is None:
        return None, False
    try:
        architecture = space.parse(text)
        sketch = Sketcher(space, [space.graph(architecture)])(architecture)
    except ArchrankError:
        return None, False  # of an earlier version of the space
    return Markup(svg_of(sketch, description_of(text))), sketch.width > _FLAT * sketch.height


def _is_infeasible(run: RecordedRun, evaluation: RecordedEvaluation) -> bool:
    return bool(evaluation.values) and run.objectives.violation(evaluation.values) > 0


def _value(evaluation: RecordedEvaluation, name: str) -> float:
    found: Any = evaluation.values.get(name)
    return float(found) if isinstance(found, int | float) else np.nan
