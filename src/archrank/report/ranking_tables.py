"""The tables of a comparison of encoders, losses or predictors, from rows of fits."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from archrank.report.sheets import Cell, Sheet, marked, percent

__all__ = ["Measure", "grouped", "label", "measures_of", "published_sheet", "sheet", "sizes_of"]

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Measure:
    """A column of the results, as it is shown.

    Attributes:
        column: Its name in the results.
        title: What it is called.
        meaning: What it is, as a sentence.
        kind: ``"value"`` is averaged over the fits, of a ``"rank"`` the median is shown.
    """

    column: str
    title: str
    meaning: str
    kind: Literal["value", "rank"] = "value"

    @property
    def higher_is_better(self) -> bool:
        """The direction in which it is good."""
        return self.kind == "value" and self.column not in ("isomorphism_spread", "seconds_fit")


_RANK = "The best true rank among the {} architectures predicted best, and its share of the test part; 1 is perfect."
_PRECISION = "The share of the true top {} among the {} predicted best, at K = {} of the test part."
_IN_TOP = "Kendall's tau among the {} of the test part that are truly best."

_MEASURES = (
    *(Measure(f"n_at_{k}", f"N@{k}", _RANK.format(k), "rank") for k in (5, 10)),
    *(
        Measure(f"precision_at_{share}", f"Precision@{share}", _PRECISION.format("K", "K", share))
        for share in ("1%", "5%")
    ),
    *(
        Measure(f"tau_in_top_{share}", f"Kendall's tau within the top {share}", _IN_TOP.format(share))
        for share in ("10%", "50%")
    ),
    Measure(
        "spearman", "Spearman's rank correlation", "Of predicted scores and measurements on the test part."
    ),
    Measure(
        "isomorphism_spread",
        "Spread of scores among isomorphic architectures",
        "How differently encodings of the same architecture are scored; 0 is not at all.",
    ),
    Measure("seconds_fit", "Seconds of a fit", "By the clock, with other fits beside it on the machine."),
)


def measures_of(rows: Sequence[Row], tau: str = "last-5") -> list[Measure]:
    """The measures that tables are made of, among those that the rows hold.

    Args:
        rows: The results.
        tau: ``"last-5"`` for the mean over the last five epochs, ``"last"`` for the last.
    """
    words = {"last-5": "the mean over the last five epochs", "last": "after the last epoch"}[tau]
    if any("predictor" in row for row in rows):
        words = "of the fitted predictor"
    first = Measure(
        "tau" if tau == "last-5" else "tau_last",
        "Kendall's tau",
        f"Between predicted scores and measurements on the test part, {words}; 1 is the same order, 0 is chance.",
    )
    return [m for m in (first, *_MEASURES) if any(row.get(m.column) is not None for row in rows)] or [first]


def label(row: Row, rows: Sequence[Row], what: str) -> str:
    """What a row is called among others: its encoder, loss or predictor, and whatever else tells it from them.

    Args:
        row: A row of results.
        rows: All rows.
        what: ``"encoders"``, ``"losses"`` or ``"predictors"``: what is compared.
    """
    if what == "predictors":
        return str(row["predictor"])
    compared, beside = ("encoder", "loss") if what == "encoders" else ("loss", "encoder")
    words = str(row[compared])
    if len({other[beside] for other in rows}) > 1:
        words += f" + {row[beside]}"
    return words + (", simplified" if row["simplify"] else "")


def grouped(rows: Sequence[Row], what: str) -> dict[str, dict[int, list[Row]]]:
    """The finished fits by label and training size, labels in the order of the rows."""
    groups: dict[str, dict[int, list[Row]]] = {}
    for row in rows:
        if row["error"] is None:
            groups.setdefault(label(row, rows, what), {}).setdefault(row["size"], []).append(row)
    return groups


def sizes_of(rows: Sequence[Row]) -> list[int]:
    """The training sizes of the finished fits, ascending."""
    return sorted({row["size"] for row in rows if row["error"] is None})


def sheet(rows: Sequence[Row], measure: Measure, what: str, pool: int) -> Sheet:
    """The table of a measure.

    Args:
        rows: The results.
        measure: What is shown.
        what: ``"encoders"`` or ``"losses"``: what the lines are.
        pool: How many architectures may be trained on.
    """
    groups, sizes = grouped(rows, what), sizes_of(rows)
    headings, columns = [], []
    for size in sizes:
        fits = [group.get(size, []) for group in groups.values()]
        counts = {len(some) for some in fits if some}
        # Where all of a column come from equally many fits, its heading says it once.
        alike = f", n = {counts.pop()}" if len(counts) == 1 else ""
        headings.append(f"{size:,} ({percent(size / pool)}){alike}")
        cells = [_cell(some, measure, counted=not alike) for some in fits]
        columns.append(marked(cells, higher_is_better=measure.higher_is_better))
    return Sheet(headings, [(name, [c[i] for c in columns]) for i, name in enumerate(groups)])


def published_sheet(rows: Sequence[Row], protocol: Mapping[str, Any] | None) -> Sheet | None:
    """What publications report for the training sizes of the finished fits; None where they report nothing.

    Args:
        rows: The results.
        protocol: ``published``: for every method its ``source``, ``sizes`` and ``taus``; None without a protocol.
    """
    sizes = sizes_of(rows)
    lines = []
    for each in protocol["published"] if protocol else ():
        taus = dict(zip(each["sizes"], each["taus"], strict=True))
        cells = [Cell(f"{taus[size]:.3f}", taus[size]) if size in taus else Cell("–", None) for size in sizes]
        if any(cell.value is not None for cell in cells):
            method, source = each["method"], each["source"]
            lines.append((source if source.startswith(f"{method},") else f"{method} ({source})", cells))
    return Sheet([f"{size:,}" for size in sizes], lines) if lines else None


def _cell(fits: Sequence[Row], measure: Measure, *, counted: bool) -> Cell:
    known = [fit for fit in fits if fit.get(measure.column) is not None]
    if not fits:
        return Cell("–", None)
    if not known:
        return Cell(f"undefined in {len(fits)} of {len(fits)}", None)
    values = [float(fit[measure.column]) for fit in known]
    notes = [f"n = {len(fits)}"] if counted else []
    if len(known) < len(fits):
        notes.append(f"undefined in {len(fits) - len(known)} of {len(fits)}")
    after = f" [{', '.join(notes)}]" if notes else ""
    if measure.kind == "rank":
        median = statistics.median(values)
        share = statistics.median(float(fit[f"{measure.column}_share"]) for fit in known)
        return Cell(f"{median:,g} ({percent(share)}){after}", median)
    mean = statistics.fmean(values)
    spread = f" ± {statistics.stdev(values):.3f}" if len(values) > 1 else ""
    return Cell(f"{mean:.3f}{spread}{after}".replace("-", "−"), mean)
