"""The table of all searches of a comparison of strategies, a row for each."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from archrank.plot.strategies import numbered
from archrank.report.parts import TableCell
from archrank.simulation.measures import Floats, Labels, Line

__all__ = ["search_rows"]


def search_rows(
    lines: Sequence[Line], labels: Labels, budget: int
) -> tuple[list[str], list[tuple[str, list[TableCell]]]]:
    """The headings and the rows, numbered as the figures number the searches.

    Args:
        lines: The searches.
        labels: The labels of the whole table.
        budget: How many evaluations each was given.
    """
    targets, numbers = labels.targets, numbered(lines)
    tested, timed = (
        any(line.test_regret is not None for line in lines),
        any(line.timed for line in lines),
    )
    headings = ["#", "strategy", "seed", *(f"evaluations to {target.name}" for target in targets), "regret"]
    headings += ["test regret"] * tested + ["simulated hours"] * timed + ["seconds of a proposal"]
    rows = []
    for line in lines:
        needed = [line.queries(target.regret) for target in targets]
        for i, (number, seed) in enumerate(zip(numbers[line.name], line.seeds, strict=True)):
            found: list[Any] = [number, line.name, seed, *(_needed(each[i], budget) for each in needed)]
            found.append(_finite(line.regret[i, -1]))
            if tested:
                found.append(None if line.test_regret is None else _finite(line.test_regret[i, -1]))
            if timed:
                found.append(_finite(line.all_hours[i]) if line.timed else None)
            found.append(_mean(line.proposing[i]))
            rows.append(("", [TableCell(value, 4) for value in found]))
    return headings, rows


def _needed(evaluations: float, budget: int) -> int | str:
    return int(evaluations) if np.isfinite(evaluations) else f">{budget:,}"


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _mean(seconds: Floats) -> float | None:
    known = seconds[np.isfinite(seconds)]
    return float(known.mean()) if len(known) else None
