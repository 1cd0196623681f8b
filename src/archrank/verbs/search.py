"""Search a benchmark or a space, and leave a run folder with a report."""

import inspect
import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import fields
from typing import Any

from archrank import benchmarks
from archrank.benchmarks.table import Table
from archrank.errors import ArchrankError, RunFolderError, UnknownName
from archrank.space import SearchSpace
from archrank.strategies.base import Strategy
from archrank.strategies.guided import GuidedSearch
from archrank.strategies.named import STRATEGIES, StrategyOptions, named_strategy
from archrank.study import (
    Database,
    Evaluator,
    Progress,
    RayCluster,
    RunFolder,
    SearchResult,
    Timer,
    result_record,
)
from archrank.study import search as search_study
from archrank.study.checks import check_maximum, check_on_progress, checked_space, table_of
from archrank.study.fidelity import searched_metric
from archrank.study.objectives import Direction
from archrank.system.arguments import checked_flag, checked_whole
from archrank.system.foreign import shown
from archrank.system.progress import ProgressBar, is_watched
from archrank.system.versions import versions
from archrank.verbs.named import given_values, named_target
from archrank.verbs.no_best import why_no_best
from archrank.verbs.zero_cost_start import ZeroCostStart

__all__ = ["search"]

_COUNTED = 200_000
"""The architectures of spaces with up to this many encodings are counted."""

_ELSEWHERE = {
    "n_trials": "budget",
    "n_calls": "budget",
    "n_iter": "budget",
    "max_evals": "budget",
    "max_trials": "budget",
    "n_jobs": "workers",
    "num_workers": "workers",
    "random_state": "seed",
    "constraints": "where",
    "batch": "round",
    "batch_size": "round",
    "out": "folder",
    "storage": "database",
    "callbacks": "on_progress",
    "warm_start": "known",
    "points_to_evaluate": "known",
    "previous": "known",
    "prior": "likely",
    "priors": "likely",
    "n_repeats": "repeats",
}
"""Arguments by the names that other libraries use."""

_INSTEAD = {
    "minimize": "maximize=False for a value that is minimized",
    "direction": "maximize=True or maximize=False",
    "directions": "objectives={'accuracy': 'maximize', 'latency': 'minimize'}",
    "verbose": "on_progress=, a function that is called after every evaluation",
    "show_progress_bar": "on_progress=, a function that is called after every evaluation",
}
"""What to write for arguments that have no counterpart."""


def search(
    target: SearchSpace | Table | str,
    evaluate: Evaluator | Table | str | None = None,
    strategy: Strategy | str = "guided",
    *,
    budget: int = 150,
    seed: int = 0,
    metric: str | None = None,
    maximize: bool | None = None,
    objectives: Mapping[str, Direction] | Sequence[str] | None = None,
    where: Sequence[str] = (),
    folder: str | os.PathLike[str] | None = None,
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
    on_progress: Callable[[Progress], None] | None = None,
    progress: bool | None = None,
    command: str | None = None,
    fingerprint: Mapping[str, Any] | None = None,
    **options: Any,
) -> SearchResult:
    """Search for a good architecture with few evaluations.

    It has the defaults of ``archrank search``, and with the same seed it evaluates the same architectures: 10 random
    ones, then rounds of 5, each chosen by expected improvement with a predictor that is fitted to all measurements so
    far.

    Args:
        target: What to search: a space, a table of measured architectures, or the name of a benchmark or of a built-in
            space.
        evaluate: A function of an architecture that returns the metric's value, or a mapping that contains it; higher
            is better unless declared otherwise. Or measured architectures to look values up in: a table, a
            benchmark's name, a file, a DataFrame, records or columns. None if ``target`` is a table.
        strategy: A strategy, or the name of one: ``"guided"``, ``"evolution"``, ``"tournament-evolution"``,
            ``"local-search"``, ``"annealing"`` or ``"random"``.
        budget: How many evaluations, failed ones and those of an earlier part of a resumed run included; with
            ``fidelities`` it is the epochs of as many whole trainings.
        seed: The seed of all randomness.
        metric: The name of the value to search by; for None what the table or the evaluator declares.
        maximize: Whether higher values are better; for None what is declared.
        objectives: Several values to search by instead, as a mapping from names to ``"maximize"`` or ``"minimize"``.
        where: Constraints such as ``"latency_ms < 20"``.
        folder: Where the run is kept, with a report; None keeps it in memory.
        resume: Continue the run that the folder holds, or start one if there is none. A larger budget extends a
            finished run. Without ``resume`` a folder that holds a run is refused.
        database: A database, whose workers evaluate (``archrank worker``).
        workers: How many processes evaluate.
        executor: Where to evaluate instead: a Ray cluster, or any executor of ``concurrent.futures``.
        asynchronous: Propose whenever a worker is free, instead of in rounds.
        timeout: Seconds that one evaluation may take.
        retries: How often an evaluation is started again after its process died.
        fidelities: Stop some trainings early: after how many epochs, ascending, such as ``[4, 12, 36, 108]``. The last
            is a whole training, and only those count for the result. The evaluator is called with an architecture and
            the number of epochs; a training loop ``train(module, report)`` is stopped by ``report``. For a table, a
            mapping from epochs to columns, or epochs, if the names of the columns end in them.
        continued: Whether a longer training goes on where the shorter one of the same architecture stopped, so that
            only the difference is paid; None for what the evaluator declares, False for a table.
        promotion: What goes on: ``"model"``, by a predictor; ``"halving"``, asynchronous successive halving; or
            ``"hyperband"``.
        known: What was measured before: the result or the run folder of an earlier search, a file, a DataFrame,
            records, the name of a benchmark, or a list of these. It counts as evaluated and costs no budget: the
            strategy learns from it and does not propose it again. Evaluations of a space with choices that were added
            or removed since are used as a hint; a warning says what is used how, and what is left out.
        renamed: Present names by earlier ones, of choices and options, for ``known`` architectures that are written as
            JSON objects.
        known_defaults: For a choice that was added or removed since the value that architectures without it have, such
            as ``{"weight_decay": 1e-4}``: ``known`` architectures that it completes count as evaluated.
        hints: What was measured on another data set or with a cheaper training: a source as for ``known``, a pair of a
            source and the name of a column, a fitted predictor, or a list of these. It counts as no evaluation. The
            predictor of guided search uses it as long as it agrees with what the search measures; ``result.hints`` says
            whether.
        start: Architectures to evaluate first: texts, mappings or :class:`~archrank.Architecture` objects.
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
        on_progress: Called after every evaluation.
        progress: Whether to show a bar, or a line every 30 seconds where there is no terminal; for None, if it is a
            terminal or a notebook and ``on_progress`` is not given.
        command: The command that repeats the run, for its record.
        fingerprint: Other settings that must be equal when the run is resumed, as JSON values.
        options: Options of a strategy that is given by name, the fields of
            :class:`~archrank.strategies.named.StrategyOptions`: ``predictor``, ``encoder``, ``initial``, ``round``, …

    Returns:
        What was found: ``best_value``, ``best_architecture``, ``to_pandas()``, the Optuna ``study`` and more.

    Raises:
        ArchrankError: An argument cannot be used; nothing has been evaluated then.

    >>> from archrank.spaces import NASBench201
    >>> result = search(NASBench201(), lambda architecture: sum(architecture.choices), budget=12)
    >>> result.best_value == max(evaluation.value for evaluation in result.evaluations)
    True
    """
    if objectives is None:
        metric = searched_metric(fidelities, metric)
    searched = named_target(target)
    space = searched.space if isinstance(searched, Table) else checked_space(searched)
    values = given_values(evaluate, space, metric=metric, maximize=maximize, objectives=objectives)
    table = table_of(searched, values)
    if values is None and table is None and database is None:
        raise ArchrankError(
            f"{space.name} is a space, where nothing was measured yet: give a function that evaluates an architecture"
            + _tables_of(space)
        )
    budget = checked_whole("budget", budget)
    check_maximum("budget", budget, len(table) if table is not None else _size(space))
    resume = checked_flag("resume", resume)
    if not isinstance(database, Database | None):
        raise ArchrankError(
            f"database is {shown(database)}, expected a Database such as archrank.study.Database(url); for files "
            "give folder"
        )
    if not isinstance(command, str | None):
        raise ArchrankError(f"command is {shown(command)}, expected a text")
    if not isinstance(fingerprint, Mapping | None):
        raise ArchrankError(
            f"fingerprint is {shown(fingerprint)}, expected a mapping of names to JSON values"
        )
    chosen = _chosen(strategy, options)
    if chosen is not None:
        candidates = None if table is None else table.candidates
        zero_cost = None
        if chosen.strategy == "guided" and chosen.first == "zero-cost":
            initial = checked_whole("initial", chosen.initial, minimum=0)
            zero_cost = ZeroCostStart(
                space,
                max(initial, 1),
                seed,
                folder,
                lambda done, total: follow(Progress(done, total, None, "networks scored")),
            )
        strategy = named_strategy(space, chosen, candidates, zero_cost)
        if zero_cost is not None and isinstance(strategy, GuidedSearch):
            strategy = strategy.expecting(zero_cost.with_prior)
    if (
        isinstance(strategy, GuidedSearch)
        and budget <= strategy.initial
        and strategy.first is None
        and known is None
        and hints is None
        and fidelities is None
    ):
        warnings.warn(
            f"all {budget} evaluations will be random, for guided search starts with {strategy.initial} random "
            "architectures: give a larger budget, or a smaller initial",
            stacklevel=2,
        )
    if database is not None and not resume and database.holds():
        raise RunFolderError(
            f"there is a study already in {database.where}: continue it with resume (--resume), or choose another "
            "name (--study)"
        )
    if resume and folder is None and database is None:
        raise RunFolderError("resume=True needs folder=, the folder of the run to continue")
    benchmark = None if table is None else table.name
    timer = Timer()

    def write(opened: RunFolder, result: SearchResult) -> None:
        from archrank.report.run.page import write_report

        record = result_record(
            result,
            strategy=None if chosen is None else chosen.strategy,
            benchmark=benchmark,
            table=table,
            command=command,
            versions=versions(),
        )
        opened.write_result(record)
        with opened.writing():
            write_report(opened.path, record, space, table)

    watched = (
        (on_progress is None and is_watched()) if progress is None else checked_flag("progress", progress)
    )
    check_on_progress(on_progress)
    if watched and on_progress is not None:
        raise ArchrankError("progress=True and on_progress are two ways to show the progress: give one")
    told: list[Progress] = []

    def follow(now: Progress) -> None:
        told[:] = [now]
        if watched:
            bar.update(now.done, now.budget, now.words)
        elif on_progress is not None:
            on_progress(now)

    kept = folder is not None or database is not None
    with _how_to_go_on(kept, told), ProgressBar("searching", quiet=not watched) as bar:
        result = search_study(
            searched,
            values,
            strategy,  # type: ignore[arg-type]  # checked there
            budget=budget,
            seed=seed,
            metric=metric,
            maximize=maximize,
            objectives=objectives,
            where=where,
            folder=folder,
            resume=resume,
            database=database,
            workers=workers,
            executor=executor,
            asynchronous=asynchronous,
            timeout=timeout,
            retries=retries,
            fidelities=fidelities,
            continued=continued,
            promotion=promotion,
            known=known,
            renamed=renamed,
            known_defaults=known_defaults,
            hints=hints,
            start=start,
            fix=fix,
            forbid=forbid,
            likely=likely,
            repeat_best=repeat_best,
            repeats=repeats,
            timer=timer,
            on_progress=follow,
            fingerprint={
                "benchmark": benchmark,
                **({} if chosen is None else chosen.active),
                **(fingerprint or {}),
            },
            environment={"versions": versions(), "workers": workers, "command": command},
            on_end=write,
        )
    if (why := why_no_best(result)) is not None:
        warnings.warn(why, stacklevel=2)
    return result


@contextmanager
def _how_to_go_on(kept: bool, told: Sequence[Progress]) -> Iterator[None]:
    """Says below the traceback of an interrupt what stands, and how to go on."""
    try:
        yield
    except KeyboardInterrupt as interrupt:
        interrupt.add_note(f"interrupted after {told[-1].words}" if told else "interrupted")
        interrupt.add_note(
            "nothing that was finished is lost; the same call with resume=True goes on"
            if kept
            else "no folder was given, so the evaluations are lost; folder='run' keeps them"
        )
        raise


def _chosen(strategy: object, options: Mapping[str, Any]) -> StrategyOptions | None:
    """The options of a strategy that is given by name; None where it is an object.

    Raises:
        UnknownName: No such option.
        ArchrankError: Options beside an object, or an option that the strategy does not have.
    """
    known = [field.name for field in fields(StrategyOptions)][1:]
    for name in options:
        if name not in known:
            if name in _ELSEWHERE:
                raise ArchrankError(
                    f"search has no argument {name!r}: it is called {_ELSEWHERE[name]!r} here"
                )
            if name in _INSTEAD:
                raise ArchrankError(f"search has no argument {name!r}: give {_INSTEAD[name]}")
            arguments = [*inspect.signature(search).parameters][:-1]
            raise UnknownName("argument of search", name, [*arguments, *known])
    if not isinstance(strategy, str):
        if options:
            raise ArchrankError(
                f"{next(iter(options))} is an option of a strategy that is given by name: give it to {strategy!r} "
                "itself"
            )
        return None
    if not isinstance(predictor := options.get("predictor"), str | None):
        raise ArchrankError(
            f"predictor is {shown(predictor)}, expected a name; for a predictor of your own give "
            "strategy=archrank.GuidedSearch(space, predictor)"
        )
    chosen = StrategyOptions(strategy, **options)
    if strategy in STRATEGIES:
        for name in options:
            if name not in chosen.active:
                raise ArchrankError(
                    f"the strategy {strategy!r} has no option {name!r}; it has {', '.join([*chosen.active][1:])}"
                )
    return chosen


def _size(space: SearchSpace) -> int:
    """How many architectures there are; for a large space, no fewer than that."""
    return space.size if space.encodings <= _COUNTED else space.encodings


def _tables_of(space: SearchSpace) -> str:
    """Where the space was measured, for a message."""
    names = benchmarks.tables_of(space)
    return f", or search a benchmark of it: {', '.join(names)}" if names else ""
