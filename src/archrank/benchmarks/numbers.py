"""Numbers out of the cells of tables, as people and their programs write them."""

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np

from archrank.benchmarks.table import Floats
from archrank.system.foreign import shown

__all__ = ["Numbers", "WrongCell", "is_blank", "looks_like_numbers", "read_numbers"]

_SAMPLED = 2_000
"""So many cells of a column, evenly spread, tell whether it holds numbers."""

MISSING = frozenset(
    [
        "-",
        "--",
        "?",
        "nan",
        "na",
        "n/a",
        "#n/a",
        "nil",
        "null",
        "none",
        "oom",
        "failed",
        "fail",
        "error",
        "inf",
        "-inf",
    ]
) | {""}
"""What programs and people write where nothing was measured."""

_PLAIN = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")
_WITH_COMMA = re.compile(r"[+-]?(?:\d+,\d*|,\d+)(?:[eE][+-]?\d+)?")
_GROUPED = {
    ".": re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?"),
    ",": re.compile(r"[+-]?\d{1,3}(?:\.\d{3})+(?:,\d+)?"),
}
_LIKE_A_NUMBER = re.compile(r"[+-]?(?:[\d.,]*\d[.,]?)(?:[eE][+-]?\d+)?")
_MINUS = str.maketrans({"\u2212": "-", "\xa0": " ", "\u202f": " "})


class WrongCell(ValueError):
    """A cell that should hold a number and does not.

    Attributes:
        row: Its row.
        why: What is wrong with it.
    """

    def __init__(self, row: int, why: str) -> None:
        super().__init__(why)
        self.row, self.why = row, why


class Numbers(NamedTuple):
    """The numbers of a column.

    Attributes:
        values: NaN where there is no number: (M,).
        missing: What stands there instead, and how often.
    """

    values: Floats
    missing: "Counter[str]"


def is_blank(cell: object) -> bool:
    """Whether a cell is empty, or marked as such by pandas or NumPy."""
    if cell is None or cell == "":
        return True
    return isinstance(cell, float) and cell != cell


def looks_like_numbers(cells: Sequence[Any]) -> bool:
    """Whether at least half of the filled cells of a column are numbers, by a sample of them.

    >>> looks_like_numbers(["0.5", "OOM", "", "91,2 %"]), looks_like_numbers(["a", "1"]), looks_like_numbers(["a"])
    (True, True, False)
    """
    step = max(1, len(cells) // _SAMPLED)
    filled = [cell for cell in cells[::step] if not is_blank(cell) and not _is_missing(cell)]
    numbers = sum(_is_number(cell) for cell in filled)
    return numbers > 0 and 2 * numbers >= len(filled)


def read_numbers(cells: Sequence[Any], decimal: str | None = None) -> Numbers:
    """The numbers of a column.

    Blanks, NaN, infinities and words (``OOM``, ``n/a``) stand where nothing was measured. Per cent signs are dropped.
    A comma is the decimal sign where it can be nothing else in the column.

    Args:
        cells: The cells: (M,).
        decimal: The decimal sign of texts; None for what the column tells.

    Raises:
        WrongCell: A cell starts like a number and is none, or could be several; or holds a truth value or an object.

    >>> read_numbers(["81,5 %", "OOM", "9,25%"]).values.tolist()
    [81.5, nan, 9.25]
    """
    values = _plain(cells)
    if values is None:
        return _read(cells, decimal)
    missing: Counter[str] = Counter()
    lost = np.flatnonzero(~np.isfinite(values))
    for row in lost.tolist():
        missing["no value" if is_blank(cells[row]) else shown(cells[row], 30)] += 1
    values[lost] = np.nan
    return Numbers(values, missing)


def _plain(cells: Sequence[Any]) -> Floats | None:
    """The numbers where Python reads every cell alike, which is quick; else None."""
    if isinstance(cells, np.ndarray):
        return np.array(cells, dtype=np.float64) if cells.dtype.kind in "fiu" else None
    kinds = set(map(type, cells))
    if not kinds <= {str, float, int}:
        return None
    try:
        values = np.array([*map(float, cells)], dtype=np.float64)
    except (ValueError, OverflowError):
        return None
    # Python would read 1_000 as a number, which no table means.
    return None if str in kinds and any("_" in cell for cell in cells if type(cell) is str) else values


def _read(cells: Sequence[Any], decimal: str | None) -> Numbers:
    values = np.full(len(cells), np.nan)
    missing: Counter[str] = Counter()
    texts: dict[int, str] = {}
    for row, cell in enumerate(cells):
        if isinstance(cell, str):
            text = cell.translate(_MINUS).strip()
            if text and not _is_word(text):
                texts[row] = text
                continue
        elif not is_blank(cell):
            number = _number(cell)
            if number is None:
                raise WrongCell(row, shown(cell, 60))
            if math.isfinite(number):
                values[row] = number
                continue
        missing["no value" if is_blank(cell) or not str(cell).strip() else shown(cell, 30)] += 1
    percent = {row for row, text in texts.items() if text.endswith("%")}
    if percent and (others := sorted({*np.flatnonzero(~np.isnan(values)).tolist(), *texts} - percent)):
        raise WrongCell(
            others[0],
            f"{shown(cells[others[0]], 60)} without, and {shown(cells[min(percent)], 60)} with a per cent sign",
        )
    texts = {row: text.rstrip("%").rstrip() for row, text in texts.items()}
    sign = decimal or _decimal_sign(texts)
    for row, text in texts.items():
        number = _of_text(text, sign)
        if number is None:
            raise WrongCell(row, shown(cells[row], 60))
        values[row] = number
        if not math.isfinite(number):
            values[row] = np.nan
            missing[shown(cells[row], 30)] += 1
    return Numbers(values, missing)


def _decimal_sign(texts: dict[int, str]) -> str:
    """The decimal sign of a column's texts."""
    with_comma = {row: text for row, text in texts.items() if "," in text}
    if not with_comma:
        return "."
    told: dict[str, int] = {}
    for row, text in texts.items():
        for sign in _signs(text):
            told.setdefault(sign, row)
    if len(told) > 1:
        row = max(told.values())
        raise WrongCell(
            row, f"{shown(texts[row], 60)} beside {shown(texts[min(told.values())], 60)}: two decimal signs"
        )
    if told:
        return next(iter(told))
    row, text = next(iter(with_comma.items()))
    raise WrongCell(
        row,
        f"{shown(text, 60)}, whose comma may be a decimal sign or group thousands: say which by decimal=',' or '.' "
        "(--decimal)",
    )


def _signs(text: str) -> Iterator[str]:
    """The decimal sign that a text can only have; none where it does not tell."""
    for sign, other in ((",", "."), (".", ",")):
        if _of_text(text, sign) is not None and _of_text(text, other) is None:
            yield sign


def _of_text(text: str, decimal: str) -> float | None:
    plain = _PLAIN if decimal == "." else _WITH_COMMA
    if plain.fullmatch(text) or (decimal == "," and _PLAIN.fullmatch(text) and "." not in text):
        return float(text.replace(",", "."))
    if _GROUPED[decimal].fullmatch(text):
        return float(text.replace(",", "") if decimal == "." else text.replace(".", "").replace(",", "."))
    return None


def _number(cell: Any) -> float | None:
    """The number of a cell that is no text, perhaps infinite; None where it is none."""
    if isinstance(cell, np.generic):
        cell = cell.item()
    if isinstance(cell, int | float | Decimal) and not isinstance(cell, bool):
        try:
            return float(cell)
        except (OverflowError, ValueError):
            return math.inf
    return None


def _is_word(text: str) -> bool:
    """Whether a text says that nothing was measured, rather than being a number that is written wrongly."""
    if text.lower() in ("true", "false"):
        return False
    return not any(character.isdigit() for character in text) or text[0].isalpha() or text.lower() in MISSING


def _is_missing(cell: object) -> bool:
    return isinstance(cell, str) and cell.strip().lower() in MISSING


def _is_number(cell: Any) -> bool:
    if isinstance(cell, str):
        return _LIKE_A_NUMBER.fullmatch(cell.translate(_MINUS).strip().rstrip("%").rstrip()) is not None
    return _number(cell) is not None
