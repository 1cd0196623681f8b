"""A table of measured architectures: one interface for every source."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from archrank.architecture import Architecture
from archrank.errors import TableError, UnknownName
from archrank.space import Rows, SearchSpace

__all__ = ["Metric", "Table"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Metric:
    """What a column of measurements means.

    Attributes:
        name: The column's name.
        meaning: In words: quantity, data set, unit.
        split: The data split that it was measured on; ``"none"`` where none applies (parameters, latency) and
            ``"unstated"`` where the source does not say.
        higher_is_better: The direction in which it is good.
        epochs: How long each training was; None where it is not known or does not apply.
        seeds: ``"one run"``, ``"mean of 3 runs"`` …
    """

    name: str
    meaning: str
    split: Literal["validation", "test", "unstated", "none"]
    higher_is_better: bool = True
    epochs: int | None = None
    seeds: str = "one run"


class Table:
    """Measured architectures of one space.

    Args:
        name: The table's name.
        space: The space that the architectures belong to.
        rows: Option indices of the M architectures, valid, canonical and distinct: (M, number of choices).
        values: A column of M numbers for every metric, in the metrics' own unit; NaN where not measured.
        metrics: What the columns mean; the first is the one that search selects by unless told otherwise.
        test_metrics: For a metric that search may select by, the one to report beside it.

    Attributes:
        complete: Whether the table has a row for every architecture of its space.
    """

    def __init__(
        self,
        name: str,
        space: SearchSpace,
        rows: Rows,
        values: Mapping[str, Floats],
        metrics: tuple[Metric, ...],
        test_metrics: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.space = space
        self.rows = rows
        self.metrics = metrics
        self.test_metrics = dict(test_metrics or {})
        self._values = dict(values)

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def architectures(self) -> list[Architecture]:
        """The M architectures, in the table's order."""
        return self.space.architectures(self.rows)

    @cached_property
    def _place(self) -> dict[tuple[int, ...], int]:
        return {tuple(row): place for place, row in enumerate(self.rows.tolist())}

    def __contains__(self, architecture: object) -> bool:
        return isinstance(architecture, Architecture) and architecture.choices in self._place

    def metric(self, name: str | None = None) -> Metric:
        """The metric of that name; the default one for None.

        Raises:
            UnknownName: No such metric.
        """
        for metric in self.metrics:
            if name is None or metric.name == name:
                return metric
        raise UnknownName(f"metric of {self.name}", str(name), [m.name for m in self.metrics])

    def column(self, metric: str) -> Floats:
        """All M values of a metric, in its own unit: (M,)."""
        return self._values[self.metric(metric).name]

    def scores(self, metric: str) -> Floats:
        """All M values of a metric, turned so that higher is better: (M,)."""
        column = self.column(metric)
        return column if self.metric(metric).higher_is_better else -column

    def value(self, architecture: Architecture, metric: str) -> float:
        """What was measured for one architecture.

        Raises:
            TableError: The table has no row for it.
        """
        place = self._place.get(architecture.choices)
        if place is None:
            raise TableError(f"the table {self.name} has no row for {self.space.format(architecture)}")
        return float(self.column(metric)[place])

    def optimum(self, metric: str) -> tuple[Architecture, float]:
        """The best architecture of the table and its value."""
        place = int(np.nanargmax(self.scores(metric)))
        return self.architectures[place], float(self.column(metric)[place])

    def true_rank(self, architecture: Architecture, metric: str) -> int:
        """One plus how many architectures of the table are strictly better; 1 is the best."""
        value = self.value(architecture, metric)
        score = value if self.metric(metric).higher_is_better else -value
        return 1 + int(np.sum(self.scores(metric) > score))

    @cached_property
    def complete(self) -> bool:
        """Whether the table has a row for every architecture of its space."""
        return len(self) == len(self.space)
