"""What a search is after, from the words of the command line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from archrank.errors import ArchrankError, UnknownName

if TYPE_CHECKING:
    from archrank.benchmarks.table import Table
    from archrank.study.goal import Direction, Goal
    from archrank.study.outcome import Evaluator

__all__ = ["GoalOptions", "MaximizeOption", "MetricOption", "ObjectivesOption", "WhereOption", "goal_from"]

MetricOption = Annotated[
    str | None, typer.Option(help="What to search by (what the benchmark or the evaluator names).")
]
ObjectivesOption = Annotated[
    str | None,
    typer.Option(
        help="Search by two or three values instead, the Pareto front; an evaluator's as A,B:min.",
        metavar="A,B[,C]",
    ),
]
WhereOption = Annotated[
    list[str] | None,
    typer.Option(help='A constraint such as "latency < 20"; may be repeated.', metavar="CONSTRAINT"),
]
MaximizeOption = Annotated[
    bool | None,
    typer.Option(
        "--maximize/--minimize",
        help="Direction of an evaluator's value; a benchmark knows its own.",
        show_default=False,
    ),
]

_MOST = 3
"""More objectives than that make nearly everything a part of the Pareto front, and no picture shows them."""

_SUFFIXES: "dict[str, Direction]" = {"max": "maximize", "min": "minimize"}


@dataclass(frozen=True, slots=True)
class GoalOptions:
    """What the command line was told about the goal.

    Attributes:
        metric: The one value to search by; None for what the benchmark or the evaluator names.
        objectives: Two or three values, separated by commas, to search by instead.
        where: Constraints.
        maximize: The direction of the one value of an evaluator; None where nothing was said.
    """

    metric: str | None = None
    objectives: str | None = None
    where: Sequence[str] = ()
    maximize: bool | None = None

    def names(self) -> list[str] | None:
        """The values that are named; None where none is.

        Raises:
            ArchrankError: Another number of objectives, or two ways to say what to search by.
        """
        if self.objectives is None:
            return None if self.metric is None else [self.metric]
        if self.metric is not None:
            raise ArchrankError(
                f"--metric {self.metric} and --objectives {self.objectives}: give one of the two"
            )
        if self.maximize is not None:
            raise ArchrankError(
                f"--{_word(self.maximize)} says nothing of several objectives: say it of each, such as "
                "--objectives accuracy,latency:min"
            )
        names = [name.strip() for name in self.objectives.split(",")]
        different = len({_parted(name)[0] for name in names})
        if not 2 <= different == len(names) <= _MOST:
            raise ArchrankError(
                f"--objectives {self.objectives!r} names {different} different metrics in {len(names)}; give two "
                "or three, separated by commas, and --metric for one"
            )
        return names


def goal_from(values: "Table | Evaluator | None", options: GoalOptions) -> "Goal":
    """The goal that the options say.

    A table knows its metrics and their directions. An evaluator may have an attribute ``metric``, the name of its value
    (else that is ``value``), and an attribute ``directions``, which says ``"maximize"`` or ``"minimize"`` by name (else
    all is maximised); the options come before both. If it has an attribute ``gives``, the names of its values, others
    are refused before anything is evaluated.

    Args:
        values: Where the values come from: the table that is searched, or an evaluator; None where nothing is known of
            who evaluates.
        options: What the command line was told.

    Raises:
        UnknownName: A metric that the table has not, a value that the evaluator does not give, or a direction that is
            none.
        ArchrankError: Another number of objectives, two ways to say what to search by, a direction for a table, or a
            constraint that cannot be read or that no architecture of the table meets.
    """
    from archrank.benchmarks.table import Table
    from archrank.study.goal import Goal, check_constraints

    names = options.names()
    if not isinstance(values, Table):
        wanted = Goal.of(_directions(values, names, options.maximize), options.where)
        given: Sequence[str] = getattr(values, "gives", wanted.needed)
        for needed in wanted.needed:
            if needed not in given:
                raise UnknownName("value", needed, given)
        return wanted
    if options.maximize is not None:
        raise ArchrankError(
            f"{values.name} itself says which way its metrics are better: leave --{_word(options.maximize)} out"
        )
    directions: dict[str, Direction] = {}
    for name in names or (None,):
        metric = values.metric(name)
        directions[metric.name] = "maximize" if metric.higher_is_better else "minimize"
    goal = Goal.of(directions, options.where)
    check_constraints(goal.constraints, values)
    return goal


def _directions(evaluate: Any, names: list[str] | None, maximize: bool | None) -> "dict[str, Direction]":
    """The direction of each value of an evaluator."""
    said: Mapping[str, Direction] = getattr(evaluate, "directions", None) or {}
    directions: dict[str, Direction] = {}
    for word in names or [str(getattr(evaluate, "metric", "value"))]:
        name, direction = _parted(word)
        directions[name] = direction or said.get(name, "maximize")
    if maximize is not None:
        directions = dict.fromkeys(directions, "maximize" if maximize else "minimize")
    return directions


def _parted(word: str) -> "tuple[str, Direction | None]":
    """A name, and the direction after its colon."""
    name, colon, suffix = word.rpartition(":")
    return (name, _SUFFIXES[suffix]) if colon and suffix in _SUFFIXES else (word, None)


def _word(maximize: bool) -> str:
    return "maximize" if maximize else "minimize"
