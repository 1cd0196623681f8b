"""The evaluator that looks values up in a table of measured architectures."""

from archrank.architecture import Architecture
from archrank.benchmarks.places import Places
from archrank.benchmarks.table import Table
from archrank.errors import EvaluationError

__all__ = ["TableEvaluator"]


class TableEvaluator:
    """Looks an architecture up instead of training it.

    It carries only the columns that it answers with, so it is small to send to worker processes.

    Args:
        table: The table to read.
        metrics: The metrics that the search looks at; where the table names a test metric to report beside one, that
            value is given too.
    """

    def __init__(self, table: Table, *metrics: str) -> None:
        tests = [table.test_metrics[metric] for metric in metrics if metric in table.test_metrics]
        self._table = table.name
        self._columns = {name: table.column(name) for name in (*metrics, *tests)}
        self._places = Places(table.rows, table.space)

    def __call__(self, architecture: Architecture) -> dict[str, float]:
        """The measured values by metric.

        Raises:
            EvaluationError: The table has no row for the architecture.
        """
        place = self._places.get(architecture.choices)
        if place is None:
            raise EvaluationError(
                f"the table {self._table} has no row for the choices {architecture.choices}"
            )
        return {name: float(column[place]) for name, column in self._columns.items()}
