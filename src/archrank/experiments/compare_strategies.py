"""Comparisons of strategies by what they find with few evaluations of a table."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path

from archrank.benchmarks.table import Table
from archrank.errors import ArchrankError, BudgetError, TableError
from archrank.experiments.comparison import Comparison, Plan
from archrank.experiments.grid import GridProgress
from archrank.experiments.named import count, listed, objects_by_name
from archrank.experiments.searches import Searches, search_tasks
from archrank.experiments.searches import time_metric as time_of
from archrank.experiments.strategy_comparison import StrategyComparison
from archrank.experiments.tables import AnyTable, compared_table
from archrank.space import SearchSpace
from archrank.specs import parse_spec, spec_of
from archrank.strategies.base import Strategy
from archrank.strategies.named import STRATEGIES, StrategyOptions, named_strategy
from archrank.system.on_progress import silent

__all__ = ["STRATEGIES_COMPARED", "STRATEGIES_COMPARED_ON_A_PART", "compare_strategies"]

STRATEGIES_COMPARED = "guided,evolution,local-search"
"""What is compared by default on a table that holds all of its space."""

STRATEGIES_COMPARED_ON_A_PART = "guided"
"""What is compared by default on any other table: neighbors may be missing there."""


def compare_strategies(
    table: AnyTable,
    strategies: str | Iterable[str | Strategy] | Mapping[str, str | Strategy] | None = None,
    *,
    budget: int = 150,
    seeds: int = 5,
    metric: str | None = None,
    test_metric: str | None = None,
    time_metric: str | None = None,
    parallel: int | str | Iterable[int] | None = None,
    asynchronous: bool = False,
    space: SearchSpace | None = None,
    minimize: Collection[str] | str = (),
    workers: int = 2,
    folder: Path | str | None = None,
    resume: bool = False,
    command: str | None = None,
    on_progress: Callable[[GridProgress], None] = silent,
) -> Comparison:
    """Compare strategies by what they find with few evaluations, and with random search exactly.

    Each search is replayed in memory on the table. As ``archrank compare strategies``, with the same numbers.

    Args:
        table: A benchmark's name, a :class:`~archrank.benchmarks.Table`, a DataFrame, or a file of measured
            architectures; the last two need ``space``.
        strategies: Names with options, such as ``"guided:encoder=gcn,evolution"``; a list of such names and of
            strategies over the table's architectures; or a dict of names to either. By default guided search,
            evolution and local search; on a table that lacks a part of its space guided search only; and random search
            where simulated time is known.
        budget: How many architectures each search evaluates.
        seeds: How many seeds, from 0.
        metric: What the strategies see; the benchmark's own by default.
        test_metric: What is reported beside it; the one that belongs to it by default, if any.
        time_metric: The seconds that an evaluation takes; those of the training by default, if known.
        parallel: Numbers of workers to simulate, such as ``[1, 4, 16]``.
        asynchronous: Whether a simulated worker gets its next architecture when it is free, instead of in rounds.
        space: The space of a DataFrame or a file.
        minimize: Columns of a DataFrame or a file where lower is better.
        workers: How many processes search; with 1 it is this process. A script with more needs
            ``if __name__ == "__main__":``.
        folder: Where results and report are kept, so that the comparison can be resumed; None for memory only.
        resume: Continue the comparison that the folder holds, if it holds one; it may get more strategies and seeds.
        command: How the comparison was started, as its report tells it.
        on_progress: Called at the beginning and after each search.

    Returns:
        The results: ``.summary``, ``.rows``, ``.to_pandas()``, ``.plot()``, ``.report()``.

    Raises:
        UnknownName: No such benchmark, strategy or metric.
        BudgetError: A budget that the table does not have.
        ArchrankError: An argument that cannot be used; the message names it.
        RunFolderError: The folder holds something else, or ``resume`` is not set.
    """
    simulated = _simulated(parallel)
    read = compared_table(table, space, minimize)
    searched = read.metric(metric)
    tested = test_metric or read.test_metrics.get(searched.name)
    timed = time_of(read, searched.name) if time_metric is None else read.metric(time_metric)
    if timed is None and (parallel is not None or asynchronous):
        raise TableError(
            f"{read.name} has no column of training seconds that belongs to {searched.name!r}, so workers cannot be "
            "simulated: name one as the time metric, or leave parallel and asynchronous out"
        )
    if strategies is None:
        strategies = STRATEGIES_COMPARED if read.complete else STRATEGIES_COMPARED_ON_A_PART
        strategies += "" if timed is None else ",random"
    made = _made(strategies, read)
    searches = Searches(
        read,
        made,
        count(budget, "budget", 0),
        searched.name,
        None if tested is None else read.metric(tested).name,
        None if timed is None else timed.name,
    )
    tasks = search_tasks(made, count(seeds, "seeds"), parallel=simulated, asynchronous=asynchronous)
    metrics = {"valid": searches.metric, "test": searches.test_metric, "time": searches.time_metric}
    plan = Plan(
        config={
            "compare": "strategies",
            "benchmark": read.name,
            "space": read.space.name,
            "metric": searched.name,
            "test_metric": searches.test_metric,
            "time_metric": searches.time_metric,
            "evaluations": budget,
            "data": searches.digest,
        },
        compared=searches.settings(tasks),
        about={
            "size": len(read),
            "metrics": {
                which: None if name is None else asdict(read.metric(name)) for which, name in metrics.items()
            },
        },
        tasks=tasks,
        work=searches,
        alike=("strategy", "parallel", "asynchronous"),
        result=partial(StrategyComparison, "strategies", labels=searches.labels),
    )
    return plan.run(
        folder,
        resume=resume,
        workers=workers,
        command=command or f"archrank.compare_strategies({read.name!r}, ...)  # Python",
        on_progress=on_progress,
    )


def _made(
    strategies: str | Iterable[str | Strategy] | Mapping[str, str | Strategy], table: Table
) -> dict[str, Strategy]:
    """The strategies by what the results call them."""
    candidates = None if table.complete else table.architectures

    def make(text: str) -> tuple[str, Strategy]:
        options = parse_spec(text, StrategyOptions, STRATEGIES)
        short = spec_of(options)
        try:
            return short, named_strategy(table.space, options, candidates)
        except ArchrankError as error:
            raise ArchrankError(f"the strategy {short}: {error}") from None

    return objects_by_name(strategies, "strategy", STRATEGIES, make, lambda each: isinstance(each, Strategy))


def _simulated(parallel: int | str | Iterable[int] | None) -> list[int]:
    """The numbers of simulated workers, each once."""
    if parallel is None:
        return [1]
    given = list(map(str, listed(parallel)))
    if not given or not all(word.isdecimal() and int(word) > 0 for word in given):
        raise BudgetError(f"parallel is {parallel!r}, expected numbers of workers from 1, such as 1,4,16")
    return list(dict.fromkeys(map(int, given)))
