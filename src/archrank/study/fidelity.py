"""What a search with fidelities needs: an evaluator that can stop early, and a rule for what goes on."""

import inspect
import math
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from archrank.benchmarks.table import Table
from archrank.errors import ArchrankError, EvaluationError, UnknownName
from archrank.strategies.base import Strategy
from archrank.strategies.fidelities import Fidelities
from archrank.strategies.halving import ETA, Hyperband, MultiFidelity, SuccessiveHalving
from archrank.strategies.promotion import ModelPromotion
from archrank.study.objectives import Objectives
from archrank.system.arguments import checked_flag
from archrank.system.foreign import shown
from archrank.workers.outcome import Evaluator

__all__ = [
    "PROMOTIONS",
    "check_stops_early",
    "checked_fidelities",
    "continued_by",
    "fidelity_columns",
    "searched_metric",
    "warn_of_small_budget",
    "with_fidelities",
]

PROMOTIONS: Mapping[str, type[MultiFidelity]] = {
    "model": ModelPromotion,
    "halving": SuccessiveHalving,
    "hyperband": Hyperband,
}
"""The rules by which trainings go on, by name."""


def with_fidelities(strategy: Strategy, fidelities: Fidelities, promotion: str) -> MultiFidelity:
    """The strategy, choosing among trainings of several lengths.

    Raises:
        UnknownName: No such rule.
    """
    if not isinstance(promotion, str) or promotion not in PROMOTIONS:
        raise UnknownName("promotion", promotion, PROMOTIONS)
    return PROMOTIONS[promotion](strategy, fidelities)


def warn_of_small_budget(fidelities: Fidelities, budget: int) -> None:
    """Warn where a budget pays so few short trainings beside a whole one that they choose nothing."""
    shortest, full = fidelities.levels[0], fidelities.full
    whole = fidelities.cost(full, [shortest])
    count = max((budget * full - whole) // shortest, 0)
    if count < ETA:
        trainings = f"{count} training{'' if count == 1 else 's'}"
        warnings.warn(
            f"budget={budget} is {budget * full} epochs, which pay {trainings} to epoch {shortest} and one to epoch "
            f"{full}: too few to choose what goes on. Give budget={math.ceil((ETA * shortest + whole) / full)} or "
            "more, or leave fidelities out",
            stacklevel=3,
        )


def searched_metric(fidelities: Any, metric: str | None) -> str | None:
    """The metric that is given, or the column that a mapping of fidelities names for whole trainings."""
    if metric is None and isinstance(fidelities, Mapping) and fidelities:
        *_, metric = fidelities.values()
    return metric


def continued_by(evaluate: Evaluator | Table | None, given: bool | None) -> bool:
    """Whether longer trainings go on where shorter ones stopped: what the user says, or the evaluator declares."""
    if given is not None:
        return checked_flag("continued", given)
    return bool(getattr(evaluate, "continued", False))


def checked_fidelities(
    levels: Sequence[int],
    given: Any,
    evaluate: Evaluator | Table | None,
    table: Table | None,
    objectives: Objectives,
) -> dict[int, str] | None:
    """Make sure that the trainings of a search can be stopped early.

    Args:
        levels: The fidelities, ascending.
        given: What the user gave as fidelities.
        evaluate: What is called with an architecture and epochs; None where others do that.
        table: What is looked up, if it is a table.
        objectives: What is searched by.

    Returns:
        The column of a table for each fidelity; None where nothing is looked up.

    Raises:
        ArchrankError: They cannot.
    """
    if len(objectives.directions) > 1:
        raise ArchrankError(
            f"fidelities compare trainings by one value, and the search is by {', '.join(objectives.directions)}: give "
            "one metric, and bounds on the others by where (--where)"
        )
    if table is not None and (evaluate is None or isinstance(evaluate, Table)):
        return fidelity_columns(table, objectives.metric, levels, given)
    if isinstance(given, Mapping):
        raise ArchrankError(
            f"fidelities is {shown(given)}, which names columns, and no table is searched: give epochs, such as "
            f"{list(levels)}"
        )
    if evaluate is not None:
        assert not isinstance(evaluate, Table)
        check_stops_early(evaluate, levels)
    return None


def check_stops_early(evaluate: Evaluator, levels: Sequence[int]) -> None:
    """Make sure that an evaluator can be told after how many epochs to stop.

    Raises:
        EvaluationError: It cannot, or not after these.
    """
    if (check := getattr(evaluate, "check_fidelities", None)) is not None:
        check(levels)
        return
    try:
        parameters = list(inspect.signature(evaluate).parameters.values())
    except (TypeError, ValueError):
        return  # not every callable has a signature
    if any(p.kind == p.VAR_POSITIONAL for p in parameters):
        return
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    # A second argument with a default may mean anything.
    if len(positional) < 2 or not (
        positional[1].default is inspect.Parameter.empty or positional[1].name == "epochs"
    ):
        raise EvaluationError(
            f"the evaluator {shown(evaluate)} cannot stop early, as fidelities={list(levels)} needs it: expected "
            "evaluate(architecture, epochs), which trains for that many epochs"
        )


def fidelity_columns(table: Table, metric: str, levels: Sequence[int], given: Any) -> dict[int, str]:
    """The column of a table for each fidelity.

    Args:
        table: The table.
        metric: The metric that is searched by: the values after whole trainings.
        levels: The fidelities, ascending.
        given: What the user gave: a mapping from epochs to columns, or epochs alone, whose columns are those of the
            same name and other epochs.

    Raises:
        UnknownName: No such column.
        ArchrankError: A column is missing, or the last fidelity is not that of the metric.
    """
    if isinstance(given, Mapping):
        columns = {int(level): table.metric(name).name for level, name in given.items()}
        if columns[levels[-1]] != metric:
            raise ArchrankError(
                f"fidelities names {columns[levels[-1]]!r} as the values after {levels[-1]} epochs, and the search is "
                f"by {metric!r}: give metric={columns[levels[-1]]!r}, or the epochs of {metric!r}"
            )
        return columns
    stem = _stem(metric)
    whole = table.metric(metric).epochs
    if whole not in (None, levels[-1]):
        raise ArchrankError(
            f"the last of the fidelities {list(levels)} is {levels[-1]}, and {metric!r} was measured after {whole} "
            f"epochs: end them with {whole}, or search by a metric after {levels[-1]} epochs"
        )
    columns = {levels[-1]: metric}
    for level in levels[:-1]:
        found = [
            m.name for m in table.metrics if _stem(m.name) == stem and _epochs(m.name, m.epochs) == level
        ]
        if len(found) != 1:
            many, names = "several" if found else "no", ", ".join(m.name for m in table.metrics)
            raise ArchrankError(
                f"{table.name} has {many} values of {metric!r} after {level} epochs; it has "
                f"{names}. Name the columns, such as fidelities={{{level}: 'accuracy_{level}', {levels[-1]}: "
                f"{metric!r}}} (--fidelities {level}=accuracy_{level},{levels[-1]}={metric})"
            )
        columns[level] = found[0]
    return {level: columns[level] for level in levels}


def _stem(name: str) -> str:
    """A name without the epochs at its end."""
    return name.rstrip("0123456789").removesuffix("_").removesuffix("_at") if name[-1:].isdecimal() else name


def _epochs(name: str, declared: int | None) -> int | None:
    """The epochs of a metric, as it is declared or as its name ends."""
    digits = name[len(name.rstrip("0123456789")) :]
    return declared if declared is not None else int(digits[:6]) if digits else None
