"""A summary of a search for the terminal."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.panel import Panel
from rich.table import Table as Grid
from rich.text import Text

from archrank.cli.console import Console
from archrank.system.text import printable, shortened

if TYPE_CHECKING:
    from archrank.benchmarks.table import Table

__all__ = ["brief", "show"]

_SHOWN = 12
"""The number of members of a Pareto front that are shown."""

_LONGEST = 800
"""Characters of an architecture; a cell of DARTS has 600."""


def show(record: Mapping[str, Any], table: "Table | None", folder: Path) -> None:
    """Print a summary of a search.

    Args:
        record: What ``result.json`` holds.
        table: The table that was searched; None for a space where nothing was measured before.
        folder: The run folder.
    """
    from archrank.study import Objectives, of_feasible

    table = None if table is None else of_feasible(table, Objectives.from_metadata(record))
    evaluations = record["evaluations"]
    errors = [str(evaluation["error"]) for evaluation in evaluations if evaluation["state"] == "failed"]
    looked = f"{len(evaluations)}"
    if table is not None:
        looked += f" of {len(table):,} ({len(evaluations) / len(table):.1%})"
    looked += f", {len(errors)} failed" if errors else ""
    rows: list[tuple[str, str]] = [("evaluated", looked)]
    if stopped := record.get("fidelities"):
        rows = [("trainings", _rungs(stopped["rungs"], len(errors))), ("epochs", _epochs(record))]
    if known := record.get("known"):
        rows.append(("known before", _known(record, known)))
    rows += [("hint", _hint(use)) for use in record.get("hints") or ()]
    if errors:
        rows.append(("why failed", _commonest(errors)))
    if constraints := record["constraints"]:
        rows.append(("where", f"{' and '.join(constraints)}; {_violations(record['infeasible'])}"))
    if record["front"] is not None:
        rows += _front_rows(record)
    elif best := record["best"]:
        rows += [("best architecture", _text(best["architecture"], folder)), (record["metric"], _value(best))]
        if repeats := record.get("repeats"):
            rows.append(("repeats", _repeats(repeats)))
        if best["test_value"] is not None:
            rows.append((str(record["test_metric"]), brief(best["test_value"])))
        if table is not None:
            counted = f"{len(table):,}"
            if constraints:
                counted = f"{np.count_nonzero(~np.isnan(table.column(record['metric']))):,} feasible"
            rows += [
                ("true rank", f"{best['true_rank']} of {counted}"),
                ("regret", f"{brief(record['regret'])} (the optimum is {brief(record['optimum'])})"),
            ]
    # Other strategies began with nothing, and trained everything to the end.
    alone = record["front"] is None and not (record.get("known") or record.get("fidelities"))
    if table is not None and alone and (others := _in_comparison(record, table)):
        rows.append(("in comparison", others))
    rows += [("time", f"{record['seconds']['total']:.1f} s"), ("report", str(folder / "report.html"))]
    grid = Grid.grid(padding=(0, 2))
    for name, value in rows:
        grid.add_row(Text(name, style="bold"), Text(printable(value), overflow="fold"))
    Console().print(
        Panel(
            grid,
            title=Text(shortened(f"{record['benchmark'] or record['space']} · {record['strategy']}", 100)),
            expand=False,
        )
    )


def _text(architecture: str, folder: Path) -> str:
    """An architecture; of a very long one the ends, and where it stands whole."""
    if len(architecture) <= _LONGEST:
        return architecture
    return f"{shortened(architecture, _LONGEST // 2)}\nwhole in {folder / 'result.json'}, under best"


def _rungs(rungs: Sequence[Mapping[str, Any]], failed: int) -> str:
    """How many trainings ended on each rung."""
    counts = ", ".join(f"{rung['trainings']} of {rung['fidelity']} epochs" for rung in rungs)
    return counts + (f"; {failed} failed" if failed else "")


def _epochs(record: Mapping[str, Any]) -> str:
    """What was paid, and how many whole trainings cost as much."""
    full, paid = record["fidelities"]["levels"][-1], record["epochs"]
    most = record["budget"] * full
    left = f"; {most - paid:,} left" if paid < most else ""
    return f"{paid:,} of {most:,}, as many as {paid / full:.1f} whole trainings have{left}"


def _known(record: Mapping[str, Any], known: Sequence[Mapping[str, Any]]) -> str:
    """How many, and the best of them by the first objective."""
    values = [each["values"][record["metric"]] for each in known if record["metric"] in each["values"]]
    best = (max if record["maximize"] else min)(values, default=None)
    return f"{len(known):,}" + ("" if best is None else f", {record['metric']} {brief(best)} at best")


def _value(best: Mapping[str, Any]) -> str:
    """The value of the best; the mean, where it was evaluated again."""
    if "mean" not in best:
        return brief(best["value"])
    return f"{brief(best['mean'])}, the mean of {best['evaluations']} evaluations (the first: {brief(best['value'])})"


def _repeats(repeats: Sequence[Mapping[str, Any]]) -> str:
    count = len({each["architecture"] for each in repeats})
    errors = [str(each["error"]) for each in repeats if each["state"] == "failed"]
    failed = f", {len(errors)} failed: {_commonest(errors)}" if errors else ""
    return f"{len(repeats)} evaluations of the best {count}{failed}"


def _hint(use: Mapping[str, Any]) -> str:
    if use["tau"] is None:
        return f"{use['source']}: not compared, as too little was measured"
    state = "used" if use["used"] else "switched off"
    return f"{use['source']}: {state}, Kendall's tau {use['tau']:.2f} with the measured values"


def _violations(infeasible: int) -> str:
    if not infeasible:
        return "satisfied by every evaluation"
    return f"violated by {infeasible} evaluation{'' if infeasible == 1 else 's'}"


def _commonest(errors: Sequence[str]) -> str:
    """The most frequent error, and the number of others."""
    (error, count), *others = Counter(errors).most_common()
    return f"{error} ({count}×){f'; {len(others)} others in the report' if others else ''}"


def _front_rows(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The first members of the Pareto front, for the panel."""
    front = record["front"]
    rows = [
        (
            "Pareto front",
            f"{len(front)} architectures, by {', '.join(record['objectives'])}",
        )
    ]
    for member in front[:_SHOWN]:
        numbers = ", ".join(brief(value) for value in member["values"].values())
        rows.append((numbers, member["architecture"]))
    if len(front) > _SHOWN:
        rows.append(("…", f"{len(front) - _SHOWN} more in the report"))
    if volume := record["hypervolume"]:
        share = f", {volume['share']:.1%} of that of the whole table" if volume["share"] else ""
        rows.append(("hypervolume", f"{brief(volume['value'])}{share}"))
    return rows


def _in_comparison(record: Mapping[str, Any], table: "Table") -> str:
    """The median result of other strategies with the same number of evaluations."""
    from archrank.plot.bands import comparison_bands

    bands = comparison_bands(table, record["metric"], len(record["evaluations"]))
    return ", ".join(f"{band.label.split(',')[0]} {brief(float(band.middle[-1]))}" for band in bands)


def brief(value: float | None) -> str:
    """A short form of a number; a dash for None."""
    return "–" if value is None else f"{value:.6g}"
