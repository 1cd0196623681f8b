"""What was measured before a search begins: earlier runs, tables and files, as evaluations that cost no budget."""

import json
import math
import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from archrank.architecture import Architecture
from archrank.benchmarks.cells import ARCHITECTURE
from archrank.benchmarks.given import cells_of
from archrank.benchmarks.table import Table
from archrank.benchmarks.text_format import TextFormat
from archrank.errors import ArchrankError, RunFolderError, TableError, UnknownName
from archrank.given import architectures_of
from archrank.space import SearchSpace
from archrank.strategies.base import Evaluated
from archrank.study.evaluations import Known
from archrank.study.objectives import Objectives
from archrank.study.recorded import recorded_run
from archrank.study.result import SearchResult
from archrank.system.files import is_folder
from archrank.system.foreign import shown
from archrank.system.json_objects import read_json_text
from archrank.workers.outcome import DEFAULT_METRIC

__all__ = ["entries", "known_evaluations", "warn_of_other_unit"]

_NEEDS = {
    "known": "known evaluations need the values that are searched by",
    "hints": "a hint needs the column that is named",
}

_TIMES, _FEWEST = 20.0, 3
"""Medians of at least so many values that differ by this factor are taken for values in different units."""


@dataclass(slots=True)
class _Rows:
    """Evaluations of one source, and what could not be used.

    Attributes:
        space: The space that is searched.
        objectives: The objectives and constraints of the search.
        renamed: Present names by earlier ones.
        source: What is read, in words.
        found: What can be used.
        foreign: How many architectures do not belong to the space.
        why: Why the first of them does not.
        incomplete: How many lack a value that the search needs.
        what: The argument that gives it, for messages.
    """

    space: SearchSpace
    objectives: Objectives
    renamed: Mapping[str, str]
    source: str
    found: list[Known] = field(default_factory=list)
    foreign: int = 0
    why: str = ""
    incomplete: int = 0
    what: str = "known"

    def read(self, given: str | Architecture, values: Mapping[str, float], *, failed: bool = False) -> None:
        """Take an evaluation, unless it cannot be used."""
        try:
            if isinstance(given, Architecture):
                (given,) = map(self.space.format, architectures_of(self.space, given))
            architecture = self.space.parse(_in_present_names(given, self.renamed))
        except ArchrankError as error:
            self.foreign += 1
            self.why = self.why or str(error)
            return
        if not failed:
            values = {**self._of_space(architecture), **values}
            broken = self.objectives.violation(values) > 0  # then what was not measured does not matter
            if not (broken or values.keys() >= set(self.objectives.needed)):
                self.incomplete += 1
                return
        self.found.append(Known(architecture, values, self.source))

    def _of_space(self, architecture: Architecture) -> dict[str, float]:
        """Values that the search needs and the space knows."""
        if not self.space.known_names.intersection(self.objectives.needed):
            return {}
        known = self.space.known_values(architecture)
        return {name: float(known[name]) for name in self.objectives.needed if name in known}

    @property
    def notes(self) -> Iterator[str]:
        """What is left out, for the user.

        Raises:
            ArchrankError: All of it.
        """
        every = len(self.found) + self.foreign + self.incomplete
        if self.foreign and not self.found:
            raise ArchrankError(
                f"{self.what}: none of {every} architectures of {self.source} can be used: {self.foreign} do not "
                f"belong to the space {self.space.name}, the first one because: {self.why}"
            )
        if self.foreign:
            yield (
                f"{self.foreign} of {every} architectures of {self.source} do not belong to the space "
                f"{self.space.name} and are left out; the first one because: {self.why}"
            )
        if self.incomplete:
            needed = " or no ".join(self.objectives.needed)
            yield f"{self.incomplete} of {every} evaluations of {self.source} have no {needed}, and are left out"


def known_evaluations(
    space: SearchSpace,
    given: Any,
    objectives: Objectives,
    renamed: Mapping[str, str] | None = None,
    what: str = "known",
) -> tuple[list[Known], list[str]]:
    """What a user gives as known, each architecture once, in the given order.

    Args:
        space: The space that is searched. Architectures of an earlier version of it are used as far as their texts
            denote an architecture of the present one.
        given: A :class:`~archrank.study.SearchResult`, a run folder (of an interrupted run too), or what
            :func:`~archrank.benchmarks.as_table` reads; or a list of these.
        objectives: The objectives and constraints of the search. An evaluation without one of their values is left
            out, unless the space knows the value, or another one breaks a constraint already.
        renamed: Present names by earlier ones, of choices and of options, for texts that are JSON objects.
        what: The argument that gives them, for messages.

    Returns:
        The evaluations, and notes for the user: what is left out, and how many architectures with several values are
        averaged.

    Raises:
        TableError: A table or file cannot be read, or lacks an objective.
        RunFolderError: A run folder cannot be read.
        ArchrankError: Values of another direction, or nothing that belongs to the space.
    """
    if not isinstance(renamed, Mapping | None):
        raise ArchrankError(
            f"renamed is {shown(renamed)}, expected a mapping of earlier names to present ones"
        )
    notes: list[str] = []
    found: list[Known] = []
    for source in _sources(given):
        rows = _read(source, partial(_Rows, space, objectives, renamed or {}, what=what))
        notes += rows.notes
        found += rows.found
    return _merged(found, notes), notes


def warn_of_other_unit(known: Sequence[Known], measured: Sequence[float], metric: str) -> None:
    """Warn where known values and measured ones seem to have different units, such as a share and percent.

    Args:
        known: What was measured before.
        measured: Values of the search, or of the table that it looks up.
        metric: What both are.
    """
    before = [k.values[metric] for k in known if metric in k.values]
    if min(len(before), len(measured)) < _FEWEST:
        return
    middles = np.median(np.abs(before)), np.median(np.abs(measured))
    if min(middles) > 0 and max(middles) > _TIMES * min(middles):
        warnings.warn(
            f"the known values of {metric!r} are around {middles[0]:.3g}, and those measured now around "
            f"{middles[1]:.3g}: bring them to one unit, for the search takes both as one",
            stacklevel=3,
        )


def entries(known: Sequence[Known], objectives: Objectives) -> list[Evaluated]:
    """Known evaluations as strategies see them."""
    return [objectives.entry(each.architecture, each.values) for each in known]


def _sources(given: Any) -> list[Any]:
    several = isinstance(given, list | tuple) and not any(isinstance(each, Mapping) for each in given)
    return list(given) if several else [given]


_Collect = Callable[[str], _Rows]
"""Begins a collection from a source."""


def _read(source: Any, collect: _Collect) -> _Rows:
    if isinstance(source, SearchResult):
        evaluated = [
            (source.space.format(e.architecture), e.values)
            for e in (*source.evaluations, *source.repeats)
            if e.whole and not e.unrelated
        ]
        return _of_evaluations(evaluated, source.objectives, collect("the earlier search"))
    if isinstance(source, str | os.PathLike) and is_folder(Path(source)):
        return _of_run(Path(source), collect)
    return _of_table(source, collect)


def _of_table(source: Any, collect: _Collect) -> _Rows:
    if isinstance(source, Table):
        rows = collect(f"the table {source.name}")
        directions = {m.name: "maximize" if m.higher_is_better else "minimize" for m in source.metrics}
        _check_directions(directions, rows)
        names = _columns([m.name for m in source.metrics], rows)
        columns = {name: source.column(column) for name, column in names.items()}
        given: list[Any] = [source.space.format(architecture) for architecture in source.architectures]
    else:
        cells = cells_of(source, ARCHITECTURE, TextFormat())
        rows = collect(cells.source)
        names = _columns(cells.number_columns(ARCHITECTURE), rows)
        columns = {name: cells.numbers(each)[0] for name, each in names.items()}
        given = [_text(cell) for cell in cells.architecture_cells()]
    for each, *numbers in zip(given, *columns.values(), strict=True):
        rows.read(each, _finite(dict(zip(columns, numbers, strict=True))))
    return rows


def _columns(there: Sequence[str], rows: _Rows) -> dict[str, str]:
    """For each value of the search that is there the column that holds it."""
    objectives = rows.objectives
    if [*objectives.directions] == [DEFAULT_METRIC] and DEFAULT_METRIC not in there and len(there) == 1:
        return {DEFAULT_METRIC: there[0]}
    _check_names("column with numbers", there, rows)
    return {name: name for name in objectives.needed if name in there}


def _of_run(folder: Path, collect: _Collect) -> _Rows:
    """The evaluations of a run folder; of an interrupted run those that are finished."""
    try:
        run = recorded_run(folder)
    except RunFolderError as error:
        raise RunFolderError(f"known: {error}, or give a file of its evaluations") from None
    every = (*run.evaluations, *run.repeats)
    evaluated = [(e.architecture, e.values) for e in every if e.whole and not e.unrelated]
    return _of_evaluations(evaluated, run.objectives, collect(f"the run in {folder}"))


def _of_evaluations(
    evaluated: Sequence[tuple[str, Mapping[str, Any]]], objectives: Objectives, rows: _Rows
) -> _Rows:
    """The evaluations of a search: an architecture's text, and its values, none where it failed."""
    _check_directions(objectives.directions, rows)
    if there := dict.fromkeys(name for _, values in evaluated for name in values):
        _check_names("value", list(there), rows)
    for text, values in evaluated:
        rows.read(text, _finite(values), failed=not values)
    return rows


def _check_directions(given: Mapping[str, Any], rows: _Rows) -> None:
    for name, direction in rows.objectives.directions.items():
        if given.get(name, direction) != direction:
            raise ArchrankError(
                f"{rows.what}: {rows.source} has values of {shown(name)} to {given[name]}, and this search is to "
                f"{direction} it"
            )


def _check_names(what: str, there: Sequence[str], rows: _Rows) -> None:
    """Refuse a source that has no value of an objective."""
    for name in rows.objectives.directions:
        if name not in there:
            raise TableError(
                f"{rows.what}: {rows.source}: {UnknownName(what, name, there)}; {_NEEDS[rows.what]}"
            )


def _finite(values: Mapping[str, Any]) -> dict[str, float]:
    numbers = {
        n: float(v) for n, v in values.items() if isinstance(v, int | float) and not isinstance(v, bool)
    }
    return {name: number for name, number in numbers.items() if math.isfinite(number)}


def _text(cell: Any) -> str | Architecture:
    if isinstance(cell, Architecture):
        return cell
    return json.dumps(dict(cell), ensure_ascii=False) if isinstance(cell, Mapping) else str(cell)


def _in_present_names(text: str, renamed: Mapping[str, str]) -> str:
    """A JSON object of choices with their present names, and those of their options; other texts as they are."""
    if not renamed:
        return text
    try:
        record = read_json_text(text)
    except (ValueError, RecursionError):
        return text
    if not isinstance(record, dict):
        return text
    present = {
        renamed.get(name, name): renamed.get(value, value) if isinstance(value, str) else value
        for name, value in record.items()
    }
    return json.dumps(present, ensure_ascii=False)


def _merged(found: Sequence[Known], notes: list[str]) -> list[Known]:
    """Each architecture once; one with several values has their mean, one that failed and did not has what it gave."""
    by_architecture: dict[Architecture, list[Known]] = {}
    for known in found:
        by_architecture.setdefault(known.architecture, []).append(known)
    merged, averaged = [], 0
    for architecture, several in by_architecture.items():
        measured = [known for known in several if known.values] or several[:1]
        names = dict.fromkeys(name for known in measured for name in known.values)
        values = {n: float(np.mean([k.values[n] for k in measured if n in k.values])) for n in names}
        averaged += any(known.values[n] != values[n] for known in measured for n in known.values)
        merged.append(Known(architecture, values, several[0].source))
    if averaged:
        notes.append(
            f"{averaged} known architecture{'s have' if averaged > 1 else ' has'} several values, which are averaged"
        )
    return merged
