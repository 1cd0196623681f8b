"""The report of a comparison of encoders, losses or predictors: Markdown tables, plots, and one self-contained page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from archrank.benchmarks.table import Metric
from archrank.plot.fits import Measure, label, measures_of, sizes_of
from archrank.plot.labels import metric_label
from archrank.plot.rankings import n_at_k_figure, precision_figure, tau_figure
from archrank.report.parts import pictures_of
from archrank.report.rankings.doubt import doubt
from archrank.report.rankings.tables import fit_rows, published_table, ranking_table
from archrank.report.render import duration, render
from archrank.report.tables import SummaryTable, markdown_page
from archrank.system.files import write_whole
from archrank.system.text import code, shortened

__all__ = ["failed_fits", "write_ranking_report"]

Row = Mapping[str, Any]

_COLUMNS = "Columns are training sizes, with their share of the pool and the number of fits n."
_PUBLISHED = "Published figures"
_PUBLISHED_MEANING = (
    "Kendall's tau as publications report it for this protocol, beside the table above; what they did and how the "
    'labels differ is explained under "protocol".'
)
_FAILED = "Fits that failed"
_CORNER = {"encoders": "encoder", "losses": "loss", "predictors": "predictor"}
_CAPTIONS = {
    "tau": (
        "Kendall's tau by training size",
        "Lines are means over the seeds, bands one standard deviation to either side, and each small dot is one fit.",
    ),
    "precision": (
        "Precision@K",
        "How many of the true top K are among the K predicted best: means over the seeds, one panel for each training "
        "size. At K = 1 it is mostly chance; where K is the whole test part, it is 1.",
    ),
    "n-at-k": (
        "N@K",
        "The best true rank among the K predicted best: medians over the seeds, one panel for each training size. The "
        "dashed line is the median of a random order.",
    ),
}


def write_ranking_report(
    folder: Path, rows: Sequence[Row], config: Mapping[str, Any], about: Mapping[str, Any]
) -> Path:
    """Write ``tables.md``, the folder ``plots`` and ``report.html`` of a comparison.

    Args:
        folder: The folder of the comparison.
        rows: The results, as :func:`archrank.experiments.grid.read_rows` gives them.
        config: The configuration in ``config.json``.
        about: Its other entries: ``rows`` (``"encoders"``, ``"losses"`` or ``"predictors"``), ``tau``
            (``"last-5"`` or ``"last"``), ``split`` in words, the sizes of ``pool`` and ``test``, the two ``metrics``,
            ``versions``, ``commands`` and ``date``; and ``protocol``, if a published one was followed.

    Returns:
        The path of the page.

    Raises:
        FileError: A file cannot be written.
    """
    what, pool = str(about["rows"]), int(about["pool"])
    rows = [{**row, "number": number} for number, row in enumerate(rows, start=1)]
    measures = measures_of(rows, str(about["tau"]))
    tables = [(m.title, m.meaning, ranking_table(rows, m, what, pool)) for m in measures]
    if published := published_table(rows, about.get("protocol")):
        tables.insert(1, (_PUBLISHED, _PUBLISHED_MEANING, published))
    details, failed = _details(rows, config, about), failed_fits(rows, what)
    page = markdown_page(
        f"{what.capitalize()} on {code(str(config['benchmark']))}",
        details,
        about["commands"],
        f"{_COLUMNS} Means ± standard deviation over the fits; of ranks the median, with its share of the test part. "
        "The best of every column is bold.",
        tables,
        _CORNER[what],
        (_FAILED, failed),
    )
    write_whole(folder / "tables.md", page)
    figures = _figures(rows, measures[0], about) if any(row["error"] is None for row in rows) else {}
    headings, fits = fit_rows(rows, measures, what)
    page = render(
        "ranking.html.j2",
        title=" · ".join(
            [f"archrank compare {what}", shortened(str(config["benchmark"])), f"{config['split']} split"]
        ),
        **_headline(tables[0][2], sizes_of(rows), config, about),
        doubt=doubt(rows, what, measures[0]),
        pictures=pictures_of(folder, figures, _CAPTIONS),
        tables=tables,
        note=_COLUMNS,
        corner=_CORNER[what],
        explored_headings=headings,
        explored_rows=fits,
        failed_title=_FAILED,
        failed=failed,
        settings=details,
        commands=about["commands"],
    )
    return write_whole(folder / "report.html", page)


def _figures(rows: Sequence[Row], tau: Measure, about: Mapping[str, Any]) -> dict[str, Figure]:
    what, pool, tested = about["rows"], about["pool"], about["test"]
    return {
        "tau": tau_figure(rows, tau, what, pool),
        "precision": precision_figure(rows, what, pool, tested),
        "n-at-k": n_at_k_figure(rows, what, pool, tested),
    }


@dataclass(frozen=True, slots=True)
class _Winner:
    """What ranks best.

    Attributes:
        name: Its name.
        sizes: The training sizes at which it is best, as text.
    """

    name: str
    sizes: str


def _headline(
    tau: SummaryTable, sizes: Sequence[int], config: Mapping[str, Any], about: Mapping[str, Any]
) -> dict[str, Any]:
    """The values of the template's headline, by name."""
    all_of_them = (about.get("protocol") or {}).get("overlap")
    kind = "architectures, training ones included," if all_of_them else "held-out architectures"
    lines = dict(tau.lines)
    best: dict[str, list[int]] = {}
    for i, size in enumerate(sizes):
        for name, cells in lines.items():
            if cells[i].best:
                best.setdefault(name, []).append(size)
    # Where nothing differs, nothing is marked.
    best = best or {n: list(sizes) for n, cells in lines.items() if any(c.value is not None for c in cells)}
    alone = len(lines) == 1 or (len(best) == 1 and sum(map(len, best.values())) == len(sizes))
    if alone:
        name = next(iter(best or lines))
        best = {name: list(sizes)}
        known = [(c.value, s) for c, s in zip(lines[name], sizes, strict=True) if c.value is not None]
        ends = dict.fromkeys(
            f"{value:.3f} from {size:,}".replace("-", "−") for value, size in (known[:1] + known[-1:])
        )
        taus = f"Kendall's tau {' to '.join(ends)} training architectures" if ends else "its tau is undefined"
    else:
        taus = ""
    return {
        "winners": [
            _Winner(shortened(name), ", ".join(f"{s:,}" for s in sizes)) for name, sizes in best.items()
        ],
        "alone": alone,
        "taus": taus,
        "tested": f"the {about['test']:,} {kind} of {shortened(str(config['benchmark']))}",
        "where": " best" + (" at every training size" if len(sizes) > 1 else "") if len(lines) > 1 else "",
    }


def failed_fits(rows: Sequence[Row], what: str) -> list[str]:
    """The fits that failed, and why; ``what`` is compared."""
    return [
        f"{label(row, rows, what)}, {row['size']:,} architectures, seed {row['seed']}: {row['error']}"
        for row in rows
        if row["error"] is not None
    ]


def _details(
    rows: Sequence[Row], config: Mapping[str, Any], about: Mapping[str, Any]
) -> list[tuple[str, str]]:
    """A description of the comparison."""
    trained, tested = (Metric(**metric) for metric in about["metrics"])
    finished = [row for row in rows if row["error"] is None]
    seconds = sum(row["seconds"] for row in finished)
    fits = f"{len(finished):,}"
    if "epochs" in config:
        networks = "1 network" if config["members"] == 1 else f"{config['members']} networks"
        fits += f" of {config['epochs']} epochs, {networks} each"
    protocol = about.get("protocol")
    alike = "All seeds share one." if config["same_subset"] else "Each seed draws its own."
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
