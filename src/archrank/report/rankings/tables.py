"""The tables of a comparison of encoders, losses or predictors, from rows of fits."""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from archrank.plot.fits import Measure, Row, grouped, label, percent, sizes_of
from archrank.report.parts import TableCell
from archrank.report.tables import SummaryCell, SummaryTable, best_marked

__all__ = ["fit_rows", "published_table", "ranking_table"]


def ranking_table(rows: Sequence[Row], measure: Measure, what: str, pool: int) -> SummaryTable:
    """The table of a measure.

    Args:
        rows: The results.
        measure: What is shown.
        what: ``"encoders"`` or ``"losses"``: what is compared.
        pool: How many architectures may be trained on.
    """
    groups, sizes = grouped(rows, what), sizes_of(rows)
    headings, columns = [], []
    for size in sizes:
        fits = [group.get(size, []) for group in groups.values()]
        counts = {len(some) for some in fits if some}
        # Where all entries of a column have the same number of fits, the heading states it.
        alike = f", n = {counts.pop()}" if len(counts) == 1 else ""
        headings.append(f"{size:,} ({percent(size / pool)}){alike}")
        cells = [_cell(some, measure, counted=not alike) for some in fits]
        columns.append(best_marked(cells, higher_is_better=measure.higher_is_better))
    return SummaryTable(headings, [(name, [c[i] for c in columns]) for i, name in enumerate(groups)])


def fit_rows(
    rows: Sequence[Row], measures: Sequence[Measure], what: str
) -> tuple[list[str], list[tuple[str, list[TableCell]]]]:
    """The headings and the rows of the table of all finished fits.

    Args:
        rows: The results, each with its ``number`` in the page.
        measures: What is shown.
        what: ``"encoders"``, ``"losses"`` or ``"predictors"``: what is compared.
    """
    headings = [
        "#",
        {"losses": "loss"}.get(what, what.removesuffix("s")),
        "labels",
        "seed",
        *(measure.title for measure in measures),
    ]
    found = []
    for row in (row for row in rows if row["error"] is None):
        values = [row["number"], label(row, rows, what), row["size"], row["seed"]]
        values += [row.get(measure.column) for measure in measures]
        found.append(("", [TableCell(value, 4) for value in values]))
    return headings, found


def published_table(rows: Sequence[Row], protocol: Mapping[str, Any] | None) -> SummaryTable | None:
    """What publications report for the training sizes of the finished fits; None where they report nothing.

    Args:
        rows: The results.
        protocol: ``published``: for every method its ``source``, ``sizes`` and ``taus``; None without a protocol.
    """
    sizes = sizes_of(rows)
    lines = []
    for each in protocol["published"] if protocol else ():
        taus = dict(zip(each["sizes"], each["taus"], strict=True))
        cells = [
            SummaryCell(f"{taus[size]:.3f}", taus[size]) if size in taus else SummaryCell("–", None)
            for size in sizes
        ]
        if any(cell.value is not None for cell in cells):
            method, source = each["method"], each["source"]
            lines.append((source if source.startswith(f"{method},") else f"{method} ({source})", cells))
    return SummaryTable([f"{size:,}" for size in sizes], lines) if lines else None


def _cell(fits: Sequence[Row], measure: Measure, *, counted: bool) -> SummaryCell:
    known = [fit for fit in fits if fit.get(measure.column) is not None]
    if not fits:
        return SummaryCell("–", None)
    if not known:
        return SummaryCell(f"undefined in {len(fits)} of {len(fits)}", None)
    values = [float(fit[measure.column]) for fit in known]
    notes = [f"n = {len(fits)}"] if counted else []
    if len(known) < len(fits):
        notes.append(f"undefined in {len(fits) - len(known)} of {len(fits)}")
    after = f" [{', '.join(notes)}]" if notes else ""
    if measure.kind == "rank":
        median = statistics.median(values)
        share = statistics.median(float(fit[f"{measure.column}_share"]) for fit in known)
        return SummaryCell(f"{median:,g} ({percent(share)}){after}", median)
    mean = statistics.fmean(values)
    spread = f" ± {statistics.stdev(values):.3f}" if len(values) > 1 else ""
    return SummaryCell(f"{mean:.3f}{spread}{after}".replace("-", "−"), mean)
