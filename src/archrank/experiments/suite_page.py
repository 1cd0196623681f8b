"""The page of the suite: every cell of the grid, losses first."""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from archrank.experiments.grid import Row
from archrank.experiments.one_hot import XGBOOST, rivals
from archrank.system.files import write_whole

__all__ = ["PAGE", "RIVALS", "Cell", "cells_of", "write_page"]

PAGE = "suite.md"

RIVALS = ("rivals", XGBOOST)
"""The parts of the grid that fit simple predictors."""

_LOST = -0.005

_WITHOUT = "- XGBoost is not installed, so it was not compared: `pip install xgboost-cpu`, and start the command again"


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of the grid.

    Attributes:
        table: The table.
        size: The number of labels.
        effort: The effort of ``auto``.
        tau: The mean tau of ``auto``.
        differences: For each competitor the mean paired difference of ``auto`` from it, half of the 95% interval, and
            the number of pairs.
    """

    table: str
    size: int
    effort: str
    tau: float
    differences: Mapping[str, tuple[float, float, int]]

    @property
    def lost_to(self) -> list[str]:
        """The competitors that are significantly better, by more than .005."""
        return [
            name for name, (mean, half, _) in self.differences.items() if mean < _LOST and mean + half < 0
        ]

    @property
    def closest(self) -> str:
        """The competitor with the least difference."""
        return min(self.differences, key=lambda name: self.differences[name][0])


def cells_of(rows: Sequence[Row]) -> list[Cell]:
    """The cells with two or more training sets, the lost ones first, then by the least difference."""
    taus: dict[tuple[str, int, str], dict[int, dict[str, float]]] = defaultdict(dict)
    for row in rows:
        if row["error"] is None:
            # One that gives all the same score ranks nothing: Kendall's tau-b is undefined, tau-a is 0.
            found = {
                name: 0.0 if math.isnan(tau) else tau
                for name, tau in zip(row["predictors"], row["taus"], strict=True)
            }
            taus[row["table"], int(row["size"]), row["part"]][int(row["seed"])] = found
    cells = []
    for (table, size, effort), mine in [*taus.items()]:
        if effort in RIVALS:
            continue
        pairs: dict[str, list[float]] = defaultdict(list)
        for seed, found in mine.items():
            theirs = {k: v for part in RIVALS for k, v in taus[table, size, part].get(seed, {}).items()}
            for name, tau in {**found, **theirs}.items():
                if name != "auto":
                    pairs[name].append(found["auto"] - tau)
        if len(mine) > 1:
            differences = {name: _interval(gaps) for name, gaps in pairs.items() if len(gaps) > 1}
            tau = float(np.mean([found["auto"] for found in mine.values()]))
            cells.append(Cell(table, size, effort, tau, differences))
    return sorted(cells, key=lambda c: (not c.lost_to, c.differences[c.closest][0]))


def _interval(gaps: Sequence[float]) -> tuple[float, float, int]:
    from scipy.stats import t

    n = len(gaps)
    return float(np.mean(gaps)), float(t.ppf(0.975, n - 1) * np.std(gaps, ddof=1) / n**0.5), n


def write_page(
    folder: Path,
    rows: Sequence[Row],
    grid: Mapping[str, Sequence[int]],
    efforts: Sequence[str],
    missing: Mapping[str, str],
) -> Path:
    """Write the page.

    Args:
        folder: The folder.
        rows: All rows.
        grid: The sizes of each table of the grid.
        efforts: The efforts of the grid.
        missing: Why some tables are not at hand.
    """
    cells = cells_of(rows)
    lost = [cell for cell in cells if cell.lost_to]
    failed = [row for row in rows if row["error"] is not None]
    whole = len(efforts) * sum(map(len, grid.values()))
    lines = [
        "# The default predictor on every table",
        "",
        "Kendall's tau of `auto` on architectures that it was not fitted to, by effort and number of labels, and its",
        "mean paired difference from its members and from simple predictors, with half of the 95% interval: 20",
        "training sets up to 200 labels, 10 above; 5,000 ranked architectures, or half of the table. A cell is lost if",
        "a difference is below -.005 and its interval excludes 0. A competitor that gives all the same score has a tau",
        "of 0. Written by `archrank compare predictors --suite`.",
        "",
        f"{len(cells)} of the {whole} cells of the grid are computed. {len(lost)} of them are lost.",
        "",
        *_table(cells),
        "",
        *(f"- {name}: {missing[name]}" for name in grid if name in missing),
        *_not_computed(cells, {name: sizes for name, sizes in grid.items() if name not in missing}, efforts),
        *(_failure(row) for row in failed),
        *(() if XGBOOST in rivals() else (_WITHOUT,)),
    ]
    page = folder / PAGE
    write_whole(page, ("\n".join(lines).rstrip() + "\n").encode())
    return page


def _not_computed(
    cells: Sequence[Cell], grid: Mapping[str, Sequence[int]], efforts: Sequence[str]
) -> Iterator[str]:
    done = {(cell.table, cell.effort, cell.size) for cell in cells}
    for name, sizes in grid.items():
        absent = {
            effort: [str(size) for size in sizes if (name, effort, size) not in done] for effort in efforts
        }
        if left := [
            f"{effort} with {', '.join(labels)} labels" for effort, labels in absent.items() if labels
        ]:
            yield f"- {name}: not computed yet: {'; '.join(left)}"


def _failure(row: Row) -> str:
    task = f"{row['table']}, {row['size']} labels, {row['part']}, seed {row['seed']}"
    return f"- {task} failed: {row['error']}"


def _table(cells: Sequence[Cell]) -> list[str]:
    names = list(dict.fromkeys(name for cell in cells for name in cell.differences))
    head: list[Any] = ["table", "labels", "effort", "training sets", "tau", "lost to", *names]
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for cell in cells:
        shown = [
            _difference(*cell.differences[name][:2]) if name in cell.differences else "–" for name in names
        ]
        pairs = max(n for _, _, n in cell.differences.values())
        lost = ", ".join(cell.lost_to) or "–"
        start = [cell.table, str(cell.size), cell.effort, str(pairs), _short(f"{cell.tau:.3f}"), lost]
        lines.append(f"| {' | '.join([*start, *shown])} |")
    return lines


def _difference(mean: float, half: float) -> str:
    return _short(f"{mean:+.3f} ± {half:.3f}")


def _short(numbers: str) -> str:
    """Numbers below 1 as the pages write them.

    >>> _short("-0.012 ± 0.003")
    '-.012 ± .003'
    """
    return numbers.replace("0.", ".")
