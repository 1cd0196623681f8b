"""What a search goes by, from what its user names and what the table or the evaluator declares."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from archrank.benchmarks.table import Table
from archrank.errors import ArchrankError, UnknownName, closest
from archrank.study.objectives import Direction, Objectives, check_constraints
from archrank.system.arguments import checked_flag, checked_texts
from archrank.workers.outcome import DEFAULT_METRIC, Evaluator

__all__ = ["check_evaluator_objectives", "declared_objectives", "named_objectives"]

_MAX_OBJECTIVES = 3
"""With more objectives nearly everything is on the Pareto front, and no picture shows it."""

_MISSPELLED = 0.85
"""How similar an unknown name is to a known one to be taken for it."""

_SUFFIXES: dict[str, Direction] = {"max": "maximize", "min": "minimize"}


def declared_objectives(
    values: Table | Evaluator | None,
    *,
    metric: str | None = None,
    maximize: bool | None = None,
    objectives: Mapping[str, Direction] | Sequence[str] | None = None,
    where: Sequence[str] | None = (),
    known: Collection[str] = (),
) -> Objectives:
    """The objectives and constraints of a search.

    A table knows its metrics and their directions. An evaluator may have an attribute ``metric``, the name of its value
    (``"value"`` otherwise), an attribute ``directions``, a mapping from names to ``"maximize"`` or ``"minimize"``
    (otherwise everything is maximized), an attribute ``gives``, the names of all its values, and a method
    ``check_objectives``, which raises an error if it cannot be searched by the names that it is called with. The
    arguments override what an evaluator declares.

    Args:
        values: Where the values come from: a table or an evaluator; None where other processes evaluate.
        metric: The one value to search by, perhaps with its direction as in ``"loss:min"``; None for the declared one.
        maximize: Its direction; None for the declared one.
        objectives: Two or three values to search by instead: a mapping from names to directions, or names such as
            ``"latency:min"``.
        where: Constraints, such as ``"latency_ms < 20"``.
        known: The names of what the space knows, which an evaluator need not give.

    Raises:
        UnknownName: A metric that the table does not have, a value that the evaluator does not give, or an unknown
            direction.
        ArchrankError: Both ``metric`` and ``objectives``, another number of objectives, a direction for a table, or a
            constraint that cannot be read or that no architecture of the table meets.

    >>> declared_objectives(None, objectives=["accuracy", "latency:min"]).directions
    {'accuracy': 'maximize', 'latency': 'minimize'}
    """
    where = [] if where is None else checked_texts("where", where, "latency_ms < 20")
    maximize = None if maximize is None else checked_flag("maximize", maximize)
    named = named_objectives(metric, maximize, objectives)
    if isinstance(values, Table):
        chosen = Objectives.of(_of_table(values, named, maximize), where)
        check_constraints(chosen.constraints, values)
        return chosen
    chosen = Objectives.of(_of_evaluator(values, named, maximize), where)
    gives: Sequence[str] | None = getattr(values, "gives", None)
    for needed in chosen.needed:
        if needed in known or needed in (chosen.directions if gives is None else gives):
            continue
        # Without a declaration the first evaluation shows what there is, except for what is most likely misspelled.
        if gives is not None or closest(needed, known, _MISSPELLED) is not None:
            raise UnknownName("value", needed, [*(gives or ()), *sorted(known)])
    check_evaluator_objectives(values, chosen)
    return chosen


def check_evaluator_objectives(evaluate: Evaluator | None, objectives: Objectives) -> None:
    """Let an evaluator refuse to be searched by these objectives.

    Raises:
        ArchrankError: It does.
    """
    if (check := getattr(evaluate, "check_objectives", None)) is not None:
        check(list(objectives.directions))


def named_objectives(
    metric: str | None,
    maximize: bool | None,
    objectives: Mapping[str, Direction] | Sequence[str] | None,
) -> dict[str, Direction | None]:
    """The values that are named, with the directions that are said; empty where nothing is named."""
    if objectives is None:
        if metric is not None and not isinstance(metric, str):
            raise ArchrankError(
                f"metric is {metric!r}, expected the name of a value; for several give objectives"
            )
        return {} if metric is None else dict([_parted(metric)])
    if metric is not None:
        raise ArchrankError(f"metric {metric!r} and objectives {objectives!r}: give one of the two")
    if isinstance(objectives, Mapping):
        if not objectives:
            raise ArchrankError("objectives is empty: name the values to search by, or leave it out")
        return dict(objectives)
    words = checked_texts("objectives", objectives, "latency:min")
    named = dict(map(_parted, words))
    if not 2 <= len(named) == len(words) <= _MAX_OBJECTIVES:
        raise ArchrankError(
            f"objectives {','.join(words)!r} names {len(named)} different metrics in {len(words)}; give two or three, "
            "and metric for one"
        )
    if maximize is not None:
        raise ArchrankError(
            f"{_word(maximize)} does not apply to several objectives: give each its direction, such as "
            "'accuracy' and 'latency:min'"
        )
    return named


def _of_table(
    table: Table, named: Mapping[str, Direction | None], maximize: bool | None
) -> dict[str, Direction]:
    directions: dict[str, Direction] = {}
    for name, said in named.items() or ((None, None),):
        metric = table.metric(name)
        directions[metric.name] = "maximize" if metric.higher_is_better else "minimize"
        given = said if maximize is None else _word(maximize)
        if given is not None and given != directions[metric.name]:
            raise ArchrankError(
                f"{table.name} knows that {metric.name!r} is to {directions[metric.name]}: leave {given} out"
            )
    return directions


def _of_evaluator(
    evaluate: Any, named: Mapping[str, Direction | None], maximize: bool | None
) -> dict[str, Direction]:
    declared: Mapping[str, Direction] = getattr(evaluate, "directions", None) or {}
    names = named or {str(getattr(evaluate, "metric", DEFAULT_METRIC)): None}
    directions = {name: said or declared.get(name, "maximize") for name, said in names.items()}
    return directions if maximize is None else dict.fromkeys(directions, _word(maximize))


def _parted(word: str) -> tuple[str, Direction | None]:
    """A name, and the direction after its colon."""
    name, colon, suffix = word.strip().rpartition(":")
    return (name, _SUFFIXES[suffix]) if colon and suffix in _SUFFIXES else (word.strip(), None)


def _word(maximize: bool) -> Direction:
    return "maximize" if maximize else "minimize"
