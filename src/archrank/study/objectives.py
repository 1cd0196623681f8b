"""What a search is after: its objectives, and the constraints that an architecture has to meet."""

import math
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from archrank.architecture import Architecture
from archrank.benchmarks.table import Table
from archrank.errors import ArchrankError, UnknownName
from archrank.strategies.base import Evaluated
from archrank.system.foreign import bounded

__all__ = ["Constraint", "Direction", "Objectives", "check_constraints", "of_feasible"]

Direction = Literal["maximize", "minimize"]
_DIRECTIONS: tuple[Direction, ...] = get_args(Direction)

_FORM = re.compile(r"\s*(?P<name>[^<>=]*[^<>=\s])\s*(?P<operator><=|>=|<|>)\s*(?P<bound>[^<>=\s_]+)\s*")


@dataclass(frozen=True, slots=True)
class Constraint:
    """A bound on one value of an evaluation.

    Attributes:
        name: The value's name.
        operator: ``<``, ``<=``, ``>`` or ``>=``.
        bound: What it is compared with.
    """

    name: str
    operator: str
    bound: float

    @classmethod
    def parse(cls, text: str) -> "Constraint":
        """Read ``name < number``.

        Raises:
            ArchrankError: It says something else.

        >>> print(Constraint.parse("latency<=20"))
        latency <= 20
        """
        match = _FORM.fullmatch(text)
        try:
            bound = float(match["bound"]) if match else math.nan
        except ValueError:
            bound = math.nan
        if match is None or not math.isfinite(bound):
            raise ArchrankError(
                f"the constraint {text!r} cannot be read; expected a name, one of < <= > >=, and a number, such as "
                "'latency_ms < 20'; give several constraints one by one"
            )
        return cls(match["name"], match["operator"], bound)

    def excess(self, value: float) -> float:
        """How far a value is on the wrong side, in units of the bound; 0 or less where it meets the constraint."""
        beyond = value - self.bound if self.operator[0] == "<" else self.bound - value
        if beyond == 0 and len(self.operator) == 1:
            return sys.float_info.epsilon
        # As Deb does: so that a millisecond and a million parameters can be added up.
        return beyond / (abs(self.bound) or 1.0)

    def __str__(self) -> str:
        return f"{self.name} {self.operator} {repr(self.bound).removesuffix('.0')}"


@dataclass(frozen=True, slots=True)
class Objectives:
    """What a search goes by: objectives, of which the first is the metric, and constraints.

    Attributes:
        directions: ``"maximize"`` or ``"minimize"`` for each objective, by its name.
        constraints: Bounds on values.

    Raises:
        UnknownName: An unknown direction.
        ArchrankError: No objective, or a name that cannot be printed.
    """

    directions: Mapping[str, Direction]
    constraints: tuple[Constraint, ...] = ()

    def __post_init__(self) -> None:
        if not self.directions:
            raise ArchrankError("a search needs an objective: give the name of at least one value")
        for name in (*self.directions, *(constraint.name for constraint in self.constraints)):
            if not isinstance(name, str) or not name.strip() or bounded(name, 200) != name:
                raise ArchrankError(
                    f"the name {ascii(name)[:200]} cannot be stored everywhere: give one of 1 to 200 printable "
                    "characters"
                )
        for direction in self.directions.values():
            if direction not in _DIRECTIONS:
                raise UnknownName("direction", direction, _DIRECTIONS)

    @classmethod
    def of(cls, directions: Mapping[str, Direction], where: Sequence[str] = ()) -> "Objectives":
        """Objectives from directions and the texts of constraints.

        Args:
            directions: The direction of each objective, by its name.
            where: Constraints, such as ``"latency_ms < 20"``.
        """
        return cls(dict(directions), tuple(Constraint.parse(text) for text in where))

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, Any]) -> "Objectives":
        """The objectives of a study, from its user attributes."""
        one: Direction = "maximize" if metadata.get("maximize", True) else "minimize"
        return cls.of(
            metadata.get("objectives") or {metadata["metric"]: one}, metadata.get("constraints") or ()
        )

    @property
    def metadata(self) -> dict[str, Any]:
        """What :meth:`from_metadata` reads, as JSON values."""
        return {
            "metric": self.metric,
            "maximize": self.maximize,
            "objectives": dict(self.directions),
            "constraints": [str(constraint) for constraint in self.constraints],
        }

    @property
    def metric(self) -> str:
        """Name of the first objective."""
        return next(iter(self.directions))

    @property
    def maximize(self) -> bool:
        """The direction of the first objective."""
        return self.directions[self.metric] == "maximize"

    @property
    def is_plain(self) -> bool:
        """Whether there is one objective and no constraint."""
        return len(self.directions) == 1 and not self.constraints

    @property
    def needed(self) -> tuple[str, ...]:
        """The values that an evaluation has to give: the objectives', then what only constraints look at."""
        return tuple(dict.fromkeys([*self.directions, *(c.name for c in self.constraints)]))

    @property
    def signs(self) -> tuple[float, ...]:
        """For each objective what makes a score of its value, higher is better."""
        return tuple(1.0 if direction == "maximize" else -1.0 for direction in self.directions.values())

    def objective_values(self, values: Mapping[str, Any]) -> list[float]:
        """The objectives' values."""
        return [float(values[name]) for name in self.directions]

    def excesses(self, values: Mapping[str, Any]) -> list[float]:
        """For each constraint how far it is broken, 0 or less where it is met, NaN where its value is not known."""
        return [
            constraint.excess(float(values.get(constraint.name, math.nan))) for constraint in self.constraints
        ]

    def violation(self, values: Mapping[str, Any]) -> float:
        """How far the constraints are broken together, 0 where all are met."""
        return sum(excess for excess in self.excesses(values) if excess > 0)

    def entry(
        self, architecture: Architecture, values: Mapping[str, Any], unrelated: bool = False
    ) -> Evaluated:
        """An evaluation as strategies see it.

        Args:
            architecture: What was evaluated.
            values: What that gave; nothing where it failed, and only some where these break a constraint.
            unrelated: Whether a failure has nothing to do with the architecture.
        """
        if not values:
            return Evaluated(architecture, None, unrelated=unrelated)
        if not self.directions.keys() <= values.keys():
            return Evaluated(architecture, None, excesses=tuple(self.excesses(values)))
        score, *others = (s * v for s, v in zip(self.signs, self.objective_values(values), strict=True))
        return Evaluated(architecture, score, others=tuple(others), excesses=tuple(self.excesses(values)))


def check_constraints(constraints: Sequence[Constraint], table: Table) -> None:
    """Make sure that some architecture of a table meets them.

    Raises:
        UnknownName: A constraint on a column that the table has not.
        ArchrankError: None meets one of them, or all of them together.
    """
    for constraint in constraints:
        column = table.column(constraint.name)
        if not _met(constraint, column).any():
            known = column[~np.isnan(column)]
            there = f"between {known.min():.6g} and {known.max():.6g}" if len(known) else "missing throughout"
            raise ArchrankError(
                f"no architecture of {table.name} meets {str(constraint)!r}: {constraint.name} is {there}"
            )
    if constraints and not _feasible(constraints, table).any():
        together = " and ".join(map(str, constraints))
        raise ArchrankError(
            f"no architecture of {table.name} meets {together} together, though each alone is met by some: loosen one"
        )


def of_feasible(table: Table, objectives: Objectives) -> Table:
    """The table as it counts for a search: what violates the constraints has no value of the objectives.

    So its optimum, its ranks and what other searches find in it are those among what meets the constraints.
    """
    if not objectives.constraints:
        return table
    feasible = _feasible(objectives.constraints, table)
    columns = {
        metric.name: np.where(feasible, table.column(metric.name), np.nan)
        if metric.name in objectives.directions
        else (lambda name=metric.name: table.column(name))
        for metric in table.metrics
    }
    return Table(
        table.name, table.space, table.rows, columns, table.metrics, table.test_metrics, table.source_order
    )


def _feasible(constraints: Sequence[Constraint], table: Table) -> npt.NDArray[np.bool_]:
    met = [_met(constraint, table.column(constraint.name)) for constraint in constraints]
    return np.asarray(np.logical_and.reduce(met))


def _met(constraint: Constraint, column: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    compare = {"<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal}
    return np.asarray(compare[constraint.operator](column, constraint.bound))
