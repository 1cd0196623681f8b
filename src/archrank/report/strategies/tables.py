"""The tables of a comparison of strategies: medians and quartiles over the seeds, and random search exactly."""

import math
import re
from collections.abc import Sequence

import numpy as np

from archrank.plot.fits import percent
from archrank.report.tables import SummaryCell, SummaryTable, best_marked
from archrank.simulation.measures import RANDOM_NAME, Floats, Labels, Line, quantiles, ratio, ratio_to_random

__all__ = ["budgets", "needed_cell", "short", "summary_tables"]


_BRIEF = 0.001
"""Seconds: shorter times are shown as less than this."""

_BUDGETS = (50, 100, 150, 300, 600, 1000, 2000)


def budgets(budget: int) -> list[int]:
    """The numbers of evaluations that tables show.

    >>> budgets(120)
    [50, 100, 120]
    """
    return [*(some for some in _BUDGETS if some < budget), budget]


def summary_tables(
    lines: Sequence[Line], labels: Labels, budget: int, *, valid_sign: float = 1.0, test_sign: float = 1.0
) -> list[tuple[str, str, SummaryTable]]:
    """All tables: title, meaning, and the table itself.

    Args:
        lines: The searches.
        labels: The labels of the whole table.
        budget: How many evaluations each was given.
        valid_sign: 1 where a higher value of the metric is better, else -1.
        test_sign: The same of the test metric.
    """
    found = [
        (
            "Evaluations needed",
            "The number of evaluations until one of the best of the table was found, by the label that the search "
            "sees, and how many of the searches found one within the budget. In brackets: how many count.",
            _needed(lines, labels, budget),
        )
    ]
    found += _curves(
        "Regret",
        "How far the best so far is from the best of the table, by the label that the search sees.",
        "Best so far",
        "The best label that the search has seen.",
        [(line.name, quantiles(line.regret)) for line in lines],
        labels.random_regret(budget),
        labels.best,
        valid_sign,
    )
    random_test = labels.random_test_regret(budget)
    if random_test is not None:
        found += _curves(
            "Test regret of the incumbent",
            "How far the architecture with the best label so far is, on test, from the best of the table there.",
            "Test label of the incumbent",
            "The test label of the architecture with the best label so far.",
            [(line.name, quantiles(line.test_regret)) for line in lines if line.test_regret is not None],
            random_test,
            labels.best_test,
            test_sign,
        )
    found += _efficiency(lines, labels, budget)
    if any(line.timed for line in lines):
        found.append(
            (
                "Simulated hours",
                "Hours of training until one of the best was found, and in total; proposing counts as no time.",
                _hours(lines, labels),
            )
        )
    found.append(
        (
            "Seconds of proposing",
            "Per evaluation, fits of a predictor included, on one core: on average, and in the last tenth of a search.",
            _proposing(lines, budget),
        )
    )
    return found


def needed_cell(quartiles: Sequence[float] | Floats, budget: float) -> SummaryCell:
    """A number of evaluations, or hours, with its quartiles; ``>`` the budget where it was not reached.

    >>> needed_cell([20, 38, math.inf], 150).text
    '38 (20 – >150)'
    """
    low, middle, high = (f">{_count(budget)}" if math.isinf(q) else _count(q) for q in quartiles)
    return _summary(low, middle, high, quartiles[1])


def _count(number: float) -> str:
    return f"{number:,.0f}" if number >= 1000 else f"{number:.3g}"


def _needed(lines: Sequence[Line], labels: Labels, budget: int) -> SummaryTable:
    headings, columns = [], []
    for target in labels.targets:
        headings += [f"{target.name} ({target.hits:,})", "found by"]
        cells, shares = [], []
        for line in lines:
            queries = line.queries(target.regret)
            cells.append(needed_cell(quantiles(queries), budget))
            shares.append(
                SummaryCell(
                    f"{np.isfinite(queries).sum()} of {len(queries)}", float(np.isfinite(queries).mean())
                )
            )
        chance = labels.random_chance(target, budget)
        cells.append(needed_cell(labels.random_queries(target), budget))
        shares.append(SummaryCell(percent(chance), chance))
        columns += [best_marked(cells, higher_is_better=False), shares]
    return _table(headings, [*(line.name for line in lines), RANDOM_NAME], columns)


def _curves(
    regret: str,
    regret_means: str,
    value: str,
    value_means: str,
    curves: Sequence[tuple[str, Floats]],
    random: Floats,
    best: float,
    sign: float,
) -> list[tuple[str, str, SummaryTable]]:
    """Two tables of the same curves: as distances from the best, and in the metric's own unit."""
    every = [*curves, (RANDOM_NAME, random)]
    columns = budgets(random.shape[1])
    distances, values = [], []
    for n in columns:
        at = [curve[:, n - 1] for _, curve in every]
        distances.append(best_marked([_quartiles(q, 2) for q in at], higher_is_better=False))
        values.append(best_marked([_quartiles(sign * (best - q), 4) for q in at], higher_is_better=sign > 0))
    headings, names = [f"at {n:,}" for n in columns], [name for name, _ in every]
    return [
        (regret, regret_means, _table(headings, names, distances)),
        (value, value_means, _table(headings, names, values)),
    ]


def short(value: float, digits: int = 2) -> str:
    """A number with few digits; a dash where nothing was found.

    >>> short(0.01234), short(math.inf)
    ('0.012', '–')
    """
    return f"{value:.{digits}g}" if math.isfinite(value) else "–"


def _quartiles(quartiles: Floats, digits: int) -> SummaryCell:
    low, middle, high = (short(q, digits) for q in np.sort(quartiles).tolist())
    return _summary(low, middle, high, quartiles[1])


def _summary(low: str, middle: str, high: str, value: float) -> SummaryCell:
    """A median with its quartiles in brackets, unless they read the same."""
    dash = " – " if re.search("[->]", low + high) else "–"
    around = "" if low == high else f" ({low}{dash}{high})"
    return SummaryCell(f"{middle}{around}".replace("-", "−"), float(value) if math.isfinite(value) else None)


def _efficiency(lines: Sequence[Line], labels: Labels, budget: int) -> list[tuple[str, str, SummaryTable]]:
    """How many times as many evaluations each other kind of search needs."""
    columns = budgets(budget)
    names = [line.name for line in lines]
    headings = [f"of {n:,}" for n in columns]
    meaning = (
        "The target is the median of what the strategy has reached after N evaluations; shown is the median number of "
        "evaluations that {} needs to the same target, divided by N. {}"
    )
    cells = [[_times(ratio_to_random(line, labels, n), False) for line in lines] for n in columns]
    found = [
        (
            f"Sample efficiency against {RANDOM_NAME}",
            meaning.format("random search", "That of random search is exact."),
            _table(headings, names, cells),
        )
    ]
    for baseline in lines:
        others = [line for line in lines if line is not baseline]
        # The efficiency of another strategy over guided search would be the same comparison in reverse.
        if not others or baseline.name.split(":")[0] in ("guided", "random") or baseline.parallel:
            continue
        cells = [[_times(*ratio(line, baseline, n)) for line in others] for n in columns]
        found.append(
            (
                f"Sample efficiency against {baseline.name}",
                meaning.format(
                    baseline.name, f"It was given {budget:,}: where that was not enough, > is a bound."
                ),
                _table(headings, [line.name for line in others], cells),
            )
        )
    return found


def _times(times: float, at_least: bool) -> SummaryCell:
    if math.isnan(times):
        return SummaryCell("–", None)
    return SummaryCell(f"{'>' if at_least else ''}{times:,.3g}×", times)


def _hours(lines: Sequence[Line], labels: Labels) -> SummaryTable:
    timed = [line for line in lines if line.timed]
    headings, columns = [], []
    for target in labels.targets:
        found = [(quantiles(line.hours(target.regret)), np.median(line.all_hours)) for line in timed]
        headings.append(target.name)
        columns.append(
            best_marked([needed_cell(q, float(hours)) for q, hours in found], higher_is_better=False)
        )
    columns.append([needed_cell(quantiles(line.all_hours), math.inf) for line in timed])
    return _table([*headings, "in total"], [line.name for line in timed], columns)


def _proposing(lines: Sequence[Line], budget: int) -> SummaryTable:
    last = max(1, budget // 10)
    columns = [
        [_seconds(np.nanmean(line.proposing, axis=1)) for line in lines],
        [_seconds(_last(line.proposing, last)) for line in lines],
    ]
    return _table(["on average", f"the last {last}"], [line.name for line in lines], columns)


def _last(proposing: Floats, count: int) -> Floats:
    return np.array([np.mean(each[~np.isnan(each)][-count:]) for each in proposing])


def _seconds(values: Floats) -> SummaryCell:
    low, middle, high = (f"{q:.2g}" if q >= _BRIEF else f"<{_BRIEF}" for q in quantiles(values))
    return _summary(low, middle, high, math.inf)


def _table(
    headings: Sequence[str], names: Sequence[str], columns: Sequence[Sequence[SummaryCell]]
) -> SummaryTable:
    return SummaryTable(
        list(headings), [(name, [column[i] for column in columns]) for i, name in enumerate(names)]
    )
