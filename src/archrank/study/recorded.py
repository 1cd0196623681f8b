"""A run as its folder records it, also while it is under way: read, never written."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState

from archrank.errors import ArchrankError, RunFolderError
from archrank.strategies.fidelities import Fidelities
from archrank.study.database import Database
from archrank.study.objectives import Objectives
from archrank.study.storage import JournalStore
from archrank.system.files import is_file, read_text
from archrank.system.foreign import message

__all__ = ["RecordedEvaluation", "RecordedRun", "recorded_run"]


@dataclass(frozen=True, slots=True)
class RecordedEvaluation:
    """An evaluation that is finished.

    Attributes:
        architecture: As text.
        values: What it gave, by name; empty where it failed.
        seconds: How long it took.
        error: Why it failed; None where it did not.
        unrelated: Whether it failed for a reason that has nothing to do with the architecture.
        whole: Whether it was a whole training.
        fidelity: After how many epochs it stopped; None where all trainings are whole.
        reason: Why it was proposed.
        trained: How many epochs were trained, where that is known; a training that could not go on began again.
    """

    architecture: str
    values: Mapping[str, Any]
    seconds: float
    error: str | None
    unrelated: bool
    whole: bool
    fidelity: int | None
    reason: str = "unknown"
    trained: int | None = None


@dataclass(frozen=True, slots=True)
class RecordedRun:
    """What a run folder holds.

    Attributes:
        folder: The folder.
        space: The name of the space.
        objectives: The objectives and constraints.
        budget: How many evaluations there will be, or None where that was not recorded.
        seed: The seed; None where it was not recorded.
        evaluations: What is finished, by number.
        running: How many evaluations are marked as under way; after a kill these are the ones that will be made again.
        waiting: How many are queued.
        repeats: The evaluations of the best again, which are in none of the counts.
        benchmark: The name of the table that was searched; None where there was none, or that was not recorded.
        fidelities: The rungs; None where all trainings are whole.
        ended: Whether the search came to its end, which may be before its budget: where nothing is left to evaluate.
    """

    folder: Path
    space: str
    objectives: Objectives
    budget: int | None
    seed: int | None
    evaluations: tuple[RecordedEvaluation, ...]
    running: int = 0
    waiting: int = 0
    fidelities: Fidelities | None = None
    ended: bool = False
    repeats: tuple[RecordedEvaluation, ...] = ()
    benchmark: str | None = None

    @property
    def full(self) -> int | None:
        """The epochs of a whole training; None where all trainings are whole."""
        return None if self.fidelities is None else self.fidelities.full

    @property
    def epochs(self) -> int:
        """What the finished trainings cost, in a search with fidelities."""
        trained: dict[str, list[int]] = {}
        paid = 0
        for each in self.evaluations:
            if self.fidelities is not None and each.fidelity is not None:
                before = trained.setdefault(each.architecture, [])
                paid += max(self.fidelities.cost(each.fidelity, before), each.trained or 0)
                before.append(each.fidelity)
        return paid


def recorded_run(folder: Path, database: Database | None = None) -> RecordedRun:
    """Read a run folder; of a run that is under way or was interrupted what is finished.

    Args:
        folder: The folder.
        database: Where the study is, if the folder holds no journal.

    Raises:
        RunFolderError: It holds no run of a search, or one that cannot be read.
    """
    journal, summary = folder / "journal.log", folder / "result.json"
    try:
        if database is not None and not is_file(journal):
            return _of_database(folder, summary, database)
        if is_file(summary):
            try:
                ended = _of_summary(folder, json.loads(read_text(summary)))
            except Exception:
                if not is_file(journal):
                    raise
            else:
                # A larger budget may have extended the run since.
                return ended if not is_file(journal) else _longer(folder, journal, ended)
        if is_file(journal):
            return _of_journal(folder, journal)
    except ArchrankError:
        raise
    except Exception as error:  # whatever a damaged file makes of its readers
        raise RunFolderError(
            f"the run in {folder} cannot be read ({message(error, 200)}): continue it with resume=True "
            "(--resume), which mends its journal, or names the line that is damaged"
        ) from None
    raise RunFolderError(f"{folder} holds no run of a search: give the folder that a search wrote")


def _of_database(folder: Path, summary: Path, database: Database) -> RecordedRun:
    """The study of the workers elsewhere, or the summary of the ended run where that is as long."""
    found = _of_study(folder, database.study())
    if is_file(summary) and not found.running:
        with suppress(Exception):  # the study is whole
            ended = _of_summary(folder, json.loads(read_text(summary)))
            return ended if len(ended.evaluations) >= len(found.evaluations) else found
    return found


def _longer(folder: Path, journal: Path, ended: RecordedRun) -> RecordedRun:
    try:
        other = _of_journal(folder, journal)
    except Exception:  # the summary is whole
        return ended
    return other if len(other.evaluations) > len(ended.evaluations) or other.running else ended


def _of_summary(folder: Path, record: Mapping[str, Any]) -> RecordedRun:
    stated = record.get("fidelities") or {}
    evaluations = [
        _evaluation(str(e["architecture"]), e, e.get("whole", True)) for e in record["evaluations"]
    ]
    repeats = [_evaluation(str(e["architecture"]), e, True) for e in record.get("repeats") or ()]
    run = _run(folder, record, evaluations, stated.get("levels"), stated.get("continued"))
    return replace(run, repeats=tuple(repeats), ended=True)


def _of_journal(folder: Path, journal: Path) -> RecordedRun:
    storage = JournalStorage(JournalFileBackend(str(journal)))
    return _of_study(folder, optuna.load_study(study_name=JournalStore.name, storage=storage))


def _of_study(folder: Path, study: optuna.Study) -> RecordedRun:
    trials = study.get_trials(deepcopy=False)
    stated = study.user_attrs
    levels = stated.get("fidelities")
    full = None if levels is None else levels[-1]
    ended = [trial for trial in trials if "result" in trial.user_attrs]
    first = [trial for trial in ended if "repeat" not in trial.user_attrs]
    how = (stated.get("settings") or {}).get("fidelities") or {}
    run = _run(folder, stated, [_of_trial(trial, full) for trial in first], levels, how.get("continued"))
    return replace(
        run,
        repeats=tuple(_of_trial(trial, full) for trial in ended if "repeat" in trial.user_attrs),
        running=sum(t.state == TrialState.RUNNING and "result" not in t.user_attrs for t in trials),
        waiting=sum(t.state == TrialState.WAITING for t in trials),
        ended=bool(stated.get("ended")),
    )


def _run(
    folder: Path,
    stated: Mapping[str, Any],
    evaluations: Sequence[RecordedEvaluation],
    levels: Sequence[int] | None,
    continued: Any,
) -> RecordedRun:
    return RecordedRun(
        folder,
        str(stated.get("space", "")),
        Objectives.from_metadata(stated),
        _number(stated.get("budget")),
        _number(stated.get("seed")),
        tuple(evaluations),
        fidelities=None if levels is None else Fidelities.of(levels, bool(continued)),
        benchmark=_benchmark(folder),
    )


def _benchmark(folder: Path) -> str | None:
    """What the settings of the run name."""
    try:
        name = json.loads(read_text(folder / "config.json"))["config"]["benchmark"]
    except Exception:  # a run of a space, or a folder of which only the evaluations are left
        return None
    return name if isinstance(name, str) else None


def _of_trial(trial: FrozenTrial, full: int | None) -> RecordedEvaluation:
    attributes = trial.user_attrs
    fidelity = attributes.get("fidelity")
    return _evaluation(
        str(attributes["architecture"]),
        {**attributes["result"], "fidelity": fidelity, "reason": attributes.get("reason")},
        full is None or fidelity == full,
    )


def _evaluation(text: str, result: Mapping[str, Any], whole: bool) -> RecordedEvaluation:
    return RecordedEvaluation(
        text,
        dict(result["values"]),
        float(result.get("seconds") or 0.0),
        None if (error := result.get("error")) is None else str(error),
        bool(result.get("unrelated", False)),
        bool(whole),
        _number(result.get("fidelity")),
        str(result.get("reason") or "unknown"),
        _number(result.get("trained", result.get("epochs"))),
    )


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
