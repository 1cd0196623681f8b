"""What was measured before a search begins: earlier runs, tables and files, as evaluations that cost no budget."""

import json
import math
import os
import warnings
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from archrank.architecture import Architecture
from archrank.benchmarks.catalog import names, table_or
from archrank.benchmarks.cells import ARCHITECTURE
from archrank.benchmarks.given import cells_of
from archrank.benchmarks.table import Table
from archrank.benchmarks.text_format import TextFormat
from archrank.errors import ArchrankError, RunFolderError, TableError, UnknownName
from archrank.space import SearchSpace
from archrank.strategies.base import Evaluated
from archrank.study.evaluations import Known
from archrank.study.known_rows import Related, Rows
from archrank.study.objectives import Objectives
from archrank.study.recorded import recorded_run
from archrank.study.result import SearchResult
from archrank.system.files import is_folder
from archrank.system.foreign import shown
from archrank.workers.outcome import DEFAULT_METRIC

__all__ = ["Before", "entries", "known_evaluations", "warn_of_other_unit", "warn_of_other_values"]

_NEEDS = {
    "known": "known evaluations need the values that are searched by",
    "hints": "a hint needs the column that is named",
}

_TIMES, _FEWEST = 20.0, 3
"""Medians of at least so many values that differ by this factor are taken for values in different units."""


@dataclass(frozen=True, slots=True)
class Before:
    """What was measured before a search.

    Attributes:
        evaluations: Evaluations of the space, each architecture once.
        related: Those of a space with other choices, by source.
        notes: For the user: what is left out, and how many architectures with several values are averaged.
    """

    evaluations: list[Known] = field(default_factory=list)
    related: list[Related] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def known_evaluations(
    space: SearchSpace,
    given: Any,
    objectives: Objectives,
    renamed: Mapping[str, str] | None = None,
    defaults: Mapping[str, Any] | None = None,
    *,
    benchmark: str | None = None,
    what: str = "known",
) -> Before:
    """What a user gives as known, each architecture once, in the given order.

    Args:
        space: The space that is searched. Architectures of another version of it are evaluations as far as each
            denotes exactly one architecture of the present one.
        given: A :class:`~archrank.study.SearchResult`, a run folder (of an interrupted run too), the name of a
            benchmark, or what :func:`~archrank.benchmarks.as_table` reads; or a list of these.
        objectives: The objectives and constraints of the search. An evaluation without one of their values is left
            out, unless the space knows the value, or another one breaks a constraint already.
        renamed: Present names by earlier ones, of choices and of options, for texts that are JSON objects.
        defaults: For a choice that was added or removed since the value that architectures without it have.
        benchmark: The table that is searched; values of another benchmark are refused.
        what: The argument that gives them, for messages.

    Raises:
        TableError: A table or file cannot be read, or lacks an objective.
        RunFolderError: A run folder cannot be read.
        ArchrankError: Values of another direction or benchmark, or nothing that belongs to the space.
    """
    for name, mapping, kinds in (
        ("renamed", renamed, "earlier names to present ones"),
        ("known_defaults", defaults, "choices to values, such as {'weight_decay': 1e-4}"),
    ):
        if not isinstance(mapping, Mapping | None):
            raise ArchrankError(f"{name} is {shown(mapping)}, expected a mapping of {kinds}")
    notes: list[str] = []
    found: list[Known] = []
    related: list[Related] = []
    collect = partial(Rows, space, objectives, renamed or {}, defaults or {}, what=what)
    unused = dict.fromkeys(defaults or {})
    for source in _sources(given):
        rows = _read(source, collect, benchmark)
        notes += rows.notes
        found += rows.found
        related += [] if rows.related is None else [rows.related]
        unused = {name: None for name in unused if name not in rows.defaulted}
    notes += [
        f"known_defaults gives {name!r}, but each earlier architecture has this choice as the space has it, or neither "
        "does: check the name"
        for name in unused
    ]
    return Before(_merged(found, objectives.metric, notes), related, notes)


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


def warn_of_other_values(known: Sequence[Known], table: Table, metric: str) -> None:
    """Warn where known values differ from those of the searched table like values of something else.

    Values of other seeds differ by much less than the architectures do.

    Args:
        known: What was measured before.
        table: The table that is searched.
        metric: What is searched by.
    """
    column = table.column(metric)
    architectures = dict(zip(table.architectures, column.tolist(), strict=True))
    differences = [
        abs(k.values[metric] - architectures[k.architecture])
        for k in known
        if metric in k.values and k.architecture in architectures
    ]
    low, high = np.nanquantile(column, (0.25, 0.75))
    if len(differences) >= _FEWEST and (typical := float(np.nanmedian(differences))) > high - low:
        warnings.warn(
            f"the known values of {metric!r} differ by {typical:.3g} from those of the table {table.name} for the same "
            f"architectures, more than the architectures of the table do ({high - low:.3g}): if they were measured on "
            "another data set, give them as hints= (--hints)",
            stacklevel=3,
        )


def entries(known: Sequence[Known], objectives: Objectives) -> list[Evaluated]:
    """Known evaluations as strategies see them."""
    return [objectives.entry(each.architecture, each.values) for each in known]


def _sources(given: Any) -> list[Any]:
    several = isinstance(given, list | tuple) and not any(isinstance(each, Mapping) for each in given)
    return list(given) if several else [given]


_Collect = Callable[..., Rows]
"""Begins a collection from a source."""


def _read(source: Any, collect: _Collect, benchmark: str | None) -> Rows:
    source = table_or(source)
    if isinstance(source, SearchResult):
        rows = collect("the earlier search", source.space)
        _check_benchmark(None if source.table is None else source.table.name, benchmark, rows)
        evaluated = [
            (source.space.format(e.architecture), e.values)
            for e in (*source.evaluations, *source.repeats)
            if e.whole and not e.unrelated
        ]
        return _of_evaluations(evaluated, source.objectives, rows)
    if isinstance(source, str | os.PathLike) and is_folder(Path(source)):
        return _of_run(Path(source), collect, benchmark)
    if isinstance(source, Table):
        return _of_table(source, collect, benchmark)
    return collect("nothing") if _is_empty(source) else _of_cells(source, collect)


def _is_empty(source: Any) -> bool:
    """Whether it is a DataFrame or columns without any row."""
    if isinstance(source, Mapping):
        return not any(len(column) for column in source.values() if hasattr(column, "__len__"))
    return hasattr(source, "columns") and hasattr(source, "__len__") and not len(source)


def _of_table(source: Table, collect: _Collect, benchmark: str | None) -> Rows:
    rows = collect(f"the table {source.name}", source.space)
    _check_benchmark(source.name, benchmark, rows)
    directions = {m.name: "maximize" if m.higher_is_better else "minimize" for m in source.metrics}
    _check_directions(directions, rows)
    chosen = _columns([m.name for m in source.metrics], rows)
    columns = {name: source.column(column) for name, column in chosen.items()}
    texts = [source.space.format(architecture) for architecture in source.architectures]
    return _with_rows(rows, texts, columns)


def _of_cells(source: Any, collect: _Collect) -> Rows:
    cells = cells_of(source, ARCHITECTURE, TextFormat())
    rows = collect(cells.source)
    there = cells.number_columns(ARCHITECTURE)
    for name in rows.objectives.directions:
        if name in cells.columns and name not in there:
            try:
                cells.numbers(name)
            except TableError as error:
                raise TableError(f"{rows.what}: {error}") from None
            there.append(name)  # such as a column of numbers that is called "run"
    columns = {}
    for name, column in _columns(there, rows).items():
        columns[name], missing = cells.numbers(column)
        rows.cells += Counter({cell: n for cell, n in missing.items() if cell != "no value"})
    return _with_rows(rows, [_text(cell) for cell in cells.architecture_cells()], columns)


def _with_rows(rows: Rows, given: Sequence[Any], columns: Mapping[str, Any]) -> Rows:
    for each, *numbers in zip(given, *columns.values(), strict=True):
        rows.read(each, _finite(dict(zip(columns, numbers, strict=True))))
    return rows


def _columns(there: Sequence[str], rows: Rows) -> dict[str, str]:
    """For each value of the search that is there the column that holds it."""
    objectives = rows.objectives
    if [*objectives.directions] == [DEFAULT_METRIC] and DEFAULT_METRIC not in there and len(there) == 1:
        return {DEFAULT_METRIC: there[0]}
    _check_names("column with numbers", there, rows)
    return {name: name for name in objectives.needed if name in there}


def _of_run(folder: Path, collect: _Collect, benchmark: str | None) -> Rows:
    """The evaluations of a run folder; of an interrupted run those that are finished."""
    try:
        run = recorded_run(folder)
    except RunFolderError as error:
        raise RunFolderError(f"known: {error}, or give a file of its evaluations") from None
    rows = collect(f"the run in {folder}")
    _check_benchmark(run.benchmark, benchmark, rows)
    every = (*run.evaluations, *run.repeats)
    evaluated = [(e.architecture, e.values) for e in every if e.whole and not e.unrelated]
    return _of_evaluations(evaluated, run.objectives, rows)


def _of_evaluations(
    evaluated: Sequence[tuple[str, Mapping[str, Any]]], objectives: Objectives, rows: Rows
) -> Rows:
    """The evaluations of a search: an architecture's text, and its values, none where it failed."""
    _check_directions(objectives.directions, rows)
    if there := dict.fromkeys(name for _, values in evaluated for name in values):
        _check_names("value", list(there), rows)
    for text, values in evaluated:
        rows.read(text, _finite(values), failed=not values)
    return rows


def _check_benchmark(theirs: str | None, benchmark: str | None, rows: Rows) -> None:
    """Refuse the values of another benchmark; other tables may hold the same values under another name."""
    if rows.what == "known" and theirs != benchmark and {theirs, benchmark} <= set(names()):
        raise ArchrankError(
            f"known: {rows.source} has values of {theirs}, and this search is of {benchmark}, so they are no "
            "evaluations of it: give them as hints= (--hints), which counts them as none and uses them while they agree"
        )


def _check_directions(given: Mapping[str, Any], rows: Rows) -> None:
    for name, direction in rows.objectives.directions.items():
        if given.get(name, direction) != direction:
            raise ArchrankError(
                f"{rows.what}: {rows.source} has values of {shown(name)} to {given[name]}, and this search is to "
                f"{direction} it"
            )


def _check_names(what: str, there: Sequence[str], rows: Rows) -> None:
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


def _merged(found: Sequence[Known], metric: str, notes: list[str]) -> list[Known]:
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
        merged.append(Known(architecture, values, several[0].source, values.get(metric)))
    if averaged:
        notes.append(
            f"{averaged} known architecture{'s have' if averaged > 1 else ' has'} several values, which are averaged"
        )
    return merged
