"""``status``: how far a search is, what it found, and what going on may gain."""

import os
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from archrank.architecture import Architecture
from archrank.errors import ArchrankError, RunFolderError
from archrank.space import SearchSpace
from archrank.spaces.named import SPACES, named_space
from archrank.study.checks import checked_space
from archrank.study.database import Database
from archrank.study.lock import is_taken
from archrank.study.objectives import Objectives
from archrank.study.recorded import RecordedEvaluation, RecordedRun, recorded_run
from archrank.system.arguments import checked_path
from archrank.system.files import is_folder
from archrank.verbs.outlook import NEXT, Outlook, outlook

__all__ = ["RunStatus", "searched_space", "status", "status_of"]

_CHOICES = 5
"""Choices whose effects are shown."""


@dataclass(frozen=True, slots=True, repr=False)
class RunStatus:
    """The state of a search, as its run folder records it.

    Attributes:
        folder: The run folder.
        space: The name of the space.
        objectives: The objectives and constraints.
        done: How many evaluations are finished, failed ones included.
        budget: How many there will be; None where that was not recorded.
        failed: How many of them failed.
        running: How many are under way; of an interrupted run those that will be made again.
        searching: Whether a process has the folder.
        ended: Whether the search came to its end, which may be before its budget: where nothing is left to evaluate.
        seconds: What an evaluation takes on average.
        epochs: How many epochs were trained of how many, in a search with fidelities; otherwise None.
        best: The best value of the first objective, in its unit, which is a mean where the best were evaluated again;
            None where nothing was measured.
        best_architecture: As text.
        best_at: The number of the evaluation that found it, from 1.
        outlook: What going on may gain; None where that cannot be said.
        note: Why it cannot.
    """

    folder: Path
    space: str
    objectives: Objectives
    done: int
    budget: int | None
    failed: int
    running: int
    searching: bool
    ended: bool
    seconds: float
    best: float | None
    best_architecture: str | None
    best_at: int | None
    outlook: Outlook | None = None
    note: str | None = None
    epochs: tuple[int, int] | None = None

    @property
    def seconds_left(self) -> float | None:
        """What the rest takes, with as many evaluations at a time as now; None where that cannot be said."""
        if self.budget is None or not 0 < self.done < self.budget or self.state == "ended":
            return None
        return (self.budget - self.done) * self.seconds / max(self.running, 1)

    @property
    def state(self) -> str:
        """``"running"``, ``"ended"`` or ``"interrupted"``."""
        if self.searching:
            return "running"
        return "ended" if self.ended else "interrupted"

    @property
    def lines(self) -> list[tuple[str, str]]:
        """Names and values for people."""
        budget = "" if self.budget is None else f" of {self.budget}"
        failed = f", {self.failed} failed" if self.failed else ""
        under_way = f", {self.running} under way" if self.running and self.searching else ""
        found = [("state", self.state), ("evaluations", f"{self.done}{budget}{failed}{under_way}")]
        if self.state == "ended" and self.budget is not None and self.done < self.budget:
            found.append(("end", "before the budget: nothing else was left to evaluate"))
        elif (left := self.seconds_left) is not None:
            at_a_time = "one" if self.running < 2 else f"{self.running}"
            each = f"at {self.seconds:.3g} an evaluation, {at_a_time} at a time"
            found.append(("seconds left", f"{left:,.0f}, {each}"))
        if self.epochs is not None:
            found.append(("epochs", f"{self.epochs[0]:,} of {self.epochs[1]:,}"))
        if self.best is not None:
            found.append((f"best {self.objectives.metric}", f"{self.best:.6g}, in evaluation {self.best_at}"))
            found.append(("architecture", str(self.best_architecture)))
        if (ahead := self.outlook) is not None:
            for n, gain in ahead.gains.items():
                found.append((f"expected of {n} more", f"{gain:.2g} better"))
            small = f"less than 5% of the standard deviation of what was measured ({ahead.spread:.2g})"
            found.append(
                ("suggestion", f"stop: {NEXT} more gain {small}" if ahead.stop else "going on may pay")
            )
            shown = ", ".join(
                f"{name} {effect:.2f}" for name, effect in list(ahead.choices.items())[:_CHOICES]
            )
            found += [("what counts", shown)] if shown else []
            found.append(("predictor", str(ahead.quality)))
        if self.note is not None:
            found.append(("note", self.note))
        return found

    def __repr__(self) -> str:
        """One line for each fact."""
        width = max(len(name) for name, _ in self.lines)
        return "\n".join(f"{name:{width}}  {value}" for name, value in self.lines)


def status(
    folder: str | os.PathLike[str],
    space: SearchSpace | str | None = None,
    *,
    database: Database | None = None,
) -> RunStatus:
    """How far a search is, what it found, and what going on may gain; the run may be under way.

    Args:
        folder: The run folder of the search. It is read, never written.
        space: The space that is searched, or the name of a built-in one; None for what the run records, if that is a
            built-in one. It is needed for the outlook only.
        database: Where the study is, if workers elsewhere evaluate.

    Returns:
        The state, with a :class:`~archrank.verbs.outlook.Outlook` for a search of one objective that has measured at
        least 20 architectures.

    Raises:
        RunFolderError: The folder holds no run of a search, or one that cannot be read.
        SpaceError: What is given is no space.
    """
    path = checked_path("folder", folder)
    if not is_folder(path):
        raise RunFolderError(f"{path} is no folder: give the folder that a search wrote")
    run = recorded_run(path, database)
    return status_of(run, searched_space(run, space))


def status_of(run: RecordedRun, space: SearchSpace | None, before: RunStatus | None = None) -> RunStatus:
    """The same of a run that was read.

    Args:
        run: The run.
        space: The space that is searched; None where it is not known.
        before: An earlier state, whose outlook is to be used again.
    """
    counted = [(i, e) for i, e in enumerate(run.evaluations) if e.whole and _counts(run, e)]
    metric, sign = run.objectives.metric, run.objectives.signs[0]
    means = _means(run)
    best = max(
        [(i, e) for i, e in counted if not means or e.architecture in means],
        key=lambda pair: sign * means.get(pair[1].architecture, pair[1].values[metric]),
        default=None,
    )
    finished = run.evaluations
    if before is None:
        ahead, note = _outlook(run, space, [e for _, e in counted])
    else:
        ahead, note = before.outlook, before.note
    return RunStatus(
        folder=run.folder,
        space=run.space,
        objectives=run.objectives,
        done=len(finished),
        budget=None if run.full is not None else run.budget,
        failed=sum(e.error is not None and not e.values for e in finished),
        running=run.running,
        searching=is_taken(run.folder),
        ended=run.ended or (run.full is None and run.budget is not None and len(finished) >= run.budget),
        seconds=sum(e.seconds for e in finished) / max(len(finished), 1),
        best=None if best is None else means.get(best[1].architecture, float(best[1].values[metric])),
        best_architecture=None if best is None else best[1].architecture,
        best_at=None if best is None else best[0] + 1,
        outlook=ahead,
        note=note,
        epochs=None if run.full is None or run.budget is None else (run.epochs, run.budget * run.full),
    )


def searched_space(run: RecordedRun, given: SearchSpace | str | None) -> SearchSpace | None:
    """The space that is given, or the built-in one that the run names."""
    if given is None:
        return named_space(run.space) if run.space in SPACES else None
    found = named_space(given) if isinstance(given, str) else checked_space(given)
    if run.space and found.name != run.space:
        raise ArchrankError(f"the run in {run.folder} searches {run.space}, and the space is {found.name}")
    return found


def _counts(run: RecordedRun, evaluation: RecordedEvaluation) -> bool:
    value = evaluation.values.get(run.objectives.metric)
    return isinstance(value, int | float) and not run.objectives.violation(evaluation.values)


def _means(run: RecordedRun) -> dict[str, float]:
    """The mean of all evaluations of each architecture that was evaluated again, as far as it may be the best."""
    again = {e.architecture for e in run.repeats if _counts(run, e)}
    values: dict[str, list[float]] = {}
    for e in (*run.evaluations, *run.repeats):
        if e.architecture in again and e.whole and _counts(run, e):
            values.setdefault(e.architecture, []).append(float(e.values[run.objectives.metric]))
    return {architecture: fmean(found) for architecture, found in values.items()}


def _outlook(
    run: RecordedRun, space: SearchSpace | None, counted: list[RecordedEvaluation]
) -> tuple[Outlook | None, str | None]:
    """What going on may gain, or why that cannot be said."""
    if len(run.objectives.directions) > 1:
        return None, "what going on may gain is estimated for searches of one objective"
    if space is None:
        return None, f"give the space {run.space} (--space) to see what going on may gain"
    architectures: list[Architecture] = []
    values: list[float] = []
    for evaluation in counted:
        try:
            architectures.append(space.parse(evaluation.architecture))
        except ArchrankError:
            continue  # of an earlier version of the space
        values.append(float(evaluation.values[run.objectives.metric]))
    left = 0
    if run.budget is not None and run.full is None and not run.ended:
        left = run.budget - len(run.evaluations)
    ahead = outlook(space, architectures, values, left, minimize=not run.objectives.maximize)
    if ahead is None:
        whole = "" if run.full is None else f"only whole trainings of {run.full} epochs count here: "
        return (
            None,
            f"{whole}{len(values)} measurements are too few to say what going on may gain (20 are needed)",
        )
    return ahead, None
