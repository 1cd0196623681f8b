"""Evaluations of the best again, with other seeds, before a search names its best."""

import re
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from archrank.benchmarks.table import Table
from archrank.errors import ArchrankError
from archrank.study.evaluations import Evaluation
from archrank.study.objectives import Objectives
from archrank.system.arguments import checked_whole

__all__ = [
    "Repeated",
    "Repeats",
    "checked_repeats",
    "repeated",
    "runs_of",
    "to_repeat",
    "warn_of_equal_repeats",
    "warn_of_failed_repeats",
]

_ATTRIBUTE = "repeats"

_NUMBERED = re.compile(r"(?P<stem>.+)_(?P<word>run|seed|)(?P<number>\d{1,9})")


TIMES = 2
"""How often each of the best is evaluated again, where nothing is said."""

_MOST = 1_000
"""No more repeats of one architecture."""


@dataclass(frozen=True, slots=True)
class Repeats:
    """What is evaluated again when a search ends.

    Attributes:
        best: How many of the best; 0 for none.
        times: How often each.
    """

    best: int
    times: int

    @classmethod
    def recorded(cls, attributes: Mapping[str, Any]) -> "Repeats | None":
        """What a study recorded; None where it recorded nothing."""
        found = attributes.get(_ATTRIBUTE)
        return None if found is None else cls(*found)

    @property
    def record(self) -> tuple[str, list[int]]:
        """The name and value of the attribute that a study stores, which may change."""
        return _ATTRIBUTE, [self.best, self.times]


@dataclass(frozen=True, slots=True)
class Repeated:
    """An architecture that was evaluated several times.

    Attributes:
        evaluation: The first evaluation.
        repeats: The others that have ended, by seed.
        values: The mean of each value over all evaluations that gave it.
        violation: How far these means break the constraints.
    """

    evaluation: Evaluation
    repeats: tuple[Evaluation, ...]
    values: Mapping[str, float]
    violation: float

    @property
    def count(self) -> int:
        """How many evaluations gave a value, the first included."""
        return sum(each.value is not None for each in (self.evaluation, *self.repeats))

    @property
    def counts(self) -> bool:
        """Whether it may be the best: at least one repeat gave a value, and the means meet the constraints."""
        return self.count > 1 and not self.violation


def checked_repeats(
    best: Any, times: Any, objectives: Objectives, table: Table | None = None
) -> Repeats | None:
    """What is to be evaluated again, as a user gives it; None where that is not said.

    Args:
        best: How many of the best; 0 for none.
        times: How often each.
        objectives: What the search goes by.
        table: What is looked up, if it is a table.

    Raises:
        BudgetError: A number that is too small.
        ArchrankError: The search has several objectives, or the table has too few runs.
    """
    if best is None:
        if times != TIMES:
            raise ArchrankError(
                "repeats is given without repeat_best, the number of the best that are evaluated again"
            )
        return None
    repeats = Repeats(
        checked_whole("repeat_best", best, minimum=0), checked_whole("repeats", times, maximum=_MOST)
    )
    if repeats.best and len(objectives.directions) > 1:
        raise ArchrankError(
            f"repeat_best (--repeat-best) names one best architecture by its mean, and the search is by "
            f"{', '.join(objectives.directions)}: give one metric, and bounds on the others by where (--where)"
        )
    if repeats.best and table is not None:
        _check_runs(table, objectives.metric, repeats.times)
    return repeats


def to_repeat(
    evaluations: Sequence[Evaluation], repeats: Repeats, objectives: Objectives
) -> list[Evaluation]:
    """The evaluations that are to be repeated, the best first: whole ones that meet the constraints."""
    sign = objectives.signs[0]
    counted = [e for e in evaluations if e.value is not None and e.whole and not e.violation]
    return sorted(counted, key=lambda e: -sign * (e.value or 0.0))[: repeats.best]


def repeated(
    evaluations: Sequence[Evaluation], repeats: Sequence[Evaluation], objectives: Objectives
) -> tuple[Repeated, ...]:
    """The evaluations of every repeated architecture together; what may be the best first, by its mean.

    The mean is over all evaluations, the first included: of architectures that were evaluated equally often, it tells
    most about which is best. As the first values were selected, it is a little too good as an estimate.
    """
    by_architecture: dict[Any, list[Evaluation]] = {}
    for each in sorted(repeats, key=lambda e: e.seed):
        by_architecture.setdefault(each.architecture, []).append(each)
    found = [
        _together(each, by_architecture[each.architecture], objectives)
        for each in evaluations
        if each.whole and each.architecture in by_architecture
    ]
    sign, metric = objectives.signs[0], objectives.metric
    return tuple(sorted(found, key=lambda r: (not r.counts, -sign * r.values[metric])))


def _together(first: Evaluation, repeats: Sequence[Evaluation], objectives: Objectives) -> Repeated:
    every = (first, *repeats)
    names = dict.fromkeys(name for each in every for name in each.values)
    values: dict[str, float] = {}
    for name in names:
        known = [value for each in every if (value := each.values.get(name)) is not None]
        if known:
            values[name] = float(np.mean(known))
    return Repeated(first, tuple(repeats), values, objectives.violation(values))


def warn_of_equal_repeats(again: Sequence[Repeated]) -> None:
    """Warn where no repeat of anything differs from its first evaluation: it seems to ignore the seed."""
    differ = [e.values != r.evaluation.values for r in again for e in r.repeats if e.value is not None]
    if differ and not any(differ):
        warnings.warn(
            f"all {len(differ)} repeats gave the same values as the first evaluations: give the evaluator a "
            "parameter seed, as in evaluate(architecture, seed=0), and use it",
            stacklevel=3,
        )


def warn_of_failed_repeats(again: Sequence[Repeated]) -> None:
    """Warn where repeats failed, and say why."""
    errors = Counter(e.error for r in again for e in r.repeats if e.error is not None and not e.violation)
    if errors:
        count = sum(len(r.repeats) for r in again)
        alone = "" if any(r.counts for r in again) else "; so the best is named by the first values alone"
        why = errors.most_common(1)[0][0]
        warnings.warn(
            f"{errors.total()} of the {count} repeats of the best failed, mostly by {why}{alone}",
            stacklevel=3,
        )


def runs_of(table: Table, metric: str) -> list[str]:
    """The columns of other runs of what a metric measures, such as ``accuracy_2`` beside ``accuracy_1``."""
    return [name for group in _runs(table) if metric in group for name in group if name != metric]


def _check_runs(table: Table, metric: str, times: int) -> None:
    others = runs_of(table, metric)
    if len(others) >= times:
        return
    what = f"{metric!r} of {table.name} ({table.metric(metric).seeds})"
    if others:
        raise ArchrankError(
            f"{what} has {len(others)} other run{'s' if len(others) > 1 else ''}, and each of the best is to be "
            f"evaluated {times} more times: give repeats={len(others)} (--repeats)"
        )
    single = [name for group in _runs(table) for name in group if name.startswith(metric)]
    instead = (
        f"search by one run, such as metric={single[0]!r} (--metric)"
        if single
        else "leave repeat_best (--repeat-best) out, or give a table with columns such as accuracy_1 and accuracy_2"
    )
    raise ArchrankError(
        f"{what} has no columns of other runs, with which the best could be evaluated again: {instead}"
    )


def _runs(table: Table) -> list[list[str]]:
    """Groups of columns that are runs of the same training: numbered from 0 or 1, or by seeds."""
    groups: dict[Any, list[tuple[int, str]]] = {}
    for metric in table.metrics:
        if (match := _NUMBERED.fullmatch(metric.name)) is not None:
            kind = match["stem"], match["word"], metric.epochs, metric.higher_is_better
            groups.setdefault(kind, []).append((int(match["number"]), metric.name))
    found = []
    for (_, word, *_), group in groups.items():
        numbers = sorted(number for number, _ in group)
        if word == "seed" or numbers in ([*range(len(numbers))], [*range(1, len(numbers) + 1)]):
            found.append([name for _, name in sorted(group)])
    return [group for group in found if len(group) > 1]
