"""The report of a run: one self-contained HTML page, and its pictures as files beside it."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from archrank.benchmarks.table import Table
from archrank.files import write_whole
from archrank.plot.labels import metric_label
from archrank.plot.style import INFEASIBLE, encode
from archrank.report import html
from archrank.report.drawing import draw, style_of
from archrank.report.html import definitions, duration, escape, inline_svg, number, plain
from archrank.report.run.figures import numbers, run_figures
from archrank.report.run.pareto import pareto_headline, pareto_section, pareto_tiles
from archrank.report.run.trainings import training_figures
from archrank.space import SearchSpace
from archrank.study.goal import Goal, of_feasible
from archrank.text import shortened

__all__ = ["write_report"]

_BEST = 5

_CAPTIONS = {
    "search": (
        "The search",
        "Each dot is one architecture that was evaluated; the blue line is the best one so far. Curves "
        "of other ways to search, if there are any, show what those find with as many evaluations: half "
        "of their runs lie inside the shaded bands. A lower panel shows the distance from the optimum, "
        "if that is known.",
    ),
    "predicted": (
        "Predicted against measured",
        "Each dot is an architecture that the predictor had scored before it was evaluated. Where the "
        "predictor is right, dots rise from left to right. Kendall's tau measures that: 1 is the same "
        "order, 0 is chance, −1 the opposite order. It is lower here than on random architectures, for "
        "these were picked as best.",
    ),
    "front": (
        "The Pareto front",
        "Each dot is one architecture that was evaluated. Of the blue ones no other one evaluated is better in all "
        "objectives, and whoever wants more of one has to give away some of another. A dashed line, if there is one, "
        "is the front of all that the table holds.",
    ),
    "hypervolume": (
        "What the front dominates",
        "The hypervolume is the part of the plane, or space, of the objectives that the front found so far dominates, "
        "measured from the reference point: it grows with every new member of the front.",
    ),
    "distribution": (
        "How good the evaluated ones are",
        "The gray bars count all architectures of the table, the blue ones those that this run "
        "evaluated. A search that works shifts blue towards the good end.",
    ),
    "curves": (
        "Learning curves",
        "Each line is one training: what share of the validation images the network gets right after each epoch. The "
        "five that end best stand out. Lines that cross late mean that shorter trainings would have ranked otherwise; "
        "those that end early were stopped, or are still under way.",
    ),
    "parameters": (
        "Measured against parameters",
        "Each dot is one architecture that was evaluated. Of the blue ones no other one evaluated is both smaller and "
        "better: how much a larger network buys is how steeply they rise.",
    ),
    "multiply_adds": (
        "Measured against multiply-adds",
        "As with parameters, but by the multiply-adds that one image takes: of the blue ones no other one evaluated "
        "is both cheaper and better.",
    ),
}
_ALL_COUNTS = ("front", "curves", "parameters", "multiply_adds")
"""Pictures that also show what breaks a constraint."""
_TIMES = {"total": "in all", "fit": "fitting predictors", "propose": "proposing", "evaluate": "evaluating"}


def write_report(
    folder: Path, result: Mapping[str, Any], space: SearchSpace, table: Table | None = None
) -> Path:
    """Write ``report.html`` and the folder ``plots`` of a run.

    Args:
        folder: The run folder.
        result: What ``result.json`` holds; optional keys may be missing.
        space: The space that was searched.
        table: The table that was searched, for true ranks and the comparison with other searches; None for an
            evaluator of the user's own.

    Returns:
        The path of the page.

    Raises:
        ArchrankError: A file cannot be written.
    """
    folder = Path(folder)
    goal = Goal.from_facts(result)
    table = None if table is None else of_feasible(table, goal)
    metric = str(result["metric"])
    higher = (
        table.metric(metric).higher_is_better if table is not None else bool(result.get("maximize", True))
    )
    evaluations: Sequence[Mapping[str, Any]] = result.get("evaluations") or []
    several = result.get("front") is not None
    if several:
        places = {e["number"]: i for i, e in enumerate(evaluations)}
        order = [places[member["number"]] for member in result["front"]]
    else:
        order = _best_first(evaluations, higher)

    pictures = []
    label = metric if table is None else metric_label(table.metric(metric))
    figures = {**run_figures(result, table), **training_figures(folder, result, label, higher)}
    for name, figure in figures.items():
        svg = encode(figure, ".svg")
        write_whole(folder / "plots" / f"{name}.svg", svg)
        title, caption = _CAPTIONS[name]
        if goal.constraints and name not in _ALL_COUNTS:
            caption += " Only what meets the constraints counts."
        pictures.append(html.picture(svg, name, title, caption))
    body = [
        f"<header><h1>{_title(result)}</h1>",
        f'<p class="headline">{_headline(result, table, higher)}</p></header>',
        _tiles(result, table, higher),
        *pictures,
        pareto_section(result) if several else "",
        _cells(folder, result, space, table, order[:_BEST]),
        _evaluations(evaluations, order if several else order[:1], goal),
        _configuration(result, space, table),
        html.resource("how_to_read.html"),
    ]
    return write_whole(folder / "report.html", html.document(_title(result), body))


def _best_first(evaluations: Sequence[Mapping[str, Any]], higher: bool) -> list[int]:
    """Places of the evaluations that count, the best first, the earliest of equals first."""
    values = numbers(evaluations, "value") if evaluations else np.empty(0)
    order = np.argsort(-values if higher else values, kind="stable")
    return [int(i) for i in order if not np.isnan(values[i]) and evaluations[i].get("state") != INFEASIBLE]


def _searched(result: Mapping[str, Any]) -> str:
    return shortened(str(result.get("benchmark") or result["space"]))


def _title(result: Mapping[str, Any]) -> str:
    return escape(
        f"archrank search · {_searched(result)} · {shortened(str(result.get('strategy')))} · seed {result.get('seed')}"
    )


def _headline(result: Mapping[str, Any], table: Table | None, higher: bool) -> str:
    count = len(result.get("evaluations") or [])
    counted = f"{count:,} architecture{'' if count == 1 else 's'}"
    if table is not None:
        counted = f"{count:,} of {len(table):,} architectures ({100 * count / len(table):.2g}%)"
    strategy, searched = escape(shortened(str(result.get("strategy")))), escape(_searched(result))
    part = "" if table is None or table.complete else ", which covers a part of its space,"
    looked = f"The {strategy} search evaluated {counted} of {searched}{part}"
    if broken := result.get("infeasible"):
        looked += f" ({broken:,} of them did not meet {escape(shortened(' and '.join(result['constraints']), 200))})"
    if result.get("front") is not None:
        return f"{looked} {pareto_headline(result)}"
    best = result.get("best")
    if best is None:
        counts = "met the constraints" if result.get("constraints") else "gave a value"
        return f"{looked}, and none of them {counts}."
    value = f"{escape(shortened(str(result['metric'])))} <b>{number(best['value'], 5)}</b>"
    rank, regret = best.get("true_rank"), result.get("regret")
    among = "all that meet the constraints" if result.get("constraints") else "all"
    if rank == 1:
        return f"{looked} and found the best of {among}: {value}."
    known = f", number <b>{rank:,}</b> of {among}" if rank else ""
    away = f", {number(regret, 3)} {'below' if higher else 'above'} the optimum" if regret else ""
    return f"{looked} and found one with {value}{known}{away}."


def _tiles(result: Mapping[str, Any], table: Table | None, higher: bool) -> str:
    evaluations = result.get("evaluations") or []
    best = result.get("best") or {}
    failed = sum(e.get("value") is None for e in evaluations)
    if result.get("front") is not None:
        tiles, best = pareto_tiles(result), {}
    else:
        tiles = [
            ("Best value", number(best.get("value"), 5), "higher is better" if higher else "lower is better")
        ]
    if best.get("test_value") is not None:
        tiles.append(("Its test value", number(best["test_value"], 5), "reported, never searched by"))
    if best.get("true_rank") is not None:
        total = f"of {len(table):,} in the table" if table is not None else ""
        if table is not None and result.get("constraints"):
            met = np.count_nonzero(~np.isnan(table.column(result["metric"])))
            total = f"of {met:,} that meet the constraints"
        tiles.append(("Its true rank", f"{best['true_rank']:,}", total))
    if best and result.get("regret") is not None:
        tiles.append(
            ("Regret", number(result["regret"], 3), f"the optimum is {number(result.get('optimum'), 5)}")
        )
    broken = result.get("infeasible")
    remark = (f"{failed} failed" if failed else "none failed") + (
        f", {broken:,} infeasible" if broken else ""
    )
    tiles.append(("Evaluations", f"{len(evaluations):,}", remark))
    seconds = result.get("seconds") or {}
    if seconds.get("total") is not None:
        fit = f"{duration(seconds['fit'])} of it fitting" if seconds.get("fit") else ""
        tiles.append(("Time", duration(seconds["total"]), fit))
    return (
        '<section><dl class="tiles">'
        + "".join(
            f"<div><dt>{escape(a)}</dt><dd>{escape(b)}<small>{escape(c)}</small></dd></div>"
            for a, b, c in tiles
        )
        + "</dl></section>"
    )


def _cells(
    folder: Path, result: Mapping[str, Any], space: SearchSpace, table: Table | None, places: Sequence[int]
) -> str:
    if not places:
        return ""
    evaluations = result["evaluations"]
    parsed = [space.parse(evaluations[i]["architecture"]) for i in places]
    graphs = [space.graph(architecture) for architecture in parsed]
    # A chain alone does not tell which style suits the space; more of its architectures do.
    style = style_of([*graphs, *map(space.graph, space.sample(16, np.random.default_rng(0)))])
    parts = []
    for rank, (i, architecture, graph) in enumerate(zip(places, parsed, graphs, strict=True), start=1):
        evaluation = evaluations[i]
        titles = space.cell_names or None
        svg = encode(draw(graph, operations=space.operations, style=style, titles=titles), ".svg")
        write_whole(folder / "plots" / f"best-{rank}.svg", svg)
        shown = (
            evaluation["values"]
            if result.get("front") is not None
            else {result["metric"]: evaluation["value"]}
        )
        names = [name for name in result.get("objectives") or shown if name in shown]
        said = ", ".join(f"{escape(shortened(name))} {number(shown[name], 5)}" for name in names)
        facts = [f"<b>{rank}. {said}</b>"]
        if evaluation.get("test_value") is not None:
            facts.append(f"test value {number(evaluation['test_value'], 5)}")
        if table is not None and architecture in table and result.get("front") is None:
            facts.append(f"true rank {table.true_rank(architecture, result['metric']):,}")
        facts.append(f"evaluation {i + 1:,}")
        text = str(evaluation["architecture"])
        caption = f"{' · '.join(facts)}<br><code>{escape(text)}</code>"
        picture = inline_svg(svg, f"best-{rank}", f"drawing of {shortened(text, 200)}")
        parts.append(
            f'<figure class="cell"><figcaption>{caption}</figcaption>'
            f'<div class="picture">{picture}</div></figure>'
        )
    if (front := result.get("front")) is not None:
        some = "The" if len(parts) == len(front) else f"{len(parts)} of the"
        title = f"{some} {len(front):,} in the front, by the first objective"
    else:
        title = "The best one found" if len(parts) == 1 else f"The best {len(parts)} found"
    return f"<section><h2>{title}</h2>{''.join(parts)}</section>"


def _evaluations(evaluations: Sequence[Mapping[str, Any]], best: Sequence[int], goal: Goal) -> str:
    if not evaluations:
        return ""
    columns = [
        ("round", "round", 6),
        ("reason", "reason", 6),
        ("predicted", "predicted", 4),
        ("value", "value", 6),
        ("test_value", "test value", 6),
        ("seconds", "seconds", 3),
    ]
    columns = [column for column in columns if any(e.get(column[0]) is not None for e in evaluations)]
    others = goal.needed[1:]
    rows = []
    for i, e in enumerate(evaluations):
        failed = e.get("value") is None
        cells = [html.cell(i + 1)]
        for key, _, digits in columns:
            given = str(e.get("state") or "failed") if key == "value" and failed else e.get(key)
            cells.append(html.cell(given, digits))
        reason = f"<br><small>{escape(str(e['error']))}</small>" if e.get("error") else ""
        cells[1:1] = [html.cell((e.get("values") or {}).get(name)) for name in others]
        cells.append(f"<td>{escape(str(e['architecture']))}{reason}</td>")
        broken = e.get("state") == INFEASIBLE
        rows.append(("best" if i in best else "failed" if failed else INFEASIBLE if broken else "", cells))
    return (
        '<section><h2>All evaluations</h2><p class="note screen">A click on a heading sorts by it.</p>'
        f"{html.table(['#', *others, *(title for _, title, _ in columns), 'architecture'], rows)}</section>"
    )


def _configuration(result: Mapping[str, Any], space: SearchSpace, table: Table | None) -> str:
    metric = plain(result["metric"])
    if table is not None:
        known = table.metric(result["metric"])
        epochs = f", {known.epochs} epochs" if known.epochs is not None else ""
        metric = f"{escape(metric_label(known) + epochs)}: {escape(known.meaning)}"
    summary = f" <span class=note>({escape(space.summary)})</span>" if space.summary else ""
    pairs = [
        ("benchmark", plain(result.get("benchmark"))),
        ("space", plain(result["space"]) + summary),
        ("metric", metric),
    ]
    if len(result.get("objectives") or ()) > 1:
        pairs.append(("objectives", plain(result["objectives"])))
    if result.get("constraints"):
        pairs.append(("constraints", plain(result["constraints"])))
    pairs += [(key, plain(result[key])) for key in ("strategy", "settings", "budget") if key in result]
    pairs.append(("seed", plain(str(result.get("seed")))))
    if versions := result.get("versions"):
        pairs.append(
            ("versions", ", ".join(escape(f"{name} {version}") for name, version in versions.items()))
        )
    seconds = result.get("seconds") or {}
    times = definitions((_TIMES.get(part, part), duration(spent)) for part, spent in seconds.items())
    return (
        f"<section><h2>Configuration</h2>{definitions(pairs)}</section>"
        + (f"<section><h2>Times</h2>{times}</section>" if seconds else "")
        + f"<section><h2>Repeat it</h2><pre>{escape(_command(result))}</pre></section>"
    )


def _command(result: Mapping[str, Any]) -> str:
    if result.get("command"):
        return str(result["command"])
    if not result.get("benchmark"):
        return (
            "This search evaluated with a program of your own: run that again with the same seed and budget."
        )
    words = ["archrank", "search", result["benchmark"]]
    for option in ("budget", "strategy", "metric", "seed"):
        if result.get(option) is not None:
            words += [f"--{option}", result[option]]
    return shlex.join(map(str, words))
