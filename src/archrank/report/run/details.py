"""The tables of a search's report: the Pareto front, all evaluations, the configuration and the times."""

import math
import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from archrank.benchmarks.table import Table
from archrank.plot.labels import metric_label
from archrank.plot.style import INFEASIBLE
from archrank.report.parts import TableCell
from archrank.report.render import duration
from archrank.report.run.rows import row_numbers
from archrank.space import SearchSpace
from archrank.study.objectives import Objectives

__all__ = [
    "command",
    "evaluation_rows",
    "failure_rows",
    "front_rows",
    "known_rows",
    "repeat_rows",
    "settings",
    "times",
]

Rows = list[tuple[str, list[TableCell]]]
"""A CSS class, or "", and the cells of every row."""

_COLUMNS = (
    ("round", "round", 6),
    ("reason", "reason", 6),
    ("predicted", "predicted", 4),
    ("fidelity", "stopped after", 7),
    ("epochs", "epochs paid", 7),
    ("value", "value", 6),
    ("test_value", "test value", 6),
    ("seconds", "seconds", 3),
)
_TIMES = {"total": "total", "fit": "fitting predictors", "propose": "proposing", "evaluate": "evaluating"}


def front_rows(result: Mapping[str, Any]) -> tuple[list[str], Rows]:
    """The Pareto front as headings and rows."""
    rows = [
        (
            "",
            [
                TableCell(member["number"] + 1),
                *(TableCell(value) for value in member["values"].values()),
                TableCell(str(member["architecture"])),
            ],
        )
        for member in result["front"]
    ]
    return ["#", *result["objectives"], "architecture"], rows


def evaluation_rows(
    evaluations: Sequence[Mapping[str, Any]], best: Sequence[int], objectives: Objectives
) -> tuple[list[str], Rows]:
    """All evaluations as headings and rows.

    Args:
        evaluations: As ``result.json`` holds them.
        best: Indices of those to mark.
        objectives: The objectives of the search.
    """
    columns = [column for column in _COLUMNS if any(e.get(column[0]) is not None for e in evaluations)]
    others, rows, numbers = objectives.needed[1:], [], row_numbers(evaluations)
    for i, e in enumerate(evaluations):
        failed = e.get("value") is None
        cells = [TableCell(numbers[i]), *(TableCell((e.get("values") or {}).get(name)) for name in others)]
        for key, _, digits in columns:
            given = str(e.get("state") or "failed") if key == "value" and failed else e.get(key)
            cells.append(TableCell(given, digits))
        cells.append(TableCell(str(e["architecture"]), note=str(e.get("error") or "")))
        broken = e.get("state") == INFEASIBLE
        rows.append(("best" if i in best else "failed" if failed else INFEASIBLE if broken else "", cells))
    return ["#", *others, *(title for _, title, _ in columns), "architecture"], rows


def failure_rows(evaluations: Sequence[Mapping[str, Any]]) -> tuple[list[str], Rows]:
    """The kinds of failures, the most frequent first, as headings and rows; none where no kind was recorded.

    Args:
        evaluations: As ``result.json`` holds them.
    """
    kinds = Counter((str(e["failure"]), bool(e.get("unrelated"))) for e in evaluations if e.get("failure"))
    rows = [
        ("", [TableCell(kind), TableCell(count), TableCell("no" if unrelated else "yes")])
        for (kind, unrelated), count in kinds.most_common()
    ]
    return ["failure", "evaluations", "related to the architecture"], rows


def known_rows(known: Sequence[Mapping[str, Any]], objectives: Objectives) -> tuple[list[str], Rows]:
    """What was evaluated before the search, the best by the first objective first, as headings and rows.

    Args:
        known: As ``result.json`` holds it.
        objectives: The objectives of the search.
    """
    sign, metric = objectives.signs[0], objectives.metric
    ordered = sorted(known, key=lambda each: -sign * each["values"].get(metric, -sign * math.inf))
    rows = [
        (
            "" if each["values"] else "failed",
            [
                *(TableCell(each["values"].get(name, "failed")) for name in objectives.needed),
                TableCell(str(each["source"])),
                TableCell(str(each["architecture"])),
            ],
        )
        for each in ordered
    ]
    return [*objectives.needed, "source", "architecture"], rows


def repeat_rows(result: Mapping[str, Any]) -> tuple[list[str], Rows]:
    """What was evaluated again: for each architecture all of its values, the best mean first.

    Args:
        result: What ``result.json`` holds.
    """
    repeats: Sequence[Mapping[str, Any]] = result.get("repeats") or []
    by_text: dict[str, dict[int, Any]] = {}
    for each in repeats:
        by_text.setdefault(str(each["architecture"]), {})[int(each["seed"])] = each.get("value")
    for e in result.get("evaluations") or []:
        if str(e["architecture"]) in by_text and e.get("whole", True):
            by_text[str(e["architecture"])][0] = e.get("value")
    seeds = sorted({seed for values in by_text.values() for seed in values})
    sign, best = (1 if result.get("maximize", True) else -1), result.get("best") or {}
    rows = []
    for text, values in by_text.items():
        known = [value for value in values.values() if value is not None]
        mean = sum(known) / len(known) if known else None
        cells = [TableCell(mean, 6), *(TableCell(values.get(seed, "failed"), 6) for seed in seeds)]
        marked = "best" if text == best.get("architecture") else ""
        rows.append((-sign * (mean or 0.0), marked, [*cells, TableCell(text)]))
    rows.sort(key=lambda row: row[0])
    names = ["first" if seed == 0 else f"repeat {seed}" for seed in seeds]
    return ["mean", *names, "architecture"], [(marked, cells) for _, marked, cells in rows]


def settings(result: Mapping[str, Any], space: SearchSpace, table: Table | None) -> list[tuple[str, Any]]:
    """The configuration: names and values."""
    metric = result["metric"]
    if table is not None:
        known = table.metric(metric)
        epochs = f", {known.epochs} epochs" if known.epochs is not None else ""
        metric = f"{metric_label(known)}{epochs}: {known.meaning}"
    pairs = [
        ("benchmark", result.get("benchmark")),
        ("space", f"{result['space']} ({space.summary})" if space.summary else result["space"]),
        ("metric", metric),
    ]
    if len(result.get("objectives") or ()) > 1:
        pairs.append(("objectives", result["objectives"]))
    if result.get("constraints"):
        pairs.append(("constraints", result["constraints"]))
    pairs += [(key, result[key]) for key in ("strategy", "settings", "budget") if key in result]
    pairs.append(("seed", str(result.get("seed"))))
    if versions := result.get("versions"):
        pairs.append(("versions", ", ".join(f"{name} {version}" for name, version in versions.items())))
    return pairs


def times(result: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The seconds of each part of the search."""
    return [
        (_TIMES.get(part, part), duration(spent)) for part, spent in (result.get("seconds") or {}).items()
    ]


def command(result: Mapping[str, Any]) -> str:
    """How to run the search again."""
    if result.get("command"):
        return str(result["command"])
    if not result.get("benchmark"):
        return "This search evaluated architectures with your own function: run it again with the same seed and budget."
    words = ["archrank", "search", result["benchmark"]]
    for option in ("budget", "strategy", "metric", "seed"):
        if result.get(option) is not None:
            words += [f"--{option}", result[option]]
    return shlex.join(map(str, words))
