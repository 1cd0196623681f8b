"""Columns of numbers that grow row by row, in as little memory as keeps every number exact."""

from array import array
from collections.abc import Iterable
from math import isnan, nan

import numpy as np

from archrank.benchmarks.import_schema import Quantity
from archrank.benchmarks.table import Floats

__all__ = ["ColumnBuilder"]


class ColumnBuilder:
    """Columns by name, NaN where nothing was put.

    Official files hold single-precision numbers written as doubles, so a column starts with four bytes a number
    and takes eight once a number needs them.

    >>> columns = ColumnBuilder()
    >>> columns.put(1, "accuracy", 0.5)
    >>> columns.column("accuracy", rows=2).tolist()
    [nan, 0.5]
    """

    def __init__(self) -> None:
        self._columns: dict[str, array[float]] = {}

    def put(self, row: int, name: str, number: float) -> None:
        """Put a number into a column; the column and the rows before it need not be there yet."""
        column = self._columns.get(name)
        if column is None:
            column = self._columns[name] = array("f")
        if row >= len(column):
            column.extend(array(column.typecode, [nan]) * (row + 1 - len(column)))
        column[row] = number
        if column[row] != number and not isnan(number):
            column = self._columns[name] = array("d", column)
            column[row] = number

    def column(self, name: str, rows: int) -> Floats:
        """A column of M = ``rows`` numbers, NaN in rows that it never reached: (M,)."""
        column = self._columns.get(name, array("f"))
        numbers = np.full(rows, nan, dtype=np.float32 if column.typecode == "f" else np.float64)
        numbers[: len(column)] = np.frombuffer(column, dtype=numbers.dtype) if column else ()
        return numbers  # type: ignore[return-value] # single precision where that is exact

    def finished(self, quantities: Iterable[Quantity], rows: int) -> dict[str, Floats]:
        """All columns of some quantities, as for :meth:`column`."""
        return {name: self.column(name, rows) for quantity in quantities for name in quantity.columns}
