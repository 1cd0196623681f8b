"""One search of a comparison of strategies: replayed on a table, evaluation by evaluation."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any

import numpy as np

from archrank.benchmarks.indices import row_bytes
from archrank.benchmarks.table import Floats, Metric, Table
from archrank.errors import BudgetError, TableError
from archrank.experiments.grid import GridTask
from archrank.settings import settings_of
from archrank.simulation.replay import replay
from archrank.strategies import (
    GuidedSearch,
    LocalSearch,
    RegularizedEvolution,
    SimulatedAnnealing,
    TournamentEvolution,
)
from archrank.strategies.base import Strategy

__all__ = ["Searches", "search_tasks", "time_metric"]

_BY_NEIGHBORS = (LocalSearch, RegularizedEvolution, SimulatedAnnealing, TournamentEvolution)

_FIT = 100
"""A round with a fit costs about as much as this many without one."""


def search_tasks(
    strategies: Iterable[str],
    seeds: int,
    *,
    parallel: Sequence[int] = (1,),
    asynchronous: bool = False,
) -> list[GridTask]:
    """The tasks of a grid: every strategy with every number of simulated workers and every seed.

    Args:
        strategies: The names of the strategies.
        seeds: How many seeds, from 0.
        parallel: How many workers evaluate at the same time, in simulated time.
        asynchronous: Each worker asks as soon as it is free, instead of in rounds that wait for all.
    """
    return [
        {
            "strategy": name,
            "parallel": workers,
            "asynchronous": asynchronous,
            "seed": seed,
        }
        for name in strategies
        for workers in parallel
        for seed in range(seeds)
    ]


@dataclass(frozen=True)
class Searches:
    """Replays the search that a task names.

    Attributes:
        table: What is searched.
        strategies: The strategies by the names that tasks know them by.
        budget: How many architectures every search evaluates.
        metric: The metric that the strategies see.
        test_metric: What is reported beside it; None for nothing.
        time_metric: How many seconds an evaluation takes; None where that is not known.

    Raises:
        BudgetError: A budget below 1 or above the table's number of architectures.
        TableError: Nothing was measured, a strategy that steps from neighbor to neighbor on a table that lacks
            most of them, or evaluations without a time.
    """

    table: Table
    strategies: Mapping[str, Strategy]
    budget: int
    metric: str
    test_metric: str | None = None
    time_metric: str | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.budget <= len(self.table):
            raise BudgetError(
                f"a budget of {self.budget} evaluations cannot be spent on {self.table.name} with its "
                f"{len(self.table):,} architectures; give 1 to {len(self.table)}"
            )
        self.table.optimum(self.metric)
        for name, strategy in self.strategies.items():
            if isinstance(strategy, _BY_NEIGHBORS) and not self.table.complete:
                raise TableError(
                    f"{name} steps from an architecture to its neighbors, and {self.table.name} holds only "
                    f"{len(self.table):,} architectures of the space {self.table.space.name}: most neighbors are not "
                    "in it, so it would look worse than it is. Compare guided and random there, and this on a "
                    "complete table"
                )
        if self.seconds is not None:
            measured = ~np.isnan(self.table.column(self.metric))
            if lacking := int(np.sum(measured & ~(self.seconds >= 0))):
                raise TableError(
                    f"{self.table.name} has no {self.time_metric!r} for {lacking:,} of its architectures, so "
                    "simulated time is not known; choose another time metric, or none"
                )

    @cached_property
    def seconds(self) -> Floats | None:
        """How long each architecture takes to evaluate; NaN where that is not known: (M,)."""
        return None if self.time_metric is None else self.table.column(self.time_metric)

    @property
    def labels(self) -> dict[str, Floats | None]:
        """The labels of all M architectures, in the metrics' own units: ``valid`` and ``test``."""
        test = None if self.test_metric is None else self.table.column(self.test_metric)
        return {"valid": self.table.column(self.metric), "test": test}

    @property
    def digest(self) -> str:
        """A digest of the architectures and numbers that are searched, in their order."""
        digest = sha256(self.table.space.digest.encode())
        digest.update(row_bytes(self.table.rows, self.table.space))
        for column in (*self.labels.values(), self.seconds):
            if column is not None:
                digest.update(np.ascontiguousarray(column, dtype="<f8").tobytes())
        return digest.hexdigest()

    def settings(self, tasks: Iterable[GridTask]) -> dict[str, Any]:
        """The settings of the strategies of some tasks, by name."""
        return {
            name: settings_of(self.strategies[name]) for name in dict.fromkeys(t["strategy"] for t in tasks)
        }

    def cost(self, task: GridTask) -> float:
        """About how long a task takes, in any unit: proposing is quick, unless a predictor is fitted."""
        strategy = self.strategies.get(task["strategy"])  # an earlier run's may be another
        if not isinstance(strategy, GuidedSearch):
            return self.budget
        size = 1 if task["asynchronous"] else max(strategy.batch, task["parallel"])
        return self.budget + _FIT * math.ceil(max(0, self.budget - strategy.initial) / size)

    def __call__(self, task: GridTask) -> dict[str, Any]:
        """Search.

        Args:
            task: One of :func:`search_tasks`.

        Returns:
            Lists, with an entry for every evaluation in the order of proposing: ``index``, its row in the table;
            ``valid`` and ``test``, its labels, None where there is none; ``reason``; ``seconds_proposing``; and in
            simulated seconds when it ``began`` and ``ended``. A list of unknown values is None. Without simulated time
            the lists end at the best architecture of the table, after which no measure changes.
        """
        seconds = None if self.seconds is None else np.nan_to_num(self.seconds, nan=0.0)
        found = replay(
            self.table,
            self.metric,
            self.strategies[task["strategy"]],
            self.budget,
            task["seed"],
            seconds=seconds,
            parallel=task["parallel"],
            asynchronous=task["asynchronous"],
            enough=float(np.nanmax(self.table.scores(self.metric))) if seconds is None else math.inf,
        )
        labels = {
            name: None if column is None else _known(column[found.indices])
            for name, column in self.labels.items()
        }
        return {
            "index": found.indices,
            **labels,
            "reason": found.reasons,
            "seconds_proposing": found.proposing,
            "began": found.begun if seconds is not None else None,
            "ended": found.ended if seconds is not None else None,
        }

    def __getstate__(self) -> dict[str, Any]:
        """Only the columns that are used are sent to worker processes."""
        used = dict.fromkeys(filter(None, (self.metric, self.test_metric, self.time_metric)))
        table = self.table
        kept = Table(
            table.name,
            table.space,
            table.rows,
            {name: table.column(name) for name in used},
            tuple(table.metric(name) for name in used),
        )
        return {**{name: getattr(self, name) for name in self.__match_args__}, "table": kept}


def _known(values: Floats) -> list[float | None]:
    return [None if math.isnan(value) else value for value in values.tolist()]


def time_metric(table: Table, metric: str) -> Metric | None:
    """The metric with the training time of another metric, found by its name; None where there is none.

    Args:
        table: The table.
        metric: The metric that is searched by.
    """
    searched = table.metric(metric)
    times: Iterable[Metric] = (
        other
        for other in table.metrics
        if other.epochs == searched.epochs and "train" in other.name and "seconds" in other.name
    )
    # NATS-Bench's columns begin with their data set: cifar10_valid_accuracy_200, cifar10_train_seconds_200.
    data = metric.split("_")[0]
    return max(times, key=lambda other: other.name.split("_")[0] == data, default=None)
