"""Earlier measurements of something else, such as another data set, as hints of a search."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from archrank.benchmarks.cells import ARCHITECTURE
from archrank.benchmarks.given import cells_of
from archrank.benchmarks.table import Table
from archrank.benchmarks.text_format import TextFormat
from archrank.errors import ArchrankError, TableError
from archrank.predictors.base import Predictor
from archrank.predictors.hinted import borne_out
from archrank.space import SearchSpace
from archrank.study.evaluations import HintUse, Known
from archrank.study.known import known_evaluations
from archrank.study.objectives import Direction, Objectives
from archrank.study.recorded import recorded_run
from archrank.study.result import SearchResult
from archrank.system.files import is_folder
from archrank.system.foreign import shown

__all__ = ["Hint", "hints_of", "uses"]

_FEWEST = 5
"""Measurements from which a hint can be learned."""


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
        given: A :class:`~archrank.study.SearchResult`, a run folder, or what :func:`~archrank.benchmarks.as_table`
            reads; a pair of one of these and the name of a column; a fitted predictor; or a list of these.
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
        directions = _directions(source, column, objectives)
        known, said = known_evaluations(space, source, Objectives(directions), what="hints")
        notes += said
        found.append(_learned(space, known, directions, seed))
    return found, notes


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
    space: SearchSpace, known: Sequence[Known], directions: Mapping[str, Direction], seed: int
) -> Hint:
    ((name, direction),) = directions.items()
    measured = [k for k in known if name in k.values]
    source = known[0].source if known else "the source"
    values = [k.values[name] for k in measured]
    if len(measured) < _FEWEST or len(set(values)) == 1:
        raise ArchrankError(
            f"hints: {source} has {len(measured)} measurements with {len(set(values))} different values, and a hint "
            f"needs {_FEWEST} that are not all equal"
        )
    from archrank.predictors.automatic import auto  # here, because it loads SciPy's linear algebra

    predictor = auto(space, "fast", seed=seed)
    predictor.fit([k.architecture for k in measured], values, minimize=direction == "minimize")
    return Hint(source, tuple(measured), predictor)


def _is_pair(given: Any) -> bool:
    return isinstance(given, tuple) and len(given) == 2 and isinstance(given[1], str)


def _is_records(given: Sequence[Any]) -> bool:
    return bool(given) and all(isinstance(each, Mapping) for each in given)
