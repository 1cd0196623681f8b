"""The report of a search: one self-contained HTML page, and its figures as files beside it."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from archrank.benchmarks.table import Table
from archrank.plot.labels import metric_label
from archrank.plot.style import INFEASIBLE
from archrank.report.parts import pictures_of
from archrank.report.render import render
from archrank.report.run.best import DrawnCell, drawings, drawings_title
from archrank.report.run.details import (
    command,
    evaluation_rows,
    failure_rows,
    front_rows,
    known_rows,
    repeat_rows,
    settings,
    times,
)
from archrank.report.run.figures import numbers, run_figures
from archrank.report.run.headline import headline, tiles, title
from archrank.report.run.sketches import Sketcher, packed_drawings
from archrank.report.run.trainings import training_figures
from archrank.space import SearchSpace
from archrank.study.objectives import Objectives, of_feasible
from archrank.system.files import write_whole

__all__ = ["write_report"]

_DRAWN = 5
"""How many of the best are drawn."""

_BYTES, _ROOM = 2_900_000, 100_000
"""About how many bytes a page has at most, and how many of them are left for drawings in any case."""

_CAPTIONS = {
    "search": (
        "The search",
        "Each dot is one evaluated architecture; the blue line is the best value so far. Other lines show what other "
        "strategies find with as many evaluations: half of their runs lie within the shaded band. They are left out if "
        "the search began with known evaluations. Where the optimum is known, the lower panel shows the distance from "
        "it.",
    ),
    "predicted": (
        "Predicted against measured",
        "Each dot is an architecture that the predictor scored before it was evaluated. Where the predictor is right, "
        "the dots rise from left to right. Kendall's tau measures this: 1 is the same order, 0 is chance, −1 is the "
        "reverse order. It is lower here than on random architectures, because these were selected as the best.",
    ),
    "pareto": (
        "Pareto front",
        "Each dot is one evaluated architecture. No other evaluated architecture dominates a blue one: improving one "
        "objective means giving up some of another. A dashed line, if there is one, is the Pareto front of the whole "
        "table.",
    ),
    "hypervolume": (
        "Hypervolume",
        "The hypervolume is the part of the space of objectives that the Pareto front found so far dominates, measured "
        "from the reference point. It grows with every new member of the front.",
    ),
    "distribution": (
        "Distribution of values",
        "The gray bars count all architectures of the table, the blue ones those that this search evaluated. A search "
        "that works moves the blue bars towards the better end.",
    ),
    "curves": (
        "Learning curves",
        "Each line is one training run: the validation accuracy after each epoch. The five that end best are "
        "highlighted. Lines that cross late mean that shorter training would have ranked the architectures "
        "differently; those that end early were stopped, or are still running.",
    ),
    "parameters": (
        "Measured against parameters",
        "Each dot is one evaluated architecture. No other one evaluated is both smaller and better than a blue one. "
        "The steeper they rise, the more a larger network gains.",
    ),
    "multiply_adds": (
        "Measured against multiply-adds",
        "Each dot is one evaluated architecture, with the multiply-adds of one image. No other one evaluated is both "
        "cheaper and better than a blue one.",
    ),
}
_WITH_INFEASIBLE = ("pareto", "curves", "parameters", "multiply_adds")
"""Figures that also show what violates a constraint."""


def write_report(
    folder: Path, result: Mapping[str, Any], space: SearchSpace, table: Table | None = None
) -> Path:
    """Write ``report.html`` and the folder ``plots`` of a search.

    Args:
        folder: The run folder.
        result: What ``result.json`` holds; optional keys may be missing.
        space: The space that was searched.
        table: The table that was searched, for true ranks and the comparison with other strategies; None for a user's
            evaluator.

    Returns:
        The path of the page.

    Raises:
        ArchrankError: A file cannot be written.
    """
    folder = Path(folder)
    objectives = Objectives.from_metadata(result)
    table = None if table is None else of_feasible(table, objectives)
    metric = str(result["metric"])
    higher = (
        table.metric(metric).higher_is_better if table is not None else bool(result.get("maximize", True))
    )
    evaluations: Sequence[Mapping[str, Any]] = result.get("evaluations") or []
    label = metric if table is None else metric_label(table.metric(metric))
    whole = {**result, "evaluations": [e for e in evaluations if e.get("whole", True)]}
    figures = {**run_figures(whole, table), **training_figures(folder, whole, label, higher)}
    captions = {
        name: (title, caption + _remark(name, objectives, bool(result.get("fidelities"))))
        for name, (title, caption) in _CAPTIONS.items()
    }
    front = result.get("front")
    if front is not None:
        indices = {e["number"]: i for i, e in enumerate(evaluations)}
        order = [indices[member["number"]] for member in front]
    else:
        order = _best_first(evaluations, higher)
        if "mean" in (named := result.get("best") or {}):  # by its mean, where the order is by first values
            place = next(i for i, e in enumerate(evaluations) if e["number"] == named["number"])
            order = [place, *(i for i in order if i != place)]
    drawn: list[DrawnCell] = []
    sketcher: Sketcher | None = None
    if evaluations:
        some = [space.parse(str(evaluations[i]["architecture"])) for i in order[:_DRAWN] or range(1)]
        sketcher = Sketcher(space, [space.graph(architecture) for architecture in some])
        drawn = drawings(folder, result, space, table, order[:_DRAWN], sketcher)
    front_table = front_rows(result) if front else ([], [])
    evaluation_table = evaluation_rows(evaluations, order if front is not None else order[:1], objectives)
    failure_table = failure_rows(evaluations)
    known_table = known_rows(result.get("known") or [], objectives)
    repeat_table = repeat_rows(result)
    page = partial(
        render,
        "run.html.j2",
        title=title(result),
        **headline(result, table, higher),
        tiles=tiles(result, table, higher),
        pictures=pictures_of(folder, figures, captions),
        front_headings=front_table[0],
        front_rows=front_table[1],
        drawings=drawn,
        drawings_title=drawings_title(len(drawn), front),
        evaluation_headings=evaluation_table[0],
        evaluation_rows=evaluation_table[1],
        failure_headings=failure_table[0],
        failure_rows=failure_table[1],
        known_headings=known_table[0],
        known_rows=known_table[1],
        repeat_headings=repeat_table[0],
        repeat_rows=repeat_table[1],
        settings=settings(result, space, table),
        times=times(result),
        command=command(result),
    )
    # What is left of the page's bytes is for drawings, the best first.
    taken = len(page(packed_drawings="", all_drawn=False).encode())
    packed, of_all = "", 0
    if sketcher is not None:
        first = set(order)
        rest = [i for i in range(len(evaluations)) if i not in first]
        room = max(_ROOM, _BYTES - taken)
        packed, of_all = packed_drawings(sketcher, space, evaluations, [*order, *rest], room)
    all_drawn = of_all == len({str(e["architecture"]) for e in evaluations})
    return write_whole(folder / "report.html", page(packed_drawings=packed, all_drawn=all_drawn))


def _remark(name: str, objectives: Objectives, stopped: bool) -> str:
    """What a figure leaves out."""
    remark = " Only whole trainings are shown." if stopped and name != "curves" else ""
    if objectives.constraints and name not in _WITH_INFEASIBLE:
        remark += " Only what meets the constraints counts."
    return remark


def _best_first(evaluations: Sequence[Mapping[str, Any]], higher: bool) -> list[int]:
    """Indices of the evaluations that count, the best first, the earliest of equals first."""
    values = numbers(evaluations, "value") if evaluations else np.empty(0)
    order = np.argsort(-values if higher else values, kind="stable")
    return [int(i) for i in order if not np.isnan(values[i]) and _counts(evaluations[i])]


def _counts(evaluation: Mapping[str, Any]) -> bool:
    return evaluation.get("state") != INFEASIBLE and bool(evaluation.get("whole", True))
