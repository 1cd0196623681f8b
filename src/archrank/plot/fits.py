"""Rows of fits, as plots and tables of a comparison show them: measures, groups and labels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["Measure", "Row", "grouped", "label", "measures_of", "percent", "sizes_of"]

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Measure:
    """A column of the results, as it is shown.

    Attributes:
        column: Its name in the results.
        title: Its heading.
        meaning: A sentence that explains it.
        kind: ``"value"`` is averaged over the fits; of ``"rank"`` the median is shown.
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
        "How much scores of encodings of the same architecture differ; 0 if they are equal.",
    ),
    Measure("seconds_fit", "Seconds of a fit", "Wall-clock time, while other fits run on the same machine."),
)


def measures_of(rows: Sequence[Row], tau: str = "last-5") -> list[Measure]:
    """The measures that the rows hold and the tables show.

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
    """The label of a row: its encoder, loss or predictor, and whatever else distinguishes it from other rows.

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


def percent(share: float) -> str:
    """A share with two or three digits.

    >>> percent(0.000498), percent(0.0325), percent(1.0)
    ('0.05%', '3.25%', '100%')
    """
    return f"{float(f'{100 * share:.{3 if share >= 0.01 else 2}g}'):g}%"
