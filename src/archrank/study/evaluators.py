"""The evaluator that looks values up in a table of measured architectures."""

from archrank.architecture import Architecture
from archrank.benchmarks.indices import RowIndex
from archrank.benchmarks.table import Table
from archrank.errors import EvaluationError
from archrank.study.objectives import Direction

__all__ = ["TableEvaluator"]


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
