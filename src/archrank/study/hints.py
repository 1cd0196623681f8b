"""Earlier measurements of something else, such as another data set, as hints of a search."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from archrank.architecture import Architecture
from archrank.benchmarks.catalog import table_or
from archrank.benchmarks.cells import ARCHITECTURE
from archrank.benchmarks.given import cells_of
from archrank.benchmarks.table import Table
from archrank.benchmarks.text_format import TextFormat
from archrank.errors import ArchrankError, TableError
from archrank.predictors.base import Predictor
from archrank.predictors.hinted import borne_out
from archrank.space import SearchSpace
from archrank.strategies.base import Strategy
from archrank.study.evaluations import HintUse, Known
from archrank.study.known import Before, known_evaluations
from archrank.study.known_rows import Related
from archrank.study.objectives import Direction, Objectives
from archrank.study.recorded import recorded_run
from archrank.study.result import SearchResult
from archrank.system.files import is_folder
from archrank.system.foreign import shown

__all__ = ["Hint", "hints_of", "uses", "with_related"]

_FEWEST = 5
"""Measurements from which a hint can be learned."""

_FITTED = 400
"""Rows of a fit up to which an architecture with drawn values counts several times."""

_Row = tuple[Known, tuple[Architecture, ...]]
"""A measurement, and the architectures that it may denote."""


@dataclass(frozen=True, slots=True)
class Hint:
    """What was learned from one source.

    Attributes:
        source: Where it comes from, in words.
        known: The measurements; none where a fitted predictor was given.
        predictor: Fitted to them, higher is better.
    """

    source: str
    known: tuple[Known, ...]
    predictor: Predictor

    @property
    def digest(self) -> str:
        """The same for the same measurements."""
        text = json.dumps([(k.architecture.choices, dict(k.values)) for k in self.known], default=str)
        return sha256(text.encode()).hexdigest()[:12]


def hints_of(
    space: SearchSpace, given: Any, objectives: Objectives, seed: int = 0
) -> tuple[list[Hint], list[str]]:
    """The hints that a user gives, each fitted to its measurements.

    Args:
        space: The space that is searched.
        given: A :class:`~archrank.study.SearchResult`, a run folder, the name of a benchmark, or what
            :func:`~archrank.benchmarks.as_table` reads; a pair of one of these and the name of a column; a fitted
            predictor; or a list of these.
        objectives: What the search goes by: of a file with several columns that of the first objective is read, with
            its direction.
        seed: The seed of the fits.

    Returns:
        The hints, and notes for the user.

    Raises:
        TableError: A table or file cannot be read, or has several columns and none is named.
        ArchrankError: Too few measurements, or none that belong to the space.
    """
    several = isinstance(given, list) and not _is_records(given)
    found, notes = [], []
    for each in given if several else [given]:
        if isinstance(each, Predictor):
            found.append(Hint(repr(each), (), each))
            continue
        source, column = each if _is_pair(each) else (each, None)
        source = table_or(source)
        directions = _directions(source, column, objectives)
        before = known_evaluations(space, source, Objectives(directions), what="hints")
        notes += before.notes
        notes += [
            f"hints: {each.count} have {each.why}; what both have is learned from" for each in before.related
        ]
        rows: list[_Row] = [(known, (known.architecture,)) for known in before.evaluations]
        for each in before.related:
            rows += _rows(each, *directions)
        found.append(_learned(space, rows, directions, seed))
    return found, notes


def with_related(
    strategy: Strategy, given: Sequence[Hint], before: Before, space: SearchSpace, objectives: Objectives
) -> tuple[Strategy, list[Hint], list[str]]:
    """The strategy with hints: those that are given, and earlier evaluations that belong to a space with other choices.

    Args:
        strategy: The strategy.
        given: The hints that a user gives.
        before: What was measured before.
        space: The space that is searched.
        objectives: What the search goes by; the hints are learned from the first.

    Returns:
        The strategy, all hints, and notes for the user.

    Raises:
        ArchrankError: A strategy that takes no hints where some are given; or where the evaluations of a source are
            neither evaluations of the space nor hints.
    """
    listening = strategy.listening([hint.predictor for hint in given]) if given else strategy
    hints, notes = list(given), []
    directions = {objectives.metric: objectives.directions[objectives.metric]}
    for each in before.related:
        try:
            hint = _learned(space, _rows(each, objectives.metric), directions, 0)
            listening = strategy.listening([other.predictor for other in (*hints, hint)])
        except ArchrankError as error:
            if not each.evaluated:
                reason = str(error).removeprefix("hints: ")
                raise ArchrankError(
                    f"known: none of {each.every} architectures of {each.source} can be used. {len(each.rows)} are no "
                    f"evaluations of the space {space.name}, because they have {each.why}; and they cannot be a hint, "
                    f"because {reason}. {each.way_out}"
                ) from None
            notes.append(
                f"{each.count} have {each.why}: they are no evaluations of the space {space.name}, and are left out. "
                f"{each.way_out}"
            )
            continue
        hints.append(hint)
        notes.append(
            f"{each.count} have {each.why}: they are no evaluations of the space {space.name}, but a hint, which is "
            f"used as long as it agrees with what is measured. {each.way_out}"
        )
    return listening, hints, notes


def _rows(related: Related, metric: str) -> list[_Row]:
    return [
        (Known(carried.architectures[0], values, related.source, values[metric]), carried.architectures)
        for carried, values in related.rows
    ]


def uses(hints: Sequence[Hint], result: SearchResult) -> tuple[HintUse, ...]:
    """How the hints agree with what a search has measured."""
    scores = result.scores()[:, 0]
    measured = np.flatnonzero(~np.isnan(scores))
    architectures = [result.evaluations[i].architecture for i in measured]
    return tuple(
        HintUse(hint.source, len(hint.known), *borne_out(hint.predictor, architectures, scores[measured]))
        for hint in hints
    )


def _directions(source: Any, column: str | None, objectives: Objectives) -> dict[str, Direction]:
    """The one value of a source that is learned from, with its direction."""
    metric = objectives.metric
    if isinstance(source, Table):
        chosen = source.metric(column)
        return {chosen.name: "maximize" if chosen.higher_is_better else "minimize"}
    if isinstance(source, SearchResult):
        theirs = source.objectives.directions
    elif isinstance(source, str | os.PathLike) and is_folder(Path(source)):
        theirs = recorded_run(Path(source)).objectives.directions
    else:
        if column is None:
            there = cells_of(source, ARCHITECTURE, TextFormat()).number_columns(ARCHITECTURE)
            if metric not in there and len(there) != 1:
                raise TableError(
                    f"hints: {shown(source)} has the columns {', '.join(there) or 'of no numbers'}, and none is called "
                    f"{metric!r}: name the one to learn from, as (source, {there[0] if there else metric!r}) "
                    "(--hints FILE:COLUMN)"
                )
            column = metric if metric in there else there[0]
        return {column: objectives.directions[metric]}
    name = column or next(iter(theirs))
    return {name: theirs.get(name, "maximize")}


def _learned(
    space: SearchSpace, rows: Sequence[_Row], directions: Mapping[str, Direction], seed: int
) -> Hint:
    ((name, direction),) = directions.items()
    measured = [(known, denoted) for known, denoted in rows if name in known.values]
    source = rows[0][0].source if rows else "the source"
    values = [known.values[name] for known, _ in measured]
    if len(measured) < _FEWEST or len(set(values)) == 1:
        raise ArchrankError(
            f"hints: {source} has {len(measured)} measurements with {len(set(values))} different values, and a hint "
            f"needs {_FEWEST} that are not all equal"
        )
    from archrank.predictors.automatic import auto  # here, because it loads SciPy's linear algebra

    predictor = auto(space, "fast", seed=seed)
    # A large source tells by its number what a small one tells by several draws of each.
    most = max(1, _FITTED // len(measured))
    pairs = [(a, known.values[name]) for known, denoted in measured for a in denoted[:most]]
    architectures, targets = zip(*pairs, strict=True)
    predictor.fit(list(architectures), list(targets), minimize=direction == "minimize")
    return Hint(source, tuple(known for known, _ in measured), predictor)


def _is_pair(given: Any) -> bool:
    return isinstance(given, tuple) and len(given) == 2 and isinstance(given[1], str)


def _is_records(given: Sequence[Any]) -> bool:
    return bool(given) and all(isinstance(each, Mapping) for each in given)
