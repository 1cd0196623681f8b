"""The measures of a comparison of strategies, from its rows and the labels of the whole table."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from archrank.simulation.random_search import (
    QUARTILES,
    chance_to_reach,
    draws_to_reach,
    random_incumbent_curve,
    random_search_curve,
)

__all__ = ["RANDOM_NAME", "Labels", "Line", "Target", "lines_of", "quantiles", "ratio", "ratio_to_random"]

Floats = npt.NDArray[np.float64]

RANDOM_NAME = "random (exact)"
"""What random search is called where its expected results are calculated, not simulated."""

TOP = (0.01, 0.001)
"""The top shares of the table that a search is timed to reach."""


def quantiles(values: Floats, levels: Sequence[float] = QUARTILES) -> Floats:
    """Quantiles along the first axis, linear between two values, infinite where one of those is.

    Args:
        values: Values, infinite where something was not reached: (n, …).
        levels: The Q quantiles wanted.

    Returns:
        The quantiles: (Q, …).

    >>> quantiles(np.array([1.0, 2.0, np.inf]), [0.25, 0.5, 0.75]).tolist()
    [1.5, 2.0, inf]
    """
    ordered = np.sort(values, axis=0)
    found = []
    for level in levels:
        place = level * (len(ordered) - 1)
        low, high = ordered[math.floor(place)], ordered[math.ceil(place)]
        weight = place - math.floor(place)
        # Infinity times zero is undefined, and equal neighbors would have rounding errors.
        found.append(low if weight == 0 else np.where(low == high, low, (1 - weight) * low + weight * high))
    return np.array(found)


@dataclass(frozen=True, slots=True)
class Target:
    """A target of a search.

    Attributes:
        name: Its name.
        regret: The largest regret that counts as reaching it.
        hits: How many architectures of the table have reached it.
    """

    name: str
    regret: float
    hits: int


@dataclass(frozen=True)
class Labels:
    """The labels of all M architectures of a table.

    Attributes:
        valid: The score that searches see, higher is better, NaN where there is none: (M,).
        test: The test score, in the same form; None where there is no such metric.
    """

    valid: Floats
    test: Floats | None

    @property
    def best(self) -> float:
        """The best score that a search may see."""
        return float(np.nanmax(self.valid))

    @property
    def best_test(self) -> float:
        """The best test score; NaN where there is none."""
        return math.nan if self.test is None or np.isnan(self.test).all() else float(np.nanmax(self.test))

    @cached_property
    def targets(self) -> list[Target]:
        """The top shares and the optimum; shares that hold only the optimum are left out."""
        ordered = np.sort(self.valid[~np.isnan(self.valid)])[::-1]
        found = []
        for share in TOP:
            regret = self.best - float(ordered[math.ceil(round(share * len(ordered), 6)) - 1])
            if regret > 0:
                found.append(Target(f"top {share * 100:g}%", regret, self.hits(regret)))
        return [*found, Target("optimum", 0.0, self.hits(0.0))]

    def hits(self, regret: float) -> int:
        """How many architectures have no larger regret."""
        return int(np.sum(self.best - self.valid <= regret))

    def random_regret(self, draws: int) -> Floats:
        """Quartiles of random search's regret after 1 … n draws, exactly: (3, n)."""
        _, curve = random_search_curve(self.valid, draws)
        return _or_inf(self.best - curve)[::-1]

    def random_test_regret(self, draws: int) -> Floats | None:
        """Quartiles of the test regret of random search's incumbent after 1 … n draws, exactly: (3, n)."""
        if self.test is None:
            return None
        return _or_inf(self.best_test - random_incumbent_curve(self.valid, self.test, draws))[::-1]

    def random_queries(self, target: Target) -> list[int]:
        """Quartiles of how many draws random search needs to reach a target, exactly."""
        return draws_to_reach(target.hits, len(self.valid))

    def random_chance(self, target: Target, draws: int) -> float:
        """The probability that a number of draws reach a target."""
        return chance_to_reach(target.hits, len(self.valid), draws)


@dataclass(frozen=True)
class Line:
    """All searches of one kind: they differ in their seed only.

    Attributes:
        name: Their name.
        seeds: Their seeds: (seeds,).
        parallel: Whether workers evaluate side by side, so that a search knows less when it proposes.
        distance: How far each evaluation was from the table's best score, infinite where it failed: (seeds, n).
        test_distance: The same of its test score; None where there is no such metric.
        proposing: Seconds that proposing it took, NaN where a search ended early: (seeds, n).
        ended: Simulated seconds at which it ended, infinite where those are not known: (seeds, n).
    """

    name: str
    seeds: tuple[int, ...]
    parallel: bool
    distance: Floats
    test_distance: Floats | None
    proposing: Floats
    ended: Floats

    @cached_property
    def regret(self) -> Floats:
        """How far the best so far is from the best of the table: (seeds, n)."""
        return np.minimum.accumulate(self.distance, axis=1)

    @cached_property
    def test_regret(self) -> Floats | None:
        """How far the incumbent, whose score is the best so far, is from the best of the table on test: (seeds, n)."""
        if self.test_distance is None:
            return None
        before = np.pad(self.regret[:, :-1], ((0, 0), (1, 0)), constant_values=np.inf)
        moves = np.where(self.distance < before, np.arange(self.distance.shape[1]), 0)
        incumbents = np.maximum.accumulate(moves, axis=1)
        found = np.take_along_axis(self.test_distance, incumbents, axis=1)
        return np.where(np.isinf(self.regret), np.inf, found)

    def queries(self, regret: float) -> Floats:
        """How many evaluations each search needed to reach a target; infinite where it did not: (seeds,)."""
        reached = self.regret <= regret
        return np.where(reached.any(axis=1), reached.argmax(axis=1) + 1.0, np.inf)

    @property
    def timed(self) -> bool:
        """Whether simulated time is known."""
        return bool(np.isfinite(self.ended).any())

    @property
    def all_hours(self) -> Floats:
        """Simulated hours of each search: (seeds,)."""
        seconds: Floats = np.max(self.ended, axis=1, where=np.isfinite(self.ended), initial=0.0)
        return seconds / 3600

    def hours(self, regret: float) -> Floats:
        """How many simulated hours each search needed to reach a target; infinite where it did not: (seeds,)."""
        seconds: Floats = np.min(self.ended, axis=1, where=self.distance <= regret, initial=np.inf)
        return seconds / 3600

    def regret_at(self, hours: Floats) -> Floats:
        """The regret after a number of simulated hours: (T,) to (seeds, T)."""
        order = np.argsort(self.ended, axis=1, kind="stable")
        ended = np.take_along_axis(self.ended, order, axis=1) / 3600
        regret = np.minimum.accumulate(np.take_along_axis(self.distance, order, axis=1), axis=1)
        places = [np.searchsorted(each, hours, side="right") for each in ended]
        return np.array([np.append(np.inf, r)[p] for r, p in zip(regret, places, strict=True)])


def lines_of(rows: Iterable[Mapping[str, Any]], labels: Labels, budget: int) -> list[Line]:
    """The finished searches, those that differ only in their seed together, in the order of the rows.

    Args:
        rows: The rows of a comparison.
        labels: The labels of the table; the rows' ``index`` points into it.
        budget: How many evaluations each was given; where a space was exhausted earlier, the last value continues.
    """
    groups: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for row in rows:
        if row["error"] is None:
            groups.setdefault((row["strategy"], row["parallel"], row["asynchronous"]), []).append(row)
    lines = []
    for (strategy, parallel, asynchronous), mine in groups.items():
        name = strategy if parallel == 1 else f"{strategy}, {parallel} workers"
        index = _padded([row["index"] for row in mine], budget, -1).astype(np.int64)
        lines.append(
            Line(
                f"{name}, asynchronous" if asynchronous else name,
                tuple(int(row["seed"]) for row in mine),
                parallel > 1,
                _distance(labels.valid, labels.best, index),
                None if labels.test is None else _distance(labels.test, labels.best_test, index),
                _padded([row["seconds_proposing"] for row in mine], budget, math.nan),
                _padded([row["ended"] or [] for row in mine], budget, math.inf),
            )
        )
    return lines


def ratio(line: Line, baseline: Line, evaluations: int) -> tuple[float, bool]:
    """How many times as many evaluations another kind of search needs as this one: the sample efficiency.

    The target is the median, over the seeds, of what this one has reached after a number of evaluations.

    Args:
        line: This one.
        baseline: The other.
        evaluations: N.

    Returns:
        The other's median number of evaluations to the target over N, and whether that is only a lower bound,
        because it did not reach the target within its budget. NaN where this one has found nothing.

    Reference: GATES (ECCV 2020), section 4.4.
    """
    target = float(quantiles(line.regret[:, evaluations - 1], [0.5])[0])
    if math.isinf(target):
        return math.nan, False
    needed = float(quantiles(baseline.queries(target), [0.5])[0])
    if math.isinf(needed):
        return baseline.regret.shape[1] / evaluations, True
    return needed / evaluations, False


def ratio_to_random(line: Line, labels: Labels, evaluations: int) -> float:
    """As :func:`ratio`, against exact random search."""
    target = float(quantiles(line.regret[:, evaluations - 1], [0.5])[0])
    if math.isinf(target):
        return math.nan
    return draws_to_reach(labels.hits(target), len(labels.valid), [0.5])[0] / evaluations


def _distance(scores: Floats, best: float, index: npt.NDArray[np.int64]) -> Floats:
    return _or_inf(best - np.append(scores, np.nan)[index])


def _or_inf(values: Floats) -> Floats:
    return np.where(np.isnan(values), np.inf, values)


def _padded(lists: Sequence[Sequence[float]], size: int, end: float) -> Floats:
    found = np.full((len(lists), size), end, dtype=np.float64)
    for row, values in zip(found, lists, strict=True):
        row[: len(values)] = values
    return found
