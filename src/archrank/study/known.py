"""What was measured before a search begins: earlier runs, tables and files, as evaluations that cost no budget."""

import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from archrank.architecture import Architecture
from archrank.benchmarks.cells import ARCHITECTURE
from archrank.benchmarks.given import cells_of
from archrank.benchmarks.table import Table
from archrank.benchmarks.text_format import TextFormat
from archrank.errors import ArchrankError, RunFolderError, TableError, UnknownName
from archrank.space import SearchSpace
from archrank.strategies.base import Evaluated
from archrank.study.objectives import Objectives
from archrank.study.result import Known, SearchResult
from archrank.study.storage import JournalStore
from archrank.system.files import is_file, is_folder
from archrank.system.foreign import message, shown
from archrank.workers.outcome import DEFAULT_METRIC

__all__ = ["entries", "known_evaluations"]


@dataclass(slots=True)
class _Rows:
    """Evaluations of one source, and what could not be used."""

    source: str
    found: list[Known]
    foreign: int = 0
    why: str = ""

    def read(self, space: SearchSpace, text: str, values: Mapping[str, float]) -> None:
        try:
            architecture = space.parse(text)
        except ArchrankError as error:
            self.foreign += 1
            self.why = self.why or str(error)
            return
        self.found.append(Known(architecture, values, self.source))


def known_evaluations(
    space: SearchSpace,
    given: Any,
    objectives: Objectives,
    renamed: Mapping[str, str] | None = None,
    reading: Mapping[str, Any] | None = None,
) -> tuple[list[Known], list[str]]:
    """What a user gives as known, each architecture once, in the given order.

    Args:
        space: The space that is searched. Architectures of an earlier version of it are used as far as their texts
            denote an architecture of the present one.
        given: A :class:`~archrank.study.SearchResult`, a run folder (of an interrupted run too), or what
            :func:`~archrank.benchmarks.as_table` reads; or a list of these.
        objectives: The objectives and constraints of the search: each row must have a value for all objectives.
        renamed: Present names by earlier ones, of choices and of options, for texts that are JSON objects.
        reading: How tables are written, as arguments of :func:`~archrank.benchmarks.as_table`.

    Returns:
        The evaluations, and notes for the user: rows that are left out, and architectures with several values, which
        are averaged.

    Raises:
        TableError: A table or file cannot be read, or lacks an objective.
        RunFolderError: A run folder cannot be read.
        ArchrankError: Values of another direction, or nothing that belongs to the space.
    """
    notes: list[str] = []
    found: list[Known] = []
    for source in _sources(given):
        rows = _read(space, source, objectives, renamed or {}, reading or {}, notes)
        if rows.foreign and not rows.found:
            raise ArchrankError(
                f"known: none of {rows.foreign} architectures of {rows.source} belongs to the space {space.name}; the "
                f"first one does not because: {rows.why}"
            )
        if rows.foreign:
            notes.append(
                f"{rows.foreign} of {rows.foreign + len(rows.found)} architectures of {rows.source} do not belong to "
                f"the space {space.name} and are left out; the first one because: {rows.why}"
            )
        found += rows.found
    return _merged(found, notes), notes


def entries(known: Sequence[Known], objectives: Objectives) -> list[Evaluated]:
    """Known evaluations as strategies see them."""
    return [objectives.entry(each.architecture, each.values) for each in known]


def _sources(given: Any) -> list[Any]:
    several = isinstance(given, list | tuple) and not any(isinstance(each, Mapping) for each in given)
    return list(given) if several else [given]


def _read(
    space: SearchSpace,
    source: Any,
    objectives: Objectives,
    renamed: Mapping[str, str],
    reading: Mapping[str, Any],
    notes: list[str],
) -> _Rows:
    if isinstance(source, SearchResult):
        rows = _Rows("the earlier search", [])
        _check_directions(source.objectives.directions, objectives, rows.source)
        _check_names([evaluation.values for evaluation in source.evaluations], objectives, rows.source)
        for evaluation in source.evaluations:
            values = _numbers(evaluation.values)
            if not evaluation.unrelated and (not values or values.keys() >= objectives.directions.keys()):
                text = _in_present_names(source.space.format(evaluation.architecture), renamed)
                rows.read(space, text, values)
        return rows
    if isinstance(source, str | os.PathLike) and is_folder(Path(source)):
        return _of_run(space, Path(source), objectives, renamed)
    return _of_table(space, source, objectives, renamed, reading, notes)


def _of_table(
    space: SearchSpace,
    source: Any,
    objectives: Objectives,
    renamed: Mapping[str, str],
    reading: Mapping[str, Any],
    notes: list[str],
) -> _Rows:
    if isinstance(source, Table):
        rows = _Rows(f"the table {source.name}", [])
        directions = {m.name: "maximize" if m.higher_is_better else "minimize" for m in source.metrics}
        _check_directions(directions, objectives, rows.source)
        names = _columns(objectives, [m.name for m in source.metrics], rows.source)
        columns = {name: source.column(column) for name, column in names.items()}
        texts = [source.space.format(architecture) for architecture in source.architectures]
    else:
        column = reading.get("architecture_column", ARCHITECTURE)
        form = TextFormat(*(reading.get(key) for key in ("delimiter", "decimal", "encoding")))
        cells = cells_of(source, column, form)
        rows = _Rows(cells.source, [])
        names = _columns(objectives, cells.number_columns(column), cells.source)
        columns = {name: cells.numbers(each, form.decimal)[0] for name, each in names.items()}
        texts = [_text(space, cell) for cell in cells.architecture_cells(column)]
    needed = list(objectives.directions)
    left_out = 0
    for text, *numbers in zip(texts, *columns.values(), strict=True):
        values = {name: float(v) for name, v in zip(columns, numbers, strict=True) if math.isfinite(v)}
        if values.keys() >= set(needed):
            rows.read(space, _in_present_names(text, renamed), values)
        else:
            left_out += 1
    if left_out:
        notes.append(
            f"{left_out} of {len(texts)} rows of {rows.source} have no {' and '.join(needed)}, and are left out"
        )
    return rows


def _columns(objectives: Objectives, there: Sequence[str], source: str) -> dict[str, str]:
    """For each value of the search that is there the column that holds it."""
    if [*objectives.directions] == [DEFAULT_METRIC] and DEFAULT_METRIC not in there and len(there) == 1:
        return {DEFAULT_METRIC: there[0]}
    for name in objectives.directions:
        if name not in there:
            raise TableError(
                f"{source}: {UnknownName('column', name, there)}; known evaluations need the values that are searched "
                "by"
            )
    return {name: name for name in objectives.needed if name in there}


def _of_run(space: SearchSpace, folder: Path, objectives: Objectives, renamed: Mapping[str, str]) -> _Rows:
    """The evaluations of a run folder; of an interrupted run those that are finished."""
    rows = _Rows(f"the run in {folder}", [])
    try:
        if is_file(folder / "result.json"):
            record = json.loads((folder / "result.json").read_text(encoding="utf-8"))
            stated, evaluations = record, [(e["architecture"], e) for e in record["evaluations"]]
        elif is_file(folder / "journal.log"):
            storage = JournalStorage(JournalFileBackend(str(folder / "journal.log")))
            study = optuna.load_study(study_name=JournalStore.name, storage=storage)
            trials = [t.user_attrs for t in study.get_trials(deepcopy=False) if "result" in t.user_attrs]
            stated, evaluations = study.user_attrs, [(t["architecture"], t["result"]) for t in trials]
        else:
            raise RunFolderError(
                f"known: {folder} holds no run of a search: give a run folder, or a file of evaluations"
            )
        directions = Objectives.from_metadata(stated).directions
        read = [
            (str(text), _numbers(e["values"])) for text, e in evaluations if not e.get("unrelated", False)
        ]
    except ArchrankError:
        raise
    except Exception as error:  # whatever a damaged file makes of its readers
        raise RunFolderError(
            f"known: the run in {folder} cannot be read ({message(error, 200)}): continue it with resume=True "
            "(--resume), which mends its journal, or give a file of its evaluations"
        ) from None
    _check_directions(directions, objectives, rows.source)
    _check_names([values for _, values in read], objectives, rows.source)
    for text, values in read:
        if not values or values.keys() >= objectives.directions.keys():
            rows.read(space, _in_present_names(text, renamed), values)
    return rows


def _check_directions(given: Mapping[str, Any], objectives: Objectives, source: str) -> None:
    for name, direction in objectives.directions.items():
        if given.get(name, direction) != direction:
            raise ArchrankError(
                f"known: {source} has values of {shown(name)} to {given[name]}, and this search is to {direction} it"
            )


def _check_names(evaluated: Sequence[Mapping[str, Any]], objectives: Objectives, source: str) -> None:
    """Refuse evaluations none of which has the objectives, unless all failed."""
    there = dict.fromkeys(name for values in evaluated for name in values)
    for name in objectives.directions:
        if there and name not in there:
            raise TableError(
                f"known: {source}: {UnknownName('value', name, there)}; known evaluations need the values that are "
                "searched by"
            )


def _numbers(values: Mapping[str, Any]) -> dict[str, float]:
    plain = {n: v for n, v in values.items() if isinstance(v, int | float) and not isinstance(v, bool)}
    return {name: float(value) for name, value in plain.items() if math.isfinite(value)}


def _text(space: SearchSpace, cell: Any) -> str:
    if isinstance(cell, Architecture):
        return space.format(cell) if cell.space == space.name else f"an architecture of {cell.space}"
    return json.dumps(dict(cell), ensure_ascii=False) if isinstance(cell, Mapping) else str(cell)


def _in_present_names(text: str, renamed: Mapping[str, str]) -> str:
    """A JSON object of choices with their present names, and those of their options; other texts as they are."""
    if not renamed:
        return text
    try:
        record = json.loads(text)
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
