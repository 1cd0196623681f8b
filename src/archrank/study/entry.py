"""Search a space: what a user gives becomes a plan, a place for the study, and someone who evaluates."""

import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from archrank.benchmarks.table import Table
from archrank.errors import ArchrankError, EvaluationError, RunFolderError
from archrank.given import architectures_of
from archrank.space import SearchSpace
from archrank.strategies.base import Strategy
from archrank.strategies.fidelities import Fidelities
from archrank.strategies.informed import Informed
from archrank.strategies.scalarized import Scalarized
from archrank.strategies.starting_with import StartingWith, warn_of_many
from archrank.study.backend import Backend
from archrank.study.bounds import KnownBounds
from archrank.study.checks import (
    check_on_progress,
    checked_evaluator,
    checked_space,
    checked_strategy,
    table_of,
)
from archrank.study.database import Database
from archrank.study.declared import declared_objectives
from archrank.study.driver import Progress, SearchPlan, drive
from archrank.study.evaluators import TableEvaluator, with_known_values
from archrank.study.fidelity import (
    checked_fidelities,
    continued_by,
    searched_metric,
    warn_of_small_budget,
    with_fidelities,
)
from archrank.study.folder import SPACE, RunFolder
from archrank.study.hints import hints_of, uses, with_related
from archrank.study.known import Before, entries, known_evaluations, warn_of_other_unit, warn_of_other_values
from archrank.study.likely import prior_of
from archrank.study.objectives import Direction
from archrank.study.record import result_record
from archrank.study.repeats import checked_repeats, runs_of, warn_of_equal_repeats, warn_of_failed_repeats
from archrank.study.result import SearchResult
from archrank.study.rules import Rules
from archrank.study.storage import JournalStore, MemoryStore
from archrank.study.timer import Timer
from archrank.system.arguments import check_takes_one, checked_flag, checked_path, checked_whole
from archrank.system.versions import versions
from archrank.workers.outcome import Evaluator
from archrank.workers.processes import end_if_script_runs_again
from archrank.workers.ray_cluster import RayCluster

__all__ = ["search"]

_MOST_WORKERS = 10_000
"""More processes than any machine or cluster starts for one search."""


def search(
    space: SearchSpace | Table,
    evaluate: Evaluator | Table | None = None,
    strategy: Strategy | None = None,
    *,
    budget: int = 150,
    seed: int = 0,
    metric: str | None = None,
    maximize: bool | None = None,
    objectives: Mapping[str, Direction] | Sequence[str] | None = None,
    where: Sequence[str] = (),
    folder: RunFolder | str | os.PathLike[str] | None = None,
    resume: bool = False,
    database: Database | None = None,
    workers: int = 1,
    executor: Executor | RayCluster | None = None,
    asynchronous: bool = False,
    timeout: float | None = None,
    retries: int = 2,
    fidelities: Sequence[int] | Mapping[int, str] | None = None,
    continued: bool | None = None,
    promotion: str = "model",
    known: Any = None,
    renamed: Mapping[str, str] | None = None,
    known_defaults: Mapping[str, Any] | None = None,
    hints: Any = None,
    start: Any = None,
    fix: Mapping[str, Any] | None = None,
    forbid: Sequence[Mapping[str, Any]] | None = None,
    likely: Mapping[str, Mapping[Any, float]] | None = None,
    repeat_best: int | None = None,
    repeats: int = 2,
    timer: Timer | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    fingerprint: Mapping[str, Any] | None = None,
    environment: Mapping[str, Any] | None = None,
    on_end: Callable[[RunFolder, SearchResult], None] | None = None,
) -> SearchResult:
    """Search a space: the strategy proposes in rounds, the evaluator measures, an Optuna study records.

    Every round is waited for before the next is proposed, and a round is as large as the strategy's batch, or
    the number of workers where that is larger. So the same seed gives the same evaluations, also after a kill
    and a resumption, and also when the number of workers is another one then: the first start sets the size
    of the rounds.

    An ``asynchronous`` search proposes one architecture as soon as a worker is free, while others are under way; the
    strategy sees those as pending. No worker ever waits, but what is proposed depends on what happens to end first.

    A failed evaluation (an exception, NaN, infinity, text, a missing value, too long a time, or a worker that it
    killed again and again) is recorded with its reason and counts against the budget.

    Args:
        space: The space to search; or a table of measured architectures, which is looked up.
        evaluate: Called with an architecture; returns the metric's value, or a mapping that holds it under
            the name ``metric``. Further values are recorded and never shown to the strategy. A table is looked up.
            None where a table is searched, or where ``database`` says that other processes evaluate.
        strategy: What to propose; guided search with its defaults for None.
        budget: How many evaluations, those of an earlier part of a resumed run included; with ``fidelities`` it is the
            epochs of as many whole trainings.
        seed: The seed of all of the strategy's randomness.
        metric: Name of the value to search by; for None what the table or the evaluator declares, ``"value"`` if it
            declares nothing (see :func:`~archrank.study.declared.declared_objectives`).
        maximize: Whether a larger value is better; for None what is declared, True otherwise.
        objectives: Search by several values instead of ``metric``: for each name ``"maximize"`` or ``"minimize"``. The
            evaluator returns them in this order, or in a mapping. The strategy sees them through
            :class:`~archrank.strategies.Scalarized`, unless it has ``multi_objective``.
        where: Constraints such as ``"latency_ms < 20"``, on values that the evaluator gives. What breaks one is
            recorded, and counts against the budget, but is never the best. Guided search predicts each value and weighs
            improvement by the probability of meeting the bounds; other strategies see what breaks one below all that
            meets them. Bounds on values that are known before an evaluation
            (:class:`~archrank.study.bounds.KnownBounds`) cost nothing: only what meets them is proposed. Values that a
            space measures itself, such as a latency, are measured first, and what breaks a bound on them is not
            evaluated.
        folder: Where the study is kept, as a path; None keeps it in memory. Or a folder that was opened before.
        resume: Continue the run that the folder holds, or start one where there is none. Without it a folder that
            holds a run is refused. A larger budget extends a finished run.
        database: Keep the study in this database instead, which the caller closes, and leave the evaluations to
            workers that take them there (:func:`serve`, or ``archrank worker``); continues the study of that name,
            if there is one.
        workers: How many processes evaluate; 1 evaluates in this process. With an executor or a database: how many
            evaluations are to be under way at least.
        executor: Where to evaluate instead: a Ray cluster, or any executor of one's own.
        asynchronous: Propose whenever a worker is free, instead of in rounds.
        timeout: Seconds that one evaluation may take; then it is ended, with all that it started, and has failed.
        retries: How often an evaluation is started again after its process died.
        fidelities: Stop some trainings early: after how many epochs, ascending, such as ``[4, 12, 36, 108]``. The last
            is a whole training, and only those count for the result. The evaluator is called with an architecture and
            the number of epochs; a training loop ``train(module, report)`` is stopped by ``report``. For a table, a
            mapping from epochs to columns, or epochs, if the names of the columns end in them.
        continued: Whether a longer training goes on where the shorter one of the same architecture stopped, so that
            only the difference is paid; None for what the evaluator declares, False for a table.
        promotion: What goes on: ``"model"``, by a predictor; ``"halving"``, asynchronous successive halving; or
            ``"hyperband"``.
        known: What was measured before, which counts as evaluated and costs no budget: the result or the run folder of
            an earlier search, what :func:`~archrank.benchmarks.as_table` reads, or a list of these. The strategy learns
            from it and does not propose it again. Evaluations of a space with choices that were added or removed since
            are used as a hint; a warning says what is used how, and what is left out. It must be given again on
            resuming.
        renamed: Present names by earlier ones, of choices and options, for ``known`` architectures that are written as
            JSON objects.
        known_defaults: For a choice that was added or removed since the value that architectures without it have, such
            as ``{"weight_decay": 1e-4}``: ``known`` architectures that it completes count as evaluated.
        hints: What was measured on another data set or with a cheaper training: a source as for ``known``, a pair of a
            source and the name of a column, a fitted predictor, or a list of these. It counts as no evaluation. The
            predictor of guided search uses it as long as it agrees with what the search measures; ``result.hints`` says
            whether.
        start: Architectures to evaluate first, in any form of :data:`~archrank.given.ArchitecturesLike`.
        fix: Values of choices by name, such as ``{"kernel": 3}``: only architectures that have them are proposed. A
            choice that is not active in an architecture breaks no rule.
        forbid: Combinations of values, such as ``[{"kernel": 7, "depth": 4}]``: no architecture that has all values of
            one of them is proposed.
        likely: Options that are likely good, such as ``{"kernel": {3: 2.0}}`` for one that is twice as likely as each
            of the others. Guided search begins with them and prefers them, the less the more it has measured.
        repeat_best: How many of the best architectures are evaluated again, with other seeds, before the search names
            its best, which is then the one with the best mean. These evaluations come on top of ``budget``. An
            evaluator with a parameter ``seed`` is called with ``seed=1``, ``2`` …, a training loop gets another
            ``report.seed``, and a table is looked up in the columns of other runs. None for what an interrupted run
            was given, 0 for none.
        repeats: How often each of them is evaluated again.
        timer: Where the seconds are added up; give one to read it, or to let a predictor add its own.
        on_progress: Called after every evaluation.
        fingerprint: What else must agree when the run in ``folder`` is resumed, as JSON values.
        environment: What else to record there, which may differ when it is resumed.
        on_end: Writes what the run leaves in ``folder``, while no other process can have it; ``result.json`` for None.

    Raises:
        BudgetError: A budget or a number of workers below 1.
        RunFolderError: The folder or the database holds another run under that name, or cannot be written.
        ArchrankError: An argument of the wrong type, a constraint that cannot be read or that nothing can meet, an
            unknown direction, or an evaluator that declares another metric.
        EvaluationError: The evaluator cannot be sent to the workers, they do not start, the executor broke, or a
            timeout is given where nothing can be ended.

    >>> from archrank.spaces import NASBench201
    >>> from archrank.strategies import RandomSearch
    >>> space = NASBench201()
    >>> result = search(space, lambda a: float(sum(a.choices)), RandomSearch(space), budget=5)
    >>> len(result.evaluations)
    5
    """
    workers = checked_whole("workers", workers, maximum=_MOST_WORKERS)
    if workers != 1 and executor is None and database is None:
        end_if_script_runs_again()  # before it meets the run folder, which the first process holds
    if fidelities is None:
        for name, given, default in (("continued", continued, None), ("promotion", promotion, "model")):
            if given != default:
                raise ArchrankError(
                    f"{name} is given without fidelities, the epochs after which trainings may stop"
                )
    table = table_of(space, evaluate)
    searched = space.space if isinstance(space, Table) else checked_space(space)
    if table is None and (evaluate := checked_evaluator(evaluate)) is not None:
        evaluate = searched.evaluator(evaluate)
        if fidelities is None:
            check_takes_one(evaluate, "the evaluator", "architecture", EvaluationError)
    if objectives is None:
        metric = searched_metric(fidelities, metric)
    budget = checked_whole("budget", budget)
    seed = checked_whole("seed", seed, minimum=0)
    retries = checked_whole("retries", retries, minimum=0)
    resume, asynchronous = checked_flag("resume", resume), checked_flag("asynchronous", asynchronous)
    check_on_progress(on_progress)
    chosen = declared_objectives(
        table if table is not None else evaluate,
        metric=metric,
        maximize=maximize,
        objectives=objectives,
        where=where,
        known={*(searched.known_names if where else ()), *searched.measured_names},
    )
    strategy = checked_strategy(strategy, searched, table)
    rungs, columns = None, None
    if fidelities is not None:
        rungs = Fidelities.of(fidelities, continued_by(evaluate, continued))
        columns = checked_fidelities(rungs.levels, fidelities, evaluate, table, chosen)
        warn_of_small_budget(rungs, budget)
    again = checked_repeats(repeat_best, repeats, chosen, table)
    bounds = KnownBounds(searched, chosen.constraints, evaluate, table)
    rules = Rules(searched, fix, forbid)
    prior = prior_of(searched, likely)
    if prior is not None:
        strategy = strategy.preferring(prior)
    earlier = Before()
    if known is not None:
        benchmark = None if table is None else table.name
        earlier = known_evaluations(searched, known, chosen, renamed, known_defaults, benchmark=benchmark)
    before = earlier.evaluations
    listened, said = ([], []) if hints is None else hints_of(searched, hints, chosen)
    strategy, listened, carried = with_related(strategy, listened, earlier, searched, chosen)
    if bounds.constraints and rules:
        strategy = strategy.within(lambda a: bounds.violation(a) + rules.violation(a))
    elif bounds.constraints or rules:
        strategy = strategy.within(rules.violation if rules else bounds.violation)
    if not (chosen.is_plain or strategy.multi_objective):
        strategy = Scalarized(strategy)
    evaluator = evaluate if not isinstance(evaluate, Table) else None
    if table is not None and evaluator is None and database is None:
        runs = runs_of(table, chosen.metric) if resume or again is not None else ()
        evaluator = TableEvaluator(table, *chosen.needed, columns=columns, runs=runs)
    elif evaluator is not None and table is None:
        evaluator = with_known_values(evaluator, searched, chosen)
    for note in (*earlier.notes, *carried, *said):
        warnings.warn(note, stacklevel=2)
    if table is not None:
        warn_of_other_unit(before, table.column(chosen.metric).tolist(), chosen.metric)
        if before:
            warn_of_other_values(before, table, chosen.metric)
    if before and rungs is None:
        strategy = Informed(strategy, entries(before, chosen))
    if start is not None:
        first = architectures_of(searched, start)
        bounds.check(first)
        rules.check(first)
        warn_of_many(first, budget, rungs)
        strategy = StartingWith(strategy, first)
    if rungs is not None:
        strategy = with_fidelities(strategy, rungs, promotion)
        # What is known are whole trainings, which the rule compares with the others.
        strategy = Informed(strategy, entries(before, chosen)) if before else strategy
    stated = {**rules.fingerprint, **({} if prior is None else prior.fingerprint)}
    if listened:
        stated["hints"] = [{"evaluations": len(h.known), "digest": h.digest} for h in listened]
    plan = SearchPlan(searched, strategy, chosen, budget, seed, asynchronous, stated, rungs)
    backend = Backend(evaluator, chosen.needed, workers, executor, database, asynchronous, timeout, retries)
    config = {**plan.fingerprint, **(fingerprint or {})}
    recorded = {**(environment or {"versions": versions()}), SPACE: searched.definition}
    with _opened(folder, config, recorded, resume) as opened, _trainings(opened, rungs) as trainings:
        if trainings is not None:
            backend.keep_trainings(trainings)
        result = drive(
            plan,
            database or (MemoryStore() if opened is None else JournalStore(opened)),
            backend,
            workers=workers,
            retries=retries,
            timer=timer,
            on_progress=on_progress,
            begin=(lambda: None) if opened is None else opened.begin,
            repeats=again,
        )
        warn_of_equal_repeats(result.repeated)
        warn_of_failed_repeats(result.repeated)
        if table is None:
            found = [e.value for e in result.evaluations if e.value is not None]
            warn_of_other_unit(before, found, chosen.metric)
        result = replace(
            result,
            table=table,
            folder=None if opened is None else opened.path,
            known=tuple(before),
            hints=uses(listened, result) if listened else (),
        )
        if opened is not None and opened is not folder:
            (on_end or _write_record)(opened, result)
    return result


@contextmanager
def _opened(
    folder: RunFolder | str | os.PathLike[str] | None,
    config: Mapping[str, Any],
    environment: Mapping[str, Any],
    resume: bool,
) -> Iterator[RunFolder | None]:
    """The run folder; closed afterwards if it was opened here."""
    if folder is None or isinstance(folder, RunFolder):
        yield folder
    else:
        path = checked_path("folder", folder, RunFolderError)
        with RunFolder.open(path, config, environment, resume) as opened:
            yield opened


@contextmanager
def _trainings(opened: RunFolder | None, rungs: Fidelities | None) -> Iterator[Path | None]:
    """The folder of checkpoints, where trainings go on: in the run folder, or for the time of the search."""
    if rungs is None or not rungs.continued:
        yield None
    elif opened is not None:
        yield opened.path / "trainings"
    else:
        with TemporaryDirectory(prefix="archrank-") as temporary:
            yield Path(temporary)


def _write_record(opened: RunFolder, result: SearchResult) -> None:
    opened.write_result(result_record(result, table=result.table))
