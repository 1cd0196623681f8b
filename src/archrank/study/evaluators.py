"""Evaluators of archrank's own: a table of measured architectures, and what the space knows beside an evaluation."""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from archrank.architecture import Architecture
from archrank.benchmarks.indices import RowIndex
from archrank.benchmarks.table import Table
from archrank.errors import EvaluationError, Infeasible
from archrank.space import SearchSpace
from archrank.study.objectives import Direction, Objectives
from archrank.workers.outcome import Evaluator

__all__ = ["TableEvaluator", "with_known_values"]


class TableEvaluator:
    """Looks an architecture up instead of training it.

    It holds only the columns that it returns, so that it is small to send to worker processes.

    Args:
        table: The table to read.
        metrics: The metrics that the search looks at, the table's default one for none; where the table names a test
            metric to report beside one, that value is returned too.
        columns: For each number of epochs the metric after them, if it is called with epochs; the last is the first of
            ``metrics``, whose test metric is returned after whole trainings only.
        runs: The columns of other runs of the first of ``metrics``, which repeats return instead of it.

    Attributes:
        metric: The first metric, which a search goes by.
        directions: ``"maximize"`` or ``"minimize"`` for each value.
        gives: The names of its values.
    """

    def __init__(
        self,
        table: Table,
        *metrics: str,
        columns: Mapping[int, str] | None = None,
        runs: Sequence[str] = (),
    ) -> None:
        metrics = metrics or (table.metric().name,)
        tests = [table.test_metrics[metric] for metric in metrics if metric in table.test_metrics]
        self._table = table.name
        self._columns = {name: table.column(name) for name in (*metrics, *tests)}
        self._shorter = {epochs: table.column(name) for epochs, name in (columns or {}).items()}
        self._runs = [(name, table.column(name)) for name in runs]
        self._tests = frozenset(tests)
        self._indices = RowIndex(table.rows, table.space)
        self.metric = metrics[0]
        self.gives = tuple(self._columns)
        self.directions: dict[str, Direction] = {
            name: "maximize" if table.metric(name).higher_is_better else "minimize" for name in self.gives
        }

    def __call__(
        self, architecture: Architecture, epochs: int | None = None, seed: int = 0
    ) -> dict[str, float]:
        """The measured values by metric.

        Args:
            architecture: What is looked up.
            epochs: After how many epochs; None for whole trainings.
            seed: 0 for the first run, and k for the k-th other one.

        Raises:
            EvaluationError: The table has no row for the architecture, or no value of that run.
        """
        index = self._indices.get(architecture.choices)
        if index is None:
            raise EvaluationError(
                f"the table {self._table} has no row for the choices {architecture.choices}"
            )
        found = {name: float(column[index]) for name, column in self._columns.items()}
        if seed:
            name, column = self._runs[seed - 1]
            if math.isnan(value := float(column[index])):
                raise EvaluationError(f"the table {self._table} has no {name} of this architecture")
            return {**found, self.metric: value}
        if epochs is None or epochs == max(self._shorter):
            return found
        found = {name: value for name, value in found.items() if name not in self._tests}
        return {**found, self.metric: float(self._shorter[epochs][index])}


def with_known_values(evaluate: Evaluator, space: SearchSpace, objectives: Objectives) -> Evaluator:
    """An evaluator that also gives what the space knows or measures itself, so that the given one need not.

    What the space measures is measured first, and the given evaluator is not called where that breaks a constraint.
    Values that it declares in ``gives`` are left to it.

    Args:
        evaluate: The evaluator.
        space: The space that is searched.
        objectives: What the search goes by.
    """
    known = space.known_names.intersection(objectives.needed)
    measured = space.measured_names.intersection(objectives.needed).difference(getattr(evaluate, "gives", ()))
    return _Completed(evaluate, space, objectives, known, measured) if known or measured else evaluate


class _Completed:
    """Adds the values of the space to what an evaluator returns; what it returns itself counts."""

    def __init__(
        self,
        evaluate: Evaluator,
        space: SearchSpace,
        objectives: Objectives,
        known: Collection[str],
        measured: Collection[str],
    ) -> None:
        self._evaluate, self._space, self._objectives = evaluate, space, objectives
        self._known, self._measured = known, measured

    def keeping(self, folder: Path) -> "_Completed":
        """The same, where what it calls keeps checkpoints in a folder, if it can."""
        keeping = getattr(self._evaluate, "keeping", None)
        inside = self._evaluate if keeping is None else keeping(folder)
        return _Completed(inside, self._space, self._objectives, self._known, self._measured)

    @property
    def seeded(self) -> Evaluator:
        """The evaluator that repeats give a seed."""
        return self._evaluate

    def __call__(self, architecture: Architecture, *epochs: int, **seed: int) -> Any:
        found = _parts(self._space.known_values(architecture), self._known)
        if self._measured:
            self._check(found)
            found |= _parts(self._space.measure(architecture), self._measured)
            self._check(found)
        returned: Any = self._evaluate(architecture, *epochs, **seed)
        if isinstance(returned, Mapping):
            return {**found, **returned}
        others = [name for name in self._objectives.needed if name not in found]
        several = (
            list(returned) if isinstance(returned, Iterable) and not isinstance(returned, str) else [returned]
        )
        if len(several) == len(others):
            return {**found, **dict(zip(others, several, strict=True))}
        return returned

    def _check(self, found: Mapping[str, float]) -> None:
        """Give up where known values break a constraint."""
        for constraint in self._objectives.constraints:
            if constraint.name in found and constraint.excess(found[constraint.name]) > 0:
                raise Infeasible(
                    f"{constraint.name} is {found[constraint.name]:.6g}, which breaks {str(constraint)!r}: not "
                    "evaluated further",
                    found,
                )


def _parts(values: Mapping[str, float], names: Collection[str]) -> dict[str, float]:
    return {name: values[name] for name in names}
