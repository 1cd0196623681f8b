"""What a report says of several objectives and of constraints, from what ``result.json`` holds."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from archrank.benchmarks.table import Table
from archrank.plot.pareto import Axis, hypervolume_figure, pareto_figure
from archrank.report import html
from archrank.report.html import escape, number
from archrank.study.front import pareto_front
from archrank.text import shortened

__all__ = ["objective_values", "pareto_figures", "pareto_headline", "pareto_section", "pareto_tiles"]


def pareto_figures(
    result: Mapping[str, Any], labels: Mapping[str, str], table: Table | None
) -> dict[str, Figure]:
    """The plots of a search with several objectives, by name: ``front`` and ``hypervolume``.

    Args:
        result: The run, as in ``result.json``.
        labels: What each objective is called on an axis.
        table: The table that was searched, as :func:`~archrank.study.of_feasible` makes it.
    """
    objectives: Mapping[str, str] = result["objectives"]
    evaluations: Sequence[Mapping[str, Any]] = result["evaluations"]
    axes = [Axis(labels[name], direction == "maximize") for name, direction in objectives.items()]
    places = {evaluation["number"]: i for i, evaluation in enumerate(evaluations)}
    front = np.zeros(len(evaluations), dtype=bool)
    front[[places[member["number"]] for member in result["front"]]] = True
    infeasible = np.array([evaluation["state"] == "infeasible" for evaluation in evaluations], dtype=bool)
    best = None
    if table is not None:
        scores = np.stack([table.scores(name) for name in objectives], axis=1)
        places_of_best = pareto_front(scores)
        best = np.stack([table.column(name)[places_of_best] for name in objectives], axis=1)
    figures = {"front": pareto_figure(objective_values(result), axes, front, infeasible, best)}
    if volume := result.get("hypervolume"):
        curve = np.array(volume["curve"], dtype=np.float64)
        figures["hypervolume"] = hypervolume_figure(curve, volume["reference"], volume["of_everything"])
    return figures


def objective_values(result: Mapping[str, Any]) -> npt.NDArray[np.float64]:
    """The K objectives of the n evaluations, in their own units, NaN where one failed: (n, K)."""
    names = list(result["objectives"])
    rows = [[e["values"].get(name, np.nan) for name in names] for e in result["evaluations"]]
    return np.array(rows, dtype=np.float64).reshape(len(rows), len(names))


def pareto_headline(result: Mapping[str, Any]) -> str:
    """What was found, as the end of a sentence."""
    names = " and ".join(escape(shortened(name)) for name in result["objectives"])
    count = len(result["front"])
    if not count:
        return "and none of them gave values that count."
    them = "one that no other one beats" if count == 1 else f"<b>{count}</b> that no other one beats"
    volume = result.get("hypervolume") or {}
    share = (
        f", which dominate <b>{volume['share']:.1%}</b> of what all of the table does"
        if volume.get("share")
        else ""
    )
    return f"and found {them} in all of {names}{share}."


def pareto_tiles(result: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """The facts for the top of the page: name, value, remark."""
    tiles = [("Pareto front", f"{len(result['front']):,}", "no other one is better in all objectives")]
    for i, (name, direction) in enumerate(result["objectives"].items(), start=1):
        values = [member["values"][name] for member in result["front"]]
        if values:
            best = max(values) if direction == "maximize" else min(values)
            tiles.append((f"Best of objective {i}", number(best, 5), shortened(name)))
    if volume := result.get("hypervolume"):
        share = f"{volume['share']:.1%} of the whole table's" if volume["share"] else ""
        tiles.append(("Hypervolume", number(volume["value"], 4), share))
    return tiles


def pareto_section(result: Mapping[str, Any]) -> str:
    """The Pareto front as a table."""
    if not result["front"]:
        return ""
    rows = [
        (
            "",
            [
                html.cell(member["number"] + 1),
                *(html.cell(value, 6) for value in member["values"].values()),
                f"<td>{escape(str(member['architecture']))}</td>",
            ],
        )
        for member in result["front"]
    ]
    headings = ["#", *result["objectives"], "architecture"]
    return f"<section><h2>The Pareto front</h2>{html.table(headings, rows)}</section>"
