"""Evaluators of archrank's own: a table of measured architectures, and what the space knows beside an evaluation."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from archrank.architecture import Architecture
from archrank.benchmarks.indices import RowIndex
from archrank.benchmarks.table import Table
from archrank.errors import EvaluationError
from archrank.space import SearchSpace
from archrank.study.objectives import Direction
from archrank.workers.outcome import Evaluator

__all__ = ["TableEvaluator", "with_known_values"]


class TableEvaluator:
    """Looks an architecture up instead of training it.

    It holds only the columns that it returns, so that it is small to send to worker processes.

    Args:
        table: The table to read.
        metrics: The metrics that the search looks at, the table's default one for none; where the table names a test
            metric to report beside one, that value is returned too.

    Attributes:
        metric: The first metric, which a search goes by.
        directions: ``"maximize"`` or ``"minimize"`` for each value.
        gives: The names of its values.
    """

    def __init__(self, table: Table, *metrics: str) -> None:
        metrics = metrics or (table.metric().name,)
        tests = [table.test_metrics[metric] for metric in metrics if metric in table.test_metrics]
        self._table = table.name
        self._columns = {name: table.column(name) for name in (*metrics, *tests)}
        self._indices = RowIndex(table.rows, table.space)
        self.metric = metrics[0]
        self.gives = tuple(self._columns)
        self.directions: dict[str, Direction] = {
            name: "maximize" if table.metric(name).higher_is_better else "minimize" for name in self.gives
        }

    def __call__(self, architecture: Architecture) -> dict[str, float]:
        """The measured values by metric.

        Raises:
            EvaluationError: The table has no row for the architecture.
        """
        index = self._indices.get(architecture.choices)
        if index is None:
            raise EvaluationError(
                f"the table {self._table} has no row for the choices {architecture.choices}"
            )
        return {name: float(column[index]) for name, column in self._columns.items()}


def with_known_values(evaluate: Evaluator, space: SearchSpace, needed: Sequence[str]) -> Evaluator:
    """An evaluator that also gives what the space knows without it, so that the given one need not.

    Args:
        evaluate: The evaluator.
        space: The space that is searched.
        needed: The values that the search goes by, in their order.
    """
    known = [name for name in needed if name in space.known_names]
    return _Completed(evaluate, space, needed, known) if known else evaluate


class _Completed:
    """Adds known values to what an evaluator returns; what it returns itself counts."""

    def __init__(
        self, evaluate: Evaluator, space: SearchSpace, needed: Sequence[str], known: Sequence[str]
    ) -> None:
        self._evaluate, self._space, self._needed, self._known = evaluate, space, needed, known

    def __call__(self, architecture: Architecture) -> Any:
        returned: Any = self._evaluate(architecture)
        values = self._space.known_values(architecture)
        known = {name: values[name] for name in self._known}
        if isinstance(returned, Mapping):
            return {**known, **returned}
        others = [name for name in self._needed if name not in known]
        several = (
            list(returned) if isinstance(returned, Iterable) and not isinstance(returned, str) else [returned]
        )
        if len(several) == len(others):
            return {**known, **dict(zip(others, several, strict=True))}
        return returned
