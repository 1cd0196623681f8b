"""What a search of a table is after, from the words of the command line."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from archrank.errors import ArchrankError

if TYPE_CHECKING:
    from archrank.benchmarks.table import Table
    from archrank.study.goal import Direction, Goal

__all__ = ["goal_from"]

_MOST = 3
"""More objectives than that make nearly everything a part of the Pareto front, and no picture shows them."""


def goal_from(table: "Table", metric: str | None, objectives: str | None, where: Sequence[str]) -> "Goal":
    """The goal that the options say, each objective in the direction that the table says.

    Args:
        table: The table that is searched.
        metric: The one metric to search by; None for the table's own.
        objectives: Two or three metrics, separated by commas, to search by instead.
        where: Constraints on the table's metrics.

    Raises:
        UnknownName: A metric that the table has not.
        ArchrankError: Another number of objectives, both ``metric`` and ``objectives``, or a constraint that cannot be
            read or that no architecture of the table meets.
    """
    from archrank.study.goal import Goal, check_constraints

    if objectives is None:
        names = [metric]
    elif metric is not None:
        raise ArchrankError(f"--metric {metric} and --objectives {objectives}: give one of the two")
    else:
        names = [name.strip() for name in objectives.split(",")]
        if not 2 <= len(set(names)) == len(names) <= _MOST:
            raise ArchrankError(
                f"--objectives {objectives!r} names {len(set(names))} different metrics in {len(names)}; give two or "
                "three, separated by commas, and --metric for one"
            )
    directions: dict[str, Direction] = {}
    for name in names:
        known = table.metric(name)
        directions[known.name] = "maximize" if known.higher_is_better else "minimize"
    goal = Goal.of(directions, where)
    check_constraints(goal.constraints, table)
    return goal
