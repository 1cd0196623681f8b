"""The report of a comparison of strategies: tables as Markdown, plots, and one self-contained HTML page."""

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from archrank.benchmarks.files import kept_table, write_table
from archrank.benchmarks.table import Metric
from archrank.plot.labels import metric_label
from archrank.plot.strategies import hours_figure, needed_figure, numbered, regret_figure
from archrank.report.parts import pictures_of
from archrank.report.render import duration, render
from archrank.report.strategies.searches import search_rows
from archrank.report.strategies.tables import short, summary_tables
from archrank.report.tables import FEWEST_SEEDS, SummaryTable, markdown_page
from archrank.simulation.files import evaluations, read_labels
from archrank.simulation.measures import RANDOM_NAME, Labels, Line, lines_of, quantiles
from archrank.system.files import write_whole
from archrank.system.text import code, shortened

__all__ = ["failed_searches", "write_strategy_report"]

Row = Mapping[str, Any]

_CORNER = "strategy"
_FAILED = "Searches that failed"
_NOTE = (
    "Medians over the seeds, with the quartiles in brackets unless they read the same; random search is exact. The "
    "best of every column is marked."
)
_BANDS = "Thick lines are medians over the seeds, bands reach from quartile to quartile; each thin line is a search."
_CAPTIONS = {
    "regret": (
        "Regret by number of evaluations",
        f"{_BANDS} The line of random search is exact, not simulated.",
    ),
    "needed": (
        "Evaluations needed",
        "Until one of the best of the table was found: large dots are medians over the seeds, bars reach from quartile "
        "to quartile, and each small dot is one search. An arrow at the dashed line: at least half of the searches did "
        "not find one within the budget.",
    ),
    "test-regret": (
        "Test regret of the incumbent",
        f"How far the architecture with the best label so far is, on test, from the best there is. {_BANDS}",
    ),
    "hours": (
        "Regret by simulated hours",
        f"With the training times of the table, as if each worker trained one architecture at a time. {_BANDS}",
    ),
}


def write_strategy_report(
    folder: Path, rows: Sequence[Row], config: Mapping[str, Any], about: Mapping[str, Any]
) -> Path:
    """Write ``tables.md``, ``evaluations.parquet``, the folder ``plots`` and ``report.html`` of a comparison.

    Args:
        folder: The folder of the comparison; it holds the table's labels too.
        rows: The results, as :func:`archrank.experiments.grid.read_rows` gives them.
        config: The configuration in ``config.json``.
        about: Its other entries: ``size``, how many architectures the table has; the ``metrics`` ``valid``,
            ``test`` and ``time``, None where there is none; ``versions``, ``commands`` and ``date``.

    Returns:
        The path of the page.

    Raises:
        RunFolderError: The labels are missing or damaged.
        FileError: A file cannot be written.
    """
    lines, labels = _found(folder, rows, config, about)
    tables = _tables(lines, labels, config, about) if lines else []
    details, failed = _details(rows, config, about), failed_searches(rows)
    page = markdown_page(
        f"Strategies on {code(str(config['benchmark']))}",
        details,
        about["commands"],
        _NOTE,
        tables,
        _CORNER,
        (_FAILED, failed),
    )
    write_whole(folder / "tables.md", page)
    figures = _figures(lines, labels, config, about) if lines else {}
    if lines:
        write_table(kept_table(folder / "evaluations.parquet"), evaluations(rows))
    words = (str(config["benchmark"]), _metric(about, "valid").name)
    headings, searches = search_rows(lines, labels, int(config["evaluations"])) if lines else ([], [])
    page = render(
        "strategies.html.j2",
        title=" · ".join(["archrank compare strategies", *map(shortened, words)]),
        benchmark=shortened(str(config["benchmark"])),
        budget=f"{int(config['evaluations']):,}",
        best=_best(lines, labels, int(config["evaluations"])) if lines else None,
        pictures=pictures_of(folder, figures, _CAPTIONS),
        tables=tables,
        note=_NOTE,
        corner=_CORNER,
        explored_headings=headings,
        explored_rows=searches,
        failed_title=_FAILED,
        failed=failed,
        settings=details,
        commands=about["commands"],
    )
    return write_whole(folder / "report.html", page)


def failed_searches(rows: Sequence[Row]) -> list[str]:
    """The searches that failed, and why."""
    return [
        f"{row['strategy']}, {row['parallel']} at once, seed {row['seed']}: {row['error']}"
        for row in rows
        if row["error"] is not None
    ]


def _found(
    folder: Path, rows: Sequence[Row], config: Mapping[str, Any], about: Mapping[str, Any]
) -> tuple[list[Line], Labels]:
    labels = read_labels(folder, valid_sign=_sign(about, "valid"), test_sign=_sign(about, "test"))
    return lines_of(rows, labels, int(config["evaluations"])), labels


def _tables(
    lines: Sequence[Line], labels: Labels, config: Mapping[str, Any], about: Mapping[str, Any]
) -> list[tuple[str, str, SummaryTable]]:
    signs = {"valid_sign": _sign(about, "valid"), "test_sign": _sign(about, "test")}
    return summary_tables(lines, labels, int(config["evaluations"]), **signs)


def _metric(about: Mapping[str, Any], which: str) -> Metric:
    return Metric(**about["metrics"][which])


def _sign(about: Mapping[str, Any], which: str) -> float:
    return 1.0 if about["metrics"][which] is None or _metric(about, which).higher_is_better else -1.0


def _figures(
    lines: Sequence[Line], labels: Labels, config: Mapping[str, Any], about: Mapping[str, Any]
) -> dict[str, Figure]:
    budget, numbers = int(config["evaluations"]), numbered(lines)
    seen = metric_label(_metric(about, "valid"))
    figures: dict[str, Figure] = {
        "regret": regret_figure(
            {line.name: quantiles(line.regret) for line in lines}
            | {RANDOM_NAME: labels.random_regret(budget)},
            seen,
            {line.name: line.regret for line in lines},
            numbers,
        ),
        "needed": needed_figure(lines, labels, budget, numbers),
    }
    random_test = labels.random_test_regret(budget)
    if random_test is not None:
        tested = {line.name: line.test_regret for line in lines if line.test_regret is not None}
        curves = {name: quantiles(regret) for name, regret in tested.items()} | {RANDOM_NAME: random_test}
        figures["test-regret"] = regret_figure(curves, metric_label(_metric(about, "test")), tested, numbers)
    if any(line.timed for line in lines):
        figures["hours"] = hours_figure(lines, seen, numbers)
    return figures


def _best(lines: Sequence[Line], labels: Labels, budget: int) -> dict[str, str | bool]:
    """What needs the fewest evaluations, for the headline.

    Returns:
        Its ``name``; ``seeds``, their number in words; ``equal``, whether another is as good or the seeds are
        too few; ``needed``, the median number of evaluations until the best was found, or "" beyond the budget, and
        ``random``, that of random search; ``regret``, its median, or "" where nothing was measured, and that of the
        ``others``.
    """
    *_, optimum = labels.targets

    def merit(line: Line) -> tuple[float, ...]:
        regret = float(quantiles(line.regret[:, -1], [0.5])[0])
        return (
            regret,
            *(float(quantiles(line.queries(t.regret), [0.5])[0]) for t in reversed(labels.targets)),
        )

    best = min(lines, key=merit)
    regret, needed, *_ = merit(best)
    _, random, _ = labels.random_queries(optimum)
    others = {line.name: merit(line)[0] for line in lines if line is not best}
    others["random search"] = float(labels.random_regret(budget)[1, -1])
    equal = min(others.values()) <= regret
    return {
        "seeds": f"{len(best.seeds)} seeds" if len(best.seeds) > 1 else "1 seed",
        "equal": equal or len(best.seeds) < FEWEST_SEEDS,
        "name": shortened(best.name),
        "needed": f"{needed:,.4g}" if math.isfinite(needed) else "",
        "random": f"{random:,}",
        "regret": "" if math.isinf(regret) else short(regret),
        "others": ", ".join(f"{short(value)} ({shortened(name)})" for name, value in others.items()),
    }


def _details(
    rows: Sequence[Row], config: Mapping[str, Any], about: Mapping[str, Any]
) -> list[tuple[str, str]]:
    """A description of the comparison."""
    finished = [row for row in rows if row["error"] is None]
    counts = Counter(row["strategy"] for row in finished)
    metrics = {
        words: _metric(about, which)
        for which, words in (
            ("valid", "searched by"),
            ("test", "reported beside it"),
            ("time", "simulated time"),
        )
        if about["metrics"][which] is not None
    }
    return [
        ("benchmark", f"{config['benchmark']}, {about['size']:,} architectures"),
        ("space", str(config["space"])),
        *((words, f"{metric_label(metric)}: {metric.meaning}") for words, metric in metrics.items()),
        ("budget", f"{config['evaluations']:,} evaluations each"),
        (
            "searches",
            ", ".join(f"{count} of {name}" for name, count in counts.items())
            + f"; {duration(sum(row['seconds'] for row in finished))} of computing",
        ),
        *dict.fromkeys((f"settings of {row['strategy']}", _settings(row, config)) for row in finished),
        ("versions", ", ".join(f"{name} {version}" for name, version in about["versions"].items())),
        ("date", str(about["date"])),
    ]


def _settings(row: Row, config: Mapping[str, Any]) -> str:
    """The settings of a strategy, as text; earlier versions kept them with the rows."""
    found = config.get("compared", {}).get(row["strategy"], row.get("settings"))
    return found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)
