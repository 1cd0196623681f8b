"""The report of a comparison of encoders, losses or predictors: Markdown tables, plots, and one self-contained page."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from archrank.benchmarks.table import Metric
from archrank.files import write_whole
from archrank.plot.fits import Measure, label, measures_of, sizes_of
from archrank.plot.labels import metric_label
from archrank.plot.rankings import n_at_k_figure, precision_figure, tau_figure
from archrank.plot.style import encode
from archrank.report import html
from archrank.report.html import duration, escape
from archrank.report.rankings.tables import published_table, ranking_table
from archrank.report.tables import SummaryTable, markdown_page, section
from archrank.text import code

__all__ = ["failed_fits", "write_ranking_report"]

Row = Mapping[str, Any]

_COLUMNS = "Columns are training sizes, with their share of the pool and the number of fits n."
_PUBLISHED = "Published figures"
_PUBLISHED_MEANING = (
    "Kendall's tau as publications report it for this protocol, beside the table above; what they did and how the "
    'labels differ is said under "protocol".'
)
_FAILED = "Fits that failed"
_CORNER = {"encoders": "encoder", "losses": "loss", "predictors": "predictor"}
_PICTURES = {
    "tau": "Kendall's tau by training size",
    "precision": "Precision@K",
    "n-at-k": "N@K",
}
_CAPTIONS = {
    "tau": "Lines are means over the seeds, bands one standard deviation to either side.",
    "precision": "How many of the true top K are among the K predicted best; means over the seeds, a panel for every "
    "training size. At K = 1 it is a matter of luck; where K is all, it is 1.",
    "n-at-k": "The best true rank among the K predicted best; medians over the seeds, a panel for every training size. "
    "The dashed line is the median of a random order.",
}


def write_ranking_report(
    folder: Path, rows: Sequence[Row], config: Mapping[str, Any], about: Mapping[str, Any]
) -> Path:
    """Write ``tables.md``, the folder ``plots`` and ``report.html`` of a comparison.

    Args:
        folder: The folder of the comparison.
        rows: The results, as :func:`archrank.experiments.grid.read_rows` gives them.
        config: What ``config.json`` says the comparison is.
        about: What it says beside that: ``rows`` (``"encoders"``, ``"losses"`` or ``"predictors"``), ``tau``
            (``"last-5"`` or ``"last"``), ``split`` in words, the sizes of ``pool`` and ``test``, the two ``metrics``,
            ``versions``, ``commands`` and ``date``; and ``protocol``, if a published one was followed.

    Returns:
        The path of the page.

    Raises:
        FileError: A file cannot be written.
    """
    what, pool = str(about["rows"]), int(about["pool"])
    measures = measures_of(rows, str(about["tau"]))
    tables = [(m.title, m.meaning, ranking_table(rows, m, what, pool)) for m in measures]
    if published := published_table(rows, about.get("protocol")):
        tables.insert(1, (_PUBLISHED, _PUBLISHED_MEANING, published))
    facts, failed = _facts(rows, config, about), (_FAILED, failed_fits(rows, what))
    page = markdown_page(
        f"{what.capitalize()} on {code(str(config['benchmark']))}",
        facts,
        about["commands"],
        f"{_COLUMNS} Means ± standard deviation over the fits; of ranks the median, with its share of the test part. "
        "The best of every column is bold.",
        tables,
        _CORNER[what],
        failed,
    )
    write_whole(folder / "tables.md", page)
    pictures = []
    if any(row["error"] is None for row in rows):
        for name, figure in _figures(rows, measures[0], about).items():
            svg = encode(figure, ".svg")
            write_whole(folder / "plots" / f"{name}.svg", svg)
            pictures.append(html.picture(svg, name, _PICTURES[name], _CAPTIONS[name]))
    title = escape(f"archrank compare {what} · {config['benchmark']} · {config['split']} split")
    body = [
        f"<header><h1>{title}</h1>",
        f'<p class="headline">{_headline(tables[0][2], sizes_of(rows), config, about)}</p></header>',
        *pictures[:1],
        section(_COLUMNS, tables, _CORNER[what]),
        *pictures[1:],
        html.listed(*failed),
        html.configuration(facts, about["commands"]),
        html.resource("how_to_read_ranking.html"),
    ]
    return write_whole(folder / "report.html", html.document(title, body, ["comparison.css"]))


def _figures(rows: Sequence[Row], tau: Measure, about: Mapping[str, Any]) -> dict[str, Figure]:
    what, pool, tested = about["rows"], about["pool"], about["test"]
    return {
        "tau": tau_figure(rows, tau, what, pool),
        "precision": precision_figure(rows, what, pool, tested),
        "n-at-k": n_at_k_figure(rows, what, pool, tested),
    }


def _headline(
    tau: SummaryTable, sizes: Sequence[int], config: Mapping[str, Any], about: Mapping[str, Any]
) -> str:
    """Which is best, in a sentence."""
    all_of_them = (about.get("protocol") or {}).get("overlap")
    kind = "architectures, training ones included," if all_of_them else "held-out architectures"
    tested = f"the {about['test']:,} {kind} of {escape(str(config['benchmark']))}"
    lines = dict(tau.lines)
    if not lines:
        return "No fit has finished."
    best: dict[str, list[int]] = {}
    for place, size in enumerate(sizes):
        for name, cells in lines.items():
            if cells[place].best:
                best.setdefault(name, []).append(size)
    if len(lines) == 1 or (len(best) == 1 and sum(map(len, best.values())) == len(sizes)):
        (name, *_) = best or lines
        found = [(c.value, s) for c, s in zip(lines[name], sizes, strict=True) if c.value is not None]
        ends = dict.fromkeys(f"{value:.3f} from {size:,}" for value, size in (found[:1] + found[-1:]))
        words = (
            f"Kendall's tau {' to '.join(ends)} training architectures" if ends else "its tau is undefined"
        )
        where = " best" + (" at every training size" if len(sizes) > 1 else "") if len(lines) > 1 else ""
        return f"<b>{escape(name)}</b> ranks {tested}{where}: {words}."
    each = [
        f"<b>{escape(name)}</b> with {', '.join(f'{s:,}' for s in sizes)}" for name, sizes in best.items()
    ]
    return f"What ranks {tested} best depends on the number of training architectures: {'; '.join(each)}."


def failed_fits(rows: Sequence[Row], what: str) -> list[str]:
    """The fits that failed, and why; ``what`` is compared."""
    return [
        f"{label(row, rows, what)}, {row['size']:,} architectures, seed {row['seed']}: {row['error']}"
        for row in rows
        if row["error"] is not None
    ]


def _facts(rows: Sequence[Row], config: Mapping[str, Any], about: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What the comparison is, in words."""
    trained, tested = (Metric(**metric) for metric in about["metrics"])
    finished = [row for row in rows if row["error"] is None]
    seconds = sum(row["seconds"] for row in finished)
    fits = f"{len(finished):,}"
    if "epochs" in config:
        networks = "1 network" if config["members"] == 1 else f"{config['members']} networks"
        fits += f" of {config['epochs']} epochs, {networks} each"
    protocol = about.get("protocol")
    alike = "All seeds share one." if config["same_subset"] else "Every seed draws another."
    return [
        ("benchmark", str(config["benchmark"])),
        ("space", str(config["space"])),
        ("trained on", f"{metric_label(trained)}: {trained.meaning}"),
        ("tested on", f"{metric_label(tested)}: {tested.meaning}"),
        ("split", f"{about['split']} {alike}"),
        *([("protocol", f"{protocol['name']}: {protocol['words']}")] if protocol else []),
        ("fits", f"{fits}, {duration(seconds)} of computing"),
        ("versions", ", ".join(f"{name} {version}" for name, version in about["versions"].items())),
        ("date", str(about["date"])),
    ]
